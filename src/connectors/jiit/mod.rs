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

mod attributes;
mod captcha_image;
mod cipher;
mod client;
mod form;
mod reply;
mod state_machine;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use cipher::KeyDate;
use client::JiitClient;
pub use client::JiitPaths;
use reply::{PortalReply, PreToken};
use state_machine::{JiitFormAttempt, JiitState, JiitTransition};

use super::in_a_row::ConsecutiveUsers;
use super::{
    Answers, Connector, ConnectorError, ConnectorLabel, HttpClient, HttpEndpoint, HttpSetupError,
    RequestOrigin, Step,
};
use crate::platform::clock::Timestamp;
use crate::platform::rng::SharedRng;
use crate::platform::web::{Permit, RateLimit, RateLimited, RateLimiter};

/// Pictures one address may ask for: 30 in ten minutes.
const CAPTCHA_LIMIT: RateLimit = RateLimit::new(30, Duration::from_secs(20));
/// Passwords the portal may be asked about: 5 an hour for one number, 20 an hour from one address.
/// The portal sees our address and no other, so we must not be what somebody guesses with.
const PASSWORD_LIMIT_PER_ACCOUNT: RateLimit = RateLimit::new(5, Duration::from_mins(12));
const PASSWORD_LIMIT_PER_ADDRESS: RateLimit = RateLimit::new(20, Duration::from_mins(3));

/// Somebody made up, to see whether what we do not know is the portal's or one person's: their number,
/// which is none, and their password; and what the first phase might have said to them.
const PROBE_USERNAME: &str = "NOBODY";
const PROBE_PRE_TOKEN: &[u8] = br#"{"otppwd":"PWD","random":"nobody","username":"NOBODY""#;

/// The adapter.
pub struct Jiit {
    client: JiitClient,
    mail_domain: String,
    captcha_limiter: RateLimiter<IpAddr>,
    account_limiter: RateLimiter<String>,
    address_limiter: RateLimiter<IpAddr>,
    in_a_row: ConsecutiveUsers,
}

/// A try at somebody's password.
type PasswordPermits = (Permit<String>, Permit<IpAddr>);

#[derive(Default)]
struct PasswordAttempt {
    permits: Option<PasswordPermits>,
    /// The portal has judged number or password, and not for the better.
    was_judged: bool,
}

impl Jiit {
    /// `mail_domain` is what the campus' own mail addresses end in, behind the `@`.
    pub fn new(
        reach: &HttpEndpoint,
        paths: JiitPaths,
        mail_domain: String,
        rng: SharedRng,
    ) -> Result<Self, HttpSetupError> {
        let client = JiitClient {
            http_client: HttpClient::new(Self::SLUG, reach)?,
            paths,
            rng,
            timeout: reach.within,
        };
        Ok(Self {
            client,
            mail_domain,
            captcha_limiter: RateLimiter::new(CAPTCHA_LIMIT),
            account_limiter: RateLimiter::new(PASSWORD_LIMIT_PER_ACCOUNT),
            address_limiter: RateLimiter::new(PASSWORD_LIMIT_PER_ADDRESS),
            in_a_row: ConsecutiveUsers::default(),
        })
    }

    /// Whether the portal gives a picture to read, as it does at the beginning of every sign-in.
    pub async fn check(&self, now: Timestamp) -> Result<(), ConnectorError> {
        match reply::parse_captcha(self.client.fetch_captcha(KeyDate::of(now)).await) {
            PortalReply::Success(_) => Ok(()),
            PortalReply::ProtocolMismatch(reason) => Err(ConnectorError::Changed(reason)),
            _ => Err(ConnectorError::Unavailable),
        }
    }

    async fn run(
        &self,
        transition: JiitTransition,
        visitor: RequestOrigin,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let mut password_attempt = PasswordAttempt::default();
        let step = self
            .run_transitions(transition, visitor, &mut password_attempt)
            .await;
        if let Ok(Step::Done(_)) = step {
            self.in_a_row.ends();
        }
        // Whoever read the picture wrongly, or got no answer, has not guessed.
        if let Some((account_permit, address_permit)) = password_attempt
            .permits
            .filter(|_| !password_attempt.was_judged)
        {
            account_permit.give_back();
            address_permit.give_back();
        }
        step
    }

