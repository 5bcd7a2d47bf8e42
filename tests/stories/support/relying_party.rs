//! A campus app, as an actor: sends people to sign in, trades codes, keeps tokens fresh, reads people.

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
    patience: u32,
}

/// Where a client shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    InHeader,
    InBody,
    InBoth,
    Nowhere,
}

impl App {
    pub fn new(base: &str, http: reqwest::Client, registered: &super::campus::Registered) -> Self {
        Self {
            client_id: registered.client_id.clone(),
            client_secret: registered.client_secret.clone(),
            redirect_uris: registered.redirect_uris.clone(),
            base: Url::parse(base).unwrap(),
            http,
            patience: 0,
        }
    }

    /// The same app, which comes back when the token endpoint is too busy (503).
    pub fn patient(&self) -> Self {
        Self {
            patience: 20,
            ..self.clone()
        }
    }

    /// The same app, believing its secret to be another.
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

    /// An authorize address with `client_id`, `response_type=code` and these.
    pub fn asks(&self, parameters: &[(&str, &str)]) -> String {
        let mut link = self.base.join("oauth/authorize/").unwrap();
        link.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code");
        link.query_pairs_mut().extend_pairs(parameters);
        link.into()
    }

    pub fn login_link(&self, scope: &str) -> String {
        self.asks(&[("scope", scope)])
    }

    /// As [`App::login_link`], with an S256 challenge for `verifier`.
    pub fn login_link_proving(&self, scope: &str, verifier: &str) -> String {
        let challenge = challenge(verifier);
        self.asks(&[
            ("scope", scope),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
    }

    /// What came back with the browser; it came to one of the app's own addresses.
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

    /// Trades a code for tokens; a story stops here if it cannot.
    pub async fn trades(&self, code: &str) -> Tokens {
        self.tries_to_trade(code, &[]).await.tokens()
    }

    /// Trades with further fields, whatever comes of it.
    pub async fn tries_to_trade(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        self.asks_for_token(
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
        self.asks_for_token(
            &[
                &[("grant_type", "refresh_token"), ("refresh_token", token)],
                more,
            ]
            .concat(),
        )
        .await
    }

    /// Takes a token back; the server says 200 to anything but a stranger.
    pub async fn revokes(&self, token: &str) -> Answer {
        self.calls("oauth/revoke_token/", Shown::InBody, &[("token", token)])
            .await
    }

    /// A request to the token endpoint, showing who it is as this kind of app usually does.
    pub async fn asks_for_token(&self, fields: &[(&str, &str)]) -> Answer {
        let shown = if self.client_secret.is_some() {
            Shown::InHeader
        } else {
            Shown::InBody
        };
        self.calls("oauth/token/", shown, fields).await
    }

    /// A form posted to `address`, with the client's credentials shown as told.
    pub async fn calls(&self, address: &str, shown: Shown, fields: &[(&str, &str)]) -> Answer {
        let mut fields: Vec<(&str, &str)> = fields.to_vec();
        if matches!(shown, Shown::InBody | Shown::InBoth) {
            fields.push(("client_id", &self.client_id));
            fields.extend(
                self.client_secret
                    .as_deref()
                    .map(|secret| ("client_secret", secret)),
            );
        }
        let mut request = self.http.post(self.base.join(address).unwrap());
        if matches!(shown, Shown::InHeader | Shown::InBoth) {
            request = request.header("authorization", self.basic());
        }
        let request = request.form(&fields);
        for _ in 0..self.patience {
            let answer = Answer::to(request.try_clone().unwrap()).await;
            if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                return answer;
            }
            tokio::time::sleep(BEFORE_COMING_BACK).await;
        }
        Answer::to(request).await
    }

    /// A body exactly as written, with what an old client calls its content type.
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

    /// Asks for these fields (`fields=…`, or nothing) of whom the token stands for.
    pub async fn reads(&self, access: &str, query: &str) -> Answer {
        let request = self.http.get(self.user_address(query)).bearer_auth(access);
        Answer::to(request).await
    }

    /// The same with headers of one's own.
    pub async fn reads_with(&self, headers: &[(&str, &str)], query: &str) -> Answer {
        let request = self.http.get(self.user_address(query));
        Answer::to(
            headers
                .iter()
                .fold(request, |it, (name, value)| it.header(*name, *value)),
        )
        .await
    }

    /// Any request, to an address on the site.
    pub fn request(&self, method: reqwest::Method, address: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.base.join(address).unwrap())
    }

    fn user_address(&self, query: &str) -> Url {
        let mut address = self.base.join("user/api/user/").unwrap();
        address.set_query((!query.is_empty()).then_some(query));
        address
    }
}

/// Of those who are patient.
pub const BEFORE_COMING_BACK: Duration = Duration::from_millis(250);

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

fn same_loopback(back: &Url, registered: &str) -> bool {
    let registered = Url::parse(registered).unwrap();
    back.host_str() == Some("127.0.0.1")
        && registered.host_str() == Some("127.0.0.1")
        && back.path() == registered.path()
}

/// The address the app was called back at.
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

    /// The code; a story stops here if there is none.
    pub fn code(&self) -> String {
        self.get("code")
            .unwrap_or_else(|| panic!("no code in {}", self.address))
    }

    /// The error; a code beside it would be a way in.
    pub fn error(&self) -> String {
        assert_eq!(self.get("code"), None, "{}", self.address);
        self.get("error")
            .unwrap_or_else(|| panic!("no error in {}", self.address))
    }
}

/// What a server-to-server call was answered with.
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

    /// 200 and its JSON.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// A refusal as RFC 6749 §5.2 writes it.
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

    /// The user API's refusal: JSON with a string `detail`, which is given back.
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

/// A pair, as the app keeps it.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
    pub json: Value,
}

impl Tokens {
    /// The granted scopes, in an order of their own.
    pub fn scopes(&self) -> Vec<&str> {
        let mut scopes: Vec<_> = self.scope.split(' ').collect();
        scopes.sort_unstable();
        scopes
    }

    /// The granted fields, in an order of their own.
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
