//! What happens next, as a rule: pure, so that budgets and endings are tested without a portal.
//!
//! ```text
//!                     ┌──────── another picture, or the old one was too old ───────┐
//!                     ▼                                                            │
//! begin ─▶ Fetch ─▶ the form ─number, password, letters─▶ CheckNumber ─▶ CheckPassword ─▶ Done
//!                     ▲                                     │    │           │      └▶ ReadParticulars ─▶ Done
//!                     └──── wrong picture, wrong password ──┘    │ nothing:  │
//!                                                                └ once more ┘
//!                                                             on the portal's own day
//! ```

use time::Duration;
use zeroize::Zeroizing;

use super::cipher::KeyDate;
use super::form::JiitForm;
use super::reply::{
    CaptchaImage, PortalRefusal, PortalReply, PortalUser, PreToken, SecondPhase, StudentRecord,
};
use super::{Jiit, form, says};
use crate::connectors::{
    Answers, Connector, ConnectorError, LoginRefusal, Prompt, PromptPicture, Step,
};
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::web::RateLimited;

/// How long a sign-in may take from its first form to its last.
const LIVES_FOR: Duration = Duration::minutes(5);
/// How long the portal remembers what a picture says.
const PICTURE_LIVES_FOR: Duration = Duration::minutes(2);
/// After this many wrong ones it has to be begun again.
const MOST_PICTURES: u8 = 5;
const MOST_PASSWORDS: u8 = 3;
const WRONG_LETTERS: &str = "The characters did not match the picture.";
const WRONG_PASSWORD: &str = "Enrollment number or password not accepted.";
const TOO_MANY: &str = "That was one try too many. Check your number and password at the portal \
                        itself, then start again.";
const ONE_TIME_CODE: &str = "This account uses one-time codes, which we do not support. Choose \
                             another way to sign in.";
const EXPIRED_PASSWORD: &str = "Change your portal password first. You can do that at the portal \
                                itself; then sign in here again.";
const LOCKED: &str = "The portal has locked this account. Ask the people who run the portal to \
                      open it.";
const UNEXPECTED: &str =
    "The portal answered unexpectedly. Students may have to use Google sign-in.";
pub(super) const SOMEBODY_ELSE: &str = "We could not sign you in with this portal account. Ask the people who \
                             run this service to look at it.";
const SILENT: &str = "The JIIT portal is not answering. Try again in a minute.";
const TOO_OLD: &str = "The picture was too old: the portal forgets it after two minutes. Here is a \
                       new one.";

/// Between two forms. Nothing that was typed but the number is in it.
#[expect(
    missing_debug_implementations,
    reason = "what cannot be printed cannot leak into a log"
)]
pub struct JiitState {
    began_at: Timestamp,
    /// The picture's name at the portal, which no browser is told.
    hidden: Zeroizing<String>,
    picture: PromptPicture,
    good_until: Timestamp,
    username: String,
    wants_details: bool,
    wrong_letters: u8,
    wrong_passwords: u8,
}

impl JiitState {
    fn prompt(&self) -> Prompt {
        form::prompt(&self.picture, &self.username, self.wants_details)
    }
}

/// What to do, with all that is needed to go on.
pub(super) enum JiitTransition {
    Settled(Step<JiitState>),
    Failed(ConnectorError),
    /// The portal said yes, and not to them: to this number, with a word for the log.
    NotThem {
        number: String,
        met: &'static str,
    },
    Fetch(CaptchaRequest),
    CheckNumber(JiitFormAttempt),
    CheckPassword(JiitFormAttempt, PreToken),
    ReadParticulars(JiitFormAttempt, PortalUser),
}

/// A new picture is needed.
pub(super) struct CaptchaRequest {
    pub day: KeyDate,
    now: Timestamp,
    why: CaptchaReason,
    state: Option<JiitState>,
}

