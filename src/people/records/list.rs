//! Reads a list of people: CSV with a header line, or JSON lines shaped like the user API's full
//! answer plus `username`. Every row is read for itself, so that one that is wrong is told with its
//! line and the others go in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::details::{ContactNumber, Email, InvalidValue, PersonUpdate, Sex, Update, Username};
use crate::people::fields::{FIELDS, Field, FieldRow};
use crate::platform::id::PersonId;

/// Leaves people enough numbers above whatever a list brings.
const HIGHEST_ID: i32 = 1_000_000_000;

/// The columns a list may have, in any order: who the row is about, the columns of every field, and a way to sign in.
pub fn import_columns() -> Vec<&'static str> {
    let mut columns = vec![Field::Id.name(), Field::Username.name()];
    for column in FIELDS.iter().flat_map(FieldRow::import_columns) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns.push(IDENTITY);
    columns
}

/// The column with an identity of the person, as `ldap:asha`.
const IDENTITY: &str = "identity";

/// One row of a list.
#[derive(Debug)]
pub struct ImportRow {
    /// Where it begins in the file, counted from 1.
    pub line: u64,
    /// Whom it is about, as far as that can be read.
    pub username: Option<String>,
    /// What it asks for, or why it cannot be read.
    pub wanted: Result<RowRequest, String>,
}

/// What a row asks for.
#[derive(Debug, PartialEq)]
pub struct RowRequest {
    pub username: Username,
    /// For somebody new.
    pub id: Option<PersonId>,
    pub details: PersonUpdate,
    /// A file beside the list.
    pub picture: Update<String>,
}

/// The list as a whole cannot be read; says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    #[error("the list is empty: it needs a header line with the names of its columns")]
    Empty,
    #[error("the list is one JSON array: write one object per line instead")]
    Array,
    #[error("the header names the column {0:?}, which is not one of {known}", known = import_columns().join(", "))]
    UnknownColumn(String),
    #[error("the header names the column {0} twice")]
    TwinColumn(String),
    #[error("the header does not name the column username")]
    NoUsername,
    #[error("the header line cannot be read: {0}")]
    Header(String),
}

/// Reads a list; an object in front means JSON lines.
pub fn read(file: &[u8]) -> Result<Vec<ImportRow>, ListError> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    match file.trim_ascii_start().first() {
        None => Err(ListError::Empty),
        Some(b'[') => Err(ListError::Array),
        Some(b'{') => Ok(json_lines(file)),
        Some(_) => csv(file),
    }
}

fn csv(file: &[u8]) -> Result<Vec<ImportRow>, ListError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let header = reader
        .headers()
        .map_err(|error| ListError::Header(error.to_string()))?;
    let header: Vec<String> = header.iter().map(str::to_owned).collect();
    check(&header)?;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(rows),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                rows.push(ImportRow::of(line, Ok(cells(&header, &record))));
            }
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                rows.push(ImportRow::of(line, Err(unreadable(error.kind()))));
            }
        }
    }
}

fn check(header: &[String]) -> Result<(), ListError> {
    let known = import_columns();
    for (at, column) in header.iter().enumerate() {
        if !known.contains(&column.as_str()) {
            return Err(ListError::UnknownColumn(column.clone()));
        }
        if header.iter().take(at).any(|earlier| earlier == column) {
            return Err(ListError::TwinColumn(column.clone()));
        }
    }
    if header.iter().any(|column| column == "username") {
        Ok(())
    } else {
        Err(ListError::NoUsername)
    }
}

fn cells(header: &[String], record: &csv::StringRecord) -> BTreeMap<String, Value> {
    let cells = header.iter().zip(record);
    cells
        .map(|(column, text)| (column.clone(), Value::from(text)))
        .collect()
}

fn unreadable(kind: &csv::ErrorKind) -> String {
    match kind {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("has {len} columns instead of {expected_len}; put quotes round a comma"),
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; save the list as UTF-8".to_owned(),
        _ => "cannot be read".to_owned(),
    }
}

fn json_lines(file: &[u8]) -> Vec<ImportRow> {
    let lines = file.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let read = |text| {
        serde_json::from_slice(text).map_err(|error| format!("is not a JSON object: {error}"))
    };
    lines
        .map(|(text, line)| ImportRow::of(line, read(text)))
        .collect()
}

