//! The post: takes letters out of the outbox and sends them off.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use crate::clock::Moment;
use crate::db;
use crate::db::Db;
use crate::web::Chain;
use crate::web::Web;

use super::SendError;
use super::Transport;
use super::letter::Envelope;
use super::letter::Facts;
use super::letter::Letter;
use super::rules;
use super::store;
use super::store::Claimed;

/// How long a letter is this process' alone: longer than sending one can take.
const CLAIMED_FOR: Duration = Duration::from_mins(5);
/// How long the mail server may take for a letter, however it trickles.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// How long what was sent or given up can be looked up.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// What delivering needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Post {
    pub db: Db,
    pub web: Web,
    pub transport: Transport,
    /// The address mails come from.
    pub from: Address,
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
            let fate = self.send(&letter, now).await;
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
        store::delete_done(self.db.pool(), now - KEPT_FOR).await
    }

    async fn send(&self, letter: &Claimed, now: Moment) -> Fate {
        let Ok(address) = letter.email.parse() else {
            return Fate::Hopeless("the person has no mail address");
        };
        if letter.is_about_app && letter.app.is_none() {
            return Fate::Hopeless("the app it is about is gone, and all its access with it");
        }
        let written = Letter::write(&self.web.pages, &letter.template, &self.facts(letter));
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(template = letter.template, error = %Chain::of(error), "a letter could not be written");
                return Fate::Hopeless("its template does not read");
            }
        };
        let sender = format!("Profiles at {}", self.web.campus_name);
        let message = written.into_message(Envelope {
            id: letter.id,
            from: Mailbox::new(Some(sender), self.from.clone()),
            to: Mailbox::new(Some(letter.name.clone()), address),
            date: now,
        });
        let Ok(message) = message else {
            return Fate::Hopeless("it makes no mail");
        };
        match self.transport.send(letter.id, &message, SENT_WITHIN).await {
            Ok(()) => Fate::Sent,
            Err(error) => Fate::Delayed(error),
        }
    }

    fn facts(&self, letter: &Claimed) -> Facts {
        let links = self.web.links();
        let at = letter
            .at
            .and_then(|at| Moment::from_unix_timestamp(at).ok())
            .unwrap_or(letter.written_at);
        let (app_page, app) = match &letter.app {
            Some((id, name)) => (links.absolute(&links.app(*id)), name.clone()),
            None => (String::new(), String::new()),
        };
        Facts {
            name: letter.name.clone(),
            app,
            app_page,
            at: self.web.date_and_time(at),
            connected_apps: links.absolute(&links.connected_apps()),
            my_data: links.absolute(&links.my_data()),
        }
    }

    async fn keep(&self, letter: &Claimed, fate: Fate, now: Moment) -> db::Result<()> {
        let (id, person, template) = (letter.id, letter.person, letter.template.as_str());
        let db = self.db.pool();
        match fate {
            Fate::Sent => {
                tracing::info!(letter.id = %id, person.id = %person, template, "a letter is sent");
                store::mark_sent(db, id, now).await
            }
            Fate::Hopeless(why) => {
                tracing::warn!(letter.id = %id, person.id = %person, template, why, "a letter is given up");
                store::mark_given_up(db, id, now).await
            }
            Fate::Delayed(error) => {
                let tries = letter.tries.unsigned_abs();
                let next = rules::next_try(letter.written_at, tries, now);
                tracing::warn!(letter.id = %id, person.id = %person, template, tries, gives_up = next.is_none(), %error, "a letter did not go out");
                match next {
                    Some(next) => store::mark_due(db, id, next).await,
                    None => store::mark_given_up(db, id, now).await,
                }
            }
        }
    }
}
