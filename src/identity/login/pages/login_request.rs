//! One request to the sign-in page of one connector: checks the answers of its form. The form itself is
//! in [`super::prompt_page`], what follows a proved identity in [`super::complete_login`], and the error
//! pages are in [`super::errors`].

use axum::response::Response;
use http::HeaderMap;
use serde_json::json;

use super::super::attempts::LoginChoices;
use super::super::login_flows::{FormSubmission, SubmissionOutcome};
use super::super::rate_limits::{AccountKey, LimitSubject, LoginPermit};
use super::super::rules::LoginOutcome;
use super::super::trusted_browser::TrustedAccount;
use super::super::{Feature, LocalPath, trusted_browser};
use super::complete_login::LoginCompletion;
use crate::connectors::{
    AccountName, Answers, ConnectorError, DisabledConnector, DynConnector, Input, Prompt,
    RequestFacts,
};
use crate::people::records;
use crate::platform::audit::AuditEntry;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{ClientAddress, FormParams, PageContext, PageError};
use crate::platform::{audit, db, metrics};

/// One request to the sign-in page of one connector.
pub(super) struct LoginRequest<'a> {
    pub feature: &'a Feature,
    pub context: &'a PageContext,
    pub headers: &'a HeaderMap,
    pub connector: &'a DynConnector,
    pub origin: RequestFacts,
    /// The connectors that the circuit breaker has disabled.
    pub disabled: &'a [DisabledConnector],
    pub choices: LoginChoices,
    /// The form of a POST.
    pub form: Option<&'a FormParams>,
}

