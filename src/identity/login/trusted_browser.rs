//! Trusted browsers: a cookie keeps for which accounts this browser has signed in before. It holds a random
//! browser id, and for each account the id and the credential epoch of its person and a MAC, but no account
//! name. It signs nobody in; it only decides which rate limit counts the failed tries ([`super::rate_limits`]).
//! After a credential event the browser is trusted again from its next sign-in on.

use std::time::Duration;

use http::HeaderMap;

use super::rate_limits::AccountKey;
use crate::people::records;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;
use crate::platform::web::Web;

const COOKIE: &str = "known";
const LIFETIME: Duration = Duration::from_hours(365 * 24);
/// Accounts per browser, newest first. A shared computer has a few.
const MAX_ACCOUNTS: usize = 4;
const BROWSER_ID_LENGTH: usize = 22;

/// A sign-in to an account in this browser.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrustedAccount {
    pub account: AccountKey,
    pub person: PersonId,
    pub epoch: CredentialEpoch,
}

/// The id of the browser, if it has signed in to this account before, and no credential event came after that.
pub(super) async fn find(
    web: &Web,
    db: &Db,
    headers: &HeaderMap,
    account: AccountKey,
) -> db::Result<Option<String>> {
    let Some(cookie) = web.cookies.read(headers, COOKIE) else {
        return Ok(None);
    };
    let Some((browser, marks)) = parse_cookie(&cookie) else {
        return Ok(None);
    };
    let mut marks = marks.into_iter();
    let Some(known) = marks.find_map(|mark| parse_mark(web, mark, browser, account)) else {
        return Ok(None);
    };
    let current = records::find_epoch(db.pool(), known.person).await?;
    Ok((current == Some(known.epoch)).then(|| browser.to_owned()))
}

/// Adds the account to the cookie.
pub(super) fn remember(
    web: &Web,
    request_headers: &HeaderMap,
    response_headers: &mut HeaderMap,
    trusted: TrustedAccount,
    rng: &dyn Rng,
) {
    let cookie = web
        .cookies
        .read(request_headers, COOKIE)
        .unwrap_or_default();
    let new_browser = alphanumeric(rng, BROWSER_ID_LENGTH);
    let (browser, marks) = parse_cookie(&cookie).unwrap_or((&new_browser, Vec::new()));
    let others = marks
        .into_iter()
        .filter(|mark| parse_mark(web, mark, browser, trusted.account).is_none());
    let mut value = format!("{browser}.{}", write_mark(web, browser, trusted));
    for other in others.take(MAX_ACCOUNTS - 1) {
        value.push('.');
        value.push_str(other);
    }
    web.cookies
        .set(response_headers, COOKIE, value, Some(LIFETIME));
}

fn parse_cookie(cookie: &str) -> Option<(&str, Vec<&str>)> {
    let (browser, marks) = cookie.split_once('.')?;
    let marks = marks.split('.').take(MAX_ACCOUNTS).collect();
    (browser.len() == BROWSER_ID_LENGTH).then_some((browser, marks))
}

/// `<person>:<epoch>:<MAC>`
fn write_mark(web: &Web, browser: &str, trusted: TrustedAccount) -> String {
    let TrustedAccount {
        account,
        person,
        epoch,
    } = trusted;
    let sign_in = format!("{person}:{epoch}");
    let parts = [
        COOKIE.as_bytes(),
        browser.as_bytes(),
        &account.to_vec(),
        sign_in.as_bytes(),
    ];
    format!("{sign_in}:{}", web.cookie_key.mac(&parts))
}

/// The sign-in of a mark, if the mark is of this browser and this account.
fn parse_mark(web: &Web, mark: &str, browser: &str, account: AccountKey) -> Option<TrustedAccount> {
    let (sign_in, mac) = mark.rsplit_once(':')?;
    let (person, epoch) = sign_in.split_once(':')?;
    let parts = [
        COOKIE.as_bytes(),
        browser.as_bytes(),
        &account.to_vec(),
        sign_in.as_bytes(),
    ];
    if !web.cookie_key.verify_mac(mac, &parts) {
        return None;
    }
    Some(TrustedAccount {
        account,
        person: PersonId(person.parse().ok()?),
        epoch: CredentialEpoch(epoch.parse().ok()?),
    })
}
