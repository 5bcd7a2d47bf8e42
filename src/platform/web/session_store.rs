//! tower-sessions over our own table. The browser's id never reaches the database: rows are found by
//! its SHA-256, so whoever reads the table cannot sign in with what is there.
//!
//! tower-sessions keeps expiry by the wall clock; here it is only an outer bound. Rows live and end by
//! our own clock, in one place.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionStore, session, session_store};

use super::session::{SessionLifetime, UserSession, VISIT};
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

/// How stale `last_seen_at` may grow, so that a page view is not always a write.
const SEEN_EVERY_SECONDS: f64 = 60.0;

impl PostgresSessionStore {
    pub fn new(db: Db, clock: SharedClock, idle: Duration) -> Self {
        Self { db, clock, idle }
    }

    async fn put(&self, record: &Record) -> db::Result<()> {
        let now = self.clock.now();
        let visit = record.data.get(VISIT).cloned();
        let visit: Option<UserSession> = visit.and_then(|visit| serde_json::from_value(visit).ok());
        let lifetime = visit
            .as_ref()
            .map_or(SessionLifetime::Browser, |visit| visit.lifetime);
        let idle = match lifetime {
            SessionLifetime::Browser => self.idle,
            SessionLifetime::Remembered => lifetime.span(),
        };
        sqlx::query!(
            "insert into sessions (hash, person_id, data, started_at, last_seen_at, ends_at, idle_seconds)
             values ($1, $2, $3, $4, $4, $5, $6)
             on conflict (hash) do update
             set person_id = excluded.person_id, data = excluded.data, last_seen_at = excluded.last_seen_at",
            fingerprint(&record.id).to_vec(),
            visit.map(|visit| visit.person.0),
            Value::from_iter(record.data.clone()),
            now,
            now + lifetime.span(),
            i32::try_from(idle.as_secs()).unwrap_or(i32::MAX),
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// One statement: the row if it is alive and its person not suspended, marked as seen.
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
            fingerprint(id).to_vec(),
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

    async fn forget(&self, id: &Id) -> db::Result<()> {
        sqlx::query!(
            "delete from sessions where hash = $1",
            fingerprint(id).to_vec()
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Deletes what has ended; a job calls it.
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

/// Ends every session of a person, in every browser.
pub async fn end_sessions_of(db: impl db::Executor<'_>, person: PersonId) -> db::Result<()> {
    sqlx::query!("delete from sessions where person_id = $1", person.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends every session of a person but the one of this fingerprint, and says how many those were.
pub async fn end_other_sessions_of(
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
        self.put(record).await.map_err(|error| told(&error))
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.put(record).await.map_err(|error| told(&error))
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.find(id).await.map_err(|error| told(&error))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.forget(id).await.map_err(|error| told(&error))
    }
}

/// tower-sessions carries errors as text: the mark in front lets [`is_passing`] tell them apart.
fn told(error: &db::Error) -> session_store::Error {
    let mark = if error.is_passing() { PASSING } else { "" };
    session_store::Error::Backend(format!("{mark}{error}"))
}

const PASSING: &str = "(passing) ";

/// Whether the same request may work in a moment.
pub(super) fn is_passing(error: &session::Error) -> bool {
    let session::Error::Store(session_store::Error::Backend(text)) = error else {
        return false;
    };
    text.starts_with(PASSING)
}

pub(super) fn fingerprint(id: &Id) -> TokenHash {
    TokenHash::of(&id.0.to_be_bytes())
}

fn into_map(data: Value) -> HashMap<String, Value> {
    match data {
        Value::Object(map) => map.into_iter().collect(),
        _ => HashMap::new(),
    }
}
