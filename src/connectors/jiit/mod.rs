//! Sign-in with an account of the portal of JIIT, for its students and for those of universities that
//! run the same software: enrollment number, password and a captcha.
//!
//! The portal's web application has a JSON API, which the connector uses. Its request bodies are
//! encrypted (`cipher`), and its responses have an envelope with a status.
//!
//! | Request | Reply |
//! |---|---|
//! | `GET` the captcha | its id and an image |
//! | `POST` the first phase (pre-token): username, captcha text and id | a single-use secret |
//! | `POST` the second phase (token): that secret and the password | the user and a bearer token |
//! | `POST` personal information, with the token | the student's record, if the person agreed |
//!
//! ```text
//! mod ─ form, reply ─▶ state_machine ─ next request ─▶ client ─▶ the portal
//!  ▲                                                                 │
//!  └───────────────────── reply (parses) ◀───────────────────────────┘
//! ```
//!
//! The states of a sign-in are drawn in `state_machine`.
//!
//! Decision: number, password and captcha are in one form, and both phases run in one request, so that
//! neither the password nor the portal's single-use secret outlives the request it came with, instead of
//! one form per phase. Between two forms only the captcha and its id are kept.
//!
//! Decision: a person is identified by the enrollment number that the portal answers, which must be the
//! typed one. The portal's member number is stored beside it, and a sign-in with another combination of
//! the two than before is refused.
//!
//! Decision: the bearer token is used once, for what the person agreed to, and then dropped, because it
//! gives access to everything at the portal, including bank details. The portal has no way to revoke it.
//!
//! Decision: the captcha is shown to the person, instead of using a pair of id and text that the portal
//! has accepted for years, because that is a vulnerability of the portal.

mod attributes;
mod captcha_image;
mod cipher;
mod client;
mod form;
mod json;
mod reply;
mod state_machine;

use std::fmt;
use std::net::IpAddr;

use cipher::KeyDate;
use client::JiitClient;
pub use client::JiitPaths;
use reply::{PortalReply, PortalUser, PreToken};
use state_machine::{CaptchaRequest, JiitFormAttempt, JiitState, JiitTransition};

use crate::connectors::consecutive_users::ConsecutiveUsers;
use crate::connectors::{
    Answers, Connector, ConnectorError, ConnectorLabel, HttpClient, HttpEndpoint, HttpSetupError,
    RequestFacts, Step,
};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::rate_limits::{BrowserKind, Permit, RateLimited, RateLimiter, table};
use crate::platform::rng::SharedRng;

/// Made-up credentials of a probe, which shows whether the portal has changed or one person's data
/// caused an unknown reply; and a made-up response to the first phase.
const PROBE_USERNAME: &str = "NOBODY";
const PROBE_PRE_TOKEN: &[u8] = br#"{"otppwd":"PWD","random":"nobody","username":"NOBODY""#;

/// The connector.
pub struct Jiit {
    client: JiitClient,
    mail_domain: String,
    captcha_limiter: RateLimiter<IpAddr>,
    /// The portal sees only this server's address, so this server must not serve for guessing.
    account_limiter: RateLimiter<(String, BrowserKind)>,
    address_limiter: RateLimiter<IpAddr>,
    consecutive_users: ConsecutiveUsers,
}

/// The permits of one checked password.
type PasswordPermits = (Permit<(String, BrowserKind)>, Permit<IpAddr>);

#[derive(Default)]
struct PasswordAttempt {
    permits: Option<PasswordPermits>,
    /// The portal has checked number or password and did not accept them.
    was_judged: bool,
}

