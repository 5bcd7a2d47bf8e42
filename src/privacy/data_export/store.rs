//! The statements of the export and of the deletion.

use serde_json::Value;

use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// Everything that is stored about a person, table by table, as one JSON object, except what authenticates
/// them (hashes of passwords, tokens and sessions), which is useless to them and useful to a thief.
#[expect(
    clippy::too_many_lines,
    reason = "one statement, so that it is all of one moment"
)]
pub(super) async fn find_everything(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<Value>> {
    let everything = sqlx::query_scalar!(
        r#"select jsonb_build_object(
             'person', to_jsonb(p) - 'epoch',
             'address', (select to_jsonb(t) - 'person_id' from addresses t where person_id = p.id),
             'programme', (select to_jsonb(t) - 'person_id' from programmes t where person_id = p.id),
             'contacts', (select coalesce(jsonb_agg(to_jsonb(t) - 'person_id' order by t.id), '[]')
               from contacts t where t.person_id = p.id),
             'secondary_emails', (select coalesce(jsonb_agg(to_jsonb(t) - 'person_id' order by t.id), '[]')
               from secondary_emails t where t.person_id = p.id),
             'ways_to_sign_in', (select coalesce(jsonb_agg(to_jsonb(t) - 'person_id'
                 order by t.linked_at, t.provider), '[]')
               from linked_identities t where t.person_id = p.id),
             'mailboxes_proved', (select coalesce(jsonb_agg(to_jsonb(o) - 'provider' order by o.roll), '[]')
               from associations o join linked_identities i on i.provider = o.provider and i.subject = o.roll
               where i.person_id = p.id),
             'proofs_begun', (select coalesce(jsonb_agg(jsonb_build_object('roll', t.roll, 'email', t.email,
                 'started_at', t.started_at, 'question_seen_at', t.question_seen_at,
                 'completed_at', t.completed_at) order by t.started_at), '[]')
               from association_proofs t where t.person_id = p.id),
             'password', (select jsonb_build_object('set_at', set_at) from passwords t where person_id = p.id),
             'sessions', (select coalesce(jsonb_agg(jsonb_build_object('device', t.data #>> '{visit,device}',
                 'place', t.data #>> '{visit,place}', 'started_at', started_at, 'last_seen_at', last_seen_at, 'ends_at', ends_at) order by started_at), '[]')
               from sessions t where t.person_id = p.id),
             'connected_apps', (select coalesce(jsonb_agg(to_jsonb(t) - 'person_id' || jsonb_build_object(
                 'app', a.name,
                 'sign_ins', (select coalesce(jsonb_agg(jsonb_build_object('started_at', f.started_at,
                     'ended_at', f.ended_at, 'scopes', f.scopes, 'fields', f.fields,
                     'tokens', (select coalesce(jsonb_agg(jsonb_build_object('issued_at', k.issued_at,
                         'used_at', k.used_at, 'rotated_at', k.rotated_at) order by k.issued_at), '[]')
                       from token_pairs k where k.family_id = f.id)) order by f.started_at), '[]')
                   from token_families f where f.grant_id = t.id)) order by t.granted_at), '[]')
               from grants t join apps a on a.id = t.app_id where t.person_id = p.id),
             'questions_of_apps', (select coalesce(jsonb_agg(jsonb_build_object('app', a.name,
                 'scopes', t.scopes, 'requested_at', t.requested_at, 'decided_at', t.decided_at)
                 order by t.requested_at), '[]')
               from authorization_requests t join apps a on a.id = t.app_id where t.person_id = p.id),
             'read_by_apps', (select coalesce(jsonb_agg(to_jsonb(r) order by r.last), '[]')
               from (select a.name as app, field, sum(t.read_count) as read_count, max(t.read_at) as last
                     from field_reads t join apps a on a.id = t.app_id cross join unnest(t.fields) as field
                     where t.person_id = p.id
                     group by a.id, a.name, field, date_trunc('day', t.read_at)) r),
             'own_apps', (select coalesce(jsonb_agg(to_jsonb(t) - 'owner_id' || jsonb_build_object(
                 'secrets', (select coalesce(jsonb_agg(jsonb_build_object('ends_in', s.hint,
                     'created_at', s.created_at, 'last_used_at', s.last_used_at) order by s.created_at), '[]')
                   from app_secrets s where s.app_id = t.id),
                 'look_up_tokens', (select coalesce(jsonb_agg(jsonb_build_object('ends_in', l.hint,
                     'created_at', l.created_at, 'last_used_at', l.last_used_at) order by l.created_at), '[]')
                   from app_tokens l where l.app_id = t.id and l.hint is not null)) order by t.created_at), '[]')
               from apps t where t.owner_id = p.id),
             'letters', (select coalesce(jsonb_agg(jsonb_build_object('template', t.template,
                 'queued_at', t.queued_at, 'sent_at', t.sent_at) order by t.queued_at), '[]')
               from outbox t where t.person_id = p.id),
             'mails_of_apps', (select coalesce(jsonb_agg(jsonb_build_object('app', a.name,
                 'message_id', t.message_id, 'started_at', t.started_at, 'status', t.status, 'error', t.error)
                 order by t.started_at), '[]')
               from sent_mails t join apps a on a.id = t.app_id where t.person_id = p.id),
             'receipts', (select coalesce(jsonb_agg(jsonb_build_object('entry', t.id,
                 'agreed_at', (select happened_at from audit_log where id = t.id),
                 'app', t.app_name, 'client_id', t.client_id) order by t.id), '[]')
               from receipts t where t.person_id = p.id),
             'closing', (select jsonb_build_object('requested_at', t.requested_at) from account_closures t where t.person_id = p.id),
             'history', (select coalesce(jsonb_agg(to_jsonb(t) - 'person_id' || jsonb_build_object(
                 'app', a.name) order by t.happened_at, t.id), '[]')
               from audit_log t left join apps a on a.id = t.app_id
               where t.person_id = p.id or t.actor_id = p.id)
           ) as "everything!"
           from people p where p.id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(everything)
}

/// The files of the pictures of a person and of their apps.
#[derive(Debug)]
pub(super) struct PictureFiles {
    pub portrait: Option<String>,
    pub logos: Vec<String>,
}

pub(super) async fn find_pictures(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<PictureFiles>> {
    let row = sqlx::query!(
        r#"select profile_picture,
                  array(select logo from apps where owner_id = people.id and logo is not null) as "logos!"
           from people where id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| PictureFiles {
        portrait: row.profile_picture,
        logos: row.logos,
    }))
}

/// Deletes what refers to a mailbox or a roll number of a person instead of the person: mails to their
/// addresses, and proofs without a person.
pub(super) async fn delete_traces(db: impl Executor<'_>, person: PersonId) -> db::Result<()> {
    sqlx::query!(
        "with mailboxes as (
           select lower(email) as address from people where id = $1
           union select lower(email) from secondary_emails where person_id = $1
           union select lower(o.email) from associations o
             join linked_identities i on i.provider = o.provider and i.subject = o.roll
             where i.person_id = $1
         ), letters as (
           delete from mail_recipients where lower(address) in (select address from mailboxes)
         )
         delete from association_proofs
         where person_id is null
           and (lower(email) in (select address from mailboxes)
             or roll in (select upper(subject) from linked_identities where person_id = $1))",
        person.0
    )
    .execute(db)
    .await?;
    Ok(())
}
