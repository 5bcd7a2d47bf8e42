//! The frame of a page: who looks at it, the seal of its forms, the message from the page before.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::Context;
use tower_sessions::Session;

use super::headers::PAGE_POLICY;
use super::session::VISIT;
use super::{
    FormAction, Page, PageError, UserSession, Web, device, form, login_status, session_store,
};
use crate::platform::secret::TokenHash;

/// A message for the next page.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct FlashMessage {
    pub kind: FlashKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FlashKind {
    Good,
    Info,
    Warning,
    Danger,
}

impl FlashMessage {
    pub fn good(text: impl Into<String>) -> Self {
        Self {
            kind: FlashKind::Good,
            text: text.into(),
        }
    }
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            kind: FlashKind::Info,
            text: text.into(),
        }
    }
}

/// Taken from every request for a page.
#[derive(Debug)]
pub struct PageContext {
    web: Web,
    visit: Option<UserSession>,
    session: Session,
    /// What this browser's forms are sealed to.
    binding: String,
    /// Whether `binding` is a cookie the browser does not have yet.
    is_new: bool,
    flash: Option<FlashMessage>,
    device: String,
    place: Option<String>,
}

/// Binds forms of visitors who are not signed in to their browser.
const VISITOR: &str = "visitor";
const FLASH: &str = "flash";

impl PageContext {
    /// Who is signed in.
    pub fn visit(&self) -> Option<&UserSession> {
        self.visit.as_ref()
    }

