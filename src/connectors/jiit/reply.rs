//! Parses the portal's responses. All its field names and messages are matched here or in `client.rs`.
//! Only needed fields are deserialised; the rest stays in the response's buffer and is wiped with it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::captcha_image::reencode;
use super::cipher::KeyDate;
use super::client::JiitResponse;
use super::json;
use super::json::parse_json;
use crate::connectors::PromptPicture;

/// The portal's reply to a request.
pub(super) enum PortalReply<T> {
    Success(T),
    Refused(PortalRefusal),
    /// An empty body: the portal could not decrypt the request. The date is the portal's.
    Empty(Option<KeyDate>),
    Unauthorized,
    /// The portal has changed.
    ProtocolMismatch(&'static str),
    /// An unknown reply that one user's data or input may have caused. A probe decides.
    Ambiguous(&'static str),
    /// An unknown reply that one user's data caused: the probe got a known reply.
    UnexpectedUserData(&'static str),
    Unavailable,
}

impl<T> PortalReply<T> {
    /// Whether the reply may be about number and password. Some portals answer a wrong password with an
    /// empty body.
    pub(super) fn judges_credentials(&self) -> bool {
        match self {
            Self::Refused(refusal) => *refusal != PortalRefusal::WrongCaptcha,
            Self::Empty(_) | Self::UnexpectedUserData(_) => true,
            Self::Success(_)
            | Self::Unauthorized
            | Self::ProtocolMismatch(_)
            | Self::Ambiguous(_)
            | Self::Unavailable => false,
        }
    }

    /// What is unknown about a reply that one user's data may have caused.
    pub(super) fn ambiguity(&self) -> Option<&'static str> {
        match self {
            Self::Unauthorized => Some("it asks for a session to sign in"),
            Self::Ambiguous(what) => Some(what),
            _ => None,
        }
    }

    /// Whether a nonexistent user may get this reply.
    pub(super) fn is_expected_for_unknown_user(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Empty(_) | Self::Unavailable)
    }
}

/// Why the portal refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PortalRefusal {
    WrongCaptcha,
    WrongCredentials,
    AccountLocked,
    Other,
}

/// A captcha.
pub(super) struct CaptchaImage {
    /// The captcha's id at the portal.
    pub id: Zeroizing<String>,
    pub image: PromptPicture,
}

/// The first phase's response, from which the second phase's request is made.
pub(super) struct PreToken {
    pub username: String,
    pub second_phase: SecondPhase,
    /// A JSON object without its closing brace, including the portal's single-use secret.
    pub open_object: Zeroizing<Vec<u8>>,
}

/// What the account requires in the second phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecondPhase {
    Password,
    OneTimeCode,
}

/// The signed-in user.
pub(super) struct PortalUser {
    /// The identifier of the user: empty for a user without a number, `None` if the field is missing.
    pub enrollment: Option<String>,
    /// The portal's permanent key of the user; empty if there is none.
    pub member_id: String,
    pub name: String,
    /// Name and key of the first institute.
    pub institute: Option<Institute>,
    /// `S` for students.
    pub member_type: String,
    pub has_expired_password: bool,
    pub second_phase: SecondPhase,
    /// The bearer token, which gives access to all the user's data at the portal.
    pub token: Zeroizing<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Institute {
    pub label: String,
    pub value: String,
}

/// The used part of the portal's record of a student.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct StudentRecord {
    #[serde(deserialize_with = "json::optional_text")]
    pub registrationno: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub studentname: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub programcode: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub branch: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub admissionyear: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub gender: Option<String>,
    #[serde(deserialize_with = "json::optional_text")]
    pub studentemailid: Option<String>,
}

/// Observed ids have twelve characters.
const MAX_CAPTCHA_ID_LENGTH: usize = 64;

pub(super) fn parse_captcha(http_response: Option<JiitResponse>) -> PortalReply<CaptchaImage> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        captcha: Captcha<'a>,
    }
    #[derive(Deserialize)]
    struct Captcha<'a> {
        #[serde(borrow)]
        hidden: Cow<'a, str>,
        #[serde(borrow)]
        image: Cow<'a, str>,
    }
    parse_envelope(http_response, first_phase_refusal, |json| {
        let Response { captcha } = parse_json(json)?;
        let name = STANDARD.decode(captcha.hidden.as_bytes()).ok()?;
        if name.is_empty() || captcha.hidden.len() > MAX_CAPTCHA_ID_LENGTH {
            return None;
        }
        Some(CaptchaImage {
            id: Zeroizing::new(captcha.hidden.into_owned()),
            image: reencode(&STANDARD.decode(captcha.image.as_bytes()).ok()?)?,
        })
    })
}

