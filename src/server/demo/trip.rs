//! The demo app's own calls, over HTTP to this same server, and what went over the wire.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::Demo;

/// One exchange, as text for people: secrets and tokens shortened.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HttpExchange {
    pub title: &'static str,
    pub explain: &'static str,
    pub request: String,
    pub response: String,
}

/// The server as the demo app reaches it.
#[derive(Debug, Clone)]
pub(super) struct DemoHttpClient {
    http: reqwest::Client,
    base: String,
    host: String,
}

/// A call that did not get through.
#[derive(Debug, thiserror::Error)]
#[error("the demo app could not reach the server: {0}")]
pub struct DemoCallError(#[from] reqwest::Error);

impl DemoHttpClient {
    /// `address` is where the server listens, `host` what the world calls it.
    pub(super) fn new(address: SocketAddr, host: &str) -> Result<Self, DemoCallError> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            base: format!("http://{address}"),
            host: host.to_owned(),
        })
    }

    /// Trades the code. Returns what the server said, and the exchange as text.
    pub(super) async fn trade(
        &self,
        demo: &Demo,
        path: &str,
        code: &str,
        verifier: &str,
    ) -> Result<(Value, HttpExchange), DemoCallError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &demo.redirect_uri),
            ("code_verifier", verifier),
        ];
        let secret = demo.client_secret.expose();
        let basic = STANDARD.encode(format!("{}:{secret}", demo.client_id));
        let answer = self
            .http
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Basic {basic}"))
            .form(&form)
            .send()
            .await?;
        let (said, response) = read(answer).await?;
        let step = HttpExchange {
            title: "Token request",
            explain: "From server to server, not through the browser. The code can be used once, within \
                      one minute.",
            request: format!(
                "POST {path} HTTP/1.1\nHost: {}\nAuthorization: Basic {}\n\
                 Content-Type: application/x-www-form-urlencoded\n\n\
                 grant_type=authorization_code\n&code={}\n&redirect_uri={}\n&code_verifier={}",
                self.host,
                short(&basic),
                short(code),
                demo.redirect_uri,
                short(verifier),
            ),
            response,
        };
        Ok((said, step))
    }

    /// Reads the person. Returns what the server said, and the exchange as text.
    pub(super) async fn read(
        &self,
        path: &str,
        token: &str,
    ) -> Result<(Value, HttpExchange), DemoCallError> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(token);
        let (said, response) = read(request.send().await?).await?;
        let step = HttpExchange {
            title: "User API request",
            explain: "The response contains only the fields that the user allowed.",
            request: format!(
                "GET {path} HTTP/1.1\nHost: {}\nAuthorization: Bearer {}",
                self.host,
                short(token)
            ),
            response,
        };
        Ok((said, step))
    }
}

async fn read(answer: reqwest::Response) -> Result<(Value, String), DemoCallError> {
    let status = answer.status();
    let headers: Vec<String> = ["content-type", "cache-control"]
        .into_iter()
        .filter_map(|name| {
            Some(format!(
                "{name}: {}",
                answer.headers().get(name)?.to_str().ok()?
            ))
        })
        .collect();
    let said: Value = answer.json().await.unwrap_or_default();
    let mut shown = said.clone();
    for name in ["access_token", "refresh_token"] {
        if let Some(Value::String(token)) = shown.get_mut(name) {
            *token = short(token);
        }
    }
    let body = serde_json::to_string_pretty(&shown).unwrap_or_default();
    Ok((
        said,
        format!("HTTP/1.1 {status}\n{}\n\n{body}", headers.join("\n")),
    ))
}

/// Enough to recognise, too little to use.
pub(super) fn short(secret: &str) -> String {
    format!("{}…", secret.chars().take(6).collect::<String>())
}
