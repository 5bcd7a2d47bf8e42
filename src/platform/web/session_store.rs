//! The session store of tower-sessions, on the table `sessions`.
//!
//! Security: the database holds the SHA-256 of a session id and not the id, so a copy of the table
//! cannot be used to sign in.
//!
//! tower-sessions itself compares expiry dates with the machine's clock. Here the SQL function `is_live`
//! decides, with the time of the server's [`Clock`](crate::platform::clock::Clock), so that tests can
//! move it.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionStore, session, session_store};

use super::session::{SessionLifetime, USER_SESSION, UserSession};
use crate::platform::clock::SharedClock;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::secret::TokenHash;

/// The sessions table.
#[derive(Debug, Clone)]
pub struct PostgresSessionStore {
    db: Db,
    clock: SharedClock,
    idle: Duration,
}

/// `last_seen_at` is written at most this often, so that not every request is a write.
const SEEN_EVERY_SECONDS: f64 = 60.0;

impl PostgresSessionStore {
    pub fn new(db: Db, clock: SharedClock, idle: Duration) -> Self {
        Self { db, clock, idle }
    }

    async fn upsert(&self, record: &Record) -> db::Result<()> {
        let now = self.clock.now();
        let user = record.data.get(USER_SESSION).cloned();
        let user: Option<UserSession> = user.and_then(|user| serde_json::from_value(user).ok());
        let lifetime = user
            .as_ref()
            .map_or(SessionLifetime::Browser, |user| user.lifetime);
        let idle = match lifetime {
            SessionLifetime::Browser => self.idle,
            SessionLifetime::Remembered => lifetime.max_age(),
        };
        sqlx::query!(
            "insert into sessions (hash, person_id, data, started_at, last_seen_at, ends_at, idle_seconds)
             values ($1, $2, $3, $4, $4, $5, $6)
             on conflict (hash) do update
             set person_id = excluded.person_id, data = excluded.data, last_seen_at = excluded.last_seen_at",
            session_hash(&record.id).to_vec(),
            user.map(|user| user.person.0),
            Value::from_iter(record.data.clone()),
            now,
            now + lifetime.max_age(),
            i32::try_from(idle.as_secs()).unwrap_or(i32::MAX),
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Finds a live session of a person who is not suspended, and updates `last_seen_at`, in one statement.
    async fn find(&self, id: &Id) -> db::Result<Option<Record>> {
        let row = sqlx::query!(
            r#"with live as (
                 select s.hash, s.data, s.last_seen_at, s.ends_at from sessions s
                 left join people p on p.id = s.person_id
                 where s.hash = $1 and is_live(s, $2) and p.suspended_at is null
               ), seen as (
                 update sessions s set last_seen_at = $2 from live
                 where s.hash = live.hash
                   and live.last_seen_at < $2 - make_interval(secs => $3)
               )
               select data, ends_at from live"#,
            session_hash(id).to_vec(),
            self.clock.now(),
            SEEN_EVERY_SECONDS,
        )
        .fetch_optional(self.db.pool())
        .await?;
        Ok(row.map(|row| Record {
            id: *id,
            data: into_map(row.data),
            expiry_date: OffsetDateTime::from_unix_timestamp(row.ends_at.unix_timestamp())
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }))
    }

    async fn delete_row(&self, id: &Id) -> db::Result<()> {
        sqlx::query!(
            "delete from sessions where hash = $1",
            session_hash(id).to_vec()
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Deletes sessions that have ended; run by a job.
    pub async fn sweep(&self) -> db::Result<()> {
        sqlx::query!(
            "delete from sessions s where not is_live(s, $1)",
            self.clock.now()
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }
}

/// Ends all sessions of a person, in every browser.
pub async fn delete_sessions(db: impl db::Executor<'_>, person: PersonId) -> db::Result<()> {
    sqlx::query!("delete from sessions where person_id = $1", person.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends all sessions of a person except the one with this hash. Returns how many there were.
pub async fn delete_other_sessions(
    db: impl db::Executor<'_>,
    person: PersonId,
    own: &[u8],
) -> db::Result<u64> {
    let deleted = sqlx::query!(
        "delete from sessions where person_id = $1 and hash <> $2",
        person.0,
        own
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.upsert(record)
            .await
            .map_err(|error| to_store_error(&error))
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.upsert(record)
            .await
            .map_err(|error| to_store_error(&error))
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.find(id).await.map_err(|error| to_store_error(&error))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.delete_row(id)
            .await
            .map_err(|error| to_store_error(&error))
    }
}

/// tower-sessions carries errors as text. The prefix lets [`is_transient`] recognise them.
fn to_store_error(error: &db::Error) -> session_store::Error {
    let prefix = if error.is_transient() { TRANSIENT } else { "" };
    session_store::Error::Backend(format!("{prefix}{error}"))
}

const TRANSIENT: &str = "(transient) ";

/// Whether the same request may succeed in a few seconds.
pub(super) fn is_transient(error: &session::Error) -> bool {
    let session::Error::Store(session_store::Error::Backend(text)) = error else {
        return false;
    };
    text.starts_with(TRANSIENT)
}

pub(super) fn session_hash(id: &Id) -> TokenHash {
    TokenHash::of(&id.0.to_be_bytes())
}

fn into_map(data: Value) -> HashMap<String, Value> {
    match data {
        Value::Object(map) => map.into_iter().collect(),
        _ => HashMap::new(),
    }
}
