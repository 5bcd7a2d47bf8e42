//! Proof Key for Code Exchange (RFC 7636), S256 only: `plain` protects nothing (RFC 9700 §2.1.1).

/// A `code_challenge` of the S256 method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

/// Why the challenge parameters were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    #[error(
        "code_challenge_method must be S256; without it the method would be plain, which is refused."
    )]
    NotS256,
    #[error(
        "code_challenge must be the SHA-256 of the verifier in base64url without padding: 43 characters."
    )]
    Malformed,
    #[error("code_challenge_method was sent without code_challenge.")]
    MethodAlone,
}

impl Challenge {
    /// Reads the two parameters of an authorization request; `None` if neither was sent.
    pub fn parse(
        challenge: Option<&str>,
        method: Option<&str>,
    ) -> Result<Option<Self>, ChallengeError> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(ChallengeError::MethodAlone),
            (Some(challenge), Some("S256")) => {
                let base64url = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                if challenge.len() == 43 && challenge.chars().all(base64url) {
                    Ok(Some(Self(challenge.to_owned())))
                } else {
                    Err(ChallengeError::Malformed)
                }
            }
            (Some(_), _) => Err(ChallengeError::NotS256),
        }
    }

    /// One that was parsed before it was stored.
    pub fn stored(challenge: String) -> Self {
        Self(challenge)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a `code_verifier` has the shape of RFC 7636 §4.1: 43 to 128 unreserved characters.
pub fn is_verifier(text: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&text.len()) && text.chars().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn only_s256_is_a_method() {
        assert!(Challenge::parse(Some(RFC), Some("S256")).unwrap().is_some());
        assert_eq!(
            Challenge::parse(Some(RFC), Some("plain")),
            Err(ChallengeError::NotS256)
        );
        assert_eq!(
            Challenge::parse(Some(RFC), None),
            Err(ChallengeError::NotS256)
        );
        assert_eq!(
            Challenge::parse(None, Some("S256")),
            Err(ChallengeError::MethodAlone)
        );
        assert_eq!(
            Challenge::parse(Some("short"), Some("S256")),
            Err(ChallengeError::Malformed)
        );
        assert_eq!(Challenge::parse(None, None), Ok(None));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        assert!(is_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!is_verifier(&"a".repeat(42)));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&format!("{}+", "a".repeat(43))));
    }
}
