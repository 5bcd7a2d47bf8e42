//! The page of the archive, to be read in a browser without the service.

use serde::Serialize;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;

use crate::people::fields::Field;
use crate::people::records::{DisplayValue, Person};
use crate::platform::clock::Timestamp;
use crate::platform::web::{Page, Web};
use crate::protocol::scope::Scope;

#[derive(Debug, Serialize)]
pub(super) struct ExportSummaryPage {
    campus: String,
    name: String,
    picture: Option<String>,
    made_at: String,
    facts: Vec<ExportFact>,
    sections: Vec<ExportSection>,
    /// Headings of sections with nothing in them.
    empty: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ExportFact {
    label: &'static str,
    value: DisplayValue,
}

/// A table, or a list of facts for each record if a table would be too wide.
#[derive(Debug, Serialize)]
struct ExportSection {
    heading: String,
    is_wide: bool,
    columns: Vec<String>,
    /// The cells of each row, in the order of the columns; a line for each entry of a list.
    rows: Vec<Vec<Vec<String>>>,
}

/// The largest number of columns of a table.
const MAX_TABLE_COLUMNS: usize = 4;

/// Columns that only programs use, beside ids.
const IDENTIFIERS: [&str; 4] = [
    "entry",
    "names_are_editable",
    "stable_id",
    "is_authoritative",
];

/// The headings of sections in the order of the page. A section without one follows under its own name.
const HEADINGS: [(&str, &str); 19] = [
    ("person", "Your account"),
    ("address", "Address on campus"),
    ("programme", "Programme"),
    ("contacts", "Contact numbers"),
    ("secondary_emails", "Other email addresses"),
    ("ways_to_sign_in", "Sign-in methods"),
    ("password", "Password"),
    ("mailboxes_proved", "Confirmed mailboxes"),
    ("proofs_begun", "Mailboxes not confirmed yet"),
    ("sessions", "Sessions"),
    ("connected_apps", "Connected apps"),
    ("read_by_apps", "What apps read"),
    ("receipts", "Receipts"),
    ("questions_of_apps", "Open consent requests"),
    ("mails_of_apps", "Mail from apps"),
    ("own_apps", "Your apps"),
    ("letters", "Mail from this service"),
    ("closing", "Account closing"),
    ("history", "Activity log"),
];

impl Page for ExportSummaryPage {
    const TEMPLATE: &'static str = "my_data/readable.html";

