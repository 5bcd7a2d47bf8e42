//! Putting people and an app into an empty house.

use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::portrait;
use crate::connectors::{Hasher, NewPassword, UpstreamError, set_password};
use crate::people::records;
use crate::people::records::{Change, Columns, Details, PeopleError, Sex, Unfit};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::links::Links;
use crate::platform::pictures::{PictureKind, Pictures};
use crate::platform::rng::Entropy;
use crate::platform::secret::Secret;
use crate::protocol::clients;
use crate::protocol::clients::command::{AddApp, AddAppError};

/// Somebody who was just made, with the password in clear for the only time.
#[derive(Debug, Serialize)]
pub struct NewPerson {
    pub username: &'static str,
    pub password: String,
    pub who: &'static str,
}

/// The demo app as it knows itself.
#[derive(Debug, Clone)]
pub struct Demo {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
}

/// What the app keeps between starts, in a file that only the server's account may read.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    client_id: String,
    client_secret: String,
    redirect_uri: String,
}

/// Why the house could not be furnished.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demo people could not be made: {0}")]
    People(#[from] PeopleError),
    #[error("the demo people could not be made: {0}")]
    Unfit(#[from] Unfit),
    #[error("the demo people could not be given passwords: {0}")]
    Password(#[from] UpstreamError),
    #[error("the demo app could not be registered: {0}")]
    App(#[from] AddAppError),
    #[error("the demo app's file {0} could not be written: {1}")]
    File(String, #[source] io::Error),
    #[error(transparent)]
    Threads(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// One demo person: name, what the directory says, what they are for.
struct Character {
    username: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    kind: &'static str,
    who: &'static str,
    is_admin: bool,
}

const STUDENT: Character = Character {
    username: "asha",
    first_name: "Asha",
    last_name: "D’Souza",
    kind: "ug",
    who: "a student with everything filled in",
    is_admin: false,
};

const OTHERS: [Character; 3] = [
    Character {
        username: "vikram",
        first_name: "Vikram",
        last_name: "Rao",
        kind: "ug",
        who: "a student with nothing filled in",
        is_admin: false,
    },
    Character {
        username: OWNER,
        first_name: "Meera",
        last_name: "Iyer",
        kind: "stf",
        who: "a staff member, who looks after the demo app",
        is_admin: false,
    },
    Character {
        username: "admin",
        first_name: "Anand",
        last_name: "Kulkarni",
        kind: "stf",
        who: "an administrator",
        is_admin: true,
    },
];

const OWNER: &str = "meera";

/// The people of the demo, for its page: username, name, who they are.
pub(super) fn cast() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    [&STUDENT].into_iter().chain(&OTHERS).map(|character| {
        let name = format!("{} {}", character.first_name, character.last_name);
        (character.username, name, character.who)
    })
}

/// Makes the people if there are none at all, and the app if it is not there or its address changed.
/// Whom it made, it returns with their passwords.
pub async fn furnish(
    db: &Db,
    data_dir: &Path,
    links: &Links,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<(Demo, Vec<NewPerson>), DemoError> {
    let made = if records::find_id(db.pool(), STUDENT.username)
        .await?
        .is_some()
    {
        Vec::new()
    } else {
        people(db, data_dir, now, entropy).await?
    };
    let demo = app(db, data_dir, links, now, entropy).await?;
    Ok((demo, made))
}

async fn people(
    db: &Db,
    data_dir: &Path,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Vec<NewPerson>, DemoError> {
    let hasher = Hasher::start(entropy)?;
    let mut made = Vec::new();
    let mut tx = db.begin().await?;
    for character in [&STUDENT].into_iter().chain(&OTHERS) {
        let mut details = as_the_directory_says(character)?;
        if character.username == STUDENT.username {
            fill_in(&mut details, data_dir, entropy).await?;
        }
        let username = character.username.parse()?;
        let id: PersonId = records::add(&mut tx, &username, None, &details, now, entropy).await?;
        let password = NewPassword::mint(entropy);
        set_password(&mut tx, &hasher, (id, &password), now, entropy).await?;
        made.push(NewPerson {
            username: character.username,
            password: password.expose().to_owned(),
            who: character.who,
        });
    }
    tx.commit().await.map_err(db::Error::from)?;
    Ok(made)
}

fn as_the_directory_says(character: &Character) -> Result<Details, Unfit> {
    let columns = Columns {
        first_name: Some(character.first_name.parse()?),
        last_name: Some(character.last_name.parse()?),
        email: Some(format!("{}@campus.example", character.username)),
        kind: Change::Set(character.kind.parse()?),
        is_admin: Some(character.is_admin),
        ..Columns::default()
    };
    Ok(Details {
        columns,
        ..Details::default()
    })
}

/// Everything a person can have.
async fn fill_in(
    details: &mut Details,
    data_dir: &Path,
    entropy: &dyn Entropy,
) -> Result<(), DemoError> {
    details.columns.roll_number = Change::Set("120050001".parse()?);
    details.columns.mobile = Change::Set("9876543210".parse()?);
    details.columns.sex = Change::Set(Sex::parse("female")?);
    details.hostel = Change::Set("14".to_owned());
    details.room = Change::Set("A-12".to_owned());
    details.department = Change::Set("CSE".to_owned());
    details.degree = Change::Set("BTECH".to_owned());
    details.join_year = Change::Set(2023);
    details.graduation_year = Change::Set(2027);
    details.contacts = Some(vec!["022 2576 0000".parse()?, "+91 98765 00000".parse()?]);
    details.secondary_emails = Some(vec!["asha@home.example".parse()?]);
    let pictures = Pictures::new(data_dir.join("pictures"));
    // A portrait that fails is no reason not to start.
    let kind = PictureKind::ProfilePicture;
    if let Ok(picture) = pictures.accept(kind, portrait::draw().into()).await {
        let file = pictures.keep(kind, &picture, entropy).await?;
        details.columns.profile_picture = Change::Set(file.parse()?);
    }
    Ok(())
}

async fn app(
    db: &Db,
    data_dir: &Path,
    links: &Links,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Demo, DemoError> {
    let redirect_uri = links.absolute(&links.demo_callback());
    let path = data_dir.join("demo-app.json");
    let kept = std::fs::read(&path)
        .ok()
        .and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
    if let Some(kept) = kept.filter(|kept| kept.redirect_uri == redirect_uri) {
        let is_there = clients::find_by_client_id(db.pool(), &kept.client_id)
            .await?
            .is_some();
        if is_there {
            return Ok(kept.into());
        }
    }
    let asked = AddApp {
        owner: OWNER.to_owned(),
        name: "Mess Menu".to_owned(),
        redirect_uris: vec![redirect_uri.clone()],
        description: Some("Tonight’s dinner in every hostel, yours first.".to_owned()),
        public: false,
        verified: true,
    };
    let added = clients::command::add(db, asked, now, entropy).await?;
    let kept = Kept {
        client_id: added.client_id,
        client_secret: added.client_secret.unwrap_or_default(),
        redirect_uri,
    };
    keep(&path, &kept).map_err(|error| DemoError::File(path.display().to_string(), error))?;
    Ok(kept.into())
}

fn keep(path: &Path, kept: &Kept) -> io::Result<()> {
    let text = serde_json::to_vec(kept)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(&text)
}

impl From<Kept> for Demo {
    fn from(kept: Kept) -> Self {
        Self {
            client_id: kept.client_id,
            client_secret: Secret::new(kept.client_secret),
            redirect_uri: kept.redirect_uri,
        }
    }
}
