//! The campus with which the database of every story starts: a few people and apps, made once by the program's own
//! commands.
//!
//! asha has every field filled in (the checklist's U), vikram none (V), wasim is another person (W), meera owns the
//! apps. Canteen (A) and Library (A') are verified and confidential, Timetable is verified and public (PUB), Lost and
//! Found is not verified (UNV).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::database::Database;
use super::{command, database};

pub struct Campus {
    pub database: Database,
    pub data: PathBuf,
    pub people: Vec<Person>,
    pub apps: Vec<RegisteredApp>,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub username: String,
    pub password: String,
    pub id: i64,
}

#[derive(Debug, Clone)]
pub struct RegisteredApp {
    pub name: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
}

/// The arguments of `profiles app add`.
#[derive(Debug, Clone)]
pub struct Registration<'a> {
    pub owner: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub redirect_uris: &'a [&'a str],
    pub flags: &'a [&'a str],
}

pub const CANTEEN: Registration<'_> = Registration {
    owner: "meera",
    name: "Canteen",
    description: "Order dinner before the queue does",
    redirect_uris: &[
        "https://canteen.example/cb",
        "https://canteen.example/cb2?x=1",
    ],
    flags: &["--verified"],
};
pub const LIBRARY: Registration<'_> = Registration {
    owner: "meera",
    name: "Library",
    description: "Renew books from bed",
    redirect_uris: &["https://library.example/login/done"],
    flags: &["--verified"],
};
pub const TIMETABLE: Registration<'_> = Registration {
    owner: "meera",
    name: "Timetable",
    description: "Your week on one screen",
    redirect_uris: &["https://timetable.example/cb", "http://127.0.0.1/cb"],
    flags: &["--verified", "--public"],
};
pub const LOST_AND_FOUND: Registration<'_> = Registration {
    owner: "meera",
    name: "Lost and Found",
    description: "Somebody has your umbrella",
    redirect_uris: &["https://lost.example/cb"],
    flags: &[],
};

/// The campus, made by the first story that needs it. Blocking.
pub fn campus() -> &'static Campus {
    static CAMPUS: OnceLock<Campus> = OnceLock::new();
    CAMPUS.get_or_init(Campus::build)
}

impl Campus {
    fn build() -> Self {
        let database = database::cluster().create(None);
        let data = folder("campus");
        let mut migrate = command::profiles(&database.url(), &data);
        migrate.arg("migrate");
        command::succeed(migrate, "");

        let names = [
            ("asha", "Asha", "D’Souza"),
            ("vikram", "Vikram", "Rao"),
            ("wasim", "Wasim", "Khan"),
            ("meera", "Meera", "Iyer"),
        ];
        let people = names
            .map(|(username, first, last)| person(&database, &data, username, first, last))
            .to_vec();
        import(
            &database,
            &data,
            &[
                asha(),
                json!({ "username": "meera", "type": "institutional" }),
            ],
        );
        let apps = [CANTEEN, LIBRARY, TIMETABLE, LOST_AND_FOUND]
            .map(|it| register(&database, &data, &it))
            .to_vec();
        Self {
            database,
            data,
            people,
            apps,
        }
    }
}

/// asha as the user API returns her to an app with every scope.
pub fn asha() -> Value {
    json!({
        "username": "asha", "first_name": "Asha", "last_name": "D’Souza", "email": "asha@campus.example",
        "type": "ug", "is_alumni": false, "roll_number": "012D0700", "mobile": "9876543210", "sex": "female",
        "profile_picture": "asha.png",
        "contacts": [{ "id": 1, "number": "+91 98200 11111" }, { "id": 2, "number": "022-2572 2545" }],
        "secondary_emails": [{ "id": 1, "email": "asha@mail.example" }],
        "insti_address": { "id": 1, "room": "A-12", "hostel": "14", "hostel_name": "Hostel 14" },
        "program": {
            "id": 1, "department": "CSE", "department_name": "Computer Science & Engineering", "join_year": 2012,
            "graduation_year": 2016, "degree": "BTECH", "degree_name": "Bachelor of Technology",
        },
    })
}

/// Adds a person with `profiles person add`, who has a password and no profile. Blocking.
pub fn person(database: &Database, data: &Path, username: &str, first: &str, last: &str) -> Person {
    let password = format!("{username} walks by the lake");
    let mut add = command::profiles(&database.url(), data);
    add.args([
        "person",
        "add",
        "--username",
        username,
        "--first-name",
        first,
        "--last-name",
        last,
    ])
    .args([
        "--email",
        &format!("{username}@campus.example"),
        "--password-stdin",
    ]);
    let output: Value =
        serde_json::from_str(&command::succeed(add, &format!("{password}\n"))).unwrap();
    Person {
        username: username.to_owned(),
        password,
        id: output["id"].as_i64().unwrap(),
    }
}

/// Sets a password with `profiles person password`. Blocking.
pub fn sets_password(database: &Database, data: &Path, username: &str, password: &str) {
    let mut set = command::profiles(&database.url(), data);
    set.args(["person", "password", username, "--password-stdin"]);
    command::succeed(set, &format!("{password}\n"));
}

/// Imports people from JSON lines with `profiles person import`. Blocking.
pub fn import(database: &Database, data: &Path, rows: &[Value]) {
    let list = data.join("people.jsonl");
    let lines: Vec<_> = rows.iter().map(Value::to_string).collect();
    fs::write(&list, lines.join("\n")).unwrap();
    fs::write(data.join("asha.png"), include_bytes!("asha.png")).unwrap();
    let mut import = command::profiles(&database.url(), data);
    import.args(["person", "import"]).arg(&list);
    command::succeed(import, "");
}

/// Registers an app with `profiles app add`. Blocking.
pub fn register(database: &Database, data: &Path, app: &Registration<'_>) -> RegisteredApp {
    let mut add = command::profiles(&database.url(), data);
    add.args([
        "app",
        "add",
        "--owner",
        app.owner,
        "--name",
        app.name,
        "--description",
        app.description,
    ]);
    for uri in app.redirect_uris {
        add.args(["--redirect-uri", uri]);
    }
    add.args(app.flags);
    let output: Value = serde_json::from_str(&command::succeed(add, "")).unwrap();
    RegisteredApp {
        name: app.name.to_owned(),
        client_id: output["client_id"].as_str().unwrap().to_owned(),
        client_secret: output["client_secret"].as_str().map(str::to_owned),
        redirect_uris: app
            .redirect_uris
            .iter()
            .map(|uri| (*uri).to_owned())
            .collect(),
    }
}

/// A new folder inside the cluster's, deleted with it.
pub fn folder(name: &str) -> PathBuf {
    let folder = database::cluster().folder.join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Copies a folder recursively.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
