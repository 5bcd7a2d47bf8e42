//! The program's own commands, run as an administrator would run them at a shell.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `profiles` with nothing from this process' environment but what a shell gives.
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

/// Runs to the end with `input` on standard input, whatever comes of it.
pub fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs to the end and gives what was printed; a story stops where the command fails.
pub fn succeed(command: Command, input: &str) -> String {
    let line = format!("{command:?}");
    let output = run(command, input);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{line} ended with {}: {told}",
        output.status
    );
    String::from_utf8(output.stdout).unwrap()
}
