//! The context of a page: the person who is signed in, the browser, the message from the page before.
//! It renders pages and redirects to them.

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::Context;
use tower_sessions::Session;

use super::security_headers::PAGE_CSP;
use super::session::USER_SESSION;
use super::{
    FormAction, Page, PageError, UserSession, Web, login_status, session, session_store, user_agent,
};
use crate::platform::secret::SecretHash;

/// A message for the next page, kept in a cookie over a redirect.
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

/// Extracted from every request for a page.
#[derive(Debug)]
pub struct PageContext {
    web: Web,
    user: Option<UserSession>,
    session: Session,
    /// The session id of a person who is signed in; else the value of the `visitor` cookie.
    browser_id: String,
    /// Whether the `visitor` cookie still has to be set.
    is_new_browser: bool,
    flash: Option<FlashMessage>,
    device: String,
    place: Option<String>,
}

/// Identifies a browser in which nobody is signed in.
const VISITOR_COOKIE: &str = "visitor";
const FLASH_COOKIE: &str = "flash";

impl PageContext {
    /// The person who is signed in.
    pub fn user_session(&self) -> Option<&UserSession> {
        self.user.as_ref()
    }

    /// The browser and its operating system: `Firefox on Android`.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The name of the network that the request comes from, if it has one (`PROFILES_PLACES`).
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The hash of the session id, by which the database finds the session.
    pub fn session_hash(&self) -> Option<SecretHash> {
        self.session.id().map(|id| session_store::session_hash(&id))
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Identifies this browser, to bind CSRF tokens and login attempts to it. Opaque.
    pub fn browser_id(&self) -> &str {
        &self.browser_id
    }

    pub(super) fn web(&self) -> &Web {
        &self.web
    }

    pub fn render<P: Page>(&self, page: &P) -> Response {
        self.render_with_status(StatusCode::OK, page)
    }

    pub fn render_with_status<P: Page>(&self, status: StatusCode, page: &P) -> Response {
        let html = match self.render_html(page) {
            Ok(html) => html,
            Err(error) => return PageError::internal(error).into_response(),
        };
        let mut response = (status, Html(html)).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::try_from(content_security_policy(&page.form_action())) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        self.set_visitor_cookie(&mut response);
        if self.flash.is_some() {
            self.web
                .cookies
                .remove(response.headers_mut(), FLASH_COOKIE);
        }
        response
    }

    /// Adds the FedCM login status “logged in” to a response.
    pub fn set_login_status(&self, user: &UserSession, response: &mut Response) {
        login_status::set(&self.web, &self.session, user, response.headers_mut());
    }

    /// Adds the FedCM login status “logged out” to a response.
    pub fn clear_login_status(&self, response: &mut Response) {
        login_status::clear(&self.web, response.headers_mut());
    }

    /// Redirects to another page of Profiles (303, so that the browser sends a GET).
    pub fn redirect(&self, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        self.set_visitor_cookie(&mut response);
        response
    }

    /// Redirects to another page, which shows a message.
    pub fn redirect_with_message(&self, path: &str, flash: &FlashMessage) -> Response {
        let mut response = self.redirect(path);
        if let Ok(text) = serde_json::to_string(flash) {
            let mac = self
                .web
                .cookie_key
                .mac(&[FLASH_COOKIE.as_bytes(), text.as_bytes()]);
            let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            self.web.cookies.set(
                response.headers_mut(),
                FLASH_COOKIE,
                format!("{mac}.{text}"),
                None,
            );
        }
        response
    }

    fn render_html<P: Page>(&self, page: &P) -> Result<String, tera::Error> {
        let mut context = page_context(page)?;
        let (user, flash) = (self.user.as_ref(), self.flash.as_ref());
        add_shared_context(&mut context, &self.web, user, &self.csrf_token(), flash);
        self.web.templates.render(P::TEMPLATE, &context)
    }

    fn set_visitor_cookie(&self, response: &mut Response) {
        if self.is_new_browser {
            self.web.cookies.set(
                response.headers_mut(),
                VISITOR_COOKIE,
                self.browser_id.clone(),
                None,
            );
        }
    }
}

/// The template variables of the page itself.
pub(super) fn page_context<P: Page>(page: &P) -> Result<Context, tera::Error> {
    let mut context = Context::from_serialize(page)?;
    context.insert("title", &page.title());
    Ok(context)
}

/// Adds the template variables that every page has: the site, the person who is signed in, the CSRF
/// token of its forms, the message from the page before.
pub(super) fn add_shared_context(
    context: &mut Context,
    web: &Web,
    user: Option<&UserSession>,
    csrf_token: &str,
    flash: Option<&FlashMessage>,
) {
    context.insert("site", &site(web));
    context.insert("visitor", &user);
    context.insert("csrf_token", csrf_token);
    context.insert("flash", &flash);
}

/// The template variable `site`: the campus, static files and links.
fn site(web: &Web) -> serde_json::Value {
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
        "css": asset("css/site.css"),
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
            "linked_identities": links.linked_identities(),
            "receipts": links.receipts(),
            "check_receipt": links.check_receipt(),
            "data_export": links.data_export(),
            "docs": links.docs(),
        },
    })
}

fn content_security_policy(forms: &FormAction) -> String {
    match forms {
        FormAction::Here => format!("{PAGE_CSP}; form-action 'self'"),
        FormAction::Anywhere => PAGE_CSP.to_owned(),
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
        let session = session::extract_session(parts, state).await?;
        let user: Option<UserSession> = if session.id().is_some() {
            session
                .get(USER_SESSION)
                .await
                .map_err(PageError::internal)?
        } else {
            None
        };
        let flash = web
            .cookies
            .read(&parts.headers, FLASH_COOKIE)
            .and_then(|cookie| parse_flash(&web, &cookie));
        let visitor = web
            .cookies
            .read(&parts.headers, VISITOR_COOKIE)
            .filter(|visitor| visitor.len() == VISITOR_LENGTH);
        let session_id = user
            .as_ref()
            .and_then(|_| session.id())
            .map(|id| id.to_string());
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let (browser_id, is_new_browser) = match (session_id, visitor) {
            (Some(id), _) => (id, false),
            (None, Some(visitor)) => (visitor, false),
            (None, None) => (tower_sessions::session::Id::default().to_string(), true),
        };
        let place = web.named_networks.find_name(parts, &web);
        Ok(Self {
            web,
            user,
            session,
            browser_id,
            is_new_browser,
            flash,
            place,
            device: user_agent::describe(&agent.unwrap_or_default()),
        })
    }
}

/// The length of 128 random bits as tower-sessions writes them.
const VISITOR_LENGTH: usize = 22;

fn parse_flash(web: &Web, cookie: &str) -> Option<FlashMessage> {
    let (mac, text) = cookie.split_once('.')?;
    let (text, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
    let is_valid = web
        .cookie_key
        .verify_mac(mac, &[FLASH_COOKIE.as_bytes(), text.as_bytes()]);
    is_valid.then(|| serde_json::from_str(&text).ok()).flatten()
}
