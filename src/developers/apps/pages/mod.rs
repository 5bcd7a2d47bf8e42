//! The pages: list, one app, its end. The form and the secrets have files of their own.

mod form;
mod look_up;
mod rotate;
mod secret;

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
pub(super) use form::{edit, new, register, save};
use http::{HeaderMap, StatusCode};
pub(super) use look_up::{ask_token, make_token, token};
pub(super) use secret::{ask_secret, make_secret, secret};
use serde::Serialize;

use super::Feature;
use super::own::{LatelyOwn, Own};
use crate::identity::login::SignedIn;
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::links::Links;
use crate::platform::pictures::PictureKind;
use crate::platform::web::{Flash, Page, PageProblem, Protected, Web};
use crate::protocol::clients;
use crate::protocol::clients::{
    App, AppsError, Face, Kind, KnownSecret, Mails, SecretUse, ShownStanding, Standing, Website,
};
use crate::protocol::oauth::RedirectUri;
use crate::protocol::scope::Scope;

impl From<AppsError> for PageProblem {
    fn from(error: AppsError) -> Self {
        let refused = |heading, text| Self::new(StatusCode::CONFLICT, heading, text);
        match error {
            AppsError::NotFound => Self::not_found(),
            AppsError::Verified => refused(
                "This app is verified",
                "People rely on it, so its owner cannot delete it. Nothing was changed.",
            )
            .advise("Ask an administrator if it has to end."),
            AppsError::Public => refused(
                "A public app has no secret",
                "It runs where everybody can look into it, so it proves itself with PKCE instead.",
            )
            .advise("If your app runs on a server, edit it and say so. Then make a secret."),
            AppsError::Changed => refused(
                "The secrets have changed",
                "Another secret was made after this page was opened. Nothing was changed.",
            )
            .advise("Go back, reload the page and look again."),
            AppsError::Store(error) => error.into(),
        }
    }
}

/// A refusal with the way back to the app.
fn refused(error: AppsError, app: &App, links: &Links) -> PageProblem {
    if matches!(error, AppsError::NotFound | AppsError::Store(_)) {
        return error.into();
    }
    let label = format!("Back to {}", app.details.name);
    PageProblem::from(error).back(links.app(app.id), label)
}

/// How long a developer sees what became of a mail.
const MAILS_SHOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// The face of an app.
fn face(app: &App, links: &Links) -> Face {
    Face::of(app.details.name.as_str(), app.logo.as_deref(), links)
}

#[derive(Debug, Serialize)]
struct ListPage {
    apps: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    face: Face,
    href: String,
    description: String,
    standing: ShownStanding,
    users: i64,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "apps/list.html";

    fn title(&self) -> String {
        "Your apps".to_owned()
    }
}

pub(super) async fn list(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let apps = clients::list_own(it.db.pool(), visit.person).await?;
    let links = it.web.links();
    let listed = apps.into_iter().map(|(app, users)| Listed {
        face: face(&app, links),
        href: links.app(app.id),
        standing: ShownStanding::of(app.standing, it.cap.0),
        description: app.details.description,
        users,
    });
    Ok(frame.show(&ListPage {
        apps: listed.collect(),
    }))
}

#[derive(Debug, Serialize)]
struct ShowPage {
    app: Shown,
    secrets: Vec<ShownSecret>,
    /// None where the app's own code has to add a challenge.
    sign_in_link: Option<String>,
    links: ShowLinks,
    look_ups: Option<ShownLookUps>,
    mails: ShownMails,
}

/// Of an app that may look people up.
#[derive(Debug, Serialize)]
struct ShownLookUps {
    since: String,
    tokens: Vec<ShownSecret>,
    make: String,
    /// How it is done.
    docs: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    face: Face,
    description: String,
    standing: ShownStanding,
    client_id: String,
    client_type: &'static str,
    require_pkce: bool,
    website: Option<Website>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    redirect_uris: Vec<String>,
    users: i64,
    registered: String,
}

#[derive(Debug, Serialize)]
struct ShowLinks {
    edit: String,
    /// None for a public app.
    new_secret: Option<String>,
    /// None for a verified app.
    delete: Option<String>,
}

/// The mails of the last thirty days.
#[derive(Debug, Serialize)]
struct ShownMails {
    sent: i64,
    failed: i64,
    newest: Vec<ShownMail>,
}

