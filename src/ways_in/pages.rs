//! `/user/ways-in/`

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::db;
use crate::login::SignedIn;
use crate::login::SignedInLately;
use crate::people;
use crate::people::PeopleError;
use crate::people::WayIn;
use crate::upstream::Way;
use crate::web::Flash;
use crate::web::Page;
use crate::web::PageProblem;
use crate::web::Protected;

use super::Feature;
use super::remove;

/// The provider whose passwords are kept here.
const PASSWORD: &str = "password";

#[derive(Debug, Serialize)]
struct ListPage {
    ways: Vec<ShownWay>,
    remove: String,
    further: Vec<Further>,
}

#[derive(Debug, Serialize)]
struct ShownWay {
    label: String,
    provider: String,
    subject: String,
    since: String,
    last_used: Option<String>,
    /// Switched off by the people who run this service.
    is_off: bool,
    may_go: bool,
    /// Where one sees what it rests on.
    more: Option<String>,
}

/// A way somebody does not have yet.
#[derive(Debug, Serialize)]
struct Further {
    label: &'static str,
    hint: Option<&'static str>,
    href: String,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "ways_in/list.html";

    fn title(&self) -> String {
        "Ways to sign in".to_owned()
    }
}

pub(super) async fn list(
    State(it): State<Feature>,
    SignedIn { visit, frame }: SignedIn,
) -> Result<Response, PageProblem> {
    let theirs = people::list_ways_in(it.db.pool(), visit.person).await?;
    let links = it.web.links();
    let has = |way: &&Way| !theirs.iter().any(|its| its.provider == way.slug());
    let further = (it.ways.iter().filter(has))
        // A password is set by the people who run this service, not proved.
        .filter(|way| way.slug() != PASSWORD)
        .map(|way| Further {
            label: way.face().label,
            hint: way.face().hint,
            href: (way.first_time()).map_or_else(|| links.link_way_in(way.slug()), |it| it.href),
        });
    let page = ListPage {
        further: further.collect(),
        ways: theirs.iter().map(|way| it.shown(way, &theirs)).collect(),
        remove: links.remove_way_in(),
    };
    Ok(frame.show(&page))
}

impl Feature {
    fn shown(&self, way: &WayIn, all: &[WayIn]) -> ShownWay {
        let offered = self.ways.named(&way.provider);
        let works = |way: &WayIn| self.ways.named(&way.provider).is_some();
        let is_last = all.iter().filter(|way| works(way)).count() < 2 && works(way);
        let now = self.clock.now();
        ShownWay {
            label: offered.map_or_else(
                || way.provider.to_uppercase(),
                |offered| offered.face().label.to_owned(),
            ),
            provider: way.provider.clone(),
            subject: way.subject.clone(),
            since: self.web.date(way.linked_at),
            last_used: way.last_used_at.map(|at| self.web.said(at, now)),
            is_off: offered.is_none(),
            more: offered.and_then(Way::first_time).map(|it| it.href),
            may_go: way.provider != PASSWORD && !is_last,
        }
    }
}

/// The form's address, looked at.
pub(super) async fn back(State(it): State<Feature>, SignedIn { frame, .. }: SignedIn) -> Response {
    frame.send_to(&it.web.links().ways_in())
}

pub(super) async fn remove(
    State(it): State<Feature>,
    SignedInLately(SignedIn { visit, frame }): SignedInLately,
    Protected { form, .. }: Protected,
) -> Result<Response, PageProblem> {
    let (now, entropy) = (it.clock.now(), it.entropy.as_ref());
    let which = (form.text("provider"), form.text("subject"));
    let back = it.web.links().ways_in();
    if which.0 == PASSWORD {
        return Err(PageProblem::not_found());
    }
    let mut tx = it.db.begin().await?;
    let removed = remove::remove(&mut tx, visit.person, which, &it.ways, now, entropy).await;
    let told = match removed {
        // One that is gone already is what was wanted.
        Ok(()) => Flash::good("It is removed. Nobody signs in to your account by it any more."),
        Err(PeopleError::LastWayIn) => {
            Flash::info("This is your only way to sign in. Link another one first.")
        }
        Err(error) => return Err(error.into()),
    };
    tx.commit().await.map_err(db::Error::from)?;
    Ok(frame.send_to_with(&back, &told))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::web::Sample;

    pub(crate) fn samples() -> Vec<Sample> {
        let way = |may_go: bool| ShownWay {
            label: "Campus directory".to_owned(),
            provider: "ldap".to_owned(),
            subject: "asha".to_owned(),
            since: "21 Nov 2026".to_owned(),
            last_used: may_go.then(|| "today at 18:05".to_owned()),
            is_off: !may_go,
            may_go,
            more: may_go.then(|| "/association/".to_owned()),
        };
        let further = |hint| Further {
            label: "IIT Kharagpur ERP",
            hint,
            href: "/account/login/erp/?link=1".to_owned(),
        };
        let page = |ways, further| {
            Sample::of(&ListPage {
                ways,
                remove: "/user/ways-in/remove/".to_owned(),
                further,
            })
        };
        vec![
            page(vec![way(false)], vec![further(None)]),
            page(
                vec![way(true), way(false)],
                vec![further(Some("with a code"))],
            ),
            page(vec![way(true)], Vec::new()),
        ]
    }
}
