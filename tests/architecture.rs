//! The plan of the house, held against its files: who may import whom, what each kind of file may
//! name, and where each thing is said once. No database: everything here is read as text.
//!
//! A rule that stands in your way is changed here, in the same commit, with its reason.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read ends the test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use profiles::protocol::scope::SCOPES;

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
    room("measure", ""),
    room("web", "db measure"),
    room("jobs", "db measure"),
    room("mail", "db measure jobs web"),
    room("pictures", "web"),
    // rooms
    room("people", "db audit"),
    room("upstream", "db audit web mail people"),
    room("login", "db audit measure web mail people upstream"),
    room("apps", "db audit web mail people login pictures"),
    room("grants", "db audit people apps"),
    room("token", "db audit web mail people apps grants"),
    room("authorize", "db audit web people login apps grants token"),
    room("ledger", "db"),
    room(
        "association",
        "db audit measure web mail people upstream login ledger",
    ),
    room("user_api", "db web people apps grants token ledger"),
    room("send_mail", "db web mail people apps grants token"),
    room("profile", "db web mail people upstream login pictures"),
    room(
        "my_data",
        "db audit web mail people login apps pictures ledger",
    ),
    room("sessions", "db audit web login"),
    room("ways_in", "db web mail people upstream login"),
    room("receipts", "db web login people apps"),
    room(
        "connected_apps",
        "db audit web login people apps grants ledger receipts",
    ),
    room("widget", "db web people login apps grants authorize"),
    room("docs", "db web people apps grants widget"),
    room("welcome", "web"),
    room("demo", "db web people upstream apps pictures"),
    room("health", "db"),
    room("metrics", "db measure upstream"),
    room("metadata", ""),
];

/// Wiring: may import everything, and nothing may import it.
const ROOF: [&str; 5] = ["app", "cli", "lib", "main", "upstreams"];

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
            "metrics.rs",
            "metadata.rs",
            // Kit that serves its own files.
            "pictures.rs",
            // Extractors, named after what they prove.
            "apps/own.rs",
            "login/signed_in.rs",
            "my_data/lately.rs",
            "token/bearer.rs",
            "token/request.rs",
            "widget/fedcm/asker.rs",
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
        "say SQL in the room's store.rs; what others need of sqlx is in crate::platform::db",
    ),
    library(
        "postgres",
        // The private cluster's bootstrap runs before there is a pool or a runtime.
        &["db/cluster/"],
        "say SQL in the room's store.rs, through sqlx",
    ),
    library(
        "reqwest",
        // Adapters say what they ask in their client.rs; how it is asked is said once. The demo app is a
        // client of this very server, and shows its calls.
        &["*/client.rs", "upstream/http.rs", "demo/trip.rs"],
        "ask others from client.rs, which says what was heard and judges nothing",
    ),
    library(
        "ldap3",
        // Its words only: see upstream/ldap/client.rs.
        &["upstream/ldap/template.rs"],
        "filters and names are filled in by upstream::ldap's Template",
    ),
    library(
        "prometheus_client",
        &["measure.rs"],
        "count with a function of crate::platform::metrics, where every name and label is",
    ),
    library(
        "oxide_auth",
        &["oauth/oxide.rs"],
        "speak to oxide-auth through oauth::oxide, the one bridge",
    ),
    library(
        "chrono",
        &["oauth/oxide.rs"],
        "use crate::platform::clock::Moment; chrono is there only because oxide-auth's types demand it",
    ),
    library(
        "tower_sessions",
        &["web/"],
        "use web::begin_session, web::end_session or Frame",
    ),
    library(
        "tera",
        // The roof passes on why templates did not read; a letter is written from templates, and so are
        // the programs that the docs show, each by itself.
        &[
            "web/",
            "mail/letter.rs",
            "mail/deliver.rs",
            "docs/pages.rs",
            "docs/snippets.rs",
            "docs/button.rs",
            "app.rs",
        ],
        "make a Page and let Frame show it",
    ),
    library(
        "argon2",
        &["upstream/password/"],
        "passwords are hashed on upstream::password's own threads",
    ),
    library(
        "zxcvbn",
        &["upstream/password/"],
        "a password that can be set is a NewPassword",
    ),
    library(
        "zip",
        &["my_data/archive.rs"],
        "let my_data::archive pack it",
    ),
    library(
        "image",
        // The demo draws the portrait that it then uploads as anybody would; a portal's captcha is drawn
        // anew before a browser of ours is shown it.
        &[
            "pictures.rs",
            "demo/portrait.rs",
            "upstream/jiit/picture.rs",
        ],
        "let Pictures accept it",
    ),
    library(
        "rand",
        // The cluster's password is made before anything of the house is.
        &["entropy.rs", "db/cluster/"],
        "take bytes from crate::platform::rng::Entropy",
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
            "crate::platform::db",
            "crate::platform::rng",
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
    // The word of a tab.
    ("docs/model.rs", "basic"),
];

