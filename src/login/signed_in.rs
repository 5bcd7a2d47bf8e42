//! The proof that somebody is signed in.

use axum::extract::FromRef;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use http::Method;
use http::Uri;
use http::request::Parts;

use crate::links::Links;
use crate::web::Frame;
use crate::web::Visit;
use crate::web::Web;

/// Somebody is signed in. Who is not is sent to the sign-in page and comes back here.
#[derive(Debug)]
pub struct SignedIn {
    pub visit: Visit,
    pub frame: Frame,
}

impl<S> FromRequestParts<S> for SignedIn
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let frame = Frame::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let Some(visit) = frame.visit().cloned() else {
            let web = Web::from_ref(state);
            // A form cannot be sent again after the sign-in: its page can.
            let page = if parts.method == Method::GET {
                Some(&parts.uri)
            } else {
                None
            };
            return Err(send_to_login(web.links(), page));
        };
        Ok(Self { visit, frame })
    }
}

/// To the sign-in page, which leads back to `page`. Addresses inside the house have lost their prefix
/// and closing slash; here they get them back.
pub fn send_to_login(links: &Links, page: Option<&Uri>) -> Response {
    let Some(page) = page else {
        return Redirect::to(&links.login()).into_response();
    };
    let query = page
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let path = page.path().trim_end_matches('/');
    let next = format!("{}{path}/{query}", links.prefix());
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    // 302, as old clients and their tests expect of this door.
    let to = format!("{}?next={next}", links.login());
    (http::StatusCode::FOUND, [(http::header::LOCATION, to)]).into_response()
}
