//! A mail server, and the connections to it that wait for the next letter.
//!
//! Decision: connections are kept here and not in lettre's pool, because a letter has a deadline. When
//! it passes, the conversation is cut off in the middle, and lettre would give the same connection to
//! the next letter, which would then hear the answers meant for the last.

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

/// Where a mail server listens for other servers (RFC 5321 §4.5.4.2), for people's programs (RFC 6409
/// §3.1), and for those who speak TLS from the start (RFC 8314 §7.3).
const RELAY_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
/// How many connections wait.
const WAITING: usize = 4;
/// A waiting connection that does not answer in this time is not worth waiting for.
const WAKES_WITHIN: Duration = Duration::from_secs(2);
/// Passwords go through TLS, so the plain ways are safe, and every server has one of them.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Where it is, and how we speak to it.
pub(super) struct SmtpServer {
    /// As a connection wants it: no brackets round an IPv6 address.
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<Credentials>,
    waiting: Mutex<Vec<AsyncSmtpConnection>>,
}

impl std::fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

impl SmtpServer {
    /// Reads an address: see [`super::MailTransport::server`]. `authority` is a certificate in PEM to be
    /// trusted beside those that everybody trusts.
    pub(super) fn at(address: &str, authority: Option<&[u8]>) -> Result<Self, MailSetupError> {
        let url = Url::parse(address).map_err(|_| MailSetupError::Address)?;
        let name = url.host_str().ok_or(MailSetupError::Address)?;
        let speaks = SmtpSecurity::of(&url).ok_or(MailSetupError::Address)?;
        let mut parameters = TlsParameters::builder(bare(name).to_owned());
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
                decoded(url.username())?,
                decoded(password)?,
            )),
            None => None,
        };
        let greeting = url.path().trim_matches('/');
        Ok(Self {
            host: bare(name).to_owned(),
            port: url.port().unwrap_or(match speaks {
                SmtpSecurity::TlsFromTheStart => SUBMISSIONS_PORT,
                _ if credentials.is_some() => SUBMISSION_PORT,
                _ => RELAY_PORT,
            }),
            tls: match speaks {
                SmtpSecurity::TlsFromTheStart => Tls::Wrapper(parameters),
                SmtpSecurity::TlsRequired => Tls::Required(parameters),
                SmtpSecurity::TlsIfThere => Tls::Opportunistic(parameters),
                SmtpSecurity::Plain => Tls::None,
            },
            hello: if greeting.is_empty() {
                ClientId::default()
            } else {
                ClientId::Domain(greeting.to_owned())
            },
            credentials,
            waiting: Mutex::default(),
        })
    }

    /// Hands a letter over, or fails, before `within` has passed, whatever the server does.
    pub(super) async fn take(
        &self,
        envelope: &Envelope,
        letter: &[u8],
        within: Duration,
    ) -> Result<(), SendError> {
        let handed_over = tokio::time::timeout(within, self.hand_over(envelope, letter));
        handed_over.await.map_err(|_| SendError::Slow)?
    }

    /// Whether it would take letters of ours.
    pub(super) async fn answers(&self, within: Duration) -> Result<(), SendError> {
        let asked = tokio::time::timeout(within, self.connection()).await;
        self.keep(asked.map_err(|_| SendError::Slow)??);
        Ok(())
    }

    async fn hand_over(&self, envelope: &Envelope, letter: &[u8]) -> Result<(), SendError> {
        let mut connection = self.connection().await?;
        connection.send(envelope, letter).await?;
        self.keep(connection);
        Ok(())
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        while let Some(mut connection) = self.next_waiting() {
            let awake = tokio::time::timeout(WAKES_WITHIN, connection.test_connected());
            match awake.await {
                Ok(true) => return Ok(connection),
                Ok(false) => {}
                // The others would take as long.
                Err(_) => self.waiting().clear(),
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let place = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, None, &self.hello, from_the_start, None)
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

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut waiting = self.waiting();
        if !connection.has_broken() && waiting.len() < WAITING {
            waiting.push(connection);
        }
    }

    fn next_waiting(&self) -> Option<AsyncSmtpConnection> {
        self.waiting().pop()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is said to a server can be read on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SmtpSecurity {
    TlsFromTheStart,
    TlsRequired,
    TlsIfThere,
    Plain,
}

impl SmtpSecurity {
    fn of(url: &Url) -> Option<Self> {
        let said = url.query_pairs().find(|(name, _)| name == "tls");
        let how = said.as_ref().map(|(_, how)| how.as_ref());
        match (url.scheme(), how) {
            ("smtps", _) => Some(Self::TlsFromTheStart),
            ("smtp", Some("required")) => Some(Self::TlsRequired),
            ("smtp", None) if is_loopback(url) => Some(Self::Plain),
            ("smtp", None) if url.password().is_some() => Some(Self::TlsRequired),
            ("smtp", None | Some("opportunistic")) => Some(Self::TlsIfThere),
            _ => None,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    // The host of a scheme that browsers do not know is not read as an IPv4 address.
    let address = bare(url.host_str().unwrap_or_default()).parse::<std::net::IpAddr>();
    matches!(url.host(), Some(Host::Domain("localhost")))
        || address.is_ok_and(|address| address.is_loopback())
}

fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

fn decoded(text: &str) -> Result<String, MailSetupError> {
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
        let chain = || std::iter::successors(std::error::Error::source(&error), |it| it.source());
        let is_io = |error: &(dyn std::error::Error + 'static)| {
            error.downcast_ref::<std::io::Error>().is_some()
        };
        let of_tls = |error: &(dyn std::error::Error + 'static)| {
            let inside = error
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref);
            error.is::<rustls::Error>()
                || inside.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        };
        if error.is_tls() || chain().any(of_tls) {
            Self::Untrusted
        } else if error.to_string().starts_with("Connection error") {
            // lettre tells this kind by its text only.
            Self::Unreachable
        } else if chain().any(is_io) || chain().any(|it| it.to_string() == "incomplete response") {
            Self::BrokenOff
        } else {
            Self::Confused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_the_machine_under_tls_only() {
        for (given, speaks, port) in [
            ("smtp://u:p@mail.example", SmtpSecurity::TlsRequired, 587),
            (
                "smtp://u:p@mail.example:2525/us",
                SmtpSecurity::TlsRequired,
                2525,
            ),
            ("smtp://mail.example", SmtpSecurity::TlsIfThere, 25),
            (
                "smtps://u:p@mail.example",
                SmtpSecurity::TlsFromTheStart,
                465,
            ),
            ("smtp://u:p@localhost:1025", SmtpSecurity::Plain, 1025),
            ("smtp://127.0.0.1:1025", SmtpSecurity::Plain, 1025),
            ("smtp://[::1]", SmtpSecurity::Plain, 25),
            (
                "smtp://localhost?tls=required",
                SmtpSecurity::TlsRequired,
                25,
            ),
        ] {
            assert_eq!(
                SmtpSecurity::of(&given.parse().unwrap()),
                Some(speaks),
                "{given}"
            );
            assert_eq!(SmtpServer::at(given, None).unwrap().port, port, "{given}");
        }
        for wrong in [
            "smtp://mail.example?tls=maybe",
            "http://mail.example",
            "mail",
        ] {
            assert!(
                matches!(SmtpServer::at(wrong, None), Err(MailSetupError::Address)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_name_and_a_password_may_hold_any_sign() {
        let server =
            SmtpServer::at("smtps://me%40campus.example:a%2Fb%3A@mail.example", None).unwrap();
        let expected = Credentials::new("me@campus.example".to_owned(), "a/b:".to_owned());
        assert_eq!(server.credentials, Some(expected));
        assert!(!format!("{server:?}").contains("a/b"));
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let told = SmtpServer::at("smtps://mail.example", Some(b"nonsense"));
        assert!(matches!(told, Err(MailSetupError::Authority)));
    }
}
