//! LDAP messages (RFC 4511 §4): encodes requests and decodes responses.

use super::account_state::{AccountState, PASSWORD_POLICY};
use super::ber::{
    BOOLEAN, BerBytes, BerError, BerReader, ENUMERATED, INTEGER, OCTETS, SEQUENCE, SET, element,
    number,
};

/// The message ID of a request, from 1. A connection has a handful of requests.
pub(super) type MessageId = u8;

/// The message ID of an unsolicited notification (§4.4).
const UNSOLICITED: u32 = 0;
/// The tags of the operations (§4.2 to §4.12).
const BIND: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// The context tags of the password in a bind and of the name in an extended request.
const SIMPLE: u8 = 0x80;
const REQUEST_NAME: u8 = 0x80;

/// The tag of the controls after an operation (§4.1.11).
const CONTROLS: u8 = 0xa0;

const VERSION: u8 = 3;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const NEVER_FOLLOW_ALIASES: u8 = 0;

/// The result code of a response (§4.1.9, appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResultCode(pub u32);

impl ResultCode {
    pub(super) const SUCCESS: Self = Self(0);
    pub(super) const SIZE_LIMIT_EXCEEDED: Self = Self(4);

    /// Whether this result of a bind is about the name or the password: wrong, locked, expired, without a
    /// password, no such entry, or an invalid DN.
    pub(super) fn is_refusal(self) -> bool {
        matches!(self.0, 19 | 32 | 34 | 48 | 49 | 50 | 53)
    }
}

/// The scope of a search (§4.5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchScope {
    BaseObject = 0,
    Subtree = 2,
}

/// A search request.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchRequest<'a> {
    pub base: &'a str,
    pub scope: SearchScope,
    /// In BER.
    pub filter: &'a [u8],
    pub attributes: &'a [&'a str],
    /// How many entries the directory may answer.
    pub limit: u8,
    /// How long the directory may look.
    pub seconds: u8,
}

pub(super) fn bind(id: MessageId, dn: &str, password: &str) -> BerBytes {
    let version = element(INTEGER, &[&[VERSION]]);
    let (name, password) = (octets(dn), element(SIMPLE, &[password.as_bytes()]));
    let bind = element(BIND, &[&version, &name, &password]);
    // Not critical: a directory without such a policy ignores it.
    let policy = element(SEQUENCE, &[&octets(PASSWORD_POLICY)]);
    let controls = element(CONTROLS, &[&policy]);
    element(SEQUENCE, &[&element(INTEGER, &[&[id]]), &bind, &controls])
}

pub(super) fn search(id: MessageId, search: &SearchRequest<'_>) -> BerBytes {
    let names = search.attributes.iter().map(|name| octets(name));
    let names: Vec<BerBytes> = names.collect();
    let names: Vec<&[u8]> = names.iter().map(|name| name.as_slice()).collect();
    let operation = element(
        SEARCH,
        &[
            &octets(search.base),
            &element(ENUMERATED, &[&[search.scope as u8]]),
            &element(ENUMERATED, &[&[NEVER_FOLLOW_ALIASES]]),
            &element(INTEGER, &[&[search.limit]]),
            &element(INTEGER, &[&[search.seconds]]),
            // typesOnly: false, to get values.
            &element(BOOLEAN, &[&[0]]),
            search.filter,
            &element(SEQUENCE, &names),
        ],
    );
    message(id, &operation)
}

pub(super) fn start_tls(id: MessageId) -> BerBytes {
    let name = element(REQUEST_NAME, &[START_TLS]);
    message(id, &element(EXTENDED, &[&name]))
}

/// An unbind request. It has no response.
pub(super) fn unbind(id: MessageId) -> BerBytes {
    message(id, &element(UNBIND, &[]))
}

fn octets(text: &str) -> BerBytes {
    element(OCTETS, &[text.as_bytes()])
}

fn message(id: MessageId, operation: &[u8]) -> BerBytes {
    element(SEQUENCE, &[&element(INTEGER, &[&[id]]), operation])
}

/// A response of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LdapResponse {
    Bind(BindReply),
    Extended(ResultCode),
    Entry(LdapEntry),
    /// A reference to another server.
    Reference,
    Done(ResultCode),
}

/// The response to a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BindReply {
    pub code: ResultCode,
    /// What is the matter with the account, if the directory says so.
    pub state: Option<AccountState>,
}

/// An entry of a search result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LdapEntry {
    pub dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl LdapEntry {
    /// The values of an attribute that are UTF-8.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values(name)
            .filter_map(|value| str::from_utf8(value).ok())
    }

    /// The values of an attribute.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.attributes.iter();
        let named = named.filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }

    /// Whether the entry has a value of this attribute.
    pub(super) fn has(&self, name: &str) -> bool {
        let mut names = self.attributes.iter();
        names.any(|(known, values)| known.eq_ignore_ascii_case(name) && !values.is_empty())
    }

    #[cfg(test)]
    pub(super) fn of(dn: &str, attributes: &[(&str, &[&[u8]])]) -> Self {
        let values = |values: &[&[u8]]| values.iter().map(|value| value.to_vec()).collect();
        let attributes = attributes.iter();
        Self {
            dn: dn.to_owned(),
            attributes: attributes
                .map(|(name, found)| ((*name).to_owned(), values(found)))
                .collect(),
        }
    }
}

