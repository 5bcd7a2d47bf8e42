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

/// What the handlers need.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub web: Web,
    pub db: Db,
    pub tokens: token::Feature,
    pub access_log: AccessLog,
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

/// `GET /user/api/user/`
async fn read_person(
    State(feature): State<Feature>,
    Bearer(access): Bearer<{ Scope::Basic as usize }>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut response = read(&feature, &access, &query.unwrap_or_default());
    set_no_store(&mut response);
    let headers = response.headers_mut();
    headers.insert(
        header::ALLOW,
        HeaderValue::from_static("GET, HEAD, OPTIONS"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Authorization"));
    response
        .extensions_mut()
        .insert(AllowedOrigins(access.origins));
    response
}

fn read(feature: &Feature, access: &AccessToken, query: &str) -> Response {
    // The last `fields` counts, as in the original.
    let params = url::form_urlencoded::parse(query.as_bytes());
    let list = params.filter(|(name, _)| name == "fields").last();
    let list = list.map(|(_, list)| list.into_owned()).unwrap_or_default();
    match scope::parse_fields(&list) {
        FieldsParam::Fields(requested) => {
            let fields = view::visible_fields(access.access, requested);
            if feature
                .access_log
                .record(access.person.id, access.app, fields)
                .is_err()
            {
                return ApiError::unavailable().into_response();
            }
            Json(view::person_json(
                &access.person,
                fields,
                feature.web.links(),
            ))
            .into_response()
        }
        FieldsParam::Unknown(names) => {
            let detail = format!("fields ({}) not found", names.join(", "));
            ApiError::new(StatusCode::BAD_REQUEST, detail).into_response()
        }
    }
}

/// `GET /user/api/`
async fn index(State(feature): State<Feature>) -> Response {
    let links = feature.web.links();
    Json(json!({ "user": links.absolute(&links.user_api()) })).into_response()
}

/// `GET /api/openapi.json`
async fn describe(State(feature): State<Feature>) -> Response {
    let mut response = Json(openapi::document(feature.web.links())).into_response();
    let any_origin = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any_origin);
    response
}

async fn preflight(
    State(feature): State<Feature>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(clients::preflight(&feature.db, &headers, METHODS).await?)
}

async fn not_allowed(method: Method) -> Response {
    let detail = format!("Method \"{method}\" not allowed.");
    let mut response = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    let methods = HeaderValue::from_static(METHODS);
    response.headers_mut().insert(header::ALLOW, methods);
    response
}
