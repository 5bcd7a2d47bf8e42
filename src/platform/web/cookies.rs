//! How cookies are named and marked, once for all.

use http::{HeaderMap, HeaderValue, header};
use tower_sessions::cookie::{Cookie, SameSite};

/// A client's secret on its way to the page that shows it once.
pub const FRESH_SECRET: &str = "fresh_secret";
/// What a browser keeps of a proof that was begun in it.
pub const ASSOCIATION: &str = "association";
/// What is one person's and not the next one's in the same browser.
const PERSONAL: [&str; 2] = [FRESH_SECRET, ASSOCIATION];

/// With TLS every cookie is `Secure` and named `__Host-`, so that no other host of the campus can set
/// it; without (loopback only) it is neither, since browsers would refuse it.
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

    /// The value of a cookie of ours in a request.
    pub fn read(self, headers: &HeaderMap, name: &'static str) -> Option<String> {
        read(headers, &self.name(name))
    }

    /// Sets a cookie for as long as the browser is open, or for a span.
    pub fn set(
        self,
        headers: &mut HeaderMap,
        name: &'static str,
        value: String,
        lives_for: Option<std::time::Duration>,
    ) {
        let mut cookie = self.cookie(name, value);
        cookie.set_max_age(lives_for.and_then(|span| span.try_into().ok()));
        append(headers, &cookie);
    }

    /// Sets a cookie that requests from other sites carry, too, to the addresses below `path` alone.
    /// Without TLS there is none: browsers would not send it.
    pub fn set_across_sites(
        self,
        headers: &mut HeaderMap,
        name: &'static str,
        path: String,
        value: String,
        lives_for: Option<std::time::Duration>,
    ) {
        if !self.secure {
            return;
        }
        let mut cookie = Cookie::build((across_sites(name), value))
            .path(path)
            .http_only(true)
            .secure(true)
            .same_site(SameSite::None)
            .build();
        cookie.set_max_age(lives_for.and_then(|span| span.try_into().ok()));
        append(headers, &cookie);
    }

    /// The value of such a cookie in a request.
    pub fn read_across_sites(self, headers: &HeaderMap, name: &'static str) -> Option<String> {
        read(headers, &across_sites(name))
    }

    pub fn remove(self, headers: &mut HeaderMap, name: &'static str) {
        let mut cookie = self.cookie(name, String::new());
        cookie.set_max_age(time::Duration::ZERO);
        append(headers, &cookie);
    }

    /// Takes out of a browser what the person before left there: when somebody signs in or out.
    pub fn forget_person(self, sent: &HeaderMap, headers: &mut HeaderMap) {
        for name in PERSONAL {
            if self.read(sent, name).is_some() {
                self.remove(headers, name);
            }
        }
    }

    fn cookie(self, name: &'static str, value: String) -> Cookie<'static> {
        Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build()
    }
}

/// A cookie with a path of its own cannot be `__Host-`.
fn across_sites(name: &'static str) -> String {
    format!("__Secure-{name}")
}

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned()));
    let mut ours = cookies.flatten().filter(|cookie| cookie.name() == name);
    ours.next().map(|cookie| cookie.value().to_owned())
}

fn append(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(line) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, line);
    }
}
