//! The page that a mailed link opens, and another mail with one.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::super::{Feature, confirm, mail_again};
use super::refused;
use crate::identity::login::SignedIn;
use crate::people::records;
use crate::platform::db;
use crate::platform::links::Links;
use crate::platform::secret::Secret;
use crate::platform::web::{CsrfForm, FlashMessage, FormParams, Page, PageError};

pub(in crate::identity::profile) async fn mail_again(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    Path(email): Path<String>,
    _sealed: CsrfForm,
) -> Result<Response, PageError> {
    let email = email.parse().map_err(|_| PageError::not_found())?;
    let links = it.web.links();
    let (now, rng) = (it.clock.now(), it.rng.as_ref());
    let mut tx = it.db.begin().await?;
    let mailed = mail_again::mail_again(&mut tx, visit.person, email, &it.limits, now, rng).await;
    let address = mailed.map_err(|error| refused(error, links))?;
    tx.commit().await.map_err(db::Error::from)?;
    let said = format!("Another link is on its way to {address}. It is good for 30 minutes.");
    Ok(context.redirect_with_message(&links.profile(), &FlashMessage::good(said)))
}

#[derive(Debug, Serialize)]
struct ConfirmEmailPage {
    email: String,
    token: String,
    action: String,
    username: String,
}

impl Page for ConfirmEmailPage {
    const TEMPLATE: &'static str = "profile/confirm_email.html";

    fn title(&self) -> String {
        "Confirm an address".to_owned()
    }
}

/// Only looks: whatever follows the links in a mail comes this far.
pub(in crate::identity::profile) async fn ask(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let links = it.web.links();
    let query = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let token = Secret::new(query.text("token"));
    let (now, link) = (it.clock.now(), token.token_hash());
    let email = records::find_proven(it.db.pool(), visit.person, link, now).await?;
    Ok(context.render(&ConfirmEmailPage {
        email: email.ok_or_else(|| spent(links))?,
        token: token.expose().to_owned(),
        action: links.confirm_email_form(),
        username: visit.username,
    }))
}

pub(in crate::identity::profile) async fn confirm(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let links = it.web.links();
    let link = Secret::new(form.text("token")).token_hash();
    let (now, rng) = (it.clock.now(), it.rng.as_ref());
    let mut tx = it.db.begin().await?;
    let email = confirm::confirm(&mut tx, visit.person, link, now, rng).await;
    let email = email.map_err(|error| refused(error, links))?;
    tx.commit().await.map_err(db::Error::from)?;
    let email = email.ok_or_else(|| spent(links))?;
    let said = format!("{email} is confirmed. Apps that you allow it can see it now.");
    Ok(context.redirect_with_message(&links.profile(), &FlashMessage::good(said)))
}

/// A link that proves nothing: which of the reasons it is would tell something about somebody else.
fn spent(links: &Links) -> PageError {
    PageError::new(
        StatusCode::GONE,
        "This link does not work any more",
        "It was used already, it is older than 30 minutes, or it was mailed for another account than the one you are signed in to.",
    )
    .with_advice("Look at your profile: it says which addresses are confirmed, and mails another link.")
    .with_back_link(links.profile(), "Your profile")
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&ConfirmEmailPage {
            email: "asha@home.example".to_owned(),
            token: "abc".to_owned(),
            action: "/user/confirm_email/".to_owned(),
            username: "asha".to_owned(),
        })]
    }
}
