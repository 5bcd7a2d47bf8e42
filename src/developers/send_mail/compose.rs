//! Writes the mail message of a request.

use email_encoding::headers::rfc2047;
use email_encoding::headers::writer::EmailWriter;
use lettre::message::header::{HeaderName, HeaderValue, ReplyTo};
use lettre::message::{Mailbox, Mailboxes, MultiPart};
use lettre::{Address, Message};
use linkify::{LinkFinder, LinkKind};
use serde::Serialize;
use url::Host;

use super::model::MailRequest;
use super::rules;
use crate::platform::clock::Timestamp;
use crate::platform::rng::Rng;
use crate::platform::web::{ErrorChain, Page, Templates};

/// The parts of a mail that the service adds.
#[derive(Debug)]
pub(super) struct MailLayout<'a> {
    pub app: &'a str,
    /// The address of the service.
    pub from: &'a Address,
    pub to: Address,
    /// The default reply address.
    pub contact: Option<&'a str>,
    /// In angle brackets, see [`message_id`].
    pub message_id: &'a str,
    pub date: Timestamp,
    /// Where the user removes access, and the one-click unsubscribe link.
    pub connected_apps: String,
    pub stop: String,
}

/// The message could not be written: a bug, or an address that is not valid in a header.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be written: {0}")]
pub(super) struct ComposeError(ErrorChain);

/// Writes the mail: plain text, and the same text as HTML.
pub(super) fn compose(
    mail: &MailRequest,
    layout: MailLayout<'_>,
    pages: &Templates,
) -> Result<Message, ComposeError> {
    let text = rules::text(layout.app, &mail.message, &layout.connected_apps);
    let html = pages
        .render_standalone(&HtmlPart::of(&text))
        .map_err(|error| ComposeError(ErrorChain::of(error)))?;
    let sender = format!("{} via Profiles", rules::one_line(layout.app));
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(sender), layout.from.clone()))
        .to(Mailbox::new(None, layout.to))
        .date(layout.date.into())
        .message_id(Some(layout.message_id.to_owned()));
    let answer_to = reply_to(&mail.reply_to, layout.contact);
    if !answer_to.is_empty() {
        builder = builder.header(ReplyTo::from(Mailboxes::from(answer_to)));
    }
    let mut message = builder
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|error| ComposeError(ErrorChain::of(error)))?;
    let subject = rules::subject(layout.app, &mail.subject);
    let headers = message.headers_mut();
    headers.insert_raw(encoded(HeaderName::new_from_ascii_str("Subject"), subject));
    for (name, value) in [
        (
            HeaderName::new_from_ascii_str("List-Unsubscribe"),
            format!("<{}>", layout.stop),
        ),
        (
            HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click".to_owned(),
        ),
        // Prevents automatic replies (RFC 3834 §5).
        (
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ),
    ] {
        // Not folded, because these values contain no spaces.
        headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(
            name,
            value.clone(),
            value,
        ));
    }
    Ok(message)
}

/// `<timestamp.pid.random@host>` as in the original service: hundredths of a second since 1970, the process
/// id, 64 random bits.
pub(super) fn message_id(from: &Address, now: Timestamp, rng: &dyn Rng) -> String {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    let random = u64::from_be_bytes(bytes);
    let hundredths = now.unix_timestamp_nanos() / 10_000_000;
    let host =
        Host::parse(from.domain()).map_or_else(|_| "localhost".to_owned(), |host| host.to_string());
    format!("<{hundredths}.{}.{random}@{host}>", std::process::id())
}

fn reply_to(requested: &[Address], contact: Option<&str>) -> Vec<Mailbox> {
    let contact = || contact.and_then(|contact| contact.parse().ok());
    let addresses = match requested {
        [] => contact().into_iter().collect(),
        requested => requested.to_vec(),
    };
    let mailboxes = addresses
        .into_iter()
        .map(|address| Mailbox::new(None, address));
    mailboxes.collect()
}

