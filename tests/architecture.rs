//! The plan of the house, held against its files: who may import whom, what each kind of file may
//! name, and where each thing is said once. No database: everything here is read as text.
//!
//! A rule that stands in your way is changed here, in the same commit, with its reason.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a file that cannot be read ends the test"
)]

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use profiles::scope::SCOPES;

// ---------------------------------------------------------------------------------- the plan

/// Words and rules of the world, which everything above may import.
const GROUND: &[Room] = &[
    room("clock", ""),
    room("entropy", ""),
    room("id", "clock entropy"),
    room("links", "id"),
    room("scope", ""),
    room("secret", "entropy"),
    room("oauth", "scope secret"),
    room("config", "secret"),
];

/// Kit and rooms, from the bottom to the top: what each may import besides ground. Nobody may import
/// what stands below it in this list, so there is no circle.
const FLOORS: &[Room] = &[
    // kit: machines any room may use
    room("db", ""),
    room("audit", "db"),
    room("web", "db"),
    room("jobs", "db"),
    room("mail", "db jobs web"),
    room("pictures", "web"),
    // rooms
    room("people", "db audit"),
    room("upstream", "db people"),
    room("login", "db audit web people upstream"),
    room("apps", "db audit web mail people login pictures"),
    room("grants", "db audit people apps"),
    room("token", "db audit web mail people apps grants"),
    room("authorize", "db audit web people login apps grants token"),
    room("user_api", "db web people apps grants token"),
    room("profile", "db audit web people login pictures"),
    room("connected_apps", "db audit web login apps grants"),
    room("welcome", "web"),
    room("demo", "db web people upstream apps token"),
    room("health", "db"),
    room("metadata", ""),
];

/// Wiring: may import everything, and nothing may import it.
const ROOF: [&str; 4] = ["app", "cli", "lib", "main"];

/// Rooms of the plan that are being built. Until one has a folder, its templates wait for it.
const AWAITED: [&str; 5] = ["connected_apps", "demo", "jobs", "mail", "profile"];

struct Room {
    name: &'static str,
    may_import: &'static str,
}

const fn room(name: &'static str, may_import: &'static str) -> Room {
    Room { name, may_import }
}

/// Which files may name a library. `*/` in front: in whichever room; `/` at the end: the whole folder.
const LIBRARIES: &[Library] = &[
    library(
        "axum",
        &[
            "*/mod.rs",
            "*/pages.rs",
            "*/pages/",
            "*/api.rs",
            "web/",
            "app.rs",
            "cli/listener.rs",
            // Rooms of one file: route and handler are all they have.
            "health.rs",
            "metadata.rs",
            // Kit that serves its own files.
            "pictures.rs",
            // Extractors, named after what they prove.
            "apps/own.rs",
            "login/signed_in.rs",
            "token/bearer.rs",
            "token/request.rs",
        ],
        "answer requests in pages.rs or api.rs; verbs, rules and stores know nothing of HTTP",
    ),
    library(
        "sqlx",
        &[
            "*/store.rs",
            "db/",
            // Kit of one statement or one table, written in the transaction of the caller.
            "audit.rs",
            "web/session_store.rs",
        ],
        "say SQL in the room's store.rs; what others need of sqlx is in crate::db",
    ),
    library(
        "postgres",
        // The private cluster's bootstrap runs before there is a pool or a runtime.
        &["db/cluster/"],
        "say SQL in the room's store.rs, through sqlx",
    ),
    library(
        "reqwest",
        &["*/client.rs"],
        "ask others from client.rs, which says what was heard and judges nothing",
    ),
    library(
        "ldap3",
        &["*/ldap.rs"],
        "ask others from ldap.rs, which says what was heard and judges nothing",
    ),
    library(
        "oxide_auth",
        &["oauth/oxide.rs"],
        "speak to oxide-auth through oauth::oxide, the one bridge",
    ),
    library(
        "chrono",
        &["oauth/oxide.rs"],
        "use crate::clock::Moment; chrono is there only because oxide-auth's types demand it",
    ),
    library(
        "tower_sessions",
        &["web/"],
        "use web::begin_session, web::end_session or Frame",
    ),
    library(
        "tera",
        // The roof passes on why templates did not read, a letter is written from templates.
        &["web/", "mail/letter.rs", "mail/deliver.rs", "app.rs"],
        "make a Page and let Frame show it",
    ),
    library(
        "argon2",
        &["upstream/password/"],
        "passwords are hashed on upstream::password's own threads",
    ),
    library("image", &["pictures.rs"], "let Pictures accept it"),
    library(
        "rand",
        // The cluster's password is made before anything of the house is.
        &["entropy.rs", "db/cluster/"],
        "take bytes from crate::entropy::Entropy",
    ),
];

