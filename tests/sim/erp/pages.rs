//! ERP's own responses.

use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router, middleware};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::House;
use super::knobs::{OtpError, SuccessStyle};
use super::people::Person;
use super::state::Posted;

const LOGIN: &str = "/SSOAdministration/login.htm";
const LOGOUT: &str = "/SSOAdministration/logout.htm";
const LOGGED_OUT: &str = "/SSOAdministration/logoutmsg.htm";
const SUCCESS: &str = "/SSOAdministration/success.htm?reqType=REMOTE";
const OTP: &str = "/SSOAdministration/getEmilOTP.htm";
const AUTH: &str = "/SSOAdministration/auth.htm";

const ANSWER_MISMATCH: &str = "Unable to send OTP due to security question's answare mismatch .";
const PASSWORD_MISMATCH: &str = "Unable to send OTP due to password mismatch.";
const OTP_SENT: &str = "An OTP(valid for a short time) has been sent to your email id registered with ERP, IIT Kharagpur. Please use that OTP for further processing. ";
const ANSWER_EMPTY: &str =
    "Unable to send OTP. Make sure answare of the security question has been provided.";
const OTP_MISMATCH: &str = "ERROR:Email OTP mismatch";
const DENIED: &str =
    "You may not have access to this page. Direct access to any URL is restricted.";

pub fn routes(house: House) -> Router {
    let slowly = middleware::from_fn_with_state(house.clone(), slowly);
    Router::new()
        .route("/IIT_ERP3", get(async || found("/IIT_ERP3/")))
        .route("/IIT_ERP3/", get(portal))
        .route("/IIT_ERP3/home.htm", get(portal))
        .route("/IIT_ERP3/welcome.jsp", get(welcome))
        .route("/IIT_ERP3/keepAlive.htm", get(keep_alive))
        .route("/IIT_ERP3/logout.htm", get(log_out))
        .route(LOGIN, get(login))
        .route("/SSOAdministration/getSecurityQues.htm", post(question))
        .route(OTP, post(send_code))
        .route(AUTH, post(sign_in))
        .route("/SSOAdministration/success.htm", get(success))
        .route(
            "/SSOAdministration/clearAllSessions.htm",
            post(clear_sessions),
        )
        .route(LOGOUT, get(log_out))
        .route(LOGGED_OUT, get(logged_out))
        .route("/Acad/student/view_stud_time_table.jsp", post(time_table))
        .route_layer(slowly)
        .with_state(house)
}

async fn slowly(State(it): State<House>, request: Request, next: Next) -> Response {
    let latency = it.state().knobs.latency_ms;
    tokio::time::sleep(Duration::from_millis(latency)).await;
    next.run(request).await
}

/// The fields of the sign-in form; missing fields are empty.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields {
    user_id: String,
    password: String,
    answer: String,
    typeee: String,
    #[serde(rename = "sessionToken")]
    session_token: String,
    #[serde(rename = "requestedUrl")]
    requested_url: String,
    email_otp: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    #[serde(rename = "ssoToken")]
    sso_token: String,
    #[serde(rename = "sessionToken")]
    session_token: String,
    #[serde(rename = "requestedUrl")]
    requested_url: String,
    #[serde(rename = "reqType")]
    request_type: String,
}

