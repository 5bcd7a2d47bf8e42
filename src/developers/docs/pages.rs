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

/// The page of a tab.
#[derive(Debug, Serialize)]
struct DocPage {
    #[serde(skip)]
    name: &'static str,
    tabs: Vec<TabLink>,
    headings: Vec<Heading>,
    reader: DocsReader,
    /// Whether the text contains the client id of the app.
    carries_app: bool,
    /// The sign-in page, with this page as the next one.
    sign_in: String,
    /// The selected language, kept when another app is chosen.
    lang: Option<&'static str>,
    /// HTML: the title and the introduction.
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
    State(feature): State<Feature>,
    context: PageContext,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    show(
        &feature,
        &context,
        TabRow::first(),
        &query.unwrap_or_default(),
    )
    .await
}

pub(super) async fn tab(
    State(feature): State<Feature>,
    context: PageContext,
    Path(word): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    show(
        &feature,
        &context,
        TabRow::named(&word),
        &query.unwrap_or_default(),
    )
    .await
}

async fn show(
    feature: &Feature,
    context: &PageContext,
    row: &'static TabRow,
    query: &str,
) -> Result<Response, PageError> {
    let links = feature.web.links();
    let selection = DocsQuery::read(query).ok_or_else(PageError::not_found)?;
    let reader = DocsReader::of(own_apps(feature, context).await?, selection.app, links);
    let tab_context = tab_context(feature, row, &selection, &reader, query).await?;
    let text = feature.web.templates.render(row.template, &tab_context);
    let text = text.map_err(PageError::internal)?;
    let (head, rest) = text::head_and_rest(&text);
    let here = links.docs_tab(row.word);
    Ok(context.render(&DocPage {
        name: row.name,
        tabs: tabs(row, &selection, &reader, links),
        headings: text::headings(&text),
        sign_in: format!("{}?next={}", links.login(), snippets::encoded(&here)),
        lang: selection.has_language.then_some(selection.language.word),
        carries_app: text.contains(&reader.client_id),
        reader,
        head: head.to_owned(),
        text: rest.to_owned(),
    }))
}

async fn own_apps(feature: &Feature, context: &PageContext) -> Result<Vec<App>, PageError> {
    let Some(session) = context.user_session() else {
        return Ok(Vec::new());
    };
    let apps = clients::list_own(feature.db.pool(), session.person).await?;
    Ok(apps.into_iter().map(|(app, _)| app).collect())
}

