//! The signature that lets a mailbox see that a letter is ours and unchanged (DKIM, RFC 6376; with
//! Ed25519, RFC 8463).
//!
//! Decision: the two dozen lines of canonicalisation are ours, because lettre's signing comes with the
//! `rsa` crate (RUSTSEC-2023-0071). The cryptography is ring's, which speaks our TLS already.

use std::fmt;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// What is signed. A name that stands once more than its header does (all of them do) also forbids a
/// second one (RFC 6376 §8.15). The last two must be signed for one-click (RFC 8058 §3.1).
const SIGNED: [&str; 12] = [
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

/// A key, and the name in DNS under which its other half is published:
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
        write!(f, "Signer({} at {})", self.selector, self.domain)
    }
}

impl DkimSigner {
    /// Reads a private key in PEM: RSA of 2048 bits or more, or Ed25519. `None` for anything else.
    pub fn read(pem: &[u8], selector: &str, domain: &str) -> Option<Self> {
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

    /// The letter with its signature in front. A letter without an end of its headers stays as it is.
    pub(super) fn sign(&self, letter: Vec<u8>) -> Vec<u8> {
        let end = letter.windows(4).position(|four| four == b"\r\n\r\n");
        let Some((headers, body)) = end.and_then(|end| letter.split_at_checked(end + 2)) else {
            return letter;
        };
        let fields = fields(&String::from_utf8_lossy(headers));
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(
            body.get(2..).unwrap_or_default(),
        )));
        let (names, mut signed) = chosen(&fields);
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={};\r\n\ts={}; h={names};\r\n\tbh={body_hash};\r\n\tb=",
            self.algorithm(),
            self.domain,
            self.selector,
        );
        signed.push_str("dkim-signature:");
        signed.push_str(&relaxed_value(&unsigned));
        let signature = STANDARD.encode(self.signature(signed.as_bytes()));
        let mut whole =
            format!("DKIM-Signature: {unsigned}{}\r\n", folded(&signature)).into_bytes();
        whole.extend_from_slice(&letter);
        whole
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
                // The only thing that can fail here is a buffer of another length.
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

/// The header fields, unfolded: names in lower case.
fn fields(headers: &str) -> Vec<(String, String)> {
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

/// The list of names for `h=`, and the fields as they are signed, from the lowest up (RFC 6376 §5.4.2).
fn chosen(fields: &[(String, String)]) -> (String, String) {
    let (mut names, mut signed) = (Vec::new(), String::new());
    for name in SIGNED {
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

/// No line longer than mail likes; whitespace inside `b=` means nothing (RFC 6376 §3.5).
fn folded(signature: &str) -> String {
    let lines = signature.as_bytes().chunks(72);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    lines.join("\r\n\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6376 §3.4.5.
    #[test]
    fn blanks_are_relaxed_as_the_standard_shows() {
        let body = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"no end"), b"no end\r\n");
        let fields = fields("A: X\r\nB : Y\t\r\n\tZ  \r\n");
        let relaxed: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}:{}", relaxed_value(value)))
            .collect();
        assert_eq!(relaxed, ["a:X", "b:Y Z"]);
    }

    #[test]
    fn every_name_is_listed_once_more_than_it_stands() {
        let fields = fields("Subject: one\r\nX: y\r\nSubject: two\r\n");
        let (names, signed) = chosen(&fields);
        assert_eq!(names.matches("subject").count(), 3);
        assert_eq!(names.matches("list-unsubscribe-post").count(), 1);
        assert_eq!(signed, "subject:two\r\nsubject:one\r\n");
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert!(DkimSigner::read(b"nonsense", "s", "campus.example").is_none());
    }
}
