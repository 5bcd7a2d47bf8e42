//! The state machine of a sign-in through the portal. It is pure, so that limits and endings are tested
//! without a portal.
//!
//! ```text
//!                     ┌────────── new captcha requested, or the old one expired ───────────┐
//!                     ▼                                                                    │
//! begin ─▶ FetchCaptcha ─▶ the form ─▶ CheckUsername ─▶ CheckPassword ─▶ Done
//!                     ▲                  │    │             │      └▶ FetchStudentRecord ─▶ Done
//!                     └─ wrong captcha, ─┘    │ empty body: │
//!                        wrong password       └─ once more ─┘
//!                                           with the portal's date
//! ```

use time::Duration;
use zeroize::Zeroizing;

use super::cipher::KeyDate;
use super::form::JiitForm;
use super::reply::{
    CaptchaImage, PortalRefusal, PortalReply, PortalUser, PreToken, SecondPhase, StudentRecord,
};
use super::{Jiit, attributes, form};
use crate::connectors::{
    Answers, Connector, ConnectorError, LoginRefusal, Prompt, PromptPicture, Step,
};
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::rate_limits::RateLimited;

/// How long a sign-in may take from its first form to its last.
const MAX_DURATION: Duration = Duration::minutes(5);
/// How long the portal accepts a captcha.
const CAPTCHA_LIFETIME: Duration = Duration::minutes(2);
/// After this many wrong captchas the sign-in ends.
const MAX_WRONG_CAPTCHAS: u8 = 5;
const MAX_WRONG_PASSWORDS: u8 = 3;
const WRONG_CAPTCHA: &str = "The characters did not match the picture.";
const WRONG_PASSWORD: &str = "Enrollment number or password not accepted.";
const TOO_MANY_ATTEMPTS: &str = "That was one try too many. Check your number and password at the portal \
                        itself, then start again.";
const ONE_TIME_CODE: &str = "This account uses one-time codes, which we do not support. Choose \
                             another way to sign in.";
const EXPIRED_PASSWORD: &str = "Change your portal password first. You can do that at the portal \
                                itself; then sign in here again.";
const ACCOUNT_LOCKED: &str = "The portal has locked this account. Ask the people who run the portal to \
                      open it.";
const UNEXPECTED_ANSWER: &str =
    "The portal answered unexpectedly. Students may have to use Google sign-in.";
pub(super) const ACCOUNT_MISMATCH: &str = "We could not sign you in with this portal account. Ask the people who \
                             run this service to look at it.";
const PORTAL_UNAVAILABLE: &str = "The JIIT portal is not answering. Try again in a minute.";
const CAPTCHA_EXPIRED: &str = "The picture was too old: the portal forgets it after two minutes. Here is a \
                       new one.";

/// The state between two forms. Of what was typed it holds only the number and the choice of details.
#[expect(
    missing_debug_implementations,
    reason = "what cannot be printed cannot leak into a log"
)]
pub struct JiitState {
    started_at: Timestamp,
    /// The captcha's id at the portal. It is never sent to the browser.
    captcha_id: Zeroizing<String>,
    captcha_image: PromptPicture,
    captcha_expires_at: Timestamp,
    username: String,
    allows_details: bool,
    wrong_captchas: u8,
    wrong_passwords: u8,
}

impl JiitState {
    fn prompt(&self) -> Prompt {
        form::prompt(&self.captcha_image, &self.username, self.allows_details)
    }
}

/// What follows.
pub(super) enum JiitTransition {
    Return(Step<JiitState>),
    Fail(ConnectorError),
    /// The portal signed in another account than the typed number. `reason` is for the log.
    AccountMismatch {
        username: String,
        reason: &'static str,
    },
    FetchCaptcha(CaptchaRequest),
    CheckUsername(JiitFormAttempt),
    CheckPassword(JiitFormAttempt, PreToken),
    FetchStudentRecord(JiitFormAttempt, PortalUser),
}

