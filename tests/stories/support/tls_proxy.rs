//! Sites with names and TLS for browsers: a proxy that forwards `https://name/` to the port on this machine
//! registered for the name, with certificates of an authority that only these browsers trust.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// The proxy, which knows the port of every site.
#[derive(Clone)]
pub struct TlsProxy {
    /// The port of the proxy.
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    authority: CertifiedIssuer<'static, KeyPair>,
    sites: Mutex<HashMap<String, u16>>,
}

impl TlsProxy {
    pub async fn opens() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let shared = Arc::new(Shared {
            authority,
            sites: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            shared,
        };
        let own = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.serve(stream).await });
            }
        });
        proxy
    }

    /// Registers a name for a port.
    pub fn names(&self, name: &str, port: u16) {
        self.shared
            .sites
            .lock()
            .unwrap()
            .insert(name.to_owned(), port);
    }

    /// The authority's certificate, as base64 of its DER form.
    pub fn authority(&self) -> String {
        STANDARD.encode(self.shared.authority.der())
    }

    /// The SHA-256 hash of the authority's public key, by which Chromium trusts it.
    pub fn authority_fingerprint(&self) -> String {
        let key = self.shared.authority.key().subject_public_key_info();
        STANDARD.encode(Sha256::digest(key))
    }

    /// Serves one `CONNECT name:443` request.
    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut requested = Vec::new();
        while !requested.ends_with(b"\r\n\r\n") {
            requested.push(stream.read_u8().await.ok()?);
        }
        let requested = String::from_utf8(requested).ok()?;
        let name = requested
            .strip_prefix("CONNECT ")?
            .split(':')
            .next()?
            .to_owned();
        let port = self.shared.sites.lock().unwrap().get(&name).copied();
        let Some(port) = port else {
            stream
                .write_all(b"HTTP/1.1 502 Nobody\r\n\r\n")
                .await
                .ok()?;
            return None;
        };
        stream.write_all(b"HTTP/1.1 200 Here\r\n\r\n").await.ok()?;
        let mut there = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut own = self.acceptor_for(&name).accept(stream).await.ok()?;
        tokio::io::copy_bidirectional(&mut own, &mut there)
            .await
            .ok()?;
        Some(())
    }

    fn acceptor_for(&self, name: &str) -> TlsAcceptor {
        let authority = &self.shared.authority;
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let own = params.signed_by(&key, authority).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![
            own.der().clone(),
            CertificateDer::from(authority.der().to_vec()),
        ];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A site with a few pages, which records its requests.
#[derive(Clone)]
pub struct Site {
    pub name: String,
    shared: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    pages: HashMap<String, (HeaderMap, String)>,
    requested: Vec<Uri>,
}

impl Site {
    pub async fn opens(proxy: &TlsProxy, name: &str) -> Self {
        let shared: Arc<Mutex<Pages>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        proxy.names(name, listener.local_addr().unwrap().port());
        let routes = Router::new().fallback(show).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            name: name.to_owned(),
            shared,
        }
    }

    /// Serves a page or another file from now on, with additional headers (`name: value`).
    pub fn shows(&self, path: &str, headers: &[&str], text: &str) {
        let mut map = HeaderMap::new();
        for line in headers {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        let page = (map, text.to_owned());
        self.shared
            .lock()
            .unwrap()
            .pages
            .insert(path.to_owned(), page);
    }

    pub fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.name)
    }

    /// The requested addresses of `path` so far.
    pub fn visits(&self, path: &str) -> Vec<Url> {
        let requested = self.shared.lock().unwrap().requested.clone();
        let requested = requested.iter().filter(|uri| uri.path() == path);
        requested
            .map(|uri| Url::parse(&self.at(&uri.to_string())).unwrap())
            .collect()
    }
}

async fn show(State(pages): State<Arc<Mutex<Pages>>>, uri: Uri) -> Response {
    let mut pages = pages.lock().unwrap();
    let found = pages.pages.get(uri.path()).cloned();
    pages.requested.push(uri);
    match found {
        Some((headers, text)) => (headers, Html(text)).into_response(),
        None => Html("<!doctype html><link rel=icon href=data:,><p>Nothing here").into_response(),
    }
}
