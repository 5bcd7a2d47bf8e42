//! The portal of JIIT and of universities that run the same software: enrollment number, password and
//! the characters of a picture.
//!
//! ```text
//! mod ── asks ──▶ machine (what next?) ── a call ──▶ client ──▶ the portal
//!  ▲                                                              │
//!  └────────────── reply (what does that mean?) ◀─────────────────┘
//! ```
//!
//! Decision: number, password and characters stand in one form, and both phases of the portal's
//! sign-in run in one go, so that neither the password nor the portal's single-use secret outlives the
//! request they came with. What is kept between two forms is the picture and its name.
//!
//! Decision: whoever signs in is known by the enrollment number the portal answers with, which must be
//! the one that was typed. The portal's member number is kept beside it: where one of the two comes
//! with another partner than before, nobody comes in.
//!
//! Decision: the bearer token opens everything the portal holds, bank details too. It is used once, for
//! what the person agreed to, and dropped. There is no way to end it over there.
//!
//! Decision: the picture is shown to the person. Clients carry a pair of name and characters that the
//! portal has taken for years; that is a hole in its fence, and not ours to climb through.

mod cipher;
mod client;
mod form;
mod machine;
mod picture;
mod reply;
mod says;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use cipher::Day;
pub use client::Paths;
use client::Portal;
use machine::{Move, State, Turn};
use reply::{PreToken, Said};

use super::in_a_row::InARow;
use super::{Answers, Caller, Face, Reach, ReachError, Step, Upstream, UpstreamError, Visitor};
use crate::platform::clock::Moment;
use crate::platform::rng::SharedEntropy;
use crate::platform::web::{Limit, Limits, Slowed, Taken};

/// Pictures one address may ask for: 30 in ten minutes.
const PICTURES: Limit = Limit::new(30, Duration::from_secs(20));
/// Passwords the portal may be asked about: 5 an hour for one number, 20 an hour from one address.
/// The portal sees our address and no other, so we must not be what somebody guesses with.
const PASSWORDS_OF_ONE: Limit = Limit::new(5, Duration::from_mins(12));
const PASSWORDS_FROM_ONE: Limit = Limit::new(20, Duration::from_mins(3));

/// Somebody made up, to see whether what we do not know is the portal's or one person's: their number,
/// which is none, and their password; and what the first phase might have said to them.
const NOBODY: &str = "NOBODY";
const NOBODY_OPENED: &[u8] = br#"{"otppwd":"PWD","random":"nobody","username":"NOBODY""#;

/// The adapter.
pub struct Jiit {
    portal: Portal,
    mail_domain: String,
    pictures: Limits<IpAddr>,
    passwords_of_one: Limits<String>,
    passwords_from_one: Limits<IpAddr>,
    in_a_row: InARow,
}

/// A try at somebody's password.
type Try = (Taken<String>, Taken<IpAddr>);

#[derive(Default)]
struct Tried {
    taken: Option<Try>,
    /// The portal has judged number or password, and not for the better.
    has_guessed: bool,
}

impl Jiit {
    /// `mail_domain` is what the campus' own mail addresses end in, behind the `@`.
    pub fn new(
        reach: &Reach,
        paths: Paths,
        mail_domain: String,
        entropy: SharedEntropy,
    ) -> Result<Self, ReachError> {
        let portal = Portal {
            caller: Caller::new(Self::SLUG, reach)?,
            paths,
            entropy,
            within: reach.within,
        };
        Ok(Self {
            portal,
            mail_domain,
            pictures: Limits::new(PICTURES),
            passwords_of_one: Limits::new(PASSWORDS_OF_ONE),
            passwords_from_one: Limits::new(PASSWORDS_FROM_ONE),
            in_a_row: InARow::default(),
        })
    }

    /// Whether the portal gives a picture to read, as it does at the beginning of every sign-in.
    pub async fn check(&self, now: Moment) -> Result<(), UpstreamError> {
        match reply::captcha(self.portal.captcha(Day::of(now)).await) {
            Said::Yes(_) => Ok(()),
            Said::Unknown(what) => Err(UpstreamError::Changed(what)),
            _ => Err(UpstreamError::Unavailable),
        }
    }

    async fn run(&self, next: Move, visitor: Visitor) -> Result<Step<State>, UpstreamError> {
        let mut tried = Tried::default();
        let step = self.settle(next, visitor, &mut tried).await;
        if let Ok(Step::Done(_)) = step {
            self.in_a_row.ends();
        }
        // Whoever read the picture wrongly, or got no answer, has not guessed.
        if let Some((of_one, from_one)) = tried.taken.filter(|_| !tried.has_guessed) {
            of_one.give_back();
            from_one.give_back();
        }
        step
    }

