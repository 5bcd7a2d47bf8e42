//! A person's browser without JavaScript: keeps cookies, follows redirects on this site, and submits forms as the
//! page has them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, multipart, redirect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

use super::form;
use super::form::{Checkbox, Part, Submission, Touch};
use super::relying_party::RETRY_DELAY;
use super::tls_proxy::TlsProxy;

#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    jar: Arc<Jar>,
    base: Url,
    /// Headers sent with every request, such as a proxy's or an attacker's.
    extra: HeaderMap,
    /// Cookies of sister sites, which the browser sends here too.
    foreign_cookies: Vec<u8>,
    retries: u32,
}

impl Browser {
    /// A browser without cookies, on the site at `base`.
    pub fn new(base: &str) -> Self {
        Self::with_client(base, reqwest::Client::builder().no_proxy())
    }

    /// A browser that reaches sites with names and TLS through the proxy.
    pub fn behind(proxy: &TlsProxy, base: &str) -> Self {
        let way = format!("http://127.0.0.1:{}", proxy.port);
        let authority = STANDARD.decode(proxy.authority()).unwrap();
        let way = reqwest::Client::builder()
            .proxy(reqwest::Proxy::https(way).unwrap())
            .tls_certs_merge([reqwest::Certificate::from_der(&authority).unwrap()]);
        Self::with_client(base, way)
    }