/// A request for a new captcha.
pub(super) struct CaptchaRequest {
    pub key_date: KeyDate,
    now: Timestamp,
    reason: CaptchaReason,
    state: Option<JiitState>,
}

#[derive(Clone, Copy)]
enum CaptchaReason {
    FirstForm,
    Requested,
    Expired,
    PortalUnavailable,
    Refused(&'static str),
}

/// A submitted form that is being checked.
pub(super) struct JiitFormAttempt {
    state: JiitState,
    form: JiitForm,
    /// The date of the encryption key.
    pub key_date: KeyDate,
    now: Timestamp,
    has_retried: bool,
}

pub(super) fn begin(now: Timestamp) -> JiitTransition {
    JiitTransition::FetchCaptcha(CaptchaRequest {
        key_date: KeyDate::of(now),
        now,
        reason: CaptchaReason::FirstForm,
        state: None,
    })
}

/// Handles a submitted form. Invalid inputs are asked for again without a request to the portal.
pub(super) fn handle_answers(
    mut state: JiitState,
    answers: &Answers,
    now: Timestamp,
) -> JiitTransition {
    if now >= state.started_at + MAX_DURATION {
        return JiitTransition::Fail(ConnectorError::Expired);
    }
    if form::is_new_captcha_request(answers) {
        return fetch_captcha(state, CaptchaReason::Requested, now);
    }
    let form = JiitForm::parse(answers);
    state.username.clone_from(&form.username);
    state.allows_details = form.allows_details;
    let errors = form.find_errors();
    if !errors.is_empty() {
        let mut prompt = state.prompt();
        for (name, error) in errors {
            let input = prompt.inputs.iter_mut().find(|input| input.name == name);
            if let Some(input) = input {
                input.error = Some(error.into());
            }
        }
        return JiitTransition::Return(Step::Ask { prompt, state });
    }
    if now >= state.captcha_expires_at {
        return fetch_captcha(state, CaptchaReason::Expired, now);
    }
    JiitTransition::CheckUsername(JiitFormAttempt {
        state,
        form,
        key_date: KeyDate::of(now),
        now,
        has_retried: false,
    })
}

fn fetch_captcha(state: JiitState, reason: CaptchaReason, now: Timestamp) -> JiitTransition {
    JiitTransition::FetchCaptcha(CaptchaRequest {
        key_date: KeyDate::of(now),
        now,
        reason,
        state: Some(state),
    })
}

impl CaptchaRequest {
    pub(super) fn handle_reply(self, reply: PortalReply<CaptchaImage>) -> JiitTransition {
        let Self {
            now, reason, state, ..
        } = self;
        match (reply, state) {
            (PortalReply::ProtocolMismatch(reason) | PortalReply::Ambiguous(reason), _) => {
                JiitTransition::Fail(ConnectorError::ProtocolMismatch(reason))
            }
            (PortalReply::Success(captcha), state) => show_new_captcha(state, captcha, reason, now),
            // The captcha is used up or missing: the next attempt begins with a new one.
            (_, Some(mut state)) if !matches!(reason, CaptchaReason::Requested) => {
                state.captcha_expires_at = now;
                show_form(
                    state,
                    if let CaptchaReason::Refused(_) = reason {
                        reason
                    } else {
                        CaptchaReason::PortalUnavailable
                    },
                )
            }
            (_, Some(state)) => show_form(state, CaptchaReason::PortalUnavailable),
            (_, None) => JiitTransition::Fail(ConnectorError::Unavailable),
        }
    }
}

fn show_new_captcha(
    state: Option<JiitState>,
    captcha: CaptchaImage,
    reason: CaptchaReason,
    now: Timestamp,
) -> JiitTransition {
    let captcha_expires_at = now + CAPTCHA_LIFETIME;
    let state = match state {
        Some(state) => JiitState {
            captcha_id: captcha.id,
            captcha_image: captcha.image,
            captcha_expires_at,
            ..state
        },
        None => JiitState {
            started_at: now,
            captcha_id: captcha.id,
            captcha_image: captcha.image,
            captcha_expires_at,
            username: String::new(),
            allows_details: false,
            wrong_captchas: 0,
            wrong_passwords: 0,
        },
    };
    show_form(state, reason)
}

fn show_form(state: JiitState, reason: CaptchaReason) -> JiitTransition {
    let mut prompt = state.prompt();
    let error = match reason {
        CaptchaReason::FirstForm | CaptchaReason::Requested => None,
        CaptchaReason::Expired => Some(CAPTCHA_EXPIRED),
        CaptchaReason::PortalUnavailable => Some(PORTAL_UNAVAILABLE),
        CaptchaReason::Refused(message) => {
            return JiitTransition::Return(Step::Refused {
                reason: LoginRefusal(message.into()),
                retry: Some((prompt, state)),
            });
        }
    };
    prompt.error = error.map(Into::into);
    JiitTransition::Return(Step::Ask { prompt, state })
}

impl JiitFormAttempt {
    pub(super) fn username(&self) -> &str {
        &self.form.username
    }

