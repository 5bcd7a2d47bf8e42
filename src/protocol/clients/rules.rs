//! The form of an app: how it is parsed, and what may be changed in a verified app.

use std::collections::BTreeSet;

use url::Url;

use super::model::is_deceptive;
use super::{App, AppDetails, AppName, AppStanding, ClientType};
use crate::protocol::oauth::{RedirectKind, RedirectUri};

const MAX_DESCRIPTION: usize = 4000;
const MAX_URL: usize = 2000;
const MAX_EMAIL: usize = 254;
const MAX_REDIRECT_URIS: usize = 100;
/// How many apps one person may register on the pages, so that nobody fills the disk.
pub const MAX_APPS: i64 = 100;

/// The form of an app, as submitted.
#[derive(Debug, Clone, Default)]
pub struct AppForm {
    pub name: String,
    /// `None` where it is optional, as on the command line.
    pub description: Option<String>,
    pub website: String,
    pub privacy_policy: String,
    pub contact: String,
    pub client_type: String,
    pub redirect_uris: String,
    pub require_pkce: bool,
}

/// The errors of an [`AppForm`], one for each field.
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

    /// All errors, with the field's name in front, for the command line.
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
        let errors = fields
            .iter()
            .filter_map(|(field, error)| Some((field, error.as_ref()?)));
        errors
            .flat_map(|(field, error)| error.lines().map(move |line| format!("{field}: {line}")))
            .collect()
    }
}

impl AppForm {
    /// The form filled in with the current details.
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

/// Parses a form: the details, or the errors of all fields. The current name of an app stays valid, whatever the rules
/// were when it was stored.
pub fn parse_form(
    form: &AppForm,
    current_name: Option<&AppName>,
) -> Result<AppDetails, Box<AppFormErrors>> {
    let mut errors = AppFormErrors::default();
    let name = match current_name {
        Some(current) if current.as_str() == form.name.trim() => Ok(current.clone()),
        _ => AppName::parse(&form.name).map_err(str::to_owned),
    };
    let name = collect_error(name, &mut errors.name);
    let description = form
        .description
        .as_deref()
        .map_or(Ok(String::new()), parse_description);
    let description = collect_error(description, &mut errors.description);
    let website = collect_error(parse_url(&form.website), &mut errors.website);
    let privacy_policy = collect_error(parse_url(&form.privacy_policy), &mut errors.privacy_policy);
    let contact = collect_error(parse_email(&form.contact), &mut errors.contact);
    let kind = ClientType::named(&form.client_type)
        .ok_or_else(|| "Choose where the code of your app runs.".to_owned());
    let kind = collect_error(kind, &mut errors.client_type);
    let uris = parse_redirect_uris(&form.redirect_uris, kind);
    let uris = collect_error(uris, &mut errors.redirect_uris);
    let details = || {
        Some(AppDetails {
            name: name?,
            description: description?,
            website: website?,
            privacy_policy: privacy_policy?,
            contact: contact?,
            kind: kind?,
            require_pkce: form.require_pkce,
            redirect_uris: uris?,
        })
    };
    details().ok_or_else(|| Box::new(errors))
}

/// The value, or its error put beside the field.
fn collect_error<T>(parsed: Result<T, String>, field_error: &mut Option<String>) -> Option<T> {
    parsed.map_err(|error| *field_error = Some(error)).ok()
}

fn parse_description(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter a description.".to_owned());
    }
    if text.chars().count() > MAX_DESCRIPTION {
        return Err("Use at most 4000 characters.".to_owned());
    }
    if text
        .chars()
        .any(|c| is_deceptive(c) || (c.is_control() && c != '\n' && c != '\t'))
    {
        return Err("Remove invisible characters.".to_owned());
    }
    Ok(text.to_owned())
}

