//! Parses arguments, opens the window or runs a command, and returns the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    counterpoise::cli::main()
}