    pub(super) fn password(&self) -> &str {
        &self.form.password
    }

    /// The typed text and the captcha's id.
    pub(super) fn captcha(&self) -> (&str, &str) {
        (&self.form.captcha_text, &self.state.captcha_id)
    }

    /// A rate limit is reached. Form and captcha stay as they are.
    pub(super) fn refuse_rate_limited(self, slowed: RateLimited) -> JiitTransition {
        let wait = slowed.in_words();
        let mut prompt = self.state.prompt();
        prompt.error = Some(format!("Too many attempts. Try again in {wait}.").into());
        let state = self.state;
        JiitTransition::Return(Step::Ask { prompt, state })
    }

    pub(super) fn handle_pre_token(self, reply: PortalReply<PreToken>) -> JiitTransition {
        let (attempt, pre_token) = match self.require_success(reply, JiitTransition::CheckUsername)
        {
            Ok(pair) => pair,
            Err(transition) => return *transition,
        };
        if !pre_token.username.eq_ignore_ascii_case(attempt.username()) {
            return unexpected_user_data(
                ACCOUNT_MISMATCH,
                "the first phase is about somebody else",
            );
        }
        match pre_token.second_phase {
            SecondPhase::OneTimeCode => refuse_for_good(ONE_TIME_CODE),
            SecondPhase::Password => JiitTransition::CheckPassword(attempt, pre_token),
        }
    }

    /// `pre_token` is kept for a repeated request.
    pub(super) fn handle_user(
        self,
        pre_token: PreToken,
        reply: PortalReply<PortalUser>,
        mail_domain: &str,
    ) -> JiitTransition {
        let retry = |attempt| JiitTransition::CheckPassword(attempt, pre_token);
        let (attempt, user) = match self.require_success(reply, retry) {
            Ok(pair) => pair,
            Err(transition) => return *transition,
        };
        let account_mismatch = |reason| JiitTransition::AccountMismatch {
            username: attempt.form.username.clone(),
            reason,
        };
        let Some(enrollment) = user.enrollment.as_deref() else {
            return account_mismatch("it does not say who signed in");
        };
        if user.member_id.is_empty() {
            return account_mismatch("it has no member number for who signed in");
        }
        // A parent's account must not sign in as the student.
        let is_same_account = enrollment.trim().eq_ignore_ascii_case(attempt.username())
            && user.member_type != PARENT;
        if !is_same_account {
            return account_mismatch("the second phase is about somebody else");
        }
        if user.second_phase == SecondPhase::OneTimeCode {
            return refuse_for_good(ONE_TIME_CODE);
        }
        if user.has_expired_password {
            return refuse_for_good(EXPIRED_PASSWORD);
        }
        if attempt.form.allows_details && user.institute.is_some() {
            return JiitTransition::FetchStudentRecord(attempt, user);
        }
        attempt.complete_login(&user, None, mail_domain)
    }

