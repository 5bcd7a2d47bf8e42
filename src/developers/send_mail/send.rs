//! Sending: allowance and record, then the mail server, then the outcome.

use std::time::Duration;

use lettre::Address;
use tracing::Instrument;

use super::compose::MailLayout;
use super::model::{MailRequest, QuotaKind, QuotaUsage, QuotaWindow, Sender};
use super::{Feature, UnsubscribeToken, compose, rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId, SentMailId};
use crate::platform::web::RateLimited;
use crate::protocol::token::AccessToken;

/// How long the mail server may take, so that the app has its answer within fifteen seconds.
const WITHIN: Duration = Duration::from_secs(12);

/// What the app is told.
#[derive(Debug)]
pub(super) struct MailReceipt {
    pub message_id: String,
    /// Handed to the mail server.
    pub status: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SendMailError {
    #[error("as much was sent as may be")]
    Slowed(QuotaKind, RateLimited),
    /// It was deleted while the request was under way.
    #[error("the app is gone")]
    Gone,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// A mail that has its number and its place in the record.
struct RecordedMail {
    id: SentMailId,
    message_id: String,
    app: AppId,
    person: PersonId,
    /// The person's mailbox, as the directory has it.
    email: String,
    sender: Sender,
    mail: MailRequest,
    now: Timestamp,
}

impl Feature {
    /// Sends a mail to whom the token speaks of. Every failure of the way out is an outcome, no error.
    pub(super) async fn send(
        &self,
        access: &AccessToken,
        mail: MailRequest,
    ) -> Result<MailReceipt, SendMailError> {
        let now = self.clock.now();
        let (app, person) = (access.app, access.person.id);
        let mut tx = self.db.begin().await?;
        let sender = store::lock_sender(&mut *tx, app).await?;
        let sender = sender.ok_or(SendMailError::Gone)?;
        self.allow(&mut tx, &sender, app, person, now).await?;
        let id = SentMailId::new(now, self.rng.as_ref());
        let message_id = compose::message_id(&self.from, now, self.rng.as_ref());
        store::insert(&mut *tx, id, &message_id, app, person, now).await?;
        tx.commit().await.map_err(db::Error::from)?;

        let posted = RecordedMail {
            id,
            message_id: message_id.clone(),
            app,
            person,
            email: access.person.mailbox().to_owned(),
            sender,
            mail,
            now,
        };
        // In a task of its own: an app that hangs up leaves no mail half sent and no record half kept.
        let it = self.clone();
        let handed_over = async move { it.hand_over(posted).await }.in_current_span();
        let status = tokio::spawn(handed_over).await.unwrap_or(false);
        Ok(MailReceipt { message_id, status })
    }

    async fn allow(
        &self,
        tx: &mut Tx,
        sender: &Sender,
        app: AppId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), SendMailError> {
        let mut used = Vec::new();
        for window in rules::windows(&self.allowance, sender.is_verified) {
            let QuotaWindow { limit, most, span } = window;
            let to = (limit == QuotaKind::PersonDay).then_some(person);
            // Mails that did not leave use up nothing, but an app may not try for ever.
            let or_failed = limit == QuotaKind::AppHour;
            let last_in_the_way = match most {
                0 => None,
                _ => store::find_nth_last(&mut **tx, app, to, now - span, most, or_failed).await?,
            };
            used.push(QuotaUsage {
                window,
                last_in_the_way,
            });
        }
        rules::judge(&used, now).map_err(|(limit, slowed)| SendMailError::Slowed(limit, slowed))
    }

    /// Whether the mail server has it. What went wrong is recorded, without a word of the mail.
    async fn hand_over(&self, posted: RecordedMail) -> bool {
        let error = self.try_to_hand_over(&posted).await.err();
        let (app, person) = (posted.app, posted.person);
        match &error {
            None => tracing::info!(app.id = %app, person.id = %person, "an app's mail is sent"),
            Some(error) => {
                tracing::warn!(app.id = %app, person.id = %person, error, "an app's mail was not sent");
            }
        }
        let kept = store::mark_ended(self.db.pool(), posted.id, error.as_deref()).await;
        if let Err(error) = kept {
            // The mail is out or not; only the record is late, and the sweep will end it.
            tracing::error!(app.id = %app, person.id = %person, %error, "the outcome of a mail was not kept");
        }
        error.is_none()
    }

    async fn try_to_hand_over(&self, posted: &RecordedMail) -> Result<(), String> {
        let to: Result<Address, _> = posted.email.parse();
        let to = to.map_err(|_| "the person has no mail address".to_owned())?;
        let links = self.web.links();
        let frame = MailLayout {
            app: &posted.sender.name,
            from: &self.from,
            to,
            contact: posted.sender.contact.as_deref(),
            message_id: &posted.message_id,
            date: posted.now,
            connected_apps: links.absolute(&links.connected_apps()),
            stop: links.absolute(
                &links.unsubscribe(
                    &UnsubscribeToken {
                        person: posted.person,
                        app: posted.app,
                    }
                    .seal(&self.stop_key),
                ),
            ),
        };
        let message = compose::compose(&posted.mail, frame, &self.web.templates);
        let message = message.map_err(|error| error.to_string())?;
        let sent = self.transport.send(posted.id, &message, WITHIN).await;
        sent.map_err(|error| error.to_string())
    }
}
