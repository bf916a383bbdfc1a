//! The command line: clap types and one file per subcommand, over the same worker protocol as the window.
//!
//! stdout carries data only; words go to stderr. Exit codes: interfaces.md section 3.

#![deny(clippy::wildcard_enum_match_arm)]

mod bench;
mod completions;
mod doctor;
mod eval;
mod export;
mod generate;
mod models;
mod save;
mod score;
mod score_file;
mod session;
mod sweep;
mod train;
mod train_arm;
mod train_demo;
mod train_lm;
mod train_options;
mod train_watch;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};

use crate::domain::Sampling;
use crate::error::{Failure, FailureKind};
use crate::worker::{ComputeSettings, LineupSource};

/// Steer a language model while it writes. Without a command, the window opens.
#[derive(Debug, Parser)]
#[command(name = "counterpoise", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do; nothing opens the window.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// Options that every command understands.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Options of the window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Options that every command understands.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// A lineup.toml: the base model and its objectives; without it, the built-in demo, or in the window what it was
    /// closed with
    #[arg(long, global = true, value_name = "FILE")]
    pub lineup: Option<PathBuf>,
    /// Weight of an objective, for example harmless=1.5; repeat it for several
    #[arg(long = "weight", global = true, value_name = "NAME=VALUE", value_parser = parse_weight)]
    pub weights: Vec<(String, f64)>,
    /// Allow weights below 0, which push away from an objective
    #[arg(long, global = true)]
    pub allow_negative: bool,
    /// Where to compute: auto, cpu, cuda, cuda:N or metal
    #[arg(long, global = true)]
    pub device: Option<String>,
    /// Number format of the models: auto, f32, f16 or bf16
    #[arg(long, global = true)]
    pub dtype: Option<String>,
    /// Threads on the CPU; without it, all cores
    #[arg(long, global = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

impl CommonArgs {
    /// Which models to load.
    #[must_use]
    pub fn source(&self) -> LineupSource {
        self.lineup
            .clone()
            .map_or(LineupSource::Demo, LineupSource::File)
    }

    /// On what to compute.
    #[must_use]
    pub fn settings(&self) -> ComputeSettings {
        ComputeSettings {
            device: self.device.clone(),
            dtype: self.dtype.clone(),
            threads: self.threads.map(usize::from),
            hashes: false,
        }
    }
}

/// Options of the window.
#[derive(Debug, Clone, Args)]
pub struct WindowArgs {
    /// Open a saved run, a .counterpoise.json
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub open: Option<PathBuf>,
    /// Fill the prompt box with this text
    #[arg(long)]
    pub prompt: Option<String>,
    /// Run the prompt, save a picture of the window to this PNG file and exit; needs no display
    #[arg(long, value_name = "FILE")]
    pub screenshot: Option<PathBuf>,
    /// Size of the window, for example 1280x800
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<(u32, u32)>,
    /// Colours of the window: system, light or dark
    #[arg(long)]
    pub theme: Option<String>,
    /// Draw the picture with the card of this guided token open, counted from 0
    #[arg(long, value_name = "N", requires = "screenshot")]
    pub hover: Option<usize>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Write the base and the guided text for a prompt
    Generate(generate::GenerateArgs),
    /// Write a saved run as a table, a transcript or for another program
    Export(export::ExportArgs),
    /// Print every number for each token of a given response
    Score(score::ScoreArgs),
    /// Reward accuracy of each objective over preference pairs
    Eval(eval::EvalArgs),
    /// Many settings of the weights on the same prompts, and the trade-off between the objectives
    Sweep(sweep::SweepArgs),
    /// Train language models, reward models and the built-in demo
    Train(train::TrainArgs),
    /// Find, fetch, list and remove models of the Hugging Face Hub
    Models(models::ModelsArgs),
    /// Measure speed, latencies and memory, of a lineup or of random models of real shapes
    Bench(bench::BenchArgs),
    /// Say what works on this machine, and why not where it does not
    Doctor,
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// How tokens are drawn.
#[derive(Debug, Clone, Args)]
pub struct SamplingArgs {
    /// Most tokens to write
    #[arg(long, default_value_t = 256)]
    pub max_tokens: usize,
    /// Temperature; 0 always takes the best token
    #[arg(long, default_value_t = 1.0)]
    pub temperature: f64,
    /// Keep only the k likeliest tokens; 0 keeps all
    #[arg(long, default_value_t = 0)]
    pub top_k: usize,
    /// Keep the smallest set of likeliest tokens of this probability
    #[arg(long, default_value_t = 1.0)]
    pub top_p: f64,
    /// Keep tokens at least this fraction as likely as the likeliest
    #[arg(long, default_value_t = 0.0)]
    pub min_p: f64,
    /// Key of the noise: the same seed gives the same text
    #[arg(long, default_value_t = 16)]
    pub seed: u64,
}

impl SamplingArgs {
    /// The settings, checked.
    ///
    /// # Errors
    /// A value out of its range.
    pub fn sampling(&self) -> Result<Sampling, Failure> {
        let sampling = Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            seed: self.seed,
            max_tokens: self.max_tokens,
        };
        sampling.check().map_err(Failure::usage)?;
        Ok(sampling)
    }
}

