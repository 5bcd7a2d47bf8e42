//! The names and attributes of all cookies.

use http::{HeaderMap, HeaderValue, header};
use tower_sessions::cookie::{Cookie, SameSite};

/// Holds a new client secret from the redirect until the page that shows it once.
pub const NEW_SECRET_COOKIE: &str = "fresh_secret";
/// Binds a mailbox proof (association) to the browser that began it.
pub const ASSOCIATION_COOKIE: &str = "association";
/// Cookies that belong to one person, and must not reach the next person in the same browser.
const PERSONAL_COOKIES: [&str; 2] = [NEW_SECRET_COOKIE, ASSOCIATION_COOKIE];

/// With TLS every cookie is `Secure` and has the prefix `__Host-`, so that no other host of the domain can
/// set it (cookie tossing). Without TLS, which is for loopback only, it has neither, because browsers
/// would refuse it.
#[derive(Debug, Clone, Copy)]
pub struct CookiePolicy {
    pub secure: bool,
}

impl CookiePolicy {
    pub fn name(self, name: &'static str) -> String {
        if self.secure {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    /// The value of a cookie in a request.
    pub fn read(self, headers: &HeaderMap, name: &'static str) -> Option<String> {
        read(headers, &self.name(name))
    }

    /// Sets a cookie, for `max_age` or until the browser closes.
    pub fn set(
        self,
        headers: &mut HeaderMap,
        name: &'static str,
        value: String,
        max_age: Option<std::time::Duration>,
    ) {
        let mut cookie = self.build(name, value);
        cookie.set_max_age(max_age.and_then(|span| span.try_into().ok()));
        append(headers, &cookie);
    }

    /// Sets a cookie that browsers also send with cross-site requests (`SameSite=None`), and only to
    /// addresses below `path`. Does nothing without TLS: browsers require `Secure` for such cookies.
    pub fn set_cross_site(
        self,
        headers: &mut HeaderMap,
        name: &'static str,
        path: String,
        value: String,
        max_age: Option<std::time::Duration>,
    ) {
        if !self.secure {
            return;
        }
        let mut cookie = Cookie::build((cross_site_name(name), value))
            .path(path)
            .http_only(true)
            .secure(true)
            .same_site(SameSite::None)
            .build();
        cookie.set_max_age(max_age.and_then(|span| span.try_into().ok()));
        append(headers, &cookie);
    }

    /// The value of a cookie set by [`Self::set_cross_site`].
    pub fn read_cross_site(self, headers: &HeaderMap, name: &'static str) -> Option<String> {
        read(headers, &cross_site_name(name))
    }

    pub fn remove(self, headers: &mut HeaderMap, name: &'static str) {
        let mut cookie = self.build(name, String::new());
        cookie.set_max_age(time::Duration::ZERO);
        append(headers, &cookie);
    }

    /// Removes the cookies of the previous person. Called when a person signs in or out.
    pub fn remove_personal_cookies(self, sent: &HeaderMap, headers: &mut HeaderMap) {
        for name in PERSONAL_COOKIES {
            if self.read(sent, name).is_some() {
                self.remove(headers, name);
            }
        }
    }

    fn build(self, name: &'static str, value: String) -> Cookie<'static> {
        Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build()
    }
}

/// The prefix `__Host-` requires `Path=/`, so a cookie with another path gets `__Secure-`.
fn cross_site_name(name: &'static str) -> String {
    format!("__Secure-{name}")
}

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned()));
    let mut matching = cookies.flatten().filter(|cookie| cookie.name() == name);
    matching.next().map(|cookie| cookie.value().to_owned())
}

fn append(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(line) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, line);
    }
}
