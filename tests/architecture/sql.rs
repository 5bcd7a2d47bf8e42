//! SQL: which room writes a table, and that no statement reads the time.

use std::collections::BTreeSet;

use crate::files::{RustFile, TextFile, files_below, report, sources};
use crate::imports::Place;

/// The room that writes each table.
const OWNERS: &[(&str, &str)] = &[
    ("audit_log", "platform::audit"),
    ("mail_recipients", "platform::mail"),
    ("email_confirmations", "platform::mail"),
    ("outbox", "platform::mail"),
    ("sessions", "platform::web"),
    ("addresses", "people::records"),
    ("choices", "people::records"),
    ("account_closures", "people::records"),
    ("contacts", "people::records"),
    ("linked_identities", "people::records"),
    ("people", "people::records"),
    ("programmes", "people::records"),
    ("secondary_emails", "people::records"),
    ("disabled_connectors", "connectors"),
    ("roll_classes", "connectors::erp"),
    ("roll_departments", "connectors::erp"),
    ("passwords", "connectors::password"),
    ("access_log_processes", "protocol::access_log"),
    ("field_reads", "protocol::access_log"),
    ("authorization_requests", "protocol::authorize"),
    ("kept_authorization_requests", "protocol::authorize"),
    ("app_secrets", "protocol::clients"),
    ("app_problems", "protocol::problems"),
    ("app_tokens", "protocol::app_tokens"),
    ("apps", "protocol::clients"),
    ("grants", "protocol::grants"),
    ("receipts", "protocol::grants"),
    ("authorization_codes", "protocol::token"),
    ("token_families", "protocol::token"),
    ("token_pairs", "protocol::token"),
    ("sent_mails", "developers::send_mail"),
    ("association_proofs", "privacy::association"),
    ("associations", "privacy::association"),
];

/// Writes by another room: table, room, reason.
const WRITES_BY_OTHERS: &[(&str, &str, &str)] = &[
    (
        "sessions",
        "identity::sessions",
        "a person ends one session by the name that the page shows",
    ),
    (
        "mail_recipients",
        "privacy::data_export",
        "deleting a person deletes mails to their mailboxes, in the statement that finds the mailboxes",
    ),
    (
        "association_proofs",
        "privacy::data_export",
        "deleting a person deletes proofs that name their mailboxes or roll number, in the statement that finds them",
    ),
    (
        "email_confirmations",
        "people::records",
        "the statement that verifies an address uses up its links",
    ),
    (
        "linked_identities",
        "connectors::password",
        "setting a password adds the identity that goes with it",
    ),
    (
        "apps",
        "protocol::grants",
        "the statement under the app's lock counts a new user",
    ),
    (
        "token_families",
        "protocol::authorize",
        "one statement inserts a code and the family of tokens that descends from it",
    ),
    (
        "authorization_codes",
        "protocol::authorize",
        "one statement inserts a code and the family of tokens that descends from it",
    ),
    (
        "app_tokens",
        "protocol::clients",
        "the owner of an app creates and deletes its fixed tokens as its secrets",
    ),
    (
        "app_secrets",
        "protocol::token",
        "the statement that issues tokens notes which secret authenticated the client",
    ),
    (
        "grants",
        "protocol::token",
        "the statement that finds an access token notes its use, and the one that revokes the last pair ends the grant",
    ),
];

/// What reads the time, besides `now()`.
const SQL_CLOCKS: [&str; 6] = [
    "current_timestamp",
    "current_date",
    "localtimestamp",
    "clock_timestamp(",
    "statement_timestamp(",
    "transaction_timestamp(",
];

#[test]
fn a_table_is_written_by_its_owner() {
    report(writes().filter_map(|write| {
        let mut others = WRITES_BY_OTHERS.iter();
        let is_known = others.any(|(table, room, _)| write.is(table, room));
        let owner = OWNERS.iter().find(|(table, _)| write.table == *table);
        let remedy = match owner {
            None => format!(
                "the table {} has no owner: give it a row in OWNERS",
                write.table
            ),
            Some((table, owner)) if !write.is(table, owner) && !is_known => {
                format!(
                    "{} does not own {table}: call a function of {owner}",
                    write.room
                )
            }
            Some(_) => return None,
        };
        Some(write.file.fault(write.line, &remedy))
    }));
}

