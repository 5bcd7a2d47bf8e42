//! What the portal's answers mean. Every field name and every matched text of it is here or in
//! `client.rs`. Only what is needed is read; the rest of an answer, much of it nobody's business, is
//! skipped where it stands and wiped with it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::captcha_image::draw_anew;
use super::cipher::KeyDate;
use super::client::JiitResponse;
use crate::connectors::PromptPicture;

/// What the portal said to one call.
pub(super) enum PortalReply<T> {
    Yes(T),
    No(PortalRefusal),
    /// Nothing: it could not read what it was sent. With the day it believes it is.
    Nothing(Option<KeyDate>),
    SessionOver,
    /// This adapter does not know what that means.
    Unknown(&'static str),
    /// Nor that, and it may be about the one person who was asked about, or what they typed.
    Puzzling(&'static str),
    /// It is: somebody made up hears what we know.
    Odd(&'static str),
    Unavailable,
}

impl<T> PortalReply<T> {
    /// Whether it may have been a judgement of number and password. Some portals answer a wrong one with
    /// nothing.
    pub(super) fn is_about_the_person(&self) -> bool {
        match self {
            Self::No(no) => *no != PortalRefusal::Picture,
            Self::Nothing(_) | Self::Odd(_) => true,
            Self::Yes(_)
            | Self::SessionOver
            | Self::Unknown(_)
            | Self::Puzzling(_)
            | Self::Unavailable => false,
        }
    }

    /// What it is that may be one person's and that we do not know.
    pub(super) fn puzzle(&self) -> Option<&'static str> {
        match self {
            Self::SessionOver => Some("it asks for a session to sign in"),
            Self::Puzzling(what) => Some(what),
            _ => None,
        }
    }

    /// Whether it is something that is said to people who are not known.
    pub(super) fn is_to_nobody(&self) -> bool {
        matches!(self, Self::No(_) | Self::Nothing(_) | Self::Unavailable)
    }
}

/// Why it says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PortalRefusal {
    Picture,
    Credentials,
    Locked,
    Other,
}

/// The picture to read.
pub(super) struct CaptchaImage {
    /// Its name at the portal.
    pub hidden: Zeroizing<String>,
    pub picture: PromptPicture,
}

/// The first phase's answer: the second phase's question without the password.
pub(super) struct PreToken {
    pub username: String,
    pub wants: SecondPhase,
    /// A JSON object without its closing brace. It holds the portal's single-use secret.
    pub opened: Zeroizing<Vec<u8>>,
}

/// What the account signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecondPhase {
    Password,
    OneTimeCode,
}

/// Who signed in.
pub(super) struct PortalUser {
    /// What the person is known by: empty for somebody who has no number, nothing where the portal does not
    /// speak of one.
    pub enrollment: Option<String>,
    /// The portal's own key, which never changes; empty for somebody who has none.
    pub member_id: String,
    pub name: String,
    /// The first institute's name and key.
    pub institute: Option<Institute>,
    /// `S` for students.
    pub member_type: String,
    pub has_expired_password: bool,
    pub wants: SecondPhase,
    /// Opens everything the portal holds about the person.
    pub token: Zeroizing<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Institute {
    pub label: String,
    pub value: String,
}

/// What the portal knows of a student, as far as we want to know it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct StudentRecord {
    #[serde(deserialize_with = "text")]
    pub registrationno: Option<String>,
    #[serde(deserialize_with = "text")]
    pub studentname: Option<String>,
    #[serde(deserialize_with = "text")]
    pub programcode: Option<String>,
    #[serde(deserialize_with = "text")]
    pub branch: Option<String>,
    #[serde(deserialize_with = "text")]
    pub admissionyear: Option<String>,
    #[serde(deserialize_with = "text")]
    pub gender: Option<String>,
    #[serde(deserialize_with = "text")]
    pub studentemailid: Option<String>,
}

/// The longest name of a picture; those seen have twelve characters.
const LONGEST_HIDDEN: usize = 64;

