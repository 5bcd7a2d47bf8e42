//! How cookies are named and marked, once for all.

use http::HeaderMap;
use http::HeaderValue;
use http::header;
use tower_sessions::cookie::Cookie;
use tower_sessions::cookie::SameSite;

/// A client's secret on its way to the page that shows it once.
pub const FRESH_SECRET: &str = "fresh_secret";
/// What is one person's and not the next one's in the same browser.
const PERSONAL: [&str; 1] = [FRESH_SECRET];

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
        let name = self.name(name);
        let lines = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| Cookie::split_parse(line.to_owned()));
        let mut ours = cookies.flatten().filter(|cookie| cookie.name() == name);
        ours.next().map(|cookie| cookie.value().to_owned())
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

fn append(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(line) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, line);
    }
}
