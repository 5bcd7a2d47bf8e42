//! Readings in the database.

use std::time::Duration;

use uuid::Uuid;

use super::model::{FieldReads, ReadBatch};
use crate::people::fields::Field;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, PersonId};

/// A process that has said nothing for so long has ended.
const SILENT_FOR: Duration = Duration::from_mins(1);

/// Keeps a batch and says how far the process has come, in one statement. Whoever was deleted in the
/// meantime is left out.
pub(super) async fn insert(
    db: impl Executor<'_>,
    process: Uuid,
    batch: &ReadBatch,
) -> db::Result<()> {
    let (mut people, mut apps, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let (mut times, mut moments) = (Vec::new(), Vec::new());
    for (what, tally) in &batch.tallies {
        people.push(what.person.0);
        apps.push(what.app.0);
        fields.push(what.fields.to_string());
        times.push(tally.times);
        moments.push(tally.last);
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

/// What an app has read of somebody, field by field.
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

/// The moment up to which every process has written down what was read. `now` if none runs.
pub async fn find_complete_up_to(db: impl Executor<'_>, now: Timestamp) -> db::Result<Timestamp> {
    let earliest = sqlx::query_scalar!(
        "select min(complete_up_to) from access_log_processes where complete_up_to > $1",
        now - SILENT_FOR
    )
    .fetch_one(db)
    .await?;
    Ok(earliest.unwrap_or(now))
}

pub(super) async fn delete_read_before(
    db: impl Executor<'_>,
    before: Timestamp,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with ended as (delete from access_log_processes where complete_up_to < $2)
         delete from field_reads where read_at < $1",
        before,
        now - SILENT_FOR * 60
    )
    .execute(db)
    .await?;
    Ok(())
}
