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
use crate::platform::web::RateLimited;

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
                JiitTransition::Fail(ConnectorError::Changed(reason))
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
    let trouble = match reason {
        CaptchaReason::FirstForm | CaptchaReason::Requested => None,
        CaptchaReason::Expired => Some(CAPTCHA_EXPIRED),
        CaptchaReason::PortalUnavailable => Some(PORTAL_UNAVAILABLE),
        CaptchaReason::Refused(message) => {
            return JiitTransition::Return(Step::Refused {
                why: LoginRefusal(message.into()),
                again: Some((prompt, state)),
            });
        }
    };
    prompt.trouble = trouble.map(Into::into);
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
        prompt.trouble = Some(format!("That was tried too often. Try again in {wait}.").into());
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
                says: Some(Box::new(says)),
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
            PortalReply::Unauthorized => {
                JiitTransition::Fail(ConnectorError::Changed("it asks for a session to sign in"))
            }
            PortalReply::ProtocolMismatch(reason) | PortalReply::Ambiguous(reason) => {
                JiitTransition::Fail(ConnectorError::Changed(reason))
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
    JiitTransition::Fail(ConnectorError::Odd {
        met: reason,
        told: message,
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
        why: LoginRefusal(message.into()),
        again: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::jiit::client::JiitResponse;
    use crate::connectors::jiit::reply::{Institute, parse_pre_token};

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const DOMAIN: &str = "mail.jiit.ac.in";

    fn captcha_reply() -> PortalReply<CaptchaImage> {
        PortalReply::Success(CaptchaImage {
            id: Zeroizing::new("AAAAAAAAAAE=".to_owned()),
            image: PromptPicture {
                media_type: "image/png",
                bytes: Vec::new(),
                alt: "".into(),
            },
        })
    }

    /// The step after the requested captcha was fetched.
    fn step_after_captcha(transition: JiitTransition) -> Step<JiitState> {
        match transition {
            JiitTransition::FetchCaptcha(request) => {
                returned_step(request.handle_reply(captcha_reply()))
            }
            transition => returned_step(transition),
        }
    }

    #[track_caller]
    fn returned_step(transition: JiitTransition) -> Step<JiitState> {
        match transition {
            JiitTransition::Return(step) => step,
            _ => panic!("it is not settled"),
        }
    }

    fn first_form() -> (Prompt, JiitState) {
        match step_after_captcha(begin(NOW)) {
            Step::Ask { prompt, state } => (prompt, state),
            _ => panic!("nothing is asked"),
        }
    }

    fn submit((prompt, state): (Prompt, JiitState), now: Timestamp) -> JiitTransition {
        let answers = Answers::to(&prompt, |name| {
            let text = match name {
                "username" => "22103171",
                "captcha" => "ab2c9",
                "details" => "yes",
                _ => "hunter2!",
            };
            text.to_owned()
        });
        handle_answers(state, &answers, now)
    }

    #[track_caller]
    fn attempt(transition: JiitTransition) -> JiitFormAttempt {
        match transition {
            JiitTransition::CheckUsername(attempt) => attempt,
            _ => panic!("the number is not checked"),
        }
    }

    fn pre_token_reply() -> PortalReply<PreToken> {
        parse_pre_token(Some(JiitResponse {
            status: 200,
            key_date: None,
            body: Zeroizing::new(
                br#"{"status":{"responseStatus":"Success"},"response":{"random":"r","otppwd":"PWD","username":"22103171"}}"#
                    .to_vec(),
            ),
        }))
    }

    #[track_caller]
    fn password_attempt(attempt: JiitFormAttempt) -> (JiitFormAttempt, PreToken) {
        match attempt.handle_pre_token(pre_token_reply()) {
            JiitTransition::CheckPassword(attempt, pre_token) => (attempt, pre_token),
            _ => panic!("the password is not checked"),
        }
    }

    fn user() -> PortalUser {
        PortalUser {
            enrollment: Some("22103171".to_owned()),
            member_id: "JSIM0000001".to_owned(),
            name: "ASHA RAO".to_owned(),
            institute: Some(Institute {
                label: "JIIT".to_owned(),
                value: "11IN".to_owned(),
            }),
            member_type: "S".to_owned(),
            has_expired_password: false,
            second_phase: SecondPhase::Password,
            token: Zeroizing::default(),
        }
    }

    fn sign_in_as(user: PortalUser) -> JiitTransition {
        let (attempt, pre_token) = password_attempt(attempt(submit(first_form(), NOW)));
        attempt.handle_user(pre_token, PortalReply::Success(user), DOMAIN)
    }

    /// The message of a sign-in that ended.
    #[track_caller]
    fn message(transition: JiitTransition) -> String {
        match transition {
            JiitTransition::Return(Step::Refused { why, again: None }) => why.0.into_owned(),
            JiitTransition::Fail(ConnectorError::Odd { told, .. }) => told.to_owned(),
            JiitTransition::AccountMismatch { .. } => ACCOUNT_MISMATCH.to_owned(),
            _ => panic!("it is not over"),
        }
    }

    #[test]
    fn whoever_signs_in_is_known_by_number_and_member_number() {
        let transition = sign_in_as(user());
        let JiitTransition::FetchStudentRecord(attempt, user) = transition else {
            panic!("what was agreed to is not read");
        };
        for reply in [
            PortalReply::Unauthorized,
            PortalReply::Unavailable,
            PortalReply::ProtocolMismatch("?"),
            PortalReply::Refused(PortalRefusal::Other),
        ] {
            let (attempt, pre_token) = password_attempt(self::attempt(submit(first_form(), NOW)));
            let transition =
                attempt.handle_user(pre_token, PortalReply::Success(self::user()), DOMAIN);
            let JiitTransition::FetchStudentRecord(attempt, user) = transition else {
                panic!("what was agreed to is not read");
            };
            let transition = attempt.handle_student_record(&user, reply, DOMAIN);
            assert!(matches!(returned_step(transition), Step::Done(_)));
        }
        let reply = PortalReply::Success(StudentRecord::default());
        let Step::Done(identity) =
            returned_step(attempt.handle_student_record(&user, reply, DOMAIN))
        else {
            panic!("nobody signed in");
        };
        assert_eq!(
            (identity.provider, identity.subject.as_str()),
            ("jiit", "22103171")
        );
        assert_eq!(
            identity.says.unwrap().second_key.as_deref(),
            Some("JSIM0000001")
        );
    }

    #[test]
    fn j17_somebody_else_or_nobody_is_not_let_in() {
        let other_account = PortalUser {
            enrollment: Some("22103172".to_owned()),
            ..user()
        };
        assert!(message(sign_in_as(other_account)).starts_with("We could not sign you in"));
        let parent = PortalUser {
            member_type: "P".to_owned(),
            ..user()
        };
        assert!(message(sign_in_as(parent)).starts_with("We could not sign you in"));
        let without_enrollment = PortalUser {
            enrollment: None,
            ..user()
        };
        assert!(matches!(
            sign_in_as(without_enrollment),
            JiitTransition::AccountMismatch { .. }
        ));
        let without_member_id = PortalUser {
            member_id: String::new(),
            ..user()
        };
        assert!(matches!(
            sign_in_as(without_member_id),
            JiitTransition::AccountMismatch { .. }
        ));
    }

    #[test]
    fn accounts_that_need_more_than_a_password_end_it() {
        let expired = PortalUser {
            has_expired_password: true,
            ..user()
        };
        assert!(message(sign_in_as(expired)).starts_with("Change your portal password first."));
        let with_code = PortalUser {
            second_phase: SecondPhase::OneTimeCode,
            ..user()
        };
        assert!(message(sign_in_as(with_code)).starts_with("This account uses one-time codes"));
        let locked = attempt(submit(first_form(), NOW))
            .handle_pre_token(PortalReply::Refused(PortalRefusal::AccountLocked));
        assert!(message(locked).starts_with("The portal has locked this account."));
        let transition = attempt(submit(first_form(), NOW))
            .handle_pre_token(PortalReply::Refused(PortalRefusal::Other));
        assert!(message(transition).contains("Google"));
    }

    #[test]
    fn five_pictures_or_three_passwords_and_it_is_over() {
        for (refusal, most) in [
            (PortalRefusal::WrongCaptcha, MAX_WRONG_CAPTCHAS),
            (PortalRefusal::WrongCredentials, MAX_WRONG_PASSWORDS),
        ] {
            let mut form = first_form();
            for _ in 1..most {
                let transition =
                    attempt(submit(form, NOW)).handle_pre_token(PortalReply::Refused(refusal));
                form = retry_form(transition);
            }
            let transition =
                attempt(submit(form, NOW)).handle_pre_token(PortalReply::Refused(refusal));
            assert!(message(transition).starts_with("That was one try too many."));
        }
    }

    #[track_caller]
    fn retry_form(transition: JiitTransition) -> (Prompt, JiitState) {
        match step_after_captcha(transition) {
            Step::Refused { again, .. } => again.unwrap(),
            _ => panic!("it is not told"),
        }
    }

    #[test]
    fn a_wrong_password_counts_in_either_phase() {
        let transition = attempt(submit(first_form(), NOW))
            .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCredentials));
        let Step::Refused { why, again } = step_after_captcha(transition) else {
            panic!("it is not told");
        };
        let (attempt, pre_token) = password_attempt(attempt(submit(again.unwrap(), NOW)));
        let transition = attempt.handle_user(
            pre_token,
            PortalReply::Refused(PortalRefusal::WrongCredentials),
            DOMAIN,
        );
        let Step::Refused { why: same, again } = step_after_captcha(transition) else {
            panic!("it is not told");
        };
        assert_eq!(why, same);
        assert_eq!(again.unwrap().1.wrong_passwords, 2);
    }

    #[test]
    fn a_form_lives_five_minutes_and_its_picture_two() {
        let late = NOW + MAX_DURATION;
        assert!(matches!(
            submit(first_form(), late),
            JiitTransition::Fail(ConnectorError::Expired)
        ));
        let old = NOW + CAPTCHA_LIFETIME;
        let Step::Ask { prompt, .. } = step_after_captcha(submit(first_form(), old)) else {
            panic!("no other picture is shown");
        };
        assert!(prompt.trouble.unwrap().contains("too old"));
        attempt(submit(first_form(), old - Duration::SECOND));
    }

    #[test]
    fn j14_another_day_is_believed_once() {
        let tomorrow = KeyDate::of(NOW + Duration::DAY);
        let empty = |key_date| PortalReply::<PreToken>::Empty(key_date);
        let transition = attempt(submit(first_form(), NOW)).handle_pre_token(empty(Some(tomorrow)));
        let again = attempt(transition);
        assert_eq!(again.key_date, tomorrow);
        assert!(message(again.handle_pre_token(empty(Some(KeyDate::of(NOW))))).contains("Google"));
        // The same date, or none, does not cause a repetition.
        for key_date in [None, Some(KeyDate::of(NOW))] {
            let transition = attempt(submit(first_form(), NOW)).handle_pre_token(empty(key_date));
            assert!(message(transition).contains("Google"));
        }
        // Also when midnight falls between the phases.
        let (attempt, pre_token) = password_attempt(attempt(submit(first_form(), NOW)));
        let transition = attempt.handle_user(pre_token, PortalReply::Empty(Some(tomorrow)), DOMAIN);
        assert!(
            matches!(transition, JiitTransition::CheckPassword(attempt, _) if attempt.key_date == tomorrow)
        );
    }

    #[test]
    fn a_portal_that_is_away_costs_no_try_and_leaves_the_form() {
        let transition =
            attempt(submit(first_form(), NOW)).handle_pre_token(PortalReply::Unavailable);
        let Step::Ask { prompt, state } = step_after_captcha(transition) else {
            panic!("the form is gone");
        };
        assert!(
            prompt
                .trouble
                .unwrap()
                .starts_with("The JIIT portal is not answering.")
        );
        assert_eq!((state.wrong_captchas, state.wrong_passwords), (0, 0));

        // No new captcha either: the old one stays, and the next attempt fetches another.
        let transition =
            attempt(submit(first_form(), NOW)).handle_pre_token(PortalReply::Unavailable);
        let JiitTransition::FetchCaptcha(request) = transition else {
            panic!("no picture is fetched");
        };
        let Step::Ask { prompt, state } =
            returned_step(request.handle_reply(PortalReply::Unavailable))
        else {
            panic!("the form is gone");
        };
        assert!(matches!(
            submit((prompt, state), NOW),
            JiitTransition::FetchCaptcha(_)
        ));
    }

    #[test]
    fn a_refusal_is_told_though_there_is_no_other_picture() {
        let transition = attempt(submit(first_form(), NOW))
            .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCredentials));
        let JiitTransition::FetchCaptcha(request) = transition else {
            panic!("no picture is fetched");
        };
        let step = returned_step(request.handle_reply(PortalReply::Unavailable));
        assert!(matches!(step, Step::Refused { why, again: Some(_) } if why.0 == WRONG_PASSWORD));
    }

    #[test]
    fn without_a_first_picture_there_is_no_form() {
        for (reply, is_changed) in [
            (PortalReply::Unavailable, false),
            (PortalReply::Empty(None), false),
            (PortalReply::Refused(PortalRefusal::Other), false),
            (PortalReply::ProtocolMismatch("?"), true),
        ] {
            let JiitTransition::FetchCaptcha(request) = begin(NOW) else {
                panic!("no picture is fetched");
            };
            let transition = request.handle_reply(reply);
            match transition {
                JiitTransition::Fail(ConnectorError::Changed(_)) => assert!(is_changed),
                JiitTransition::Fail(ConnectorError::Unavailable) => assert!(!is_changed),
                _ => panic!("there is a form"),
            }
        }
    }

    #[test]
    fn the_form_says_no_name_of_a_picture_and_no_password() {
        let transition = attempt(submit(first_form(), NOW))
            .handle_pre_token(PortalReply::Refused(PortalRefusal::WrongCaptcha));
        let Step::Refused { again, .. } = step_after_captcha(transition) else {
            panic!("it is not told");
        };
        let shown = format!("{:?}", again.unwrap().0);
        assert!(shown.contains("22103171"));
        assert!(!shown.contains("hunter2!") && !shown.contains("ab2c9"));
        assert!(!shown.contains("AAAAAAAAAAE="));
    }
}
