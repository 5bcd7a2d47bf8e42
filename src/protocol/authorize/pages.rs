//! `/oauth/authorize/`: the request, and the answer to its consent page.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRef, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use serde::Serialize;

use super::ask::AuthorizationParams;
use super::consent_page::ConsentPage;
use super::decide::{ConsentDecision, ConsentOutcome};
use super::model::{
    AuthorizationRequest, ClientFacts, NonRedirectableError, ResponseMode, ResponseTarget,
};
use super::rules::AuthorizeStep;
use super::{decide, rules, store};
use crate::identity::login;
use crate::people::records;
use crate::platform::clock::SharedClock;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::{PersonId, RequestId};
use crate::platform::rng::SharedRng;
use crate::platform::web::{CsrfForm, FormParams, Page, PageContext, PageError, Web};
use crate::protocol::oauth::OAuthError;

/// How long a consent page may stay open.
pub(super) const PAGE_LIVES_FOR: Duration = Duration::from_hours(1);

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub settings: AuthorizeSettings,
}

#[derive(Debug, Clone, Copy)]
pub struct AuthorizeSettings {
    pub lifetimes: Lifetimes,
    /// How many people an unverified app may have.
    pub cap: i32,
}

/// The last page in the browser's sign-in dialog, seen for a moment: its script gives the answer to
/// the dialog, which closes. Anywhere else it goes on to the app, as its link does.
#[derive(Debug, Serialize)]
pub(super) struct FedcmResponsePage {
    place: String,
    address: String,
    /// None: there is nothing to give but that the person said no.
    token: Option<String>,
}

impl Page for FedcmResponsePage {
    const TEMPLATE: &'static str = "authorize/hand_over.html";

    fn title(&self) -> String {
        "Signing you in".to_owned()
    }
}

pub fn routes(feature: Feature) -> Router {
    Router::new()
        .route("/oauth/authorize", get(ask).post(ask_by_form))
        .route("/oauth/authorize/{id}", post(answer).get(shown_before))
        .with_state(feature)
}

async fn ask(
    State(it): State<Feature>,
    frame: PageContext,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    it.proceed(&frame, &query.unwrap_or_default()).await
}

/// The same by POST (OpenID Connect Core §3.1.2.1 allows it, old forms use it). Nothing is decided
/// here, so it needs no seal.
async fn ask_by_form(
    State(it): State<Feature>,
    frame: PageContext,
    body: Bytes,
) -> Result<Response, PageError> {
    it.proceed(&frame, &String::from_utf8_lossy(&body)).await
}

/// A page that was reloaded after it had been answered.
async fn shown_before() -> PageError {
    answered()
}

async fn answer(
    State(it): State<Feature>,
    Path(id): Path<String>,
    CsrfForm { frame, form }: CsrfForm,
) -> Result<Response, PageError> {
    let now = it.clock.now();
    let (Some(visit), Ok(id)) = (frame.visit(), id.parse().map(RequestId)) else {
        return Err(answered());
    };
    let mut tx = it.db.begin().await?;
    let asked_after = now - PAGE_LIVES_FOR;
    let request = store::mark_decided(&mut *tx, id, visit.person, asked_after, now).await?;
    let (app, request) = request.ok_or_else(answered)?;
    let terms = store::find_terms(&mut *tx, app)
        .await?
        .ok_or_else(answered)?;
    if !rules::still_holds(&request, &terms) {
        return Err(answered());
    }
    let decision = ConsentDecision::read(&form, request.scopes).ok_or_else(answered)?;
    let who = (visit.person, app);
    let (cap, rng) = (it.settings.cap, it.rng.as_ref());
    let decided = decide::decide(&mut tx, who, &request, decision, cap, now, rng).await?;
    match decided {
        ConsentOutcome::Code(code) => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(it.give_code(&frame, &request.return_to, code.expose()))
        }
        ConsentOutcome::Refused(error) => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(it.tell_app(&frame, &request.return_to, &error))
        }
        ConsentOutcome::Full => Err(it.full(&terms.name)),
        ConsentOutcome::Gone => Err(answered()),
        ConsentOutcome::Leaving => Err(it.leaving(&terms.name)),
    }
}

