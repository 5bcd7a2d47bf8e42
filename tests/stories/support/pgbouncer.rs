//! PgBouncer in transaction mode in front of the scratch cluster. It ends with its story.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use url::Url;

use super::database::{answers, free_port};

pub struct PgBouncer {
    process: Child,
    port: u16,
}

impl PgBouncer {
    /// Starts it in front of the database at `url`. `settings` are further lines of its configuration. Blocking.
    pub fn start(url: &str, folder: &Path, settings: &str) -> Self {
        let url = Url::parse(url).unwrap();
        // Another process may have taken the free port.
        for _ in 0..5 {
            let port = free_port();
            let file = folder.join(format!("pgbouncer-{port}.ini"));
            fs::write(&file, configuration(&url, port, settings)).unwrap();
            let sbin = Path::new("/usr/sbin/pgbouncer");
            let program = if sbin.exists() {
                sbin
            } else {
                Path::new("pgbouncer")
            };
            let mut command = Command::new(program);
            command.arg("-q").arg(&file);
            if fs::metadata("/proc/self").is_ok_and(|it| owner(&it) == 0) {
                // It refuses to run as root.
                command.args(["-u", "nobody"]);
            }
            let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let mut bouncer = Self {
                process: process.unwrap(),
                port,
            };
            for _ in 0..500 {
                if answers(port) {
                    return bouncer;
                }
                if bouncer.process.try_wait().unwrap().is_some() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("pgbouncer does not start");
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn owner(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(metadata)
}

/// Few sessions, so that clients have to share them.
fn configuration(url: &Url, port: u16, settings: &str) -> String {
    let password = percent_encoding::percent_decode_str(url.password().unwrap_or_default());
    let password = password.decode_utf8().unwrap().replace('\'', "''");
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={} user={} password='{password}'\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         default_pool_size = 4\n\
         {settings}\n",
        url.port().unwrap(),
        url.username(),
    )
}
