//! Kinds of files: in every room the same file name has the same kind of contents.

use crate::code::Name;
use crate::files::{RustFile, report, sources};
use crate::imports::Place;

/// `ROOM` is the room of the file.
const KINDS: &[Kind] = &[
    Kind {
        files: &[
            "*/rules.rs",
            "*/flow.rs",
            "*/decide.rs",
            "*/machine.rs",
            "*/state_machine/",
            "*/reply.rs",
            "*/view.rs",
        ],
        may_not_name: &[
            "async",
            "await",
            "http::",
            "axum::http::",
            "crate::platform::db",
            "crate::platform::rng",
            "crate::platform::clock::Clock",
            "crate::platform::clock::SharedClock",
            "ROOM::store",
        ],
        remedy: "rules are functions of facts and the time: pass in what they need",
    },
    Kind {
        files: &["*/model.rs"],
        may_not_name: &[
            "async",
            "await",
            "http::",
            "axum::http::",
            "ROOM::store",
            "ROOM::rules",
        ],
        remedy: "a model holds types that are valid once parsed, and no I/O",
    },
    Kind {
        files: &["*/store.rs"],
        may_not_name: &["http::", "axum::http::", "ROOM::rules"],
        remedy: "a store runs statements and decides nothing",
    },
];

struct Kind {
    files: &'static [&'static str],
    may_not_name: &'static [&'static str],
    remedy: &'static str,
}

/// Files that answer requests.
const HANDLERS: [&str; 5] = [
    "*/pages.rs",
    "*/pages/",
    "*/api.rs",
    "protocol/token/endpoint.rs",
    "protocol/token/revocation_endpoint.rs",
];
/// How functions of a store begin that write.
const WRITES: [&str; 4] = ["insert_", "mark_", "delete_", "update_"];
/// Handlers that write without a verb: file, function, reason.
const WRITES_WITHOUT_A_VERB: &[(&str, &str, &str)] = &[
    (
        "identity/sessions/pages.rs",
        "delete_one",
        "a session that is already gone is ended, so nothing is decided",
    ),
    (
        "privacy/association/pages/mod.rs",
        "mark_cancelled",
        "cancels a proof whatever its state",
    ),
    (
        "privacy/association/pages/mod.rs",
        "mark_entered",
        "the statement decides: it changes no row if the code was entered before",
    ),
    (
        "privacy/association/pages/mod.rs",
        "mark_look_ups",
        "stores a tick box of the person's own association",
    ),
    (
        "protocol/authorize/pages.rs",
        "insert_request",
        "stores the request while its consent page is open",
    ),
];

/// Handlers that begin a transaction themselves: file, reason. All others write for a person who is signed in, and
/// begin with `login::begin_write`, which refuses the write if the session has ended.
const BEGINS_WITHOUT_A_SESSION: &[(&str, &str)] = &[
    (
        "identity/login/pages/complete_login.rs",
        "a sign-in: find_or_create and link compare the epoch under which it began",
    ),
    (
        "identity/login/pages/errors.rs",
        "the circuit breaker, which concerns no person",
    ),
    (
        "privacy/association/pages/mod.rs",
        "a proof may have no session: its statements compare the epoch under which it began",
    ),
    (
        "protocol/fedcm/api.rs",
        "the session comes from FedCM's own cookie; its epoch is compared at once",
    ),
    ("protocol/token/endpoint.rs", "apps have no session"),
    (
        "protocol/token/revocation_endpoint.rs",
        "apps have no session",
    ),
];

/// Files that commit transactions, besides handlers.
const COMMITS: [&str; 8] = [
    "cli/",
    "platform/db/",
    // The lock of a job is a transaction, which ends with its run.
    "platform/jobs/store.rs",
    // Commands, called by `cli`.
    "protocol/clients/command.rs",
    "server/demo/seed.rs",
    // A job.
    "privacy/data_export/remove.rs",
    // Sends a mail after the transaction that counts it: no network inside one.
    "developers/send_mail/send.rs",
    // Has the pool, so its handler has no transaction.
    "developers/send_mail/stop.rs",
];

