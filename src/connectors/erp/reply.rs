//! Parses ERP's pages and messages. Everything that ERP may answer is matched here: when ERP changes,
//! this file and `client.rs` change.
//!
//! An unrecognised response is an [`UnknownReply`]: neither a success nor a guess.

use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use super::html_page::{HtmlPage, normalise_text};

pub(super) const PORTAL: &str = "/IIT_ERP3/";
const LOGIN: &str = "/SSOAdministration/login.htm";
const LOGOUT: &str = "/SSOAdministration/logout.htm";
const LOGOUT_MESSAGE: &str = "/SSOAdministration/logoutmsg.htm";

/// More characters than any question has.
const MAX_QUESTION_LENGTH: usize = 500;

/// A response that this connector does not recognise. The text is for the log and quotes nothing from
/// the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownReply(pub &'static str);

/// The `sessionToken` of a login page: the hidden form field, or else the query parameter.
pub(super) fn parse_session_token(
    page: &HtmlPage,
    address: &Url,
) -> Result<Zeroizing<String>, UnknownReply> {
    let hidden = page.session_token.clone();
    let found = hidden.or_else(|| single_query_param(address, "sessionToken"));
    found.ok_or(UnknownReply("its login page has no sessionToken"))
}

/// Whether an address is the login page's.
pub(super) fn is_login_page(address: &Url) -> bool {
    address.path() == LOGIN
}

/// Parses a security question; `None` for a roll number that ERP does not have.
pub(super) fn parse_question(body: &str) -> Result<Option<String>, UnknownReply> {
    let text = body.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("FALSE") {
        return Ok(None);
    }
    // People write their questions themselves, so a question that contains markup is not a page.
    let is_page = text.trim_start_matches('\u{feff}').starts_with('<');
    if is_page && text.to_ascii_lowercase().contains("<html") {
        return Err(UnknownReply("a page in place of a question"));
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(UnknownReply("a question that is no text"));
    }
    if text.chars().count() > MAX_QUESTION_LENGTH {
        return Err(UnknownReply("a question that is far too long"));
    }
    Ok(Some(decode_question(text)))
}

/// Some questions are percent-encoded, up to several times. A plus sign is not a blank.
fn decode_question(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        let Ok(next) = percent_decode_str(&text).decode_utf8().map(String::from) else {
            break;
        };
        if next == text {
            break;
        }
        text = next;
    }
    let shown = text.replace(char::is_control, " ");
    shown.trim().to_owned()
}

/// The outcome of a request for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendCodeReply {
    Sent,
    WrongAnswer,
    WrongPassword,
    AnswerMissing,
    /// For a reason within ERP.
    NotSent,
}

/// Parses `{"msg": "…"}`, whatever its media type.
pub(super) fn parse_send_code_reply(body: &str) -> Result<SendCodeReply, UnknownReply> {
    // Parsed as a map, because serde would also accept an array for a struct.
    let reply: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body)
        .map_err(|_| UnknownReply("something else than a message about the code"))?;
    let msg = reply.get("msg").and_then(serde_json::Value::as_str);
    let msg = normalise_text(msg.ok_or(UnknownReply("a message about the code without a text"))?);
    Ok(if msg.contains("question's answare mismatch") {
        SendCodeReply::WrongAnswer
    } else if msg.contains("password mismatch") {
        SendCodeReply::WrongPassword
    } else if msg.contains("otp") && msg.contains("has been sent") {
        SendCodeReply::Sent
    } else if msg.contains("make sure answare") {
        SendCodeReply::AnswerMissing
    } else {
        SendCodeReply::NotSent
    })
}

/// ERP's single sign-on token: the proof of a sign-in, and access to the account. It is presented at
/// most once, never stored and never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SsoToken(pub Zeroizing<String>);

impl SsoToken {
    /// Accepts 16 to 512 letters, digits and `._~-`; the content is opaque.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let is_valid = (16..=512).contains(&value.len()) && value.bytes().all(is_token_byte);
        is_valid.then(|| Self(Zeroizing::new(value.to_owned())))
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)
}

/// The target of a redirect after the sign-in form.
#[derive(PartialEq, Eq)]
pub(super) enum RedirectTarget {
    /// The portal, with a token.
    Portal(SsoToken),
    /// The login or a logout page: the session has expired.
    SessionExpired,
    Intermediate,
}

