//! An entry of the directory as the columns of a person. Pure.

use unicode_normalization::UnicodeNormalization;

use super::MAX_USERNAME;
use super::messages::LdapEntry;
use crate::people::records::{
    ColumnUpdates, Email, InvalidValue, Mobile, Name, Role, RollNumber, Update, Username,
};
use crate::platform::config::DirectoryAttributes;

/// How entries are read.
#[derive(Debug)]
pub(super) struct RecordRules {
    pub attributes: DirectoryAttributes,
    pub clears_absent: bool,
    /// One RDN, such as `ou=Alumni`: people below it are alumni.
    pub alumni_unit: String,
}

/// An entry, parsed.
#[derive(Debug, PartialEq)]
pub(super) struct DirectoryRecord {
    /// The username, folded as the directory compares it (case and spaces). Of several, the first in sort
    /// order.
    pub subject: Option<String>,
    /// The id that a directory never gives to another entry: `entryUUID` (RFC 4530), or `objectGUID`.
    pub stable_id: Option<String>,
    /// `None` if it is not a valid username here.
    pub username: Option<Username>,
    /// A missing attribute keeps its column or clears it, as the rules say; an invalid value keeps it.
    pub columns: ColumnUpdates,
    /// First and last name from the whole name, for an entry with neither.
    pub fallback_names: Option<(Name, Name)>,
    /// Attributes with invalid values only.
    pub left_out: Vec<String>,
}

impl DirectoryRecord {
    pub(super) fn of(entry: &LdapEntry, rules: &RecordRules) -> Self {
        let names = &rules.attributes;
        let usernames = found_name(entry, &names.username)
            .into_iter()
            .flat_map(|name| entry.texts(name));
        let chosen = usernames.min_by_key(|username| folded(username));
        let username = chosen.and_then(|username| Username::parse(username).ok());
        let left_out = if username.is_some() {
            vec![]
        } else {
            vec![names.username.join("|")]
        };
        let mut attributes = Attributes {
            entry,
            clears_absent: rules.clears_absent,
            left_out,
        };
        let columns = ColumnUpdates {
            first_name: attributes
                .read(&names.first_name, Name::parse)
                .or_empty(Name::parse("")),
            last_name: attributes
                .read(&names.last_name, Name::parse)
                .or_empty(Name::parse("")),
            email: attributes
                .read(&names.email, parse_email)
                .or_empty(Ok(String::new())),
            kind: attributes.read(&names.kind, Role::parse).into_update(),
            is_alumni: Some(is_below(&entry.dn, &rules.alumni_unit)),
            roll_number: attributes
                .read(&names.roll_number, RollNumber::parse)
                .into_update(),
            mobile: attributes.read(&names.mobile, Mobile::parse).into_update(),
            ..ColumnUpdates::default()
        };
        let has_names = [&names.first_name, &names.last_name]
            .into_iter()
            .any(|names| found_name(entry, names).is_some());
        let whole_name = found_name(entry, &names.name)
            .filter(|_| !has_names)
            .and_then(|name| entry.texts(name).find_map(split_name));
        Self {
            subject: chosen.map(folded),
            stable_id: stable_id(entry, &names.id),
            username,
            columns,
            fallback_names: whole_name,
            left_out: attributes.left_out,
        }
    }
}

/// The attributes that none of these entries has, by purpose: `displayName|cn`.
pub(super) fn missing_attributes(
    entries: &[LdapEntry],
    attributes: &DirectoryAttributes,
) -> Vec<String> {
    let is_missing = |names: &&[String]| {
        let has = |entry: &LdapEntry| found_name(entry, names).is_some();
        !names.is_empty() && !entries.iter().any(has)
    };
    let groups = attributes.groups().into_iter();
    groups
        .filter(is_missing)
        .map(|names| names.join("|"))
        .collect()
}

/// The first of these attributes that the entry has.
fn found_name<'a>(entry: &LdapEntry, names: &'a [String]) -> Option<&'a str> {
    let mut names = names.iter().map(String::as_str);
    names.find(|name| entry.has(name))
}

/// “Nandini Sen” or “Sen, Nandini”, as first and last name.
fn split_name(text: &str) -> Option<(Name, Name)> {
    let text = text.trim();
    let (first, last) = match text.split_once(',') {
        Some((last, first)) => (first, last),
        None => text.rsplit_once(char::is_whitespace).unwrap_or((text, "")),
    };
    let names = (Name::parse(first).ok()?, Name::parse(last).ok()?);
    (!text.is_empty()).then_some(names)
}

/// The value of an attribute.
enum AttributeValue<T> {
    /// The column is cleared.
    Missing,
    /// The column keeps its value.
    Unknown,
    Value(T),
}

impl<T> AttributeValue<T> {
    fn into_update(self) -> Update<T> {
        match self {
            Self::Missing => Update::Clear,
            Self::Unknown => Update::Keep,
            Self::Value(value) => Update::Set(value),
        }
    }

    /// The value of a column that is not nullable.
    fn or_empty(self, empty: Result<T, InvalidValue>) -> Option<T> {
        match self {
            Self::Missing => empty.ok(),
            Self::Unknown => None,
            Self::Value(value) => Some(value),
        }
    }
}

