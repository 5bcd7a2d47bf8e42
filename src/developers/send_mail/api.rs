//! `POST /user/api/user/send_mail/`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::send::SendMailError;
use super::{Feature, form, rules};
use crate::platform::web::{AllowedOrigins, ApiError, set_no_store};
use crate::protocol::clients;
use crate::protocol::scope::Scope;
use crate::protocol::token::{AccessToken, Bearer};

const METHODS: &str = "POST, OPTIONS";

pub(super) async fn send(
    State(it): State<Feature>,
    Bearer(access): Bearer<{ Scope::SendMail as usize }>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut answer = match read(&headers, body) {
        Ok(sent) => answer(&it, &access, &sent).await,
        Err(problem) => problem.into_response(),
    };
    set_no_store(&mut answer);
    let headers = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    answer
        .extensions_mut()
        .insert(AllowedOrigins(access.origins));
    answer
}

async fn answer(it: &Feature, access: &AccessToken, sent: &Value) -> Response {
    let mail = match form::read(sent) {
        Ok(mail) => mail,
        Err(problems) => return (StatusCode::BAD_REQUEST, Json(problems)).into_response(),
    };
    match it.send(access, mail).await {
        Ok(sent) => {
            Json(json!({ "Message-ID": sent.message_id, "status": sent.status })).into_response()
        }
        Err(SendMailError::Slowed(limit, slowed)) => {
            ApiError::rate_limited(slowed, rules::told(limit)).into_response()
        }
        Err(SendMailError::Gone) => ApiError::new(
            StatusCode::FORBIDDEN,
            "Your app is no longer registered here.",
        )
        .into_response(),
        Err(SendMailError::Store(error)) => ApiError::from(error).into_response(),
    }
}

/// The body as JSON, whichever of the two ways it was written. What cannot be read is not quoted.
fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Value, ApiError> {
    let refuse = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, detail);
    let body = body.map_err(|refused| match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            refuse("The request is too large: a message may have 65536 bytes.".to_owned())
        }
        _ => refuse("The request did not arrive whole.".to_owned()),
    })?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => serde_json::from_slice(&body)
            .map_err(|error| refuse(format!("JSON parse error - {error}"))),
        "application/x-www-form-urlencoded" => Ok(form::of_form(&body)),
        _ => Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send application/json or application/x-www-form-urlencoded.",
        )),
    }
}

pub(super) async fn preflight(
    State(it): State<Feature>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(clients::preflight(&it.db, &asked, METHODS).await?)
}

pub(super) async fn not_allowed(method: Method) -> Response {
    let detail = format!("Method \"{method}\" not allowed.");
    let mut answer = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    let allowed = HeaderValue::from_static(METHODS);
    answer.headers_mut().insert(header::ALLOW, allowed);
    answer
}
