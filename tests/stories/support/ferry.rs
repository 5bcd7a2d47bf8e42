//! A simulated portal with a redirect login, and its connector. The invented protocol is a small code flow: `/authorize`
//! redirects back with a code, `/token` exchanges code and verifier for the username.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use profiles::connectors::{
    Answers, CallbackParams, Connector, ConnectorError, ConnectorLabel, ConnectorRegistry,
    HttpClient, HttpEndpoint, Input, InputKind, LoginRefusal, Prompt, RequestFacts, Step,
};
use profiles::people::records::{
    Claims, ColumnUpdates, ExternalIdentity, Name, PersonUpdate, Username,
};
use reqwest::redirect;
use url::Url;

use super::World;
use super::relying_party::challenge;
use crate::sim::kit::Watch;
use crate::sim::kit::site::Site;

/// For this username the connector shows a further form after the callback.
pub const WITH_LUGGAGE: &str = "ravi";
/// The signed-in person is in this header, which replaces the portal's own sign-in page.
const PERSON: &str = "x-person";
const CLIENT_ID: &str = "profiles";

pub struct Ferry {
    site: Site,
    /// The registered redirect URI; set once the world has an address.
    redirect_uri: Arc<OnceLock<String>>,
    http: reqwest::Client,
}

/// Issued codes, each with its username and challenge.
type Codes = Arc<Mutex<HashMap<String, (String, String)>>>;

impl Ferry {
    pub async fn opens() -> Self {
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Codes::default());
        let address = "127.0.0.1:0".parse().unwrap();
        let site = Site::opens(address, None, Watch::default(), router).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            site,
            redirect_uri: Arc::default(),
            http: reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap(),
        }
    }

    /// A world with this connector.
    pub async fn world(&self) -> World {
        let endpoint = HttpEndpoint::of(self.site.origin.parse().unwrap());
        let connector = FerryConnector {
            http: HttpClient::new(FerryConnector::SLUG, &endpoint).unwrap(),
            redirect_uri: Arc::clone(&self.redirect_uri),
        };
        let connectors = ConnectorRegistry::default().with(connector);
        let world = World::plan().with_connectors(connectors).opens().await;
        let callback = format!("{}account/login/ferry/callback/", world.base);
        self.redirect_uri.set(callback).unwrap();
        world
    }

    /// Whether an address belongs to this portal.
    pub fn has(&self, address: &Url) -> bool {
        address.origin().ascii_serialization() == self.site.origin
    }

    /// Signs in at the portal as `person`; returns the callback address.
    pub async fn signs_in(&self, sent: &Url, person: &str) -> Url {
        assert!(self.has(sent), "{sent}");
        let request = self.http.get(sent.clone()).header(PERSON, person);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let location = answer.headers()["location"].to_str().unwrap();
        location.parse().unwrap()
    }

    /// Denies at the portal; returns the callback address.
    pub async fn denies(&self, sent: &Url) -> Url {
        self.signs_in(sent, "").await
    }
}

