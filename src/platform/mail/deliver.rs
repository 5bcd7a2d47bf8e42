//! Delivery: renders and sends the mails in the outbox.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;

use super::mailed_secret::{CodeKey, MailedSecret};
use super::rendered_mail::{Envelope, MailContext, RenderedMail};
use super::store::{ClaimedMail, MailboxRecipient, ProofKind};
use super::{MailTransport, SendError, retry, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::{ErrorChain, Web};

/// How long a claim lasts: longer than sending can take.
const CLAIM_DURATION: Duration = Duration::from_mins(5);
/// How long the mail server may take for one mail.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long sent and given-up mails stay in the table.
const DONE_KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How long the address of a mailbox is kept after the secret mailed to it has expired.
const ADDRESS_KEPT_FOR: Duration = Duration::from_hours(24);

/// How long a confirmation link is valid.
const LINK_LIFETIME: Duration = Duration::from_mins(30);

/// Sends the mails in the outbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MailDelivery {
    pub db: Db,
    pub web: Web,
    pub transport: MailTransport,
    /// The sender address.
    pub from: Address,
    pub rng: SharedRng,
    pub codes: CodeKey,
}

/// The result of sending one mail.
enum DeliveryOutcome {
    Sent,
    /// It can never be sent, for this reason.
    GivenUp(&'static str),
    Failed(SendError),
}

impl MailDelivery {
    /// Sends all mails that are due. Stops if the mail server is not usable: the others would fail too.
    pub async fn deliver(&self, now: Timestamp) -> db::Result<()> {
        while let Some(mail) = store::claim(self.db.pool(), now, now + CLAIM_DURATION).await? {
            let outcome = self.send(&mail, now).await?;
            let is_server_down = matches!(
                outcome,
                DeliveryOutcome::Failed(
                    SendError::Timeout
                        | SendError::Unreachable
                        | SendError::Untrusted
                        | SendError::File(_)
                )
            );
            self.save_outcome(&mail, outcome, now).await?;
            if is_server_down {
                break;
            }
        }
        Ok(())
    }

    /// Deletes mails that were sent or given up a month ago, and expired mailbox addresses.
    pub async fn sweep(&self, now: Timestamp) -> db::Result<()> {
        store::delete_addressees(self.db.pool(), now - ADDRESS_KEPT_FOR).await?;
        store::delete_done(self.db.pool(), now - DONE_KEPT_FOR).await
    }

    async fn send(&self, mail: &ClaimedMail, now: Timestamp) -> db::Result<DeliveryOutcome> {
        let address = match &mail.proves {
            ProofKind::Mailbox(recipient) if now >= recipient.until => {
                return Ok(DeliveryOutcome::GivenUp("its link or code has expired"));
            }
            ProofKind::Nothing | ProofKind::Mailbox(_) => &mail.email,
            ProofKind::Address(proof) => &proof.address,
            ProofKind::Obsolete => {
                return Ok(DeliveryOutcome::GivenUp(
                    "the address is already verified or was removed, or the person's credentials have changed",
                ));
            }
        };
        let Ok(address) = address.parse() else {
            return Ok(DeliveryOutcome::GivenUp("the person has no mail address"));
        };
        if mail.is_about_app && mail.app.is_none() {
            return Ok(DeliveryOutcome::GivenUp("the app it is about was deleted"));
        }
        let secret = self.make_secret(mail, now).await?;
        let context = self.mail_context(mail, secret.as_ref());
        let rendered = match RenderedMail::render(&self.web.templates, &mail.template, &context) {
            Ok(rendered) => rendered,
            Err(error) => {
                tracing::error!(template = mail.template, error = %ErrorChain::of(error), "a mail could not be rendered");
                return Ok(DeliveryOutcome::GivenUp("its template cannot be rendered"));
            }
        };
        let sender = format!("Profiles at {}", self.web.campus_name);
        let message = rendered.into_message(Envelope {
            id: mail.id,
            from: Mailbox::new(Some(sender), self.from.clone()),
            to: Mailbox::new(Some(mail.recipient_name().to_owned()), address),
            date: now,
        });
        let Ok(message) = message else {
            return Ok(DeliveryOutcome::GivenUp(
                "it cannot be written as a message",
            ));
        };
        let sent = self.transport.send(mail.id, &message, SEND_TIMEOUT).await;
        Ok(match sent {
            Ok(()) => DeliveryOutcome::Sent,
            Err(error) => DeliveryOutcome::Failed(error),
        })
    }