/// An http or https URL, so that no page links to a script (`javascript:`).
fn parse_url(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > MAX_URL {
        return Err("Use at most 2000 characters.".to_owned());
    }
    let is_forbidden =
        |c: char| c.is_control() || c.is_whitespace() || is_deceptive(c) || c == '\\';
    let url = Url::parse(text)
        .ok()
        .filter(|_| !text.contains(is_forbidden));
    let Some(url) = url else {
        if !text.contains(':') && !text.contains(is_forbidden) {
            return Err(format!("Start with https://. For example https://{text}."));
        }
        return Err("Enter a full address. For example https://mess.example.".to_owned());
    };
    let has_slashes = ["https://", "http://"].iter().any(|start| {
        text.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    });
    if !has_slashes {
        return Err("Start with https://. For example https://mess.example.".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Remove the username and password in front of the @.".to_owned());
    }
    Ok(Some(text.to_owned()))
}

fn parse_email(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed: Result<lettre::Address, _> = text.parse();
    let is_plain = !text.chars().any(|c| c.is_control() || is_deceptive(c));
    if parsed.is_err() || !is_plain || text.len() > MAX_EMAIL {
        return Err("Enter one email address. For example team@mess.example.".to_owned());
    }
    Ok(Some(text.to_owned()))
}

/// One URI on each line, or several separated by blanks, as in registrations of the original. `kind` is the
/// chosen client type, if it is valid.
fn parse_redirect_uris(text: &str, kind: Option<ClientType>) -> Result<Vec<RedirectUri>, String> {
    let lines = text.lines().enumerate();
    let all: Vec<(usize, &str)> = lines
        .flat_map(|(at, line)| line.split_whitespace().map(move |uri| (at + 1, uri)))
        .collect();
    if all.is_empty() {
        return Err("Enter at least one redirect URI.".to_owned());
    }
    if all.len() > MAX_REDIRECT_URIS {
        return Err(format!("Use at most {MAX_REDIRECT_URIS} addresses."));
    }
    let mut seen = BTreeSet::new();
    let mut uris = Vec::new();
    let mut errors = Vec::new();
    for (line, text) in all {
        match parse_redirect_uri(text, kind) {
            Ok(uri) if seen.insert(text) => uris.push(uri),
            Ok(_) => {}
            Err(error) => errors.push(format!("Line {line}, {}: {error}", shorten(text))),
        }
    }
    if errors.is_empty() {
        Ok(uris)
    } else {
        Err(errors.join("\n"))
    }
}

fn parse_redirect_uri(text: &str, kind: Option<ClientType>) -> Result<RedirectUri, String> {
    let uri = RedirectUri::parse(text).map_err(|error| error.to_string())?;
    if kind == Some(ClientType::Confidential) && uri.kind() == RedirectKind::PrivateScheme {
        // Any program on a machine can claim the scheme (RFC 8252 §7.1), and a server does not need one.
        return Err(
            "an app on a server returns to https. If yours runs on a phone or desktop, \
                    say so below."
                .to_owned(),
        );
    }
    Ok(uri)
}

/// A URI in an error: the part that is enough to find it in the form.
fn shorten(text: &str) -> String {
    const MAX: usize = 100;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The errors of an edit that changes locked fields. The owner of a verified app cannot change what people
/// recognise it by, where it redirects, or how secure its sign-in is.
pub(super) fn check_locked_fields(
    app: &App,
    edited: &AppDetails,
    changes_logo: bool,
) -> AppFormErrors {
    let mut errors = AppFormErrors::default();
    if app.standing != AppStanding::Verified {
        return errors;
    }
    let current = &app.details;
    let refuse = |what| Some(format!("{} is verified, so {what}.", current.name));
    if current.name != edited.name {
        errors.name = refuse("its name is locked");
    }
    if current.redirect_uris != edited.redirect_uris {
        errors.redirect_uris = refuse("its redirect URIs are locked");
    }
    if current.kind != edited.kind {
        errors.client_type = refuse("its client type is locked");
    }
    if changes_logo {
        errors.logo = refuse("its logo is locked");
    }
    if current.website != edited.website {
        errors.website = refuse("its website is locked");
    }
    if current.privacy_policy != edited.privacy_policy {
        errors.privacy_policy = refuse("its privacy policy is locked");
    }
    if current.must_use_pkce() && !edited.must_use_pkce() {
        errors.require_pkce = refuse("it must keep requiring PKCE");
    }
    errors
}

/// The names of the fields that an edit changes, for the audit log, which holds no values.
pub(super) fn changed_fields(current: &AppDetails, edited: &AppDetails) -> Vec<&'static str> {
    let fields = [
        ("name", current.name != edited.name),
        ("description", current.description != edited.description),
        ("website", current.website != edited.website),
        (
            "privacy_policy",
            current.privacy_policy != edited.privacy_policy,
        ),
        ("contact", current.contact != edited.contact),
        ("client_type", current.kind != edited.kind),
        ("require_pkce", current.require_pkce != edited.require_pkce),
        (
            "redirect_uris",
            current.redirect_uris != edited.redirect_uris,
        ),
    ];
    let changed = fields.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(field, _)| field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::Timestamp;
    use crate::platform::id::{AppId, PersonId};

    fn form() -> AppForm {
        AppForm {
            name: "Mess Menu".into(),
            description: Some("Tonight’s dinner.\r\nIn every hostel.".into()),
            client_type: "confidential".into(),
            redirect_uris: "https://mess.example/cb\r\nhttp://localhost:3000/cb".into(),
            ..AppForm::default()
        }
    }

    fn errors(change: impl FnOnce(&mut AppForm)) -> Box<AppFormErrors> {
        let mut form = form();
        change(&mut form);
        parse_form(&form, None).unwrap_err()
    }

    #[test]
    fn a_form_that_is_filled_in_from_details_gives_the_same_details() {
        let details = parse_form(&form(), None).unwrap();
        assert_eq!(details.description, "Tonight’s dinner.\nIn every hostel.");
        assert_eq!(details.website, None);
        assert_eq!(parse_form(&AppForm::of(&details), None).unwrap(), details);
        assert_eq!(
            details.origins(),
            ["http://localhost:3000", "https://mess.example"]
        );
    }

    #[test]
    fn uris_may_be_on_one_line_and_repeated() {
        let mut form = form();
        form.redirect_uris =
            "https://a.example/1 https://b.example/2\n\n https://a.example/1".into();
        let uris = parse_form(&form, None).unwrap().redirect_uris;
        assert_eq!(
            uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
            ["https://a.example/1", "https://b.example/2"]
        );
    }

    #[test]
    fn every_invalid_uri_is_reported_with_its_line() {
        let errors = errors(|form| {
            form.redirect_uris =
                "https://mess.example/cb\nhttp://mess.example/cb\nhttps://*.mess.example/cb".into();
        });
        assert_eq!(
            errors.redirect_uris.unwrap(),
            "Line 2, http://mess.example/cb: plain http works only on localhost. Use https.\n\
             Line 3, https://*.mess.example/cb: write each address in full, without *."
        );
    }

    #[test]
    fn all_errors_are_reported_at_once() {
        let nothing = AppForm {
            description: Some(String::new()),
            ..AppForm::default()
        };
        let errors = parse_form(&nothing, None).unwrap_err();
        assert_eq!(errors.lines().len(), 4);
        assert!(errors.website.is_none() && errors.contact.is_none());
    }

    #[test]
    fn a_private_scheme_is_for_public_apps() {
        let uri = "com.example.mess:/cb";
        let errors = errors(|form| form.redirect_uris = uri.into());
        assert!(
            errors
                .redirect_uris
                .unwrap()
                .starts_with("Line 1, com.example.mess:/cb: ")
        );
        let mut form = form();
        form.redirect_uris = uri.into();
        form.client_type = "public".into();
        assert!(parse_form(&form, None).unwrap().must_use_pkce());
    }

    #[test]
    fn a_hundred_uris_are_allowed() {
        let many = |n: u32| -> String {
            let uris = (0..n).map(|i| format!("https://a.example/{i}"));
            uris.collect::<Vec<_>>().join(
                "
",
            )
        };
        let mut form = form();
        form.redirect_uris = many(100);
        assert!(parse_form(&form, None).is_ok());
        assert!(
            errors(|form| form.redirect_uris = many(101))
                .redirect_uris
                .is_some()
        );
    }

    #[test]
    fn links_are_http_or_https() {
        for good in [
            "https://mess.example",
            "http://mess.example/?a=b#c",
            "HTTPS://mess.example",
            "",
        ] {
            assert!(parse_url(good).is_ok(), "{good}");
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
            assert!(parse_url(bad).is_err(), "{bad}");
        }
        assert_eq!(
            parse_url("mess.example").unwrap_err(),
            "Start with https://. For example https://mess.example."
        );
    }

    #[test]
    fn a_contact_is_one_email_address() {
        assert!(parse_email("team@mess.example").unwrap().is_some());
        for bad in [
            "team",
            "a@b.example,c@d.example",
            "a@b.example\r\nBcc: x@y.example",
            "A <a@b.example>",
        ] {
            assert!(parse_email(bad).is_err(), "{bad}");
        }
    }

    fn app(standing: AppStanding) -> App {
        App {
            id: AppId(uuid::Uuid::nil()),
            client_id: super::super::ClientId::stored("c".into()),
            owner: PersonId(1),
            logo: None,
            details: parse_form(&form(), None).unwrap(),
            standing,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn k77_verified_fields_are_locked() {
        let verified = app(AppStanding::Verified);
        let mut edited = verified.details.clone();
        edited.description = "Lunch, too.".into();
        edited.contact = Some("team@mess.example".into());
        edited.require_pkce = true;
        assert!(check_locked_fields(&verified, &edited, false).is_empty());
        edited.name = AppName::parse("Bank").unwrap();
        edited.kind = ClientType::Public;
        edited.redirect_uris.reverse();
        let errors = check_locked_fields(&verified, &edited, false);
        assert!(
            errors.name.is_some() && errors.client_type.is_some() && errors.redirect_uris.is_some()
        );
        assert!(check_locked_fields(&app(AppStanding::Unverified), &edited, true).is_empty());
    }

    #[test]
    fn what_people_recognise_a_verified_app_by_is_locked() {
        let mut verified = app(AppStanding::Verified);
        verified.details.require_pkce = true;
        let mut edited = verified.details.clone();
        assert!(check_locked_fields(&verified, &edited, true).logo.is_some());
        edited.website = Some("https://evil.example".into());
        edited.privacy_policy = Some("https://evil.example/privacy".into());
        edited.require_pkce = false;
        let errors = check_locked_fields(&verified, &edited, false);
        assert!(errors.logo.is_none() && errors.website.is_some());
        assert!(errors.privacy_policy.is_some() && errors.require_pkce.is_some());
    }

    #[test]
    fn the_audit_log_gets_names_of_fields() {
        let current = parse_form(&form(), None).unwrap();
        let mut edited = current.clone();
        assert!(changed_fields(&current, &edited).is_empty());
        edited.contact = Some("team@mess.example".into());
        edited.redirect_uris.pop();
        assert_eq!(
            changed_fields(&current, &edited),
            ["contact", "redirect_uris"]
        );
    }
}
