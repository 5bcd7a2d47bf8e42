//! What the characters of a roll number mean here: read at a sign-in, changed by a command.

use serde_json::json;

use super::roll::{ErpRollNumber, RollAttributes};
use super::store;
use super::store::{ClassRow, DepartmentRow};
use crate::people::records::{InvalidValue, Role};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Executor, Tx};
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// All rows.
#[derive(Debug, serde::Serialize)]
pub struct RollTables {
    pub classes: Vec<ClassRow>,
    pub departments: Vec<DepartmentRow>,
}

/// Why a table did not change.
#[derive(Debug, thiserror::Error)]
pub enum RollTablesError {
    #[error(transparent)]
    Unfit(#[from] InvalidValue),
    #[error("there is no such class")]
    NoSuchClass,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// What a roll number says.
pub async fn read(
    db: impl Executor<'_> + Copy,
    roll: &ErpRollNumber,
    now: Timestamp,
) -> db::Result<RollAttributes> {
    let class = store::find_class(db, roll.class(), roll.department()).await?;
    let department = store::find_department(db, roll.department()).await?;
    Ok(roll.says(class.as_ref(), department.as_deref(), now.year()))
}

pub async fn tables(db: impl Executor<'_> + Copy) -> db::Result<RollTables> {
    Ok(RollTables {
        classes: store::list_classes(db).await?,
        departments: store::list_departments(db).await?,
    })
}

/// Says what a fifth character means from now on. Nobody who is here already changes by it.
pub async fn set_class(
    tx: &mut Tx,
    row: &ClassRow,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    check_class(&row.class)?;
    row.department.as_deref().map(check_letters).transpose()?;
    row.degree
        .as_deref()
        .map(|code| check_code("degree", code))
        .transpose()?;
    Role::parse(&row.kind)?;
    if row.years.is_some_and(|years| !(1..=9).contains(&years)) {
        return Err(InvalidValue::new("years", "must be 1 to 9").into());
    }
    store::put_class(&mut **tx, row).await?;
    note(tx, "roll_class.set", json!(row), now, rng).await
}

/// The character means nothing any more.
pub async fn forget_class(
    tx: &mut Tx,
    (class, department): (&str, Option<&str>),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    if !store::delete_class(&mut **tx, class, department).await? {
        return Err(RollTablesError::NoSuchClass);
    }
    let what = json!({ "class": class, "department": department });
    note(tx, "roll_class.forgotten", what, now, rng).await
}

/// Says which department of the profiles' choices two letters stand for.
pub async fn set_department(
    tx: &mut Tx,
    row: &DepartmentRow,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    check_letters(&row.code)?;
    check_code("department", &row.department)?;
    store::put_department(&mut **tx, row).await?;
    note(tx, "roll_department.set", json!(row), now, rng).await
}

fn check_class(class: &str) -> Result<(), InvalidValue> {
    let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if class.len() == 1 && class.bytes().all(fits) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "class",
        "must be one digit or capital letter",
    ))
}

fn check_letters(code: &str) -> Result<(), InvalidValue> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "department",
        "must be the two capital letters of a roll number",
    ))
}

fn check_code(what: &'static str, code: &str) -> Result<(), InvalidValue> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=16).contains(&code.len()) && code.bytes().all(is_plain) {
        return Ok(());
    }
    Err(InvalidValue::new(
        what,
        "must be 1 to 16 letters, digits, - _ and .",
    ))
}

async fn note(
    tx: &mut Tx,
    action: &'static str,
    what: serde_json::Value,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), RollTablesError> {
    audit::record(&mut **tx, AuditEntry::of(action).with(what), now, rng).await?;
    Ok(())
}
