//! `/oauth/authorize/`: authorization requests and the forms of their consent pages.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRef, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use serde::Serialize;

use super::answer_consent::{ConsentAnswer, ConsentOutcome, answer_consent};
use super::consent_page::ConsentPage;
use super::decide::{Outcome, RequestContext, decide};
use super::error_page::{consent_page_expired, kept_request_expired};
use super::issue_code::issue_code;
use super::keep_request::{KeptRequestLimiter, MAX_QUERY, find_kept_request, keep_request};
use super::model::{
    AuthorizationRequest, AuthorizeFacts, ResponseMode, ResponseTarget, SessionFacts,
};
use super::params::AuthorizationParams;
use super::refusal::{AuthorizeRefusal, NonRedirectableError, RedirectableError};
use super::store;
use crate::identity::login;
use crate::people::records;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::id::{AppId, RequestId};
use crate::platform::rng::SharedRng;
use crate::platform::web::{ClientAddress, CsrfForm, Page, PageContext, PageError, Web};
use crate::protocol::problems::{OAuthEndpoint, ProblemLog};

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub problems: ProblemLog,
    pub settings: AuthorizeSettings,
    pub kept_requests: KeptRequestLimiter,
}

#[derive(Debug, Clone, Copy)]
pub struct AuthorizeSettings {
    pub lifetimes: Lifetimes,
    /// How many people may connect an app that is not verified.
    pub cap: i32,
}

/// The last page in the browser's FedCM dialog, seen for a moment: its script passes the response to the
/// browser, which closes the dialog. Outside a dialog the script follows the link to the app.
#[derive(Debug, Serialize)]
pub(super) struct FedcmResponsePage {
    place: String,
    address: String,
    /// `None`: the request was refused, and the page that called FedCM takes codes only.
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
        .route("/oauth/authorize", get(authorize).post(authorize_by_post))
        .route(
            "/oauth/authorize/{id}",
            post(submit_consent).get(reload_consent),
        )
        .route("/oauth/authorize/kept/{name}", get(authorize_kept))
        .with_state(feature)
}

/// An authorization request as it was sent.
struct SentRequest<'a> {
    /// The query, or the form in the body.
    query: &'a [u8],
    /// The name under which it is kept already.
    name: Option<&'a str>,
    address: ClientAddress,
}

/// `GET /oauth/authorize/` (RFC 6749 §4.1.1)
async fn authorize(
    State(feature): State<Feature>,
    address: ClientAddress,
    page: PageContext,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let request = SentRequest {
        query: query.as_deref().unwrap_or_default().as_bytes(),
        name: None,
        address,
    };
    feature.authorize(&page, request).await
}

/// `GET /oauth/authorize/kept/{name}/`: a request that was kept while the person signed in. Its query only tells
/// the sign-in page which app it is.
async fn authorize_kept(
    State(feature): State<Feature>,
    Path(name): Path<String>,
    address: ClientAddress,
    page: PageContext,
) -> Result<Response, PageError> {
    let query = find_kept_request(feature.db.pool(), &name, feature.clock.now()).await?;
    let query = query.ok_or_else(kept_request_expired)?;
    let request = SentRequest {
        query: query.as_bytes(),
        name: Some(&name),
        address,
    };
    feature.authorize(&page, request).await
}

/// The same by POST (OpenID Connect Core §3.1.2.1 allows it, old forms use it). It changes nothing, so it
/// needs no CSRF token.
async fn authorize_by_post(
    State(feature): State<Feature>,
    address: ClientAddress,
    page: PageContext,
    body: Bytes,
) -> Result<Response, PageError> {
    let request = SentRequest {
        query: &body,
        name: None,
        address,
    };
    feature.authorize(&page, request).await
}

/// A consent page that is reloaded after its form was sent.
async fn reload_consent() -> PageError {
    consent_page_expired()
}

