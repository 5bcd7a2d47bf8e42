//! The page with all its forms, and the page a mailed link opens.

use axum::extract::Path;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Serialize;

use crate::db;
use crate::id::PersonId;
use crate::links::Links;
use crate::login::SignedIn;
use crate::people;
use crate::people::Change;
use crate::people::Choice;
use crate::people::ChoiceKind;
use crate::people::Columns;
use crate::people::Details;
use crate::people::OwnEmail;
use crate::people::PeopleError;
use crate::people::Person;
use crate::people::PictureFile;
use crate::people::Shown;
use crate::people::Source;
use crate::pictures::PictureKind;
use crate::scope;
use crate::secret::Secret;
use crate::web::Flash;
use crate::web::Frame;
use crate::web::Page;
use crate::web::PageProblem;
use crate::web::Pairs;
use crate::web::Protected;
use crate::web::ProtectedUpload;
use crate::web::Slowed;
use crate::web::Visit;

use super::Feature;
use super::edit::edit;
use super::forms::Forms;
use super::forms::Told;
use super::forms::Typed;
use super::mail_again;
use super::model::ProfileError;

#[derive(Debug, Serialize)]
struct HomePage {
    person: Face,
    empty: Vec<Target>,
    wrong: Vec<Target>,
    directory: Vec<Item>,
    mobile: Item,
    email: Item,
    roll_number: Item,
    forms: Forms,
    options: Options,
    waiting: Vec<Waiting>,
    save: Save,
}

#[derive(Debug, Serialize)]
struct Face {
    name: String,
    username: String,
    initial: String,
    picture: Option<String>,
}

/// A place on the page.
#[derive(Debug, Serialize)]
struct Target {
    label: &'static str,
    /// The id of its heading or field.
    id: String,
}

#[derive(Debug, Serialize)]
struct Item {
    label: &'static str,
    value: Shown,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct Options {
    sex: Vec<Choosable>,
    hostel: Vec<Choosable>,
    department: Vec<Choosable>,
    degree: Vec<Choosable>,
}

#[derive(Debug, Clone, Serialize)]
struct Choosable {
    code: String,
    label: String,
}

/// An address that has yet to be confirmed.
#[derive(Debug, Serialize)]
struct Waiting {
    email: String,
    mail_again: String,
}

/// Where each section is saved.
#[derive(Debug, Serialize)]
struct Save {
    picture: String,
    sex: String,
    numbers: String,
    emails: String,
    address: String,
    programme: String,
}

impl Page for HomePage {
    const TEMPLATE: &'static str = "profile/home.html";

