//! Templates: every page has one, and every one is used.

use crate::files::{TextFile, files_below, report, root, sources};

#[test]
fn every_page_has_a_template() {
    report(sources().iter().flat_map(|file| {
        let pages = file.code.templates.iter();
        let missing = pages.filter(|page| !root().join("templates").join(&page.text).is_file());
        missing.map(|page| {
            file.fault(
                page.line,
                &format!("there is no templates/{}: write it", page.text),
            )
        })
    }));
}

#[test]
fn every_template_is_used() {
    let templates: Vec<TextFile> = files_below("templates").collect();
    let unused = templates
        .iter()
        .filter(|template| !is_used(template, &templates));
    report(unused.map(|template| {
        format!(
            "{}:1: no page and no mail uses this: delete it",
            template.path
        )
    }));
}

fn is_used(template: &TextFile, templates: &[TextFile]) -> bool {
    let name = template.path.trim_start_matches("templates/");
    let in_templates = |text: &str| templates.iter().any(|other| other.text.contains(text));
    let in_code = |text: &str| {
        let mut strings = sources().iter().flat_map(|file| &file.code.strings);
        strings.any(|string| string.text == text)
    };
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["_layout", _] => in_templates(&format!("extends \"{name}\"")),
        ["_parts", _] => components(template).any(|component| {
            in_templates(&format!("<{component} ")) || in_templates(&format!("<{component}>"))
        }),
        ["mail", mail, "subject.txt" | "text.txt" | "html.html"] => in_code(mail),
        // Rows of the documentation's table.
        ["docs", ..] => in_code(name),
        _ => {
            let mut pages = sources().iter().flat_map(|file| &file.code.templates);
            pages.any(|page| page.text == name)
        }
    }
}

/// The components that a template defines.
fn components(template: &TextFile) -> impl Iterator<Item = &str> {
    let definitions = template.text.split("{% component ").skip(1);
    definitions.filter_map(|definition| definition.split('(').next())
}