struct Attributes<'a> {
    entry: &'a LdapEntry,
    clears_absent: bool,
    left_out: Vec<String>,
}

impl Attributes<'_> {
    /// The first valid value of the first of these attributes that the entry has.
    fn read<T>(
        &mut self,
        names: &[String],
        parse: fn(&str) -> Result<T, InvalidValue>,
    ) -> AttributeValue<T> {
        let Some(name) = found_name(self.entry, names) else {
            // What is not read has no say.
            return if self.clears_absent && !names.is_empty() {
                AttributeValue::Missing
            } else {
                AttributeValue::Unknown
            };
        };
        let mut texts = self.entry.texts(name);
        if let Some(value) = texts.find_map(|text| parse(text).ok()) {
            return AttributeValue::Value(value);
        }
        self.left_out.push(name.to_owned());
        AttributeValue::Unknown
    }
}

fn parse_email(text: &str) -> Result<String, InvalidValue> {
    Email::parse(text).map(|email| email.to_string())
}

/// A UUID as text (`entryUUID`), or its 16 bytes as Active Directory writes them (`objectGUID`).
fn stable_id(entry: &LdapEntry, names: &[String]) -> Option<String> {
    let value = entry.values(found_name(entry, names)?).next()?;
    let uuid = match <[u8; 16]>::try_from(value) {
        Ok(bytes) => uuid::Uuid::from_bytes_le(bytes),
        Err(_) => uuid::Uuid::try_parse_ascii(value).ok()?,
    };
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

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn rules(clears_absent: bool) -> RecordRules {
        RecordRules {
            attributes: DirectoryAttributes {
                username: names(&["uid"]),
                id: names(&["entryUUID", "objectGUID"]),
                first_name: names(&["givenName"]),
                last_name: names(&["sn"]),
                name: names(&["displayName", "cn"]),
                email: names(&["mail"]),
                roll_number: names(&["employeeNumber"]),
                kind: names(&["employeeType"]),
                mobile: names(&["mobile"]),
            },
            clears_absent,
            alumni_unit: "ou=Alumni".to_owned(),
        }
    }

    fn read(attributes: &[(&str, &[&[u8]])]) -> DirectoryRecord {
        DirectoryRecord::of(&LdapEntry::of(DN, attributes), &rules(true))
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
        assert_eq!(read.stable_id.as_deref(), Some(UUID));
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
    fn what_the_directory_does_not_show_is_kept_unless_it_shows_all() {
        let entry = LdapEntry::of(DN, &[("uid", &[b"asha"]), ("mobile", &[b"98765 43210"])]);
        let keeping = DirectoryRecord::of(&entry, &rules(false));
        let expected = ColumnUpdates {
            is_alumni: Some(false),
            mobile: Update::Set(Mobile::parse("98765 43210").unwrap()),
            ..ColumnUpdates::default()
        };
        assert_eq!(keeping.columns, expected);
        let mut unread = rules(true);
        unread.attributes.email = Vec::new();
        let clearing = DirectoryRecord::of(&entry, &unread).columns;
        assert_eq!(clearing.roll_number, Update::Clear);
        assert_eq!(clearing.email, None);
        let missing = missing_attributes(&[entry], &rules(true).attributes);
        let expected = [
            "entryUUID|objectGUID",
            "givenName",
            "sn",
            "displayName|cn",
            "mail",
            "employeeNumber",
            "employeeType",
        ];
        assert_eq!(missing, expected);
    }

    #[test]
    fn a_whole_name_is_used_where_first_and_last_name_are_missing() {
        let names = |attributes: &[(&str, &[&[u8]])]| {
            let names = read(attributes).fallback_names?;
            Some((names.0.to_string(), names.1.to_string()))
        };
        let pair = |first: &str, last: &str| Some((first.to_owned(), last.to_owned()));
        for (attributes, expected) in [
            (
                &[("cn", &[&b"Asha Kumari Rao"[..]][..])][..],
                pair("Asha Kumari", "Rao"),
            ),
            (
                &[("cn", &[b"asha"]), ("displayName", &[b"Rao, Asha"])],
                pair("Asha", "Rao"),
            ),
            (&[("cn", &[b"Asha"])], pair("Asha", "")),
            (&[("cn", &[b"Asha Rao"]), ("sn", &[b"Rao"])], None),
            (&[("cn", &[b"Asha Rao"]), ("givenName", &[b"Asha"])], None),
            (&[], None),
        ] {
            assert_eq!(names(attributes), expected);
        }
    }

    #[test]
    fn the_second_key_may_be_a_guid_in_bytes() {
        // The bytes of a GUID whose first three parts are little-endian (MS-DTYP 2.3.4.2).
        let bytes = [
            0xae, 0x4f, 0x1d, 0xf8, 0xec, 0x7d, 0xd0, 0x11, 0xa7, 0x65, 0x00, 0xa0, 0xc9, 0x1e,
            0x6b, 0xf6,
        ];
        let id = |value: &[u8]| read(&[("objectGUID", &[value])]).stable_id;
        assert_eq!(id(&bytes).as_deref(), Some(UUID));
        assert_eq!(id(&bytes[1..]), None);
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
        assert_eq!((read.username, read.stable_id), (None, None));
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