pub(super) fn captcha(answer: Option<JiitResponse>) -> PortalReply<CaptchaImage> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        captcha: Shown<'a>,
    }
    #[derive(Deserialize)]
    struct Shown<'a> {
        #[serde(borrow)]
        hidden: Cow<'a, str>,
        #[serde(borrow)]
        image: Cow<'a, str>,
    }
    heard(answer, no_of_the_first_phase, |response| {
        let Response { captcha } = read(response)?;
        let name = STANDARD.decode(captcha.hidden.as_bytes()).ok()?;
        if name.is_empty() || captcha.hidden.len() > LONGEST_HIDDEN {
            return None;
        }
        Some(CaptchaImage {
            hidden: Zeroizing::new(captcha.hidden.into_owned()),
            picture: draw_anew(&STANDARD.decode(captcha.image.as_bytes()).ok()?)?,
        })
    })
}

pub(super) fn pre_token(answer: Option<JiitResponse>) -> PortalReply<PreToken> {
    heard(answer, no_of_the_first_phase, |response| {
        let mut members: BTreeMap<Cow<'_, str>, &RawValue> = read(response)?;
        // The portal's own page takes this out, and the portal insists. The others are ours to say.
        for not_sent_back in ["rejectedData", "Modulename", "passwordotpvalue"] {
            members.remove(not_sent_back);
        }
        let text = |name| -> Option<String> { read(members.get(name)?.get()) };
        let is_text = |name| {
            let text = members.get(name).map(|value| value.get());
            text.is_some_and(|text| text.starts_with('"') && text.len() > 2)
        };
        if !is_text("random") {
            return None;
        }
        Some(PreToken {
            username: text("username")?,
            wants: match text("otppwd")?.as_str() {
                "PWD" => SecondPhase::Password,
                _ => SecondPhase::OneTimeCode,
            },
            opened: opened(&members)?,
        })
    })
}

/// `{"name":value,…` without the closing brace, in a buffer that never grows.
fn opened(members: &BTreeMap<Cow<'_, str>, &RawValue>) -> Option<Zeroizing<Vec<u8>>> {
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

pub(super) fn member(answer: Option<JiitResponse>) -> PortalReply<PortalUser> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        regdata: Regdata<'a>,
        #[serde(rename = "OTP", default, deserialize_with = "text")]
        otp: Option<String>,
    }
    #[derive(Deserialize)]
    struct Regdata<'a> {
        #[serde(deserialize_with = "value")]
        name: String,
        #[serde(default, deserialize_with = "said")]
        enrollmentno: Option<String>,
        #[serde(deserialize_with = "value")]
        memberid: String,
        #[serde(deserialize_with = "value")]
        membertype: String,
        #[serde(default, deserialize_with = "first")]
        institutelist: Option<Institute>,
        // An opened letter is wiped, a copied one is not: a token that would have to be unescaped is
        // no token.
        token: &'a str,
        #[serde(default, deserialize_with = "text")]
        expiredpassword: Option<String>,
    }
    heard(answer, no_of_the_second_phase, |response| {
        let Response { regdata, otp } = read(response)?;
        // What the token says proves nothing. That it can be read shows that it is one.
        expiry(regdata.token)?;
        let is_yes = |text: Option<String>| text.is_some_and(|text| text.eq_ignore_ascii_case("y"));
        Some(PortalUser {
            enrollment: regdata.enrollmentno,
            member_id: regdata.memberid.trim().to_owned(),
            name: regdata.name,
            institute: regdata.institutelist,
            member_type: regdata.membertype,
            has_expired_password: is_yes(regdata.expiredpassword),
            wants: if is_yes(otp) {
                SecondPhase::OneTimeCode
            } else {
                SecondPhase::Password
            },
            token: Zeroizing::new(regdata.token.to_owned()),
        })
    })
}

pub(super) fn particulars(answer: Option<JiitResponse>) -> PortalReply<StudentRecord> {
    #[derive(Deserialize)]
    struct Response {
        generalinformation: StudentRecord,
    }
    heard(answer, no_of_the_second_phase, |response| {
        read(response).map(|Response { generalinformation }| generalinformation)
    })
}

