//! Request bodies: the deadline for receiving one, and draining of one that no handler has read.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http::header;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

/// How much of an unread body is drained after the response: more than a photograph from a phone.
const MAX_DRAINED: u64 = 32 * 1024 * 1024;

/// Makes the body fail unless all of it has arrived within `span`.
pub(super) fn set_body_deadline(span: Duration, request: Request) -> Request {
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

/// Makes the rest of the body be read and discarded when the handler drops it, up to 32 MiB.
///
/// A browser sends a form completely before it reads the response. If the server responded early and
/// closed the connection, the browser would show a broken connection instead of the error page that
/// says, for example, that the picture is too large (RFC 9112 §9.6).
pub(super) fn drain_unread_body(request: Request) -> Request {
    // With `Expect: 100-continue` (RFC 9110 §10.1.1) the client sends nothing until the body is read.
    let expects_continue = request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if body.is_end_stream() || body.size_hint().lower() > MAX_DRAINED {
            return body;
        }
        Body::new(DrainBody {
            body: Some(body),
            is_being_sent: !expects_continue,
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
    /// `None` after the body has ended or failed.
    body: Option<Body>,
    is_being_sent: bool,
}

impl HttpBody for DrainBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_being_sent = true;
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
        let unread = self.body.take();
        let unread = unread.filter(|body| self.is_being_sent && !body.is_end_stream());
        // Without a runtime there is no connection to drain.
        if let (Some(body), Ok(runtime)) = (unread, tokio::runtime::Handle::try_current()) {
            runtime.spawn(drain(body));
        }
    }
}

async fn drain(mut body: Body) {
    let mut remaining = MAX_DRAINED;
    while let Some(Ok(frame)) = next_frame(&mut body).await {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(rest) = remaining.checked_sub(length) else {
            return;
        };
        remaining = rest;
    }
}

async fn next_frame(body: &mut Body) -> Option<Result<Frame<Bytes>, axum::Error>> {
    std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Sends one byte at a time, without end.
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

    /// An endless stream of megabytes that counts what it has sent.
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

    async fn run_spawned_tasks() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_slow_body_fails_at_the_deadline() {
        let trickle = SlowBody(Box::pin(tokio::time::sleep(Duration::ZERO)));
        let request = Request::new(Body::new(trickle));
        let body = set_body_deadline(Duration::from_millis(50), request).into_body();
        let read = axum::body::to_bytes(body, usize::MAX);
        let read = tokio::time::timeout(Duration::from_secs(10), read);
        assert!(read.await.unwrap().is_err());

        let request = Request::new(Body::from("whole"));
        let body = set_body_deadline(Duration::from_mins(1), request).into_body();
        assert_eq!(axum::body::to_bytes(body, 9).await.unwrap(), "whole");
    }

    #[tokio::test]
    async fn an_unread_body_is_drained_up_to_a_limit() {
        let flood = EndlessBody::default();
        drop(drain_unread_body(Request::new(Body::new(flood.clone()))));
        run_spawned_tasks().await;
        assert_eq!(flood.sent(), 33);

        let small = Request::new(Body::from("whole"));
        let body = drain_unread_body(small).into_body();
        assert_eq!(axum::body::to_bytes(body, 9).await.unwrap(), "whole");
    }

    #[tokio::test]
    async fn a_body_that_waits_for_100_continue_is_not_drained() {
        let flood = EndlessBody::default();
        let mut request = Request::new(Body::new(flood.clone()));
        let expect = http::HeaderValue::from_static("100-continue");
        request.headers_mut().insert(header::EXPECT, expect);
        drop(drain_unread_body(request));
        run_spawned_tasks().await;
        assert_eq!(flood.sent(), 0);
    }
}
