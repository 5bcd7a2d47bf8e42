//! How mails leave: as files, or through a mail server.

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
use super::smtp_server::SmtpServer;
use crate::platform::metrics;
use crate::platform::metrics::MailOutcome;

/// How long a check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends mails. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MailTransport {
    kind: TransportKind,
    signer: Option<Arc<DkimSigner>>,
}

#[derive(Debug, Clone)]
enum TransportKind {
    Files(PathBuf),
    Server(Arc<SmtpServer>),
}

/// Why a mail was not sent. The text contains no address and no text of the server, so it may be logged and
/// stored.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the mail folder cannot be written: {0}")]
    File(#[from] io::Error),
    #[error("the mail server did not answer in time")]
    Timeout,
    #[error("the mail server is not reachable")]
    Unreachable,
    #[error("the mail server does not offer TLS, or its certificate is not trusted")]
    Untrusted,
    #[error("the mail server closed the connection early")]
    ConnectionClosed,
    #[error("the mail server refused with code {0}")]
    Refused(smtp::response::Code),
    #[error("the mail server sent an unexpected response")]
    UnexpectedResponse,
}

/// Why the mail settings cannot be used: one line that names the setting.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    #[error(
        "PROFILES_SMTP_URL is not the address of a mail server, as smtp://user:password@host or smtps://…"
    )]
    Address,
    #[error("PROFILES_SMTP_CA_FILE does not contain a certificate in PEM")]
    Authority,
    #[error(
        "PROFILES_DKIM_KEY_FILE does not contain a private key in PEM: RSA of 2048 bits or more, or Ed25519"
    )]
    SigningKey,
    #[error("{setting} cannot be read: {source}")]
    File {
        setting: &'static str,
        source: io::Error,
    },
    #[error("PROFILES_MAIL_FROM is not a mail address: {0}")]
    From(#[from] lettre::address::AddressError),
}

impl MailTransport {
    /// Writes each mail to a file in this folder, which only its owner can read.
    pub fn files(folder: PathBuf) -> Self {
        Self {
            kind: TransportKind::Files(folder),
            signer: None,
        }
    }

    /// Sends to a server. `smtps://` uses implicit TLS. `smtp://` requires STARTTLS if a password is sent
    /// to another machine, uses it if offered otherwise, and uses none on loopback; the query
    /// `tls=required` or `tls=opportunistic` overrides that. `authority` is a certificate in PEM to trust
    /// in addition to the usual ones.
    pub fn server(
        address: &SecretString,
        authority: Option<&[u8]>,
    ) -> Result<Self, MailSetupError> {
        let server = SmtpServer::parse(address.expose_secret(), authority)?;
        Ok(Self {
            kind: TransportKind::Server(Arc::new(server)),
            signer: None,
        })
    }

    /// Signs every mail with DKIM.
    #[must_use]
    pub fn with_signer(mut self, signer: Option<DkimSigner>) -> Self {
        self.signer = signer.map(Arc::new);
        self
    }

    /// Checks that mails can be sent.
    pub async fn check(&self) -> Result<(), SendError> {
        match &self.kind {
            TransportKind::Files(folder) => {
                make_folder(folder)?;
                let test_file = folder.join(".trial");
                std::fs::write(&test_file, b"")?;
                Ok(std::fs::remove_file(test_file)?)
            }
            TransportKind::Server(server) => server.check(CHECK_TIMEOUT).await,
        }
    }

    /// Sends a mail within a deadline. `name` must be unique; it is the name of the file.
    pub async fn send(
        &self,
        name: impl Display,
        message: &Message,
        timeout: Duration,
    ) -> Result<(), SendError> {
        let sent = self.dispatch(name, message, timeout).await;
        metrics::record_mail(match &sent {
            Ok(()) => MailOutcome::Sent,
            Err(SendError::Refused(_)) => MailOutcome::Refused,
            Err(_) => MailOutcome::Failed,
        });
        sent
    }

    async fn dispatch(
        &self,
        name: impl Display,
        message: &Message,
        timeout: Duration,
    ) -> Result<(), SendError> {
        let mail = message.formatted();
        let mail = match &self.signer {
            Some(signer) => signer.sign(mail),
            None => mail,
        };
        match &self.kind {
            TransportKind::Files(folder) => {
                let (folder, name) = (folder.clone(), name.to_string());
                let written = tokio::task::spawn_blocking(move || write(&folder, &name, &mail));
                Ok(written.await.map_err(io::Error::other)??)
            }
            TransportKind::Server(server) => server.send(message.envelope(), &mail, timeout).await,
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

/// Writes beside the folder and then moves the file, so that programs that watch the folder see complete
/// mails only.
fn write(folder: &Path, mail: &str, content: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.with_file_name(format!(".{name}-{mail}"));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(temporary, folder.join(format!("{mail}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_a_file_that_only_its_owner_can_read() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("mail");
        write(&folder, "0", b"one").unwrap();
        write(&folder, "0", b"two").unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        let mode = files[0].metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read(files[0].path()).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
