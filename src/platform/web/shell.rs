//! The shell round the rooms' routes: everything that is the same for every request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderValue, StatusCode, Uri, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

use super::body::{read_to_the_end, whole_within};
use super::headers::PAGE_POLICY;
use super::problem::ErrorPage;
use super::{
    ApiError, Page, PageError, PostgresSessionStore, RequestId, Web, assets, frame, headers, trace,
};
use crate::platform::rng::SharedRng;

/// Bodies of everything but uploads; the largest honest one is a consent form of every scope.
const BODY: usize = 64 * 1024;
/// A body that trickles slower than this is hung up on.
const BODY_STALLS: Duration = Duration::from_secs(15);
/// A body that is not there whole by then is hung up on, however it trickles: a picture of 2 MB over
/// a bad line takes a minute.
const BODY_WHOLE: Duration = Duration::from_mins(2);

/// What the shell needs.
#[derive(Debug)]
pub struct MiddlewareStack {
    pub web: Web,
    pub sessions: PostgresSessionStore,
    pub rng: SharedRng,
    /// Prefixes beside the canonical one, for the protocol's addresses.
    pub aliases: Vec<String>,
}

impl MiddlewareStack {
    /// Puts the shell round the rooms' routes. Routes are written without prefix and without a slash
    /// at the end; both are taken off here, before a route is looked for.
    pub fn wrap(self, rooms: Router) -> Router {
        let Self {
            web,
            sessions,
            rng,
            aliases,
        } = self;
        let session = SessionManagerLayer::new(sessions)
            .with_name(web.cookies.name("session"))
            .with_secure(web.cookies.secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_path("/");
        let secure = web.cookies.secure;
        let prefix = web.links.prefix().to_owned();
        let inside = rooms
            .route("/static/{*file}", get(assets::serve))
            .fallback(not_found)
            .layer(middleware::from_fn(trace::note_route))
            .layer(session)
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::map_request(|request| async {
                read_to_the_end(request)
            }))
            .layer(RequestBodyTimeoutLayer::new(BODY_STALLS))
            .layer(middleware::map_request(|request| async {
                whole_within(BODY_WHOLE, request)
            }));
        let around = ServiceBuilder::new()
            .layer(middleware::from_fn(move |request, next| {
                trace::trace(Arc::clone(&rng), request, next)
            }))
            .layer(middleware::from_fn(move |request, next| {
                headers::protect(secure, request, next)
            }))
            .layer(middleware::from_fn(move |request, next| {
                tell(web.clone(), request, next)
            }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(
                move |mut request: Request, next: Next| {
                    if let Some(uri) = regular(request.uri(), &prefix, &aliases) {
                        *request.uri_mut() = uri;
                    }
                    run_if_text(request, next)
                },
            ));
        // The address has to be made regular before the router sees it, so the layers go round a
        // router that does nothing but hand on.
        Router::new().fallback_service(inside).layer(around)
    }
}

/// Addresses of the protocol, which alias prefixes serve too.
const PROTOCOL: [&str; 7] = [
    "/oauth/",
    "/user/api/",
    "/widget/",
    "/fedcm/",
    "/static/widget/",
    "/account/login/",
    "/account/logout/",
];
/// Addresses at the root whatever the prefix.
const ROOT: [&str; 2] = ["/health/", "/.well-known/"];

/// The address without prefix and without a slash at the end; `None` if it is so already.
fn regular(uri: &Uri, prefix: &str, aliases: &[String]) -> Option<Uri> {
    let path = uri.path();
    let slashed = |path: &str| format!("{}/", path.trim_end_matches('/'));
    let below = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    let is_one_of =
        |list: &[&str], path: &str| list.iter().any(|start| slashed(path).starts_with(start));
    let alias = || {
        let rest = aliases.iter().find_map(|alias| below(alias))?;
        is_one_of(&PROTOCOL, rest).then_some(rest)
    };
    let rest = if is_one_of(&ROOT, path) {
        path
    } else if let Some(rest) = below(prefix).filter(|_| !prefix.is_empty()).or_else(alias) {
        rest
    } else if prefix.is_empty() {
        path
    } else {
        // Outside the prefix nothing is ours.
        "/outside"
    };
    let bare = match rest.trim_end_matches('/') {
        "" => "/",
        bare => bare,
    };
    if bare == path {
        return None;
    }
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    Uri::try_from(format!("{bare}{query}")).ok()
}

/// No address of ours holds what is not UTF-8 once decoded; the routes would answer in words of their
/// own.
async fn run_if_text(request: Request, next: Next) -> Response {
    let path = percent_encoding::percent_decode_str(request.uri().path());
    if path.decode_utf8().is_err() {
        return not_found(request).await;
    }
    next.run(request).await
}

async fn not_found(request: Request) -> Response {
    if request.uri().path().starts_with("/user/api/") {
        return ApiError::new(StatusCode::NOT_FOUND, "Not found.").into_response();
    }
    PageError::not_found().into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    PageError::broken(std::io::Error::other("a handler panicked")).into_response()
}

/// Renders a problem that a handler or a layer further in has attached to its answer.
async fn tell(web: Web, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut answer = next.run(request).await;
    let Some(problem) = answer.extensions_mut().remove::<PageError>() else {
        return answer;
    };
    let page = problem.page(id.as_ref().map(|id| id.0.as_str()));
    let shown = frame::own(&page).and_then(|mut context| {
        frame::dress(&mut context, &web, None, "", None);
        web.pages.render(ErrorPage::TEMPLATE, &context)
    });
    match shown {
        Ok(html) => {
            let Html(html) = Html(html);
            *answer.body_mut() = Body::from(html);
            let headers = answer.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            if let Ok(policy) = HeaderValue::try_from(PAGE_POLICY) {
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
        }
        Err(error) => tracing::error!(%error, "the problem page failed"),
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regular_path(path: &str, prefix: &str) -> String {
        let aliases = ["/profiles".to_owned(), "/sso".to_owned()];
        let uri: Uri = path.parse().unwrap();
        regular(&uri, prefix, &aliases).unwrap_or(uri).to_string()
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing() {
        assert_eq!(regular_path("/oauth/token/?a=1", ""), "/oauth/token?a=1");
        assert_eq!(regular_path("/oauth/token", ""), "/oauth/token");
        assert_eq!(regular_path("/", ""), "/");
    }

    #[test]
    fn aliases_serve_the_protocol_and_nothing_else() {
        assert_eq!(
            regular_path("/sso/oauth/authorize/?x", ""),
            "/oauth/authorize?x"
        );
        assert_eq!(
            regular_path("/sso/user/settings/", ""),
            "/sso/user/settings"
        );
        assert_eq!(regular_path("/ssooauth/token/", ""), "/ssooauth/token");
    }

    #[test]
    fn with_a_prefix_the_root_serves_health_and_metadata_only() {
        assert_eq!(regular_path("/p/user/settings/", "/p"), "/user/settings");
        assert_eq!(regular_path("/sso/oauth/token/", "/p"), "/oauth/token");
        assert_eq!(regular_path("/health/live", "/p"), "/health/live");
        assert_eq!(regular_path("/user/settings/", "/p"), "/outside");
        assert_eq!(regular_path("/p", "/p"), "/");
    }
}
