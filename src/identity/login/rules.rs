//! What follows from what an adapter says. Pure.

use std::borrow::Cow;

use crate::connectors::{Prompt, Step};
use crate::people::records::ExternalIdentity;

/// Wrong answers in one attempt, after which it is over and has to be begun again.
pub(super) const MOST_TRIES: u32 = 10;

/// What happens next.
#[derive(Debug)]
pub(super) enum LoginStep<S> {
    /// Ask (again); `told` is what was wrong.
    Ask {
        prompt: Box<Prompt>,
        state: S,
        tries: u32,
        told: Option<Cow<'static, str>>,
    },
    Over(LoginOutcome),
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum LoginOutcome {
    Proven(ExternalIdentity),
    /// Refused for good, and why.
    Refused(Cow<'static, str>),
}

/// `tries` is how many answers were wrong before this one.
pub(super) fn next<S>(tries: u32, step: Step<S>) -> LoginStep<S> {
    match step {
        Step::Ask { prompt, state } => LoginStep::Ask {
            prompt: Box::new(prompt),
            state,
            tries,
            told: None,
        },
        Step::Done(identity) => LoginStep::Over(LoginOutcome::Proven(identity)),
        Step::Refused { why, again } => match again {
            Some((prompt, state)) if tries + 1 < MOST_TRIES => LoginStep::Ask {
                prompt: Box::new(prompt),
                state,
                tries: tries + 1,
                told: Some(why.0),
            },
            _ => LoginStep::Over(LoginOutcome::Refused(why.0)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::LoginRefusal;

    fn prompt() -> Prompt {
        Prompt::default()
    }

    fn refused(again: bool) -> Step<()> {
        Step::Refused {
            why: LoginRefusal("No.".into()),
            again: again.then(|| (prompt(), ())),
        }
    }

    #[test]
    fn a_wrong_answer_is_asked_again_until_the_tries_are_spent() {
        assert!(matches!(
            next(0, refused(true)),
            LoginStep::Ask { tries: 1, told: Some(told), .. } if told == "No."
        ));
        assert!(matches!(
            next(MOST_TRIES - 1, refused(true)),
            LoginStep::Over(LoginOutcome::Refused(_))
        ));
    }

    #[test]
    fn an_adapter_may_end_it_at_once() {
        assert!(matches!(
            next(0, refused(false)),
            LoginStep::Over(LoginOutcome::Refused(_))
        ));
    }

    #[test]
    fn a_further_question_costs_no_try() {
        let step = Step::Ask {
            prompt: prompt(),
            state: (),
        };
        assert!(matches!(
            next(3, step),
            LoginStep::Ask {
                tries: 3,
                told: None,
                ..
            }
        ));
    }
}
