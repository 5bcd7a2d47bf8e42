//! What holds for every file: its name, its first line, and no work left for later.

use crate::files::{TextFile, files_below, paths_below, report};

const FOLDERS: [&str; 8] = [
    "src",
    "tests",
    "benches",
    "templates",
    "static",
    "migrations",
    "script",
    "widget",
];

/// Names that do not tell what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "service",
];

/// Put together here, so that this file does not break the law.
const FOR_LATER: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

#[test]
fn every_file_name_has_a_meaning() {
    let paths = FOLDERS.into_iter().flat_map(paths_below);
    report(paths.filter_map(|path| {
        let mut parts = path.split(['/', '.', '_', '-']);
        let part = parts.find(|part| EMPTY_NAMES.contains(part))?;
        Some(format!(
            "{path}:1: `{part}` says nothing: name the file after what it does"
        ))
    }));
}

#[test]
fn every_file_opens_with_its_contents() {
    let files = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(files_below);
    let files = files.filter(|file| file.has_extension("rs"));
    let silent = files.filter(|file| {
        let first = file.text.lines().next().unwrap_or_default();
        first
            .strip_prefix("//! ")
            .is_none_or(|words| words.len() < 5)
    });
    report(silent.map(|file| format!("{}:1: open with `//!`: what the file holds", file.path)));
}

#[test]
fn nothing_is_left_for_later() {
    let files: Vec<TextFile> = FOLDERS.into_iter().flat_map(files_below).collect();
    report(files.iter().flat_map(|file| {
        let lines = file.text.lines().zip(1..);
        lines.filter_map(|(text, line)| {
            let remedy = if words(text).any(|word| FOR_LATER.contains(&word)) {
                "do it now, or open an issue and delete this"
            } else if file.has_extension("rs") && is_code_in_a_comment(text) {
                "delete this code: git keeps it"
            } else {
                return None;
            };
            Some(format!("{}:{line}: {remedy}", file.path))
        })
    }));
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_')
}

/// A comment that ends as a statement does, and has a sign that only code has.
fn is_code_in_a_comment(text: &str) -> bool {
    let Some(comment) = text.trim_start().strip_prefix("// ") else {
        return false;
    };
    let signs = ["(", "=", "::", "}", "use "];
    comment.ends_with([';', '{', '}']) && signs.iter().any(|sign| comment.contains(sign))
}
