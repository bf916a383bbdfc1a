//! Parses arguments, opens the window or runs a command, and returns the exit code.
fn main() {}
