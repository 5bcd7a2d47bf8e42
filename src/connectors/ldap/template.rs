//! A filter or a name with a hole for what was typed.

use ldap3::asn1::{ASNTag, write};

use super::messages::LdapEntry;
use super::person::folded;
use crate::platform::config::USERNAME_PLACEHOLDER;

/// The text of a setting, which holds `{username}`.
#[derive(Debug, Clone)]
pub(super) struct FilterTemplate {
    text: String,
    holds: Vec<RequiredAttribute>,
}

/// `attribute=before…after` of a template: what an entry that it found has to hold.
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
            holds: holds(text),
        }
    }

    /// A filter in BER with the typed text as nothing but a value (RFC 4515 §3); nothing if the
    /// template is no filter.
    pub(super) fn filter(&self, typed: &str) -> Option<Vec<u8>> {
        filter(&self.fill(&ldap3::ldap_escape(typed)))
    }

    /// A DN with the typed text as nothing but a value (RFC 4514 §2.4).
    pub(super) fn dn(&self, typed: &str) -> String {
        self.fill(&ldap3::dn_escape(typed))
    }

    fn fill(&self, escaped: &str) -> String {
        self.text.replace(USERNAME_PLACEHOLDER, escaped)
    }

    /// The attributes that [`FilterTemplate::fits`] looks at.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.holds.iter().map(|holds| holds.attribute.as_str())
    }

    /// Whether the entry is one that was asked for: a directory that answers with somebody else's would
    /// let whoever knows that person's password in as they like. What cannot be told from the template
    /// (a part of a value, say) is not looked at.
    pub(super) fn fits(&self, entry: &LdapEntry, typed: &str) -> bool {
        let holds_it = |holds: &RequiredAttribute| {
            let wanted = folded(&format!("{}{typed}{}", holds.before, holds.after));
            let mut values = entry.texts(&holds.attribute);
            values.any(|value| folded(value) == wanted)
        };
        self.holds.is_empty() || self.holds.iter().any(holds_it)
    }
}

/// A filter in BER, as it is written in RFC 4515.
#[expect(
    clippy::default_trait_access,
    reason = "the buffer's type is of a library that is ldap3's and not ours"
)]
pub(super) fn filter(text: &str) -> Option<Vec<u8>> {
    let parsed = ldap3::parse_filter(text).ok()?;
    let mut bytes = Default::default();
    write::encode_into(&mut bytes, parsed.into_structure()).ok()?;
    Some(bytes.to_vec())
}

fn holds(text: &str) -> Vec<RequiredAttribute> {
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
                FilterTemplate::new(template).fits(&asha, typed),
                fits,
                "{template} {typed}"
            );
        }
        let template = FilterTemplate::new("(|(uid={username})(mail={username}))");
        assert_eq!(template.attributes().collect::<Vec<_>>(), ["uid", "mail"]);
    }
}