/// Classifies a redirect target on ERP's own origin.
pub(super) fn classify_redirect(target: &Url) -> RedirectTarget {
    let path = target.path();
    if path.starts_with(PORTAL)
        && let Some(token) =
            single_query_param(target, "ssoToken").and_then(|value| SsoToken::parse(&value))
    {
        return RedirectTarget::Portal(token);
    }
    let is_logged_out = [LOGIN, LOGOUT, LOGOUT_MESSAGE].contains(&path);
    if is_logged_out {
        RedirectTarget::SessionExpired
    } else {
        RedirectTarget::Intermediate
    }
}

/// The outcome of a sign-in.
#[derive(PartialEq, Eq)]
pub(super) enum SignInReply {
    /// The sign-in succeeded.
    Token(SsoToken),
    WrongCode,
    OtherSessionActive,
    /// The login form again: password or answer are no longer accepted.
    Rejected,
}

/// Parses the page after the sign-in form. A token on it is only a candidate: the caller must check that
/// it opens the portal. `cookie` is an `ssoToken` that was set on the way.
///
/// Signs of a refusal are matched before signs of success, because any page may contain a text that
/// looks like a token.
pub(super) fn parse_sign_in_page(
    page: &HtmlPage,
    body: &str,
    cookie: Option<&str>,
) -> Result<SignInReply, UnknownReply> {
    if page.text.contains("email otp mismatch") || page.text.contains("invalid otp") {
        return Ok(SignInReply::WrongCode);
    }
    if page.text.contains("your previous session is still active") {
        return Ok(SignInReply::OtherSessionActive);
    }
    if page.is_login_form {
        return Ok(SignInReply::Rejected);
    }
    let token = find_portal_token(body).or_else(|| SsoToken::parse(cookie?));
    token
        .map(SignInReply::Token)
        .ok_or(UnknownReply("neither a refusal nor a token"))
}

/// The token of a page that redirects by script or link to `/IIT_ERP3/…?ssoToken=…`.
fn find_portal_token(body: &str) -> Option<SsoToken> {
    const MARK: &str = "ssoToken=";
    body.match_indices(MARK).find_map(|(index, _)| {
        let (before, after) = body.split_at_checked(index)?;
        let is_url_delimiter = |sign: char| sign.is_whitespace() || "\"'<>".contains(sign);
        let address = before.rsplit(is_url_delimiter).next()?;
        let is_portal = address.contains(PORTAL) && address.ends_with(['?', '&']);
        let value = after.strip_prefix(MARK).filter(|_| is_portal)?;
        SsoToken::parse(
            value
                .split(|sign| !u8::try_from(sign).is_ok_and(is_token_byte))
                .next()?,
        )
    })
}

/// Whether a page is the portal of a signed-in person.
pub(super) fn is_portal_page(address: &Url, body: &str, page: &HtmlPage) -> bool {
    let is_denied = page.text.contains("you may not have access to this page");
    let is_outside = address.path().starts_with("/SSOAdministration/");
    let has_menu = body.contains("getModules.htm") || body.contains("showmenu.htm");
    has_menu && !is_denied && !is_outside && !page.is_login_form
}

/// The name in the portal's title, `Welcome Asha Rao to ERP, IIT Kharagpur`: first names and last name.
pub(super) fn parse_person_name(page: &HtmlPage) -> Option<(String, String)> {
    let title = page.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rest) = title.split_once("Welcome ")?;
    let (name, _) = rest.split_once(" to ERP")?;
    let name = name.trim();
    match name.rsplit_once(' ') {
        Some((first, last)) => Some((first.to_owned(), last.to_owned())),
        None if name.is_empty() => None,
        None => Some((name.to_owned(), String::new())),
    }
}

