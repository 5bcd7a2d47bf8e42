//! The endpoints of a FedCM identity provider. The browser calls them; pages cannot.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::extractors::{FedcmClientRequest, FedcmSession, error, find_client};
use super::{Feature, params, store};
use crate::people::records;
use crate::people::records::EpochError;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::{FormParams, LOGGED_OUT, OAuthErrorResponse};
use crate::protocol::authorize::FedcmOutcome;
use crate::protocol::grants;
use crate::protocol::oauth::{OAuthError, OAuthErrorCode as ErrorCode};

/// `GET /.well-known/web-identity`
pub(super) async fn well_known(State(feature): State<Feature>) -> Response {
    public(&super::well_known(feature.web.links()))
}

/// Square and 80 pixels wide. Browsers take no SVG here.
const ICON: &str = "img/icon_80.png";

/// `GET /fedcm/config.json`
pub(super) async fn config(State(feature): State<Feature>) -> Response {
    let links = feature.web.links();
    let icon = links.asset(&feature.web.assets.versioned(ICON));
    public(&json!({
        "accounts_endpoint": links.absolute(&links.fedcm_accounts()),
        "client_metadata_endpoint": links.absolute(&links.fedcm_client()),
        "id_assertion_endpoint": links.absolute(&links.fedcm_assertion()),
        "disconnect_endpoint": links.absolute(&links.fedcm_disconnect()),
        "login_url": links.absolute(&links.fedcm_login()),
        "branding": {
            "name": feature.web.campus_name,
            "background_color": feature.branding.background,
            "color": feature.branding.text,
            "icons": [{ "url": links.absolute(&icon), "size": 80 }],
        },
    }))
}

/// `GET /fedcm/client_metadata/?client_id=…`: the links that the account chooser shows.
pub(super) async fn client_metadata(
    State(feature): State<Feature>,
    RawQuery(query): RawQuery,
) -> Result<Response, OAuthErrorResponse> {
    let query = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let client = find_client(&feature, query.text("client_id")).await?;
    let client = client.ok_or_else(|| error(StatusCode::NOT_FOUND, "No such app."))?;
    Ok(public(&match client.details.privacy_policy {
        Some(url) => json!({ "privacy_policy_url": url }),
        None => json!({}),
    }))
}

/// `GET /fedcm/accounts/`: the account that is signed in. The browser does not send for which page.
pub(super) async fn accounts(
    State(feature): State<Feature>,
    FedcmSession(session): FedcmSession,
) -> Result<Response, OAuthErrorResponse> {
    let Some((person, _)) = session else {
        return Ok(not_signed_in());
    };
    let Some(person) = records::find(feature.db.pool(), person).await? else {
        return Ok(not_signed_in());
    };
    let connected = store::list_connected(feature.db.pool(), person.id).await?;
    let links = feature.web.links();
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
    let optional = [
        ("email", email.cloned()),
        (
            "given_name",
            Some(person.first_name).filter(|name| !name.is_empty()),
        ),
        ("picture", picture),
    ];
    for (name, value) in optional {
        if let (Some(value), Some(account)) = (value, account.as_object_mut()) {
            account.insert(name.to_owned(), value.into());
        }
    }
    Ok(Json(json!({ "accounts": [account] })).into_response())
}

/// `POST /fedcm/assertion/`: the person has chosen their account for a page.
pub(super) async fn assertion(
    State(feature): State<Feature>,
    FedcmSession(session): FedcmSession,
    FedcmClientRequest {
        form,
        client,
        origin,
    }: FedcmClientRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = feature.clock.now();
    let Some((person, epoch)) = session else {
        return Ok(allow_origin(not_signed_in(), &origin));
    };
    if form.text("account_id") != person.to_string() {
        let error = OAuthError::new(ErrorCode::AccessDenied, "Another user is signed in now.");
        return Ok(allow_origin(error_response(&error), &origin));
    }
    let pairs = params::parse(client.client_id.as_str(), form.text("params"));
    let Some(pairs) = pairs else {
        let text = "params must be a JSON object of texts, as an authorization request has them.";
        return Ok(allow_origin(
            error_response(&OAuthError::invalid_request(text)),
            &origin,
        ));
    };
    let outcome = feature
        .authorize
        .answer_fedcm(&pairs, &origin, (person, epoch), now)
        .await?;
    let response = match outcome {
        FedcmOutcome::Token(token) => Json(json!({ "token": token })).into_response(),
        FedcmOutcome::SessionEnded => not_signed_in(),
        FedcmOutcome::ContinueOn(page) => Json(json!({ "continue_on": page })).into_response(),
        FedcmOutcome::Refused(error) => error_response(&error),
    };
    Ok(allow_origin(response, &origin))
}

/// `POST /fedcm/disconnect/`: a page ends the person's grant for its app.
pub(super) async fn disconnect(
    State(feature): State<Feature>,
    FedcmSession(session): FedcmSession,
    FedcmClientRequest {
        form,
        client,
        origin,
    }: FedcmClientRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = feature.clock.now();
    let Some((person, epoch)) = session else {
        return Ok(allow_origin(not_signed_in(), &origin));
    };
    let hint = form.text("account_hint");
    if !matches_hint(&feature, person, hint).await? {
        let error = OAuthError::new(ErrorCode::AccessDenied, "Another user is signed in now.");
        return Ok(allow_origin(error_response(&error), &origin));
    }
    let mut tx = feature.db.begin().await?;
    match records::lock_epoch(&mut tx, person, epoch).await {
        Ok(_) => {}
        Err(EpochError::Superseded) => return Ok(allow_origin(not_signed_in(), &origin)),
        Err(EpochError::Store(error)) => return Err(error.into()),
    }
    grants::end_grant(&mut tx, person, client.id, now, feature.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let response = Json(json!({ "account_id": person.to_string() })).into_response();
    Ok(allow_origin(response, &origin))
}

/// Whether the `account_hint` of a page names this person: id, username or email address.
async fn matches_hint(feature: &Feature, person: PersonId, hint: &str) -> db::Result<bool> {
    let person = records::find(feature.db.pool(), person).await?;
    Ok(person.is_some_and(|person| {
        let names = [person.id.to_string(), person.username, person.email];
        !hint.is_empty() && names.iter().any(|name| name == hint)
    }))
}

/// 401 with the login status, so that the browser does not ask again before the next sign-in.
fn not_signed_in() -> Response {
    let error = OAuthError::new(ErrorCode::AccessDenied, "Nobody is signed in.");
    let mut response = error_response(&error);
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let (name, value) = LOGGED_OUT;
    response.headers_mut().insert(name, value);
    response
}

/// Browsers before 2026 read `code` instead of `error`.
fn error_response(error: &OAuthError) -> Response {
    let code = error.code.as_str();
    let body =
        json!({ "error": { "error": code, "code": code }, "error_description": error.description });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

/// Lets the page at this origin read the response to a request with credentials (Fetch standard, CORS).
fn allow_origin(mut response: Response, origin: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// A document that any page may read and any cache may keep.
fn public(document: &Value) -> Response {
    let mut response = Json(document).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
