//! One-time codes by mail, for connectors that know the mailbox of an account. The form is the same for an
//! account without a mailbox, so that it does not tell which accounts exist.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::connectors::{
    AccountName, ConnectorError, Input, InputChoice, InputKind, LoginRefusal, Prompt, RequestFacts,
    StepList, StepState,
};
use crate::people::records::{Claims, Email};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::id::MailedSecretId;
use crate::platform::mail;
use crate::platform::mail::{CodeKey, MailboxMessage, MailedSecret};
use crate::platform::rate_limits::{BrowserKind, RateLimited, RateLimiter, table};
use crate::platform::rng::SharedRng;

/// The template of the mail.
const TEMPLATE: &str = "sign_in_code";
/// The lifetime of a code.
const LIFETIME: Duration = Duration::from_mins(10);
/// Wrong codes, after which the code is invalid.
const MAX_WRONG_CODES: u32 = 5;
/// The button that requests another code.
const ANOTHER_CODE: &str = "again";

/// Mails codes and checks them. Cheap to clone.
#[derive(Clone)]
pub struct CodeMailer {
    db: Db,
    key: CodeKey,
    rng: SharedRng,
    /// Makes guessing one of 10^8 codes hopeless, and protects the mailbox from floods.
    per_account: RateLimiter<(String, BrowserKind)>,
    /// Nobody can make this server mail every roll number of the campus, and many people behind one address
    /// can still sign in.
    per_address: RateLimiter<IpAddr>,
}

impl fmt::Debug for CodeMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeMailer(…)")
    }
}

/// A code that was mailed for an account, or would have been if the account had a mailbox.
#[derive(Debug)]
pub struct SentCode {
    account: String,
    /// The mail. Without a mailbox it is never sent, so it has no code, and no code is right.
    addressee: MailedSecretId,
    wrong_codes: u32,
}

/// The result of checking a code.
#[derive(Debug)]
pub enum CodeCheck {
    /// The code is right. Contains the account.
    Right(String),
    Wrong(SentCode),
    /// Too many codes were wrong.
    Exhausted,
}

impl CodeMailer {
    pub fn new(db: Db, key: CodeKey, rng: SharedRng, clock: &SharedClock) -> Self {
        Self {
            db,
            key,
            rng,
            per_account: RateLimiter::new(table::MAILED_CODES, clock),
            per_address: RateLimiter::new(table::MAILED_CODES_FROM_ADDRESS, clock),
        }
    }

    /// Counts a code for this account, whether the account exists or not. The refusal tells how long to wait.
    pub fn check_rate_limit(
        &self,
        account: &str,
        origin: RequestFacts,
    ) -> Result<(), LoginRefusal> {
        let permit = self.per_address.take(origin.address);
        let permit = permit.map_err(|limited| too_many("from your network", limited))?;
        match self.per_account.take((account.to_owned(), origin.browser)) {
            Ok(_counted) => Ok(()),
            Err(limited) => {
                permit.give_back();
                Err(too_many("with this roll number", limited))
            }
        }
    }

    /// Mails a code to the mailbox, if there is one. Otherwise does the same work, so that the time does not
    /// tell which accounts exist.
    pub async fn send(
        &self,
        account: &str,
        mailbox: Option<&str>,
        now: Timestamp,
    ) -> Result<SentCode, ConnectorError> {
        let message = MailboxMessage {
            address: mailbox,
            about: account,
            carries: Some(MailedSecret::Code),
            until: now + LIFETIME,
        };
        let (db, rng) = (self.db.pool(), self.rng.as_ref());
        let addressee = mail::enqueue_to_mailbox(db, TEMPLATE, message, now, rng).await?;
        Ok(SentCode {
            account: account.to_owned(),
            addressee,
            wrong_codes: 0,
        })
    }

    /// Checks a code. A right one works once.
    pub async fn check(
        &self,
        mut sent: SentCode,
        code: &str,
        now: Timestamp,
    ) -> Result<CodeCheck, ConnectorError> {
        let (db, key) = (self.db.pool(), &self.key);
        if mail::redeem_code(db, key, sent.addressee, code, now).await? {
            return Ok(CodeCheck::Right(sent.account));
        }
        sent.wrong_codes += 1;
        Ok(if sent.wrong_codes < MAX_WRONG_CODES {
            CodeCheck::Wrong(sent)
        } else {
            CodeCheck::Exhausted
        })
    }
}

impl SentCode {
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The form for the code. It is the same whether a code was mailed or not.
    pub fn prompt(&self) -> Prompt {
        let code = Input {
            hint: Some("Eight digits. It works for ten minutes.".into()),
            ..Input::new("code", InputKind::Code, "Code", "one-time-code")
        };
        let notice = format!(
            "If a mailbox belongs to {}, we have sent a code to it. It can take a minute.",
            self.account
        );
        Prompt {
            heading: "Check your mail".into(),
            notice: Some(notice.into()),
            steps: steps(StepState::Done, StepState::Now),
            inputs: vec![code],
            account: Some(AccountName::Fixed(self.account.clone())),
            offers_remember_me: true,
            submit: "Sign in".into(),
            alternatives: vec![InputChoice {
                value: ANOTHER_CODE,
                label: "Send another code".into(),
            }],
            ..Prompt::default()
        }
    }
}

/// Mail domains of the institute. A mailbox there becomes the primary address.
const INSTITUTE_DOMAINS: [&str; 2] = ["kgpian.iitkgp.ac.in", "iitkgp.ac.in"];

/// Adds a mailbox that the person has proved to read to the claims.
pub fn with_mailbox(mut claims: Claims, mailbox: &str) -> Option<Claims> {
    let email = Email::parse(mailbox).ok()?;
    let host = mailbox.rsplit_once('@').map_or("", |(_, host)| host);
    if INSTITUTE_DOMAINS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(host))
    {
        claims.details.columns.email = Some(email.to_string());
    } else {
        claims.details.secondary_emails = Some(vec![email]);
    }
    Some(claims)
}

/// Whether the button for another code was pressed.
pub fn wants_another(answers: &crate::connectors::Answers) -> bool {
    answers.alternatives() == Some(ANOTHER_CODE)
}

/// The form for the roll number.
pub fn roll_number_prompt(notice: &'static str) -> Prompt {
    let roll = Input {
        hint: Some("As on your identity card. For example 22CS10001.".into()),
        ..Input::new("roll", InputKind::Text, "Roll number", "username")
    };
    Prompt {
        heading: "Sign in with a mailed code".into(),
        notice: Some(notice.into()),
        steps: steps(StepState::Now, StepState::Later),
        inputs: vec![roll],
        account: Some(AccountName::FromInput("roll")),
        submit: "Send me a code".into(),
        ..Prompt::default()
    }
}

fn steps(roll: StepState, code: StepState) -> StepList {
    vec![("Roll number".into(), roll), ("Code".into(), code)]
}

/// The refusal after a wrong code.
pub fn wrong_code() -> LoginRefusal {
    LoginRefusal("Wrong code. Use the code in the newest mail, or send another code.".into())
}

/// The refusal after too many wrong codes.
pub fn too_many_wrong_codes() -> LoginRefusal {
    LoginRefusal("Too many wrong codes. Start again to get a new code.".into())
}

/// The refusal of the rate limit.
fn too_many(whose: &str, limited: RateLimited) -> LoginRefusal {
    let text = format!(
        "Too many codes were requested {whose}. Use the newest code, or try again in {}.",
        limited.in_words()
    );
    LoginRefusal(text.into())
}
