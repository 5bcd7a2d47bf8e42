//! Runs a program that ends when this process ends, even if this process is killed.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{io, thread};

use super::os_account::OsAccount;

/// Runs a program until it ends, or until standard input is closed. Only this process holds the other end
/// of that pipe, so it is closed when this process drops it or ends. The program ignores signals for this
/// process, which may need it while it shuts down. `wait` returns early on SIGUSR1, hence the loop.
const WATCH_SCRIPT: &str = r#"
signal=$1 remove=$2 stopped=
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
if [ -n "$remove" ] && [ -n "$stopped" ]; then rm -rf -- "$remove"; fi
exit "$status"
"#;

/// How to stop a watched program.
#[derive(Debug, Clone, Copy)]
pub(super) struct StopSignal<'a> {
    /// The signal that stops it, as `kill -s` names it.
    pub(super) signal: &'static str,
    /// Deleted after the program was stopped.
    pub(super) remove_on_stop: Option<&'a Path>,
}

/// A running program; dropping it stops it.
#[derive(Debug)]
pub(super) struct WatchedProcess {
    shell: Child,
}

impl WatchedProcess {
    /// Starts `command` as `account`, with its output in `log`.
    pub(super) fn start(
        account: &OsAccount,
        command: &Command,
        stop_signal: StopSignal<'_>,
        log: &File,
    ) -> io::Result<WatchedProcess> {
        let mut shell = account.command(Path::new("/bin/sh"));
        shell.args(["-c", WATCH_SCRIPT, "watch", stop_signal.signal]);
        shell.arg(stop_signal.remove_on_stop.unwrap_or(Path::new("")));
        shell.arg(command.get_program()).args(command.get_args());
        shell
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let shell = shell.process_group(0).spawn()?;
        Ok(WatchedProcess { shell })
    }

    /// The exit status, if the program has ended.
    pub(super) fn exit_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Waits until the program ends.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        // `Child::wait` would close the pipe, which stops the program.
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for WatchedProcess {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A failure cannot be handled here.
        let _ = self.shell.wait();
    }
}