/// `GET /IIT_ERP3/` and its aliases.
async fn portal(
    State(it): State<House>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let mut state = it.state();
    let cookie = cookie(&headers, "ssoToken");
    let value = asked.sso_token;
    if !value.is_empty() {
        let is_good = state.token(&value).is_some_and(|token| {
            // The first request with a token spends it; later ones also need its cookie.
            !token.spent || cookie.as_deref() == Some(&value)
        });
        if !is_good {
            return found(LOGOUT);
        }
        let person = state.touch(&value).unwrap();
        if let Some(token) = state.tokens.get_mut(&value) {
            token.spent = true;
        }
        let session = state.erp_session();
        let cookies = [
            format!("ssoToken={value}; Path=/"),
            format!("JSID_IIT_ERP3={session}; Path=/"),
        ];
        return with_cookies(home(&person), &cookies);
    }
    if let Some(person) = cookie.and_then(|value| state.touch(&value)) {
        return home(&person);
    }
    let session = state.erp_session();
    drop(state);
    let wanted = encoded(&it.portal(&headers));
    let to = format!(
        "{}{LOGIN}?sessionToken={session}&requestedUrl={wanted}",
        it.origin(&headers)
    );
    with_cookies(
        found(&to),
        &[format!("JSESSIONID={session}; Path=/IIT_ERP3")],
    )
}

/// `GET /IIT_ERP3/welcome.jsp`: exists only for signed-out people, by which clients check their session.
async fn welcome(house: State<House>, asked: Query<Asked>, headers: HeaderMap) -> Response {
    let length = {
        let state = house.state();
        let live = cookie(&headers, "ssoToken").is_some_and(|value| state.token(&value).is_some());
        live.then_some(state.knobs.alive_len)
    };
    match length {
        Some(length) => {
            let page = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404</title></head><body><h1>HTTP Status 404</h1></body></html>";
            (StatusCode::NOT_FOUND, Html(format!("{page:length$}"))).into_response()
        }
        None => portal(house, asked, headers).await,
    }
}

async fn keep_alive(State(it): State<House>, headers: HeaderMap) -> Response {
    let touched = cookie(&headers, "ssoToken").and_then(|value| it.state().touch(&value));
    match touched {
        Some(_) => StatusCode::OK.into_response(),
        None => found(LOGGED_OUT),
    }
}

/// `GET login.htm`
async fn login(
    State(it): State<House>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let mut state = it.state();
    let (id, is_new) = state.sso_session(cookie(&headers, "JSESSIONID").as_deref());
    let mut hidden = asked.session_token;
    if state.knobs.rotate {
        state.erp_sessions.remove(&hidden);
        hidden = state.erp_session();
    }
    if let Some(session) = state.sso_sessions.get_mut(&id) {
        session.opened_with = Some(hidden.clone()).filter(|token| !token.is_empty());
    }
    let page = Html(form(&hidden, &asked.requested_url)).into_response();
    with_session(page, is_new.then_some(id))
}

/// `POST getSecurityQues.htm`
async fn question(
    State(it): State<House>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let mut state = it.state();
    let (id, is_new) = state.sso_session(cookie(&headers, "JSESSIONID").as_deref());
    let question = state.question(&fields.user_id, &id);
    let times = state.knobs.encode_question;
    let text = question.map_or_else(
        || "FALSE".to_owned(),
        |question| (0..times).fold(question, |text, _| encoded(&text)),
    );
    let answer = ([(header::CONTENT_TYPE, "text/plain;charset=UTF-8")], text);
    with_session(answer.into_response(), is_new.then_some(id))
}

/// `POST getEmilOTP.htm`
async fn send_code(
    State(it): State<House>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let mut state = it.state();
    note(&mut state, OTP, &fields);
    let session = cookie(&headers, "JSESSIONID");
    let is_answer = state.is_answer(&fields.user_id, session.as_deref(), &fields.answer);
    let is_password = state
        .person(&fields.user_id)
        .is_some_and(|it| it.password == fields.password);
    let msg = if fields.answer.is_empty() {
        ANSWER_EMPTY
    } else if !is_answer {
        ANSWER_MISMATCH
    } else if !is_password {
        PASSWORD_MISMATCH
    } else {
        state.send_code(&fields.user_id);
        OTP_SENT
    };
    let media_type = HeaderValue::try_from(&state.knobs.otp_content_type).unwrap();
    (
        [(header::CONTENT_TYPE, media_type)],
        json!({ "msg": msg }).to_string(),
    )
        .into_response()
}