struct Library {
    name: &'static str,
    places: &'static [&'static str],
    instead: &'static str,
}

const fn library(
    name: &'static str,
    places: &'static [&'static str],
    instead: &'static str,
) -> Library {
    Library {
        name,
        places,
        instead,
    }
}

/// What a kind of file may not say, whatever the library.
const KINDS: &[Kind] = &[
    Kind {
        files: &["rules.rs", "flow.rs", "machine.rs", "reply.rs", "view.rs"],
        may_not: &[
            "async ",
            ".await",
            "http::",
            "crate::db",
            "crate::entropy",
            "clock::Clock",
            "SharedClock",
            "super::store",
        ],
        because: "rules take facts and the time and give a judgement; they ask nobody",
    },
    Kind {
        files: &["model.rs"],
        may_not: &["async ", ".await", "http::", "super::store", "super::rules"],
        because: "a model is data that cannot be wrong once parsed",
    },
    Kind {
        files: &["store.rs"],
        may_not: &["super::rules", "http::"],
        because: "a store says what is there and decides nothing",
    },
];

struct Kind {
    files: &'static [&'static str],
    may_not: &'static [&'static str],
    because: &'static str,
}

/// Scope names that are also the word for something else (a field, a column, a way to sign in, a link,
/// a file in a form). They are looked for only where scopes are the matter.
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
const ROOMS_OF_SCOPES: [&str; 8] = [
    "scope",
    "oauth",
    "grants",
    "token",
    "authorize",
    "user_api",
    "connected_apps",
    "metadata",
];

/// Literals that are spelt like a scope by chance, and where.
const NO_SCOPES: &[(&str, &str)] = &[
    // HTTP's authentication scheme (RFC 7617).
    ("oauth/credential.rs", "basic"),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "helpers", "common", "misc", "manager", "service"];

// ---------------------------------------------------------------------------------- the checks

#[test]
fn the_plan_has_no_circle() {
    let mut told = Told::default();
    for list in [GROUND, FLOORS] {
        for (at, room) in list.iter().enumerate() {
            let below = list.iter().take(at).map(|room| room.name);
            let below: Vec<&str> = below.collect();
            for wanted in room.may_import.split_whitespace() {
                if !below.contains(&wanted) {
                    told.add(
                        "tests/architecture.rs",
                        format!(
                            "{} may import {wanted}, which does not stand above it",
                            room.name
                        ),
                    );
                }
            }
        }
    }
    told.end();
}

#[test]
fn imports_only_point_downhill() {
    let mut told = Told::default();
    for file in sources() {
        let room = file.room();
        if ROOF.contains(&room) {
            continue;
        }
        let Some(allowed) = allowed(room) else {
            told.add(&file.path, "this room is not in the plan: give it a row");
            continue;
        };
        for (line, text) in file.lines() {
            let own = paths(text).filter_map(|path| path.strip_prefix("crate::"));
            for wanted in own.filter_map(|path| path.split("::").next()) {
                if wanted != room && !allowed.contains(&wanted) {
                    told.at(
                        &file,
                        line,
                        format!(
                            "{room} may not import {wanted}: let {wanted} be handed in, or change the plan"
                        ),
                    );
                }
            }
        }
    }
    told.end();
}

#[test]
fn a_room_is_left_by_its_name() {
    let mut told = Told::default();
    for file in sources() {
        let folders = file.path.matches('/').count();
        let depth = if file.name() == "mod.rs" {
            folders - 1
        } else {
            folders
        };
        for (line, text) in file.code() {
            if paths(text).any(|path| path.matches("super::").count() >= depth) {
                told.at(
                    &file,
                    line,
                    "say it from crate::, so that one sees which room it is",
                );
            }
        }
    }
    told.end();
}

