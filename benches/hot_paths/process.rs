//! The programs, each in a process of its own.

use std::fs;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::table::Side;
use super::{bare, house};

/// How the kernel counts time in `/proc`: ticks of this length, on every Linux.
const TICK: Duration = Duration::from_millis(10);

pub(crate) struct Process {
    pub side: Side,
    /// `http://127.0.0.1:4711`
    pub address: String,
    child: Child,
}

impl Process {
    /// The server as an administrator would start it, its log in a file.
    pub(crate) fn profiles(mut command: Command, folder: &Path) -> Self {
        command.env("PROFILES_LISTEN", "127.0.0.1:0").arg("serve");
        Self::start(
            Side::First,
            command,
            "",
            folder.join("profiles.log").as_path(),
        )
    }

    /// This program again, as the bare one.
    pub(crate) fn bare(database: &str, folder: &Path) -> Self {
        Self::start(
            Side::Second,
            this_program(bare::COMMAND),
            database,
            folder.join("bare.log").as_path(),
        )
    }

    /// This program again, as the house with its access log on (the first) or off.
    pub(crate) fn house(side: Side, database: &str, folder: &Path) -> Self {
        let command = match side {
            Side::First => house::ACCESS_LOG_ON,
            Side::Second => house::ACCESS_LOG_OFF,
        };
        let log = folder.join(format!("{command}.log"));
        Self::start(side, this_program(command), database, &log)
    }

    fn start(side: Side, mut command: Command, told: &str, log: &Path) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = child.stderr(File::create(log).unwrap()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{told}").unwrap();
        let began = Instant::now();
        loop {
            let said = fs::read_to_string(log).unwrap();
            let line = said
                .lines()
                .find_map(|line| line.strip_prefix("listening on "));
            // Half a line may be there already.
            if let Some(address) = line.filter(|_| said.ends_with('\n')) {
                let address = address.to_owned();
                return Self {
                    side,
                    address,
                    child,
                };
            }
            let is_late = began.elapsed() > Duration::from_secs(30);
            assert!(!is_late && child.try_wait().unwrap().is_none(), "{said}");
            sleep(Duration::from_millis(20));
        }
    }

    /// What it has spent so far; nothing where there is no `/proc`.
    pub(crate) fn cpu(&self) -> Duration {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind the name, which may hold spaces: utime and stime are fields 14 and 15 of proc(5).
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = fields.split(' ').skip(11).take(2);
        TICK * ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
    }
}

fn this_program(argument: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(argument);
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