/// `POST auth.htm`
async fn sign_in(
    State(it): State<House>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let mut state = it.state();
    note(&mut state, AUTH, &fields);
    let (id, is_new) = state.sso_session(cookie(&headers, "JSESSIONID").as_deref());
    let roll = fields.user_id.as_str();
    let session = Some(id.as_str()).filter(|_| !is_new);
    let is_answer = state.is_answer(roll, session, &fields.answer);
    let is_password = state
        .person(roll)
        .is_some_and(|it| it.password == fields.password);
    let token = &fields.session_token;
    let is_known = state.erp_sessions.contains(token) || state.sso_sessions.contains_key(token);
    if !is_answer || !is_password || (state.knobs.strict_session_token && !is_known) {
        let page = Html(form(token, &fields.requested_url)).into_response();
        return with_session(page, is_new.then_some(id));
    }
    if state.knobs.otp_required && !state.is_code(roll, &fields.email_otp) {
        return match state.knobs.otp_error {
            OtpError::Bare => OTP_MISMATCH.into_response(),
            OtpError::Page => page(
                "Sign In",
                &format!("<div id=\"error\">{OTP_MISMATCH}</div>"),
            ),
        };
    }
    if state.knobs.single_session && state.is_in(roll) {
        return page(
            "Sign In",
            "<p>Your previous session is still active. Do you want to end it?</p>",
        );
    }
    state.use_code(roll);
    let value = state.make_token(roll, &id);
    let wanted = it.requested(&headers, &fields.requested_url);
    let style = state.knobs.success_style;
    if let Some(session) = state.sso_sessions.get_mut(&id) {
        session.pending = Some((value.clone(), wanted));
    }
    let answer = match style {
        SuccessStyle::Http => found(SUCCESS),
        SuccessStyle::Js => page(
            "Sign In",
            &format!("<script>location.href=\"/IIT_ERP3/?ssoToken={value}\"</script>"),
        ),
    };
    with_session(answer, is_new.then_some(id))
}

/// `GET success.htm`
async fn success(
    State(it): State<House>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let mut state = it.state();
    let foreign = state.knobs.foreign_redirect.clone();
    let session = cookie(&headers, "JSESSIONID").filter(|_| asked.request_type == "REMOTE");
    let session = session.and_then(|id| state.sso_sessions.get_mut(&id));
    let Some((value, wanted)) = session.and_then(|session| session.pending.take()) else {
        return found(LOGIN);
    };
    let wanted = if foreign.is_empty() { wanted } else { foreign };
    let to = format!("{wanted}?ssoToken={value}");
    with_cookies(found(&to), &[format!("ssoToken={value}; Path=/")])
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Whose {
    user_code: String,
}

/// `POST clearAllSessions.htm`
async fn clear_sessions(State(it): State<House>, Form(whose): Form<Whose>) -> &'static str {
    it.state()
        .tokens
        .retain(|_, token| token.roll != whose.user_code);
    "OK"
}

/// Both logout addresses.
async fn log_out(State(it): State<House>, headers: HeaderMap) -> Response {
    let mut state = it.state();
    if let Some(value) = cookie(&headers, "ssoToken") {
        state.tokens.remove(&value);
    }
    if let Some(session) = cookie(&headers, "JSESSIONID") {
        state.erp_sessions.remove(&session);
        state.sso_sessions.remove(&session);
    }
    found(LOGGED_OUT)
}

async fn logged_out() -> Response {
    page("Logout", "<p>You have been logged out</p>")
}

/// A page for signed-in people only.
async fn time_table(
    State(it): State<House>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let given = Some(asked.sso_token).filter(|value| !value.is_empty());
    let value = given.or_else(|| cookie(&headers, "ssoToken"));
    match value.and_then(|value| it.state().touch(&value)) {
        Some(person) => page(
            "Time Table",
            &format!("<table><tr><td>{}</td></tr></table>", text(&person.roll)),
        ),
        None => page("ERP", DENIED),
    }
}