/// What reads the time in SQL, beside `now()`.
const SQL_CLOCKS: [&str; 6] = [
    "current_timestamp",
    "current_date",
    "localtimestamp",
    "clock_timestamp(",
    "statement_timestamp(",
    "transaction_timestamp(",
];

/// Put together here, so that this file does not find itself.
const FOR_LATER: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["utils", "helpers", "common", "misc", "manager", "service"];

// ---------------------------------------------------------------------------------- the checks

#[test]
fn the_plan_has_no_circle() {
    let above = |list: &'static [Room]| {
        let rows = list.iter().enumerate();
        rows.flat_map(move |(at, row)| {
            let stands_above = move |wanted: &&str| list[..at].iter().any(|it| it.name == *wanted);
            let wanted = row.may_import.split_whitespace();
            wanted
                .filter(move |wanted| !stands_above(wanted))
                .map(move |wanted| {
                    format!("{} may import {wanted}, which is not above it", row.name)
                })
        })
    };
    tell(above(GROUND).chain(above(FLOORS)));
}

#[test]
fn the_plan_names_nothing_that_is_gone() {
    let src = root().join("src");
    let rooms = GROUND.iter().chain(FLOORS).map(|row| row.name);
    let is_there =
        |room: &str| src.join(room).exists() || src.join(room).with_extension("rs").exists();
    let gone = rooms.filter(|room| !is_there(room));
    let places = LIBRARIES.iter().flat_map(|library| library.places);
    let places = places.chain(NO_SCOPES.iter().map(|(place, _)| place));
    let left = places.filter(|place| !place.starts_with("*/") && !src.join(place).exists());
    tell(
        gone.chain(left.copied())
            .map(|name| format!("src/{name} is gone: take it out of the plan")),
    );
}

#[test]
fn imports_only_point_downhill() {
    hold(sources(), Source::lines, |file, text| {
        let room = file.room();
        if ROOF.contains(&room) {
            return None;
        }
        let Some(allowed) = allowed(room) else {
            let opens = text.starts_with("//!");
            return opens.then(|| format!("the room {room} is not in the plan: give it a row"));
        };
        let mut rooms =
            paths(text).filter_map(|path| path.strip_prefix("crate::")?.split("::").next());
        let wrong = rooms.find(|wanted| *wanted != room && !allowed.contains(wanted))?;
        Some(format!(
            "{room} may not import {wrong}: hand in what it needs, or change the plan"
        ))
    });
}

#[test]
fn a_room_is_left_by_its_name() {
    hold(sources(), Source::code, |file, text| {
        let folders = file.path.matches('/').count();
        let depth = folders - usize::from(file.name() == "mod.rs");
        let leaves = |path: &str| path.matches("super::").count() >= depth;
        paths(text)
            .any(leaves)
            .then(|| "say it from crate::, so that one sees which room it is".to_owned())
    });
}

#[test]
fn one_use_names_one_thing() {
    hold(sources(), Source::lines, |_, text| {
        let (before, path) = text.split_once("use ")?;
        let visibility = before.trim_start();
        let is_statement = ["", "pub "].contains(&visibility) || visibility.ends_with(") ");
        let is_plain = path.ends_with(';') && !path.contains(['{', ',']);
        let is_whole = path.contains('*') && path != "super::*;";
        (is_statement && (!is_plain || is_whole))
            .then(|| "write one `use` for each thing, each on its own line".to_owned())
    });
}

#[test]
fn each_library_is_named_where_it_belongs() {
    hold(sources(), Source::code, |file, text| {
        let mut libraries = paths(text).filter_map(|path| {
            let name = path.split("::").next();
            LIBRARIES.iter().find(|library| Some(library.name) == name)
        });
        let is_misplaced = |it: &&Library| !it.places.iter().any(|place| file.is_in(place));
        let wrong = libraries.find(is_misplaced)?;
        Some(format!("{} here? {}", wrong.name, wrong.instead))
    });
}

