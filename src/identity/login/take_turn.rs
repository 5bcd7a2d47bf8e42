//! One turn of a sign-in: look at the form, or answer it. No transaction is open while an upstream is
//! asked.

use std::borrow::Cow;

use tokio::sync::OwnedMutexGuard;

use super::attempts::{Attempt, Attempts, Found};
use super::flow;
use super::flow::{Next, Over};
use crate::connectors::{
    Answers, Held, Picture, Prompt, Registry, Step, UpstreamError, Visitor, Way,
};
use crate::platform::clock::Moment;
use crate::platform::rng::Entropy;
use crate::platform::secret::Secret;

/// The ways there are, and what was begun.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    pub ways: Registry,
    attempts: Attempts,
}

/// A form to show.
#[derive(Debug)]
pub(super) struct Asked {
    pub prompt: Prompt,
    /// The attempt it belongs to; none where nothing has to be remembered.
    pub attempt: Option<String>,
    /// What was wrong with the answer before.
    pub told: Option<Cow<'static, str>>,
}

/// A form that is being answered.
#[derive(Debug)]
pub(super) struct Turn {
    pub prompt: Prompt,
    way: Way,
    browser: String,
    held: Held,
    tries: u32,
    /// The attempt's name, and its lock.
    seat: Option<(String, OwnedMutexGuard<Attempt>)>,
}

