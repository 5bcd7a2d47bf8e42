//! What may be said of an app, and what may be changed.

use std::collections::BTreeSet;

use url::Url;

use super::model::misleads;
use super::{App, AppDetails, AppName, AppStanding, ClientType};
use crate::protocol::oauth::{RedirectKind, RedirectUri};

const LONGEST_DESCRIPTION: usize = 4000;
const LONGEST_ADDRESS: usize = 2000;
const LONGEST_MAILBOX: usize = 254;
const MOST_REDIRECT_URIS: usize = 100;
/// What one person may register on the pages: far more than anybody looks after, and not the whole disk.
pub const MOST_APPS: i64 = 100;

/// What was typed into the form of an app, field by field.
#[derive(Debug, Clone, Default)]
pub struct AppForm {
    pub name: String,
    /// `None` where it is not asked for, as on the command line: then it is empty.
    pub description: Option<String>,
    pub website: String,
    pub privacy_policy: String,
    pub contact: String,
    pub client_type: String,
    pub redirect_uris: String,
    pub require_pkce: bool,
}

/// What is wrong with it, to be said beside each field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppFormErrors {
    pub name: Option<String>,
    pub description: Option<String>,
    pub logo: Option<String>,
    pub website: Option<String>,
    pub privacy_policy: Option<String>,
    pub contact: Option<String>,
    pub client_type: Option<String>,
    pub redirect_uris: Option<String>,
    pub require_pkce: Option<String>,
}

impl AppFormErrors {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of them with the field's name in front, for the command line.
    pub fn lines(&self) -> Vec<String> {
        let fields = [
            ("name", &self.name),
            ("description", &self.description),
            ("logo", &self.logo),
            ("website", &self.website),
            ("privacy policy", &self.privacy_policy),
            ("contact", &self.contact),
            ("client type", &self.client_type),
            ("redirect URI", &self.redirect_uris),
            ("require PKCE", &self.require_pkce),
        ];
        let told = fields
            .iter()
            .filter_map(|(field, told)| Some((field, told.as_ref()?)));
        told.flat_map(|(field, told)| told.lines().map(move |line| format!("{field}: {line}")))
            .collect()
    }
}

impl AppForm {
    /// What an app says of itself now, as its form shows it.
    pub fn of(details: &AppDetails) -> Self {
        let uris: Vec<_> = details
            .redirect_uris
            .iter()
            .map(RedirectUri::as_str)
            .collect();
        Self {
            name: details.name.to_string(),
            description: Some(details.description.clone()),
            website: details.website.clone().unwrap_or_default(),
            privacy_policy: details.privacy_policy.clone().unwrap_or_default(),
            contact: details.contact.clone().unwrap_or_default(),
            client_type: details.kind.name().to_owned(),
            redirect_uris: uris.join("\n"),
            require_pkce: details.require_pkce,
        }
    }
}

/// Reads the form: everything, or every complaint at once.
pub fn read(typed: &AppForm) -> Result<AppDetails, Box<AppFormErrors>> {
    let mut complaints = AppFormErrors::default();
    let name = AppName::parse(&typed.name).map_err(str::to_owned);
    let name = keep(name, &mut complaints.name);
    let description = typed
        .description
        .as_deref()
        .map_or(Ok(String::new()), description);
    let description = keep(description, &mut complaints.description);
    let website = keep(address(&typed.website), &mut complaints.website);
    let privacy_policy = keep(
        address(&typed.privacy_policy),
        &mut complaints.privacy_policy,
    );
    let contact = keep(mailbox(&typed.contact), &mut complaints.contact);
    let kind = ClientType::named(&typed.client_type)
        .ok_or_else(|| "Choose where the code of your app runs.".to_owned());
    let kind = keep(kind, &mut complaints.client_type);
    let uris = redirect_uris(&typed.redirect_uris, kind);
    let uris = keep(uris, &mut complaints.redirect_uris);
    let whole = || {
        Some(AppDetails {
            name: name?,
            description: description?,
            website: website?,
            privacy_policy: privacy_policy?,
            contact: contact?,
            kind: kind?,
            require_pkce: typed.require_pkce,
            redirect_uris: uris?,
        })
    };
    whole().ok_or_else(|| Box::new(complaints))
}

