//! A Leprechaun server, which knows which mailbox belongs to which roll number. What it says proves that
//! somebody controlled both once, and nothing about who asks: a code of our own, mailed there, does.
//!
//! ```text
//! roll number ─▶ look-up ─associated, and not too long ago─▶ a code is mailed ─right─▶ Done
//!                   └──── nobody, or too long ago ─────────▶ the same form, and no code is right
//! ```

use std::time::Duration;

use http::{StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;

use super::erp::{ErpRollNumber, campus_person};
use super::{
    Answers, CodeCheck, CodeMailer, Connector, ConnectorError, ConnectorLabel, HttpClient,
    HttpResponse, LoginRefusal, Prompt, RequestOrigin, SentCode, Step, mailed_code,
};
use crate::people::records::{Email, ExternalIdentity};
use crate::platform::clock::Timestamp;
use crate::platform::db::Db;

/// What an address has at most (RFC 5321 §4.5.3.1), and so what may be asked about.
const LONGEST: usize = 254;
/// A path segment as it is asked for: only what needs no encoding anywhere stays.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A roll number that nobody has.
const NOBODY: &str = "00ZZ00000";

/// The way to sign in.
#[derive(Debug)]
pub struct Leprechaun {
    pub look_ups: LeprechaunClient,
    pub codes: CodeMailer,
    pub db: Db,
}

/// The server, as it is asked.
#[derive(Debug)]
pub struct LeprechaunClient {
    pub caller: HttpClient,
    /// The whole value of the `Authorization` header, `Bearer` included.
    pub authorization: SecretString,
    /// After which an association is not believed any more.
    pub max_age: Duration,
}

/// What the server says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupReply {
    Associated {
        roll: String,
        email: String,
    },
    NotAssociated,
    /// Associated so long ago that it counts no longer.
    Stale,
    /// Associated with what we cannot write to: the server takes any mailbox as it was typed.
    NoMailbox,
}

/// Why it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeprechaunError {
    /// Such a value is never asked for.
    #[error("this can be no roll number or address")]
    Unfit,
    /// It does not accept our authorization: a setting is wrong.
    #[error("it does not know our authorization")]
    NotAuthorised,
    /// It answered what no such server answers.
    #[error("it answers what we do not know: {0}")]
    Protocol(&'static str),
    #[error("it does not answer")]
    Unavailable,
}

impl From<LeprechaunError> for ConnectorError {
    fn from(error: LeprechaunError) -> Self {
        match error {
            LeprechaunError::Unfit | LeprechaunError::Unavailable => Self::Unavailable,
            LeprechaunError::NotAuthorised => Self::Changed("it does not know our authorization"),
            LeprechaunError::Protocol(what) => Self::Changed(what),
        }
    }
}

/// What is asked about.
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
    /// What a look-up may take.
    pub const WITHIN: Duration = Duration::from_secs(10);
    /// What an answer may hold, in bytes: a record has a hundred.
    pub const LONGEST: usize = 64 << 10;

    /// Whether the server answers us, and as such a server does: by looking up nobody.
    pub async fn check(&self, now: Timestamp) -> Result<(), LeprechaunError> {
        self.look_up(LookupKey::Roll(NOBODY), now).await.map(drop)
    }

    /// The mailbox of a roll number. Records are kept there as they were typed, so a roll number that is
    /// not found in capitals is looked for in small letters, once.
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
        let mut heard = self.ask(self.caller.get(&path)).await?;
        // The server's router answers a superfluous slash so.
        if let Some(to) = heard.location() {
            let to = self.caller.follow(&heard.address, to);
            let to = to.ok_or(LeprechaunError::Protocol("it sends us to somebody else"))?;
            heard = self.ask(self.caller.call(http::Method::GET, to)).await?;
        }
        read(&heard, key, self.max_age, now)
    }

    async fn ask(&self, call: super::HttpRequest<'_>) -> Result<HttpResponse, LeprechaunError> {
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
    if is_dots || value.len() > LONGEST || value.contains(|c: char| c == '/' || c.is_control()) {
        return Err(LeprechaunError::Unfit);
    }
    Ok(format!(
        "/get/{kind}/{}",
        utf8_percent_encode(value, SEGMENT)
    ))
}

