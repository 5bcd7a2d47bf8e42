//! What two ways to sign in have in common that know somebody's mailbox: a code that is mailed there, and
//! the form that asks for it, which is the same where there is no mailbox.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::{
    AccountName, ConnectorError, Input, InputChoice, InputKind, LoginRefusal, Prompt,
    RequestOrigin, StepResult, StepState,
};
use crate::people::records::{Claims, Email};
use crate::platform::clock::Timestamp;
use crate::platform::db::Db;
use crate::platform::id::AddresseeId;
use crate::platform::mail::{CodeKey, MailboxMessage, MailedSecret};
use crate::platform::rng::SharedRng;
use crate::platform::web::{RateLimit, RateLimited};
use crate::platform::{mail, web};

/// The letter with the code.
const LETTER: &str = "sign_in_code";
/// How long a code is good.
const GOOD_FOR: Duration = Duration::from_mins(10);
/// Wrong codes, after which none is right any more.
const MOST_WRONG: u32 = 5;
/// Codes for one account: at once, and then one every so often. So 10^8 codes outlast every guesser, and
/// nobody's mailbox is flooded.
const CODES: RateLimit = RateLimit::new(5, Duration::from_mins(30));
/// Codes asked for from one address, whoever's: nobody goes through the roll numbers of a campus and has us
/// write to all of it. A lecture hall behind one address signs in.
const CODES_FROM_ADDRESS: RateLimit = RateLimit::new(60, Duration::from_mins(1));

/// The button that asks for another code.
const AGAIN: &str = "again";

/// Mails codes and judges what is typed. Cheap to clone.
#[derive(Clone)]
pub struct CodeMailer {
    db: Db,
    key: CodeKey,
    rng: SharedRng,
    asked: web::RateLimiter<String>,
    asked_from: web::RateLimiter<IpAddr>,
}

impl fmt::Debug for CodeMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailedCode(…)")
    }
}

/// A code that was mailed for an account, or would have been if it had a mailbox.
#[derive(Debug)]
pub struct SentCode {
    account: String,
    /// None where there is no mailbox: then no code is right.
    letter: Option<AddresseeId>,
    wrong: u32,
}

/// What a typed code is worth.
#[derive(Debug)]
pub enum CodeCheck {
    /// The account is proven.
    Right(String),
    Wrong(SentCode),
    /// Too many were wrong.
    Spent,
}

impl CodeMailer {
    pub fn new(db: Db, key: CodeKey, rng: SharedRng) -> Self {
        Self {
            db,
            key,
            rng,
            asked: web::RateLimiter::new(CODES),
            asked_from: web::RateLimiter::new(CODES_FROM_ADDRESS),
        }
    }

    /// Counts a code for this account, whether there is one or not; or says how long to wait.
    pub fn may_ask(&self, account: &str, visitor: RequestOrigin) -> Result<(), LoginRefusal> {
        let RequestOrigin { now, address } = visitor;
        let from = self.asked_from.take(address, now);
        let from = from.map_err(|slowed| too_many("from your network", slowed))?;
        match self.asked.take(account.to_owned(), now) {
            Ok(_counted) => Ok(()),
            Err(slowed) => {
                from.give_back();
                Err(too_many("with this roll number", slowed))
            }
        }
    }

    /// Mails a code to where it belongs, if it belongs anywhere.
    pub async fn send(
        &self,
        account: &str,
        mailbox: Option<&str>,
        now: Timestamp,
    ) -> Result<SentCode, ConnectorError> {
        let letter = match mailbox {
            Some(address) => {
                let letter = MailboxMessage {
                    address,
                    about: account,
                    carries: Some(MailedSecret::Code),
                    until: now + GOOD_FOR,
                };
                let (db, rng) = (self.db.pool(), self.rng.as_ref());
                Some(mail::put_to_mailbox(db, LETTER, letter, now, rng).await?)
            }
            None => None,
        };
        Ok(SentCode {
            account: account.to_owned(),
            letter,
            wrong: 0,
        })
    }

    pub async fn judge(
        &self,
        mut mailed: SentCode,
        typed: &str,
        now: Timestamp,
    ) -> Result<CodeCheck, ConnectorError> {
        if let Some(letter) = mailed.letter
            && mail::take_code(self.db.pool(), &self.key, letter, typed, now).await?
        {
            return Ok(CodeCheck::Right(mailed.account));
        }
        mailed.wrong += 1;
        Ok(if mailed.wrong < MOST_WRONG {
            CodeCheck::Wrong(mailed)
        } else {
            CodeCheck::Spent
        })
    }
}

impl SentCode {
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The form that asks for the code. It says the same whether one was mailed or not.
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
            account: Some(AccountName::Known(self.account.clone())),
            may_be_last: true,
            submit: "Sign in".into(),
            instead: vec![InputChoice {
                value: AGAIN,
                label: "Send another code".into(),
            }],
            ..Prompt::default()
        }
    }
}

/// Hosts whose mailboxes the institute gives, so that one there is somebody's primary address.
const INSTITUTE: [&str; 2] = ["kgpian.iitkgp.ac.in", "iitkgp.ac.in"];

/// What is said of somebody, with a mailbox that they have shown to read.
pub fn with_mailbox(mut says: Claims, mailbox: &str) -> Option<Claims> {
    let email = Email::parse(mailbox).ok()?;
    let host = mailbox.rsplit_once('@').map_or("", |(_, host)| host);
    if INSTITUTE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(host))
    {
        says.details.columns.email = Some(email.to_string());
    } else {
        says.details.secondary_emails = Some(vec![email]);
    }
    Some(says)
}

/// Whether another code is wanted instead.
pub fn wants_another(answers: &super::Answers) -> bool {
    answers.instead() == Some(AGAIN)
}

/// The form that asks whose mailbox.
pub fn ask_for_roll(notice: &'static str) -> Prompt {
    let roll = Input {
        hint: Some("As on your identity card. For example 22CS10001.".into()),
        ..Input::new("roll", InputKind::Text, "Roll number", "username")
    };
    Prompt {
        heading: "Sign in with a mailed code".into(),
        notice: Some(notice.into()),
        steps: steps(StepState::Now, StepState::Later),
        inputs: vec![roll],
        account: Some(AccountName::Typed("roll")),
        submit: "Send me a code".into(),
        ..Prompt::default()
    }
}

fn steps(roll: StepState, code: StepState) -> StepResult {
    vec![("Roll number".into(), roll), ("Code".into(), code)]
}

/// Told to whoever typed what is no code.
pub fn wrong() -> LoginRefusal {
    LoginRefusal("Wrong code. Use the code in the newest mail, or send another code.".into())
}

/// Told after too many of them.
pub fn spent() -> LoginRefusal {
    LoginRefusal("Too many wrong codes. Start again to get a new code.".into())
}

/// Told to whoever asks for too many.
fn too_many(whose: &str, slowed: RateLimited) -> LoginRefusal {
    let told = format!(
        "Too many codes were requested {whose}. Use the newest code, or try again in {}.",
        slowed.in_words()
    );
    LoginRefusal(told.into())
}
