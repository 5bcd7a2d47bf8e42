//! DKIM signatures (RFC 6376; with Ed25519, RFC 8463): receivers can verify the sender domain and that the
//! mail is unchanged.
//!
//! Decision: canonicalisation is implemented here, instead of with lettre's DKIM feature, because that
//! depends on the `rsa` crate (RUSTSEC-2023-0071). The cryptography is that of ring, which TLS uses already.

use std::fmt;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// The signed headers. Each name is listed once more than the header occurs, so that a header added later
/// breaks the signature (RFC 6376 §8.15). One-click unsubscription requires the last two (RFC 8058 §3.1).
const SIGNED_HEADERS: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A private key, and the DNS name of its public key:
/// `<selector>._domainkey.<domain>`.
pub struct DkimSigner {
    domain: String,
    selector: String,
    key: DkimKey,
}

enum DkimKey {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for DkimSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimSigner({} at {})", self.selector, self.domain)
    }
}

impl DkimSigner {
    /// Parses a private key in PEM: RSA of 2048 bits or more, or Ed25519. `None` for anything else.
    pub fn parse(pem: &[u8], selector: &str, domain: &str) -> Option<Self> {
        let key = match PrivateKeyDer::from_pem_slice(pem).ok()? {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der())
                .ok()
                .map(Box::new)
                .map(DkimKey::Rsa),
            PrivateKeyDer::Pkcs8(key) => {
                let der = key.secret_pkcs8_der();
                let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(DkimKey::Ed25519);
                let rsa = || RsaKeyPair::from_pkcs8(der).map(Box::new).map(DkimKey::Rsa);
                ed25519.or_else(|_| rsa()).ok()
            }
            _ => None,
        }?;
        Some(Self {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key,
        })
    }

    /// Adds the signature in front. A message without end of headers is returned unchanged.
    pub(super) fn sign(&self, mail: Vec<u8>) -> Vec<u8> {
        let end = mail.windows(4).position(|four| four == b"\r\n\r\n");
        let Some((headers, body)) = end.and_then(|end| mail.split_at_checked(end + 2)) else {
            return mail;
        };
        let fields = parse_headers(&String::from_utf8_lossy(headers));
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(
            body.get(2..).unwrap_or_default(),
        )));
        let (names, mut signed) = select_headers(&fields);
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={};\r\n\ts={}; h={names};\r\n\tbh={body_hash};\r\n\tb=",
            self.algorithm(),
            self.domain,
            self.selector,
        );
        signed.push_str("dkim-signature:");
        signed.push_str(&relaxed_value(&unsigned));
        let signature = STANDARD.encode(self.signature(signed.as_bytes()));
        let mut signed_mail =
            format!("DKIM-Signature: {unsigned}{}\r\n", fold(&signature)).into_bytes();
        signed_mail.extend_from_slice(&mail);
        signed_mail
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            DkimKey::Rsa(_) => "rsa-sha256",
            DkimKey::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn signature(&self, signed: &[u8]) -> Vec<u8> {
        match &self.key {
            DkimKey::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // Fails only for a buffer of another length.
                match key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    signed,
                    &mut signature,
                ) {
                    Ok(()) => signature,
                    Err(_) => Vec::new(),
                }
            }
            DkimKey::Ed25519(key) => key.sign(&Sha256::digest(signed)).as_ref().to_vec(),
        }
    }
}

/// The header fields, unfolded, with names in lower case.
fn parse_headers(headers: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in headers.split("\r\n") {
        match fields.last_mut() {
            Some((_, value)) if line.starts_with([' ', '\t']) => value.push_str(line),
            _ => {
                let Some((name, value)) = line.split_once(':') else {
                    continue;
                };
                fields.push((name.trim().to_lowercase(), value.to_owned()));
            }
        }
    }
    fields
}

/// The list of names for `h=`, and the signed fields, from the last to the first (RFC 6376 §5.4.2).
fn select_headers(fields: &[(String, String)]) -> (String, String) {
    let (mut names, mut signed) = (Vec::new(), String::new());
    for name in SIGNED_HEADERS {
        for (_, value) in fields.iter().rev().filter(|(known, _)| known == name) {
            names.push(name);
            let _ = write!(signed, "{name}:{}\r\n", relaxed_value(value));
        }
        names.push(name);
    }
    (names.join(":\r\n\t "), signed)
}

/// RFC 6376 §3.4.2.
fn relaxed_value(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// RFC 6376 §3.4.4.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut relaxed: Vec<u8> = Vec::with_capacity(body.len());
    let mut empty_lines = 0;
    let body = body.strip_suffix(b"\r\n").unwrap_or(body);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_end();
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            relaxed.extend_from_slice(b"\r\n");
        }
        let mut blank_before = false;
        for byte in line {
            let blank = is_blank(byte);
            match (blank, blank_before) {
                (true, true) => {}
                (true, false) => relaxed.push(b' '),
                (false, _) => relaxed.push(*byte),
            }
            blank_before = blank;
        }
        relaxed.extend_from_slice(b"\r\n");
    }
    relaxed
}

/// Folds the signature into short lines; whitespace inside `b=` is ignored (RFC 6376 §3.5).
fn fold(signature: &str) -> String {
    let lines = signature.as_bytes().chunks(72);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    lines.join("\r\n\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6376 §3.4.5.
    #[test]
    fn whitespace_is_canonicalised_as_in_the_rfc() {
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
        let fields = parse_headers("A: X\r\nB : Y\t\r\n\tZ  \r\n");
        let relaxed: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}:{}", relaxed_value(value)))
            .collect();
        assert_eq!(relaxed, ["a:X", "b:Y Z"]);
    }

    #[test]
    fn every_name_is_listed_once_more_than_it_occurs() {
        let fields = parse_headers("Subject: one\r\nX: y\r\nSubject: two\r\n");
        let (names, signed) = select_headers(&fields);
        assert_eq!(names.matches("subject").count(), 3);
        assert_eq!(names.matches("list-unsubscribe-post").count(), 1);
        assert_eq!(signed, "subject:two\r\nsubject:one\r\n");
    }

    #[test]
    fn an_invalid_key_is_refused() {
        assert!(DkimSigner::parse(b"nonsense", "s", "campus.example").is_none());
    }
}