    /// Does what the machine says until somebody is asked or it is over.
    async fn settle(
        &self,
        mut next: Move,
        visitor: Visitor,
        tried: &mut Tried,
    ) -> Result<Step<State>, UpstreamError> {
        loop {
            next = match next {
                Move::Settled(step) => return Ok(step),
                Move::Failed(error) => return Err(error),
                Move::NotThem { number, met } if self.in_a_row.is_second(&number) => {
                    return Err(UpstreamError::Changed(met));
                }
                Move::NotThem { met, .. } => machine::odd(machine::SOMEBODY_ELSE, met),
                Move::Fetch(fetch) => {
                    let taken = self.pictures.take(visitor.address, visitor.now);
                    let _spent = taken.map_err(|slowed| UpstreamError::Busy(slowed.0))?;
                    let answer = self.portal.captcha(fetch.day).await;
                    fetch.hear(reply::captcha(answer))
                }
                Move::CheckNumber(turn) => self.check_number(turn, visitor, tried).await,
                Move::CheckPassword(turn, pre_token) => {
                    self.check_password(turn, pre_token, tried).await
                }
                Move::ReadParticulars(turn, member) => {
                    let institute = member.institute.as_ref().map_or("", |it| &it.value);
                    let answer = self.portal.particulars(turn.day, &member.token, institute);
                    let said = reply::particulars(answer.await);
                    turn.hear_particulars(&member, said, &self.mail_domain)
                }
            };
        }
    }

    async fn check_number(&self, turn: Turn, visitor: Visitor, tried: &mut Tried) -> Move {
        if tried.taken.is_none() {
            match self.take(turn.username(), visitor) {
                Ok(taken) => tried.taken = Some(taken),
                Err(slowed) => return turn.has_to_wait(slowed),
            }
        }
        let (day, username, picture) = (turn.day, turn.username(), turn.picture());
        let answer = self.portal.pre_token(day, username, picture);
        let mut said = reply::pre_token(answer.await);
        if let Some(what) = said.puzzle() {
            let answer = self.portal.pre_token(day, NOBODY, picture);
            if reply::pre_token(answer.await).is_to_nobody() {
                said = Said::Odd(what);
            }
        }
        tried.has_guessed |= said.is_about_the_person();
        turn.hear_pre_token(said)
    }

    async fn check_password(&self, turn: Turn, pre_token: PreToken, tried: &mut Tried) -> Move {
        let (opened, password) = (&pre_token.opened, turn.password());
        let answer = self.portal.token(turn.day, opened, password);
        let mut said = reply::member(answer.await);
        if let Some(what) = said.puzzle() {
            let answer = self.portal.token(turn.day, NOBODY_OPENED, NOBODY);
            if reply::member(answer.await).is_to_nobody() {
                said = Said::Odd(what);
            }
        }
        tried.has_guessed |= said.is_about_the_person();
        turn.hear_member(pre_token, said, &self.mail_domain)
    }

    /// Takes a try before the portal is asked, so that many at once cannot slip through.
    fn take(&self, username: &str, visitor: Visitor) -> Result<Try, Slowed> {
        let Visitor { now, address } = visitor;
        let of_one = self.passwords_of_one.take(username.to_owned(), now)?;
        match self.passwords_from_one.take(address, now) {
            Ok(from_one) => Ok((of_one, from_one)),
            Err(slowed) => {
                of_one.give_back();
                Err(slowed)
            }
        }
    }
}

impl fmt::Debug for Jiit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jiit(…)")
    }
}

impl Upstream for Jiit {
    const SLUG: &'static str = "jiit";
    const OPENS_PLAINLY: bool = false;
    type State = State;

    fn face(&self) -> Face {
        Face {
            label: "JIIT portal",
            hint: Some("with your enrollment number and portal password"),
        }
    }

    fn records(&self) -> &'static str {
        "the JIIT portal"
    }

    async fn begin(&self, visitor: Visitor) -> Result<Step<State>, UpstreamError> {
        self.run(machine::begin(visitor.now), visitor).await
    }

    async fn advance(
        &self,
        state: State,
        answers: Answers,
        visitor: Visitor,
    ) -> Result<Step<State>, UpstreamError> {
        let next = machine::answer(state, &answers, visitor.now);
        // What was typed is wiped before the portal is waited for.
        drop(answers);
        self.run(next, visitor).await
    }
}