#[derive(Debug, Serialize)]
struct ShownMail {
    at: String,
    outcome: &'static str,
    why: Option<String>,
    message_id: String,
}

impl ShownMails {
    fn of(mails: Mails, web: &Web) -> Self {
        let newest = mails.newest.into_iter().map(|mail| ShownMail {
            at: web.date_and_time(mail.at),
            outcome: match mail.status {
                Some(true) => "Sent",
                Some(false) => "Not sent",
                None => "On its way",
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

/// A secret as its owner sees it again: never the secret.
#[derive(Debug, Serialize)]
struct ShownSecret {
    hint: String,
    made: String,
    last_used: Option<String>,
}

impl ShownSecret {
    fn of(secret: &KnownSecret, web: &Web) -> Self {
        let at = |moment: Moment| web.date_and_time(moment);
        Self {
            hint: format!("…{}", secret.hint),
            made: web.date(secret.created_at),
            last_used: secret.last_used_at.map(at),
        }
    }
}

impl Page for ShowPage {
    const TEMPLATE: &'static str = "apps/show.html";

    fn title(&self) -> String {
        self.app.face.name.clone()
    }
}

pub(super) async fn show(
    State(it): State<Feature>,
    Own { frame, app, .. }: Own,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let users = clients::count_users(it.db.pool(), app.id).await?;
    let secrets = clients::list_secrets(it.db.pool(), app.id, SecretUse::Client).await?;
    let secrets = secrets
        .iter()
        .map(|secret| ShownSecret::of(secret, &it.web));
    let look_ups = look_ups(&it, &app).await?;
    let since = it.clock.now() - MAILS_SHOWN_FOR;
    let mails = clients::find_mails(it.db.pool(), app.id, since).await?;
    let mut answer = frame.show(&ShowPage {
        mails: ShownMails::of(mails, &it.web),
        secrets: secrets.collect(),
        sign_in_link: sign_in_link(&app, it.web.links()),
        links: show_links(&app, it.web.links()),
        look_ups,
        app: shown(app, users, &it),
    });
    // Who looks at the app has copied the secret, so the browser need not hold it any longer.
    rotate::forget(&it.web, &headers, &mut answer);
    Ok(answer)
}

async fn look_ups(it: &Feature, app: &App) -> db::Result<Option<ShownLookUps>> {
    let Some(since) = clients::find_looks_up_since(it.db.pool(), app.id).await? else {
        return Ok(None);
    };
    let tokens = clients::list_secrets(it.db.pool(), app.id, SecretUse::LookUps).await?;
    let links = it.web.links();
    Ok(Some(ShownLookUps {
        since: it.web.date(since),
        tokens: tokens
            .iter()
            .map(|token| ShownSecret::of(token, &it.web))
            .collect(),
        make: links.look_up_token(app.id),
        docs: format!("{}#look-ups", links.docs_tab("api")),
    }))
}

fn shown(app: App, users: i64, it: &Feature) -> Shown {
    let face = face(&app, it.web.links());
    let details = app.details;
    Shown {
        face,
        standing: ShownStanding::of(app.standing, it.cap.0),
        client_id: app.client_id.to_string(),
        client_type: match details.kind {
            Kind::Confidential => "Confidential: it runs on a server",
            Kind::Public => "Public: it runs in a browser or on a phone",
        },
        require_pkce: details.must_use_pkce(),
        website: details.website.as_deref().and_then(Website::of),
        privacy_policy: details.privacy_policy,
        contact: details.contact,
        redirect_uris: details
            .redirect_uris
            .iter()
            .map(RedirectUri::to_string)
            .collect(),
        description: details.description,
        users,
        registered: it.web.date(app.created_at),
    }
}

fn show_links(app: &App, links: &Links) -> ShowLinks {
    ShowLinks {
        edit: links.edit_app(app.id),
        new_secret: (app.details.kind == Kind::Confidential).then(|| links.rotate_secret(app.id)),
        delete: (app.standing != Standing::Verified).then(|| links.delete_app(app.id)),
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
struct DeletePage {
    app: Face,
    action: String,
    back: String,
    users: i64,
}

impl Page for DeletePage {
    const TEMPLATE: &'static str = "apps/delete.html";

    fn title(&self) -> String {
        format!("Delete {}", self.app.name)
    }
}

pub(super) async fn ask_delete(
    State(it): State<Feature>,
    LatelyOwn(Own { frame, app, .. }): LatelyOwn,
) -> Result<Response, PageProblem> {
    if app.standing == Standing::Verified {
        return Err(refused(AppsError::Verified, &app, it.web.links()));
    }
    let users = clients::count_users(it.db.pool(), app.id).await?;
    let links = it.web.links();
    Ok(frame.show(&DeletePage {
        app: face(&app, links),
        action: links.delete_app(app.id),
        back: links.app(app.id),
        users,
    }))
}

pub(super) async fn delete(
    State(it): State<Feature>,
    LatelyOwn(Own { visit, frame, app }): LatelyOwn,
    _sent: Protected,
) -> Result<Response, PageProblem> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let deleted = clients::delete(&mut tx, app.id, visit.person, now, it.entropy.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    if let Some(logo) = deleted.logo {
        it.pictures.discard(PictureKind::AppLogo, &logo).await;
    }
    let told = Flash::good(format!("{} is deleted.", deleted.details.name));
    Ok(frame.send_to_with(&it.web.links().apps(), &told))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::{Sample, sample};

    pub(crate) fn samples() -> Vec<Sample> {
        let delete = |users| DeletePage {
            app: shown_face(false),
            action: "/oauth/applications/1/delete/".to_owned(),
            back: "/oauth/applications/1/".to_owned(),
            users,
        };
        let mut samples = vec![
            Sample::of(&ListPage { apps: Vec::new() }),
            Sample::of(&ListPage {
                apps: vec![listed(0, false), listed(1, true), listed(2, true)],
            }),
            Sample::of(&show_page(false)),
            Sample::of(&show_page(true)),
            Sample::of(&delete(0)),
            Sample::of(&delete(1)),
            Sample::of(&delete(2)),
        ];
        samples.extend(form::samples::samples());
        samples.extend(secret::samples::samples());
        samples.extend(look_up::samples::samples());
        samples
    }

    pub(super) fn shown_face(has_logo: bool) -> Face {
        Face::of(
            "Mess Menu",
            has_logo.then_some("logo.png"),
            &sample::links(),
        )
    }

    pub(super) fn shown_secret(was_used: bool) -> ShownSecret {
        ShownSecret {
            hint: "…AbCd".to_owned(),
            made: "21 Nov 2026".to_owned(),
            last_used: was_used.then(|| "21 Nov 2026, 18:05".to_owned()),
        }
    }

    fn shown_mail(why: Option<&str>) -> ShownMail {
        ShownMail {
            at: "21 Nov 2026, 18:05".to_owned(),
            outcome: "Sent",
            why: why.map(str::to_owned),
            message_id: "<1.2.3@campus.example>".to_owned(),
        }
    }

    fn listed(users: i64, full: bool) -> Listed {
        Listed {
            face: shown_face(full),
            href: "/oauth/applications/1/".to_owned(),
            description: if full { "Tonight’s dinner." } else { "" }.to_owned(),
            standing: standing(full),
            users,
        }
    }

    fn standing(is_verified: bool) -> ShownStanding {
        let standing = if is_verified {
            Standing::Verified
        } else {
            Standing::Unverified
        };
        ShownStanding::of(standing, 10)
    }

    fn show_page(full: bool) -> ShowPage {
        let text = |text: &str| full.then(|| text.to_owned());
        ShowPage {
            app: Shown {
                face: shown_face(full),
                description: "Tonight’s dinner.".to_owned(),
                standing: standing(full),
                client_id: "AbCd".to_owned(),
                client_type: "Confidential: it runs on a server",
                require_pkce: full,
                website: Website::of("https://mess.example/").filter(|_| full),
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
            look_ups: full.then(|| ShownLookUps {
                since: "21 Nov 2026".to_owned(),
                tokens: vec![shown_secret(false), shown_secret(true)],
                make: "/oauth/applications/1/look-up/".to_owned(),
                docs: "/doc/api/#look-ups".to_owned(),
            }),
            mails: ShownMails {
                sent: i64::from(full),
                failed: i64::from(full),
                newest: if full {
                    vec![shown_mail(None), shown_mail(Some("a reason"))]
                } else {
                    Vec::new()
                },
            },
            links: ShowLinks {
                edit: "/oauth/applications/1/update/".to_owned(),
                new_secret: text("/oauth/applications/1/secret/"),
                delete: text("/oauth/applications/1/delete/"),
            },
        }
    }
}
