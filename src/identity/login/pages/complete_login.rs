//! What follows a proved identity: a session, a linked identity, or the reason why neither.

use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::LocalPath;
use super::super::purpose::LoginPurpose;
use super::super::require_session::RECENT_AUTHENTICATION;
use super::super::sign_in::{VerifiedLogin, link_identity, sign_in};
use super::login_request::LoginRequest;
use super::redirect_to_next;
use crate::people::records;
use crate::people::records::{PeopleError, ProvenIdentity};
use crate::platform::audit::AuditEntry;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::id::PersonId;
use crate::platform::links::Links;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{
    FlashMessage, PageContext, PageError, SessionLifetime, UserSession, begin_session,
};
use crate::platform::{audit, db};

/// The response to a person who has proved an identity.
pub(super) enum LoginCompletion {
    /// A session of this person has started, under this epoch.
    SignedIn {
        person: PersonId,
        epoch: CredentialEpoch,
        response: Response,
    },
    /// An identity was linked, or the person reads why they are not signed in.
    NotSignedIn(Response),
}

/// Starts the session in this browser, and redirects to `next` or to the profile.
pub async fn start_session(
    links: &Links,
    context: &PageContext,
    VerifiedLogin {
        session,
        is_closing_account,
    }: VerifiedLogin,
    next: Option<&LocalPath>,
) -> Result<Response, PageError> {
    let session = UserSession {
        device: Some(context.device().to_owned()),
        place: context.place().map(str::to_owned),
        ..session
    };
    begin_session(context.session(), &session).await?;
    // A person who has closed their account can only keep it or let it go.
    let my_data = LocalPath::parse(&links.data_export()).filter(|_| is_closing_account);
    let mut response = redirect_to_next(links, my_data.as_ref().or(next));
    context.set_login_status(&session, &mut response);
    Ok(response)
}

impl LoginRequest<'_> {
    /// Signs the person in, or links the identity, as the purpose of this login is.
    pub(super) async fn complete_login(
        &self,
        proven: &ProvenIdentity,
    ) -> Result<LoginCompletion, PageError> {
        let completion = match self.choices.purpose {
            LoginPurpose::Link => self
                .link_identity(proven)
                .await
                .map(LoginCompletion::NotSignedIn),
            LoginPurpose::SignIn | LoginPurpose::SignInAgain => {
                let completion = self.sign_in(proven).await;
                let is_signed_in = matches!(completion, Ok(LoginCompletion::SignedIn { .. }));
                self.count_outcome(if is_signed_in {
                    SignInOutcome::Success
                } else {
                    SignInOutcome::Unknown
                });
                completion
            }
        };
        match completion {
            Ok(completion) => Ok(completion),
            Err(error) => self
                .render_people_error(error, proven)
                .await
                .map(LoginCompletion::NotSignedIn),
        }
    }

    /// Why a person with a proved identity is not signed in.
    async fn render_people_error(
        &self,
        error: PeopleError,
        proven: &ProvenIdentity,
    ) -> Result<Response, PageError> {
        match error {
            PeopleError::UsernameTaken => Ok(self.render_not_signed_in(&format!(
                "{} knows you by a name that belongs to an account here already. If that account is \
                 yours, sign in to it as before. Then open “Sign-in methods” on your profile and link \
                 this one there.",
                self.connector.label().text
            ))),
            PeopleError::IdentityTaken => Ok(self.render_not_signed_in(
                "This already belongs to another account here. Sign in with it, and remove it there \
                 first.",
            )),
            PeopleError::OtherStableId => {
                tracing::error!(upstream = self.connector.slug(), "an account has another owner than before");
                let entry = AuditEntry::of("identity.refused");
                let entry = entry.with(json!({ "provider": proven.identity.provider }));
                let (db, now) = (self.feature.db.pool(), self.origin.now);
                audit::record(db, entry, now, self.feature.rng.as_ref()).await?;
                Ok(self.render_not_signed_in(
                    "This account is not the one it was at your last sign-in. Ask the people who run \
                     this service to look at it.",
                ))
            }
            PeopleError::Superseded => Ok(self.render_not_signed_in(
                "The password, the sign-in methods or the sessions of this account were changed while you signed in.",
            )),
            error => Err(error.into()),
        }
    }

    /// Starts a session of the person who has this identity.
    async fn sign_in(&self, proven: &ProvenIdentity) -> Result<LoginCompletion, PeopleError> {
        let Self {
            feature, context, ..
        } = self;
        let now = feature.clock.now();
        let lifetime = if self.choices.remember {
            SessionLifetime::Remembered
        } else {
            SessionLifetime::Browser
        };
        let mut tx = feature.db.begin().await?;
        let login = sign_in(&mut tx, proven, lifetime, now, feature.rng.as_ref()).await?;
        tx.commit().await.map_err(db::Error::from)?;
        let Some(login) = login else {
            return Ok(LoginCompletion::NotSignedIn(self.render_not_signed_in(
                "You proved who you are, but nobody here has that account. Ask the people who run \
                 this service to add you.",
            )));
        };
        let (person, epoch) = (login.session.person, login.session.epoch);
        let (links, next) = (feature.web.links(), self.choices.next.as_ref());
        Ok(match start_session(links, context, login, next).await {
            Ok(mut response) => {
                let cookies = feature.web.cookies;
                cookies.remove_personal_cookies(self.headers, response.headers_mut());
                LoginCompletion::SignedIn {
                    person,
                    epoch,
                    response,
                }
            }
            Err(problem) => LoginCompletion::NotSignedIn(problem.into_response()),
        })
    }

    /// Links the identity to the account that is signed in.
    async fn link_identity(&self, proven: &ProvenIdentity) -> Result<Response, PeopleError> {
        let Self {
            feature, context, ..
        } = self;
        let now = feature.clock.now();
        // Anyone who finds an unlocked browser could otherwise link their own identity and get in later.
        let session = (context.user_session())
            .filter(|session| RECENT_AUTHENTICATION.allows_submit(session, now));
        let Some(session) = session else {
            return Ok(self.render_not_signed_in(
                "You signed in too long ago. Sign in again, then add the sign-in method.",
            ));
        };
        let (person, rng) = (session.person, feature.rng.as_ref());
        // Proven in this session: an event that ends the session ends the proof.
        let proven = ProvenIdentity {
            identity: proven.identity.clone(),
            epoch: proven.epoch.min(session.epoch),
        };
        let mut tx = feature.db.begin().await?;
        let is_new = link_identity(&mut tx, person, &proven, now, rng).await?;
        let epoch = records::find_epoch(&mut *tx, person).await?;
        tx.commit().await.map_err(db::Error::from)?;
        if let Some(epoch) = epoch {
            let browser = context.browser_id();
            feature.flows.renew_attempts(browser, session.epoch, epoch);
        }
        let label = self.connector.label().text;
        let message = if is_new {
            format!("Sign-in method added: {label}.")
        } else {
            format!("This sign-in method is already in use for your account: {label}.")
        };
        let ways_in = feature.web.links().linked_identities();
        Ok(context.redirect_with_message(&ways_in, &FlashMessage::good(message)))
    }
}
