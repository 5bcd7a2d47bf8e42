//! The claims for a new profile, from the portal's data about a student.

use super::reply::{PortalUser, StudentRecord};
use crate::people::records::{
    Claims, Email, InvalidValue, Name, PersonUpdate, Role, RollNumber, Sex, Update, Username,
};

/// The portal's member type of students.
pub(super) const STUDENT: &str = "S";
/// The longest department or degree code that is kept, in characters.
const MAX_CODE_LENGTH: usize = 64;

/// A degree code (capitals, without dots and blanks), the person's role, and the length in years.
type DegreeCode = (&'static str, Option<&'static str>, Option<i32>);

#[rustfmt::skip]
const DEGREES: &[DegreeCode] = &[
    ("BTECH", Some("ug"), Some(4)),
    ("BBA",   Some("ug"), Some(3)),
    ("BCA",   Some("ug"), Some(3)),
    ("BSC",   Some("ug"), Some(3)),
    ("MTECH", Some("pg"), Some(2)),
    ("MBA",   Some("pg"), Some(2)),
    ("MSC",   Some("pg"), Some(2)),
    ("MCA",   Some("pg"), Some(2)),
    ("PHD",   Some("rs"), None),
    ("DD",    Some("dd"), Some(5)),
];

/// Names of branches at the portal (capitals, without blanks), and their codes.
const BRANCHES: &[(&str, &str)] = &[
    ("COMPUTERSCIENCE&ENGINEERING", "CSE"),
    ("COMPUTERSCIENCEANDENGINEERING", "CSE"),
    ("ELECTRONICS&COMMUNICATIONENGINEERING", "ECE"),
    ("ELECTRONICSANDCOMMUNICATIONENGINEERING", "ECE"),
    ("INFORMATIONTECHNOLOGY", "IT"),
    ("BIOTECHNOLOGY", "BT"),
];

/// The claims for a new profile. Of `student_record` only what has a place in a profile is used. The
/// mail address is used if its domain is `mail_domain`, and stays unproven. Phone numbers, postal
/// addresses and family data are never used.
pub(super) fn profile_claims(
    user: &PortalUser,
    enrollment: &str,
    student_record: Option<&StudentRecord>,
    mail_domain: &str,
) -> Result<Claims, InvalidValue> {
    // A record of another student, or without a number, is ignored.
    let is_same_student = |record: &&StudentRecord| {
        let number = record.registrationno.as_deref().map(str::trim);
        number.is_some_and(|number| number.eq_ignore_ascii_case(enrollment))
    };
    let student_record = student_record.filter(is_same_student);

    let mut details = PersonUpdate::default();
    let columns = &mut details.columns;
    columns.roll_number = Update::Set(RollNumber::parse(enrollment)?);
    let student_name = student_record.and_then(|record| record.studentname.as_deref());
    let name = if user.name.trim().is_empty() {
        student_name.unwrap_or_default()
    } else {
        &user.name
    };
    let (first, last) = split_name(name);
    columns.first_name = Name::parse(&first).ok();
    columns.last_name = Name::parse(&last).ok();
    let is_student = user.member_type == STUDENT;
    let degree = student_record.and_then(|record| find_degree(record.programcode.as_deref()?));
    let kind = match &degree {
        _ if !is_student => Some("stf"),
        Some((_, kind, _)) => *kind,
        None => None,
    };
    if let Some(kind) = kind {
        columns.kind = Update::Set(Role::parse(kind)?);
    }

    let mut is_inferred = false;
    let mut unverified_email = None;
    if let Some(student_record) = student_record {
        columns.sex = parse_sex(student_record.gender.as_deref());
        let email = student_record.studentemailid.as_deref();
        unverified_email = email.and_then(|email| parse_campus_email(email, mail_domain));
        let branch = student_record.branch.as_deref().and_then(find_branch);
        details.department = branch.map_or(Update::Keep, Update::Set);
        let read = student_record.admissionyear.as_deref().and_then(parse_year);
        let joined = read.or_else(|| join_year_from_enrollment(enrollment));
        details.join_year = joined.map_or(Update::Keep, Update::Set);
        let years = degree.as_ref().and_then(|(_, _, years)| *years);
        let graduation_year = joined.zip(years).map(|(joined, years)| joined + years);
        details.graduation_year = graduation_year.map_or(Update::Keep, Update::Set);
        details.degree = degree.map_or(Update::Keep, |(code, _, _)| Update::Set(code));
        is_inferred = graduation_year.is_some() || read.is_none() && joined.is_some();
    }
    Ok(Claims {
        username: Username::parse(&enrollment.to_lowercase())?,
        details,
        fallback_names: None,
        is_authoritative: false,
        is_inferred,
        unverified_email,
        stable_id: Some(user.member_id.clone()),
    })
}