#[test]
fn one_use_names_one_thing() {
    let mut told = Told::default();
    for file in sources() {
        for (line, text) in file.lines() {
            let statement = text.trim_start();
            let statement = statement
                .strip_prefix("pub")
                .unwrap_or(statement)
                .trim_start();
            let statement = match statement.split_once(')') {
                Some((scope, rest)) if scope.starts_with('(') => rest.trim_start(),
                _ => statement,
            };
            let Some(path) = statement.strip_prefix("use ") else {
                continue;
            };
            let is_plain = path.ends_with(';') && !path.contains(['{', ',']);
            if !is_plain || (path.contains('*') && path != "super::*;") {
                told.at(
                    &file,
                    line,
                    "write one `use` for each thing, each on its own line",
                );
            }
        }
    }
    told.end();
}

#[test]
fn each_library_is_named_where_it_belongs() {
    let mut told = Told::default();
    for file in sources() {
        for (line, text) in file.code() {
            for library in LIBRARIES {
                let is_named =
                    paths(text).any(|path| path.split("::").next() == Some(library.name));
                if is_named && !library.places.iter().any(|place| file.is_in(place)) {
                    told.at(
                        &file,
                        line,
                        format!("{} here? {}", library.name, library.instead),
                    );
                }
            }
        }
    }
    told.end();
}

#[test]
fn each_kind_of_file_keeps_to_its_kind() {
    let mut told = Told::default();
    for file in sources() {
        for kind in KINDS
            .iter()
            .filter(|kind| kind.files.contains(&file.name()))
        {
            for (line, text) in file.code() {
                for word in kind.may_not.iter().filter(|word| text.contains(**word)) {
                    told.at(
                        &file,
                        line,
                        format!("`{word}` in {}? {}", file.name(), kind.because),
                    );
                }
            }
        }
    }
    told.end();
}

#[test]
fn sql_does_not_read_the_time() {
    const INSTEAD: &str = "pass the moment in: the time is read once, by the Clock";
    let clocks = [
        "current_timestamp",
        "current_date",
        "localtimestamp",
        "clock_timestamp(",
        "statement_timestamp(",
        "transaction_timestamp(",
    ];
    let mut told = Told::default();
    let migrations = files_below("migrations").filter(|file| file.path.ends_with(".sql"));
    for file in sources().chain(migrations) {
        for (line, text) in file.code() {
            let lower = text.to_lowercase();
            let is_now = lower.match_indices("now()").any(|(at, _)| {
                let before = lower
                    .get(..at)
                    .and_then(|before| before.chars().next_back());
                !before.is_some_and(|sign| sign.is_alphanumeric() || "._:".contains(sign))
            });
            if is_now || clocks.iter().any(|clock| lower.contains(clock)) {
                told.at(&file, line, INSTEAD);
            }
        }
    }
    told.end();
}

#[test]
fn scopes_are_named_in_one_table() {
    let mut told = Told::default();
    for file in sources().filter(|file| file.path != "src/scope/table.rs") {
        let is_about_scopes = ROOMS_OF_SCOPES.contains(&file.room());
        for (line, text) in file.code() {
            for literal in literals(text) {
                let is_exempt = NO_SCOPES
                    .iter()
                    .any(|(place, it)| file.is_in(place) && *it == literal);
                if let Some(name) = scopes_in(literal, is_about_scopes).filter(|_| !is_exempt) {
                    told.at(
                        &file,
                        line,
                        format!("\"{literal}\" names the scope {name}: take it from scope::Scope"),
                    );
                }
            }
        }
    }
    for file in templates() {
        for (line, text) in file.lines() {
            for (name, before) in SCOPES.iter().filter_map(|row| {
                let (before, _) = text.split_once(&format!("\"{}\"", row.name))?;
                Some((row.name, before))
            }) {
                let before = before.trim_end();
                let compares = before.ends_with("==") || before.ends_with("!=");
                // `value.kind` is the kind of a value ("picture", "text"), no scope.
                let is_kind = before
                    .trim_end_matches(['=', '!'])
                    .trim_end()
                    .ends_with(".kind");
                if compares && !is_kind {
                    told.at(
                        &file,
                        line,
                        format!("a template knows no scope, and this one compares \"{name}\": give it rows to print"),
                    );
                }
            }
        }
    }
    told.end();
}