/// When a token ends, in seconds since 1970, as it says itself (RFC 7519 §4.1.4). The portal has been
/// wrong about it for years, so nothing follows from the number.
pub(super) fn expiry(token: &str) -> Option<i64> {
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

/// What every answer has in common: an envelope whose status says yes or no.
fn heard<T>(
    answer: Option<JiitResponse>,
    no: fn(&str) -> PortalRefusal,
    yes: impl FnOnce(&str) -> Option<T>,
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
    let Some(answer) = answer else {
        return PortalReply::Unavailable;
    };
    let is_good = (200..300).contains(&answer.status);
    match answer.status {
        429 | 502..=504 | 513 => return PortalReply::Unavailable,
        300..400 => return PortalReply::Unknown("it sends us elsewhere"),
        _ if answer.body.is_empty() && is_good => return PortalReply::Nothing(answer.day),
        _ => {}
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&answer.body) else {
        return match answer.status {
            401 => PortalReply::SessionOver,
            _ => PortalReply::Puzzling("its answer is no JSON, or has no status"),
        };
    };
    match read::<i64>(envelope.status.get()) {
        _ if answer.status == 401 => return PortalReply::SessionOver,
        Some(401) => return PortalReply::SessionOver,
        Some(_) => return PortalReply::Puzzling("it cannot read what it was asked"),
        None => {}
    }
    let Some(Status { word }) = read(envelope.status.get()) else {
        return PortalReply::Unknown("its status is neither a number nor an object");
    };
    match word.as_str() {
        "Success" if is_good => {
            let told = envelope.response.and_then(|response| yes(response.get()));
            told.map_or(
                PortalReply::Unknown("a field of its answer is missing"),
                PortalReply::Yes,
            )
        }
        "Failure" => PortalReply::No(no(&envelope.status.get().to_lowercase())),
        _ => PortalReply::Unknown("it says neither yes nor no"),
    }
}

/// `text` is a status that says no, in lower case.
fn no_of_the_first_phase(text: &str) -> PortalRefusal {
    match no_of_either(text) {
        Some(no) => no,
        None if text.contains("invalid login credential") => PortalRefusal::Credentials,
        None => PortalRefusal::Other,
    }
}

/// Nobody has seen its text for a wrong password, and whatever else it is, it is not a yes.
fn no_of_the_second_phase(text: &str) -> PortalRefusal {
    no_of_either(text).unwrap_or(PortalRefusal::Credentials)
}

fn no_of_either(text: &str) -> Option<PortalRefusal> {
    let has = |word| text.contains(word);
    if has("captcha") {
        Some(PortalRefusal::Picture)
    } else if has("lock") {
        // "locked" and "blocked".
        Some(PortalRefusal::Locked)
    } else {
        None
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// As [`text`], for a field that is there: anything else is the empty text.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer).map(|text| text.or_else(|| Some(String::new())))
}

/// As [`text`], for a field that has to be there: what it holds is one person's, and may be nothing.
fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(Option::unwrap_or_default)
}

/// The first of a list, if it is one that we can read.
fn first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Institute>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<Maybe>),
        Other(IgnoredAny),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe {
        Institute(Institute),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::List(list) => list.into_iter().find_map(|it| match it {
            Maybe::Institute(institute) => Some(institute),
            Maybe::Other(_) => None,
        }),
        Either::Other(_) => None,
    })
}

