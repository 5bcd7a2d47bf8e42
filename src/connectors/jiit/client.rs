//! The portal's four calls that we make. Says what was heard and judges nothing. What is sent is put
//! together in buffers that have their whole length from the start, so that wiping one wipes all.

use std::time::Duration;

use http::{HeaderName, header};
use zeroize::Zeroizing;

use super::cipher;
use super::cipher::KeyDate;
use crate::connectors::HttpClient;
use crate::connectors::http::HttpRequest;
use crate::platform::rng::SharedRng;
use crate::platform::secret::alphanumeric;

/// Must come with every request.
const LOCAL_NAME: HeaderName = HeaderName::from_static("localname");
const JSON: &str = "application/json";
/// What a picture may take: somebody waits for the form.
const PICTURE_WITHIN: Duration = Duration::from_secs(10);

/// Where below the portal's address each call goes; each begins with a slash. They have changed twice
/// in a year, so they are settings.
#[derive(Debug, Clone)]
pub struct JiitPaths {
    pub captcha: String,
    pub pre_token: String,
    pub token: String,
    pub particulars: String,
}

/// The portal, to be called.
pub(super) struct JiitClient {
    pub caller: HttpClient,
    pub paths: JiitPaths,
    pub rng: SharedRng,
    /// What a call may take.
    pub within: Duration,
}

/// What was heard. Its body is wiped when it is dropped.
pub(super) struct JiitResponse {
    pub status: u16,
    /// In India, by the portal's own clock.
    pub day: Option<KeyDate>,
    pub body: Zeroizing<Vec<u8>>,
}

impl JiitClient {
    pub(super) async fn captcha(&self, day: KeyDate) -> Option<JiitResponse> {
        let call = self.caller.get(&self.paths.captcha);
        let call = call.within(PICTURE_WITHIN.min(self.within));
        self.hear(call, day).await
    }

    /// The first phase: whose account, and what the picture says.
    pub(super) async fn pre_token(
        &self,
        day: KeyDate,
        username: &str,
        (letters, hidden): (&str, &str),
    ) -> Option<JiitResponse> {
        let plain = object(&[
            JsonPart::Said(r#"{"username":"#),
            JsonPart::Text(username),
            JsonPart::Said(r#","usertype":"S","captcha":{"captcha":"#),
            JsonPart::Text(letters),
            JsonPart::Said(r#","hidden":"#),
            JsonPart::Text(hidden),
            JsonPart::Said("}}"),
        ]);
        self.ask(&self.paths.pre_token, day, &plain).await
    }

    /// The second phase: the first one's answer, which `opened` is, and the password.
    pub(super) async fn token(
        &self,
        day: KeyDate,
        opened: &[u8],
        password: &str,
    ) -> Option<JiitResponse> {
        let opened = std::str::from_utf8(opened).unwrap_or_default();
        let plain = object(&[
            JsonPart::Said(opened),
            JsonPart::Said(r#","Modulename":"STUDENTMODULE","passwordotpvalue":"#),
            JsonPart::Text(password),
            JsonPart::Said("}"),
        ]);
        self.ask(&self.paths.token, day, &plain).await
    }

    /// Personal information. `clinetid` is how the portal spells it.
    pub(super) async fn particulars(
        &self,
        day: KeyDate,
        token: &str,
        institute: &str,
    ) -> Option<JiitResponse> {
        let plain = object(&[
            JsonPart::Said(r#"{"clinetid":"SOAU","instituteid":"#),
            JsonPart::Text(institute),
            JsonPart::Said("}"),
        ]);
        let call = self.caller.post(&self.paths.particulars);
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let call = call.header(header::AUTHORIZATION, &bearer);
        // It gathers this from several places, and takes its time.
        let call = call.within(2 * self.within).body(JSON, plain);
        self.hear(call, day).await
    }

    async fn ask(&self, path: &str, day: KeyDate, plain: &[u8]) -> Option<JiitResponse> {
        let call = self.caller.post(path).body(JSON, cipher::seal(day, plain));
        self.hear(call, day).await
    }

    async fn hear(&self, call: HttpRequest<'_>, day: KeyDate) -> Option<JiitResponse> {
        let random = alphanumeric(self.rng.as_ref(), cipher::NAME_CHARACTERS);
        let name = cipher::local_name(day, &random);
        let name = std::str::from_utf8(&name).unwrap_or_default();
        let call = call.header(LOCAL_NAME, name).header(header::ACCEPT, JSON);
        let heard = call.send().await.ok()?;
        Some(JiitResponse {
            status: heard.status.as_u16(),
            day: heard.header(&header::DATE).and_then(KeyDate::stated),
            body: heard.body,
        })
    }
}

/// A piece of JSON to be written.
enum JsonPart<'a> {
    /// As it stands.
    Said(&'a str),
    /// Between quotation marks, escaped.
    Text(&'a str),
}

fn object(parts: &[JsonPart<'_>]) -> Zeroizing<Vec<u8>> {
    let longest = parts.iter().map(|part| match part {
        JsonPart::Said(text) => text.len(),
        // A control character takes six: `\u0000`.
        JsonPart::Text(text) => 6 * text.len() + 2,
    });
    let mut json = Zeroizing::new(Vec::with_capacity(longest.sum()));
    for part in parts {
        match part {
            JsonPart::Said(text) => json.extend_from_slice(text.as_bytes()),
            // Writing text into memory does not fail.
            JsonPart::Text(text) => serde_json::to_writer(&mut *json, text).unwrap_or_default(),
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_written_as_json_has_it_and_the_buffer_never_grows() {
        let password = "pässwörd\"\\\u{1}\n";
        let parts = [
            JsonPart::Said("["),
            JsonPart::Text(password),
            JsonPart::Said("]"),
        ];
        let json = object(&parts);
        let read: Vec<String> = serde_json::from_slice(&json).unwrap();
        assert_eq!(read, [password]);
        assert_eq!(json.capacity(), 6 * password.len() + 4);
    }
}
