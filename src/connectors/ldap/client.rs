//! One connection to a directory, and what can be asked on it. Says what was heard.
//!
//! Decision: ldap3 gives us its words (filters, escaping) and not its connection, because an answer that
//! is no LDAP makes it panic, one that is nested deeply enough overflows the stack and takes the whole
//! server along, nothing bounds what is read into memory, and the password is left behind in buffers
//! that nobody wipes. What we say to a directory is four requests, so the wire is ours: a message is
//! read whole before anything in it is believed, and never more than one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::ber::BerError;
use super::messages::{LdapEntry, LdapResponse, MessageId, ResultCode, SearchRequest};
use super::{LdapSetupError, ber, messages};
use crate::connectors::tls;
use crate::platform::config::{DirectoryServer, LdapTransport};

/// A name that does not resolve or a machine that does not answer is known to be gone after this.
const CONNECTS_WITHIN: Duration = Duration::from_secs(4);
/// Of an answer, in bytes. An entry with the few attributes we ask for is a kilobyte.
const LARGEST_ANSWER: usize = 256 * 1024;
/// Messages of one search: what was found, and references to what may be elsewhere.
const MOST_ANSWERS: usize = 32;

/// Why a directory gave no answer to go by. One line, which names nobody.
#[derive(Debug, thiserror::Error)]
pub(super) enum LdapError {
    #[error("no answer within {} seconds", .0.as_secs())]
    Slow(Duration),
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    #[error("the directory does not speak TLS as it should: {0}")]
    Tls(io::Error),
    #[error("the directory refuses StartTLS (result {})", .0.0)]
    NoStartTls(ResultCode),
    #[error("the answer is no LDAP")]
    NotLdap,
    #[error("the answer is longer than any should be")]
    TooLong,
    #[error("the directory says result {} to {doing}", code.0)]
    Said {
        doing: &'static str,
        code: ResultCode,
    },
    #[error("the entry of somebody who has just signed in cannot be read by them")]
    NoEntry,
    #[error("the directory says yes to somebody made up")]
    AlwaysYes,
}

impl LdapError {
    /// What whoever runs the service can do.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Slow(_) | Self::Connection(_) => {
                "See that the directory runs, and that PROFILES_LDAP_URL has its host and port"
            }
            Self::Tls(_) => {
                "See that PROFILES_LDAP_CA_FILE holds who signed its certificate, and that the \
                 certificate is for the host in PROFILES_LDAP_URL"
            }
            Self::NoStartTls(_) => "Let the directory offer StartTLS, or use its ldaps:// address",
            Self::NotLdap | Self::TooLong => {
                "See that what listens at PROFILES_LDAP_URL is a directory"
            }
            Self::Said { .. } => {
                "See PROFILES_LDAP_BIND_DN, PROFILES_LDAP_BIND_PASSWORD and PROFILES_LDAP_BASE_DN; \
                 RFC 4511, appendix A, says what the result means"
            }
            Self::NoEntry => "Let people read their own entry in the directory",
            Self::AlwaysYes => "Mend the directory: whoever asked it could be anybody",
        }
    }
}

impl From<BerError> for LdapError {
    fn from(_: BerError) -> Self {
        Self::NotLdap
    }
}

/// Where a directory is, and how it is spoken to.
pub(super) struct LdapServer {
    at: DirectoryServer,
    /// None where nothing is encrypted.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl LdapServer {
    /// `authorities`: certificates in PEM to trust in place of those that everybody trusts.
    pub(super) fn new(
        at: DirectoryServer,
        authorities: Option<&[u8]>,
    ) -> Result<Self, LdapSetupError> {
        let tls = match at.transport {
            LdapTransport::Plain => None,
            LdapTransport::Tls | LdapTransport::StartTls => {
                let name =
                    ServerName::try_from(at.host.clone()).map_err(|_| LdapSetupError::Host)?;
                Some((connector(authorities)?, name))
            }
        };
        Ok(Self { at, tls })
    }

    /// A new connection, encrypted if it has to be.
    pub(super) async fn connect(&self) -> Result<LdapConnection, LdapError> {
        let place = (self.at.host.as_str(), self.at.port);
        let dialled = tokio::time::timeout(CONNECTS_WITHIN, TcpStream::connect(place)).await;
        let stream = dialled.map_err(|_| LdapError::Slow(CONNECTS_WITHIN))??;
        stream.set_nodelay(true)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(LdapConnection::on(Box::new(stream)));
        };
        let stream = if self.at.transport == LdapTransport::StartTls {
            start_tls(stream).await?
        } else {
            stream
        };
        let encrypted = connector.connect(name.clone(), stream).await;
        Ok(LdapConnection::on(Box::new(
            encrypted.map_err(LdapError::Tls)?,
        )))
    }
}

