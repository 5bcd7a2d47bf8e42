//! Reads the events between people and apps from the audit log.

use serde_json::Value;

use super::model::{ReceiptApp, ReceiptAuditEntry, ReceiptEvent};
use crate::people::fields::FieldSet;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, AuditId, PersonId};
use crate::protocol::scope::ScopeSet;

/// The events of a person, newest first, at most two hundred; only of `app`, or only the one with this
/// `id`.
pub async fn list(
    db: impl Executor<'_>,
    person: PersonId,
    app: Option<AppId>,
    id: Option<AuditId>,
) -> db::Result<Vec<ReceiptAuditEntry>> {
    let rows = sqlx::query!(
        r#"select audit_log.id, audit_log.happened_at, audit_log.action, audit_log.app_id as "app_id!", audit_log.detail,
                  receipts.client_id as "client_id?", receipts.app_name as "app_name?",
                  owner.username as "owner_username?"
           from audit_log
           left join receipts on receipts.id = audit_log.id
           left join people owner on owner.id = receipts.app_owner_id
           where audit_log.person_id = $1 and audit_log.app_id is not null
             and audit_log.action in ('grant.given', 'grant.withdrawn', 'grant.ended')
             and ($2::uuid is null or audit_log.app_id = $2) and ($3::uuid is null or audit_log.id = $3)
           order by audit_log.happened_at desc, audit_log.id desc limit 200"#,
        person.0,
        app.map(|app| app.0),
        id.map(|id| id.0),
    )
    .fetch_all(db)
    .await?;
    let entries = rows.into_iter().map(|row| {
        let (deed, fields) = match row.action.as_str() {
            "grant.given" => (ReceiptEvent::Consent, "given"),
            "grant.withdrawn" => (ReceiptEvent::Withdrawal, "withdrawn"),
            _ => (ReceiptEvent::End, "withdrawn"),
        };
        let app_facts = row.client_id.zip(row.app_name);
        let app_facts = app_facts.map(|(client_id, name)| ReceiptApp {
            client_id,
            name,
            run_by: row.owner_username,
        });
        ReceiptAuditEntry {
            id: AuditId(row.id),
            at: row.happened_at,
            deed,
            app: AppId(row.app_id),
            app_facts,
            scopes: ScopeSet::of_names(&names(&row.detail, "scopes")),
            fields: FieldSet::of_names(&names(&row.detail, fields)),
        }
    });
    Ok(entries.collect())
}

fn names(detail: &Value, member: &str) -> Vec<String> {
    let list = detail.get(member).and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