    /// Does what the machine says until somebody is asked or it is over.
    async fn run_transitions(
        &self,
        mut transition: JiitTransition,
        visitor: RequestOrigin,
        password_attempt: &mut PasswordAttempt,
    ) -> Result<Step<JiitState>, ConnectorError> {
        loop {
            transition = match transition {
                JiitTransition::Return(step) => return Ok(step),
                JiitTransition::Fail(error) => return Err(error),
                JiitTransition::AccountMismatch { username, reason }
                    if self.in_a_row.is_second(&username) =>
                {
                    return Err(ConnectorError::Changed(reason));
                }
                JiitTransition::AccountMismatch { reason, .. } => {
                    state_machine::unexpected_user_data(state_machine::ACCOUNT_MISMATCH, reason)
                }
                JiitTransition::FetchCaptcha(request) => {
                    let permit = self.captcha_limiter.take(visitor.address, visitor.now);
                    let _spent = permit.map_err(|slowed| ConnectorError::Busy(slowed.0))?;
                    let response = self.client.fetch_captcha(request.key_date).await;
                    request.handle_reply(reply::parse_captcha(response))
                }
                JiitTransition::CheckUsername(attempt) => {
                    self.check_username(attempt, visitor, password_attempt)
                        .await
                }
                JiitTransition::CheckPassword(attempt, pre_token) => {
                    self.check_password(attempt, pre_token, password_attempt)
                        .await
                }
                JiitTransition::FetchStudentRecord(attempt, user) => {
                    let institute = user
                        .institute
                        .as_ref()
                        .map_or("", |institute| &institute.value);
                    let response =
                        self.client
                            .fetch_particulars(attempt.key_date, &user.token, institute);
                    let reply = reply::parse_student_record(response.await);
                    attempt.handle_student_record(&user, reply, &self.mail_domain)
                }
            };
        }
    }

    async fn check_username(
        &self,
        attempt: JiitFormAttempt,
        visitor: RequestOrigin,
        password_attempt: &mut PasswordAttempt,
    ) -> JiitTransition {
        if password_attempt.permits.is_none() {
            match self.take_permits(attempt.username(), visitor) {
                Ok(permits) => password_attempt.permits = Some(permits),
                Err(slowed) => return attempt.refuse_rate_limited(slowed),
            }
        }
        let (key_date, username, captcha) =
            (attempt.key_date, attempt.username(), attempt.captcha());
        let response = self.client.request_pre_token(key_date, username, captcha);
        let mut reply = reply::parse_pre_token(response.await);
        if let Some(reason) = reply.ambiguity() {
            let response = self
                .client
                .request_pre_token(key_date, PROBE_USERNAME, captcha);
            if reply::parse_pre_token(response.await).is_expected_for_unknown_user() {
                reply = PortalReply::UnexpectedUserData(reason);
            }
        }
        password_attempt.was_judged |= reply.judges_credentials();
        attempt.handle_pre_token(reply)
    }

    async fn check_password(
        &self,
        attempt: JiitFormAttempt,
        pre_token: PreToken,
        password_attempt: &mut PasswordAttempt,
    ) -> JiitTransition {
        let (open_object, password) = (&pre_token.open_object, attempt.password());
        let response = self
            .client
            .request_token(attempt.key_date, open_object, password);
        let mut reply = reply::parse_user(response.await);
        if let Some(reason) = reply.ambiguity() {
            let response =
                self.client
                    .request_token(attempt.key_date, PROBE_PRE_TOKEN, PROBE_USERNAME);
            if reply::parse_user(response.await).is_expected_for_unknown_user() {
                reply = PortalReply::UnexpectedUserData(reason);
            }
        }
        password_attempt.was_judged |= reply.judges_credentials();
        attempt.handle_user(pre_token, reply, &self.mail_domain)
    }

    /// Takes a try before the portal is asked, so that many at once cannot slip through.
    fn take_permits(
        &self,
        username: &str,
        visitor: RequestOrigin,
    ) -> Result<PasswordPermits, RateLimited> {
        let RequestOrigin { now, address } = visitor;
        let account_permit = self.account_limiter.take(username.to_owned(), now)?;
        match self.address_limiter.take(address, now) {
            Ok(address_permit) => Ok((account_permit, address_permit)),
            Err(slowed) => {
                account_permit.give_back();
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
    const OPENS_PLAINLY: bool = false;
    type State = JiitState;

    fn face(&self) -> ConnectorLabel {
        ConnectorLabel {
            label: "JIIT portal",
            hint: Some("with your enrollment number and portal password"),
        }
    }

    fn records(&self) -> &'static str {
        "the JIIT portal"
    }

    async fn begin(&self, visitor: RequestOrigin) -> Result<Step<JiitState>, ConnectorError> {
        self.run(state_machine::begin(visitor.now), visitor).await
    }

    async fn advance(
        &self,
        state: JiitState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let transition = state_machine::handle_answers(state, &answers, visitor.now);
        // What was typed is wiped before the portal is waited for.
        drop(answers);
        self.run(transition, visitor).await
    }
}
