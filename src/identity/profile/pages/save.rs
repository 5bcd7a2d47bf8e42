//! Saves a section: back to the page, or the page again with errors.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use http::{HeaderValue, StatusCode, header};

use super::super::Feature;
use super::super::edit::edit;
use super::super::forms::{FormErrors, ProfileForms, SectionForm, parse_crop};
use super::super::model::ProfileError;
use super::show::{PageAnchor, ProfileFacts, ProfilePage};
use super::{home, load_facts, to_page_error};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::fields::ProfileSection;
use crate::people::records::{ColumnUpdates, PeopleError, PersonUpdate, PictureFile, Update};
use crate::platform::db;
use crate::platform::pictures::{CropSquare, Picture, PictureError, PictureKind};
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::{
    CsrfForm, CsrfMultipartForm, FlashMessage, PageContext, PageError, UploadedFile, UserSession,
};

/// The handler for a section of text fields.
pub(in crate::identity::profile) fn texts(section: ProfileSection) -> MethodRouter<Feature> {
    let save = async move |State(feature): State<Feature>,
                           SignedIn { session, context }: SignedIn,
                           CsrfForm { form, .. }: CsrfForm| {
        save(
            &feature,
            &session,
            &context,
            SectionForm::texts(section, &form),
        )
        .await
    };
    get(home).post(save)
}

pub(in crate::identity::profile) async fn sex(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&feature, &session, &context, SectionForm::sex(&form)).await
}

pub(in crate::identity::profile) async fn numbers(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&feature, &session, &context, SectionForm::numbers(&form)).await
}

pub(in crate::identity::profile) async fn emails(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    if !login::RECENT_AUTHENTICATION.allows_submit(&session, feature.clock.now()) {
        let links = feature.web.links();
        return Ok(login::send_to_login_again(links, &links.own_emails()));
    }
    save(&feature, &session, &context, SectionForm::emails(&form)).await
}

pub(in crate::identity::profile) async fn address(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&feature, &session, &context, SectionForm::address(&form)).await
}

pub(in crate::identity::profile) async fn programme(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&feature, &session, &context, SectionForm::programme(&form)).await
}

pub(in crate::identity::profile) async fn picture(
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
    sent: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let refuse = |why: String| FormErrors::from([("profile_picture".to_owned(), why)]);
    let is_removed = sent.form.is_checked("remove_picture");
    let file = sent
        .files
        .into_iter()
        .find(|file| file.field == "profile_picture");
    let Some(square) = parse_crop(&sent.form) else {
        let errors = refuse(NO_SQUARE.to_owned());
        return load_and_render_errors(
            &feature,
            &session,
            &context,
            (SectionForm::Picture, errors),
        )
        .await;
    };
    let new = match file.filter(|_| !is_removed) {
        Some(file) => match decode_picture(&feature, square, file).await {
            Ok(picture) => Some(store_picture(&feature, &picture).await?),
            Err(why) => {
                let errors = refuse(why.to_string());
                return load_and_render_errors(
                    &feature,
                    &session,
                    &context,
                    (SectionForm::Picture, errors),
                )
                .await;
            }
        },
        None if is_removed => None,
        None => {
            let errors = refuse("Choose a picture first.".to_owned());
            return load_and_render_errors(
                &feature,
                &session,
                &context,
                (SectionForm::Picture, errors),
            )
            .await;
        }
    };
    let stored = commit_update(&feature, &session, picture_update(new.as_ref())).await;
    if let (Err(_), Some(file)) = (&stored, &new) {
        feature
            .pictures
            .delete(PictureKind::ProfilePicture, file.as_str())
            .await;
    }
    stored.map_err(|error| to_page_error(error, feature.web.links()))?;
    let message = if is_removed {
        "Picture removed."
    } else {
        SectionForm::Picture.saved()
    };
    Ok(context.redirect_with_message(&feature.web.links().profile(), &FlashMessage::good(message)))
}

async fn decode_picture(
    feature: &Feature,
    square: CropSquare,
    file: UploadedFile,
) -> Result<Picture, PictureError> {
    let content = file.content.ok_or(PictureError::TooLarge)?;
    feature.pictures.accept_square(square, content).await
}

async fn store_picture(feature: &Feature, picture: &Picture) -> Result<PictureFile, PageError> {
    let kind = PictureKind::ProfilePicture;
    let file = feature
        .pictures
        .save(kind, picture, feature.rng.as_ref())
        .await;
    let file = file.map_err(PageError::internal)?;
    file.parse().map_err(PageError::internal)
}

