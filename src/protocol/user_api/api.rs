//! `GET /user/api/user/` and `/api/openapi.json`.

use axum::extract::{FromRef, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{openapi, view};
use crate::platform::db::Db;
use crate::platform::web::{AllowedOrigins, ApiError, Web, allow_registered_origins, set_no_store};
use crate::protocol::access_log::AccessLog;
use crate::protocol::scope::{FieldsParam, Scope};
use crate::protocol::token::{AccessToken, Bearer};
use crate::protocol::{clients, scope, token};

const METHODS: &str = "GET, HEAD, OPTIONS";

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub web: Web,
    pub db: Db,
    pub tokens: token::Feature,
    pub ledger: AccessLog,
}

pub fn routes(feature: Feature) -> Router {
    let user = get(read_person).options(preflight).fallback(not_allowed);
    Router::new()
        .route("/user/api/user", user)
        .layer(middleware::from_fn(allow_registered_origins))
        .route("/user/api", get(index))
        .route("/api/openapi.json", get(describe))
        .with_state(feature)
}

async fn read_person(
    State(it): State<Feature>,
    Bearer(access): Bearer<{ Scope::Basic as usize }>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut answer = show(&it, &access, &query.unwrap_or_default());
    set_no_store(&mut answer);
    let headers = answer.headers_mut();
    headers.insert(
        header::ALLOW,
        HeaderValue::from_static("GET, HEAD, OPTIONS"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    answer
        .extensions_mut()
        .insert(AllowedOrigins(access.origins));
    answer
}

fn show(it: &Feature, access: &AccessToken, query: &str) -> Response {
    // The last one counts, as in the original.
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let list = pairs.filter(|(name, _)| name == "fields").last();
    let list = list.map(|(_, list)| list.into_owned()).unwrap_or_default();
    match scope::asked(&list) {
        FieldsParam::Fields(asked) => {
            let shown = view::shown(access.share, asked);
            if it.ledger.note(access.person.id, access.app, shown).is_err() {
                return ApiError::unavailable().into_response();
            }
            Json(view::view(&access.person, shown, it.web.links())).into_response()
        }
        FieldsParam::Unknown(names) => {
            let detail = format!("fields ({}) not found", names.join(", "));
            ApiError::new(StatusCode::BAD_REQUEST, detail).into_response()
        }
    }
}

async fn index(State(it): State<Feature>) -> Response {
    let links = it.web.links();
    Json(json!({ "user": links.absolute(&links.user_api()) })).into_response()
}

async fn describe(State(it): State<Feature>) -> Response {
    let mut answer = Json(openapi::document(it.web.links())).into_response();
    let anyone = HeaderValue::from_static("*");
    answer
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    answer
}

async fn preflight(State(it): State<Feature>, asked: HeaderMap) -> Result<Response, ApiError> {
    Ok(clients::preflight(&it.db, &asked, METHODS).await?)
}

async fn not_allowed(method: Method) -> Response {
    let detail = format!("Method \"{method}\" not allowed.");
    let mut answer = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    let allowed = HeaderValue::from_static(METHODS);
    answer.headers_mut().insert(header::ALLOW, allowed);
    answer
}
