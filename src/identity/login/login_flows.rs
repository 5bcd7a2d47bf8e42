//! One turn of a sign-in: look at the form, or answer it. No transaction is open while an upstream is
//! asked.

use std::borrow::Cow;

use tokio::sync::OwnedMutexGuard;

use super::attempts::{AttemptLookup, LoginAttempt, LoginAttempts};
use super::rules;
use super::rules::{LoginOutcome, LoginStep};
use crate::connectors::{
    Answers, ConnectorError, ConnectorRegistry, ConnectorState, DynConnector, Prompt,
    PromptPicture, RequestOrigin, Step,
};
use crate::platform::clock::Timestamp;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// The ways there are, and what was begun.
#[derive(Debug, Clone)]
pub(super) struct LoginFlows {
    pub ways: ConnectorRegistry,
    attempts: LoginAttempts,
}

/// A form to show.
#[derive(Debug)]
pub(super) struct PromptView {
    pub prompt: Prompt,
    /// The attempt it belongs to; none where nothing has to be remembered.
    pub attempt: Option<String>,
    /// What was wrong with the answer before.
    pub told: Option<Cow<'static, str>>,
}

/// A form that is being answered.
#[derive(Debug)]
pub(super) struct FormSubmission {
    pub prompt: Prompt,
    way: DynConnector,
    browser: String,
    held: ConnectorState,
    tries: u32,
    /// The attempt's name, and its lock.
    seat: Option<(String, OwnedMutexGuard<LoginAttempt>)>,
}

