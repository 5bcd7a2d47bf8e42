//! The audit log: who did what, and when. Entries are written in the transaction of the action and are
//! never changed. They refer to people and apps by id, and contain no personal data, no secrets and
//! nothing that a person has typed.

use serde_json::{Value, json};

use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, AuditId, PersonId};
use crate::platform::rng::Rng;

/// One action.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// `noun.verb` in the past: `grant.given`, `token.replayed`.
    pub action: &'static str,
    /// The person who acted; `None` for an app or the command line.
    pub actor: Option<PersonId>,
    pub app: Option<AppId>,
    /// The person whose data it concerns.
    pub person: Option<PersonId>,
    pub detail: Value,
}

impl AuditEntry {
    pub fn of(action: &'static str) -> Self {
        Self {
            action,
            actor: None,
            app: None,
            person: None,
            detail: json!({}),
        }
    }
    #[must_use]
    pub fn by(mut self, actor: PersonId) -> Self {
        self.actor = Some(actor);
        self
    }
    #[must_use]
    pub fn on_app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }
    #[must_use]
    pub fn about(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Writes an entry, and logs it.
pub async fn record(
    db: impl Executor<'_>,
    entry: AuditEntry,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    insert(db, entry, now, rng).await?;
    Ok(())
}

/// Like [`record`], and returns the id of the entry.
pub async fn insert(
    db: impl Executor<'_>,
    entry: AuditEntry,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<AuditId> {
    tracing::info!(
        action = entry.action,
        actor.id = entry.actor.map(|id| id.0),
        app.id = entry.app.map(tracing::field::display),
        person.id = entry.person.map(|id| id.0),
        "audit"
    );
    let id = AuditId::new(now, rng);
    sqlx::query!(
        "insert into audit_log (id, happened_at, actor_id, action, app_id, person_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        now,
        entry.actor.map(|id| id.0),
        entry.action,
        entry.app.map(|id| id.0),
        entry.person.map(|id| id.0),
        entry.detail,
    )
    .execute(db)
    .await?;
    Ok(id)
}