    /// Generates the link or code of a mail, and stores its hash.
    async fn make_secret(&self, mail: &ClaimedMail, now: Timestamp) -> db::Result<Option<Secret>> {
        let proof = match &mail.proves {
            ProofKind::Address(proof) => proof,
            ProofKind::Mailbox(recipient) => return self.make_mailbox_secret(recipient).await,
            ProofKind::Nothing | ProofKind::Obsolete => return Ok(None),
        };
        let link = Secret::generate(self.rng.as_ref());
        let expires_at = now + LINK_LIFETIME;
        store::insert_proof(self.db.pool(), proof, link.hash(), now, expires_at).await?;
        Ok(Some(link))
    }

    async fn make_mailbox_secret(
        &self,
        recipient: &MailboxRecipient,
    ) -> db::Result<Option<Secret>> {
        let Some(kind) = recipient.carries else {
            return Ok(None);
        };
        let (secret, hash) = self.codes.generate(recipient.id, kind, self.rng.as_ref());
        store::set_mailed_secret(self.db.pool(), recipient.id, hash).await?;
        Ok(Some(secret))
    }

    fn mail_context(&self, mail: &ClaimedMail, secret: Option<&Secret>) -> MailContext {
        let links = self.web.links();
        let at = mail
            .at
            .and_then(|at| Timestamp::from_unix_timestamp(at).ok())
            .unwrap_or(mail.written_at);
        let (app_page, app) = match &mail.app {
            Some((id, name)) => (links.absolute(&links.app(*id)), name.clone()),
            None => (String::new(), String::new()),
        };
        let secret = secret.map(Secret::expose).unwrap_or_default();
        let (link, code) = match &mail.proves {
            ProofKind::Address(..) => (links.absolute(&links.confirm_email(secret)), String::new()),
            ProofKind::Mailbox(recipient) => match recipient.carries {
                Some(MailedSecret::Link) => {
                    let link = links.confirm_association(secret);
                    (links.absolute(&link), String::new())
                }
                Some(MailedSecret::Code) => (String::new(), group_digits(secret)),
                None => (String::new(), String::new()),
            },
            ProofKind::Nothing | ProofKind::Obsolete => (String::new(), String::new()),
        };
        MailContext {
            name: mail.recipient_name().to_owned(),
            campus: self.web.campus_name.clone(),
            app,
            app_page,
            at: self.web.date_and_time(at),
            connected_apps: links.absolute(&links.connected_apps()),
            data_export: links.absolute(&links.data_export()),
            linked_identities: links.absolute(&links.linked_identities()),
            profile: links.absolute(&links.profile()),
            further: mail.further.clone().unwrap_or_default(),
            username: mail.username.clone(),
            address: match &mail.proves {
                ProofKind::Address(proof) => proof.address.clone(),
                _ => mail.email.clone(),
            },
            link,
            code,
        }
    }

    async fn save_outcome(
        &self,
        mail: &ClaimedMail,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> db::Result<()> {
        let (id, template) = (mail.id, mail.template.as_str());
        let person = mail.person.map(|person| person.0);
        let db = self.db.pool();
        match outcome {
            DeliveryOutcome::Sent => {
                tracing::info!(mail.id = %id, person.id = person, template, "a mail was sent");
                store::mark_sent(db, id, now).await
            }
            DeliveryOutcome::GivenUp(reason) => {
                tracing::warn!(mail.id = %id, person.id = person, template, reason, "a mail was given up");
                store::mark_given_up(db, id, now).await
            }
            DeliveryOutcome::Failed(error) => {
                let attempts = mail.attempts.unsigned_abs();
                let next = retry::next_attempt(mail.written_at, attempts, now);
                tracing::warn!(mail.id = %id, person.id = person, template, attempts, gives_up = next.is_none(), %error, "a mail could not be sent");
                match next {
                    Some(next) => store::mark_due(db, id, next).await,
                    None => store::mark_given_up(db, id, now).await,
                }
            }
        }
    }
}

/// `1234 5678`: two groups are easier to read.
fn group_digits(code: &str) -> String {
    match code.split_at_checked(code.len() / 2) {
        Some((front, back)) => format!("{front} {back}"),
        None => code.to_owned(),
    }
}
