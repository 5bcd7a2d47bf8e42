//! The calls of the demo app to the token endpoint and the user API, over HTTP to this server, with a
//! transcript of each.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::Demo;

/// The transcript of one call. Secrets and tokens are shortened.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HttpExchange {
    pub title: &'static str,
    pub explain: &'static str,
    pub request: String,
    pub response: String,
}

/// Calls the server.
#[derive(Debug, Clone)]
pub(super) struct DemoHttpClient {
    http: reqwest::Client,
    base: String,
    host: String,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
#[error("the demo app could not reach the server: {0}")]
pub struct DemoCallError(#[from] reqwest::Error);

impl DemoHttpClient {
    /// `address` is where the server listens, `host` its public name.
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

    /// Redeems an authorization code. Returns the JSON of the response, and a transcript.
    pub(super) async fn redeem_code(
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
        let response = self
            .http
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Basic {basic}"))
            .form(&form)
            .send()
            .await?;
        let (json, response) = read_response(response).await?;
        let exchange = HttpExchange {
            title: "Trade the code for a token",
            explain: "Between the two servers, where the person’s browser sees nothing. The code works \
                      once, and for a minute.",
            request: format!(
                "POST {path} HTTP/1.1\nHost: {}\nAuthorization: Basic {}\n\
                 Content-Type: application/x-www-form-urlencoded\n\n\
                 grant_type=authorization_code\n&code={}\n&redirect_uri={}\n&code_verifier={}",
                self.host,
                shorten(&basic),
                shorten(code),
                demo.redirect_uri,
                shorten(verifier),
            ),
            response,
        };
        Ok((json, exchange))
    }

    /// Reads the user API. Returns the JSON of the response, and a transcript.
    pub(super) async fn read_user(
        &self,
        path: &str,
        token: &str,
    ) -> Result<(Value, HttpExchange), DemoCallError> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(token);
        let (json, response) = read_response(request.send().await?).await?;
        let exchange = HttpExchange {
            title: "Read the person",
            explain: "Only the fields that stayed ticked come back.",
            request: format!(
                "GET {path} HTTP/1.1\nHost: {}\nAuthorization: Bearer {}",
                self.host,
                shorten(token)
            ),
            response,
        };
        Ok((json, exchange))
    }
}

async fn read_response(response: reqwest::Response) -> Result<(Value, String), DemoCallError> {
    let status = response.status();
    let headers: Vec<String> = ["content-type", "cache-control"]
        .into_iter()
        .filter_map(|name| {
            Some(format!(
                "{name}: {}",
                response.headers().get(name)?.to_str().ok()?
            ))
        })
        .collect();
    let json: Value = response.json().await.unwrap_or_default();
    let mut shortened = json.clone();
    for name in ["access_token", "refresh_token"] {
        if let Some(Value::String(token)) = shortened.get_mut(name) {
            *token = shorten(token);
        }
    }
    let body = serde_json::to_string_pretty(&shortened).unwrap_or_default();
    Ok((
        json,
        format!("HTTP/1.1 {status}\n{}\n\n{body}", headers.join("\n")),
    ))
}

/// The first characters: enough to recognise a secret, too little to use it.
pub(super) fn shorten(secret: &str) -> String {
    format!("{}…", secret.chars().take(6).collect::<String>())
}
