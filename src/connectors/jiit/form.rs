//! The form of a sign-in through the portal, and the checks of its inputs.

use zeroize::Zeroizing;

use crate::connectors::{
    AccountName, Answers, Input, InputChoice, InputKind, Prompt, PromptPicture,
};

/// Longer than any portal password.
const MAX_PASSWORD_BYTES: usize = 256;
const MAX_CAPTCHA_LENGTH: usize = 10;

const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const CAPTCHA: &str = "captcha";
const DETAILS: &str = "details";
const NO_DETAILS: &str = "no";
const WITH_DETAILS: &str = "yes";
const NEW_CAPTCHA: &str = "picture";

/// The submitted form. Its secrets are wiped when it is dropped.
pub(super) struct JiitForm {
    /// In capitals, as at the portal.
    pub username: String,
    pub password: Zeroizing<String>,
    pub captcha_text: Zeroizing<String>,
    pub allows_details: bool,
}

impl JiitForm {
    pub(super) fn parse(answers: &Answers) -> Self {
        Self {
            username: answers.text(USERNAME).trim().to_ascii_uppercase(),
            password: Zeroizing::new(answers.text(PASSWORD).to_owned()),
            // Phones capitalise the first letter; captchas have none.
            captcha_text: Zeroizing::new(answers.text(CAPTCHA).trim().to_ascii_lowercase()),
            allows_details: answers.text(DETAILS) == WITH_DETAILS,
        }
    }

    /// The invalid inputs, each with a message. Such a form is not sent to the portal.
    pub(super) fn find_errors(&self) -> Vec<(&'static str, &'static str)> {
        let mut errors = Vec::new();
        if !is_enrollment_number(&self.username) {
            let error = "An enrollment number has 6 to 12 letters and digits, as in 22103171.";
            errors.push((USERNAME, error));
        }
        if self.password.is_empty() || self.password.len() > MAX_PASSWORD_BYTES {
            errors.push((PASSWORD, "Type the password you have at the portal."));
        } else if self.password.chars().any(char::is_control) {
            let error = "There is a line break or another unseen sign in it. Type it by hand.";
            errors.push((PASSWORD, error));
        }
        if !is_captcha_text(&self.captcha_text) {
            let error = "Type the letters and digits that you see in the picture.";
            errors.push((CAPTCHA, error));
        }
        errors
    }
}

/// An enrollment number in capitals, as the portal has it. The error says how one looks.
pub(super) fn parse_enrollment_number(text: &str) -> Result<String, &'static str> {
    let number = text.trim().to_ascii_uppercase();
    if is_enrollment_number(&number) {
        return Ok(number);
    }
    Err("must be an enrollment number of 6 to 12 letters and digits, for example 22103171")
}

/// Usually eight digits; ten in newer years; with letters at sibling universities.
fn is_enrollment_number(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    (6..=12).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_captcha_text(captcha_text: &str) -> bool {
    (1..=MAX_CAPTCHA_LENGTH).contains(&captcha_text.len())
        && captcha_text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn is_new_captcha_request(answers: &Answers) -> bool {
    answers.alternatives() == Some(NEW_CAPTCHA)
}

/// The form with this captcha, and with the values typed before except secrets.
pub(super) fn prompt(picture: &PromptPicture, username: &str, allows_details: bool) -> Prompt {
    Prompt {
        heading: "Sign in with the JIIT portal".into(),
        notice: Some(
            "What you type goes to the portal once, to prove that it is you. Your password is not \
             kept, and nothing is read over there but what you choose below."
                .into(),
        ),
        inputs: vec![
            username_input(username),
            password_input(),
            captcha_input(),
            details_input(allows_details),
        ],
        picture: Some(picture.clone()),
        account: Some(AccountName::FromInput(USERNAME)),
        offers_remember_me: true,
        submit: "Sign in".into(),
        alternatives: vec![InputChoice {
            value: NEW_CAPTCHA,
            label: "New picture".into(),
        }],
        ..Prompt::default()
    }
}

fn username_input(form: &str) -> Input {
    let mut input = Input::new(USERNAME, InputKind::Text, "Enrollment number", "username");
    form.clone_into(&mut input.value);
    input
}

fn password_input() -> Input {
    let kind = InputKind::Password;
    let mut input = Input::new(PASSWORD, kind, "Portal password", "current-password");
    input.hint =
        Some("If the portal lets you in with Google only, choose another way here.".into());
    input
}

fn captcha_input() -> Input {
    let kind = InputKind::Captcha;
    let mut input = Input::new(CAPTCHA, kind, "Characters in the picture", "off");
    let hint = "Small letters and digits. The portal has no audio version of them.";
    input.hint = Some(hint.into());
    input
}

fn details_input(is_allowed: bool) -> Input {
    let question = "What may we read at the portal?";
    let mut input = Input::new(DETAILS, InputKind::Choice, question, "off");
    let hint =
        "It is read once, now, for a new profile. If you have a profile here, keep the first.";
    input.hint = Some(hint.into());
    let value = if is_allowed { WITH_DETAILS } else { NO_DETAILS };
    value.clone_into(&mut input.value);
    let minimal_label = "Only my name and enrollment number";
    let details_label = "Also my campus mail address, programme and sex";
    input.options = [(NO_DETAILS, minimal_label), (WITH_DETAILS, details_label)]
        .map(|(value, label)| InputChoice {
            value,
            label: label.into(),
        })
        .into();
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(username: &str, password: &str, captcha_text: &str) -> JiitForm {
        let picture = PromptPicture {
            media_type: "image/png",
            bytes: Vec::new(),
            alt: "".into(),
        };
        let answers = Answers::to(&prompt(&picture, "", false), |name| {
            let text = match name {
                USERNAME => username,
                PASSWORD => password,
                CAPTCHA => captcha_text,
                _ => WITH_DETAILS,
            };
            text.to_owned()
        });
        JiitForm::parse(&answers)
    }

    #[test]
    fn what_cannot_be_right_is_told_where_it_stands() {
        let longest_password = "x".repeat(MAX_PASSWORD_BYTES);
        for (username, password, captcha_text) in [
            (" 22103171 ", "pässwörd\"\\", "ab2c9"),
            ("241b118", " ", "AB2C9 "),
            ("2501200031", &longest_password, "a"),
        ] {
            assert!(
                form(username, password, captcha_text)
                    .find_errors()
                    .is_empty()
            );
        }
        let too_long_password = format!("{longest_password}x");
        for (username, password, captcha_text, expected_input) in [
            ("22 103171", "good", "ab2c9", USERNAME),
            ("asha@mail.jiit.ac.in", "good", "ab2c9", USERNAME),
            ("२२१०३१७१", "good", "ab2c9", USERNAME),
            ("22103171", too_long_password.as_str(), "ab2c9", PASSWORD),
            ("22103171", "two\nlines", "ab2c9", PASSWORD),
            ("22103171", "good", "ab\"},", CAPTCHA),
            ("22103171", "good", "abcdefghijk", CAPTCHA),
        ] {
            let errors = form(username, password, captcha_text).find_errors();
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].0, expected_input, "{username} {captcha_text}");
        }
        let form = form("241b118", "good", " AB2C9");
        assert_eq!(
            (form.username.as_str(), form.captcha_text.as_str()),
            ("241B118", "ab2c9")
        );
        assert!(form.allows_details);
    }
}
