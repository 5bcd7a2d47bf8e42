//! Trusted browsers: a cookie keeps for which accounts this browser has signed in before. It holds a random
//! browser id and one MAC per account, but no account name. It signs nobody in; it only decides which
//! rate limit counts the failed tries ([`super::rate_limits`]).

use std::time::Duration;

use http::HeaderMap;

use super::rate_limits::AccountKey;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;
use crate::platform::web::Web;

const COOKIE: &str = "known";
const LIFETIME: Duration = Duration::from_hours(365 * 24);
/// Accounts per browser, newest first. A shared computer has a few.
const MAX_ACCOUNTS: usize = 4;
const BROWSER_ID_LENGTH: usize = 22;

/// The id of the browser, if it has signed in to this account before.
pub(super) fn find(web: &Web, headers: &HeaderMap, account: AccountKey) -> Option<String> {
    let cookie = web.cookies.read(headers, COOKIE)?;
    let (browser, macs) = parse_cookie(&cookie)?;
    let is_trusted = macs.iter().any(|mac| is_mac(web, mac, browser, account));
    is_trusted.then(|| browser.to_owned())
}

/// Adds the account to the cookie.
pub(super) fn remember(
    web: &Web,
    request_headers: &HeaderMap,
    response_headers: &mut HeaderMap,
    account: AccountKey,
    rng: &dyn Rng,
) {
    let cookie = web
        .cookies
        .read(request_headers, COOKIE)
        .unwrap_or_default();
    let new_browser = alphanumeric(rng, BROWSER_ID_LENGTH);
    let (browser, macs) = parse_cookie(&cookie).unwrap_or((&new_browser, Vec::new()));
    let others = macs
        .into_iter()
        .filter(|mac| !is_mac(web, mac, browser, account));
    let mut value = format!("{browser}.{}", compute_mac(web, browser, account));
    for other in others.take(MAX_ACCOUNTS - 1) {
        value.push('.');
        value.push_str(other);
    }
    web.cookies
        .set(response_headers, COOKIE, value, Some(LIFETIME));
}

fn parse_cookie(cookie: &str) -> Option<(&str, Vec<&str>)> {
    let (browser, macs) = cookie.split_once('.')?;
    let macs = macs.split('.').take(MAX_ACCOUNTS).collect();
    (browser.len() == BROWSER_ID_LENGTH).then_some((browser, macs))
}

fn compute_mac(web: &Web, browser: &str, account: AccountKey) -> String {
    web.cookie_key
        .mac(&[COOKIE.as_bytes(), browser.as_bytes(), &account.to_vec()])
}

fn is_mac(web: &Web, mac: &str, browser: &str, account: AccountKey) -> bool {
    web.cookie_key.verify_mac(
        mac,
        &[COOKIE.as_bytes(), browser.as_bytes(), &account.to_vec()],
    )
}
