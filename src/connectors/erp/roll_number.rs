//! The roll numbers of IIT Kharagpur, and the attributes derived from them.
//!
//! The first two digits are the year of entry, the two letters the department. The fifth character is
//! said to stand for the programme, but no document defines it. Its meaning is therefore configuration
//! ([`RollClass`]), and the derived attributes are marked as inferred.

use std::fmt;

/// In its normal form: `22CS10001`, `25MA60R29`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ErpRollNumber(String);

/// Not a roll number: two digits, two letters, then five letters or digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a roll number is two digits, two letters and five digits or letters, for example 21CS10001"
)]
pub struct InvalidRollNumber;

impl ErpRollNumber {
    /// Parses a roll number as people type it, in either case and with surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidRollNumber> {
        let text = text.trim().to_ascii_uppercase();
        let is_allowed = |(index, byte): (usize, u8)| match index {
            0 | 1 => byte.is_ascii_digit(),
            2 | 3 => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        };
        if text.len() == 9 && text.bytes().enumerate().all(is_allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidRollNumber)
        }
    }

    /// The subject of an identity that is this roll number
    /// ([`Connector::parse_subject`](crate::connectors::Connector::parse_subject)).
    pub fn parse_subject(text: &str) -> Result<String, &'static str> {
        let roll = Self::parse(text);
        roll.map(|roll| roll.0)
            .map_err(|_| "must be a roll number of nine digits and letters, for example 22CS10001")
    }

    /// The name of the source of attributes that are derived from a proved roll number alone.
    pub const RECORDS_SOURCE: &'static str = "the roll of IIT Kharagpur";

    /// A roll number that does not exist: there is no such department.
    pub(super) fn nonexistent() -> Self {
        Self("00ZZ00000".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two letters; not necessarily a known department.
    pub fn department(&self) -> &str {
        self.0.get(2..4).unwrap_or_default()
    }

    /// The fifth character.
    pub fn class(&self) -> &str {
        self.0.get(4..5).unwrap_or_default()
    }

    /// The year of entry. Next year's students already have their numbers, so `this_year` + 1 is
    /// possible.
    pub fn entry_year(&self, this_year: i32) -> i32 {
        let two_digits = self.0.get(..2).and_then(|digits| digits.parse().ok());
        let two_digits: i32 = two_digits.unwrap_or_default();
        if two_digits <= this_year.rem_euclid(100) + 1 {
            2000 + two_digits
        } else {
            1900 + two_digits
        }
    }

    /// The attributes that follow from the number, with the configured meaning of its class and
    /// department. Without a class the programme stays unknown; without a department its letters are
    /// used.
    pub fn infer_attributes(
        &self,
        class: Option<&RollClass>,
        department: Option<&str>,
        this_year: i32,
    ) -> RollAttributes {
        let join_year = self.entry_year(this_year);
        RollAttributes {
            kind: class.map_or("misc", |class| class.kind.as_str()).to_owned(),
            department: department.unwrap_or(self.department()).to_owned(),
            degree: class.and_then(|class| class.degree.clone()),
            join_year,
            graduation_year: class.and_then(|class| Some(join_year + class.years?)),
        }
    }
}

impl fmt::Display for ErpRollNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The meaning of a fifth character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollClass {
    /// A degree code of the profile's choices, if any.
    pub degree: Option<String>,
    /// The length of the programme; none if it has no fixed length.
    pub years: Option<i32>,
    /// The directory's code for these people: `ug`, `pg`, `rs` …
    pub kind: String,
}

/// The attributes derived from a roll number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RollAttributes {
    #[serde(rename = "type")]
    pub kind: String,
    pub department: String,
    pub degree: Option<String>,
    pub join_year: i32,
    pub graduation_year: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e25_what_is_no_roll_number_is_refused() {
        for good in [
            "12CS40067",
            "22CS10001",
            "25MA60R29",
            "19PH91R01",
            "19PHX1R01",
        ] {
            assert_eq!(ErpRollNumber::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(
            ErpRollNumber::parse(" 22ee30002 ").unwrap().as_str(),
            "22EE30002"
        );
        for bad in [
            "",
            "ABCS10001",
            "22C510001",
            "22CS1000",
            "22CS100011",
            "22CS1000 1",
            "22CS1000é",
            "२२CS10001",
            "22CS1000\0",
            "22CS1-001",
            "22CS10001'",
        ] {
            assert_eq!(ErpRollNumber::parse(bad), Err(InvalidRollNumber), "{bad}");
        }
    }

    #[test]
    fn e25_years_are_of_this_century_if_they_can_be() {
        let entry_year = |text: &str, now| ErpRollNumber::parse(text).unwrap().entry_year(now);
        assert_eq!(entry_year("12CS40067", 2026), 2012);
        assert_eq!(entry_year("26CS10001", 2026), 2026);
        assert_eq!(entry_year("27CS10001", 2026), 2027);
        assert_eq!(entry_year("28CS10001", 2026), 1928);
        assert_eq!(entry_year("99CS10001", 2026), 1999);
        assert_eq!(entry_year("00CS10001", 1999), 2000);
    }

    #[test]
    fn e25_what_nobody_told_us_is_left_open() {
        let roll = ErpRollNumber::parse("22XY50001").unwrap();
        let attributes = roll.infer_attributes(None, None, 2026);
        assert_eq!(
            attributes,
            RollAttributes {
                kind: "misc".into(),
                department: "XY".into(),
                degree: None,
                join_year: 2022,
                graduation_year: None
            }
        );
        let doctorate = RollClass {
            degree: Some("PHD".into()),
            years: None,
            kind: "rs".into(),
        };
        let attributes = roll.infer_attributes(Some(&doctorate), Some("XYZ"), 2026);
        assert_eq!(
            (attributes.department.as_str(), attributes.graduation_year),
            ("XYZ", None)
        );
        let two_years = RollClass {
            years: Some(2),
            ..doctorate
        };
        assert_eq!(
            roll.infer_attributes(Some(&two_years), None, 2026)
                .graduation_year,
            Some(2024)
        );
    }
}
