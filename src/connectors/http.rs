//! The HTTP client of connectors, one per upstream, with its base address, its limits and its trusted
//! certificates. It returns every response as it is; a request without a response is
//! [`ConnectorError::Unavailable`].
//!
//! Decision: each request opens a connection of its own instead of one from a pool, because logins are
//! rare, an idle connection keeps what was sent in its buffers, and a request on a reused connection
//! could be sent twice.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;
use zeroize::Zeroizing;

use super::{ConnectorError, tls};
use crate::platform::config;

/// The part of the time limit for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The address of an upstream, and the limits of its responses.
#[derive(Debug, Clone)]
pub struct HttpEndpoint {
    /// `https://`, or `http://` on loopback. The path of each request is appended to its path.
    pub base: Url,
    /// Certificates in PEM to trust in addition to the public roots.
    pub authority: Option<Vec<u8>>,
    pub newest_tls: MaxTlsVersion,
    /// The time limit of a request, from connecting to the last byte of the response.
    pub within: Duration,
    /// The largest response body, in bytes.
    pub longest: usize,
    pub user_agent: String,
}

impl HttpEndpoint {
    /// With limits for pages and small JSON: 30 seconds, 2 MiB.
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

/// The newest TLS version to offer. 1.2 is always the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxTlsVersion {
    #[default]
    Any,
    /// For servers that abort the handshake when 1.3 is offered.
    V1_2,
}

/// Why the client cannot be built.
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

/// Why there was no response. It contains no address and no quotation, so it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    #[error("it does not answer in time")]
    Timeout,
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

/// An HTTP client for one upstream. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    http: reqwest::Client,
    slug: &'static str,
    base: Url,
    longest: usize,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpClient").field(&self.slug).finish()
    }
}

impl HttpClient {
    /// `slug` is the connector's name in the log.
    pub fn new(slug: &'static str, endpoint: &HttpEndpoint) -> Result<Self, HttpSetupError> {
        config::check_base_url(&endpoint.base).map_err(HttpSetupError::Address)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(endpoint)?)
            .https_only(endpoint.base.scheme() == "https")
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT.min(endpoint.within))
            .timeout(endpoint.within)
            .user_agent(&endpoint.user_agent)
            .build()
            .map_err(HttpSetupError::Http)?;
        Ok(Self {
            http,
            slug,
            base: endpoint.base.clone(),
            longest: endpoint.longest,
        })
    }

    pub fn base(&self) -> &Url {
        &self.base
    }

    /// `https://host:port` of the upstream, as in an `Origin` header.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address of a path below the base. `path` begins with a slash and may contain a query.
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

    /// The target of a redirect that came from `from`. `None` if it is not on this upstream.
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
            client: self,
            method,
            address,
            headers: HeaderMap::new(),
            body: None,
            within: None,
        }
    }

    /// Logs the cause, which [`ConnectorError::Unavailable`] does not contain.
    fn log_failure(&self, reason: HttpFailure) -> HttpFailure {
        tracing::warn!(upstream = self.slug, %reason, "no answer from upstream");
        reason
    }
}

/// Trusts the public roots and the configured certificates.
fn tls_config(endpoint: &HttpEndpoint) -> Result<rustls::ClientConfig, HttpSetupError> {
    let mut roots = tls::public_roots();
    if let Some(pem) = &endpoint.authority {
        tls::add_certificates(&mut roots, pem).map_err(|_| HttpSetupError::Authority)?;
    }
    let versions: &[_] = match endpoint.newest_tls {
        MaxTlsVersion::Any => tls::ALL_VERSIONS,
        MaxTlsVersion::V1_2 => &[&rustls::version::TLS12],
    };
    Ok(tls::client_config(roots, versions)?)
}

/// A request before it is sent. Its body is wiped after sending.
pub struct HttpRequest<'a> {
    client: &'a HttpClient,
    method: Method,
    address: Url,
    headers: HeaderMap,
    body: Option<Zeroizing<Vec<u8>>>,
    within: Option<Duration>,
}

impl fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpRequest(…)")
    }
}

impl HttpRequest<'_> {
    /// Omits the header if the value is invalid in a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    /// A shorter time limit than that of the endpoint.
    #[must_use]
    pub fn within(mut self, span: Duration) -> Self {
        self.within = Some(span);
        self
    }

    /// `application/x-www-form-urlencoded`, in UTF-8.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        // The full capacity at once: a buffer that grows leaves a copy behind that is not wiped.
        let lengths = fields
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.len()) + 2);
        let buffer = String::with_capacity(lengths.sum());
        let mut form = url::form_urlencoded::Serializer::new(buffer);
        form.extend_pairs(fields);
        let body = Zeroizing::new(form.finish().into_bytes());
        self.body("application/x-www-form-urlencoded", body)
    }

    #[must_use]
    pub fn body(self, media_type: &'static str, body: Zeroizing<Vec<u8>>) -> Self {
        let mut request = self.header(header::CONTENT_TYPE, media_type);
        request.body = Some(body);
        request
    }

    /// Sends it once, without retries.
    pub async fn send(self) -> Result<HttpResponse, HttpFailure> {
        let client = self.client;
        let mut request = client.http.request(self.method, self.address.clone());
        request = request.headers(self.headers);
        if let Some(body) = self.body {
            request = request.body(Bytes::from_owner(body));
        }
        if let Some(within) = self.within {
            request = request.timeout(within);
        }
        let response = request.send().await;
        let response = response.map_err(|error| client.log_failure(classify(&error)))?;
        read_response(response, self.address, client.longest)
            .await
            .map_err(|reason| client.log_failure(reason))
    }
}