pub(super) fn parse_pre_token(http_response: Option<JiitResponse>) -> PortalReply<PreToken> {
    parse_envelope(http_response, first_phase_refusal, |json| {
        let mut members: BTreeMap<Cow<'_, str>, &RawValue> = parse_json(json)?;
        // The portal requires that `rejectedData` is not sent back. The client adds the other two.
        for not_sent_back in ["rejectedData", "Modulename", "passwordotpvalue"] {
            members.remove(not_sent_back);
        }
        let text = |name| -> Option<String> { parse_json(members.get(name)?.get()) };
        let is_text = |name| {
            let text = members.get(name).map(|value| value.get());
            text.is_some_and(|text| text.starts_with('"') && text.len() > 2)
        };
        if !is_text("random") {
            return None;
        }
        Some(PreToken {
            username: text("username")?,
            second_phase: match text("otppwd")?.as_str() {
                "PWD" => SecondPhase::Password,
                _ => SecondPhase::OneTimeCode,
            },
            open_object: write_open_object(&members)?,
        })
    })
}

/// `{"name":value,…` without the closing brace, in a buffer of its full length.
fn write_open_object(members: &BTreeMap<Cow<'_, str>, &RawValue>) -> Option<Zeroizing<Vec<u8>>> {
    let mut names = Vec::with_capacity(members.len());
    for name in members.keys() {
        names.push(serde_json::to_string(name).ok()?);
    }
    let lengths = names.iter().zip(members.values());
    let lengths = lengths.map(|(name, value)| name.len() + value.get().len() + 2);
    let mut object = Zeroizing::new(Vec::with_capacity(lengths.sum()));
    for (name, value) in names.iter().zip(members.values()) {
        let before = if object.is_empty() { "{" } else { "," };
        for part in [before, name, ":", value.get()] {
            object.extend_from_slice(part.as_bytes());
        }
    }
    Some(object)
}

pub(super) fn parse_user(http_response: Option<JiitResponse>) -> PortalReply<PortalUser> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        regdata: Regdata<'a>,
        #[serde(rename = "OTP", default, deserialize_with = "json::optional_text")]
        otp: Option<String>,
    }
    #[derive(Deserialize)]
    struct Regdata<'a> {
        #[serde(deserialize_with = "json::required_text")]
        name: String,
        #[serde(default, deserialize_with = "json::text_or_empty")]
        enrollmentno: Option<String>,
        #[serde(deserialize_with = "json::required_text")]
        memberid: String,
        #[serde(deserialize_with = "json::required_text")]
        membertype: String,
        #[serde(default, deserialize_with = "json::first_institute")]
        institutelist: Option<Institute>,
        // Borrowed from the response, which is wiped. Unescaping would copy it, so a token with escapes
        // is invalid.
        token: &'a str,
        #[serde(default, deserialize_with = "json::optional_text")]
        expiredpassword: Option<String>,
    }
    parse_envelope(http_response, second_phase_refusal, |json| {
        let Response { regdata, otp } = parse_json(json)?;
        // The token's claims prove nothing. This only checks that it is a JWT.
        parse_expiry(regdata.token)?;
        let is_set = |text: Option<String>| text.is_some_and(|text| text.eq_ignore_ascii_case("y"));
        Some(PortalUser {
            enrollment: regdata.enrollmentno,
            member_id: regdata.memberid.trim().to_owned(),
            name: regdata.name,
            institute: regdata.institutelist,
            member_type: regdata.membertype,
            has_expired_password: is_set(regdata.expiredpassword),
            second_phase: if is_set(otp) {
                SecondPhase::OneTimeCode
            } else {
                SecondPhase::Password
            },
            token: Zeroizing::new(regdata.token.to_owned()),
        })
    })
}

pub(super) fn parse_student_record(
    http_response: Option<JiitResponse>,
) -> PortalReply<StudentRecord> {
    #[derive(Deserialize)]
    struct Response {
        generalinformation: StudentRecord,
    }
    parse_envelope(http_response, second_phase_refusal, |json| {
        parse_json(json).map(|Response { generalinformation }| generalinformation)
    })
}

