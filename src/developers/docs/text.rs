//! The text of a tab, and its headings.

use serde::Serialize;

/// A heading in the list of contents.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Heading {
    pub id: String,
    /// HTML, as in the text.
    pub words: String,
}

/// Splits a text before its first second-level heading.
pub(super) fn head_and_rest(html: &str) -> (&str, &str) {
    let at = html.find("<h2 id=\"").unwrap_or(html.len());
    html.split_at_checked(at).unwrap_or((html, ""))
}

/// The second-level headings of a text, which its templates write as `<h2 id="…">…</h2>`.
pub(super) fn headings(html: &str) -> Vec<Heading> {
    let heading = |piece: &str| {
        let (id, rest) = piece.split_once("\">")?;
        let (words, _) = rest.split_once("</h2>")?;
        Some(Heading {
            id: id.to_owned(),
            words: words.to_owned(),
        })
    };
    html.split("<h2 id=\"")
        .skip(1)
        .filter_map(heading)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_from_the_text() {
        let html =
            "<h1>A</h1><h2 id=\"b\">B &amp; c</h2><p>…<h3 id=\"x\">X</h3><h2 id=\"d\">D</h2>";
        assert_eq!(head_and_rest(html).0, "<h1>A</h1>");
        let read = headings(html);
        let pairs: Vec<_> = read
            .iter()
            .map(|heading| (heading.id.as_str(), heading.words.as_str()))
            .collect();
        assert_eq!(pairs, [("b", "B &amp; c"), ("d", "D")]);
    }
}
