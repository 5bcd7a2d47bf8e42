//! The post: takes letters out of the outbox and sends them off.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use super::letter::{Envelope, Facts, Letter};
use super::mailbox::{Carries, CodeKey};
use super::store::{AtMailbox, Claimed, Proves};
use super::{SendError, Transport, rules, store};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::SharedEntropy;
use crate::platform::secret::Secret;
use crate::platform::web::{Chain, Web};

/// How long a letter is this process' alone: longer than sending one can take.
const CLAIMED_FOR: Duration = Duration::from_mins(5);
/// How long the mail server may take for a letter, however it trickles.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// How long what was sent or given up can be looked up.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How long the address of a mailbox is kept after what was mailed to it is over.
const ADDRESS_KEPT_FOR: Duration = Duration::from_hours(24);

/// How long the link in a letter proves that its address is read.
const PROVES_FOR: Duration = Duration::from_mins(30);

/// What delivering needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Post {
    pub db: Db,
    pub web: Web,
    pub transport: Transport,
    /// The address mails come from.
    pub from: Address,
    pub entropy: SharedEntropy,
    pub codes: CodeKey,
}

/// How a letter fared.
enum Fate {
    Sent,
    /// Nobody will ever be able to send it.
    Hopeless(&'static str),
    Delayed(SendError),
}

impl Post {
    /// Sends every letter that is due. Stops when the way out is barred: the others would fare no better.
    pub async fn deliver(&self, now: Moment) -> db::Result<()> {
        while let Some(letter) = store::claim(self.db.pool(), now, now + CLAIMED_FOR).await? {
            let fate = self.send(&letter, now).await?;
            let barred = matches!(
                fate,
                Fate::Delayed(
                    SendError::Slow
                        | SendError::Unreachable
                        | SendError::Untrusted
                        | SendError::File(_)
                )
            );
            self.keep(&letter, fate, now).await?;
            if barred {
                break;
            }
        }
        Ok(())
    }

    /// Forgets letters that went out, or were given up, a month ago.
    pub async fn sweep(&self, now: Moment) -> db::Result<()> {
        store::delete_addressees(self.db.pool(), now - ADDRESS_KEPT_FOR).await?;
        store::delete_done(self.db.pool(), now - KEPT_FOR).await
    }

    async fn send(&self, letter: &Claimed, now: Moment) -> db::Result<Fate> {
        let address = match &letter.proves {
            Proves::Mailbox(at) if now >= at.until => {
                return Ok(Fate::Hopeless("what it would carry is over"));
            }
            Proves::Nothing | Proves::Mailbox(_) => &letter.email,
            Proves::Address(_, address) => address,
            Proves::NoMore => {
                return Ok(Fate::Hopeless("the address is verified by now, or gone"));
            }
        };
        let Ok(address) = address.parse() else {
            return Ok(Fate::Hopeless("the person has no mail address"));
        };
        if letter.is_about_app && letter.app.is_none() {
            return Ok(Fate::Hopeless(
                "the app it is about is gone, and all its access with it",
            ));
        }
        let carried = self.carried(letter, now).await?;
        let facts = self.facts(letter, carried.as_ref());
        let written = match Letter::write(&self.web.pages, &letter.template, &facts) {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(template = letter.template, error = %Chain::of(error), "a letter could not be written");
                return Ok(Fate::Hopeless("its template does not read"));
            }
        };
        let sender = format!("Profiles at {}", self.web.campus_name);
        let message = written.into_message(Envelope {
            id: letter.id,
            from: Mailbox::new(Some(sender), self.from.clone()),
            to: Mailbox::new(Some(letter.reader().to_owned()), address),
            date: now,
        });
        let Ok(message) = message else {
            return Ok(Fate::Hopeless("it makes no mail"));
        };
        let sent = self.transport.send(letter.id, &message, SENT_WITHIN).await;
        Ok(match sent {
            Ok(()) => Fate::Sent,
            Err(error) => Fate::Delayed(error),
        })
    }

