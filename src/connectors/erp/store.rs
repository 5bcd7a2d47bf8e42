//! SQL of the tables that give the characters of a roll number their meaning.

use super::roll_number::RollClass;
use crate::platform::db;
use crate::platform::db::Executor;

/// The meaning of a fifth character, for all departments or for one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ClassRow {
    pub class: String,
    pub department: Option<String>,
    pub degree: Option<String>,
    pub years: Option<i32>,
    #[serde(rename = "type")]
    pub kind: String,
}

/// A department whose profile code differs from its letters in roll numbers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DepartmentRow {
    pub code: String,
    pub department: String,
}

/// The meaning of a class in a department: the department's own row, or else the general one.
pub(super) async fn find_class(
    db: impl Executor<'_>,
    class: &str,
    department: &str,
) -> db::Result<Option<RollClass>> {
    let row = sqlx::query_as!(
        RollClass,
        r#"select degree, years, type as kind from roll_classes
           where class = $1 and department in ('', $2)
           order by department desc limit 1"#,
        class,
        department,
    );
    Ok(row.fetch_optional(db).await?)
}

pub(super) async fn find_department(
    db: impl Executor<'_>,
    code: &str,
) -> db::Result<Option<String>> {
    let row = sqlx::query_scalar!(
        "select department from roll_departments where code = $1",
        code
    );
    Ok(row.fetch_optional(db).await?)
}

pub(super) async fn list_classes(db: impl Executor<'_>) -> db::Result<Vec<ClassRow>> {
    let rows = sqlx::query_as!(
        ClassRow,
        r#"select class, nullif(department, '') as department, degree, years, type as kind
           from roll_classes order by class, roll_classes.department"#
    );
    Ok(rows.fetch_all(db).await?)
}

pub(super) async fn list_departments(db: impl Executor<'_>) -> db::Result<Vec<DepartmentRow>> {
    let rows = sqlx::query_as!(
        DepartmentRow,
        "select code, department from roll_departments order by code"
    );
    Ok(rows.fetch_all(db).await?)
}

pub(super) async fn upsert_class(db: impl Executor<'_>, row: &ClassRow) -> db::Result<()> {
    sqlx::query!(
        r#"insert into roll_classes (class, department, degree, years, type)
           values ($1, $2, $3, $4, $5)
           on conflict on constraint roll_classes_pkey
           do update set degree = excluded.degree, years = excluded.years, type = excluded.type"#,
        row.class,
        row.department.as_deref().unwrap_or_default(),
        row.degree,
        row.years,
        row.kind,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Returns whether a row was deleted.
pub(super) async fn delete_class(
    db: impl Executor<'_>,
    class: &str,
    department: Option<&str>,
) -> db::Result<bool> {
    let result = sqlx::query!(
        "delete from roll_classes where class = $1 and department = $2",
        class,
        department.unwrap_or_default(),
    );
    Ok(result.execute(db).await?.rows_affected() > 0)
}

pub(super) async fn upsert_department(
    db: impl Executor<'_>,
    row: &DepartmentRow,
) -> db::Result<()> {
    sqlx::query!(
        r#"insert into roll_departments (code, department) values ($1, $2)
           on conflict on constraint roll_departments_pkey do update set department = excluded.department"#,
        row.code,
        row.department,
    )
    .execute(db)
    .await?;
    Ok(())
}
