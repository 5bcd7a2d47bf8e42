//! People in the database.

use std::sync::LazyLock;

use sqlx::types::Json;

use super::Person;
use super::details::{ColumnUpdates, ContactNumber, Email, Username};
use super::model::{ChoiceKind, LinkedIdentity, ListChoice, OwnEmail};
use crate::people::fields::{FIELDS, FieldRow, FieldSource};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::{Executor, Tx};
use crate::platform::id::PersonId;
use crate::platform::secret::SecretHash;

/// A person who may sign in; none for a suspended one.
pub async fn find(db: impl Executor<'_>, id: PersonId) -> db::Result<Option<Person>> {
    let row = sqlx::query!(
        r#"select person as "person!: Json<Person>" from person_records
           where id = $1 and suspended_at is null"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.person.0))
}

/// The person with this username in any case, suspended or not.
pub async fn find_id(db: impl Executor<'_>, username: &str) -> db::Result<Option<PersonId>> {
    let id = sqlx::query_scalar!(
        "select id from people where lower(username) = $1",
        username.to_ascii_lowercase()
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(PersonId))
}

/// The person who owns this identity, suspended or not.
pub async fn find_owner(
    db: impl Executor<'_>,
    provider: &str,
    subject: &str,
) -> db::Result<Option<PersonId>> {
    let id = sqlx::query_scalar!(
        "select person_id from linked_identities where provider = $1 and subject = $2",
        provider,
        subject
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(PersonId))
}

/// The owner of the identity with this stable id, suspended or not.
pub(super) async fn find_owner_by_stable_id(
    db: impl Executor<'_>,
    provider: &str,
    stable_id: &str,
) -> db::Result<Option<PersonId>> {
    let id = sqlx::query_scalar!(
        "select person_id from linked_identities where provider = $1 and stable_id = $2",
        provider,
        stable_id
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(PersonId))
}

/// The newest credential event of all people.
pub async fn find_newest_epoch(db: impl Executor<'_>) -> db::Result<CredentialEpoch> {
    let epoch = sqlx::query_scalar!(r#"select coalesce(max(epoch), 0) as "epoch!" from people"#)
        .fetch_one(db)
        .await?;
    Ok(CredentialEpoch(epoch))
}

/// The epoch of a person; none if they were deleted.
pub async fn find_epoch(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<CredentialEpoch>> {
    let epoch = sqlx::query_scalar!("select epoch from people where id = $1", person.0)
        .fetch_optional(db)
        .await?;
    Ok(epoch.map(CredentialEpoch))
}

/// The epoch of a person whose row is locked.
#[derive(Debug)]
pub(super) struct LockedEpoch {
    pub epoch: CredentialEpoch,
    pub is_suspended: bool,
}

/// Locks a person until the transaction ends. The lock lets others insert rows that refer to the person.
pub(super) async fn lock_epoch(tx: &mut Tx, person: PersonId) -> db::Result<Option<LockedEpoch>> {
    let row = sqlx::query!(
        r#"select epoch, suspended_at is not null as "is_suspended!" from people
           where id = $1 for no key update"#,
        person.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| LockedEpoch {
        epoch: CredentialEpoch(row.epoch),
        is_suspended: row.is_suspended,
    }))
}

pub(super) async fn raise_epoch(tx: &mut Tx, person: PersonId) -> db::Result<CredentialEpoch> {
    let epoch = sqlx::query_scalar!(
        "update people set epoch = nextval('credential_events') where id = $1 returning epoch",
        person.0
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(CredentialEpoch(epoch))
}

/// Locks an identity until the transaction ends.
pub(super) async fn lock_identity(tx: &mut Tx, provider: &str, subject: &str) -> db::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1 || ':' || $2, 0))::text",
        provider,
        subject
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// An identity that was used now, with the stable id that is stored for it.
#[derive(Debug)]
pub(super) struct IdentityUse {
    pub person: PersonId,
    pub stable_id: Option<String>,
    /// Whether the person was created from the claims of this provider, so that a directory updates them. A
    /// linked identity only signs in.
    pub is_authoritative: bool,
}

/// Records the use of an identity; none for a suspended person. A stable id that is stored never changes.
pub(super) async fn mark_identity_used(
    db: impl Executor<'_>,
    provider: &str,
    subject: &str,
    stable_id: Option<&str>,
    now: Timestamp,
) -> db::Result<Option<IdentityUse>> {
    let row = sqlx::query!(
        "update linked_identities i set last_used_at = $4, stable_id = coalesce(i.stable_id, $3) from people p
         where i.provider = $1 and i.subject = $2
           and p.id = i.person_id and p.suspended_at is null
         returning i.person_id, i.stable_id, i.is_authoritative",
        provider,
        subject,
        stable_id,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| IdentityUse {
        person: PersonId(row.person_id),
        stable_id: row.stable_id,
        is_authoritative: row.is_authoritative,
    }))
}