#[derive(Clone, Copy)]
enum CaptchaReason {
    Begun,
    Wanted,
    TooOld,
    Silent,
    Refused(&'static str),
}

/// One form that is being judged.
pub(super) struct JiitFormAttempt {
    state: JiitState,
    typed: JiitForm,
    /// Whose key is used.
    pub day: KeyDate,
    now: Timestamp,
    has_asked_twice: bool,
}

pub(super) fn begin(now: Timestamp) -> JiitTransition {
    JiitTransition::Fetch(CaptchaRequest {
        day: KeyDate::of(now),
        now,
        why: CaptchaReason::Begun,
        state: None,
    })
}

/// Takes what was typed. What cannot be right is asked again without troubling the portal.
pub(super) fn answer(mut state: JiitState, answers: &Answers, now: Timestamp) -> JiitTransition {
    if now >= state.began_at + LIVES_FOR {
        return JiitTransition::Failed(ConnectorError::Expired);
    }
    if form::is_for_another_picture(answers) {
        return fetch(state, CaptchaReason::Wanted, now);
    }
    let typed = JiitForm::read(answers);
    state.username.clone_from(&typed.username);
    state.wants_details = typed.wants_details;
    let mistakes = typed.mistakes();
    if !mistakes.is_empty() {
        let mut prompt = state.prompt();
        for (name, error) in mistakes {
            let input = prompt.inputs.iter_mut().find(|input| input.name == name);
            if let Some(input) = input {
                input.error = Some(error.into());
            }
        }
        return JiitTransition::Settled(Step::Ask { prompt, state });
    }
    if now >= state.good_until {
        return fetch(state, CaptchaReason::TooOld, now);
    }
    JiitTransition::CheckNumber(JiitFormAttempt {
        state,
        typed,
        day: KeyDate::of(now),
        now,
        has_asked_twice: false,
    })
}

fn fetch(state: JiitState, why: CaptchaReason, now: Timestamp) -> JiitTransition {
    JiitTransition::Fetch(CaptchaRequest {
        day: KeyDate::of(now),
        now,
        why,
        state: Some(state),
    })
}

impl CaptchaRequest {
    pub(super) fn hear(self, said: PortalReply<CaptchaImage>) -> JiitTransition {
        let Self {
            now, why, state, ..
        } = self;
        match (said, state) {
            (PortalReply::Unknown(what) | PortalReply::Puzzling(what), _) => {
                JiitTransition::Failed(ConnectorError::ProtocolMismatch(what))
            }
            (PortalReply::Yes(captcha), state) => show(state, captcha, why, now),
            // It was used up, or it is gone: the next try begins with another.
            (_, Some(mut state)) if !matches!(why, CaptchaReason::Wanted) => {
                state.good_until = now;
                ask_again(
                    state,
                    if let CaptchaReason::Refused(_) = why {
                        why
                    } else {
                        CaptchaReason::Silent
                    },
                )
            }
            (_, Some(state)) => ask_again(state, CaptchaReason::Silent),
            (_, None) => JiitTransition::Failed(ConnectorError::Unavailable),
        }
    }
}

fn show(
    state: Option<JiitState>,
    captcha: CaptchaImage,
    why: CaptchaReason,
    now: Timestamp,
) -> JiitTransition {
    let good_until = now + PICTURE_LIVES_FOR;
    let state = match state {
        Some(state) => JiitState {
            hidden: captcha.hidden,
            picture: captcha.picture,
            good_until,
            ..state
        },
        None => JiitState {
            began_at: now,
            hidden: captcha.hidden,
            picture: captcha.picture,
            good_until,
            username: String::new(),
            wants_details: false,
            wrong_letters: 0,
            wrong_passwords: 0,
        },
    };
    ask_again(state, why)
}

fn ask_again(state: JiitState, why: CaptchaReason) -> JiitTransition {
    let mut prompt = state.prompt();
    let trouble = match why {
        CaptchaReason::Begun | CaptchaReason::Wanted => None,
        CaptchaReason::TooOld => Some(TOO_OLD),
        CaptchaReason::Silent => Some(SILENT),
        CaptchaReason::Refused(told) => {
            return JiitTransition::Settled(Step::Refused {
                why: LoginRefusal(told.into()),
                again: Some((prompt, state)),
            });
        }
    };
    prompt.error = trouble.map(Into::into);
    JiitTransition::Settled(Step::Ask { prompt, state })
}

impl JiitFormAttempt {
    pub(super) fn username(&self) -> &str {
        &self.typed.username
    }

    pub(super) fn password(&self) -> &str {
        &self.typed.password
    }

    /// What was read in the picture, and the picture's name.
    pub(super) fn picture(&self) -> (&str, &str) {
        (&self.typed.letters, &self.state.hidden)
    }

    /// It was tried too often. The form is as it was, and so is the picture.
    pub(super) fn has_to_wait(self, slowed: RateLimited) -> JiitTransition {
        let wait = slowed.in_words();
        let mut prompt = self.state.prompt();
        prompt.error = Some(format!("That was tried too often. Try again in {wait}.").into());
        let state = self.state;
        JiitTransition::Settled(Step::Ask { prompt, state })
    }

