//! Proof Key for Code Exchange (RFC 7636), S256 only: `plain` protects nothing (RFC 9700 §2.1.1).

use super::oxide;

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

/// Why a token request fails PKCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    #[error("code_verifier is missing: the sign-in began with code_challenge.")]
    Missing,
    #[error("code_verifier was sent, but the sign-in began without code_challenge.")]
    Unexpected,
    #[error("code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~")]
    Malformed,
    #[error("code_verifier does not fit code_challenge.")]
    Mismatch,
}

/// Compares the verifier of a token request with the challenge of its authorization request (RFC 7636
/// §4.6). A verifier without a challenge is refused: the challenge may have been stripped on the way (RFC
/// 9700 §4.8).
pub fn verify_pkce(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), PkceError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(PkceError::Unexpected),
        (Some(_), None) => Err(PkceError::Missing),
        (Some(_), Some(verifier)) if !is_verifier(verifier) => Err(PkceError::Malformed),
        (Some(challenge), Some(verifier)) => {
            if oxide::fits_challenge(challenge.as_str(), verifier) {
                Ok(())
            } else {
                Err(PkceError::Mismatch)
            }
        }
    }
}

/// Whether a `code_verifier` has the shape of RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
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
    fn the_vector_of_rfc_7636_appendix_b_passes_and_everything_else_does_not() {
        const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = Challenge::stored(RFC.to_owned());
        let wrong = VERIFIER.replace('d', "e");
        let verify = |verifier| verify_pkce(Some(&challenge), verifier);
        assert_eq!(verify(Some(VERIFIER)), Ok(()));
        assert_eq!(verify(Some(wrong.as_str())), Err(PkceError::Mismatch));
        assert_eq!(verify(Some("short")), Err(PkceError::Malformed));
        assert_eq!(verify(None), Err(PkceError::Missing));
        assert_eq!(
            verify_pkce(None, Some(VERIFIER)),
            Err(PkceError::Unexpected)
        );
        assert_eq!(verify_pkce(None, None), Ok(()));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        assert!(is_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!is_verifier(&"a".repeat(42)));
        assert!(!is_verifier(&"a".repeat(129)));
        assert!(!is_verifier(&format!("{}+", "a".repeat(43))));
    }
}