    /// The person has signed in, whether or not the record could be read.
    pub(super) fn handle_student_record(
        self,
        user: &PortalUser,
        reply: PortalReply<StudentRecord>,
        mail_domain: &str,
    ) -> JiitTransition {
        let student_record = match reply {
            PortalReply::Success(student_record) => Some(student_record),
            _ => None,
        };
        self.complete_login(user, student_record.as_ref(), mail_domain)
    }

    fn complete_login(
        self,
        user: &PortalUser,
        student_record: Option<&StudentRecord>,
        mail_domain: &str,
    ) -> JiitTransition {
        let enrollment = self.form.username;
        match attributes::profile_claims(user, &enrollment, student_record, mail_domain) {
            Ok(says) => JiitTransition::Return(Step::Done(ExternalIdentity {
                provider: Jiit::SLUG,
                subject: enrollment,
                claims: Some(Box::new(says)),
                epoch: None,
            })),
            // A number that passed the form's checks is a valid username.
            Err(_) => refuse_for_good(UNEXPECTED_ANSWER),
        }
    }

    /// Returns the value of a success, or else the transition that follows. `retry` repeats the request.
    fn require_success<T>(
        mut self,
        reply: PortalReply<T>,
        retry: impl FnOnce(Self) -> JiitTransition,
    ) -> Result<(Self, T), Box<JiitTransition>> {
        let now = self.now;
        Err(Box::new(match reply {
            PortalReply::Success(message) => return Ok((self, message)),
            PortalReply::Refused(PortalRefusal::WrongCaptcha) => {
                self.state.wrong_captchas += 1;
                refuse_and_fetch_captcha(self.state, WRONG_CAPTCHA, now)
            }
            PortalReply::Refused(PortalRefusal::WrongCredentials) => {
                self.state.wrong_passwords += 1;
                refuse_and_fetch_captcha(self.state, WRONG_PASSWORD, now)
            }
            PortalReply::Refused(PortalRefusal::AccountLocked) => refuse_for_good(ACCOUNT_LOCKED),
            PortalReply::Refused(PortalRefusal::Other) => unexpected_user_data(
                UNEXPECTED_ANSWER,
                "it refuses, and does not say reason in words we know",
            ),
            PortalReply::Empty(Some(key_date))
                if key_date != self.key_date && !self.has_retried =>
            {
                self.key_date = key_date;
                self.has_retried = true;
                retry(self)
            }
            PortalReply::Empty(_) => {
                unexpected_user_data(UNEXPECTED_ANSWER, "it answers with nothing")
            }
            PortalReply::Unauthorized => JiitTransition::Fail(ConnectorError::ProtocolMismatch(
                "it asks for a session to sign in",
            )),
            PortalReply::ProtocolMismatch(reason) | PortalReply::Ambiguous(reason) => {
                JiitTransition::Fail(ConnectorError::ProtocolMismatch(reason))
            }
            PortalReply::UnexpectedUserData(reason) => {
                unexpected_user_data(UNEXPECTED_ANSWER, reason)
            }
            PortalReply::Unavailable => {
                fetch_captcha(self.state, CaptchaReason::PortalUnavailable, now)
            }
        }))
    }
}

/// Ends the sign-in, with a message for the person and a reason for the log.
pub(super) fn unexpected_user_data(message: &'static str, reason: &'static str) -> JiitTransition {
    JiitTransition::Fail(ConnectorError::UnexpectedUserData {
        cause: reason,
        message,
    })
}

/// The portal's member type of parents.
const PARENT: &str = "P";

fn refuse_and_fetch_captcha(
    state: JiitState,
    message: &'static str,
    now: Timestamp,
) -> JiitTransition {
    if state.wrong_captchas >= MAX_WRONG_CAPTCHAS || state.wrong_passwords >= MAX_WRONG_PASSWORDS {
        return refuse_for_good(TOO_MANY_ATTEMPTS);
    }
    fetch_captcha(state, CaptchaReason::Refused(message), now)
}

pub(super) fn refuse_for_good(message: &'static str) -> JiitTransition {
    JiitTransition::Return(Step::Refused {
        reason: LoginRefusal(message.into()),
        retry: None,
    })
}

#[cfg(test)]
mod tests;
