//! The middleware around all routes.
//!
//! In the order a request passes it: normalised address, panics caught, error pages rendered, security
//! headers, request id and log span, body limits, cookies of this server, session.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;

use super::errors::ErrorPage;
use super::request_body::{drain_unread_body, set_body_deadline};
use super::security_headers::PAGE_CSP;
use super::{
    ApiError, Page, PageError, PostgresSessionStore, RequestId, Web, assets, page_context,
    security_headers, trace,
};
use crate::platform::rng::SharedRng;

/// The body limit of routes without uploads; the largest legitimate body is a consent form with every
/// scope.
const MAX_BODY: usize = 64 * 1024;
/// The longest pause between two chunks of a body.
const BODY_STALL_TIMEOUT: Duration = Duration::from_secs(15);
/// The time in which a whole body must arrive: a picture of 2 MB over a bad connection takes a minute.
const BODY_TIMEOUT: Duration = Duration::from_mins(2);

/// Wraps the routes of all features.
#[derive(Debug)]
pub struct MiddlewareStack {
    pub web: Web,
    pub sessions: PostgresSessionStore,
    pub rng: SharedRng,
    /// Path prefixes that serve the protocol endpoints, beside the canonical one.
    pub aliases: Vec<String>,
}

impl MiddlewareStack {
    /// Wraps the routes. Routes are written without prefix and without a trailing slash; both are
    /// removed here before routing.
    pub fn wrap(self, routes: Router) -> Router {
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
        let cookies = web.cookies;
        let prefix = web.links.prefix().to_owned();
        let inner = routes
            .route("/static/{*file}", get(assets::serve))
            .fallback(not_found)
            .layer(middleware::from_fn(trace::attach_route))
            .layer(session)
            .layer(middleware::map_request(move |mut request: Request| {
                cookies.retain_own_cookies(request.headers_mut());
                std::future::ready(request)
            }))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(middleware::map_request(|request| async {
                drain_unread_body(request)
            }))
            .layer(RequestBodyTimeoutLayer::new(BODY_STALL_TIMEOUT))
            .layer(middleware::map_request(|request| async {
                set_body_deadline(BODY_TIMEOUT, request)
            }));
        let outer = ServiceBuilder::new()
            .layer(middleware::from_fn(move |request, next| {
                trace::trace_request(Arc::clone(&rng), request, next)
            }))
            .layer(middleware::from_fn(move |request, next| {
                security_headers::set_security_headers(cookies.secure, request, next)
            }))
            .layer(middleware::from_fn(move |request, next| {
                render_errors(web.clone(), request, next)
            }))
            .layer(CatchPanicLayer::custom(respond_to_panic))
            .layer(middleware::from_fn(
                move |mut request: Request, next: Next| {
                    let page = find_aliased_page(&request, &prefix, &aliases);
                    if let Some(uri) = normalise(request.uri(), &prefix, &aliases) {
                        *request.uri_mut() = uri;
                    }
                    redirect_or_respond(page, request, next)
                },
            ));
        // The address must be normalised before routing, so the outer layers wrap a router that only
        // forwards.
        Router::new().fallback_service(inner).layer(outer)
    }
}

/// The protocol endpoints, which alias prefixes serve too.
const PROTOCOL_PATHS: [&str; 7] = [
    "/oauth/",
    "/user/api/",
    "/widget/",
    "/fedcm/",
    "/static/widget/",
    "/account/login/",
    "/account/logout/",
];
/// Served at the root, whatever the prefix is.
const ROOT_PATHS: [&str; 2] = ["/health/", "/.well-known/"];

/// The canonical address of a page that was requested under an alias prefix, where apps in the wild link to. `None` for
/// protocol endpoints, which answer in place, and for methods other than GET and HEAD, whose body a redirect loses.
fn find_aliased_page(request: &Request, prefix: &str, aliases: &[String]) -> Option<String> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let path = request.uri().path();
    let others = aliases.iter().filter(|alias| *alias != prefix);
    let mut below = others.filter_map(|alias| path.strip_prefix(alias.as_str()));
    let rest = below.find(|rest| rest.is_empty() || rest.starts_with('/'))?;
    if is_one_of(&PROTOCOL_PATHS, rest) {
        return None;
    }
    // One slash at the start: browsers read `//host` and `/\host` as an address of another server.
    let rest = rest.trim_start_matches(['/', '\\']);
    let query = request.uri().query().map(|query| format!("?{query}"));
    Some(format!("{prefix}/{rest}{}", query.unwrap_or_default()))
}