/// `POST /oauth/authorize/{id}/`: the form of a consent page.
async fn submit_consent(
    State(feature): State<Feature>,
    Path(id): Path<String>,
    CsrfForm {
        context: page,
        form,
    }: CsrfForm,
) -> Result<Response, PageError> {
    let now = feature.clock.now();
    let (Some(session), Ok(request)) = (page.user_session(), id.parse().map(RequestId)) else {
        return Err(consent_page_expired());
    };
    let answer = ConsentAnswer {
        request,
        person: session.person,
        epoch: session.epoch,
        form: &form,
        user_cap: feature.settings.cap,
    };
    let mut tx = login::begin_write(&feature.db, session).await?;
    match answer_consent(&mut tx, &answer, now, feature.rng.as_ref()).await? {
        ConsentOutcome::Code { code, target } => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(feature.respond_with_code(&page, &target, code.expose()))
        }
        ConsentOutcome::Denied { target } => {
            tx.commit().await.map_err(db::Error::from)?;
            Ok(feature.respond_with_error(&page, &target, &RedirectableError::AccessDenied))
        }
        ConsentOutcome::Refused { error, app } => {
            let refusal = AuthorizeRefusal::from(error);
            feature.record_refusal(&refusal, app, now);
            feature.render_refusal(&page, &refusal)
        }
    }
}

impl Feature {
    /// Loads the facts, decides and renders the outcome.
    async fn authorize(
        &self,
        page: &PageContext,
        sent: SentRequest<'_>,
    ) -> Result<Response, PageError> {
        let now = self.clock.now();
        if sent.query.len() > MAX_QUERY {
            let refusal = NonRedirectableError::RequestTooLong.into();
            return self.refuse(page, &refusal, None, now);
        }
        let params = match AuthorizationParams::parse(sent.query) {
            Ok(params) => params,
            Err(error) => return self.refuse(page, &error.into(), None, now),
        };
        let facts = self.find_facts(page, &params).await?;
        let session = facts.as_ref().and_then(|facts| facts.session.as_ref());
        let context = RequestContext {
            response_mode: self.response_mode(&params, session),
            fedcm_origin: None,
            user_cap: self.settings.cap,
        };
        let outcome = match decide(&params, facts.as_ref(), &context) {
            Ok(outcome) => outcome,
            Err(refusal) => return self.refuse(page, &refusal, facts.as_ref(), now),
        };
        match (outcome, facts) {
            (
                Outcome::IssueCode {
                    request,
                    grant,
                    epoch,
                    access,
                },
                _,
            ) => {
                let mut connection = self.db.connection().await?;
                let rng = self.rng.as_ref();
                let grant = (grant, epoch);
                let code = issue_code(&mut connection, grant, access, &request, now, rng).await?;
                if let Some(code) = code {
                    return Ok(self.respond_with_code(page, &request.target, code.expose()));
                }
                // Without a code the session has just ended.
                let this_request = self.request_path(&sent, &params, now).await?;
                Ok(login::send_to_login(&self.web.links, Some(&this_request)))
            }
            (Outcome::ShowConsent(request), Some(facts)) => {
                let this_request = self.request_path(&sent, &params, now).await?;
                self.render_consent(page, &facts, &request, this_request, now)
                    .await
            }
            (Outcome::SignIn | Outcome::ShowConsent(_), _) => {
                let this_request = self.request_path(&sent, &params, now).await?;
                Ok(login::send_to_login(&self.web.links, Some(&this_request)))
            }
        }
    }

    /// The path at which the browser comes back to a request after a sign-in: with its query or, if that is
    /// long, with the name under which it is kept.
    async fn request_path(
        &self,
        sent: &SentRequest<'_>,
        params: &AuthorizationParams,
        now: Timestamp,
    ) -> db::Result<String> {
        let links = &self.web.links;
        let client_id = params.client_id.as_deref().unwrap_or_default();
        if let Some(name) = sent.name {
            return Ok(links.kept_authorization_request(name, client_id));
        }
        let query = encode_query(sent.query);
        let (db, rng) = (self.db.pool(), self.rng.as_ref());
        let kept = keep_request(db, &self.kept_requests, sent.address, &query, now, rng).await?;
        Ok(match kept {
            Some(name) => links.kept_authorization_request(name.expose(), client_id),
            None => format!("{}?{query}", links.authorize()),
        })
    }

