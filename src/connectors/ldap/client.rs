//! A connection to an LDAP server, and the requests on it.
//!
//! Decision: this room uses the filters and the escaping of ldap3, and a connection of its own instead of
//! ldap3's, because a response that is not LDAP makes ldap3 panic, a deeply nested one overflows the stack
//! and ends the process, nothing limits what it reads into memory, and it leaves the password in buffers
//! that are not wiped. There are only four requests. A message is read whole before it is decoded, and
//! nothing beyond it is read.

use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error_text::LdapError;
use super::messages::{BindReply, LdapEntry, LdapResponse, MessageId, ResultCode, SearchRequest};
use super::{LdapSetupError, ber, messages};
use crate::connectors::tls;
use crate::platform::config::{DirectoryServer, LdapTransport};

/// Resolving the name and connecting together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Of a response, in bytes. An entry with the requested attributes has about a kilobyte.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;
/// Messages of one search: entries and references to other servers.
const MAX_SEARCH_RESPONSES: usize = 32;

/// The address of an LDAP server, and its TLS configuration.
pub(super) struct LdapServer {
    address: DirectoryServer,
    /// `None` for a connection without TLS.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl LdapServer {
    /// `authorities`: certificates in PEM that replace the public roots.
    pub(super) fn new(
        address: DirectoryServer,
        authorities: Option<&[u8]>,
    ) -> Result<Self, LdapSetupError> {
        let tls = match address.transport {
            LdapTransport::Plain => None,
            LdapTransport::Tls | LdapTransport::StartTls => {
                let name =
                    ServerName::try_from(address.host.clone()).map_err(|_| LdapSetupError::Host)?;
                Some((connector(authorities)?, name))
            }
        };
        Ok(Self { address, tls })
    }

    /// Opens a connection, with TLS if configured.
    pub(super) async fn connect(&self) -> Result<LdapConnection, LdapError> {
        let endpoint = (self.address.host.as_str(), self.address.port);
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(endpoint)).await;
        let stream = connected.map_err(|_| LdapError::Timeout(CONNECT_TIMEOUT))??;
        stream.set_nodelay(true)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(LdapConnection::on(Box::new(stream)));
        };
        let stream = if self.address.transport == LdapTransport::StartTls {
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

/// Starts TLS on a plain connection (RFC 4511 §4.14). Nothing is read beyond the response, so bytes that an
/// attacker injects before the handshake cannot count as encrypted ones.
async fn start_tls(stream: TcpStream) -> Result<TcpStream, LdapError> {
    let mut connection = MessageStream { stream, last_id: 0 };
    let id = connection.next_id()?;
    connection
        .stream
        .write_all(&messages::start_tls(id))
        .await?;
    match connection.read_message(id).await? {
        LdapResponse::Extended(ResultCode::SUCCESS) => Ok(connection.stream),
        LdapResponse::Extended(code) => Err(LdapError::NoStartTls(code)),
        _ => Err(LdapError::NotLdap),
    }
}

fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, LdapSetupError> {
    let authorities = match authorities {
        None => tls::public_roots(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            tls::add_certificates(&mut roots, pem).map_err(|_| LdapSetupError::Authority)?;
            roots
        }
    };
    let config = tls::client_config(authorities, tls::ALL_VERSIONS)?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A byte stream in both directions, with or without TLS.
trait LdapStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> LdapStream for T {}

/// A connection with one request at a time.
pub(super) struct LdapConnection(MessageStream<Box<dyn LdapStream>>);

/// LDAP messages over a stream.
struct MessageStream<S> {
    stream: S,
    last_id: MessageId,
}

impl LdapConnection {
    fn on(stream: Box<dyn LdapStream>) -> Self {
        Self(MessageStream { stream, last_id: 0 })
    }

    /// A simple bind. The password must not be empty: a bind without one succeeds on every server, as an
    /// unauthenticated one (RFC 4513 §5.1.2).
    pub(super) async fn bind(&mut self, dn: &str, password: &str) -> Result<BindReply, LdapError> {
        let id = self.0.next_id()?;
        self.0
            .write_message(&messages::bind(id, dn, password))
            .await?;
        match self.0.read_message(id).await? {
            LdapResponse::Bind(reply) => Ok(reply),
            _ => Err(LdapError::NotLdap),
        }
    }

    /// The entries that a search found, and its result code. References to other servers are not followed:
    /// they could lead a bind with the password to any host.
    pub(super) async fn search(
        &mut self,
        search: &SearchRequest<'_>,
    ) -> Result<(Vec<LdapEntry>, ResultCode), LdapError> {
        let id = self.0.next_id()?;
        self.0.write_message(&messages::search(id, search)).await?;
        let mut entries = Vec::new();
        for _ in 0..MAX_SEARCH_RESPONSES {
            match self.0.read_message(id).await? {
                LdapResponse::Entry(entry) => entries.push(entry),
                LdapResponse::Reference => {}
                LdapResponse::Done(code) => return Ok((entries, code)),
                _ => return Err(LdapError::NotLdap),
            }
        }
        Err(LdapError::TooLong)
    }

    /// Closes the connection with an unbind request. Errors do not matter.
    pub(super) async fn close(mut self) {
        if let Ok(id) = self.0.next_id() {
            let _ = self.0.write_message(&messages::unbind(id)).await;
            let _ = self.0.stream.shutdown().await;
        }
    }
}

impl<S: LdapStream> MessageStream<S> {
    fn next_id(&mut self) -> Result<MessageId, LdapError> {
        // One byte of a positive number: a connection has a handful of requests.
        self.last_id = self
            .last_id
            .checked_add(1)
            .filter(|id| *id < 0x80)
            .ok_or(LdapError::TooLong)?;
        Ok(self.last_id)
    }

    async fn write_message(&mut self, message: &[u8]) -> Result<(), LdapError> {
        self.stream.write_all(message).await?;
        Ok(self.stream.flush().await?)
    }

    /// Reads the next message, and nothing beyond it.
    async fn read_message(&mut self, id: MessageId) -> Result<LdapResponse, LdapError> {
        let mut message = Vec::with_capacity(512);
        let length = loop {
            if let Some((start, length)) = ber::measure(&message)? {
                break start.checked_add(length).ok_or(LdapError::TooLong)?;
            }
            message.push(self.stream.read_u8().await?);
        };
        if length > MAX_RESPONSE_BYTES {
            return Err(LdapError::TooLong);
        }
        let header_length = message.len();
        message.resize(length, 0);
        let rest = message.get_mut(header_length..).ok_or(LdapError::NotLdap)?;
        self.stream.read_exact(rest).await?;
        Ok(messages::decode(&message, id)?)
    }
}