/// A small authorization endpoint (RFC 6749 §4.1.1).
async fn authorize(
    State(codes): State<Codes>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if query["client_id"] != CLIENT_ID {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut back = Url::parse(&query["redirect_uri"]).unwrap();
    let person = headers[PERSON].to_str().unwrap();
    if person.is_empty() {
        back.query_pairs_mut().append_pair("error", "access_denied");
    } else {
        let code = format!("{:032x}", rand::random::<u128>());
        let entry = (person.to_owned(), query["challenge"].clone());
        codes.lock().unwrap().insert(code.clone(), entry);
        back.query_pairs_mut().append_pair("code", &code);
    }
    back.query_pairs_mut().append_pair("state", &query["state"]);
    Redirect::to(back.as_str()).into_response()
}

/// Exchanges a code and its verifier for the username, once.
async fn token(
    State(codes): State<Codes>,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<String, StatusCode> {
    let found = codes.lock().unwrap().remove(&sent["code"]);
    let (person, entry) = found.ok_or(StatusCode::BAD_REQUEST)?;
    if challenge(&sent["verifier"]) != entry {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(person)
}

struct FerryConnector {
    http: HttpClient,
    redirect_uri: Arc<OnceLock<String>>,
}

/// The state between two steps: no `Debug`, no `Serialize`.
enum FerryState {
    Start,
    AtUpstream { verifier: String },
    Luggage { person: String },
}

impl Connector for FerryConnector {
    const SLUG: &'static str = "ferry";
    const STATELESS_START: bool = true;
    type State = FerryState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "Ferry account",
            hint: None,
        }
    }

    async fn begin(&self, _origin: RequestFacts) -> Result<Step<FerryState>, ConnectorError> {
        let prompt = Prompt {
            heading: "Sign in with the ferry".into(),
            offers_remember_me: true,
            submit: "Go on to the ferry".into(),
            ..Prompt::default()
        };
        Ok(Step::Ask {
            prompt,
            state: FerryState::Start,
        })
    }

    async fn advance(
        &self,
        state: FerryState,
        answers: Answers,
        _origin: RequestFacts,
    ) -> Result<Step<FerryState>, ConnectorError> {
        match state {
            FerryState::Start => {
                let verifier = format!("{:032x}", rand::random::<u128>());
                let mut url = self.http.address("/authorize");
                url.query_pairs_mut()
                    .append_pair("client_id", CLIENT_ID)
                    .append_pair("redirect_uri", self.redirect_uri.get().unwrap())
                    .append_pair("challenge", &challenge(&verifier));
                let state = FerryState::AtUpstream { verifier };
                Ok(Step::Redirect { url, state })
            }
            FerryState::Luggage { person } if answers.text("bags") == "2" => {
                Ok(Step::Done(identity(&person)))
            }
            FerryState::Luggage { person } => Ok(Step::Refused {
                reason: LoginRefusal("Count again.".into()),
                retry: Some((luggage(), FerryState::Luggage { person })),
            }),
            FerryState::AtUpstream { .. } => Err(ConnectorError::Expired),
        }
    }

    async fn resume(
        &self,
        state: FerryState,
        params: CallbackParams,
        _origin: RequestFacts,
    ) -> Result<Step<FerryState>, ConnectorError> {
        let FerryState::AtUpstream { verifier } = state else {
            return Err(ConnectorError::Expired);
        };
        if params.get("error") == Some("access_denied") {
            return Ok(refused("You said no at the ferry."));
        }
        let code = params
            .get("code")
            .ok_or(ConnectorError::ProtocolMismatch("no code"))?;
        let call = self.http.post("/token");
        let call = call.form(&[("code", code), ("verifier", &verifier)]);
        let answer = call.send().await?;
        if answer.status == StatusCode::BAD_REQUEST {
            return Ok(refused("The ferry does not know that code."));
        }
        let person = answer.text().to_string();
        Ok(if person == WITH_LUGGAGE {
            Step::Ask {
                prompt: luggage(),
                state: FerryState::Luggage { person },
            }
        } else {
            Step::Done(identity(&person))
        })
    }
}

fn refused(reason: &'static str) -> Step<FerryState> {
    Step::Refused {
        reason: LoginRefusal(reason.into()),
        retry: None,
    }
}

fn luggage() -> Prompt {
    Prompt {
        heading: "Your luggage".into(),
        inputs: vec![Input::new("bags", InputKind::Text, "Bags", "off")],
        offers_remember_me: true,
        submit: "Go ashore".into(),
        ..Prompt::default()
    }
}

fn identity(person: &str) -> ExternalIdentity {
    let details = PersonUpdate {
        columns: ColumnUpdates {
            first_name: Some(Name::parse("Nandini").unwrap()),
            ..ColumnUpdates::default()
        },
        ..PersonUpdate::default()
    };
    let claims = Claims {
        username: Username::parse(person).unwrap(),
        details,
        fallback_names: None,
        is_authoritative: false,
        is_inferred: false,
        unverified_email: None,
        stable_id: None,
    };
    ExternalIdentity {
        provider: FerryConnector::SLUG,
        subject: person.to_owned(),
        claims: Some(Box::new(claims)),
        epoch: None,
    }
}