fn keep<T>(read: Result<T, String>, complaint: &mut Option<String>) -> Option<T> {
    read.map_err(|told| *complaint = Some(told)).ok()
}

fn description(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter a description.".to_owned());
    }
    if text.chars().count() > LONGEST_DESCRIPTION {
        return Err("Use at most 4000 characters.".to_owned());
    }
    if text
        .chars()
        .any(|c| misleads(c) || (c.is_control() && c != '\n' && c != '\t'))
    {
        return Err("Remove invisible characters.".to_owned());
    }
    Ok(text.to_owned())
}

/// A link that people may follow: http or https, so that no page of ours ever links to a script.
fn address(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST_ADDRESS {
        return Err("Use at most 2000 characters.".to_owned());
    }
    let unclear = |c: char| c.is_control() || c.is_whitespace() || misleads(c) || c == '\\';
    let url = Url::parse(text).ok().filter(|_| !text.contains(unclear));
    let Some(url) = url else {
        if !text.contains(':') && !text.contains(unclear) {
            return Err(format!("Start with https://. For example https://{text}."));
        }
        return Err("Enter a full address. For example https://mess.example.".to_owned());
    };
    let slashes = ["https://", "http://"].iter().any(|start| {
        text.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    });
    if !slashes {
        return Err("Start with https://. For example https://mess.example.".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Remove the username and password in front of the @.".to_owned());
    }
    Ok(Some(text.to_owned()))
}

fn mailbox(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let known: Result<lettre::Address, _> = text.parse();
    let is_plain = !text.chars().any(|c| c.is_control() || misleads(c));
    if known.is_err() || !is_plain || text.len() > LONGEST_MAILBOX {
        return Err("Enter one email address. For example team@mess.example.".to_owned());
    }
    Ok(Some(text.to_owned()))
}

/// The lines of the form; several addresses may stand on one, with blanks between, as old registrations
/// have them. `kind` is what was chosen, if anything was.
fn redirect_uris(text: &str, kind: Option<ClientType>) -> Result<Vec<RedirectUri>, String> {
    let lines = text.lines().enumerate();
    let all: Vec<(usize, &str)> = lines
        .flat_map(|(at, line)| line.split_whitespace().map(move |uri| (at + 1, uri)))
        .collect();
    if all.is_empty() {
        return Err("Enter at least one redirect URI.".to_owned());
    }
    if all.len() > MOST_REDIRECT_URIS {
        return Err(format!("Use at most {MOST_REDIRECT_URIS} addresses."));
    }
    let mut seen = BTreeSet::new();
    let mut uris = Vec::new();
    let mut complaints = Vec::new();
    for (line, text) in all {
        match redirect_uri(text, kind) {
            Ok(uri) if seen.insert(text) => uris.push(uri),
            Ok(_) => {}
            Err(told) => complaints.push(format!("Line {line}, {}: {told}", shortened(text))),
        }
    }
    if complaints.is_empty() {
        Ok(uris)
    } else {
        Err(complaints.join("\n"))
    }
}

fn redirect_uri(text: &str, kind: Option<ClientType>) -> Result<RedirectUri, String> {
    let uri = RedirectUri::parse(text).map_err(|told| told.to_string())?;
    if kind == Some(ClientType::Confidential) && uri.reach() == RedirectKind::PrivateScheme {
        // Any program on the person's machine may claim the scheme, and a server has no use for one.
        return Err(
            "an app on a server returns to https. If yours runs on a phone or desktop, \
                    say so below."
                .to_owned(),
        );
    }
    Ok(uri)
}

/// An address in a complaint: enough to find it again.
fn shortened(text: &str) -> String {
    const ENOUGH: usize = 100;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What of an edit is refused because the app is verified: its owner cannot change what people know it
/// by, where it leads them, or how safely it signs them in.
pub(super) fn locked(app: &App, wanted: &AppDetails, has_other_logo: bool) -> AppFormErrors {
    let mut complaints = AppFormErrors::default();
    if app.standing != AppStanding::Verified {
        return complaints;
    }
    let now = &app.details;
    let refuse = |what| Some(format!("{} is verified, so {what}.", now.name));
    if now.name != wanted.name {
        complaints.name = refuse("its name is locked");
    }
    if now.redirect_uris != wanted.redirect_uris {
        complaints.redirect_uris = refuse("its redirect URIs are locked");
    }
    if now.kind != wanted.kind {
        complaints.client_type = refuse("its client type is locked");
    }
    if has_other_logo {
        complaints.logo = refuse("its logo is locked");
    }
    if now.website != wanted.website {
        complaints.website = refuse("its website is locked");
    }
    if now.privacy_policy != wanted.privacy_policy {
        complaints.privacy_policy = refuse("its privacy policy is locked");
    }
    if now.must_use_pkce() && !wanted.must_use_pkce() {
        complaints.require_pkce = refuse("it must keep requiring PKCE");
    }
    complaints
}

/// The names of what an edit changes, for the audit: never the values.
pub(super) fn changed(now: &AppDetails, wanted: &AppDetails) -> Vec<&'static str> {
    let fields = [
        ("name", now.name != wanted.name),
        ("description", now.description != wanted.description),
        ("website", now.website != wanted.website),
        (
            "privacy_policy",
            now.privacy_policy != wanted.privacy_policy,
        ),
        ("contact", now.contact != wanted.contact),
        ("client_type", now.kind != wanted.kind),
        ("require_pkce", now.require_pkce != wanted.require_pkce),
        ("redirect_uris", now.redirect_uris != wanted.redirect_uris),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Timestamp;
    use crate::platform::id::{AppId, PersonId};

    fn typed() -> AppForm {
        AppForm {
            name: "Mess Menu".into(),
            description: Some("Tonight’s dinner.\r\nIn every hostel.".into()),
            client_type: "confidential".into(),
            redirect_uris: "https://mess.example/cb\r\nhttp://localhost:3000/cb".into(),
            ..AppForm::default()
        }
    }

    fn complaints(change: impl FnOnce(&mut AppForm)) -> Box<AppFormErrors> {
        let mut typed = typed();
        change(&mut typed);
        read(&typed).unwrap_err()
    }

    #[test]
    fn a_form_reads_and_shows_what_it_read() {
        let details = read(&typed()).unwrap();
        assert_eq!(details.description, "Tonight’s dinner.\nIn every hostel.");
        assert_eq!(details.website, None);
        assert_eq!(read(&AppForm::of(&details)).unwrap(), details);
        assert_eq!(
            details.origins(),
            ["http://localhost:3000", "https://mess.example"]
        );
    }

    #[test]
    fn addresses_may_stand_on_one_line_and_twice() {
        let mut typed = typed();
        typed.redirect_uris =
            "https://a.example/1 https://b.example/2\n\n https://a.example/1".into();
        let uris = read(&typed).unwrap().redirect_uris;
        assert_eq!(
            uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
            ["https://a.example/1", "https://b.example/2"]
        );
    }

    #[test]
    fn every_wrong_address_is_told_with_its_line() {
        let told = complaints(|typed| {
            typed.redirect_uris =
                "https://mess.example/cb\nhttp://mess.example/cb\nhttps://*.mess.example/cb".into();
        });
        assert_eq!(
            told.redirect_uris.unwrap(),
            "Line 2, http://mess.example/cb: plain http works only on localhost. Use https.\n\
             Line 3, https://*.mess.example/cb: write each address in full, without *."
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let nothing = AppForm {
            description: Some(String::new()),
            ..AppForm::default()
        };
        let told = read(&nothing).unwrap_err();
        assert_eq!(told.lines().len(), 4);
        assert!(told.website.is_none() && told.contact.is_none());
    }

    #[test]
    fn a_private_scheme_is_for_public_apps() {
        let uri = "com.example.mess:/cb";
        let told = complaints(|typed| typed.redirect_uris = uri.into());
        assert!(
            told.redirect_uris
                .unwrap()
                .starts_with("Line 1, com.example.mess:/cb: ")
        );
        let mut typed = typed();
        typed.redirect_uris = uri.into();
        typed.client_type = "public".into();
        assert!(read(&typed).unwrap().must_use_pkce());
    }

    #[test]
    fn a_hundred_addresses_are_enough() {
        let many = |n: u32| -> String {
            let uris = (0..n).map(|i| format!("https://a.example/{i}"));
            uris.collect::<Vec<_>>().join(
                "
",
            )
        };
        let mut typed = typed();
        typed.redirect_uris = many(100);
        assert!(read(&typed).is_ok());
        assert!(
            complaints(|typed| typed.redirect_uris = many(101))
                .redirect_uris
                .is_some()
        );
    }

    #[test]
    fn links_lead_to_pages_and_nowhere_else() {
        for good in [
            "https://mess.example",
            "http://mess.example/?a=b#c",
            "HTTPS://mess.example",
            "",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "mess.example",
            "javascript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "https:mess.example",
            r"https:\\mess.example",
            "https://u:p@mess.example",
            "https://mess.example/a b",
            "//mess.example",
            "https://",
            &format!("https://mess.example/{}", "a".repeat(2000)),
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert_eq!(
            address("mess.example").unwrap_err(),
            "Start with https://. For example https://mess.example."
        );
    }

    #[test]
    fn a_contact_is_one_mailbox() {
        assert!(mailbox("team@mess.example").unwrap().is_some());
        for bad in [
            "team",
            "a@b.example,c@d.example",
            "a@b.example\r\nBcc: x@y.example",
            "A <a@b.example>",
        ] {
            assert!(mailbox(bad).is_err(), "{bad}");
        }
    }

    fn app(standing: AppStanding) -> App {
        App {
            id: AppId(uuid::Uuid::nil()),
            client_id: super::super::ClientId::stored("c".into()),
            owner: PersonId(1),
            logo: None,
            details: read(&typed()).unwrap(),
            standing,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn k77_what_was_verified_stays() {
        let verified = app(AppStanding::Verified);
        let mut wanted = verified.details.clone();
        wanted.description = "Lunch, too.".into();
        wanted.contact = Some("team@mess.example".into());
        wanted.require_pkce = true;
        assert!(locked(&verified, &wanted, false).is_empty());
        wanted.name = AppName::parse("Bank").unwrap();
        wanted.kind = ClientType::Public;
        wanted.redirect_uris.reverse();
        let told = locked(&verified, &wanted, false);
        assert!(told.name.is_some() && told.client_type.is_some() && told.redirect_uris.is_some());
        assert!(locked(&app(AppStanding::Unverified), &wanted, true).is_empty());
    }

    #[test]
    fn what_people_know_a_verified_app_by_stays() {
        let mut verified = app(AppStanding::Verified);
        verified.details.require_pkce = true;
        let mut wanted = verified.details.clone();
        assert!(locked(&verified, &wanted, true).logo.is_some());
        wanted.website = Some("https://evil.example".into());
        wanted.privacy_policy = Some("https://evil.example/privacy".into());
        wanted.require_pkce = false;
        let told = locked(&verified, &wanted, false);
        assert!(told.logo.is_none() && told.website.is_some());
        assert!(told.privacy_policy.is_some() && told.require_pkce.is_some());
    }

    #[test]
    fn the_audit_learns_names_of_fields() {
        let now = read(&typed()).unwrap();
        let mut wanted = now.clone();
        assert!(changed(&now, &wanted).is_empty());
        wanted.contact = Some("team@mess.example".into());
        wanted.redirect_uris.pop();
        assert_eq!(changed(&now, &wanted), ["contact", "redirect_uris"]);
    }
}
