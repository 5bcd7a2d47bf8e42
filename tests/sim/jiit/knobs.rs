//! What of the portal can be turned while it runs.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knobs {
    /// How far its clock is ahead: of keys, of captchas, of the `Date` header.
    pub clock_offset_s: i64,
    /// How far the `Date` header is ahead of that.
    pub date_offset_s: i64,
    pub captcha_mode: CaptchaMode,
    pub token_path: String,
    pub wrong_password: WrongPassword,
    /// Off: students are to use Google.
    pub student_password_login: bool,
    /// Whether the first phases want JSON's media type, or none.
    pub strict_ct: bool,
    /// Whether an encrypted body may stand between quotation marks.
    pub accept_quoted: bool,
    /// What becomes of the first phase's secret after a wrong password.
    pub random_on_failure: RandomOnFailure,
    /// In seconds.
    pub jwt_ttl: i64,
    /// Tokens say that they ended an hour ago, and are good all the same.
    pub wrong_exp: bool,
    /// Every token is refused.
    pub forget_tokens: bool,
    /// Personal information wants the misspelt member.
    pub need_clinetid: bool,
    pub latency_ms: u64,
    /// The second phase does not say who signed in.
    pub omit_enrollment: bool,
    /// The second phase says that somebody else signed in.
    pub say_enrollment: Option<String>,
    pub google: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptchaMode {
    Strict,
    /// The pair that old clients carry is good, too.
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
    /// Good for two further passwords.
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