pub(super) async fn mark_not_authoritative(
    db: impl Executor<'_>,
    provider: &str,
    subject: &str,
) -> db::Result<()> {
    sqlx::query!(
        "update linked_identities set is_authoritative = false where provider = $1 and subject = $2",
        provider,
        subject
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Changes the subject of the identity with this stable id, unless the new subject exists. Returns its
/// person.
pub(super) async fn rename_identity(
    db: impl Executor<'_>,
    provider: &str,
    stable_id: &str,
    subject: &str,
) -> db::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "update linked_identities set subject = $3
         where provider = $1 and stable_id = $2
           and not exists (select from linked_identities where provider = $1 and subject = $3)
         returning person_id",
        provider,
        stable_id,
        subject
    )
    .fetch_optional(db)
    .await?;
    Ok(person.map(PersonId))
}

/// The identities of a person, the oldest first.
pub async fn list_identities(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Vec<LinkedIdentity>> {
    let ways = sqlx::query_as!(
        LinkedIdentity,
        "select provider, subject, linked_at, last_used_at from linked_identities
         where person_id = $1 order by linked_at, provider, subject",
        person.0
    )
    .fetch_all(db)
    .await?;
    Ok(ways)
}

/// Returns whether the person had it.
pub(super) async fn delete_identity(
    db: impl Executor<'_>,
    person: PersonId,
    provider: &str,
    subject: &str,
) -> db::Result<bool> {
    let done = sqlx::query!(
        "delete from linked_identities where person_id = $1 and provider = $2 and subject = $3",
        person.0,
        provider,
        subject
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Inserts an identity unless it exists. Returns the person who owns it then.
pub(super) async fn insert_identity(
    tx: &mut Tx,
    provider: &str,
    subject: &str,
    person: PersonId,
    now: Timestamp,
) -> db::Result<PersonId> {
    sqlx::query!(
        "insert into linked_identities (provider, subject, person_id, linked_at) values ($1, $2, $3, $4)
         on conflict (provider, subject) do nothing",
        provider,
        subject,
        person.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    let owner = sqlx::query_scalar!(
        "select person_id from linked_identities where provider = $1 and subject = $2",
        provider,
        subject
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(PersonId(owner))
}

/// Inserts a person with a username only. Without `id`, the next id of the sequence.
pub(super) async fn insert(
    db: impl Executor<'_>,
    username: &Username,
    id: Option<PersonId>,
    now: Timestamp,
) -> db::Result<PersonId> {
    let id = sqlx::query_scalar!(
        "insert into people (id, username, created_at, updated_at)
         values (coalesce($1, nextval(pg_get_serial_sequence('people', 'id'))::integer), $2, $3, $3)
         returning id",
        id.map(|id| id.0),
        username.as_str(),
        now
    )
    .fetch_one(db)
    .await?;
    Ok(PersonId(id))
}

/// Moves the sequence of ids above `up_to`.
pub(super) async fn mark_ids_used(db: impl Executor<'_>, up_to: PersonId) -> db::Result<()> {
    sqlx::query!(
        r#"select setval(pg_get_serial_sequence('people', 'id'), greatest($1::bigint,
             (select case when is_called then last_value else last_value - 1 end from people_id_seq)))
           as "last!""#,
        i64::from(up_to.0)
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

// Decision: the three statements below get their columns from the table of fields when the program starts, instead of
// being checked when it is built, because a new text field then needs no new SQL. They hold no input: values are
// parameters. Every change of a person runs one of them, so a column that the database does not have fails at once.

/// Sets the columns of these fields to what a JSON object (`$2`) has for them; the others keep their values.
fn update_statement(fields: impl Fn(&FieldRow) -> bool, more: &[&str], rest: &str) -> String {
    let columns = FIELDS.iter().filter(|row| fields(row));
    let columns = columns.filter_map(|row| row.column);
    let columns: Vec<&str> = columns.chain(more.iter().copied()).collect();
    let values: Vec<String> = columns.iter().map(|column| format!("n.{column}")).collect();
    format!(
        "update people p set ({columns}) = (select {values} from {rest}",
        columns = columns.join(", "),
        values = values.join(", "),
    )
}

fn is_of_campus(row: &FieldRow) -> bool {
    row.source == FieldSource::CampusSystem
}

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let rest = "jsonb_populate_record(p, $2) n), updated_at = $3 where p.id = $1 returning p.email";
    update_statement(|_| true, &["is_admin"], rest)
});

/// Changes the columns that are given. Returns the primary address afterwards.
#[expect(
    clippy::disallowed_methods,
    reason = "the columns come from the table of fields"
)]
pub(super) async fn update(
    db: impl Executor<'_>,
    id: PersonId,
    columns: &ColumnUpdates,
    now: Timestamp,
) -> db::Result<String> {
    let email = sqlx::query_scalar(UPDATE.as_str())
        .bind(id.0)
        .bind(Json(columns))
        .bind(now)
        .fetch_one(db)
        .await?;
    Ok(email)
}

static REFRESH: LazyLock<String> = LazyLock::new(|| {
    let rest = "jsonb_populate_record(p, $2) n), updated_at = $3
                where p.id = $1 and not to_jsonb(p) @> $2";
    update_statement(is_of_campus, &[], rest)
});

/// Changes the columns of campus systems that are given, if one of them differs. Returns whether one did.
#[expect(
    clippy::disallowed_methods,
    reason = "the columns come from the table of fields"
)]
pub(super) async fn refresh(
    db: impl Executor<'_>,
    id: PersonId,
    columns: &ColumnUpdates,
    now: Timestamp,
) -> db::Result<bool> {
    let done = sqlx::query(REFRESH.as_str())
        .bind(id.0)
        .bind(Json(columns))
        .bind(now)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Records the campus system whose claims created this person.
pub(super) async fn mark_source(
    db: impl Executor<'_>,
    id: PersonId,
    provider: &str,
    names_are_editable: bool,
) -> db::Result<()> {
    sqlx::query!(
        "update people set managed_by = $2, names_are_editable = $3 where id = $1",
        id.0,
        provider,
        names_are_editable
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a person may change their names.
pub(super) async fn owns_names(db: impl Executor<'_>, id: PersonId) -> db::Result<bool> {
    let own = sqlx::query_scalar!("select names_are_editable from people where id = $1", id.0)
        .fetch_one(db)
        .await?;
    Ok(own)
}

static FILL: LazyLock<String> = LazyLock::new(|| {
    let rest = "jsonb_populate_record(p, (
                  select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each($2::jsonb)
                  where coalesce(to_jsonb(p) ->> key, '') = '')) n),
                updated_at = $3 where p.id = $1";
    update_statement(|row| is_of_campus(row) && row.is_text_column(), &[], rest)
});