/// Whether a path, with or without its trailing slash, is below one of these.
fn is_one_of(list: &[&str], path: &str) -> bool {
    let slashed = format!("{}/", path.trim_end_matches('/'));
    list.iter().any(|start| slashed.starts_with(start))
}

/// Removes the prefix and the trailing slash. `None` if there is nothing to remove.
fn normalise(uri: &Uri, prefix: &str, aliases: &[String]) -> Option<Uri> {
    let path = uri.path();
    let below = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    let alias = || {
        let rest = aliases.iter().find_map(|alias| below(alias))?;
        is_one_of(&PROTOCOL_PATHS, rest).then_some(rest)
    };
    let rest = if is_one_of(&ROOT_PATHS, path) {
        path
    } else if let Some(rest) = below(prefix).filter(|_| !prefix.is_empty()).or_else(alias) {
        rest
    } else if prefix.is_empty() {
        path
    } else {
        // Leads to “not found”: Profiles serves nothing outside its prefix.
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

/// Redirects to a page, if there is one to redirect to.
async fn redirect_or_respond(page: Option<String>, request: Request, next: Next) -> Response {
    match page {
        Some(page) => (StatusCode::FOUND, [(header::LOCATION, page)]).into_response(),
        None => reject_invalid_utf8(request, next).await,
    }
}

/// Responds “not found” if the decoded path is not UTF-8, instead of with the plain text of axum's
/// extractors.
async fn reject_invalid_utf8(request: Request, next: Next) -> Response {
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

fn respond_to_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    PageError::internal(std::io::Error::other("a handler panicked")).into_response()
}

/// Renders the [`PageError`] that a handler or an inner layer has attached to its response.
async fn render_errors(web: Web, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    let page = error.page(id.as_ref().map(|id| id.0.as_str()));
    let rendered = page_context::page_context(&page).and_then(|mut context| {
        page_context::add_shared_context(&mut context, &web, None, "", None);
        web.templates.render(ErrorPage::TEMPLATE, &context)
    });
    match rendered {
        Ok(html) => {
            *response.body_mut() = Body::from(html);
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            if let Ok(policy) = HeaderValue::try_from(PAGE_CSP) {
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
        }
        Err(error) => tracing::error!(%error, "the error page failed"),
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(path: &str, prefix: &str) -> String {
        let aliases = ["/profiles".to_owned(), "/sso".to_owned()];
        let uri: Uri = path.parse().unwrap();
        normalise(&uri, prefix, &aliases).unwrap_or(uri).to_string()
    }

    #[test]
    fn a_trailing_slash_is_ignored() {
        assert_eq!(normalised("/oauth/token/?a=1", ""), "/oauth/token?a=1");
        assert_eq!(normalised("/oauth/token", ""), "/oauth/token");
        assert_eq!(normalised("/", ""), "/");
    }

    #[test]
    fn aliases_serve_the_protocol_endpoints_only() {
        assert_eq!(
            normalised("/sso/oauth/authorize/?x", ""),
            "/oauth/authorize?x"
        );
        assert_eq!(normalised("/sso/user/settings/", ""), "/sso/user/settings");
        assert_eq!(normalised("/ssooauth/token/", ""), "/ssooauth/token");
    }

    #[test]
    fn with_a_prefix_the_root_serves_only_health_and_metadata() {
        assert_eq!(normalised("/p/user/settings/", "/p"), "/user/settings");
        assert_eq!(normalised("/sso/oauth/token/", "/p"), "/oauth/token");
        assert_eq!(normalised("/health/live", "/p"), "/health/live");
        assert_eq!(normalised("/user/settings/", "/p"), "/outside");
        assert_eq!(normalised("/p", "/p"), "/");
    }
}
