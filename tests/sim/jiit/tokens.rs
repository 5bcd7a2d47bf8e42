//! Bearer tokens: issue, refresh, and sign-in with Google.

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

use super::members::Member;
use super::{Asked, Inner, Instead, Session, failure, framework_error, success};

/// HS256, with a made-up key.
pub(super) fn make(inner: &mut Inner, member: &Member, now: OffsetDateTime) -> String {
    let ends_at = now + Duration::seconds(inner.knobs.jwt_ttl);
    let said = if inner.knobs.wrong_exp {
        now - Duration::hours(1)
    } else {
        ends_at
    };
    // A known client decodes the claims as padded base64, so their length must need no padding.
    let subject = |more: usize| STANDARD.encode(rand::random::<[u8; 12]>()) + &"A".repeat(more);
    let claims = |more: usize| {
        json!({
            "sub": subject(more),
            "scopes": [{ "authority": "ROLE_STUDENT" }],
            "iss": "http://campuslynx.com",
            "iat": now.unix_timestamp(),
            "exp": said.unix_timestamp(),
        })
        .to_string()
    };
    let claims = (0..3).map(claims).find(|it| it.len() % 3 == 0).unwrap();
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let signed = format!(
        "{}.{}",
        encode(br#"{"alg":"HS256"}"#),
        encode(claims.as_bytes())
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(b"the portal's own").unwrap();
    mac.update(signed.as_bytes());
    let token = format!("{signed}.{}", encode(&mac.finalize().into_bytes()));
    let session = Session {
        enrollment: member.enrollment.clone(),
        ends_at,
    };
    inner.sessions.insert(token.clone(), session);
    inner.secrets.made.push(token.clone());
    token
}

/// The member whose token came with a request.
pub(super) fn bearer<'a>(inner: &'a Inner, asked: &Asked) -> Result<&'a Member, Instead> {
    let exception = "java.lang.RuntimeException";
    let refused = || Box::new(framework_error(asked, StatusCode::UNAUTHORIZED, exception));
    let session = token(asked).and_then(|token| inner.sessions.get(token));
    let session = session.filter(|it| asked.now < it.ends_at && !inner.knobs.forget_tokens);
    let enrollment = &session.ok_or_else(refused)?.enrollment;
    let member = inner.members.iter().find(|it| it.enrollment == *enrollment);
    member.ok_or_else(refused)
}

fn token(asked: &Asked) -> Option<&str> {
    asked.text("authorization")?.strip_prefix("Bearer ")
}

/// Extends the token's lifetime.
pub(super) fn refresh(inner: &mut Inner, asked: &Asked) -> Response {
    #[derive(Deserialize)]
    struct Refresh {
        tokendate: String,
    }
    if let Err(answer) = bearer(inner, asked) {
        return *answer;
    }
    let format = time::macros::format_description!("[day]/[month]/[year]");
    let read: Option<Refresh> = serde_json::from_slice(&asked.body).ok();
    if read.is_none_or(|it| time::Date::parse(&it.tokendate, &format).is_err()) {
        let exception = "java.lang.IllegalArgumentException";
        return framework_error(asked, StatusCode::INTERNAL_SERVER_ERROR, exception);
    }
    let lives_for = Duration::seconds(inner.knobs.jwt_ttl);
    let token = token(asked).map(str::to_owned);
    if let Some(session) = token.and_then(|token| inner.sessions.get_mut(&token)) {
        session.ends_at = asked.now + lives_for;
    }
    success(&json!({ "msg": "Token Refresh Successfully" }))
}

/// Exchanges a Google token, here `sim-google:` and a number.
pub(super) fn google(inner: &mut Inner, asked: &Asked) -> Response {
    #[derive(Deserialize)]
    struct Google {
        #[serde(rename = "googleToken")]
        token: String,
    }
    let read: Option<Google> = serde_json::from_slice(&asked.body).ok();
    let enrollment = read.and_then(|it| it.token.strip_prefix("sim-google:").map(str::to_owned));
    let member = enrollment.and_then(|it| inner.members.iter().find(|m| m.enrollment == it));
    let Some(member) = member.cloned() else {
        return failure(StatusCode::NOT_FOUND, "Invalid Login Credential!");
    };
    let token = make(inner, &member, asked.now);
    success(&json!({
        "token": token,
        "clientid": "JAYPEE",
        "Username": format!("{}@mail.jiit.ac.in", member.enrollment),
        "name": member.name,
        "enrollmentno": member.enrollment,
        "memberid": member.member_id,
        "userid": member.user_id,
        "membertype": member.user_type,
        "label": member.institute_label,
        "value": member.institute_value,
    }))
}
