//! The session store of tower-sessions, on the table `sessions`.
//!
//! Security: the database holds the SHA-256 of a session id and not the id, so a copy of the table
//! cannot be used to sign in.
//!
//! Security: a session holds the person's credential epoch. It is inserted only while the person has that epoch,
//! under the lock of their row, and found only as long as they have it. So a sign-in that began before a
//! credential event never becomes a session after it.
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
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::id::PersonId;
use crate::platform::secret::SecretHash;

/// The sessions table.
#[derive(Debug, Clone)]
pub struct PostgresSessionStore {
    db: Db,
    clock: SharedClock,
    idle: Duration,
}

/// `last_seen_at` is written at most this often, so that not every request is a write.
const SEEN_EVERY_SECONDS: f64 = 60.0;

/// How many sessions a person can have. A program that signs in again and again, without cookies, would otherwise
/// fill the table and the person's page of sessions.
const MAX_SESSIONS: i32 = 50;

impl PostgresSessionStore {
    pub fn new(db: Db, clock: SharedClock, idle: Duration) -> Self {
        Self { db, clock, idle }
    }

    /// Inserts a session of a person whose epoch is still that of the session, and ends those beyond
    /// [`MAX_SESSIONS`] that were seen least recently. Returns whether it did.
    async fn insert(&self, record: &Record, user: &UserSession) -> db::Result<bool> {
        let now = self.clock.now();
        let idle = match user.lifetime {
            SessionLifetime::Browser => self.idle,
            SessionLifetime::Remembered => user.lifetime.max_age(),
        };
        let inserted = sqlx::query!(
            "with person as (
               select id, epoch from people
               where id = $2 and epoch = $3 and suspended_at is null
               for share
             ), surplus as (
               delete from sessions where hash in (
                 select s.hash from sessions s join person on person.id = s.person_id
                 order by s.last_seen_at desc, s.hash offset $8 - 1
               )
             )
             insert into sessions (hash, person_id, epoch, data, started_at, last_seen_at, ends_at, idle_seconds)
             select $1, id, epoch, $4::jsonb #- '{visit,epoch}', $5, $5, $6, $7 from person",
            session_hash(&record.id).to_vec(),
            user.person.0,
            user.epoch.0,
            Value::from_iter(record.data.clone()),
            now,
            now + user.lifetime.max_age(),
            i32::try_from(idle.as_secs()).unwrap_or(i32::MAX),
            MAX_SESSIONS,
        )
        .execute(self.db.pool())
        .await?;
        Ok(inserted.rows_affected() > 0)
    }

    /// Updates the data of a session. A session that has ended meanwhile stays ended.
    async fn update(&self, record: &Record) -> db::Result<()> {
        sqlx::query!(
            "update sessions set data = $2::jsonb #- '{visit,epoch}', last_seen_at = $3 where hash = $1",
            session_hash(&record.id).to_vec(),
            Value::from_iter(record.data.clone()),
            self.clock.now(),
        )
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Finds a live session of a person who is not suspended and had no credential event since, and updates
    /// `last_seen_at`, in one statement. The column `epoch` becomes part of the data.
    async fn find(&self, id: &Id) -> db::Result<Option<Record>> {
        let row = sqlx::query!(
            r#"with live as (
                 select s.hash, jsonb_set(s.data, '{visit,epoch}', to_jsonb(s.epoch)) as data, s.last_seen_at, s.ends_at
                 from sessions s
                 join people p on p.id = s.person_id
                 where s.hash = $1 and is_live(s, $2) and p.suspended_at is null and p.epoch = s.epoch
               ), seen as (
                 update sessions s set last_seen_at = $2 from live
                 where s.hash = live.hash
                   and live.last_seen_at < $2 - make_interval(secs => $3)
               )
               select data as "data!", ends_at from live"#,
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

/// Which sessions of a person a credential event leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRetention {
    None,
    /// The session of the browser that causes the event, if there is one.
    Own(Option<SecretHash>),
    All,
}

/// Ends the sessions of a person that are not retained, and moves the others from the epoch before a credential
/// event to the one after it. Returns how many it ended.
pub async fn renew_sessions(
    tx: &mut Tx,
    person: PersonId,
    retained: SessionRetention,
    before: CredentialEpoch,
    after: CredentialEpoch,
) -> db::Result<u64> {
    let own = match retained {
        SessionRetention::Own(own) => own.map(SecretHash::to_vec),
        SessionRetention::None | SessionRetention::All => None,
    };
    sqlx::query!(
        "update sessions set epoch = $4
         where person_id = $1 and epoch = $3 and ($5 or hash = $2)",
        person.0,
        own,
        before.0,
        after.0,
        retained == SessionRetention::All,
    )
    .execute(&mut **tx)
    .await?;
    let ended = sqlx::query!(
        "delete from sessions where person_id = $1 and epoch <> $2",
        person.0,
        after.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected())
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // Only a person who is signed in has a session.
        let user = record.data.get(USER_SESSION).cloned();
        let user: Option<UserSession> = user.and_then(|user| serde_json::from_value(user).ok());
        let is_inserted = match user {
            Some(user) => self.insert(record, &user).await,
            None => Ok(false),
        };
        match is_inserted {
            Ok(true) => Ok(()),
            Ok(false) => Err(session_store::Error::Backend(SUPERSEDED.to_owned())),
            Err(error) => Err(to_store_error(&error)),
        }
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.update(record)
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
const SUPERSEDED: &str = "(superseded) a credential event of the person came before the session";

/// Whether the same request may succeed in a few seconds.
pub(super) fn is_transient(error: &session::Error) -> bool {
    has_prefix(error, TRANSIENT)
}

/// Whether a credential event came between the sign-in and its session.
pub(super) fn is_superseded(error: &session::Error) -> bool {
    has_prefix(error, SUPERSEDED)
}

fn has_prefix(error: &session::Error, prefix: &str) -> bool {
    let session::Error::Store(session_store::Error::Backend(text)) = error else {
        return false;
    };
    text.starts_with(prefix)
}

pub(super) fn session_hash(id: &Id) -> SecretHash {
    SecretHash::of(&id.0.to_be_bytes())
}

fn into_map(data: Value) -> HashMap<String, Value> {
    match data {
        Value::Object(map) => map.into_iter().collect(),
        _ => HashMap::new(),
    }
}