fn parse_weight(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text
        .rsplit_once('=')
        .ok_or("write it as NAME=VALUE, for example harmless=1")?;
    let weight: f64 = value
        .trim()
        .parse()
        .map_err(|_| format!("`{value}` is not a number"))?;
    if !weight.is_finite() {
        return Err(format!("a weight must be a finite number, not {weight}"));
    }
    let name = name.trim();
    if name.is_empty() {
        return Err("the objective's name is missing before the =".to_owned());
    }
    Ok((name.to_owned(), weight))
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    match parsed {
        Some((w, h)) if (320..=8192).contains(&w) && (240..=8192).contains(&h) => Ok((w, h)),
        Some(_) => Err("a window is between 320x240 and 8192x8192".to_owned()),
        None => Err("write it as WIDTHxHEIGHT, for example 1280x800".to_owned()),
    }
}

/// Parses the arguments, opens the window or runs the command, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let began = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with code 0, wrong usage to stderr with code 2: clap knows.
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    match run(cli, began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn run(cli: Cli, began: Instant) -> Result<(), Failure> {
    let Cli {
        command,
        common,
        window,
    } = cli;
    if let Some(threads) = common.threads {
        // Every kernel runs on this pool; it can be sized once, before the first use.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
        pool.build_global().map_err(|error| {
            Failure::failed("The thread pool could not be made").details(error.to_string())
        })?;
    }
    match command {
        Some(CliCommand::Generate(args)) => generate::run(&args, &common),
        Some(CliCommand::Export(args)) => export::run(&args),
        Some(CliCommand::Score(args)) => score::run(&args, &common),
        Some(CliCommand::Eval(args)) => eval::run(&args, &common),
        Some(CliCommand::Sweep(args)) => sweep::run(&args, &common),
        Some(CliCommand::Train(args)) => train::run(&args, &common),
        Some(CliCommand::Models(args)) => models::run(&args, &common),
        Some(CliCommand::Bench(args)) => bench::run(&args, &common, began),
        Some(CliCommand::Doctor) => doctor::run(&common),
        Some(CliCommand::Completions(args)) => completions::run(&args, &common),
        None => open_window(&common, window),
    }
}

#[cfg(feature = "gui")]
fn open_window(common: &CommonArgs, window: WindowArgs) -> Result<(), Failure> {
    use crate::app::state::settings::ThemeChoice;
    let theme = window
        .theme
        .map(|name| {
            ThemeChoice::named(&name)
                .ok_or_else(|| Failure::usage(format!("There is no theme named \"{name}\"")))
                .map_err(|failure| failure.hint("Use system, light or dark"))
        })
        .transpose()?;
    let options = crate::app::AppOptions {
        lineup: common.source(),
        // Weights that are named here are meant for the lineup that is named here, or the built-in one.
        reopens: common.lineup.is_none() && common.weights.is_empty(),
        settings: common.settings(),
        prompt: window.prompt.map(|text| crate::domain::Prompt {
            text,
            ..crate::domain::Prompt::default()
        }),
        weights: common.weights.clone(),
        theme,
        size: window.size,
        open: window.open,
        data: None,
    };
    match window.screenshot {
        Some(path) => crate::app::screenshot(&options, window.hover, &path),
        None => crate::app::run(&options),
    }
}

#[cfg(not(feature = "gui"))]
fn open_window(_: &CommonArgs, _: WindowArgs) -> Result<(), Failure> {
    Err(Failure::usage("This build has no window").hint(
        "Use a command, such as `counterpoise generate --help`, or build with the gui feature",
    ))
}

/// Says a failure on stderr: the sentence, the hint, the details.
fn report(failure: &Failure) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {}", failure.summary);
    if let Some(hint) = &failure.hint {
        let _ = writeln!(err, "  hint: {hint}");
    }
    if let (Some(details), true) = (&failure.details, failure.kind != FailureKind::Interrupted) {
        let _ = writeln!(err, "  details: {details}");
    }
}

/// Says something to the person, on stderr.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes data to stdout. A reader that has gone away (`| head`) is no failure, but there is nothing left to do.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|error| {
            Failure::failed("The output could not be written").details(error.to_string())
        }),
    }
}

/// Writes a JSON document to stdout, on one line where it is one of several.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn weights_are_names_with_finite_numbers() {
        assert_eq!(
            parse_weight("harmless=1.5"),
            Ok(("harmless".to_owned(), 1.5))
        );
        assert_eq!(parse_weight("a=b=2"), Ok(("a=b".to_owned(), 2.0)));
        for wrong in [
            "harmless",
            "harmless=",
            "=1",
            "harmless=nan",
            "harmless=inf",
            "harmless=x",
        ] {
            assert!(parse_weight(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_sane() {
        assert_eq!(parse_size("1280x800"), Ok((1280, 800)));
        for wrong in ["1280", "0x0", "99999x10", "ax b"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
