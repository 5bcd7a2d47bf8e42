//! Control routes below `/__sim/`, for tests and the demo. The real Leprechaun has none of them.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::House;
use super::people::{Letter, Person};

pub fn routes(house: House) -> Router {
    Router::new()
        .route("/__sim/outbox", get(outbox))
        .route("/__sim/people", get(people).post(add))
        .route("/__sim/reset-all", post(reset_all))
        .with_state(house)
}

#[derive(Deserialize)]
struct Whose {
    to: Option<String>,
}

async fn outbox(State(it): State<House>, Query(whose): Query<Whose>) -> Json<Vec<Letter>> {
    let mut letters = it.state().letters.clone();
    letters.retain(|letter| whose.to.as_ref().is_none_or(|to| letter.to == *to));
    Json(letters)
}

async fn people(State(it): State<House>) -> Json<Vec<Person>> {
    Json(it.state().people.clone())
}

async fn add(State(it): State<House>, Json(person): Json<Person>) -> StatusCode {
    it.state().people.push(person);
    StatusCode::NO_CONTENT
}

async fn reset_all(State(it): State<House>) -> StatusCode {
    let mut state = it.state();
    state.people.clear();
    state.resets.clear();
    state.letters.clear();
    it.watch.requests.forget();
    it.watch.faults.mend();
    StatusCode::NO_CONTENT
}
