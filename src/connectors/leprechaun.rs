//! A code by mail to the mailbox that a Leprechaun server has for a roll number. Its record proves that one
//! person controlled both once. It proves nothing about the person who signs in now; the mailed code does.
//!
//! ```text
//! roll number ─▶ look-up ─associated, not too long ago─▶ a code is mailed ─right─▶ Done
//!                   └──── unknown, or too long ago ───▶ the same form, and no code is right
//! ```

use std::time::Duration;

use http::{StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;

use crate::connectors::erp::{ErpRollNumber, claims_for_roll_number};
use crate::connectors::{
    Answers, CodeCheck, CodeMailer, Connector, ConnectorError, ConnectorLabel, HttpClient,
    HttpResponse, LoginRefusal, Prompt, RequestFacts, SentCode, Step, mailed_code,
};
use crate::people::records::{Email, ExternalIdentity};
use crate::platform::clock::Timestamp;
use crate::platform::db::Db;

/// The longest mail address (RFC 5321 §4.5.3.1), and so the longest look-up.
const MAX_KEY: usize = 254;
/// The encoding of a path segment: only unreserved characters stay (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A roll number that does not exist.
const UNUSED_ROLL: &str = "00ZZ00000";

/// The connector.
#[derive(Debug)]
pub struct Leprechaun {
    pub look_ups: LeprechaunClient,
    pub codes: CodeMailer,
    pub db: Db,
}

/// The client of the server.
#[derive(Debug)]
pub struct LeprechaunClient {
    pub client: HttpClient,
    /// The whole value of the `Authorization` header, `Bearer` included.
    pub authorization: SecretString,
    /// An older association does not count.
    pub max_age: Duration,
}

/// The result of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupReply {
    Associated {
        roll: String,
        email: String,
    },
    NotAssociated,
    /// Associated too long ago.
    Stale,
    /// Associated with an invalid mail address, which the server accepts.
    NoMailbox,
}

/// Why a look-up has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeprechaunError {
    /// Such a value is never looked up.
    #[error("this can be no roll number or address")]
    Unfit,
    /// The server rejects the authorization: the setting is wrong.
    #[error("it does not know our authorization")]
    NotAuthorised,
    /// The response is not one of this protocol.
    #[error("it answers what we do not know: {0}")]
    Protocol(&'static str),
    #[error("it does not answer")]
    Unavailable,
}

impl From<LeprechaunError> for ConnectorError {
    fn from(error: LeprechaunError) -> Self {
        match error {
            LeprechaunError::Unfit | LeprechaunError::Unavailable => Self::Unavailable,
            LeprechaunError::NotAuthorised => {
                Self::ProtocolMismatch("it does not know our authorization")
            }
            LeprechaunError::Protocol(what) => Self::ProtocolMismatch(what),
        }
    }
}