    async fn find_facts(
        &self,
        page: &PageContext,
        params: &AuthorizationParams,
    ) -> db::Result<Option<AuthorizeFacts>> {
        let Some(client_id) = params.client_id.as_deref() else {
            return Ok(None);
        };
        let session = page.user_session();
        let session = session.map(|session| (session.person, session.epoch));
        store::find_facts(self.db.pool(), client_id, session).await
    }

    /// Stores the request and shows its consent page.
    async fn render_consent(
        &self,
        page: &PageContext,
        facts: &AuthorizeFacts,
        request: &AuthorizationRequest,
        this_request: String,
        now: Timestamp,
    ) -> Result<Response, PageError> {
        let person = match facts.session {
            Some(SessionFacts { person, epoch, .. }) => records::find(self.db.pool(), person)
                .await?
                .map(|person| (person, epoch)),
            None => None,
        };
        let Some((person, epoch)) = person else {
            return Ok(login::send_to_login(&self.web.links, None));
        };
        let id = RequestId::new(now, self.rng.as_ref());
        let app = facts.client.app;
        let who = (person.id, epoch);
        store::insert_request(self.db.pool(), id, app, who, request, now).await?;
        let links = &self.web.links;
        let action = links.authorization_request(id);
        let lifetimes = &self.settings.lifetimes;
        let consent = ConsentPage::of(
            facts,
            request,
            &person,
            action,
            this_request,
            links,
            lifetimes,
        );
        Ok(page.render(&consent))
    }

    fn respond_with_code(
        &self,
        page: &PageContext,
        target: &ResponseTarget,
        code: &str,
    ) -> Response {
        let issuer = self.web.links.issuer();
        let token = target.fedcm_token(code, &issuer);
        respond(page, target, target.code_url(code, &issuer), Some(token))
    }

    fn respond_with_error(
        &self,
        page: &PageContext,
        target: &ResponseTarget,
        error: &RedirectableError,
    ) -> Response {
        let url = target.error_url(&error.to_oauth_error(), &self.web.links.issuer());
        let token = (target.response_mode == ResponseMode::FedcmUrl).then(|| url.clone());
        respond(page, target, url, token)
    }

    fn refuse(
        &self,
        page: &PageContext,
        refusal: &AuthorizeRefusal,
        facts: Option<&AuthorizeFacts>,
        now: Timestamp,
    ) -> Result<Response, PageError> {
        self.record_refusal(refusal, facts.map(|facts| facts.client.app), now);
        self.render_refusal(page, refusal)
    }

    /// Reports a refusal: to the log, to the metrics and, unless it concerns the person alone, to the
    /// app's owner.
    pub(super) fn record_refusal(
        &self,
        refusal: &AuthorizeRefusal,
        app: Option<AppId>,
        now: Timestamp,
    ) {
        let app = app.filter(|_| refusal.concerns_client());
        let endpoint = OAuthEndpoint::Authorize;
        self.problems.record(endpoint, refusal.cause(), app, now);
    }

    fn render_refusal(
        &self,
        page: &PageContext,
        refusal: &AuthorizeRefusal,
    ) -> Result<Response, PageError> {
        match refusal {
            AuthorizeRefusal::ErrorPage(error) => Err(self.render_error(error)),
            AuthorizeRefusal::Redirect {
                error,
                target,
                unverified_app: None,
            } => Ok(self.respond_with_error(page, target, error)),
            AuthorizeRefusal::Redirect {
                error,
                target,
                unverified_app: Some(app),
            } => Err(self.confirm_redirect(app, target, error)),
        }
    }
}

/// The authorization response, in the mode of its target.
fn respond(
    page: &PageContext,
    target: &ResponseTarget,
    url: String,
    token: Option<String>,
) -> Response {
    if target.response_mode == ResponseMode::Query {
        return redirect(url);
    }
    page.render(&FedcmResponsePage {
        place: target.redirect_uri.display_host().to_owned(),
        address: url,
        token,
    })
}

/// Percent-encodes what an address cannot hold, and nothing else.
fn encode_query(query: &[u8]) -> String {
    let encode = |byte: &u8| match byte {
        0x21..=0x7e => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    query.iter().map(encode).collect()
}

/// 302, as old clients expect; browsers follow it with a GET (RFC 9700 §4.12 forbids 307 only).
fn redirect(url: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, url)]).into_response()
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
