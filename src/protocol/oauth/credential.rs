//! Client credentials: HTTP Basic or form fields (RFC 6749 §2.3.1).
//!
//! Decision: both at once are accepted when they agree, because existing clients do so, instead of being
//! refused as RFC 6749 §2.3 has it. Basic is read percent-decoded, as §2.3.1 has it, and literally, as
//! existing clients write it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::platform::secret::Secret;

/// One reading of what the client sent.
#[derive(Debug, Clone)]
pub struct ClientCredential {
    pub client_id: String,
    /// None for a public client.
    pub secret: Option<Secret>,
}

/// The possible readings of a client's credentials; at least one.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    claims: Vec<ClientCredential>,
}

/// The client did not identify itself, or in two different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingCredentials;

impl ClientCredentials {
    /// Reads the `Authorization` header and the form's `client_id` and `client_secret`.
    pub fn read(
        header: Option<&str>,
        client_id: Option<&str>,
        client_secret: Option<&str>,
    ) -> Result<Self, MissingCredentials> {
        let basic = header.and_then(|header| strip_scheme(header, "basic"));
        let Some(basic) = basic else {
            let claim = ClientCredential {
                client_id: parse_client_id(client_id).ok_or(MissingCredentials)?,
                secret: client_secret.map(Secret::new),
            };
            return Ok(Self {
                claims: vec![claim],
            });
        };
        let mut claims = read_basic(basic).ok_or(MissingCredentials)?;
        claims.retain(|claim| agrees(claim, client_id, client_secret));
        if claims.is_empty() {
            return Err(MissingCredentials);
        }
        Ok(Self { claims })
    }

    pub fn claims(&self) -> &[ClientCredential] {
        &self.claims
    }
}

/// The rest of a header after its scheme, whose name is case-insensitive (RFC 9110 §11.1).
pub fn strip_scheme<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = header.trim().split_once(' ')?;
    name.eq_ignore_ascii_case(scheme)
        .then_some(rest.trim_start())
}

fn read_basic(encoded: &str) -> Option<Vec<ClientCredential>> {
    let bytes = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let literal = claim(id, secret);
    let decoded = claim(&decode(id), &decode(secret));
    let differs =
        |decoded: &ClientCredential| decoded.client_id != id || !is_secret(decoded, secret);
    Some(decoded.filter(differs).into_iter().chain(literal).collect())
}

fn claim(id: &str, secret: &str) -> Option<ClientCredential> {
    let secret = Some(secret).filter(|secret| !secret.is_empty());
    Some(ClientCredential {
        client_id: parse_client_id(Some(id))?,
        secret: secret.map(Secret::new),
    })
}

fn agrees(claim: &ClientCredential, client_id: Option<&str>, client_secret: Option<&str>) -> bool {
    client_id.is_none_or(|id| claim.client_id == id)
        && client_secret.is_none_or(|secret| is_secret(claim, secret))
}

fn is_secret(claim: &ClientCredential, secret: &str) -> bool {
    let claimed = claim.secret.as_ref().map_or("", Secret::expose);
    Secret::new(claimed)
        .hash()
        .matches(&Secret::new(secret).hash().to_vec())
}

/// Text that can be a client id: printable ASCII, at most 100 characters.
fn parse_client_id(client_id: Option<&str>) -> Option<String> {
    let id = client_id?;
    let printable = id.chars().all(|c| matches!(c, '!'..='~'));
    (!id.is_empty() && id.len() <= 100 && printable).then(|| id.to_owned())
}

/// `application/x-www-form-urlencoded` decoding of one part (RFC 6749 §2.3.1).
fn decode(text: &str) -> Cow<'_, str> {
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    let decoded = url::form_urlencoded::parse(escaped.as_bytes()).next();
    decoded.map_or(Cow::Borrowed(text), |(name, _)| {
        Cow::Owned(name.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    fn read(header: Option<&str>, id: Option<&str>, secret: Option<&str>) -> Vec<(String, String)> {
        let credential = ClientCredentials::read(header, id, secret);
        let claims = credential
            .map(|credential| credential.claims)
            .unwrap_or_default();
        let text = |claim: ClientCredential| {
            (
                claim.client_id,
                claim
                    .secret
                    .map_or_else(String::new, |s| s.expose().to_owned()),
            )
        };
        claims.into_iter().map(text).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(id, secret)| ((*id).to_owned(), (*secret).to_owned()))
            .collect()
    }

    #[test]
    fn basic_is_read_decoded_and_literally() {
        assert_eq!(
            read(Some(&basic("app:plain")), None, None),
            pairs(&[("app", "plain")])
        );
        assert_eq!(
            read(Some(&basic("app:a%2Bb")), None, None),
            pairs(&[("app", "a+b"), ("app", "a%2Bb")])
        );
        assert_eq!(
            read(Some(&basic("app:a&b=c")), None, None),
            pairs(&[("app", "a&b=c")])
        );
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        let header = basic("app:s").replace("Basic", "bAsIc");
        assert_eq!(read(Some(&header), None, None), pairs(&[("app", "s")]));
    }

    #[test]
    fn header_and_body_together_must_agree() {
        let header = basic("app:s");
        assert_eq!(
            read(Some(&header), Some("app"), Some("s")),
            pairs(&[("app", "s")])
        );
        assert_eq!(
            read(Some(&header), Some("app"), None),
            pairs(&[("app", "s")])
        );
        assert!(read(Some(&header), Some("other"), None).is_empty());
        assert!(read(Some(&header), Some("app"), Some("t")).is_empty());
    }

    #[test]
    fn a_public_client_sends_its_id_only() {
        assert_eq!(read(None, Some("app"), None), pairs(&[("app", "")]));
        assert_eq!(
            read(Some(&basic("app:")), None, None),
            pairs(&[("app", "")])
        );
    }

    #[test]
    fn an_id_that_is_too_long_only_while_escaped_is_read() {
        let header = basic(&format!("{}:%73", "%61".repeat(40)));
        let id = "a".repeat(40);
        assert_eq!(read(Some(&header), None, None), pairs(&[(&id, "s")]));
    }

    #[test]
    fn malformed_credentials_are_none() {
        assert!(read(Some("Basic !!!"), Some("app"), Some("s")).is_empty());
        assert!(read(Some(&basic("nocolon")), None, None).is_empty());
        assert!(read(None, None, Some("s")).is_empty());
        assert!(read(None, Some("a\u{7f}b"), None).is_empty());
    }
}
