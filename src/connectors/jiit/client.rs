//! The four requests to the portal. `reply.rs` parses the responses. Request bodies are written into
//! buffers of their full length, so that wiping one buffer wipes every copy.

use std::time::Duration;

use http::{HeaderName, header};
use zeroize::Zeroizing;

use super::cipher;
use super::cipher::KeyDate;
use crate::connectors::HttpClient;
use crate::connectors::http::HttpRequest;
use crate::platform::rng::SharedRng;
use crate::platform::secret::alphanumeric;

/// Required in every request.
const LOCAL_NAME: HeaderName = HeaderName::from_static("localname");
const JSON: &str = "application/json";
/// Shorter than for other requests, because the person waits for the form.
const CAPTCHA_TIMEOUT: Duration = Duration::from_secs(10);

/// The paths below the portal's address; each begins with a slash. They are settings, because they
/// changed twice within a year.
#[derive(Debug, Clone)]
pub struct JiitPaths {
    pub captcha: String,
    pub pre_token: String,
    pub token: String,
    pub particulars: String,
}

/// The HTTP client of the portal.
pub(super) struct JiitClient {
    pub http_client: HttpClient,
    pub paths: JiitPaths,
    pub rng: SharedRng,
    /// The timeout of a request.
    pub timeout: Duration,
}

/// The portal's response. Its body is wiped when it is dropped.
pub(super) struct JiitResponse {
    pub status: u16,
    /// The day in India by the response's `Date` header.
    pub key_date: Option<KeyDate>,
    pub body: Zeroizing<Vec<u8>>,
}

impl JiitClient {
    pub(super) async fn fetch_captcha(&self, key_date: KeyDate) -> Option<JiitResponse> {
        let request = self.http_client.get(&self.paths.captcha);
        let request = request.within(CAPTCHA_TIMEOUT.min(self.timeout));
        self.send(request, key_date).await
    }

    /// The first phase: username and captcha.
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

    /// The second phase: the first phase's response, `pre_token_json`, and the password.
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

    /// Requests the student's record. `clinetid` is the portal's spelling.
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
        // The portal collects the record from several systems, which takes longer.
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

/// A part of a JSON text.
enum JsonPart<'a> {
    /// JSON, written unchanged.
    Raw(&'a str),
    /// A string, written in quotation marks and escaped.
    Text(&'a str),
}

fn write_json(parts: &[JsonPart<'_>]) -> Zeroizing<Vec<u8>> {
    let max_length = parts.iter().map(|part| match part {
        JsonPart::Raw(text) => text.len(),
        // An escaped control character has six characters: `\u0000`.
        JsonPart::Text(text) => 6 * text.len() + 2,
    });
    let mut json = Zeroizing::new(Vec::with_capacity(max_length.sum()));
    for part in parts {
        match part {
            JsonPart::Raw(text) => json.extend_from_slice(text.as_bytes()),
            // Writing into memory does not fail.
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
