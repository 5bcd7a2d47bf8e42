//! A real mail server with its own certificate that can be made to misbehave: `tests/clients/python/mail_server.py`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Mutex, mpsc};

use super::campus;

/// A received mail, as the server prints it.
pub type Mail = Value;

pub struct MailServer {
    port: u64,
    untrusted_port: u64,
    /// The folder of its certificates and keys.
    pub folder: PathBuf,
    mode: SmtpMode,
    input: Mutex<ChildStdin>,
    output: Mutex<mpsc::UnboundedReceiver<String>>,
    _process: Child,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpMode {
    Plain,
    /// STARTTLS; requires a password.
    StartTls,
    /// TLS from the start; requires a password.
    Tls,
}

impl MailServer {
    pub async fn starts(mode: SmtpMode) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = tokio::task::spawn_blocking(move || campus::folder(&format!("mail-{number}")));
        let folder = folder.await.unwrap();
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = home.join("target/clients/python/bin/python");
        assert!(
            python.exists(),
            "{} is missing: run script/setup test",
            python.display()
        );
        let mut process = Command::new(python)
            .arg(home.join("tests/clients/python/mail_server.py"))
            .arg(&folder)
            .arg(match mode {
                SmtpMode::Plain => "plain",
                SmtpMode::StartTls => "starttls",
                SmtpMode::Tls => "tls",
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = Mutex::new(process.stdin.take().unwrap());
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // Read at once: a server that blocks on its output would not answer the sender.
        let (sender, mut output) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = sender.send(line);
            }
        });
        let first = output.recv().await.unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        Self {
            port: first["port"].as_u64().unwrap(),
            untrusted_port: first["strange_port"].as_u64().unwrap(),
            folder,
            mode,
            input,
            output: Mutex::new(output),
            _process: process,
        }
    }

    /// For `PROFILES_SMTP_URL`.
    pub fn address(&self) -> String {
        self.address_at(self.port)
    }

    /// The same server with a certificate of an untrusted authority.
    pub fn untrusted_address(&self) -> String {
        self.address_at(self.untrusted_port)
    }

    fn address_at(&self, port: u64) -> String {
        let signed_in = "profiles:h%2F%3A%40%20pass@127.0.0.1";
        match self.mode {
            SmtpMode::Plain => format!("smtp://127.0.0.1:{port}"),
            SmtpMode::StartTls => format!("smtp://{signed_in}:{port}?tls=required"),
            SmtpMode::Tls => format!("smtps://{signed_in}:{port}"),
        }
    }

    /// For `PROFILES_SMTP_CA_FILE`.
    pub fn authority(&self) -> String {
        self.file("authority.pem")
    }

    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Changes the behaviour from now on: `well`, `refuses`, `stalls`, `stalls at the end`, `trickles`, `breaks off`,
    /// `4xx` (then 5xx), `is gone` (does not listen), `falls silent` (after accepting a mail, which it does not
    /// confirm).
    pub async fn behaves(&self, how: &str) {
        let line = format!("{how}\n");
        self.input
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .unwrap();
        let answer = self.output.lock().await.recv().await;
        assert_eq!(answer.as_deref(), Some("\"ok\""));
    }

    /// The next mail that was received.
    pub async fn gets(&self) -> Mail {
        let mut output = self.output.lock().await;
        let line = tokio::time::timeout(Duration::from_secs(10), output.recv()).await;
        let Ok(Some(line)) = line else {
            panic!("no mail came")
        };
        serde_json::from_str(&line).unwrap()
    }

    /// Asserts that no further mail was received.
    pub async fn got_nothing_else(&self) {
        let mut output = self.output.lock().await;
        let line = tokio::time::timeout(Duration::from_millis(300), output.recv()).await;
        assert!(line.is_err(), "another mail came: {line:?}");
    }
}