impl LoginRequest<'_> {
    /// Writes to the audit log that the rate limit stopped a try, for the account if it exists: someone is
    /// probably guessing its password.
    pub(super) async fn audit_rate_limit(&self, prompt: &Prompt) -> Result<(), PageError> {
        let Self {
            feature, connector, ..
        } = self;
        let person = match self.account(prompt) {
            Some(name) => records::find_id(feature.db.pool(), name.trim()).await?,
            None => None,
        };
        let entry = AuditEntry {
            person,
            ..AuditEntry::of("sign_in.rate_limited")
        };
        let entry = entry.with(json!({ "through": connector.slug() }));
        let (db, now) = (feature.db.pool(), self.origin.now);
        audit::record(db, entry, now, feature.rng.as_ref()).await?;
        Ok(())
    }

    /// The buckets that the answers are counted in. A form that names no account is counted by its attempt, or
    /// by its browser.
    pub(super) async fn limit_subject(
        &self,
        prompt: &Prompt,
        attempt: Option<&str>,
    ) -> db::Result<LimitSubject> {
        let account = self.account(prompt).or(attempt);
        let account = account.unwrap_or(self.context.browser_id());
        let account = AccountKey::of(self.connector.slug(), account);
        let Feature { web, db, .. } = self.feature;
        Ok(LimitSubject {
            account,
            address: ClientAddress(self.origin.address),
            trusted_browser: trusted_browser::find(web, db, self.headers, account).await?,
        })
    }

    /// The account that the form is about, if it names one.
    pub(super) fn account<'b>(&'b self, prompt: &'b Prompt) -> Option<&'b str> {
        match prompt.account.as_ref()? {
            AccountName::FromInput(input) => self.form.map(|form| form.text(input)),
            AccountName::Fixed(name) => Some(name),
        }
    }

    /// The further button that was pressed, if one was.
    pub(super) fn alternatives(&self, prompt: &Prompt) -> Option<&'static str> {
        let pressed = self.form?.text("instead");
        let button = prompt
            .alternatives
            .iter()
            .find(|button| button.value == pressed);
        button.map(|button| button.value)
    }

    /// The prompt with an error at each empty input, if there is one.
    pub(super) fn mark_empty_inputs(&self, prompt: &Prompt) -> Option<Prompt> {
        let form = self.form?;
        let is_empty = |input: &Input| form.text(input.name).is_empty();
        if !prompt.inputs.iter().any(is_empty) {
            return None;
        }
        let mut prompt = prompt.clone();
        for input in prompt.inputs.iter_mut().filter(|input| is_empty(input)) {
            input.error = Some("This field is required.".into());
        }
        Some(prompt)
    }

    /// Lets the connector check the answers, and renders what follows.
    pub(super) async fn check_answers(
        &self,
        submission: FormSubmission,
        alternatives: Option<&'static str>,
        (account, permit): (AccountKey, LoginPermit),
    ) -> Result<Response, PageError> {
        let Self {
            feature, connector, ..
        } = self;
        let rng = feature.rng.as_ref();
        let value_of = |name: &str| self.form.map_or("", |form| form.text(name)).to_owned();
        let answers = match alternatives {
            Some(button) => Answers::alternatives_for(button),
            None => Answers::to(&submission.prompt, value_of),
        };
        // Time has passed if the rate limit made this request wait.
        let origin = RequestFacts {
            now: feature.clock.now(),
            ..self.origin
        };
        let outcome = feature
            .flows
            .check_answers(submission, answers, origin, rng)
            .await;
        match outcome {
            Ok(SubmissionOutcome::Finished(LoginOutcome::Proven(proven))) => {
                permit.give_back();
                let completion = self.complete_login(&proven).await?;
                Ok(self.remember_browser(account, completion))
            }
            Ok(SubmissionOutcome::Ask(view)) => {
                if view.error.is_none() {
                    permit.give_back();
                } else {
                    self.count_outcome(SignInOutcome::Refused);
                    tracing::info!(upstream = connector.slug(), "a sign-in was refused");
                }
                Ok(self.render_prompt(*view).await)
            }
            Ok(SubmissionOutcome::Redirect(redirect)) => {
                permit.give_back();
                self.redirect(*redirect)
            }
            Ok(SubmissionOutcome::Finished(LoginOutcome::Refused(reason))) => {
                Ok(self.refuse(&reason))
            }
            Err(error) => {
                // Unexpected user data may still mean that the upstream counted the try.
                if !matches!(error, ConnectorError::UnexpectedUserData { .. }) {
                    permit.give_back();
                }
                self.render_connector_error(error).await
            }
        }
    }

    /// The response of a login. A browser that has signed in is trusted from now on.
    fn remember_browser(&self, account: AccountKey, completion: LoginCompletion) -> Response {
        let (person, epoch, mut response) = match completion {
            LoginCompletion::SignedIn {
                person,
                epoch,
                response,
            } => (person, epoch, response),
            LoginCompletion::NotSignedIn(response) => return response,
        };
        let trusted = TrustedAccount {
            account,
            person,
            epoch,
        };
        let (web, rng) = (&self.feature.web, self.feature.rng.as_ref());
        trusted_browser::remember(web, self.headers, response.headers_mut(), trusted, rng);
        response
    }

    /// The connector refused and allows no further try.
    pub(super) fn refuse(&self, reason: &str) -> Response {
        self.count_outcome(SignInOutcome::Refused);
        let upstream = self.connector.slug();
        tracing::info!(upstream, "a sign-in was refused for good");
        self.render_not_signed_in(reason)
    }

    pub(super) fn count_outcome(&self, outcome: SignInOutcome) {
        metrics::record_sign_in(self.connector.slug(), outcome);
    }

    pub(super) fn has_disabled(&self, connector: &DynConnector) -> bool {
        self.disabled
            .iter()
            .any(|disabled| disabled.slug == connector.slug())
    }

    /// Whether the circuit breaker has disabled this connector.
    pub(super) fn is_disabled(&self) -> bool {
        self.has_disabled(self.connector)
    }

    /// The query that another page of the same login needs.
    pub(super) fn query(&self) -> String {
        let query = LocalPath::query(self.choices.next.as_ref());
        match (self.choices.purpose.parameter(), query.is_empty()) {
            (None, _) => query,
            (Some(purpose), true) => format!("?{purpose}=1"),
            (Some(purpose), false) => format!("{query}&{purpose}=1"),
        }
    }

    /// Where this login starts again.
    pub(super) fn start_again_href(&self) -> String {
        format!("{}{}", self.feature.web.links().login(), self.query())
    }
}
