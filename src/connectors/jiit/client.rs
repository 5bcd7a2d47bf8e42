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
const CAPTCHA_TIMEOUT: Duration = Duration::from_secs(10);

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
    pub http_client: HttpClient,
    pub paths: JiitPaths,
    pub rng: SharedRng,
    /// What a call may take.
    pub timeout: Duration,
}

/// What was heard. Its body is wiped when it is dropped.
pub(super) struct JiitResponse {
    pub status: u16,
    /// In India, by the portal's own clock.
    pub key_date: Option<KeyDate>,
    pub body: Zeroizing<Vec<u8>>,
}

impl JiitClient {
    pub(super) async fn fetch_captcha(&self, key_date: KeyDate) -> Option<JiitResponse> {
        let request = self.http_client.get(&self.paths.captcha);
        let request = request.within(CAPTCHA_TIMEOUT.min(self.timeout));
        self.send(request, key_date).await
    }

    /// The first phase: whose account, and what the picture says.
    pub(super) async fn request_pre_token(
        &self,
        key_date: KeyDate,
        username: &str,
        (captcha_text, captcha_id): (&str, &str),
    ) -> Option<JiitResponse> {
        let plaintext = write_json(&[
            JsonPart::Raw(r#"{"username":"#),
            JsonPart::Text(username),
            JsonPart::Raw(r#","usertype":"S","captcha":{"captcha":"#),
            JsonPart::Text(captcha_text),
            JsonPart::Raw(r#","hidden":"#),
            JsonPart::Text(captcha_id),
            JsonPart::Raw("}}"),
        ]);
        self.post_encrypted(&self.paths.pre_token, key_date, &plaintext)
            .await
    }

    /// The second phase: the first one's answer, which `pre_token_json` is, and the password.
    pub(super) async fn request_token(
        &self,
        key_date: KeyDate,
        pre_token_json: &[u8],
        password: &str,
    ) -> Option<JiitResponse> {
        let pre_token_json = std::str::from_utf8(pre_token_json).unwrap_or_default();
        let plaintext = write_json(&[
            JsonPart::Raw(pre_token_json),
            JsonPart::Raw(r#","Modulename":"STUDENTMODULE","passwordotpvalue":"#),
            JsonPart::Text(password),
            JsonPart::Raw("}"),
        ]);
        self.post_encrypted(&self.paths.token, key_date, &plaintext)
            .await
    }

    /// Personal information. `clinetid` is how the portal spells it.
    pub(super) async fn fetch_particulars(
        &self,
        key_date: KeyDate,
        token: &str,
        institute: &str,
    ) -> Option<JiitResponse> {
        let plaintext = write_json(&[
            JsonPart::Raw(r#"{"clinetid":"SOAU","instituteid":"#),
            JsonPart::Text(institute),
            JsonPart::Raw("}"),
        ]);
        let request = self.http_client.post(&self.paths.particulars);
        let bearer = Zeroizing::new(format!("Bearer {token}"));
        let request = request.header(header::AUTHORIZATION, &bearer);
        // It gathers this from several places, and takes its time.
        let request = request.within(2 * self.timeout).body(JSON, plaintext);
        self.send(request, key_date).await
    }

    async fn post_encrypted(
        &self,
        path: &str,
        key_date: KeyDate,
        plaintext: &[u8],
    ) -> Option<JiitResponse> {
        let request = self
            .http_client
            .post(path)
            .body(JSON, cipher::encrypt(key_date, plaintext));
        self.send(request, key_date).await
    }

    async fn send(&self, request: HttpRequest<'_>, key_date: KeyDate) -> Option<JiitResponse> {
        let random = alphanumeric(self.rng.as_ref(), cipher::LOCAL_NAME_RANDOM_LENGTH);
        let name = cipher::local_name_header(key_date, &random);
        let name = std::str::from_utf8(&name).unwrap_or_default();
        let request = request
            .header(LOCAL_NAME, name)
            .header(header::ACCEPT, JSON);
        let response = request.send().await.ok()?;
        Some(JiitResponse {
            status: response.status.as_u16(),
            key_date: response
                .header(&header::DATE)
                .and_then(KeyDate::from_http_date),
            body: response.body,
        })
    }
}

/// A piece of JSON to be written.
enum JsonPart<'a> {
    /// As it stands.
    Raw(&'a str),
    /// Between quotation marks, escaped.
    Text(&'a str),
}

fn write_json(parts: &[JsonPart<'_>]) -> Zeroizing<Vec<u8>> {
    let max_length = parts.iter().map(|part| match part {
        JsonPart::Raw(text) => text.len(),
        // A control character takes six: `\u0000`.
        JsonPart::Text(text) => 6 * text.len() + 2,
    });
    let mut json = Zeroizing::new(Vec::with_capacity(max_length.sum()));
    for part in parts {
        match part {
            JsonPart::Raw(text) => json.extend_from_slice(text.as_bytes()),
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
            JsonPart::Raw("["),
            JsonPart::Text(password),
            JsonPart::Raw("]"),
        ];
        let json = write_json(&parts);
        let read: Vec<String> = serde_json::from_slice(&json).unwrap();
        assert_eq!(read, [password]);
        assert_eq!(json.capacity(), 6 * password.len() + 4);
    }
}