    /// What only who reads this letter will know. Made now, kept as a fingerprint.
    async fn carried(&self, letter: &Claimed, now: Moment) -> db::Result<Option<Secret>> {
        let id = match &letter.proves {
            Proves::Address(id, _) => *id,
            Proves::Mailbox(at) => return self.carried_to_mailbox(at).await,
            Proves::Nothing | Proves::NoMore => return Ok(None),
        };
        let link = Secret::mint(self.entropy.as_ref());
        let until = now + PROVES_FOR;
        store::insert_proof(self.db.pool(), id, link.fingerprint(), now, until).await?;
        Ok(Some(link))
    }

    async fn carried_to_mailbox(&self, at: &AtMailbox) -> db::Result<Option<Secret>> {
        let Some(carries) = at.carries else {
            return Ok(None);
        };
        let (carried, kept) = self.codes.make(at.id, carries, self.entropy.as_ref());
        store::mark_carried(self.db.pool(), at.id, kept).await?;
        Ok(Some(carried))
    }

    fn facts(&self, letter: &Claimed, carried: Option<&Secret>) -> Facts {
        let links = self.web.links();
        let at = letter
            .at
            .and_then(|at| Moment::from_unix_timestamp(at).ok())
            .unwrap_or(letter.written_at);
        let (app_page, app) = match &letter.app {
            Some((id, name)) => (links.absolute(&links.app(*id)), name.clone()),
            None => (String::new(), String::new()),
        };
        let text = carried.map(Secret::expose).unwrap_or_default();
        let (link, code) = match &letter.proves {
            Proves::Address(..) => (links.absolute(&links.confirm_email(text)), String::new()),
            Proves::Mailbox(at) => match at.carries {
                Some(Carries::Link) => {
                    let link = links.confirm_association(text);
                    (links.absolute(&link), String::new())
                }
                Some(Carries::Code) => (String::new(), spaced(text)),
                None => (String::new(), String::new()),
            },
            Proves::Nothing | Proves::NoMore => (String::new(), String::new()),
        };
        Facts {
            name: letter.reader().to_owned(),
            campus: self.web.campus_name.clone(),
            app,
            app_page,
            at: self.web.date_and_time(at),
            connected_apps: links.absolute(&links.connected_apps()),
            my_data: links.absolute(&links.my_data()),
            ways_in: links.absolute(&links.ways_in()),
            profile: links.absolute(&links.profile()),
            further: letter.further.clone().unwrap_or_default(),
            username: letter.username.clone(),
            address: match &letter.proves {
                Proves::Address(_, address) => address.clone(),
                _ => letter.email.clone(),
            },
            link,
            code,
        }
    }

    async fn keep(&self, letter: &Claimed, fate: Fate, now: Moment) -> db::Result<()> {
        let (id, template) = (letter.id, letter.template.as_str());
        let person = letter.person.map(|person| person.0);
        let db = self.db.pool();
        match fate {
            Fate::Sent => {
                tracing::info!(letter.id = %id, person.id = person, template, "a letter is sent");
                store::mark_sent(db, id, now).await
            }
            Fate::Hopeless(why) => {
                tracing::warn!(letter.id = %id, person.id = person, template, why, "a letter is given up");
                store::mark_given_up(db, id, now).await
            }
            Fate::Delayed(error) => {
                let tries = letter.tries.unsigned_abs();
                let next = rules::next_try(letter.written_at, tries, now);
                tracing::warn!(letter.id = %id, person.id = person, template, tries, gives_up = next.is_none(), %error, "a letter did not go out");
                match next {
                    Some(next) => store::mark_due(db, id, next).await,
                    None => store::mark_given_up(db, id, now).await,
                }
            }
        }
    }
}

/// Four and four, as one reads digits to oneself.
fn spaced(code: &str) -> String {
    match code.split_at_checked(code.len() / 2) {
        Some((front, back)) => format!("{front} {back}"),
        None => code.to_owned(),
    }
}
