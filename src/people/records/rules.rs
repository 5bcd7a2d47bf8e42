//! What must hold between the things known about somebody.

use super::details::{ColumnUpdates, InvalidValue};
use super::model::ListChoice;
use crate::people::fields::{FIELDS, Field, FieldSource, ProfileSection};

/// The year the oldest of these campuses opened.
pub const FIRST_YEAR: i32 = 1958;
/// How many years ahead a graduation may lie.
pub const LONGEST_COURSE: i32 = 6;
/// Further numbers, and further addresses, one person may have.
pub const MOST: usize = 10;

/// Whether somebody who carries `carried` may have `code`, of which `choice` is the entry if there is
/// one: it is on offer, or they have it already, from a list of before or from a campus system that has
/// more words than we.
pub(super) fn may_choose(code: &str, choice: Option<&ListChoice>, carried: Option<&str>) -> bool {
    carried == Some(code) || choice.is_some_and(|choice| !choice.is_retired)
}

/// A room has at most eight characters, and in a hostel with wings is a capital letter, a hyphen and
/// digits, from the first character to the last.
pub(super) fn check_room(
    hostel: Option<&ListChoice>,
    room: Option<&str>,
) -> Result<(), InvalidValue> {
    let Some(room) = room else { return Ok(()) };
    if room.chars().count() > 8 {
        return Err(InvalidValue::new("room", "may have at most 8 characters"));
    }
    if room.contains(is_invisible) {
        return Err(InvalidValue::new(
            "room",
            "may hold nothing that cannot be seen",
        ));
    }
    if hostel.is_none_or(|hostel| !hostel.has_wings) || has_wing(room) {
        return Ok(());
    }
    Err(InvalidValue::new(
        "room",
        "must be a wing letter, a hyphen and a number in this hostel, as A-12",
    ))
}

