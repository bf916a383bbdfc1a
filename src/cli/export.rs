//! `counterpoise export`: a saved run in another format.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::print;
use crate::domain::Pane;
use crate::error::Failure;
use crate::journal::files::{open_file, save_file, write_file};
use crate::record::Record;
use crate::record::command::command;
use crate::record::export::Format;
use crate::record::look::Look;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A saved run: a .counterpoise.json, or what `generate --json` prints
    pub run: PathBuf,
    /// What to make of it
    #[arg(long, value_enum, default_value_t = FormatArg::Md)]
    pub format: FormatArg,
    /// Write to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Of a picture: light, unless dark is asked for
    #[arg(long, value_enum)]
    pub theme: Option<ThemeArg>,
    /// Of a PNG picture: pixels per point, 1 unless more are asked for
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=i64::from(Look::MOST_SCALE)))]
    pub scale: Option<u8>,
    /// Of a picture: both texts, unless one alone is asked for
    #[arg(long, value_enum)]
    pub text: Option<TextArg>,
    /// Of a picture: the objective whose advantage colours the words; the first unless another is named
    #[arg(long, value_name = "NAME")]
    pub objective: Option<String>,
}

/// What a run is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// The saved run, which can be opened again
    Json,
    /// A page with sliders that work
    Html,
    /// A picture
    Png,
    /// A vector picture
    Svg,
    /// A row per token and objective
    Csv,
    /// A transcript
    Md,
    /// For LLM Comparator
    Llc,
    /// The line that writes it again
    Command,
}

impl FormatArg {
    /// The format; none for the command.
    const fn format(self) -> Option<Format> {
        match self {
            Self::Json => Some(Format::Json),
            Self::Html => Some(Format::Html),
            Self::Png => Some(Format::Png),
            Self::Svg => Some(Format::Svg),
            Self::Csv => Some(Format::Csv),
            Self::Md => Some(Format::Markdown),
            Self::Llc => Some(Format::LlmComparator),
            Self::Command => None,
        }
    }
}

/// The colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// Dark words on light paper
    Light,
    /// Light words on dark paper
    Dark,
}

/// Which texts a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextArg {
    /// Both
    Both,
    /// The plain one
    Base,
    /// The guided one
    Guided,
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let format = args.format.format();
    let looks = [
        args.theme.is_some(),
        args.scale.is_some(),
        args.text.is_some(),
        args.objective.is_some(),
    ];
    if looks.contains(&true) && !format.is_some_and(Format::is_picture) {
        return Err(
            Failure::usage("How it looks can be chosen for pictures only").hint(
                "Use --format png or svg, or leave out --theme, --scale, --text and --objective",
            ),
        );
    }
    if format == Some(Format::Png) && args.out.is_none() {
        return Err(Failure::usage("A PNG picture is no text for the terminal")
            .hint("Say where it goes with --out FILE"));
    }
    let record = open_file(&args.run)?;
    let look = look(args, &record)?;
    match (format, &args.out) {
        #[cfg(feature = "gui")]
        (Some(Format::Png), Some(path)) => crate::app::picture::save(&record, &look, path),
        (Some(format), Some(path)) => save_file(path, &record, format, &look),
        (Some(format), None) => print(&format.write(&record, &look)?),
        (None, Some(path)) => write_file(path, (command(&record)? + "\n").as_bytes()),
        (None, None) => print(&(command(&record)? + "\n")),
    }
}

/// How a picture is to look.
fn look(args: &ExportArgs, record: &Record) -> Result<Look, Failure> {
    let names = || record.info.objectives.iter().map(|o| o.name.as_str());
    let objective = match &args.objective {
        None => 0,
        Some(name) => names().position(|known| known == name).ok_or_else(|| {
            let names = names().collect::<Vec<_>>().join(", ");
            Failure::usage(format!("The run has no objective named \"{name}\""))
                .hint(format!("It has {names}"))
        })?,
    };
    let pane = match args.text {
        Some(TextArg::Base) if record.base.is_none() => {
            return Err(Failure::usage("The run has no base text"));
        }
        Some(TextArg::Base) => Some(Pane::Base),
        Some(TextArg::Guided) => Some(Pane::Guided),
        Some(TextArg::Both) | None => None,
    };
    Ok(Look {
        dark: args.theme == Some(ThemeArg::Dark),
        scale: args.scale.unwrap_or(1),
        pane,
        objective,
    })
}
