//! Faults that can be set for each path while a simulator runs.

use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use axum::body::{Body, Bytes};
use axum::http::response::Parts;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use http_body::Frame;
use tokio::time::Interval;

use super::HangUp;

/// A fault.
#[derive(Clone)]
pub enum Fault {
    /// This status, with a short page.
    Status(u16),
    /// Closes the connection after reading the request.
    Close,
    /// 200 and an HTML page.
    Html,
    /// 200 and bytes that are not UTF-8.
    Garbage,
    /// 200 and an empty body.
    Empty,
    /// The usual response after a delay.
    Late(Duration),
    /// The response's head at once, its body one byte a second.
    Drip,
    /// Half of the body, then closes the connection.
    Cut,
    /// The response's head, then an endless body.
    Endless,
    /// 302 to this address.
    Redirect(String),
    /// 302 to the requested address.
    Loop,
    /// 200 and this body, of this media type.
    Says(&'static str, String),
    /// The usual response, with body and `Location` rewritten.
    Rewrites(Arc<dyn Fn(String) -> String + Send + Sync>),
}

impl Fault {
    /// The usual response, with every occurrence of a text replaced.
    pub fn replace(from: &str, to: &str) -> Self {
        let (from, to) = (from.to_owned(), to.to_owned());
        Self::Rewrites(Arc::new(move |text| text.replace(&from, &to)))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fault(…)")
    }
}

/// The fault's name in a control route: `close`, `html`, `garbage`, `empty`, `late`, `drip`, `cut`,
/// `endless`, `loop`, or a status.
impl FromStr for Fault {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let status = text
            .parse()
            .ok()
            .filter(|status| StatusCode::from_u16(*status).is_ok());
        match text {
            "close" => Ok(Self::Close),
            "html" => Ok(Self::Html),
            "garbage" => Ok(Self::Garbage),
            "empty" => Ok(Self::Empty),
            "late" => Ok(Self::Late(Duration::from_secs(40))),
            "drip" => Ok(Self::Drip),
            "cut" => Ok(Self::Cut),
            "endless" => Ok(Self::Endless),
            "loop" => Ok(Self::Loop),
            _ => status.map(Self::Status).ok_or(()),
        }
    }
}

/// The faults that are set. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<(String, Fault)>>>);

impl Faults {
    /// Sets the fault of a path, in place of its previous one; an empty path matches every path.
    pub fn set(&self, path: &str, fault: Fault) {
        let mut faults = self.0.lock().unwrap();
        faults.retain(|(known, _)| known != path);
        faults.push((path.to_owned(), fault));
    }

    /// Clears all faults.
    pub fn mend(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(super) fn of(&self, path: &str) -> Option<Fault> {
        // Control routes have no faults.
        let is_switch = path.starts_with("/__sim/");
        let faults = self.0.lock().unwrap();
        let found = faults
            .iter()
            .find(|(known, _)| known == path || known.is_empty() && !is_switch);
        found.map(|(_, fault)| fault.clone())
    }
}

/// The faulty response in place of `answer`; `address` is the requested path and query.
pub(super) async fn spoil(fault: Fault, address: &str, answer: Response<Body>) -> Response<Body> {
    match fault {
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (
                status,
                says("text/html;charset=UTF-8", "<html><body>Error</body></html>"),
            )
                .into_response()
        }
        Fault::Close => {
            let mut answer = Response::new(Body::empty());
            answer.extensions_mut().insert(HangUp);
            answer
        }
        Fault::Html => says(
            "text/html;charset=UTF-8",
            "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>We are under maintenance</h1></body></html>",
        ),
        Fault::Garbage => says("application/octet-stream", (128..=255).collect::<Vec<u8>>()),
        Fault::Empty => says("text/plain", ""),
        Fault::Late(span) => {
            tokio::time::sleep(span).await;
            answer
        }
        Fault::Drip => {
            let every = tokio::time::interval(Duration::from_secs(1));
            let (head, body) = whole(answer).await;
            Response::from_parts(head, Body::new(Strange::Drip(body, every)))
        }
        Fault::Cut => {
            let (mut head, body) = whole(answer).await;
            head.headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len() + 10));
            Response::from_parts(head, Body::new(Strange::Cut(body)))
        }
        Fault::Endless => {
            let (mut head, _) = answer.into_parts();
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::new(Strange::Endless))
        }
        Fault::Redirect(to) => redirect(&to),
        Fault::Loop => redirect(address),
        Fault::Says(media_type, body) => says(media_type, body),
        Fault::Rewrites(rewrite) => {
            let (mut head, body) = whole(answer).await;
            head.headers.remove(header::CONTENT_LENGTH);
            if let Some(location) = head.headers.get_mut(header::LOCATION) {
                let to = rewrite(location.to_str().unwrap().to_owned());
                *location = HeaderValue::try_from(to).unwrap();
            }
            let text = String::from_utf8_lossy(&body).into_owned();
            Response::from_parts(head, Body::from(rewrite(text)))
        }
    }
}

fn says(media_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    ([(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}

fn redirect(to: &str) -> Response<Body> {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn whole(answer: Response<Body>) -> (Parts, Bytes) {
    let (head, body) = answer.into_parts();
    (head, axum::body::to_bytes(body, usize::MAX).await.unwrap())
}

/// Faulty bodies.
enum Strange {
    Drip(Bytes, Interval),
    Cut(Bytes),
    Endless,
}

impl http_body::Body for Strange {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = match self.get_mut() {
            Self::Drip(rest, every) => {
                if rest.is_empty() {
                    return Poll::Ready(None);
                }
                ready!(every.poll_tick(context));
                rest.split_to(1)
            }
            Self::Cut(rest) if rest.is_empty() => {
                return Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into())));
            }
            Self::Cut(rest) => {
                let half = rest.len().div_ceil(2);
                let half = rest.split_to(half);
                rest.clear();
                half
            }
            Self::Endless => Bytes::from_static(&[b' '; 16 * 1024]),
        };
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}
