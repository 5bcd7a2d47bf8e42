//! Live grants with the details of their apps.

use super::model::{ConnectedApp, FormerApp, MailRecord};
use crate::people::fields::FieldSet;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, PersonId};
use crate::protocol::scope::{GrantedAccess, Scope, ScopeSet};

/// All connected apps of a person by name, or only `app`.
pub(super) async fn list(
    db: impl Executor<'_>,
    person: PersonId,
    app: Option<AppId>,
) -> db::Result<Vec<ConnectedApp>> {
    let rows = sqlx::query!(
        r#"select apps.id, apps.name, apps.logo, apps.website, apps.privacy_policy, apps.contact,
                  coalesce(nullif(trim(owner.first_name || ' ' || owner.last_name), ''),
                           owner.username) as "owner_name!",
                  owner.username as owner_username,
                  grants.scopes, grants.fields, grants.refused_fields, grants.refused_scopes,
                  grants.granted_at, grants.last_used_at,
                  (select min(granted_at) from grants before
                   where before.person_id = grants.person_id and before.app_id = grants.app_id) as "first_given!"
           from grants
           join apps on apps.id = grants.app_id
           join people owner on owner.id = apps.owner_id
           where grants.person_id = $1 and grants.ended_at is null
             and ($2::uuid is null or apps.id = $2)
           order by lower(apps.name), apps.id"#,
        person.0,
        app.map(|app| app.0),
    )
    .fetch_all(db)
    .await?;
    let connections = rows.into_iter().map(|row| ConnectedApp {
        app: AppId(row.id),
        name: row.name,
        logo: row.logo,
        website: row.website,
        privacy_policy: row.privacy_policy,
        contact: row.contact,
        owner_name: row.owner_name,
        owner_username: row.owner_username,
        share: GrantedAccess::of(
            ScopeSet::of_names(&row.scopes),
            FieldSet::of_names(&row.fields),
        ),
        refused: FieldSet::of_names(&row.refused_fields),
        refuses_mail: ScopeSet::of_names(&row.refused_scopes).contains(Scope::SendMail)
            && !ScopeSet::of_names(&row.scopes).contains(Scope::SendMail),
        since: row.granted_at,
        first_given: row.first_given,
        last_used: row.last_used_at,
    });
    Ok(connections.collect())
}

/// The latest hundred mails of `app` to a person; without `app`, of apps that are no longer connected.
pub(super) async fn list_mails(
    db: impl Executor<'_>,
    person: PersonId,
    app: Option<AppId>,
) -> db::Result<Vec<MailRecord>> {
    let rows = sqlx::query!(
        "select apps.name, m.message_id, m.started_at, m.status
         from sent_mails m
         join apps on apps.id = m.app_id
         where m.person_id = $1 and (m.app_id = $2 or $2 is null and not exists (
           select from grants g
           where g.person_id = m.person_id and g.app_id = m.app_id and g.ended_at is null))
         order by m.started_at desc limit 100",
        person.0,
        app.map(|app| app.0),
    )
    .fetch_all(db)
    .await?;
    let mails = rows.into_iter().map(|row| MailRecord {
        app_name: row.name,
        message_id: row.message_id,
        at: row.started_at,
        status: row.status,
    });
    Ok(mails.collect())
}

/// The reads of apps that are not connected, latest first: apps whose access was removed, and apps that
/// looked the person up.
pub(super) async fn list_unconnected(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Vec<FormerApp>> {
    let rows = sqlx::query!(
        r#"select a.name, sum(r.read_count) as "read_count!", max(r.read_at) as "last!",
                  (select array_agg(distinct field)
                   from field_reads f cross join unnest(f.fields) as field
                   where f.person_id = $1 and f.app_id = a.id) as "fields!"
           from field_reads r
           join apps a on a.id = r.app_id
           where r.person_id = $1 and not exists (
             select from grants g
             where g.person_id = $1 and g.app_id = a.id and g.ended_at is null)
           group by a.id order by "last!" desc limit 100"#,
        person.0
    )
    .fetch_all(db)
    .await?;
    let apps = rows.into_iter().map(|row| FormerApp {
        app_name: row.name,
        fields: FieldSet::of_names(&row.fields),
        times: row.read_count,
        last: row.last,
    });
    Ok(apps.collect())
}
