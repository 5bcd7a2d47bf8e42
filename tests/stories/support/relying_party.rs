//! A campus app as an actor: sends people to sign in, exchanges codes, refreshes tokens, reads people.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::browser::Page;

#[derive(Clone)]
pub struct App {
    pub client_id: String,
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
    base: Url,
    http: reqwest::Client,
    retries: u32,
}

/// Where a client sends its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    InHeader,
    InBody,
    InBoth,
    Nowhere,
}

impl App {
    pub fn new(
        base: &str,
        http: reqwest::Client,
        registered: &super::campus::RegisteredApp,
    ) -> Self {
        Self {
            client_id: registered.client_id.clone(),
            client_secret: registered.client_secret.clone(),
            redirect_uris: registered.redirect_uris.clone(),
            base: Url::parse(base).unwrap(),
            http,
            retries: 0,
        }
    }

    /// The same app, which repeats a request to the token endpoint after a 503.
    pub fn retrying(&self) -> Self {
        Self {
            retries: 20,
            ..self.clone()
        }
    }

    /// The same app with another secret.
    pub fn with_secret(&self, secret: &str) -> Self {
        Self {
            client_secret: Some(secret.to_owned()),
            ..self.clone()
        }
    }

    pub fn with_id(&self, id: &str) -> Self {
        Self {
            client_id: id.to_owned(),
            ..self.clone()
        }
    }

    /// An authorization request with `client_id`, `response_type=code` and these parameters.
    pub fn authorize_url(&self, parameters: &[(&str, &str)]) -> String {
        let mut link = self.base.join("oauth/authorize/").unwrap();
        link.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code");
        link.query_pairs_mut().extend_pairs(parameters);
        link.into()
    }

    pub fn login_link(&self, scope: &str) -> String {
        self.authorize_url(&[("scope", scope)])
    }

    /// As [`App::login_link`], with an S256 challenge for `verifier`.
    pub fn login_link_with_pkce(&self, scope: &str, verifier: &str) -> String {
        let challenge = challenge(verifier);
        self.authorize_url(&[
            ("scope", scope),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
    }

    /// The callback in the browser's redirect; asserts that it leads to one of the app's redirect URIs.
    pub fn receives(&self, page: &Page) -> Callback {
        let back = page.location();
        let home = self
            .redirect_uris
            .iter()
            .any(|uri| back.as_str().starts_with(uri.as_str()) || same_loopback(&back, uri));
        assert!(
            home,
            "sent to {back}, which is not one of {:?}",
            self.redirect_uris
        );
        Callback { address: back }
    }

    /// Exchanges a code for tokens; panics if the server refuses.
    pub async fn exchanges_code(&self, code: &str) -> Tokens {
        self.tries_to_exchange(code, &[]).await.tokens()
    }

    /// Exchanges a code with additional fields; the server may refuse.
    pub async fn tries_to_exchange(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        self.requests_token(
            &[
                &[("grant_type", "authorization_code"), ("code", code)],
                more,
            ]
            .concat(),
        )
        .await
    }

    pub async fn refreshes(&self, tokens: &Tokens) -> Tokens {
        self.tries_to_refresh(&tokens.refresh, &[]).await.tokens()
    }

    pub async fn tries_to_refresh(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        self.requests_token(
            &[
                &[("grant_type", "refresh_token"), ("refresh_token", token)],
                more,
            ]
            .concat(),
        )
        .await
    }

    /// Revokes a token; the server answers 200 to any authenticated client.
    pub async fn revokes(&self, token: &str) -> Answer {
        self.calls(
            "oauth/revoke_token/",
            Credentials::InBody,
            &[("token", token)],
        )
        .await
    }

    /// A request to the token endpoint, authenticated as this kind of app usually does.
    pub async fn requests_token(&self, fields: &[(&str, &str)]) -> Answer {
        let credentials = if self.client_secret.is_some() {
            Credentials::InHeader
        } else {
            Credentials::InBody
        };
        self.calls("oauth/token/", credentials, fields).await
    }

    /// Posts a form to `address`, with the client's credentials in this place.
    pub async fn calls(
        &self,
        address: &str,
        credentials: Credentials,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut fields: Vec<(&str, &str)> = fields.to_vec();
        if matches!(credentials, Credentials::InBody | Credentials::InBoth) {
            fields.push(("client_id", &self.client_id));
            fields.extend(
                self.client_secret
                    .as_deref()
                    .map(|secret| ("client_secret", secret)),
            );
        }
        let mut request = self.http.post(self.base.join(address).unwrap());
        if matches!(credentials, Credentials::InHeader | Credentials::InBoth) {
            request = request.header("authorization", self.basic());
        }
        let request = request.form(&fields);
        for _ in 0..self.retries {
            let answer = Answer::to(request.try_clone().unwrap()).await;
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                return answer;
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
        Answer::to(request).await
    }

    /// Posts a body exactly as written, with these headers.
    pub async fn posts_raw(&self, address: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let request = self
            .http
            .post(self.base.join(address).unwrap())
            .body(body.to_owned());
        Answer::to(
            headers
                .iter()
                .fold(request, |it, (name, value)| it.header(*name, *value)),
        )
        .await
    }

    pub fn basic(&self) -> String {
        let secret = self.client_secret.as_deref().unwrap_or_default();
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{secret}", self.client_id))
        )
    }

    /// Reads the user API with this token (`fields=…`, or an empty query).
    pub async fn reads(&self, access: &str, query: &str) -> Answer {
        let request = self.http.get(self.user_address(query)).bearer_auth(access);
        Answer::to(request).await
    }

    /// Reads the user API with these headers.
    pub async fn reads_with(&self, headers: &[(&str, &str)], query: &str) -> Answer {
        let request = self.http.get(self.user_address(query));
        Answer::to(
            headers
                .iter()
                .fold(request, |it, (name, value)| it.header(*name, *value)),
        )
        .await
    }

    /// Any request to an address of the server.
    pub fn request(&self, method: reqwest::Method, address: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.base.join(address).unwrap())
    }

    fn user_address(&self, query: &str) -> Url {
        let mut address = self.base.join("user/api/user/").unwrap();
        address.set_query((!query.is_empty()).then_some(query));
        address
    }
}

/// The pause of a client that repeats a request.
pub const RETRY_DELAY: Duration = Duration::from_millis(250);

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

fn same_loopback(back: &Url, registered: &str) -> bool {
    let registered = Url::parse(registered).unwrap();
    back.host_str() == Some("127.0.0.1")
        && registered.host_str() == Some("127.0.0.1")
        && back.path() == registered.path()
}

/// The redirect URI with the parameters of the authorization response.
#[derive(Debug, Clone)]
pub struct Callback {
    pub address: Url,
}

impl Callback {
    pub fn get(&self, name: &str) -> Option<String> {
        self.address
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The code; panics if there is none.
    pub fn code(&self) -> String {
        self.get("code")
            .unwrap_or_else(|| panic!("no code in {}", self.address))
    }

    /// The error; asserts that no code is beside it.
    pub fn error(&self) -> String {
        assert_eq!(self.get("code"), None, "{}", self.address);
        self.get("error")
            .unwrap_or_else(|| panic!("no error in {}", self.address))
    }
}

/// The response to a server-to-server request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn to(request: reqwest::RequestBuilder) -> Self {
        Self::of(request.send().await.unwrap()).await.unwrap()
    }

