//! Sessions and connected apps, as FedCM needs them.

use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// The person of a live session, and its epoch.
pub(super) async fn find_person(
    db: impl Executor<'_>,
    session: &[u8],
    now: Timestamp,
) -> db::Result<Option<(PersonId, CredentialEpoch)>> {
    let row = sqlx::query!(
        r#"select s.person_id, s.epoch from sessions s
           join people p on p.id = s.person_id
           where s.hash = $1 and is_live(s, $2) and p.suspended_at is null and p.epoch = s.epoch"#,
        session,
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (PersonId(row.person_id), CredentialEpoch(row.epoch))))
}

/// The client ids of the apps that a person has connected.
pub(super) async fn list_connected(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Vec<String>> {
    let clients = sqlx::query_scalar!(
        "select a.client_id from grants g join apps a on a.id = g.app_id
         where g.person_id = $1 and g.ended_at is null and a.suspended_at is null
         order by a.client_id",
        person.0,
    )
    .fetch_all(db)
    .await?;
    Ok(clients)
}
