//! `/user/sessions/`

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::store::{SessionRow, SignInRow};
use super::{Feature, store};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::records;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::id::PersonId;
use crate::platform::secret::SecretHash;
use crate::platform::web::{CsrfForm, FlashMessage, Page, PageError, SessionRetention, Web};
use crate::platform::{audit, db};

/// How far back the list of sign-ins goes.
const SIGN_INS_SHOWN_FOR: Duration = Duration::from_hours(90 * 24);

#[derive(Debug, Serialize)]
struct SessionsPage {
    browsers: Vec<SessionView>,
    end: String,
    end_others: String,
    sign_ins: Vec<SignInView>,
}

#[derive(Debug, Serialize)]
struct SessionView {
    name: String,
    device: String,
    place: Option<String>,
    is_this: bool,
    since: String,
    last_seen: String,
}

#[derive(Debug, Serialize)]
struct SignInView {
    at: String,
    through: String,
}

impl Page for SessionsPage {
    const TEMPLATE: &'static str = "sessions/list.html";

    fn title(&self) -> String {
        "Security".to_owned()
    }
}

pub(super) async fn list(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let now = feature.clock.now();
    let db = feature.db.pool();
    let browsers = store::list_live(db, session.person, now).await?;
    let sign_ins = store::list_sign_ins(db, session.person, now - SIGN_INS_SHOWN_FOR).await?;
    let own = context.session_hash().map(SecretHash::to_hex);
    let mut browsers: Vec<SessionView> = browsers
        .into_iter()
        .map(|browser| SessionView::of(browser, own.as_deref(), &feature.web, now))
        .collect();
    browsers.sort_by_key(|browser| !browser.is_this);
    let links = feature.web.links();
    Ok(context.render(&SessionsPage {
        browsers,
        end: links.end_session(),
        end_others: links.end_other_sessions(),
        sign_ins: sign_ins
            .iter()
            .map(|sign_in| SignInView::of(sign_in, &feature.web))
            .collect(),
    }))
}

impl SessionView {
    fn of(browser: SessionRow, own: Option<&str>, web: &Web, now: Timestamp) -> Self {
        let device = browser.device;
        Self {
            is_this: own == Some(browser.name.as_str()),
            name: browser.name,
            device: device.unwrap_or_else(|| "Unknown browser".to_owned()),
            place: browser.place,
            since: web.date_and_time(browser.since),
            last_seen: web.format_relative(browser.last_seen, now),
        }
    }
}

impl SignInView {
    fn of(sign_in: &SignInRow, web: &Web) -> Self {
        let through = match sign_in.through.as_deref() {
            Some("password") | None => "with your password".to_owned(),
            Some(other) => format!("with {}", other.to_uppercase()),
        };
        Self {
            at: web.date_and_time(sign_in.at),
            through,
        }
    }
}

/// A `GET` of the address of a form.
pub(super) async fn back(
    State(feature): State<Feature>,
    SignedIn { context, .. }: SignedIn,
) -> Response {
    context.redirect(&feature.web.links().sessions())
}

pub(super) async fn end(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let ended = store::delete_one(&mut *tx, session.person, form.text("session")).await?;
    if ended {
        // Ends what another person may have begun in that session, too.
        records::raise_credential_epoch(&mut tx, session.person, SessionRetention::All).await?;
    }
    write_audit(&feature, &mut tx, session.person, u64::from(ended)).await?;
    tx.commit().await.map_err(db::Error::from)?;
    // An unknown name is a session that has ended meanwhile, which is the wanted result.
    let message = FlashMessage::good("Session ended.");
    Ok(context.redirect_with_message(&feature.web.links().sessions(), &message))
}

pub(super) async fn end_others(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let retained = SessionRetention::Own(context.session_hash());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let ended = records::raise_credential_epoch(&mut tx, session.person, retained).await?;
    write_audit(&feature, &mut tx, session.person, ended).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let message = FlashMessage::good("All other sessions were ended.");
    Ok(context.redirect_with_message(&feature.web.links().sessions(), &message))
}

async fn write_audit(
    feature: &Feature,
    tx: &mut db::Tx,
    person: PersonId,
    ended: u64,
) -> db::Result<()> {
    if ended == 0 {
        return Ok(());
    }
    let entry = AuditEntry::of("session.ended").by(person).about(person);
    let entry = entry.with(serde_json::json!({ "sessions": ended }));
    audit::record(&mut **tx, entry, feature.clock.now(), feature.rng.as_ref()).await
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let browser = |is_this: bool| SessionView {
            name: "ab12".to_owned(),
            device: "Firefox on Android".to_owned(),
            place: (!is_this).then(|| "Campus network".to_owned()),
            is_this,
            since: "21 Nov 2026, 18:05".to_owned(),
            last_seen: "today at 18:05".to_owned(),
        };
        let page = |browsers| SessionsPage {
            browsers,
            end: "/user/sessions/end/".to_owned(),
            end_others: "/user/sessions/end-others/".to_owned(),
            sign_ins: vec![SignInView {
                at: "21 Nov 2026, 18:05".to_owned(),
                through: "with LDAP".to_owned(),
            }],
        };
        vec![
            PageSample::of(&page(vec![browser(true)])),
            PageSample::of(&page(vec![browser(true), browser(false)])),
        ]
    }
}
