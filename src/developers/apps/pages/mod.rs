//! The pages that list, show and delete apps. The form and the secrets have their own files.

mod form;
mod look_up;
mod problems;
mod rotate;
mod secret;

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
pub(super) use form::{edit, new, register, save};
use http::{HeaderMap, StatusCode};
pub(super) use look_up::{ask_token, make_token, token};
use problems::ProblemRow;
pub(super) use secret::{ask_secret, make_secret, secret};
use serde::Serialize;

use super::Feature;
use super::own::{OwnApp, OwnAppRecentlyAuthenticated};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::links::Links;
use crate::platform::pictures::PictureKind;
use crate::platform::web::{CsrfForm, FlashMessage, Page, PageError, Web};
use crate::protocol::clients;
use crate::protocol::clients::{
    App, AppMailSummary, AppStanding, AppSummary, AppsError, ClientSecretInfo, ClientType,
    SecretUse, StandingLabel, WebsiteLink,
};
use crate::protocol::oauth::RedirectUri;
use crate::protocol::scope::Scope;

impl From<AppsError> for PageError {
    fn from(error: AppsError) -> Self {
        let refused = |heading, text| Self::new(StatusCode::CONFLICT, heading, text);
        match error {
            AppsError::NotFound => Self::not_found(),
            AppsError::Verified => refused(
                "This app is verified",
                "A verified app cannot be deleted by its owner. Nothing was changed.",
            )
            .with_advice("To delete it, contact the people who run this service."),
            AppsError::Public => refused(
                "A public client has no secret",
                "It runs on the user’s device, where a secret cannot be kept. It uses PKCE instead.",
            )
            .with_advice("If your app runs on a server, edit the app and choose “On a server”. Then create a secret."),
            AppsError::SecretsChanged => refused(
                "The secrets have changed",
                "Another secret was created after you opened this page. Nothing was changed.",
            )
            .with_advice("Go back, reload the page and try again."),
            AppsError::Store(error) => error.into(),
        }
    }
}

/// An error page with a link back to the app.
fn refused(error: AppsError, app: &App, links: &Links) -> PageError {
    if matches!(error, AppsError::NotFound | AppsError::Store(_)) {
        return error.into();
    }
    let label = format!("Back to {}", app.details.name);
    PageError::from(error).with_back_link(links.app(app.id), label)
}

/// How long the page of an app lists a mail.
const MAILS_SHOWN_FOR: Duration = Duration::from_hours(30 * 24);

fn face(app: &App, links: &Links) -> AppSummary {
    AppSummary::of(app.details.name.as_str(), app.logo.as_deref(), links)
}

#[derive(Debug, Serialize)]
struct AppListPage {
    apps: Vec<AppListItem>,
}

#[derive(Debug, Serialize)]
struct AppListItem {
    #[serde(flatten)]
    face: AppSummary,
    href: String,
    description: String,
    standing: StandingLabel,
    users: i64,
}

impl Page for AppListPage {
    const TEMPLATE: &'static str = "apps/list.html";

    fn title(&self) -> String {
        "Your apps".to_owned()
    }
}

pub(super) async fn list(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let apps = clients::list_own(feature.db.pool(), session.person).await?;
    let links = feature.web.links();
    let listed = apps.into_iter().map(|(app, users)| AppListItem {
        face: face(&app, links),
        href: links.app(app.id),
        standing: StandingLabel::of(app.standing, feature.cap.0),
        description: app.details.description,
        users,
    });
    Ok(context.render(&AppListPage {
        apps: listed.collect(),
    }))
}

#[derive(Debug, Serialize)]
struct AppPage {
    app: AppView,
    secrets: Vec<SecretRow>,
    /// None if the app must use PKCE, because a fixed link has no code challenge.
    sign_in_link: Option<String>,
    links: AppPageLinks,
    look_ups: Option<LookupSection>,
    mails: MailSection,
    /// The last refused requests.
    problems: Vec<ProblemRow>,
}

/// The section of an app that may look people up.
#[derive(Debug, Serialize)]
struct LookupSection {
    since: String,
    tokens: Vec<SecretRow>,
    make: String,
    /// The documentation of look-ups.
    docs: String,
}

#[derive(Debug, Serialize)]
struct AppView {
    #[serde(flatten)]
    face: AppSummary,
    description: String,
    standing: StandingLabel,
    client_id: String,
    client_type: &'static str,
    require_pkce: bool,
    website: Option<WebsiteLink>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    redirect_uris: Vec<String>,
    users: i64,
    registered: String,
}

#[derive(Debug, Serialize)]
struct AppPageLinks {
    edit: String,
    /// None for a public client.
    new_secret: Option<String>,
    /// None for a verified app.
    delete: Option<String>,
}

/// The mails of the last thirty days.
#[derive(Debug, Serialize)]
struct MailSection {
    sent: i64,
    failed: i64,
    newest: Vec<AppMailRow>,
}

#[derive(Debug, Serialize)]
struct AppMailRow {
    at: String,
    outcome: &'static str,
    why: Option<String>,
    message_id: String,
}