/// There is no form to show or to answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Without {
    /// The answer before is still being judged.
    #[error("still working")]
    Busy,
    /// Begin again.
    #[error("gone")]
    Gone,
    #[error("the way to sign in begins with a refusal: {0}")]
    Refused(Cow<'static, str>),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// How an answer was judged.
#[derive(Debug)]
pub(super) enum Judged {
    Ask(Box<Asked>),
    Over(Over),
}

impl Turns {
    pub(super) fn new(ways: Registry) -> Self {
        Self {
            ways,
            attempts: Attempts::default(),
        }
    }

    /// The form of an attempt, or the first form.
    pub(super) async fn look(
        &self,
        way: &Way,
        attempt: Option<&str>,
        browser: &str,
        visitor: Visitor,
        entropy: &dyn Entropy,
    ) -> Result<Asked, Without> {
        if let Some(name) = attempt {
            return match self.attempts.find(name, browser, way.slug(), visitor.now) {
                Found::Here(attempt) => Ok(Asked {
                    prompt: attempt.prompt.clone(),
                    attempt: Some(name.to_owned()),
                    told: None,
                }),
                Found::Busy => Err(Without::Busy),
                Found::Gone => Err(Without::Gone),
            };
        }
        let (prompt, held) = first(way, visitor).await?;
        let attempt = (!way.opens_plainly()).then(|| {
            let attempt = Attempt {
                prompt: prompt.clone(),
                held: Some(held),
                tries: 0,
            };
            self.keep((browser, way.slug()), attempt, visitor.now, entropy)
        });
        Ok(Asked {
            prompt,
            attempt,
            told: None,
        })
    }

    /// The picture of an attempt's form, if that has one and is not being judged.
    pub(super) fn picture(
        &self,
        way: &Way,
        attempt: &str,
        browser: &str,
        now: Moment,
    ) -> Option<Picture> {
        match self.attempts.find(attempt, browser, way.slug(), now) {
            Found::Here(attempt) => attempt.prompt.picture.clone(),
            Found::Busy | Found::Gone => None,
        }
    }

    /// Forgets what was begun and never finished, with the secrets it holds.
    pub(super) fn sweep(&self, now: Moment) {
        self.attempts.sweep(now);
    }

    /// Keeps a new attempt and gives the name its page carries.
    fn keep(
        &self,
        whose: (&str, &'static str),
        attempt: Attempt,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> String {
        let name = Secret::mint(entropy).expose().to_owned();
        self.attempts.keep(&name, whose, attempt, now);
        name
    }

    /// Takes the form that is to be answered in hand; until the turn is dropped nobody else can.
    pub(super) async fn begin(
        &self,
        way: &Way,
        attempt: Option<&str>,
        browser: &str,
        visitor: Visitor,
    ) -> Result<Turn, Without> {
        let turn = |prompt, held, tries, seat| Turn {
            prompt,
            way: way.clone(),
            browser: browser.to_owned(),
            held,
            tries,
            seat,
        };
        let Some(name) = attempt else {
            if !way.opens_plainly() {
                return Err(Without::Gone);
            }
            let (prompt, held) = first(way, visitor).await?;
            return Ok(turn(prompt, held, 0, None));
        };
        match self.attempts.find(name, browser, way.slug(), visitor.now) {
            Found::Here(mut attempt) => {
                let held = attempt.held.take().ok_or(Without::Gone)?;
                let (prompt, tries) = (attempt.prompt.clone(), attempt.tries);
                Ok(turn(prompt, held, tries, Some((name.to_owned(), attempt))))
            }
            Found::Busy => Err(Without::Busy),
            Found::Gone => Err(Without::Gone),
        }
    }

    /// Puts a turn back unanswered, to be asked again.
    pub(super) fn put_back(turn: Turn) -> Asked {
        let attempt = turn.seat.map(|(name, mut attempt)| {
            attempt.held = Some(turn.held);
            name
        });
        Asked {
            prompt: turn.prompt,
            attempt,
            told: None,
        }
    }

    /// Lets the adapter judge the answers.
    pub(super) async fn answer(
        &self,
        turn: Turn,
        answers: Answers,
        visitor: Visitor,
        entropy: &dyn Entropy,
    ) -> Result<Judged, UpstreamError> {
        let Turn {
            way,
            browser,
            held,
            tries,
            seat,
            ..
        } = turn;
        let step = way.advance(held, answers, visitor).await;
        let over = match step.map(|step| flow::next(tries, step)) {
            Ok(Next::Ask {
                prompt,
                state,
                tries,
                told,
            }) => {
                let after = Attempt {
                    prompt: prompt.as_ref().clone(),
                    held: Some(state),
                    tries,
                };
                let whose = (browser.as_str(), way.slug());
                let attempt = self.ask_on(seat, whose, after, told.is_some(), visitor.now, entropy);
                return Ok(Judged::Ask(Box::new(Asked {
                    prompt: *prompt,
                    attempt,
                    told,
                })));
            }
            Ok(Next::Over(over)) => Ok(Judged::Over(over)),
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
        seat: Option<(String, OwnedMutexGuard<Attempt>)>,
        whose: (&str, &'static str),
        after: Attempt,
        is_refused: bool,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Option<String> {
        match seat {
            Some((name, mut attempt)) => {
                *attempt = after;
                Some(name)
            }
            // The first form again, which needs no memory: or else slips in it, which cost nothing, could
            // push out the attempts of others.
            None if is_refused || after.prompt.inputs.iter().any(|it| it.error.is_some()) => None,
            None => Some(self.keep(whose, after, now, entropy)),
        }
    }
}

async fn first(way: &Way, visitor: Visitor) -> Result<(Prompt, Held), Without> {
    match way.begin(visitor).await? {
        Step::Ask { prompt, state } => Ok((prompt, state)),
        Step::Refused {
            why,
            again: Some((prompt, state)),
        } => {
            tracing::debug!(why = %why.0, "begins with a refusal");
            Ok((prompt, state))
        }
        Step::Refused { why, again: None } => Err(Without::Refused(why.0)),
        // Nobody proves who they are without having been asked.
        Step::Done(_) => Err(UpstreamError::Changed("done before it was asked").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::{Face, Input, InputKind, Refusal, Upstream};
    use crate::people::records::Identity;
    use crate::platform::rng::OsEntropy;

    const VISITOR: Visitor = Visitor {
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

    impl Upstream for Portal {
        const SLUG: &'static str = "portal";
        const OPENS_PLAINLY: bool = false;
        type State = Option<String>;

        fn face(&self) -> Face {
            Face {
                label: "Portal",
                hint: None,
            }
        }

        async fn begin(&self, _visitor: Visitor) -> Result<Step<Option<String>>, UpstreamError> {
            Ok(Step::Ask {
                prompt: prompt("name"),
                state: None,
            })
        }

        async fn advance(
            &self,
            state: Option<String>,
            answers: Answers,
            _visitor: Visitor,
        ) -> Result<Step<Option<String>>, UpstreamError> {
            let Some(name) = state else {
                return Ok(Step::Ask {
                    prompt: prompt("code"),
                    state: Some(answers.text("name").to_owned()),
                });
            };
            match answers.text("code") {
                "1234" => Ok(Step::Done(Identity {
                    provider: Self::SLUG,
                    subject: name,
                    says: None,
                })),
                "slow" => std::future::pending().await,
                "gone" => Err(UpstreamError::Unavailable),
                _ => Ok(Step::Refused {
                    why: Refusal("Another code.".into()),
                    again: Some((prompt("code"), Some(name))),
                }),
            }
        }
    }

    fn portal() -> (Turns, Way) {
        let turns = Turns::new(Registry::default().with(Portal));
        let way = turns.ways.first().unwrap().clone();
        (turns, way)
    }

    async fn answer(
        (turns, way): &(Turns, Way),
        attempt: &str,
        text: &str,
    ) -> Result<Judged, Without> {
        let turn = turns.begin(way, Some(attempt), BROWSER, VISITOR).await?;
        let answers = Answers::to(&turn.prompt, |_| text.to_owned());
        Ok(turns.answer(turn, answers, VISITOR, &OsEntropy).await?)
    }

    /// At the second form.
    async fn at_the_code(portal: &(Turns, Way)) -> String {
        let (turns, way) = portal;
        let first = turns.look(way, None, BROWSER, VISITOR, &OsEntropy).await;
        let attempt = first.unwrap().attempt.unwrap();
        let judged = answer(portal, &attempt, "asha").await.unwrap();
        assert!(matches!(judged, Judged::Ask(asked) if asked.told.is_none()));
        attempt
    }

    #[tokio::test]
    async fn what_was_said_in_one_form_is_known_in_the_next() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        let wrong = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(wrong, Judged::Ask(asked) if asked.told.is_some()));
        let right = answer(&portal, &attempt, "1234").await.unwrap();
        assert!(
            matches!(right, Judged::Over(Over::Proven(Identity { subject, .. })) if subject == "asha")
        );
        // And it is over.
        let again = answer(&portal, &attempt, "1234").await;
        assert!(matches!(again, Err(Without::Gone)));
    }

    #[tokio::test]
    async fn a_form_can_be_looked_at_again_but_not_from_another_browser() {
        let (turns, way) = portal();
        let portal = (turns.clone(), way.clone());
        let attempt = at_the_code(&portal).await;
        let look = async |browser| {
            turns
                .look(&way, Some(&attempt), browser, VISITOR, &OsEntropy)
                .await
        };
        assert_eq!(look(BROWSER).await.unwrap().prompt, prompt("code"));
        assert!(matches!(look("another").await, Err(Without::Gone)));
        let stolen = turns.begin(&way, Some(&attempt), "another", VISITOR).await;
        assert!(matches!(stolen, Err(Without::Gone)));
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
            assert!(matches!(second, Err(Without::Busy)));
        }
        // The browser hung up: what the portal thinks now is not known, so it is over.
        let third = answer(&portal, &attempt, "1234").await;
        assert!(matches!(third, Err(Without::Gone)));
    }

    #[tokio::test]
    async fn an_unanswered_form_is_put_back() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        let turn = portal.0.begin(&portal.1, Some(&attempt), BROWSER, VISITOR);
        let asked = Turns::put_back(turn.await.unwrap());
        assert_eq!(asked.attempt.as_deref(), Some(attempt.as_str()));
        assert!(answer(&portal, &attempt, "1234").await.is_ok());
    }

    #[tokio::test]
    async fn guessing_ends_an_attempt_and_so_does_silence() {
        let portal = portal();
        let attempt = at_the_code(&portal).await;
        for _ in 1..flow::MOST_TRIES {
            let judged = answer(&portal, &attempt, "0000").await.unwrap();
            assert!(matches!(judged, Judged::Ask(_)));
        }
        let last = answer(&portal, &attempt, "0000").await.unwrap();
        assert!(matches!(last, Judged::Over(Over::Refused(_))));
        assert!(answer(&portal, &attempt, "1234").await.is_err());
        let attempt = at_the_code(&portal).await;
        assert!(answer(&portal, &attempt, "gone").await.is_err());
        let again = answer(&portal, &attempt, "1234").await;
        assert!(matches!(again, Err(Without::Gone)));
    }
}
