//! The page with all its forms, saving them, and the page a mailed link opens.

pub(super) mod confirm;
pub(super) mod save;
mod show;

use axum::extract::State;
use axum::response::Response;
use show::{ProfileFacts, ProfilePage};

use super::Feature;
use super::forms::ProfileForms;
use super::model::ProfileError;
use crate::identity::login;
use crate::identity::login::{RecentlyAuthenticated, SignedIn};
use crate::people::records;
use crate::people::records::{PeopleError, Person};
use crate::platform::links::Links;
use crate::platform::web::{PageError, UserSession};

pub(super) async fn home(
    State(it): State<Feature>,
    SignedIn { visit, context }: SignedIn,
) -> Result<Response, PageError> {
    let known = know(&it, &visit).await?;
    let forms = ProfileForms::of(&known.person, &known.emails);
    Ok(context.render(&ProfilePage::of(&known, forms, Vec::new(), it.web.links())))
}

/// Where the addresses may be changed: on the page, for who has just signed in again for that.
pub(super) async fn emails(
    State(it): State<Feature>,
    RecentlyAuthenticated(SignedIn { context, .. }): RecentlyAuthenticated,
) -> Response {
    context.redirect(&format!("{}#emails", it.web.links().profile()))
}

async fn know(it: &Feature, visit: &UserSession) -> Result<ProfileFacts, PageError> {
    let id = visit.person;
    let person = records::find(it.db.pool(), id).await?;
    let person = person.ok_or_else(PageError::not_found)?;
    let gone_at = records::find_gone_at(it.db.pool(), id).await?;
    Ok(ProfileFacts {
        gone_at: gone_at.map(|gone_at| it.web.date_and_time(gone_at)),
        emails: records::list_emails(it.db.pool(), id).await?,
        choices: records::list_choices(it.db.pool()).await?,
        vouching: it.vouching(&person),
        is_lately: login::RECENT_AUTHENTICATION.allows_view(visit, it.clock.now()),
        person,
    })
}

impl Feature {
    /// The campus system that made this person of what it knows, if that is not the directory.
    fn vouching(&self, person: &Person) -> Option<&'static str> {
        if !person.names_are_editable {
            return None;
        }
        let way = self.ways.named(person.managed_by.as_deref()?)?;
        Some(way.source_name())
    }
}

fn refused(error: ProfileError, links: &Links) -> PageError {
    let problem = match error {
        ProfileError::Slowed(slowed) => PageError::rate_limited(
            slowed,
            "Several links are on their way already. Nothing more was sent.",
        ),
        ProfileError::NoSuchEmail | ProfileError::People(PeopleError::Nobody) => {
            PageError::not_found()
        }
        ProfileError::Store(error) | ProfileError::People(PeopleError::Store(error)) => {
            return error.into();
        }
        ProfileError::People(error) => return PageError::internal(error),
    };
    problem.with_back_link(links.profile(), "Your profile")
}

#[cfg(test)]
pub(super) mod samples {
    use super::{confirm, show};
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let mut samples = show::samples::samples();
        samples.extend(confirm::samples::samples());
        samples
    }
}
