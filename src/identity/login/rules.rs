//! The rules for what follows a connector's step. Pure.

use std::borrow::Cow;

use url::Url;

use crate::connectors::{Prompt, Step};
use crate::people::records::ProvenIdentity;
use crate::platform::credential_epoch::CredentialEpoch;

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
    Proven(ProvenIdentity),
    /// The person is not signed in, and why.
    Refused(Cow<'static, str>),
}

/// `failed_tries` is the number of wrong answers before this one, `began` the newest credential event when the
/// attempt began.
pub(super) fn next_step<S>(
    failed_tries: u32,
    began: CredentialEpoch,
    step: Step<S>,
) -> LoginStep<S> {
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
        Step::Done(identity) => {
            let proven = ProvenIdentity::new(identity, began);
            LoginStep::Finished(LoginOutcome::Proven(proven))
        }
        Step::Refused { reason, retry } => match retry {
            Some((prompt, state)) if failed_tries + 1 < MAX_FAILED_TRIES => LoginStep::Ask {
                prompt: Box::new(prompt),
                state,
                failed_tries: failed_tries + 1,
                error: Some(reason.0),
            },
            _ => LoginStep::Finished(LoginOutcome::Refused(reason.0)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::LoginRefusal;
    use crate::people::records::ExternalIdentity;

    const BEGAN: CredentialEpoch = CredentialEpoch(5);

    fn refused(retry: bool) -> Step<()> {
        Step::Refused {
            reason: LoginRefusal("No.".into()),
            retry: retry.then(|| (Prompt::default(), ())),
        }
    }

    #[test]
    fn a_wrong_answer_may_be_corrected_until_the_tries_are_used_up() {
        assert!(matches!(
            next_step(0, BEGAN, refused(true)),
            LoginStep::Ask { failed_tries: 1, error: Some(error), .. } if error == "No."
        ));
        assert!(matches!(
            next_step(MAX_FAILED_TRIES - 1, BEGAN, refused(true)),
            LoginStep::Finished(LoginOutcome::Refused(_))
        ));
    }

    #[test]
    fn a_connector_may_end_the_attempt_at_once() {
        assert!(matches!(
            next_step(0, BEGAN, refused(false)),
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
            next_step(3, BEGAN, step),
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
            next_step(3, BEGAN, step),
            LoginStep::Redirect {
                failed_tries: 3,
                ..
            }
        ));
    }

    #[test]
    fn an_identity_is_proven_under_the_older_epoch_of_attempt_and_facts() {
        for (facts, expected) in [(None, 5), (Some(3), 3), (Some(7), 5)] {
            let identity = ExternalIdentity {
                provider: "password",
                subject: "1".to_owned(),
                claims: None,
                epoch: facts.map(CredentialEpoch),
            };
            let step = next_step(0, BEGAN, Step::<()>::Done(identity));
            let LoginStep::Finished(LoginOutcome::Proven(proven)) = step else {
                panic!("not proven")
            };
            assert_eq!(proven.epoch, CredentialEpoch(expected));
        }
    }
}
