//! The page that a mailed link opens, and mailing another link.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::super::{Feature, confirm, mail_again};
use super::to_page_error;
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::records;
use crate::platform::db;
use crate::platform::links::Links;
use crate::platform::secret::Secret;
use crate::platform::web::{CsrfForm, FlashMessage, FormParams, Page, PageError};

pub(in crate::identity::profile) async fn mail_again(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    Path(email): Path<String>,
    _sealed: CsrfForm,
) -> Result<Response, PageError> {
    let email = email.parse().map_err(|_| PageError::not_found())?;
    let links = feature.web.links();
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let mailed = mail_again::resend_link(
        &mut tx,
        (session.person, session.epoch),
        email,
        &feature.limits,
        now,
        rng,
    )
    .await;
    let address = mailed.map_err(|error| to_page_error(error, links))?;
    tx.commit().await.map_err(db::Error::from)?;
    let message = format!("We sent another link to {address}. It works for 30 minutes.");
    Ok(context.redirect_with_message(&links.profile(), &FlashMessage::good(message)))
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
        "Confirm an email address".to_owned()
    }
}

/// Changes nothing, because mail scanners open links.
pub(in crate::identity::profile) async fn ask(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let links = feature.web.links();
    let query = FormParams::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let token = Secret::new(query.text("token"));
    let (now, link) = (feature.clock.now(), token.hash());
    let email = records::find_email_of_link(feature.db.pool(), session.person, link, now).await?;
    Ok(context.render(&ConfirmEmailPage {
        email: email.ok_or_else(|| expired_link(links))?,
        token: token.expose().to_owned(),
        action: links.confirm_email_form(),
        username: session.username,
    }))
}

pub(in crate::identity::profile) async fn confirm(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    let links = feature.web.links();
    let link = Secret::new(form.text("token")).hash();
    let (now, rng) = (feature.clock.now(), feature.rng.as_ref());
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let email = confirm::confirm(&mut tx, session.person, link, now, rng).await;
    let email = email.map_err(|error| to_page_error(error, links))?;
    tx.commit().await.map_err(db::Error::from)?;
    let email = email.ok_or_else(|| expired_link(links))?;
    let message = format!(
        "{email} is confirmed. Apps that may read your other email addresses can see it now."
    );
    Ok(context.redirect_with_message(&links.profile(), &FlashMessage::good(message)))
}

/// The error page for an invalid link. It does not give the reason, because that could reveal something
/// about another person.
fn expired_link(links: &Links) -> PageError {
    PageError::new(
        StatusCode::GONE,
        "This link no longer works",
        "It was already used, is older than 30 minutes, was sent before a change of your password, sign-in methods or sessions, or belongs to another account than the one you are signed in to.",
    )
    .with_advice("Your profile shows which addresses are confirmed. There you can send another link.")
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
