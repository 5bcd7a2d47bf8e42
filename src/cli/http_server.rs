//! The HTTP server: accepts connections and serves HTTP/1.1 and HTTP/2 until it is stopped. It closes connections
//! of clients that send nothing, send too slowly, or do not read the response. How long a handler may take is up
//! to the handler.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use nix::sys::resource::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::{Service, ServiceExt};

use crate::platform::web::network_of;

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
/// Request line and headers. Authorization requests and the cookies of a campus domain are a few KiB.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_STREAMS: u32 = 100;
/// Bytes of a response that wait for the client, per stream of HTTP/2.
const MAX_UNSENT_BYTES: usize = 64 * 1024;
/// The share of the connections that one address may hold if it reaches the port directly.
const SHARE_OF_ONE_ADDRESS: usize = 4;

/// Limits of connections.
#[derive(Debug, Clone, Copy)]
struct ConnectionLimits {
    header_timeout: Duration,
    write_timeout: Duration,
    /// The maximum number of connections; further ones wait.
    max_connections: usize,
    /// The maximum number of connections of one address; further ones are closed.
    max_per_address: usize,
}

/// Serves until `stop`, then finishes the current requests. Connections of `proxies` and of this machine carry
/// many visitors, so their number is not limited per address.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: Vec<IpNet>,
    stop: impl Future<Output = ()>,
) {
    let max_connections = max_connections();
    let limits = ConnectionLimits {
        header_timeout: HEADER_TIMEOUT,
        write_timeout: WRITE_TIMEOUT,
        max_connections,
        max_per_address: (max_connections / SHARE_OF_ONE_ADDRESS).max(1),
    };
    let is_exempt = |address: IpAddr| {
        address.is_loopback() || proxies.iter().any(|network| network.contains(&address))
    };
    serve_on(limits, listener, router, is_exempt, stop).await;
}

/// The number of open connections by address.
#[derive(Debug, Clone, Default)]
struct ConnectionCounts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Counts a connection until it is dropped.
struct ConnectionGuard {
    counts: ConnectionCounts,
    address: IpAddr,
}

impl ConnectionCounts {
    /// None if the address has as many connections as it may.
    fn begin(&self, address: IpAddr, most: usize) -> Option<ConnectionGuard> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(ConnectionGuard {
            counts: self.clone(),
            address,
        })
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.address);
            }
        }
    }
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
    is_exempt: impl Fn(IpAddr) -> bool,
    stop: impl Future<Output = ()>,
) {
    let counts = ConnectionCounts::default();
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
            Ok((stream, peer)) => {
                let address = peer.ip().to_canonical();
                let most = if is_exempt(address) {
                    usize::MAX
                } else {
                    limits.max_per_address
                };
                // Without a guard the connection is closed here.
                if let Some(guard) = counts.begin(network_of(address), most) {
                    let held = (permit, guard);
                    serve_connection((stream, peer), held, limits, router.clone(), &graceful);
                }
            }
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
    held: (Option<OwnedSemaphorePermit>, ConnectionGuard),
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
        let _held = held;
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
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS);
        server
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(limits.header_timeout)
            .max_concurrent_streams(MAX_STREAMS)
            .max_send_buf_size(MAX_UNSENT_BYTES)
            .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX));
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
        max_per_address: 100,
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
        let is_exempt = |_| false;
        tokio::spawn(serve_on(
            limits,
            listener,
            router,
            is_exempt,
            std::future::pending(),
        ));
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
    async fn a_connection_above_the_limit_of_its_address_is_closed() {
        let limits = ConnectionLimits {
            max_per_address: 1,
            ..LIMITS
        };
        let address = server(limits).await;
        let first = TcpStream::connect(address).await.unwrap();
        assert_eq!(asks_or_fails(address).await, None);
        drop(first);
        // The number goes down as soon as the server sees that the first one has gone.
        let began = Instant::now();
        while asks_or_fails(address).await.is_none() {
            assert!(began.elapsed() < SOON, "never served again");
        }
    }

    /// None if the server closed the connection without an answer.
    async fn asks_or_fails(address: SocketAddr) -> Option<String> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.ok()?;
        Some(heard).filter(|heard| heard.ends_with("here"))
    }

    #[tokio::test]
    async fn headers_above_the_limit_are_refused() {
        let address = server(LIMITS).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let long = "x".repeat(MAX_HEADER_BYTES);
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
        let _ = stream.write_all(request.as_bytes()).await;
        let mut heard = Vec::new();
        let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut heard)).await;
        assert!(!String::from_utf8_lossy(&heard).contains("200 OK"));
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