impl Feature {
    async fn proceed(&self, frame: &PageContext, query: &str) -> Result<Response, PageError> {
        let pairs = FormParams::parse(query.as_bytes())
            .ok_or_else(|| told(&NonRedirectableError::Unreadable))?;
        let asked = AuthorizationParams::read(&pairs).map_err(|wrong| told(&wrong))?;
        let person = frame.visit().map(|visit| visit.person);
        let asker = self.find(&asked, person).await?;
        let return_to = asked.return_to(&asker).map_err(|wrong| told(&wrong))?;
        let next = format!("{}?{query}", self.web.links.authorize());
        let Some(person) = person else {
            return Ok(login::send_to_login(&self.web.links, Some(&next)));
        };
        let return_to = ResponseTarget {
            through: self.way_back(&asked, person),
            ..return_to
        };
        if asker.is_leaving {
            return Err(self.leaving(&asker.name));
        }
        let request = match asked.request(&asker, return_to.clone()) {
            Ok(request) => request,
            Err(error) if asker.is_verified => {
                return Ok(self.tell_app(frame, &return_to, &error));
            }
            Err(error) => return Err(self.offer_to_tell(&asker, &return_to, &error)),
        };
        let now = self.clock.now();
        let rng = self.rng.as_ref();
        match rules::next(&asker, &request, person, self.settings.cap) {
            AuthorizeStep::Issue { grant, share } => {
                let mut connection = self.db.connection().await?;
                let code = decide::issue(&mut connection, grant, share, &request, now, rng).await?;
                Ok(self.give_code(frame, &request.return_to, code.expose()))
            }
            AuthorizeStep::Full => Err(self.full(&asker.name)),
            AuthorizeStep::Ask => {
                self.show_consent(frame, &asker, &request, person, next)
                    .await
            }
        }
    }

    async fn find(
        &self,
        asked: &AuthorizationParams,
        person: Option<PersonId>,
    ) -> Result<ClientFacts, PageError> {
        let Some(client_id) = asked.client_id.as_deref() else {
            return Err(told(&NonRedirectableError::NoClient));
        };
        let asker = store::find_asker(self.db.pool(), client_id, person).await?;
        asker.ok_or_else(|| told(&NonRedirectableError::UnknownClient))
    }

    async fn show_consent(
        &self,
        frame: &PageContext,
        asker: &ClientFacts,
        request: &AuthorizationRequest,
        person: PersonId,
        next: String,
    ) -> Result<Response, PageError> {
        let now = self.clock.now();
        let id = RequestId::new(now, self.rng.as_ref());
        let Some(person) = records::find(self.db.pool(), person).await? else {
            return Ok(login::send_to_login(&self.web.links, None));
        };
        store::insert_request(self.db.pool(), id, asker.app, person.id, request, now).await?;
        let links = &self.web.links;
        let action = links.authorization_request(id);
        let lifetimes = &self.settings.lifetimes;
        let page = ConsentPage::of(asker, request, &person, action, next, links, lifetimes);
        Ok(frame.show(&page))
    }

    fn give_code(&self, frame: &PageContext, to: &ResponseTarget, code: &str) -> Response {
        let issuer = self.web.links.issuer();
        let token = to.token(code, &issuer);
        hand_over(frame, to, to.with_code(code, &issuer), Some(token))
    }

    fn tell_app(&self, frame: &PageContext, to: &ResponseTarget, error: &OAuthError) -> Response {
        let address = to.with_error(error, &self.web.links.issuer());
        let token = (to.through == ResponseMode::DialogAddress).then(|| address.clone());
        hand_over(frame, to, address, token)
    }