impl MailSection {
    fn of(mails: AppMailSummary, web: &Web) -> Self {
        let newest = mails.newest.into_iter().map(|mail| AppMailRow {
            at: web.date_and_time(mail.at),
            outcome: match mail.status {
                Some(true) => "Sent",
                Some(false) => "Not sent",
                None => "Sending",
            },
            why: mail.error,
            message_id: mail.message_id,
        });
        Self {
            sent: mails.sent,
            failed: mails.failed,
            newest: newest.collect(),
        }
    }
}

/// A secret in the list: its hint, never its value.
#[derive(Debug, Serialize)]
struct SecretRow {
    hint: String,
    made: String,
    last_used: Option<String>,
}

impl SecretRow {
    fn of(secret: &ClientSecretInfo, web: &Web) -> Self {
        let at = |moment: Timestamp| web.date_and_time(moment);
        Self {
            hint: format!("…{}", secret.hint),
            made: web.date(secret.created_at),
            last_used: secret.last_used_at.map(at),
        }
    }
}

impl Page for AppPage {
    const TEMPLATE: &'static str = "apps/show.html";

    fn title(&self) -> String {
        self.app.face.name.clone()
    }
}

pub(super) async fn show(
    State(feature): State<Feature>,
    OwnApp { context, app, .. }: OwnApp,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let users = clients::count_users(feature.db.pool(), app.id).await?;
    let secrets = clients::list_secrets(feature.db.pool(), app.id, SecretUse::Client).await?;
    let secrets = secrets
        .iter()
        .map(|secret| SecretRow::of(secret, &feature.web));
    let look_ups = look_ups(&feature, &app).await?;
    let since = feature.clock.now() - MAILS_SHOWN_FOR;
    let mails = clients::find_mails(feature.db.pool(), app.id, since).await?;
    let problems = problems::list(feature.db.pool(), app.id, &feature.web).await?;
    let mut answer = context.render(&AppPage {
        problems,
        mails: MailSection::of(mails, &feature.web),
        secrets: secrets.collect(),
        sign_in_link: sign_in_link(&app, feature.web.links()),
        links: show_links(&app, feature.web.links()),
        look_ups,
        app: shown(app, users, &feature),
    });
    // The developer left the page of the secret, so the cookie is no longer needed.
    rotate::forget(&feature.web, &headers, &mut answer);
    Ok(answer)
}

async fn look_ups(feature: &Feature, app: &App) -> db::Result<Option<LookupSection>> {
    let Some(since) = clients::find_looks_up_since(feature.db.pool(), app.id).await? else {
        return Ok(None);
    };
    let tokens = clients::list_secrets(feature.db.pool(), app.id, SecretUse::LookUps).await?;
    let links = feature.web.links();
    Ok(Some(LookupSection {
        since: feature.web.date(since),
        tokens: tokens
            .iter()
            .map(|token| SecretRow::of(token, &feature.web))
            .collect(),
        make: links.look_up_token(app.id),
        docs: format!("{}#look-ups", links.docs_tab("api")),
    }))
}

fn shown(app: App, users: i64, feature: &Feature) -> AppView {
    let face = face(&app, feature.web.links());
    let details = app.details;
    AppView {
        face,
        standing: StandingLabel::of(app.standing, feature.cap.0),
        client_id: app.client_id.to_string(),
        client_type: match details.kind {
            ClientType::Confidential => "Confidential (runs on a server)",
            ClientType::Public => "Public (runs in a browser or on a phone)",
        },
        require_pkce: details.must_use_pkce(),
        website: details.website.as_deref().and_then(WebsiteLink::of),
        privacy_policy: details.privacy_policy,
        contact: details.contact,
        redirect_uris: details
            .redirect_uris
            .iter()
            .map(RedirectUri::to_string)
            .collect(),
        description: details.description,
        users,
        registered: feature.web.date(app.created_at),
    }
}

fn show_links(app: &App, links: &Links) -> AppPageLinks {
    AppPageLinks {
        edit: links.edit_app(app.id),
        new_secret: (app.details.kind == ClientType::Confidential)
            .then(|| links.rotate_secret(app.id)),
        delete: (app.standing != AppStanding::Verified).then(|| links.delete_app(app.id)),
    }
}

fn sign_in_link(app: &App, links: &Links) -> Option<String> {
    if app.details.must_use_pkce() {
        return None;
    }
    let encoded =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    Some(format!(
        "{}?client_id={}&response_type=code&scope={}%20{}",
        links.absolute(&links.authorize()),
        encoded(app.client_id.as_str()),
        Scope::Basic.name(),
        Scope::Profile.name(),
    ))
}

#[derive(Debug, Serialize)]
struct DeleteAppPage {
    app: AppSummary,
    action: String,
    back: String,
    users: i64,
}

impl Page for DeleteAppPage {
    const TEMPLATE: &'static str = "apps/delete.html";

    fn title(&self) -> String {
        format!("Delete {}", self.app.name)
    }
}