    /// What the browser says it is, in plain words: `Firefox on Android`.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// What the campus calls the network this browser is in; nothing where it has no name for it.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Under what the database keeps this browser's session; nothing without one.
    pub fn session_fingerprint(&self) -> Option<TokenHash> {
        self.session.id().map(|id| session_store::fingerprint(&id))
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What identifies this browser to half-finished logins; opaque.
    pub fn browser(&self) -> &str {
        &self.binding
    }

    pub fn show<P: Page>(&self, page: &P) -> Response {
        self.show_with(StatusCode::OK, page)
    }

    pub fn show_with<P: Page>(&self, status: StatusCode, page: &P) -> Response {
        let html = match self.render(page) {
            Ok(html) => html,
            Err(error) => return PageError::broken(error).into_response(),
        };
        let mut answer = (status, Html(html)).into_response();
        let headers = answer.headers_mut();
        if let Ok(policy) = HeaderValue::try_from(policy(&page.form_action())) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        self.keep_binding(&mut answer);
        if self.flash.is_some() {
            self.web.cookies.remove(answer.headers_mut(), FLASH);
        }
        answer
    }

    /// Tells the browser in an answer that somebody has signed in, for its own account chooser.
    pub fn announce(&self, visit: &UserSession, answer: &mut Response) {
        login_status::announce(&self.web, &self.session, visit, answer.headers_mut());
    }

    /// Tells it that nobody is signed in any more.
    pub fn retract(&self, answer: &mut Response) {
        login_status::retract(&self.web, answer.headers_mut());
    }

    /// To another page of ours, as a GET (303).
    pub fn send_to(&self, path: &str) -> Response {
        let mut answer = Redirect::to(path).into_response();
        self.keep_binding(&mut answer);
        answer
    }

    /// To another page of ours, which will show a message.
    pub fn send_to_with(&self, path: &str, flash: &FlashMessage) -> Response {
        let mut answer = self.send_to(path);
        if let Ok(text) = serde_json::to_string(flash) {
            let seal = self
                .web
                .cookie_key
                .seal(&[FLASH.as_bytes(), text.as_bytes()]);
            let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            self.web
                .cookies
                .set(answer.headers_mut(), FLASH, format!("{seal}.{text}"), None);
        }
        answer
    }

    /// The hidden `csrf_token` of this browser's forms.
    pub fn seal(&self) -> String {
        self.web.form_key.seal(&[self.binding.as_bytes()])
    }

    /// Refuses a form that was not shown to this browser, or to somebody who signed in since.
    pub fn check_seal(&self, seal: &str) -> Result<(), PageError> {
        if self.web.form_key.is_seal(seal, &[self.binding.as_bytes()]) {
            return Ok(());
        }
        Err(PageError::new(
            StatusCode::FORBIDDEN,
            "This page is out of date",
            "You signed in or out after you opened it, or cookies are blocked. Nothing was changed.",
        )
        .advise("Go back, reload the page and try again.")
        .advise("If that does not help, allow cookies for this site."))
    }

    fn render<P: Page>(&self, page: &P) -> Result<String, tera::Error> {
        let mut context = own(page)?;
        let (visit, flash) = (self.visit.as_ref(), self.flash.as_ref());
        dress(&mut context, &self.web, visit, &self.seal(), flash);
        self.web.pages.render(P::TEMPLATE, &context)
    }

    fn keep_binding(&self, answer: &mut Response) {
        if self.is_new {
            self.web
                .cookies
                .set(answer.headers_mut(), VISITOR, self.binding.clone(), None);
        }
    }
}

/// What a template sees of its page.
pub(super) fn own<P: Page>(page: &P) -> Result<Context, tera::Error> {
    let mut context = Context::from_serialize(page)?;
    context.insert("title", &page.title());
    Ok(context)
}

/// What a template sees beside its page: the house, who looks at it, the seal of its forms, the
/// message from the page before.
pub(super) fn dress(
    context: &mut Context,
    web: &Web,
    visit: Option<&UserSession>,
    seal: &str,
    flash: Option<&FlashMessage>,
) {
    context.insert("house", &house(web));
    context.insert("visitor", &visit);
    context.insert("csrf_token", seal);
    context.insert("flash", &flash);
}

/// What every page knows of the house.
fn house(web: &Web) -> serde_json::Value {
    let links = &web.links;
    let asset = |file: &str| links.asset(&web.assets.versioned(file));
    let scripts: serde_json::Map<_, _> = web
        .assets
        .names_in("js")
        .map(|(name, file)| (name.to_owned(), asset(file).into()))
        .collect();
    let images: serde_json::Map<_, _> = web
        .assets
        .names_in("img")
        .map(|(name, file)| (name.to_owned(), asset(file).into()))
        .collect();
    json!({
        "campus": web.campus_name,
        "css": asset("css/house.css"),
        "js": scripts,
        "img": images,
        "links": {
            "home": links.home(),
            "login": links.login(),
            "logout": links.logout(),
            "profile": links.profile(),
            "connected_apps": links.connected_apps(),
            "apps": links.apps(),
            "new_app": links.register_app(),
            "sessions": links.sessions(),
            "ways_in": links.ways_in(),
            "receipts": links.receipts(),
            "check_receipt": links.check_receipt(),
            "my_data": links.my_data(),
            "docs": links.docs(),
        },
    })
}

fn policy(forms: &FormAction) -> String {
    match forms {
        FormAction::Here => format!("{PAGE_POLICY}; form-action 'self'"),
        FormAction::Anywhere => PAGE_POLICY.to_owned(),
    }
}

impl<S> FromRequestParts<S> for PageContext
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let web = Web::from_ref(state);
        let session = form::session(parts, state).await?;
        let visit: Option<UserSession> = if session.id().is_some() {
            session.get(VISIT).await.map_err(PageError::broken)?
        } else {
            None
        };
        let flash = web
            .cookies
            .read(&parts.headers, FLASH)
            .and_then(|cookie| unseal(&web, &cookie));
        let held = web
            .cookies
            .read(&parts.headers, VISITOR)
            .filter(|held| held.len() == VISITOR_LENGTH);
        let signed_in = visit
            .as_ref()
            .and_then(|_| session.id())
            .map(|id| id.to_string());
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok());
        let (binding, is_new) = match (signed_in, held) {
            (Some(id), _) => (id, false),
            (None, Some(held)) => (held, false),
            (None, None) => (tower_sessions::session::Id::default().to_string(), true),
        };
        let place = web.places.of(parts, &web);
        Ok(Self {
            web,
            visit,
            session,
            binding,
            is_new,
            flash,
            place,
            device: device::words(agent.unwrap_or_default()),
        })
    }
}

/// 128 bits of chance as tower-sessions writes them.
const VISITOR_LENGTH: usize = 22;

fn unseal(web: &Web, cookie: &str) -> Option<FlashMessage> {
    let (seal, text) = cookie.split_once('.')?;
    let (text, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
    let genuine = web
        .cookie_key
        .is_seal(seal, &[FLASH.as_bytes(), text.as_bytes()]);
    genuine.then(|| serde_json::from_str(&text).ok()).flatten()
}