    pub async fn of(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self {
            status,
            headers,
            body: response.bytes().await?.to_vec(),
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.body);
        json.unwrap_or_else(|problem| {
            panic!(
                "{} with no JSON ({problem}): {:?}",
                self.status,
                self.text()
            )
        })
    }

    /// Asserts status 200 and returns the JSON.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// Asserts an error response of RFC 6749 §5.2.
    pub fn refuses(&self, status: u16, error: &str) {
        assert_eq!(
            (self.status.as_u16(), self.error()),
            (status, error.to_owned()),
            "{}",
            self.text()
        );
        assert!(
            self.header("content-type").starts_with("application/json"),
            "{}",
            self.header("content-type")
        );
        assert!(self.json().get("access_token").is_none(), "{}", self.text());
    }

    pub fn error(&self) -> String {
        self.json()["error"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {}", self.text()))
            .to_owned()
    }

    /// Asserts an error of the user API and returns its `detail`.
    pub fn detail(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()["detail"]
            .as_str()
            .unwrap_or_else(|| panic!("no detail: {}", self.text()))
            .to_owned()
    }

    pub fn tokens(&self) -> Tokens {
        let json = self.good();
        let text = |name: &str| {
            json[name]
                .as_str()
                .unwrap_or_else(|| panic!("no {name}: {json}"))
                .to_owned()
        };
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: text("scope"),
            json: json.clone(),
        }
    }
}

/// A token pair, as the app keeps it.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
    pub json: Value,
}

impl Tokens {
    /// The granted scopes, sorted.
    pub fn scopes(&self) -> Vec<&str> {
        let mut scopes: Vec<_> = self.scope.split(' ').collect();
        scopes.sort_unstable();
        scopes
    }

    /// The granted fields, sorted.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<_> = self.json["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap())
            .collect();
        fields.sort_unstable();
        fields
    }
}
