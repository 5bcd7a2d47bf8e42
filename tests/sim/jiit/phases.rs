//! The captcha and the two phases of a sign-in.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::knobs::{CaptchaMode, RandomOnFailure, WrongPassword};
use super::members::Member;
use super::{
    Asked, Captcha, Inner, Instead, Opened, Random, captcha as picture, envelope, failure,
    framework_error, success, today, tokens,
};

const CAPTCHA_LIVES_FOR: Duration = Duration::seconds(120);
const RANDOM_LIVES_FOR: Duration = Duration::seconds(300);
/// After this many wrong passwords the first phase must be repeated.
const MOST_WRONG: u8 = 3;
const NO: &str = "Invalid Login Credential!";
/// The pair that clients have sent since 2024.
const LEGACY: (&str, &str) = ("phw5n", "gmBctEffdSg=");

pub(super) fn captcha(inner: &mut Inner, now: OffsetDateTime) -> Response {
    let hidden = STANDARD.encode(rand::random::<[u8; 8]>());
    let letters = picture::letters();
    let image = STANDARD.encode(picture::draw(&letters));
    let answer = json!({ "captcha": { "captcha": "", "hidden": hidden, "image": image } });
    inner
        .captchas
        .retain(|_, it| now < it.made_at + CAPTCHA_LIVES_FOR);
    inner.newest_captcha.clone_from(&hidden);
    let made = [&hidden, &letters].map(Clone::clone);
    inner.secrets.made.extend(made);
    let made_at = now;
    inner.captchas.insert(hidden, Captcha { letters, made_at });
    success(&answer)
}

