//! Saving a section: kept and back to the page, or the page again with what is wrong beside it.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use http::{HeaderValue, StatusCode, header};

use super::super::Feature;
use super::super::edit::edit;
use super::super::forms::{FormErrors, ProfileForms, SectionForm, square};
use super::super::model::ProfileError;
use super::show::{PageAnchor, ProfileFacts, ProfilePage};
use super::{home, know, refused};
use crate::identity::login;
use crate::identity::login::SignedIn;
use crate::people::fields::ProfileSection;
use crate::people::records::{ColumnUpdates, PeopleError, PersonUpdate, PictureFile, Update};
use crate::platform::db;
use crate::platform::pictures::{CropSquare, Picture, PictureError, PictureKind};
use crate::platform::web::{
    CsrfForm, CsrfMultipartForm, FlashMessage, PageContext, PageError, RateLimited, UploadedFile,
    UserSession,
};

/// The handler for a section of text fields.
pub(in crate::identity::profile) fn texts(section: ProfileSection) -> MethodRouter<Feature> {
    let save = async move |State(it): State<Feature>,
                           SignedIn { visit, context }: SignedIn,
                           CsrfForm { form, .. }: CsrfForm| {
        save(&it, &visit, &context, SectionForm::texts(section, &form)).await
    };
    get(home).post(save)
}

pub(in crate::identity::profile) async fn sex(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&it, &visit, &context, SectionForm::sex(&form)).await
}

pub(in crate::identity::profile) async fn numbers(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&it, &visit, &context, SectionForm::numbers(&form)).await
}

pub(in crate::identity::profile) async fn emails(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    if !login::RECENT_AUTHENTICATION.allows_submit(&visit, it.clock.now()) {
        let links = it.web.links();
        return Ok(login::send_to_login_again(links, &links.own_emails()));
    }
    save(&it, &visit, &context, SectionForm::emails(&form)).await
}

pub(in crate::identity::profile) async fn address(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&it, &visit, &context, SectionForm::address(&form)).await
}

pub(in crate::identity::profile) async fn programme(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    CsrfForm { form, .. }: CsrfForm,
) -> Result<Response, PageError> {
    save(&it, &visit, &context, SectionForm::programme(&form)).await
}

pub(in crate::identity::profile) async fn picture(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
    sent: CsrfMultipartForm,
) -> Result<Response, PageError> {
    let refuse = |why: String| FormErrors::from([("profile_picture".to_owned(), why)]);
    let goes = sent.form.is_checked("remove_picture");
    let file = sent
        .files
        .into_iter()
        .find(|file| file.field == "profile_picture");
    let Some(square) = square(&sent.form) else {
        let told = refuse(NO_SQUARE.to_owned());
        return show_again(&it, &visit, &context, (SectionForm::Picture, told)).await;
    };
    let new = match file.filter(|_| !goes) {
        Some(file) => match accept(&it, square, file).await {
            Ok(picture) => Some(keep_picture(&it, &picture).await?),
            Err(why) => {
                let told = refuse(why.to_string());
                return show_again(&it, &visit, &context, (SectionForm::Picture, told)).await;
            }
        },
        None if goes => None,
        None => {
            let told = refuse("Choose a picture first.".to_owned());
            return show_again(&it, &visit, &context, (SectionForm::Picture, told)).await;
        }
    };
    let kept = keep(&it, &visit, picture_change(new.as_ref())).await;
    if let (Err(_), Some(file)) = (&kept, &new) {
        it.pictures
            .delete(PictureKind::ProfilePicture, file.as_str())
            .await;
    }
    kept.map_err(|error| refused(error, it.web.links()))?;
    let said = if goes {
        "Your picture is gone."
    } else {
        SectionForm::Picture.saved()
    };
    Ok(context.redirect_with_message(&it.web.links().profile(), &FlashMessage::good(said)))
}

async fn accept(
    it: &Feature,
    square: CropSquare,
    file: UploadedFile,
) -> Result<Picture, PictureError> {
    let content = file.content.ok_or(PictureError::TooLarge)?;
    it.pictures.accept_square(square, content).await
}