#[test]
fn every_template_is_somebodys_and_every_page_has_one() {
    let mut told = Told::default();
    let named: Vec<(Source, usize, String)> = sources()
        .flat_map(|file| {
            let pages = file.code().filter_map(|(line, text)| {
                let literal = text.split_once("const TEMPLATE: &'static str = ")?.1;
                Some((line, literals(literal).next()?.to_owned()))
            });
            let pages: Vec<(usize, String)> = pages.collect();
            pages
                .into_iter()
                .map(move |(line, page)| (file.clone(), line, page))
        })
        .collect();
    let there: Vec<Source> = templates().collect();
    for (file, line, page) in &named {
        if !there
            .iter()
            .any(|template| template.path == format!("templates/{page}"))
        {
            told.at(
                file,
                *line,
                format!("there is no templates/{page}: write it"),
            );
        }
    }
    let code: Vec<Source> = sources().collect();
    for template in &there {
        let name = template.path.trim_start_matches("templates/");
        let parts: Vec<&str> = name.split('/').collect();
        let is_used = match parts.as_slice() {
            ["_layout", _] => there
                .iter()
                .any(|other| other.says(&format!("extends \"{name}\""))),
            ["_parts", _] => components(template).any(|component| {
                let calls = [format!("<{component} "), format!("<{component}>")];
                there
                    .iter()
                    .any(|other| calls.iter().any(|call| other.says(call)))
            }),
            ["mail", letter, file] => {
                let is_part = ["subject.txt", "text.txt", "html.html"].contains(file);
                is_part
                    && code
                        .iter()
                        .any(|source| source.says(&format!("\"{letter}\"")))
            }
            [room, ..] if is_awaited(room) => true,
            _ => named.iter().any(|(_, _, page)| page == name),
        };
        if !is_used {
            told.add(
                &template.path,
                "nobody shows this: delete it, or name it in a Page or a letter",
            );
        }
    }
    told.end();
}

#[test]
fn every_name_says_something() {
    let mut told = Told::default();
    for folder in [
        "src",
        "tests",
        "templates",
        "static",
        "migrations",
        "script",
        "widget",
    ] {
        for path in paths_below(&root().join(folder)) {
            let path = relative(&path);
            let is_empty = |part: &str| {
                let name = part.split('.').next().unwrap_or(part);
                name.split(['_', '-'])
                    .any(|word| EMPTY_NAMES.contains(&word))
            };
            if let Some(part) = path.split('/').find(|part| is_empty(part)) {
                told.add(
                    &path,
                    format!("`{part}` says nothing: name it after what it does"),
                );
            }
        }
    }
    told.end();
}

#[test]
fn every_file_says_what_lives_in_it() {
    let mut told = Told::default();
    let tests = files_below("tests").filter(|file| file.path.ends_with(".rs"));
    let benches = files_below("benches").filter(|file| file.path.ends_with(".rs"));
    for file in sources().chain(tests).chain(benches) {
        let first = file.text.lines().next().unwrap_or_default();
        if first
            .strip_prefix("//! ")
            .is_none_or(|words| words.len() < 5)
        {
            told.at(
                &file,
                1,
                "open with `//!`: what lives here, in a line to five",
            );
        }
    }
    told.end();
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut told = Told::default();
    let folders = [
        "src",
        "templates",
        "static",
        "migrations",
        "tests/stories",
        "benches",
        "widget",
    ];
    for file in folders.into_iter().flat_map(files_below) {
        for (at, text) in file.text.lines().enumerate() {
            let line = at + 1;
            if words(text).any(|word| marks.contains(&word)) {
                told.at(&file, line, "do it now, or open an issue and delete this");
            }
            if file.path.ends_with(".rs") && is_code_in_a_comment(text) {
                told.at(&file, line, "delete this: git keeps what was");
            }
        }
    }
    told.end();
}

// ---------------------------------------------------------------------------------- the reader

/// A file as text.
#[derive(Clone)]
struct Source {
    /// From the top of the repository.
    path: String,
    text: String,
}