    fn with_client(base: &str, http: reqwest::ClientBuilder) -> Self {
        let jar = Arc::new(Jar::default());
        let http = http
            .cookie_provider(Arc::clone(&jar))
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            jar,
            base: Url::parse(base).unwrap(),
            extra: HeaderMap::new(),
            foreign_cookies: Vec::new(),
            retries: 0,
        }
    }

    /// The same browser with the same cookies, sending `name: value` with every request.
    pub fn sending(&self, name: &'static str, value: &str) -> Self {
        let mut browser = self.clone();
        browser
            .extra
            .insert(name, HeaderValue::from_str(value).unwrap());
        browser
    }

    /// The same browser with the same cookies, also sending cookies that a sister site has set for the whole domain.
    pub fn with_foreign_cookies(&self, cookies: &[u8]) -> Self {
        Self {
            foreign_cookies: cookies.to_vec(),
            ..self.clone()
        }
    }

    /// The same browser, which repeats a request after a 503.
    pub fn retrying(&self) -> Self {
        Self {
            retries: 20,
            ..self.clone()
        }
    }

    /// Requests an address and follows redirects on this site.
    pub async fn visits(&self, address: &str) -> Page {
        self.gets(address).await.follows().await
    }

    /// Sends one GET request and follows no redirect.
    pub async fn gets(&self, address: &str) -> Page {
        let url = self.base.join(address).unwrap();
        self.fetches(Method::GET, url, |request| request).await
    }

    /// Posts fields without a page, as a script or an attacker does, and follows no redirect.
    pub async fn posts(&self, address: &str, fields: &[(&str, &str)]) -> Page {
        let url = self.base.join(address).unwrap();
        self.fetches(Method::POST, url, |request| request.form(fields))
            .await
    }

    /// Signs in with the login page and follows where it leads.
    pub async fn signs_in(&self, username: &str, password: &str) -> Page {
        self.visits("account/login/")
            .await
            .signs_in(username, password)
            .await
    }

    /// Opens the page of connected apps and removes the access of `app`.
    pub async fn disconnects(&self, app: &str) -> Page {
        let connected = self.visits("user/settings/").await;
        connected
            .clicks(&format!("Remove access of {app}"))
            .await
            .presses("Remove access")
            .await
    }

    /// The cookies that the browser would send to the site now.
    pub fn cookies(&self) -> String {
        let header = self.jar.cookies(&self.base);
        header
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    /// The session cookie, as `name=value`.
    pub fn session(&self) -> String {
        let cookies = self.cookies();
        let session = cookies
            .split("; ")
            .find(|cookie| cookie.contains("session="));
        session
            .unwrap_or_else(|| panic!("no session in {cookies:?}"))
            .to_owned()
    }

    /// Sets cookies (`name=value; name=value`), as another site on the same domain could.
    pub fn sets_cookies(&self, cookies: &str) {
        for cookie in cookies.split("; ") {
            self.jar
                .add_cookie_str(&format!("{cookie}; Path=/"), &self.base);
        }
    }

    async fn fetches(
        &self,
        method: Method,
        url: Url,
        with: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Page {
        let mut request = self
            .http
            .request(method.clone(), url.clone())
            .header("accept", "text/html,*/*;q=0.8");
        if method == Method::POST && !self.extra.contains_key("origin") {
            request = request.header("origin", self.base.origin().ascii_serialization());
        }
        if !self.foreign_cookies.is_empty() {
            let own = self.jar.cookies(&url);
            let own = own.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
            let all = [&self.foreign_cookies, own].join(&b"; "[..]);
            request = request.header("cookie", HeaderValue::from_bytes(&all).unwrap());
        }
        let request = with(request.headers(self.extra.clone()));
        let mut answer = None;
        for _ in 0..self.retries {
            let tried = request.try_clone().unwrap().send().await.unwrap();
            if tried.status() != StatusCode::SERVICE_UNAVAILABLE {
                answer = Some(tried);
                break;
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
        let answer = match answer {
            Some(answer) => answer,
            None => request.send().await.unwrap(),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.unwrap();
        Page {
            browser: self.clone(),
            url,
            status,
            headers,
            body: body.to_vec(),
            touches: Vec::new(),
            passed: Vec::new(),
        }
    }
}

/// A response of the site: a page to read and act on, or a redirect.
#[derive(Clone)]
pub struct Page {
    browser: Browser,
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Vec<u8>,
    touches: Vec<Touch>,
    /// The addresses and headers of the redirects followed before.
    pub passed: Vec<(Url, HeaderMap)>,
}

impl Page {
    /// The absolute address of the redirect; panics if there is none.
    pub fn location(&self) -> Url {
        self.redirect().unwrap_or_else(|| {
            panic!(
                "{} at {} is no redirect:\n{}",
                self.status,
                self.url,
                self.text()
            )
        })
    }

    pub fn redirect(&self) -> Option<Url> {
        let location = self
            .headers
            .get("location")
            .filter(|_| self.status.is_redirection())?;
        Some(self.url.join(location.to_str().unwrap()).unwrap())
    }

    /// Whether the redirect, if there is one, stays on this site.
    pub fn stays_here(&self) -> bool {
        self.redirect()
            .is_none_or(|to| to.origin() == self.browser.base.origin())
    }

    /// Follows redirects while they stay on this site; an app's address is never requested.
    pub async fn follows(self) -> Self {
        let mut page = self;
        for _ in 0..10 {
            let Some(to) = page.redirect().filter(|_| page.stays_here()) else {
                return page;
            };
            let mut passed = std::mem::take(&mut page.passed);
            passed.push((page.url.clone(), page.headers.clone()));
            page = page
                .browser
                .clone()
                .fetches(Method::GET, to, |request| request)
                .await;
            page.passed = passed;
        }
        panic!("redirected in circles, at {}", page.url);
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.body.clone()
    }

    /// The visible text.
    pub fn words(&self) -> String {
        form::words(&self.text())
    }

    pub fn says(&self, words: &str) -> bool {
        self.words().contains(words)
    }

    /// Asserts status 200 and that `words` are in the visible text.
    pub fn shows(&self, words: &str) -> &Self {
        assert_eq!(self.status, 200, "{}: {}", self.url, self.words());
        assert!(
            self.says(words),
            "{words:?} is not on {}, which says: {}",
            self.url,
            self.words()
        );
        self
    }

    /// Whether the CSS selector matches anything.
    pub fn offers(&self, css: &str) -> bool {
        !form::texts(&self.text(), css).is_empty()
    }

    pub fn attributes(&self, css: &str, attribute: &str) -> Vec<String> {
        form::attributes(&self.text(), css, attribute)
    }

    pub fn texts(&self, css: &str) -> Vec<String> {
        form::texts(&self.text(), css)
    }

    /// The text of matching elements as a copy button takes it, with all whitespace.
    pub fn code(&self, css: &str) -> Vec<String> {
        form::verbatim(&self.text(), css)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Every `Set-Cookie` of the redirects followed and of the page itself.
    pub fn set_cookies(&self) -> Vec<String> {
        let all = self
            .passed
            .iter()
            .map(|(_, headers)| headers)
            .chain([&self.headers]);
        all.flat_map(|headers| headers.get_all("set-cookie"))
            .map(|it| it.to_str().unwrap().to_owned())
            .collect()
    }

    /// Asserts an error page with this status and no redirect.
    pub fn refuses(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}: {}", self.url, self.words());
        assert!(self.redirect().is_none(), "sent to {:?}", self.redirect());
        assert!(
            self.header("content-type").starts_with("text/html"),
            "{}",
            self.header("content-type")
        );
        self
    }

    pub fn scope(&self, scope: &str) -> Checkbox {
        self.checkbox("scope", scope)
    }

    pub fn field(&self, field: &str) -> Checkbox {
        self.checkbox("field", field)
    }

    pub fn scopes(&self) -> Vec<Checkbox> {
        form::checkboxes(&self.text(), "scope")
    }

    fn checkbox(&self, name: &str, value: &str) -> Checkbox {
        let all = form::checkboxes(&self.text(), name);
        let found = all.iter().find(|it| it.value == value);
        found
            .unwrap_or_else(|| panic!("no checkbox {name}={value} among {all:?} at {}", self.url))
            .clone()
    }

    /// Unticks a scope on the consent page; its fields go with it.
    pub fn unticks(self, scope: &str) -> Self {
        self.scope(scope);
        self.touches("scope", scope, false)
    }

    pub fn unticks_field(self, field: &str) -> Self {
        self.touches("field", field, false)
    }

    pub fn touches(mut self, name: &str, value: &str, on: bool) -> Self {
        self.touches.push(Touch::Tick {
            name: name.to_owned(),
            value: value.to_owned(),
            on,
        });
        self
    }

    pub fn fills(mut self, name: &str, with: &str) -> Self {
        self.touches.push(Touch::Fill {
            name: name.to_owned(),
            with: with.to_owned(),
        });
        self
    }

    pub fn attaches(mut self, name: &str, file: &str, bytes: Vec<u8>) -> Self {
        self.touches.push(Touch::Attach {
            name: name.to_owned(),
            file: file.to_owned(),
            bytes,
        });
        self
    }

    /// Signs in with the form on this page.
    pub async fn signs_in(self, username: &str, password: &str) -> Self {
        self.fills("username", username)
            .fills("password", password)
            .enters("password")
            .await
    }

    /// Presses the button with this label and follows where it leads.
    pub async fn presses(&self, button: &str) -> Self {
        self.sends(form::press(&self.text(), button, &self.touches))
            .await
            .follows()
            .await
    }

    /// Follows the link with this label.
    pub async fn clicks(&self, words: &str) -> Self {
        let links = form::links(&self.text());
        let found = links.iter().find(|(label, _)| label == words);
        let (_, address) =
            found.unwrap_or_else(|| panic!("no link {words:?} at {}, only {links:?}", self.url));
        self.browser
            .visits(self.url.join(address).unwrap().as_str())
            .await
    }

    /// Submits the form around the control of this name, as the Enter key does.
    pub async fn enters(&self, control: &str) -> Self {
        self.sends(form::enter(&self.text(), control, &self.touches))
            .await
            .follows()
            .await
    }

    /// The form data that pressing `button` would send; an attacker may change it.
    pub fn would_send(&self, button: &str) -> Submission {
        form::press(&self.text(), button, &self.touches)
    }

    /// The form data that the Enter key in `control` would send.
    pub fn would_enter(&self, control: &str) -> Submission {
        form::enter(&self.text(), control, &self.touches)
    }

    /// Submits the form in the main part of the page.
    pub async fn confirms(&self) -> Self {
        self.sends(form::main_form(&self.text()))
            .await
            .follows()
            .await
    }

    /// Submits a form with additional fields, as an attacker does, and follows no redirect.
    pub async fn presses_with(&self, button: &str, more: &[(&str, &str)]) -> Self {
        let mut submission = self.would_send(button);
        let added = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Part::Text((*value).to_owned())));
        submission.parts.extend(added);
        self.sends(submission).await
    }

    /// Sends a form but for its last byte.
    pub async fn half_sends(&self, submission: Submission) -> HalfSentForm {
        let url = self.url.join(&submission.action).unwrap();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(submission.pairs())
            .finish();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\norigin: {}\r\ncookie: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            url.path(),
            url.authority(),
            url.origin().ascii_serialization(),
            self.browser.cookies(),
            body.len()
        );
        let address = url.socket_addrs(|| None).unwrap();
        let mut stream = TcpStream::connect(address.as_slice()).await.unwrap();
        let (first, last) = body.split_at(body.len() - 1);
        let begin = format!("{head}{first}");
        stream.write_all(begin.as_bytes()).await.unwrap();
        let last = last.to_owned();
        HalfSentForm { stream, last }
    }

    /// Sends form data from this page and follows no redirect.
    pub async fn sends(&self, submission: Submission) -> Self {
        let mut url = self.url.join(&submission.action).unwrap();
        let browser = self.browser.clone();
        if submission.method == "get" {
            url.query_pairs_mut()
                .clear()
                .extend_pairs(submission.pairs());
            return browser.fetches(Method::GET, url, |request| request).await;
        }
        if !submission.multipart {
            return browser
                .fetches(Method::POST, url, |request| {
                    request.form(&submission.pairs())
                })
                .await;
        }
        let whole =
            submission
                .parts
                .into_iter()
                .fold(multipart::Form::new(), |form, (name, part)| match part {
                    Part::Text(value) => form.text(name, value),
                    Part::File { name: file, bytes } => {
                        form.part(name, multipart::Part::bytes(bytes).file_name(file))
                    }
                });
        browser
            .fetches(Method::POST, url, |request| request.multipart(whole))
            .await
    }
}

/// A form whose last byte is still to come.
pub struct HalfSentForm {
    stream: TcpStream,
    last: String,
}

impl HalfSentForm {
    /// Sends the last byte. The status line, the headers and the page.
    pub async fn finishes(mut self) -> String {
        self.stream.write_all(self.last.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}