pub(super) async fn ask_delete(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp { context, app, .. }): OwnAppRecentlyAuthenticated,
) -> Result<Response, PageError> {
    if app.standing == AppStanding::Verified {
        return Err(refused(AppsError::Verified, &app, feature.web.links()));
    }
    let users = clients::count_users(feature.db.pool(), app.id).await?;
    let links = feature.web.links();
    Ok(context.render(&DeleteAppPage {
        app: face(&app, links),
        action: links.delete_app(app.id),
        back: links.app(app.id),
        users,
    }))
}

pub(super) async fn delete(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp {
        session,
        context,
        app,
    }): OwnAppRecentlyAuthenticated,
    _sent: CsrfForm,
) -> Result<Response, PageError> {
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, &session).await?;
    let deleted =
        clients::delete(&mut tx, app.id, session.person, now, feature.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    if let Some(logo) = deleted.logo {
        feature.pictures.delete(PictureKind::AppLogo, &logo).await;
    }
    let notice = FlashMessage::good(format!("{} is deleted.", deleted.details.name));
    Ok(context.redirect_with_message(&feature.web.links().apps(), &notice))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{PageSample, sample};

    pub(crate) fn samples() -> Vec<PageSample> {
        let delete = |users| DeleteAppPage {
            app: shown_face(false),
            action: "/oauth/applications/1/delete/".to_owned(),
            back: "/oauth/applications/1/".to_owned(),
            users,
        };
        let mut samples = vec![
            PageSample::of(&AppListPage { apps: Vec::new() }),
            PageSample::of(&AppListPage {
                apps: vec![listed(0, false), listed(1, true), listed(2, true)],
            }),
            PageSample::of(&show_page(false)),
            PageSample::of(&show_page(true)),
            PageSample::of(&delete(0)),
            PageSample::of(&delete(1)),
            PageSample::of(&delete(2)),
        ];
        samples.extend(form::samples::samples());
        samples.extend(secret::samples::samples());
        samples.extend(look_up::samples::samples());
        samples
    }

    pub(super) fn shown_face(has_logo: bool) -> AppSummary {
        AppSummary::of(
            "Mess Menu",
            has_logo.then_some("logo.png"),
            &sample::links(),
        )
    }

    pub(super) fn shown_secret(was_used: bool) -> SecretRow {
        SecretRow {
            hint: "…AbCd".to_owned(),
            made: "21 Nov 2026".to_owned(),
            last_used: was_used.then(|| "21 Nov 2026, 18:05".to_owned()),
        }
    }

    fn shown_mail(why: Option<&str>) -> AppMailRow {
        AppMailRow {
            at: "21 Nov 2026, 18:05".to_owned(),
            outcome: "Sent",
            why: why.map(str::to_owned),
            message_id: "<1.2.3@campus.example>".to_owned(),
        }
    }

    fn listed(users: i64, full: bool) -> AppListItem {
        AppListItem {
            face: shown_face(full),
            href: "/oauth/applications/1/".to_owned(),
            description: if full { "Tonight’s dinner." } else { "" }.to_owned(),
            standing: standing(full),
            users,
        }
    }

    fn standing(is_verified: bool) -> StandingLabel {
        let standing = if is_verified {
            AppStanding::Verified
        } else {
            AppStanding::Unverified
        };
        StandingLabel::of(standing, 10)
    }

    fn show_page(full: bool) -> AppPage {
        let text = |text: &str| full.then(|| text.to_owned());
        AppPage {
            app: AppView {
                face: shown_face(full),
                description: "Tonight’s dinner.".to_owned(),
                standing: standing(full),
                client_id: "AbCd".to_owned(),
                client_type: "Confidential (runs on a server)",
                require_pkce: full,
                website: WebsiteLink::of("https://mess.example/").filter(|_| full),
                privacy_policy: text("https://mess.example/privacy"),
                contact: text("mess@campus.example"),
                redirect_uris: vec!["https://mess.example/cb".to_owned()],
                users: i64::from(full),
                registered: "21 Nov 2026".to_owned(),
            },
            secrets: if full {
                vec![shown_secret(false), shown_secret(true)]
            } else {
                Vec::new()
            },
            sign_in_link: text("http://localhost:8000/oauth/authorize/"),
            look_ups: full.then(|| LookupSection {
                since: "21 Nov 2026".to_owned(),
                tokens: vec![shown_secret(false), shown_secret(true)],
                make: "/oauth/applications/1/look-up/".to_owned(),
                docs: "/doc/api/#look-ups".to_owned(),
            }),
            mails: MailSection {
                sent: i64::from(full),
                failed: i64::from(full),
                newest: if full {
                    vec![shown_mail(None), shown_mail(Some("a reason"))]
                } else {
                    Vec::new()
                },
            },
            problems: if full {
                vec![problems::samples::row()]
            } else {
                Vec::new()
            },
            links: AppPageLinks {
                edit: "/oauth/applications/1/update/".to_owned(),
                new_secret: text("/oauth/applications/1/secret/"),
                delete: text("/oauth/applications/1/delete/"),
            },
        }
    }
}
