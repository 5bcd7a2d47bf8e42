//! The profile page, saving its sections, and the page of a mailed link.

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
    State(feature): State<Feature>,
    SignedIn { session, context }: SignedIn,
) -> Result<Response, PageError> {
    let facts = load_facts(&feature, &session).await?;
    let forms = ProfileForms::of(&facts.person, &facts.emails);
    Ok(context.render(&ProfilePage::of(
        &facts,
        forms,
        Vec::new(),
        feature.web.links(),
    )))
}

/// Leads to the addresses on the page after a recent sign-in.
pub(super) async fn emails(
    State(feature): State<Feature>,
    RecentlyAuthenticated(SignedIn { context, .. }): RecentlyAuthenticated,
) -> Response {
    context.redirect(&format!("{}#emails", feature.web.links().profile()))
}

async fn load_facts(feature: &Feature, session: &UserSession) -> Result<ProfileFacts, PageError> {
    let id = session.person;
    let person = records::find(feature.db.pool(), id).await?;
    let person = person.ok_or_else(PageError::not_found)?;
    let gone_at = records::find_deletion_time(feature.db.pool(), id).await?;
    Ok(ProfileFacts {
        gone_at: gone_at.map(|gone_at| feature.web.date_and_time(gone_at)),
        emails: records::list_emails(feature.db.pool(), id).await?,
        choices: records::list_choices(feature.db.pool()).await?,
        vouching: feature.vouching(&person),
        is_lately: login::RECENT_AUTHENTICATION.allows_view(session, feature.clock.now()),
        person,
    })
}

impl Feature {
    /// The campus system that created this person, if the person has to enter their names.
    fn vouching(&self, person: &Person) -> Option<&'static str> {
        if !person.names_are_editable {
            return None;
        }
        let way = self.ways.named(person.managed_by.as_deref()?)?;
        Some(way.source_name())
    }
}

fn to_page_error(error: ProfileError, links: &Links) -> PageError {
    let problem = match error {
        ProfileError::Slowed(slowed) => PageError::rate_limited(
            slowed,
            "We already sent several links. No more mail was sent.",
        ),
        ProfileError::NoSuchEmail | ProfileError::People(PeopleError::UnknownPerson) => {
            PageError::not_found()
        }
        ProfileError::Store(error) => return error.into(),
        ProfileError::People(error) => return error.into(),
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