/// There is no form to show or to answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    /// The answer before is still being judged.
    #[error("still working")]
    Busy,
    /// Begin again.
    #[error("gone")]
    Gone,
    #[error("the way to sign in begins with a refusal: {0}")]
    Refused(Cow<'static, str>),
    #[error(transparent)]
    Upstream(#[from] ConnectorError),
}

/// How an answer was judged.
#[derive(Debug)]
pub(super) enum SubmissionOutcome {
    Ask(Box<PromptView>),
    Over(LoginOutcome),
}

impl LoginFlows {
    pub(super) fn new(ways: ConnectorRegistry) -> Self {
        Self {
            ways,
            attempts: LoginAttempts::default(),
        }
    }

    /// The form of an attempt, or the first form.
    pub(super) async fn look(
        &self,
        way: &DynConnector,
        attempt: Option<&str>,
        browser: &str,
        visitor: RequestOrigin,
        rng: &dyn Rng,
    ) -> Result<PromptView, AttemptError> {
        if let Some(name) = attempt {
            return match self.attempts.find(name, browser, way.slug(), visitor.now) {
                AttemptLookup::Here(attempt) => Ok(PromptView {
                    prompt: attempt.prompt.clone(),
                    attempt: Some(name.to_owned()),
                    told: None,
                }),
                AttemptLookup::Busy => Err(AttemptError::Busy),
                AttemptLookup::Gone => Err(AttemptError::Gone),
            };
        }
        let (prompt, held) = first(way, visitor).await?;
        let attempt = (!way.opens_plainly()).then(|| {
            let attempt = LoginAttempt {
                prompt: prompt.clone(),
                held: Some(held),
                tries: 0,
            };
            self.keep((browser, way.slug()), attempt, visitor.now, rng)
        });
        Ok(PromptView {
            prompt,
            attempt,
            told: None,
        })
    }

    /// The picture of an attempt's form, if that has one and is not being judged.
    pub(super) fn picture(
        &self,
        way: &DynConnector,
        attempt: &str,
        browser: &str,
        now: Timestamp,
    ) -> Option<PromptPicture> {
        match self.attempts.find(attempt, browser, way.slug(), now) {
            AttemptLookup::Here(attempt) => attempt.prompt.picture.clone(),
            AttemptLookup::Busy | AttemptLookup::Gone => None,
        }
    }

    /// Forgets what was begun and never finished, with the secrets it holds.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.attempts.sweep(now);
    }

    /// Keeps a new attempt and gives the name its page carries.
    fn keep(
        &self,
        whose: (&str, &'static str),
        attempt: LoginAttempt,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> String {
        let name = Secret::generate(rng).expose().to_owned();
        self.attempts.keep(&name, whose, attempt, now);
        name
    }

    /// Takes the form that is to be answered in hand; until the turn is dropped nobody else can.
    pub(super) async fn begin(
        &self,
        way: &DynConnector,
        attempt: Option<&str>,
        browser: &str,
        visitor: RequestOrigin,
    ) -> Result<FormSubmission, AttemptError> {
        let turn = |prompt, held, tries, seat| FormSubmission {
            prompt,
            way: way.clone(),
            browser: browser.to_owned(),
            held,
            tries,
            seat,
        };
        let Some(name) = attempt else {
            if !way.opens_plainly() {
                return Err(AttemptError::Gone);
            }
            let (prompt, held) = first(way, visitor).await?;
            return Ok(turn(prompt, held, 0, None));
        };
        match self.attempts.find(name, browser, way.slug(), visitor.now) {
            AttemptLookup::Here(mut attempt) => {
                let held = attempt.held.take().ok_or(AttemptError::Gone)?;
                let (prompt, tries) = (attempt.prompt.clone(), attempt.tries);
                Ok(turn(prompt, held, tries, Some((name.to_owned(), attempt))))
            }
            AttemptLookup::Busy => Err(AttemptError::Busy),
            AttemptLookup::Gone => Err(AttemptError::Gone),
        }
    }

    /// Puts a turn back unanswered, to be asked again.
    pub(super) fn put_back(turn: FormSubmission) -> PromptView {
        let attempt = turn.seat.map(|(name, mut attempt)| {
            attempt.held = Some(turn.held);
            name
        });
        PromptView {
            prompt: turn.prompt,
            attempt,
            told: None,
        }
    }

    /// Lets the adapter judge the answers.
    pub(super) async fn answer(
        &self,
        turn: FormSubmission,
        answers: Answers,
        visitor: RequestOrigin,
        rng: &dyn Rng,
    ) -> Result<SubmissionOutcome, ConnectorError> {
        let FormSubmission {
            way,
            browser,
            held,
            tries,
            seat,
            ..
        } = turn;
        let step = way.advance(held, answers, visitor).await;
        let over = match step.map(|step| rules::next(tries, step)) {
            Ok(LoginStep::Ask {
                prompt,
                state,
                tries,
                told,
            }) => {
                let after = LoginAttempt {
                    prompt: prompt.as_ref().clone(),
                    held: Some(state),
                    tries,
                };
                let whose = (browser.as_str(), way.slug());
                let attempt = self.ask_on(seat, whose, after, told.is_some(), visitor.now, rng);
                return Ok(SubmissionOutcome::Ask(Box::new(PromptView {
                    prompt: *prompt,
                    attempt,
                    told,
                })));
            }
            Ok(LoginStep::Over(over)) => Ok(SubmissionOutcome::Over(over)),
            Err(error) => Err(error),
        };
        if let Some((name, _)) = seat {
            self.attempts.forget(&name);
        }
        over
    }

    /// Keeps what comes next in the attempt, and gives its name; none where nothing has to be remembered.
    fn ask_on(
        &self,
        seat: Option<(String, OwnedMutexGuard<LoginAttempt>)>,
        whose: (&str, &'static str),
        after: LoginAttempt,
        is_refused: bool,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Option<String> {
        match seat {
            Some((name, mut attempt)) => {
                *attempt = after;
                Some(name)
            }
            // The first form again, which needs no memory: or else slips in it, which cost nothing, could
            // push out the attempts of others.
            None if is_refused || after.prompt.inputs.iter().any(|it| it.error.is_some()) => None,
            None => Some(self.keep(whose, after, now, rng)),
        }
    }
}

async fn first(
    way: &DynConnector,
    visitor: RequestOrigin,
) -> Result<(Prompt, ConnectorState), AttemptError> {
    match way.begin(visitor).await? {
        Step::Ask { prompt, state } => Ok((prompt, state)),
        Step::Refused {
            why,
            again: Some((prompt, state)),
        } => {
            tracing::debug!(why = %why.0, "begins with a refusal");
            Ok((prompt, state))
        }
        Step::Refused { why, again: None } => Err(AttemptError::Refused(why.0)),
        // Nobody proves who they are without having been asked.
        Step::Done(_) => Err(ConnectorError::Changed("done before it was asked").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Connector, ConnectorLabel, Input, InputKind, LoginRefusal};
    use crate::people::records::ExternalIdentity;
    use crate::platform::rng::OsRng;

    const VISITOR: RequestOrigin = RequestOrigin {
        now: time::macros::datetime!(2026-11-21 12:00 UTC),
        address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    };
    const BROWSER: &str = "browser";

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
        const OPENS_PLAINLY: bool = false;
        type State = Option<String>;

        fn face(&self) -> ConnectorLabel {
            ConnectorLabel {
                label: "Portal",
                hint: None,
            }
        }

        async fn begin(
            &self,
            _visitor: RequestOrigin,
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
            _visitor: RequestOrigin,
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
                    says: None,
                })),
                "slow" => std::future::pending().await,
                "gone" => Err(ConnectorError::Unavailable),
                _ => Ok(Step::Refused {
                    why: LoginRefusal("Another code.".into()),
                    again: Some((prompt("code"), Some(name))),
                }),
            }
        }
    }

    fn portal() -> (LoginFlows, DynConnector) {
        let turns = LoginFlows::new(ConnectorRegistry::default().with(Portal));
        let way = turns.ways.first().unwrap().clone();
        (turns, way)
    }

    async fn answer(
        (turns, way): &(LoginFlows, DynConnector),
        attempt: &str,
        text: &str,
    ) -> Result<SubmissionOutcome, AttemptError> {
        let turn = turns.begin(way, Some(attempt), BROWSER, VISITOR).await?;
        let answers = Answers::to(&turn.prompt, |_| text.to_owned());
        Ok(turns.answer(turn, answers, VISITOR, &OsRng).await?)
    }

    /// At the second form.
    async fn at_the_code(portal: &(LoginFlows, DynConnector)) -> String {
        let (turns, way) = portal;
        let first = turns.look(way, None, BROWSER, VISITOR, &OsRng).await;
        let attempt = first.unwrap().attempt.unwrap();
        let judged = answer(portal, &attempt, "asha").await.unwrap();
        assert!(matches!(judged, SubmissionOutcome::Ask(asked) if asked.told.is_none()));
        attempt
    }

    #[tokio::test]
    async fn what_was_said_in_one_form_is_known_in_the_next() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        let wrong = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(wrong, SubmissionOutcome::Ask(asked) if asked.told.is_some()));
        let right = answer(&portal, &attempt, "1234").await.unwrap();
        assert!(
            matches!(right, SubmissionOutcome::Over(LoginOutcome::Proven(ExternalIdentity { subject, .. })) if subject == "asha")
        );
        // And it is over.
        let again = answer(&portal, &attempt, "1234").await;
        assert!(matches!(again, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn a_form_can_be_looked_at_again_but_not_from_another_browser() {
        let (turns, way) = portal();
        let portal = (turns.clone(), way.clone());
        let attempt = at_the_code(&portal).await;
        let look = async |browser| {
            turns
                .look(&way, Some(&attempt), browser, VISITOR, &OsRng)
                .await
        };
        assert_eq!(look(BROWSER).await.unwrap().prompt, prompt("code"));
        assert!(matches!(look("another").await, Err(AttemptError::Gone)));
        let stolen = turns.begin(&way, Some(&attempt), "another", VISITOR).await;
        assert!(matches!(stolen, Err(AttemptError::Gone)));
    }

    #[tokio::test]
    async fn a_second_submit_waits_for_the_first() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        {
            let mut first = std::pin::pin!(answer(&portal, &attempt, "slow"));
            let moment = std::time::Duration::from_millis(1);
            let judged = tokio::time::timeout(moment, first.as_mut()).await;
            assert!(judged.is_err());
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
        let turn = portal.0.begin(&portal.1, Some(&attempt), BROWSER, VISITOR);
        let asked = LoginFlows::put_back(turn.await.unwrap());
        assert_eq!(asked.attempt.as_deref(), Some(attempt.as_str()));
        assert!(answer(&portal, &attempt, "1234").await.is_ok());
    }

    #[tokio::test]
    async fn guessing_ends_an_attempt_and_so_does_silence() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        for _ in 1..rules::MOST_TRIES {
            let judged = answer(&portal, &attempt, "0000").await.unwrap();
            assert!(matches!(judged, SubmissionOutcome::Ask(_)));
        }
        let last = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(
            last,
            SubmissionOutcome::Over(LoginOutcome::Refused(_))
        ));
        assert!(answer(&portal, &attempt, "1234").await.is_err());
        let attempt = at_the_code(&portal).await;
        assert!(answer(&portal, &attempt, "gone").await.is_err());
        let again = answer(&portal, &attempt, "1234").await;
        assert!(matches!(again, Err(AttemptError::Gone)));
    }
}
