//! `counterpoise completions`: a script that teaches a shell our options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, CommonArgs, print, print_json};
use crate::error::Failure;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, common: &CommonArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "counterpoise", &mut script);
    let script = String::from_utf8_lossy(&script);
    if common.json {
        return print_json(
            &json!({"schema": "counterpoise.completions/1", "shell": args.shell.to_string(), "script": script}),
        );
    }
    print(&script)
}
