//! `counterpoise export`: a saved run in another format.

use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::domain::Pane;
use crate::error::Failure;
use crate::journal::files::{open_file, save_file};
use crate::record::Record;
use crate::record::command::command;
use crate::record::export::Format;
use crate::record::look::Look;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A saved run: a .counterpoise.json, or what `generate --json` prints
    pub run: PathBuf,
    /// json (can be opened again), html (a page with sliders that work), png or svg (a picture), csv (a row per token and
    /// objective), md (transcript), llc (LLM Comparator), or command (the line that writes it again)
    #[arg(long, default_value = "md")]
    pub format: String,
    /// Write to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Of a picture: light or dark
    #[arg(long, default_value = "light", value_parser = ["light", "dark"])]
    pub theme: String,
    /// Of a PNG picture: pixels per point, 1 to 3
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub scale: u8,
    /// Of a picture: both texts, or base or guided alone
    #[arg(long, default_value = "both", value_parser = ["both", "base", "guided"])]
    pub text: String,
    /// Of a picture: the objective whose advantage colours the words; the first unless another is named
    #[arg(long, value_name = "NAME")]
    pub objective: Option<String>,
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let format = Format::named(&args.format);
    if format.is_none() && args.format != "command" {
        return Err(
            Failure::usage(format!("There is no format named \"{}\"", args.format))
                .hint("Use json, html, png, svg, csv, md, llc or command"),
        );
    }
    let record = open_file(&args.run)?;
    let Some(format) = format else {
        return print(&(command(&record)? + "\n"));
    };
    let look = look(args, &record)?;
    if format == Format::Png && args.out.is_none() {
        return Err(Failure::usage("A PNG picture is no text for the terminal")
            .hint("Say where it goes with --out FILE"));
    }
    match &args.out {
        #[cfg(feature = "gui")]
        Some(path) if format == Format::Png => crate::app::picture::save(&record, &look, path),
        Some(path) => save_file(path, &record, format, &look),
        None => print(&format.write(&record, &look)?),
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
    let pane = match args.text.as_str() {
        "base" if record.base.is_none() => {
            return Err(Failure::usage("The run has no base text"));
        }
        "base" => Some(Pane::Base),
        "guided" => Some(Pane::Guided),
        _ => None,
    };
    Ok(Look {
        dark: args.theme == "dark",
        scale: args.scale,
        pane,
        objective,
    })
}
