//! The control routes below `/__sim/`.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Inner, PREFIX, Portal};

#[derive(Deserialize)]
pub(super) struct Hidden {
    hidden: String,
}

pub(super) async fn captcha(
    State(portal): State<Portal>,
    Query(asked): Query<Hidden>,
) -> Result<String, StatusCode> {
    portal.letters(&asked.hidden).ok_or(StatusCode::NOT_FOUND)
}

pub(super) async fn config(
    State(portal): State<Portal>,
    Json(knobs): Json<Value>,
) -> Result<StatusCode, (StatusCode, String)> {
    let turned = turn(&portal, &knobs).map(|()| StatusCode::NO_CONTENT);
    turned.map_err(|why| (StatusCode::BAD_REQUEST, why))
}

pub(super) async fn reset(State(portal): State<Portal>) -> StatusCode {
    *portal.inner.lock().unwrap() = Inner::new();
    portal.watch.faults.mend();
    portal.watch.requests.forget();
    StatusCode::NO_CONTENT
}

pub(super) async fn requests(State(portal): State<Portal>) -> Json<Value> {
    Json(json!({ "requests": portal.watch.requests.all(), "opened": portal.opened() }))
}

/// Sets all of the knobs, or none if one is invalid.
pub(super) fn turn(portal: &Portal, knobs: &Value) -> Result<(), String> {
    let mut asked = knobs.as_object().cloned().ok_or("must be an object")?;
    let mut faults = Vec::new();
    if let Some(fail) = asked.remove("fail") {
        for (path, fault) in fail.as_object().ok_or("fail must be an object")? {
            let fault = fault.as_str().and_then(|it| it.parse().ok());
            faults.push((format!("{PREFIX}{path}"), fault.ok_or("no such fault")?));
        }
    }
    let mut inner = portal.inner.lock().unwrap();
    let mut turned = serde_json::to_value(&inner.knobs).map_err(|why| why.to_string())?;
    turned.as_object_mut().ok_or("no object")?.extend(asked);
    inner.knobs = serde_json::from_value(turned).map_err(|why| why.to_string())?;
    for (path, fault) in faults {
        portal.watch.faults.set(&path, fault);
    }
    Ok(())
}
