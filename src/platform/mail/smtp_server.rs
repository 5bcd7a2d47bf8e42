//! The mail server, and a pool of connections to it.
//!
//! Decision: connections are pooled here, instead of by lettre, because a mail has a deadline. When it
//! passes, the SMTP dialogue is cancelled in the middle; lettre would reuse that connection for the next
//! mail, which would then read the responses to the previous one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::{Host, Url};

use super::{MailSetupError, SendError};

/// The ports for relay (RFC 5321 §4.5.4.2), submission (RFC 6409 §3.1) and submission with implicit TLS
/// (RFC 8314 §7.3).
const RELAY_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
/// The number of idle connections in the pool.
const MAX_IDLE: usize = 4;
/// How long an idle connection may take to respond before it is discarded.
const TEST_TIMEOUT: Duration = Duration::from_secs(2);
/// Passwords are sent over TLS only, so plain mechanisms are safe. Every server supports one of them.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// The address and credentials of a mail server, with its idle connections.
pub(super) struct SmtpServer {
    /// Without brackets around an IPv6 address.
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<Credentials>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl std::fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpServer({}:{})", self.host, self.port)
    }
}

impl SmtpServer {
    /// Parses an address: see [`super::MailTransport::server`]. `authority` is a certificate in PEM to
    /// trust in addition to the usual ones.
    pub(super) fn parse(address: &str, authority: Option<&[u8]>) -> Result<Self, MailSetupError> {
        let url = Url::parse(address).map_err(|_| MailSetupError::Address)?;
        let name = url.host_str().ok_or(MailSetupError::Address)?;
        let security = SmtpSecurity::from_url(&url).ok_or(MailSetupError::Address)?;
        let mut parameters = TlsParameters::builder(strip_brackets(name).to_owned());
        if let Some(pem) = authority {
            if !matches!(CertificateDer::pem_slice_iter(pem).next(), Some(Ok(_))) {
                return Err(MailSetupError::Authority);
            }
            let certificate = Certificate::from_pem(pem).map_err(|_| MailSetupError::Authority)?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let parameters = parameters
            .build_rustls()
            .map_err(|_| MailSetupError::Authority)?;
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(
                percent_decode(url.username())?,
                percent_decode(password)?,
            )),
            None => None,
        };
        let greeting = url.path().trim_matches('/');
        Ok(Self {
            host: strip_brackets(name).to_owned(),
            port: url.port().unwrap_or(match security {
                SmtpSecurity::ImplicitTls => SUBMISSIONS_PORT,
                _ if credentials.is_some() => SUBMISSION_PORT,
                _ => RELAY_PORT,
            }),
            tls: match security {
                SmtpSecurity::ImplicitTls => Tls::Wrapper(parameters),
                SmtpSecurity::RequiredTls => Tls::Required(parameters),
                SmtpSecurity::OpportunisticTls => Tls::Opportunistic(parameters),
                SmtpSecurity::Plain => Tls::None,
            },
            hello: if greeting.is_empty() {
                ClientId::default()
            } else {
                ClientId::Domain(greeting.to_owned())
            },
            credentials,
            idle: Mutex::default(),
        })
    }

    /// Sends a mail within a deadline.
    pub(super) async fn send(
        &self,
        envelope: &Envelope,
        mail: &[u8],
        timeout: Duration,
    ) -> Result<(), SendError> {
        let sent = tokio::time::timeout(timeout, self.send_over_pool(envelope, mail));
        sent.await.map_err(|_| SendError::Timeout)?
    }

    /// Checks that the server accepts a connection and the credentials.
    pub(super) async fn check(&self, timeout: Duration) -> Result<(), SendError> {
        let connected = tokio::time::timeout(timeout, self.get_connection()).await;
        self.put_back(connected.map_err(|_| SendError::Timeout)??);
        Ok(())
    }

    async fn send_over_pool(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
        let mut connection = self.get_connection().await?;
        connection.send(envelope, mail).await?;
        self.put_back(connection);
        Ok(())
    }

    async fn get_connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        while let Some(mut connection) = self.next_idle() {
            let tested = tokio::time::timeout(TEST_TIMEOUT, connection.test_connected());
            match tested.await {
                Ok(true) => return Ok(connection),
                Ok(false) => {}
                // The other connections would take as long.
                Err(_) => self.idle().clear(),
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let implicit_tls = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, None, &self.hello, implicit_tls, None)
                .await?;
        match &self.tls {
            Tls::Required(_) if !connection.can_starttls() => return Err(SendError::Untrusted),
            Tls::Required(parameters) => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    fn put_back(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        if !connection.has_broken() && idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    fn next_idle(&self) -> Option<AsyncSmtpConnection> {
        self.idle().pop()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SmtpSecurity {
    ImplicitTls,
    RequiredTls,
    OpportunisticTls,
    Plain,
}

impl SmtpSecurity {
    fn from_url(url: &Url) -> Option<Self> {
        let option = url.query_pairs().find(|(name, _)| name == "tls");
        let option = option.as_ref().map(|(_, value)| value.as_ref());
        match (url.scheme(), option) {
            ("smtps", _) => Some(Self::ImplicitTls),
            ("smtp", Some("required")) => Some(Self::RequiredTls),
            ("smtp", None) if is_loopback(url) => Some(Self::Plain),
            ("smtp", None) if url.password().is_some() => Some(Self::RequiredTls),
            ("smtp", None | Some("opportunistic")) => Some(Self::OpportunisticTls),
            _ => None,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    // `Url` parses the host of an unknown scheme as a name, even if it is an IPv4 address.
    let address = strip_brackets(url.host_str().unwrap_or_default()).parse::<std::net::IpAddr>();
    matches!(url.host(), Some(Host::Domain("localhost")))
        || address.is_ok_and(|address| address.is_loopback())
}

fn strip_brackets(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

fn percent_decode(text: &str) -> Result<String, MailSetupError> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| MailSetupError::Address)
}

impl From<smtp::Error> for SendError {
    fn from(error: smtp::Error) -> Self {
        if let Some(code) = error.status() {
            return Self::Refused(code);
        }
        let chain =
            || std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let is_io = |error: &(dyn std::error::Error + 'static)| {
            error.downcast_ref::<std::io::Error>().is_some()
        };
        let is_tls = |error: &(dyn std::error::Error + 'static)| {
            let inner = error
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref);
            error.is::<rustls::Error>()
                || inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        };
        if error.is_tls() || chain().any(is_tls) {
            Self::Untrusted
        } else if error.to_string().starts_with("Connection error") {
            // lettre distinguishes this kind only by its text.
            Self::Unreachable
        } else if chain().any(is_io)
            || chain().any(|cause| cause.to_string() == "incomplete response")
        {
            Self::ConnectionClosed
        } else {
            Self::UnexpectedResponse
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_sent_to_other_machines_over_tls_only() {
        for (address, security, port) in [
            ("smtp://u:p@mail.example", SmtpSecurity::RequiredTls, 587),
            (
                "smtp://u:p@mail.example:2525/us",
                SmtpSecurity::RequiredTls,
                2525,
            ),
            ("smtp://mail.example", SmtpSecurity::OpportunisticTls, 25),
            ("smtps://u:p@mail.example", SmtpSecurity::ImplicitTls, 465),
            ("smtp://u:p@localhost:1025", SmtpSecurity::Plain, 1025),
            ("smtp://127.0.0.1:1025", SmtpSecurity::Plain, 1025),
            ("smtp://[::1]", SmtpSecurity::Plain, 25),
            (
                "smtp://localhost?tls=required",
                SmtpSecurity::RequiredTls,
                25,
            ),
        ] {
            assert_eq!(
                SmtpSecurity::from_url(&address.parse().unwrap()),
                Some(security),
                "{address}"
            );
            assert_eq!(
                SmtpServer::parse(address, None).unwrap().port,
                port,
                "{address}"
            );
        }
        for wrong in [
            "smtp://mail.example?tls=maybe",
            "http://mail.example",
            "mail",
        ] {
            assert!(
                matches!(SmtpServer::parse(wrong, None), Err(MailSetupError::Address)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn username_and_password_may_contain_any_character() {
        let server =
            SmtpServer::parse("smtps://me%40campus.example:a%2Fb%3A@mail.example", None).unwrap();
        let expected = Credentials::new("me@campus.example".to_owned(), "a/b:".to_owned());
        assert_eq!(server.credentials, Some(expected));
        assert!(!format!("{server:?}").contains("a/b"));
    }

    #[test]
    fn an_invalid_certificate_is_reported() {
        let result = SmtpServer::parse("smtps://mail.example", Some(b"nonsense"));
        assert!(matches!(result, Err(MailSetupError::Authority)));
    }
}
