//! The configured meaning of a roll number's characters: read at sign-in, changed by `profiles roll`.

use serde_json::json;

use super::roll_number::{ErpRollNumber, RollAttributes};
use super::store;
use super::store::{ClassRow, DepartmentRow};
use crate::people::records::{InvalidValue, Role};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Executor, Tx};
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// All rows of both tables.
#[derive(Debug, serde::Serialize)]
pub struct RollTables {
    pub classes: Vec<ClassRow>,
    pub departments: Vec<DepartmentRow>,
}

/// Why a table was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RollTablesError {
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    #[error("there is no such class")]
    NoSuchClass,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Derives the attributes of a roll number from the tables.
pub async fn find_attributes(
    db: impl Executor<'_> + Copy,
    roll: &ErpRollNumber,
    now: Timestamp,
) -> db::Result<RollAttributes> {
    let class = store::find_class(db, roll.class(), roll.department()).await?;
    let department = store::find_department(db, roll.department()).await?;
    Ok(roll.infer_attributes(class.as_ref(), department.as_deref(), now.year()))
}

pub async fn list_tables(db: impl Executor<'_> + Copy) -> db::Result<RollTables> {
    Ok(RollTables {
        classes: store::list_classes(db).await?,
        departments: store::list_departments(db).await?,
    })
}

/// Sets the meaning of a fifth character. Existing profiles do not change.
pub async fn set_class(
    tx: &mut Tx,
    row: &ClassRow,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    check_class(&row.class)?;
    row.department
        .as_deref()
        .map(check_department_code)
        .transpose()?;
    row.degree
        .as_deref()
        .map(|code| check_choice_code("degree", code))
        .transpose()?;
    Role::parse(&row.kind)?;
    if row.years.is_some_and(|years| !(1..=9).contains(&years)) {
        return Err(InvalidValue::new("years", "must be 1 to 9").into());
    }
    store::upsert_class(&mut **tx, row).await?;
    write_audit_entry(tx, "roll_class.set", json!(row), now, rng).await
}

/// Removes the meaning of a fifth character.
pub async fn remove_class(
    tx: &mut Tx,
    (class, department): (&str, Option<&str>),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    if !store::delete_class(&mut **tx, class, department).await? {
        return Err(RollTablesError::NoSuchClass);
    }
    let details = json!({ "class": class, "department": department });
    write_audit_entry(tx, "roll_class.forgotten", details, now, rng).await
}

/// Maps the two letters of a roll number to a department code of the profile's choices.
pub async fn set_department(
    tx: &mut Tx,
    row: &DepartmentRow,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    check_department_code(&row.code)?;
    check_choice_code("department", &row.department)?;
    store::upsert_department(&mut **tx, row).await?;
    write_audit_entry(tx, "roll_department.set", json!(row), now, rng).await
}

fn check_class(class: &str) -> Result<(), InvalidValue> {
    let is_allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if class.len() == 1 && class.bytes().all(is_allowed) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "class",
        "must be one digit or capital letter",
    ))
}

fn check_department_code(code: &str) -> Result<(), InvalidValue> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "department",
        "must be the two capital letters of a roll number",
    ))
}

fn check_choice_code(details: &'static str, code: &str) -> Result<(), InvalidValue> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=16).contains(&code.len()) && code.bytes().all(is_plain) {
        return Ok(());
    }
    Err(InvalidValue::new(
        details,
        "must be 1 to 16 letters, digits, - _ and .",
    ))
}

async fn write_audit_entry(
    tx: &mut Tx,
    action: &'static str,
    details: serde_json::Value,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    audit::record(&mut **tx, AuditEntry::of(action).with(details), now, rng).await?;
    Ok(())
}
