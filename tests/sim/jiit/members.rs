//! The portal's accounts. All people are made up.

use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Member {
    /// The username.
    pub enrollment: String,
    pub password: String,
    pub name: String,
    pub member_id: String,
    pub user_id: String,
    pub institute_label: String,
    pub institute_value: String,
    /// `S` for students, `P` for parents.
    pub user_type: String,
    pub has_expired_password: bool,
    /// `PWD`, or `otp` for one-time codes.
    pub otppwd: String,
    /// The whole `generalinformation` of the personal information.
    pub record: Value,
}

pub fn seeds() -> Vec<Member> {
    let mut members = vec![
        student(1, "22000001", "S3cr3t!pass", "ASHA RAO"),
        student(2, "99000002", "an0ther pass", "VIKRAM SINGH RATHORE"),
        student(3, "2500000003", "t3n digits", "MEERA"),
        student(4, "23000004", "pässwörd\"\\", "NAYANTARA D'SOUZA"),
        student(5, "23000005", "23000005", "KABIR MEHTA"),
        student(6, "24000006", "c0des only", "TARA BOSE"),
        student(7, "P22000001", "my chi1d", "SUNIL RAO"),
    ];
    members[4].has_expired_password = true;
    "otp".clone_into(&mut members[5].otppwd);
    "P".clone_into(&mut members[6].user_type);
    members
}

fn student(number: u32, enrollment: &str, password: &str, name: &str) -> Member {
    Member {
        enrollment: enrollment.to_owned(),
        password: password.to_owned(),
        name: name.to_owned(),
        member_id: format!("JSIM{number:07}"),
        user_id: format!("USID0000A{number:07}"),
        institute_label: "JIIT".to_owned(),
        institute_value: "11IN1902J000001".to_owned(),
        user_type: "S".to_owned(),
        has_expired_password: false,
        otppwd: "PWD".to_owned(),
        record: record(enrollment, name),
    }
}

/// All fields of the real portal, more than a client needs.
fn record(enrollment: &str, name: &str) -> Value {
    json!({
        "studentname": name,
        "registrationno": enrollment,
        "programcode": "BTECH",
        "branch": "ECE",
        "sectioncode": "A6",
        "batch": "A6",
        "semester": 7,
        "institutecode": "JIIT",
        "academicyear": "2223",
        "admissionyear": "2022",
        "dateofbirth": "01/02/2004",
        "gender": "Female",
        "bloodgroup": "O+",
        "nationality": "Indian",
        "category": "General",
        "studentemailid": format!("{}@mail.jiit.ac.in", enrollment.to_lowercase()),
        "studentpersonalemailid": "private-address@elsewhere.example",
        "studentcellno": "9820011111",
        "studenttelephoneno": null,
        "fathersname": "RECORD OF A FATHER",
        "mothername": "RECORD OF A MOTHER",
        "parentcellno": "9820022222",
        "parentemailid": "parent-address@elsewhere.example",
        "caddress1": "1 Street of the record",
        "ccityname": "Noida",
        "cpostalcode": "201309",
        "paddress1": "2 Street of the record",
        "pcityname": "Mathura",
        "ppostalcode": "281001",
        "apaarid": "RECORD-APAAR",
        "bankaccountno": "RECORD-BANK",
        "profileimgurl": null,
    })
}