/// Asks for TLS on a plain connection (RFC 4511 §4.14). Nothing is read beyond the answer, so nothing
/// that somebody slipped in before the encryption is taken for what came after it.
async fn start_tls(stream: TcpStream) -> Result<TcpStream, LdapError> {
    let mut wire = MessageStream { stream, last: 0 };
    let id = wire.next_id()?;
    wire.stream.write_all(&messages::start_tls(id)).await?;
    match wire.hear(id).await? {
        LdapResponse::Extended(ResultCode::SUCCESS) => Ok(wire.stream),
        LdapResponse::Extended(code) => Err(LdapError::NoStartTls(code)),
        _ => Err(LdapError::NotLdap),
    }
}

fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, LdapSetupError> {
    let authorities = match authorities {
        None => tls::public_authorities(),
        Some(pem) => {
            let mut own = RootCertStore::empty();
            tls::trust(&mut own, pem).map_err(|_| LdapSetupError::Authority)?;
            own
        }
    };
    let config = tls::client(authorities, tls::ALL_VERSIONS)?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Something that bytes go through both ways.
trait LdapStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> LdapStream for T {}

/// A connection, on which one thing is asked at a time.
pub(super) struct LdapConnection(MessageStream<Box<dyn LdapStream>>);

/// Messages over a stream.
struct MessageStream<S> {
    stream: S,
    last: MessageId,
}

impl LdapConnection {
    fn on(stream: Box<dyn LdapStream>) -> Self {
        Self(MessageStream { stream, last: 0 })
    }

    /// Signs in. The password must not be empty: with an empty one every server lets in anybody, as
    /// nobody (RFC 4513 §5.1.2).
    pub(super) async fn bind(&mut self, dn: &str, password: &str) -> Result<ResultCode, LdapError> {
        let id = self.0.next_id()?;
        self.0.say(&messages::bind(id, dn, password)).await?;
        match self.0.hear(id).await? {
            LdapResponse::Bind(code) => Ok(code),
            _ => Err(LdapError::NotLdap),
        }
    }

    /// What a search found, and how it ended. References to other servers are not followed: we would
    /// be sent, with the password, wherever somebody likes.
    pub(super) async fn search(
        &mut self,
        search: &SearchRequest<'_>,
    ) -> Result<(Vec<LdapEntry>, ResultCode), LdapError> {
        let id = self.0.next_id()?;
        self.0.say(&messages::search(id, search)).await?;
        let mut found = Vec::new();
        for _ in 0..MOST_ANSWERS {
            match self.0.hear(id).await? {
                LdapResponse::Entry(entry) => found.push(entry),
                LdapResponse::Reference => {}
                LdapResponse::Done(code) => return Ok((found, code)),
                _ => return Err(LdapError::NotLdap),
            }
        }
        Err(LdapError::TooLong)
    }

    /// Says goodbye. Whether it is heard does not matter.
    pub(super) async fn leave(mut self) {
        if let Ok(id) = self.0.next_id() {
            let _ = self.0.say(&messages::unbind(id)).await;
            let _ = self.0.stream.shutdown().await;
        }
    }
}

impl<S: LdapStream> MessageStream<S> {
    fn next_id(&mut self) -> Result<MessageId, LdapError> {
        // A byte of a positive number: nobody asks a hundred things on one connection.
        self.last = self
            .last
            .checked_add(1)
            .filter(|id| *id < 0x80)
            .ok_or(LdapError::TooLong)?;
        Ok(self.last)
    }

    async fn say(&mut self, message: &[u8]) -> Result<(), LdapError> {
        self.stream.write_all(message).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next message, to the last byte and no further.
    async fn hear(&mut self, id: MessageId) -> Result<LdapResponse, LdapError> {
        let mut message = Vec::with_capacity(512);
        let length = loop {
            if let Some((start, length)) = ber::measure(&message)? {
                break start.checked_add(length).ok_or(LdapError::TooLong)?;
            }
            message.push(self.stream.read_u8().await?);
        };
        if length > LARGEST_ANSWER {
            return Err(LdapError::TooLong);
        }
        let begun = message.len();
        message.resize(length, 0);
        let rest = message.get_mut(begun..).ok_or(LdapError::NotLdap)?;
        self.stream.read_exact(rest).await?;
        Ok(messages::read(&message, id)?)
    }
}
