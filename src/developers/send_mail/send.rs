//! Sends a mail: check the quota, record the mail, send it, record the outcome.

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
use crate::platform::rate_limits::RateLimited;
use crate::protocol::token::AccessToken;

/// The timeout of the mail server, so that the app gets its response within fifteen seconds.
const SEND_TIMEOUT: Duration = Duration::from_secs(12);

/// The response for the app.
#[derive(Debug)]
pub(super) struct MailReceipt {
    pub message_id: String,
    /// Whether the mail server accepted the mail.
    pub status: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SendMailError {
    #[error("the mail quota is used up")]
    Slowed(QuotaKind, RateLimited),
    /// The app was deleted during the request.
    #[error("the app was deleted")]
    Gone,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// A mail that is recorded and not yet sent.
struct RecordedMail {
    id: SentMailId,
    message_id: String,
    app: AppId,
    person: PersonId,
    /// The mailbox of the person.
    email: String,
    sender: Sender,
    mail: MailRequest,
    now: Timestamp,
}

impl Feature {
    /// Sends a mail to the user of the token. A failure of the mail server is a `status`, not an error.
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
        self.check_allowance(&mut tx, &sender, app, person, now)
            .await?;
        let id = SentMailId::new(now, self.rng.as_ref());
        let message_id = compose::message_id(&self.from, now, self.rng.as_ref());
        store::insert(&mut *tx, id, &message_id, app, person, now).await?;
        tx.commit().await.map_err(db::Error::from)?;

        let recorded = RecordedMail {
            id,
            message_id: message_id.clone(),
            app,
            person,
            email: access.person.mailbox().to_owned(),
            sender,
            mail,
            now,
        };
        // In a separate task, because the request future is dropped when the client disconnects.
        let feature = self.clone();
        let delivery = async move { feature.deliver(recorded).await }.in_current_span();
        let status = tokio::spawn(delivery).await.unwrap_or(false);
        Ok(MailReceipt { message_id, status })
    }

    async fn check_allowance(
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
            // Failed mails count only for the hourly limit of the app.
            let or_failed = limit == QuotaKind::AppHour;
            let blocking = match most {
                0 => None,
                _ => store::find_nth_last(&mut **tx, app, to, now - span, most, or_failed).await?,
            };
            used.push(QuotaUsage { window, blocking });
        }
        rules::check_quota(&used, now)
            .map_err(|(limit, slowed)| SendMailError::Slowed(limit, slowed))
    }

    /// Whether the mail server accepted the mail. An error is recorded without the content of the mail.
    async fn deliver(&self, recorded: RecordedMail) -> bool {
        let error = self.try_deliver(&recorded).await.err();
        let (app, person) = (recorded.app, recorded.person);
        match &error {
            None => tracing::info!(app.id = %app, person.id = %person, "an app's mail is sent"),
            Some(error) => {
                tracing::warn!(app.id = %app, person.id = %person, error, "an app's mail was not sent");
            }
        }
        let stored = store::mark_ended(self.db.pool(), recorded.id, error.as_deref()).await;
        if let Err(error) = stored {
            // The record stays open until the sweep closes it.
            tracing::error!(app.id = %app, person.id = %person, %error, "the outcome of a mail was not recorded");
        }
        error.is_none()
    }

    async fn try_deliver(&self, recorded: &RecordedMail) -> Result<(), String> {
        let to: Result<Address, _> = recorded.email.parse();
        let to = to.map_err(|_| "the person has no mail address".to_owned())?;
        let links = self.web.links();
        let layout = MailLayout {
            app: &recorded.sender.name,
            from: &self.from,
            to,
            contact: recorded.sender.contact.as_deref(),
            message_id: &recorded.message_id,
            date: recorded.now,
            connected_apps: links.absolute(&links.connected_apps()),
            stop: links.absolute(
                &links.unsubscribe(
                    &UnsubscribeToken {
                        person: recorded.person,
                        app: recorded.app,
                    }
                    .seal(&self.stop_key),
                ),
            ),
        };
        let message = compose::compose(&recorded.mail, layout, &self.web.templates);
        let message = message.map_err(|error| error.to_string())?;
        let sent = self
            .transport
            .send(recorded.id, &message, SEND_TIMEOUT)
            .await;
        sent.map_err(|error| error.to_string())
    }
}