/// Controls, and the marks that make what follows read backwards (Unicode's bidirectional formatting):
/// apps show a room beside other words.
fn is_invisible(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether a person may change this field of theirs: their own fields; their names only where no campus system knows
/// these.
pub(super) fn check_editable(field: Field, may_edit_names: bool) -> Result<(), InvalidValue> {
    let row = field.row();
    let is_own_name = row.section == ProfileSection::Name && may_edit_names;
    if row.source == FieldSource::Person || is_own_name {
        Ok(())
    } else {
        Err(InvalidValue::new(row.name, "is the directory's to change"))
    }
}

/// Texts that a person enters are shown to others beside other words, so they hold no invisible characters.
pub(super) fn check_visible(columns: &ColumnUpdates) -> Result<(), InvalidValue> {
    let columns = columns.to_json();
    for row in FIELDS.iter().filter(|row| row.is_text_column()) {
        let text = row.column.and_then(|column| columns.get(column)?.as_str());
        if text.is_some_and(|text| text.contains(is_invisible)) {
            return Err(InvalidValue::new(
                row.name,
                "may hold nothing that cannot be seen",
            ));
        }
    }
    Ok(())
}

fn has_wing(room: &str) -> bool {
    let Some((wing, number)) = room.split_once('-') else {
        return false;
    };
    matches!(wing.as_bytes(), [b'A'..=b'Z'])
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Nobody joined before the campus was there or joins later than this year; graduation may lie a
/// course ahead, and comes after joining.
pub(super) fn check_years(
    join: Option<i32>,
    graduation: Option<i32>,
    this_year: i32,
) -> Result<(), InvalidValue> {
    within("join_year", join, this_year)?;
    within("graduation_year", graduation, this_year + LONGEST_COURSE)?;
    match (join, graduation) {
        (Some(join), Some(graduation)) if join >= graduation => Err(InvalidValue::new(
            "graduation_year",
            "must be later than the year of joining",
        )),
        _ => Ok(()),
    }
}

fn within(what: &'static str, year: Option<i32>, last: i32) -> Result<(), InvalidValue> {
    match year {
        Some(year) if !(FIRST_YEAR..=last).contains(&year) => {
            let why = format!("must be from {FIRST_YEAR} to {last}");
            Err(InvalidValue::new(what, why))
        }
        _ => Ok(()),
    }
}

/// Ten further numbers at most, none twice.
pub(super) fn check_contacts(numbers: &[impl AsRef<str>]) -> Result<(), InvalidValue> {
    if numbers.len() > MOST {
        let why = format!("may be {MOST} at most");
        return Err(InvalidValue::new("contacts", why));
    }
    no_repeats("contacts", numbers.iter().map(AsRef::as_ref))
}

/// Ten further addresses at most, none twice, and none the same as the primary one.
pub(super) fn check_emails(emails: &[impl AsRef<str>], primary: &str) -> Result<(), InvalidValue> {
    if emails.len() > MOST {
        let why = format!("may be {MOST} at most");
        return Err(InvalidValue::new("secondary_emails", why));
    }
    let lower: Vec<String> = emails
        .iter()
        .map(|email| email.as_ref().to_lowercase())
        .collect();
    if lower.contains(&primary.to_lowercase()) {
        return Err(InvalidValue::new(
            "secondary_emails",
            "hold the primary address; leave it out there",
        ));
    }
    no_repeats("secondary_emails", lower.iter().map(String::as_str))
}

fn no_repeats<'a>(
    what: &'static str,
    items: impl Iterator<Item = &'a str>,
) -> Result<(), InvalidValue> {
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        if !seen.insert(item) {
            return Err(InvalidValue::new(what, "hold something twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostel(has_wings: bool) -> ListChoice {
        ListChoice {
            kind: "hostel".to_owned(),
            code: "14".to_owned(),
            name: "Hostel 14".to_owned(),
            has_wings,
            is_retired: false,
        }
    }

    #[test]
    fn what_is_retired_stays_with_those_who_carry_it() {
        let offered = hostel(true);
        let retired = ListChoice {
            is_retired: true,
            ..hostel(true)
        };
        assert!(may_choose("14", Some(&offered), None));
        assert!(may_choose("14", Some(&offered), Some("15")));
        assert!(may_choose("14", Some(&retired), Some("14")));
        assert!(!may_choose("14", Some(&retired), None));
        assert!(!may_choose("14", Some(&retired), Some("15")));
        assert!(!may_choose("14", None, None));
        assert!(!may_choose("14", None, Some("15")));
        assert!(may_choose("14", None, Some("14")));
    }

    #[test]
    fn rooms_of_a_hostel_with_wings_carry_the_letter() {
        let winged = hostel(true);
        for good in ["A-1", "A-12", "Z-000123"] {
            assert!(check_room(Some(&winged), Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "A12", "a-12", "12", "A-12xyz", "AB-12", "A-", "-12", "A-1-2",
        ] {
            assert!(check_room(Some(&winged), Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn other_rooms_are_only_short() {
        for place in [None, Some(&hostel(false))] {
            assert!(check_room(place, Some("12")).is_ok());
            assert!(check_room(place, Some("कमरा १")).is_ok());
            assert!(check_room(place, Some("123456789")).is_err());
            assert!(check_room(place, Some("\u{202e}21-A")).is_err());
            assert!(check_room(place, Some("A\n12")).is_err());
            assert!(check_room(place, None).is_ok());
        }
        assert!(check_room(Some(&hostel(true)), None).is_ok());
    }

    #[test]
    fn years_lie_between_the_first_and_a_course_ahead_and_in_order() {
        assert!(check_years(Some(1958), Some(1959), 2026).is_ok());
        assert!(check_years(Some(2026), Some(2032), 2026).is_ok());
        assert!(check_years(None, Some(2032), 2026).is_ok());
        assert!(check_years(None, None, 2026).is_ok());
        for (join, graduation) in [
            (Some(1957), None),
            (Some(2027), None),
            (None, Some(1957)),
            (None, Some(2033)),
            (Some(2020), Some(2020)),
            (Some(2020), Some(2019)),
        ] {
            let judged = check_years(join, graduation, 2026);
            assert!(judged.is_err(), "{join:?} {graduation:?}");
        }
    }

    #[test]
    fn lists_hold_nothing_twice() {
        assert!(check_contacts(&["022 2576", "022 2577"]).is_ok());
        assert!(check_contacts(&["022 2576", "022 2576"]).is_err());
        assert!(check_contacts(&["x"; 11]).is_err());
        assert!(check_emails(&["a@home.example"], "a@campus.example").is_ok());
        assert!(check_emails(&["A@home.example", "a@home.example"], "").is_err());
        assert!(check_emails(&["A@Campus.example"], "a@campus.example").is_err());
        let many = |count: u32| (0..count).map(|it| format!("{it}@home.example"));
        assert!(check_emails(&many(10).collect::<Vec<_>>(), "").is_ok());
        assert!(check_emails(&many(11).collect::<Vec<_>>(), "").is_err());
    }
}
