//! A simulator of JIIT's portal, as far as sign-in needs it: captcha, two encrypted phases, bearer
//! tokens, and two pages of a student's record. It speaks the portal's protocol; its people are made up.
//!
//! | Control route | |
//! |---|---|
//! | `GET /__sim/captcha?hidden=` | the captcha's text |
//! | `POST /__sim/config` | a JSON object of knobs to set, see [`knobs::Knobs`]; `fail` is an object of paths and faults |
//! | `POST /__sim/reset` | restores the state at the start |
//! | `GET /__sim/requests` | paths, header names and decrypted member names of requests, never values |

pub mod captcha;
pub mod envelope;
pub mod knobs;
pub mod members;
mod phases;
mod records;
mod switches;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use knobs::Knobs;
use members::Member;
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

use super::kit::Watch;

/// The prefix of every path.
pub const PREFIX: &str = "/StudentPortalAPI";

/// The portal's state. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    inner: Arc<Mutex<Inner>>,
    pub watch: Watch,
}

struct Inner {
    knobs: Knobs,
    members: Vec<Member>,
    captchas: HashMap<String, Captcha>,
    newest_captcha: String,
    randoms: HashMap<String, Random>,
    sessions: HashMap<String, Session>,
    opened: Vec<Opened>,
    secrets: Secrets,
}

/// Secrets that passed through the portal, which a test searches for elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    pub local_names: Vec<String>,
    pub sealed_bodies: Vec<String>,
    /// Captcha ids and texts, secrets of the first phase, and tokens.
    pub made: Vec<String>,
}

struct Captcha {
    letters: String,
    made_at: OffsetDateTime,
}

/// The secret that connects the two phases.
struct Random {
    username: String,
    made_at: OffsetDateTime,
    wrong_passwords: u8,
}

struct Session {
    enrollment: String,
    ends_at: OffsetDateTime,
}

/// A decrypted request: its path and the names of its members.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Opened {
    pub path: String,
    pub members: Vec<String>,
}

/// A response in place of the usual one, boxed because it is large.
type Instead = Box<Response>;

/// A request with its body.
struct Asked {
    path: String,
    headers: HeaderMap,
    body: Bytes,
    now: OffsetDateTime,
}

impl Portal {
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner::new())),
            watch: Watch::default(),
        }
    }

    pub fn router(&self) -> Router {
        Router::new()
            .route("/__sim/captcha", get(switches::captcha))
            .route("/__sim/config", post(switches::config))
            .route("/__sim/reset", post(switches::reset))
            .route("/__sim/requests", get(switches::requests))
            .fallback(answer)
            .with_state(self.clone())
    }

    /// Sets knobs, as `POST /__sim/config` does.
    pub fn set(&self, knobs: &Value) {
        switches::turn(self, knobs).unwrap();
    }

    /// The text of a captcha.
    pub fn letters(&self, hidden: &str) -> Option<String> {
        let inner = self.inner.lock().unwrap();
        inner.captchas.get(hidden).map(|it| it.letters.clone())
    }

    /// The text and id of the newest captcha.
    pub fn newest_captcha(&self) -> (String, String) {
        let inner = self.inner.lock().unwrap();
        let letters = inner.captchas.get(&inner.newest_captcha);
        let letters = letters.map(|it| it.letters.clone()).unwrap_or_default();
        (letters, inner.newest_captcha.clone())
    }

    /// The decrypted requests.
    pub fn opened(&self) -> Vec<Opened> {
        self.inner.lock().unwrap().opened.clone()
    }

    /// The secrets. No control route returns them.
    pub fn secrets(&self) -> Secrets {
        self.inner.lock().unwrap().secrets.clone()
    }

    /// Changes a member.
    pub fn changes(&self, enrollment: &str, change: impl FnOnce(&mut Member)) {
        let mut inner = self.inner.lock().unwrap();
        let member = inner
            .members
            .iter_mut()
            .find(|it| it.enrollment == enrollment);
        change(member.unwrap());
    }

    pub fn now(&self) -> OffsetDateTime {
        let offset = self.inner.lock().unwrap().knobs.clock_offset_s;
        OffsetDateTime::now_utc() + time::Duration::seconds(offset)
    }
}

