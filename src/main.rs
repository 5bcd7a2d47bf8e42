//! Runs the command that was asked for.

use std::process::ExitCode;

fn main() -> ExitCode {
    profiles::cli::main()
}