/// Writes what is given into the text columns of campus systems that are empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the columns come from the table of fields"
)]
pub(super) async fn fill_empty(
    db: impl Executor<'_>,
    id: PersonId,
    columns: &ColumnUpdates,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query(FILL.as_str())
        .bind(id.0)
        .bind(Json(columns))
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// Locks a person until the transaction ends. Returns the file of their picture; none for an unknown or
/// suspended person.
pub(super) async fn lock(tx: &mut Tx, id: PersonId) -> db::Result<Option<Option<String>>> {
    let picture = sqlx::query_scalar!(
        "select profile_picture from people where id = $1 and suspended_at is null for no key update",
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(picture)
}

pub(super) async fn find_picture(
    db: impl Executor<'_>,
    id: PersonId,
) -> db::Result<Option<String>> {
    let file = sqlx::query_scalar!("select profile_picture from people where id = $1", id.0)
        .fetch_optional(db)
        .await?;
    Ok(file.flatten())
}

/// Every entry of every list, retired ones included: departments by name, the others by position.
pub async fn list_choices(db: impl Executor<'_>) -> db::Result<Vec<ListChoice>> {
    let choices = sqlx::query_as!(
        ListChoice,
        r#"select kind, code, name, has_wings, retired_at is not null as "is_retired!" from choices
           order by kind, case when kind = 'department' then lower(name) collate "C" end, position,
                    code"#
    )
    .fetch_all(db)
    .await?;
    Ok(choices)
}

pub(super) async fn find_choice(
    db: impl Executor<'_>,
    kind: ChoiceKind,
    code: &str,
) -> db::Result<Option<ListChoice>> {
    let choice = sqlx::query_as!(
        ListChoice,
        r#"select kind, code, name, has_wings, retired_at is not null as "is_retired!" from choices
           where kind = $1 and code = $2"#,
        kind.as_str(),
        code
    )
    .fetch_optional(db)
    .await?;
    Ok(choice)
}

/// Appends an entry to its list. An existing one gets this name and is offered again.
pub(super) async fn put_choice(
    db: impl Executor<'_>,
    kind: ChoiceKind,
    code: &str,
    name: &str,
    has_wings: bool,
) -> db::Result<()> {
    sqlx::query!(
        "insert into choices (kind, code, name, position, has_wings)
         select $1, $2, $3, coalesce(max(position), 0) + 1, $4 from choices where kind = $1
         on conflict (kind, code) do update
         set name = excluded.name, has_wings = excluded.has_wings, retired_at = null",
        kind.as_str(),
        code,
        name,
        has_wings
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Retires an entry. False if there is none.
pub(super) async fn mark_choice_retired(
    db: impl Executor<'_>,
    kind: ChoiceKind,
    code: &str,
    now: Timestamp,
) -> db::Result<bool> {
    let done = sqlx::query!(
        "update choices set retired_at = coalesce(retired_at, $3) where kind = $1 and code = $2",
        kind.as_str(),
        code,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[derive(Debug, Default)]
pub(super) struct AddressRow {
    pub hostel: Option<String>,
    pub room: Option<String>,
}

pub(super) async fn find_address(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<AddressRow>> {
    let row = sqlx::query_as!(
        AddressRow,
        "select hostel, room from addresses where person_id = $1",
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// Writes an address; an empty one is deleted.
pub(super) async fn put_address(
    tx: &mut Tx,
    person: PersonId,
    address: &AddressRow,
) -> db::Result<()> {
    if address.hostel.is_none() && address.room.is_none() {
        sqlx::query!("delete from addresses where person_id = $1", person.0)
            .execute(&mut **tx)
            .await?;
        return Ok(());
    }
    sqlx::query!(
        "insert into addresses (person_id, hostel, room) values ($1, $2, $3)
         on conflict (person_id) do update set hostel = excluded.hostel, room = excluded.room",
        person.0,
        address.hostel,
        address.room
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(Debug, Default)]
pub(super) struct ProgrammeRow {
    pub department: Option<String>,
    pub degree: Option<String>,
    pub join_year: Option<i32>,
    pub graduation_year: Option<i32>,
}

pub(super) async fn find_programme(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<ProgrammeRow>> {
    let row = sqlx::query_as!(
        ProgrammeRow,
        "select department, degree, join_year, graduation_year from programmes where person_id = $1",
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row)
}

/// Writes a programme; an empty one is deleted.
pub(super) async fn put_programme(
    tx: &mut Tx,
    person: PersonId,
    programme: &ProgrammeRow,
    is_inferred: bool,
) -> db::Result<()> {
    let says_nothing = programme.department.is_none()
        && programme.degree.is_none()
        && programme.join_year.is_none()
        && programme.graduation_year.is_none();
    if says_nothing {
        sqlx::query!("delete from programmes where person_id = $1", person.0)
            .execute(&mut **tx)
            .await?;
        return Ok(());
    }
    sqlx::query!(
        "insert into programmes
           (person_id, department, degree, join_year, graduation_year, is_inferred)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (person_id) do update
         set department = excluded.department, degree = excluded.degree,
             join_year = excluded.join_year, graduation_year = excluded.graduation_year,
             is_inferred = excluded.is_inferred",
        person.0,
        programme.department,
        programme.degree,
        programme.join_year,
        programme.graduation_year,
        is_inferred
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces the contact numbers. A number that stays keeps its id.
pub(super) async fn put_contacts(
    tx: &mut Tx,
    person: PersonId,
    numbers: &[ContactNumber],
) -> db::Result<()> {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "delete from contacts where person_id = $1 and not number = any($2)",
        person.0,
        &numbers
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into contacts (person_id, number)
         select $1, number from unnest($2::text[]) with ordinality as n (number, position)
         order by position
         on conflict (person_id, number) do nothing",
        person.0,
        &numbers
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn delete_other_emails(tx: &mut Tx, person: PersonId, kept: &[String]) -> db::Result<()> {
    sqlx::query!(
        "delete from secondary_emails where person_id = $1
         and not lower(email) = any(select lower(kept) from unnest($2::text[]) as n (kept))",
        person.0,
        kept
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces the secondary addresses with verified ones. An address that stays keeps its id.
pub(super) async fn put_secondary_emails(
    tx: &mut Tx,
    person: PersonId,
    emails: &[Email],
    now: Timestamp,
) -> db::Result<()> {
    let emails: Vec<String> = emails.iter().map(ToString::to_string).collect();
    delete_other_emails(tx, person, &emails).await?;
    sqlx::query!(
        "insert into secondary_emails (person_id, email, verified_at)
         select $1, email, $3 from unnest($2::text[]) with ordinality as n (email, position)
         order by position
         on conflict (person_id, lower(email)) do update
         set email = excluded.email,
             verified_at = coalesce(secondary_emails.verified_at, excluded.verified_at)",
        person.0,
        &emails,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// When an account was closed; none for an open one.
pub async fn find_closing(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Option<Timestamp>> {
    let asked_at = sqlx::query_scalar!(
        "select requested_at from account_closures where person_id = $1",
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(asked_at)
}

pub(super) async fn insert_closing(
    db: impl Executor<'_>,
    person: PersonId,
    now: Timestamp,
) -> db::Result<bool> {
    let inserted = sqlx::query!(
        "insert into account_closures (person_id, requested_at) values ($1, $2) on conflict do nothing",
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

pub(super) async fn delete_closing(db: impl Executor<'_>, person: PersonId) -> db::Result<bool> {
    let deleted = sqlx::query!(
        "delete from account_closures where person_id = $1",
        person.0
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

pub(super) async fn list_closings_before(
    db: impl Executor<'_>,
    asked_before: Timestamp,
) -> db::Result<Vec<PersonId>> {
    let ids = sqlx::query_scalar!(
        "select person_id from account_closures where requested_at <= $1 order by requested_at limit 100",
        asked_before
    )
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(PersonId).collect())
}

/// Deletes a person; rows of every other table that refer to them follow. A simultaneous reopening is
/// waited for, and wins.
pub(super) async fn delete_closed_person(
    db: impl Executor<'_>,
    person: PersonId,
    asked_before: Timestamp,
) -> db::Result<bool> {
    let deleted = sqlx::query!(
        "with due as (
           delete from account_closures where person_id = $1 and requested_at <= $2 returning person_id
         )
         delete from people using due where id = due.person_id",
        person.0,
        asked_before
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Replaces the secondary addresses. Returns the ids of new ones, which are unverified.
pub(super) async fn put_own_emails(
    tx: &mut Tx,
    person: PersonId,
    emails: &[Email],
) -> db::Result<Vec<i32>> {
    let emails: Vec<String> = emails.iter().map(ToString::to_string).collect();
    delete_other_emails(tx, person, &emails).await?;
    let new = sqlx::query_scalar!(
        "insert into secondary_emails (person_id, email)
         select $1, email from unnest($2::text[]) with ordinality as n (email, position)
         order by position
         on conflict (person_id, lower(email)) do nothing
         returning id",
        person.0,
        &emails
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(new)
}

/// The secondary addresses of a person, verified or not, in the order they were added.
pub async fn list_emails(db: impl Executor<'_>, person: PersonId) -> db::Result<Vec<OwnEmail>> {
    let emails = sqlx::query_as!(
        OwnEmail,
        r#"select id, email, verified_at is not null as "is_verified!" from secondary_emails
           where person_id = $1 order by id"#,
        person.0
    )
    .fetch_all(db)
    .await?;
    Ok(emails)
}

/// The unverified address that a valid link was mailed to.
pub async fn find_email_of_link(
    db: impl Executor<'_>,
    person: PersonId,
    link: SecretHash,
    now: Timestamp,
) -> db::Result<Option<String>> {
    let email = sqlx::query_scalar!(
        "select s.email from email_confirmations c
         join secondary_emails s on s.id = c.secondary_email_id
         join people p on p.id = s.person_id
         where c.hash = $2 and c.expires_at > $3 and s.person_id = $1 and s.verified_at is null
           and c.epoch = p.epoch",
        person.0,
        link.to_vec(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(email)
}

/// Verifies the address of a link and deletes every link to that address. The caller has locked the person.
pub(super) async fn mark_email_verified(
    db: impl Executor<'_>,
    person: PersonId,
    link: SecretHash,
    now: Timestamp,
) -> db::Result<Option<OwnEmail>> {
    let email = sqlx::query_as!(
        OwnEmail,
        r#"with proven as (
           update secondary_emails s set verified_at = $3 from email_confirmations c, people p
           where c.hash = $2 and c.expires_at > $3 and s.id = c.secondary_email_id
             and s.person_id = $1 and s.verified_at is null and p.id = s.person_id and c.epoch = p.epoch
           returning s.id, s.email
         ), used as (
           delete from email_confirmations using proven where secondary_email_id = proven.id
         )
         select id, email, true as "is_verified!" from proven"#,
        person.0,
        link.to_vec(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(email)
}
