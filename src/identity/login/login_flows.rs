//! The steps of a login: shows a form, checks its answers, sends the browser to an upstream and takes it
//! back. No transaction is open while a connector waits for its upstream.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use super::attempts::{
    AttemptLookup, AttemptOwner, LoginAttempt, LoginAttempts, LoginChoices, PendingCallback,
    PendingCallbacks,
};
use super::rules;
use super::rules::{LoginOutcome, LoginStep};
use crate::connectors::{
    Answers, CallbackParams, ConnectorError, ConnectorRegistry, ConnectorState, DynConnector,
    Prompt, PromptPicture, RequestFacts, Step,
};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// The connectors, and the unfinished login attempts.
#[derive(Debug, Clone)]
pub(super) struct LoginFlows {
    pub connectors: ConnectorRegistry,
    attempts: LoginAttempts,
    callbacks: PendingCallbacks,
}

/// A form to show.
#[derive(Debug)]
pub(super) struct PromptView {
    pub prompt: Prompt,
    /// The attempt it belongs to; none where the form needs no state.
    pub attempt: Option<String>,
    /// What was wrong with the answers before.
    pub error: Option<Cow<'static, str>>,
}

/// A form whose answers are being checked. While it exists, nothing else can use its attempt.
#[derive(Debug)]
pub(super) struct FormSubmission {
    pub prompt: Prompt,
    connector: DynConnector,
    browser: String,
    state: ConnectorState,
    failed_tries: u32,
    began: CredentialEpoch,
    origin: StepSource,
}

/// A redirect that a connector asks for. It does nothing before [`LoginFlows::start_redirect`].
#[derive(Debug)]
pub(super) struct UpstreamRedirect {
    url: Url,
    state: ConnectorState,
    failed_tries: u32,
    began: CredentialEpoch,
    /// No attempt was kept before, so no rate limit has counted this login yet.
    pub is_uncounted: bool,
}

/// What a step follows.
#[derive(Debug)]
enum StepSource {
    /// A first form that needs no attempt.
    StatelessForm,
    /// A form with an attempt: its name and its lock.
    Form(String, OwnedMutexGuard<LoginAttempt>),
    /// A callback. Its attempt has been taken out.
    Callback,
}

