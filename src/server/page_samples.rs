//! Tests that every page fits its template, with the samples of all areas.

use std::fs;
use std::path::Path;

use crate::developers::{apps, docs, send_mail, widget};
use crate::identity::{linked_identities, login, profile, sessions};
use crate::platform::web;
use crate::platform::web::PageSample;
use crate::privacy::{association, connected_apps, data_export, receipts};
use crate::protocol::{authorize, fedcm};
use crate::server::{demo, welcome};

fn samples() -> Vec<PageSample> {
    let samples = [
        web::sample::samples(),
        welcome::samples(),
        login::samples(),
        apps::samples(),
        association::samples(),
        authorize::samples(),
        docs::samples(),
        widget::samples(),
        fedcm::samples(),
        profile::samples(),
        connected_apps::samples(),
        receipts::samples(),
        send_mail::samples(),
        sessions::samples(),
        linked_identities::samples(),
        data_export::samples(),
        demo::samples(),
    ];
    samples.into_iter().flatten().collect()
}

#[test]
fn every_page_gives_what_its_template_takes() {
    let errors = web::sample::find_errors(&samples());
    assert!(errors.is_empty(), "\n{}\n", errors.join("\n"));
}

#[test]
fn every_page_there_is_has_a_sample() {
    let samples = samples();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let pages = pages_below(&src, "profiles");
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        assert!(
            samples.iter().any(|sample| sample.page == page),
            "{page} has no sample: list it in samples() at the foot of its file, and that, through its room's face, in the list above"
        );
    }
}

/// `profiles::developers::apps::pages::ListPage` and so on, read from `impl Page for` in the files.
fn pages_below(folder: &Path, module: &str) -> Vec<String> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let inside = format!("{module}::{stem}");
        if path.is_dir() {
            pages.extend(pages_below(&path, &inside));
            continue;
        }
        let inside = if stem == "mod" { module } else { &inside };
        let text = fs::read_to_string(&path).unwrap();
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("impl Page for "));
        let named = named.filter_map(|rest| rest.split(['<', ' ']).next());
        pages.extend(named.map(|page| format!("{inside}::{page}")));
    }
    pages
}
