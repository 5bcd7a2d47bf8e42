//! Where answers go. A redirect URI is parsed once, when it is registered; after that it is compared
//! byte for byte (RFC 9700 §2.1), never by what two spellings of an address may have in common.

use std::fmt;

use url::{Url, form_urlencoded};

use crate::platform::web::find_loopback_origin;

/// The longest redirect URI that may be registered, in bytes.
const LONGEST: usize = 2000;
/// What our answer brings. A client that reads the first of two `code`s would read ours only by luck.
const ANSWERED: [&str; 4] = ["code", "state", "error", "iss"];

/// A registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

/// Where a redirect URI leads, which decides who can be sure to receive what is sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// A host that TLS vouches for.
    Web,
    /// A port on the person's own machine, where any program may listen (RFC 8252 §8.6).
    Loopback,
    /// A scheme that any installed program may claim (RFC 8252 §7.1).
    PrivateScheme,
}

/// Why an address cannot be registered. The text says what to do and follows the address in question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    #[error("this is longer than 2000 characters. Shorten it.")]
    TooLong,
    #[error(
        "write it in plain ASCII, without blanks or backslashes; encode other characters as %XX and \
         hosts as xn--…."
    )]
    Characters,
    #[error("leave out the part from # on. Answers come in the query.")]
    Fragment,
    #[error("write each address in full, without *.")]
    Wildcard,
    #[error("write the whole address, as https://app.example/callback.")]
    NotAbsolute,
    #[error("leave out the name or password in front of the @.")]
    UserInfo,
    #[error("write the host as browsers do, for instance app.example or app.example:8443.")]
    Host,
    #[error("register {0} instead: browsers and libraries send it in this spelling.")]
    Spelling(String),
    #[error("leave out . and .. as parts of the path.")]
    DotSegments,
    #[error("leave out %0D, %0A and other control characters.")]
    Control,
    #[error("its query must not use code, state, error or iss: the answer brings them.")]
    Reserved,
    #[error("plain http works only on localhost. Use https.")]
    PlainHttp,
    #[error(
        "use https. An app on a phone or desktop may use a scheme made of a domain you own, as \
         example.app:/callback."
    )]
    Scheme,
}