    pub(super) fn hear_pre_token(self, said: PortalReply<PreToken>) -> JiitTransition {
        let (turn, pre_token) = match self.unless_yes(said, JiitTransition::CheckNumber) {
            Ok(both) => both,
            Err(next) => return *next,
        };
        if !pre_token.username.eq_ignore_ascii_case(turn.username()) {
            return odd(SOMEBODY_ELSE, "the first phase is about somebody else");
        }
        match pre_token.wants {
            SecondPhase::OneTimeCode => over(ONE_TIME_CODE),
            SecondPhase::Password => JiitTransition::CheckPassword(turn, pre_token),
        }
    }

    /// `pre_token` is what was asked with, should it have to be asked again.
    pub(super) fn hear_member(
        self,
        pre_token: PreToken,
        said: PortalReply<PortalUser>,
        mail_domain: &str,
    ) -> JiitTransition {
        let again = |turn| JiitTransition::CheckPassword(turn, pre_token);
        let (turn, member) = match self.unless_yes(said, again) {
            Ok(both) => both,
            Err(next) => return *next,
        };
        let not_them = |met| JiitTransition::NotThem {
            number: turn.typed.username.clone(),
            met,
        };
        let Some(enrollment) = member.enrollment.as_deref() else {
            return not_them("it does not say who signed in");
        };
        if member.member_id.is_empty() {
            return not_them("it has no member number for who signed in");
        }
        // A parent's account must not stand for a student.
        let is_them =
            enrollment.trim().eq_ignore_ascii_case(turn.username()) && member.member_type != PARENT;
        if !is_them {
            return not_them("the second phase is about somebody else");
        }
        if member.wants == SecondPhase::OneTimeCode {
            return over(ONE_TIME_CODE);
        }
        if member.has_expired_password {
            return over(EXPIRED_PASSWORD);
        }
        if turn.typed.wants_details && member.institute.is_some() {
            return JiitTransition::ReadParticulars(turn, member);
        }
        turn.done(&member, None, mail_domain)
    }

    /// Whatever came of it, the person has signed in.
    pub(super) fn hear_particulars(
        self,
        member: &PortalUser,
        said: PortalReply<StudentRecord>,
        mail_domain: &str,
    ) -> JiitTransition {
        let particulars = match said {
            PortalReply::Yes(particulars) => Some(particulars),
            _ => None,
        };
        self.done(member, particulars.as_ref(), mail_domain)
    }

    fn done(
        self,
        member: &PortalUser,
        particulars: Option<&StudentRecord>,
        mail_domain: &str,
    ) -> JiitTransition {
        let enrollment = self.typed.username;
        match says::says(member, &enrollment, particulars, mail_domain) {
            Ok(says) => JiitTransition::Settled(Step::Done(ExternalIdentity {
                provider: Jiit::SLUG,
                subject: enrollment,
                says: Some(Box::new(says)),
            })),
            // A number that was let through the form makes a username.
            Err(_) => over(UNEXPECTED),
        }
    }