/// Decodes one whole message, the response to request `id`. A response to another request is an error.
pub(super) fn decode(bytes: &[u8], id: MessageId) -> Result<LdapResponse, BerError> {
    let mut outside = BerReader(bytes);
    let mut message = BerReader(outside.expect(SEQUENCE)?);
    let number = number(message.expect(INTEGER)?)?;
    if number == UNSOLICITED || number != u32::from(id) || !outside.is_at_end() {
        return Err(BerError);
    }
    let (tag, content) = message.next()?;
    match tag {
        BIND_RESPONSE => bind_reply(content, message).map(LdapResponse::Bind),
        EXTENDED_RESPONSE => code(content).map(LdapResponse::Extended),
        SEARCH_DONE => code(content).map(LdapResponse::Done),
        SEARCH_ENTRY => entry(content).map(LdapResponse::Entry),
        SEARCH_REFERENCE => Ok(LdapResponse::Reference),
        _ => Err(BerError),
    }
}

fn code(content: &[u8]) -> Result<ResultCode, BerError> {
    code_and_text(content).map(|(code, _)| code)
}

/// The result code, and the diagnosticMessage.
fn code_and_text(content: &[u8]) -> Result<(ResultCode, &[u8]), BerError> {
    let mut reader = BerReader(content);
    let code = number(reader.expect(ENUMERATED)?)?;
    // matchedDN is not used, but has to be present.
    reader.expect(OCTETS)?;
    Ok((ResultCode(code), reader.expect(OCTETS)?))
}

/// A control has a name, perhaps whether it is critical, and perhaps a value.
fn control(content: &[u8]) -> Result<(String, &[u8]), BerError> {
    let mut reader = BerReader(content);
    let oid = text(reader.expect(OCTETS)?)?;
    let mut value = &[][..];
    while !reader.is_at_end() {
        if let (OCTETS, content) = reader.next()? {
            value = content;
        }
    }
    Ok((oid, value))
}

/// `rest` follows the operation: controls, or nothing.
fn bind_reply(content: &[u8], mut rest: BerReader<'_>) -> Result<BindReply, BerError> {
    let (code, diagnostic) = code_and_text(content)?;
    let mut state = None;
    if !rest.is_at_end() {
        let mut controls = BerReader(rest.expect(CONTROLS)?);
        while !controls.is_at_end() {
            let (oid, value) = control(controls.expect(SEQUENCE)?)?;
            state = state.or(AccountState::of_control(&oid, value, code)?);
        }
    }
    if code != ResultCode::SUCCESS {
        state = state.or_else(|| AccountState::of_text(&String::from_utf8_lossy(diagnostic)));
    }
    Ok(BindReply { code, state })
}

fn entry(content: &[u8]) -> Result<LdapEntry, BerError> {
    let mut reader = BerReader(content);
    let dn = text(reader.expect(OCTETS)?)?;
    let mut list = BerReader(reader.expect(SEQUENCE)?);
    let mut attributes = Vec::new();
    while !list.is_at_end() {
        let mut attribute = BerReader(list.expect(SEQUENCE)?);
        let name = text(attribute.expect(OCTETS)?)?;
        let mut set = BerReader(attribute.expect(SET)?);
        let mut values = Vec::new();
        while !set.is_at_end() {
            values.push(set.expect(OCTETS)?.to_vec());
        }
        attributes.push((name, values));
    }
    Ok(LdapEntry { dn, attributes })
}

