//! What an entry says of somebody. Pure.

use super::messages::LdapEntry;
use crate::people::records::{
    ColumnUpdates, Email, InvalidValue, Mobile, Name, Role, RollNumber, Update, Username,
};

/// The attributes that are read; [`DirectoryRecord`] says what of them becomes what.
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

/// An entry in our words.
#[derive(Debug, PartialEq)]
pub(super) struct DirectoryRecord {
    /// The `uid`, of several the one that sorts first, as the directory compares it: without regard to
    /// case and blanks. Nothing for an entry that has none.
    pub subject: Option<String>,
    /// `entryUUID`, which a directory gives to one entry and never to another (RFC 4530), where it says
    /// it.
    pub unique: Option<String>,
    /// Nothing if the `uid` is no username of ours.
    pub username: Option<Username>,
    /// What the entry does not have is cleared, what does not fit is kept as it was.
    pub columns: ColumnUpdates,
    /// Attributes that hold nothing but what does not fit.
    pub left_out: Vec<&'static str>,
}

impl DirectoryRecord {
    /// `alumni_unit` is one step of a DN, as `ou=Alumni`.
    pub(super) fn of(entry: &LdapEntry, alumni_unit: &str) -> Self {
        let uid = entry.texts(UID).min_by_key(|uid| folded(uid));
        let username = uid.and_then(|uid| Username::parse(uid).ok());
        let left_out = if username.is_some() {
            vec![]
        } else {
            vec![UID]
        };
        let mut it = Attributes { entry, left_out };
        let columns = ColumnUpdates {
            first_name: it.read("givenName", Name::parse).or_empty(Name::parse("")),
            last_name: it.read("sn", Name::parse).or_empty(Name::parse("")),
            email: it.read("mail", address).or_empty(Ok(String::new())),
            kind: it.read("employeeType", Role::parse).change(),
            is_alumni: Some(is_below(&entry.dn, alumni_unit)),
            roll_number: it.read("employeeNumber", RollNumber::parse).change(),
            mobile: it.read("mobile", Mobile::parse).change(),
            ..ColumnUpdates::default()
        };
        Self {
            subject: uid.map(folded),
            unique: unique(entry),
            username,
            columns,
            left_out: it.left_out,
        }
    }
}

/// What an attribute holds.
enum AttributeValue<T> {
    Nothing,
    Unfit,
    Value(T),
}

impl<T> AttributeValue<T> {
    fn change(self) -> Update<T> {
        match self {
            Self::Nothing => Update::Clear,
            Self::Unfit => Update::Keep,
            Self::Value(value) => Update::Set(value),
        }
    }

    /// The value of a column that is never null.
    fn or_empty(self, empty: Result<T, InvalidValue>) -> Option<T> {
        match self {
            Self::Nothing => empty.ok(),
            Self::Unfit => None,
            Self::Value(value) => Some(value),
        }
    }
}

struct Attributes<'a> {
    entry: &'a LdapEntry,
    left_out: Vec<&'static str>,
}

impl Attributes<'_> {
    /// The first of an attribute's values that fits.
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
            return AttributeValue::Unfit;
        }
        AttributeValue::Nothing
    }
}

fn address(text: &str) -> Result<String, InvalidValue> {
    Email::parse(text).map(|email| email.to_string())
}

fn unique(entry: &LdapEntry) -> Option<String> {
    let unique = entry.texts(ENTRY_UUID).next()?;
    let unique = uuid::Uuid::try_parse(unique).ok()?;
    Some(unique.to_string())
}

/// As a directory compares most texts: letters of either case and blanks of any number are the same
/// (RFC 4518 §2).
pub(super) fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Whether one step of the way up from an entry is `unit`, whatever the case of its letters.
fn is_below(dn: &str, unit: &str) -> bool {
    let step = |step: &str| {
        let (kind, name) = step.split_once('=').unwrap_or((step, ""));
        (folded(kind), folded(name))
    };
    steps(dn).skip(1).any(|above| step(above) == step(unit))
}

/// The steps of a DN (RFC 4514 §2): commas divide them, unless a backslash stands in front.
fn steps(dn: &str) -> impl Iterator<Item = &str> {
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
        assert_eq!(read.unique.as_deref(), Some(UUID));
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
        assert_eq!((read.username, read.unique), (None, None));
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
