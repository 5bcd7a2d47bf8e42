//! Control routes below `/__sim/`, for tests and the demo. The real ERP has none of them.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use super::super::kit::requests::Asked;
use super::House;
use super::knobs::Knobs;
use super::people::Person;
use super::state::Letter;

pub fn routes(house: House) -> Router {
    Router::new()
        .route("/__sim/outbox", get(outbox))
        .route("/__sim/requests", get(requests))
        .route("/__sim/reset", post(reset))
        .route("/__sim/config", post(turn))
        .route("/__sim/questions", post(questions))
        .route("/__sim/users", post(change))
        .with_state(house)
}

#[derive(Deserialize)]
struct Whose {
    roll: Option<String>,
}

async fn outbox(State(it): State<House>, Query(whose): Query<Whose>) -> Json<Vec<Letter>> {
    Json(it.state().letters(whose.roll.as_deref()))
}

async fn requests(State(it): State<House>) -> Json<Vec<Asked>> {
    Json(it.watch.requests.all())
}

async fn reset(State(it): State<House>) -> StatusCode {
    *it.state() = super::State::default();
    it.watch.requests.forget();
    it.watch.faults.mend();
    StatusCode::NO_CONTENT
}

/// Sets the named knobs and returns all of them.
async fn turn(
    State(it): State<House>,
    Json(named): Json<Value>,
) -> Result<Json<Knobs>, (StatusCode, String)> {
    let wrong = |why: &dyn ToString| (StatusCode::BAD_REQUEST, why.to_string());
    let mut state = it.state();
    let mut all = serde_json::to_value(&state.knobs).unwrap();
    let Value::Object(named) = named else {
        return Err(wrong(&"an object of knobs"));
    };
    all.as_object_mut().unwrap().extend(named);
    let knobs: Knobs = serde_json::from_value(all).map_err(|why| wrong(&why))?;
    it.watch.faults.mend();
    for (path, fault) in knobs.fail.iter().filter(|(_, fault)| *fault != "none") {
        let fault = fault
            .parse()
            .map_err(|()| wrong(&format!("no such fault: {fault}")))?;
        it.watch.faults.set(path, fault);
    }
    state.knobs = knobs.clone();
    Ok(Json(knobs))
}

#[derive(Deserialize)]
struct Questions {
    roll: String,
    questions: [(String, String); 3],
}

async fn questions(State(it): State<House>, Json(new): Json<Questions>) -> StatusCode {
    match it.state().people.get_mut(&new.roll) {
        Some(person) => person.questions = new.questions,
        None => return StatusCode::NOT_FOUND,
    }
    StatusCode::NO_CONTENT
}

async fn change(State(it): State<House>, Json(person): Json<Person>) -> StatusCode {
    it.state().people.insert(person.roll.clone(), person);
    StatusCode::NO_CONTENT
}
