//! One caller for each upstream: its address, its limits, and whom to trust. It says what was heard
//! and judges nothing; every way of getting no answer is [`ConnectorError::Unavailable`].
//!
//! Decision: each call has a connection of its own. Sign-ins are rare, a connection that was kept
//! holds what was sent over it in its buffers, and on a kept one a call could be sent twice.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use super::{ConnectorError, tls};
use crate::platform::config;

/// What reaching another machine may take of a call's time.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// Where an upstream is and what is asked of its answers.
#[derive(Debug, Clone)]
pub struct HttpEndpoint {
    /// `https://` anywhere, `http://` on loopback only. A path is kept in front of every call's.
    pub base: Url,
    /// A certificate in PEM to trust beside those that everybody trusts.
    pub authority: Option<Vec<u8>>,
    pub newest_tls: MaxTlsVersion,
    /// A whole call, from the first packet to the last byte of the answer.
    pub within: Duration,
    /// The greatest body that is listened to, in bytes.
    pub longest: usize,
    pub user_agent: String,
}

impl HttpEndpoint {
    /// With the limits that do for a page or a bit of JSON: 30 seconds, 2 MiB.
    pub fn of(base: Url) -> Self {
        Self {
            base,
            authority: None,
            newest_tls: MaxTlsVersion::Any,
            within: Duration::from_secs(30),
            longest: 2 << 20,
            user_agent: concat!("Profiles/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The newest version of TLS to offer. 1.2 is the oldest in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxTlsVersion {
    #[default]
    Any,
    /// For servers that break off when they are offered 1.3.
    V1_2,
}

/// Why an upstream cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    #[error("its address {0}")]
    Address(&'static str),
    #[error("the file holds no certificate in PEM")]
    Authority,
    #[error("the TLS library refuses: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the HTTP library refuses")]
    Http(#[source] reqwest::Error),
}

/// Why there was no answer. Names no address and quotes nobody, so it may stand in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    #[error("it does not answer in time")]
    Slow,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("its certificate is not to be trusted, or it speaks no TLS that we do")]
    Untrusted,
    #[error("it broke off in the middle")]
    BrokenOff,
    #[error("it says more than anybody would listen to")]
    TooLong,
}

impl From<HttpFailure> for ConnectorError {
    fn from(_: HttpFailure) -> Self {
        Self::Unavailable
    }
}

/// Calls one upstream and nobody else. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    http: reqwest::Client,
    slug: &'static str,
    base: Url,
    longest: usize,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.slug).finish()
    }
}

impl HttpClient {
    /// `slug` is the adapter's name in the log.
    pub fn new(slug: &'static str, reach: &HttpEndpoint) -> Result<Self, HttpSetupError> {
        config::check_base_url(&reach.base).map_err(HttpSetupError::Address)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(trust(reach)?)
            .https_only(reach.base.scheme() == "https")
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECTED_WITHIN.min(reach.within))
            .timeout(reach.within)
            .user_agent(&reach.user_agent)
            .build()
            .map_err(HttpSetupError::Http)?;
        Ok(Self {
            http,
            slug,
            base: reach.base.clone(),
            longest: reach.longest,
        })
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// `https://host:port` of the upstream, as its `Origin` header says it.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address of a path below the base; `path` begins with a slash and may carry a query.
    pub fn address(&self, path: &str) -> Url {
        let mut address = self.base.clone();
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let below = format!("{}{path}", self.base.path().trim_end_matches('/'));
        address.set_path(&below);
        address.set_query(query);
        address
    }

    /// Where a redirect leads that was heard at `from`; `None` if that is not this upstream.
    pub fn follow(&self, from: &Url, location: &str) -> Option<Url> {
        let to = from.join(location).ok()?;
        (to.origin() == self.base.origin()).then_some(to)
    }

    pub fn get(&self, path: &str) -> HttpRequest<'_> {
        self.call(Method::GET, self.address(path))
    }

    pub fn post(&self, path: &str) -> HttpRequest<'_> {
        self.call(Method::POST, self.address(path))
    }

    /// A request to an address that [`HttpClient::address`] or [`HttpClient::follow`] gave.
    pub fn call(&self, method: Method, address: Url) -> HttpRequest<'_> {
        HttpRequest {
            caller: self,
            method,
            address,
            headers: HeaderMap::new(),
            body: None,
            within: None,
        }
    }

    /// One line in the log, since [`ConnectorError::Unavailable`] does not say why.
    fn note(&self, why: HttpFailure) -> HttpFailure {
        tracing::warn!(upstream = self.slug, %why, "no answer from upstream");
        why
    }
}

