//! Parses an import: CSV with a header line, or JSON lines shaped like the full answer of the user API plus
//! `username`. Each row is parsed on its own: an invalid one is reported with its line, and the others are
//! imported.
//!
//! Decision: what a spreadsheet spoiled is refused, in CSV and in JSON, because a rounded number or the text of
//! an error cannot be repaired once it is stored.

use std::collections::BTreeMap;

use serde_json::Value;

use super::details::{ContactNumber, Email, InvalidValue, PersonUpdate, Sex, Update, Username};
use super::import_csv::CsvList;
use super::import_encoding::ListEncoding;
use super::{import_csv, import_encoding, spreadsheet_damage};
use crate::people::fields::{FIELDS, Field, FieldRow};
use crate::platform::id::PersonId;

/// Leaves enough ids above those of an import.
const HIGHEST_ID: i32 = 1_000_000_000;

/// The columns an import may have, in any order: the id and username, the columns of every field, and an
/// identity.
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

/// Parses an identity as `ldap:asha` to provider and subject, written as the provider writes them. An error
/// follows the name of the column.
pub type IdentityParser = fn(&str) -> Result<(String, String), String>;

/// A list.
#[derive(Debug)]
pub struct PersonList {
    pub encoding: ListEncoding,
    pub rows: Vec<ImportRow>,
}

/// One row of a list.
#[derive(Debug)]
pub struct ImportRow {
    /// The line it begins at, counted from 1.
    pub line: u64,
    /// The username, if it can be read.
    pub username: Option<String>,
    /// The parsed row, or why it is invalid.
    pub request: Result<RowRequest, String>,
}

/// A parsed row.
#[derive(Debug, PartialEq)]
pub struct RowRequest {
    pub username: Username,
    /// Only for a new person.
    pub id: Option<PersonId>,
    pub details: PersonUpdate,
    /// A file in the folder of the list.
    pub picture: Update<String>,
}

/// Why a whole list cannot be read, and what to do.
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
    #[error("it cannot be read as CSV: {0}")]
    Csv(String),
    #[error("the list is a workbook: save its sheet as “CSV UTF-8” and import that file")]
    Workbook,
    #[error("line {0} is not UTF-8, although others are: save the list as UTF-8")]
    DamagedUtf8(usize),
    #[error(
        "the list is not {name}: save it as UTF-8, or name its encoding with --encoding",
        name = .0.name()
    )]
    OtherEncoding(ListEncoding),
}

/// Parses a list; an object at the beginning means JSON lines. Without an encoding the bytes show it.
pub fn read(
    file: &[u8],
    encoding: Option<ListEncoding>,
    parse_identity: IdentityParser,
) -> Result<PersonList, ListError> {
    let (text, encoding) = import_encoding::decode(file, encoding)?;
    // A line ends as on any system, so that rows are counted alike.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let rows = match text.trim_start().chars().next() {
        None => return Err(ListError::Empty),
        Some('[') => return Err(ListError::Array),
        Some('{') => read_json_lines(&text),
        Some(_) => read_csv(&text)?,
    };
    let rows = rows.into_iter();
    let rows = rows.map(|(line, columns)| ImportRow::of(line, columns, parse_identity));
    Ok(PersonList {
        encoding,
        rows: rows.collect(),
    })
}

/// The line of a row, and its values by column, or why it has none.
type ColumnsOfRow = (u64, Result<BTreeMap<String, Value>, String>);

fn read_csv(text: &str) -> Result<Vec<ColumnsOfRow>, ListError> {
    let CsvList { columns, rows } = import_csv::read(text)?;
    let by_column = |cells: Vec<String>| {
        let cells = columns.iter().cloned().zip(cells);
        let named = cells.filter(|(column, _)| !column.is_empty());
        named
            .map(|(column, cell)| (column, Value::from(cell)))
            .collect()
    };
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| (row.line, row.cells.map(by_column)))
        .collect())
}

fn read_json_lines(text: &str) -> Vec<ColumnsOfRow> {
    let lines = (1..).zip(text.split('\n'));
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let read = |line: &str| {
        serde_json::from_str(line).map_err(|error| {
            // The position within the line, which is a document of its own to the parser.
            let (cause, column) = (error.to_string(), error.column());
            let cause = cause
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            format!("is not a JSON object: {cause} at character {column}")
        })
    };
    lines.map(|(line, text)| (line, read(text))).collect()
}