/// First names and last name; the last of several words is the last name. Names in capitals are
/// recapitalised.
fn split_name(name: &str) -> (String, String) {
    let is_upper_case = !name.chars().any(char::is_lowercase);
    let words = name.split_whitespace().map(|word| {
        if is_upper_case {
            capitalise_word(word)
        } else {
            word.to_owned()
        }
    });
    let mut words: Vec<String> = words.collect();
    let last = if words.len() > 1 { words.pop() } else { None };
    (words.join(" "), last.unwrap_or_default())
}

/// A capital at the start and after every non-letter: `D'SOUZA` becomes D'Souza.
fn capitalise_word(word: &str) -> String {
    let mut name = String::with_capacity(word.len());
    let mut is_inside_word = false;
    for character in word.chars() {
        if is_inside_word {
            name.extend(character.to_lowercase());
        } else {
            name.push(character);
        }
        // Vowel signs of Indian scripts are not alphabetic, but belong to the word.
        is_inside_word = character.is_alphabetic() || !character.is_ascii();
    }
    name
}

fn parse_sex(word: Option<&str>) -> Update<Sex> {
    match word.unwrap_or_default().trim().to_lowercase().as_str() {
        "" => Update::Keep,
        "male" => Update::Set(Sex::Male),
        "female" => Update::Set(Sex::Female),
        _ => Update::Set(Sex::Other),
    }
}

fn parse_campus_email(email: &str, mail_domain: &str) -> Option<Email> {
    let email = Email::parse(&email.trim().to_lowercase()).ok()?;
    let domain = email.as_str().rsplit('@').next()?;
    let is_campus = domain.eq_ignore_ascii_case(mail_domain);
    is_campus.then_some(email)
}

/// The degree's code, role and length in years. An unknown degree keeps its text.
fn find_degree(text: &str) -> Option<(String, Option<&'static str>, Option<i32>)> {
    let bare = normalise_code(text);
    let known = DEGREES.iter().find(|(code, ..)| *code == bare);
    if let Some((code, kind, years)) = known {
        return Some(((*code).to_owned(), *kind, *years));
    }
    let raw = clean_code(text)?;
    if bare.contains("INTEGRATED") || bare.contains("DUAL") {
        return Some((raw, Some("dd"), Some(5)));
    }
    Some((raw, None, None))
}

fn find_branch(text: &str) -> Option<String> {
    let bare = normalise_code(text);
    let known = BRANCHES.iter().find(|(written, _)| *written == bare);
    known.map_or_else(|| clean_code(text), |(_, code)| Some((*code).to_owned()))
}

fn normalise_code(text: &str) -> String {
    let characters = text
        .chars()
        .filter(|character| !character.is_whitespace() && !".-".contains(*character));
    characters.flat_map(char::to_uppercase).collect()
}

fn clean_code(text: &str) -> Option<String> {
    let text = text.trim();
    let is_valid = !text.is_empty()
        && text.chars().count() <= MAX_CODE_LENGTH
        && !text.chars().any(char::is_control);
    is_valid.then(|| text.to_owned())
}

fn parse_year(text: &str) -> Option<i32> {
    let text = text.trim();
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_year)
}

