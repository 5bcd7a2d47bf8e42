//! What a browser is told of who is signed in, for its own account chooser (FedCM, "login status"): a
//! header, and a cookie for the few addresses the chooser asks.
//!
//! That cookie is the only one other sites' requests carry. It names a session and opens none: what
//! asks for a session's own cookie does not know it, and without our seal it names nothing.

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_sessions::Session;

use super::{SessionLifetime, UserSession, Web, session_store};
use crate::platform::secret::TokenHash;

const COOKIE: &str = "fedcm";
const STATUS: HeaderName = HeaderName::from_static("set-login");

/// The header of an answer after which nobody is signed in.
pub const LOGGED_OUT: (HeaderName, HeaderValue) = (STATUS, HeaderValue::from_static("logged-out"));

/// Says that somebody is signed in.
pub(super) fn announce(web: &Web, session: &Session, visit: &UserSession, headers: &mut HeaderMap) {
    let Some(id) = session.id() else {
        return;
    };
    headers.insert(STATUS, HeaderValue::from_static("logged-in"));
    let name = session_store::fingerprint(&id).to_hex();
    let value = format!("{name}.{}", seal(web, &name));
    let lives_for = match visit.lifetime {
        SessionLifetime::Browser => None,
        SessionLifetime::Remembered => Some(visit.lifetime.span()),
    };
    let path = web.links.fedcm();
    web.cookies
        .set_across_sites(headers, COOKIE, path, value, lives_for);
}

/// Says that nobody is signed in any more.
pub(super) fn retract(web: &Web, headers: &mut HeaderMap) {
    let (name, value) = LOGGED_OUT;
    headers.insert(name, value);
    let (path, at_once) = (web.links.fedcm(), std::time::Duration::ZERO);
    web.cookies
        .set_across_sites(headers, COOKIE, path, String::new(), Some(at_once));
}

/// Under what the database keeps the session that a request of the account chooser names, if it is
/// there still.
pub fn named_session(web: &Web, headers: &HeaderMap) -> Option<TokenHash> {
    let cookie = web.cookies.read_across_sites(headers, COOKIE)?;
    let (name, sealed) = cookie.split_once('.')?;
    let genuine = web
        .cookie_key
        .is_seal(sealed, &[COOKIE.as_bytes(), name.as_bytes()]);
    genuine.then(|| TokenHash::from_hex(name)).flatten()
}

fn seal(web: &Web, name: &str) -> String {
    web.cookie_key.seal(&[COOKIE.as_bytes(), name.as_bytes()])
}
