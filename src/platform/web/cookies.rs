//! The names and attributes of all cookies.
//!
//! Without TLS every name begins with `profiles_`: browsers send a cookie to all ports of a host, so a
//! common name such as `session` would be overwritten by other programs on `localhost`.

use http::{HeaderMap, HeaderValue, header};
use tower_sessions::cookie::{Cookie, SameSite};

/// Holds a new client secret from the redirect until the page that shows it once.
pub const NEW_SECRET_COOKIE: &str = "new_secret";
/// Binds a mailbox proof (association) to the browser that began it.
pub const ASSOCIATION_COOKIE: &str = "association";
/// Cookies that belong to one person, and must not reach the next person in the same browser.
const PERSONAL_COOKIES: [&str; 2] = [NEW_SECRET_COOKIE, ASSOCIATION_COOKIE];

const PLAIN_PREFIX: &str = "profiles_";
const HOST_PREFIX: &str = "__Host-";
/// `__Host-` requires `Path=/`, so a cookie with another path gets this one.
const SECURE_PREFIX: &str = "__Secure-";

/// With TLS every cookie is `Secure` and has the prefix `__Host-`, so that no other host of the domain can
/// set it (cookie tossing). Without TLS, which is for loopback only, browsers would refuse both.
#[derive(Debug, Clone, Copy)]
pub struct CookiePolicy {
    pub secure: bool,
}

impl CookiePolicy {
    pub fn name(self, name: &'static str) -> String {
        let prefix = if self.secure {
            HOST_PREFIX
        } else {
            PLAIN_PREFIX
        };
        format!("{prefix}{name}")
    }

    /// Replaces the `Cookie` headers by one with the cookies of this server only, of each name the first.
    ///
    /// A browser sends the cookies of sister sites too, and those may hold bytes that are not ASCII or not
    /// UTF-8. A parser that rejects a whole header because of them would lose the session with it. A
    /// server must not rely on the order of equal names (RFC 6265 §4.2.2); the first has the longest path.
    pub(super) fn retain_own_cookies(self, headers: &mut HeaderMap) {
        let header::Entry::Occupied(sent) = headers.entry(header::COOKIE) else {
            return;
        };
        let (_, lines) = sent.remove_entry_mult();
        let lines: Vec<HeaderValue> = lines.collect();
        let mut own: Vec<(&str, &str)> = Vec::new();
        for pair in lines
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        {
            if let Some((name, value)) = self.parse_own(pair)
                && !own.iter().any(|(other, _)| *other == name)
            {
                own.push((name, value));
            }
        }
        let own: Vec<String> = own
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !own.is_empty()
            && let Ok(line) = HeaderValue::try_from(own.join("; "))
        {
            headers.insert(header::COOKIE, line);
        }
    }

    /// Name and value of a pair in a `Cookie` header, if this server may have set it.
    fn parse_own(self, pair: &[u8]) -> Option<(&str, &str)> {
        let pair = std::str::from_utf8(pair).ok()?;
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let is_own = if self.secure {
            name.starts_with(HOST_PREFIX) || name.starts_with(SECURE_PREFIX)
        } else {
            name.starts_with(PLAIN_PREFIX)
        };
        (is_own && pair.is_ascii()).then_some((name, value))
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

fn cross_site_name(name: &'static str) -> String {
    format!("{SECURE_PREFIX}{name}")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn retained(secure: bool, lines: &[&[u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        CookiePolicy { secure }.retain_own_cookies(&mut headers);
        let mut lines = headers.get_all(header::COOKIE).iter();
        let first = lines.next().map(|line| line.to_str().unwrap().to_owned());
        assert!(lines.next().is_none());
        first
    }

    #[test]
    fn cookies_of_other_sites_are_passed_over_whatever_their_bytes() {
        for foreign in [
            &b"city=K\xc3\xb6ln"[..],
            b"city=K\xf6ln",
            b"broken",
            b"=",
            b"a=\"b;c\"",
            b"session=eyJ9",
            b"profiles_x=\xff",
        ] {
            let first = [foreign, b"; profiles_session=a; profiles_visitor=b"].concat();
            let last = [b"profiles_session=a; profiles_visitor=b; ", foreign].concat();
            for line in [first, last] {
                let own = retained(false, &[&line]);
                assert_eq!(
                    own.as_deref(),
                    Some("profiles_session=a; profiles_visitor=b")
                );
            }
            let apart: [&[u8]; 3] = [b"profiles_session=a", foreign, b"profiles_visitor=b"];
            let own = retained(false, &apart);
            assert_eq!(
                own.as_deref(),
                Some("profiles_session=a; profiles_visitor=b")
            );
            assert_eq!(retained(false, &[foreign]), None);
        }
    }

    #[test]
    fn with_tls_only_prefixed_cookies_are_own() {
        let line = b"session=a; profiles_session=b; __Host-session=c; __Secure-fedcm=d";
        let own = "__Host-session=c; __Secure-fedcm=d";
        assert_eq!(retained(true, &[line]).as_deref(), Some(own));
    }

    #[test]
    fn of_equal_names_the_first_counts() {
        let line = b"profiles_session=a; profiles_session=b";
        assert_eq!(
            retained(false, &[line]).as_deref(),
            Some("profiles_session=a")
        );
    }
}
