//! One turn of a sign-in: look at the form, or answer it. No transaction is open while an upstream is
//! asked.

use std::borrow::Cow;

use tokio::sync::OwnedMutexGuard;

use crate::clock::Moment;
use crate::entropy::Entropy;
use crate::secret::Secret;
use crate::upstream::Answers;
use crate::upstream::Held;
use crate::upstream::Identity;
use crate::upstream::Prompt;
use crate::upstream::Registry;
use crate::upstream::Step;
use crate::upstream::UpstreamError;
use crate::upstream::Way;

use super::attempts::Attempt;
use super::attempts::Attempts;
use super::attempts::Found;
use super::flow;
use super::flow::Next;

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
    Closed(Cow<'static, str>),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// How an answer was judged.
#[derive(Debug)]
pub(super) enum Judged {
    Ask(Asked),
    Proven(Identity),
    Closed(Cow<'static, str>),
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
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<Asked, Without> {
        if let Some(name) = attempt {
            return match self.attempts.find(name, browser, way.slug(), now) {
                Found::Here(attempt) => Ok(Asked {
                    prompt: attempt.prompt.clone(),
                    attempt: Some(name.to_owned()),
                    told: None,
                }),
                Found::Busy => Err(Without::Busy),
                Found::Gone => Err(Without::Gone),
            };
        }
        let (prompt, held) = first(way, now).await?;
        let attempt = (!way.opens_plainly()).then(|| {
            let attempt = Attempt {
                prompt: prompt.clone(),
                held: Some(held),
                tries: 0,
            };
            self.keep((browser, way.slug()), attempt, now, entropy)
        });
        Ok(Asked {
            prompt,
            attempt,
            told: None,
        })
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
        now: Moment,
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
            let (prompt, held) = first(way, now).await?;
            return Ok(turn(prompt, held, 0, None));
        };
        match self.attempts.find(name, browser, way.slug(), now) {
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
        now: Moment,
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
        let step = way.advance(held, answers, now).await;
        let next = step.map(|step| flow::next(tries, step));
        let Ok(Next::Ask {
            prompt,
            state,
            tries,
            told,
        }) = next
        else {
            if let Some((name, _)) = seat {
                self.attempts.forget(&name);
            }
            return next.map(|next| match next {
                Next::Proven(identity) => Judged::Proven(identity),
                Next::Closed(told) => Judged::Closed(told),
                Next::Ask { told, .. } => Judged::Closed(told.unwrap_or_default()),
            });
        };
        let after = Attempt {
            prompt: prompt.clone(),
            held: Some(state),
            tries,
        };
        let attempt = match seat {
            Some((name, mut attempt)) => {
                *attempt = after;
                Some(name)
            }
            // The first form again, which needs no memory.
            None if told.is_some() => None,
            None => Some(self.keep((&browser, way.slug()), after, now, entropy)),
        };
        Ok(Judged::Ask(Asked {
            prompt,
            attempt,
            told,
        }))
    }
}

async fn first(way: &Way, now: Moment) -> Result<(Prompt, Held), Without> {
    match way.begin(now).await? {
        Step::Ask { prompt, state } => Ok((prompt, state)),
        Step::Refused {
            why,
            again: Some((prompt, state)),
        } => {
            tracing::debug!(why = %why.0, "begins with a refusal");
            Ok((prompt, state))
        }
        Step::Refused { why, again: None } => Err(Without::Closed(why.0)),
        // Nobody proves who they are without having been asked.
        Step::Done(_) => Err(UpstreamError::Changed("done before it was asked").into()),
    }
}
