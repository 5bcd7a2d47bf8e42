//! `/user/sessions/`

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::store::{SignIn, SignedInBrowser};
use super::{Feature, store};
use crate::identity::login::SignedIn;
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::id::PersonId;
use crate::platform::secret::Fingerprint;
use crate::platform::web::{Flash, Page, PageProblem, Protected, Web};
use crate::platform::{audit, db, web};

/// Sign-ins are shown this long.
const SHOWN_FOR: Duration = Duration::from_hours(90 * 24);

#[derive(Debug, Serialize)]
struct ListPage {
    browsers: Vec<Browser>,
    end: String,
    end_others: String,
    sign_ins: Vec<ShownSignIn>,
}

#[derive(Debug, Serialize)]
struct Browser {
    name: String,
    device: String,
    place: Option<String>,
    is_this: bool,
    since: String,
    last_seen: String,
}

#[derive(Debug, Serialize)]
struct ShownSignIn {
    at: String,
    through: String,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "sessions/list.html";

    fn title(&self) -> String {
        "Where you are signed in".to_owned()
    }
}

pub(super) async fn list(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let now = it.clock.now();
    let db = it.db.pool();
    let browsers = store::list_live(db, visit.person, now).await?;
    let sign_ins = store::list_sign_ins(db, visit.person, now - SHOWN_FOR).await?;
    let own = frame.session_fingerprint().map(Fingerprint::to_hex);
    let mut browsers: Vec<Browser> = browsers
        .into_iter()
        .map(|browser| Browser::of(browser, own.as_deref(), &it.web, now))
        .collect();
    browsers.sort_by_key(|browser| !browser.is_this);
    let links = it.web.links();
    Ok(frame.show(&ListPage {
        browsers,
        end: links.end_session(),
        end_others: links.end_other_sessions(),
        sign_ins: sign_ins
            .iter()
            .map(|sign_in| ShownSignIn::of(sign_in, &it.web))
            .collect(),
    }))
}

impl Browser {
    fn of(browser: SignedInBrowser, own: Option<&str>, web: &Web, now: Moment) -> Self {
        let device = browser.device;
        Self {
            is_this: own == Some(browser.name.as_str()),
            name: browser.name,
            device: device.unwrap_or_else(|| "A browser we do not know".to_owned()),
            place: browser.place,
            since: web.date_and_time(browser.since),
            last_seen: web.said(browser.last_seen, now),
        }
    }
}

impl ShownSignIn {
    fn of(sign_in: &SignIn, web: &Web) -> Self {
        let through = match sign_in.through.as_deref() {
            Some("password") | None => "with your password here".to_owned(),
            Some(other) => format!("through {}", other.to_uppercase()),
        };
        Self {
            at: web.date_and_time(sign_in.at),
            through,
        }
    }
}

/// A form's address, looked at.
pub(super) async fn back(State(it): State<Feature>, SignedIn { frame, .. }: SignedIn) -> Response {
    frame.send_to(&it.web.links().sessions())
}

pub(super) async fn end(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    let mut tx = it.db.begin().await?;
    let ended = store::delete_one(&mut *tx, visit.person, form.text("session")).await?;
    note(&it, &mut tx, visit.person, u64::from(ended)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    // A name nobody has is a session that ended meanwhile: what was wanted is so.
    let told = Flash::good("You are signed out there.");
    Ok(frame.send_to_with(&it.web.links().sessions(), &told))
}

pub(super) async fn end_others(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let own = frame.session_fingerprint();
    let own = own.ok_or_else(PageProblem::not_found)?;
    let mut tx = it.db.begin().await?;
    let ended = web::end_other_sessions_of(&mut *tx, visit.person, &own.to_vec()).await?;
    note(&it, &mut tx, visit.person, ended).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let told = Flash::good("You are signed out everywhere else.");
    Ok(frame.send_to_with(&it.web.links().sessions(), &told))
}

async fn note(it: &Feature, tx: &mut db::Tx, person: PersonId, ended: u64) -> db::Result<()> {
    if ended == 0 {
        return Ok(());
    }
    let entry = Entry::of("session.ended").by(person).about(person);
    let entry = entry.with(serde_json::json!({ "sessions": ended }));
    audit::note(&mut **tx, entry, it.clock.now(), it.entropy.as_ref()).await
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let browser = |is_this: bool| Browser {
            name: "ab12".to_owned(),
            device: "Firefox on Android".to_owned(),
            place: (!is_this).then(|| "Campus network".to_owned()),
            is_this,
            since: "21 Nov 2026, 18:05".to_owned(),
            last_seen: "today at 18:05".to_owned(),
        };
        let page = |browsers| ListPage {
            browsers,
            end: "/user/sessions/end/".to_owned(),
            end_others: "/user/sessions/end-others/".to_owned(),
            sign_ins: vec![ShownSignIn {
                at: "21 Nov 2026, 18:05".to_owned(),
                through: "through LDAP".to_owned(),
            }],
        };
        vec![
            Sample::of(&page(vec![browser(true)])),
            Sample::of(&page(vec![browser(true), browser(false)])),
        ]
    }
}
