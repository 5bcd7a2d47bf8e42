//! A person's sessions and sign-ins in the database.

use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// A session.
#[derive(Debug)]
pub(super) struct SessionRow {
    /// SHA-256 of the session's id, in hexadecimal: names the session and opens nothing.
    pub name: String,
    pub device: Option<String>,
    /// The name of the campus network it signed in from.
    pub place: Option<String>,
    pub since: Timestamp,
    pub last_seen: Timestamp,
}

/// Live sessions, the last one seen first.
pub(super) async fn list_live(
    db: impl Executor<'_>,
    person: PersonId,
    now: Timestamp,
) -> db::Result<Vec<SessionRow>> {
    let rows = sqlx::query!(
        r#"select encode(hash, 'hex') as "name!", data #>> '{visit,device}' as device,
                  data #>> '{visit,place}' as place, started_at, last_seen_at
           from sessions s
           join people p on p.id = s.person_id and p.epoch = s.epoch
           where s.person_id = $1 and is_live(s, $2)
           order by last_seen_at desc, hash"#,
        person.0,
        now
    )
    .fetch_all(db)
    .await?;
    let browsers = rows.into_iter().map(|row| SessionRow {
        name: row.name,
        device: row.device,
        place: row.place,
        since: row.started_at,
        last_seen: row.last_seen_at,
    });
    Ok(browsers.collect())
}

/// Ends a session of a person. False if there is none with this name.
pub(super) async fn delete_one(
    db: impl Executor<'_>,
    person: PersonId,
    name: &str,
) -> db::Result<bool> {
    let deleted = sqlx::query!(
        "delete from sessions where person_id = $1 and encode(hash, 'hex') = $2",
        person.0,
        name
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

/// A sign-in, with its connector.
#[derive(Debug)]
pub(super) struct SignInRow {
    pub at: Timestamp,
    pub through: Option<String>,
}

/// Sign-ins since a moment, newest first, two hundred at most.
pub(super) async fn list_sign_ins(
    db: impl Executor<'_>,
    person: PersonId,
    since: Timestamp,
) -> db::Result<Vec<SignInRow>> {
    let rows = sqlx::query!(
        "select happened_at, detail ->> 'through' as through from audit_log
         where person_id = $1 and action = 'person.signed_in' and happened_at > $2
         order by happened_at desc limit 200",
        person.0,
        since
    )
    .fetch_all(db)
    .await?;
    let sign_ins = rows.into_iter().map(|row| SignInRow {
        at: row.happened_at,
        through: row.through,
    });
    Ok(sign_ins.collect())
}
