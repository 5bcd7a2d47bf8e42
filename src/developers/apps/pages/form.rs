//! The form of an app, new or old. Whatever is wrong with it, what was typed comes back.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::rotate;
use super::rotate::NewSecretCookie;
use crate::developers::apps::Feature;
use crate::developers::apps::own::{OwnApp, OwnAppRecentlyAuthenticated};
use crate::identity::login::SignedIn;
use crate::platform::db;
use crate::platform::id::AppId;
use crate::platform::pictures::{Picture, PictureError, PictureKind};
use crate::platform::web::{
    CsrfMultipartForm, FlashMessage, FormParams, Page, PageError, UserSession,
};
use crate::protocol::clients;
use crate::protocol::clients::register::{RegisteredApp, RegistrationRequest};
use crate::protocol::clients::{
    App, AppDetails, AppForm, AppFormErrors, AppStanding, EditResult, LogoUpdate, SecretUse,
    register,
};

#[derive(Debug, Serialize)]
struct AppFormPage {
    heading: String,
    notice: Option<String>,
    action: String,
    back: String,
    submit: &'static str,
    name: AppFormField,
    description: AppFormField,
    logo: LogoField,
    website: AppFormField,
    privacy_policy: AppFormField,
    contact: AppFormField,
    client_type: AppFormField,
    redirect_uris: AppFormField,
    require_pkce: AppFormCheckbox,
}

/// What a field of the form holds, and what is wrong with it.
#[derive(Debug, Serialize)]
struct AppFormField {
    value: String,
    error: Option<String>,
    locked: bool,
}

#[derive(Debug, Serialize)]
struct LogoField {
    src: Option<String>,
    error: Option<String>,
    locked: bool,
}

#[derive(Debug, Serialize)]
struct AppFormCheckbox {
    ticked: bool,
    error: Option<String>,
}

impl Page for AppFormPage {
    const TEMPLATE: &'static str = "apps/form.html";

    fn title(&self) -> String {
        self.heading.clone()
    }
}

impl AppFormPage {
    /// The form of a new app.
    fn of_new(it: &Feature, typed: AppForm, told: AppFormErrors) -> Self {
        let links = it.web.links();
        let page = Self::of(typed, told, None);
        Self {
            heading: "Register an app".to_owned(),
            action: links.register_app(),
            back: links.apps(),
            submit: "Register app",
            ..page
        }
    }

    /// The form of an app there is.
    fn of_app(it: &Feature, app: &App, typed: AppForm, told: AppFormErrors) -> Self {
        let links = it.web.links();
        let name = &app.details.name;
        let is_verified = app.standing == AppStanding::Verified;
        let mut page = Self::of(
            typed,
            told,
            app.logo.as_deref().map(|file| links.app_logo(file)),
        );
        page.name.locked = is_verified;
        page.redirect_uris.locked = is_verified;
        page.client_type.locked = is_verified;
        page.logo.locked = is_verified;
        page.website.locked = is_verified;
        page.privacy_policy.locked = is_verified;
        let notice = format!(
            "{name} is verified, so you can change its description and contact, and make it require PKCE. Ask an administrator if anything else has to change."
        );
        Self {
            heading: format!("Edit {name}"),
            notice: is_verified.then_some(notice),
            action: links.edit_app(app.id),
            back: links.app(app.id),
            submit: "Save",
            ..page
        }
    }

    fn of(typed: AppForm, told: AppFormErrors, logo: Option<String>) -> Self {
        let field = |value: String, error: Option<String>| AppFormField {
            value,
            error,
            locked: false,
        };
        Self {
            heading: String::new(),
            notice: None,
            action: String::new(),
            back: String::new(),
            submit: "",
            name: field(typed.name, told.name),
            description: field(typed.description.unwrap_or_default(), told.description),
            logo: LogoField {
                src: logo,
                error: told.logo,
                locked: false,
            },
            website: field(typed.website, told.website),
            privacy_policy: field(typed.privacy_policy, told.privacy_policy),
            contact: field(typed.contact, told.contact),
            client_type: field(typed.client_type, told.client_type),
            redirect_uris: field(typed.redirect_uris, told.redirect_uris),
            require_pkce: AppFormCheckbox {
                ticked: typed.require_pkce,
                error: told.require_pkce,
            },
        }
    }
}

pub(in crate::developers::apps) async fn new(
    State(it): State<Feature>,
    SignedIn { context, .. }: SignedIn,
) -> Response {
    let typed = AppForm {
        client_type: "confidential".to_owned(),
        ..AppForm::default()
    };
    context.render(&AppFormPage::of_new(&it, typed, AppFormErrors::default()))
}

