//! The demo app's pages: a door, and what came through it.

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

use super::trip::{DemoCallError, DemoHttpClient, HttpExchange, short};
use super::{Demo, furnish};
use crate::people::fields::Field;
use crate::platform::links::Links;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::{FormParams, Page, PageContext, PageError, Web};
use crate::protocol::scope::Scope;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    web: Web,
    rng: SharedRng,
    demo: Arc<Demo>,
    caller: DemoHttpClient,
    kept: DemoSignIns,
}

impl Feature {
    /// `address` is where this server listens: the app calls it there.
    pub fn new(
        web: Web,
        rng: SharedRng,
        demo: Demo,
        address: SocketAddr,
    ) -> Result<Self, DemoCallError> {
        let caller = DemoHttpClient::new(address, web.links().host())?;
        Ok(Self {
            web,
            rng,
            demo: Arc::new(demo),
            caller,
            kept: DemoSignIns::default(),
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

/// The browser keeps state and verifier of the sign-in that is under way.
const UNDER_WAY: &str = "demo";

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

async fn home(State(it): State<Feature>, frame: PageContext) -> Response {
    let people = furnish::cast();
    let people = people.map(|(username, name, about)| DemoPersonView {
        username,
        name,
        about,
    });
    frame.show(&DemoPage {
        sign_in: it.web.links().demo_sign_in(),
        people: people.collect(),
    })
}

async fn sign_in(State(it): State<Feature>) -> Response {
    let state = Secret::generate(it.rng.as_ref());
    let verifier = Secret::generate(it.rng.as_ref());
    let (state, verifier) = (state.expose(), verifier.expose());
    let mut answer = Redirect::to(&it.request(state, verifier)).into_response();
    let seal =
        it.web
            .cookie_key
            .seal(&[UNDER_WAY.as_bytes(), state.as_bytes(), verifier.as_bytes()]);
    let held = format!("{state}.{verifier}.{seal}");
    it.web
        .cookies
        .set(answer.headers_mut(), UNDER_WAY, held, None);
    answer
}

async fn callback(
    State(it): State<Feature>,
    frame: PageContext,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let query = query.unwrap_or_default();
    let told = FormParams::parse(query.as_bytes()).unwrap_or_default();
    let (state, verifier) = it.under_way(&headers).ok_or_else(|| it.stranger())?;
    if told.text("state") != state {
        return Err(it.stranger());
    }
    let trip = it
        .travel(&state, &verifier, &query, &told)
        .await
        .map_err(PageError::broken)?;
    it.kept.keep(state, trip);
    // To a page without the code: whoever reloads it must not present the code again.
    Ok(frame.send_to(&it.web.links().demo_received()))
}

async fn received(State(it): State<Feature>, frame: PageContext, headers: HeaderMap) -> Response {
    let links = it.web.links();
    let trip = it
        .under_way(&headers)
        .and_then(|(state, _)| it.kept.find(&state));
    let Some(trip) = trip else {
        return frame.send_to(&links.demo());
    };
    frame.show(&DemoCallbackPage {
        again: links.demo(),
        connected_apps: links.connected_apps(),
        person: trip.person,
        steps: trip.steps,
    })
}

/// What a sign-in brought, shown until newer ones crowd it out. In memory: it is a demo.
#[derive(Debug, Clone, Default)]
struct DemoSignIns(Arc<Mutex<VecDeque<(String, DemoExchangeView)>>>);

#[derive(Debug, Clone)]
struct DemoExchangeView {
    person: Vec<DemoSignIn>,
    steps: Vec<HttpExchange>,
}

impl DemoSignIns {
    const CAPACITY: usize = 100;

    fn keep(&self, state: String, trip: DemoExchangeView) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(Self::CAPACITY - 1);
        kept.push_front((state, trip));
    }

    fn find(&self, state: &str) -> Option<DemoExchangeView> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, _)| known == state)
            .map(|(_, trip)| trip.clone())
    }
}

impl Feature {
    /// Everything there is to ask, so that the consent page shows all it can.
    fn request(&self, state: &str, verifier: &str) -> String {
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

    fn first_step(&self, state: &str, verifier: &str, query: &str, code: &str) -> HttpExchange {
        let answer = query.replace('&', "\n&");
        let answer = if code.is_empty() {
            answer
        } else {
            answer.replace(code, &short(code))
        };
        let links: &Links = self.web.links();
        HttpExchange {
            title: "Authorization request",
            explain: if code.is_empty() {
                "A link with the scopes that Mess Menu asks for. The user pressed Deny."
            } else {
                "A link with the scopes that Mess Menu asks for, and a random state. The user pressed \
                 Allow, and came back with an authorization code."
            },
            request: format!(
                "GET {} HTTP/1.1\nHost: {}",
                self.request(state, verifier).replace('&', "\n&"),
                links.host()
            ),
            response: format!(
                "HTTP/1.1 302 Found\nLocation: {}\n?{answer}",
                self.demo.redirect_uri
            ),
        }
    }

    /// From the answer to the person: trades the code if there is one, and reads.
    async fn travel(
        &self,
        state: &str,
        verifier: &str,
        query: &str,
        told: &FormParams,
    ) -> Result<DemoExchangeView, DemoCallError> {
        let mut steps = vec![self.first_step(state, verifier, query, told.text("code"))];
        let mut person = Vec::new();
        if let Ok(Some(code)) = told.one("code") {
            let (said, step) = self.trade(code, verifier).await?;
            steps.push(step);
            if let Some(token) = said.get("access_token").and_then(Value::as_str) {
                let (said, step) = self.caller.read(&self.read_path(), token).await?;
                steps.push(step);
                person = members(&said);
            }
        }
        Ok(DemoExchangeView { person, steps })
    }

    async fn trade(
        &self,
        code: &str,
        verifier: &str,
    ) -> Result<(Value, HttpExchange), DemoCallError> {
        let path = self.web.links().token();
        self.caller.trade(&self.demo, &path, code, verifier).await
    }

    fn read_path(&self) -> String {
        let fields: Vec<&str> = Field::all().map(Field::name).collect();
        format!(
            "{}?fields={}",
            self.web.links().user_api(),
            fields.join(",")
        )
    }

    /// State and verifier of the sign-in this browser began.
    fn under_way(&self, headers: &HeaderMap) -> Option<(String, String)> {
        let held = self.web.cookies.read(headers, UNDER_WAY)?;
        let mut parts = held.split('.');
        let (state, verifier, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let sealed = [UNDER_WAY.as_bytes(), state.as_bytes(), verifier.as_bytes()];
        let genuine = self.web.cookie_key.is_seal(seal, &sealed);
        genuine.then(|| (state.to_owned(), verifier.to_owned()))
    }

    /// An answer to a question this browser did not ask (RFC 6749 §10.12).
    fn stranger(&self) -> PageError {
        PageError::new(
            StatusCode::BAD_REQUEST,
            "Sign-in failed",
            "The response does not belong to a sign-in that was started in this browser.",
        )
        .advise("Start again.")
        .back(self.web.links().demo(), "Back to Mess Menu")
    }
}

fn members(said: &Value) -> Vec<DemoSignIn> {
    let members = said.as_object().into_iter().flatten();
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
                title: "Authorization request",
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
