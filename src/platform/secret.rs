//! What must stay secret: in hand it cannot be printed and is wiped, at rest it is a fingerprint.
//! Passwords, which people choose, are hashed slowly elsewhere (`upstream::password`).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::platform::rng::Rng;

/// Length of what we make ourselves: 43 letters and digits hold 256 bits.
const MINTED_LENGTH: usize = 43;

/// A text that is never printed and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// A new one of 256 bits, letters and digits only: old clients paste codes and tokens unescaped
    /// into request bodies.
    pub fn generate(rng: &dyn Rng) -> Self {
        Self::new(alphanumeric(rng, MINTED_LENGTH))
    }

    /// The text itself. Every call of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn fingerprint(&self) -> TokenHash {
        TokenHash::of(self.expose().as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `length` letters and digits, every one equally likely.
pub fn alphanumeric(rng: &dyn Rng, length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    let mut chance = [0_u8; 64];
    while text.len() < length {
        rng.fill(&mut chance);
        // 248 is the largest multiple of 62 that a byte can hold: what lies above would favour the
        // first letters.
        let fair = chance.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        text.extend(
            letters
                .take(length - text.len())
                .map(|letter| char::from(*letter)),
        );
    }
    text
}

/// `length` digits, every one equally likely.
pub fn digits(rng: &dyn Rng, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut chance = [0_u8; 32];
    while text.len() < length {
        rng.fill(&mut chance);
        // 250 is the largest multiple of ten that a byte can hold.
        let fair = chance.iter().filter(|byte| **byte < 250);
        let digits = fair.map(|byte| char::from(b'0' + byte % 10));
        text.extend(digits.take(length - text.len()));
    }
    text
}

/// SHA-256 of a secret we made. Enough, because what we make has 256 bits and cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// As the database keeps it.
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

    /// Back from [`Self::to_hex`].
    pub fn from_hex(hex: &str) -> Option<Self> {
        let (high, low) = hex.split_at_checked(32)?;
        let half = |digits| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
        let bytes = [half(high)?, half(low)?].concat();
        bytes.try_into().ok().map(Self)
    }

    /// Compares without telling by the time it takes how much was alike.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// A key of the server's own, derived from `PROFILES_SECRET`, one per purpose.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// The master key, 32 bytes of chance.
    pub fn master(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key that serves one purpose and tells nothing of the others.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self(self.mac(&[b"derive", purpose.as_bytes()]))
    }

    /// A seal over `parts` that only this key can make, for hidden form fields and cookies.
    pub fn seal(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(parts))
    }

    /// Whether `seal` was made by [`ServerKey::seal`] over the same parts, in constant time.
    pub fn is_seal(&self, seal: &str, parts: &[&[u8]]) -> bool {
        self.seal(parts).as_bytes().ct_eq(seal.as_bytes()).into()
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length, so this default is never used.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        for part in parts {
            // The length goes in front, so that ("ab", "c") and ("a", "bc") differ.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rng::OsRng;

    #[test]
    fn what_is_minted_is_letters_and_digits_and_never_twice() {
        let one = Secret::generate(&OsRng);
        let two = Secret::generate(&OsRng);
        assert_eq!(one.expose().len(), MINTED_LENGTH);
        assert!(
            one.expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert_ne!(one.expose(), two.expose());
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn a_seal_holds_for_its_parts_and_purpose_only() {
        let key = ServerKey::master([7; 32]).derive("forms");
        let seal = key.seal(&[b"ab", b"c"]);
        assert!(key.is_seal(&seal, &[b"ab", b"c"]));
        assert!(!key.is_seal(&seal, &[b"a", b"bc"]));
        assert!(
            !ServerKey::master([7; 32])
                .derive("cookies")
                .is_seal(&seal, &[b"ab", b"c"])
        );
    }
}
