//! Authentication against a directory: finds a person's entry, and binds as it with the password.
//!
//! ```text
//! search:   bind as the search account ─▶ search ─▶ bind as a random account ─▶ bind as the found entry
//! pattern:                                          bind as a random account ─▶ bind by name ─▶ search
//! ```
//!
//! Decision: before each bind of a person, a random account with a random password has to be refused,
//! because a directory that accepts it accepts everyone. The account is random each time, so that no real
//! one is locked by failed binds.
//!
//! Decision: of several entries for one username each gets a bind, because only a person whose password opens
//! one of them is told of it; for others the answer is that of an unknown username.
//!
//! Decision: what a directory says of an account (locked, disabled, password expired) is passed on, because
//! otherwise people with the right password are told that it is wrong. Directories say most of it only to the
//! right password; whether they say “locked” to a wrong one, too, is their setting.
//!
//! Decision: an unknown username also leads to a bind, as a random account, so that neither the text nor
//! the time of the answer tells whether the person exists.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::account_state::AccountState;
use super::client::{LdapConnection, LdapServer};
use super::error_text::LdapError;
use super::filter_template::FilterTemplate;
use super::messages::{BindReply, LdapEntry, ResultCode, SearchRequest, SearchScope};
use super::{LdapSetupError, filter_template};
use crate::platform::config;
use crate::platform::config::PersonLookup;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;

/// The time limit of a whole login, from resolving the host to the last response.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The time limit that a search request carries.
const SEARCH_SECONDS: u8 = 5;
/// How many entries a search for one person may find. More than one is an error of the directory.
const MAX_ENTRIES: u8 = 4;
/// How many entries a check reads.
const CHECKED_ENTRIES: u8 = 5;

/// The outcome of a username and a password.
#[derive(Debug)]
pub(super) enum LdapLogin {
    Entry(LdapEntry),
    WrongPassword,
    /// The directory knows the account and does not let it sign in.
    Refused(AccountState),
    /// Several entries have this username, and the password opens one of them.
    Ambiguous,
}

/// The outcome of a bind as a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PersonBind {
    Success,
    WrongPassword,
    Refused(AccountState),
}

/// The entries of a search for one person.
struct FoundEntries {
    entries: Vec<LdapEntry>,
    /// Whether the directory has more.
    has_more: bool,
}

impl FoundEntries {
    fn is_ambiguous(&self) -> bool {
        self.entries.len() > 1 || self.has_more
    }
}

/// A directory, and how it finds the entries of people.
pub(super) struct LdapDirectory {
    server: LdapServer,
    lookup: EntryLookup,
    /// The attributes to request, including those that the lookup checks.
    attributes: Vec<String>,
}

enum EntryLookup {
    Search {
        base: String,
        filter: FilterTemplate,
        account: Option<(String, secrecy::SecretString)>,
    },
    Name {
        dn: FilterTemplate,
        /// A filter in BER that matches any entry.
        any: Vec<u8>,
        below: Option<(String, FilterTemplate)>,
    },
}

impl LdapDirectory {
    pub(super) fn new(
        settings: config::DirectorySettings,
        authorities: Option<&[u8]>,
    ) -> Result<Self, LdapSetupError> {
        let lookup = EntryLookup::new(settings.lookup)?;
        let checked = lookup.template().attributes().map(str::to_owned);
        Ok(Self {
            server: LdapServer::new(settings.server, authorities)?,
            attributes: settings
                .attributes
                .groups()
                .into_iter()
                .flatten()
                .cloned()
                .chain(checked)
                .collect(),
            lookup,
        })
    }

    /// Whose username and password these are. The password must not be empty.
    pub(super) async fn authenticate(
        &self,
        username: &str,
        password: &str,
        rng: &dyn Rng,
    ) -> Result<LdapLogin, LdapError> {
        within_timeout(async {
            let mut connection = self.server.connect().await?;
            let login = self
                .find_and_bind(&mut connection, (username, password), rng)
                .await?;
            connection.close().await;
            Ok(login)
        })
        .await
    }

