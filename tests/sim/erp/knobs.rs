//! What can be turned while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All of them, as they stand at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// The login page's hidden sessionToken is another than the one in its address, and the only good one.
    pub rotate: bool,
    /// A sessionToken it does not know brings the login page.
    pub strict_session_token: bool,
    pub question_mode: QuestionMode,
    pub question_binding: QuestionBinding,
    /// In seconds.
    pub otp_ttl: u64,
    pub otp_required: bool,
    pub otp_error: OtpError,
    pub success_style: SuccessStyle,
    /// Who has a live session is not let in a second time.
    pub single_session: bool,
    /// How long the page that only strangers see is for somebody who is signed in: 741, or 1034 as it was before.
    pub alive_len: usize,
    pub otp_content_type: String,
    /// How many times a question is percent-encoded: 0 to 3.
    pub encode_question: u8,
    pub latency_ms: u64,
    /// By path: `503` (or another status), `close`, `html`, `garbage`, and what else the kit knows; `none` mends.
    pub fail: BTreeMap<String, String>,
    /// Where success leads instead, if not empty.
    pub foreign_redirect: String,
    /// Seconds a token lives unused.
    pub sso_ttl: u64,
    /// Seconds a session lives in all.
    pub session_ttl: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionMode {
    Random,
    RoundRobin,
    /// Always the first.
    Fixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionBinding {
    /// The answer belongs to the question that was asked last.
    Strict,
    /// The answer to any of the three will do.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtpError {
    Page,
    /// The text alone.
    Bare,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuccessStyle {
    Http,
    /// A page whose script goes on.
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
