//! The post: takes letters out of the outbox and sends them off.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use super::letter::{Envelope, MailContext, RenderedMail};
use super::mailbox::{CodeKey, MailedSecret};
use super::store::{ClaimedMail, MailboxRecipient, ProofKind};
use super::{MailTransport, SendError, rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::{ErrorChain, Web};

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
pub struct MailDelivery {
    pub db: Db,
    pub web: Web,
    pub transport: MailTransport,
    /// The address mails come from.
    pub from: Address,
    pub rng: SharedRng,
    pub codes: CodeKey,
}

/// How a letter fared.
enum DeliveryOutcome {
    Sent,
    /// Nobody will ever be able to send it.
    Hopeless(&'static str),
    Delayed(SendError),
}

impl MailDelivery {
    /// Sends every letter that is due. Stops when the way out is barred: the others would fare no better.
    pub async fn deliver(&self, now: Timestamp) -> db::Result<()> {
        while let Some(letter) = store::claim(self.db.pool(), now, now + CLAIMED_FOR).await? {
            let fate = self.send(&letter, now).await?;
            let barred = matches!(
                fate,
                DeliveryOutcome::Delayed(
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
    pub async fn sweep(&self, now: Timestamp) -> db::Result<()> {
        store::delete_addressees(self.db.pool(), now - ADDRESS_KEPT_FOR).await?;
        store::delete_done(self.db.pool(), now - KEPT_FOR).await
    }

    async fn send(&self, letter: &ClaimedMail, now: Timestamp) -> db::Result<DeliveryOutcome> {
        let address = match &letter.proves {
            ProofKind::Mailbox(at) if now >= at.until => {
                return Ok(DeliveryOutcome::Hopeless("what it would carry is over"));
            }
            ProofKind::Nothing | ProofKind::Mailbox(_) => &letter.email,
            ProofKind::Address(_, address) => address,
            ProofKind::NoMore => {
                return Ok(DeliveryOutcome::Hopeless(
                    "the address is verified by now, or gone",
                ));
            }
        };
        let Ok(address) = address.parse() else {
            return Ok(DeliveryOutcome::Hopeless("the person has no mail address"));
        };
        if letter.is_about_app && letter.app.is_none() {
            return Ok(DeliveryOutcome::Hopeless(
                "the app it is about is gone, and all its access with it",
            ));
        }
        let carried = self.carried(letter, now).await?;
        let facts = self.facts(letter, carried.as_ref());
        let written = match RenderedMail::write(&self.web.pages, &letter.template, &facts) {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(template = letter.template, error = %ErrorChain::of(error), "a letter could not be written");
                return Ok(DeliveryOutcome::Hopeless("its template does not read"));
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
            return Ok(DeliveryOutcome::Hopeless("it makes no mail"));
        };
        let sent = self.transport.send(letter.id, &message, SENT_WITHIN).await;
        Ok(match sent {
            Ok(()) => DeliveryOutcome::Sent,
            Err(error) => DeliveryOutcome::Delayed(error),
        })
    }

    /// What only who reads this letter will know. Made now, kept as a fingerprint.
    async fn carried(&self, letter: &ClaimedMail, now: Timestamp) -> db::Result<Option<Secret>> {
        let id = match &letter.proves {
            ProofKind::Address(id, _) => *id,
            ProofKind::Mailbox(at) => return self.carried_to_mailbox(at).await,
            ProofKind::Nothing | ProofKind::NoMore => return Ok(None),
        };
        let link = Secret::generate(self.rng.as_ref());
        let until = now + PROVES_FOR;
        store::insert_proof(self.db.pool(), id, link.fingerprint(), now, until).await?;
        Ok(Some(link))
    }

    async fn carried_to_mailbox(&self, at: &MailboxRecipient) -> db::Result<Option<Secret>> {
        let Some(carries) = at.carries else {
            return Ok(None);
        };
        let (carried, kept) = self.codes.make(at.id, carries, self.rng.as_ref());
        store::mark_carried(self.db.pool(), at.id, kept).await?;
        Ok(Some(carried))
    }

    fn facts(&self, letter: &ClaimedMail, carried: Option<&Secret>) -> MailContext {
        let links = self.web.links();
        let at = letter
            .at
            .and_then(|at| Timestamp::from_unix_timestamp(at).ok())
            .unwrap_or(letter.written_at);
        let (app_page, app) = match &letter.app {
            Some((id, name)) => (links.absolute(&links.app(*id)), name.clone()),
            None => (String::new(), String::new()),
        };
        let text = carried.map(Secret::expose).unwrap_or_default();
        let (link, code) = match &letter.proves {
            ProofKind::Address(..) => (links.absolute(&links.confirm_email(text)), String::new()),
            ProofKind::Mailbox(at) => match at.carries {
                Some(MailedSecret::Link) => {
                    let link = links.confirm_association(text);
                    (links.absolute(&link), String::new())
                }
                Some(MailedSecret::Code) => (String::new(), spaced(text)),
                None => (String::new(), String::new()),
            },
            ProofKind::Nothing | ProofKind::NoMore => (String::new(), String::new()),
        };
        MailContext {
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
                ProofKind::Address(_, address) => address.clone(),
                _ => letter.email.clone(),
            },
            link,
            code,
        }
    }

    async fn keep(
        &self,
        letter: &ClaimedMail,
        fate: DeliveryOutcome,
        now: Timestamp,
    ) -> db::Result<()> {
        let (id, template) = (letter.id, letter.template.as_str());
        let person = letter.person.map(|person| person.0);
        let db = self.db.pool();
        match fate {
            DeliveryOutcome::Sent => {
                tracing::info!(letter.id = %id, person.id = person, template, "a letter is sent");
                store::mark_sent(db, id, now).await
            }
            DeliveryOutcome::Hopeless(why) => {
                tracing::warn!(letter.id = %id, person.id = person, template, why, "a letter is given up");
                store::mark_given_up(db, id, now).await
            }
            DeliveryOutcome::Delayed(error) => {
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