async fn keep_picture(it: &Feature, picture: &Picture) -> Result<PictureFile, PageError> {
    let kind = PictureKind::ProfilePicture;
    let file = it.pictures.save(kind, picture, it.rng.as_ref()).await;
    let file = file.map_err(PageError::internal)?;
    file.parse().map_err(PageError::internal)
}

fn picture_change(file: Option<&PictureFile>) -> PersonUpdate {
    PersonUpdate {
        columns: ColumnUpdates {
            profile_picture: file.cloned().map_or(Update::Clear, Update::Set),
            ..ColumnUpdates::default()
        },
        ..PersonUpdate::default()
    }
}

/// Keeps what was typed and leads back to the page, or shows it again with what is wrong.
async fn save(
    it: &Feature,
    visit: &UserSession,
    context: &PageContext,
    typed: SectionForm,
) -> Result<Response, PageError> {
    let this_year = it.clock.now().year();
    let wanted = match typed.read(this_year) {
        Ok(wanted) => wanted,
        Err(told) => return show_again(it, visit, context, (typed, told)).await,
    };
    match keep(it, visit, wanted).await {
        Ok(new_emails) => {
            let flash = match new_emails {
                0 => FlashMessage::good(typed.saved()),
                _ => FlashMessage::good(CONFIRM_THEM),
            };
            Ok(context.redirect_with_message(&it.web.links().profile(), &flash))
        }
        Err(ProfileError::People(PeopleError::Unfit(unfit))) => {
            let known = know(it, visit).await?;
            let told = typed.misfits(&unfit, &known.person.email, this_year);
            Ok(again(
                it,
                context,
                &known,
                (typed, told),
                StatusCode::UNPROCESSABLE_ENTITY,
            ))
        }
        Err(ProfileError::Slowed(slowed)) => {
            let told = FormErrors::from([("email".to_owned(), TOO_MANY_MAILS.to_owned())]);
            let known = know(it, visit).await?;
            let page = again(
                it,
                context,
                &known,
                (typed, told),
                StatusCode::TOO_MANY_REQUESTS,
            );
            Ok(with_patience(page, slowed))
        }
        Err(error) => Err(refused(error, it.web.links())),
    }
}

const CONFIRM_THEM: &str = "Your addresses are saved. A link is on its way to each new one: open it \
                            within 30 minutes and press the button there.";
const NO_SQUARE: &str = "What should show of it lies outside of the picture. Choose it again.";
const TOO_MANY_MAILS: &str = "You asked for many mails in a short time. Wait ten minutes before you add \
                              another address.";

/// How many addresses have to be confirmed now.
async fn keep(
    it: &Feature,
    visit: &UserSession,
    wanted: PersonUpdate,
) -> Result<usize, ProfileError> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let rng = it.rng.as_ref();
    let edited = edit(&mut tx, visit.person, wanted, &it.limits, now, rng).await?;
    tx.commit().await.map_err(db::Error::from)?;
    if let Some(file) = edited.old_picture {
        it.pictures.delete(PictureKind::ProfilePicture, &file).await;
    }
    Ok(edited.new_emails.len())
}

async fn show_again(
    it: &Feature,
    visit: &UserSession,
    context: &PageContext,
    wrong: (SectionForm, FormErrors),
) -> Result<Response, PageError> {
    let known = know(it, visit).await?;
    Ok(again(
        it,
        context,
        &known,
        wrong,
        StatusCode::UNPROCESSABLE_ENTITY,
    ))
}

fn again(
    it: &Feature,
    context: &PageContext,
    known: &ProfileFacts,
    (typed, told): (SectionForm, FormErrors),
    status: StatusCode,
) -> Response {
    let mut wrong: Vec<_> = told.keys().map(|id| PageAnchor::of(id)).collect();
    // Of a list the first line that is wrong.
    wrong.dedup_by_key(|target| target.label);
    let mut forms = ProfileForms::of(&known.person, &known.emails);
    forms.give_back(typed, told);
    context.render_with_status(
        status,
        &ProfilePage::of(known, forms, wrong, it.web.links()),
    )
}

fn with_patience(mut page: Response, slowed: RateLimited) -> Response {
    let seconds = HeaderValue::from(slowed.seconds());
    page.headers_mut().insert(header::RETRY_AFTER, seconds);
    page
}
