//! Leprechaun's own responses.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router, middleware};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

use super::super::kit::HangUp;
use super::House;
use super::people::{Letter, Person, Reset, redacted, token};

const NO_VERIFIER: &str = "That verifier token isn't there in our DB!";
const NO_EMAIL_TOKEN: &str = "That email token isn't there in the DB!";
const NOT_VERIFIED: &str = "Not verified! Go into your ERP and ensure that you have put your verifier token in one of the secret questions!";
const NO_RESET: &str = "That token doesn't exist in our DB! Check your email once again and ensure you copied the right link";
const NOT_ASSOCIATED: &str = "is not associated with any authenticated person in our DB!";
const NOT_AUTHENTICATED: &str = "OOPS! You are not authenticated. If you would like to use Leprechaun, contact the Metakgp Maintainers. More info at https://wiki.metakgp.org/w/Metakgp:Governance#Current_maintainers";
const NO_SUCH_TYPE: &str = "That input type is not allowed! Allowed input types: roll, email";
const NO_RECORD: &str = "That record doesn't exist in our database!";

const STEP_2: &str = "Leprechaun Authentication, Step 2 - Email Verification";
const RESET: &str = "Leprechaun Reset - Verification";

/// The largest number of requests for the questions of one roll number.
const MOST_CALLS: usize = 30;

pub fn routes(house: House) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/auth", post(begin))
        .route("/verify1/{token}", get(verify_1))
        .route("/verify2/{token}", get(verify_2))
        .route("/reset", get(reset_forms))
        .route("/reset/{key}", post(reset))
        .route("/verify-reset/{token}", get(verify_reset))
        .route("/get/{kind}/{value}", get(look_up))
        .fallback(nowhere)
        .layer(middleware::from_fn(without_slash))
        .with_state(house)
}

