//! Who asks: the browser itself, on behalf of somebody and of a page.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use super::{Feature, store};
use crate::platform::db;
use crate::platform::id::PersonId;
use crate::platform::web::{FormParams, OAuthErrorResponse, find_status_session};
use crate::protocol::clients;
use crate::protocol::clients::{App, AppOrigins, AppStanding};
use crate::protocol::oauth::OAuthErrorCode as ErrorCode;

/// Who is signed in, if anybody is. Refuses with 400 what a page asks instead of the browser.
pub(super) struct FedcmSession(pub Option<PersonId>);

/// What the browser sends for a page of an app. Refuses with 400 what a page asks instead of the
/// browser and an app that is not known, with 403 a page that is not the app's own.
pub(super) struct FedcmClientRequest {
    pub form: FormParams,
    pub app: App,
    /// Of the page.
    pub origin: String,
}

impl FromRequestParts<Feature> for FedcmSession {
    type Rejection = OAuthErrorResponse;

    async fn from_request_parts(
        parts: &mut Parts,
        it: &Feature,
    ) -> Result<Self, OAuthErrorResponse> {
        by_the_browser(&parts.headers)?;
        let Some(session) = find_status_session(&it.web, &parts.headers) else {
            return Ok(Self(None));
        };
        let now = it.clock.now();
        let person = store::find_person(it.db.pool(), &session.to_vec(), now).await?;
        Ok(Self(person))
    }
}

impl FromRequest<Feature> for FedcmClientRequest {
    type Rejection = OAuthErrorResponse;

    async fn from_request(request: Request, it: &Feature) -> Result<Self, OAuthErrorResponse> {
        let asked = request.headers().clone();
        by_the_browser(&asked)?;
        let body = Bytes::from_request(request, it).await.map_err(|broken| {
            problem(
                broken.status(),
                "The form is too long, or ended in the middle.",
            )
        })?;
        let form = FormParams::parse(&body);
        let form = form.ok_or_else(|| problem(StatusCode::BAD_REQUEST, "The form holds a NUL."))?;
        let app = find_app(it, form.text("client_id")).await?;
        let app = app.ok_or_else(|| problem(StatusCode::BAD_REQUEST, "No such app."))?;
        let origin = asked.get(header::ORIGIN);
        let origin = origin.and_then(|origin| origin.to_str().ok());
        let home = AppOrigins::of(&app.details.redirect_uris);
        let Some(origin) = origin.filter(|origin| home.has(origin)) else {
            return Err(problem(
                StatusCode::FORBIDDEN,
                "No redirect URI of this app is at the origin of this page.",
            ));
        };
        let origin = origin.to_owned();
        Ok(Self { form, app, origin })
    }
}

/// No page can send this header, and no form.
fn by_the_browser(asked: &HeaderMap) -> Result<(), OAuthErrorResponse> {
    let is_it = asked
        .get("sec-fetch-dest")
        .is_some_and(|destination| destination == "webidentity");
    if is_it {
        return Ok(());
    }
    Err(problem(
        StatusCode::BAD_REQUEST,
        "This address is for the browser's own sign-in dialog (FedCM).",
    ))
}

pub(super) async fn find_app(it: &Feature, client_id: &str) -> db::Result<Option<App>> {
    let app = clients::find_by_client_id(it.db.pool(), client_id).await?;
    Ok(app.filter(|app| app.standing != AppStanding::Suspended))
}

pub(super) fn problem(status: StatusCode, text: &str) -> OAuthErrorResponse {
    OAuthErrorResponse::new(status, ErrorCode::InvalidRequest.as_str(), text)
}