/// The decoded value of a query parameter that occurs exactly once.
fn single_query_param(address: &Url, name: &str) -> Option<Zeroizing<String>> {
    let mut values = address.query_pairs().filter(|(known, _)| known == name);
    let (_, value) = values.next()?;
    let value = Zeroizing::new(value.into_owned());
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789ABCDEF.node1";

    fn url(address: &str) -> Url {
        Url::parse("https://erp.example")
            .unwrap()
            .join(address)
            .unwrap()
    }

    fn classify(body: &str) -> Result<SignInReply, UnknownReply> {
        parse_sign_in_page(&HtmlPage::parse(body), body, None)
    }

    #[test]
    fn e02_the_hidden_field_wins_over_the_address() {
        let address = url("/SSOAdministration/login.htm?sessionToken=OLD&requestedUrl=x");
        let token = |page: &str| {
            parse_session_token(&HtmlPage::parse(page), &address).map(|value| value.to_string())
        };
        let page =
            "<form><input type=hidden name='sessionToken' id=sessionToken value=\"NE&#87;\">";
        assert_eq!(token(page).unwrap(), "NEW");
        // Comments and scripts contain no form fields.
        assert_eq!(
            token("<!-- <input id=sessionToken value=X> -->").unwrap(),
            "OLD"
        );
        assert_eq!(
            token("<script>'<input id=sessionToken value=X>'</script>").unwrap(),
            "OLD"
        );
        assert_eq!(token("<input name=sessionToken value=''>").unwrap(), "OLD");
        let nowhere = parse_session_token(
            &HtmlPage::parse("<p>maintenance"),
            &url("/SSOAdministration/login.htm"),
        );
        assert!(nowhere.is_err());
    }

    #[test]
    fn e04_false_and_nothing_are_nobody() {
        for body in ["FALSE", "false\r\n", "", " \n", "False"] {
            assert_eq!(parse_question(body), Ok(None), "{body:?}");
        }
        assert_eq!(
            parse_question("Is it FALSE?"),
            Ok(Some("Is it FALSE?".to_owned()))
        );
        assert!(parse_question("<!DOCTYPE html>\n<HTML>").is_err());
        assert!(parse_question(&"x".repeat(501)).is_err());
        assert!(parse_question("\u{fffd}\u{fffd}").is_err());
    }

    #[test]
    fn e05_questions_are_shown_decoded() {
        let shown = |text: &str| parse_question(text).unwrap().unwrap();
        assert_eq!(shown("Which%2520city%3F"), "Which city?");
        assert_eq!(shown("1%252525252B1"), "1%252B1");
        assert_eq!(shown("1 + 1 = 100%?"), "1 + 1 = 100%?");
        assert_eq!(shown("%FF%FE"), "%FF%FE");
        assert_eq!(shown("a%0Ab"), "a b");
    }

    #[test]
    fn e06_e07_e08_e10_messages_are_known_by_their_words() {
        let reply = |msg: &str| {
            parse_send_code_reply(&serde_json::json!({ "msg": msg }).to_string()).unwrap()
        };
        let wrong_answer = "Unable to send OTP due to security question's answare mismatch .";
        assert_eq!(reply(wrong_answer), SendCodeReply::WrongAnswer);
        assert_eq!(
            reply("Unable to send OTP due to password mismatch."),
            SendCodeReply::WrongPassword
        );
        let sent = "An OTP(valid for a short time) has been sent to your email id registered with ERP, IIT Kharagpur. Please use that OTP for further processing. ";
        assert_eq!(reply(sent), SendCodeReply::Sent);
        let empty =
            "Unable to send OTP. Make sure answare of the security question has been provided.";
        assert_eq!(reply(empty), SendCodeReply::AnswerMissing);
        assert_eq!(
            reply("unable to  send OTP due to PASSWORD\nmismatch"),
            SendCodeReply::WrongPassword
        );
        for unknown in ["", "Database is down", "OTP", "has been sent"] {
            assert_eq!(reply(unknown), SendCodeReply::NotSent, "{unknown}");
        }
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "{\"msg\":1}",
            "\"msg\"",
            "<html></html>",
            "{\"message\":\"x\"}",
            "[\"OTP has been sent\"]",
        ] {
            assert!(parse_send_code_reply(body).is_err(), "{body}");
        }
    }

    #[test]
    fn e11_a_token_in_a_redirect_to_the_portal_is_success() {
        let is_success = |target: &str| matches!(classify_redirect(&url(target)), RedirectTarget::Portal(token) if *token.0 == TOKEN);
        assert!(is_success(&format!("/IIT_ERP3/?ssoToken={TOKEN}")));
        assert!(is_success(&format!(
            "/IIT_ERP3/menulist.htm?a=b&ssoToken={TOKEN}"
        )));
        for address in [
            format!("/?ssoToken={TOKEN}"),
            format!("/IIT_ERP3evil/?ssoToken={TOKEN}"),
            format!("/IIT_ERP3/?ssotoken={TOKEN}"),
            format!("/IIT_ERP3/?ssoToken={TOKEN}&ssoToken={TOKEN}"),
            format!("/IIT_ERP3/#?ssoToken={TOKEN}"),
            "/IIT_ERP3/?ssoToken=".to_owned(),
            "/IIT_ERP3/?ssoToken=short".to_owned(),
            format!("/IIT_ERP3/?ssoToken={TOKEN}%20"),
            format!("/IIT_ERP3/?ssoToken={}", "A".repeat(513)),
        ] {
            assert!(
                classify_redirect(&url(&address)) == RedirectTarget::Intermediate,
                "{address}"
            );
        }
        for path in ["login.htm?sessionToken=x", "logout.htm", "logoutmsg.htm"] {
            let target = url(&format!("/SSOAdministration/{path}"));
            assert!(
                classify_redirect(&target) == RedirectTarget::SessionExpired,
                "{path}"
            );
        }
    }

    #[test]
    fn e12_e14_e17_refusals_are_known_by_their_words() {
        let login = "<form id=loginForm><input name=user_id></form>";
        for (page, expected) in [
            ("ERROR:Email OTP mismatch", SignInReply::WrongCode),
            (
                "<html><b>ERROR:Email</b>\n OTP mismatch",
                SignInReply::WrongCode,
            ),
            ("<p>Invalid   OTP", SignInReply::WrongCode),
            (
                "<script>alert('Invalid OTP')</script>",
                SignInReply::WrongCode,
            ),
            (
                "<p>Your previous <b>session</b> is still active",
                SignInReply::OtherSessionActive,
            ),
            (login, SignInReply::Rejected),
            ("<input name='user_id'>", SignInReply::Rejected),
        ] {
            assert!(classify(page) == Ok(expected), "{page}");
            // A token on the page does not change the refusal.
            let page = format!("{page} <a href=\"/IIT_ERP3/?ssoToken={TOKEN}\">x</a>");
            assert!(
                !matches!(classify(&page), Ok(SignInReply::Token(_))),
                "{page}"
            );
        }
    }

    #[test]
    fn e15_a_token_in_a_page_is_a_candidate_only_where_it_leads_to_the_portal() {
        let is_candidate = |body: &str| matches!(classify(body), Ok(SignInReply::Token(token)) if *token.0 == TOKEN);
        assert!(is_candidate(&format!(
            "<script>location.href=\"/IIT_ERP3/?ssoToken={TOKEN}\"</script>"
        )));
        assert!(is_candidate(&format!(
            "location='https://erp.example/IIT_ERP3/home.htm?a=b&ssoToken={TOKEN}'"
        )));
        for address in [
            format!("<p>ssoToken={TOKEN}</p>"),
            format!("'/elsewhere/?ssoToken={TOKEN}'"),
            format!("\"/IIT_ERP3/\" + \"?ssoToken={TOKEN}\""),
            "'/IIT_ERP3/?ssoToken=short'".to_owned(),
            "OK".to_owned(),
            String::new(),
        ] {
            assert!(classify(&address).is_err(), "{address}");
        }
        let page = HtmlPage::parse("welcome");
        assert!(matches!(
            parse_sign_in_page(&page, "welcome", Some(TOKEN)),
            Ok(SignInReply::Token(_))
        ));
        assert!(parse_sign_in_page(&page, "welcome", Some("short")).is_err());
    }

    #[test]
    fn the_portal_is_known_by_its_menu_and_names_whose_it_is() {
        let home = |name: &str| {
            format!(
                "<title>Welcome {name} to ERP, IIT Kharagpur</title><a href=getModules.htm>x</a>"
            )
        };
        let named = |who: &str| parse_person_name(&HtmlPage::parse(&home(who)));
        let pair = |first: &str, last: &str| Some((first.to_owned(), last.to_owned()));
        assert_eq!(named("Asha Rao"), pair("Asha", "Rao"));
        assert_eq!(named(" Ravi  Kumar\nMenon "), pair("Ravi Kumar", "Menon"));
        assert_eq!(named("Meera"), pair("Meera", ""));
        assert_eq!(named("D&#39;Souza &amp; Sons"), pair("D'Souza &", "Sons"));
        assert_eq!(
            parse_person_name(&HtmlPage::parse("<title>ERP</title>")),
            None
        );

        let is_portal_at =
            |address: &str, body: &str| is_portal_page(&url(address), body, &HtmlPage::parse(body));
        assert!(is_portal_at("/IIT_ERP3/", &home("Asha Rao")));
        assert!(!is_portal_at("/SSOAdministration/x.htm", &home("Asha Rao")));
        assert!(!is_portal_at("/IIT_ERP3/", "<p>OK"));
        let denied = "getModules.htm You may not have access to this page. Direct access to any URL is restricted.";
        assert!(!is_portal_at("/IIT_ERP3/", denied));
        assert!(!is_portal_at(
            "/IIT_ERP3/",
            "<form id=loginForm>showmenu.htm"
        ));
    }
}
