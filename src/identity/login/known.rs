//! Which accounts this browser has signed in to before: a cookie of a name made up for the browser
//! and a seal per account. It holds no account's name, opens nothing, and only decides whose failed
//! tries are counted together ([`super::limits`]).

use std::time::Duration;

use http::HeaderMap;

use super::limits::AccountKey;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;
use crate::platform::web::Web;

const KNOWN: &str = "known";
const YEAR: Duration = Duration::from_hours(365 * 24);
/// Accounts one browser is known for, newest first: a shared computer has a few.
const MOST: usize = 4;
const NAME_LENGTH: usize = 22;

/// The browser's name, if it signed in to this account before.
pub(super) fn browser(web: &Web, headers: &HeaderMap, account: AccountKey) -> Option<String> {
    let cookie = web.cookies.read(headers, KNOWN)?;
    let (name, seals) = parts(&cookie)?;
    let is_known = seals
        .iter()
        .any(|seal| verify_mac(web, seal, name, account));
    is_known.then(|| name.to_owned())
}

/// Remembers in the browser that it signed in to this account.
pub(super) fn remember(
    web: &Web,
    before: &HeaderMap,
    answer: &mut HeaderMap,
    account: AccountKey,
    rng: &dyn Rng,
) {
    let cookie = web.cookies.read(before, KNOWN).unwrap_or_default();
    let fresh = alphanumeric(rng, NAME_LENGTH);
    let (name, seals) = parts(&cookie).unwrap_or((&fresh, Vec::new()));
    let others = seals
        .into_iter()
        .filter(|seal| !verify_mac(web, seal, name, account));
    let mut value = format!("{name}.{}", seal(web, name, account));
    for other in others.take(MOST - 1) {
        value.push('.');
        value.push_str(other);
    }
    web.cookies.set(answer, KNOWN, value, Some(YEAR));
}

fn parts(cookie: &str) -> Option<(&str, Vec<&str>)> {
    let (name, seals) = cookie.split_once('.')?;
    (name.len() == NAME_LENGTH).then(|| (name, seals.split('.').take(MOST).collect()))
}

fn seal(web: &Web, name: &str, account: AccountKey) -> String {
    web.cookie_key
        .mac(&[KNOWN.as_bytes(), name.as_bytes(), &account.to_vec()])
}

fn verify_mac(web: &Web, text: &str, name: &str, account: AccountKey) -> bool {
    web.cookie_key.verify_mac(
        text,
        &[KNOWN.as_bytes(), name.as_bytes(), &account.to_vec()],
    )
}