/// Reads a response to its end, or until it is too long.
async fn read_response(
    mut response: reqwest::Response,
    address: Url,
    longest: usize,
) -> Result<HttpResponse, HttpFailure> {
    let (mut chunks, mut length) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        length += chunk.len();
        if length > longest {
            return Err(HttpFailure::TooLong);
        }
        chunks.push(chunk);
    }
    // The full capacity at once: a buffer that grows leaves a copy behind that is not wiped.
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    for chunk in chunks {
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
        address,
    })
}

fn classify(error: &reqwest::Error) -> HttpFailure {
    if error.is_timeout() {
        HttpFailure::Timeout
    } else if is_tls_error(error) {
        HttpFailure::Untrusted
    } else if error.is_connect() {
        HttpFailure::Unreachable
    } else {
        HttpFailure::BrokenOff
    }
}

/// Whether the cause is a TLS error. An `io::Error` does not return the error it wraps as its source.
fn is_tls_error(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| is_tls_error(inner))
        || error.source().is_some_and(is_tls_error)
}

/// A response of any status. Its body is wiped when it is dropped, and is never printed.
pub struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
    /// The address of the request.
    pub address: Url,
}

impl HttpResponse {
    /// The body as text, for any media type. Invalid UTF-8 is replaced.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.body).into_owned())
    }

    /// The value of a header that occurs once and is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then_some(value)?.to_str().ok()
    }

    /// The `Location`, if it is a redirect.
    pub fn location(&self) -> Option<&str> {
        let is_redirect = matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308);
        is_redirect.then(|| self.header(&header::LOCATION))?
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpResponse").field(&self.status).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that sends `response` to one client and closes after `delay`. Returns the request.
    async fn fixed_server(
        response: Vec<u8>,
        delay: Duration,
    ) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            let _ = stream.write_all(&response).await;
            tokio::time::sleep(delay).await;
            String::from_utf8_lossy(&buffer[..read]).into_owned()
        });
        (address, request)
    }

    fn client(base: &str, change: impl FnOnce(&mut HttpEndpoint)) -> HttpClient {
        let mut endpoint = HttpEndpoint::of(base.parse().unwrap());
        change(&mut endpoint);
        HttpClient::new("test", &endpoint).unwrap()
    }

    #[tokio::test]
    async fn a_response_is_read_and_a_redirect_is_not_followed() {
        let response =
            b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 2\r\n\r\nok".to_vec();
        let (address, request) = fixed_server(response, Duration::ZERO).await;
        let client = client(&format!("http://{address}/api/"), |_| {});

        let call = client.post("/here?a=b").form(&[("password", "&=+% \"ü")]);
        let response = call.send().await.unwrap();
        assert_eq!(response.status, 302);
        assert_eq!(response.location(), Some("/there"));
        assert_eq!(response.text().as_str(), "ok");

        let request = request.await.unwrap();
        assert!(
            request.starts_with("POST /api/here?a=b HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.ends_with("\r\npassword=%26%3D%2B%25+%22%C3%BC"),
            "{request}"
        );
    }

    #[tokio::test]
    async fn a_closed_port_is_unavailable() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let reason = client(&base, |_| {}).get("/").send().await.unwrap_err();
        assert_eq!(reason, HttpFailure::Unreachable);
        assert!(matches!(reason.into(), ConnectorError::Unavailable));
    }

    #[tokio::test]
    async fn a_late_long_or_incomplete_response_is_a_failure() {
        let cases: [(&[u8], u64, HttpFailure); 4] = [
            (b"", 5, HttpFailure::Timeout),
            (
                b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
                5,
                HttpFailure::Timeout,
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
        for (response, delay, expected) in cases {
            let (address, _request) =
                fixed_server(response.to_vec(), Duration::from_secs(delay)).await;
            let client = client(&format!("http://{address}"), short);
            assert_eq!(client.get("/").send().await.unwrap_err(), expected);
        }
    }

    fn short(endpoint: &mut HttpEndpoint) {
        endpoint.within = Duration::from_millis(300);
        endpoint.longest = 8;
    }

    #[tokio::test]
    async fn a_server_without_tls_is_not_trusted() {
        let (address, _request) =
            fixed_server(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Duration::ZERO).await;
        let client = client(&format!("https://{address}"), |_| {});
        assert_eq!(
            client.get("/").send().await.unwrap_err(),
            HttpFailure::Untrusted
        );
    }

    #[test]
    fn only_loopback_may_be_called_without_tls() {
        let base = "http://erp.example".parse().unwrap();
        let refused = HttpClient::new("test", &HttpEndpoint::of(base));
        assert!(matches!(refused, Err(HttpSetupError::Address(_))));
    }

    #[test]
    fn only_redirects_on_the_upstream_are_followed() {
        let client = client("https://erp.example", |_| {});
        let from = client.address("/one/two");
        let follow = |to: &str| client.follow(&from, to).map(String::from);
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
    fn an_authority_has_to_be_a_certificate() {
        let mut endpoint = HttpEndpoint::of("https://erp.example".parse().unwrap());
        endpoint.authority = Some(b"no certificate".to_vec());
        assert!(matches!(
            HttpClient::new("test", &endpoint),
            Err(HttpSetupError::Authority)
        ));
    }
}