impl Jiit {
    /// `mail_domain` is the domain of the campus' mail addresses.
    pub fn new(
        reach: &HttpEndpoint,
        paths: JiitPaths,
        mail_domain: String,
        rng: SharedRng,
        clock: &SharedClock,
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
            captcha_limiter: RateLimiter::new(table::JIIT_CAPTCHAS, clock),
            account_limiter: RateLimiter::new(table::JIIT_PASSWORDS, clock),
            address_limiter: RateLimiter::new(table::JIIT_PASSWORDS_FROM_ADDRESS, clock),
            consecutive_users: ConsecutiveUsers::default(),
        })
    }

    /// Checks that the portal answers with a captcha that this connector can read.
    pub async fn check(&self, now: Timestamp) -> Result<(), ConnectorError> {
        match reply::parse_captcha(self.client.fetch_captcha(KeyDate::of(now)).await) {
            PortalReply::Success(_) => Ok(()),
            PortalReply::ProtocolMismatch(reason) => Err(ConnectorError::ProtocolMismatch(reason)),
            _ => Err(ConnectorError::Unavailable),
        }
    }

    async fn run(
        &self,
        transition: JiitTransition,
        visitor: RequestFacts,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let mut password_attempt = PasswordAttempt::default();
        let step = self
            .run_transitions(transition, visitor, &mut password_attempt)
            .await;
        if let Ok(Step::Done(_)) = step {
            self.consecutive_users.reset();
        }
        // A wrong captcha or no answer does not count as a guessed password.
        if let Some((account_permit, address_permit)) = password_attempt
            .permits
            .filter(|_| !password_attempt.was_judged)
        {
            account_permit.give_back();
            address_permit.give_back();
        }
        step
    }

    /// Follows transitions until there is a step to return.
    async fn run_transitions(
        &self,
        mut transition: JiitTransition,
        visitor: RequestFacts,
        password_attempt: &mut PasswordAttempt,
    ) -> Result<Step<JiitState>, ConnectorError> {
        loop {
            transition = match transition {
                JiitTransition::Return(step) => return Ok(step),
                JiitTransition::Fail(error) => return Err(error),
                JiitTransition::AccountMismatch { username, reason }
                    if self.consecutive_users.is_second(&username) =>
                {
                    return Err(ConnectorError::ProtocolMismatch(reason));
                }
                JiitTransition::AccountMismatch { reason, .. } => {
                    state_machine::unexpected_user_data(state_machine::ACCOUNT_MISMATCH, reason)
                }
                JiitTransition::FetchCaptcha(request) => {
                    self.fetch_captcha(request, visitor).await?
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
                    self.fetch_student_record(attempt, &user).await
                }
            };
        }
    }

    async fn fetch_captcha(
        &self,
        request: CaptchaRequest,
        visitor: RequestFacts,
    ) -> Result<JiitTransition, ConnectorError> {
        let permit = self.captcha_limiter.take(visitor.address);
        let _spent = permit.map_err(|slowed| ConnectorError::Busy(slowed.0))?;
        let response = self.client.fetch_captcha(request.key_date).await;
        Ok(request.handle_reply(reply::parse_captcha(response)))
    }

    async fn fetch_student_record(
        &self,
        attempt: JiitFormAttempt,
        user: &PortalUser,
    ) -> JiitTransition {
        let institute = user.institute.as_ref();
        let institute = institute.map_or("", |institute| &institute.value);
        let response = self
            .client
            .fetch_particulars(attempt.key_date, &user.token, institute);
        let reply = reply::parse_student_record(response.await);
        attempt.handle_student_record(user, reply, &self.mail_domain)
    }

    async fn check_username(
        &self,
        attempt: JiitFormAttempt,
        visitor: RequestFacts,
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

    /// Takes permits before the portal is asked, so that simultaneous attempts count one another.
    fn take_permits(
        &self,
        username: &str,
        visitor: RequestFacts,
    ) -> Result<PasswordPermits, RateLimited> {
        let account = (username.to_owned(), visitor.browser);
        let account_permit = self.account_limiter.take(account)?;
        match self.address_limiter.take(visitor.address) {
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

    fn parse_subject(text: &str) -> Result<String, &'static str> {
        form::parse_enrollment_number(text)
    }

    async fn begin(&self, visitor: RequestFacts) -> Result<Step<JiitState>, ConnectorError> {
        self.run(state_machine::begin(visitor.now), visitor).await
    }

    async fn advance(
        &self,
        state: JiitState,
        answers: Answers,
        visitor: RequestFacts,
    ) -> Result<Step<JiitState>, ConnectorError> {
        let transition = state_machine::handle_answers(state, &answers, visitor.now);
        // Wipes what was typed before the requests to the portal.
        drop(answers);
        self.run(transition, visitor).await
    }
}
