//! Templates of LDAP filters and DNs with `{username}` as the placeholder.

use ldap3::asn1::{ASNTag, write};

use super::directory_record::folded;
use super::messages::LdapEntry;
use crate::platform::config::USERNAME_PLACEHOLDER;

/// A setting with the placeholder `{username}`.
#[derive(Debug, Clone)]
pub(super) struct FilterTemplate {
    text: String,
    required: Vec<RequiredAttribute>,
}

/// `attribute=before…after` in a template. A found entry has to have such a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RequiredAttribute {
    attribute: String,
    before: String,
    after: String,
}

impl FilterTemplate {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            required: required_attributes(text),
        }
    }

    /// A filter in BER, with the username escaped as a value (RFC 4515 §3). `None` if the template is not a
    /// filter.
    pub(super) fn filter(&self, username: &str) -> Option<Vec<u8>> {
        filter(&self.fill(&ldap3::ldap_escape(username)))
    }

    /// A filter in BER that finds the entries of all people.
    pub(super) fn filter_of_all(&self) -> Option<Vec<u8>> {
        filter(&self.fill("*"))
    }

    /// A DN, with the username escaped as a value (RFC 4514 §2.4).
    pub(super) fn dn(&self, username: &str) -> String {
        self.fill(&ldap3::dn_escape(username))
    }

    fn fill(&self, escaped: &str) -> String {
        self.text.replace(USERNAME_PLACEHOLDER, escaped)
    }

    /// The attributes that [`FilterTemplate::matches`] compares.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.required
            .iter()
            .map(|required| required.attribute.as_str())
    }

    /// Whether the entry belongs to this username. If a directory returned another entry, the person who
    /// knows its password could sign in under any name. What the template does not determine (a part of
    /// a value, for instance) is not compared.
    pub(super) fn matches(&self, entry: &LdapEntry, username: &str) -> bool {
        let has_value = |required: &RequiredAttribute| {
            let wanted = folded(&format!("{}{username}{}", required.before, required.after));
            let mut values = entry.texts(&required.attribute);
            values.any(|value| folded(value) == wanted)
        };
        self.required.is_empty() || self.required.iter().any(has_value)
    }
}

/// Encodes a filter in the string form of RFC 4515 as BER.
#[expect(
    clippy::default_trait_access,
    reason = "ldap3 does not export the type of the buffer"
)]
pub(super) fn filter(text: &str) -> Option<Vec<u8>> {
    let parsed = ldap3::parse_filter(text).ok()?;
    let mut bytes = Default::default();
    write::encode_into(&mut bytes, parsed.into_structure()).ok()?;
    Some(bytes.to_vec())
}

fn required_attributes(text: &str) -> Vec<RequiredAttribute> {
    let is_end = |sign: char| "(),+".contains(sign);
    let places = text.match_indices(USERNAME_PLACEHOLDER);
    let read = |(at, _): (usize, &str)| {
        let (before, rest) = text.split_at_checked(at)?;
        let after = rest.strip_prefix(USERNAME_PLACEHOLDER)?;
        let before = before.rsplit(is_end).next()?;
        let after = after.split(is_end).next()?;
        let (attribute, before) = before.split_once('=')?;
        let attribute = attribute.trim();
        let is_plain = !attribute.is_empty()
            && attribute
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-');
        let is_whole = ![before, after].concat().contains(['*', '\\', '{']);
        (is_plain && is_whole).then(|| RequiredAttribute {
            attribute: attribute.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        })
    };
    places.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_one_value_of_a_filter() {
        let template = FilterTemplate::new("(uid={username})");
        let plain = |value: &[u8]| {
            let mut filter = vec![0xa3, 0, 0x04, 0x03];
            filter.extend(b"uid");
            filter.extend([0x04, u8::try_from(value.len()).unwrap()]);
            filter.extend(value);
            filter[1] = u8::try_from(filter.len() - 2).unwrap();
            filter
        };
        for typed in [
            "asha",
            "*",
            "*)(uid=*",
            "asha)(|(uid=*",
            "a\\2a",
            "a\0b",
            "आशा",
            "(",
            "&",
        ] {
            assert_eq!(
                template.filter(typed),
                Some(plain(typed.as_bytes())),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_was_typed_stays_one_value_of_a_name() {
        let template = FilterTemplate::new("uid={username},ou=people,dc=campus");
        for (typed, escaped) in [
            ("asha", "asha"),
            ("asha,ou=staff", "asha\\2cou\\3dstaff"),
            ("a+cn=b", "a\\2bcn\\3db"),
            ("#1 ", "\\231\\20"),
            (" a\"<>;\\\0", "\\20a\\22\\3c\\3e\\3b\\5c\\00"),
        ] {
            assert_eq!(
                template.dn(typed),
                format!("uid={escaped},ou=people,dc=campus")
            );
        }
    }

    #[test]
    fn what_is_no_filter_is_told() {
        assert!(
            FilterTemplate::new("(&(objectClass=person)(|(uid={username})(mail={username})))")
                .filter("asha")
                .is_some()
        );
        for bad in ["uid={username}x)", "(uid={username}", "((uid={username}))"] {
            assert_eq!(FilterTemplate::new(bad).filter("asha"), None, "{bad}");
        }
    }

    fn entry(uid: &str, mail: &str) -> LdapEntry {
        let values = [("uid", [uid.as_bytes()]), ("mail", [mail.as_bytes()])];
        let values = values.each_ref().map(|(name, it)| (*name, &it[..]));
        LdapEntry::of("uid=x", &values)
    }

    #[test]
    fn an_entry_has_to_be_of_whom_was_asked_for() {
        let asha = entry("Asha", "asha@campus.example");
        for (template, typed, fits) in [
            ("(uid={username})", "asha", true),
            ("(uid={username})", "vikram", false),
            ("(&(a=b)(mail={username}@campus.example))", "ASHA", true),
            ("(&(a=b)(mail={username}@campus.example))", "wasim", false),
            (
                "(|(uid={username})(mail={username}))",
                "asha@campus.example",
                true,
            ),
            ("uid={username},ou=people", "asha", true),
            ("uid={username},ou=people", "vikram", false),
            // These say nothing that could be compared.
            ("(mail={username}*)", "vikram", true),
            ("(memberOf:1.2.840:={username})", "vikram", true),
            ("{username}@campus.example", "vikram", true),
        ] {
            assert_eq!(
                FilterTemplate::new(template).matches(&asha, typed),
                fits,
                "{template} {typed}"
            );
        }
        let template = FilterTemplate::new("(|(uid={username})(mail={username}))");
        assert_eq!(template.attributes().collect::<Vec<_>>(), ["uid", "mail"]);
    }
}
