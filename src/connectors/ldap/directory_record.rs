//! An entry of the directory as the columns of a person. Pure.

use unicode_normalization::UnicodeNormalization;

use super::MAX_USERNAME;
use super::messages::LdapEntry;
use crate::people::records::{
    ColumnUpdates, Email, InvalidValue, Mobile, Name, Role, RollNumber, Update, Username,
};

/// The requested attributes. [`DirectoryRecord::of`] maps them to columns.
pub(super) const ATTRIBUTES: [&str; 8] = [
    ENTRY_UUID,
    UID,
    "givenName",
    "sn",
    "mail",
    "employeeNumber",
    "employeeType",
    "mobile",
];
const ENTRY_UUID: &str = "entryUUID";
const UID: &str = "uid";

/// An entry, parsed.
#[derive(Debug, PartialEq)]
pub(super) struct DirectoryRecord {
    /// The `uid`, folded as the directory compares it (case and spaces). Of several, the first in sort order.
    pub subject: Option<String>,
    /// `entryUUID`, which a directory never gives to another entry (RFC 4530).
    pub entry_uuid: Option<String>,
    /// `None` if the `uid` is not a valid username here.
    pub username: Option<Username>,
    /// A missing attribute clears its column; an invalid value keeps the stored one.
    pub columns: ColumnUpdates,
    /// Attributes with invalid values only.
    pub left_out: Vec<&'static str>,
}

impl DirectoryRecord {
    /// `alumni_unit` is one RDN, such as `ou=Alumni`.
    pub(super) fn of(entry: &LdapEntry, alumni_unit: &str) -> Self {
        let uid = entry.texts(UID).min_by_key(|uid| folded(uid));
        let username = uid.and_then(|uid| Username::parse(uid).ok());
        let left_out = if username.is_some() {
            vec![]
        } else {
            vec![UID]
        };
        let mut attributes = Attributes { entry, left_out };
        let columns = ColumnUpdates {
            first_name: attributes
                .read("givenName", Name::parse)
                .or_empty(Name::parse("")),
            last_name: attributes.read("sn", Name::parse).or_empty(Name::parse("")),
            email: attributes
                .read("mail", parse_email)
                .or_empty(Ok(String::new())),
            kind: attributes.read("employeeType", Role::parse).into_update(),
            is_alumni: Some(is_below(&entry.dn, alumni_unit)),
            roll_number: attributes
                .read("employeeNumber", RollNumber::parse)
                .into_update(),
            mobile: attributes.read("mobile", Mobile::parse).into_update(),
            ..ColumnUpdates::default()
        };
        Self {
            subject: uid.map(folded),
            entry_uuid: entry_uuid(entry),
            username,
            columns,
            left_out: attributes.left_out,
        }
    }
}

/// The value of an attribute.
enum AttributeValue<T> {
    Missing,
    Invalid,
    Value(T),
}

impl<T> AttributeValue<T> {
    fn into_update(self) -> Update<T> {
        match self {
            Self::Missing => Update::Clear,
            Self::Invalid => Update::Keep,
            Self::Value(value) => Update::Set(value),
        }
    }

    /// The value of a column that is not nullable.
    fn or_empty(self, empty: Result<T, InvalidValue>) -> Option<T> {
        match self {
            Self::Missing => empty.ok(),
            Self::Invalid => None,
            Self::Value(value) => Some(value),
        }
    }
}

struct Attributes<'a> {
    entry: &'a LdapEntry,
    left_out: Vec<&'static str>,
}

impl Attributes<'_> {
    /// The first valid value of an attribute.
    fn read<T>(
        &mut self,
        name: &'static str,
        parse: fn(&str) -> Result<T, InvalidValue>,
    ) -> AttributeValue<T> {
        let mut texts = self.entry.texts(name);
        if let Some(value) = texts.find_map(|text| parse(text).ok()) {
            return AttributeValue::Value(value);
        }
        if self.entry.has(name) {
            self.left_out.push(name);
            return AttributeValue::Invalid;
        }
        AttributeValue::Missing
    }
}

fn parse_email(text: &str) -> Result<String, InvalidValue> {
    Email::parse(text).map(|email| email.to_string())
}

fn entry_uuid(entry: &LdapEntry) -> Option<String> {
    let text = entry.texts(ENTRY_UUID).next()?;
    let uuid = uuid::Uuid::try_parse(text).ok()?;
    Some(uuid.to_string())
}

/// The subject of a username as the directory has it. The error says how to write one.
pub(super) fn parse_subject(text: &str) -> Result<String, &'static str> {
    let subject = folded(text);
    if subject.is_empty() || subject.len() > MAX_USERNAME || subject.contains(char::is_control) {
        return Err("must be a username of the directory, as ldap:asha");
    }
    if subject.contains('=') {
        return Err("must be the username alone, as ldap:asha, and not a DN");
    }
    if subject.contains('\\') {
        return Err("must be the username alone, as ldap:asha, without a domain and a backslash");
    }
    Ok(subject)
}

