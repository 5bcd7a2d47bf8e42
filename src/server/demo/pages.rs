//! The pages of the demo app: start, sign-in, callback, and the received data.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{FromRef, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::http_client::{DemoCallError, DemoHttpClient, HttpExchange, shorten};
use super::{Demo, seed};
use crate::people::fields::Field;
use crate::platform::links::Links;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::{FormParams, Page, PageContext, PageError, Web};
use crate::protocol::scope::Scope;

/// The demo app.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    web: Web,
    rng: SharedRng,
    demo: Arc<Demo>,
    client: DemoHttpClient,
    sign_ins: DemoSignIns,
}

impl Feature {
    /// `address` is where this server listens; the app calls it there.
    pub fn new(
        web: Web,
        rng: SharedRng,
        demo: Demo,
        address: SocketAddr,
    ) -> Result<Self, DemoCallError> {
        let client = DemoHttpClient::new(address, web.links().host())?;
        Ok(Self {
            web,
            rng,
            demo: Arc::new(demo),
            client,
            sign_ins: DemoSignIns::default(),
        })
    }
}

pub fn routes(feature: Feature) -> Router {
    Router::new()
        .route("/demo", get(home))
        .route("/demo/sign-in", get(sign_in))
        .route("/demo/callback", get(callback))
        .route("/demo/received", get(received))
        .with_state(feature)
}

/// The cookie with state and code verifier of a sign-in that is under way.
const SIGN_IN_COOKIE: &str = "demo";

#[derive(Debug, Serialize)]
struct DemoPage {
    sign_in: String,
    people: Vec<DemoPersonView>,
}

#[derive(Debug, Serialize)]
struct DemoPersonView {
    username: &'static str,
    name: String,
    about: &'static str,
}

#[derive(Debug, Serialize)]
struct DemoCallbackPage {
    again: String,
    connected_apps: String,
    person: Vec<DemoSignIn>,
    steps: Vec<HttpExchange>,
}

#[derive(Debug, Clone, Serialize)]
struct DemoSignIn {
    name: String,
    value: String,
}

impl Page for DemoPage {
    const TEMPLATE: &'static str = "demo/home.html";

    fn title(&self) -> String {
        "Tonight".to_owned()
    }
}

impl Page for DemoCallbackPage {
    const TEMPLATE: &'static str = "demo/received.html";

    fn title(&self) -> String {
        "Received".to_owned()
    }
}

async fn home(State(feature): State<Feature>, context: PageContext) -> Response {
    let people = seed::list_people();
    let people = people.map(|(username, name, about)| DemoPersonView {
        username,
        name,
        about,
    });
    context.render(&DemoPage {
        sign_in: feature.web.links().demo_sign_in(),
        people: people.collect(),
    })
}

async fn sign_in(State(feature): State<Feature>) -> Response {
    let state = Secret::generate(feature.rng.as_ref());
    let verifier = Secret::generate(feature.rng.as_ref());
    let (state, verifier) = (state.expose(), verifier.expose());
    let mut response = Redirect::to(&feature.authorization_url(state, verifier)).into_response();
    let mac = feature.web.cookie_key.mac(&[
        SIGN_IN_COOKIE.as_bytes(),
        state.as_bytes(),
        verifier.as_bytes(),
    ]);
    let value = format!("{state}.{verifier}.{mac}");
    feature
        .web
        .cookies
        .set(response.headers_mut(), SIGN_IN_COOKIE, value, None);
    response
}

async fn callback(
    State(feature): State<Feature>,
    context: PageContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let params = FormParams::parse(query.as_bytes()).unwrap_or_default();
    let (state, verifier) = feature
        .find_sign_in(&headers)
        .ok_or_else(|| feature.state_error())?;
    if params.text("state") != state {
        return Err(feature.state_error());
    }
    let received = feature
        .complete_sign_in(&state, &verifier, &query, &params)
        .await
        .map_err(PageError::internal)?;
    feature.sign_ins.save(state, received);
    // Redirect to an address without the code, so that a reload does not send the code again.
    Ok(context.redirect(&feature.web.links().demo_received()))
}

async fn received(
    State(feature): State<Feature>,
    context: PageContext,
    headers: HeaderMap,
) -> Response {
    let links = feature.web.links();
    let received = feature
        .find_sign_in(&headers)
        .and_then(|(state, _)| feature.sign_ins.find(&state));
    let Some(received) = received else {
        return context.redirect(&links.demo());
    };
    context.render(&DemoCallbackPage {
        again: links.demo(),
        connected_apps: links.connected_apps(),
        person: received.person,
        steps: received.steps,
    })
}

/// The last sign-ins, in memory.
#[derive(Debug, Clone, Default)]
struct DemoSignIns(Arc<Mutex<VecDeque<(String, DemoExchangeView)>>>);

#[derive(Debug, Clone)]
struct DemoExchangeView {
    person: Vec<DemoSignIn>,
    steps: Vec<HttpExchange>,
}

impl DemoSignIns {
    const CAPACITY: usize = 100;

    fn save(&self, state: String, received: DemoExchangeView) {
        let mut sign_ins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sign_ins.truncate(Self::CAPACITY - 1);
        sign_ins.push_front((state, received));
    }

