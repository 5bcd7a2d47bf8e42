//! FedCM login status: the `Set-Login` header, and a cookie for the FedCM endpoints.
//!
//! The browser's account chooser calls the FedCM endpoints cross-site, where the session cookie
//! (`SameSite=Lax`) is not sent. The cookie set here is. It holds the hash of the session id and a MAC
//! over it, so it identifies a session to these endpoints but cannot be used as a session cookie.

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_sessions::Session;

use super::{SessionLifetime, UserSession, Web, session_store};
use crate::platform::secret::SecretHash;

const COOKIE: &str = "fedcm";
const SET_LOGIN: HeaderName = HeaderName::from_static("set-login");

/// The header that reports to the browser that nobody is signed in.
pub const LOGGED_OUT: (HeaderName, HeaderValue) =
    (SET_LOGIN, HeaderValue::from_static("logged-out"));

/// Reports to the browser that a person is signed in.
pub(super) fn set(web: &Web, session: &Session, user: &UserSession, headers: &mut HeaderMap) {
    let Some(id) = session.id() else {
        return;
    };
    headers.insert(SET_LOGIN, HeaderValue::from_static("logged-in"));
    let name = session_store::session_hash(&id).to_hex();
    let value = format!("{name}.{}", mac(web, &name));
    let max_age = match user.lifetime {
        SessionLifetime::Browser => None,
        SessionLifetime::Remembered => Some(user.lifetime.max_age()),
    };
    let path = web.links.fedcm();
    web.cookies
        .set_cross_site(headers, COOKIE, path, value, max_age);
}

/// Reports to the browser that nobody is signed in any more.
pub(super) fn clear(web: &Web, headers: &mut HeaderMap) {
    let (name, value) = LOGGED_OUT;
    headers.insert(name, value);
    let (path, max_age) = (web.links.fedcm(), std::time::Duration::ZERO);
    web.cookies
        .set_cross_site(headers, COOKIE, path, String::new(), Some(max_age));
}

/// The hash of the session id in the cookie of a FedCM request. The session itself may have ended.
pub fn find_status_session(web: &Web, headers: &HeaderMap) -> Option<SecretHash> {
    let cookie = web.cookies.read_cross_site(headers, COOKIE)?;
    let (name, mac) = cookie.split_once('.')?;
    let is_valid = web
        .cookie_key
        .verify_mac(mac, &[COOKIE.as_bytes(), name.as_bytes()]);
    is_valid.then(|| SecretHash::from_hex(name)).flatten()
}

fn mac(web: &Web, name: &str) -> String {
    web.cookie_key.mac(&[COOKIE.as_bytes(), name.as_bytes()])
}
