//! A scratch PostgreSQL cluster for the whole test process, and a database in it per story.

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// PostgreSQL without fsync: nothing in it needs to outlive the stories.
pub struct Cluster {
    pub port: u16,
    /// Where all it keeps is, the stories' own folders too; gone when this process is.
    pub folder: PathBuf,
    client: Mutex<postgres::Client>,
    /// The shell that stops the cluster once this process has let go of its pipe, killed or not.
    _keeper: Child,
}

/// The cluster, started by whichever story needs it first. Blocking.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("profiles-stories-{}", std::process::id()));
        let data = folder.join("data");
        let account = Account::of_postgres();
        fs::create_dir_all(&data).unwrap();
        account.owns(&data);

        let initdb = account
            .command(&program("initdb"), &folder)
            .args([
                "--auth=trust",
                "--username=profiles",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );

        let port = free_port();
        let server = account
            .command(&program("postgres"), &folder)
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-c",
                "full_page_writes=off",
            ])
            .args([
                "-c",
                "max_connections=500",
                "-c",
                "shared_buffers=64MB",
                "-c",
                "autovacuum=off",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(fs::File::create(folder.join("log")).unwrap()))
            .spawn()
            .unwrap();
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "sh", &server.id().to_string()])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();

        let client = connect(port);
        Self {
            port,
            folder,
            client: Mutex::new(client),
            _keeper: keeper,
        }
    }

    /// A database that starts as a copy of `template` (or empty), to be reached at the address given back.
    pub fn create(&self, template: Option<&str>) -> Database {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("story_{}", MADE.fetch_add(1, Ordering::Relaxed));
        let template = template.unwrap_or("template0");
        self.client
            .lock()
            .unwrap()
            .batch_execute(&format!("create database {name} template {template}"))
            .unwrap();
        Database {
            name,
            port: self.port,
        }
    }
}

/// Where a story's people and apps are kept.
#[derive(Debug, Clone)]
pub struct Database {
    pub name: String,
    pub port: u16,
}

impl Database {
    pub fn url(&self) -> String {
        self.url_through(self.port)
    }

    /// The same database behind a proxy on another port.
    pub fn url_through(&self, port: u16) -> String {
        format!(
            "postgres://profiles@127.0.0.1:{port}/{}?sslmode=disable",
            self.name
        )
    }

    /// Everything the database holds, as text: what a thief of a backup would read.
    pub fn dump(&self) -> String {
        let dump = Command::new(program("pg_dump"))
            .args(["--inserts", "--dbname", &self.url()])
            .output()
            .unwrap();
        assert!(
            dump.status.success(),
            "pg_dump: {}",
            String::from_utf8_lossy(&dump.stderr)
        );
        String::from_utf8(dump.stdout).unwrap()
    }
}

const KEEPER: &str = r#"
    read -r _
    kill -QUIT "$1"
    tries=0
    while kill -0 "$1" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    rm -rf "$2"
"#;

fn connect(port: u16) -> postgres::Client {
    let started = Instant::now();
    loop {
        let url = format!("postgres://profiles@127.0.0.1:{port}/postgres");
        match postgres::Client::connect(&url, postgres::NoTls) {
            Ok(client) => return client,
            Err(problem) => assert!(
                started.elapsed() < Duration::from_secs(30),
                "PostgreSQL: {problem}"
            ),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A port nobody listens on just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Whether somebody listens on `port`.
pub fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A program of PostgreSQL: the newest that Debian keeps apart by version, else the one on the PATH.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version = folder.file_name()?.to_str()?.parse().ok()?;
            Some((version, folder.join("bin").join(name)))
        })
        .filter(|(_, program)| program.exists())
        .collect();
    versions.sort();
    versions
        .pop()
        .map_or_else(|| PathBuf::from(name), |(_, program)| program)
}

/// Whom PostgreSQL runs as: it refuses root, so root lends it the account Debian made for it.
struct Account(Option<(u32, u32)>);

impl Account {
    fn of_postgres() -> Self {
        let id = |flag: &str, name: &str| {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8(output.stdout)
                .ok()?
                .trim()
                .parse::<u32>()
                .ok()
        };
        let me = Command::new("id").arg("-u").output().unwrap().stdout;
        if me.trim_ascii() != b"0" {
            return Self(None);
        }
        let named = |name| Some((id("-u", name)?, id("-g", name)?));
        Self(Some(
            named("postgres")
                .or_else(|| named("nobody"))
                .expect("an account other than root"),
        ))
    }

    fn owns(&self, folder: &Path) {
        if let Some((user, group)) = self.0 {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
        }
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}