pub(in crate::developers::apps) async fn register(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    sent: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let typed = typed(&sent.form);
    let (details, picture) = match read(&it, &typed, sent).await {
        Ok(read) => read,
        Err(told) => {
            let page = AppFormPage::of_new(&it, typed, *told);
            return Ok(context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    if clients::count_own(it.db.pool(), visit.person).await? >= clients::MAX_APPS {
        let page = AppFormPage::of_new(&it, typed, AppFormErrors::default());
        let most = clients::MAX_APPS;
        let notice = format!(
            "You look after {most} apps, and that is as many as one person may. Delete one that nobody needs, then register this one: what you typed is still here."
        );
        let page = AppFormPage {
            notice: Some(notice),
            ..page
        };
        return Ok(context.render_with_status(StatusCode::CONFLICT, &page));
    }
    let logo = keep(&it, picture).await?;
    let registered = match keep_app(&it, &visit, details, logo.clone()).await {
        Ok(registered) => registered,
        Err(problem) => {
            discard(&it, logo).await;
            return Err(problem);
        }
    };
    let RegisteredApp { app, secret } = registered;
    let Some((secret, id)) = secret else {
        let told = FlashMessage::good(format!("{} is registered.", app.details.name));
        return Ok(context.redirect_with_message(&it.web.links().app(app.id), &told));
    };
    let fresh = NewSecretCookie {
        secret,
        id,
        first: true,
    };
    Ok(rotate::send_to_shown(
        &it,
        &context,
        &visit,
        (app.id, SecretUse::Client),
        &fresh,
    ))
}

async fn keep_app(
    it: &Feature,
    visit: &UserSession,
    details: AppDetails,
    logo: Option<String>,
) -> Result<RegisteredApp, PageError> {
    let wish = RegistrationRequest {
        owner: visit.person,
        details,
        logo,
        verified: false,
        actor: Some(visit.person),
    };
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let registered = register::register(&mut tx, wish, now, it.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(registered)
}

pub(in crate::developers::apps) async fn edit(
    State(it): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp { context, app, .. }): OwnAppRecentlyAuthenticated,
) -> Response {
    let typed = AppForm::of(&app.details);
    context.render(&AppFormPage::of_app(
        &it,
        &app,
        typed,
        AppFormErrors::default(),
    ))
}

pub(in crate::developers::apps) async fn save(
    State(it): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp {
        visit,
        context,
        app,
    }): OwnAppRecentlyAuthenticated,
    sent: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let typed = typed(&sent.form);
    let goes = sent.form.is_checked("remove_logo");
    let refuse = |typed, told: Box<AppFormErrors>| {
        let page = AppFormPage::of_app(&it, &app, typed, *told);
        context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let (details, picture) = match read(&it, &typed, sent).await {
        Ok(read) => read,
        Err(told) => return Ok(refuse(typed, told)),
    };
    let new_logo = keep(&it, picture).await?;
    let logo = match &new_logo {
        Some(file) => LogoUpdate::Replace(file.clone()),
        None if goes => LogoUpdate::Remove,
        None => LogoUpdate::Keep,
    };
    match keep_edit(&it, &visit, app.id, (details, logo)).await {
        Ok(EditResult::Saved(old_logo)) => {
            discard(&it, old_logo).await;
            Ok(context
                .redirect_with_message(&it.web.links().app(app.id), &FlashMessage::good("Saved.")))
        }
        Ok(EditResult::Locked(told)) => {
            discard(&it, new_logo).await;
            Ok(refuse(typed, told))
        }
        Err(problem) => {
            discard(&it, new_logo).await;
            Err(problem)
        }
    }
}

async fn keep_edit(
    it: &Feature,
    visit: &UserSession,
    app: AppId,
    wanted: (AppDetails, LogoUpdate),
) -> Result<EditResult, PageError> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let outcome = clients::edit(&mut tx, app, visit.person, wanted, now, it.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(outcome)
}

fn typed(form: &FormParams) -> AppForm {
    let text = |name: &str| form.text(name).to_owned();
    AppForm {
        name: text("name"),
        description: Some(text("description")),
        website: text("website"),
        privacy_policy: text("privacy_policy"),
        contact: text("contact"),
        client_type: text("client_type"),
        redirect_uris: text("redirect_uris"),
        require_pkce: form.is_checked("require_pkce"),
    }
}

/// Reads what was sent, picture included: everything, or every complaint at once.
async fn read(
    it: &Feature,
    typed: &AppForm,
    sent: CsrfMultipartForm,
) -> Result<(AppDetails, Option<Picture>), Box<AppFormErrors>> {
    let details = clients::parse_form(typed);
    let file = sent.files.into_iter().find(|file| file.field == "logo");
    let picture = match file {
        Some(file) => match file.content {
            Some(content) => {
                let accepted = it.pictures.accept(PictureKind::AppLogo, content);
                accepted.await.map(Some)
            }
            None => Err(PictureError::TooLarge),
        },
        None => Ok(None),
    };
    match (details, picture) {
        (Ok(details), Ok(picture)) => Ok((details, picture)),
        (details, picture) => {
            let mut told = details.err().unwrap_or_default();
            told.logo = picture.err().map(|error| error.to_string());
            Err(told)
        }
    }
}

async fn keep(it: &Feature, picture: Option<Picture>) -> Result<Option<String>, PageError> {
    let Some(picture) = picture else {
        return Ok(None);
    };
    let kept = it
        .pictures
        .save(PictureKind::AppLogo, &picture, it.rng.as_ref());
    kept.await.map(Some).map_err(PageError::internal)
}

async fn discard(it: &Feature, logo: Option<String>) {
    if let Some(file) = logo {
        it.pictures.delete(PictureKind::AppLogo, &file).await;
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let blank = AppFormPage::of(AppForm::default(), AppFormErrors::default(), None);
        let wrong = || Some("This is empty. Fill it in.".to_owned());
        let told = AppFormErrors {
            name: wrong(),
            description: wrong(),
            logo: wrong(),
            website: wrong(),
            privacy_policy: wrong(),
            contact: wrong(),
            client_type: wrong(),
            redirect_uris: wrong(),
            require_pkce: wrong(),
        };
        let typed = AppForm {
            client_type: "confidential".to_owned(),
            require_pkce: true,
            ..AppForm::default()
        };
        let mut refused = AppFormPage::of(typed, told, Some("/media/app_logo/logo.png".to_owned()));
        refused.notice = Some("Mess Menu is verified.".to_owned());
        refused.name.locked = true;
        refused.client_type.locked = true;
        refused.redirect_uris.locked = true;
        vec![PageSample::of(&blank), PageSample::of(&refused)]
    }
}
