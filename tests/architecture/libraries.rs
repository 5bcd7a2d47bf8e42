//! Libraries: which files may name each.

use crate::files::{report, root, sources};

/// `*/` at the start of a place: in any room; `/` at its end: the whole folder.
const LIBRARIES: &[Library] = &[
    Library {
        name: "axum",
        places: &[
            "*/mod.rs",
            "*/pages.rs",
            "*/pages/",
            "*/api.rs",
            "platform/web/",
            "cli/http_server.rs",
            // Merges the routes of each area.
            "server/features.rs",
            // Rooms of one file hold route and handler.
            "server/health.rs",
            "server/metrics.rs",
            "protocol/metadata.rs",
            // Serves the files it stores.
            "platform/pictures.rs",
            // Answers CORS preflights for the api.rs of other rooms.
            "protocol/clients/preflight.rs",
            // Extractors, named after what they prove.
            "developers/apps/own.rs",
            "identity/login/require_session.rs",
            "privacy/data_export/lately.rs",
            "protocol/token/bearer.rs",
            "protocol/token/request.rs",
            "protocol/fedcm/extractors.rs",
            // Endpoints of RFC 6749 and RFC 7009.
            "protocol/token/endpoint.rs",
            "protocol/token/revocation_endpoint.rs",
            "protocol/token/refusal.rs",
        ],
        remedy: "answer requests in pages.rs or api.rs; verbs, rules and stores do not use HTTP",
    },
    Library {
        name: "sqlx",
        places: &[
            "*/store.rs",
            "platform/db/",
            // One table each, written in the caller's transaction.
            "platform/audit.rs",
            "platform/web/session_store.rs",
        ],
        remedy: "write SQL in the room's store.rs; crate::platform::db has what others need of sqlx",
    },
    Library {
        name: "postgres",
        // The private cluster starts before there is a pool or a runtime.
        places: &["platform/db/cluster/"],
        remedy: "write SQL in the room's store.rs, with sqlx",
    },
    Library {
        name: "reqwest",
        places: &[
            "connectors/http.rs",
            // The demo app is a client of this server, and shows its calls.
            "server/demo/http_client.rs",
        ],
        remedy: "call other systems with the client of connectors/http.rs",
    },
    Library {
        name: "ldap3",
        // Only its names and filters: the connection is in connectors/ldap/client.rs.
        places: &["connectors/ldap/filter_template.rs"],
        remedy: "fill in names and filters with the Template of connectors::ldap",
    },
    Library {
        name: "prometheus_client",
        places: &["platform/metrics.rs"],
        remedy: "count with a function of crate::platform::metrics, which holds every name and label",
    },
    Library {
        name: "oxide_auth",
        places: &["protocol/oauth/oxide.rs"],
        remedy: "use oxide-auth through protocol::oauth::oxide",
    },
    Library {
        name: "chrono",
        places: &["protocol/oauth/oxide.rs"],
        remedy: "use the time of crate::platform::clock; only oxide-auth's types need chrono",
    },
    Library {
        name: "tower_sessions",
        places: &["platform/web/"],
        remedy: "use the session functions of crate::platform::web",
    },
    Library {
        name: "tera",
        places: &[
            "platform/web/",
            // Mails are rendered from templates.
            "platform/mail/rendered_mail.rs",
            // So are the programs that the documentation shows.
            "developers/docs/pages.rs",
            "developers/docs/snippets.rs",
            "developers/docs/button.rs",
            // Reports a template that cannot be read.
            "server/mod.rs",
        ],
        remedy: "implement Page; crate::platform::web renders it",
    },
    Library {
        name: "argon2",
        places: &["connectors/password/"],
        remedy: "hash passwords on the threads of connectors::password",
    },
    Library {
        name: "zxcvbn",
        places: &["connectors/password/"],
        remedy: "take a NewPassword, which has been checked",
    },
    Library {
        name: "zip",
        places: &["privacy/data_export/archive.rs"],
        remedy: "use data_export::archive",
    },
    Library {
        name: "image",
        places: &[
            "platform/pictures.rs",
            // Draws the portrait that the demo uploads.
            "server/demo/portrait.rs",
            // A portal's captcha is drawn anew before a browser gets it.
            "connectors/jiit/captcha_image.rs",
        ],
        remedy: "use crate::platform::pictures",
    },
    Library {
        name: "moxcms",
        places: &["platform/pictures.rs"],
        remedy: "use crate::platform::pictures",
    },
    Library {
        name: "encoding_rs",
        places: &["people/records/import_encoding.rs"],
        remedy: "decode lists with people::records::read_list",
    },
    Library {
        name: "csv",
        places: &["people/records/import_csv.rs"],
        remedy: "read lists with people::records::read_list",
    },
    Library {
        name: "rand",
        places: &[
            "platform/rng.rs",
            // The cluster's password is made before anything else is built.
            "platform/db/cluster/",
        ],
        remedy: "take random bytes from crate::platform::rng",
    },
];

struct Library {
    name: &'static str,
    places: &'static [&'static str],
    remedy: &'static str,
}

#[test]
fn each_library_is_named_only_in_its_places() {
    report(sources().iter().flat_map(|file| {
        let names = file.code.names.iter().filter(|name| name.path.len() > 1);
        names.filter_map(|name| {
            let library = LIBRARIES
                .iter()
                .find(|library| name.path.first().is_some_and(|first| first == library.name))?;
            let is_placed = library.places.iter().any(|place| file.is_in(place));
            (!is_placed).then(|| {
                file.fault(
                    name.line,
                    &format!("{} has no place here: {}", library.name, library.remedy),
                )
            })
        })
    }));
}

#[test]
fn the_places_are_there_and_used() {
    let places = LIBRARIES.iter().flat_map(|library| {
        library
            .places
            .iter()
            .map(move |place| (library.name, *place))
    });
    let unused = places.filter(|(library, place)| {
        let mut files = sources().iter().filter(|file| file.is_in(place));
        !files.any(|file| {
            let mut names = file.code.names.iter();
            names.any(|name| name.is_in(&format!("{library}::")))
        })
    });
    report(unused.map(|(library, place)| {
        let is_there = place.starts_with("*/") || root().join("src").join(place).exists();
        let state = if is_there {
            "does not use"
        } else {
            "is gone, so it does not use"
        };
        format!("LIBRARIES: {place} {state} {library}: take it out of the table")
    }));
}