/// Folds a text as caseIgnoreMatch compares it: without regard to case, to the number of spaces, and to how
/// Unicode composes a character (RFC 4518 §2).
pub(super) fn folded(text: &str) -> String {
    let composed: String = text.nfkc().collect();
    let words: Vec<&str> = composed.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Whether an RDN above the entry is `unit`, without regard to case.
fn is_below(dn: &str, unit: &str) -> bool {
    let parse = |rdn: &str| {
        let (kind, name) = rdn.split_once('=').unwrap_or((rdn, ""));
        (folded(kind), folded(name))
    };
    rdns(dn).skip(1).any(|above| parse(above) == parse(unit))
}

/// The RDNs of a DN (RFC 4514 §2), which commas separate unless a backslash precedes them.
fn rdns(dn: &str) -> impl Iterator<Item = &str> {
    let mut is_escaped = false;
    dn.split(move |sign: char| {
        let divides = sign == ',' && !is_escaped;
        is_escaped = sign == '\\' && !is_escaped;
        divides
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DN: &str = "uid=asha,ou=People,dc=campus,dc=example";
    const UUID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    fn read(attributes: &[(&str, &[&[u8]])]) -> DirectoryRecord {
        DirectoryRecord::of(&LdapEntry::of(DN, attributes), "ou=Alumni")
    }

    #[test]
    fn an_entry_fills_what_the_directory_has_a_say_in() {
        let read = read(&[
            ("entryuuid", &[UUID.as_bytes()]),
            ("uid", &[b"asha"]),
            ("givenName", &["आशा".as_bytes(), b"Asha"]),
            ("sn", &["D’Souza".as_bytes()]),
            ("mail", &[b"not an address", b"asha@campus.example"]),
            ("employeeNumber", &[b"012D0700"]),
            ("employeeType", &[b"ug"]),
            ("mobile", &[b"98765 43210 (home)"]),
        ]);
        assert_eq!(read.subject.as_deref(), Some("asha"));
        assert_eq!(read.entry_uuid.as_deref(), Some(UUID));
        assert_eq!(read.username, Username::parse("asha").ok());
        let expected = ColumnUpdates {
            first_name: Name::parse("आशा").ok(),
            last_name: Name::parse("D’Souza").ok(),
            email: Some("asha@campus.example".to_owned()),
            kind: Update::Set(Role::parse("ug").unwrap()),
            is_alumni: Some(false),
            roll_number: Update::Set(RollNumber::parse("012D0700").unwrap()),
            mobile: Update::Set(Mobile::parse("98765 43210 (home)").unwrap()),
            ..ColumnUpdates::default()
        };
        assert_eq!(read.columns, expected);
        assert!(read.left_out.is_empty());
    }

    #[test]
    fn what_is_gone_is_cleared_and_what_does_not_fit_is_kept() {
        let long = "x".repeat(300);
        let read = read(&[
            ("uid", &[b"asha"]),
            ("sn", &[b"a\nb"]),
            ("mail", &[b"nobody"]),
            ("employeeType", &[long.as_bytes()]),
            ("mobile", &[&[0xff, 0xfe]]),
        ]);
        assert_eq!(read.left_out, ["sn", "mail", "employeeType", "mobile"]);
        let expected = ColumnUpdates {
            first_name: Name::parse("").ok(),
            is_alumni: Some(false),
            roll_number: Update::Clear,
            ..ColumnUpdates::default()
        };
        assert_eq!(read.columns, expected);
    }

    #[test]
    fn somebody_is_the_same_one_however_they_are_written() {
        let subject = |attributes: &[(&str, &[&[u8]])]| read(attributes).subject;
        assert_eq!(subject(&[("uid", &[b"Asha"])]).as_deref(), Some("asha"));
        let twice = subject(&[("uid", &[b"zara", b" ASHA"])]);
        assert_eq!(twice.as_deref(), Some("asha"));
        assert_eq!(subject(&[("entryUUID", &[UUID.as_bytes()])]), None);
        // Nobody of this name can be added, but they have proved who they are.
        let read = read(&[("uid", &["आशा".as_bytes()]), ("entryUUID", &[b"7"])]);
        assert_eq!(read.subject.as_deref(), Some("आशा"));
        assert_eq!((read.username, read.entry_uuid), (None, None));
    }

    #[test]
    fn alumni_are_those_below_their_unit() {
        for (dn, is_alumni) in [
            ("uid=a,ou=Alumni,dc=campus", true),
            ("uid=a,ou=cse, OU = alumni ,dc=campus", true),
            ("uid=a,ou=people,dc=campus", false),
            ("ou=Alumni,dc=campus", false),
            ("uid=a\\,ou=Alumni,ou=people,dc=campus", false),
            ("uid=a\\\\,ou=Alumni,dc=campus", true),
            ("uid=a,ou=Alumni Office,dc=campus", false),
            ("", false),
        ] {
            assert_eq!(is_below(dn, "ou=Alumni"), is_alumni, "{dn}");
        }
    }
}