/// A text, or a number as text; anything else is as if it were not there.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(i64),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => Some(text),
        Either::Number(number) => Some(number.to_string()),
        Either::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token as the portal makes them; its secret is nobody's.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJBQUFBIiwic2NvcGVzIjpbeyJhdXRob3JpdHkiOiJST0xFX1NUVURFTlQifV0sImlzcyI6Imh0dHA6Ly9jYW1wdXNseW54LmNvbSIsImlhdCI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDkwMDAwfQ.-rWk12nJovRXDnm6Px5v-sXCjHicn0AiO_VQ7kkdwpk";

    fn answer(status: u16, body: &str) -> JiitResponse {
        JiitResponse {
            status,
            day: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    fn yes(response: &str) -> JiitResponse {
        let status = r#"{"responseStatus":"Success","errors":null,"identifier":null}"#;
        answer(
            200,
            &format!(r#"{{"status":{status},"response":{response}}}"#),
        )
    }

    fn no(status: u16, error: &str) -> JiitResponse {
        let body = r#"{"status":{"responseStatus":"Failure","errors":["?"]},"response":null}"#;
        answer(status, &body.replace('?', error))
    }

    fn name<T>(said: &PortalReply<T>) -> &'static str {
        match said {
            PortalReply::Yes(_) => "yes",
            PortalReply::No(PortalRefusal::Picture) => "picture",
            PortalReply::No(PortalRefusal::Credentials) => "credentials",
            PortalReply::No(PortalRefusal::Locked) => "locked",
            PortalReply::No(PortalRefusal::Other) => "other",
            PortalReply::Nothing(_) => "nothing",
            PortalReply::SessionOver => "session",
            PortalReply::Unknown(_) => "unknown",
            PortalReply::Puzzling(_) => "puzzling",
            PortalReply::Odd(_) => "odd",
            PortalReply::Unavailable => "unavailable",
        }
    }

    #[test]
    fn every_answer_means_one_thing() {
        let framework = r#"{"timestamp":1,"status":401,"error":"Unauthorized"}"#;
        for (answer, meaning) in [
            (answer(513, ""), "unavailable"),
            (answer(503, "<html>"), "unavailable"),
            (answer(200, ""), "nothing"),
            (answer(302, ""), "unknown"),
            (answer(404, ""), "puzzling"),
            (answer(403, "Invalid CORS request"), "puzzling"),
            (answer(200, "<html></html>"), "puzzling"),
            (answer(200, framework), "session"),
            (answer(401, ""), "session"),
            (answer(401, "<html>"), "session"),
            (answer(500, r#"{"status":500}"#), "puzzling"),
            (answer(200, r#"{"status":"Success"}"#), "unknown"),
            (answer(200, r#"{"status":null}"#), "unknown"),
            (answer(200, "{}"), "puzzling"),
            (answer(200, "[]"), "puzzling"),
            (
                answer(200, r#"{"status":{"responseStatus":"Maybe"}}"#),
                "unknown",
            ),
            (yes("null"), "unknown"),
            (yes("{}"), "unknown"),
            (no(404, "Invalid Login Credential!"), "credentials"),
            (no(417, "INVALID LOGIN CREDENTIAL"), "credentials"),
            (no(404, "Invalid captcha submitted.."), "picture"),
            (no(200, "Your account is Blocked"), "locked"),
            (no(200, "NO DATA FOUND"), "other"),
        ] {
            assert_eq!(name(&pre_token(Some(answer))), meaning);
        }
        assert_eq!(name(&pre_token(None)), "unavailable");
        // In the second phase every other no is about the password.
        assert_eq!(
            name(&member(Some(no(404, "Invalid Password")))),
            "credentials"
        );
        assert_eq!(
            name(&member(Some(no(417, "Something else")))),
            "credentials"
        );
        assert_eq!(name(&member(Some(no(404, "captcha!")))), "picture");
        // A yes under a status that says no is none.
        let mut odd = yes(r#"{"random":"r","otppwd":"PWD","username":"u"}"#);
        odd.status = 500;
        assert_eq!(name(&pre_token(Some(odd))), "unknown");
    }

    #[test]
    fn what_the_first_phase_said_goes_into_the_second_as_it_stands() {
        let said = pre_token(Some(yes(
            r#"{"random":"R\u0041 1","rejectedData":"","otppwd":"PWD","username":"22000001","new\"one":{"a":[1.50]},"passwordotpvalue":"theirs"}"#,
        )));
        let PortalReply::Yes(PreToken {
            username,
            wants,
            opened,
        }) = said
        else {
            panic!("it is no yes");
        };
        assert_eq!(
            (username.as_str(), wants),
            ("22000001", SecondPhase::Password)
        );
        assert_eq!(
            std::str::from_utf8(&opened).unwrap(),
            r#"{"new\"one":{"a":[1.50]},"otppwd":"PWD","random":"R\u0041 1","username":"22000001""#
        );
        assert_eq!(opened.capacity(), opened.len());
        for lacking in [
            r#"{"otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":"","otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":7,"otppwd":"PWD","username":"22000001"}"#,
            r#"{"random":"r","username":"22000001"}"#,
            r#"{"random":"r","otppwd":"PWD"}"#,
        ] {
            assert_eq!(name(&pre_token(Some(yes(lacking)))), "unknown", "{lacking}");
        }
        let code = r#"{"random":"r","otppwd":"otp","username":"22000001"}"#;
        let PortalReply::Yes(code) = pre_token(Some(yes(code))) else {
            panic!("it is no yes");
        };
        assert_eq!(code.wants, SecondPhase::OneTimeCode);
    }

    #[test]
    fn j08_a_member_has_a_number_a_member_number_a_name_and_an_institute() {
        let response = |more: &str| {
            format!(
                r#"{{"regdata":{{"name":"ASHA RAO","enrollmentno":"22000001","memberid":" JSIM0000001 ","userid":"U","membertype":"S","institutelist":[{{"label":"JIIT","value":"11IN1902J000001"}}],"userDOB":"2004-02-01","token":"{TOKEN}","expiredpassword":"N"{more}}},"OTP":"N"}}"#
            )
        };
        let PortalReply::Yes(it) = member(Some(yes(&response("")))) else {
            panic!("it is no yes");
        };
        assert_eq!(it.enrollment.as_deref(), Some("22000001"));
        assert_eq!(
            (it.member_id.as_str(), it.name.as_str()),
            ("JSIM0000001", "ASHA RAO")
        );
        assert_eq!(it.institute.unwrap().label, "JIIT");
        assert!(!it.has_expired_password);
        assert_eq!(it.wants, SecondPhase::Password);
        assert_eq!(it.token.as_str(), TOKEN);

        let good = response("");
        for (from, to) in [
            ("memberid", "memberno"),
            (r#""token":"#, r#""jwt":"#),
            (TOKEN, "opaque"),
            ("membertype", "type"),
            ("regdata", "data"),
            (r#""name":"ASHA RAO","#, ""),
        ] {
            let odd = good.replace(from, to);
            assert_ne!(odd, good);
            assert_eq!(name(&member(Some(yes(&odd)))), "unknown", "{from}");
        }
        // That a field is there is the portal's; what it holds is one person's, and may be nothing.
        for (from, to) in [
            (r#"" JSIM0000001 ""#, "null"),
            (r#""ASHA RAO""#, "null"),
            (r#""membertype":"S""#, r#""membertype":{}"#),
            (r#""label":"JIIT""#, r#""label":null"#),
        ] {
            let odd = good.replace(from, to);
            assert_ne!(odd, good);
            assert_eq!(name(&member(Some(yes(&odd)))), "yes", "{from}");
        }
        let PortalReply::Yes(it) = member(Some(yes(&good.replace(r#""OTP":"N""#, r#""OTP":"Y""#))))
        else {
            panic!("it is no yes");
        };
        assert_eq!(it.wants, SecondPhase::OneTimeCode);
    }

    #[test]
    fn j18_a_tokens_end_is_read_without_padding() {
        assert_eq!(expiry(TOKEN), Some(1_790_090_000));
        for no_token in [
            "",
            "a.b",
            "a.b.c",
            "eyJhIjoxfQ.eyJhIjoxfQ.x",
            "....",
            "e30.e30.e30",
        ] {
            assert_eq!(expiry(no_token), None, "{no_token}");
        }
    }

    #[test]
    fn j20_only_what_has_a_place_in_a_profile_is_read() {
        let said = particulars(Some(yes(
            r#"{"generalinformation":{"studentname":"ASHA RAO","registrationno":22000001,"admissionyear":2022,"branch":null,"gender":["?"],"dateofbirth":"01/02/2004","studentcellno":"98200","bankaccountno":"1"},"qualification":[],"photo&signature":{"photo":"x"}}"#,
        )));
        let PortalReply::Yes(read) = said else {
            panic!("it is no yes");
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