/// Those that everybody trusts, and the one that was set.
fn trust(reach: &HttpEndpoint) -> Result<rustls::ClientConfig, HttpSetupError> {
    let mut authorities = tls::public_authorities();
    if let Some(pem) = &reach.authority {
        tls::trust(&mut authorities, pem).map_err(|_| HttpSetupError::Authority)?;
    }
    let versions: &[_] = match reach.newest_tls {
        MaxTlsVersion::Any => tls::ALL_VERSIONS,
        MaxTlsVersion::V1_2 => &[&rustls::version::TLS12],
    };
    Ok(tls::client(authorities, versions)?)
}

/// A request as it is put together. What it sends is wiped once it is sent.
pub struct HttpRequest<'a> {
    caller: &'a HttpClient,
    method: Method,
    address: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    within: Option<Duration>,
}

impl fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request(…)")
    }
}

impl HttpRequest<'_> {
    /// A value that no header can carry leaves the header out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    /// Less time than other calls have.
    #[must_use]
    pub fn within(mut self, span: Duration) -> Self {
        self.within = Some(span);
        self
    }

    /// `application/x-www-form-urlencoded`, in UTF-8.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        // Room for the worst case at once: a buffer that grows leaves a copy behind.
        let longest = fields
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.len()) + 2);
        let room = String::with_capacity(longest.sum());
        let mut form = url::form_urlencoded::Serializer::new(room);
        form.extend_pairs(fields);
        let body = Zeroizing::new(form.finish().into_bytes());
        self.body("application/x-www-form-urlencoded", body)
    }

    #[must_use]
    pub fn body(self, media_type: &'static str, body: Zeroizing<Vec<u8>>) -> Self {
        let mut call = self.header(header::CONTENT_TYPE, media_type);
        call.body = Some(body);
        call
    }

    /// Asks once.
    pub async fn send(self) -> Result<HttpResponse, HttpFailure> {
        let caller = self.caller;
        let mut request = caller.http.request(self.method, self.address.clone());
        request = request.headers(self.headers);
        if let Some(body) = self.body {
            request = request.body(Bytes::from_owner(body));
        }
        if let Some(within) = self.within {
            request = request.timeout(within);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| caller.note(silence(&error)))?;
        listen(answer, self.address, caller.longest)
            .await
            .map_err(|why| caller.note(why))
    }
}

/// Reads an answer to its end, or until it is too long.
async fn listen(
    mut answer: reqwest::Response,
    address: Url,
    longest: usize,
) -> Result<HttpResponse, HttpFailure> {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while let Some(piece) = answer.chunk().await.map_err(|error| silence(&error))? {
        length += piece.len();
        if length > longest {
            return Err(HttpFailure::TooLong);
        }
        pieces.push(piece);
    }
    // As much room as it takes, once: a buffer that grows leaves a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    for piece in pieces {
        body.extend_from_slice(&piece);
    }
    Ok(HttpResponse {
        status: answer.status(),
        headers: std::mem::take(answer.headers_mut()),
        body,
        address,
    })
}

fn silence(error: &reqwest::Error) -> HttpFailure {
    if error.is_timeout() {
        HttpFailure::Slow
    } else if is_of_tls(error) {
        HttpFailure::Untrusted
    } else if error.is_connect() {
        HttpFailure::Unreachable
    } else {
        HttpFailure::BrokenOff
    }
}

/// Whether TLS is at the bottom of it. An `io::Error` does not name what it wraps as its source.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| is_of_tls(inner))
        || error.source().is_some_and(is_of_tls)
}

/// What was answered, whatever it says. Its body is wiped when it is dropped, and it does not print.
pub struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
    /// What was called.
    pub address: Url,
}

