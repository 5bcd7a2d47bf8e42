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

use super::cipher::Day;
use super::form::Typed;
use super::reply::{Captcha, Member, No, Particulars, PreToken, Said, Wants};
use super::{Jiit, form, says};
use crate::connectors::{Answers, Picture, Prompt, Refusal, Step, Upstream, UpstreamError};
use crate::people::records::Identity;
use crate::platform::clock::Moment;
use crate::platform::web::Slowed;

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
pub struct State {
    began_at: Moment,
    /// The picture's name at the portal, which no browser is told.
    hidden: Zeroizing<String>,
    picture: Picture,
    good_until: Moment,
    username: String,
    wants_details: bool,
    wrong_letters: u8,
    wrong_passwords: u8,
}

impl State {
    fn prompt(&self) -> Prompt {
        form::prompt(&self.picture, &self.username, self.wants_details)
    }
}

/// What to do, with all that is needed to go on.
pub(super) enum Move {
    Settled(Step<State>),
    Failed(UpstreamError),
    /// The portal said yes, and not to them: to this number, with a word for the log.
    NotThem {
        number: String,
        met: &'static str,
    },
    Fetch(Fetch),
    CheckNumber(Turn),
    CheckPassword(Turn, PreToken),
    ReadParticulars(Turn, Member),
}

/// A new picture is needed.
pub(super) struct Fetch {
    pub day: Day,
    now: Moment,
    why: Why,
    state: Option<State>,
}

#[derive(Clone, Copy)]
enum Why {
    Begun,
    Wanted,
    TooOld,
    Silent,
    Refused(&'static str),
}

/// One form that is being judged.
pub(super) struct Turn {
    state: State,
    typed: Typed,
    /// Whose key is used.
    pub day: Day,
    now: Moment,
    has_asked_twice: bool,
}

pub(super) fn begin(now: Moment) -> Move {
    Move::Fetch(Fetch {
        day: Day::of(now),
        now,
        why: Why::Begun,
        state: None,
    })
}

/// Takes what was typed. What cannot be right is asked again without troubling the portal.
pub(super) fn answer(mut state: State, answers: &Answers, now: Moment) -> Move {
    if now >= state.began_at + LIVES_FOR {
        return Move::Failed(UpstreamError::Expired);
    }
    if form::is_for_another_picture(answers) {
        return fetch(state, Why::Wanted, now);
    }
    let typed = Typed::read(answers);
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
        return Move::Settled(Step::Ask { prompt, state });
    }
    if now >= state.good_until {
        return fetch(state, Why::TooOld, now);
    }
    Move::CheckNumber(Turn {
        state,
        typed,
        day: Day::of(now),
        now,
        has_asked_twice: false,
    })
}

fn fetch(state: State, why: Why, now: Moment) -> Move {
    Move::Fetch(Fetch {
        day: Day::of(now),
        now,
        why,
        state: Some(state),
    })
}

impl Fetch {
    pub(super) fn hear(self, said: Said<Captcha>) -> Move {
        let Self {
            now, why, state, ..
        } = self;
        match (said, state) {
            (Said::Unknown(what) | Said::Puzzling(what), _) => {
                Move::Failed(UpstreamError::Changed(what))
            }
            (Said::Yes(captcha), state) => show(state, captcha, why, now),
            // It was used up, or it is gone: the next try begins with another.
            (_, Some(mut state)) if !matches!(why, Why::Wanted) => {
                state.good_until = now;
                ask_again(
                    state,
                    if let Why::Refused(_) = why {
                        why
                    } else {
                        Why::Silent
                    },
                )
            }
            (_, Some(state)) => ask_again(state, Why::Silent),
            (_, None) => Move::Failed(UpstreamError::Unavailable),
        }
    }
}

