//! The consent page: who asks, and for every scope the fields it opens with this person's own values.

use serde::Serialize;
use serde_json::Value;

use crate::config::Lifetimes;
use crate::grants;
use crate::grants::Decided;
use crate::links::Links;
use crate::people::Person;
use crate::scope::Field;
use crate::scope::Kind;
use crate::scope::Scope;
use crate::scope::ScopeSet;
use crate::web::FormAction;
use crate::web::Page;

use super::model::Asker;
use super::model::Request;

#[derive(Debug, Serialize)]
pub(super) struct ConsentPage {
    action: String,
    app: AppFace,
    first_time: bool,
    asks_more: bool,
    rows: Vec<ScopeTick>,
    goes_to: String,
    person: PersonFace,
    /// Where to fill in what is not set, if something is not.
    complete_profile: Option<String>,
    connected_apps: String,
    ends_after_unused_days: u64,
    ends_after_days: u64,
    switch: Switch,
}

#[derive(Debug, Serialize)]
struct AppFace {
    name: String,
    /// Stands in for a missing logo.
    initial: String,
    logo: Option<String>,
    owner_name: String,
    owner_username: String,
    website: Option<Website>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    description: String,
    verified: bool,
}

#[derive(Debug, Serialize)]
struct Website {
    href: String,
    host: String,
}

#[derive(Debug, Serialize)]
struct PersonFace {
    name: String,
    username: String,
}

/// Signs out and comes back to the same request.
#[derive(Debug, Serialize)]
struct Switch {
    action: String,
    next: String,
}

#[derive(Debug, Serialize)]
struct ScopeTick {
    scope: &'static str,
    sentence: &'static str,
    locked: bool,
    ticked: bool,
    is_new: bool,
    refused_before: bool,
    fields: Vec<FieldTick>,
}

#[derive(Debug, Serialize)]
struct FieldTick {
    field: &'static str,
    label: &'static str,
    locked: bool,
    ticked: bool,
    is_new: bool,
    value: Shown,
}

/// A value as the page shows it.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shown {
    Text {
        text: String,
    },
    /// Shown in full only on request: the page may be read over a shoulder.
    Masked {
        short: String,
        full: String,
    },
    Picture {
        src: String,
    },
    List {
        items: Vec<String>,
    },
    Unset,
}

impl ConsentPage {
    pub(super) fn of(
        asker: &Asker,
        request: &Request,
        person: &Person,
        action: String,
        next: String,
        links: &Links,
        lifetimes: &Lifetimes,
    ) -> Self {
        let connected = asker.live_grant.is_some();
        let rows = ticks(asker.decided, request.scopes, connected, person, links);
        let unset = rows
            .iter()
            .flat_map(|row| &row.fields)
            .any(|field| field.value == Shown::Unset);
        let days = |span: std::time::Duration| span.as_secs() / 86_400;
        Self {
            action,
            app: AppFace::of(asker, links),
            first_time: !connected,
            asks_more: connected
                && rows
                    .iter()
                    .any(|row| row.is_new || row.fields.iter().any(|f| f.is_new)),
            goes_to: request.return_to.redirect_uri.place().to_owned(),
            person: PersonFace {
                name: person.full_name(),
                username: person.username.clone(),
            },
            complete_profile: unset.then(|| links.profile()),
            connected_apps: links.connected_apps(),
            ends_after_unused_days: days(lifetimes.refresh_token),
            ends_after_days: days(lifetimes.family),
            switch: Switch {
                action: links.logout(),
                next,
            },
            rows,
        }
    }
}

impl AppFace {
    fn of(asker: &Asker, links: &Links) -> Self {
        let host = |href: &String| href.parse::<url::Url>().ok()?.host_str().map(str::to_owned);
        let website = asker.website.as_ref().and_then(|href| {
            Some(Website {
                host: host(href)?,
                href: href.clone(),
            })
        });
        Self {
            name: asker.name.clone(),
            initial: asker
                .name
                .chars()
                .next()
                .unwrap_or('?')
                .to_uppercase()
                .collect(),
            logo: asker.logo.as_deref().map(|file| links.app_logo(file)),
            owner_name: asker.owner_name.clone(),
            owner_username: asker.owner_username.clone(),
            website,
            privacy_policy: asker.privacy_policy.clone(),
            contact: asker.contact.clone(),
            description: asker.description.clone(),
            verified: asker.is_verified,
        }
    }
}