/// The year of entry from the first two digits of the number. Numbers that begin with 99 belong to
/// another campus and contain no year.
fn join_year_from_enrollment(enrollment: &str) -> Option<i32> {
    let digits = enrollment
        .get(..2)
        .filter(|record| record.bytes().all(|byte| byte.is_ascii_digit()))?;
    let year: i32 = digits.parse().ok()?;
    (year != 99).then_some(2000 + year)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::connectors::jiit::reply::SecondPhase;

    const DOMAIN: &str = "mail.jiit.ac.in";

    fn user(name: &str) -> PortalUser {
        PortalUser {
            enrollment: Some("22103171".to_owned()),
            member_id: "JSIM0000001".to_owned(),
            name: name.to_owned(),
            institute: None,
            member_type: "S".to_owned(),
            has_expired_password: false,
            second_phase: SecondPhase::Password,
            token: Zeroizing::default(),
        }
    }

    fn student_record(number: &str) -> StudentRecord {
        let text = |text: &str| Some(text.to_owned());
        StudentRecord {
            registrationno: text(number),
            studentname: None,
            programcode: text("B.Tech."),
            branch: text("Computer Science & Engineering"),
            admissionyear: text("2022"),
            gender: text("Female"),
            studentemailid: text("22103171@Mail.JIIT.ac.in"),
        }
    }

    fn claims_from(student_record: &StudentRecord) -> Claims {
        profile_claims(&user("ASHA RAO"), "22103171", Some(student_record), DOMAIN).unwrap()
    }

    #[test]
    fn what_the_portal_knows_takes_its_place_in_the_profile() {
        let claims = claims_from(&student_record("22103171"));
        assert_eq!(claims.username.as_str(), "22103171");
        assert_eq!(claims.stable_id.as_deref(), Some("JSIM0000001"));
        assert_eq!(
            claims.unverified_email.unwrap().as_str(),
            "22103171@mail.jiit.ac.in"
        );
        assert!(claims.is_inferred && !claims.is_authoritative);
        assert_eq!(
            serde_json::to_value(&claims.details.columns).unwrap(),
            serde_json::json!({
                "first_name": "Asha", "last_name": "Rao", "type": "ug",
                "roll_number": "22103171", "sex": "female",
            })
        );
        let programme = claims.details;
        assert_eq!(programme.department, Update::Set("CSE".to_owned()));
        assert_eq!(programme.degree, Update::Set("BTECH".to_owned()));
        assert_eq!(programme.join_year, Update::Set(2022));
        assert_eq!(programme.graduation_year, Update::Set(2026));
        assert!(programme.contacts.is_none() && programme.secondary_emails.is_none());
    }

    #[test]
    fn somebody_elses_particulars_and_none_leave_a_name_and_a_number() {
        let mut nameless = student_record("22103171");
        nameless.registrationno = None;
        let agreed = [Some(student_record("22103172")), Some(nameless), None];
        for student_record in &agreed {
            let claims = profile_claims(
                &user("ASHA RAO"),
                "22103171",
                student_record.as_ref(),
                DOMAIN,
            );
            let claims = claims.unwrap();
            assert_eq!(claims.unverified_email, None);
            assert!(!claims.details.touches_programme() && !claims.is_inferred);
            assert_eq!(
                serde_json::to_value(&claims.details.columns).unwrap(),
                serde_json::json!({
                    "first_name": "Asha", "last_name": "Rao", "roll_number": "22103171",
                })
            );
        }
    }

    #[test]
    fn names_in_capitals_are_written_as_names_are() {
        for (written, first, last) in [
            ("ASHA RAO", "Asha", "Rao"),
            ("  ASHA   KIRAN  RAO ", "Asha Kiran", "Rao"),
            ("ASHA", "Asha", ""),
            ("Asha deSouza", "Asha", "deSouza"),
            ("ANNE-MARIE D'SOUZA", "Anne-Marie", "D'Souza"),
            ("आशा राव", "आशा", "राव"),
            ("", "", ""),
        ] {
            assert_eq!(split_name(written), (first.to_owned(), last.to_owned()));
        }
    }

    #[test]
    fn the_programme_is_read_first_and_worked_out_last() {
        for (code, degree, kind, graduates) in [
            ("btech", "BTECH", Some("ug"), Some(2026)),
            ("M. TECH", "MTECH", Some("pg"), Some(2024)),
            ("Ph.D.", "PHD", Some("rs"), None),
            (
                "Integrated M.Tech",
                "Integrated M.Tech",
                Some("dd"),
                Some(2027),
            ),
            ("BFA", "BFA", None, None),
        ] {
            let claims = claims_from(&StudentRecord {
                programcode: Some(code.to_owned()),
                ..student_record("22103171")
            });
            assert_eq!(claims.details.degree, Update::Set(degree.to_owned()));
            let written = serde_json::to_value(&claims.details.columns).unwrap();
            assert_eq!(written["type"].as_str(), kind, "{code}");
            assert_eq!(claims.details.graduation_year.after(None), graduates);
        }
        let without_year = StudentRecord {
            admissionyear: Some("22-23".to_owned()),
            branch: Some(" Textile ".to_owned()),
            ..student_record("22103171")
        };
        let claims = claims_from(&without_year);
        assert_eq!(claims.details.join_year, Update::Set(2022));
        assert_eq!(claims.details.department, Update::Set("Textile".to_owned()));
        assert_eq!(join_year_from_enrollment("99000002"), None);
        assert_eq!(join_year_from_enrollment("A1000002"), None);
        assert_eq!(join_year_from_enrollment("2501200031"), Some(2025));
    }

    #[test]
    fn only_the_campus_own_mail_address_is_taken() {
        for (email, is_taken) in [
            ("22103171@mail.jiit.ac.in", true),
            ("22103171@mail.jiit.ac.in.evil.example", false),
            ("22103171@evil.example", false),
            ("@mail.jiit.ac.in", false),
            ("a@b@mail.jiit.ac.in", false),
            ("", false),
        ] {
            assert_eq!(
                parse_campus_email(email, DOMAIN).is_some(),
                is_taken,
                "{email}"
            );
        }
    }

    #[test]
    fn who_is_no_student_is_staff() {
        let staff = PortalUser {
            member_type: "E".to_owned(),
            ..user("ASHA RAO")
        };
        let claims = profile_claims(&staff, "22103171", None, DOMAIN).unwrap();
        let written = serde_json::to_value(&claims.details.columns).unwrap();
        assert_eq!(written["type"], "stf");
    }
}
