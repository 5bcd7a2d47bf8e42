//! A log of requests: methods, paths and names of fields, never values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, header, request};
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

/// One request.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names of the query's fields, then of a form's or a JSON object's, in order.
    pub fields: Vec<String>,
    /// Names of headers, in lower case.
    pub headers: Vec<String>,
    /// Names of cookies.
    pub cookies: Vec<String>,
}

/// All requests in order. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<Vec<Asked>>>);

impl Requests {
    pub fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }

    /// `GET /path` of each request.
    pub fn lines(&self) -> Vec<String> {
        let asked = self.all();
        asked
            .iter()
            .map(|it| format!("{} {}", it.method, it.path))
            .collect()
    }

    /// The number of requests to `path`.
    pub fn to(&self, path: &str) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|it| it.path == path)
            .count()
    }

    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(super) fn note(&self, head: &request::Parts, body: &[u8]) {
        // Control routes are not logged.
        if head.uri.path().starts_with("/__sim/") {
            return;
        }
        let mut fields = names(head.uri.query().unwrap_or_default().as_bytes());
        fields.extend(match media_type(&head.headers) {
            "application/x-www-form-urlencoded" => names(body),
            "application/json" => keys(body),
            _ => Vec::new(),
        });
        let headers = head.headers.keys().map(ToString::to_string).collect();
        self.0.lock().unwrap().push(Asked {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            fields,
            headers,
            cookies: cookies(&head.headers),
        });
    }
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    let names = pairs.filter_map(|pair| pair.split_once('='));
    names.map(|(name, _)| name.trim().to_owned()).collect()
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

fn names(form: &[u8]) -> Vec<String> {
    form_urlencoded::parse(form)
        .map(|(name, _)| name.into_owned())
        .collect()
}

fn keys(json: &[u8]) -> Vec<String> {
    let object: BTreeMap<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    object.into_keys().collect()
}
