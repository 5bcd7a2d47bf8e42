//! The embedded PostgreSQL cluster: it starts, stops, is killed, is started twice, and loses nothing. Every test runs
//! a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails at the first deviation")]

use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

use postgres::{Client, NoTls};
use profiles::platform::db::cluster::{Cluster, ClusterError, Durability, start};
use secrecy::ExposeSecret;

#[test]
fn rows_outlive_a_stop_and_a_start() {
    let folder = Folder::new("a folder with 'quotes' and $(spaces)");
    let cluster = start(&folder.0, Durability::Safe).unwrap();
    write_row(&cluster);
    cluster.stop();
    assert!(!is_served(&folder.0), "the server is still there");

    let cluster = start(&folder.0, Durability::Safe).unwrap();
    assert_eq!(count_rows(&cluster), 1);
}

#[test]
fn a_killed_program_leaves_nothing_running_and_loses_nothing() {
    let folder = Folder::new("killed");
    let mut program = Program::on(&folder.0, "safe");
    let mut client = Client::connect(&program.url, NoTls).unwrap();
    client
        .batch_execute("create table rows (x int); insert into rows values (1)")
        .unwrap();

    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let cluster = start(&folder.0, Durability::Safe).unwrap();
    assert_eq!(count_rows(&cluster), 1);
    cluster.stop();

    let mut program = Program::on(&folder.0, "safe");
    program.child.kill().unwrap();
    wait_until("the server goes away by itself", || !is_served(&folder.0));
}

