//! Areas and rooms: what each may import.

use std::collections::BTreeSet;

use crate::code::{Name, Use};
use crate::files::{RustFile, report, root, sources};

/// The folders of `src/`, from the bottom to the top. An area imports areas in front of it, and a room
/// imports rooms of its area in front of it, so there is no circle.
///
/// A room with the name of its area is the area's own files: those that stand in no other room.
const AREAS: &[Area] = &[
    area(
        "platform",
        "",
        &[
            room("bit_set", ""),
            room("clock", ""),
            room("rng", ""),
            room("config", ""),
            room("credential_epoch", ""),
            room("metrics", ""),
            room("db", ""),
            room("id", "clock rng"),
            room("secret", "rng"),
            room("links", "id"),
            room("audit", "clock rng db id"),
            room("jobs", "clock metrics db"),
            room("rate_limits", "clock"),
            room(
                "web",
                "clock rng credential_epoch metrics db id secret links rate_limits",
            ),
            room(
                "mail",
                "clock rng credential_epoch metrics db id secret web",
            ),
            room("pictures", "rng"),
        ],
    ),
    area(
        "people",
        "platform",
        &[room("fields", ""), room("records", "fields")],
    ),
    area(
        "connectors",
        "platform people",
        &[
            room("connectors", ""),
            room("password", "connectors"),
            room("ldap", "connectors"),
            room("erp", "connectors"),
            room("jiit", "connectors"),
            room("mailed_code", "connectors"),
            room("leprechaun", "connectors erp mailed_code"),
        ],
    ),
    area(
        "identity",
        "platform people connectors",
        &[
            room("login", ""),
            room("profile", "login"),
            room("sessions", "login"),
            room("linked_identities", "login"),
        ],
    ),
    area(
        "protocol",
        "platform people identity",
        &[
            room("scope", ""),
            room("oauth", "scope"),
            room("app_tokens", ""),
            room("clients", "oauth app_tokens"),
            room("grants", "scope"),
            room("problems", ""),
            room("token", "scope oauth clients app_tokens grants problems"),
            room("authorize", "scope oauth clients grants problems token"),
            room("fedcm", "oauth clients grants authorize"),
            room("access_log", ""),
            room("user_api", "scope clients grants token access_log"),
            room("metadata", "scope"),
        ],
    ),
    area(
        "developers",
        "platform people identity protocol",
        &[
            room("apps", ""),
            room("send_mail", ""),
            room("widget", ""),
            room("docs", "widget"),
        ],
    ),
    area(
        "privacy",
        "platform people connectors identity protocol",
        &[
            room("receipts", ""),
            room("connected_apps", "receipts"),
            room("data_export", ""),
            room("association", ""),
        ],
    ),
    area(
        "server",
        "platform people connectors identity protocol developers privacy",
        &[
            room("login_connectors", ""),
            room("health", ""),
            room("metrics", ""),
            room("welcome", ""),
            room("demo", ""),
            room("server", "login_connectors health metrics welcome demo"),
        ],
    ),
    area(
        "cli",
        "platform people connectors protocol server",
        &[room("cli", "")],
    ),
];

/// These build and start everything.
const TOP_FILES: [&str; 2] = ["lib.rs", "main.rs"];

struct Area {
    name: &'static str,
    may_import: &'static str,
    rooms: &'static [Room],
}

struct Room {
    name: &'static str,
    may_import: &'static str,
}

const fn area(name: &'static str, may_import: &'static str, rooms: &'static [Room]) -> Area {
    Area {
        name,
        may_import,
        rooms,
    }
}

const fn room(name: &'static str, may_import: &'static str) -> Room {
    Room { name, may_import }
}

/// Where a file or a path of `crate::` belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    area: &'static Area,
    /// None for the `mod.rs` of an area that only lists its rooms.
    room: Option<&'static Room>,
}

