//! Pages: each is a struct that names its template and holds the variables of the template.

use std::fmt;

use rust_embed::RustEmbed;
use serde::Serialize;
use tera::{Context, Tera};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct TemplateFiles;

/// A page. Its template sees its fields, and the variables that [`super::PageContext`] adds to every page.
pub trait Page: Serialize {
    /// The file below `templates/`.
    const TEMPLATE: &'static str;

    /// The title of the browser's tab.
    fn title(&self) -> String;

    /// Where the page's forms may be sent (CSP `form-action`).
    fn form_action(&self) -> FormAction {
        FormAction::Here
    }
}

/// Browsers also apply `form-action` to redirects that follow the form, so the consent form must allow the
/// redirect URIs of all apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormAction {
    /// Only Profiles itself.
    Here,
    /// Any origin: the redirect URI of an app.
    Anywhere,
}

/// All templates, parsed.
pub struct Templates(Tera);

impl Templates {
    /// Parses all templates. An error names the template and what is wrong with it.
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

    /// Renders a page without the shared variables.
    pub fn render_standalone<P: Page>(&self, page: &P) -> Result<String, tera::Error> {
        self.render(P::TEMPLATE, &Context::from_serialize(page)?)
    }

    /// The variables that a template uses, including those of templates it extends or includes.
    #[cfg(test)]
    pub(super) fn variables(&self, template: &str) -> Vec<String> {
        let variables = self.0.get_template_variables(template).unwrap();
        variables.into_iter().map(str::to_owned).collect()
    }

    /// The names of all templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.get_template_names()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates(…)")
    }
}
