//! A mail rendered from its templates.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use serde::Serialize;
use tera::Context;

use crate::platform::clock::Timestamp;
use crate::platform::id::MailId;
use crate::platform::web::Templates;

/// The variables of mail templates.
#[derive(Serialize)]
pub(super) struct MailContext {
    /// The recipient.
    pub name: String,
    /// The name of the app it is about; empty if there is none.
    pub app: String,
    /// When the event happened, in the time zone of the campus.
    pub at: String,
    /// The page of the app, for its owner; empty if there is none.
    pub app_page: String,
    /// The page where a person removes access.
    pub connected_apps: String,
    /// The page where a person downloads their data or closes the account.
    pub data_export: String,
    /// The page of linked identities.
    pub linked_identities: String,
    /// The page of the profile.
    pub profile: String,
    /// The secondary address it is about; empty if there is none, or it was removed.
    pub further: String,
    /// The username of the recipient.
    pub username: String,
    /// The recipient address.
    pub address: String,
    /// The confirmation link; empty if there is none. A secret.
    pub link: String,
    /// The code to type; empty if there is none. A secret.
    pub code: String,
    /// The name of the campus.
    pub campus: String,
}

/// Subject and bodies of a mail.
#[derive(Debug)]
pub(super) struct RenderedMail {
    subject: String,
    text: String,
    html: String,
}

/// Sender, recipient, date and id of a mail.
#[derive(Debug)]
pub(super) struct Envelope {
    pub id: MailId,
    pub from: Mailbox,
    pub to: Mailbox,
    pub date: Timestamp,
}

impl RenderedMail {
    /// Renders the three templates in `templates/mail/<template>/`.
    pub(super) fn render(
        templates: &Templates,
        template: &str,
        context: &MailContext,
    ) -> Result<Self, tera::Error> {
        let context = Context::from_serialize(context)?;
        let part = |file: &str| templates.render(&format!("mail/{template}/{file}"), &context);
        Ok(Self {
            // Security: a line break, for example in the name of an app, would start a new header.
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
            // The same at every attempt, so that a mailbox can recognise a duplicate.
            .message_id(Some(format!("<{}@{host}>", envelope.id)))
            .multipart(MultiPart::alternative_plain_html(self.text, self.html))?;
        // Suppresses automatic replies (RFC 3834 §5).
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

    fn context(name: &str, app: &str) -> MailContext {
        MailContext {
            name: name.into(),
            app: app.into(),
            at: "21 Nov 2026, 14:05".into(),
            app_page: "http://localhost:8000/oauth/applications/0193/".into(),
            connected_apps: "http://localhost:8000/user/settings/".into(),
            data_export: "http://localhost:8000/user/data/".into(),
            linked_identities: "http://localhost:8000/user/ways-in/".into(),
            profile: "http://localhost:8000/user/".into(),
            further: "asha@home.example".into(),
            username: "asha".into(),
            address: "asha@home.example".into(),
            link: "http://localhost:8000/user/confirm_email/?token=abc".into(),
            code: "1234 5678".into(),
            campus: "Campus".into(),
        }
    }

    fn message(mail: RenderedMail) -> String {
        let now = SystemClock.now();
        let envelope = Envelope {
            id: MailId::new(now, &OsRng),
            from: "Profiles <no-reply@campus.example>".parse().unwrap(),
            to: "asha@campus.example".parse().unwrap(),
            date: now,
        };
        String::from_utf8(mail.into_message(envelope).unwrap().formatted()).unwrap()
    }

    #[test]
    fn every_mail_can_be_rendered() {
        let templates = Templates::read().unwrap();
        let names: Vec<_> = templates
            .names()
            .filter_map(|name| name.strip_prefix("mail/")?.strip_suffix("/subject.txt"))
            .map(str::to_owned)
            .collect();
        assert!(!names.is_empty());
        for template in names {
            let context = context("Asha D’Souza", "Mess & Menu");
            let mail = RenderedMail::render(&templates, &template, &context).unwrap();
            assert!(!mail.text.contains("{{") && mail.text.contains("Asha D’Souza"));
            assert!(mail.html.contains("Asha D’Souza"));
            let names_app = mail.text.contains("Mess & Menu");
            assert_eq!(mail.html.contains("Mess &amp; Menu"), names_app);
            let message = message(mail);
            assert!(message.contains("Auto-Submitted: auto-generated\r\n"));
            assert!(message.contains("Content-Type: multipart/alternative"));
        }
    }

    #[test]
    fn names_are_escaped_in_html_and_headers() {
        let templates = Templates::read().unwrap();
        let context = context("<b>A</b>", "X\r\nBcc: all@campus.example\r\n\u{2028}Y");
        let mail = RenderedMail::render(&templates, "token_replayed", &context).unwrap();
        assert!(!mail.html.contains("<b>A"));
        let message = message(mail);
        let (headers, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")));
        assert_eq!(headers.matches("Subject:").count(), 1);
    }
}
