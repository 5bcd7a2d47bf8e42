//! A running simulator: its address, the log of requests, and its faults.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::authority::Authority;
use super::{HangUp, Watch, fault};

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Site {
    /// `http://127.0.0.1:PORT`, or `https://…`.
    pub origin: String,
    pub address: SocketAddr,
    pub watch: Watch,
    serving: JoinSet<()>,
}

impl Site {
    /// Listens on a loopback port, with TLS if there is an authority to issue a certificate.
    pub async fn opens(
        at: SocketAddr,
        authority: Option<&Authority>,
        watch: Watch,
        router: Router,
    ) -> Self {
        let names = ["127.0.0.1", "localhost"];
        let tls = authority.map(|authority| authority.config(&names, false));
        Self::opens_with(at, tls, watch, router).await
    }

    /// The same with a given TLS configuration.
    pub async fn opens_with(
        at: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        watch: Watch,
        router: Router,
    ) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let house = House {
            router,
            watch: watch.clone(),
        };
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, tls, house));
        Self {
            origin: format!("{scheme}://{address}"),
            address,
            watch,
            serving,
        }
    }

    /// Waits for the server, which does not end.
    pub async fn ends(mut self) {
        self.serving.join_next().await;
    }
}

#[derive(Clone)]
struct House {
    router: Router,
    watch: Watch,
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, house: House) {
    let tls = tls.map(TlsAcceptor::from);
    // Dropping this task drops every connection.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let (tls, house) = (tls.clone(), house.clone());
        connections.spawn(async move {
            let Some(tls) = tls else {
                return serve(stream, house).await;
            };
            // A client that does not trust the certificate closes the connection.
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, house).await;
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, house: House) {
    let service = tower::service_fn(move |request| answer(house.clone(), request));
    let server = Builder::new(TokioExecutor::new());
    let io = TokioIo::new(stream);
    // The client's reason for closing does not matter.
    let _ = server
        .serve_connection(io, TowerToHyperService::new(service))
        .await;
}

async fn answer<B>(mut house: House, request: Request<B>) -> io::Result<Response<Body>>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), 1 << 20).await;
    let body = body.map_err(io::Error::other)?;
    house.watch.requests.note(&head, &body);
    let (path, address) = (head.uri.path().to_owned(), head.uri.to_string());
    let asked = Request::from_parts(head, Body::from(body));
    let answered: Result<_, Infallible> = house.router.call(asked).await;
    let Ok(mut answer) = answered;
    if let Some(fault) = house.watch.faults.of(&path) {
        answer = fault::spoil(fault, &address, answer).await;
    }
    if answer.extensions().get::<HangUp>().is_some() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(answer)
}