    /// The answer if it is a yes, or what to do about it. `again` asks the same once more.
    fn unless_yes<T>(
        mut self,
        said: PortalReply<T>,
        again: impl FnOnce(Self) -> JiitTransition,
    ) -> Result<(Self, T), Box<JiitTransition>> {
        let now = self.now;
        Err(Box::new(match said {
            PortalReply::Yes(told) => return Ok((self, told)),
            PortalReply::No(PortalRefusal::Picture) => {
                self.state.wrong_letters += 1;
                refused(self.state, WRONG_LETTERS, now)
            }
            PortalReply::No(PortalRefusal::Credentials) => {
                self.state.wrong_passwords += 1;
                refused(self.state, WRONG_PASSWORD, now)
            }
            PortalReply::No(PortalRefusal::Locked) => over(LOCKED),
            PortalReply::No(PortalRefusal::Other) => odd(
                UNEXPECTED,
                "it refuses, and does not say why in words we know",
            ),
            PortalReply::Nothing(Some(day)) if day != self.day && !self.has_asked_twice => {
                self.day = day;
                self.has_asked_twice = true;
                again(self)
            }
            PortalReply::Nothing(_) => odd(UNEXPECTED, "it answers with nothing"),
            PortalReply::SessionOver => JiitTransition::Failed(ConnectorError::ProtocolMismatch(
                "it asks for a session to sign in",
            )),
            PortalReply::Unknown(what) | PortalReply::Puzzling(what) => {
                JiitTransition::Failed(ConnectorError::ProtocolMismatch(what))
            }
            PortalReply::Odd(what) => odd(UNEXPECTED, what),
            PortalReply::Unavailable => fetch(self.state, CaptchaReason::Silent, now),
        }))
    }
}

/// Over, with a word for the person and one for the log.
pub(super) fn odd(told: &'static str, met: &'static str) -> JiitTransition {
    JiitTransition::Failed(ConnectorError::UnexpectedUserData { met, told })
}

/// The portal's word for a parent.
const PARENT: &str = "P";

fn refused(state: JiitState, told: &'static str, now: Timestamp) -> JiitTransition {
    if state.wrong_letters >= MOST_PICTURES || state.wrong_passwords >= MOST_PASSWORDS {
        return over(TOO_MANY);
    }
    fetch(state, CaptchaReason::Refused(told), now)
}

pub(super) fn over(told: &'static str) -> JiitTransition {
    JiitTransition::Settled(Step::Refused {
        why: LoginRefusal(told.into()),
        again: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::jiit::client::JiitResponse;
    use crate::connectors::jiit::reply::{Institute, pre_token};

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const DOMAIN: &str = "mail.jiit.ac.in";

    fn picture() -> PortalReply<CaptchaImage> {
        PortalReply::Yes(CaptchaImage {
            hidden: Zeroizing::new("AAAAAAAAAAE=".to_owned()),
            picture: PromptPicture {
                media_type: "image/png",
                bytes: Vec::new(),
                alt: "".into(),
            },
        })
    }

    /// What is fetched is a good picture.
    fn shown(next: JiitTransition) -> Step<JiitState> {
        match next {
            JiitTransition::Fetch(fetch) => settled(fetch.hear(picture())),
            other => settled(other),
        }
    }

    #[track_caller]
    fn settled(next: JiitTransition) -> Step<JiitState> {
        match next {
            JiitTransition::Settled(step) => step,
            _ => panic!("it is not settled"),
        }
    }

    fn first_form() -> (Prompt, JiitState) {
        match shown(begin(NOW)) {
            Step::Ask { prompt, state } => (prompt, state),
            _ => panic!("nothing is asked"),
        }
    }

    fn typed((prompt, state): (Prompt, JiitState), now: Timestamp) -> JiitTransition {
        let answers = Answers::to(&prompt, |name| {
            let text = match name {
                "username" => "22103171",
                "captcha" => "ab2c9",
                "details" => "yes",
                _ => "hunter2!",
            };
            text.to_owned()
        });
        answer(state, &answers, now)
    }

    #[track_caller]
    fn turn(next: JiitTransition) -> JiitFormAttempt {
        match next {
            JiitTransition::CheckNumber(turn) => turn,
            _ => panic!("the number is not checked"),
        }
    }

    fn begun() -> PortalReply<PreToken> {
        pre_token(Some(JiitResponse {
            status: 200,
            day: None,
            body: Zeroizing::new(
                br#"{"status":{"responseStatus":"Success"},"response":{"random":"r","otppwd":"PWD","username":"22103171"}}"#
                    .to_vec(),
            ),
        }))
    }

    #[track_caller]
    fn at_the_password(turn: JiitFormAttempt) -> (JiitFormAttempt, PreToken) {
        match turn.hear_pre_token(begun()) {
            JiitTransition::CheckPassword(turn, pre_token) => (turn, pre_token),
            _ => panic!("the password is not checked"),
        }
    }

    fn member() -> PortalUser {
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
            wants: SecondPhase::Password,
            token: Zeroizing::default(),
        }
    }

    fn judged(member: PortalUser) -> JiitTransition {
        let (turn, pre_token) = at_the_password(turn(typed(first_form(), NOW)));
        turn.hear_member(pre_token, PortalReply::Yes(member), DOMAIN)
    }

    /// What an ending tells the person.
    #[track_caller]
    fn told(next: JiitTransition) -> String {
        match next {
            JiitTransition::Settled(Step::Refused { why, again: None }) => why.0.into_owned(),
            JiitTransition::Failed(ConnectorError::UnexpectedUserData { told, .. }) => {
                told.to_owned()
            }
            JiitTransition::NotThem { .. } => SOMEBODY_ELSE.to_owned(),
            _ => panic!("it is not over"),
        }
    }

    #[test]
    fn whoever_signs_in_is_known_by_number_and_member_number() {
        let next = judged(member());
        let JiitTransition::ReadParticulars(turn, member) = next else {
            panic!("what was agreed to is not read");
        };
        for said in [
            PortalReply::SessionOver,
            PortalReply::Unavailable,
            PortalReply::Unknown("?"),
            PortalReply::No(PortalRefusal::Other),
        ] {
            let (turn, pre_token) = at_the_password(self::turn(typed(first_form(), NOW)));
            let next = turn.hear_member(pre_token, PortalReply::Yes(self::member()), DOMAIN);
            let JiitTransition::ReadParticulars(turn, member) = next else {
                panic!("what was agreed to is not read");
            };
            let next = turn.hear_particulars(&member, said, DOMAIN);
            assert!(matches!(settled(next), Step::Done(_)));
        }
        let said = PortalReply::Yes(StudentRecord::default());
        let Step::Done(identity) = settled(turn.hear_particulars(&member, said, DOMAIN)) else {
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
        let somebody_else = PortalUser {
            enrollment: Some("22103172".to_owned()),
            ..member()
        };
        assert!(told(judged(somebody_else)).starts_with("We could not sign you in"));
        let parent = PortalUser {
            member_type: "P".to_owned(),
            ..member()
        };
        assert!(told(judged(parent)).starts_with("We could not sign you in"));
        let nobody = PortalUser {
            enrollment: None,
            ..member()
        };
        assert!(matches!(judged(nobody), JiitTransition::NotThem { .. }));
        let numberless = PortalUser {
            member_id: String::new(),
            ..member()
        };
        assert!(matches!(judged(numberless), JiitTransition::NotThem { .. }));
    }

    #[test]
    fn accounts_that_need_more_than_a_password_end_it() {
        let expired = PortalUser {
            has_expired_password: true,
            ..member()
        };
        assert!(told(judged(expired)).starts_with("Change your portal password first."));
        let with_code = PortalUser {
            wants: SecondPhase::OneTimeCode,
            ..member()
        };
        assert!(told(judged(with_code)).starts_with("This account uses one-time codes"));
        let locked =
            turn(typed(first_form(), NOW)).hear_pre_token(PortalReply::No(PortalRefusal::Locked));
        assert!(told(locked).starts_with("The portal has locked this account."));
        let other =
            turn(typed(first_form(), NOW)).hear_pre_token(PortalReply::No(PortalRefusal::Other));
        assert!(told(other).contains("Google"));
    }

    #[test]
    fn five_pictures_or_three_passwords_and_it_is_over() {
        for (no, most) in [
            (PortalRefusal::Picture, MOST_PICTURES),
            (PortalRefusal::Credentials, MOST_PASSWORDS),
        ] {
            let mut form = first_form();
            for _ in 1..most {
                let next = turn(typed(form, NOW)).hear_pre_token(PortalReply::No(no));
                form = refused_once(next);
            }
            let next = turn(typed(form, NOW)).hear_pre_token(PortalReply::No(no));
            assert!(told(next).starts_with("That was one try too many."));
        }
    }

    #[track_caller]
    fn refused_once(next: JiitTransition) -> (Prompt, JiitState) {
        match shown(next) {
            Step::Refused { again, .. } => again.unwrap(),
            _ => panic!("it is not told"),
        }
    }

    #[test]
    fn a_wrong_password_counts_in_either_phase() {
        let next = turn(typed(first_form(), NOW))
            .hear_pre_token(PortalReply::No(PortalRefusal::Credentials));
        let Step::Refused { why, again } = shown(next) else {
            panic!("it is not told");
        };
        let (turn, pre_token) = at_the_password(turn(typed(again.unwrap(), NOW)));
        let next = turn.hear_member(
            pre_token,
            PortalReply::No(PortalRefusal::Credentials),
            DOMAIN,
        );
        let Step::Refused { why: same, again } = shown(next) else {
            panic!("it is not told");
        };
        assert_eq!(why, same);
        assert_eq!(again.unwrap().1.wrong_passwords, 2);
    }

    #[test]
    fn a_form_lives_five_minutes_and_its_picture_two() {
        let late = NOW + LIVES_FOR;
        assert!(matches!(
            typed(first_form(), late),
            JiitTransition::Failed(ConnectorError::Expired)
        ));
        let old = NOW + PICTURE_LIVES_FOR;
        let Step::Ask { prompt, .. } = shown(typed(first_form(), old)) else {
            panic!("no other picture is shown");
        };
        assert!(prompt.error.unwrap().contains("too old"));
        turn(typed(first_form(), old - Duration::SECOND));
    }

    #[test]
    fn j14_another_day_is_believed_once() {
        let tomorrow = KeyDate::of(NOW + Duration::DAY);
        let nothing = |day| PortalReply::<PreToken>::Nothing(day);
        let next = turn(typed(first_form(), NOW)).hear_pre_token(nothing(Some(tomorrow)));
        let again = turn(next);
        assert_eq!(again.day, tomorrow);
        assert!(told(again.hear_pre_token(nothing(Some(KeyDate::of(NOW))))).contains("Google"));
        // The same day, or none: there is nothing to believe.
        for day in [None, Some(KeyDate::of(NOW))] {
            let next = turn(typed(first_form(), NOW)).hear_pre_token(nothing(day));
            assert!(told(next).contains("Google"));
        }
        // At midnight between the phases, too.
        let (turn, pre_token) = at_the_password(turn(typed(first_form(), NOW)));
        let next = turn.hear_member(pre_token, PortalReply::Nothing(Some(tomorrow)), DOMAIN);
        assert!(matches!(next, JiitTransition::CheckPassword(turn, _) if turn.day == tomorrow));
    }

    #[test]
    fn a_portal_that_is_away_costs_no_try_and_leaves_the_form() {
        let next = turn(typed(first_form(), NOW)).hear_pre_token(PortalReply::Unavailable);
        let Step::Ask { prompt, state } = shown(next) else {
            panic!("the form is gone");
        };
        assert!(
            prompt
                .error
                .unwrap()
                .starts_with("The JIIT portal is not answering.")
        );
        assert_eq!((state.wrong_letters, state.wrong_passwords), (0, 0));

        // It gives no picture either: the old one stays, and the next try begins with another.
        let next = turn(typed(first_form(), NOW)).hear_pre_token(PortalReply::Unavailable);
        let JiitTransition::Fetch(fetch) = next else {
            panic!("no picture is fetched");
        };
        let Step::Ask { prompt, state } = settled(fetch.hear(PortalReply::Unavailable)) else {
            panic!("the form is gone");
        };
        assert!(matches!(
            typed((prompt, state), NOW),
            JiitTransition::Fetch(_)
        ));
    }

    #[test]
    fn a_refusal_is_told_though_there_is_no_other_picture() {
        let next = turn(typed(first_form(), NOW))
            .hear_pre_token(PortalReply::No(PortalRefusal::Credentials));
        let JiitTransition::Fetch(fetch) = next else {
            panic!("no picture is fetched");
        };
        let step = settled(fetch.hear(PortalReply::Unavailable));
        assert!(matches!(step, Step::Refused { why, again: Some(_) } if why.0 == WRONG_PASSWORD));
    }

    #[test]
    fn without_a_first_picture_there_is_no_form() {
        for (said, is_changed) in [
            (PortalReply::Unavailable, false),
            (PortalReply::Nothing(None), false),
            (PortalReply::No(PortalRefusal::Other), false),
            (PortalReply::Unknown("?"), true),
        ] {
            let JiitTransition::Fetch(fetch) = begin(NOW) else {
                panic!("no picture is fetched");
            };
            let next = fetch.hear(said);
            match next {
                JiitTransition::Failed(ConnectorError::ProtocolMismatch(_)) => assert!(is_changed),
                JiitTransition::Failed(ConnectorError::Unavailable) => assert!(!is_changed),
                _ => panic!("there is a form"),
            }
        }
    }

    #[test]
    fn the_form_says_no_name_of_a_picture_and_no_password() {
        let next =
            turn(typed(first_form(), NOW)).hear_pre_token(PortalReply::No(PortalRefusal::Picture));
        let Step::Refused { again, .. } = shown(next) else {
            panic!("it is not told");
        };
        let shown = format!("{:?}", again.unwrap().0);
        assert!(shown.contains("22103171"));
        assert!(!shown.contains("hunter2!") && !shown.contains("ab2c9"));
        assert!(!shown.contains("AAAAAAAAAAE="));
    }
}
