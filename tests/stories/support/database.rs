//! A scratch PostgreSQL cluster for the test process, with one database per story.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::{fs, thread};

use profiles::platform::db::cluster;
use profiles::platform::db::cluster::Durability;
use secrecy::ExposeSecret as _;
use url::Url;

/// PostgreSQL without fsync, since its data need not survive the tests.
pub struct Cluster {
    /// The folder of the cluster and of the stories' files; deleted when this process ends.
    pub folder: PathBuf,
    url: Url,
    client: Mutex<postgres::Client>,
    _server: cluster::Cluster,
    /// The shell that deletes the folder once this process has closed its pipe, killed or not.
    _sweeper: Child,
}

/// The cluster, started by the first story that needs it. Blocking.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    // On a thread of its own, because the blocking client cannot start on a thread that runs asynchronous tasks.
    CLUSTER.get_or_init(|| thread::spawn(Cluster::start).join().unwrap())
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("profiles-stories-")
            .tempdir();
        let folder = folder.unwrap().keep();
        // The server stops soon after this process ends, and deletes its data.
        let sweeper = Command::new("/bin/sh")
            .args(["-c", "read -r _; sleep 2; rm -rf -- \"$1\"", "sweeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let server = cluster::start(&folder, Durability::Scratch).unwrap();
        let url = Url::parse(server.url().expose_secret()).unwrap();
        let client = postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap();
        Self {
            folder,
            url,
            client: Mutex::new(client),
            _server: server,
            _sweeper: sweeper,
        }
    }

    /// A database that is a copy of `template`, or empty.
    pub fn create(&self, template: Option<&str>) -> Database {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("story_{}", MADE.fetch_add(1, Ordering::Relaxed));
        let template = template.unwrap_or("template0");
        let statement = format!("create database {name} template {template}");
        self.client
            .lock()
            .unwrap()
            .batch_execute(&statement)
            .unwrap();
        let mut url = self.url.clone();
        url.set_path(&name);
        url.set_query(Some("sslmode=disable"));
        Database { name, url }
    }

    /// A new folder for files of a story, deleted when this process ends.
    pub fn folder(&self) -> PathBuf {
        tempfile::tempdir_in(&self.folder).unwrap().keep()
    }

    /// Runs a statement as the superuser.
    fn commands(&self, statement: &str) {
        let mut url = self.url.clone();
        url.set_username("postgres").unwrap();
        url.set_path("postgres");
        // The client blocks, which a runtime thread must not.
        let command = || {
            let mut client = postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap();
            client.batch_execute(statement).unwrap();
        };
        thread::scope(|scope| scope.spawn(command).join().unwrap());
    }

    /// Drops the database in the background: each takes some megabytes, and there are hundreds of stories.
    pub fn discard(&'static self, database: &Database) {
        let statement = format!("drop database if exists {} with (force)", database.name);
        let folder = self.folder.join(&database.name);
        thread::spawn(move || {
            // At the end of the process the cluster may be gone already.
            let _ = self.client.lock().unwrap().batch_execute(&statement);
            let _ = fs::remove_dir_all(folder);
        });
    }
}

/// The database of a story.
#[derive(Debug, Clone)]
pub struct Database {
    pub name: String,
    url: Url,
}

impl Database {
    pub fn url(&self) -> String {
        self.url.clone().into()
    }

    /// The URL of the same database behind a proxy on another port.
    pub fn url_through(&self, port: u16) -> String {
        let mut url = self.url.clone();
        url.set_port(Some(port)).unwrap();
        url.into()
    }

    pub fn port(&self) -> u16 {
        self.url.port().unwrap()
    }

    /// Makes PostgreSQL log every statement with its values and keep its whole write-ahead log until the returned
    /// guard is dropped.
    pub fn logs_everything(&self) -> FullLogs {
        let name = self.name.clone();
        // Parameter values are logged as details, which a terse log omits.
        cluster().commands(&format!(
            "alter database {name} set log_statement = 'all';
             alter database {name} set log_error_verbosity = 'default'"
        ));
        cluster().commands(&format!(
            "select pg_create_physical_replication_slot('{name}', true)"
        ));
        FullLogs(name)
    }

    /// The whole database as text: what a thief of a backup would read.
    pub fn dump(&self) -> String {
        let dump = Command::new("pg_dump")
            .args(["--inserts", "--dbname", self.url.as_str()])
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

/// Keeps the write-ahead log until it is dropped.
#[must_use]
pub struct FullLogs(String);

impl Drop for FullLogs {
    fn drop(&mut self) {
        let name = &self.0;
        cluster().commands(&format!("select pg_drop_replication_slot('{name}')"));
    }
}

/// A port that is free at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Whether something listens on `port`.
pub fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