    /// Does what needs no person's password: connects, binds as the search account, searches a random
    /// username, and has to be refused as that one. Then reads a few entries, if there is an account that
    /// searches or the search is anonymous.
    pub(super) async fn check(&self, rng: &dyn Rng) -> Result<Option<Vec<LdapEntry>>, LdapError> {
        let (unknown, password) = (random_text(rng), random_text(rng));
        match self.authenticate(&unknown, &password, rng).await? {
            LdapLogin::WrongPassword => {}
            _ => return Err(LdapError::AcceptsAnyPassword),
        }
        let EntryLookup::Search {
            base,
            filter,
            account,
        } = &self.lookup
        else {
            return Ok(None);
        };
        let Some(filter) = filter.filter_of_all() else {
            return Ok(None);
        };
        within_timeout(async {
            let mut connection = self.server.connect().await?;
            bind_search_account(&mut connection, account.as_ref()).await?;
            let scope = (base.as_str(), SearchScope::Subtree);
            let found = self
                .find(&mut connection, scope, &filter, CHECKED_ENTRIES)
                .await;
            connection.close().await;
            match found {
                Ok(found) if found.entries.is_empty() => Err(LdapError::NoPeople),
                Ok(found) => Ok(Some(found.entries)),
                // A directory may let an account find one person and not list them.
                Err(LdapError::UnexpectedResult { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn find_and_bind(
        &self,
        connection: &mut LdapConnection,
        (username, password): (&str, &str),
        rng: &dyn Rng,
    ) -> Result<LdapLogin, LdapError> {
        match &self.lookup {
            EntryLookup::Search {
                base,
                filter,
                account,
            } => {
                bind_search_account(connection, account.as_ref()).await?;
                let found = self.search(connection, (base, filter), username).await?;
                check_refusal(connection, base, rng).await?;
                if found.entries.is_empty() {
                    check_refusal(connection, base, rng).await?;
                    return Ok(LdapLogin::WrongPassword);
                }
                bind_as_found(connection, found, password).await
            }
            EntryLookup::Name { dn, any, below } => {
                let unknown = dn.dn(&random_text(rng));
                let bind = bind_as_person(connection, &unknown, &random_text(rng)).await?;
                if bind == PersonBind::Success {
                    return Err(LdapError::AcceptsAnyPassword);
                }
                let name = dn.dn(username);
                match bind_as_person(connection, &name, password).await? {
                    PersonBind::Success => {}
                    PersonBind::WrongPassword => return Ok(LdapLogin::WrongPassword),
                    PersonBind::Refused(state) => return Ok(LdapLogin::Refused(state)),
                }
                let mut found = if let Some((base, filter)) = below {
                    self.search(connection, (base, filter), username).await?
                } else {
                    let scope = (name.as_str(), SearchScope::BaseObject);
                    let mut found = self.find(connection, scope, any, MAX_ENTRIES).await?;
                    found.entries.retain(|entry| dn.matches(entry, username));
                    found
                };
                if found.is_ambiguous() {
                    return Ok(LdapLogin::Ambiguous);
                }
                found
                    .entries
                    .pop()
                    .map(LdapLogin::Entry)
                    .ok_or(LdapError::NoEntry)
            }
        }
    }

    /// The entries that have this username.
    async fn search(
        &self,
        connection: &mut LdapConnection,
        (base, template): (&str, &FilterTemplate),
        username: &str,
    ) -> Result<FoundEntries, LdapError> {
        let Some(filter) = template.filter(username) else {
            return Ok(FoundEntries {
                entries: Vec::new(),
                has_more: false,
            });
        };
        let scope = (base, SearchScope::Subtree);
        let mut found = self.find(connection, scope, &filter, MAX_ENTRIES).await?;
        found
            .entries
            .retain(|entry| template.matches(entry, username));
        Ok(found)
    }

    async fn find(
        &self,
        connection: &mut LdapConnection,
        (base, scope): (&str, SearchScope),
        filter: &[u8],
        limit: u8,
    ) -> Result<FoundEntries, LdapError> {
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let search = SearchRequest {
            base,
            scope,
            filter,
            attributes: &attributes,
            limit,
            seconds: SEARCH_SECONDS,
        };
        let (mut entries, code) = connection.search(&search).await?;
        let has_more = code == ResultCode::SIZE_LIMIT_EXCEEDED;
        if !has_more {
            require_success("a search", code)?;
        }
        // A bind with an empty DN succeeds as an anonymous one (RFC 4513 §5.1.1).
        entries.retain(|entry| !entry.dn.is_empty());
        Ok(FoundEntries { entries, has_more })
    }
}

impl EntryLookup {
    fn new(lookup: PersonLookup) -> Result<Self, LdapSetupError> {
        let template = |filter: &str| {
            let template = FilterTemplate::new(filter);
            let reads = template.filter("asha").is_some();
            reads.then_some(template).ok_or(LdapSetupError::Filter)
        };
        Ok(match lookup {
            PersonLookup::Search {
                base,
                filter,
                account,
            } => Self::Search {
                base,
                filter: template(&filter)?,
                account,
            },
            PersonLookup::Name { dn, below } => Self::Name {
                dn: FilterTemplate::new(&dn),
                any: filter_template::filter("(objectClass=*)").ok_or(LdapSetupError::Filter)?,
                below: match below {
                    Some((base, filter)) => Some((base, template(&filter)?)),
                    None => None,
                },
            },
        })
    }

    /// The template that a found entry has to match.
    fn template(&self) -> &FilterTemplate {
        match self {
            Self::Search { filter, .. } => filter,
            Self::Name { below, dn, .. } => below.as_ref().map_or(dn, |(_, filter)| filter),
        }
    }
}

async fn within_timeout<T>(
    doing: impl Future<Output = Result<T, LdapError>>,
) -> Result<T, LdapError> {
    let result = tokio::time::timeout(TIMEOUT, doing).await;
    result.map_err(|_| LdapError::Timeout(TIMEOUT))?
}

async fn bind_search_account(
    connection: &mut LdapConnection,
    account: Option<&(String, secrecy::SecretString)>,
) -> Result<(), LdapError> {
    let Some((dn, password)) = account else {
        return Ok(());
    };
    let reply = connection.bind(dn, password.expose_secret()).await?;
    match reply.state {
        Some(state) => Err(LdapError::SearchAccount(state)),
        None => require_success("the account that searches", reply.code),
    }
}

/// Binds as each of the found entries until the password opens one.
async fn bind_as_found(
    connection: &mut LdapConnection,
    found: FoundEntries,
    password: &str,
) -> Result<LdapLogin, LdapError> {
    let is_ambiguous = found.is_ambiguous();
    if is_ambiguous {
        tracing::warn!("the directory has several entries for one username: nobody is signed in");
    }
    for entry in found.entries {
        match bind_as_person(connection, &entry.dn, password).await? {
            PersonBind::WrongPassword => {}
            _ if is_ambiguous => return Ok(LdapLogin::Ambiguous),
            PersonBind::Success => return Ok(LdapLogin::Entry(entry)),
            PersonBind::Refused(state) => return Ok(LdapLogin::Refused(state)),
        }
    }
    Ok(LdapLogin::WrongPassword)
}

/// Checks that the directory refuses a random account with a random password.
async fn check_refusal(
    connection: &mut LdapConnection,
    base: &str,
    rng: &dyn Rng,
) -> Result<(), LdapError> {
    let unknown = format!("cn={},{base}", random_text(rng));
    match bind_as_person(connection, &unknown, &random_text(rng)).await? {
        PersonBind::Success => Err(LdapError::AcceptsAnyPassword),
        PersonBind::WrongPassword | PersonBind::Refused(_) => Ok(()),
    }
}

async fn bind_as_person(
    connection: &mut LdapConnection,
    dn: &str,
    password: &str,
) -> Result<PersonBind, LdapError> {
    let BindReply { code, state } = connection.bind(dn, password).await?;
    match state {
        // With success, too: a password that has to be changed opens nothing else.
        Some(state) if code == ResultCode::SUCCESS || code.is_refusal() => {
            Ok(PersonBind::Refused(state))
        }
        _ if code.is_refusal() => Ok(PersonBind::WrongPassword),
        _ => require_success("a sign-in", code).map(|()| PersonBind::Success),
    }
}

fn require_success(doing: &'static str, code: ResultCode) -> Result<(), LdapError> {
    match code {
        ResultCode::SUCCESS => Ok(()),
        code => Err(LdapError::UnexpectedResult { doing, code }),
    }
}

fn random_text(rng: &dyn Rng) -> String {
    alphanumeric(rng, 20)
}
