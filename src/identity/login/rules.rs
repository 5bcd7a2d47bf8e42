//! The rules for what follows a connector's step. Pure.

use std::borrow::Cow;

use url::Url;

use crate::connectors::{Prompt, Step};
use crate::people::records::ExternalIdentity;

/// Wrong answers in one login attempt, after which it ends.
pub(super) const MAX_FAILED_TRIES: u32 = 10;

/// What happens next.
#[derive(Debug)]
pub(super) enum LoginStep<S> {
    /// Show a form; `error` is what was wrong with the answers before.
    Ask {
        prompt: Box<Prompt>,
        state: S,
        failed_tries: u32,
        error: Option<Cow<'static, str>>,
    },
    /// Send the browser to an upstream.
    Redirect {
        url: Url,
        state: S,
        failed_tries: u32,
    },
    Finished(LoginOutcome),
}

/// How a login attempt ended.
#[derive(Debug)]
pub(super) enum LoginOutcome {
    Proven(ExternalIdentity),
    /// The person is not signed in, and why.
    Refused(Cow<'static, str>),
}

/// `failed_tries` is the number of wrong answers before this one.
pub(super) fn next_step<S>(failed_tries: u32, step: Step<S>) -> LoginStep<S> {
    match step {
        Step::Ask { prompt, state } => LoginStep::Ask {
            prompt: Box::new(prompt),
            state,
            failed_tries,
            error: None,
        },
        Step::Redirect { url, state } => LoginStep::Redirect {
            url,
            state,
            failed_tries,
        },
        Step::Done(identity) => LoginStep::Finished(LoginOutcome::Proven(identity)),
        Step::Refused { why, again } => match again {
            Some((prompt, state)) if failed_tries + 1 < MAX_FAILED_TRIES => LoginStep::Ask {
                prompt: Box::new(prompt),
                state,
                failed_tries: failed_tries + 1,
                error: Some(why.0),
            },
            _ => LoginStep::Finished(LoginOutcome::Refused(why.0)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::LoginRefusal;

    fn refused(again: bool) -> Step<()> {
        Step::Refused {
            why: LoginRefusal("No.".into()),
            again: again.then(|| (Prompt::default(), ())),
        }
    }

    #[test]
    fn a_wrong_answer_may_be_corrected_until_the_tries_are_used_up() {
        assert!(matches!(
            next_step(0, refused(true)),
            LoginStep::Ask { failed_tries: 1, error: Some(error), .. } if error == "No."
        ));
        assert!(matches!(
            next_step(MAX_FAILED_TRIES - 1, refused(true)),
            LoginStep::Finished(LoginOutcome::Refused(_))
        ));
    }

    #[test]
    fn a_connector_may_end_the_attempt_at_once() {
        assert!(matches!(
            next_step(0, refused(false)),
            LoginStep::Finished(LoginOutcome::Refused(_))
        ));
    }

    #[test]
    fn a_further_form_is_no_failed_try() {
        let step = Step::Ask {
            prompt: Prompt::default(),
            state: (),
        };
        assert!(matches!(
            next_step(3, step),
            LoginStep::Ask {
                failed_tries: 3,
                error: None,
                ..
            }
        ));
    }

    #[test]
    fn a_redirect_keeps_the_count_of_failed_tries() {
        let step = Step::Redirect {
            url: "https://upstream.example/authorize".parse().unwrap(),
            state: (),
        };
        assert!(matches!(
            next_step(3, step),
            LoginStep::Redirect {
                failed_tries: 3,
                ..
            }
        ));
    }
}
