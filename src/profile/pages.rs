//! `GET /user/`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::links::Links;
use crate::login::SignedIn;
use crate::people;
use crate::people::Person;
use crate::people::Shown;
use crate::people::Source;
use crate::scope::Field;
use crate::web::Page;
use crate::web::PageProblem;

use super::Feature;

#[derive(Debug, Serialize)]
struct HomePage {
    person: Face,
    complete: Complete,
    notice: Option<&'static str>,
    sections: Vec<Section>,
}

#[derive(Debug, Serialize)]
struct Face {
    name: String,
    username: String,
    initial: String,
    picture: Option<String>,
}

/// How many of the things that can be set are.
#[derive(Debug, Serialize)]
struct Complete {
    set: usize,
    of: usize,
}

#[derive(Debug, Serialize)]
struct Section {
    heading: &'static str,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    label: &'static str,
    value: Shown,
    /// Whom it comes from, where it is set.
    source: Option<&'static str>,
}

impl Page for HomePage {
    const TEMPLATE: &'static str = "profile/home.html";

    fn title(&self) -> String {
        "Your profile".to_owned()
    }
}

const NOT_HERE_YET: &str = "You cannot change this here yet. If something is wrong, tell the people \
                            who run this service.";

const SECTIONS: [(&str, &[Field]); 3] = [
    (
        "You",
        &[
            Field::Id,
            Field::FirstName,
            Field::LastName,
            Field::Type,
            Field::IsAlumni,
            Field::Sex,
            Field::ProfilePicture,
        ],
    ),
    (
        "How to reach you",
        &[
            Field::Username,
            Field::Email,
            Field::SecondaryEmails,
            Field::Mobile,
            Field::Contacts,
        ],
    ),
    (
        "On campus",
        &[Field::InstiAddress, Field::RollNumber, Field::Program],
    ),
];

pub(super) async fn home(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let person = people::find(it.db.pool(), visit.person).await?;
    let person = person.ok_or_else(PageProblem::not_found)?;
    Ok(frame.show(&HomePage::of(&person, it.web.links())))
}

impl HomePage {
    fn of(person: &Person, links: &Links) -> Self {
        let shown = |field| person.shown(field, links);
        let is_set = |field: &Field| shown(*field) != Shown::Unset;
        let name = person.full_name();
        Self {
            complete: Complete {
                set: Field::all().filter(is_set).count(),
                of: Field::all().count(),
            },
            notice: Some(NOT_HERE_YET),
            sections: SECTIONS
                .into_iter()
                .map(|(heading, fields)| Section {
                    heading,
                    items: fields
                        .iter()
                        .map(|field| Item::of(*field, shown(*field)))
                        .collect(),
                })
                .collect(),
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
    fn of(field: Field, value: Shown) -> Self {
        let source = match people::source(field) {
            _ if value == Shown::Unset => None,
            Source::Here => None,
            Source::Directory => Some("from the directory"),
            Source::Person => Some("set by you"),
        };
        Self {
            label: field.row().label,
            value,
            source,
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        vec![Sample::of(&page(false)), Sample::of(&page(true))]
    }

    fn page(full: bool) -> HomePage {
        let items = Shown::samples().into_iter().map(|value| Item {
            label: "A field",
            value,
            source: full.then_some("set by you"),
        });
        HomePage {
            person: Face {
                name: "Asha D’Souza".to_owned(),
                username: "asha".to_owned(),
                initial: "A".to_owned(),
                picture: full.then(|| "/media/profile_picture/a.jpg".to_owned()),
            },
            complete: Complete {
                set: if full { 15 } else { 1 },
                of: 15,
            },
            notice: full.then_some(NOT_HERE_YET),
            sections: vec![Section {
                heading: "You",
                items: items.collect(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_shown_once() {
        for field in Field::all() {
            let times = SECTIONS
                .iter()
                .filter(|(_, fields)| fields.contains(&field))
                .count();
            assert_eq!(times, 1, "{}", field.name());
        }
    }
}
