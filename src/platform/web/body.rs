//! The bodies of requests: until when one must be there, and what becomes of one that nobody reads.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http::header;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

/// How much of a body is read although it was answered: a photograph as a phone takes it, and to spare.
const MOST_LEFT_OVER: u64 = 32 * 1024 * 1024;

/// Makes the body fail unless it is there whole by the end of `span`, however it trickles.
pub(super) fn whole_within(span: Duration, request: Request) -> Request {
    request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(BodyDeadline {
            body,
            deadline: Box::pin(tokio::time::sleep(span)),
        })
    })
}

/// Makes what is left of the body be read and forgotten once nobody wants it: at most 32 MiB.
///
/// A browser sends a form to its end before it reads a word. If the server answered in the middle and
/// hung up, the person would be told that the connection broke, and not that the picture is too large
/// (RFC 9112 §9.6).
pub(super) fn read_to_the_end(request: Request) -> Request {
    // Who asks first whether to send it (RFC 9110 §10.1.1) has nothing on the way.
    let asks_first = request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if body.is_end_stream() || body.size_hint().lower() > MOST_LEFT_OVER {
            return body;
        }
        Body::new(DrainBody {
            body: Some(body),
            on_its_way: !asks_first,
        })
    })
}

#[derive(Debug)]
struct BodyDeadline {
    body: Body,
    deadline: Pin<Box<Sleep>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct BodyTimeout;

impl HttpBody for BodyDeadline {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new(BodyTimeout))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug)]
struct DrainBody {
    /// `None` once it has ended or failed.
    body: Option<Body>,
    on_its_way: bool,
}

impl HttpBody for DrainBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.on_its_way = true;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let next = ready!(Pin::new(body).poll_frame(context));
        if !matches!(next, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Drop for DrainBody {
    fn drop(&mut self) {
        let left = self.body.take();
        let left = left.filter(|body| self.on_its_way && !body.is_end_stream());
        // Outside a runtime there is no connection either.
        if let (Some(body), Ok(runtime)) = (left, tokio::runtime::Handle::try_current()) {
            runtime.spawn(forget(body));
        }
    }
}

async fn forget(mut body: Body) {
    let mut most = MOST_LEFT_OVER;
    while let Some(Ok(frame)) = next(&mut body).await {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(rest) = most.checked_sub(length) else {
            return;
        };
        most = rest;
    }
}

async fn next(body: &mut Body) -> Option<Result<Frame<Bytes>, axum::Error>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Sends one byte, then another, for ever.
    #[derive(Debug)]
    struct SlowBody(Pin<Box<Sleep>>);

    impl HttpBody for SlowBody {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            self.0.as_mut().poll(context).map(|()| {
                let next = tokio::time::Instant::now() + Duration::from_millis(5);
                self.0.as_mut().reset(next);
                Some(Ok(Frame::data(Bytes::from_static(b"x"))))
            })
        }
    }

    /// Megabytes without end, counted.
    #[derive(Debug, Clone, Default)]
    struct EndlessBody(Arc<AtomicU64>);

    impl EndlessBody {
        fn sent(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl HttpBody for EndlessBody {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            static MEGABYTE: [u8; 1024 * 1024] = [0; 1024 * 1024];
            self.0.fetch_add(1, Ordering::SeqCst);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&MEGABYTE)))))
        }
    }

    async fn settled() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_body_that_trickles_ends_all_the_same() {
        let trickle = SlowBody(Box::pin(tokio::time::sleep(Duration::ZERO)));
        let request = Request::new(Body::new(trickle));
        let body = whole_within(Duration::from_millis(50), request).into_body();
        let read = axum::body::to_bytes(body, usize::MAX);
        let read = tokio::time::timeout(Duration::from_secs(10), read);
        assert!(read.await.unwrap().is_err());

        let request = Request::new(Body::from("whole"));
        let body = whole_within(Duration::from_mins(1), request).into_body();
        assert_eq!(axum::body::to_bytes(body, 9).await.unwrap(), "whole");
    }

    #[tokio::test]
    async fn what_nobody_reads_is_read_up_to_a_bound() {
        let flood = EndlessBody::default();
        drop(read_to_the_end(Request::new(Body::new(flood.clone()))));
        settled().await;
        assert_eq!(flood.sent(), 33);

        let small = Request::new(Body::from("whole"));
        let body = read_to_the_end(small).into_body();
        assert_eq!(axum::body::to_bytes(body, 9).await.unwrap(), "whole");
    }

    #[tokio::test]
    async fn what_was_not_sent_yet_is_not_asked_for() {
        let flood = EndlessBody::default();
        let mut request = Request::new(Body::new(flood.clone()));
        let expect = http::HeaderValue::from_static("100-continue");
        request.headers_mut().insert(header::EXPECT, expect);
        drop(read_to_the_end(request));
        settled().await;
        assert_eq!(flood.sent(), 0);
    }
}