/// The key of a look-up.
#[derive(Debug, Clone, Copy)]
enum LookupKey<'a> {
    Roll(&'a str),
    Email(&'a str),
}

#[derive(Deserialize)]
struct ReplyBody {
    roll: String,
    email: String,
    authenticated: String,
}

impl LeprechaunClient {
    /// The time limit of a look-up.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// The largest response, in bytes. A record has about a hundred.
    pub const MAX_RESPONSE_BYTES: usize = 64 << 10;

    /// Checks that the server answers as expected, by looking up an unused roll number.
    pub async fn check(&self, now: Timestamp) -> Result<(), LeprechaunError> {
        self.look_up(LookupKey::Roll(UNUSED_ROLL), now)
            .await
            .map(drop)
    }

    /// The mailbox of a roll number. The server stores roll numbers as people entered them, so the look-up
    /// tries upper case, then lower case.
    pub async fn by_roll(
        &self,
        roll: &str,
        now: Timestamp,
    ) -> Result<LookupReply, LeprechaunError> {
        let (upper, lower) = (roll.to_ascii_uppercase(), roll.to_ascii_lowercase());
        match self.look_up(LookupKey::Roll(&upper), now).await? {
            LookupReply::NotAssociated if lower != upper => {
                self.look_up(LookupKey::Roll(&lower), now).await
            }
            found => Ok(found),
        }
    }

    /// The roll number of a mailbox.
    pub async fn by_email(
        &self,
        email: &str,
        now: Timestamp,
    ) -> Result<LookupReply, LeprechaunError> {
        self.look_up(LookupKey::Email(email), now).await
    }

    async fn look_up(
        &self,
        key: LookupKey<'_>,
        now: Timestamp,
    ) -> Result<LookupReply, LeprechaunError> {
        let path = path(key)?;
        let mut response = self.send(self.client.get(&path)).await?;
        // The server redirects an address with a superfluous slash.
        if let Some(to) = response.location() {
            let to = self.client.follow(&response.address, to);
            let to = to.ok_or(LeprechaunError::Protocol("it sends us to somebody else"))?;
            response = self.send(self.client.call(http::Method::GET, to)).await?;
        }
        read_reply(&response, key, self.max_age, now)
    }

    async fn send(
        &self,
        call: crate::connectors::HttpRequest<'_>,
    ) -> Result<HttpResponse, LeprechaunError> {
        let authorization = self.authorization.expose_secret();
        let call = call.header(header::AUTHORIZATION, authorization);
        call.send().await.map_err(|_| LeprechaunError::Unavailable)
    }
}

fn path(key: LookupKey<'_>) -> Result<String, LeprechaunError> {
    let (kind, value) = match key {
        LookupKey::Roll(value) => ("roll", value),
        LookupKey::Email(value) => ("email", value),
    };
    let is_dots = value.chars().all(|sign| sign == '.');
    if is_dots || value.len() > MAX_KEY || value.contains(|c: char| c == '/' || c.is_control()) {
        return Err(LeprechaunError::Unfit);
    }
    Ok(format!(
        "/get/{kind}/{}",
        utf8_percent_encode(value, SEGMENT)
    ))
}

/// Decodes a response.
fn read_reply(
    response: &HttpResponse,
    key: LookupKey<'_>,
    max_age: Duration,
    now: Timestamp,
) -> Result<LookupReply, LeprechaunError> {
    match response.status {
        StatusCode::OK => read_found(&response.body, key, max_age, now),
        StatusCode::NOT_FOUND => {
            // A missing page is not a missing record.
            let text = response.text();
            match text.trim() {
                "That record doesn't exist in our database!" => Ok(LookupReply::NotAssociated),
                _ => Err(LeprechaunError::Protocol("a 404 in other words")),
            }
        }
        StatusCode::UNAUTHORIZED if response.text().contains("input type") => {
            Err(LeprechaunError::Protocol("it knows no such look-up"))
        }
        StatusCode::UNAUTHORIZED => Err(LeprechaunError::NotAuthorised),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(LeprechaunError::Unavailable)
        }
        _ => Err(LeprechaunError::Protocol("a status it never has")),
    }
}

fn read_found(
    body: &[u8],
    key: LookupKey<'_>,
    max_age: Duration,
    now: Timestamp,
) -> Result<LookupReply, LeprechaunError> {
    let body: ReplyBody = serde_json::from_slice(body)
        .map_err(|_| LeprechaunError::Protocol("no record in a 200"))?;
    let is_requested = match key {
        LookupKey::Roll(roll) => body.roll.eq_ignore_ascii_case(roll),
        LookupKey::Email(email) => body.email.eq_ignore_ascii_case(email),
    };
    if !is_requested {
        return Err(LeprechaunError::Protocol("it tells of somebody else"));
    }
    let at = Timestamp::parse(&body.authenticated, &Rfc3339)
        .map_err(|_| LeprechaunError::Protocol("a moment that is none"))?;
    if at > now + Duration::from_hours(24) {
        return Err(LeprechaunError::Protocol("a moment to come"));
    }
    if now - at >= max_age {
        return Ok(LookupReply::Stale);
    }
    let Ok(email) = Email::parse(&body.email) else {
        return Ok(LookupReply::NoMailbox);
    };
    Ok(LookupReply::Associated {
        roll: body.roll.to_ascii_uppercase(),
        email: email.as_str().to_owned(),
    })
}