/// What an answer means.
fn read(
    heard: &HttpResponse,
    key: LookupKey<'_>,
    max_age: Duration,
    now: Timestamp,
) -> Result<LookupReply, LeprechaunError> {
    match heard.status {
        StatusCode::OK => read_found(&heard.body, key, max_age, now),
        StatusCode::NOT_FOUND => {
            // A page that is not there is no record that is not there.
            let says = heard.text();
            match says.trim() {
                "That record doesn't exist in our database!" => Ok(LookupReply::NotAssociated),
                _ => Err(LeprechaunError::Protocol("a 404 in other words")),
            }
        }
        StatusCode::UNAUTHORIZED if heard.text().contains("input type") => {
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
    let is_ours = match key {
        LookupKey::Roll(roll) => body.roll.eq_ignore_ascii_case(roll),
        LookupKey::Email(email) => body.email.eq_ignore_ascii_case(email),
    };
    if !is_ours {
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

/// Where a sign-in stands.
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

fn first() -> Prompt {
    mailed_code::ask_for_roll(NOTICE)
}

impl Connector for Leprechaun {
    const SLUG: &'static str = "leprechaun";
    const OPENS_PLAINLY: bool = true;
    type State = LeprechaunState;

    fn face(&self) -> ConnectorLabel {
        ConnectorLabel {
            label: "A code to your Leprechaun mailbox",
            hint: Some("if you linked your mailbox there"),
        }
    }

    fn records(&self) -> &'static str {
        ErpRollNumber::RECORDS
    }

    async fn begin(
        &self,
        _visitor: RequestOrigin,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        Ok(Step::Ask {
            prompt: first(),
            state: LeprechaunState::Roll,
        })
    }

    async fn advance(
        &self,
        state: LeprechaunState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        match state {
            LeprechaunState::Roll => match ErpRollNumber::parse(answers.text("roll")) {
                Ok(roll) => self.mail(roll.as_str(), visitor).await,
                Err(_) => Ok(again(
                    "Enter a roll number of nine characters. For example 22CS10001.",
                )),
            },
            LeprechaunState::Code { mailed, email } if mailed_code::wants_another(&answers) => {
                match self.codes.may_ask(mailed.account(), visitor) {
                    Ok(()) => {
                        let (account, to) = (mailed.account().to_owned(), email.as_deref());
                        let mailed = self.codes.send(&account, to, visitor.now).await?;
                        Ok(ask_for_code(mailed, email))
                    }
                    Err(why) => Ok(Step::Ask {
                        prompt: Prompt {
                            trouble: Some(why.0),
                            ..mailed.prompt()
                        },
                        state: LeprechaunState::Code { mailed, email },
                    }),
                }
            }
            LeprechaunState::Code { mailed, email } => {
                let typed = self
                    .codes
                    .judge(mailed, answers.text("code"), visitor.now)
                    .await?;
                Ok(match typed {
                    CodeCheck::Right(roll) => self.done(roll, email, visitor.now).await?,
                    CodeCheck::Wrong(mailed) => Step::Refused {
                        why: mailed_code::wrong(),
                        again: Some((mailed.prompt(), LeprechaunState::Code { mailed, email })),
                    },
                    CodeCheck::Spent => Step::Refused {
                        why: mailed_code::spent(),
                        again: None,
                    },
                })
            }
        }
    }
}

impl Leprechaun {
    async fn mail(
        &self,
        roll: &str,
        visitor: RequestOrigin,
    ) -> Result<Step<LeprechaunState>, ConnectorError> {
        let now = visitor.now;
        if let Err(why) = self.codes.may_ask(roll, visitor) {
            return Ok(Step::Refused {
                why,
                again: Some((first(), LeprechaunState::Roll)),
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
        let mut says = None;
        if let (Ok(roll), Some(email)) = (ErpRollNumber::parse(&roll), email) {
            let known = campus_person(self.db.pool(), &roll, now).await?;
            says = known.and_then(|says| mailed_code::with_mailbox(says, &email));
        }
        Ok(Step::Done(ExternalIdentity {
            provider: Self::SLUG,
            subject: roll,
            says: says.map(Box::new),
        }))
    }
}

fn ask_for_code(mailed: SentCode, email: Option<String>) -> Step<LeprechaunState> {
    Step::Ask {
        prompt: mailed.prompt(),
        state: LeprechaunState::Code { mailed, email },
    }
}

fn again(why: &'static str) -> Step<LeprechaunState> {
    Step::Refused {
        why: LoginRefusal(why.into()),
        again: Some((first(), LeprechaunState::Roll)),
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
    fn l17_an_answer_about_somebody_else_or_of_long_ago_is_not_believed() {
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
        // It is what this one person typed there, and closes the way for nobody.
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
            let told = found(body, key);
            assert!(matches!(told, Err(LeprechaunError::Protocol(_))), "{body}");
        }
    }

    #[test]
    fn a_value_is_one_segment_or_is_not_asked_for() {
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
