//! ERP's cookies, for as long as one sign-in takes. Two of them have the same name and differ by
//! path, so paths matter; there is one host, so domains do not.

use cookie::Cookie;
use http::{HeaderMap, header};
use url::Url;
use zeroize::Zeroizing;

/// More cookies than ERP sets, and longer ones.
const MOST: usize = 40;
const LONGEST: usize = 4096;

/// Wiped when dropped.
#[derive(Default)]
pub(super) struct CookieJar(Vec<StoredCookie>);

struct StoredCookie {
    name: String,
    path: String,
    value: Zeroizing<String>,
}

impl CookieJar {
    /// Takes what an answer from `address` sets, and drops what it takes back.
    pub(super) fn store(&mut self, address: &Url, headers: &HeaderMap) {
        let lines = headers.get_all(header::SET_COOKIE).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        for set in lines.filter_map(|line| Cookie::parse(line).ok()) {
            let path = set.path().filter(|path| path.starts_with('/'));
            let path = path.map_or_else(|| folder(address.path()), str::to_owned);
            self.0.retain(|it| it.name != set.name() || it.path != path);
            let is_over =
                set.max_age().is_some_and(|age| !age.is_positive()) || set.value().is_empty();
            if is_over || set.value().len() > LONGEST || self.0.len() >= MOST {
                continue;
            }
            self.0.push(StoredCookie {
                name: set.name().to_owned(),
                path,
                value: Zeroizing::new(set.value().to_owned()),
            });
        }
    }

    /// What a request to `address` carries, the longest path first (RFC 6265 §5.4).
    pub(super) fn header(&self, address: &Url) -> Option<Zeroizing<String>> {
        let mut fit: Vec<_> = self
            .0
            .iter()
            .filter(|it| is_below(address.path(), &it.path))
            .collect();
        fit.sort_by_key(|it| std::cmp::Reverse(it.path.len()));
        let mut line = Zeroizing::new(String::with_capacity(
            fit.iter()
                .map(|it| it.name.len() + it.value.len() + 3)
                .sum(),
        ));
        for (at, it) in fit.iter().enumerate() {
            line.push_str(if at == 0 { "" } else { "; " });
            line.push_str(&it.name);
            line.push('=');
            line.push_str(&it.value);
        }
        (!line.is_empty()).then_some(line)
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.0.retain(|it| it.name != name);
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|it| it.name == name);
        found.map(|it| it.value.as_str())
    }
}

/// Where a cookie belongs that names no path (RFC 6265 §5.1.4).
fn folder(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
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
        for (from, line) in lines {
            let headers = HeaderMap::from_iter([(header::SET_COOKIE, line.parse().unwrap())]);
            jar.store(&url(from), &headers);
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
        let sent = |path: &str| jar.header(&url(path)).map(|line| line.to_string());
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
        assert_eq!(jar.header(&url("/a/")).unwrap().as_str(), "x=2; y=3");
        assert!(jar.header(&url("/")).is_none());
        let gone = HeaderMap::from_iter([(header::SET_COOKIE, "x=4; Max-Age=0".parse().unwrap())]);
        jar.store(&url("/a/b"), &gone);
        assert_eq!(jar.header(&url("/a/")).unwrap().as_str(), "y=3");
        for number in 0..100 {
            let line = format!("n{number}=v").parse().unwrap();
            jar.store(
                &url("/"),
                &HeaderMap::from_iter([(header::SET_COOKIE, line)]),
            );
        }
        assert_eq!(jar.0.len(), MOST);
    }
}