/// Redirects an address with a trailing slash to the one without it.
async fn without_slash(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    match path.strip_suffix('/') {
        Some(bare) if !bare.is_empty() && !path.starts_with("/__sim/") => {
            let to = HeaderValue::try_from(bare).unwrap();
            (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response()
        }
        _ => next.run(request).await,
    }
}

async fn nowhere(_asked: Uri) -> Response {
    in_plain_words(StatusCode::NOT_FOUND, "404 page not found")
}

async fn start() -> Html<String> {
    page(
        "Leprechaun",
        "<p>Three steps.</p><form method=\"post\" action=\"/auth\"><input name=\"roll\" required><input name=\"email\" required><button>Go</button></form>",
    )
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    roll: String,
    email: String,
    key: String,
}

async fn begin(State(it): State<House>, Form(typed): Form<Typed>) -> Html<String> {
    let mut state = it.state();
    let complete = |by: fn(&Person) -> &str, value: &str| {
        let mut people = state.people.iter();
        people.any(|person| person.is_complete() && by(person) == value)
    };
    let taken = if complete(|person| &person.roll, &typed.roll) {
        Some("The roll number is already associated with an email.")
    } else if complete(|person| &person.email, &typed.email) {
        Some("The email is already associated with a roll number.")
    } else {
        None
    };
    if let Some(taken) = taken {
        return page(
            "Authentication Flow could not be started!",
            &format!("<p>{taken} <a href=\"/reset\">Reset it</a></p>"),
        );
    }
    let now = state.now();
    let person = Person::new(&typed.roll, &typed.email, now);
    let told = format!(
        "<p>Your verifier: <code>{}</code></p><p><a href=\"{base}/verify1/{link}\">{base}/verify1/{link}</a></p>\
         <p>Open https://erp.iitkgp.ac.in/IIT_ERP3/home.htm, choose Forgot password, and put the verifier into a question.</p>",
        person.verifier,
        base = state.base_link,
        link = person.linksuffix,
    );
    state.people.push(person);
    page("Authentication Flow has begun!", &told)
}

async fn verify_1(State(it): State<House>, Path(link): Path<String>) -> Response {
    let found = {
        let state = it.state();
        let found = state.people.iter().find(|it| it.linksuffix == link);
        found.cloned()
    };
    let Some(person) = found else {
        return text(NO_VERIFIER).into_response();
    };
    if !person.step1complete {
        match questions(&it, &person.roll).await {
            Some(told) if !told.iter().any(|text| text.contains(&person.verifier)) => {
                return text(NOT_VERIFIED).into_response();
            }
            Some(_) => {}
            None => return without_erp(&it),
        }
    }
    let mut state = it.state();
    let (now, base) = (state.now(), state.base_link.clone());
    state.letters.push(letter(
        &person.email,
        STEP_2,
        &format!("{base}/verify2/{}", person.emailtoken),
        now,
    ));
    let before = person
        .step1complete
        .then(|| format!("<p>Completed at {}</p>", rfc822(person.step1completedat)));
    for record in &mut state.people {
        if record.linksuffix == link && !record.step1complete {
            (record.step1complete, record.step1completedat) = (true, now);
        }
    }
    let told = format!(
        "<p>We have sent an email to {}</p>{}",
        escaped(&person.email),
        before.unwrap_or_default()
    );
    page("Step 1 of the Authentication is now complete!", &told).into_response()
}

async fn verify_2(State(it): State<House>, Path(token): Path<String>) -> Html<String> {
    let mut state = it.state();
    let now = state.now();
    let found = state.people.iter_mut().find(|it| it.emailtoken == token);
    let Some(person) = found else {
        return text(NO_EMAIL_TOKEN);
    };
    // On every visit, and whether or not step 1 is complete.
    (person.step2complete, person.step2completedat) = (true, now);
    let told = format!(
        "<p>{}&nbsp;&lt;=&gt;&nbsp;{}</p><p>You may take the verifier out of the question now.</p>",
        escaped(&person.roll),
        escaped(&person.email)
    );
    page("Verification completed!", &told)
}

async fn reset_forms() -> Html<String> {
    let form = |kind: &str| {
        format!(
            "<form method=\"post\" action=\"/reset/{kind}\"><input name=\"key\"><button>Reset</button></form>"
        )
    };
    page("Reset", &format!("{}{}", form("roll"), form("email")))
}

async fn reset(
    State(it): State<House>,
    Path(key): Path<String>,
    Form(typed): Form<Typed>,
) -> Html<String> {
    let mut state = it.state();
    let matches = |person: &&Person| match key.as_str() {
        "roll" => person.roll == typed.key,
        "email" => person.email == typed.key,
        _ => false,
    };
    let complete = state.people.iter().filter(|person| person.is_complete());
    let found = complete.clone().find(matches).cloned();
    let Some(person) = found else {
        return text(&format!("{} {NOT_ASSOCIATED}", escaped(&typed.key)));
    };
    let (now, base, secret) = (state.now(), state.base_link.clone(), token());
    let link = format!("{base}/verify-reset/{secret}");
    state.letters.push(letter(&person.email, RESET, &link, now));
    let told = format!(
        "<p>We have sent an email to {}</p>",
        escaped(&redacted(&person.email))
    );
    state.resets.push(Reset {
        roll: person.roll,
        email: person.email,
        token: secret,
    });
    page("Reset has begun!", &told)
}

async fn verify_reset(State(it): State<House>, Path(token): Path<String>) -> Html<String> {
    let mut state = it.state();
    let found = state.resets.iter().find(|it| it.token == token).cloned();
    let Some(Reset { roll, email, .. }) = found else {
        return text(NO_RESET);
    };
    state
        .people
        .retain(|it| it.roll != roll && it.email != email);
    state
        .resets
        .retain(|it| it.roll != roll && it.email != email);
    let told = format!("<p>{} {}</p>", escaped(&roll), escaped(&email));
    page("Reset Completed!", &told)
}

async fn look_up(
    State(it): State<House>,
    Path((kind, value)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let state = it.state();
    let header = headers.get(header::AUTHORIZATION);
    let said = header.map(HeaderValue::as_bytes).unwrap_or_default();
    if said != state.auth_token.as_bytes() {
        return in_plain_words(StatusCode::UNAUTHORIZED, NOT_AUTHENTICATED);
    }
    let by: fn(&Person) -> &str = match kind.as_str() {
        "roll" => |person| &person.roll,
        "email" => |person| &person.email,
        _ => return in_plain_words(StatusCode::UNAUTHORIZED, NO_SUCH_TYPE),
    };
    let mut people = state.people.iter();
    let Some(person) = people.find(|it| it.is_complete() && by(it) == value) else {
        return in_plain_words(StatusCode::NOT_FOUND, NO_RECORD);
    };
    let body = format!(
        r#"{{"authenticated":{},"email":{},"roll":{}}}"#,
        quoted(&person.step2completedat.format(&Rfc3339).unwrap()),
        quoted(&person.email),
        quoted(&person.roll)
    );
    (
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}

/// Fetches ERP's questions: thirty requests at once, until three different texts are there. `None` if
/// one fails.
async fn questions(it: &House, roll: &str) -> Option<Vec<String>> {
    let address = format!("{}/SSOAdministration/getSecurityQues.htm", it.state().erp);
    let mut calls = JoinSet::new();
    for _ in 0..MOST_CALLS {
        let asked = it.http.post(&address).form(&[("user_id", roll)]);
        calls.spawn(async move { asked.send().await?.error_for_status()?.text().await });
    }
    let mut told: Vec<String> = Vec::new();
    while let Some(answer) = calls.join_next().await {
        let text = answer.ok()?.ok()?;
        if !told.contains(&text) {
            told.push(text);
        }
        if told.len() == 3 {
            break;
        }
    }
    Some(told)
}

fn without_erp(it: &House) -> Response {
    let mut answer = in_plain_words(StatusCode::BAD_GATEWAY, "The ERP does not answer");
    if it.state().crash_like_original {
        answer.extensions_mut().insert(HangUp);
    }
    answer
}

fn letter(to: &str, subject: &'static str, link: &str, at: OffsetDateTime) -> Letter {
    let text = format!("Please visit this URL in a web browser: {link}");
    Letter {
        to: to.to_owned(),
        from: "Leprechaun <leprechaun@metakgp.example>",
        subject,
        html: text.clone(),
        text,
        at,
    }
}

fn page(heading: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html><body><h1>{heading}</h1>{body}</body></html>"
    ))
}

fn text(words: &str) -> Html<String> {
    Html(words.to_owned())
}

fn in_plain_words(status: StatusCode, words: &str) -> Response {
    let nosniff = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, nosniff, format!("{words}\n")).into_response()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&#34;")
}

/// As `04 Jan 18 13:12 UTC`.
fn rfc822(at: OffsetDateTime) -> String {
    let shape = time::macros::format_description!(
        "[day] [month repr:short] [year repr:last_two] [hour]:[minute] UTC"
    );
    at.format(&shape).unwrap()
}