    fn title(&self) -> String {
        format!("Data of {}", self.name)
    }
}

impl ExportSummaryPage {
    /// `everything`: lists of records by name, or one record.
    pub(super) fn of(
        person: &Person,
        picture: Option<String>,
        everything: &Value,
        web: &Web,
        now: Timestamp,
    ) -> Self {
        let fields = Field::all().filter(|field| *field != Field::ProfilePicture);
        let facts = fields.map(|field| ExportFact {
            label: field.row().label,
            value: unmask(person.shown(field, web.links())),
        });
        let nothing = Map::new();
        let everything = everything.as_object().unwrap_or(&nothing);
        let known = HEADINGS.map(|(name, heading)| (name, heading.to_owned()));
        let is_new = |name: &&String| !HEADINGS.iter().any(|(known, _)| known == name);
        let new = everything.keys().filter(is_new);
        let new = new.map(|name| (name.as_str(), in_words(name)));
        let (mut sections, mut empty) = (Vec::new(), Vec::new());
        for (name, heading) in known.into_iter().chain(new) {
            let records = records(everything.get(name));
            let is_above = |column: &str| name == "person" && Field::named(column).is_some();
            match ExportSection::of(heading, &records, is_above, web) {
                Ok(section) => sections.push(section),
                Err(heading) => empty.push(heading),
            }
        }
        Self {
            campus: web.campus_name.clone(),
            name: person.full_name(),
            picture,
            made_at: web.date_and_time(now),
            facts: facts.collect(),
            sections,
            empty,
        }
    }
}

impl ExportSection {
    /// The heading alone for a section without anything that is not shown above.
    fn of(
        heading: String,
        records: &[&Map<String, Value>],
        is_above: impl Fn(&str) -> bool,
        web: &Web,
    ) -> Result<Self, String> {
        let has_value = |name: &&String| {
            !is_above(name) && records.iter().any(|it| is_shown(name, it.get(*name)))
        };
        let mut names: Vec<&String> = (records.iter().flat_map(|it| it.keys()))
            .filter(has_value)
            .collect();
        // Times last.
        names.sort_by_key(|name| (name.ends_with("_at") || *name == "last", *name));
        names.dedup();
        if names.is_empty() {
            return Err(heading);
        }
        let row = |record: &&Map<String, Value>| {
            let cells = names.iter().map(|name| cell(name, record.get(*name), web));
            cells.collect()
        };
        Ok(Self {
            heading,
            is_wide: names.len() > MAX_TABLE_COLUMNS,
            columns: names.iter().map(|name| in_words(name)).collect(),
            rows: records.iter().map(row).collect(),
        })
    }
}

/// The rows of a table, or its only row.
fn records(content: Option<&Value>) -> Vec<&Map<String, Value>> {
    match content {
        Some(Value::Array(rows)) => rows.iter().filter_map(Value::as_object).collect(),
        Some(one) => one.as_object().into_iter().collect(),
        None => Vec::new(),
    }
}

/// Whether the page shows a value: neither ids nor empty values.
fn is_shown(name: &str, value: Option<&Value>) -> bool {
    let is_for_programs = name == "id" || name.ends_with("_id") || IDENTIFIERS.contains(&name);
    match value {
        _ if is_for_programs => false,
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => members
            .iter()
            .any(|(name, value)| is_shown(name, Some(value))),
        Some(_) => true,
    }
}

/// A line for each entry of a list.
fn cell(name: &str, value: Option<&Value>, web: &Web) -> Vec<String> {
    match value {
        Some(Value::Array(items)) if items.iter().any(Value::is_object) => items
            .iter()
            .map(|item| value_in_words(name, item, web))
            .collect(),
        Some(value) if is_shown(name, Some(value)) => vec![value_in_words(name, value, web)],
        _ => Vec::new(),
    }
}

fn value_in_words(name: &str, value: &Value, web: &Web) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text_in_words(name, text, web),
        Value::Array(items) if items.iter().any(Value::is_object) => items.len().to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| value_in_words(name, item, web))
                .collect();
            items.join(", ")
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .filter(|(name, value)| is_shown(name, Some(value)));
            let members: Vec<_> = members
                .map(|(name, value)| {
                    format!("{}: {}", in_words(name), value_in_words(name, value, web))
                })
                .collect();
            members.join("; ")
        }
    }
}

/// A text as the other pages show it.
fn text_in_words(name: &str, text: &str, web: &Web) -> String {
    if name.ends_with("_at") || name == "last" {
        let moment = Timestamp::parse(text, &Rfc3339).ok();
        return moment.map_or_else(|| text.to_owned(), |moment| web.date_and_time(moment));
    }
    match name {
        "action" | "template" => in_words(&text.replace('.', "_")),
        "field" | "fields" | "given" | "withdrawn" | "refused_fields" => {
            Field::named(text).map_or_else(|| text.to_owned(), |field| field.row().label.to_owned())
        }
        "scopes" | "refused_scopes" => {
            Scope::named(text).map_or_else(|| text.to_owned(), |scope| scope.row().title.to_owned())
        }
        _ => text.to_owned(),
    }
}

/// The archive belongs to its reader, so nothing in it is masked.
fn unmask(value: DisplayValue) -> DisplayValue {
    match value {
        DisplayValue::Masked { full, .. } => DisplayValue::Text { text: full },
        other => other,
    }
}

/// `given_at` → `Given at`
fn in_words(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let rest = letters.map(|letter| if letter == '_' { ' ' } else { letter });
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![
            PageSample::of(&page(None)),
            PageSample::of(&page(Some("pictures/a.jpg".to_owned()))),
        ]
    }

    fn page(picture: Option<String>) -> ExportSummaryPage {
        let section = |is_wide| ExportSection {
            heading: "What apps read".to_owned(),
            is_wide,
            columns: vec!["App".to_owned(), "Fields".to_owned()],
            rows: vec![vec![
                vec!["Mess Menu".to_owned()],
                vec!["Mobile".to_owned(), "Room".to_owned()],
            ]],
        };
        ExportSummaryPage {
            campus: "Campus".to_owned(),
            name: "Asha D’Souza".to_owned(),
            made_at: "21 Nov 2026, 18:05".to_owned(),
            facts: vec![ExportFact {
                label: "First name",
                value: DisplayValue::Unset,
            }],
            sections: vec![section(false), section(true)],
            empty: picture.iter().map(|_| "Receipts".to_owned()).collect(),
            picture,
        }
    }
}
