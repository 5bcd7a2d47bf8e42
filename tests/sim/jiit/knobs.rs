//! Settings that can change while the simulator runs.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knobs {
    /// How far the portal's clock is ahead, for keys, captchas and the `Date` header.
    pub clock_offset_s: i64,
    /// How far the `Date` header is ahead of that.
    pub date_offset_s: i64,
    pub captcha_mode: CaptchaMode,
    pub token_path: String,
    pub wrong_password: WrongPassword,
    /// Off: students must use Google sign-in.
    pub student_password_login: bool,
    /// Whether the first phases require the media type of JSON, or none.
    pub strict_ct: bool,
    /// Whether an encrypted body may be in quotation marks.
    pub accept_quoted: bool,
    /// What happens to the first phase's secret after a wrong password.
    pub random_on_failure: RandomOnFailure,
    /// In seconds.
    pub jwt_ttl: i64,
    /// Tokens have an expiry an hour ago, and are valid nevertheless.
    pub wrong_exp: bool,
    /// Every token is refused.
    pub forget_tokens: bool,
    /// Personal information requires the misspelt member.
    pub need_clinetid: bool,
    pub latency_ms: u64,
    /// The second phase omits the enrollment number.
    pub omit_enrollment: bool,
    /// The second phase answers with this enrollment number.
    pub say_enrollment: Option<String>,
    pub google: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptchaMode {
    Strict,
    /// Also accepts the pair that old clients send.
    LegacyDefault,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WrongPassword {
    #[serde(rename = "404")]
    NotFound,
    #[serde(rename = "417")]
    ExpectationFailed,
    #[serde(rename = "empty")]
    Empty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomOnFailure {
    /// Valid for two more passwords.
    Keep,
    Burn,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            clock_offset_s: 0,
            date_offset_s: 0,
            captcha_mode: CaptchaMode::Strict,
            token_path: "/token/generatewebtoken".to_owned(),
            wrong_password: WrongPassword::NotFound,
            student_password_login: true,
            strict_ct: true,
            accept_quoted: false,
            random_on_failure: RandomOnFailure::Keep,
            jwt_ttl: 90_000,
            wrong_exp: false,
            forget_tokens: false,
            need_clinetid: false,
            latency_ms: 0,
            omit_enrollment: false,
            say_enrollment: None,
            google: false,
        }
    }
}