#[test]
fn each_kind_of_file_keeps_to_its_kind() {
    report(sources().iter().flat_map(|file| {
        let kinds = KINDS
            .iter()
            .filter(|kind| kind.files.iter().any(|place| file.is_in(place)));
        kinds.flat_map(move |kind| {
            let room = Place::of_file(file).map(|place| format!("crate::{}", place.name()));
            let room = room.unwrap_or_default();
            file.code.names.iter().filter_map(move |name| {
                let mut places = kind.may_not_name.iter();
                let is_wrong = places.any(|place| name.is_in(&place.replace("ROOM", &room)));
                let path = name.path.join("::");
                let remedy = format!("`{path}` has no place in {}: {}", file.name(), kind.remedy);
                is_wrong.then(|| file.fault(name.line, &remedy))
            })
        })
    }));
}

#[test]
fn a_handler_writes_through_a_verb() {
    report(handler_writes().filter_map(|(file, name, function)| {
        let mut exceptions = WRITES_WITHOUT_A_VERB.iter();
        let is_known = exceptions.any(|(path, known, _)| file.path == *path && function == *known);
        (!is_known).then(|| {
            let remedy =
                format!("put store::{function} into a verb, a file named after what it does");
            file.fault(name.line, &remedy)
        })
    }));
}

#[test]
fn each_exception_is_needed() {
    let unused = WRITES_WITHOUT_A_VERB.iter().filter(|(path, known, _)| {
        !handler_writes().any(|(file, _, function)| file.path == *path && function == *known)
    });
    report(unused.map(|(path, function, _)| {
        format!(
            "WRITES_WITHOUT_A_VERB: {path} no longer calls {function}: take it out of the table"
        )
    }));
}

#[test]
fn a_handler_of_a_person_who_is_signed_in_begins_with_their_session() {
    let begins = || handlers().filter_map(|file| Some((file, begin_of(file)?)));
    let is_known = |file: &RustFile| {
        let mut exceptions = BEGINS_WITHOUT_A_SESSION.iter();
        exceptions.any(|(path, _)| file.path == *path)
    };
    let wrong = begins().filter(|(file, _)| !is_known(file));
    let wrong = wrong.map(|(file, name)| {
        file.fault(
            name.line,
            "begin with login::begin_write, or add the file to BEGINS_WITHOUT_A_SESSION with the reason",
        )
    });
    let unused = BEGINS_WITHOUT_A_SESSION
        .iter()
        .filter(|(path, _)| !begins().any(|(file, _)| file.path == *path));
    let unused = unused.map(|(path, _)| {
        format!("BEGINS_WITHOUT_A_SESSION: {path} begins no transaction: take it out of the table")
    });
    report(wrong.chain(unused));
}

/// The first call of `db.begin()`.
fn begin_of(file: &RustFile) -> Option<&Name> {
    let mut names = file.code.names.iter();
    names.find(|name| name.path == ["begin"])
}

#[test]
fn a_verb_does_not_commit() {
    report(sources().iter().flat_map(|file| {
        let mut places = HANDLERS.iter().chain(&COMMITS);
        let may_commit = places.any(|place| file.is_in(place));
        let commits = file.code.names.iter().filter(|name| name.is_in("commit"));
        let wrong = commits.filter(move |_| !may_commit);
        wrong.map(|name| {
            file.fault(
                name.line,
                "take the caller's transaction: handlers, jobs and commands commit",
            )
        })
    }));
}

fn handlers() -> impl Iterator<Item = &'static RustFile> {
    let files = sources().iter();
    files.filter(|file| HANDLERS.iter().any(|place| file.is_in(place)))
}

fn handler_writes() -> impl Iterator<Item = (&'static RustFile, &'static Name, &'static str)> {
    handlers().flat_map(|file| {
        file.code.names.iter().filter_map(move |name| {
            let [.., module, function] = name.path.as_slice() else {
                return None;
            };
            let is_write = WRITES.iter().any(|write| function.starts_with(write));
            (module == "store" && is_write).then_some((file, name, function.as_str()))
        })
    })
}
