//! Settings that can change while the simulator runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All knobs; the default is the state at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// The login page's hidden sessionToken differs from the one in its address, and only the hidden one
    /// is valid.
    pub rotate: bool,
    /// An unknown sessionToken leads back to the login page.
    pub strict_session_token: bool,
    pub question_mode: QuestionMode,
    pub question_binding: QuestionBinding,
    /// In seconds.
    pub otp_ttl: u64,
    pub otp_required: bool,
    pub otp_error: OtpError,
    pub success_style: SuccessStyle,
    /// A person with a live session cannot sign in a second time.
    pub single_session: bool,
    /// The length of the keep-alive page for a signed-in person: 741, formerly 1034.
    pub alive_len: usize,
    pub otp_content_type: String,
    /// How many times a question is percent-encoded: 0 to 3.
    pub encode_question: u8,
    pub latency_ms: u64,
    /// By path: `503` (or another status), `close`, `html`, `garbage` or another fault of the kit;
    /// `none` clears them.
    pub fail: BTreeMap<String, String>,
    /// The target of the redirect after a sign-in, if not empty.
    pub foreign_redirect: String,
    /// The idle lifetime of a token, in seconds.
    pub sso_ttl: u64,
    /// The total lifetime of a session, in seconds.
    pub session_ttl: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionMode {
    Random,
    RoundRobin,
    /// Always the first question.
    Fixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionBinding {
    /// The answer must belong to the last question.
    Strict,
    /// The answer to any of the three is accepted.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtpError {
    Page,
    /// The plain text.
    Bare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuccessStyle {
    Http,
    /// A page that redirects by script.
    Js,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            rotate: false,
            strict_session_token: false,
            question_mode: QuestionMode::Random,
            question_binding: QuestionBinding::Strict,
            otp_ttl: 300,
            otp_required: true,
            otp_error: OtpError::Page,
            success_style: SuccessStyle::Http,
            single_session: false,
            alive_len: 741,
            otp_content_type: "application/json".to_owned(),
            encode_question: 0,
            latency_ms: 0,
            fail: BTreeMap::new(),
            foreign_redirect: String::new(),
            sso_ttl: 1800,
            session_ttl: 9000,
        }
    }
}