#[test]
fn each_kind_of_file_keeps_to_its_kind() {
    hold(sources(), Source::code, |file, text| {
        let kind = KINDS
            .iter()
            .find(|kind| kind.files.contains(&file.name()))?;
        let wrong = kind.may_not.iter().find(|word| text.contains(**word))?;
        Some(format!("`{wrong}` in {}? {}", file.name(), kind.because))
    });
}

#[test]
fn sql_does_not_read_the_time() {
    let migrations = files_below("migrations").filter(|file| file.is("sql"));
    hold(sources().chain(migrations), Source::code, |_, text| {
        let lower = text.to_lowercase();
        // In Rust a clock is asked by method or path, in SQL the function stands alone.
        let is_now = lower.match_indices("now()").any(|(at, _)| {
            let before = lower.split_at(at).0.chars().next_back();
            !before.is_some_and(|sign| sign.is_alphanumeric() || "._:".contains(sign))
        });
        let is_clock = SQL_CLOCKS.iter().any(|clock| lower.contains(clock));
        (is_now || is_clock)
            .then(|| "pass the moment in: the time is read once, by the Clock".to_owned())
    });
}

#[test]
fn code_takes_scopes_from_the_table() {
    let others = sources().filter(|file| file.path != "src/scope/table.rs");
    hold(others, Source::code, |file, text| {
        let is_about_scopes = ROOMS_OF_SCOPES.contains(&file.room());
        let is_by_chance = |literal: &&str| {
            let mut known = NO_SCOPES.iter();
            known.any(|(place, text)| file.is_in(place) && text == literal)
        };
        let mut said = literals(text).filter(|literal| !is_by_chance(literal));
        let scope = said.find_map(|literal| scopes_in(literal, is_about_scopes))?;
        Some(format!(
            "this names the scope {scope}: take it from scope::Scope"
        ))
    });
}

#[test]
fn templates_know_no_scope() {
    hold(templates(), Source::lines, |_, text| {
        let compared = SCOPES.iter().find(|row| {
            let before = text
                .split_once(&format!("\"{}\"", row.name))
                .map(|parts| parts.0);
            let before = before.unwrap_or_default().trim_end();
            let subject = before
                .strip_suffix("==")
                .or_else(|| before.strip_suffix("!="));
            // `value.kind` is the kind of a value ("picture", "text"), no scope.
            subject.is_some_and(|subject| subject.trim_end().rsplit('.').next() != Some("kind"))
        })?;
        Some(format!(
            "this compares with \"{}\": give the template rows to print",
            compared.name
        ))
    });
}

#[test]
fn every_page_has_a_template() {
    hold(sources(), Source::code, |_, text| {
        let page = page_template(text)?;
        let is_there = root().join("templates").join(page).exists();
        (!is_there).then(|| format!("there is no templates/{page}: write it"))
    });
}

#[test]
fn every_template_is_somebodys() {
    let (code, there): (Vec<Source>, Vec<Source>) = (sources().collect(), templates().collect());
    let in_templates = |text: &str| there.iter().any(|other| other.text.contains(text));
    let is_used = |template: &&Source| {
        let name = template.path.trim_start_matches("templates/");
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["_layout", _] => in_templates(&format!("extends \"{name}\"")),
            ["_parts", _] => components(template).any(|component| {
                in_templates(&format!("<{component} ")) || in_templates(&format!("<{component}>"))
            }),
            ["mail", letter, "subject.txt" | "text.txt" | "html.html"] => {
                let letter = format!("\"{letter}\"");
                code.iter().any(|file| file.text.contains(&letter))
            }
            // Tabs and programs are rows of a table.
            ["docs", ..] => {
                let row = format!("\"{name}\"");
                code.iter().any(|file| file.text.contains(&row))
            }
            _ => {
                let is_page = |text: &str| page_template(text) == Some(name);
                code.iter().any(|file| file.text.lines().any(is_page))
            }
        }
    };
    let unused = there.iter().filter(|template| !is_used(template));
    tell(unused.map(|template| {
        format!(
            "{}: no page and no letter shows this: delete it",
            template.path
        )
    }));
}

#[test]
fn every_name_says_something() {
    let folders = [
        "src",
        "tests",
        "benches",
        "templates",
        "static",
        "migrations",
        "script",
        "widget",
    ];
    let paths = folders
        .iter()
        .flat_map(|folder| paths_below(&root().join(folder)));
    let empty = paths.map(|path| relative(&path)).filter_map(|path| {
        let parts: Vec<&str> = path.split(['/', '.', '_', '-']).collect();
        let part = EMPTY_NAMES.iter().find(|name| parts.contains(name))?;
        Some(format!(
            "{path}: `{part}` says nothing: name it after what it does"
        ))
    });
    tell(empty);
}