impl Inner {
    fn new() -> Self {
        Self {
            knobs: Knobs::default(),
            members: members::seeds(),
            captchas: HashMap::new(),
            newest_captcha: String::new(),
            randoms: HashMap::new(),
            sessions: HashMap::new(),
            opened: Vec::new(),
            secrets: Secrets::default(),
        }
    }
}

/// The date in India by the portal's clock.
pub fn today(now: OffsetDateTime) -> Date {
    (now + Duration::from_mins(5 * 60 + 30)).date()
}

async fn answer(State(portal): State<Portal>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let now = portal.now();
    let (latency, date) = {
        let inner = portal.inner.lock().unwrap();
        let date = now + time::Duration::seconds(inner.knobs.date_offset_s);
        (Duration::from_millis(inner.knobs.latency_ms), date)
    };
    tokio::time::sleep(latency).await;
    let path = head
        .uri
        .path()
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .to_owned();
    let asked = Asked {
        path,
        headers: head.headers,
        // The body is in memory already.
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        now,
    };
    let mut answer = judge(&portal, &head.method, &asked);
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = HeaderValue::try_from(date.format(&format).unwrap()).unwrap();
    answer.headers_mut().insert(header::DATE, date);
    answer
}

fn judge(portal: &Portal, method: &Method, asked: &Asked) -> Response {
    if asked.is_from_elsewhere() {
        return (StatusCode::FORBIDDEN, "Invalid CORS request").into_response();
    }
    let mut inner = portal.inner.lock().unwrap();
    if let Some(name) = asked.text("localname") {
        inner.secrets.local_names.push(name.to_owned());
    }
    if *method == Method::GET && asked.path == "/token/getcaptcha" {
        return phases::captcha(&mut inner, asked.now);
    }
    if !asked.has_todays_local_name() {
        return StatusCode::OK.into_response();
    }
    if *method != Method::POST {
        return framework_error(
            asked,
            StatusCode::METHOD_NOT_ALLOWED,
            "org.springframework.web.HttpRequestMethodNotSupportedException",
        );
    }
    let token_path = inner.knobs.token_path.clone();
    match asked.path.as_str() {
        "/token/pretoken-check" => phases::pre_token(&mut inner, asked),
        path if path == token_path => phases::token(&mut inner, asked),
        "/studentpersinfo/getstudent-personalinformation" => records::particulars(&inner, asked),
        "/StudentClassAttendance/getstudentInforegistrationforattendence" => {
            records::attendance(&inner, asked)
        }
        "/token/refreshTokenRequest" => tokens::refresh(&mut inner, asked),
        "/token/generatetokengooglesignin" if inner.knobs.google => {
            tokens::google(&mut inner, asked)
        }
        // Two of these formerly issued tokens.
        _ => framework_error(asked, StatusCode::NOT_FOUND, ""),
    }
}

impl Asked {
    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A cross-origin request by a browser.
    fn is_from_elsewhere(&self) -> bool {
        let Some(origin) = self.text("origin") else {
            return false;
        };
        let host = self.text("host").unwrap_or_default();
        origin.split_once("://").map(|(_, host)| host) != Some(host)
    }

    /// Four letters, the digits of today, five letters.
    fn has_todays_local_name(&self) -> bool {
        let today = today(self.now);
        let name = self
            .text("localname")
            .and_then(|name| envelope::open(today, name));
        name.is_some_and(|name| {
            name.len() == 16 && name[4..11] == *envelope::sequence(today).as_bytes()
        })
    }
}

fn success(response: &Value) -> Response {
    let body = json!({
        "status": { "responseStatus": "Success", "errors": null, "identifier": null },
        "response": response,
    });
    axum::Json(body).into_response()
}

fn failure(status: StatusCode, error: &str) -> Response {
    let body = json!({
        "status": { "responseStatus": "Failure", "errors": [error], "identifier": null },
        "response": null,
    });
    (status, axum::Json(body)).into_response()
}

/// An error in Spring's format.
fn framework_error(asked: &Asked, status: StatusCode, exception: &str) -> Response {
    let body = json!({
        "timestamp": asked.now.unix_timestamp() * 1000,
        "status": status.as_u16(),
        "error": status.canonical_reason(),
        "exception": exception,
        "message": "No message available",
        "path": format!("{PREFIX}{}", asked.path),
    });
    (status, axum::Json(body)).into_response()
}