/// A header of free text. Plain ASCII is not encoded. Other text, and text that looks like an encoded
/// word, is encoded completely (RFC 2047).
fn encoded(name: HeaderName, text: String) -> HeaderValue {
    let is_plain = text
        .chars()
        .all(|character| character == ' ' || character.is_ascii_graphic());
    if is_plain && !text.contains("=?") {
        return HeaderValue::new(name, text);
    }
    let mut value = String::new();
    let written = {
        let mut writer = EmailWriter::new(&mut value, name.len() + ": ".len(), 0, false);
        rfc2047::encode(&text, &mut writer)
    };
    match written {
        Ok(()) => HeaderValue::dangerous_new_pre_encoded(name, text, value),
        // Writing to a String cannot fail.
        Err(_) => HeaderValue::new(name, String::new()),
    }
}

/// The HTML alternative.
#[derive(Debug, Serialize)]
struct HtmlPart {
    lines: Vec<Vec<TextSegment>>,
}

/// Plain text or a link.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct TextSegment {
    text: String,
    is_link: bool,
}

impl Page for HtmlPart {
    const TEMPLATE: &'static str = "send_mail/mail.html";

    fn title(&self) -> String {
        String::new()
    }
}

impl HtmlPart {
    fn of(text: &str) -> Self {
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]);
        let pieces = |line: &str| {
            let spans = finder.spans(line).map(|span| TextSegment {
                is_link: span.kind().is_some() && is_web(span.as_str()),
                text: span.as_str().to_owned(),
            });
            spans.collect()
        };
        Self {
            lines: text.trim_end().split('\n').map(pieces).collect(),
        }
    }
}

fn is_web(text: &str) -> bool {
    let url: Option<url::Url> = text.parse().ok();
    url.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&HtmlPart::of(
            "Menu: https://mess.example/\n\nRice.",
        ))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::{Clock, SystemClock};
    use crate::platform::rng::OsRng;

    fn written(app: &str, subject: &str, message: &str, reply_to: &[&str]) -> String {
        let mail = MailRequest {
            subject: subject.to_owned(),
            message: message.to_owned(),
            reply_to: reply_to
                .iter()
                .map(|address| address.parse().unwrap())
                .collect(),
        };
        let from: Address = "no-reply@campus.example".parse().unwrap();
        let now = SystemClock.now();
        let layout = MailLayout {
            app,
            from: &from,
            to: "asha@campus.example".parse().unwrap(),
            contact: Some("mess@campus.example"),
            message_id: &message_id(&from, now, &OsRng),
            date: now,
            connected_apps: "https://campus.example/user/settings/".to_owned(),
            stop: "https://campus.example/mail/stop/abc/".to_owned(),
        };
        let message = compose(&mail, layout, &Templates::read().unwrap()).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn answers_go_where_the_app_says_or_to_its_contact() {
        let written_mail = written("Mess", "a", "b", &["x@y.example", "z@y.example"]);
        assert!(
            written_mail.contains("\r\nReply-To: x@y.example, z@y.example\r\n"),
            "{written_mail}"
        );
        let unsaid = written("Mess", "a", "b", &[]);
        assert!(
            unsaid.contains("\r\nReply-To: mess@campus.example\r\n"),
            "{unsaid}"
        );
    }

    #[test]
    fn what_looks_encoded_is_encoded_once_more() {
        let mail = written("Mess", "=?utf-8?q?Bcc:_x?=", "b", &[]);
        assert!(mail.contains("\r\nSubject: =?utf-8?b?"), "{mail}");
        assert!(written("Mess", "plain", "b", &[]).contains("\r\nSubject: [SSO] [Mess] plain\r\n"));
    }

    #[test]
    fn html_stays_text_and_only_the_web_is_linked() {
        let part =
            HtmlPart::of("<b> http://a.example/?x=1&y. javascript:alert(1)\n\nftp://b.example");
        let html = Templates::read().unwrap().render_standalone(&part).unwrap();
        assert!(html.contains("&lt;b&gt;"), "{html}");
        assert!(
            html.contains(
                "<a href=\"http://a.example/?x=1&amp;y\">http://a.example/?x=1&amp;y</a>."
            ),
            "{html}"
        );
        assert_eq!(html.matches("<a ").count(), 1, "{html}");
    }

    #[test]
    fn a_message_id_is_one_word_and_never_the_same() {
        let from: Address = "no-reply@campus.example".parse().unwrap();
        let now = SystemClock.now();
        let one = message_id(&from, now, &OsRng);
        assert!(one.starts_with('<') && one.ends_with("@campus.example>"));
        assert_ne!(one, message_id(&from, now, &OsRng));
    }
}