    fn title(&self) -> String {
        "Your profile".to_owned()
    }
}

/// What the directory says, and this service, in the order it is shown.
const DIRECTORY: [scope::Field; 6] = [
    scope::Field::FirstName,
    scope::Field::LastName,
    scope::Field::Username,
    scope::Field::Type,
    scope::Field::IsAlumni,
    scope::Field::Id,
];

/// What the directory says of something the person adds to, beside which it is shown.
const BESIDE: [scope::Field; 3] = [
    scope::Field::Mobile,
    scope::Field::Email,
    scope::Field::RollNumber,
];

/// What the person says, with the heading it is changed under.
const SECTIONS: [(scope::Field, &str, &str); 6] = [
    (scope::Field::ProfilePicture, "Picture", "picture"),
    (scope::Field::Sex, "Sex", "about"),
    (scope::Field::Contacts, "Contact numbers", "numbers"),
    (scope::Field::SecondaryEmails, "Further addresses", "emails"),
    (scope::Field::InstiAddress, "Address on campus", "address"),
    (scope::Field::Program, "Programme", "programme"),
];

const SEXES: [(&str, &str); 3] = [("male", "Male"), ("female", "Female"), ("other", "Other")];

/// Everything the page is made of.
struct Known {
    person: Person,
    emails: Vec<OwnEmail>,
    choices: Vec<Choice>,
}

async fn know(it: &Feature, id: PersonId) -> Result<Known, PageProblem> {
    let person = people::find(it.db.pool(), id).await?;
    Ok(Known {
        person: person.ok_or_else(PageProblem::not_found)?,
        emails: people::list_emails(it.db.pool(), id).await?,
        choices: people::list_choices(it.db.pool()).await?,
    })
}

pub(super) async fn home(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let known = know(&it, visit.person).await?;
    let forms = Forms::of(&known.person, &known.emails);
    Ok(frame.show(&HomePage::of(&known, forms, Vec::new(), it.web.links())))
}

pub(super) async fn save_sex(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    save(&it, &visit, &frame, Typed::sex(&form)).await
}

pub(super) async fn save_numbers(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    save(&it, &visit, &frame, Typed::numbers(&form)).await
}

pub(super) async fn save_emails(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    save(&it, &visit, &frame, Typed::emails(&form)).await
}

pub(super) async fn save_address(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    save(&it, &visit, &frame, Typed::address(&form)).await
}

pub(super) async fn save_programme(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    save(&it, &visit, &frame, Typed::programme(&form)).await
}

pub(super) async fn save_picture(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    sent: ProtectedUpload,
) -> Result<Response, PageProblem> {
    let refuse = |why: String| Told::from([("profile_picture".to_owned(), why)]);
    let goes = sent.form.is_ticked("remove_picture");
    let file = sent
        .files
        .into_iter()
        .find(|file| file.field == "profile_picture");
    let new = match file.filter(|_| !goes) {
        Some(file) => match it
            .pictures
            .accept(PictureKind::ProfilePicture, file.content)
            .await
        {
            Ok(picture) => Some(keep_picture(&it, &picture).await?),
            Err(why) => {
                let told = refuse(why.to_string());
                return show_again(&it, &visit, &frame, (Typed::Picture, told)).await;
            }
        },
        None if goes => None,
        None => {
            let told = refuse("Choose a picture first.".to_owned());
            return show_again(&it, &visit, &frame, (Typed::Picture, told)).await;
        }
    };
    let kept = keep(&it, &visit, picture_change(new.as_ref())).await;
    if let (Err(_), Some(file)) = (&kept, &new) {
        it.pictures
            .discard(PictureKind::ProfilePicture, file.as_str())
            .await;
    }
    kept.map_err(|error| refused(error, it.web.links()))?;
    let said = if goes {
        "Your picture is gone."
    } else {
        Typed::Picture.saved()
    };
    Ok(frame.send_to_with(&it.web.links().profile(), &Flash::good(said)))
}

async fn keep_picture(
    it: &Feature,
    picture: &crate::pictures::Picture,
) -> Result<PictureFile, PageProblem> {
    let kind = PictureKind::ProfilePicture;
    let file = it.pictures.keep(kind, picture, it.entropy.as_ref()).await;
    let file = file.map_err(PageProblem::broken)?;
    file.parse().map_err(PageProblem::broken)
}

fn picture_change(file: Option<&PictureFile>) -> Details {
    Details {
        columns: Columns {
            profile_picture: file.cloned().map_or(Change::Clear, Change::Set),
            ..Columns::default()
        },
        ..Details::default()
    }
}

/// Keeps what was typed and leads back to the page, or shows it again with what is wrong.
async fn save(
    it: &Feature,
    visit: &Visit,
    frame: &Frame,
    typed: Typed,
) -> Result<Response, PageProblem> {
    let this_year = it.clock.now().year();
    let wanted = match typed.read(this_year) {
        Ok(wanted) => wanted,
        Err(told) => return show_again(it, visit, frame, (typed, told)).await,
    };
    match keep(it, visit, wanted).await {
        Ok(new_emails) => {
            let flash = match new_emails {
                0 => Flash::good(typed.saved()),
                _ => Flash::good(CONFIRM_THEM),
            };
            Ok(frame.send_to_with(&it.web.links().profile(), &flash))
        }
        Err(ProfileError::People(PeopleError::Unfit(unfit))) => {
            let known = know(it, visit.person).await?;
            let told = typed.misfits(&unfit, &known.person.email, this_year);
            Ok(again(
                it,
                frame,
                &known,
                (typed, told),
                StatusCode::UNPROCESSABLE_ENTITY,
            ))
        }
        Err(ProfileError::Slowed(slowed)) => {
            let told = Told::from([("email".to_owned(), TOO_MANY_MAILS.to_owned())]);
            let known = know(it, visit.person).await?;
            let page = again(
                it,
                frame,
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
const TOO_MANY_MAILS: &str = "You asked for many mails in a short time. Wait ten minutes before you add \
                              another address.";

/// How many addresses have to be confirmed now.
async fn keep(it: &Feature, visit: &Visit, wanted: Details) -> Result<usize, ProfileError> {
    let now = it.clock.now();
    let mut tx = it.db.begin().await?;
    let entropy = it.entropy.as_ref();
    let edited = edit(&mut tx, visit.person, wanted, &it.limits, now, entropy).await?;
    tx.commit().await.map_err(db::Error::from)?;
    if let Some(file) = edited.old_picture {
        it.pictures
            .discard(PictureKind::ProfilePicture, &file)
            .await;
    }
    Ok(edited.new_emails.len())
}

async fn show_again(
    it: &Feature,
    visit: &Visit,
    frame: &Frame,
    wrong: (Typed, Told),
) -> Result<Response, PageProblem> {
    let known = know(it, visit.person).await?;
    Ok(again(
        it,
        frame,
        &known,
        wrong,
        StatusCode::UNPROCESSABLE_ENTITY,
    ))
}

fn again(
    it: &Feature,
    frame: &Frame,
    known: &Known,
    (typed, told): (Typed, Told),
    status: StatusCode,
) -> Response {
    let mut wrong: Vec<_> = told.keys().map(|id| Target::of(id)).collect();
    // Of a list the first line that is wrong.
    wrong.dedup_by_key(|target| target.label);
    let mut forms = Forms::of(&known.person, &known.emails);
    forms.give_back(typed, told);
    frame.show_with(status, &HomePage::of(known, forms, wrong, it.web.links()))
}

fn with_patience(mut page: Response, slowed: Slowed) -> Response {
    let seconds = HeaderValue::from(slowed.seconds());
    page.headers_mut().insert(header::RETRY_AFTER, seconds);
    page
}

fn refused(error: ProfileError, links: &Links) -> PageProblem {
    let problem = match error {
        ProfileError::Slowed(slowed) => PageProblem::slowed(
            slowed,
            "Several links are on their way already. Nothing more was sent.",
        ),
        ProfileError::NoSuchEmail | ProfileError::People(PeopleError::Nobody) => {
            PageProblem::not_found()
        }
        ProfileError::Store(error) | ProfileError::People(PeopleError::Store(error)) => {
            return error.into();
        }
        ProfileError::People(error) => return PageProblem::broken(error),
    };
    problem.back(links.profile(), "Your profile")
}

pub(super) async fn mail_again(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Path(email): Path<String>,
    _sealed: Protected,
) -> Result<Response, PageProblem> {
    let email = email.parse().map_err(|_| PageProblem::not_found())?;
    let links = it.web.links();
    let (now, entropy) = (it.clock.now(), it.entropy.as_ref());
    let mut tx = it.db.begin().await?;
    let mailed =
        mail_again::mail_again(&mut tx, visit.person, email, &it.limits, now, entropy).await;
    let address = mailed.map_err(|error| refused(error, links))?;
    tx.commit().await.map_err(db::Error::from)?;
    let said = format!("Another link is on its way to {address}. It is good for 30 minutes.");
    Ok(frame.send_to_with(&links.profile(), &Flash::good(said)))
}

#[derive(Debug, Serialize)]
struct ConfirmPage {
    email: String,
    token: String,
    action: String,
    username: String,
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "profile/confirm_email.html";

    fn title(&self) -> String {
        "Confirm an address".to_owned()
    }
}

/// Only looks: whatever follows the links in a mail comes this far.
pub(super) async fn ask_confirm(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, PageProblem> {
    let links = it.web.links();
    let query = Pairs::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let token = Secret::new(query.text("token"));
    let (now, link) = (it.clock.now(), token.fingerprint());
    let email = people::find_proven(it.db.pool(), visit.person, link, now).await?;
    Ok(frame.show(&ConfirmPage {
        email: email.ok_or_else(|| spent(links))?,
        token: token.expose().to_owned(),
        action: links.confirm_email_here(),
        username: visit.username,
    }))
}

pub(super) async fn confirm(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    let links = it.web.links();
    let link = Secret::new(form.text("token")).fingerprint();
    let (now, entropy) = (it.clock.now(), it.entropy.as_ref());
    let mut tx = it.db.begin().await?;
    let email = people::confirm(&mut tx, visit.person, link, now, entropy).await?;
    tx.commit().await.map_err(db::Error::from)?;
    let email = email.ok_or_else(|| spent(links))?;
    let said = format!("{email} is confirmed. Apps that you allow it can see it now.");
    Ok(frame.send_to_with(&links.profile(), &Flash::good(said)))
}

/// A link that proves nothing: which of the reasons it is would tell something about somebody else.
fn spent(links: &Links) -> PageProblem {
    PageProblem::new(
        StatusCode::GONE,
        "This link does not work any more",
        "It was used already, it is older than 30 minutes, or it was mailed for another account than the one you are signed in to.",
    )
    .advise("Look at your profile: it says which addresses are confirmed, and mails another link.")
    .back(links.profile(), "Your profile")
}

impl HomePage {
    fn of(known: &Known, forms: Forms, wrong: Vec<Target>, links: &Links) -> Self {
        let person = &known.person;
        let shown = |field| person.shown(field, links);
        let name = person.full_name();
        let is_empty = |(field, ..): &(scope::Field, _, _)| match field {
            scope::Field::SecondaryEmails => known.emails.is_empty(),
            field => shown(*field) == Shown::Unset,
        };
        let empty = SECTIONS.into_iter().filter(is_empty);
        let item = |field| Item::of(field, shown(field));
        let [mobile, email, roll_number] = BESIDE.map(item);
        let waiting = known.emails.iter().filter(|email| !email.is_verified);
        Self {
            empty: empty
                .map(|(_, label, id)| Target {
                    label,
                    id: id.to_owned(),
                })
                .collect(),
            wrong,
            directory: DIRECTORY.map(item).into(),
            mobile,
            email,
            roll_number,
            forms,
            options: Options::of(known),
            waiting: waiting
                .map(|email| Waiting {
                    email: email.email.clone(),
                    mail_again: links.mail_link_again(email.id),
                })
                .collect(),
            save: Save {
                picture: links.update_profile("pp"),
                sex: links.update_profile("sex"),
                numbers: links.update_profile("mobile"),
                emails: links.update_profile("email"),
                address: links.update_profile("address"),
                programme: links.update_profile("program"),
            },
            person: Face {
                initial: name.chars().take(1).collect::<String>().to_uppercase(),
                name,
                username: person.username.clone(),
                picture: (person.profile_picture.as_deref())
                    .map(|file| links.profile_picture(file)),
            },
        }
    }
}

impl Item {
    fn of(field: scope::Field, value: Shown) -> Self {
        let source = match people::source(field) {
            _ if value == Shown::Unset => "",
            Source::Here => "given here",
            Source::Directory => "from the directory",
            Source::Person => "set by you",
        };
        Self {
            label: field.row().label,
            value,
            source,
        }
    }
}

impl Options {
    fn of(known: &Known) -> Self {
        let (address, programme) = (&known.person.address, &known.person.programme);
        let hostel = address.as_ref().and_then(|it| it.hostel.as_deref());
        let department = programme.as_ref().and_then(|it| it.department.as_deref());
        let degree = programme.as_ref().and_then(|it| it.degree.as_deref());
        let of = |kind: ChoiceKind, carried: Option<&str>| {
            let all = known.choices.iter().filter(|it| it.kind == kind.as_str());
            let good = all.filter(|it| !it.is_retired || carried == Some(it.code.as_str()));
            good.map(Choosable::of).collect()
        };
        Self {
            sex: SEXES
                .map(|(code, label)| Choosable {
                    code: code.to_owned(),
                    label: label.to_owned(),
                })
                .into(),
            hostel: of(ChoiceKind::Hostel, hostel),
            department: of(ChoiceKind::Department, department),
            degree: of(ChoiceKind::Degree, degree),
        }
    }
}

impl Choosable {
    fn of(choice: &Choice) -> Self {
        let label = if choice.is_retired {
            format!("{} (no longer offered)", choice.name)
        } else {
            choice.name.clone()
        };
        Self {
            code: choice.code.clone(),
            label,
        }
    }
}

impl Target {
    /// Of a field something is wrong with.
    fn of(id: &str) -> Self {
        let label = match id.split('-').next().unwrap_or(id) {
            "profile_picture" => "Picture",
            "sex" => "Sex",
            "phone" => "Contact numbers",
            "email" => "Further addresses",
            "hostel" => "Hostel",
            "room" => "Room",
            "department" => "Department",
            "join_year" => "Year of joining",
            "graduation_year" => "Year of graduation",
            _ => "Degree",
        };
        Self {
            label,
            id: id.to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let confirm = ConfirmPage {
            email: "asha@home.example".to_owned(),
            token: "abc".to_owned(),
            action: "/user/confirm_email/".to_owned(),
            username: "asha".to_owned(),
        };
        vec![
            Sample::of(&page(false)),
            Sample::of(&page(true)),
            Sample::of(&confirm),
        ]
    }

    fn page(full: bool) -> HomePage {
        let choices = vec![Choice {
            kind: "hostel".to_owned(),
            code: "4".to_owned(),
            name: "Hostel 4".to_owned(),
            has_wings: false,
            is_retired: false,
        }];
        let emails = if full {
            vec![(1, true), (2, false)]
        } else {
            Vec::new()
        };
        let emails = emails.into_iter().map(|(id, is_verified)| OwnEmail {
            id,
            email: format!("asha{id}@home.example"),
            is_verified,
        });
        let known = Known {
            person: person(full),
            emails: emails.collect(),
            choices,
        };
        let links = Links::new(&"http://localhost:8000".parse().unwrap());
        let mut forms = Forms::of(&known.person, &known.emails);
        let mut wrong = Vec::new();
        for (typed, told) in if full { refusals() } else { Vec::new() } {
            wrong.extend(told.keys().map(|id| Target::of(id)));
            forms.give_back(typed, told);
        }
        HomePage::of(&known, forms, wrong, &links)
    }

    fn refusals() -> Vec<(Typed, Told)> {
        let told = |ids: &[&str]| {
            let told = ids
                .iter()
                .map(|id| ((*id).to_owned(), "Look again.".to_owned()));
            told.collect()
        };
        let typed = || vec!["a".to_owned()];
        let address = Pairs::parse(b"hostel=4&room=%3Cb%3E").unwrap();
        vec![
            (Typed::Emails(typed()), told(&["email", "email-1"])),
            (Typed::Numbers(typed()), told(&["phone", "phone-1"])),
            (Typed::address(&address), told(&["hostel", "room"])),
            (Typed::Picture, told(&["profile_picture"])),
        ]
    }

    fn person(full: bool) -> Person {
        let text = |text: &str| full.then(|| text.to_owned());
        serde_json::from_value(serde_json::json!({
            "id": 7, "username": "asha", "first_name": "Asha", "last_name": "D’Souza",
            "email": "asha@campus.example", "type": text("ug"), "is_alumni": false,
            "roll_number": text("012D0700"), "mobile": text("9876543210"), "sex": text("female"),
            "profile_picture": text("a.jpg"), "is_admin": false, "insti_address": null,
            "program": null, "contacts": [], "secondary_emails": [],
        }))
        .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_place_on_the_page() {
        for field in scope::Field::all() {
            let said = DIRECTORY.contains(&field) != BESIDE.contains(&field);
            let changed = SECTIONS.iter().any(|(section, ..)| *section == field);
            assert!(said != changed, "{}", field.name());
            let is_own = people::source(field) == Source::Person;
            assert_eq!(changed, is_own, "{}", field.name());
        }
    }
}
