//! Extractors for the requests that the browser sends for FedCM: whose session, and which client.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use super::{Feature, store};
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::{FormParams, OAuthErrorResponse, find_status_session};
use crate::protocol::clients;
use crate::protocol::clients::{App, AppOrigins, AppStanding};
use crate::protocol::oauth::OAuthErrorCode as ErrorCode;

/// The person who is signed in and the epoch of their session, if there is one. 400 for a request that the
/// browser did not send itself.
pub(super) struct FedcmSession(pub Option<(PersonId, CredentialEpoch)>);

/// What the browser sends for a page of a client. 400 for a request that the browser did not send itself
/// and for an unknown client, 403 for a page of an origin where the client has no redirect URI.
pub(super) struct FedcmClientRequest {
    pub form: FormParams,
    pub client: App,
    /// The origin of the page.
    pub origin: String,
}

impl FromRequestParts<Feature> for FedcmSession {
    type Rejection = OAuthErrorResponse;

    async fn from_request_parts(
        parts: &mut Parts,
        feature: &Feature,
    ) -> Result<Self, OAuthErrorResponse> {
        check_sent_by_browser(&parts.headers)?;
        let Some(session) = find_status_session(&feature.web, &parts.headers) else {
            return Ok(Self(None));
        };
        let now = feature.clock.now();
        let person = store::find_person(feature.db.pool(), &session.to_vec(), now).await?;
        Ok(Self(person))
    }
}

impl FromRequest<Feature> for FedcmClientRequest {
    type Rejection = OAuthErrorResponse;

    async fn from_request(request: Request, feature: &Feature) -> Result<Self, OAuthErrorResponse> {
        let headers = request.headers().clone();
        check_sent_by_browser(&headers)?;
        let body = Bytes::from_request(request, feature)
            .await
            .map_err(|rejection| {
                error(
                    rejection.status(),
                    "The form is too long, or ended in the middle.",
                )
            })?;
        let form = FormParams::parse(&body);
        let form = form.ok_or_else(|| error(StatusCode::BAD_REQUEST, "The form holds a NUL."))?;
        let client = find_client(feature, form.text("client_id")).await?;
        let client = client.ok_or_else(|| error(StatusCode::BAD_REQUEST, "No such app."))?;
        let origin = headers.get(header::ORIGIN);
        let origin = origin.and_then(|origin| origin.to_str().ok());
        let origins = AppOrigins::of(&client.details.redirect_uris);
        let Some(origin) = origin.filter(|origin| origins.contains(origin)) else {
            return Err(error(
                StatusCode::FORBIDDEN,
                "No redirect URI of this app is at the origin of this page.",
            ));
        };
        let origin = origin.to_owned();
        Ok(Self {
            form,
            client,
            origin,
        })
    }
}

/// Neither scripts nor forms of a page can set `Sec-Fetch-Dest` (Fetch Metadata, FedCM §8.3).
fn check_sent_by_browser(headers: &HeaderMap) -> Result<(), OAuthErrorResponse> {
    let is_fedcm = headers
        .get("sec-fetch-dest")
        .is_some_and(|destination| destination == "webidentity");
    if is_fedcm {
        return Ok(());
    }
    Err(error(
        StatusCode::BAD_REQUEST,
        "This address is for the browser's own sign-in dialog (FedCM).",
    ))
}

/// The client of this id, unless it is suspended.
pub(super) async fn find_client(feature: &Feature, client_id: &str) -> db::Result<Option<App>> {
    let app = clients::find_by_client_id(feature.db.pool(), client_id).await?;
    Ok(app.filter(|app| app.standing != AppStanding::Suspended))
}

pub(super) fn error(status: StatusCode, text: &str) -> OAuthErrorResponse {
    OAuthErrorResponse::new(status, ErrorCode::InvalidRequest.as_str(), text)
}
