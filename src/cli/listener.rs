//! Takes connections and serves them, HTTP/1.1 and HTTP/2, until told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tower::Service;

/// A client that takes longer for its headers, or keeps an idle connection longer, is hung up on
/// (slow loris). More than the keep-alive of usual proxies, so that they hang up first.
const HEADERS_WITHIN: Duration = Duration::from_secs(75);
/// How long answers that were begun may take when the program is told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(30);
/// After a failed accept: most often there are no file handles left, and some come back.
const BREATH: Duration = Duration::from_millis(100);
const MOST_HEADERS: usize = 100;
const MOST_STREAMS: u32 = 100;

/// Serves until `stop`, then finishes what it is answering.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => answer(stream, peer, router.clone(), &graceful),
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

fn answer(stream: TcpStream, peer: SocketAddr, router: Router, graceful: &GracefulShutdown) {
    let _ = stream.set_nodelay(true);
    let mut connections = router.into_make_service_with_connect_info::<SocketAddr>();
    let made = connections.call(peer);
    let watcher = graceful.watcher();
    tokio::spawn(async move {
        let Ok(service) = made.await;
        let mut server = Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_headers(MOST_HEADERS);
        server
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEADERS_WITHIN)
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(64 * 1024);
        let connection =
            server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        // Why a client hung up is its own affair.
        let _ = watcher.watch(connection.into_owned()).await;
    });
}