/// One row per scope asked for, locked ones first. What was refused last time comes up unticked,
/// everything else ticked; to an app that is connected already, what it never asked for is new.
fn ticks(
    decided: Decided,
    asked: ScopeSet,
    connected: bool,
    person: &Person,
    links: &Links,
) -> Vec<ScopeTick> {
    asked
        .iter()
        .map(|scope| {
            let locked = scope == grants::COMPULSORY;
            let field = |field: &Field| FieldTick {
                field: field.name(),
                label: field.row().label,
                locked,
                ticked: locked || !decided.refused_fields.contains(*field),
                is_new: connected && !locked && !decided.knows_field(*field),
                value: shown(person, *field, links),
            };
            let fields: Vec<FieldTick> = scope.row().fields.iter().map(field).collect();
            let new_fields = fields.iter().any(|field| field.is_new);
            let is_new = if fields.is_empty() {
                connected && !decided.knows_scope(scope)
            } else {
                new_fields
            };
            ScopeTick {
                scope: scope.name(),
                sentence: scope.row().title,
                locked,
                ticked: locked || ticked(decided, scope, &fields),
                is_new,
                refused_before: !locked && decided.refused(scope),
                fields,
            }
        })
        .collect()
}

fn ticked(decided: Decided, scope: Scope, fields: &[FieldTick]) -> bool {
    if fields.is_empty() {
        !decided.refused_scopes.contains(scope)
    } else {
        fields.iter().any(|field| field.ticked)
    }
}

fn shown(person: &Person, field: Field, links: &Links) -> Shown {
    let value = person.field(field, links);
    match field.row().kind {
        Kind::Contacts => list(&value, "number", true),
        Kind::Emails => list(&value, "email", false),
        Kind::Address => parts(&value, &["hostel_name", "room"]),
        Kind::Programme => parts(
            &value,
            &[
                "degree_name",
                "department_name",
                "join_year",
                "graduation_year",
            ],
        ),
        Kind::Picture => value.as_str().map_or(Shown::Unset, |src| Shown::Picture {
            src: src.to_owned(),
        }),
        Kind::Boolean => text(if value == Value::Bool(true) {
            "yes"
        } else {
            "no"
        }),
        Kind::Integer | Kind::Text | Kind::Sex => match plain(&value) {
            Some(full) if field == Field::Mobile => masked(&full),
            Some(full) => text(&full),
            None => Shown::Unset,
        },
    }
}

fn text(text: &str) -> Shown {
    Shown::Text {
        text: text.to_owned(),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `98••••3210`: enough to recognise one's own.
fn masked(full: &str) -> Shown {
    let signs: Vec<char> = full.chars().collect();
    let short = match signs.as_slice() {
        [head @ .., _, _, _, _] if head.len() > 2 => {
            let head: String = head.iter().take(2).collect();
            let tail: String = signs.iter().skip(signs.len() - 4).collect();
            format!("{head}••••{tail}")
        }
        _ => "••••".to_owned(),
    };
    Shown::Masked {
        short,
        full: full.to_owned(),
    }
}

fn list(value: &Value, member: &str, is_masked: bool) -> Shown {
    let items = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| plain(item.get(member)?));
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => Shown::Unset,
        [one] if is_masked => masked(one),
        several if is_masked => Shown::Masked {
            short: format!("{} numbers", several.len()),
            full: several.join(", "),
        },
        _ => Shown::List { items },
    }
}

fn parts(value: &Value, members: &[&str]) -> Shown {
    let said = members
        .iter()
        .filter_map(|member| plain(value.get(member)?));
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        Shown::Unset
    } else {
        text(&said.join(", "))
    }
}

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "authorize/consent.html";

    fn title(&self) -> String {
        format!("{} would like to know", self.app.name)
    }

    /// The answer leads to the app, and the app may lead on to anywhere: browsers hold the policy
    /// against the whole chain.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_shows_its_ends() {
        let Shown::Masked { short, .. } = masked("9876543210") else {
            panic!()
        };
        assert_eq!(short, "98••••3210");
        let Shown::Masked { short, .. } = masked("123") else {
            panic!()
        };
        assert_eq!(short, "••••");
    }

    #[test]
    fn lists_and_objects_read_as_text() {
        let numbers = json!([{"id": 1, "number": "9876543210"}, {"id": 2, "number": "1"}]);
        let expected = Shown::Masked {
            short: "2 numbers".into(),
            full: "9876543210, 1".into(),
        };
        assert_eq!(list(&numbers, "number", true), expected);
        assert_eq!(list(&json!([]), "email", false), Shown::Unset);
        let address = json!({"id": 1, "hostel_name": "Hostel 14", "room": null});
        assert_eq!(parts(&address, &["hostel_name", "room"]), text("Hostel 14"));
        assert_eq!(parts(&Value::Null, &["room"]), Shown::Unset);
    }
}
