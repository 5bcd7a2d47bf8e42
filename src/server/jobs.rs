//! The background jobs of all areas.

use std::sync::Arc;
use std::time::Duration;

use super::BuildError;
use super::features::SharedParts;
use crate::developers::send_mail;
use crate::identity::login;
use crate::platform::config::Config;
use crate::platform::jobs::{Job, Jobs};
use crate::platform::mail::{MailDelivery, MailSetupError};
use crate::platform::web::PostgresSessionStore;
use crate::privacy::{association, data_export};
use crate::protocol::{access_log, app_tokens, authorize, problems, token};

/// How often the outbox is checked.
const DELIVER_EVERY: Duration = Duration::from_secs(2);
/// How often the access log is written to the database. A crash loses less than a second of it.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// How often expired login attempts are removed from memory: they may contain a password.
const SWEEP_ATTEMPTS_EVERY: Duration = Duration::from_secs(30);
/// How often expired rows are deleted.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

impl SharedParts {
    pub(super) fn jobs(
        &self,
        config: &Config,
        sessions: PostgresSessionStore,
        login: login::Feature,
    ) -> Result<Jobs, BuildError> {
        let delivery = MailDelivery {
            db: self.db.clone(),
            web: self.web.clone(),
            transport: self.transport.clone(),
            from: config.mail_from.parse().map_err(MailSetupError::from)?,
            rng: Arc::clone(&self.rng),
            codes: self.codes.clone(),
        };
        let deliver = Job::new(
            "mail.deliver",
            DELIVER_EVERY,
            delivery.clone(),
            |delivery, now| async move { delivery.deliver(now).await },
        );
        let flush = Job::new(
            "access_log.flush",
            FLUSH_EVERY,
            self.access_log.clone(),
            |access_log, _| async move { access_log.flush().await },
        );
        let mut jobs = self.sweeps(config, sessions, delivery);
        let sweep_attempts = Job::new(
            "login.sweep",
            SWEEP_ATTEMPTS_EVERY,
            login,
            |login, now| async move {
                login.sweep(now);
                Ok(())
            },
        );
        jobs.extend([
            deliver,
            flush.in_every_process(),
            sweep_attempts.in_every_process(),
        ]);
        Ok(Jobs::new(self.db.clone(), Arc::clone(&self.clock), jobs))
    }

    fn sweeps(
        &self,
        config: &Config,
        sessions: PostgresSessionStore,
        delivery: MailDelivery,
    ) -> Vec<Job> {
        let removal = data_export::AccountRemoval {
            db: self.db.clone(),
            pictures: self.pictures.clone(),
            rng: Arc::clone(&self.rng),
        };
        let (db, lifetimes, every) = (&self.db, config.lifetimes, SWEEP_EVERY);
        vec![
            Job::new("mail.sweep", every, delivery, |delivery, now| async move {
                delivery.sweep(now).await
            }),
            Job::new(
                "access_log.sweep",
                every,
                db.clone(),
                |db, now| async move { access_log::sweep(&db, now).await },
            ),
            Job::new(
                "data_export.remove",
                every,
                removal,
                |removal, now| async move { removal.remove(now).await },
            ),
            Job::new("session.sweep", every, sessions, |sessions, _| async move {
                sessions.sweep().await
            }),
            Job::new("problems.sweep", every, db.clone(), |db, now| async move {
                problems::sweep(&db, now).await
            }),
            Job::new(
                "app_tokens.sweep",
                every,
                db.clone(),
                |db, now| async move { app_tokens::sweep(&db, now).await },
            ),
            Job::new("authorize.sweep", every, db.clone(), |db, now| async move {
                authorize::sweep(&db, now).await
            }),
            Job::new(
                "association.sweep",
                every,
                db.clone(),
                |db, now| async move { association::sweep(&db, now).await },
            ),
            Job::new("send_mail.sweep", every, db.clone(), |db, now| async move {
                send_mail::sweep(&db, now).await
            }),
            Job::new(
                "token.sweep",
                every,
                (db.clone(), lifetimes),
                |(db, lifetimes), now| async move { token::sweep(&db, &lifetimes, now).await },
            ),
        ]
    }
}
