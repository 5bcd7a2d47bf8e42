//! The error pages of the authorization endpoint.

use http::StatusCode;

use super::Feature;
use super::model::ResponseTarget;
use super::refusal::{NonRedirectableError, RedirectableError};
use crate::platform::web::PageError;

impl Feature {
    /// The page on which the person decides whether to follow an error to an app that is not verified.
    pub(super) fn confirm_redirect(
        &self,
        app: &str,
        target: &ResponseTarget,
        error: &RedirectableError,
    ) -> PageError {
        let error = error.to_oauth_error();
        let place = target.redirect_uri.display_host();
        bad_request(format!("{app} sent a request that is not valid."))
            .with_advice(format!("If you run {app}: {}", error.description))
            .with_advice(format!(
                "The app is not verified. Go back to {place} only if you know who runs it."
            ))
            .with_back_link(
                target.error_url(&error, &self.web.links.issuer()),
                format!("Back to {place}"),
            )
    }

    /// The page for an error that is not sent to the redirect URI.
    pub(super) fn render_error(&self, error: &NonRedirectableError) -> PageError {
        use NonRedirectableError as Error;
        match error {
            Error::UnreadableRequest => bad_request("The app's request could not be read.")
                .with_advice("If you run it: the request holds a NUL character. (invalid_request)"),
            Error::RequestTooLong => bad_request("The app's request is too long.")
                .with_advice("If you run it: send a shorter state. (invalid_request)"),
            Error::RepeatedParameter(name) => {
                bad_request(format!("The app sent {name} more than once."))
                    .with_advice("If you run it: send every parameter once. (invalid_request)")
            }
            Error::MissingClientId => bad_request("The app did not send its client ID.")
                .with_advice("If you run it: send client_id. (invalid_request)"),
            Error::UnknownClient => bad_request("No app is registered under this client_id.")
                .with_advice("If you run it: copy the client_id from Your apps. (invalid_request)"),
            Error::SuspendedClient { app } => bad_request(format!(
                "{app} is suspended by the people who run this service."
            ))
            .with_advice("If you run it: contact them."),
            Error::UnregisteredRedirectUri {
                app,
                requested,
                mismatch,
            } => {
                let page = bad_request(format!(
                    "{app} asked to return to {requested}, which its owner has not registered."
                ));
                let advice = mismatch.map_or_else(
                    || format!("add exactly that address under Your apps → {app}."),
                    |mismatch| mismatch.advice().to_owned(),
                );
                page.with_advice(format!("If you run it: {advice} (invalid_request)"))
            }
            Error::OriginMismatch => {
                bad_request("The app's page and its redirect URI are of different origins.")
            }
            Error::ClosingAccount { app } => self.closing_account(app),
            Error::UserCapReached { app } => self.user_cap_reached(app),
            Error::ConsentPageExpired | Error::MissingDecision | Error::ClientChanged => {
                consent_page_expired()
            }
        }
    }

    fn closing_account(&self, app: &str) -> PageError {
        PageError::new(
            StatusCode::FORBIDDEN,
            "Your account is closed",
            format!("You closed your account, so {app} cannot read your data or sign you in."),
        )
        .with_advice("To continue, keep your account, then go back to the app.")
        .with_back_link(self.web.links.data_export(), "Keep my account")
    }

    fn user_cap_reached(&self, app: &str) -> PageError {
        let cap = self.settings.cap;
        PageError::new(
            StatusCode::FORBIDDEN,
            format!("{app} is full"),
            format!(
                "An app that is not verified can have at most {cap} users, and {app} has reached this \
                 limit. It was not connected and received no data about you."
            ),
        )
        .with_advice("Contact the people who run the app.")
        .with_back_link(self.web.links.connected_apps(), "Connected apps")
    }
}

fn bad_request(text: impl Into<String>) -> PageError {
    PageError::new(StatusCode::BAD_REQUEST, "Cannot sign in to this app", text)
}

/// The page for a consent form that can no longer be answered.
pub(super) fn consent_page_expired() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This page has expired",
        "It was already sent, is more than an hour old, belongs to another account, or was opened before a change of \
         your password, sign-in methods or sessions. Nothing was saved.",
    )
    .with_advice("Go back to the app and sign in again.")
}

/// The page for a kept request that has expired.
pub(super) fn kept_request_expired() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This sign-in has expired",
        "The app's request is more than an hour old. You are not connected to the app.",
    )
    .with_advice("Go back to the app and sign in again.")
}