impl Place {
    /// `parts` come after `crate` or `src/`.
    fn of<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let name = parts.next()?;
        let area = AREAS.iter().find(|area| area.name == name)?;
        let find = |name: &str| area.rooms.iter().find(|room| room.name == name);
        let room = parts.next().and_then(find).or_else(|| find(area.name));
        Some(Self { area, room })
    }

    pub(crate) fn of_file(file: &RustFile) -> Option<Self> {
        Self::of(file.path.trim_end_matches(".rs").split('/'))
    }

    /// The room to which a path leads; a name that the area's `mod.rs` passes on is where it is defined.
    fn of_path(name: &Name) -> Option<Self> {
        let (first, path) = name.path.split_first()?;
        if first != "crate" {
            return None;
        }
        let place = Self::of(path.iter().map(String::as_str))?;
        let passed_on = path.get(1).and_then(|name| place.area.passed_on(name));
        Some(Self {
            room: passed_on.or(place.room),
            ..place
        })
    }

    /// Such as `protocol::token`.
    pub(crate) fn name(self) -> String {
        let room = self.room.map_or(self.area.name, |room| room.name);
        self.area.name_of(room)
    }

    fn is_same_room(self, other: Self) -> bool {
        self.name() == other.name()
    }

    fn may_import(self, other: Self) -> bool {
        if self.area.name != other.area.name {
            return lists(self.area.may_import, other.area.name);
        }
        let room = self.room.zip(other.room);
        self.is_same_room(other)
            || room.is_some_and(|(room, other)| lists(room.may_import, other.name))
    }
}

impl Area {
    /// The room from which the area's `mod.rs` takes a name with `pub use`.
    fn passed_on(&self, name: &str) -> Option<&'static Room> {
        let path = format!("{}/mod.rs", self.name);
        let map = sources().iter().find(|file| file.path == path)?;
        let mut leaves = passing_on(map).flat_map(|statement| &statement.leaves);
        let room = leaves.find(|leaf| leaf.name == name)?.path.first()?;
        self.rooms.iter().find(|known| known.name == room)
    }

    /// Such as `protocol::token`.
    fn name_of(&self, room: &str) -> String {
        if room == self.name {
            room.to_owned()
        } else {
            format!("{}::{room}", self.name)
        }
    }
}

fn is_map_of_area(file: &RustFile) -> bool {
    file.name() == "mod.rs" && file.path.matches('/').count() == 1
}

/// The `pub use` statements of a file.
fn passing_on(file: &RustFile) -> impl Iterator<Item = &Use> {
    let statements = file.all.uses.iter();
    statements.filter(|statement| statement.visibility.starts_with("pub"))
}

fn lists(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|word| word == name)
}

// ---------------------------------------------------------------------------------- the laws

#[test]
fn the_tables_have_no_circle() {
    let areas: Vec<_> = AREAS.iter().map(|row| (row.name, row.may_import)).collect();
    let rooms = AREAS.iter().map(|area| {
        let rooms = area.rooms.iter();
        rooms.map(|row| (row.name, row.may_import)).collect()
    });
    report(rooms.chain([areas]).flat_map(|rows: Vec<_>| {
        let mut earlier = Vec::new();
        let mut faults = Vec::new();
        for (name, list) in rows {
            let wrong = list
                .split_whitespace()
                .filter(|wanted| !earlier.contains(wanted));
            faults.extend(wrong.map(|wanted| {
                format!("AREAS: {name} may import {wanted}, which does not stand in front of it")
            }));
            earlier.push(name);
        }
        faults
    }));
}

#[test]
fn the_tables_name_only_what_is_there() {
    let paths = AREAS.iter().flat_map(|area| {
        let rooms = area.rooms.iter().map(|room| area.name_of(room.name));
        rooms.chain([area.name.to_owned()])
    });
    let gone = paths.filter(|path| {
        let path = root().join("src").join(path.replace("::", "/"));
        !path.is_dir() && !path.with_extension("rs").is_file()
    });
    report(gone.map(|path| format!("AREAS: {path} is gone: take it out of the table")));
}

