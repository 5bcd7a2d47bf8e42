//! A program that never outlives this one, not even when this one is killed.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{io, thread};

use super::account::OsAccount;

/// Runs a program until it ends, or until the pipe at the standard input does: the other end of
/// that is held by us alone, so it ends when we let go of it or die, however suddenly. Signals
/// meant for us are not for the program, since we may still need it to finish what we are at.
/// `wait` returns early when the shell is told that it is stopping, hence the loop.
const WATCH: &str = r#"
signal=$1 rubbish=$2 stopped=
shift 2
trap '' HUP INT TERM
trap 'stopped=yes' USR1
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
(read -r end <&3; kill -s USR1 $$; kill -s "$signal" "$program") >/dev/null 2>&1 &
watch=$!
until wait "$program"; status=$?; ! kill -s 0 "$program" 2>/dev/null; do :; done
{ kill -s KILL "$watch"; wait "$watch"; } 2>/dev/null
if [ -n "$rubbish" ] && [ -n "$stopped" ]; then rm -rf -- "$rubbish"; fi
exit "$status"
"#;

/// How a watched program is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct StopSignal<'a> {
    /// The signal that stops it, as `kill -s` names it.
    pub(super) signal: &'static str,
    /// What is worth nothing once it was stopped.
    pub(super) rubbish: Option<&'a Path>,
}

/// A running program; dropping it stops it.
#[derive(Debug)]
pub(super) struct WatchedProcess {
    shell: Child,
}

impl WatchedProcess {
    /// Starts what `command` says, as `account`, with its output going to `log`.
    pub(super) fn start(
        account: &OsAccount,
        command: &Command,
        ending: StopSignal<'_>,
        log: &File,
    ) -> io::Result<WatchedProcess> {
        let mut shell = account.command(Path::new("/bin/sh"));
        shell.args(["-c", WATCH, "watch", ending.signal]);
        shell.arg(ending.rubbish.unwrap_or(Path::new("")));
        shell.arg(command.get_program()).args(command.get_args());
        shell
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let shell = shell.process_group(0).spawn()?;
        Ok(WatchedProcess { shell })
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Waits for it to end by itself.
    pub(super) fn finish(&mut self) -> io::Result<ExitStatus> {
        // Child::wait would close the pipe first, which stops it.
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for WatchedProcess {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Nothing better is left to do with a failure than to go on ending.
        let _ = self.shell.wait();
    }
}
