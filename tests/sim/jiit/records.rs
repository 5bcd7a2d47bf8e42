//! The record of a student, for requests with the student's token.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::members::Member;
use super::{Asked, Inner, Instead, failure, framework_error, success, tokens};

pub(super) fn particulars(inner: &Inner, asked: &Asked) -> Response {
    let (member, members) = match of_own_institute(inner, asked) {
        Ok(read) => read,
        Err(answer) => return *answer,
    };
    if inner.knobs.need_clinetid && !members.contains_key("clinetid") {
        let exception = "java.lang.NullPointerException";
        return framework_error(asked, StatusCode::INTERNAL_SERVER_ERROR, exception);
    }
    success(&json!({
        "generalinformation": member.record,
        "qualification": [
            { "qualificationcode": "X", "boardname": "CBSE", "yearofpassing": "2020", "percentagemarks": "95" },
        ],
        "photo&signature": { "photo": "UkVDT1JEIFBIT1RP", "signature": "UkVDT1JEIFNJR05BVFVSRQ==" },
    }))
}

pub(super) fn attendance(inner: &Inner, asked: &Asked) -> Response {
    let (member, _) = match of_own_institute(inner, asked) {
        Ok(read) => read,
        Err(answer) => return *answer,
    };
    success(&json!({
        "headerlist": [{
            "branchdesc": member.record["branch"],
            "name": member.name,
            "programdesc": member.record["programcode"],
            "stynumber": 7,
        }],
        "semlist": [
            { "registrationcode": "2026ODDSEM", "registrationid": "JIRUM26110000001" },
        ],
    }))
}

/// Plain JSON with a bearer token and the member's institute.
fn of_own_institute<'a>(
    inner: &'a Inner,
    asked: &Asked,
) -> Result<(&'a Member, BTreeMap<String, Value>), Instead> {
    let member = tokens::bearer(inner, asked)?;
    let members: BTreeMap<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| {
        let exception = "org.springframework.http.converter.HttpMessageNotReadableException";
        Box::new(framework_error(asked, StatusCode::BAD_REQUEST, exception))
    })?;
    let institute = members.get("instituteid").and_then(Value::as_str);
    if institute != Some(&member.institute_value) {
        let status = StatusCode::EXPECTATION_FAILED;
        return Err(Box::new(failure(status, "NO DATA FOUND")));
    }
    Ok((member, members))
}
