//! Runs the program's own commands as an administrator does in a shell.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `profiles` with a minimal environment.
pub fn profiles(database: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiles"));
    command
        .env_clear()
        .envs(
            std::env::vars()
                .filter(|(name, _)| ["PATH", "HOME", "LANG", "TMPDIR"].contains(&name.as_str())),
        )
        .env("DATABASE_URL", database)
        .env("PROFILES_DATA_DIR", data)
        .current_dir(data);
    command
}

/// Runs the command to its end with `input` on standard input, whether it succeeds or fails.
pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have exited already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs the command to its end and returns its standard output; panics if it fails.
pub fn succeed(command: Command, input: &str) -> String {
    let line = format!("{command:?}");
    let output = run(command, input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{line} ended with {}: {errors}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}
