//! What comes of a proof: a session, a further way to sign in, or a reason why neither.

use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::LocalPath;
use super::super::sign_in::{VerifiedLogin, link, sign_in};
use super::super::signed_in::LATELY;
use super::door::LoginRoute;
use super::go_on;
use super::purpose::LoginPurpose;
use crate::people::records::{ExternalIdentity, PeopleError};
use crate::platform::audit::AuditEntry;
use crate::platform::links::Links;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{
    FlashMessage, PageContext, PageError, SessionLifetime, UserSession, begin_session,
};
use crate::platform::{audit, db};

/// What became of somebody who proved who they are.
pub(super) enum LoginCompletion {
    /// They are signed in, and on their way.
    In(Response),
    /// They are told what came of it instead.
    Told(Response),
}

/// Begins the session of who came in, in this browser, and sends them on: to `next`, or to their profile.
pub async fn let_in(
    links: &Links,
    frame: &PageContext,
    VerifiedLogin { visit, is_leaving }: VerifiedLogin,
    next: Option<&LocalPath>,
) -> Result<Response, PageError> {
    let visit = UserSession {
        device: Some(frame.device().to_owned()),
        place: frame.place().map(str::to_owned),
        ..visit
    };
    begin_session(frame.session(), &visit).await?;
    // Who leaves can nowhere else do what they came for.
    let my_data = LocalPath::parse(&links.my_data()).filter(|_| is_leaving);
    let mut answer = go_on(links, my_data.as_ref().or(next));
    frame.announce(&visit, &mut answer);
    Ok(answer)
}

impl LoginRoute<'_> {
    /// What somebody who proved who they are came for.
    pub(super) async fn enter(
        &self,
        identity: &ExternalIdentity,
    ) -> Result<LoginCompletion, PageError> {
        let entered = match self.purpose {
            LoginPurpose::Link => self.link(identity).await.map(LoginCompletion::Told),
            LoginPurpose::SignIn | LoginPurpose::SignInAgain => {
                let entered = self.sign_in(identity).await;
                let is_in = matches!(entered, Ok(LoginCompletion::In(_)));
                self.measure(if is_in {
                    SignInOutcome::In
                } else {
                    SignInOutcome::Unknown
                });
                entered
            }
        };
        match entered {
            Ok(entered) => Ok(entered),
            Err(error) => self
                .kept_out(error, identity)
                .await
                .map(LoginCompletion::Told),
        }
    }

    /// Why somebody who proved who they are does not get what they came for.
    async fn kept_out(
        &self,
        error: PeopleError,
        identity: &ExternalIdentity,
    ) -> Result<Response, PageError> {
        match error {
            PeopleError::UsernameTaken => Ok(self.not_signed_in(&format!(
                "{} knows you by a name that belongs to an account here already. If that account is \
                 yours, sign in to it as before. Then open “Ways to sign in” on your profile and link \
                 this one there.",
                self.way.face().label
            ))),
            PeopleError::IdentityTaken => Ok(self.not_signed_in(
                "This already belongs to another account here. Sign in with it, and remove it there \
                 first.",
            )),
            PeopleError::OtherSecondKey => {
                tracing::error!(upstream = self.way.slug(), "an account has another owner than before");
                let entry = AuditEntry::of("identity.refused");
                let entry = entry.with(json!({ "provider": identity.provider }));
                let (db, now) = (self.it.db.pool(), self.visitor.now);
                audit::note(db, entry, now, self.it.rng.as_ref()).await?;
                Ok(self.not_signed_in(
                    "This account is not the one it was at your last sign-in. Ask the people who run \
                     this service to look at it.",
                ))
            }
            error => Err(error.into()),
        }
    }

    /// Signs in whoever the identity belongs to.
    async fn sign_in(&self, identity: &ExternalIdentity) -> Result<LoginCompletion, PeopleError> {
        let Self { it, frame, .. } = self;
        let now = it.clock.now();
        let remember = self.typed.is_some_and(|form| form.is_ticked("remember"));
        let lifetime = if remember {
            SessionLifetime::Remembered
        } else {
            SessionLifetime::Browser
        };
        let mut tx = it.db.begin().await?;
        let came_in = sign_in(&mut tx, identity, lifetime, now, it.rng.as_ref()).await?;
        tx.commit().await.map_err(db::Error::from)?;
        let Some(came_in) = came_in else {
            return Ok(LoginCompletion::Told(self.not_signed_in(
                "You proved who you are, but nobody here has that account. Ask the people who run \
                 this service to add you.",
            )));
        };
        Ok(
            match let_in(it.web.links(), frame, came_in, self.next.as_ref()).await {
                Ok(answer) => LoginCompletion::In(answer),
                Err(problem) => LoginCompletion::Told(problem.into_response()),
            },
        )
    }

    /// Gives the identity to whoever is signed in.
    async fn link(&self, identity: &ExternalIdentity) -> Result<Response, PeopleError> {
        let Self { it, frame, .. } = self;
        let now = it.clock.now();
        // Whoever finds a browser open must not get in by their own account from then on.
        let visit = (frame.visit()).filter(|visit| LATELY.may_send(visit, now));
        let Some(visit) = visit else {
            return Ok(self.not_signed_in(
                "You signed in too long ago. Sign in again, then add the sign-in method.",
            ));
        };
        let mut tx = it.db.begin().await?;
        let is_new = link(&mut tx, visit.person, identity, now, it.rng.as_ref()).await?;
        tx.commit().await.map_err(db::Error::from)?;
        let label = self.way.face().label;
        let told = if is_new {
            format!("Sign-in method added: {label}.")
        } else {
            format!("This sign-in method is already in use for your account: {label}.")
        };
        Ok(frame.send_to_with(&it.web.links().ways_in(), &FlashMessage::good(told)))
    }
}
