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

use cipher::KeyDate;
use client::JiitClient;
pub use client::JiitPaths;
use machine::{JiitFormAttempt, JiitState, JiitTransition};
use reply::{PortalReply, PreToken};

use crate::connectors::consecutive_users::ConsecutiveUsers;
use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, HttpClient, HttpEndpoint, HttpSetupError,
    RequestOrigin, Step,
};
use crate::platform::clock::Timestamp;
use crate::platform::rng::SharedRng;
use crate::platform::web::{Permit, RateLimit, RateLimited, RateLimiter};

/// Pictures one address may ask for: 30 in ten minutes.
const PICTURES: RateLimit = RateLimit::new(30, Duration::from_secs(20));
/// Passwords the portal may be asked about: 5 an hour for one number, 20 an hour from one address.
/// The portal sees our address and no other, so we must not be what somebody guesses with.
const PASSWORDS_OF_ONE: RateLimit = RateLimit::new(5, Duration::from_mins(12));
const PASSWORDS_FROM_ONE: RateLimit = RateLimit::new(20, Duration::from_mins(3));

/// Somebody made up, to see whether what we do not know is the portal's or one person's: their number,
/// which is none, and their password; and what the first phase might have said to them.
const NOBODY: &str = "NOBODY";
const NOBODY_OPENED: &[u8] = br#"{"otppwd":"PWD","random":"nobody","username":"NOBODY""#;

/// The adapter.
pub struct Jiit {
    portal: JiitClient,
    mail_domain: String,
    pictures: RateLimiter<IpAddr>,
    passwords_of_one: RateLimiter<String>,
    passwords_from_one: RateLimiter<IpAddr>,
    consecutive_users: ConsecutiveUsers,
}

/// A try at somebody's password.
type PasswordTry = (Permit<String>, Permit<IpAddr>);

#[derive(Default)]
struct PasswordTryOutcome {
    taken: Option<PasswordTry>,
    /// The portal has judged number or password, and not for the better.
    has_guessed: bool,
}

impl Jiit {
    /// `mail_domain` is what the campus' own mail addresses end in, behind the `@`.
    pub fn new(
        reach: &HttpEndpoint,
        paths: JiitPaths,
        mail_domain: String,
        rng: SharedRng,
    ) -> Result<Self, HttpSetupError> {
        let portal = JiitClient {
            caller: HttpClient::new(Self::SLUG, reach)?,
            paths,
            rng,
            within: reach.within,
        };
        Ok(Self {
            portal,
            mail_domain,
            pictures: RateLimiter::new(PICTURES),
            passwords_of_one: RateLimiter::new(PASSWORDS_OF_ONE),
            passwords_from_one: RateLimiter::new(PASSWORDS_FROM_ONE),
            consecutive_users: ConsecutiveUsers::default(),
        })
    }

    /// Whether the portal gives a picture to read, as it does at the beginning of every sign-in.
    pub async fn check(&self, now: Timestamp) -> Result<(), ConnectorError> {
        match reply::captcha(self.portal.captcha(KeyDate::of(now)).await) {
            PortalReply::Yes(_) => Ok(()),
            PortalReply::Unknown(what) => Err(ConnectorError::ProtocolMismatch(what)),
            _ => Err(ConnectorError::Unavailable),
        }
    }

    async fn run(
        &self,
        next: JiitTransition,
        visitor: RequestOrigin,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let mut tried = PasswordTryOutcome::default();
        let step = self.settle(next, visitor, &mut tried).await;
        if let Ok(Step::Done(_)) = step {
            self.consecutive_users.reset();
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
        mut next: JiitTransition,
        visitor: RequestOrigin,
        tried: &mut PasswordTryOutcome,
    ) -> Result<Step<JiitState>, ConnectorError> {
        loop {
            next = match next {
                JiitTransition::Settled(step) => return Ok(step),
                JiitTransition::Failed(error) => return Err(error),
                JiitTransition::NotThem { number, met }
                    if self.consecutive_users.is_second(&number) =>
                {
                    return Err(ConnectorError::ProtocolMismatch(met));
                }
                JiitTransition::NotThem { met, .. } => machine::odd(machine::SOMEBODY_ELSE, met),
                JiitTransition::Fetch(fetch) => {
                    let taken = self.pictures.take(visitor.address, visitor.now);
                    let _spent = taken.map_err(|slowed| ConnectorError::Busy(slowed.0))?;
                    let answer = self.portal.captcha(fetch.day).await;
                    fetch.hear(reply::captcha(answer))
                }
                JiitTransition::CheckNumber(turn) => self.check_number(turn, visitor, tried).await,
                JiitTransition::CheckPassword(turn, pre_token) => {
                    self.check_password(turn, pre_token, tried).await
                }
                JiitTransition::ReadParticulars(turn, member) => {
                    let institute = member.institute.as_ref().map_or("", |it| &it.value);
                    let answer = self.portal.particulars(turn.day, &member.token, institute);
                    let said = reply::particulars(answer.await);
                    turn.hear_particulars(&member, said, &self.mail_domain)
                }
            };
        }
    }

    async fn check_number(
        &self,
        turn: JiitFormAttempt,
        visitor: RequestOrigin,
        tried: &mut PasswordTryOutcome,
    ) -> JiitTransition {
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
                said = PortalReply::Odd(what);
            }
        }
        tried.has_guessed |= said.is_about_the_person();
        turn.hear_pre_token(said)
    }

    async fn check_password(
        &self,
        turn: JiitFormAttempt,
        pre_token: PreToken,
        tried: &mut PasswordTryOutcome,
    ) -> JiitTransition {
        let (opened, password) = (&pre_token.opened, turn.password());
        let answer = self.portal.token(turn.day, opened, password);
        let mut said = reply::member(answer.await);
        if let Some(what) = said.puzzle() {
            let answer = self.portal.token(turn.day, NOBODY_OPENED, NOBODY);
            if reply::member(answer.await).is_to_nobody() {
                said = PortalReply::Odd(what);
            }
        }
        tried.has_guessed |= said.is_about_the_person();
        turn.hear_member(pre_token, said, &self.mail_domain)
    }

    /// Takes a try before the portal is asked, so that many at once cannot slip through.
    fn take(&self, username: &str, visitor: RequestOrigin) -> Result<PasswordTry, RateLimited> {
        let RequestOrigin { now, address } = visitor;
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

impl Connector for Jiit {
    const SLUG: &'static str = "jiit";
    const STATELESS_START: bool = false;
    type State = JiitState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "JIIT portal",
            hint: Some("with your enrollment number and portal password"),
        }
    }

    fn source_name(&self) -> &'static str {
        "the JIIT portal"
    }

    async fn begin(&self, visitor: RequestOrigin) -> Result<Step<JiitState>, ConnectorError> {
        self.run(machine::begin(visitor.now), visitor).await
    }

    async fn advance(
        &self,
        state: JiitState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let next = machine::answer(state, &answers, visitor.now);
        // What was typed is wiped before the portal is waited for.
        drop(answers);
        self.run(next, visitor).await
    }
}
