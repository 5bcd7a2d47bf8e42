//! What the browser asks while it signs somebody in: JSON, for it alone.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::asker::{FedcmClientRequest, FedcmSession, find_app, problem};
use super::{Feature, params, store};
use crate::people::records;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::{FormParams, LOGGED_OUT, OAuthErrorResponse};
use crate::protocol::authorize::FedcmOutcome;
use crate::protocol::grants;
use crate::protocol::oauth::{OAuthError, OAuthErrorCode as ErrorCode};

/// `GET /.well-known/web-identity`
pub(super) async fn well_known(State(it): State<Feature>) -> Response {
    open(&super::well_known(it.web.links()))
}

/// Square, 80 pixels wide: browsers take no drawing here.
const ICON: &str = "img/icon_80.png";

/// `GET /fedcm/config.json`
pub(super) async fn config(State(it): State<Feature>) -> Response {
    let links = it.web.links();
    let icon = links.asset(&it.web.assets.versioned(ICON));
    open(&json!({
        "accounts_endpoint": links.absolute(&links.fedcm_accounts()),
        "client_metadata_endpoint": links.absolute(&links.fedcm_client()),
        "id_assertion_endpoint": links.absolute(&links.fedcm_assertion()),
        "disconnect_endpoint": links.absolute(&links.fedcm_disconnect()),
        "login_url": links.absolute(&links.fedcm_login()),
        "branding": {
            "name": it.web.campus_name,
            "background_color": it.branding.background,
            "color": it.branding.text,
            "icons": [{ "url": links.absolute(&icon), "size": 80 }],
        },
    }))
}

/// `GET /fedcm/client_metadata/?client_id=…`: what the chooser may link to.
pub(super) async fn client_metadata(
    State(it): State<Feature>,
    RawQuery(query): RawQuery,
) -> Result<Response, OAuthErrorResponse> {
    let query = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let app = find_app(&it, query.text("client_id")).await?;
    let app = app.ok_or_else(|| problem(StatusCode::NOT_FOUND, "No such app."))?;
    Ok(open(&match app.details.privacy_policy {
        Some(address) => json!({ "privacy_policy_url": address }),
        None => json!({}),
    }))
}

/// `GET /fedcm/accounts/`: who is signed in, for the browser to show. It does not say for which page.
pub(super) async fn accounts(
    State(it): State<Feature>,
    FedcmSession(person): FedcmSession,
) -> Result<Response, OAuthErrorResponse> {
    let Some(person) = person else {
        return Ok(nobody());
    };
    let Some(person) = records::find(it.db.pool(), person).await? else {
        return Ok(nobody());
    };
    let connected = store::list_connected(it.db.pool(), person.id).await?;
    let links = it.web.links();
    let picture = person.profile_picture.as_deref();
    let picture = picture.map(|file| links.absolute(&links.profile_picture(file)));
    let email = Some(&person.email).filter(|email| !email.is_empty());
    let mut account = json!({
        "id": person.id.to_string(),
        "name": person.full_name(),
        "username": person.username,
        "approved_clients": connected,
        "login_hints": [person.username],
    });
    let known = [
        ("email", email.cloned()),
        (
            "given_name",
            Some(person.first_name).filter(|name| !name.is_empty()),
        ),
        ("picture", picture),
    ];
    for (name, value) in known {
        if let (Some(value), Some(account)) = (value, account.as_object_mut()) {
            account.insert(name.to_owned(), value.into());
        }
    }
    Ok(Json(json!({ "accounts": [account] })).into_response())
}

/// `POST /fedcm/assertion/`: somebody chose their account for a page.
pub(super) async fn assertion(
    State(it): State<Feature>,
    FedcmSession(person): FedcmSession,
    FedcmClientRequest { form, app, origin }: FedcmClientRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = it.clock.now();
    let Some(person) = person else {
        return Ok(readable(nobody(), &origin));
    };
    if form.text("account_id") != person.to_string() {
        let error = OAuthError::new(ErrorCode::AccessDenied, "Somebody else is signed in now.");
        return Ok(readable(refusal(&error), &origin));
    }
    let pairs = params::read(app.client_id.as_str(), form.text("params"));
    let Some(pairs) = pairs else {
        let text = "params must be a JSON object of texts, as an authorization request has them.";
        return Ok(readable(
            refusal(&OAuthError::invalid_request(text)),
            &origin,
        ));
    };
    let told = it
        .requests
        .answer_fedcm(&pairs, &origin, person, now)
        .await?;
    let answer = match told {
        FedcmOutcome::Token(token) => Json(json!({ "token": token })).into_response(),
        FedcmOutcome::ContinueOn(page) => Json(json!({ "continue_on": page })).into_response(),
        FedcmOutcome::Refused(error) => refusal(&error),
    };
    Ok(readable(answer, &origin))
}

/// `POST /fedcm/disconnect/`: a page ends what it has of somebody.
pub(super) async fn disconnect(
    State(it): State<Feature>,
    FedcmSession(person): FedcmSession,
    FedcmClientRequest { form, app, origin }: FedcmClientRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = it.clock.now();
    let Some(person) = person else {
        return Ok(readable(nobody(), &origin));
    };
    let hint = form.text("account_hint");
    if !is_meant(&it, person, hint).await? {
        let error = OAuthError::new(ErrorCode::AccessDenied, "Somebody else is signed in now.");
        return Ok(readable(refusal(&error), &origin));
    }
    let mut tx = it.db.begin().await?;
    grants::take_back(&mut tx, person, app.id, now, it.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let answer = Json(json!({ "account_id": person.to_string() })).into_response();
    Ok(readable(answer, &origin))
}

/// Whether a page's word for an account is this person's.
async fn is_meant(it: &Feature, person: PersonId, hint: &str) -> db::Result<bool> {
    let person = records::find(it.db.pool(), person).await?;
    Ok(person.is_some_and(|person| {
        let known = [person.id.to_string(), person.username, person.email];
        !hint.is_empty() && known.iter().any(|known| known == hint)
    }))
}

/// Nobody is signed in, and the browser need not ask until somebody is.
fn nobody() -> Response {
    let error = OAuthError::new(ErrorCode::AccessDenied, "Nobody is signed in.");
    let mut answer = refusal(&error);
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    let (name, value) = LOGGED_OUT;
    answer.headers_mut().insert(name, value);
    answer
}

/// `code` is how browsers before 2026 call `error`.
fn refusal(error: &OAuthError) -> Response {
    let code = error.code.as_str();
    let body =
        json!({ "error": { "error": code, "code": code }, "error_description": error.description });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// For the page at this origin, whose request carried a cookie (Fetch standard, CORS).
fn readable(mut answer: Response, origin: &str) -> Response {
    let headers = answer.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    answer
}

/// For anybody, and the same for everybody.
fn open(document: &Value) -> Response {
    let mut answer = Json(document).into_response();
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