/// The state between two forms.
#[derive(Debug)]
pub enum LeprechaunState {
    Roll,
    Code {
        mailed: SentCode,
        email: Option<String>,
    },
}

const NOTICE: &str = "We ask Leprechaun which mailbox belongs to your roll number, and mail a code \
                      there. Your password is not needed.";

fn first_prompt() -> Prompt {
    mailed_code::roll_number_prompt(NOTICE)
}

impl Connector for Leprechaun {
    const SLUG: &'static str = "leprechaun";
    const STATELESS_START: bool = true;
    type State = LeprechaunState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "A code to your Leprechaun mailbox",
            hint: Some("if you linked your mailbox there"),
        }
    }

    fn source_name(&self) -> &'static str {
        ErpRollNumber::RECORDS_SOURCE
    }

    fn parse_subject(text: &str) -> Result<String, &'static str> {
        ErpRollNumber::parse_subject(text)
    }

    async fn begin(&self, _origin: RequestFacts) -> Result<Step<LeprechaunState>, ConnectorError> {
        Ok(Step::Ask {
            prompt: first_prompt(),
            state: LeprechaunState::Roll,
        })
    }

    async fn advance(
        &self,
        state: LeprechaunState,
        answers: Answers,
        origin: RequestFacts,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        match state {
            LeprechaunState::Roll => match ErpRollNumber::parse(answers.text("roll")) {
                Ok(roll) => self.mail_code(roll.as_str(), origin).await,
                Err(_) => Ok(ask_again(
                    "Enter a roll number of nine characters. For example 22CS10001.",
                )),
            },
            LeprechaunState::Code { mailed, email } if mailed_code::wants_another(&answers) => {
                match self.codes.check_rate_limit(mailed.account(), origin) {
                    Ok(()) => {
                        let (account, to) = (mailed.account().to_owned(), email.as_deref());
                        let mailed = self.codes.send(&account, to, origin.now).await?;
                        Ok(ask_for_code(mailed, email))
                    }
                    Err(reason) => Ok(Step::Ask {
                        prompt: Prompt {
                            error: Some(reason.0),
                            ..mailed.prompt()
                        },
                        state: LeprechaunState::Code { mailed, email },
                    }),
                }
            }
            LeprechaunState::Code { mailed, email } => {
                let typed = self
                    .codes
                    .check(mailed, answers.text("code"), origin.now)
                    .await?;
                Ok(match typed {
                    CodeCheck::Right(roll) => self.done(roll, email, origin.now).await?,
                    CodeCheck::Wrong(mailed) => Step::Refused {
                        reason: mailed_code::wrong_code(),
                        retry: Some((mailed.prompt(), LeprechaunState::Code { mailed, email })),
                    },
                    CodeCheck::Exhausted => Step::Refused {
                        reason: mailed_code::too_many_wrong_codes(),
                        retry: None,
                    },
                })
            }
        }
    }
}

impl Leprechaun {
    async fn mail_code(
        &self,
        roll: &str,
        origin: RequestFacts,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        let now = origin.now;
        if let Err(reason) = self.codes.check_rate_limit(roll, origin) {
            return Ok(Step::Refused {
                reason,
                retry: Some((first_prompt(), LeprechaunState::Roll)),
            });
        }
        let email = match self.look_ups.by_roll(roll, now).await? {
            LookupReply::Associated { email, .. } => Some(email),
            LookupReply::NotAssociated | LookupReply::Stale => None,
            LookupReply::NoMailbox => {
                tracing::warn!(
                    upstream = Self::SLUG,
                    "somebody's mailbox cannot be written to"
                );
                None
            }
        };
        let mailed = self.codes.send(roll, email.as_deref(), now).await?;
        Ok(ask_for_code(mailed, email))
    }

