//! Secrets: [`Secret`] in memory, which cannot be printed and is wiped when dropped, and [`SecretHash`] in the
//! database. Passwords, which people choose and others can guess, are hashed with Argon2 (see
//! [`crate::connectors`]).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::platform::rng::Rng;

/// The length of generated secrets: 43 letters and digits hold 256 bits.
const GENERATED_LENGTH: usize = 43;

/// A text that is never printed, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// A new secret of 256 bits. Letters and digits only, because old clients write codes and tokens
    /// unescaped into request bodies.
    pub fn generate(rng: &dyn Rng) -> Self {
        Self::new(alphanumeric(rng, GENERATED_LENGTH))
    }

    /// The text itself. Each call needs a look in a code review.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.expose().as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// 256 bits as letters and digits: the number in base 62, the last digit first.
fn encode_alphanumeric(mut number: [u8; 32]) -> String {
    let mut text = String::with_capacity(GENERATED_LENGTH);
    for _ in 0..GENERATED_LENGTH {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let dividend = remainder << 8 | u16::from(*byte);
            // Below 256, since the remainder before it was below 62.
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            remainder = dividend % 62;
        }
        text.extend(
            ALPHABET
                .get(usize::from(remainder))
                .map(|letter| char::from(*letter)),
        );
    }
    text
}

/// Random letters and digits, each equally likely.
pub fn alphanumeric(rng: &dyn Rng, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut random = [0_u8; 64];
    while text.len() < length {
        rng.fill(&mut random);
        // 248 is the largest multiple of 62 below 256. Larger bytes would favour the first letters.
        let unbiased = random.iter().filter(|byte| **byte < 248);
        let letters = unbiased.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        text.extend(
            letters
                .take(length - text.len())
                .map(|letter| char::from(*letter)),
        );
    }
    text
}

/// Random digits, each equally likely.
pub fn digits(rng: &dyn Rng, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut random = [0_u8; 32];
    while text.len() < length {
        rng.fill(&mut random);
        // 250 is the largest multiple of ten below 256.
        let unbiased = random.iter().filter(|byte| **byte < 250);
        let digits = unbiased.map(|byte| char::from(b'0' + byte % 10));
        text.extend(digits.take(length - text.len()));
    }
    text
}

/// The SHA-256 of a generated secret. A fast hash is enough: 256 random bits cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// For the database.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// As 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        let (high, low) = self.0.split_at(16);
        let number = |half: &[u8]| {
            half.iter()
                .fold(0, |number, byte| number << 8 | u128::from(*byte))
        };
        format!("{:032x}{:032x}", number(high), number(low))
    }

    /// The inverse of [`Self::to_hex`].
    pub fn from_hex(hex: &str) -> Option<Self> {
        let (high, low) = hex.split_at_checked(32)?;
        let half = |digits| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
        let bytes = [half(high)?, half(low)?].concat();
        bytes.try_into().ok().map(Self)
    }

    /// Compares in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A key for HMAC-SHA-256, derived from `PROFILES_SECRET`. Each purpose has its own.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// The master key: 32 random bytes.
    pub fn master(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Derives the key of one purpose. It reveals nothing about the other keys.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self(self.mac_bytes(&[b"derive", purpose.as_bytes()]))
    }

    /// The message authentication code (MAC) of `parts` in base64url, for CSRF tokens and cookies.
    pub fn mac(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac_bytes(parts))
    }

    /// The MAC of `parts` as a secret in the form of [`Secret::generate`]: nobody without the key can compute
    /// it.
    pub fn derive_secret(&self, parts: &[&[u8]]) -> Secret {
        Secret::new(encode_alphanumeric(self.mac_bytes(parts)))
    }

    /// Whether `mac` is the MAC of `parts`. Compares in constant time.
    pub fn verify_mac(&self, mac: &str, parts: &[&[u8]]) -> bool {
        self.mac(parts).as_bytes().ct_eq(mac.as_bytes()).into()
    }

    fn mac_bytes(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC accepts keys of any length, so this default is never used.
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        for part in parts {
            // The length comes first, so that ("ab", "c") and ("a", "bc") differ.
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn generated_secrets_are_letters_and_digits_and_differ() {
        let one = Secret::generate(&OsRng);
        let two = Secret::generate(&OsRng);
        assert_eq!(one.expose().len(), GENERATED_LENGTH);
        assert!(
            one.expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn a_derived_secret_has_the_form_of_a_generated_one_and_all_bits_of_the_mac() {
        let key = ServerKey::master([7; 32]);
        let secret = key.derive_secret(&[b"a"]);
        assert_eq!(secret.expose().len(), GENERATED_LENGTH);
        assert_ne!(secret.expose(), key.derive_secret(&[b"b"]).expose());
        // 62 to the power of 43 is more than 2 to the power of 256, so no two numbers share a text.
        assert_eq!(encode_alphanumeric([0; 32]), "A".repeat(43));
        let mut one = [0; 32];
        one[0] = 0x80;
        let mut other = one;
        other[0] = 0xC0;
        assert_ne!(encode_alphanumeric(one), encode_alphanumeric(other));
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn a_mac_is_valid_for_its_parts_and_purpose_only() {
        let key = ServerKey::master([7; 32]).derive("forms");
        let mac = key.mac(&[b"ab", b"c"]);
        assert!(key.verify_mac(&mac, &[b"ab", b"c"]));
        assert!(!key.verify_mac(&mac, &[b"a", b"bc"]));
        assert!(
            !ServerKey::master([7; 32])
                .derive("cookies")
                .verify_mac(&mac, &[b"ab", b"c"])
        );
    }
}
