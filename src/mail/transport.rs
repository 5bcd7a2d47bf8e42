//! How a letter leaves: as a file, or through a mail server.

use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use lettre::AsyncSmtpTransport;
use lettre::AsyncTransport;
use lettre::Message;
use lettre::Tokio1Executor;
use lettre::transport::smtp;
use lettre::transport::smtp::PoolConfig;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Host;
use url::Url;

use crate::id::LetterId;

/// How long the mail server may take for one command.
const COMMAND_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take for a whole letter, however it trickles.
const LETTER_WITHIN: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 4;
/// Where a mail server listens for other servers (RFC 5321 §4.5.4.2).
const RELAY_PORT: u16 = 25;

/// The way out.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Each letter a file in this folder, named after its id, for its owner to read only.
    Files(PathBuf),
    Server(AsyncSmtpTransport<Tokio1Executor>),
}

/// Why a letter did not leave. Its text names no address, so it may stand in a log.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the mail folder cannot be written: {0}")]
    File(#[from] io::Error),
    #[error("the mail server did not answer in time")]
    Slow,
    #[error("the mail server is not reachable, or does not speak TLS as it must")]
    Unreachable,
    #[error("the mail server refused with code {0}")]
    Refused(smtp::response::Code),
    #[error("the mail server and we do not understand each other")]
    Confused,
}

impl Transport {
    /// To a server: `smtps://` with TLS from the start; `smtp://` with TLS required as soon as a
    /// password is sent to another machine, with TLS where the server has it otherwise, and without
    /// on loopback. `tls=required` or `tls=opportunistic` in the query says it outright. Needs the
    /// runtime.
    pub fn server(address: &SecretString) -> Result<Self, smtp::Error> {
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(&with_tls(address.expose_secret()))?;
        let builder = match Url::parse(address.expose_secret()) {
            Ok(url) if is_relay(&url) => builder.port(RELAY_PORT),
            _ => builder,
        };
        let pool = PoolConfig::new().max_size(CONNECTIONS);
        Ok(Self::Server(
            builder
                .timeout(Some(COMMAND_WITHIN))
                .pool_config(pool)
                .build(),
        ))
    }

    /// Whether letters could leave now.
    pub async fn check(&self) -> Result<(), SendError> {
        match self {
            Self::Files(folder) => {
                make_folder(folder)?;
                let trial = folder.join(".trial");
                std::fs::write(&trial, b"")?;
                Ok(std::fs::remove_file(trial)?)
            }
            Self::Server(server) => {
                let asked = tokio::time::timeout(LETTER_WITHIN, server.test_connection());
                let answers = asked.await.map_err(|_| SendError::Slow)??;
                answers.then_some(()).ok_or(SendError::Unreachable)
            }
        }
    }

    pub(super) async fn send(&self, id: LetterId, message: Message) -> Result<(), SendError> {
        match self {
            Self::Files(folder) => {
                let folder = folder.clone();
                let content = message.formatted();
                let written = tokio::task::spawn_blocking(move || write(&folder, id, &content));
                Ok(written.await.map_err(io::Error::other)??)
            }
            Self::Server(server) => {
                let sent = tokio::time::timeout(LETTER_WITHIN, server.send(message));
                sent.await.map_err(|_| SendError::Slow)??;
                Ok(())
            }
        }
    }
}

impl From<smtp::Error> for SendError {
    fn from(error: smtp::Error) -> Self {
        match error.status() {
            Some(code) => Self::Refused(code),
            None if error.is_timeout() => Self::Slow,
            None if error.is_response() || error.is_client() => Self::Confused,
            None => Self::Unreachable,
        }
    }
}

fn with_tls(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    let is_said = url.query_pairs().any(|(name, _)| name == "tls");
    if url.scheme() == "smtp" && !is_said && !is_loopback(&url) {
        let tls = if url.password().is_some() {
            "required"
        } else {
            "opportunistic"
        };
        url.query_pairs_mut().append_pair("tls", tls);
    }
    url.into()
}

/// A server that takes letters without a password, at its usual port.
fn is_relay(url: &Url) -> bool {
    url.scheme() == "smtp" && url.port().is_none() && url.password().is_none()
}

fn is_loopback(url: &Url) -> bool {
    // The host of a scheme that browsers do not know is not read as an IPv4 address.
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    matches!(url.host(), Some(Host::Domain("localhost")))
        || address.is_ok_and(|address| address.is_loopback())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Writes beside the folder and moves in, so that nobody who watches it sees half a letter.
fn write(folder: &Path, id: LetterId, content: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.with_file_name(format!(".{name}-{id}"));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(unfinished, folder.join(format!("{id}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_leaves_the_machine_under_tls_only() {
        for (given, used) in [
            (
                "smtp://u:p@mail.example",
                "smtp://u:p@mail.example?tls=required",
            ),
            (
                "smtp://u:p@mail.example:587/us",
                "smtp://u:p@mail.example:587/us?tls=required",
            ),
            (
                "smtp://mail.example",
                "smtp://mail.example?tls=opportunistic",
            ),
            ("smtps://u:p@mail.example", "smtps://u:p@mail.example"),
            ("smtp://u:p@localhost:1025", "smtp://u:p@localhost:1025"),
            ("smtp://127.0.0.1:1025", "smtp://127.0.0.1:1025"),
            ("smtp://[::1]", "smtp://[::1]"),
            (
                "smtp://mail.example?tls=required",
                "smtp://mail.example?tls=required",
            ),
        ] {
            assert_eq!(with_tls(given), used);
            assert!(
                Transport::server(&SecretString::from(given)).is_ok(),
                "{given}"
            );
        }
    }

    #[test]
    fn a_letter_is_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let home = std::env::temp_dir().join(format!("profiles-mail-{}", std::process::id()));
        let folder = home.join("mail");
        let id = LetterId(uuid::Uuid::nil());
        write(&folder, id, b"one").unwrap();
        write(&folder, id, b"two").unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        let mode = files[0].metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read(files[0].path()).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(&home).unwrap().count(), 1);
        std::fs::remove_dir_all(home).unwrap();
    }
}