    async fn done(
        &self,
        roll: String,
        email: Option<String>,
        now: Timestamp,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        let mut claims = None;
        if let (Ok(roll), Some(email)) = (ErpRollNumber::parse(&roll), email) {
            let known = claims_for_roll_number(self.db.pool(), &roll, now).await?;
            claims = known.and_then(|claims| mailed_code::with_mailbox(claims, &email));
        }
        Ok(Step::Done(ExternalIdentity {
            provider: Self::SLUG,
            subject: roll,
            claims: claims.map(Box::new),
            epoch: None,
        }))
    }
}

fn ask_for_code(mailed: SentCode, email: Option<String>) -> Step<LeprechaunState> {
    Step::Ask {
        prompt: mailed.prompt(),
        state: LeprechaunState::Code { mailed, email },
    }
}

fn ask_again(reason: &'static str) -> Step<LeprechaunState> {
    Step::Refused {
        reason: LoginRefusal(reason.into()),
        retry: Some((first_prompt(), LeprechaunState::Roll)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const DAY: Duration = Duration::from_hours(24);

    fn found(body: &str, key: LookupKey<'_>) -> Result<LookupReply, LeprechaunError> {
        read_found(body.as_bytes(), key, DAY * 400, NOW)
    }

    #[test]
    fn l17_a_record_of_another_key_or_of_long_ago_does_not_count() {
        let record = |at: &str| {
            format!(r#"{{"authenticated":"{at}","email":"bob@example.com","roll":"12CS40067"}}"#)
        };
        let fresh = record("2026-01-04T13:12:50Z");
        let associated = LookupReply::Associated {
            roll: "12CS40067".to_owned(),
            email: "bob@example.com".to_owned(),
        };
        for key in [
            LookupKey::Roll("12CS40067"),
            LookupKey::Roll("12cs40067"),
            LookupKey::Email("Bob@Example.com"),
        ] {
            assert_eq!(found(&fresh, key), Ok(associated.clone()));
        }
        let stale = record("2018-01-04T13:12:50Z");
        assert_eq!(
            found(&stale, LookupKey::Roll("12CS40067")),
            Ok(LookupReply::Stale)
        );
        // One person entered it there, so it does not disable the connector.
        let odd = fresh.replace("bob@", "bob at ");
        assert_eq!(
            found(&odd, LookupKey::Roll("12CS40067")),
            Ok(LookupReply::NoMailbox)
        );
        for (body, key) in [
            (fresh.as_str(), LookupKey::Roll("12CS40068")),
            (fresh.as_str(), LookupKey::Email("eve@example.com")),
            (&record("4 Jan 2026"), LookupKey::Roll("12CS40067")),
            (
                &record("2027-01-04T13:12:50Z"),
                LookupKey::Roll("12CS40067"),
            ),
            ("[]", LookupKey::Roll("12CS40067")),
            ("<html></html>", LookupKey::Roll("12CS40067")),
        ] {
            let result = found(body, key);
            assert!(
                matches!(result, Err(LeprechaunError::Protocol(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_value_is_one_path_segment_or_is_not_looked_up() {
        let good = |key| path(key).unwrap();
        assert_eq!(good(LookupKey::Roll("12CS40067")), "/get/roll/12CS40067");
        assert_eq!(
            good(LookupKey::Email("a+b%c@example.com")),
            "/get/email/a%2Bb%25c%40example.com"
        );
        let long = "a".repeat(255);
        for bad in ["a/b", "a\nb", "..", "", long.as_str()] {
            assert_eq!(
                path(LookupKey::Email(bad)),
                Err(LeprechaunError::Unfit),
                "{bad:?}"
            );
        }
    }
}
