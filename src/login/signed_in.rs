//! The proof that somebody is signed in.

use axum::extract::FromRef;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
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
            let page = (parts.method == Method::GET).then(|| whole_path(web.links(), &parts.uri));
            return Err(send_to_login(web.links(), page.as_deref()));
        };
        Ok(Self { visit, frame })
    }
}

/// An address inside the house has lost its prefix and closing slash; here it gets them back.
fn whole_path(links: &Links, uri: &Uri) -> String {
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    format!(
        "{}{}/{query}",
        links.prefix(),
        uri.path().trim_end_matches('/')
    )
}

/// To the sign-in page, which leads back to `next`, a path of ours.
pub fn send_to_login(links: &Links, next: Option<&str>) -> Response {
    let next = next.map(|next| url::form_urlencoded::byte_serialize(next.as_bytes()).collect());
    let next = next
        .map(|next: String| format!("?next={next}"))
        .unwrap_or_default();
    let to = format!("{}{next}", links.login());
    // 302, as old clients and their tests expect of this door.
    (http::StatusCode::FOUND, [(http::header::LOCATION, to)]).into_response()
}
