//! The mail itself, made of what the app asked for.

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

/// Everything round what the app wrote.
#[derive(Debug)]
pub(super) struct MailLayout<'a> {
    pub app: &'a str,
    /// The service's own address.
    pub from: &'a Address,
    pub to: Address,
    /// Where answers go when the app named nobody.
    pub contact: Option<&'a str>,
    /// In angle brackets, as [`message_id`] makes it.
    pub message_id: &'a str,
    pub date: Timestamp,
    /// Where the permission is taken back, by hand and by one click.
    pub connected_apps: String,
    pub stop: String,
}

/// The mail could not be written: a bug, or an address that no header can hold.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be written: {0}")]
pub(super) struct ComposeError(ErrorChain);

/// Writes the mail: plain text, and the same text as HTML.
pub(super) fn compose(
    mail: &MailRequest,
    frame: MailLayout<'_>,
    pages: &Templates,
) -> Result<Message, ComposeError> {
    let text = rules::text(frame.app, &mail.message, &frame.connected_apps);
    let html = pages
        .render_standalone(&HtmlPart::of(&text))
        .map_err(|error| ComposeError(ErrorChain::of(error)))?;
    let sender = format!("{} via Profiles", rules::one_line(frame.app));
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(sender), frame.from.clone()))
        .to(Mailbox::new(None, frame.to))
        .date(frame.date.into())
        .message_id(Some(frame.message_id.to_owned()));
    let answer_to = reply_to(&mail.reply_to, frame.contact);
    if !answer_to.is_empty() {
        builder = builder.header(ReplyTo::from(Mailboxes::from(answer_to)));
    }
    let mut message = builder
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|error| ComposeError(ErrorChain::of(error)))?;
    let subject = rules::subject(frame.app, &mail.subject);
    let headers = message.headers_mut();
    headers.insert_raw(encoded(HeaderName::new_from_ascii_str("Subject"), subject));
    for (name, value) in [
        (
            HeaderName::new_from_ascii_str("List-Unsubscribe"),
            format!("<{}>", frame.stop),
        ),
        (
            HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
            "List-Unsubscribe=One-Click".to_owned(),
        ),
        // No holiday replies to a machine (RFC 3834 §5).
        (
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ),
    ] {
        // Written as it is: an address of ours has no blank where it could be folded.
        headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(
            name,
            value.clone(),
            value,
        ));
    }
    Ok(message)
}

/// `<timestamp.pid.random@host>`, as the original documents it: hundredths of a second since 1970, the
/// process, 64 bits of chance.
pub(super) fn message_id(from: &Address, now: Timestamp, rng: &dyn Rng) -> String {
    let mut chance = [0; 8];
    rng.fill(&mut chance);
    let random = u64::from_be_bytes(chance);
    let hundredths = now.unix_timestamp_nanos() / 10_000_000;
    let host =
        Host::parse(from.domain()).map_or_else(|_| "localhost".to_owned(), |host| host.to_string());
    format!("<{hundredths}.{}.{random}@{host}>", std::process::id())
}

fn reply_to(asked: &[Address], contact: Option<&str>) -> Vec<Mailbox> {
    let contact = || contact.and_then(|contact| contact.parse().ok());
    let addresses = match asked {
        [] => contact().into_iter().collect(),
        asked => asked.to_vec(),
    };
    let mailboxes = addresses
        .into_iter()
        .map(|address| Mailbox::new(None, address));
    mailboxes.collect()
}

/// A header of free text. Plain ASCII stands as it is; anything else, and what a reader would take for
/// an encoded word, is encoded whole (RFC 2047).
fn encoded(name: HeaderName, text: String) -> HeaderValue {
    let is_plain = text
        .chars()
        .all(|sign| sign == ' ' || sign.is_ascii_graphic());
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
        // A String takes whatever is written to it.
        Err(_) => HeaderValue::new(name, String::new()),
    }
}

/// The HTML alternative, whole.
#[derive(Debug, Serialize)]
struct HtmlPart {
    lines: Vec<Vec<TextSegment>>,
}

/// Text, or an address that can be clicked.
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
            reply_to: reply_to.iter().map(|it| it.parse().unwrap()).collect(),
        };
        let from: Address = "no-reply@campus.example".parse().unwrap();
        let now = SystemClock.now();
        let frame = MailLayout {
            app,
            from: &from,
            to: "asha@campus.example".parse().unwrap(),
            contact: Some("mess@campus.example"),
            message_id: &message_id(&from, now, &OsRng),
            date: now,
            connected_apps: "https://campus.example/user/settings/".to_owned(),
            stop: "https://campus.example/mail/stop/abc/".to_owned(),
        };
        let message = compose(&mail, frame, &Templates::read().unwrap()).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn answers_go_where_the_app_says_or_to_its_contact() {
        let said = written("Mess", "a", "b", &["x@y.example", "z@y.example"]);
        assert!(
            said.contains("\r\nReply-To: x@y.example, z@y.example\r\n"),
            "{said}"
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
