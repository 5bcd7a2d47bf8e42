//! The form that registers or edits an app. After an error it shows the typed values again.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::rotate;
use super::rotate::NewSecretCookie;
use crate::developers::apps::Feature;
use crate::developers::apps::own::{OwnApp, OwnAppRecentlyAuthenticated};
use crate::identity::login;
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
    App, AppDetails, AppForm, AppFormErrors, AppName, AppStanding, EditResult, LogoUpdate,
    SecretUse, register,
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

/// The value of a form field, and its error.
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
    fn of_new(feature: &Feature, form: AppForm, errors: AppFormErrors) -> Self {
        let links = feature.web.links();
        let page = Self::of(form, errors, None);
        Self {
            heading: "Register an app".to_owned(),
            action: links.register_app(),
            back: links.apps(),
            submit: "Register app",
            ..page
        }
    }

    /// The form of an existing app.
    fn of_app(feature: &Feature, app: &App, form: AppForm, errors: AppFormErrors) -> Self {
        let links = feature.web.links();
        let name = &app.details.name;
        let is_verified = app.standing == AppStanding::Verified;
        let mut page = Self::of(
            form,
            errors,
            app.logo.as_deref().map(|file| links.app_logo(file)),
        );
        page.name.locked = is_verified;
        page.redirect_uris.locked = is_verified;
        page.client_type.locked = is_verified;
        page.logo.locked = is_verified;
        page.website.locked = is_verified;
        page.privacy_policy.locked = is_verified;
        let notice = format!(
            "{name} is verified. You can change its description and contact, and make it require PKCE. The rest is locked."
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

    fn of(form: AppForm, errors: AppFormErrors, logo: Option<String>) -> Self {
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
            name: field(form.name, errors.name),
            description: field(form.description.unwrap_or_default(), errors.description),
            logo: LogoField {
                src: logo,
                error: errors.logo,
                locked: false,
            },
            website: field(form.website, errors.website),
            privacy_policy: field(form.privacy_policy, errors.privacy_policy),
            contact: field(form.contact, errors.contact),
            client_type: field(form.client_type, errors.client_type),
            redirect_uris: field(form.redirect_uris, errors.redirect_uris),
            require_pkce: AppFormCheckbox {
                ticked: form.require_pkce,
                error: errors.require_pkce,
            },
        }
    }
}

pub(in crate::developers::apps) async fn new(
    State(feature): State<Feature>,
    SignedIn { context, .. }: SignedIn,
) -> Response {
    let form = AppForm {
        client_type: "confidential".to_owned(),
        ..AppForm::default()
    };
    context.render(&AppFormPage::of_new(
        &feature,
        form,
        AppFormErrors::default(),
    ))
}