impl RedirectUri {
    /// Reads an address that somebody wants to register: https; http on `localhost`, `127.0.0.1` and
    /// `[::1]`; or a private-use scheme with a dot in it (RFC 8252 §7.1), which is for public clients
    /// only and so for the caller to refuse ([`Self::kind`]).
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        if text.len() > LONGEST {
            return Err(RedirectError::TooLong);
        }
        characters(text)?;
        let (scheme, rest) = text.split_once(':').ok_or(RedirectError::NotAbsolute)?;
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => RedirectError::NotAbsolute,
            _ => RedirectError::Host,
        })?;
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {
                web(rest, &url)?;
                spelling(text, &url)?;
            }
            "http" => {
                web(rest, &url)?;
                spelling(text, &url)?;
                if loopback_host(host_and_port(rest)).is_none() {
                    return Err(RedirectError::PlainHttp);
                }
            }
            scheme if scheme.contains('.') => {
                private(rest)?;
                spelling(text, &url)?;
            }
            _ => return Err(RedirectError::Scheme),
        }
        tail(rest, &url)?;
        Ok(Self(text.to_owned()))
    }

    /// One that was parsed before, back from the database.
    pub fn registered(text: String) -> Self {
        Self(text)
    }

    /// Where the answer to a request goes: the address it asked for, if that is registered, or the
    /// first registered one if it asked for none. `None`: nowhere, the request must not be answered
    /// by a redirect.
    pub fn choose(registered: &[Self], asked: Option<&str>) -> Option<Self> {
        match asked {
            None => registered.first().cloned(),
            Some(asked) => registered
                .iter()
                .any(|uri| uri.matches(asked))
                .then(|| Self(asked.to_owned())),
        }
    }

    /// Whether a request may be answered at `asked`: byte for byte this address, except that the port
    /// of `http://127.0.0.1` and `http://[::1]` is free, since programs take what port they get
    /// (RFC 8252 §7.3).
    pub fn matches(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        match (free_port(&self.0), free_port(asked)) {
            (Some(registered), Some(asked)) => registered == asked,
            _ => false,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn kind(&self) -> RedirectKind {
        match self.0.split_once(':') {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => RedirectKind::Web,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
                // Plain http elsewhere is no loopback; it can only have been let in by an administrator.
                loopback_host(host_and_port(rest))
                    .map_or(RedirectKind::Web, |_| RedirectKind::Loopback)
            }
            _ => RedirectKind::PrivateScheme,
        }
    }

    /// As browsers name the origin of a page there (RFC 6454 §6.2); a private scheme has none.
    pub fn origin(&self) -> Option<String> {
        let origin = Url::parse(&self.0).ok()?.origin();
        origin.is_tuple().then(|| origin.ascii_serialization())
    }

    /// What a person recognises of it: host and port, or the private scheme.
    pub fn display_host(&self) -> &str {
        match self.0.split_once(':') {
            Some((_, rest)) if self.kind() != RedirectKind::PrivateScheme => host_and_port(rest),
            Some((scheme, _)) => scheme,
            None => &self.0,
        }
    }

    /// The address with parameters added to its query, form-encoded (RFC 6749 App. B). What was there
    /// stays as it is, byte for byte.
    pub fn with_query<'a, V: AsRef<[u8]>>(
        &self,
        pairs: impl IntoIterator<Item = (&'a str, V)>,
    ) -> String {
        let encode = |text: &[u8]| form_urlencoded::byte_serialize(text).collect::<String>();
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(name, value)| (encode(name.as_bytes()), encode(value.as_ref())));
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let added = pairs.join("&");
        let joint = match self.0.split_once('?') {
            _ if added.is_empty() => "",
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{added}", self.0)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Only characters that mean the same to every reader. Browsers read `\` as `/`, drop tabs and line
/// breaks, and show letters of other scripts that look like ours: each has been used to make an
/// address that one program reads as ours and another as the attacker's.
fn characters(text: &str) -> Result<(), RedirectError> {
    if text
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || br#"\"<>^`{|}"#.contains(&byte))
    {
        return Err(RedirectError::Characters);
    }
    if text.contains('#') {
        return Err(RedirectError::Fragment);
    }
    if text.contains('*') {
        return Err(RedirectError::Wildcard);
    }
    let decoded = percent_decoded(text);
    if decoded.iter().any(u8::is_ascii_control) {
        return Err(RedirectError::Control);
    }
    Ok(())
}

/// `//host[:port]` and what follows, for http and https. `rest` is what stands after the scheme's colon.
fn web(rest: &str, url: &Url) -> Result<(), RedirectError> {
    // Browsers forgive `https:app.example` and `https:///app.example`; who compares bytes must not.
    if !rest.starts_with("//") || host_and_port(rest).is_empty() {
        return Err(RedirectError::NotAbsolute);
    }
    let authority = host_and_port(rest);
    if authority.contains('@') {
        return Err(RedirectError::UserInfo);
    }
    let (host, _) = split_port(authority);
    // `0x7f.1`, `%61pp.example` and the like: another spelling than the host it is.
    let as_written = url
        .host_str()
        .is_some_and(|known| known.eq_ignore_ascii_case(host));
    if !as_written || host.trim_end_matches('.').is_empty() {
        return Err(RedirectError::Host);
    }
    Ok(())
}

/// The spelling that programs send. They write scheme and host in small letters, leave out the port that the
/// scheme has anyway and the dot at the end of the host (RFC 3986 §6.2), and encode a percent sign that
/// begins no encoded character. As requests are compared byte for byte, another spelling would never match.
fn spelling(text: &str, url: &Url) -> Result<(), RedirectError> {
    let (_, rest) = text.split_once(':').unwrap_or_default();
    let place = host_and_port(rest);
    let tail = rest
        .strip_prefix("//")
        .and_then(|rest| rest.get(place.len()..));
    let usual = match (url.scheme(), url.host_str(), tail) {
        (scheme @ ("http" | "https"), Some(host), Some(tail)) => {
            let host = host.trim_end_matches('.');
            let port = url.port().map(|port| format!(":{port}"));
            format!(
                "{scheme}://{host}{}{}",
                port.unwrap_or_default(),
                encode_percent(tail)
            )
        }
        (scheme, ..) => format!("{scheme}:{}", encode_percent(rest)),
    };
    if usual == text {
        Ok(())
    } else {
        Err(RedirectError::Spelling(usual))
    }
}

/// Writes `%25` for a `%` without two hexadecimal digits after it.
fn encode_percent(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut encoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.as_bytes().get(..2);
        let is_encoded = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        encoded.push_str(if is_encoded { "%" } else { "%25" });
        encoded.push_str(piece);
    }
    encoded
}

/// What follows a private-use scheme's colon.
fn private(rest: &str) -> Result<(), RedirectError> {
    if rest.starts_with("//") && host_and_port(rest).contains('@') {
        return Err(RedirectError::UserInfo);
    }
    if rest.trim_start_matches('/').is_empty() && !rest.starts_with('/') {
        return Err(RedirectError::NotAbsolute);
    }
    Ok(())
}

/// Path and query, for every scheme.
fn tail(rest: &str, url: &Url) -> Result<(), RedirectError> {
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    // Browsers resolve them, plain or encoded, so the answer would go elsewhere than to what is written.
    let dots = |segment: &str| {
        matches!(
            segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
            "." | ".."
        )
    };
    if path.split('/').any(dots) {
        return Err(RedirectError::DotSegments);
    }
    if url
        .query_pairs()
        .any(|(name, _)| ANSWERED.contains(&name.as_ref()))
    {
        return Err(RedirectError::Reserved);
    }
    Ok(())
}

fn percent_decoded(text: &str) -> Vec<u8> {
    // A `+` is no blank here, but a blank is no control character either.
    let mut pairs = text.split('%');
    let mut bytes: Vec<u8> = pairs.next().unwrap_or_default().bytes().collect();
    for piece in pairs {
        match piece.get(..2).map(|hex| (hex, u8::from_str_radix(hex, 16))) {
            Some((_, Ok(byte))) => {
                bytes.push(byte);
                bytes.extend(piece.bytes().skip(2));
            }
            _ => bytes.extend(piece.bytes()),
        }
    }
    bytes
}

/// The authority of `//authority/path?query`; empty if there is none.
fn host_and_port(rest: &str) -> &str {
    let Some(rest) = rest.strip_prefix("//") else {
        return "";
    };
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Takes the port off; one in brackets is part of the address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn loopback_host(authority: &str) -> Option<&str> {
    let (host, _) = split_port(authority);
    ["localhost", "127.0.0.1", "[::1]"]
        .contains(&host)
        .then_some(host)
}

/// An address on a loopback IP, without its port: origin, and path with query.
fn free_port(text: &str) -> Option<(&str, &str)> {
    let scheme = "http://".len();
    let end = text.get(scheme..)?.find(['/', '?']);
    let end = end.map_or(text.len(), |end| scheme + end);
    let (origin, tail) = text.split_at_checked(end)?;
    Some((find_loopback_origin(origin)?, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn ordinary_addresses_are_taken_as_they_are() {
        for text in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example:8443/cb/?x=1&y=%20",
            "https://app.example/%E0%A4%86/%2f",
            "http://localhost:443/cb",
            "https://10.1.2.3/cb;v=1",
            "https://hostel14/cb",
            "https://xn--bcher-kva.example/cb",
            "http://localhost:3000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:8080/cb?next=//elsewhere.example",
            "com.example.app:/cb",
            "example.app://callback/path",
        ] {
            assert_eq!(uri(text).as_str(), text);
        }
    }

    #[test]
    fn what_two_readers_may_read_differently_is_refused() {
        for (text, why) in [
            ("", RedirectError::NotAbsolute),
            ("/cb", RedirectError::NotAbsolute),
            ("//evil.example/cb", RedirectError::NotAbsolute),
            ("app.example/cb", RedirectError::NotAbsolute),
            ("https:evil.example", RedirectError::NotAbsolute),
            ("https:/evil.example", RedirectError::NotAbsolute),
            ("https:///evil.example", RedirectError::NotAbsolute),
            ("https://", RedirectError::Host),
            ("https://app.example/cb#here", RedirectError::Fragment),
            ("https://app.example/cb#", RedirectError::Fragment),
            ("https://*.example/cb", RedirectError::Wildcard),
            ("https://app.example/*", RedirectError::Wildcard),
            (
                "https://app.example@evil.example/cb",
                RedirectError::UserInfo,
            ),
            ("https://a:b@evil.example/cb", RedirectError::UserInfo),
            ("https://@evil.example/cb", RedirectError::UserInfo),
            (
                r"https://app.example\.evil.example/cb",
                RedirectError::Characters,
            ),
            (r"https:\\evil.example", RedirectError::Characters),
            ("https://app.example/c b", RedirectError::Characters),
            ("https://app.example/c\tb", RedirectError::Characters),
            (
                "https://app.example/cb\r\nSet-Cookie:a=b",
                RedirectError::Characters,
            ),
            ("https://\u{430}pp.example/cb", RedirectError::Characters),
            ("https://app.example/é", RedirectError::Characters),
            ("https://app.example/<script>", RedirectError::Characters),
            (
                "https://app.example/cb%0d%0aSet-Cookie:a",
                RedirectError::Control,
            ),
            ("https://app.example/cb?x=%00", RedirectError::Control),
            ("https://app.example/cb%7F", RedirectError::Control),
            ("https://app.example/a/../cb", RedirectError::DotSegments),
            ("https://app.example/%2E%2e/cb", RedirectError::DotSegments),
            ("https://app.example/cb/.", RedirectError::DotSegments),
            ("com.example.app:/a/%2e./b", RedirectError::DotSegments),
            ("https://app.example:99999/cb", RedirectError::Host),
            ("https://app.example:44a/cb", RedirectError::Host),
            ("https://%61pp.example/cb", RedirectError::Host),
            ("https://0x7f.1/cb", RedirectError::Host),
            ("https://[::ffff]x/cb", RedirectError::Host),
            ("https://app.example/cb?code=1", RedirectError::Reserved),
            (
                "https://app.example/cb?x=1&st%61te=1",
                RedirectError::Reserved,
            ),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_spelling_that_no_program_sends_is_refused_with_the_one_they_send() {
        for (text, sent) in [
            ("HTTPS://app.example/cb", "https://app.example/cb"),
            ("https://App.Example/CB", "https://app.example/CB"),
            ("https://app.example:443/cb", "https://app.example/cb"),
            ("https://app.example:443", "https://app.example"),
            ("https://app.example:/cb", "https://app.example/cb"),
            (
                "https://app.example:08443/cb",
                "https://app.example:8443/cb",
            ),
            ("https://app.example./cb?x=1", "https://app.example/cb?x=1"),
            (
                "https://XN--BCHER-KVA.example/",
                "https://xn--bcher-kva.example/",
            ),
            ("https://app.example/100%", "https://app.example/100%25"),
            (
                "https://app.example/%zz?a=%4",
                "https://app.example/%25zz?a=%254",
            ),
            ("https://app.example/%%41", "https://app.example/%25%41"),
            ("Http://LocalHost:3000/cb", "http://localhost:3000/cb"),
            ("http://localhost.:3000/cb", "http://localhost:3000/cb"),
            ("http://localhost:80/cb", "http://localhost/cb"),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1/cb"),
            ("Com.Example.App:/cb", "com.example.app:/cb"),
            ("com.example.app://cb/%", "com.example.app://cb/%25"),
        ] {
            let expected = RedirectError::Spelling(sent.to_owned());
            assert_eq!(RedirectUri::parse(text), Err(expected), "{text}");
            assert_eq!(uri(sent).as_str(), sent);
        }
    }

    #[test]
    fn plain_http_is_for_the_persons_own_machine() {
        for text in [
            "http://app.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.2/cb",
            "http://[::2]/cb",
        ] {
            assert_eq!(
                RedirectUri::parse(text),
                Err(RedirectError::PlainHttp),
                "{text}"
            );
        }
        for text in [
            "http://2130706433/cb",
            "http://127.1/cb",
            "http://[0::1]/cb",
        ] {
            assert_eq!(RedirectUri::parse(text), Err(RedirectError::Host), "{text}");
        }
    }

    #[test]
    fn schemes_that_run_or_read_something_are_refused() {
        for text in [
            "javascript:alert(1)",
            "JavaScript://app.example/%61lert(1)",
            "data:text/html,hello",
            "file:///etc/passwd",
            "vbscript:x",
            "about:blank",
            "ftp://app.example/cb",
            "myapp:/cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "blob:https://app.example/1",
        ] {
            assert_eq!(
                RedirectUri::parse(text),
                Err(RedirectError::Scheme),
                "{text}"
            );
        }
        assert_eq!(
            RedirectUri::parse("com.example.app://a@b"),
            Err(RedirectError::UserInfo)
        );
    }

    #[test]
    fn two_thousand_bytes_are_enough() {
        let long = |length: usize| format!("https://app.example/{}", "a".repeat(length - 20));
        assert!(RedirectUri::parse(&long(2000)).is_ok());
        assert_eq!(RedirectUri::parse(&long(2001)), Err(RedirectError::TooLong));
    }

    #[test]
    fn s1_only_the_same_bytes_match() {
        let registered = uri("https://app.example/cb");
        assert!(registered.matches("https://app.example/cb"));
        for asked in [
            "",
            "https://app.example/cb/",
            "https://app.example/cb?",
            "https://app.example/cb?x=1",
            "https://app.example/cb#",
            "https://app.example/cb#x",
            "https://app.example/CB",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example:443/cb",
            "https://app.example/./cb",
            "https://app.example/x/../cb",
            "https://app.example/x/%2e%2e/cb",
            "https://app.example/%63b",
            "https://app.example//cb",
            "https://app.example/cb;x",
            "https://app.example/cb\t",
            "https://app.example/cb%0d%0a",
            " https://app.example/cb",
            "https://app.example@evil.example/cb",
            "https://user@app.example/cb",
            r"https://app.example\@evil.example/cb",
            "https://%61pp.example/cb",
            "https://\u{430}pp.example/cb",
            "http://app.example/cb",
            "//app.example/cb",
            "https://app.example/cb https://evil.example/cb",
        ] {
            assert!(!registered.matches(asked), "{asked}");
        }
    }

    #[test]
    fn s2_the_port_of_a_loopback_ip_is_free_and_nothing_else() {
        let registered = uri("http://127.0.0.1:8000/cb?x=1");
        for asked in [
            "http://127.0.0.1:8000/cb?x=1",
            "http://127.0.0.1:51234/cb?x=1",
            "http://127.0.0.1/cb?x=1",
        ] {
            assert!(registered.matches(asked), "{asked}");
        }
        for asked in [
            "http://127.0.0.1:51234/cb",
            "http://127.0.0.1:51234/cb?x=1&y",
            "https://127.0.0.1:51234/cb?x=1",
            "http://127.0.0.1:/cb?x=1",
            "http://127.0.0.1:080/cb?x=1",
            "http://127.0.0.1:70000/cb?x=1",
            "http://127.0.0.1:+80/cb?x=1",
            "http://127.0.0.1:8000@evil.example/cb?x=1",
            "http://127.0.0.1.evil.example/cb?x=1",
            "http://localhost:8000/cb?x=1",
            "http://[::1]:8000/cb?x=1",
            "http://127.0.0.2:8000/cb?x=1",
            "HTTP://127.0.0.1:9/cb?x=1",
        ] {
            assert!(!registered.matches(asked), "{asked}");
        }
        assert!(uri("http://[::1]/cb").matches("http://[::1]:9/cb"));
        assert!(!uri("http://localhost:3000/cb").matches("http://localhost:3001/cb"));
        assert!(!uri("https://127.0.0.1/cb").matches("https://127.0.0.1:9/cb"));
    }

    #[test]
    fn an_answer_goes_to_what_was_asked_or_else_to_the_first() {
        let registered = [uri("https://app.example/1"), uri("http://127.0.0.1/2")];
        let choose = |asked| RedirectUri::choose(&registered, asked).map(|uri| uri.to_string());
        assert_eq!(choose(None).unwrap(), "https://app.example/1");
        assert_eq!(
            choose(Some("http://127.0.0.1:4711/2")).unwrap(),
            "http://127.0.0.1:4711/2"
        );
        assert_eq!(choose(Some("https://app.example/2")), None);
        assert_eq!(choose(Some("")), None);
        assert_eq!(RedirectUri::choose(&[], None), None);
    }

    #[test]
    fn k8_parameters_are_added_and_nothing_that_was_there_changes() {
        for (text, expected) in [
            ("https://app.example", "https://app.example?code=c"),
            ("https://app.example/cb", "https://app.example/cb?code=c"),
            ("https://app.example/cb?", "https://app.example/cb?code=c"),
            (
                "https://app.example/cb?x=%7e+a&x=&y",
                "https://app.example/cb?x=%7e+a&x=&y&code=c",
            ),
            (
                "https://app.example/cb?x=1&",
                "https://app.example/cb?x=1&code=c",
            ),
            ("com.example.app:/cb", "com.example.app:/cb?code=c"),
        ] {
            assert_eq!(uri(text).with_query([("code", "c")]), expected);
        }
        assert_eq!(
            uri("https://app.example/cb").with_query([("", ""); 0]),
            "https://app.example/cb"
        );
    }

    #[test]
    fn s7_state_comes_back_byte_for_byte() {
        for state in [
            "a b&c=é/?#%",
            "+%20+",
            "\u{2028}\u{202e}日本",
            "a\r\nLocation: b",
            &"é+".repeat(700),
        ] {
            let answer = uri("https://app.example/cb?x=1").with_query([("state", state)]);
            assert!(answer.is_ascii() && !answer.contains(['\r', '\n', ' ']));
            let answer = Url::parse(&answer).unwrap();
            let found = answer.query_pairs().find(|(name, _)| name == "state");
            assert_eq!(found.unwrap().1, state);
        }
    }

    #[test]
    fn origins_are_as_browsers_write_them() {
        assert_eq!(
            RedirectUri::registered("https://App.Example:443/cb".into())
                .origin()
                .unwrap(),
            "https://app.example"
        );
        assert_eq!(
            uri("http://localhost:3000/cb").origin().unwrap(),
            "http://localhost:3000"
        );
        assert_eq!(uri("com.example.app:/cb").origin(), None);
    }

    #[test]
    fn reach_and_place_tell_where_it_leads() {
        for (text, reach, place) in [
            (
                "https://app.example:8443/cb",
                RedirectKind::Web,
                "app.example:8443",
            ),
            ("http://[::1]:9/cb", RedirectKind::Loopback, "[::1]:9"),
            (
                "com.example.app://cb",
                RedirectKind::PrivateScheme,
                "com.example.app",
            ),
        ] {
            assert_eq!(uri(text).kind(), reach);
            assert_eq!(uri(text).display_host(), place);
        }
    }
}
