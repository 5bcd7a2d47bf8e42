//! Reads in the database.

use std::time::Duration;

use uuid::Uuid;

use super::model::{FieldReads, ReadBatch};
use crate::people::fields::Field;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, PersonId};

/// A process that has not reported for so long has ended.
const ENDED_AFTER: Duration = Duration::from_mins(1);

/// Inserts a batch and reports up to when the process is complete, in one statement. People and apps that
/// were deleted in the meantime are left out.
pub(super) async fn insert(
    db: impl Executor<'_>,
    process: Uuid,
    batch: &ReadBatch,
) -> db::Result<()> {
    let (mut people, mut apps, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let (mut times, mut moments) = (Vec::new(), Vec::new());
    for (key, count) in &batch.counts {
        people.push(key.person.0);
        apps.push(key.app.0);
        fields.push(key.fields.to_string());
        times.push(count.times);
        moments.push(count.last);
    }
    sqlx::query!(
        "with said as (
           insert into access_log_processes (id, complete_up_to) values ($1, $2)
           on conflict (id) do update set complete_up_to = excluded.complete_up_to
         )
         insert into field_reads (person_id, app_id, fields, read_count, read_at)
         select p.id, a.id, string_to_array(r.fields, ' '), r.read_count, r.read_at
         from unnest($3::integer[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[])
              as r (person_id, app_id, fields, read_count, read_at)
         join people p on p.id = r.person_id
         join apps a on a.id = r.app_id",
        process,
        batch.up_to,
        &people,
        &apps,
        &fields,
        &times,
        &moments,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What an app has read of a person, field by field.
pub async fn list_readings(
    db: impl Executor<'_>,
    person: PersonId,
    app: AppId,
) -> db::Result<Vec<FieldReads>> {
    let rows = sqlx::query!(
        r#"select field as "field!", sum(read_count) as "read_count!", max(read_at) as "last!"
           from field_reads cross join unnest(fields) as field
           where person_id = $1 and app_id = $2 group by field"#,
        person.0,
        app.0
    )
    .fetch_all(db)
    .await?;
    let readings = rows.into_iter().filter_map(|row| {
        Some(FieldReads {
            field: Field::named(&row.field)?,
            times: row.read_count,
            last: row.last,
        })
    });
    Ok(readings.collect())
}

/// The moment up to which the reads of every running process are in the database; `now` if none runs.
pub async fn find_complete_up_to(db: impl Executor<'_>, now: Timestamp) -> db::Result<Timestamp> {
    let earliest = sqlx::query_scalar!(
        "select min(complete_up_to) from access_log_processes where complete_up_to > $1",
        now - ENDED_AFTER
    )
    .fetch_one(db)
    .await?;
    Ok(earliest.unwrap_or(now))
}

/// Deletes the reads before a moment, and the reports of ended processes.
pub(super) async fn delete_read_before(
    db: impl Executor<'_>,
    before: Timestamp,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with ended as (delete from access_log_processes where complete_up_to < $2)
         delete from field_reads where read_at < $1",
        before,
        now - ENDED_AFTER * 60
    )
    .execute(db)
    .await?;
    Ok(())
}
