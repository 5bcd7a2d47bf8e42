//! The tabs of the documentation, and the query of its pages.

use std::time::Duration;

use super::snippets::{LANGUAGES, Language};
use crate::platform::id::AppId;

/// One page of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Basic,
    Api,
    Widgets,
    BestPractices,
    Libraries,
    Policy,
    Errors,
}

/// A tab: its word in the path, its name and its template.
#[derive(Debug)]
pub(super) struct TabRow {
    pub tab: Tab,
    /// As in `/doc/{word}/`. Old links use the first five and `policy`.
    pub word: &'static str,
    pub name: &'static str,
    pub template: &'static str,
}

const fn row(tab: Tab, word: &'static str, name: &'static str, template: &'static str) -> TabRow {
    TabRow {
        tab,
        word,
        name,
        template,
    }
}

#[rustfmt::skip]
pub(super) const TABS: &[TabRow] = &[
    row(Tab::Basic, "basic", "Basics", "docs/basic.html"),
    row(Tab::Api, "api", "API", "docs/api.html"),
    row(Tab::Widgets, "widgets", "Widgets", "docs/widgets.html"),
    row(Tab::BestPractices, "best-practices", "Best practices", "docs/best_practices.html"),
    row(Tab::Libraries, "libraries", "Libraries", "docs/libraries.html"),
    row(Tab::Errors, "errors", "Errors", "docs/errors.html"),
    row(Tab::Policy, "policy", "Policy", "docs/policy.html"),
];

impl TabRow {
    /// The tab of this word. Unknown words of old links get the first tab.
    pub(super) fn named(word: &str) -> &'static Self {
        let known = TABS.iter().find(|row| row.word == word);
        known.unwrap_or_else(Self::first)
    }

    pub(super) fn first() -> &'static Self {
        const FIRST: &TabRow = &row(Tab::Basic, "basic", "Basics", "docs/basic.html");
        TABS.first().unwrap_or(FIRST)
    }
}

/// The query. Invalid values are ignored, so that an outdated link still shows its page.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocsQuery {
    pub app: Option<AppId>,
    pub language: &'static Language,
    /// Whether the query contains the language. Links to other tabs then repeat it.
    pub has_language: bool,
}

impl DocsQuery {
    pub(super) fn read(query: &str) -> Option<Self> {
        let value = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value)
        };
        let app = value("app").and_then(|id| id.parse().ok());
        let named = value("lang");
        let named = LANGUAGES
            .iter()
            .find(|language| named.as_deref() == Some(language.word));
        Some(Self {
            app: app.map(AppId),
            language: named.or(LANGUAGES.first())?,
            has_language: named.is_some(),
        })
    }
}

/// A duration in the largest unit without a remainder: `10 hours`, `1 minute`, `90 days`.
pub(super) fn in_words(span: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [
        (365 * 86_400, "year"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    let seconds = span.as_secs();
    let fits = |unit: &&(u64, &str)| seconds > 0 && seconds.is_multiple_of(unit.0);
    let (of, unit) = UNITS.iter().find(fits).copied().unwrap_or((1, "second"));
    let count = seconds / of;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_tab_is_the_first() {
        assert_eq!(TabRow::named("api").tab, Tab::Api);
        assert_eq!(TabRow::named("API").tab, Tab::Basic);
        assert_eq!(TabRow::named("logged_in").tab, Tab::Basic);
    }

    #[test]
    fn what_does_not_read_is_not_there() {
        let query = DocsQuery::read("app=none&lang=cobol&lang=go").unwrap();
        assert_eq!(query.app, None);
        assert!(!query.has_language);
        let query = DocsQuery::read("app=01936f2e-0000-7000-8000-000000000000&lang=go").unwrap();
        assert!(query.app.is_some());
        assert_eq!(query.language.word, "go");
    }

    #[test]
    fn spans_are_said_in_the_largest_unit_that_fits() {
        let texts = [10, 60, 90, 36_000, 90 * 86_400, 365 * 86_400, 0]
            .map(|seconds| in_words(Duration::from_secs(seconds)));
        let expected = [
            "10 seconds",
            "1 minute",
            "90 seconds",
            "10 hours",
            "90 days",
            "1 year",
            "0 seconds",
        ];
        assert_eq!(texts, expected);
    }
}
