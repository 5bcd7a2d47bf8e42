//! Takes connections and serves them, HTTP/1.1 and HTTP/2, until told to stop. Whoever says nothing,
//! says it too slowly or does not read the answer is hung up on; how long an answer is worked on is
//! its handler's affair.

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

/// A client that takes longer for its headers, or keeps an idle connection longer, is hung up on
/// (slow loris). More than the keep-alive of usual proxies, so that they hang up first.
const HEADERS_WITHIN: Duration = Duration::from_secs(75);
/// A client that takes nothing of an answer for so long is hung up on.
const READS_WITHIN: Duration = Duration::from_secs(75);
/// File handles kept for the database, pictures and mail when connections take all others.
const HANDLES_KEPT: u64 = 64;
/// How long answers that were begun may take when the program is told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(30);
/// After a failed accept: most often there are no file handles left, and some come back.
const BREATH: Duration = Duration::from_millis(100);
const MOST_HEADERS: usize = 100;
const MOST_STREAMS: u32 = 100;

/// What is asked of those who connect.
#[derive(Debug, Clone, Copy)]
struct ConnectionLimits {
    headers_within: Duration,
    reads_within: Duration,
    /// How many may be connected at once; the next ones wait to be taken.
    at_once: usize,
}

/// Serves until `stop`, then finishes what it is answering.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let terms = ConnectionLimits {
        headers_within: HEADERS_WITHIN,
        reads_within: READS_WITHIN,
        at_once: most_connections(),
    };
    serve_on(terms, listener, router, stop).await;
}

/// As many as there may be open files (`ulimit -n`), less those that are needed to answer.
fn most_connections() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(files, _)| files);
    let kept = HANDLES_KEPT.max(files / 10).min(files / 2);
    usize::try_from(files - kept).map_or(Semaphore::MAX_PERMITS, |most| {
        most.clamp(1, Semaphore::MAX_PERMITS)
    })
}

async fn serve_on(
    terms: ConnectionLimits,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(terms.at_once));
    let next = async || {
        // Never closed, so there is always a seat in the end.
        let seat = Arc::clone(&seats).acquire_owned().await.ok();
        (seat, listener.accept().await)
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let (seat, accepted) = tokio::select! {
            next = next() => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok(accepted) => answer(accepted, seat, terms, router.clone(), &graceful),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping");
    if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some answers were not finished in time");
    }
}

fn answer(
    (stream, peer): (TcpStream, SocketAddr),
    seat: Option<OwnedSemaphorePermit>,
    terms: ConnectionLimits,
    router: Router,
    graceful: &GracefulShutdown,
) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(terms.reads_within));
    let mut connections = router.into_make_service_with_connect_info::<SocketAddr>();
    let made = connections.call(peer);
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let _seat = seat;
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
            .header_read_timeout(terms.headers_within)
            .max_headers(MOST_HEADERS);
        server
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(terms.headers_within)
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(64 * 1024);
        let stream = TokioIo::new(Box::pin(stream));
        let connection = server.serve_connection(stream, TowerToHyperService::new(service));
        let mut connection = std::pin::pin!(watcher.watch(connection.into_owned()));
        // The limits of HTTP begin only when it is known which HTTP is spoken.
        let in_time = tokio::select! {
            _ = &mut connection => return,
            in_time = tokio::time::timeout(terms.headers_within, asked.notified()) => in_time,
        };
        if in_time.is_ok() {
            // Why a client hung up is its own affair.
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

    const TERMS: ConnectionLimits = ConnectionLimits {
        headers_within: Duration::from_millis(400),
        reads_within: Duration::from_millis(400),
        at_once: 100,
    };
    /// For a machine that has much else to do.
    const SOON: Duration = Duration::from_secs(20);

    async fn server(terms: ConnectionLimits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = async || {
            tokio::time::sleep(3 * TERMS.headers_within).await;
            "slowly"
        };
        let much = async || Body::from(vec![b'x'; 64 * 1024 * 1024]);
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/slowly", get(slowly))
            .route("/much", get(much));
        tokio::spawn(serve_on(terms, listener, router, std::future::pending()));
        address
    }

    /// What comes until the other side hangs up, politely or not.
    async fn all(stream: &mut TcpStream) -> String {
        let mut heard = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut heard)).await;
        assert!(read.is_ok(), "never hung up on");
        String::from_utf8(heard).unwrap()
    }

    async fn asks(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        all(&mut stream).await
    }

    #[tokio::test]
    async fn silence_is_hung_up_on() {
        let address = server(TERMS).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        assert_eq!(all(&mut silent).await, "");
        // The first byte of HTTP/2's preface, and of every PUT, POST and PATCH.
        let mut one_byte = TcpStream::connect(address).await.unwrap();
        one_byte.write_all(b"P").await.unwrap();
        assert_eq!(all(&mut one_byte).await, "");
    }

    #[tokio::test]
    async fn a_drip_is_hung_up_on() {
        let address = server(TERMS).await;
        let mut drip = TcpStream::connect(address).await.unwrap();
        let began = Instant::now();
        let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".iter().cycle();
        while let Some(byte) = preface.next()
            && drip.write_all(&[*byte]).await.is_ok()
        {
            assert!(began.elapsed() < SOON, "never hung up on");
            tokio::time::sleep(TERMS.headers_within / 4).await;
        }
    }

    #[tokio::test]
    async fn who_reads_nothing_is_hung_up_on() {
        let terms = ConnectionLimits {
            at_once: 1,
            ..TERMS
        };
        let address = server(terms).await;
        let mut deaf = TcpStream::connect(address).await.unwrap();
        deaf.write_all(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        // There is one seat, so this is answered only once the other has gone.
        assert!(asks(address, "/").await.ends_with("here"));
    }

    #[tokio::test]
    async fn a_long_answer_is_waited_for() {
        let address = server(TERMS).await;
        assert!(asks(address, "/slowly").await.ends_with("slowly"));
    }

    #[tokio::test]
    async fn who_finds_no_seat_waits_for_one() {
        let terms = ConnectionLimits {
            at_once: 2,
            ..TERMS
        };
        let address = server(terms).await;
        let _silent = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let began = Instant::now();
        assert!(asks(address, "/").await.ends_with("here"));
        assert!(began.elapsed() > TERMS.headers_within / 2);
    }
}
