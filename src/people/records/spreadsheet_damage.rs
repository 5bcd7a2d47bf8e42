//! Values that a spreadsheet has changed or made up. Once saved they cannot be repaired, so they are refused.

/// What marks an error in a cell, besides `#` (Excel) and `Err:` (`LibreOffice`) with a number.
const ERRORS: [&str; 12] = [
    "#n/a",
    "#ref!",
    "#value!",
    "#div/0!",
    "#name?",
    "#null!",
    "#num!",
    "#spill!",
    "#calc!",
    "#field!",
    "#blocked!",
    "#getting_data",
];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// What a spreadsheet did to this value, and what to do; `None` for a value that may be meant as it is.
pub(super) fn find_damage(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if ERRORS.contains(&lower.as_str()) || is_numbered_error(&lower) {
        return Some("is an error of the spreadsheet; enter the value and export the list again");
    }
    if text.len() > 2 && text.bytes().all(|byte| byte == b'#') {
        return Some("did not fit into its column; widen the column and export the list again");
    }
    if text.starts_with('=') {
        return Some("is a formula; enter the value alone");
    }
    // ’t Hooft begins with one, too.
    if let Some(rest) = text.strip_prefix('\'')
        && !rest.starts_with(|sign: char| sign.is_lowercase())
    {
        return Some("begins with the apostrophe by which a spreadsheet marks text; remove it");
    }
    if is_exponential(&lower) || is_decimal(text) {
        return Some(
            "is a number that a spreadsheet rounded; format the column as text, enter the value \
             again and export the list again",
        );
    }
    if is_date(&lower) {
        return Some(
            "is a date that a spreadsheet made of the value; format the column as text, enter the \
             value again and export the list again",
        );
    }
    None
}

/// `Err:502`, as `LibreOffice` writes it.
fn is_numbered_error(lower: &str) -> bool {
    lower.strip_prefix("err:").is_some_and(is_digits)
}

/// `9.1982E+11`, or `9,1982E+11` in countries with a decimal comma.
fn is_exponential(lower: &str) -> bool {
    let Some((number, exponent)) = lower.split_once("e+") else {
        return false;
    };
    let number = number.strip_prefix(['+', '-']).unwrap_or(number);
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    whole.len() == 1 && [whole, fraction, exponent].into_iter().all(is_digits)
}

/// `919820011111.0`: a telephone number has no decimals.
fn is_decimal(text: &str) -> bool {
    let zeros = |fraction: &str| !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    text.split_once('.')
        .is_some_and(|(whole, fraction)| is_digits(whole) && zeros(fraction))
}

/// `12-Jan`, `Jan-12`, `12-Jan-24`.
fn is_date(lower: &str) -> bool {
    let parts: Vec<&str> = lower.split('-').collect();
    let is_number = |part: &str| is_digits(part) && part.len() <= 4;
    match parts.as_slice() {
        [day, month] if MONTHS.contains(month) => is_number(day),
        [month, year] if MONTHS.contains(month) => is_number(year),
        [day, month, year] if MONTHS.contains(month) => is_number(day) && is_number(year),
        _ => false,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_spoiled_is_found() {
        for spoiled in [
            "9.1982E+11",
            "9,1982E+11",
            "9E+09",
            "-1.5e+3",
            "919820011111.0",
            "=\"+919820011111\"",
            "=A1&B1",
            "'+919820011111",
            "'012D0700",
            "#N/A",
            "#REF!",
            "#DIV/0!",
            "#NAME?",
            "Err:508",
            "########",
            "12-Jan",
            "Jan-12",
            "1-Feb-2024",
        ] {
            assert!(find_damage(spoiled).is_some(), "{spoiled}");
        }
    }

    #[test]
    fn what_people_write_is_none() {
        for meant in [
            "+91 98200 11111",
            "022-2572 2545",
            "012D0700",
            "12E45",
            "21EE1E05",
            "A-12",
            "1E-12",
            "'t Hooft",
            "D’Souza",
            "Jan",
            "may-lin",
            "#14",
            "a.b+c@campus.example",
            "0",
            "2024",
            "8.5",
            "-",
        ] {
            assert_eq!(find_damage(meant), None, "{meant}");
        }
    }
}