/// Nested objects as columns. What the user API adds to explain a code is passed over.
fn flat(object: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, String> {
    let known = import_columns();
    let mut columns = BTreeMap::new();
    for (key, value) in object {
        if known.contains(&key.as_str()) {
            columns.insert(key, value);
            continue;
        }
        let Some(field) = Field::named(&key) else {
            return Err(format!("{key:?} is not known"));
        };
        let parts = field.row().parts;
        match value {
            Value::Null => columns.extend(parts.iter().map(|part| ((*part).into(), Value::Null))),
            Value::Object(within) => {
                let named = |name: &str| parts.contains(&name);
                columns.extend(within.into_iter().filter(|(name, _)| named(name)));
            }
            _ => return Err(format!("{key} must be an object or null")),
        }
    }
    Ok(columns)
}

impl ImportRow {
    fn of(line: u64, columns: Result<BTreeMap<String, Value>, String>) -> Self {
        let username = columns
            .as_ref()
            .ok()
            .and_then(|columns| columns.get("username"));
        Self {
            line,
            username: username.and_then(Value::as_str).map(str::to_owned),
            wanted: columns.and_then(flat).and_then(|columns| {
                let wanted = RowValues(columns).wanted();
                wanted.map_err(|unfit| unfit.to_string())
            }),
        }
    }
}

/// The values of one row. A column that is not there changes nothing; an empty value clears.
struct RowValues(BTreeMap<String, Value>);

impl RowValues {
    fn wanted(&self) -> Result<RowRequest, InvalidValue> {
        let username = self.parsed("username", Username::parse)?;
        let Update::Set(username) = username else {
            return Err(InvalidValue::new("username", "is missing"));
        };
        Ok(RowRequest {
            username,
            id: self.id()?,
            details: self.details()?,
            picture: self.parsed("profile_picture", |text| Ok(text.to_owned()))?,
        })
    }

    fn details(&self) -> Result<PersonUpdate, InvalidValue> {
        let mut details = PersonUpdate {
            hostel: self.parsed("hostel", code)?,
            room: self.parsed("room", code)?,
            department: self.parsed("department", code)?,
            degree: self.parsed("degree", code)?,
            join_year: self.parsed("join_year", |text| number("join_year", text))?,
            graduation_year: self
                .parsed("graduation_year", |text| number("graduation_year", text))?,
            contacts: self.list("contacts", "number", ContactNumber::parse)?,
            secondary_emails: self.list("secondary_emails", "email", Email::parse)?,
            identity: self.identity()?,
            ..PersonUpdate::default()
        };
        let columns = &mut details.columns;
        for row in FIELDS.iter().filter(|row| row.is_text_column()) {
            match self.parsed(row.name, |text| Ok(text.to_owned()))? {
                Update::Keep => {}
                Update::Clear => columns.set_text(row.field, "")?,
                Update::Set(text) => columns.set_text(row.field, &text)?,
            }
        }
        columns.is_alumni = match self.parsed("is_alumni", yes_or_no)? {
            Update::Keep => None,
            Update::Clear => Some(false),
            Update::Set(is_alumni) => Some(is_alumni),
        };
        columns.sex = self.parsed("sex", Sex::parse)?;
        Ok(details)
    }

    /// A value as text: JSON numbers and truth values as they are written.
    fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Result<Update<T>, InvalidValue> {
        let text = match self.0.get(column) {
            None => return Ok(Update::Keep),
            Some(Value::Null) => return Ok(Update::Clear),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(truth)) => truth.to_string(),
            Some(_) => return Err(InvalidValue::new(column, "must be a text or null")),
        };
        if text.is_empty() {
            return Ok(Update::Clear);
        }
        let parsed = parse(&text);
        // Names of the same type are told apart by their column.
        let parsed = parsed.map_err(|unfit| InvalidValue::new(column, unfit.why))?;
        Ok(Update::Set(parsed))
    }

    fn id(&self) -> Result<Option<PersonId>, InvalidValue> {
        let id = self.parsed("id", |text| number("id", text))?;
        match id.after(None) {
            Some(id) if !(1..=HIGHEST_ID).contains(&id) => Err(InvalidValue::new(
                "id",
                format!("must be a number from 1 to {HIGHEST_ID}"),
            )),
            id => Ok(id.map(PersonId)),
        }
    }

    /// `;` between items of a text; items of a JSON list may be objects with the text under `member`.
    fn list<T>(
        &self,
        column: &'static str,
        member: &str,
        parse: impl Fn(&str) -> Result<T, InvalidValue>,
    ) -> Result<Option<Vec<T>>, InvalidValue> {
        let items: Vec<&str> = match self.0.get(column) {
            None => return Ok(None),
            Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text.split(';').collect(),
            Some(Value::Array(items)) => {
                let text = |item: &'_ Value| match item {
                    Value::Object(within) => {
                        within.get(member).and_then(Value::as_str).map(str::len)
                    }
                    item => item.as_str().map(str::len),
                };
                if items.iter().any(|item| text(item).is_none()) {
                    return Err(InvalidValue::new(column, "must hold texts"));
                }
                items
                    .iter()
                    .filter_map(|item| item.get(member).unwrap_or(item).as_str())
                    .collect()
            }
            Some(_) => return Err(InvalidValue::new(column, "must be a list")),
        };
        let items = items.into_iter().map(str::trim);
        let items = items.filter(|item| !item.is_empty());
        items.map(parse).collect::<Result<_, _>>().map(Some)
    }

    fn identity(&self) -> Result<Option<(String, String)>, InvalidValue> {
        let identity = self.parsed(IDENTITY, |text| {
            let (provider, subject) = text.split_once(':').unwrap_or_default();
            let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            if provider.is_empty() || !provider.bytes().all(named) || subject.is_empty() {
                return Err(InvalidValue::new(
                    IDENTITY,
                    "must be provider:subject, as ldap:asha",
                ));
            }
            if provider == "password" {
                let why = "cannot be a password; set one with `profiles person password`";
                return Err(InvalidValue::new(IDENTITY, why));
            }
            Ok((provider.to_owned(), subject.to_owned()))
        })?;
        Ok(identity.after(None))
    }
}