impl Source {
    /// Every line that is no comment, with its number.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self
            .text
            .lines()
            .enumerate()
            .map(|(at, text)| (at + 1, text));
        numbered.filter(|(_, text)| !is_comment(text))
    }

    /// The same without the tests at the file's foot.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut lines = self.text.lines();
        let foot = lines
            .position(|text| text == "#[cfg(test)]")
            .unwrap_or(usize::MAX);
        self.lines().take_while(move |(line, _)| *line <= foot)
    }

    /// Its folder directly below `src/`, or itself.
    fn room(&self) -> &str {
        let path = self.path.trim_start_matches("src/");
        path.split(['/', '.']).next().unwrap_or(path)
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn is_in(&self, place: &str) -> bool {
        let path = self.path.trim_start_matches("src/");
        match (place.strip_prefix("*/"), place.ends_with('/')) {
            (Some(folder), true) => path.contains(&format!("/{folder}")),
            (Some(name), false) => path.ends_with(&format!("/{name}")),
            (None, true) => path.starts_with(place),
            (None, false) => path == place,
        }
    }

    fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

fn is_comment(text: &str) -> bool {
    text.trim_start().starts_with("//") || text.trim_start().starts_with("-- ")
}

/// A comment that ends as a statement does and holds what only code holds.
fn is_code_in_a_comment(text: &str) -> bool {
    let Some(comment) = text.trim_start().strip_prefix("// ") else {
        return false;
    };
    comment.ends_with([';', '{', '}'])
        && ["(", "=", "::", "use ", "}"]
            .iter()
            .any(|sign| comment.contains(sign))
}

/// The paths of a line, such as `crate::db::Tx`.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |sign: char| sign.is_alphanumeric() || "_:".contains(sign);
    let parts = text.split(move |sign| !is_part(sign));
    parts.filter(|part| part.contains("::"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_')
}

/// What stands between quotation marks.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// The first scope a literal names, if scopes are all it names.
fn scopes_in(literal: &str, is_about_scopes: bool) -> Option<&'static str> {
    let named = |word: &str| SCOPES.iter().map(|row| row.name).find(|name| *name == word);
    let mut names = literal.split([' ', ',', '+']).map(named);
    let first = names.next()??;
    let is_list = names.clone().next().is_some();
    let is_plain = !WORDS_WITH_OTHER_MEANINGS.contains(&first);
    (names.all(|name| name.is_some()) && (is_list || is_plain || is_about_scopes)).then_some(first)
}

/// The components a template defines.
fn components(template: &Source) -> impl Iterator<Item = &str> {
    let definitions = template.text.split("{% component ").skip(1);
    definitions.filter_map(|definition| definition.split('(').next())
}

fn allowed(room: &str) -> Option<Vec<&'static str>> {
    let is_it = |row: &&Room| row.name == room;
    let ground = GROUND.iter().map(|row| row.name);
    if let Some(row) = GROUND.iter().find(is_it) {
        return Some(row.may_import.split_whitespace().collect());
    }
    let row = FLOORS.iter().find(is_it)?;
    Some(row.may_import.split_whitespace().chain(ground).collect())
}

fn is_awaited(room: &str) -> bool {
    AWAITED.contains(&room) && !root().join("src").join(room).exists()
}

fn sources() -> impl Iterator<Item = Source> {
    files_below("src").filter(|file| file.path.ends_with(".rs"))
}

fn templates() -> impl Iterator<Item = Source> {
    files_below("templates")
}

/// Every file of a folder that is text; none if there is no such folder.
fn files_below(folder: &str) -> impl Iterator<Item = Source> + use<> {
    let paths = paths_below(&root().join(folder)).into_iter();
    paths.filter_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        Some(Source {
            path: relative(&path),
            text,
        })
    })
}

fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let into = |path: PathBuf| {
        if path.is_dir() {
            paths_below(&path)
        } else {
            vec![path]
        }
    };
    paths.into_iter().flat_map(into).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Everything that is wrong, told at once.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn at(&mut self, file: &Source, line: usize, what: impl Display) {
        self.0.push(format!("{}:{line}: {what}", file.path));
    }

    fn add(&mut self, path: &str, what: impl Display) {
        self.0.push(format!("{path}: {what}"));
    }

    fn end(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}
