//! `GET /doc/` and `GET /doc/{tab}/`

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use tera::Context;

use super::button::ButtonBuilder;
use super::model::{DocsQuery, TABS, Tab, TabRow, in_words};
use super::reader::DocsReader;
use super::snippets::{ClientLibrary, LANGUAGES, LIBRARIES};
use super::text::Heading;
use super::{Feature, button, snippets, tables, text};
use crate::developers::widget;
use crate::people::fields::Field;
use crate::people::records;
use crate::platform::links::Links;
use crate::platform::web::{Page, PageContext, PageError};
use crate::protocol::clients::App;
use crate::protocol::scope::Scope;
use crate::protocol::{clients, fedcm, grants};

/// The page round a tab's text.
#[derive(Debug, Serialize)]
struct DocPage {
    #[serde(skip)]
    name: &'static str,
    tabs: Vec<TabLink>,
    headings: Vec<Heading>,
    reader: DocsReader,
    /// Whether the text says anything of the reader's app.
    carries_app: bool,
    /// Where a visitor signs in and comes back here.
    sign_in: String,
    /// The word of the language that was asked for, to be kept while another app is chosen.
    lang: Option<&'static str>,
    /// HTML: the tab's title and what it is about.
    head: String,
    /// HTML: the rest.
    text: String,
}

#[derive(Debug, Serialize)]
struct TabLink {
    name: &'static str,
    href: String,
    is_here: bool,
}

impl Page for DocPage {
    const TEMPLATE: &'static str = "docs/page.html";

    fn title(&self) -> String {
        format!("Documentation: {}", self.name)
    }
}

pub(super) async fn first(
    State(it): State<Feature>,
    context: PageContext,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    show(&it, &context, TabRow::first(), &query.unwrap_or_default()).await
}

pub(super) async fn tab(
    State(it): State<Feature>,
    context: PageContext,
    Path(word): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    show(
        &it,
        &context,
        TabRow::named(&word),
        &query.unwrap_or_default(),
    )
    .await
}

async fn show(
    it: &Feature,
    context: &PageContext,
    row: &'static TabRow,
    query: &str,
) -> Result<Response, PageError> {
    let links = it.web.links();
    let asked = DocsQuery::read(query).ok_or_else(PageError::not_found)?;
    let reader = DocsReader::of(own_apps(it, context).await?, asked.app, links);
    let told = told(it, row, &asked, &reader, query).await?;
    let text = it.web.templates.render(row.template, &told);
    let text = text.map_err(PageError::internal)?;
    let (head, rest) = text::head_and_rest(&text);
    let here = links.docs_tab(row.word);
    Ok(context.render(&DocPage {
        name: row.name,
        tabs: tabs(row, &asked, &reader, links),
        headings: text::headings(&text),
        sign_in: format!("{}?next={}", links.login(), snippets::encoded(&here)),
        lang: asked.names_language.then_some(asked.language.word),
        carries_app: text.contains(&reader.client_id),
        reader,
        head: head.to_owned(),
        text: rest.to_owned(),
    }))
}

async fn own_apps(it: &Feature, context: &PageContext) -> Result<Vec<App>, PageError> {
    let Some(visit) = context.user_session() else {
        return Ok(Vec::new());
    };
    let apps = clients::list_own(it.db.pool(), visit.person).await?;
    Ok(apps.into_iter().map(|(app, _)| app).collect())
}

fn tabs(here: &TabRow, asked: &DocsQuery, reader: &DocsReader, links: &Links) -> Vec<TabLink> {
    let choice = choice(
        asked,
        reader,
        asked.names_language.then_some(asked.language.word),
    );
    let link = |row: &TabRow| TabLink {
        name: row.name,
        href: format!("{}{choice}", address(row, links)),
        is_here: row.tab == here.tab,
    };
    TABS.iter().map(link).collect()
}

fn address(row: &TabRow, links: &Links) -> String {
    match row.tab {
        Tab::Basic => links.docs(),
        _ => links.docs_tab(row.word),
    }
}