/// A row that allows more than is used hides the next wrong import.
#[test]
fn the_tables_allow_only_what_is_used() {
    let mut used = BTreeSet::new();
    for file in sources() {
        let Some(own) = Place::of_file(file) else {
            continue;
        };
        for other in file.all.names.iter().filter_map(Place::of_path) {
            used.insert((own.area.name.to_owned(), other.area.name.to_owned()));
            used.insert((own.name(), other.name()));
        }
    }
    let areas = AREAS.iter().flat_map(|area| {
        let wanted = area.may_import.split_whitespace();
        wanted.map(|wanted| (area.name.to_owned(), wanted.to_owned()))
    });
    let rooms = AREAS.iter().flat_map(|area| {
        area.rooms.iter().flat_map(|room| {
            let wanted = room.may_import.split_whitespace();
            wanted.map(|wanted| (area.name_of(room.name), area.name_of(wanted)))
        })
    });
    let unused = areas.chain(rooms).filter(|row| !used.contains(row));
    report(unused.map(|(own, wanted)| {
        format!("AREAS: {own} no longer imports {wanted}: take it out of the table")
    }));
}

#[test]
fn every_file_is_in_a_room() {
    report(sources().iter().filter_map(|file| {
        if TOP_FILES.contains(&file.path.as_str()) {
            return None;
        }
        let remedy = match Place::of_file(file) {
            None => "the area is not in AREAS: give it a row",
            Some(place) if place.room.is_some() => return None,
            Some(_) if !is_map_of_area(file) => "the room is not in AREAS: give it a row",
            Some(_) if !file.code.uses.is_empty() || !file.code.types.is_empty() => {
                "move this into a room: the mod.rs of an area lists its rooms"
            }
            Some(_) => return None,
        };
        Some(file.fault(1, remedy))
    }));
}

#[test]
fn imports_follow_the_table() {
    report(sources().iter().flat_map(|file| {
        let own = Place::of_file(file);
        file.all.names.iter().filter_map(move |name| {
            let (own, other) = (own?, Place::of_path(name)?);
            // The map of an area passes on names of all its rooms.
            let is_passed_on = is_map_of_area(file)
                && passing_on(file).any(|statement| statement.lines.contains(&name.line));
            let is_allowed = own.may_import(other) || is_passed_on;
            (!is_allowed).then(|| {
                let (own, other) = (own.name(), other.name());
                let remedy = "pass in what it needs, or change AREAS";
                file.fault(
                    name.line,
                    &format!("{own} may not import {other}: {remedy}"),
                )
            })
        })
    }));
}

#[test]
fn a_room_is_left_by_its_name() {
    report(sources().iter().flat_map(|file| {
        let own = Place::of_file(file);
        file.all.names.iter().filter_map(move |name| {
            let own = own?;
            let stays = Place::of_path(name).is_some_and(|other| own.is_same_room(other));
            let remedy = "write the path from `crate::`, so that it shows the room";
            (name.is_relative && !stays).then(|| file.fault(name.line, remedy))
        })
    }));
}

#[test]
fn imports_are_grouped_by_module() {
    report(sources().iter().flat_map(|file| {
        let mut seen = BTreeSet::new();
        file.all.uses.iter().filter_map(move |statement| {
            let [module] = statement.modules.as_slice() else {
                return Some(file.fault(statement.line(), "write one `use` for each module"));
            };
            let key = (statement.scope, &statement.visibility, module);
            let is_second = !statement.has_attributes && !seen.insert(key);
            let remedy = if is_second {
                "this module has a `use` above: add the names to it"
            } else if statement.has_glob && (module != "super" || !is_test(file, statement)) {
                "name what is imported; only tests may `use super::*`"
            } else {
                return None;
            };
            Some(file.fault(statement.line(), remedy))
        })
    }));
}

fn is_test(file: &RustFile, statement: &Use) -> bool {
    let mut uses = file.code.uses.iter();
    file.name() == "tests.rs" || !uses.any(|other| other.lines == statement.lines)
}