fn picture_update(file: Option<&PictureFile>) -> PersonUpdate {
    PersonUpdate {
        columns: ColumnUpdates {
            profile_picture: file.cloned().map_or(Update::Clear, Update::Set),
            ..ColumnUpdates::default()
        },
        ..PersonUpdate::default()
    }
}

/// Saves a section and redirects to the page, or renders the page with errors.
async fn save(
    feature: &Feature,
    session: &UserSession,
    context: &PageContext,
    input: SectionForm,
) -> Result<Response, PageError> {
    let this_year = feature.clock.now().year();
    let update = match input.read(this_year) {
        Ok(update) => update,
        Err(errors) => {
            return load_and_render_errors(feature, session, context, (input, errors)).await;
        }
    };
    match commit_update(feature, session, update).await {
        Ok(new_emails) => {
            let flash = match new_emails {
                0 => FlashMessage::good(input.saved()),
                _ => FlashMessage::good(CONFIRM_THEM),
            };
            Ok(context.redirect_with_message(&feature.web.links().profile(), &flash))
        }
        Err(ProfileError::People(PeopleError::Invalid(invalid))) => {
            let facts = load_facts(feature, session).await?;
            let errors = input.errors_for(&invalid, &facts.person.email, this_year);
            Ok(render_with_errors(
                feature,
                context,
                &facts,
                (input, errors),
                StatusCode::UNPROCESSABLE_ENTITY,
            ))
        }
        Err(ProfileError::Slowed(slowed)) => {
            let errors = FormErrors::from([("email".to_owned(), TOO_MANY_MAILS.to_owned())]);
            let facts = load_facts(feature, session).await?;
            let page = render_with_errors(
                feature,
                context,
                &facts,
                (input, errors),
                StatusCode::TOO_MANY_REQUESTS,
            );
            Ok(with_retry_after(page, slowed))
        }
        Err(error) => Err(to_page_error(error, feature.web.links())),
    }
}

const CONFIRM_THEM: &str = "Email addresses saved. A link is on its way to each new one: open it \
                            within 30 minutes and press the button there.";
const NO_SQUARE: &str = "The crop is outside the picture. Choose the picture again.";
const TOO_MANY_MAILS: &str = "You asked for many mails in a short time. Wait ten minutes before you add \
                              another address.";

/// Writes an update. Returns the number of addresses that have to be confirmed.
async fn commit_update(
    feature: &Feature,
    session: &UserSession,
    update: PersonUpdate,
) -> Result<usize, ProfileError> {
    let now = feature.clock.now();
    let mut tx = login::begin_write(&feature.db, session).await?;
    let rng = feature.rng.as_ref();
    let edited = edit(
        &mut tx,
        (session.person, session.epoch),
        update,
        &feature.limits,
        now,
        rng,
    )
    .await?;
    tx.commit().await.map_err(db::Error::from)?;
    if let Some(file) = edited.old_picture {
        feature
            .pictures
            .delete(PictureKind::ProfilePicture, &file)
            .await;
    }
    Ok(edited.new_emails.len())
}

async fn load_and_render_errors(
    feature: &Feature,
    session: &UserSession,
    context: &PageContext,
    rejected: (SectionForm, FormErrors),
) -> Result<Response, PageError> {
    let facts = load_facts(feature, session).await?;
    Ok(render_with_errors(
        feature,
        context,
        &facts,
        rejected,
        StatusCode::UNPROCESSABLE_ENTITY,
    ))
}

fn render_with_errors(
    feature: &Feature,
    context: &PageContext,
    facts: &ProfileFacts,
    (input, errors): (SectionForm, FormErrors),
    status: StatusCode,
) -> Response {
    let mut anchors: Vec<_> = errors.keys().map(|id| PageAnchor::of(id)).collect();
    // Only the first line with an error of each list.
    anchors.dedup_by_key(|target| target.label);
    let mut forms = ProfileForms::of(&facts.person, &facts.emails);
    forms.restore_input(input, errors);
    context.render_with_status(
        status,
        &ProfilePage::of(facts, forms, anchors, feature.web.links()),
    )
}

fn with_retry_after(mut page: Response, slowed: RateLimited) -> Response {
    let seconds = HeaderValue::from(slowed.seconds());
    page.headers_mut().insert(header::RETRY_AFTER, seconds);
    page
}