#[test]
fn every_file_says_what_lives_in_it() {
    let others = ["tests", "benches"].into_iter().flat_map(files_below);
    let files = sources().chain(others.filter(|file| file.is("rs")));
    let silent = files.filter(|file| {
        let first = file.text.lines().next().unwrap_or_default();
        first
            .strip_prefix("//! ")
            .is_none_or(|words| words.len() < 5)
    });
    tell(silent.map(|file| {
        format!(
            "{}:1: open with `//!`: what lives here, in a line to five",
            file.path
        )
    }));
}

#[test]
fn nothing_is_left_for_later() {
    let folders = [
        "src",
        "templates",
        "static",
        "migrations",
        "tests/stories",
        "benches",
        "widget",
    ];
    hold(
        folders.into_iter().flat_map(files_below),
        Source::all,
        |file, text| {
            if words(text).any(|word| FOR_LATER.contains(&word)) {
                return Some("do it now, or open an issue and delete this".to_owned());
            }
            let is_dead = file.is("rs") && is_code_in_a_comment(text);
            is_dead.then(|| "delete this: git keeps what was".to_owned())
        },
    );
}

// ---------------------------------------------------------------------------------- the reader

/// Asks of every line what is wrong with it, and fails with all that is.
fn hold(
    files: impl Iterator<Item = Source>,
    part: fn(&Source) -> Vec<(usize, &str)>,
    judge: impl Fn(&Source, &str) -> Option<String>,
) {
    let mut told = Vec::new();
    for file in files {
        let wrong = part(&file).into_iter().filter_map(|(line, text)| {
            judge(&file, text).map(|what| format!("{}:{line}: {what}", file.path))
        });
        told.extend(wrong);
    }
    tell(told.into_iter());
}

#[track_caller]
fn tell(told: impl Iterator<Item = String>) {
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

/// A file as text.
struct Source {
    /// From the top of the repository.
    path: String,
    text: String,
}

impl Source {
    /// Every line with its number.
    fn all(&self) -> Vec<(usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(at, text)| (at + 1, text)).collect()
    }

    /// Those that are no comment.
    fn lines(&self) -> Vec<(usize, &str)> {
        let is_comment = |text: &str| {
            ["//", "--"]
                .iter()
                .any(|mark| text.trim_start().starts_with(mark))
        };
        let mut lines = self.all();
        lines.retain(|(_, text)| !is_comment(text));
        lines
    }

    /// The same without the tests at the file's foot.
    fn code(&self) -> Vec<(usize, &str)> {
        let all: Vec<&str> = self.text.lines().collect();
        let is_foot = |two: &[&str]| matches!(two, ["#[cfg(test)]", next] if next.ends_with(" {"));
        let foot = all.windows(2).position(is_foot).unwrap_or(all.len());
        let mut lines = self.lines();
        lines.retain(|(line, _)| *line <= foot);
        lines
    }

    /// Its folder directly below `src/`, or itself.
    fn room(&self) -> &str {
        let path = self.path.trim_start_matches("src/");
        path.split(['/', '.']).next().unwrap_or(path)
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn is(&self, ending: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|it| it == ending)
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
}

/// The paths of a line, such as `crate::platform::db::Tx`.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |sign: char| sign.is_alphanumeric() || "_:".contains(sign);
    let parts = text.split(move |sign| !is_part(sign));
    parts.filter(|part| part.contains("::"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_')
}

/// A comment that ends as a statement does and holds what only code holds.
fn is_code_in_a_comment(text: &str) -> bool {
    let Some(comment) = text.trim_start().strip_prefix("// ") else {
        return false;
    };
    let signs = ["(", "=", "::", "}", "use "];
    comment.ends_with([';', '{', '}']) && signs.iter().any(|sign| comment.contains(sign))
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

/// The template that a line says its page has.
fn page_template(text: &str) -> Option<&str> {
    let literal = text.split_once("const TEMPLATE: &'static str = ")?.1;
    literals(literal).next()
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

fn sources() -> impl Iterator<Item = Source> {
    files_below("src").filter(|file| file.is("rs"))
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
    // What npm has put beside a client's own file is not ours.
    paths.retain(|path| !path.ends_with("node_modules"));
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