pub(in crate::developers::apps) async fn register(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    submitted: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let form = read_form(&submitted.form);
    let (details, picture) = match read(&feature, &form, None, submitted).await {
        Ok(read) => read,
        Err(errors) => {
            let page = AppFormPage::of_new(&feature, form, *errors);
            return Ok(context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    if clients::count_own(feature.db.pool(), session.person).await? >= clients::MAX_APPS {
        let page = AppFormPage::of_new(&feature, form, AppFormErrors::default());
        let most = clients::MAX_APPS;
        let notice = format!(
            "You have {most} apps, the most that one person can register. Delete an app that you no longer need, then register this one. What you typed is still here."
        );
        let page = AppFormPage {
            notice: Some(notice),
            ..page
        };
        return Ok(context.render_with_status(StatusCode::CONFLICT, &page));
    }
    let logo = keep(&feature, picture).await?;
    let registered = match keep_app(&feature, &session, details, logo.clone()).await {
        Ok(Registration::New(registered)) => registered,
        Ok(Registration::Repeated(app)) => {
            discard(&feature, logo).await;
            let notice = FlashMessage::good(format!(
                "{} is registered. The form was sent twice, and there is one app. If you did not see its secret, \
                 create a new one below.",
                app.details.name
            ));
            return Ok(context.redirect_with_message(&feature.web.links().app(app.id), &notice));
        }
        Err(problem) => {
            discard(&feature, logo).await;
            return Err(problem);
        }
    };
    let RegisteredApp { app, secret } = registered;
    let Some((secret, id)) = secret else {
        let notice = FlashMessage::good(format!("{} is registered.", app.details.name));
        return Ok(context.redirect_with_message(&feature.web.links().app(app.id), &notice));
    };
    let fresh = NewSecretCookie {
        secret,
        id,
        first: true,
    };
    Ok(rotate::send_to_shown(
        &feature,
        &context,
        &session,
        (app.id, SecretUse::Client),
        &fresh,
    ))
}

/// The outcome of a registration.
enum Registration {
    New(RegisteredApp),
    /// The same form was sent a moment ago.
    Repeated(App),
}

async fn keep_app(
    feature: &Feature,
    session: &UserSession,
    details: AppDetails,
    logo: Option<String>,
) -> Result<Registration, PageError> {
    let request = RegistrationRequest {
        owner: session.person,
        details,
        logo,
        verified: false,
        actor: Some(session.person),
    };
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, session).await?;
    if let Some(app) = register::find_repeated(&mut tx, &request, now).await? {
        return Ok(Registration::Repeated(app));
    }
    let registered = register::register(&mut tx, request, now, feature.rng.as_ref()).await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(Registration::New(registered))
}

pub(in crate::developers::apps) async fn edit(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp { context, app, .. }): OwnAppRecentlyAuthenticated,
) -> Response {
    let form = AppForm::of(&app.details);
    context.render(&AppFormPage::of_app(
        &feature,
        &app,
        form,
        AppFormErrors::default(),
    ))
}

pub(in crate::developers::apps) async fn save(
    State(feature): State<Feature>,
    OwnAppRecentlyAuthenticated(OwnApp {
        session,
        context,
        app,
    }): OwnAppRecentlyAuthenticated,
    submitted: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let form = read_form(&submitted.form);
    let removes_logo = submitted.form.is_checked("remove_logo");
    let refuse = |form, errors: Box<AppFormErrors>| {
        let page = AppFormPage::of_app(&feature, &app, form, *errors);
        context.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let (details, picture) = match read(&feature, &form, Some(&app.details.name), submitted).await {
        Ok(read) => read,
        Err(errors) => return Ok(refuse(form, errors)),
    };
    let new_logo = keep(&feature, picture).await?;
    let logo = match &new_logo {
        Some(file) => LogoUpdate::Replace(file.clone()),
        None if removes_logo => LogoUpdate::Remove,
        None => LogoUpdate::Keep,
    };
    match keep_edit(&feature, &session, app.id, (details, logo)).await {
        Ok(EditResult::Saved(old_logo)) => {
            discard(&feature, old_logo).await;
            Ok(context.redirect_with_message(
                &feature.web.links().app(app.id),
                &FlashMessage::good("Saved."),
            ))
        }
        Ok(EditResult::Locked(errors)) => {
            discard(&feature, new_logo).await;
            Ok(refuse(form, errors))
        }
        Err(problem) => {
            discard(&feature, new_logo).await;
            Err(problem)
        }
    }
}

async fn keep_edit(
    feature: &Feature,
    session: &UserSession,
    app: AppId,
    wanted: (AppDetails, LogoUpdate),
) -> Result<EditResult, PageError> {
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, session).await?;
    let outcome = clients::edit(
        &mut tx,
        app,
        session.person,
        wanted,
        now,
        feature.rng.as_ref(),
    )
    .await?;
    tx.commit().await.map_err(db::Error::from)?;
    Ok(outcome)
}

fn read_form(form: &FormParams) -> AppForm {
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

/// Reads the submitted form with its logo: all values, or all errors. `current_name` may stay, see
/// [`clients::parse_form`].
async fn read(
    feature: &Feature,
    form: &AppForm,
    current_name: Option<&AppName>,
    submitted: CsrfMultipartForm,
) -> Result<(AppDetails, Option<Picture>), Box<AppFormErrors>> {
    let details = clients::parse_form(form, current_name);
    let file = submitted
        .files
        .into_iter()
        .find(|file| file.field == "logo");
    let picture = match file {
        Some(file) => match file.content {
            Some(content) => {
                let accepted = feature.pictures.accept(PictureKind::AppLogo, content);
                accepted.await.map(Some)
            }
            None => Err(PictureError::TooLarge),
        },
        None => Ok(None),
    };
    match (details, picture) {
        (Ok(details), Ok(picture)) => Ok((details, picture)),
        (details, picture) => {
            let mut errors = details.err().unwrap_or_default();
            errors.logo = picture.err().map(|error| error.to_string());
            Err(errors)
        }
    }
}

async fn keep(feature: &Feature, picture: Option<Picture>) -> Result<Option<String>, PageError> {
    let Some(picture) = picture else {
        return Ok(None);
    };
    let kept = feature
        .pictures
        .save(PictureKind::AppLogo, &picture, feature.rng.as_ref());
    kept.await.map(Some).map_err(PageError::internal)
}

async fn discard(feature: &Feature, logo: Option<String>) {
    if let Some(file) = logo {
        feature.pictures.delete(PictureKind::AppLogo, &file).await;
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let blank = AppFormPage::of(AppForm::default(), AppFormErrors::default(), None);
        let wrong = || Some("This field is required.".to_owned());
        let errors = AppFormErrors {
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
        let form = AppForm {
            client_type: "confidential".to_owned(),
            require_pkce: true,
            ..AppForm::default()
        };
        let mut refused =
            AppFormPage::of(form, errors, Some("/media/app_logo/logo.png".to_owned()));
        refused.notice = Some("Mess Menu is verified.".to_owned());
        refused.name.locked = true;
        refused.client_type.locked = true;
        refused.redirect_uris.locked = true;
        vec![PageSample::of(&blank), PageSample::of(&refused)]
    }
}