/// The expiry in a token's claims, in seconds since 1970 (RFC 7519 §4.1.4). Portals have sent wrong ones
/// for years, so the value is not used.
pub(super) fn parse_expiry(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let mut parts = token.split('.');
    let (_header, claims) = (parts.next()?, parts.next()?);
    let is_whole = parts.next().is_some() && parts.next().is_none();
    let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims).ok().filter(|_| is_whole)?);
    serde_json::from_slice(&claims)
        .ok()
        .map(|Claims { exp }| exp)
}

/// Parses the envelope of every response, whose status is a success or a failure.
fn parse_envelope<T>(
    http_response: Option<JiitResponse>,
    classify_refusal: fn(&str) -> PortalRefusal,
    parse_response: impl FnOnce(&str) -> Option<T>,
) -> PortalReply<T> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        status: &'a RawValue,
        #[serde(borrow, default)]
        response: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Status {
        #[serde(rename = "responseStatus")]
        word: String,
    }
    let Some(http_response) = http_response else {
        return PortalReply::Unavailable;
    };
    let is_success = (200..300).contains(&http_response.status);
    match http_response.status {
        429 | 502..=504 | 513 => return PortalReply::Unavailable,
        300..400 => return PortalReply::ProtocolMismatch("it sends us elsewhere"),
        _ if http_response.body.is_empty() && is_success => {
            return PortalReply::Empty(http_response.key_date);
        }
        _ => {}
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&http_response.body) else {
        return match http_response.status {
            401 => PortalReply::Unauthorized,
            _ => PortalReply::Ambiguous("its answer is no JSON, or has no status"),
        };
    };
    match parse_json::<i64>(envelope.status.get()) {
        _ if http_response.status == 401 => return PortalReply::Unauthorized,
        Some(401) => return PortalReply::Unauthorized,
        Some(_) => return PortalReply::Ambiguous("it cannot read what it was asked"),
        None => {}
    }
    let Some(Status { word }) = parse_json(envelope.status.get()) else {
        return PortalReply::ProtocolMismatch("its status is neither a number nor an object");
    };
    match word.as_str() {
        "Success" if is_success => {
            let value = envelope
                .response
                .and_then(|response| parse_response(response.get()));
            value.map_or(
                PortalReply::ProtocolMismatch("a field of its answer is missing"),
                PortalReply::Success,
            )
        }
        "Failure" => PortalReply::Refused(classify_refusal(&envelope.status.get().to_lowercase())),
        _ => PortalReply::ProtocolMismatch("it says neither yes nor no"),
    }
}

/// `text` is a failure's status in lower case.
fn first_phase_refusal(text: &str) -> PortalRefusal {
    match common_refusal(text) {
        Some(refusal) => refusal,
        None if text.contains("invalid login credential") => PortalRefusal::WrongCredentials,
        None => PortalRefusal::Other,
    }
}

/// The message for a wrong password is unknown, so every other failure counts as one.
fn second_phase_refusal(text: &str) -> PortalRefusal {
    common_refusal(text).unwrap_or(PortalRefusal::WrongCredentials)
}

