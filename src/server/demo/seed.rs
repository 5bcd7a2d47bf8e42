//! Creates the demo people and the demo app in an empty database.

use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::portrait;
use crate::connectors::{ConnectorError, NewPassword, PasswordHasher, set_password};
use crate::people::records;
use crate::people::records::{ColumnUpdates, InvalidValue, PeopleError, PersonUpdate, Sex, Update};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::links::Links;
use crate::platform::pictures::{PictureKind, Pictures};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::protocol::clients;
use crate::protocol::clients::command::{RegisterAppArgs, RegisterAppError};

/// A person who was just created, with the password, which is shown only this once.
#[derive(Debug, Serialize)]
pub struct NewPerson {
    pub username: &'static str,
    pub password: String,
    pub who: &'static str,
}

/// The credentials of the demo app.
#[derive(Debug, Clone)]
pub struct Demo {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
}

/// The credentials between starts, in a file that only the account of the server can read.
#[derive(Debug, Serialize, Deserialize)]
struct DemoAppFile {
    client_id: String,
    client_secret: String,
    redirect_uri: String,
}

/// Why the demo could not be created.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo people could not be made: {0}")]
    People(#[from] PeopleError),
    #[error("the demo people could not be made: {0}")]
    InvalidValue(#[from] InvalidValue),
    #[error("the demo people could not be given passwords: {0}")]
    Password(#[from] ConnectorError),
    #[error("the demo app could not be registered: {0}")]
    App(#[from] RegisterAppError),
    #[error("the demo app's file {0} could not be written: {1}")]
    File(String, #[source] io::Error),
    #[error(transparent)]
    Threads(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// One demo person.
struct DemoPerson {
    username: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    kind: &'static str,
    who: &'static str,
    is_admin: bool,
}

const STUDENT: DemoPerson = DemoPerson {
    username: "asha",
    first_name: "Asha",
    last_name: "D’Souza",
    kind: "ug",
    who: "a student with everything filled in",
    is_admin: false,
};

const OTHERS: [DemoPerson; 3] = [
    DemoPerson {
        username: "vikram",
        first_name: "Vikram",
        last_name: "Rao",
        kind: "ug",
        who: "a student with nothing filled in",
        is_admin: false,
    },
    DemoPerson {
        username: OWNER,
        first_name: "Meera",
        last_name: "Iyer",
        kind: "stf",
        who: "a staff member, who looks after the demo app",
        is_admin: false,
    },
    DemoPerson {
        username: "admin",
        first_name: "Anand",
        last_name: "Kulkarni",
        kind: "stf",
        who: "an administrator",
        is_admin: true,
    },
];

const OWNER: &str = "meera";

/// The demo people for the page of the app: username, name, description.
pub(super) fn list_people() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    [&STUDENT].into_iter().chain(&OTHERS).map(|person| {
        let name = format!("{} {}", person.first_name, person.last_name);
        (person.username, name, person.who)
    })
}

/// Creates the people if they do not exist, and the app if it does not exist or its address has changed.
/// Returns the app, and the people who were created.
pub async fn seed_demo(
    db: &Db,
    data_dir: &Path,
    links: &Links,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(Demo, Vec<NewPerson>), DemoError> {
    let new_people = if records::find_id(db.pool(), STUDENT.username)
        .await?
        .is_some()
    {
        Vec::new()
    } else {
        create_people(db, data_dir, now, rng).await?
    };
    let demo = find_or_register_app(db, data_dir, links, now, rng).await?;
    Ok((demo, new_people))
}

async fn create_people(
    db: &Db,
    data_dir: &Path,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Vec<NewPerson>, DemoError> {
    let hasher = PasswordHasher::start(rng)?;
    let mut new_people = Vec::new();
    let mut tx = db.begin().await?;
    for person in [&STUDENT].into_iter().chain(&OTHERS) {
        let mut details = directory_details(person)?;
        if person.username == STUDENT.username {
            fill_in_profile(&mut details, data_dir, rng).await?;
        }
        let username = person.username.parse()?;
        let id: PersonId = records::add(&mut tx, &username, None, &details, now, rng).await?;
        let password = NewPassword::generate(rng);
        set_password(&mut tx, &hasher, (id, &password), now, rng).await?;
        new_people.push(NewPerson {
            username: person.username,
            password: password.expose().to_owned(),
            who: person.who,
        });
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(new_people)
}

fn directory_details(person: &DemoPerson) -> Result<PersonUpdate, InvalidValue> {
    let columns = ColumnUpdates {
        first_name: Some(person.first_name.parse()?),
        last_name: Some(person.last_name.parse()?),
        email: Some(format!("{}@campus.example", person.username)),
        kind: Update::Set(person.kind.parse()?),
        is_admin: Some(person.is_admin),
        ..ColumnUpdates::default()
    };
    Ok(PersonUpdate {
        columns,
        ..PersonUpdate::default()
    })
}

/// Sets every field of a profile.
async fn fill_in_profile(
    details: &mut PersonUpdate,
    data_dir: &Path,
    rng: &dyn Rng,
) -> Result<(), DemoError> {
    details.columns.roll_number = Update::Set("120050001".parse()?);
    details.columns.mobile = Update::Set("9876543210".parse()?);
    details.columns.sex = Update::Set(Sex::parse("female")?);
    details.hostel = Update::Set("14".to_owned());
    details.room = Update::Set("A-12".to_owned());
    details.department = Update::Set("CSE".to_owned());
    details.degree = Update::Set("BTECH".to_owned());
    details.join_year = Update::Set(2023);
    details.graduation_year = Update::Set(2027);
    details.contacts = Some(vec!["022 2576 0000".parse()?, "+91 98765 00000".parse()?]);
    details.secondary_emails = Some(vec!["asha@home.example".parse()?]);
    let pictures = Pictures::new(data_dir.join("pictures"));
    // The demo works without a picture.
    let kind = PictureKind::ProfilePicture;
    if let Ok(picture) = pictures.accept(kind, portrait::draw().into()).await {
        let file = pictures.save(kind, &picture, rng).await?;
        details.columns.profile_picture = Update::Set(file.parse()?);
    }
    Ok(())
}

async fn find_or_register_app(
    db: &Db,
    data_dir: &Path,
    links: &Links,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Demo, DemoError> {
    let redirect_uri = links.absolute(&links.demo_callback());
    let path = data_dir.join("demo-app.json");
    let stored = std::fs::read(&path)
        .ok()
        .and_then(|text| serde_json::from_slice::<DemoAppFile>(&text).ok());
    if let Some(stored) = stored.filter(|stored| stored.redirect_uri == redirect_uri) {
        let exists = clients::find_by_client_id(db.pool(), &stored.client_id)
            .await?
            .is_some();
        if exists {
            return Ok(stored.into());
        }
    }
    let args = RegisterAppArgs {
        owner: OWNER.to_owned(),
        name: "Mess Menu".to_owned(),
        redirect_uris: vec![redirect_uri.clone()],
        description: Some("Tonight’s dinner in every hostel, yours first.".to_owned()),
        public: false,
        verified: true,
    };
    let added = clients::command::register_app(db, args, now, rng).await?;
    let file = DemoAppFile {
        client_id: added.client_id,
        client_secret: added.client_secret.unwrap_or_default(),
        redirect_uri,
    };
    save(&path, &file).map_err(|error| DemoError::File(path.display().to_string(), error))?;
    Ok(file.into())
}

fn save(path: &Path, file: &DemoAppFile) -> io::Result<()> {
    let text = serde_json::to_vec(file)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(&text)
}

impl From<DemoAppFile> for Demo {
    fn from(file: DemoAppFile) -> Self {
        Self {
            client_id: file.client_id,
            client_secret: Secret::new(file.client_secret),
            redirect_uri: file.redirect_uri,
        }
    }
}