#[test]
fn the_tables_name_only_what_is_there() {
    let tables = tables();
    let owned: BTreeSet<&str> = OWNERS.iter().map(|(table, _)| *table).collect();
    let missing = tables
        .iter()
        .filter(|table| !owned.contains(table.as_str()));
    let missing = missing.map(|table| format!("OWNERS: {table} has no owner: give it a row"));
    let unused = OWNERS
        .iter()
        .filter(|(table, owner)| !writes().any(|write| write.is(table, owner)));
    let unused = unused.map(|(table, owner)| {
        format!("OWNERS: {owner} does not write {table}: change the row, or take it out")
    });
    let others = WRITES_BY_OTHERS.iter();
    let others = others.filter(|(table, room, _)| !writes().any(|write| write.is(table, room)));
    let others = others.map(|(table, room, _)| {
        format!("WRITES_BY_OTHERS: {room} no longer writes {table}: take it out of the table")
    });
    report(missing.chain(unused).chain(others));
}

#[test]
fn sql_does_not_read_the_time() {
    let statements = sources().iter().flat_map(|file| {
        let strings = file
            .code
            .strings
            .iter()
            .filter(|string| reads_the_time(&string.text));
        strings
            .map(|string| file.fault(string.line, "pass in the time, which the Clock reads once"))
    });
    let migrations: Vec<TextFile> = files_below("migrations")
        .filter(|file| file.has_extension("sql"))
        .collect();
    let migrations = migrations.iter().flat_map(|file| {
        let lines = file.lines().filter(|(_, text)| reads_the_time(text));
        lines.map(|(line, _)| {
            format!(
                "{}:{line}: times come from the program, so give no default",
                file.path
            )
        })
    });
    report(statements.chain(migrations));
}

fn reads_the_time(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("now()") || SQL_CLOCKS.iter().any(|clock| text.contains(clock))
}

// ---------------------------------------------------------------------------------- the statements

/// A statement, or a part of one, that changes a table.
struct Write {
    file: &'static RustFile,
    line: usize,
    room: String,
    table: String,
}

impl Write {
    fn is(&self, table: &str, room: &str) -> bool {
        self.table == table && self.room == room
    }
}

fn writes() -> impl Iterator<Item = Write> {
    sources().iter().flat_map(|file| {
        let room = Place::of_file(file).map(Place::name).unwrap_or_default();
        file.code.statements.iter().flat_map(move |statement| {
            let room = room.clone();
            written_tables(&statement.text)
                .into_iter()
                .map(move |table| Write {
                    file,
                    line: statement.line,
                    room: room.clone(),
                    table,
                })
        })
    })
}

/// The tables after `insert into`, `update`, `delete from`, `merge into` and `truncate`.
fn written_tables(statement: &str) -> Vec<String> {
    let words = sql_words(statement);
    let mut tables = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| words.get(index));
        // `on conflict do update`, `for update`, `for no key update`
        let is_clause = before.is_some_and(|word| ["do", "for", "key"].contains(&word.as_str()));
        let is_write = match word.as_str() {
            "into" => before.is_some_and(|word| word == "insert" || word == "merge"),
            "from" => before.is_some_and(|word| word == "delete"),
            "update" | "truncate" => !is_clause,
            _ => false,
        };
        let mut after = words.iter().skip(index + 1);
        let table = after.find(|word| !["only", "table"].contains(&word.as_str()));
        tables.extend(table.filter(|_| is_write).cloned());
    }
    tables
}

/// The words of a statement, in lower case, without its comments.
fn sql_words(statement: &str) -> Vec<String> {
    let lines = statement.lines();
    let lines = lines.map(|line| line.split("--").next().unwrap_or_default());
    let is_break = |sign: char| !sign.is_alphanumeric() && sign != '_';
    let words = lines.flat_map(|line| line.split(is_break));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The tables that the migrations leave.
fn tables() -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for file in files_below("migrations") {
        let words = sql_words(&file.text);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for index in 0..words.len() {
            match words.split_at(index).1 {
                ["create", "table", "if", "not", "exists", table, ..]
                | ["create", "table", table, ..] => {
                    tables.insert((*table).to_owned());
                }
                ["drop", "table", "if", "exists", table, ..] | ["drop", "table", table, ..] => {
                    tables.remove(*table);
                }
                ["alter", "table", table, "rename", "to", name, ..] => {
                    tables.remove(*table);
                    tables.insert((*name).to_owned());
                }
                _ => {}
            }
        }
    }
    tables
}

#[test]
fn writes_are_found_in_a_statement() {
    let statement =
        "with a as (update authorization_codes set x = 1 returning id) -- delete from people
        insert into token_pairs select id from a for update of a on conflict do update set x = 2";
    assert_eq!(
        written_tables(statement),
        ["authorization_codes", "token_pairs"]
    );
}
