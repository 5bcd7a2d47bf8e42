//! Two ways to run the server: in this process, where the clock can be advanced, and as the real program, which can
//! be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use profiles::connectors::ConnectorRegistry;
use profiles::platform::clock::{Clock as _, SharedClock};
use profiles::platform::config::Config;
use profiles::platform::db::Db;
use profiles::platform::jobs::Jobs;
use profiles::platform::links::Links;
use profiles::platform::rng::OsRng;
use profiles::platform::secret::ServerKey;
use profiles::protocol::access_log::AccessLog;
use profiles::server::demo::Demo;
use profiles::server::{Server, ServerParts, demo};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::clock::Clock;
use super::command;

/// Environment variables.
pub type Settings = Vec<(String, String)>;

/// Runs the server in this process.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    clock: Arc<Clock>,
    has_demo: bool,
    connectors: ConnectorRegistry,
) -> (JoinHandle<()>, Jobs) {
    let demo = if has_demo {
        let address = listener.local_addr().unwrap();
        Some((register_demo(&settings, &clock).await, address))
    } else {
        None
    };
    let server = build_server(settings, clock, demo, connectors);
    let service = server
        .router
        .into_make_service_with_connect_info::<SocketAddr>();
    // Its jobs are not started, since stories count the statements of requests.
    let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (serving, server.jobs)
}

/// Builds the server, for all stories.
pub fn build_server(
    settings: Settings,
    clock: Arc<Clock>,
    demo: Option<(Demo, SocketAddr)>,
    extra_connectors: ConnectorRegistry,
) -> Server {
    let config = Config::load(settings).unwrap();
    let db = Db::open(config.database_url.as_ref().unwrap()).unwrap();
    let clock: SharedClock = clock;
    let parts = ServerParts {
        access_log: AccessLog::new(db.clone(), Arc::clone(&clock), &OsRng),
        db,
        clock,
        rng: Arc::new(OsRng),
        master_key: ServerKey::master(rand::random()),
        public_url: config.public_url.clone().unwrap(),
        extra_connectors,
        demo,
    };
    profiles::server::build(&config, parts).unwrap()
}

/// Registers the demo's app; its people are those of the campus.
async fn register_demo(settings: &Settings, clock: &Clock) -> Demo {
    let config = Config::load(settings.clone()).unwrap();
    let db = Db::open(config.database_url.as_ref().unwrap()).unwrap();
    let links = Links::new(config.public_url.as_ref().unwrap());
    let seeding = demo::seed_demo(&db, &config.data_dir, &links, clock.now(), &OsRng);
    seeding.await.unwrap().0
}

/// The real program in its own process.
pub struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    /// The address that the program printed.
    pub address: String,
}

impl Process {
    /// Starts the program and waits until it listens. Blocking.
    pub fn start(database: &str, data: &Path, settings: &Settings) -> Self {
        let mut child = command::profiles(database, data)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();

        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                let mut log = shared.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });

        let started = Instant::now();
        loop {
            let address = address_in(&log.lock().unwrap());
            if let Some(address) = address {
                return Self {
                    child,
                    log,
                    address,
                };
            }
            let ended = child.try_wait().unwrap();
            let waited = started.elapsed() > Duration::from_mins(1);
            assert!(
                ended.is_none() && !waited,
                "the program did not start: {}",
                log.lock().unwrap()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the program has written to standard error: its log.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Kills the program (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the program to exit.
    pub fn exit_code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the program does not end"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `listening on http://ADDRESS:PORT`, alone or inside a log line.
fn address_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("listening on http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".:[]".contains(c)))?;
    Some(format!("http://{}", &rest[..end]))
}