impl HttpResponse {
    /// The body as text, whatever its media type; what is no UTF-8 is replaced.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// The value of a header that is there once and is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then_some(value)?.to_str().ok()
    }

    /// Where it sends us, if it is a redirect.
    pub fn location(&self) -> Option<&str> {
        let is_redirect = matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        is_redirect.then(|| self.header(&header::LOCATION))?
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Response").field(&self.status).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Says the same to everybody, then `after` that closes; and gives what it was asked first.
    async fn parrot(
        says: Vec<u8>,
        after: Duration,
    ) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut room = vec![0; 4096];
            let read = stream.read(&mut room).await.unwrap();
            let _ = stream.write_all(&says).await;
            tokio::time::sleep(after).await;
            String::from_utf8_lossy(&room[..read]).into_owned()
        });
        (address, asked)
    }

    fn caller(base: &str, change: impl FnOnce(&mut HttpEndpoint)) -> HttpClient {
        let mut reach = HttpEndpoint::of(base.parse().unwrap());
        change(&mut reach);
        HttpClient::new("test", &reach).unwrap()
    }

    #[tokio::test]
    async fn what_is_said_is_heard_and_a_redirect_is_not_followed() {
        let says =
            b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 2\r\n\r\nok".to_vec();
        let (address, asked) = parrot(says, Duration::ZERO).await;
        let caller = caller(&format!("http://{address}/api/"), |_| {});

        let call = caller.post("/here?a=b").form(&[("password", "&=+% \"ü")]);
        let heard = call.send().await.unwrap();
        assert_eq!(heard.status, 302);
        assert_eq!(heard.location(), Some("/there"));
        assert_eq!(heard.text().as_str(), "ok");

        let asked = asked.await.unwrap();
        assert!(
            asked.starts_with("POST /api/here?a=b HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(
            asked.ends_with("\r\npassword=%26%3D%2B%25+%22%C3%BC"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn nobody_there_is_unavailable() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let why = caller(&base, |_| {}).get("/").send().await.unwrap_err();
        assert_eq!(why, HttpFailure::Unreachable);
        assert!(matches!(why.into(), ConnectorError::Unavailable));
    }

    #[tokio::test]
    async fn what_comes_too_late_too_long_or_in_half_is_no_answer() {
        let cases: [(&[u8], u64, HttpFailure); 4] = [
            (b"", 5, HttpFailure::Slow),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
                5,
                HttpFailure::Slow,
            ),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
                0,
                HttpFailure::BrokenOff,
            ),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789",
                5,
                HttpFailure::TooLong,
            ),
        ];
        for (says, after, expected) in cases {
            let (address, _asked) = parrot(says.to_vec(), Duration::from_secs(after)).await;
            let caller = caller(&format!("http://{address}"), short);
            assert_eq!(caller.get("/").send().await.unwrap_err(), expected);
        }
    }

    fn short(reach: &mut HttpEndpoint) {
        reach.within = Duration::from_millis(300);
        reach.longest = 8;
    }

    #[tokio::test]
    async fn a_server_without_tls_is_not_spoken_to() {
        let (address, _asked) = parrot(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Duration::ZERO).await;
        let caller = caller(&format!("https://{address}"), |_| {});
        assert_eq!(
            caller.get("/").send().await.unwrap_err(),
            HttpFailure::Untrusted
        );
    }

    #[test]
    fn nobody_is_called_in_the_clear_but_this_machine() {
        let base = "http://erp.example".parse().unwrap();
        let refused = HttpClient::new("test", &HttpEndpoint::of(base));
        assert!(matches!(refused, Err(HttpSetupError::Address(_))));
    }

    #[test]
    fn only_the_upstream_itself_is_followed() {
        let caller = caller("https://erp.example", |_| {});
        let from = caller.address("/one/two");
        let follow = |to: &str| caller.follow(&from, to).map(String::from);
        assert_eq!(
            follow("three").as_deref(),
            Some("https://erp.example/one/three")
        );
        assert_eq!(
            follow("/four?a=b").as_deref(),
            Some("https://erp.example/four?a=b")
        );
        assert_eq!(
            follow("https://erp.example:443/"),
            Some("https://erp.example/".to_owned())
        );
        for elsewhere in [
            "//evil.example/",
            "http://erp.example/",
            "https://erp.example:444/",
            "https://erp.example@evil.example/",
            "javascript:alert(1)",
        ] {
            assert_eq!(follow(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn an_authority_is_a_certificate() {
        let mut reach = HttpEndpoint::of("https://erp.example".parse().unwrap());
        reach.authority = Some(b"no certificate".to_vec());
        assert!(matches!(
            HttpClient::new("test", &reach),
            Err(HttpSetupError::Authority)
        ));
    }
}