fn show(state: Option<State>, captcha: Captcha, why: Why, now: Moment) -> Move {
    let good_until = now + PICTURE_LIVES_FOR;
    let state = match state {
        Some(state) => State {
            hidden: captcha.hidden,
            picture: captcha.picture,
            good_until,
            ..state
        },
        None => State {
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

fn ask_again(state: State, why: Why) -> Move {
    let mut prompt = state.prompt();
    let trouble = match why {
        Why::Begun | Why::Wanted => None,
        Why::TooOld => Some(TOO_OLD),
        Why::Silent => Some(SILENT),
        Why::Refused(told) => {
            return Move::Settled(Step::Refused {
                why: Refusal(told.into()),
                again: Some((prompt, state)),
            });
        }
    };
    prompt.trouble = trouble.map(Into::into);
    Move::Settled(Step::Ask { prompt, state })
}

impl Turn {
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
    pub(super) fn has_to_wait(self, slowed: Slowed) -> Move {
        let wait = slowed.in_words();
        let mut prompt = self.state.prompt();
        prompt.trouble = Some(format!("That was tried too often. Try again in {wait}.").into());
        let state = self.state;
        Move::Settled(Step::Ask { prompt, state })
    }

    pub(super) fn hear_pre_token(self, said: Said<PreToken>) -> Move {
        let (turn, pre_token) = match self.unless_yes(said, Move::CheckNumber) {
            Ok(both) => both,
            Err(next) => return *next,
        };
        if !pre_token.username.eq_ignore_ascii_case(turn.username()) {
            return odd(SOMEBODY_ELSE, "the first phase is about somebody else");
        }
        match pre_token.wants {
            Wants::OneTimeCode => over(ONE_TIME_CODE),
            Wants::Password => Move::CheckPassword(turn, pre_token),
        }
    }

    /// `pre_token` is what was asked with, should it have to be asked again.
    pub(super) fn hear_member(
        self,
        pre_token: PreToken,
        said: Said<Member>,
        mail_domain: &str,
    ) -> Move {
        let again = |turn| Move::CheckPassword(turn, pre_token);
        let (turn, member) = match self.unless_yes(said, again) {
            Ok(both) => both,
            Err(next) => return *next,
        };
        let not_them = |met| Move::NotThem {
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
        if member.wants == Wants::OneTimeCode {
            return over(ONE_TIME_CODE);
        }
        if member.has_expired_password {
            return over(EXPIRED_PASSWORD);
        }
        if turn.typed.wants_details && member.institute.is_some() {
            return Move::ReadParticulars(turn, member);
        }
        turn.done(&member, None, mail_domain)
    }

    /// Whatever came of it, the person has signed in.
    pub(super) fn hear_particulars(
        self,
        member: &Member,
        said: Said<Particulars>,
        mail_domain: &str,
    ) -> Move {
        let particulars = match said {
            Said::Yes(particulars) => Some(particulars),
            _ => None,
        };
        self.done(member, particulars.as_ref(), mail_domain)
    }

    fn done(self, member: &Member, particulars: Option<&Particulars>, mail_domain: &str) -> Move {
        let enrollment = self.typed.username;
        match says::says(member, &enrollment, particulars, mail_domain) {
            Ok(says) => Move::Settled(Step::Done(Identity {
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
        said: Said<T>,
        again: impl FnOnce(Self) -> Move,
    ) -> Result<(Self, T), Box<Move>> {
        let now = self.now;
        Err(Box::new(match said {
            Said::Yes(told) => return Ok((self, told)),
            Said::No(No::Picture) => {
                self.state.wrong_letters += 1;
                refused(self.state, WRONG_LETTERS, now)
            }
            Said::No(No::Credentials) => {
                self.state.wrong_passwords += 1;
                refused(self.state, WRONG_PASSWORD, now)
            }
            Said::No(No::Locked) => over(LOCKED),
            Said::No(No::Other) => odd(
                UNEXPECTED,
                "it refuses, and does not say why in words we know",
            ),
            Said::Nothing(Some(day)) if day != self.day && !self.has_asked_twice => {
                self.day = day;
                self.has_asked_twice = true;
                again(self)
            }
            Said::Nothing(_) => odd(UNEXPECTED, "it answers with nothing"),
            Said::SessionOver => {
                Move::Failed(UpstreamError::Changed("it asks for a session to sign in"))
            }
            Said::Unknown(what) | Said::Puzzling(what) => {
                Move::Failed(UpstreamError::Changed(what))
            }
            Said::Odd(what) => odd(UNEXPECTED, what),
            Said::Unavailable => fetch(self.state, Why::Silent, now),
        }))
    }
}

/// Over, with a word for the person and one for the log.
pub(super) fn odd(told: &'static str, met: &'static str) -> Move {
    Move::Failed(UpstreamError::Odd { met, told })
}

/// The portal's word for a parent.
const PARENT: &str = "P";

fn refused(state: State, told: &'static str, now: Moment) -> Move {
    if state.wrong_letters >= MOST_PICTURES || state.wrong_passwords >= MOST_PASSWORDS {
        return over(TOO_MANY);
    }
    fetch(state, Why::Refused(told), now)
}

pub(super) fn over(told: &'static str) -> Move {
    Move::Settled(Step::Refused {
        why: Refusal(told.into()),
        again: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::jiit::client::Answer;
    use crate::connectors::jiit::reply::{Institute, pre_token};

    const NOW: Moment = time::macros::datetime!(2026-11-21 12:00 UTC);
    const DOMAIN: &str = "mail.jiit.ac.in";

    fn picture() -> Said<Captcha> {
        Said::Yes(Captcha {
            hidden: Zeroizing::new("AAAAAAAAAAE=".to_owned()),
            picture: Picture {
                media_type: "image/png",
                bytes: Vec::new(),
                alt: "".into(),
            },
        })
    }

    /// What is fetched is a good picture.
    fn shown(next: Move) -> Step<State> {
        match next {
            Move::Fetch(fetch) => settled(fetch.hear(picture())),
            other => settled(other),
        }
    }

    #[track_caller]
    fn settled(next: Move) -> Step<State> {
        match next {
            Move::Settled(step) => step,
            _ => panic!("it is not settled"),
        }
    }

    fn first_form() -> (Prompt, State) {
        match shown(begin(NOW)) {
            Step::Ask { prompt, state } => (prompt, state),
            _ => panic!("nothing is asked"),
        }
    }

    fn typed((prompt, state): (Prompt, State), now: Moment) -> Move {
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
    fn turn(next: Move) -> Turn {
        match next {
            Move::CheckNumber(turn) => turn,
            _ => panic!("the number is not checked"),
        }
    }

    fn begun() -> Said<PreToken> {
        pre_token(Some(Answer {
            status: 200,
            day: None,
            body: Zeroizing::new(
                br#"{"status":{"responseStatus":"Success"},"response":{"random":"r","otppwd":"PWD","username":"22103171"}}"#
                    .to_vec(),
            ),
        }))
    }

    #[track_caller]
    fn at_the_password(turn: Turn) -> (Turn, PreToken) {
        match turn.hear_pre_token(begun()) {
            Move::CheckPassword(turn, pre_token) => (turn, pre_token),
            _ => panic!("the password is not checked"),
        }
    }

    fn member() -> Member {
        Member {
            enrollment: Some("22103171".to_owned()),
            member_id: "JSIM0000001".to_owned(),
            name: "ASHA RAO".to_owned(),
            institute: Some(Institute {
                label: "JIIT".to_owned(),
                value: "11IN".to_owned(),
            }),
            member_type: "S".to_owned(),
            has_expired_password: false,
            wants: Wants::Password,
            token: Zeroizing::default(),
        }
    }

    fn judged(member: Member) -> Move {
        let (turn, pre_token) = at_the_password(turn(typed(first_form(), NOW)));
        turn.hear_member(pre_token, Said::Yes(member), DOMAIN)
    }

    /// What an ending tells the person.
    #[track_caller]
    fn told(next: Move) -> String {
        match next {
            Move::Settled(Step::Refused { why, again: None }) => why.0.into_owned(),
            Move::Failed(UpstreamError::Odd { told, .. }) => told.to_owned(),
            Move::NotThem { .. } => SOMEBODY_ELSE.to_owned(),
            _ => panic!("it is not over"),
        }
    }

    #[test]
    fn whoever_signs_in_is_known_by_number_and_member_number() {
        let next = judged(member());
        let Move::ReadParticulars(turn, member) = next else {
            panic!("what was agreed to is not read");
        };
        for said in [
            Said::SessionOver,
            Said::Unavailable,
            Said::Unknown("?"),
            Said::No(No::Other),
        ] {
            let (turn, pre_token) = at_the_password(self::turn(typed(first_form(), NOW)));
            let next = turn.hear_member(pre_token, Said::Yes(self::member()), DOMAIN);
            let Move::ReadParticulars(turn, member) = next else {
                panic!("what was agreed to is not read");
            };
            let next = turn.hear_particulars(&member, said, DOMAIN);
            assert!(matches!(settled(next), Step::Done(_)));
        }
        let said = Said::Yes(Particulars::default());
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
        let somebody_else = Member {
            enrollment: Some("22103172".to_owned()),
            ..member()
        };
        assert!(told(judged(somebody_else)).starts_with("We could not sign you in"));
        let parent = Member {
            member_type: "P".to_owned(),
            ..member()
        };
        assert!(told(judged(parent)).starts_with("We could not sign you in"));
        let nobody = Member {
            enrollment: None,
            ..member()
        };
        assert!(matches!(judged(nobody), Move::NotThem { .. }));
        let numberless = Member {
            member_id: String::new(),
            ..member()
        };
        assert!(matches!(judged(numberless), Move::NotThem { .. }));
    }

    #[test]
    fn accounts_that_need_more_than_a_password_end_it() {
        let expired = Member {
            has_expired_password: true,
            ..member()
        };
        assert!(told(judged(expired)).starts_with("Change your portal password first."));
        let with_code = Member {
            wants: Wants::OneTimeCode,
            ..member()
        };
        assert!(told(judged(with_code)).starts_with("This account uses one-time codes"));
        let locked = turn(typed(first_form(), NOW)).hear_pre_token(Said::No(No::Locked));
        assert!(told(locked).starts_with("The portal has locked this account."));
        let other = turn(typed(first_form(), NOW)).hear_pre_token(Said::No(No::Other));
        assert!(told(other).contains("Google"));
    }

    #[test]
    fn five_pictures_or_three_passwords_and_it_is_over() {
        for (no, most) in [
            (No::Picture, MOST_PICTURES),
            (No::Credentials, MOST_PASSWORDS),
        ] {
            let mut form = first_form();
            for _ in 1..most {
                let next = turn(typed(form, NOW)).hear_pre_token(Said::No(no));
                form = refused_once(next);
            }
            let next = turn(typed(form, NOW)).hear_pre_token(Said::No(no));
            assert!(told(next).starts_with("That was one try too many."));
        }
    }

    #[track_caller]
    fn refused_once(next: Move) -> (Prompt, State) {
        match shown(next) {
            Step::Refused { again, .. } => again.unwrap(),
            _ => panic!("it is not told"),
        }
    }

    #[test]
    fn a_wrong_password_counts_in_either_phase() {
        let next = turn(typed(first_form(), NOW)).hear_pre_token(Said::No(No::Credentials));
        let Step::Refused { why, again } = shown(next) else {
            panic!("it is not told");
        };
        let (turn, pre_token) = at_the_password(turn(typed(again.unwrap(), NOW)));
        let next = turn.hear_member(pre_token, Said::No(No::Credentials), DOMAIN);
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
            Move::Failed(UpstreamError::Expired)
        ));
        let old = NOW + PICTURE_LIVES_FOR;
        let Step::Ask { prompt, .. } = shown(typed(first_form(), old)) else {
            panic!("no other picture is shown");
        };
        assert!(prompt.trouble.unwrap().contains("too old"));
        turn(typed(first_form(), old - Duration::SECOND));
    }

    #[test]
    fn j14_another_day_is_believed_once() {
        let tomorrow = Day::of(NOW + Duration::DAY);
        let nothing = |day| Said::<PreToken>::Nothing(day);
        let next = turn(typed(first_form(), NOW)).hear_pre_token(nothing(Some(tomorrow)));
        let again = turn(next);
        assert_eq!(again.day, tomorrow);
        assert!(told(again.hear_pre_token(nothing(Some(Day::of(NOW))))).contains("Google"));
        // The same day, or none: there is nothing to believe.
        for day in [None, Some(Day::of(NOW))] {
            let next = turn(typed(first_form(), NOW)).hear_pre_token(nothing(day));
            assert!(told(next).contains("Google"));
        }
        // At midnight between the phases, too.
        let (turn, pre_token) = at_the_password(turn(typed(first_form(), NOW)));
        let next = turn.hear_member(pre_token, Said::Nothing(Some(tomorrow)), DOMAIN);
        assert!(matches!(next, Move::CheckPassword(turn, _) if turn.day == tomorrow));
    }

    #[test]
    fn a_portal_that_is_away_costs_no_try_and_leaves_the_form() {
        let next = turn(typed(first_form(), NOW)).hear_pre_token(Said::Unavailable);
        let Step::Ask { prompt, state } = shown(next) else {
            panic!("the form is gone");
        };
        assert!(
            prompt
                .trouble
                .unwrap()
                .starts_with("The JIIT portal is not answering.")
        );
        assert_eq!((state.wrong_letters, state.wrong_passwords), (0, 0));

        // It gives no picture either: the old one stays, and the next try begins with another.
        let next = turn(typed(first_form(), NOW)).hear_pre_token(Said::Unavailable);
        let Move::Fetch(fetch) = next else {
            panic!("no picture is fetched");
        };
        let Step::Ask { prompt, state } = settled(fetch.hear(Said::Unavailable)) else {
            panic!("the form is gone");
        };
        assert!(matches!(typed((prompt, state), NOW), Move::Fetch(_)));
    }

    #[test]
    fn a_refusal_is_told_though_there_is_no_other_picture() {
        let next = turn(typed(first_form(), NOW)).hear_pre_token(Said::No(No::Credentials));
        let Move::Fetch(fetch) = next else {
            panic!("no picture is fetched");
        };
        let step = settled(fetch.hear(Said::Unavailable));
        assert!(matches!(step, Step::Refused { why, again: Some(_) } if why.0 == WRONG_PASSWORD));
    }

    #[test]
    fn without_a_first_picture_there_is_no_form() {
        for (said, is_changed) in [
            (Said::Unavailable, false),
            (Said::Nothing(None), false),
            (Said::No(No::Other), false),
            (Said::Unknown("?"), true),
        ] {
            let Move::Fetch(fetch) = begin(NOW) else {
                panic!("no picture is fetched");
            };
            let next = fetch.hear(said);
            match next {
                Move::Failed(UpstreamError::Changed(_)) => assert!(is_changed),
                Move::Failed(UpstreamError::Unavailable) => assert!(!is_changed),
                _ => panic!("there is a form"),
            }
        }
    }

    #[test]
    fn the_form_says_no_name_of_a_picture_and_no_password() {
        let next = turn(typed(first_form(), NOW)).hear_pre_token(Said::No(No::Picture));
        let Step::Refused { again, .. } = shown(next) else {
            panic!("it is not told");
        };
        let shown = format!("{:?}", again.unwrap().0);
        assert!(shown.contains("22103171"));
        assert!(!shown.contains("hunter2!") && !shown.contains("ab2c9"));
        assert!(!shown.contains("AAAAAAAAAAE="));
    }
}