/// A code as it stands: whether there is such a one, the database knows.
#[expect(clippy::unnecessary_wraps, reason = "a parser among parsers")]
fn code(text: &str) -> Result<String, InvalidValue> {
    Ok(text.to_owned())
}

fn number(what: &'static str, text: &str) -> Result<i32, InvalidValue> {
    text.parse()
        .map_err(|_| InvalidValue::new(what, "must be a whole number"))
}

fn yes_or_no(text: &str) -> Result<bool, InvalidValue> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(InvalidValue::new("is_alumni", "must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> RowRequest {
        let mut rows = read(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0).wanted.unwrap()
    }

    fn reason(text: &str) -> String {
        let mut rows = read(text.as_bytes()).unwrap();
        rows.remove(0).wanted.unwrap_err()
    }

    #[test]
    fn every_field_can_be_imported_as_the_user_api_answers_it() {
        for row in FIELDS {
            if matches!(row.field, Field::Id | Field::Username) {
                continue;
            }
            let request = only(&format!(
                r#"{{"username": "asha", "{}": {}}}"#,
                row.name, row.example
            ));
            if row.field == Field::ProfilePicture {
                assert!(matches!(request.picture, Update::Set(_)));
            } else {
                assert_eq!(request.details.changed_fields(), [row.field]);
            }
        }
    }

    #[test]
    fn what_the_user_api_answers_can_be_read_back() {
        let asha = only(
            r#"{"id": 7, "username": "asha", "first_name": "Asha", "last_name": "D’Souza",
               "email": "asha@campus.example", "type": "ug", "is_alumni": false, "roll_number": "012D0700",
               "mobile": "9876543210", "sex": "female", "profile_picture": "asha.png",
               "contacts": [{"id": 1, "number": "+91 98200 11111"}, "022-2572 2545"],
               "secondary_emails": [{"id": 1, "email": "asha@mail.example"}],
               "insti_address": {"id": 1, "room": "A-12", "hostel": "14", "hostel_name": "Hostel 14"},
               "program": {"id": 1, "department": "CSE", "department_name": "Computer Science & Engineering",
               "join_year": 2012, "graduation_year": 2016, "degree": "BTECH", "degree_name": "B.Tech."}}"#
                .replace('\n', " ")
                .as_str(),
        );
        assert_eq!(asha.id, Some(PersonId(7)));
        assert_eq!(asha.picture, Update::Set("asha.png".to_owned()));
        let details = asha.details;
        assert_eq!(details.room, Update::Set("A-12".to_owned()));
        assert_eq!(details.degree, Update::Set("BTECH".to_owned()));
        assert_eq!(details.join_year, Update::Set(2012));
        assert_eq!(details.contacts.unwrap().len(), 2);
        assert_eq!(details.secondary_emails.unwrap().len(), 1);
        assert_eq!(details.columns.sex, Update::Set(Sex::Female));
        assert_eq!(details.columns.is_alumni, Some(false));
    }

    #[test]
    fn a_column_that_is_not_there_changes_nothing_and_an_empty_cell_clears() {
        let vikram = only("username,mobile,hostel\nvikram,,\n");
        assert_eq!(vikram.details.columns.mobile, Update::Clear);
        assert_eq!(vikram.details.hostel, Update::Clear);
        assert_eq!(vikram.details.room, Update::Keep);
        assert_eq!(vikram.details.columns.first_name, None);
        assert_eq!(vikram.details.contacts, None);
        let wasim = only(r#"{"username": "wasim", "program": null, "contacts": null}"#);
        assert_eq!(wasim.details.degree, Update::Clear);
        assert_eq!(wasim.details.contacts, Some(Vec::new()));
        assert!(!wasim.details.touches_address());
    }

    #[test]
    fn lists_in_csv_have_semicolons() {
        let text = "\u{feff}username,contacts,secondary_emails\n\
                    asha,\"022 2576 0000; +91 98200 11111;\",asha@home.example\n";
        let details = only(text).details;
        let numbers = details.contacts.unwrap();
        assert_eq!(numbers[1].as_str(), "+91 98200 11111");
        assert_eq!(details.secondary_emails.unwrap().len(), 1);
    }

    #[test]
    fn one_wrong_row_is_told_with_its_line_and_the_others_are_read() {
        let text = "username,sex\nasha,female\n\"vik\nram\",male\nwasim,Male\nmeera\nravi,\n";
        let rows = read(text.as_bytes()).unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.line, row.wanted.as_ref().err().map(String::as_str)))
            .collect();
        assert_eq!(
            told,
            [
                (2, None),
                (3, Some("username cannot hold control characters")),
                (5, Some("sex must be male, female or other")),
                (
                    6,
                    Some("has 1 columns instead of 2; put quotes round a comma")
                ),
                (7, None),
            ]
        );
    }

    #[test]
    fn a_header_that_is_wrong_is_told_before_anything_is_done() {
        let told = |text: &str| read(text.as_bytes()).unwrap_err();
        assert_eq!(told(" \n"), ListError::Empty);
        assert_eq!(told("[{}]"), ListError::Array);
        assert_eq!(told("first_name\nAsha"), ListError::NoUsername);
        assert!(matches!(
            told("username,hostle\n"),
            ListError::UnknownColumn(column) if column == "hostle"
        ));
        assert!(matches!(
            told("username,sex,sex\n"),
            ListError::TwinColumn(_)
        ));
    }

    #[test]
    fn reasons_name_the_column() {
        for (row, told) in [
            (r#"{"first_name": "Asha"}"#, "username is missing"),
            (
                r#"{"username": "a", "nickname": "x"}"#,
                "\"nickname\" is not known",
            ),
            (
                r#"{"username": "a", "id": 0}"#,
                "id must be a number from 1 to 1000000000",
            ),
            (
                r#"{"username": "a", "id": 2147483647}"#,
                "id must be a number from 1 to 1000000000",
            ),
            (
                r#"{"username": "a", "email": "x"}"#,
                "email is not a mail address",
            ),
            (
                r#"{"username": "a", "program": {"join_year": "soon"}}"#,
                "join_year must be a whole number",
            ),
            (
                r#"{"username": "a", "contacts": [5]}"#,
                "contacts must hold texts",
            ),
            (
                r#"{"username": "a", "identity": "asha"}"#,
                "identity must be provider:subject, as ldap:asha",
            ),
            (
                r#"{"username": "a", "identity": "password:1"}"#,
                "identity cannot be a password; set one with `profiles person password`",
            ),
            (
                r#"{"username": "a", "insti_address": "14"}"#,
                "insti_address must be an object or null",
            ),
        ] {
            assert_eq!(reason(row), told);
        }
        assert!(reason("{oops}").starts_with("is not a JSON object"));
    }
}
