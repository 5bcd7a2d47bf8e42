//! How a letter leaves: as a file, or through a mail server.

use std::fmt::Display;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp;
use secrecy::{ExposeSecret, SecretString};

use super::dkim::DkimSigner;
use super::server::SmtpServer;
use crate::platform::metrics;
use crate::platform::metrics::MailOutcome;

/// How long a trial may take.
const CHECKED_WITHIN: Duration = Duration::from_secs(30);

/// The way out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MailTransport {
    way: TransportKind,
    signer: Option<Arc<DkimSigner>>,
}

#[derive(Debug, Clone)]
enum TransportKind {
    Files(PathBuf),
    Server(Arc<SmtpServer>),
}

/// Why a letter did not leave. Its text names no address and quotes nobody, so it may stand in a log
/// and in a record.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the mail folder cannot be written: {0}")]
    File(#[from] io::Error),
    #[error("the mail server did not answer in time")]
    Slow,
    #[error("the mail server is not reachable")]
    Unreachable,
    #[error(
        "the mail server does not speak TLS as it must, or its certificate is not to be trusted"
    )]
    Untrusted,
    #[error("the mail server broke off in the middle")]
    BrokenOff,
    #[error("the mail server refused with code {0}")]
    Refused(smtp::response::Code),
    #[error("the mail server and we do not understand each other")]
    Confused,
}

/// Why there is no way out as it was set. One line that names the setting.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    #[error(
        "PROFILES_SMTP_URL is no address of a mail server, as smtp://user:password@host or smtps://…"
    )]
    Address,
    #[error("PROFILES_SMTP_CA_FILE holds no certificate in PEM")]
    Authority,
    #[error(
        "PROFILES_DKIM_KEY_FILE holds no private key in PEM, RSA of 2048 bits or more, or Ed25519"
    )]
    SigningKey,
    #[error("{setting} cannot be read: {why}")]
    File {
        setting: &'static str,
        why: io::Error,
    },
    #[error("PROFILES_MAIL_FROM is no mail address: {0}")]
    From(#[from] lettre::address::AddressError),
}

impl MailTransport {
    /// Each letter a file in this folder, for its owner to read only.
    pub fn files(folder: PathBuf) -> Self {
        Self {
            way: TransportKind::Files(folder),
            signer: None,
        }
    }

    /// To a server: `smtps://` with TLS from the start; `smtp://` with TLS required as soon as a
    /// password is sent to another machine, with TLS where the server has it otherwise, and without
    /// on loopback. `tls=required` or `tls=opportunistic` in the query says it outright. `authority`
    /// is a certificate in PEM to be trusted beside those that everybody trusts.
    pub fn server(
        address: &SecretString,
        authority: Option<&[u8]>,
    ) -> Result<Self, MailSetupError> {
        let server = SmtpServer::at(address.expose_secret(), authority)?;
        Ok(Self {
            way: TransportKind::Server(Arc::new(server)),
            signer: None,
        })
    }

    /// The same, with every letter signed.
    #[must_use]
    pub fn signed(mut self, signer: Option<DkimSigner>) -> Self {
        self.signer = signer.map(Arc::new);
        self
    }

    /// Whether letters could leave now.
    pub async fn check(&self) -> Result<(), SendError> {
        match &self.way {
            TransportKind::Files(folder) => {
                make_folder(folder)?;
                let trial = folder.join(".trial");
                std::fs::write(&trial, b"")?;
                Ok(std::fs::remove_file(trial)?)
            }
            TransportKind::Server(server) => server.answers(CHECKED_WITHIN).await,
        }
    }

    /// Sends a letter off or fails, before `within` has passed. `name` is unlike every other letter's:
    /// a file is called so.
    pub async fn send(
        &self,
        name: impl Display,
        message: &Message,
        within: Duration,
    ) -> Result<(), SendError> {
        let sent = self.hand_over(name, message, within).await;
        metrics::mailed(match &sent {
            Ok(()) => MailOutcome::Sent,
            Err(SendError::Refused(_)) => MailOutcome::Refused,
            Err(_) => MailOutcome::Failed,
        });
        sent
    }

    async fn hand_over(
        &self,
        name: impl Display,
        message: &Message,
        within: Duration,
    ) -> Result<(), SendError> {
        let letter = message.formatted();
        let letter = match &self.signer {
            Some(signer) => signer.sign(letter),
            None => letter,
        };
        match &self.way {
            TransportKind::Files(folder) => {
                let (folder, name) = (folder.clone(), name.to_string());
                let written = tokio::task::spawn_blocking(move || write(&folder, &name, &letter));
                Ok(written.await.map_err(io::Error::other)??)
            }
            TransportKind::Server(server) => server.take(message.envelope(), &letter, within).await,
        }
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Writes beside the folder and moves in, so that nobody who watches it sees half a letter.
fn write(folder: &Path, letter: &str, content: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.with_file_name(format!(".{name}-{letter}"));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(unfinished, folder.join(format!("{letter}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let home = std::env::temp_dir().join(format!("profiles-mail-{}", std::process::id()));
        let folder = home.join("mail");
        write(&folder, "0", b"one").unwrap();
        write(&folder, "0", b"two").unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        let mode = files[0].metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read(files[0].path()).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(&home).unwrap().count(), 1);
        std::fs::remove_dir_all(home).unwrap();
    }
}
