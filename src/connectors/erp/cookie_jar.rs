//! ERP's cookies during one sign-in. Two cookies have the same name and differ by path, so paths are
//! matched. There is one host, so domains are ignored.

use cookie::Cookie;
use http::{HeaderMap, header};
use url::Url;
use zeroize::Zeroizing;

/// Limits on number and length of cookies, above what ERP sets.
const MAX_COOKIES: usize = 40;
const MAX_VALUE_LENGTH: usize = 4096;

/// The values are wiped when the jar is dropped.
#[derive(Default)]
pub(super) struct CookieJar(Vec<StoredCookie>);

struct StoredCookie {
    name: String,
    path: String,
    value: Zeroizing<String>,
}

impl CookieJar {
    /// Stores the cookies that a response from `address` sets, and removes those it expires.
    pub(super) fn store_from(&mut self, address: &Url, headers: &HeaderMap) {
        let lines = headers.get_all(header::SET_COOKIE).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        for cookie in lines.filter_map(|line| Cookie::parse(line).ok()) {
            let path = cookie.path().filter(|path| path.starts_with('/'));
            let path = path.map_or_else(|| default_path(address.path()), str::to_owned);
            self.0
                .retain(|stored| stored.name != cookie.name() || stored.path != path);
            let is_expired =
                cookie.max_age().is_some_and(|age| !age.is_positive()) || cookie.value().is_empty();
            if is_expired || cookie.value().len() > MAX_VALUE_LENGTH || self.0.len() >= MAX_COOKIES
            {
                continue;
            }
            self.0.push(StoredCookie {
                name: cookie.name().to_owned(),
                path,
                value: Zeroizing::new(cookie.value().to_owned()),
            });
        }
    }

    /// The `Cookie` header for a request to `address`; longer paths come first (RFC 6265 §5.4).
    pub(super) fn cookie_header(&self, address: &Url) -> Option<Zeroizing<String>> {
        let mut matching: Vec<_> = self
            .0
            .iter()
            .filter(|stored| path_matches(address.path(), &stored.path))
            .collect();
        matching.sort_by_key(|stored| std::cmp::Reverse(stored.path.len()));
        let mut line = Zeroizing::new(String::with_capacity(
            matching
                .iter()
                .map(|stored| stored.name.len() + stored.value.len() + 3)
                .sum(),
        ));
        for (index, stored) in matching.iter().enumerate() {
            line.push_str(if index == 0 { "" } else { "; " });
            line.push_str(&stored.name);
            line.push('=');
            line.push_str(&stored.value);
        }
        (!line.is_empty()).then_some(line)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|stored| stored.name != name);
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let cookie = self.0.iter().find(|stored| stored.name == name);
        cookie.map(|stored| stored.value.as_str())
    }
}

/// The path of a cookie that has no `Path` attribute (RFC 6265 §5.1.4).
fn default_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((default_path, _)) => default_path.to_owned(),
    }
}

fn path_matches(path: &str, default_path: &str) -> bool {
    path.strip_prefix(default_path)
        .is_some_and(|rest| rest.is_empty() || default_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://erp.example")
            .unwrap()
            .join(path)
            .unwrap()
    }

    fn jar(lines: &[(&str, &str)]) -> CookieJar {
        let mut jar = CookieJar::default();
        for (path, line) in lines {
            let headers = HeaderMap::from_iter([(header::SET_COOKIE, line.parse().unwrap())]);
            jar.store_from(&url(path), &headers);
        }
        jar
    }

    #[test]
    fn e01_two_cookies_of_one_name_go_each_to_its_application() {
        let jar = jar(&[
            ("/IIT_ERP3/", "JSESSIONID=portal; Path=/IIT_ERP3"),
            (
                "/SSOAdministration/login.htm",
                "JSESSIONID=login; Path=/SSOAdministration; HttpOnly",
            ),
            ("/SSOAdministration/success.htm", "ssoToken=T; Path=/"),
        ]);
        let sent = |path: &str| jar.cookie_header(&url(path)).map(|line| line.to_string());
        assert_eq!(sent("/IIT_ERP3/").unwrap(), "JSESSIONID=portal; ssoToken=T");
        assert_eq!(
            sent("/SSOAdministration/auth.htm").unwrap(),
            "JSESSIONID=login; ssoToken=T"
        );
        assert_eq!(sent("/IIT_ERP3evil").unwrap(), "ssoToken=T");
        assert_eq!(jar.value("ssoToken"), Some("T"));
        assert_eq!(jar.value("other"), None);
    }

    #[test]
    fn a_cookie_is_replaced_and_taken_back() {
        let mut jar = jar(&[("/a/b", "x=1"), ("/a/c", "x=2"), ("/a/c", "y=3")]);
        assert_eq!(jar.cookie_header(&url("/a/")).unwrap().as_str(), "x=2; y=3");
        assert!(jar.cookie_header(&url("/")).is_none());
        let headers =
            HeaderMap::from_iter([(header::SET_COOKIE, "x=4; Max-Age=0".parse().unwrap())]);
        jar.store_from(&url("/a/b"), &headers);
        assert_eq!(jar.cookie_header(&url("/a/")).unwrap().as_str(), "y=3");
        for number in 0..100 {
            let line = format!("n{number}=v").parse().unwrap();
            jar.store_from(
                &url("/"),
                &HeaderMap::from_iter([(header::SET_COOKIE, line)]),
            );
        }
        assert_eq!(jar.0.len(), MAX_COOKIES);
    }
}