#[test]
fn a_killed_test_leaves_no_files_behind() {
    let folder = Folder::new("scratch");
    let mut program = Program::on(&folder.0, "scratch");
    let cluster = folder.0.join("database/cluster");
    let is_empty = || fs::read_dir(&cluster).map_or(true, |it| it.count() == 0);
    assert!(!is_empty());
    program.child.kill().unwrap();
    wait_until("its cluster is deleted", is_empty);

    start(&folder.0, Durability::Scratch).unwrap().stop();
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn a_second_program_on_the_same_folder_learns_which_process_uses_it() {
    let folder = Folder::new("twice");
    let mut first = Program::on(&folder.0, "safe");
    let error = start(&folder.0, Durability::Safe).unwrap_err();
    assert!(matches!(error, ClusterError::InUse { .. }), "{error}");
    let message = error.to_string();
    assert!(
        message.contains(&format!("process {}", first.child.id())),
        "{message}"
    );
    assert!(message.contains("PROFILES_DATA_DIR"), "{message}");

    Client::connect(&first.url, NoTls).expect("the first one goes on serving");
    first.child.kill().unwrap();
}

#[test]
fn an_interrupted_first_start_is_started_again() {
    let folder = Folder::new("interrupted");
    let database = folder.0.join("database");
    fs::create_dir_all(database.join("unfinished-1/base")).unwrap();
    fs::write(database.join("unfinished-1/PG_VERSION"), "9").unwrap();
    fs::write(database.join("password"), "of an attempt that failed").unwrap();

    let cluster = start(&folder.0, Durability::Safe).unwrap();
    write_row(&cluster);
    assert!(!database.join("unfinished-1").exists());
}

#[test]
fn a_first_start_may_be_killed_at_any_time() {
    for milliseconds in [30, 150, 400, 900] {
        let folder = Folder::new(&format!("killed-after-{milliseconds}"));
        let mut child = Program::spawn(&folder.0, "safe");
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let cluster = start(&folder.0, Durability::Safe).unwrap();
        write_row(&cluster);
    }
}

#[test]
fn a_stale_pid_file_does_not_prevent_a_start() {
    let folder = Folder::new("stale");
    start(&folder.0, Durability::Safe).unwrap().stop();

    // The process id in the file now belongs to another process of the same user, for which PostgreSQL itself would
    // refuse to start.
    let cluster = folder.0.join("database/cluster");
    let owner = fs::metadata(&cluster).unwrap();
    let mut other_process = Command::new("sleep");
    if owner.uid() != fs::metadata(&folder.0).unwrap().uid() {
        other_process.uid(owner.uid()).gid(owner.gid());
    }
    let mut other_process = other_process.arg("60").spawn().unwrap();
    let pid_file = format!(
        "{}\n{}\n1\n5432\n\n127.0.0.1\n",
        other_process.id(),
        cluster.display()
    );
    fs::write(cluster.join("postmaster.pid"), pid_file).unwrap();

    let outcome = start(&folder.0, Durability::Safe);
    other_process.kill().unwrap();
    other_process.wait().unwrap();
    outcome.unwrap();
}

#[test]
fn a_lost_password_is_replaced() {
    let folder = Folder::new("password");
    let cluster = start(&folder.0, Durability::Safe).unwrap();
    write_row(&cluster);
    let before = cluster.url();
    cluster.stop();
    fs::remove_file(folder.0.join("database/password")).unwrap();

    let cluster = start(&folder.0, Durability::Safe).unwrap();
    assert_eq!(count_rows(&cluster), 1);
    assert_ne!(
        password_in(before.expose_secret()),
        password_in(cluster.url().expose_secret())
    );
}

#[test]
fn a_cluster_of_another_version_is_left_alone() {
    let folder = Folder::new("version");
    let cluster = folder.0.join("database/cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "8\n").unwrap();
    let error = start(&folder.0, Durability::Safe).unwrap_err();
    assert!(
        matches!(error, ClusterError::OtherMajor { made_by: 8, .. }),
        "{error}"
    );
    assert!(cluster.join("PG_VERSION").exists());
}

#[test]
fn the_message_of_a_server_that_cannot_start_is_in_the_error() {
    let folder = Folder::new("broken");
    start(&folder.0, Durability::Safe).unwrap().stop();
    fs::remove_dir_all(folder.0.join("database/cluster/global")).unwrap();
    let message = start(&folder.0, Durability::Safe).unwrap_err().to_string();
    assert!(message.contains("global/pg_control"), "{message}");
}

#[test]
fn the_database_needs_its_password_and_only_the_owner_can_read_the_file() {
    let folder = Folder::new("closed");
    let cluster = start(&folder.0, Durability::Safe).unwrap();
    let mode = fs::metadata(folder.0.join("database/password"))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let url = cluster.url();
    let wrong = url
        .expose_secret()
        .replace(password_in(url.expose_secret()), "wrong");
    assert!(Client::connect(&wrong, NoTls).is_err());
    assert!(!format!("{cluster:?}").contains(password_in(url.expose_secret())));
    assert!(may_not_run_programs(url.expose_secret()));
}

#[tokio::test]
async fn a_cluster_can_be_started_from_async_code() {
    let folder = Folder::new("async");
    start(&folder.0, Durability::Scratch).unwrap();
}

/// Not a test: [`Program`] runs it as a process that holds a cluster until it is killed.
#[test]
#[ignore = "it is run by other tests, and waits for ever"]
fn program_that_holds_a_cluster_until_it_is_killed() {
    let mut arguments = stdin().lines().map(Result::unwrap);
    let durability = match arguments.next().unwrap().as_str() {
        "scratch" => Durability::Scratch,
        _ => Durability::Safe,
    };
    let cluster = start(Path::new(&arguments.next().unwrap()), durability).unwrap();
    writeln!(stdout(), "\n{}", cluster.url().expose_secret()).unwrap();
    arguments.for_each(drop);
}

/// A separate process with its own cluster.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn on(folder: &Path, durability: &str) -> Program {
        let mut child = Program::spawn(folder, durability);
        let message = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let url = message
            .into_iter()
            .find(|line| line.starts_with("postgres://"))
            .unwrap();
        Program { child, url }
    }

    fn spawn(folder: &Path, durability: &str) -> Child {
        let child = Command::new(env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "program_that_holds_a_cluster_until_it_is_killed",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.as_ref().unwrap();
        writeln!(input, "{durability}\n{}", folder.display()).unwrap();
        child
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already dead in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that exists for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let prefix = format!("profiles-{name}-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir().unwrap();
        Folder(folder.keep())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn connect(cluster: &Cluster) -> Client {
    Client::connect(cluster.url().expose_secret(), NoTls).unwrap()
}

fn write_row(cluster: &Cluster) {
    let mut client = connect(cluster);
    client
        .batch_execute("create table rows (x int); insert into rows values (1)")
        .unwrap();
}

fn count_rows(cluster: &Cluster) -> i64 {
    connect(cluster)
        .query_one("select count(*) from rows", &[])
        .unwrap()
        .get(0)
}

fn may_not_run_programs(url: &str) -> bool {
    let mut client = Client::connect(url, NoTls).unwrap();
    client
        .batch_execute("copy (select 1) to program 'cat'")
        .is_err()
}

fn password_in(url: &str) -> &str {
    url.split(['@', ':']).nth(2).unwrap()
}

/// Whether a server runs on the cluster: its file names a port, and the port accepts connections.
fn is_served(folder: &Path) -> bool {
    let Ok(pid_file) = fs::read_to_string(folder.join("database/cluster/postmaster.pid")) else {
        return false;
    };
    let port: u16 = pid_file.lines().nth(3).unwrap().parse().unwrap();
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..100 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    assert!(is_so(), "after ten seconds it is not so that {what}");
}