pub(super) fn pre_token(inner: &mut Inner, asked: &Asked) -> Response {
    let members = match read(inner, asked) {
        Ok(members) => members,
        Err(answer) => return *answer,
    };
    let text = |name: &str| {
        members
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let captcha = |name: &str| {
        let captcha = members.get("captcha").and_then(|it| it.get(name));
        captcha.and_then(Value::as_str).unwrap_or_default()
    };
    if !is_read(inner, captcha("captcha"), captcha("hidden"), asked.now) {
        return failure(StatusCode::NOT_FOUND, "Invalid captcha submitted..");
    }
    let (username, user_type) = (text("username"), text("usertype"));
    if user_type == "S" && !inner.knobs.student_password_login {
        return failure(StatusCode::NOT_FOUND, NO);
    }
    let member = find(inner, username).filter(|it| it.user_type == user_type);
    let Some(member) = member.cloned() else {
        return failure(StatusCode::NOT_FOUND, NO);
    };
    let random = uuid::Uuid::from_bytes(rand::random()).to_string();
    let made = Random {
        username: member.enrollment.clone(),
        made_at: asked.now,
        wrong_passwords: 0,
    };
    inner.randoms.insert(random.clone(), made);
    inner.secrets.made.push(random.clone());
    success(&json!({
        "random": random,
        "otppwd": member.otppwd,
        "username": member.enrollment,
        "rejectedData": "",
    }))
}

pub(super) fn token(inner: &mut Inner, asked: &Asked) -> Response {
    let members = match read(inner, asked) {
        Ok(members) => members,
        Err(answer) => return *answer,
    };
    let text = |name: &str| {
        members
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (random, username) = (text("random"), text("username"));
    let is_linked = inner
        .randoms
        .get(random)
        .is_some_and(|it| it.username == username && asked.now < it.made_at + RANDOM_LIVES_FOR);
    let member = find(inner, username).cloned();
    let Some(member) = member.filter(|it| {
        is_linked
            && it.otppwd == text("otppwd")
            && text("Modulename") == "STUDENTMODULE"
            && !members.contains_key("rejectedData")
    }) else {
        return failure(StatusCode::NOT_FOUND, NO);
    };
    if text("passwordotpvalue") != member.password {
        return wrong_password(inner, random);
    }
    inner.randoms.remove(random);
    signed_in(inner, &member, asked.now)
}

fn wrong_password(inner: &mut Inner, random: &str) -> Response {
    if let Some(it) = inner.randoms.get_mut(random) {
        it.wrong_passwords += 1;
        let is_burnt = inner.knobs.random_on_failure == RandomOnFailure::Burn;
        if is_burnt || it.wrong_passwords >= MOST_WRONG {
            inner.randoms.remove(random);
        }
    }
    match inner.knobs.wrong_password {
        WrongPassword::NotFound => failure(StatusCode::NOT_FOUND, "Invalid Password"),
        WrongPassword::ExpectationFailed => {
            failure(StatusCode::EXPECTATION_FAILED, "Invalid Password")
        }
        WrongPassword::Empty => StatusCode::OK.into_response(),
    }
}

fn signed_in(inner: &mut Inner, member: &Member, now: OffsetDateTime) -> Response {
    let token = tokens::make(inner, member, now);
    let said = inner.knobs.say_enrollment.as_ref();
    let mut regdata = json!({
        "name": member.name,
        "enrollmentno": said.unwrap_or(&member.enrollment),
        "memberid": member.member_id,
        "userid": member.user_id,
        "clientid": "JAYPEE",
        "membertype": member.user_type,
        "institutelist": [
            { "label": member.institute_label, "value": member.institute_value },
        ],
        "institutename": "Jaypee Institute of a Made-up Town",
        "companyid": "COMP000001",
        "token": token,
        "userDOB": "2004-02-01",
        "expiredpassword": if member.has_expired_password { "Y" } else { "N" },
        "bypass": "N",
        "lastvisitdate": "20/11/2026 10:00",
        "marqueeList": [],
    });
    if inner.knobs.omit_enrollment {
        regdata.as_object_mut().unwrap().remove("enrollmentno");
    }
    success(&json!({ "regdata": regdata, "OTP": "N", "clientidforlink": "JAYPEE" }))
}

/// The members of an encrypted body, or the response to an unreadable one.
fn read(inner: &mut Inner, asked: &Asked) -> Result<Map<String, Value>, Instead> {
    let media_type = asked.headers.get(header::CONTENT_TYPE);
    let media_type = media_type.map(|it| it.to_str().unwrap_or_default());
    let is_json = media_type.is_none_or(|it| it.starts_with("application/json"));
    if inner.knobs.strict_ct && !is_json {
        return Err(Box::new(StatusCode::OK.into_response()));
    }
    let body = std::str::from_utf8(&asked.body).unwrap_or_default();
    let unquoted = body.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let sealed = match unquoted {
        Some(_) if !inner.knobs.accept_quoted => {
            let exception = "org.springframework.http.converter.HttpMessageNotReadableException";
            return Err(Box::new(framework_error(
                asked,
                StatusCode::BAD_REQUEST,
                exception,
            )));
        }
        unquoted => unquoted.unwrap_or(body),
    };
    inner.secrets.sealed_bodies.push(sealed.to_owned());
    let Some(plain) = envelope::open(today(asked.now), sealed) else {
        return Err(Box::new(StatusCode::OK.into_response()));
    };
    let read: Result<Map<String, Value>, _> = serde_json::from_slice(&plain);
    let Ok(members) = read else {
        let error = "Inavlid Input Supplied (@BODY)";
        return Err(Box::new(failure(StatusCode::NOT_FOUND, error)));
    };
    inner.opened.push(Opened {
        path: asked.path.clone(),
        members: members.keys().cloned().collect(),
    });
    Ok(members)
}

/// Whether the captcha's text is right. Each captcha can be tried once.
fn is_read(inner: &mut Inner, letters: &str, hidden: &str, now: OffsetDateTime) -> bool {
    match inner.knobs.captcha_mode {
        CaptchaMode::Off => return true,
        CaptchaMode::LegacyDefault if (letters, hidden) == LEGACY => return true,
        CaptchaMode::LegacyDefault | CaptchaMode::Strict => {}
    }
    let known = inner.captchas.remove(hidden);
    known.is_some_and(|it| it.letters == letters && now < it.made_at + CAPTCHA_LIVES_FOR)
}

fn find<'a>(inner: &'a Inner, username: &str) -> Option<&'a Member> {
    inner.members.iter().find(|it| it.enrollment == username)
}
