//! `profiles app`: registers apps and changes their permissions from the command line.

use serde::Serialize;

use super::model::AppsError;
use super::register::RegistrationRequest;
use super::rules::AppForm;
use super::{ClientType, look_ups, register, rules};
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::AppId;
use crate::platform::rng::Rng;

/// The arguments of `profiles app add`.
#[derive(Debug, Clone, clap::Args)]
pub struct RegisterAppArgs {
    /// The username of the person who looks after the app
    #[arg(long, value_name = "USERNAME")]
    pub owner: String,
    /// As people know it, for instance "Mess Menu"
    #[arg(long)]
    pub name: String,
    /// Where people return to after they decided; may be given several times, the first is the default
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    pub redirect_uris: Vec<String>,
    /// What it does for people, in a sentence or two
    #[arg(long)]
    pub description: Option<String>,
    /// It runs in a browser or on a phone: it gets no secret and must use PKCE
    #[arg(long)]
    pub public: bool,
    /// Vouch for it: no warning, no limit of people
    #[arg(long)]
    pub verified: bool,
}

/// The output of `profiles app add`. The secret is shown only here.
#[derive(Debug, Serialize)]
pub struct RegisteredAppOutput {
    pub id: AppId,
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// The arguments of `profiles app allow` and its opposite.
#[derive(Debug, Clone, clap::Args)]
pub struct AllowAppArgs {
    /// The app's client id
    pub client_id: String,
    /// What: association
    pub what: AppPermission,
}

/// What an app may only do when the people who run the campus allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AppPermission {
    /// To look up which mailbox belongs to a roll number, of people who agreed
    Association,
}

/// The output.
#[derive(Debug, Serialize)]
pub struct AllowAppOutput {
    pub client_id: String,
    pub name: String,
    /// Its permissions now.
    pub allowed: Vec<&'static str>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AllowAppError {
    #[error("there is no app with the client id {0}. Its owner finds it on the app's page")]
    NoApp(String),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Gives a permission to an app, or withdraws it.
pub async fn allow_app(
    db: &Db,
    args: AllowAppArgs,
    allowed: bool,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<AllowAppOutput, AllowAppError> {
    let mut tx = db.begin().await?;
    let AppPermission::Association = args.what;
    let changed = look_ups::allow_look_ups(&mut tx, &args.client_id, allowed, now, rng).await;
    let app = changed.map_err(|error| match error {
        AppsError::Store(error) => error.into(),
        _ => AllowAppError::NoApp(args.client_id),
    })?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(AllowAppOutput {
        client_id: app.client_id.to_string(),
        name: app.details.name.to_string(),
        allowed: if allowed {
            vec!["association"]
        } else {
            Vec::new()
        },
    })
}

/// Why no app was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterAppError {
    #[error(
        "there is nobody with the username {0}. Add the person first: `profiles person add --username {0} …`"
    )]
    NoOwner(String),
    /// One line for each field error.
    #[error("{0}")]
    InvalidForm(String),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Registers an app for an owner.
pub async fn register_app(
    db: &Db,
    args: RegisterAppArgs,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<RegisteredAppOutput, RegisterAppError> {
    let kind = if args.public {
        ClientType::Public
    } else {
        ClientType::Confidential
    };
    let form = AppForm {
        name: args.name,
        description: args.description.filter(|text| !text.trim().is_empty()),
        client_type: kind.name().to_owned(),
        redirect_uris: args.redirect_uris.join("\n"),
        ..AppForm::default()
    };
    let details = rules::parse_form(&form, None)
        .map_err(|errors| RegisterAppError::InvalidForm(errors.lines().join("\n")))?;
    let mut tx = db.begin().await?;
    let owner = records::find_id(&mut *tx, &args.owner).await?;
    let owner = owner.ok_or(RegisterAppError::NoOwner(args.owner))?;
    let request = RegistrationRequest {
        owner,
        details,
        logo: None,
        verified: args.verified,
        actor: None,
    };
    let registered = register::register(&mut tx, request, now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(RegisteredAppOutput {
        id: registered.app.id,
        client_id: registered.app.client_id.to_string(),
        client_secret: registered
            .secret
            .map(|(secret, _)| secret.expose().to_owned()),
    })
}
