//! Look-ups for apps: in the user API's manner, and at the addresses and in the words of the service that
//! campus apps asked before.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::Feature;
use super::look_up::{LookupCaller, LookupError, LookupResult, look_up as ask};
use super::model::{Association, AssociationKey};
use crate::platform::web::{ApiError, ClientAddress, ErrorChain, set_no_store};

#[derive(Serialize)]
struct LookupResponse<'a> {
    roll: &'a str,
    email: &'a str,
    authenticated: String,
}

/// The same in the order of the alphabet, byte for byte as before.
#[derive(Serialize)]
struct LegacyLookupResponse<'a> {
    authenticated: String,
    email: &'a str,
    roll: &'a str,
}

const NOT_AUTHENTICATED: &str = "OOPS! You are not authenticated. If you would like to use Leprechaun, contact the Metakgp Maintainers. More info at https://wiki.metakgp.org/w/Metakgp:Governance#Current_maintainers";
const NO_SUCH_KIND: &str = "That input type is not allowed! Allowed input types: roll, email";
const NO_RECORD: &str = "That record doesn't exist in our database!";

/// `GET /association/roll/<roll>`, `GET /association/email/<email>`
pub(super) async fn look_up(
    State(it): State<Feature>,
    Path((kind, value)): Path<(String, String)>,
    address: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asker = asker(&headers, address);
    let told = ask(
        (&it.db, &it.access_log, &it.limits),
        asker,
        key(&kind, &value),
        it.clock.now(),
    );
    match told.await? {
        LookupResult::Here(found) => Ok(private(Json(LookupResponse {
            authenticated: rfc3339(&found),
            roll: &found.roll,
            email: &found.email,
        }))),
        LookupResult::Nobody => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "Nobody who may be looked up. Ask for /association/roll/<roll number> or /association/email/<mailbox>.",
        )),
        LookupResult::Stranger => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "Send the look-up token of your app as Authorization: Bearer <token>.",
        )
        .challenge("realm=\"look-ups\"")),
        LookupResult::Slowed(slowed) => Err(ApiError::rate_limited(
            slowed,
            "Too many look-ups. Wait as long as Retry-After says.",
        )),
    }
}

/// `GET /get/roll/<roll>`, `GET /get/email/<email>`: statuses and bodies as they were.
pub(super) async fn look_up_as_before(
    State(it): State<Feature>,
    Path((kind, value)): Path<(String, String)>,
    address: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = key(&kind, &value);
    let asker = asker(&headers, address);
    let told = ask(
        (&it.db, &it.access_log, &it.limits),
        asker,
        key,
        it.clock.now(),
    );
    Ok(match told.await? {
        LookupResult::Here(found) => private(Json(LegacyLookupResponse {
            authenticated: rfc3339(&found),
            email: &found.email,
            roll: &found.roll,
        })),
        LookupResult::Stranger => in_plain_words(StatusCode::UNAUTHORIZED, NOT_AUTHENTICATED),
        LookupResult::Nobody if key.is_none() => {
            in_plain_words(StatusCode::UNAUTHORIZED, NO_SUCH_KIND)
        }
        LookupResult::Nobody => in_plain_words(StatusCode::NOT_FOUND, NO_RECORD),
        LookupResult::Slowed(slowed) => {
            let mut answer = in_plain_words(StatusCode::TOO_MANY_REQUESTS, "Too many look-ups.");
            let seconds = HeaderValue::from(slowed.seconds());
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
            answer
        }
    })
}

impl From<LookupError> for ApiError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Store(error) => error.into(),
            LookupError::Full(error) => {
                tracing::error!(error = %ErrorChain::of(error), "nobody can be looked up");
                Self::unavailable()
            }
        }
    }
}

fn key<'a>(kind: &str, value: &'a str) -> Option<AssociationKey<'a>> {
    match kind {
        "roll" => Some(AssociationKey::Roll(value)),
        "email" => Some(AssociationKey::Email(value)),
        _ => None,
    }
}

fn asker(headers: &HeaderMap, address: ClientAddress) -> LookupCaller<'_> {
    let header = headers.get(header::AUTHORIZATION);
    let words = header.and_then(|header| header.to_str().ok()?.split_once(' '));
    let token = words
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    LookupCaller { token, address }
}

/// To the second, as it was.
fn rfc3339(found: &Association) -> String {
    let at = found.proved_at.replace_nanosecond(0);
    let at = at.map(|at| at.to_offset(time::UtcOffset::UTC));
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

fn private<T: Serialize>(found: Json<T>) -> Response {
    let mut answer = found.into_response();
    let utf8 = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, utf8);
    set_no_store(&mut answer);
    answer
}

fn in_plain_words(status: StatusCode, words: &'static str) -> Response {
    let mut answer = (status, format!("{words}\n")).into_response();
    set_no_store(&mut answer);
    answer
}
