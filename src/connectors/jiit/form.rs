//! The one form of this sign-in: what it asks, and what cannot be right in an answer.

use zeroize::Zeroizing;

use crate::connectors::{
    AccountName, Answers, Input, InputChoice, InputKind, Prompt, PromptPicture,
};

/// In bytes. What is longer was never set as anybody's password.
const LONGEST_PASSWORD: usize = 256;
const MOST_LETTERS: usize = 10;

const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const LETTERS: &str = "captcha";
const DETAILS: &str = "details";
const NO_DETAILS: &str = "no";
const WITH_DETAILS: &str = "yes";
const NEW_PICTURE: &str = "picture";

/// What was typed. Wiped when it is dropped, where it is secret.
pub(super) struct JiitForm {
    /// In capitals, as the portal has it.
    pub username: String,
    pub password: Zeroizing<String>,
    pub letters: Zeroizing<String>,
    pub wants_details: bool,
}

impl JiitForm {
    pub(super) fn read(answers: &Answers) -> Self {
        Self {
            username: answers.text(USERNAME).trim().to_ascii_uppercase(),
            password: Zeroizing::new(answers.text(PASSWORD).to_owned()),
            // Telephones begin with a capital; the portal has none.
            letters: Zeroizing::new(answers.text(LETTERS).trim().to_ascii_lowercase()),
            wants_details: answers.text(DETAILS) == WITH_DETAILS,
        }
    }

    /// Inputs that cannot be right, and what to do about each. The portal need not be asked.
    pub(super) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let mut mistakes = Vec::new();
        if !is_enrollment(&self.username) {
            let error = "An enrollment number has 6 to 12 letters and digits, as in 22103171.";
            mistakes.push((USERNAME, error));
        }
        if self.password.is_empty() || self.password.len() > LONGEST_PASSWORD {
            mistakes.push((PASSWORD, "Type the password you have at the portal."));
        } else if self.password.chars().any(char::is_control) {
            let error = "There is a line break or another unseen sign in it. Type it by hand.";
            mistakes.push((PASSWORD, error));
        }
        if !is_read(&self.letters) {
            let error = "Type the letters and digits that you see in the picture.";
            mistakes.push((LETTERS, error));
        }
        mistakes
    }
}

/// Eight digits as a rule; ten in newer years, letters at sibling universities.
fn is_enrollment(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    (6..=12).contains(&text.len()) && text.bytes().all(fits)
}

fn is_read(letters: &str) -> bool {
    (1..=MOST_LETTERS).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn is_for_another_picture(answers: &Answers) -> bool {
    answers.instead() == Some(NEW_PICTURE)
}

/// The form with this picture, and with what was typed before where it is no secret.
pub(super) fn prompt(picture: &PromptPicture, username: &str, wants_details: bool) -> Prompt {
    Prompt {
        heading: "Sign in with the JIIT portal".into(),
        notice: Some(
            "What you type goes to the portal once, to prove that it is you. Your password is not \
             kept, and nothing is read over there but what you choose below."
                .into(),
        ),
        inputs: vec![
            number(username),
            password(),
            letters(),
            details(wants_details),
        ],
        picture: Some(picture.clone()),
        account: Some(AccountName::FromInput(USERNAME)),
        offers_remember_me: true,
        submit: "Sign in".into(),
        instead: vec![InputChoice {
            value: NEW_PICTURE,
            label: "New picture".into(),
        }],
        ..Prompt::default()
    }
}

fn number(typed: &str) -> Input {
    let mut input = Input::new(USERNAME, InputKind::Text, "Enrollment number", "username");
    typed.clone_into(&mut input.value);
    input
}

fn password() -> Input {
    let kind = InputKind::Password;
    let mut input = Input::new(PASSWORD, kind, "Portal password", "current-password");
    input.hint =
        Some("If the portal lets you in with Google only, choose another way here.".into());
    input
}

fn letters() -> Input {
    let kind = InputKind::Captcha;
    let mut input = Input::new(LETTERS, kind, "Characters in the picture", "off");
    let hint = "Small letters and digits. The portal has no audio version of them.";
    input.hint = Some(hint.into());
    input
}

fn details(wanted: bool) -> Input {
    let question = "What may we read at the portal?";
    let mut input = Input::new(DETAILS, InputKind::Choice, question, "off");
    let hint =
        "It is read once, now, for a new profile. If you have a profile here, keep the first.";
    input.hint = Some(hint.into());
    let value = if wanted { WITH_DETAILS } else { NO_DETAILS };
    value.clone_into(&mut input.value);
    let only = "Only my name and enrollment number";
    let more = "Also my campus mail address, programme and sex";
    input.options = [(NO_DETAILS, only), (WITH_DETAILS, more)]
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

    fn typed(username: &str, password: &str, letters: &str) -> JiitForm {
        let picture = PromptPicture {
            media_type: "image/png",
            bytes: Vec::new(),
            alt: "".into(),
        };
        let answers = Answers::to(&prompt(&picture, "", false), |name| {
            let text = match name {
                USERNAME => username,
                PASSWORD => password,
                LETTERS => letters,
                _ => WITH_DETAILS,
            };
            text.to_owned()
        });
        JiitForm::read(&answers)
    }

    #[test]
    fn what_cannot_be_right_is_told_where_it_stands() {
        let longest = "x".repeat(LONGEST_PASSWORD);
        for (username, password, letters) in [
            (" 22103171 ", "pässwörd\"\\", "ab2c9"),
            ("241b118", " ", "AB2C9 "),
            ("2501200031", &longest, "a"),
        ] {
            assert!(typed(username, password, letters).mistakes().is_empty());
        }
        let longer = format!("{longest}x");
        for (username, password, letters, wrong) in [
            ("22 103171", "good", "ab2c9", USERNAME),
            ("asha@mail.jiit.ac.in", "good", "ab2c9", USERNAME),
            ("२२१०३१७१", "good", "ab2c9", USERNAME),
            ("22103171", longer.as_str(), "ab2c9", PASSWORD),
            ("22103171", "two\nlines", "ab2c9", PASSWORD),
            ("22103171", "good", "ab\"},", LETTERS),
            ("22103171", "good", "abcdefghijk", LETTERS),
        ] {
            let mistakes = typed(username, password, letters).mistakes();
            assert_eq!(mistakes.len(), 1);
            assert_eq!(mistakes[0].0, wrong, "{username} {letters}");
        }
        let typed = typed("241b118", "good", " AB2C9");
        assert_eq!(
            (typed.username.as_str(), typed.letters.as_str()),
            ("241B118", "ab2c9")
        );
        assert!(typed.wants_details);
    }
}
