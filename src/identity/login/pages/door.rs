//! A visit to one way to sign in, and what becomes of the answers. What its form shows is in [`super::form`],
//! what comes of a proof in [`super::enter`], and what goes wrong in [`super::trouble`].

use axum::response::Response;
use http::HeaderMap;
use serde_json::json;

use super::super::flow::LoginOutcome;
use super::super::limits::{AccountKey, LoginPermit};
use super::super::take_turn::{FormSubmission, SubmissionOutcome};
use super::super::{Feature, LocalPath, known};
use super::enter::LoginCompletion;
use super::purpose::LoginPurpose;
use crate::connectors::{
    AccountName, Answers, ConnectorError, DisabledConnector, DynConnector, Input, Prompt,
    RequestOrigin,
};
use crate::people::records;
use crate::platform::audit::AuditEntry;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{FormParams, PageContext, PageError};
use crate::platform::{audit, metrics};

/// A visit to one way to sign in.
pub(super) struct LoginRoute<'a> {
    pub it: &'a Feature,
    pub frame: &'a PageContext,
    pub way: &'a DynConnector,
    pub visitor: RequestOrigin,
    /// Ways nobody can sign in by at the moment.
    pub closed_ways: &'a [DisabledConnector],
    pub purpose: LoginPurpose,
    pub next: Option<LocalPath>,
    /// What was typed, on the way back.
    pub typed: Option<&'a FormParams>,
}

impl LoginRoute<'_> {
    /// Somebody guesses, most likely; at whose account, if there is one.
    pub(super) async fn note_slowed(&self, prompt: &Prompt) -> Result<(), PageError> {
        let Self { it, way, .. } = self;
        let person = match self.account(prompt) {
            Some(name) => records::find_id(it.db.pool(), name.trim()).await?,
            None => None,
        };
        let entry = AuditEntry {
            person,
            ..AuditEntry::of("sign_in.slowed")
        };
        let entry = entry.with(json!({ "through": way.slug() }));
        audit::note(it.db.pool(), entry, self.visitor.now, it.rng.as_ref()).await?;
        Ok(())
    }

    /// Whose account it is, as far as the form says.
    pub(super) fn account<'b>(&'b self, prompt: &'b Prompt) -> Option<&'b str> {
        match prompt.account.as_ref()? {
            AccountName::Typed(input) => self.typed.map(|form| form.text(input)),
            AccountName::Known(name) => Some(name),
        }
    }

    /// The further button that was pressed, if one was.
    pub(super) fn instead(&self, prompt: &Prompt) -> Option<&'static str> {
        let pressed = self.typed?.text("instead");
        let button = prompt.instead.iter().find(|button| button.value == pressed);
        button.map(|button| button.value)
    }

    /// The prompt with an error at each input that was left empty, if one was.
    pub(super) fn missing(&self, prompt: &Prompt) -> Option<Prompt> {
        let form = self.typed?;
        let is_missing = |input: &Input| form.text(input.name).is_empty();
        if !prompt.inputs.iter().any(is_missing) {
            return None;
        }
        let mut prompt = prompt.clone();
        for input in prompt.inputs.iter_mut().filter(|input| is_missing(input)) {
            input.error = Some("This field is required.".into());
        }
        Some(prompt)
    }

    pub(super) async fn judge(
        &self,
        turn: FormSubmission,
        instead: Option<&'static str>,
        (account, taken): (AccountKey, LoginPermit),
        headers: &HeaderMap,
    ) -> Result<Response, PageError> {
        let Self { it, way, .. } = self;
        let typed = |name: &str| self.typed.map_or("", |form| form.text(name)).to_owned();
        let answers = match instead {
            Some(button) => Answers::instead_of(button),
            None => Answers::to(&turn.prompt, typed),
        };
        // Time has passed if tries were slowed.
        let visitor = RequestOrigin {
            now: it.clock.now(),
            ..self.visitor
        };
        let judged = it
            .turns
            .answer(turn, answers, visitor, it.rng.as_ref())
            .await;
        match judged {
            Ok(SubmissionOutcome::Over(LoginOutcome::Proven(identity))) => {
                taken.give_back();
                let mut answer = match self.enter(&identity).await? {
                    LoginCompletion::In(answer) => answer,
                    LoginCompletion::Told(answer) => return Ok(answer),
                };
                let cookies = it.web.cookies;
                cookies.forget_person(headers, answer.headers_mut());
                let rng = it.rng.as_ref();
                known::remember(&it.web, headers, answer.headers_mut(), account, rng);
                Ok(answer)
            }
            Ok(SubmissionOutcome::Ask(asked)) => {
                if asked.told.is_none() {
                    taken.give_back();
                } else {
                    self.measure(SignInOutcome::Refused);
                    tracing::info!(upstream = way.slug(), "a sign-in was refused");
                }
                Ok(self.ask(*asked).await)
            }
            Ok(SubmissionOutcome::Over(LoginOutcome::Refused(told))) => {
                self.measure(SignInOutcome::Refused);
                tracing::info!(upstream = way.slug(), "a sign-in was refused for good");
                Ok(self.not_signed_in(&told))
            }
            Err(error) => {
                // What is odd may have been judged all the same.
                if !matches!(error, ConnectorError::Odd { .. }) {
                    taken.give_back();
                }
                self.trouble(error).await
            }
        }
    }

    pub(super) fn measure(&self, outcome: SignInOutcome) {
        metrics::signed_in(self.way.slug(), outcome);
    }

    pub(super) fn has_closed(&self, way: &DynConnector) -> bool {
        self.closed_ways
            .iter()
            .any(|closed| closed.slug == way.slug())
    }

    /// Whether nobody can sign in by this way at the moment.
    pub(super) fn is_closed(&self) -> bool {
        self.has_closed(self.way)
    }

    /// What another page of the same sign-in has to be told.
    pub(super) fn query(&self) -> String {
        let query = LocalPath::query(self.next.as_ref());
        match (self.purpose.parameter(), query.is_empty()) {
            (None, _) => query,
            (Some(purpose), true) => format!("?{purpose}=1"),
            (Some(purpose), false) => format!("{query}&{purpose}=1"),
        }
    }

    /// Where this sign-in begins anew.
    pub(super) fn anew(&self) -> String {
        format!("{}{}", self.it.web.links().login(), self.query())
    }
}
