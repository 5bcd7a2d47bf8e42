//! The records of people, reset requests, and sent mails.

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A record. There may be several for the same roll number or address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    pub roll: String,
    pub email: String,
    pub verifier: String,
    pub linksuffix: String,
    pub emailtoken: String,
    pub step1complete: bool,
    pub step2complete: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub step1completedat: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub step2completedat: OffsetDateTime,
}

impl Person {
    pub fn new(roll: &str, email: &str, now: OffsetDateTime) -> Self {
        Self {
            roll: roll.to_owned(),
            email: email.to_owned(),
            verifier: token(),
            linksuffix: token(),
            emailtoken: token(),
            step1complete: false,
            step2complete: false,
            step1completedat: now,
            step2completedat: now,
        }
    }

    pub fn is_complete(&self) -> bool {
        self.step1complete && self.step2complete
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Reset {
    pub roll: String,
    pub email: String,
    pub token: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    pub to: String,
    pub from: &'static str,
    pub subject: &'static str,
    pub text: String,
    pub html: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// 15 hexadecimal digits.
pub fn token() -> String {
    let mut chance = rand::rng();
    (0..15)
        .map(|_| char::from_digit(chance.random_range(0..16), 16).unwrap())
        .collect()
}

/// An address with the middle of both parts replaced by `x`; short parts stay. As in the original, a
/// part that repeats itself comes out wrong.
pub fn redacted(email: &str) -> String {
    let parts = email.splitn(2, '@').map(|part| {
        let signs: Vec<char> = part.chars().collect();
        if signs.len() <= 4 {
            return part.to_owned();
        }
        let middle: String = signs[2..signs.len() - 2].iter().collect();
        part.replacen(&middle, &"x".repeat(signs.len() - 4), 1)
    });
    parts.collect::<Vec<_>>().join("@")
}