fn tabs(here: &TabRow, selection: &DocsQuery, reader: &DocsReader, links: &Links) -> Vec<TabLink> {
    let choice = selection_query(
        selection,
        reader,
        selection.has_language.then_some(selection.language.word),
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

/// The selection as the query of a link.
fn selection_query(selection: &DocsQuery, reader: &DocsReader, language: Option<&str>) -> String {
    let app = reader.app.as_ref().map(|app| app.id);
    let app = app.filter(|id| selection.app == Some(*id));
    let app = app.map(|id| format!("app={id}"));
    let language = language.map(|word| format!("lang={word}"));
    let pairs: Vec<String> = app.into_iter().chain(language).collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}

/// The template context of a tab.
async fn tab_context(
    feature: &Feature,
    row: &TabRow,
    selection: &DocsQuery,
    reader: &DocsReader,
    query: &str,
) -> Result<Context, PageError> {
    let links = feature.web.links();
    let mut context = Context::new();
    context.insert("campus", &feature.web.campus_name);
    context.insert("reader", reader);
    context.insert(
        "redirect_uri_encoded",
        &snippets::encoded(&reader.redirect_uri),
    );
    context.insert("answered_at", &reader.answered_at());
    context.insert("links", &endpoint_urls(links));
    context.insert("lives", &lifetime_texts(feature));
    context.insert("cap", &feature.settings.cap);
    let mail = feature.settings.send_mail;
    context.insert("mails_per_person", &mail.per_person_day);
    context.insert("mails_per_app", &mail.per_app_hour);
    context.insert("mails_unverified", &mail.unverified_day);
    context.insert("mail_scope", Scope::SendMail.name());
    context.insert("scope", &snippets::scope());
    context.insert("scope_encoded", &snippets::scope().replace(' ', "%20"));
    let given = format!("[\"{}\"]", snippets::fields_given().join("\", \""));
    context.insert("fields_given", &given);
    context.insert("fields_read", &snippets::fields());
    context.insert("compulsory", grants::REQUIRED_SCOPE.name());
    context.insert("number", Field::Id.name());
    context.insert("scopes", &tables::scopes());
    match row.tab {
        Tab::Basic => insert_program(&mut context, feature, selection, reader)?,
        Tab::Api => {
            context.insert("fields", &tables::fields());
            context.insert("example", &tables::example());
            context.insert("type_field", Field::Type.name());
            context.insert("types", tables::TYPES);
            insert_choices(&mut context, feature).await?;
        }
        Tab::Libraries => context.insert("libraries", &libraries(feature, reader)?),
        Tab::Widgets => insert_button(&mut context, feature, reader, query)?,
        Tab::BestPractices | Tab::Policy | Tab::Errors => {}
    }
    Ok(context)
}

#[derive(Debug, Serialize)]
struct LanguageLink {
    name: &'static str,
    href: String,
    is_here: bool,
}

fn insert_program(
    context: &mut Context,
    feature: &Feature,
    selection: &DocsQuery,
    reader: &DocsReader,
) -> Result<(), PageError> {
    let links = feature.web.links();
    let languages = LANGUAGES.iter().map(|language| LanguageLink {
        name: language.name,
        href: format!(
            "{}#program",
            selection_query(selection, reader, Some(language.word))
        ),
        is_here: language.word == selection.language.word,
    });
    context.insert("languages", &languages.collect::<Vec<_>>());
    context.insert("language", selection.language);
    let program = selection
        .language
        .program(&feature.web.templates, reader, links);
    context.insert("program", &program.map_err(PageError::internal)?);
    Ok(())
}

fn insert_button(
    context: &mut Context,
    feature: &Feature,
    reader: &DocsReader,
    query: &str,
) -> Result<(), PageError> {
    let links = feature.web.links();
    let button = ButtonBuilder::read(query);
    let lines = button.lines(&feature.web.templates, reader, links);
    context.insert("lines", &lines.map_err(PageError::internal)?);
    context.insert("button", &button);
    let own_call = button::own_call(&feature.web.templates, reader, links);
    context.insert("own_call", &own_call.map_err(PageError::internal)?);
    context.insert("origin", links.origin());
    let script = links.asset(&feature.web.assets.versioned("js/widget_try.js"));
    context.insert("try_script", &script);
    context.insert("release", &widget::release(links));
    let known = serde_json::to_string_pretty(&fedcm::well_known(links));
    context.insert("well_known", &known.map_err(PageError::internal)?);
    Ok(())
}

async fn insert_choices(context: &mut Context, feature: &Feature) -> Result<(), PageError> {
    let choices = records::list_choices(feature.db.pool()).await?;
    for (name, kind) in [
        ("hostels", "hostel"),
        ("departments", "department"),
        ("degrees", "degree"),
    ] {
        let of_kind: Vec<_> = choices
            .iter()
            .filter(|choice| choice.kind == kind)
            .collect();
        context.insert(name, &of_kind);
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

fn libraries(feature: &Feature, reader: &DocsReader) -> Result<Vec<LibraryView>, PageError> {
    let shown = |library: &ClientLibrary| {
        let program = library.program(&feature.web.templates, reader, feature.web.links());
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

/// Lifetimes as text.
#[derive(Debug, Serialize)]
struct LifetimeTexts {
    code: String,
    access_token: String,
    access_token_seconds: u64,
    /// None without a grace period.
    refresh_grace: Option<String>,
    refresh_token: String,
    family: String,
}

fn lifetime_texts(feature: &Feature) -> LifetimeTexts {
    let lifetimes = feature.settings.lifetimes;
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

/// The endpoints as absolute URLs, and as paths for request lines.
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

fn endpoint_urls(links: &Links) -> EndpointUrls {
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