    /// An app nobody has verified could use our redirects to lead people astray, so the person decides
    /// whether to go (RFC 9700 §4.11.2).
    fn offer_to_tell(
        &self,
        asker: &ClientFacts,
        to: &ResponseTarget,
        error: &OAuthError,
    ) -> PageError {
        let text = format!("{} sent a request that is not valid.", asker.name);
        let place = to.redirect_uri.place();
        PageError::new(StatusCode::BAD_REQUEST, "Cannot sign in to this app", text)
            .advise(format!("If you run {}: {}", asker.name, error.description))
            .advise(format!(
                "The app is not verified. Go back to {place} only if you know who runs it."
            ))
            .back(
                to.with_error(error, &self.web.links.issuer()),
                format!("Back to {place}"),
            )
    }

    fn leaving(&self, app: &str) -> PageError {
        PageError::new(
            StatusCode::FORBIDDEN,
            "Your account is closed",
            format!("You closed your account, so {app} cannot read your data or sign you in."),
        )
        .advise("To continue, keep your account, then go back to the app.")
        .back(self.web.links.my_data(), "Keep my account")
    }

    fn full(&self, app: &str) -> PageError {
        let cap = self.settings.cap;
        PageError::new(
            StatusCode::FORBIDDEN,
            format!("{app} is full"),
            format!(
                "An app that is not verified can have at most {cap} users, and {app} has reached this \
                 limit. It was not connected and received no data about you."
            ),
        )
        .advise("Contact the people who run the app.")
        .back(self.web.links.connected_apps(), "Connected apps")
    }
}

/// The answer to the app, by the way it asked for.
fn hand_over(
    frame: &PageContext,
    to: &ResponseTarget,
    address: String,
    token: Option<String>,
) -> Response {
    if to.through == ResponseMode::Redirect {
        return found(address);
    }
    frame.show(&FedcmResponsePage {
        place: to.redirect_uri.place().to_owned(),
        address,
        token,
    })
}

/// 302, as old clients expect; browsers follow with a GET (RFC 9700 §4.12 forbids 307 only).
fn found(address: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, address)]).into_response()
}

fn answered() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "This page has expired",
        "It was already sent, is more than an hour old, or belongs to another account. \
         Nothing was changed.",
    )
    .advise("Go back to the app and sign in again.")
}

fn told(wrong: &NonRedirectableError) -> PageError {
    let page =
        |text: String| PageError::new(StatusCode::BAD_REQUEST, "Cannot sign in to this app", text);
    match wrong {
        NonRedirectableError::Repeated(name) => {
            page(format!("The app sent {name} more than once."))
                .advise("If you run it: send every parameter once. (invalid_request)")
        }
        NonRedirectableError::Unreadable => page("The app's request could not be read.".to_owned())
            .advise("If you run it: the request holds a NUL character. (invalid_request)"),
        NonRedirectableError::NoClient => page("The app did not send its client ID.".to_owned())
            .advise("If you run it: send client_id. (invalid_request)"),
        NonRedirectableError::UnknownClient => {
            page("No app is registered under this client_id.".to_owned())
                .advise("If you run it: copy the client_id from Your apps. (invalid_request)")
        }
        NonRedirectableError::UnknownRedirect { app, asked } => page(format!(
            "{app} asked to return to {asked}, which its owner has not registered."
        ))
        .advise(format!(
            "If you run it: add exactly that address under Your apps → {app}. (invalid_request)"
        )),
        NonRedirectableError::Suspended { app } => page(format!(
            "{app} is suspended by the people who run this service."
        ))
        .advise("If you run it: contact them."),
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::consent_page;
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let page = |token: Option<&str>| FedcmResponsePage {
            place: "mess.example".to_owned(),
            address: "https://mess.example/cb?code=a".to_owned(),
            token: token.map(str::to_owned),
        };
        let mut samples = consent_page::samples::samples();
        samples.extend([
            PageSample::of(&page(None)),
            PageSample::of(&page(Some("a"))),
        ]);
        samples
    }
}