/// Why there is no form to show or to check.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    /// The answers before are still being checked.
    #[error("the last answers are still being checked")]
    Busy,
    /// The login has to start again.
    #[error("the login attempt has ended")]
    Gone,
    #[error("the connector refuses before its first form: {0}")]
    Refused(Cow<'static, str>),
    #[error(transparent)]
    Connector(#[from] ConnectorError),
}

/// What follows a form or a callback.
#[derive(Debug)]
pub(super) enum SubmissionOutcome {
    Ask(Box<PromptView>),
    Redirect(Box<UpstreamRedirect>),
    Finished(LoginOutcome),
}

impl LoginFlows {
    pub(super) fn new(connectors: ConnectorRegistry) -> Self {
        Self {
            connectors,
            attempts: LoginAttempts::default(),
            callbacks: PendingCallbacks::default(),
        }
    }

    /// The form of an attempt, or the first form, whose attempt begins under the epoch `newest`.
    pub(super) async fn find_prompt(
        &self,
        connector: &DynConnector,
        (attempt, newest): (Option<&str>, CredentialEpoch),
        browser: &str,
        origin: RequestFacts,
        rng: &dyn Rng,
    ) -> Result<PromptView, AttemptError> {
        let owner = owner(browser, connector);
        if let Some(name) = attempt {
            return match self.attempts.find(name, owner, origin.now) {
                AttemptLookup::Found(attempt) => Ok(PromptView {
                    prompt: attempt.prompt.clone(),
                    attempt: Some(name.to_owned()),
                    error: None,
                }),
                AttemptLookup::Busy => Err(AttemptError::Busy),
                AttemptLookup::Gone => Err(AttemptError::Gone),
            };
        }
        let (prompt, state) = begin(connector, origin).await?;
        let attempt = (!connector.has_stateless_start()).then(|| {
            let attempt = LoginAttempt {
                prompt: prompt.clone(),
                state: Some(state),
                failed_tries: 0,
                began: newest,
            };
            self.insert_attempt(owner, attempt, origin.now, rng)
        });
        Ok(PromptView {
            prompt,
            attempt,
            error: None,
        })
    }

    /// The picture of an attempt's form, unless its answers are being checked.
    pub(super) fn find_picture(
        &self,
        connector: &DynConnector,
        attempt: &str,
        browser: &str,
        now: Timestamp,
    ) -> Option<PromptPicture> {
        match self.attempts.find(attempt, owner(browser, connector), now) {
            AttemptLookup::Found(attempt) => attempt.prompt.picture.clone(),
            AttemptLookup::Busy | AttemptLookup::Gone => None,
        }
    }

    /// Moves the attempts of a browser from the epoch before a credential event that its own session caused to the
    /// one after it, as the session is: another tab may be linking another identity.
    pub(super) fn renew_attempts(
        &self,
        browser: &str,
        before: CredentialEpoch,
        after: CredentialEpoch,
    ) {
        let renew = |began: &mut CredentialEpoch| {
            if began.covers(before) {
                *began = after;
            }
        };
        self.attempts.update_each(browser, |attempt| {
            if let Ok(mut attempt) = attempt.try_lock() {
                renew(&mut attempt.began);
            }
        });
        self.callbacks
            .update_each(browser, |callback| renew(&mut callback.began));
    }

    /// Removes expired attempts, and the secrets in their state.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.attempts.sweep(now);
        self.callbacks.sweep(now);
    }

    /// Keeps a new attempt and returns the name that its form carries.
    fn insert_attempt(
        &self,
        owner: AttemptOwner<'_>,
        attempt: LoginAttempt,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> String {
        let name = Secret::generate(rng).expose().to_owned();
        let attempt = Arc::new(Mutex::new(attempt));
        self.attempts.insert(&name, owner, attempt, now);
        name
    }

    /// Takes the state of the form whose answers were sent. Without an attempt, one begins under the epoch
    /// `newest`.
    pub(super) async fn take_submission(
        &self,
        connector: &DynConnector,
        (attempt, newest): (Option<&str>, CredentialEpoch),
        browser: &str,
        origin: RequestFacts,
    ) -> Result<FormSubmission, AttemptError> {
        let submission = |prompt, state, (failed_tries, began), origin| FormSubmission {
            prompt,
            connector: connector.clone(),
            browser: browser.to_owned(),
            state,
            failed_tries,
            began,
            origin,
        };
        let Some(name) = attempt else {
            if !connector.has_stateless_start() {
                return Err(AttemptError::Gone);
            }
            let (prompt, state) = begin(connector, origin).await?;
            return Ok(submission(
                prompt,
                state,
                (0, newest),
                StepSource::StatelessForm,
            ));
        };
        let owner = owner(browser, connector);
        match self.attempts.find(name, owner, origin.now) {
            AttemptLookup::Found(mut attempt) => {
                let state = attempt.state.take().ok_or(AttemptError::Gone)?;
                let prompt = attempt.prompt.clone();
                let progress = (attempt.failed_tries, attempt.began);
                let origin = StepSource::Form(name.to_owned(), attempt);
                Ok(submission(prompt, state, progress, origin))
            }
            AttemptLookup::Busy => Err(AttemptError::Busy),
            AttemptLookup::Gone => Err(AttemptError::Gone),
        }
    }

    /// Gives the state back unchecked. The same form is shown again.
    pub(super) fn return_submission(submission: FormSubmission) -> PromptView {
        let attempt = match submission.origin {
            StepSource::Form(name, mut attempt) => {
                attempt.state = Some(submission.state);
                Some(name)
            }
            StepSource::StatelessForm | StepSource::Callback => None,
        };
        PromptView {
            prompt: submission.prompt,
            attempt,
            error: None,
        }
    }

    /// Lets the connector check the answers.
    pub(super) async fn check_answers(
        &self,
        submission: FormSubmission,
        answers: Answers,
        origin: RequestFacts,
        rng: &dyn Rng,
    ) -> Result<SubmissionOutcome, ConnectorError> {
        let FormSubmission {
            connector,
            browser,
            state,
            failed_tries,
            began,
            origin: step_origin,
            ..
        } = submission;
        let step = connector.advance(state, answers, origin).await;
        let step = step.map(|step| rules::next_step(failed_tries, began, step));
        let owner = owner(&browser, &connector);
        self.keep_step((step, began), step_origin, owner, origin.now, rng)
    }

    /// Keeps the state of a redirect under a new `state` parameter, and returns the upstream's address
    /// with it. Only this browser can come back with it, once.
    pub(super) fn start_redirect(
        &self,
        redirect: UpstreamRedirect,
        owner: AttemptOwner<'_>,
        choices: LoginChoices,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Url {
        let UpstreamRedirect {
            mut url,
            state,
            failed_tries,
            began,
            ..
        } = redirect;
        let state_param = Secret::generate(rng);
        let callback = PendingCallback {
            state,
            failed_tries,
            began,
            choices,
        };
        let name = state_param.expose();
        self.callbacks.insert(name, owner, callback, now);
        url.query_pairs_mut().append_pair("state", name);
        url
    }

    /// What waits for this `state` parameter. It is taken out: the callback works once.
    pub(super) fn take_callback(
        &self,
        state_param: &str,
        owner: AttemptOwner<'_>,
        now: Timestamp,
    ) -> Option<PendingCallback> {
        self.callbacks.take(state_param, owner, now)
    }

    /// Lets the connector check the parameters of the callback.
    pub(super) async fn resume(
        &self,
        connector: &DynConnector,
        callback: PendingCallback,
        params: CallbackParams,
        browser: &str,
        origin: RequestFacts,
        rng: &dyn Rng,
    ) -> Result<SubmissionOutcome, ConnectorError> {
        let PendingCallback {
            state,
            failed_tries,
            began,
            ..
        } = callback;
        let step = connector.resume(state, params, origin).await;
        let step = step.map(|step| rules::next_step(failed_tries, began, step));
        let owner = owner(browser, connector);
        self.keep_step((step, began), StepSource::Callback, owner, origin.now, rng)
    }

    /// Keeps the state of the next form; ends the attempt if there is none.
    fn keep_step(
        &self,
        (step, began): (
            Result<LoginStep<ConnectorState>, ConnectorError>,
            CredentialEpoch,
        ),
        origin: StepSource,
        owner: AttemptOwner<'_>,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Result<SubmissionOutcome, ConnectorError> {
        let is_uncounted = matches!(origin, StepSource::StatelessForm);
        let outcome = match step {
            Ok(LoginStep::Ask {
                prompt,
                state,
                failed_tries,
                error,
            }) => {
                let next = LoginAttempt {
                    prompt: prompt.as_ref().clone(),
                    state: Some(state),
                    failed_tries,
                    began,
                };
                let attempt = self.keep_attempt(origin, owner, next, error.is_some(), now, rng);
                return Ok(SubmissionOutcome::Ask(Box::new(PromptView {
                    prompt: *prompt,
                    attempt,
                    error,
                })));
            }
            Ok(LoginStep::Redirect {
                url,
                state,
                failed_tries,
            }) => Ok(SubmissionOutcome::Redirect(Box::new(UpstreamRedirect {
                url,
                state,
                failed_tries,
                began,
                is_uncounted,
            }))),
            Ok(LoginStep::Finished(outcome)) => Ok(SubmissionOutcome::Finished(outcome)),
            Err(error) => Err(error),
        };
        if let StepSource::Form(name, _) = origin {
            self.attempts.remove(&name);
        }
        outcome
    }

    /// Keeps the next form in the attempt and returns its name; none where the form needs no state.
    fn keep_attempt(
        &self,
        origin: StepSource,
        owner: AttemptOwner<'_>,
        next: LoginAttempt,
        is_refused: bool,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Option<String> {
        let has_input_error = next.prompt.inputs.iter().any(|input| input.error.is_some());
        match origin {
            StepSource::Form(name, mut attempt) => {
                *attempt = next;
                Some(name)
            }
            // The first form again, which needs no state. Otherwise mistakes in it, which no rate limit
            // counts, could push out the attempts of others.
            StepSource::StatelessForm if is_refused || has_input_error => None,
            StepSource::StatelessForm | StepSource::Callback => {
                Some(self.insert_attempt(owner, next, now, rng))
            }
        }
    }
}

pub(super) fn owner<'a>(browser: &'a str, connector: &DynConnector) -> AttemptOwner<'a> {
    AttemptOwner {
        browser,
        connector: connector.slug(),
    }
}

/// The first form of a connector. A step that needs none is a mistake in the connector: nobody proves an
/// identity without answers, and a GET must not lead to an upstream.
///
/// Decision: a redirect follows a form of ours with its CSRF token, even one without inputs, because a
/// page elsewhere can send a browser to any GET of ours. With `?link=1` it would link the account that
/// this browser has at the upstream, which an attacker may have chosen, to the account that is signed in
/// here.
async fn begin(
    connector: &DynConnector,
    origin: RequestFacts,
) -> Result<(Prompt, ConnectorState), AttemptError> {
    match connector.begin(origin).await? {
        Step::Ask { prompt, state } => Ok((prompt, state)),
        Step::Refused {
            reason,
            retry: Some((prompt, state)),
        } => {
            tracing::debug!(reason = %reason.0, "begins with a refusal");
            Ok((prompt, state))
        }
        Step::Refused {
            reason,
            retry: None,
        } => Err(AttemptError::Refused(reason.0)),
        Step::Redirect { .. } => {
            Err(ConnectorError::ProtocolMismatch("redirected before it was asked").into())
        }
        Step::Done(_) => Err(ConnectorError::ProtocolMismatch("done before it was asked").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Connector, ConnectorLabel, Input, InputKind, LoginRefusal};
    use crate::people::records::ExternalIdentity;
    use crate::platform::rng::OsRng;

    const ORIGIN: RequestFacts = RequestFacts {
        now: time::macros::datetime!(2026-11-21 12:00 UTC),
        address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        browser: crate::platform::rate_limits::BrowserKind::Stranger,
    };
    const BROWSER: &str = "browser";
    const NEWEST: CredentialEpoch = CredentialEpoch(5);

    /// Asks for a name, then for a code, which is `1234`; `slow` takes a moment to judge it.
    struct Portal;

    fn prompt(name: &'static str) -> Prompt {
        Prompt {
            inputs: vec![Input::new(name, InputKind::Text, "Answer", "off")],
            ..Prompt::default()
        }
    }

    impl Connector for Portal {
        const SLUG: &'static str = "portal";
        const STATELESS_START: bool = false;
        type State = Option<String>;

        fn label(&self) -> ConnectorLabel {
            ConnectorLabel {
                text: "Portal",
                hint: None,
            }
        }

        async fn begin(
            &self,
            _origin: RequestFacts,
        ) -> Result<Step<Option<String>>, ConnectorError> {
            Ok(Step::Ask {
                prompt: prompt("name"),
                state: None,
            })
        }

        async fn advance(
            &self,
            state: Option<String>,
            answers: Answers,
            _origin: RequestFacts,
        ) -> Result<Step<Option<String>>, ConnectorError> {
            let Some(name) = state else {
                return Ok(Step::Ask {
                    prompt: prompt("code"),
                    state: Some(answers.text("name").to_owned()),
                });
            };
            match answers.text("code") {
                "1234" => Ok(Step::Done(ExternalIdentity {
                    provider: Self::SLUG,
                    subject: name,
                    claims: None,
                    epoch: None,
                })),
                "slow" => std::future::pending().await,
                "gone" => Err(ConnectorError::Unavailable),
                _ => Ok(Step::Refused {
                    reason: LoginRefusal("Another code.".into()),
                    retry: Some((prompt("code"), Some(name))),
                }),
            }
        }
    }

    fn portal() -> (LoginFlows, DynConnector) {
        let flows = LoginFlows::new(ConnectorRegistry::default().with(Portal));
        let connector = flows.connectors.first().unwrap().clone();
        (flows, connector)
    }

    async fn answer(
        (flows, connector): &(LoginFlows, DynConnector),
        attempt: &str,
        text: &str,
    ) -> Result<SubmissionOutcome, AttemptError> {
        let submission = flows
            .take_submission(connector, (Some(attempt), NEWEST), BROWSER, ORIGIN)
            .await?;
        let answers = Answers::to(&submission.prompt, |_| text.to_owned());
        Ok(flows
            .check_answers(submission, answers, ORIGIN, &OsRng)
            .await?)
    }

    /// At the second form.
    async fn at_the_code(portal: &(LoginFlows, DynConnector)) -> String {
        let (flows, connector) = portal;
        let first = flows
            .find_prompt(connector, (None, NEWEST), BROWSER, ORIGIN, &OsRng)
            .await;
        let attempt = first.unwrap().attempt.unwrap();
        let outcome = answer(portal, &attempt, "asha").await.unwrap();
        assert!(matches!(outcome, SubmissionOutcome::Ask(view) if view.error.is_none()));
        attempt
    }

    #[tokio::test]
    async fn what_was_said_in_one_form_is_known_in_the_next() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        let wrong = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(wrong, SubmissionOutcome::Ask(view) if view.error.is_some()));
        let right = answer(&portal, &attempt, "1234").await.unwrap();
        assert!(
            matches!(right, SubmissionOutcome::Finished(LoginOutcome::Proven(proven)) if proven.identity.subject == "asha" && proven.epoch == NEWEST)
        );
        // And it is over.
        let retry = answer(&portal, &attempt, "1234").await;
        assert!(matches!(retry, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn a_form_can_be_looked_at_again_but_not_from_another_browser() {
        let (flows, connector) = portal();
        let portal = (flows.clone(), connector.clone());
        let attempt = at_the_code(&portal).await;
        let find_prompt = async |browser| {
            flows
                .find_prompt(
                    &connector,
                    (Some(&attempt), NEWEST),
                    browser,
                    ORIGIN,
                    &OsRng,
                )
                .await
        };
        assert_eq!(find_prompt(BROWSER).await.unwrap().prompt, prompt("code"));
        assert!(matches!(
            find_prompt("another").await,
            Err(AttemptError::Gone)
        ));
        let stolen = flows
            .take_submission(&connector, (Some(&attempt), NEWEST), "another", ORIGIN)
            .await;
        assert!(matches!(stolen, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn a_second_submit_waits_for_the_first() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        {
            let mut first = std::pin::pin!(answer(&portal, &attempt, "slow"));
            let moment = std::time::Duration::from_millis(1);
            let outcome = tokio::time::timeout(moment, first.as_mut()).await;
            assert!(outcome.is_err());
            let second = answer(&portal, &attempt, "1234").await;
            assert!(matches!(second, Err(AttemptError::Busy)));
        }
        // The browser hung up: what the portal thinks now is not known, so it is over.
        let third = answer(&portal, &attempt, "1234").await;
        assert!(matches!(third, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn an_unanswered_form_is_put_back() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        let submission =
            portal
                .0
                .take_submission(&portal.1, (Some(&attempt), NEWEST), BROWSER, ORIGIN);
        let view = LoginFlows::return_submission(submission.await.unwrap());
        assert_eq!(view.attempt.as_deref(), Some(attempt.as_str()));
        assert!(answer(&portal, &attempt, "1234").await.is_ok());
    }

    #[tokio::test]
    async fn guessing_ends_an_attempt_and_so_does_silence() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        for _ in 1..rules::MAX_FAILED_TRIES {
            let outcome = answer(&portal, &attempt, "0000").await.unwrap();
            assert!(matches!(outcome, SubmissionOutcome::Ask(_)));
        }
        let last = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(
            last,
            SubmissionOutcome::Finished(LoginOutcome::Refused(_))
        ));
        assert!(answer(&portal, &attempt, "1234").await.is_err());
        let attempt = at_the_code(&portal).await;
        assert!(answer(&portal, &attempt, "gone").await.is_err());
        let retry = answer(&portal, &attempt, "1234").await;
        assert!(matches!(retry, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn an_attempt_follows_an_event_of_its_own_session_and_no_other() {
        let after = CredentialEpoch(NEWEST.0 + 1);
        for (browser, before, expected) in [
            (BROWSER, NEWEST, after),
            ("another", NEWEST, NEWEST),
            // An event came in between that the attempt has not seen.
            (BROWSER, after, NEWEST),
        ] {
            let portal = portal();
            let attempt = at_the_code(&portal).await;
            portal.0.renew_attempts(browser, before, after);
            let right = answer(&portal, &attempt, "1234").await.unwrap();
            assert!(
                matches!(right, SubmissionOutcome::Finished(LoginOutcome::Proven(proven)) if proven.epoch == expected)
            );
        }
    }
}
