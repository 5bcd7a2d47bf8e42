//! Scopes: only the table in `protocol/scope` names them.

use std::sync::LazyLock;

use syn::visit::{self, Visit};
use syn::{Expr, Lit};

use crate::files::{files_below, report, root, sources};
use crate::imports::Place;

const TABLE: &str = "protocol/scope/table.rs";

/// Rooms in which a scope's name means the scope.
const ROOMS_OF_SCOPES: [&str; 8] = [
    "protocol::scope",
    "protocol::oauth",
    "protocol::grants",
    "protocol::token",
    "protocol::authorize",
    "protocol::user_api",
    "protocol::metadata",
    "privacy::connected_apps",
];

/// Elsewhere these scopes are also words for a field, a column, a connector, a link or a file in a form.
const WORDS_WITH_OTHER_MEANINGS: [&str; 8] = [
    "profile",
    "sex",
    "picture",
    "ldap",
    "phone",
    "insti_address",
    "program",
    "secondary_emails",
];

/// Strings that equal a scope's name by chance, and where.
const NO_SCOPES: &[(&str, &str)] = &[
    // HTTP's authentication scheme (RFC 7617).
    ("protocol/oauth/credential.rs", "basic"),
    // The name of a tab.
    ("developers/docs/model.rs", "basic"),
];

/// The names in the table: the second argument of each `scope(…)`.
fn scopes() -> &'static [String] {
    static SCOPES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let text = std::fs::read_to_string(root().join("src").join(TABLE)).unwrap();
        let mut rows = Rows::default();
        rows.visit_file(&syn::parse_file(&text).unwrap());
        rows.names
    });
    &SCOPES
}

#[derive(Default)]
struct Rows {
    names: Vec<String>,
}

impl<'ast> Visit<'ast> for Rows {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(function) = call.func.as_ref()
            && function.path.is_ident("scope")
            && let Some(Expr::Lit(name)) = call.args.get(1)
            && let Lit::Str(name) = &name.lit
        {
            self.names.push(name.value());
        }
        visit::visit_expr_call(self, call);
    }
}

#[test]
fn the_table_is_read() {
    assert!(
        scopes().iter().any(|name| name == "basic"),
        "src/{TABLE}: no rows `scope(…, \"name\", …)` are found: read the table here as it is written there",
    );
}

#[test]
fn code_takes_scopes_from_the_table() {
    let files = sources().iter().filter(|file| file.path != TABLE);
    report(files.flat_map(|file| {
        let room = Place::of_file(file).map(Place::name).unwrap_or_default();
        let is_about_scopes = ROOMS_OF_SCOPES.contains(&room.as_str());
        file.code.strings.iter().filter_map(move |string| {
            let mut known = NO_SCOPES.iter();
            if known.any(|(path, text)| file.path == *path && string.text == *text) {
                return None;
            }
            let scope = scopes_in(&string.text, is_about_scopes)?;
            let remedy =
                format!("this names the scope {scope}: take it from crate::protocol::scope");
            Some(file.fault(string.line, &remedy))
        })
    }));
}

#[test]
fn the_words_are_still_there() {
    let words = WORDS_WITH_OTHER_MEANINGS.iter();
    let words = words.filter(|word| !scopes().iter().any(|scope| scope == *word));
    let words = words.map(|word| format!("WORDS_WITH_OTHER_MEANINGS: {word} is no scope"));
    let strings = NO_SCOPES.iter().filter(|(path, text)| {
        let mut files = sources().iter().filter(|file| file.path == *path);
        !files.any(|file| file.code.strings.iter().any(|string| string.text == *text))
    });
    let strings = strings.map(|(path, text)| format!("NO_SCOPES: {path} has no \"{text}\""));
    report(
        words
            .chain(strings)
            .map(|fault| format!("{fault}: take it out of the table")),
    );
}

#[test]
fn templates_compare_with_no_scope() {
    let files: Vec<_> = files_below("templates").collect();
    report(files.iter().flat_map(|file| {
        file.lines().filter_map(move |(line, text)| {
            let scope = scopes().iter().find(|scope| is_compared(text, scope))?;
            let path = &file.path;
            Some(format!(
                "{path}:{line}: this compares with \"{scope}\": pass the template rows to print"
            ))
        })
    }));
}

/// The first scope of a string that consists of scopes.
fn scopes_in(text: &str, is_about_scopes: bool) -> Option<&'static str> {
    let find = |word: &str| scopes().iter().find(|name| *name == word);
    let mut names = text.split([' ', ',', '+']).map(find);
    let first = names.next()??.as_str();
    let is_list = names.clone().next().is_some();
    let is_plain = !WORDS_WITH_OTHER_MEANINGS.contains(&first);
    (names.all(|name| name.is_some()) && (is_list || is_plain || is_about_scopes)).then_some(first)
}

fn is_compared(text: &str, scope: &str) -> bool {
    let quoted = format!("\"{scope}\"");
    let before = text
        .split_once(&quoted)
        .map(|(before, _)| before.trim_end());
    let operand = before.and_then(|before| {
        before
            .strip_suffix("==")
            .or_else(|| before.strip_suffix("!="))
    });
    // `value.kind` is the kind of a value ("picture", "text"), no scope.
    operand.is_some_and(|operand| operand.trim_end().rsplit('.').next() != Some("kind"))
}