impl House {
    fn origin(&self, headers: &HeaderMap) -> String {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        format!("{}://{}", self.scheme, host.unwrap_or_default())
    }

    fn portal(&self, headers: &HeaderMap) -> String {
        format!("{}/IIT_ERP3/", self.origin(headers))
    }

    /// The requested URL, if it is on this server; anything else would be an open redirect.
    fn requested(&self, headers: &HeaderMap, wanted: &str) -> String {
        let portal = self.portal(headers);
        if wanted.starts_with(&portal) {
            wanted.to_owned()
        } else {
            portal
        }
    }
}

fn note(state: &mut super::State, path: &'static str, fields: &Fields) {
    state.posted.push(Posted {
        path,
        user_id: fields.user_id.clone(),
        typeee: fields.typeee.clone(),
        requested_url: fields.requested_url.clone(),
    });
}

fn found(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

fn with_cookies(mut answer: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        let value = HeaderValue::try_from(cookie).unwrap();
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
    answer
}

fn with_session(answer: Response, new: Option<String>) -> Response {
    match new {
        Some(id) => with_cookies(
            answer,
            &[format!("JSESSIONID={id}; Path=/SSOAdministration")],
        ),
        None => answer,
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

fn text(value: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;");
    value.replace('>', "&gt;").replace('"', "&quot;")
}

fn page(title: &str, body: &str) -> Response {
    let title = text(title);
    Html(format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{body}</body></html>"
    ))
    .into_response()
}

/// The portal of a signed-in person.
fn home(person: &Person) -> Response {
    let title = format!("Welcome {} to ERP, IIT Kharagpur", person.name);
    page(
        &title,
        "<a href=\"getModules.htm\">Modules</a> <a href=\"showmenu.htm\">Menu</a> <a href=\"logout.htm\">logout</a>",
    )
}

/// The sign-in form.
fn form(session_token: &str, requested_url: &str) -> String {
    let (session_token, requested_url) = (text(session_token), text(requested_url));
    let script = form_script();
    format!(
        r#"<!DOCTYPE html>
<html>
<head><title>Sign In to ERP Portal of IIT Kharagpur</title></head>
<body>
<form id="loginForm" name="loginForm" method="post" action="auth.htm">
  <input type="text" id="user_id" name="user_id" placeholder="Stakeholder Code/Login ID">
  <input type="password" id="password" name="password" placeholder="Password">
  <div id="answer_div" style="display:none">
    <label id="question"></label>
    <input type="password" id="answer" name="answer">
  </div>
  <button type="button" id="getotp" onclick='getEmailOTP("SI")'>Send OTP</button>
  <input type="text" id="email_otp1" name="email_otp">
  <input type="hidden" id="typeee" name="typeee" value="SI">
  <input type="hidden" id="sessionToken" name="sessionToken" value="{session_token}">
  <input type="hidden" id="requestedUrl" name="requestedUrl" value="{requested_url}">
  <input type="submit" id="loginFormSubmitButton" value="Sign In">
</form>
<script>{script}</script>
</body>
</html>
"#
    )
}

/// The page's script, so that the form works in a browser.
fn form_script() -> &'static str {
    r#"
const id = name => document.getElementById(name);
const post = (path, fields) => fetch(path, {method: "POST", body: new URLSearchParams(fields)});
id("user_id").onblur = async () => {
  const text = await (await post("getSecurityQues.htm", {user_id: id("user_id").value})).text();
  if (text.includes("FALSE")) return;
  id("question").textContent = text;
  id("answer_div").style.display = "block";
};
async function getEmailOTP(typeee) {
  const fields = Object.fromEntries(new FormData(id("loginForm")));
  alert((await (await post("getEmilOTP.htm", {...fields, typeee})).json()).msg);
}"#
}