fn text(content: &[u8]) -> Result<String, BerError> {
    String::from_utf8(content.to_vec()).map_err(|_| BerError)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4511 §4.2 by hand: message 1, version 3, `cn=a`, `pw`, and the control of the password policy.
    #[test]
    fn a_bind_is_what_the_rfc_says() {
        let expected = [
            &[0x30, 0x31, 0x02, 0x01, 0x01, 0x60, 0x0d, 0x02, 0x01, 0x03][..],
            &[0x04, 0x04],
            b"cn=a",
            &[0x80, 0x02],
            b"pw",
            &[0xa0, 0x1d, 0x30, 0x1b, 0x04, 0x19],
            PASSWORD_POLICY.as_bytes(),
        ];
        assert_eq!(bind(1, "cn=a", "pw").as_slice(), expected.concat());
        assert_eq!(
            unbind(9).as_slice(),
            [0x30, 0x05, 0x02, 0x01, 0x09, 0x42, 0x00]
        );
    }

    fn answer(id: u8, tag: u8, parts: &[&[u8]]) -> BerBytes {
        message(id, &element(tag, parts))
    }

    fn coded(tag: u8, code: u8) -> BerBytes {
        let code = element(ENUMERATED, &[&[code]]);
        answer(1, tag, &[&code, &octets(""), &octets("said")])
    }

    #[test]
    fn answers_are_told_apart() {
        for (tag, expected) in [
            (
                BIND_RESPONSE,
                LdapResponse::Bind(BindReply {
                    code: ResultCode(49),
                    state: None,
                }),
            ),
            (EXTENDED_RESPONSE, LdapResponse::Extended(ResultCode(49))),
            (SEARCH_DONE, LdapResponse::Done(ResultCode(49))),
        ] {
            assert_eq!(decode(&coded(tag, 49), 1), Ok(expected));
        }
        assert_eq!(
            decode(&answer(1, SEARCH_REFERENCE, &[&octets("ldap://x")]), 1),
            Ok(LdapResponse::Reference)
        );
    }

    #[test]
    fn a_refused_bind_may_say_why() {
        let bind = |code: u8, said: &str, controls: &[u8]| {
            let code = element(ENUMERATED, &[&[code]]);
            let bind = element(BIND_RESPONSE, &[&code, &octets(""), &octets(said)]);
            element(SEQUENCE, &[&element(INTEGER, &[&[1]]), &bind, controls])
        };
        let state = |message: &[u8]| match decode(message, 1) {
            Ok(LdapResponse::Bind(reply)) => Ok(reply.state),
            _ => Err(BerError),
        };
        let policy = |value: &[u8]| {
            let critical = element(BOOLEAN, &[&[0]]);
            let value = element(OCTETS, &[value]);
            let control = element(SEQUENCE, &[&octets(PASSWORD_POLICY), &critical, &value]);
            element(CONTROLS, &[&control])
        };
        let expired = policy(&[0x30, 3, 0x81, 1, 0]);
        let active =
            "80090308: LdapErr: DSID-0C, comment: AcceptSecurityContext error, data 775, v4563";
        for (message, expected) in [
            (bind(49, "", &[]), None),
            (bind(49, "", &expired), Some(AccountState::PasswordExpired)),
            (bind(49, active, &[]), Some(AccountState::Locked)),
            (bind(0, active, &[]), None),
            (
                bind(0, "", &policy(&[0x30, 3, 0x81, 1, 2])),
                Some(AccountState::PasswordMustChange),
            ),
        ] {
            assert_eq!(state(&message), Ok(expected));
        }
        for end in 0..expired.len() {
            let cut = expired.get(..end).unwrap();
            assert!(end == 0 || state(&bind(49, "", cut)).is_err(), "{end}");
        }
        assert!(state(&bind(49, "", &policy(&[0x30, 9]))).is_err());
    }

    #[test]
    fn an_entry_holds_its_attributes() {
        let values = element(SET, &[&octets("asha"), &element(OCTETS, &[&[0xff]])]);
        let attribute = element(SEQUENCE, &[&octets("uid"), &values]);
        let list = element(SEQUENCE, &[&attribute]);
        let found = answer(1, SEARCH_ENTRY, &[&octets("uid=asha"), &list]);
        let Ok(LdapResponse::Entry(entry)) = decode(&found, 1) else {
            panic!("no entry")
        };
        assert_eq!(entry.dn, "uid=asha");
        assert_eq!(entry.texts("UID").collect::<Vec<_>>(), ["asha"]);
        assert!(entry.has("uid") && !entry.has("mail"));
    }

    #[test]
    fn what_was_not_asked_is_no_answer() {
        let good = coded(BIND_RESPONSE, 0);
        assert!(decode(&good, 1).is_ok());
        assert_eq!(decode(&good, 2), Err(BerError));
        let notice = element(ENUMERATED, &[&[52]]);
        let notice = answer(
            0,
            EXTENDED_RESPONSE,
            &[&notice, &octets(""), &octets("bye")],
        );
        assert_eq!(decode(&notice, 0), Err(BerError));
        assert_eq!(decode(&bind(1, "cn=a", "pw"), 1), Err(BerError));
        let mut twice = good.to_vec();
        twice.extend_from_slice(&good);
        assert_eq!(decode(&twice, 1), Err(BerError));
        for end in 0..good.len() {
            assert_eq!(decode(&good[..end], 1), Err(BerError), "{end}");
        }
    }

    #[test]
    fn nothing_nested_is_read_deeper_than_it_goes() {
        let mut nested = octets("");
        for _ in 0..3_000 {
            nested = element(SEQUENCE, &[&nested]);
        }
        assert_eq!(decode(&nested, 1), Err(BerError));
        assert_eq!(
            decode(&answer(1, SEARCH_ENTRY, &[&nested]), 1),
            Err(BerError)
        );
    }

    #[test]
    fn no_bytes_make_it_stumble() {
        let good = coded(BIND_RESPONSE, 0);
        for at in 0..good.len() {
            for byte in 0..=255 {
                let mut bad = good.to_vec();
                bad[at] = byte;
                let _ = decode(&bad, 1);
            }
        }
    }
}
