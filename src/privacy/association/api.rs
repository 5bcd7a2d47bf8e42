//! Look-ups for apps: in the style of the user API, and at the addresses and with the bodies of the
//! Leprechaun service that campus apps used before.

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

/// The same in alphabetical order, byte for byte as the former service sent it.
#[derive(Serialize)]
struct LegacyLookupResponse<'a> {
    authenticated: String,
    email: &'a str,
    roll: &'a str,
}

const NOT_AUTHENTICATED: &str = "OOPS! You are not authenticated. If you would like to use Leprechaun, contact the Metakgp Maintainers. More info at https://wiki.metakgp.org/w/Metakgp:Governance#Current_maintainers";
const UNKNOWN_KIND: &str = "That input type is not allowed! Allowed input types: roll, email";
const NO_RECORD: &str = "That record doesn't exist in our database!";

/// `GET /association/roll/<roll>`, `GET /association/email/<email>`
pub(super) async fn look_up(
    State(feature): State<Feature>,
    Path((kind, value)): Path<(String, String)>,
    address: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = parse_caller(&headers, address);
    let result = ask(
        (&feature.db, &feature.access_log, &feature.limits),
        caller,
        parse_key(&kind, &value),
        feature.clock.now(),
    );
    match result.await? {
        LookupResult::Found(association) => Ok(private_json_response(Json(LookupResponse {
            authenticated: format_proved_at(&association),
            roll: &association.roll,
            email: &association.email,
        }))),
        LookupResult::NotFound => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "Nobody who may be looked up. Ask for /association/roll/<roll number> or /association/email/<mailbox>.",
        )),
        LookupResult::InvalidToken => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "Send the look-up token of your app as Authorization: Bearer <token>.",
        )
        .challenge("realm=\"look-ups\"")),
        LookupResult::RateLimited(rate_limited) => Err(ApiError::rate_limited(
            rate_limited,
            "Too many look-ups. Wait as long as Retry-After says.",
        )),
    }
}

/// `GET /get/roll/<roll>`, `GET /get/email/<email>`: status codes and bodies of the former service.
pub(super) async fn look_up_legacy(
    State(feature): State<Feature>,
    Path((kind, value)): Path<(String, String)>,
    address: ClientAddress,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = parse_key(&kind, &value);
    let caller = parse_caller(&headers, address);
    let result = ask(
        (&feature.db, &feature.access_log, &feature.limits),
        caller,
        key,
        feature.clock.now(),
    );
    Ok(match result.await? {
        LookupResult::Found(association) => private_json_response(Json(LegacyLookupResponse {
            authenticated: format_proved_at(&association),
            email: &association.email,
            roll: &association.roll,
        })),
        LookupResult::InvalidToken => {
            plain_text_response(StatusCode::UNAUTHORIZED, NOT_AUTHENTICATED)
        }
        LookupResult::NotFound if key.is_none() => {
            plain_text_response(StatusCode::UNAUTHORIZED, UNKNOWN_KIND)
        }
        LookupResult::NotFound => plain_text_response(StatusCode::NOT_FOUND, NO_RECORD),
        LookupResult::RateLimited(rate_limited) => {
            let mut response =
                plain_text_response(StatusCode::TOO_MANY_REQUESTS, "Too many look-ups.");
            let seconds = HeaderValue::from(rate_limited.seconds());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
            response
        }
    })
}

impl From<LookupError> for ApiError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Store(error) => error.into(),
            LookupError::AccessLogFull(error) => {
                tracing::error!(error = %ErrorChain::of(error), "nobody can be looked up");
                Self::unavailable()
            }
        }
    }
}

fn parse_key<'a>(kind: &str, value: &'a str) -> Option<AssociationKey<'a>> {
    match kind {
        "roll" => Some(AssociationKey::Roll(value)),
        "email" => Some(AssociationKey::Email(value)),
        _ => None,
    }
}

fn parse_caller(headers: &HeaderMap, address: ClientAddress) -> LookupCaller<'_> {
    let header = headers.get(header::AUTHORIZATION);
    let parts = header.and_then(|header| header.to_str().ok()?.split_once(' '));
    let token = parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    LookupCaller { token, address }
}

/// Whole seconds, as the former service sent them.
fn format_proved_at(association: &Association) -> String {
    let at = association.proved_at.replace_nanosecond(0);
    let at = at.map(|at| at.to_offset(time::UtcOffset::UTC));
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

fn private_json_response<T: Serialize>(association: Json<T>) -> Response {
    let mut response = association.into_response();
    let utf8 = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, utf8);
    set_no_store(&mut response);
    response
}

fn plain_text_response(status: StatusCode, parts: &'static str) -> Response {
    let mut response = (status, format!("{parts}\n")).into_response();
    set_no_store(&mut response);
    response
}
