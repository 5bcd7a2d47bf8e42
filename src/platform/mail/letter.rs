//! A letter, written from its template at the moment it goes out.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use serde::Serialize;
use tera::Context;

use crate::platform::clock::Timestamp;
use crate::platform::id::LetterId;
use crate::platform::web::Templates;

/// What templates may speak of.
#[derive(Serialize)]
pub(super) struct MailContext {
    /// Who reads it.
    pub name: String,
    /// The app it is about.
    pub app: String,
    /// When it happened, in the campus' time zone.
    pub at: String,
    /// The page of the app, for its owner; empty if it is about none.
    pub app_page: String,
    /// The page where a person takes things back.
    pub connected_apps: String,
    /// The page where a person takes everything along or ends it.
    pub my_data: String,
    /// The page where a person sees how they can sign in.
    pub ways_in: String,
    /// The page where a person sees their addresses.
    pub profile: String,
    /// The further address it tells of; empty if that is gone again, or it tells of none.
    pub further: String,
    /// The reader's username.
    pub username: String,
    /// Where the letter goes.
    pub address: String,
    /// Where its reader proves that they read it; empty if it is to prove nothing. A secret.
    pub link: String,
    /// What its reader types where it was asked for; empty if it is to prove nothing. A secret.
    pub code: String,
    /// What the campus is called.
    pub campus: String,
}

/// What a template made of the facts.
#[derive(Debug)]
pub(super) struct RenderedMail {
    subject: String,
    text: String,
    html: String,
}

/// Who writes to whom, and under which number.
#[derive(Debug)]
pub(super) struct Envelope {
    pub id: LetterId,
    pub from: Mailbox,
    pub to: Mailbox,
    pub date: Timestamp,
}

impl RenderedMail {
    /// Reads the three files of `templates/mail/<template>/`.
    pub(super) fn write(
        pages: &Templates,
        template: &str,
        facts: &MailContext,
    ) -> Result<Self, tera::Error> {
        let context = Context::from_serialize(facts)?;
        let part = |file: &str| pages.render(&format!("mail/{template}/{file}"), &context);
        Ok(Self {
            // A subject is one line, whatever somebody's name holds: the next one would be a header.
            subject: part("subject.txt")?
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            text: part("text.txt")?,
            html: part("html.html")?,
        })
    }

    pub(super) fn into_message(self, envelope: Envelope) -> Result<Message, lettre::error::Error> {
        let host = envelope.from.email.domain().to_owned();
        let mut message = Message::builder()
            .from(envelope.from)
            .to(envelope.to)
            .subject(self.subject)
            .date(envelope.date.into())
            // The same at every try, so that a letter that comes twice is seen to be one.
            .message_id(Some(format!("<{}@{host}>", envelope.id)))
            .multipart(MultiPart::alternative_plain_html(self.text, self.html))?;
        // No holiday replies to a machine (RFC 3834 §5).
        message.headers_mut().insert_raw(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::{Clock, SystemClock};
    use crate::platform::rng::OsRng;

    fn facts(name: &str, app: &str) -> MailContext {
        MailContext {
            name: name.into(),
            app: app.into(),
            at: "21 Nov 2026, 14:05".into(),
            app_page: "http://localhost:8000/oauth/applications/0193/".into(),
            connected_apps: "http://localhost:8000/user/settings/".into(),
            my_data: "http://localhost:8000/user/data/".into(),
            ways_in: "http://localhost:8000/user/ways-in/".into(),
            profile: "http://localhost:8000/user/".into(),
            further: "asha@home.example".into(),
            username: "asha".into(),
            address: "asha@home.example".into(),
            link: "http://localhost:8000/user/confirm_email/?token=abc".into(),
            code: "1234 5678".into(),
            campus: "Campus".into(),
        }
    }

    fn message(letter: RenderedMail) -> String {
        let now = SystemClock.now();
        let envelope = Envelope {
            id: LetterId::new(now, &OsRng),
            from: "Profiles <no-reply@campus.example>".parse().unwrap(),
            to: "asha@campus.example".parse().unwrap(),
            date: now,
        };
        String::from_utf8(letter.into_message(envelope).unwrap().formatted()).unwrap()
    }

    #[test]
    fn every_letter_can_be_written() {
        let pages = Templates::read().unwrap();
        let templates: Vec<_> = pages
            .names()
            .filter_map(|name| name.strip_prefix("mail/")?.strip_suffix("/subject.txt"))
            .map(str::to_owned)
            .collect();
        assert!(!templates.is_empty());
        for template in templates {
            let facts = facts("Asha D’Souza", "Mess & Menu");
            let letter = RenderedMail::write(&pages, &template, &facts).unwrap();
            assert!(!letter.text.contains("{{") && letter.text.contains("Asha D’Souza"));
            assert!(letter.html.contains("Asha D’Souza"));
            let tells_of_app = letter.text.contains("Mess & Menu");
            assert_eq!(letter.html.contains("Mess &amp; Menu"), tells_of_app);
            let message = message(letter);
            assert!(message.contains("Auto-Submitted: auto-generated\r\n"));
            assert!(message.contains("Content-Type: multipart/alternative"));
        }
    }

    #[test]
    fn names_stay_text_wherever_they_stand() {
        let pages = Templates::read().unwrap();
        let facts = facts("<b>A</b>", "X\r\nBcc: all@campus.example\r\n\u{2028}Y");
        let letter = RenderedMail::write(&pages, "token_replayed", &facts).unwrap();
        assert!(!letter.html.contains("<b>A"));
        let message = message(letter);
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")));
        assert_eq!(headers.matches("Subject:").count(), 1);
    }
}
