//! `counterpoise export`: a saved run in another format.

use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::error::Failure;
use crate::journal::files::{open_file, save_file};
use crate::record::command::command;
use crate::record::export::Format;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A saved run: a .counterpoise.json, or what `generate --json` prints
    pub run: PathBuf,
    /// json (can be opened again), csv (a row per token and objective), md (transcript), llc (LLM Comparator), or command
    /// (the line that writes it again)
    #[arg(long, default_value = "md")]
    pub format: String,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let format = Format::named(&args.format);
    if format.is_none() && args.format != "command" {
        return Err(
            Failure::usage(format!("There is no format named \"{}\"", args.format))
                .hint("Use json, csv, md, llc or command"),
        );
    }
    let record = open_file(&args.run)?;
    match (format, &args.out) {
        (None, _) => print(&(command(&record)? + "\n")),
        (Some(format), None) => print(&format.write(&record)),
        (Some(format), Some(path)) => save_file(path, &record, format),
    }
}