/// What was chosen, as a query for the next page.
fn choice(asked: &DocsQuery, reader: &DocsReader, language: Option<&str>) -> String {
    let app = reader.app.as_ref().map(|app| app.id);
    let app = app.filter(|id| asked.app == Some(*id));
    let app = app.map(|id| format!("app={id}"));
    let language = language.map(|word| format!("lang={word}"));
    let pairs: Vec<String> = app.into_iter().chain(language).collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

/// Everything the text of a tab may say.
async fn told(
    it: &Feature,
    row: &TabRow,
    asked: &DocsQuery,
    reader: &DocsReader,
    query: &str,
) -> Result<Context, PageError> {
    let links = it.web.links();
    let mut told = Context::new();
    told.insert("campus", &it.web.campus_name);
    told.insert("reader", reader);
    told.insert(
        "redirect_uri_encoded",
        &snippets::encoded(&reader.redirect_uri),
    );
    told.insert("answered_at", &reader.answered_at());
    told.insert("links", &addresses(links));
    told.insert("lives", &lives(it));
    told.insert("cap", &it.settings.cap);
    let mail = it.settings.send_mail;
    told.insert("mails_per_person", &mail.per_person_day);
    told.insert("mails_per_app", &mail.per_app_hour);
    told.insert("mails_unverified", &mail.unverified_day);
    told.insert("mail_scope", Scope::SendMail.name());
    told.insert("scope", &snippets::scope());
    told.insert("scope_encoded", &snippets::scope().replace(' ', "%20"));
    let given = format!("[\"{}\"]", snippets::fields_given().join("\", \""));
    told.insert("fields_given", &given);
    told.insert("fields_read", &snippets::fields());
    told.insert("compulsory", grants::COMPULSORY.name());
    told.insert("number", Field::Id.name());
    told.insert("scopes", &tables::scopes());
    match row.tab {
        Tab::Basic => tell_program(&mut told, it, asked, reader)?,
        Tab::Api => {
            told.insert("fields", &tables::fields());
            told.insert("example", &tables::example());
            told.insert("type_field", Field::Type.name());
            told.insert("types", tables::TYPES);
            tell_choices(&mut told, it).await?;
        }
        Tab::Libraries => told.insert("libraries", &libraries(it, reader)?),
        Tab::Widgets => tell_button(&mut told, it, reader, query)?,
        Tab::BestPractices | Tab::Policy | Tab::Errors => {}
    }
    Ok(told)
}

#[derive(Debug, Serialize)]
struct LanguageLink {
    name: &'static str,
    href: String,
    is_here: bool,
}

fn tell_program(
    told: &mut Context,
    it: &Feature,
    asked: &DocsQuery,
    reader: &DocsReader,
) -> Result<(), PageError> {
    let links = it.web.links();
    let languages = LANGUAGES.iter().map(|language| LanguageLink {
        name: language.name,
        href: format!("{}#program", choice(asked, reader, Some(language.word))),
        is_here: language.word == asked.language.word,
    });
    told.insert("languages", &languages.collect::<Vec<_>>());
    told.insert("language", asked.language);
    let program = asked.language.program(&it.web.templates, reader, links);
    told.insert("program", &program.map_err(PageError::internal)?);
    Ok(())
}

fn tell_button(
    told: &mut Context,
    it: &Feature,
    reader: &DocsReader,
    query: &str,
) -> Result<(), PageError> {
    let links = it.web.links();
    let button = ButtonBuilder::read(query);
    let lines = button.lines(&it.web.templates, reader, links);
    told.insert("lines", &lines.map_err(PageError::internal)?);
    told.insert("button", &button);
    let own_call = button::own_call(&it.web.templates, reader, links);
    told.insert("own_call", &own_call.map_err(PageError::internal)?);
    told.insert("origin", links.origin());
    let script = links.asset(&it.web.assets.versioned("js/widget_try.js"));
    told.insert("try_script", &script);
    told.insert("release", &widget::release(links));
    let known = serde_json::to_string_pretty(&fedcm::well_known(links));
    told.insert("well_known", &known.map_err(PageError::internal)?);
    Ok(())
}

async fn tell_choices(told: &mut Context, it: &Feature) -> Result<(), PageError> {
    let choices = records::list_choices(it.db.pool()).await?;
    for (name, kind) in [
        ("hostels", "hostel"),
        ("departments", "department"),
        ("degrees", "degree"),
    ] {
        let of_kind: Vec<_> = choices
            .iter()
            .filter(|choice| choice.kind == kind)
            .collect();
        told.insert(name, &of_kind);
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct LibraryView {
    word: &'static str,
    name: &'static str,
    language: &'static str,
    install: &'static str,
    remark: &'static str,
    program: String,
}

fn libraries(it: &Feature, reader: &DocsReader) -> Result<Vec<LibraryView>, PageError> {
    let shown = |library: &ClientLibrary| {
        let program = library.program(&it.web.templates, reader, it.web.links());
        Ok(LibraryView {
            word: library.word,
            name: library.name,
            language: library.language,
            install: library.install,
            remark: library.remark,
            program: program.map_err(PageError::internal)?,
        })
    };
    LIBRARIES.iter().map(shown).collect()
}

/// Lifetimes in words.
#[derive(Debug, Serialize)]
struct LifetimeTexts {
    code: String,
    access_token: String,
    access_token_seconds: u64,
    /// None: strict.
    refresh_grace: Option<String>,
    refresh_token: String,
    family: String,
}

fn lives(it: &Feature) -> LifetimeTexts {
    let lifetimes = it.settings.lifetimes;
    let grace = lifetimes.refresh_grace;
    LifetimeTexts {
        code: in_words(lifetimes.code),
        access_token: in_words(lifetimes.access_token),
        access_token_seconds: lifetimes.access_token.as_secs(),
        refresh_grace: (!grace.is_zero()).then(|| in_words(grace)),
        refresh_token: in_words(lifetimes.refresh_token),
        family: in_words(lifetimes.family),
    }
}

/// Addresses as a client writes them, with scheme and host, and as a request line has them.
#[derive(Debug, Serialize)]
struct EndpointUrls {
    issuer: String,
    host: String,
    authorize: String,
    token: String,
    revoke: String,
    user: String,
    token_path: String,
    revoke_path: String,
    user_path: String,
    mail_path: String,
    look_up_path: String,
    look_up_email_path: String,
    look_up_before_path: String,
    metadata: String,
    openapi: String,
    widget_script: String,
    apps: String,
    new_app: String,
    connected_apps: String,
    api: String,
    best_practices: String,
    libraries: String,
    errors: String,
    policy: String,
    basics: String,
}

fn addresses(links: &Links) -> EndpointUrls {
    let whole = |path: String| links.absolute(&path);
    EndpointUrls {
        issuer: links.issuer(),
        host: links.host().to_owned(),
        authorize: whole(links.authorize()),
        token: whole(links.token()),
        revoke: whole(links.revoke_token()),
        user: whole(links.user_api()),
        token_path: links.token(),
        revoke_path: links.revoke_token(),
        user_path: links.user_api(),
        mail_path: links.send_mail(),
        look_up_path: links.look_up("roll", "12CS40067"),
        look_up_email_path: links.look_up("email", "bob@example.com"),
        look_up_before_path: links.legacy_look_up("roll", "12CS40067"),
        metadata: whole(links.metadata()),
        openapi: whole(links.openapi()),
        widget_script: links.widget_script("login.min.js"),
        apps: links.apps(),
        new_app: links.register_app(),
        connected_apps: links.connected_apps(),
        api: links.docs_tab("api"),
        best_practices: links.docs_tab("best-practices"),
        libraries: links.docs_tab("libraries"),
        errors: links.docs_tab("errors"),
        policy: links.docs_tab("policy"),
        basics: links.docs(),
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::reader::{AppChoice, SelectedApp};
    use super::*;
    use crate::platform::id::AppId;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&page(false)), PageSample::of(&page(true))]
    }

    fn page(full: bool) -> DocPage {
        let id = AppId(uuid::Uuid::nil());
        let heading = |id: &str| Heading {
            id: id.to_owned(),
            words: "A heading".to_owned(),
        };
        let choice = |is_chosen| AppChoice {
            id,
            name: "Mess Menu".to_owned(),
            is_chosen,
        };
        let own = SelectedApp {
            name: "Mess Menu".to_owned(),
            href: "/oauth/applications/1/".to_owned(),
            id,
        };
        DocPage {
            name: "Basics",
            tabs: vec![TabLink {
                name: "Basics",
                href: "/doc/".to_owned(),
                is_here: full,
            }],
            headings: if full {
                vec![heading("one"), heading("two")]
            } else {
                Vec::new()
            },
            reader: DocsReader {
                client_id: "abc".to_owned(),
                redirect_uri: "https://mess.example/cb".to_owned(),
                is_public: full,
                app: full.then_some(own),
                apps: if full {
                    vec![choice(true), choice(false)]
                } else {
                    Vec::new()
                },
            },
            carries_app: full,
            sign_in: "/account/login/".to_owned(),
            lang: full.then_some("python"),
            head: "<h1>Basics</h1>".to_owned(),
            text: "<p>Text</p>".to_owned(),
        }
    }
}