fn common_refusal(text: &str) -> Option<PortalRefusal> {
    let has = |word| text.contains(word);
    if has("captcha") {
        Some(PortalRefusal::WrongCaptcha)
    } else if has("lock") {
        // "locked" and "blocked".
        Some(PortalRefusal::AccountLocked)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token in the portal's format, signed with a made-up secret.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJBQUFBIiwic2NvcGVzIjpbeyJhdXRob3JpdHkiOiJST0xFX1NUVURFTlQifV0sImlzcyI6Imh0dHA6Ly9jYW1wdXNseW54LmNvbSIsImlhdCI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDkwMDAwfQ.-rWk12nJovRXDnm6Px5v-sXCjHicn0AiO_VQ7kkdwpk";

    fn http_response(status: u16, body: &str) -> JiitResponse {
        JiitResponse {
            status,
            key_date: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    fn success(response: &str) -> JiitResponse {
        let status = r#"{"responseStatus":"Success","errors":null,"identifier":null}"#;
        http_response(
            200,
            &format!(r#"{{"status":{status},"response":{response}}}"#),
        )
    }

    fn failure(status: u16, error: &str) -> JiitResponse {
        let body = r#"{"status":{"responseStatus":"Failure","errors":["?"]},"response":null}"#;
        http_response(status, &body.replace('?', error))
    }

    fn reply_name<T>(reply: &PortalReply<T>) -> &'static str {
        match reply {
            PortalReply::Success(_) => "yes",
            PortalReply::Refused(PortalRefusal::WrongCaptcha) => "picture",
            PortalReply::Refused(PortalRefusal::WrongCredentials) => "credentials",
            PortalReply::Refused(PortalRefusal::AccountLocked) => "locked",
            PortalReply::Refused(PortalRefusal::Other) => "other",
            PortalReply::Empty(_) => "empty",
            PortalReply::Unauthorized => "unauthorized",
            PortalReply::ProtocolMismatch(_) => "protocol mismatch",
            PortalReply::Ambiguous(_) => "ambiguous",
            PortalReply::UnexpectedUserData(_) => "unexpected user data",
            PortalReply::Unavailable => "unavailable",
        }
    }

    #[test]
    fn every_answer_means_one_thing() {
        let framework = r#"{"timestamp":1,"status":401,"error":"Unauthorized"}"#;
        for (http_response, meaning) in [
            (http_response(513, ""), "unavailable"),
            (http_response(503, "<html>"), "unavailable"),
            (http_response(200, ""), "empty"),
            (http_response(302, ""), "protocol mismatch"),
            (http_response(404, ""), "ambiguous"),
            (http_response(403, "Invalid CORS request"), "ambiguous"),
            (http_response(200, "<html></html>"), "ambiguous"),
            (http_response(200, framework), "unauthorized"),
            (http_response(401, ""), "unauthorized"),
            (http_response(401, "<html>"), "unauthorized"),
            (http_response(500, r#"{"status":500}"#), "ambiguous"),
            (
                http_response(200, r#"{"status":"Success"}"#),
                "protocol mismatch",
            ),
            (
                http_response(200, r#"{"status":null}"#),
                "protocol mismatch",
            ),
            (http_response(200, "{}"), "ambiguous"),
            (http_response(200, "[]"), "ambiguous"),
            (
                http_response(200, r#"{"status":{"responseStatus":"Maybe"}}"#),
                "protocol mismatch",
            ),
            (success("null"), "protocol mismatch"),
            (success("{}"), "protocol mismatch"),
            (failure(404, "Invalid Login Credential!"), "credentials"),
            (failure(417, "INVALID LOGIN CREDENTIAL"), "credentials"),
            (failure(404, "Invalid captcha submitted.."), "picture"),
            (failure(200, "Your account is Blocked"), "locked"),
            (failure(200, "NO DATA FOUND"), "other"),
        ] {
            assert_eq!(reply_name(&parse_pre_token(Some(http_response))), meaning);
        }
        assert_eq!(reply_name(&parse_pre_token(None)), "unavailable");
        // In the second phase every other failure is about the password.
        assert_eq!(
            reply_name(&parse_user(Some(failure(404, "Invalid Password")))),
            "credentials"
        );
        assert_eq!(
            reply_name(&parse_user(Some(failure(417, "Something else")))),
            "credentials"
        );
        assert_eq!(
            reply_name(&parse_user(Some(failure(404, "captcha!")))),
            "picture"
        );
        // A success in the body does not count with a status that is an error.
        let mut mismatch = success(r#"{"random":"r","otppwd":"PWD","username":"u"}"#);
        mismatch.status = 500;
        assert_eq!(
            reply_name(&parse_pre_token(Some(mismatch))),
            "protocol mismatch"
        );
    }

    #[test]
    fn what_the_first_phase_said_goes_into_the_second_as_it_stands() {
        let reply = parse_pre_token(Some(success(
            r#"{"random":"R\u0041 1","rejectedData":"","otppwd":"PWD","username":"22000001","new\"one":{"a":[1.50]},"passwordotpvalue":"theirs"}"#,
        )));
        let PortalReply::Success(PreToken {
            username,
            second_phase,
            open_object,
        }) = reply
        else {
            panic!("not a success");
        };
        assert_eq!(
            (username.as_str(), second_phase),
            ("22000001", SecondPhase::Password)
        );
        assert_eq!(
            std::str::from_utf8(&open_object).unwrap(),
            r#"{"new\"one":{"a":[1.50]},"otppwd":"PWD","random":"R\u0041 1","username":"22000001""#
        );
        assert_eq!(open_object.capacity(), open_object.len());
        for incomplete in [
            r#"{"otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":"","otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":7,"otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":"r","username":"22000001"}"#,
            r#"{"random":"r","otppwd":"PWD"}"#,
        ] {
            assert_eq!(
                reply_name(&parse_pre_token(Some(success(incomplete)))),
                "protocol mismatch",
                "{incomplete}"
            );
        }
        let code = r#"{"random":"r","otppwd":"otp","username":"22000001"}"#;
        let PortalReply::Success(code) = parse_pre_token(Some(success(code))) else {
            panic!("not a success");
        };
        assert_eq!(code.second_phase, SecondPhase::OneTimeCode);
    }

    #[test]
    fn j08_a_member_has_a_number_a_member_number_a_name_and_an_institute() {
        let response = |more: &str| {
            format!(
                r#"{{"regdata":{{"name":"ASHA RAO","enrollmentno":"22000001","memberid":" JSIM0000001 ","userid":"U","membertype":"S","institutelist":[{{"label":"JIIT","value":"11IN1902J000001"}}],"userDOB":"2004-02-01","token":"{TOKEN}","expiredpassword":"N"{more}}},"OTP":"N"}}"#
            )
        };
        let PortalReply::Success(user) = parse_user(Some(success(&response("")))) else {
            panic!("not a success");
        };
        assert_eq!(user.enrollment.as_deref(), Some("22000001"));
        assert_eq!(
            (user.member_id.as_str(), user.name.as_str()),
            ("JSIM0000001", "ASHA RAO")
        );
        assert_eq!(user.institute.unwrap().label, "JIIT");
        assert!(!user.has_expired_password);
        assert_eq!(user.second_phase, SecondPhase::Password);
        assert_eq!(user.token.as_str(), TOKEN);

        let good = response("");
        for (from, to) in [
            ("memberid", "memberno"),
            (r#""token":"#, r#""jwt":"#),
            (TOKEN, "opaque"),
            ("membertype", "type"),
            ("regdata", "data"),
            (r#""name":"ASHA RAO","#, ""),
        ] {
            let changed = good.replace(from, to);
            assert_ne!(changed, good);
            assert_eq!(
                reply_name(&parse_user(Some(success(&changed)))),
                "protocol mismatch",
                "{from}"
            );
        }
        // The portal defines which fields are present; a user's values may be null.
        for (from, to) in [
            (r#"" JSIM0000001 ""#, "null"),
            (r#""ASHA RAO""#, "null"),
            (r#""membertype":"S""#, r#""membertype":{}"#),
            (r#""label":"JIIT""#, r#""label":null"#),
        ] {
            let changed = good.replace(from, to);
            assert_ne!(changed, good);
            assert_eq!(
                reply_name(&parse_user(Some(success(&changed)))),
                "yes",
                "{from}"
            );
        }
        let PortalReply::Success(user) =
            parse_user(Some(success(&good.replace(r#""OTP":"N""#, r#""OTP":"Y""#))))
        else {
            panic!("not a success");
        };
        assert_eq!(user.second_phase, SecondPhase::OneTimeCode);
    }

    #[test]
    fn j18_a_tokens_end_is_read_without_padding() {
        assert_eq!(parse_expiry(TOKEN), Some(1_790_090_000));
        for invalid in [
            "",
            "a.b",
            "a.b.c",
            "eyJhIjoxfQ.eyJhIjoxfQ.x",
            "....",
            "e30.e30.e30",
        ] {
            assert_eq!(parse_expiry(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn j20_only_what_has_a_place_in_a_profile_is_read() {
        let reply = parse_student_record(Some(success(
            r#"{"generalinformation":{"studentname":"ASHA RAO","registrationno":22000001,"admissionyear":2022,"branch":null,"gender":["?"],"dateofbirth":"01/02/2004","studentcellno":"98200","bankaccountno":"1"},"qualification":[],"photo&signature":{"photo":"x"}}"#,
        )));
        let PortalReply::Success(read) = reply else {
            panic!("not a success");
        };
        let text = |text: &str| Some(text.to_owned());
        let expected = StudentRecord {
            registrationno: text("22000001"),
            studentname: text("ASHA RAO"),
            admissionyear: text("2022"),
            ..StudentRecord::default()
        };
        assert_eq!(read, expected);
    }
}