    fn find(&self, state: &str) -> Option<DemoExchangeView> {
        let sign_ins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sign_ins
            .iter()
            .find(|(known, _)| known == state)
            .map(|(_, received)| received.clone())
    }
}

impl Feature {
    /// Requests every scope, so that the consent page shows all fields.
    fn authorization_url(&self, state: &str, verifier: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let scopes: Vec<&str> = Scope::all().map(Scope::name).collect();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.demo.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.demo.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("approval_prompt", "force")
            .append_pair("state", state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        format!("{}?{query}", self.web.links().authorize())
    }

    fn authorization_exchange(
        &self,
        state: &str,
        verifier: &str,
        query: &str,
        code: &str,
    ) -> HttpExchange {
        let query = query.replace('&', "\n&");
        let query = if code.is_empty() {
            query
        } else {
            query.replace(code, &shorten(code))
        };
        let links: &Links = self.web.links();
        HttpExchange {
            title: "Send the person to Profiles",
            explain: if code.is_empty() {
                "A link, with what Mess Menu would like to know. They pressed Deny."
            } else {
                "A link, with what Mess Menu would like to know and a state it made up, to recognise \
                 the answer by. The person decided, and came back with a code."
            },
            request: format!(
                "GET {} HTTP/1.1\nHost: {}",
                self.authorization_url(state, verifier).replace('&', "\n&"),
                links.host()
            ),
            response: format!(
                "HTTP/1.1 302 Found\nLocation: {}\n?{query}",
                self.demo.redirect_uri
            ),
        }
    }

    /// Redeems the code, if there is one, and reads the person.
    async fn complete_sign_in(
        &self,
        state: &str,
        verifier: &str,
        query: &str,
        params: &FormParams,
    ) -> Result<DemoExchangeView, DemoCallError> {
        let mut steps =
            vec![self.authorization_exchange(state, verifier, query, params.text("code"))];
        let mut person = Vec::new();
        if let Ok(Some(code)) = params.one("code") {
            let (tokens, step) = self.redeem_code(code, verifier).await?;
            steps.push(step);
            if let Some(token) = tokens.get("access_token").and_then(Value::as_str) {
                let (json, step) = self.client.read_user(&self.user_api_path(), token).await?;
                steps.push(step);
                person = list_members(&json);
            }
        }
        Ok(DemoExchangeView { person, steps })
    }

    async fn redeem_code(
        &self,
        code: &str,
        verifier: &str,
    ) -> Result<(Value, HttpExchange), DemoCallError> {
        let path = self.web.links().token();
        self.client
            .redeem_code(&self.demo, &path, code, verifier)
            .await
    }

    fn user_api_path(&self) -> String {
        let fields: Vec<&str> = Field::all().map(Field::name).collect();
        format!(
            "{}?fields={}",
            self.web.links().user_api(),
            fields.join(",")
        )
    }

    /// The state and code verifier of the sign-in that this browser began.
    fn find_sign_in(&self, headers: &HeaderMap) -> Option<(String, String)> {
        let cookie = self.web.cookies.read(headers, SIGN_IN_COOKIE)?;
        let mut values = cookie.split('.');
        let (state, verifier, mac) = (values.next()?, values.next()?, values.next()?);
        let parts = [
            SIGN_IN_COOKIE.as_bytes(),
            state.as_bytes(),
            verifier.as_bytes(),
        ];
        let is_valid = self.web.cookie_key.verify_mac(mac, &parts);
        is_valid.then(|| (state.to_owned(), verifier.to_owned()))
    }

    /// The `state` does not belong to a sign-in of this browser (CSRF, RFC 6749 §10.12).
    fn state_error(&self) -> PageError {
        PageError::new(
            StatusCode::BAD_REQUEST,
            "Mess Menu did not ask for this",
            "The answer does not belong to a sign-in that began in this browser.",
        )
        .with_advice("Begin again.")
        .with_back_link(self.web.links().demo(), "Back to Mess Menu")
    }
}

fn list_members(json: &Value) -> Vec<DemoSignIn> {
    let members = json.as_object().into_iter().flatten();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    members
        .map(|(name, value)| DemoSignIn {
            name: name.clone(),
            value: text(value),
        })
        .collect()
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let home = |people| DemoPage {
            sign_in: "/demo/sign-in/".to_owned(),
            people,
        };
        let asha = DemoPersonView {
            username: "asha",
            name: "Asha D’Souza".to_owned(),
            about: "a student",
        };
        let received = |person, response: &str| DemoCallbackPage {
            again: "/demo/".to_owned(),
            connected_apps: "/user/settings/".to_owned(),
            person,
            steps: vec![HttpExchange {
                title: "Send the person to Profiles",
                explain: "A link.",
                request: "GET / HTTP/1.1".to_owned(),
                response: response.to_owned(),
            }],
        };
        let number = DemoSignIn {
            name: "id".to_owned(),
            value: "7".to_owned(),
        };
        vec![
            PageSample::of(&home(Vec::new())),
            PageSample::of(&home(vec![asha])),
            PageSample::of(&received(Vec::new(), "")),
            PageSample::of(&received(vec![number], "HTTP/1.1 200 OK")),
        ]
    }
}