/// Flattens objects of several parts into columns. Members that only explain a code are ignored.
fn flatten_parts(object: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, String> {
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
    fn of(
        line: u64,
        columns: Result<BTreeMap<String, Value>, String>,
        parse_identity: IdentityParser,
    ) -> Self {
        let username = columns
            .as_ref()
            .ok()
            .and_then(|columns| columns.get("username"));
        Self {
            line,
            username: username.and_then(Value::as_str).map(str::to_owned),
            request: columns.and_then(flatten_parts).and_then(|columns| {
                let values = RowValues {
                    columns,
                    parse_identity,
                };
                values.request().map_err(|invalid| invalid.to_string())
            }),
        }
    }
}

/// The values of one row. A column that is not there changes nothing; an empty value clears.
struct RowValues {
    columns: BTreeMap<String, Value>,
    parse_identity: IdentityParser,
}

impl RowValues {
    fn request(&self) -> Result<RowRequest, InvalidValue> {
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
            hostel: self.parsed("hostel", parse_code)?,
            room: self.parsed("room", parse_code)?,
            department: self.parsed("department", parse_code)?,
            degree: self.parsed("degree", parse_code)?,
            join_year: self.parsed("join_year", |text| parse_number("join_year", text))?,
            graduation_year: self.parsed("graduation_year", |text| {
                parse_number("graduation_year", text)
            })?,
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
        columns.is_alumni = match self.parsed("is_alumni", parse_bool)? {
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
        let text = match self.columns.get(column) {
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
        check_undamaged(column, &text)?;
        let parsed = parse(&text);
        // Errors name the column, not the type.
        let parsed = parsed.map_err(|invalid| InvalidValue::new(column, invalid.why))?;
        Ok(Update::Set(parsed))
    }

    fn id(&self) -> Result<Option<PersonId>, InvalidValue> {
        let id = self.parsed("id", |text| parse_number("id", text))?;
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
        let items: Vec<&str> = match self.columns.get(column) {
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
        let parse = |item| check_undamaged(column, item).and_then(|()| parse(item));
        items.map(parse).collect::<Result<_, _>>().map(Some)
    }

    fn identity(&self) -> Result<Option<(String, String)>, InvalidValue> {
        let identity = self.parsed(IDENTITY, |text| {
            (self.parse_identity)(text).map_err(|why| InvalidValue::new(IDENTITY, why))
        })?;
        Ok(identity.after(None))
    }
}

fn check_undamaged(column: &'static str, text: &str) -> Result<(), InvalidValue> {
    match spreadsheet_damage::find_damage(text) {
        Some(damage) => Err(InvalidValue::new(column, format!("{text:?} {damage}"))),
        None => Ok(()),
    }
}

/// A code; whether it is on the list is checked when it is written.
#[expect(clippy::unnecessary_wraps, reason = "a parser among parsers")]
fn parse_code(text: &str) -> Result<String, InvalidValue> {
    Ok(text.to_owned())
}

fn parse_number(what: &'static str, text: &str) -> Result<i32, InvalidValue> {
    text.parse()
        .map_err(|_| InvalidValue::new(what, "must be a whole number"))
}

fn parse_bool(text: &str) -> Result<bool, InvalidValue> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(InvalidValue::new("is_alumni", "must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<ImportRow> {
        read(text.as_bytes(), None, split_identity).unwrap().rows
    }

    fn split_identity(text: &str) -> Result<(String, String), String> {
        let (provider, subject) = text.split_once(':').ok_or("must be provider:subject")?;
        Ok((provider.to_owned(), subject.to_owned()))
    }

    fn only(text: &str) -> RowRequest {
        let mut rows = rows(text);
        assert_eq!(rows.len(), 1);
        rows.remove(0).request.unwrap()
    }

    fn reason(text: &str) -> String {
        rows(text).remove(0).request.unwrap_err()
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
        let rows = rows(text);
        let reason_of = lines_and_reasons(&rows);
        assert_eq!(
            reason_of,
            [
                (2, None),
                (
                    3,
                    Some("has a line break in a cell; see that each quotation mark is closed")
                ),
                (5, Some("sex must be male, female or other")),
                (
                    6,
                    Some(
                        "has 1 cells instead of 2; a cell with a comma in it needs quotation marks round it"
                    )
                ),
                (7, None),
            ]
        );
    }

    fn lines_and_reasons(rows: &[ImportRow]) -> Vec<(u64, Option<&str>)> {
        let rows = rows.iter();
        rows.map(|row| (row.line, row.request.as_ref().err().map(String::as_str)))
            .collect()
    }

    #[test]
    fn rows_have_the_same_lines_whatever_ends_a_line() {
        let text = "username,sex\n\nasha,x\n\n\n  \n,\nvikram,x\n\"wasim\",\"x\"\nmeera,x";
        let json = "\n{\"username\": \"asha\", \"sex\": \"x\"}\n\n{oops}\n";
        for end in ["\n", "\r\n", "\r"] {
            let rows_of_csv = rows(&text.replace('\n', end));
            let lines: Vec<_> = rows_of_csv.iter().map(|row| row.line).collect();
            assert_eq!(lines, [3, 8, 9, 10], "{end:?}");
            assert!(rows_of_csv.iter().all(|row| row.request.is_err()));
            let rows_of_json = rows(&json.replace('\n', end));
            let lines: Vec<_> = rows_of_json.iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 4], "{end:?}");
        }
    }

    #[test]
    fn a_list_may_have_what_spreadsheets_put_between_cells() {
        for (text, line) in [
            (
                "username;first_name;contacts\nasha;Asha;\"022 2576;022 2577\"\n",
                2,
            ),
            (
                "username\tfirst_name\tcontacts\nasha\tAsha\t022 2576;022 2577\n",
                2,
            ),
            (
                "sep=;\nusername;first_name;contacts\nasha;Asha;\"022 2576;022 2577\"\n",
                3,
            ),
            (
                "\"sep=|\"\nusername|first_name|contacts\nasha|Asha|022 2576;022 2577\n",
                3,
            ),
            (
                "SEP=,\nusername,first_name,contacts\nasha,Asha,022 2576;022 2577\n",
                3,
            ),
            (
                "username,first_name,contacts,,\nasha,Asha,022 2576;022 2577,,\n,,,,\n",
                2,
            ),
            (
                "username,first_name,contacts\nasha,Asha,022 2576;022 2577,,,\n",
                2,
            ),
        ] {
            let rows = rows(text);
            let [row] = rows.as_slice() else {
                panic!("{text}")
            };
            assert_eq!(row.line, line, "{text}");
            let request = row.request.as_ref().unwrap();
            let details = &request.details;
            assert_eq!(
                details.columns.first_name.as_ref().unwrap().as_str(),
                "Asha"
            );
            assert_eq!(details.contacts.as_ref().unwrap().len(), 2, "{text}");
        }
    }

    #[test]
    fn a_cell_without_a_column_is_not_dropped() {
        for (text, reason_of) in [
            (
                "username,\nasha,Asha\n",
                "has a cell in a column without a name",
            ),
            ("username\nasha,Asha\n", "has 2 cells instead of 1"),
            (
                "username;sex\nasha\n",
                "has 1 cells instead of 2; a cell with a semicolon",
            ),
        ] {
            assert!(reason(text).starts_with(reason_of), "{}", reason(text));
        }
    }

    #[test]
    fn what_a_spreadsheet_spoiled_is_refused_in_every_column_and_format() {
        for (text, column) in [
            ("username,mobile\nasha,9.1982E+11\n", "mobile"),
            ("username,roll_number\nasha,#N/A\n", "roll_number"),
            (
                "username,first_name\nasha,\"=\"\"Asha\"\"\"\n",
                "first_name",
            ),
            (
                "username,contacts\nasha,022 2576;'+91 98200 11111\n",
                "contacts",
            ),
            ("username\n=asha\n", "username"),
            ("username,room\nasha,12-Jan\n", "room"),
            (r#"{"username": "asha", "mobile": 9.1982E+11}"#, "mobile"),
            (
                r##"{"username": "asha", "contacts": ["#REF!"]}"##,
                "contacts",
            ),
        ] {
            let reason = reason(text);
            assert!(reason.starts_with(&format!("{column} \"")), "{reason}");
        }
    }

    #[test]
    fn a_header_that_is_wrong_is_told_before_anything_is_done() {
        let reason_of = |text: &str| read(text.as_bytes(), None, split_identity).unwrap_err();
        assert_eq!(reason_of(" \n"), ListError::Empty);
        assert_eq!(reason_of("[{}]"), ListError::Array);
        assert_eq!(reason_of("first_name\nAsha"), ListError::NoUsername);
        assert!(matches!(
            reason_of("username,hostle\n"),
            ListError::UnknownColumn(column) if column == "hostle"
        ));
        assert!(matches!(
            reason_of("username,sex,sex\n"),
            ListError::TwinColumn(_)
        ));
    }

    #[test]
    fn reasons_name_the_column() {
        for (row, reason_of) in [
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
                "identity must be provider:subject",
            ),
            (
                r#"{"username": "a", "insti_address": "14"}"#,
                "insti_address must be an object or null",
            ),
        ] {
            assert_eq!(reason(row), reason_of);
        }
        assert!(reason("{oops}").starts_with("is not a JSON object"));
    }
}
