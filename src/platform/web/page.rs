//! Pages: a struct that names its template and holds all that the template may use.

use std::fmt;

use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct TemplateFiles;

/// A page. Its fields are what its template sees, beside what [`super::PageContext`] gives every page.
pub trait Page: Serialize {
    /// The file below `templates/`.
    const TEMPLATE: &'static str;

    /// What the browser's tab says.
    fn title(&self) -> String;

    /// Where the page's forms may lead (CSP `form-action`).
    fn form_action(&self) -> FormAction {
        FormAction::Here
    }
}

/// Browsers hold `form-action` against the redirect that answers a form, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormAction {
    /// Our own pages.
    Here,
    /// Wherever an app's redirect address is.
    Anywhere,
}

/// The template engine with every template read.
pub struct Templates(Tera);

impl Templates {
    /// Reads all templates. An error names the template and what is wrong with it.
    pub fn read() -> Result<Self, tera::Error> {
        let mut tera = Tera::new();
        let texts = TemplateFiles::iter()
            .filter_map(|file| Some((file.to_string(), TemplateFiles::get(&file)?.data)));
        let texts = texts.map(|(file, data)| (file, String::from_utf8_lossy(&data).into_owned()));
        tera.add_raw_templates(texts.collect::<Vec<_>>())?;
        Ok(Self(tera))
    }

    pub fn render(&self, template: &str, context: &Context) -> Result<String, tera::Error> {
        self.0.render(template, context)
    }

    /// A page that stands by itself: its own fields, and no frame round them.
    pub fn alone<P: Page>(&self, page: &P) -> Result<String, tera::Error> {
        self.render(P::TEMPLATE, &Context::from_serialize(page)?)
    }

    /// What a template takes from its context, those it stands on included.
    #[cfg(test)]
    pub(super) fn variables(&self, template: &str) -> Vec<String> {
        let variables = self.0.get_template_variables(template).unwrap();
        variables.into_iter().map(str::to_owned).collect()
    }

    /// The files there are, for the test that every one is used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.get_template_names()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages(…)")
    }
}
