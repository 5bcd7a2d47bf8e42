//! The HTTP server: accepts connections and serves HTTP/1.1 and HTTP/2 until it is stopped. It closes connections
//! of clients that send nothing, send too slowly, or do not read the response. How long a handler may take is up
//! to the handler.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use nix::sys::resource::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::{Service, ServiceExt};

/// How long a client may take for its headers, and how long a connection may be idle (slowloris). Longer than the
/// keep-alive of usual proxies, so that they close connections first.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a client may pause while it reads a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(75);
/// File handles reserved for the database, pictures and mail.
const RESERVED_HANDLES: u64 = 64;
/// How long current requests may take when the program stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after a failed accept, usually because no file handle is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const MAX_HEADERS: usize = 100;
const MAX_STREAMS: u32 = 100;

/// Limits of connections.
#[derive(Debug, Clone, Copy)]
struct ConnectionLimits {
    header_timeout: Duration,
    write_timeout: Duration,
    /// The maximum number of connections; further ones wait.
    max_connections: usize,
}

/// Serves until `stop`, then finishes the current requests.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let limits = ConnectionLimits {
        header_timeout: HEADER_TIMEOUT,
        write_timeout: WRITE_TIMEOUT,
        max_connections: max_connections(),
    };
    serve_on(limits, listener, router, stop).await;
}

/// The number of open files allowed (`ulimit -n`), minus reserved handles.
fn max_connections() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(files, _)| files);
    let kept = RESERVED_HANDLES.max(files / 10).min(files / 2);
    usize::try_from(files - kept).map_or(Semaphore::MAX_PERMITS, |most| {
        most.clamp(1, Semaphore::MAX_PERMITS)
    })
}

async fn serve_on(
    limits: ConnectionLimits,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let next = async || {
        // The semaphore is never closed.
        let permit = Arc::clone(&permits).acquire_owned().await.ok();
        (permit, listener.accept().await)
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let (permit, accepted) = tokio::select! {
            next = next() => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok(accepted) => serve_connection(accepted, permit, limits, router.clone(), &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping");
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were not finished in time");
    }
}

fn serve_connection(
    (stream, peer): (TcpStream, SocketAddr),
    permit: Option<OwnedSemaphorePermit>,
    limits: ConnectionLimits,
    router: Router,
    graceful: &GracefulShutdown,
) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_timeout));
    let mut connections = router.into_make_service_with_connect_info::<SocketAddr>();
    let made = connections.call(peer);
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let _permit = permit;
        let Ok(service) = made.await;
        let asked = Arc::new(Notify::new());
        let first = Arc::clone(&asked);
        let service = service.map_request(move |request: Request<_>| {
            first.notify_one();
            request
        });
        let mut server = Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_headers(MAX_HEADERS);
        server
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.header_timeout)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(64 * 1024);
        let stream = TokioIo::new(Box::pin(stream));
        let connection = server.serve_connection(stream, TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(watcher.watch(connection.into_owned()));
        // hyper's timeouts start only when the HTTP version is known.
        let in_time = tokio::select! {
            _ = &mut connection => return,
            in_time = tokio::time::timeout(limits.header_timeout, asked.notified()) => in_time,
        };
        if in_time.is_ok() {
            // Errors of the connection are the client's.
            let _ = connection.await;
        }
    });
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;

    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits {
        header_timeout: Duration::from_millis(400),
        write_timeout: Duration::from_millis(400),
        max_connections: 100,
    };
    /// Generous, for a busy machine.
    const SOON: Duration = Duration::from_secs(20);

    async fn server(limits: ConnectionLimits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = async || {
            tokio::time::sleep(3 * LIMITS.header_timeout).await;
            "slowly"
        };
        let much = async || Body::from(vec![b'x'; 64 * 1024 * 1024]);
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/slowly", get(slowly))
            .route("/much", get(much));
        tokio::spawn(serve_on(limits, listener, router, std::future::pending()));
        address
    }

    /// Reads until the server closes the connection.
    async fn all(stream: &mut TcpStream) -> String {
        let mut heard = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut heard)).await;
        assert!(read.is_ok(), "never disconnected");
        String::from_utf8(heard).unwrap()
    }

    async fn asks(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        all(&mut stream).await
    }

    #[tokio::test]
    async fn a_silent_client_is_disconnected() {
        let address = server(LIMITS).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        assert_eq!(all(&mut silent).await, "");
        // The first byte of HTTP/2's preface, and of every PUT, POST and PATCH.
        let mut one_byte = TcpStream::connect(address).await.unwrap();
        one_byte.write_all(b"P").await.unwrap();
        assert_eq!(all(&mut one_byte).await, "");
    }

    #[tokio::test]
    async fn a_slow_client_is_disconnected() {
        let address = server(LIMITS).await;
        let mut drip = TcpStream::connect(address).await.unwrap();
        let began = Instant::now();
        let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".iter().cycle();
        while let Some(byte) = preface.next()
            && drip.write_all(&[*byte]).await.is_ok()
        {
            assert!(began.elapsed() < SOON, "never disconnected");
            tokio::time::sleep(LIMITS.header_timeout / 4).await;
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_disconnected() {
        let limits = ConnectionLimits {
            max_connections: 1,
            ..LIMITS
        };
        let address = server(limits).await;
        let mut deaf = TcpStream::connect(address).await.unwrap();
        deaf.write_all(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        // Only one connection is allowed, so this is served after the other was closed.
        assert!(asks(address, "/").await.ends_with("here"));
    }

    #[tokio::test]
    async fn a_slow_handler_is_not_interrupted() {
        let address = server(LIMITS).await;
        assert!(asks(address, "/slowly").await.ends_with("slowly"));
    }

    #[tokio::test]
    async fn a_connection_above_the_limit_waits() {
        let limits = ConnectionLimits {
            max_connections: 2,
            ..LIMITS
        };
        let address = server(limits).await;
        let _silent = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let began = Instant::now();
        assert!(asks(address, "/").await.ends_with("here"));
        assert!(began.elapsed() > LIMITS.header_timeout / 2);
    }
}
