//! The app whose client id and redirect URI the snippets contain: an app of the reader, or placeholders.

use serde::Serialize;

use crate::platform::id::AppId;
use crate::platform::links::Links;
use crate::protocol::clients::{App, ClientType};
use crate::protocol::oauth::RedirectUri;

/// The app that the snippets are rendered for.
#[derive(Debug, Serialize)]
pub(super) struct DocsReader {
    pub client_id: String,
    pub redirect_uri: String,
    /// Whether it is a public client.
    pub is_public: bool,
    /// None if the snippets contain placeholders.
    pub app: Option<SelectedApp>,
    /// All apps of the reader, newest first.
    pub apps: Vec<AppChoice>,
}

/// The app that was chosen.
#[derive(Debug, Serialize)]
pub(super) struct SelectedApp {
    pub name: String,
    pub href: String,
    pub id: AppId,
}

#[derive(Debug, Serialize)]
pub(super) struct AppChoice {
    pub id: AppId,
    pub name: String,
    pub is_chosen: bool,
}

impl DocsReader {
    /// Chooses from the reader's own `apps`: the requested one, otherwise the newest. The id of another
    /// owner's app is ignored.
    pub(super) fn of(mut apps: Vec<App>, requested: Option<AppId>, links: &Links) -> Self {
        apps.sort_by_key(|app| std::cmp::Reverse((app.created_at, app.id)));
        let chosen = apps
            .iter()
            .find(|app| Some(app.id) == requested)
            .or(apps.first());
        let Some(app) = chosen else {
            return Self::nobody();
        };
        let redirect_uri = app.details.redirect_uris.first();
        let listed = apps.iter().map(|one| AppChoice {
            id: one.id,
            name: one.details.name.to_string(),
            is_chosen: one.id == app.id,
        });
        Self {
            client_id: app.client_id.to_string(),
            redirect_uri: redirect_uri.map(ToString::to_string).unwrap_or_default(),
            is_public: app.details.kind == ClientType::Public,
            app: Some(SelectedApp {
                name: app.details.name.to_string(),
                href: links.app(app.id),
                id: app.id,
            }),
            apps: listed.collect(),
        }
    }

    /// The authorization response at the redirect URI, with placeholders for its parameters.
    pub(super) fn answered_at(&self) -> String {
        RedirectUri::registered(self.redirect_uri.clone()).with_query([
            ("code", "CODE"),
            ("state", "STATE"),
            ("iss", "ISSUER"),
        ])
    }

    fn nobody() -> Self {
        Self {
            client_id: "YOUR_CLIENT_ID".to_owned(),
            redirect_uri: "https://your-app.example/callback".to_owned(),
            is_public: false,
            app: None,
            apps: Vec::new(),
        }
    }
}
