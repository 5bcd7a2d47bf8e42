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
//! Decision: an unknown username also leads to a bind, as a random account, so that neither the text nor
//! the time of the answer tells whether the person exists.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::client::{LdapConnection, LdapServer};
use super::error_text::LdapError;
use super::filter_template::FilterTemplate;
use super::messages::{LdapEntry, ResultCode, SearchRequest, SearchScope};
use super::{LdapSetupError, directory_record, filter_template};
use crate::platform::config;
use crate::platform::config::PersonLookup;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;

/// The time limit of a whole login, from resolving the host to the last response.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The time limit that a search request carries.
const SEARCH_SECONDS: u8 = 5;

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
            attributes: directory_record::ATTRIBUTES
                .map(str::to_owned)
                .into_iter()
                .chain(checked)
                .collect(),
            lookup,
        })
    }

    /// The entry that this username and password belong to. `None` if they are wrong, or if several entries
    /// have this username. The password must not be empty.
    pub(super) async fn authenticate(
        &self,
        username: &str,
        password: &str,
        rng: &dyn Rng,
    ) -> Result<Option<LdapEntry>, LdapError> {
        let login = async {
            let mut connection = self.server.connect().await?;
            let entry = self
                .find_and_bind(&mut connection, (username, password), rng)
                .await?;
            connection.close().await;
            Ok(entry)
        };
        let result = tokio::time::timeout(TIMEOUT, login).await;
        result.map_err(|_| LdapError::Slow(TIMEOUT))?
    }

    /// Does what needs no person's password: connects, binds as the search account, searches a random
    /// username, and has to be refused as that one.
    pub(super) async fn check(&self, rng: &dyn Rng) -> Result<(), LdapError> {
        let (unknown, password) = (random_text(rng), random_text(rng));
        match self.authenticate(&unknown, &password, rng).await? {
            None => Ok(()),
            Some(_) => Err(LdapError::AlwaysYes),
        }
    }

    async fn find_and_bind(
        &self,
        connection: &mut LdapConnection,
        (username, password): (&str, &str),
        rng: &dyn Rng,
    ) -> Result<Option<LdapEntry>, LdapError> {
        match &self.lookup {
            EntryLookup::Search {
                base,
                filter,
                account,
            } => {
                if let Some((dn, password)) = account {
                    let code = connection.bind(dn, password.expose_secret()).await?;
                    require_success("the account that searches", code)?;
                }
                let found = self.search(connection, (base, filter), username).await?;
                let found = found.filter(|entry| filter.matches(entry, username));
                check_refusal(connection, base, rng).await?;
                let Some(entry) = found else {
                    check_refusal(connection, base, rng).await?;
                    return Ok(None);
                };
                let is_right = can_bind(connection, &entry.dn, password).await?;
                Ok(is_right.then_some(entry))
            }
            EntryLookup::Name { dn, any, below } => {
                let unknown = dn.dn(&random_text(rng));
                if can_bind(connection, &unknown, &random_text(rng)).await? {
                    return Err(LdapError::AlwaysYes);
                }
                let name = dn.dn(username);
                if !can_bind(connection, &name, password).await? {
                    return Ok(None);
                }
                let found = if let Some((base, filter)) = below {
                    let found = self.search(connection, (base, filter), username).await?;
                    found.filter(|entry| filter.matches(entry, username))
                } else {
                    let found = self
                        .find(connection, &name, SearchScope::BaseObject, any)
                        .await?;
                    found.filter(|entry| dn.matches(entry, username))
                };
                found.map(Some).ok_or(LdapError::NoEntry)
            }
        }
    }

    async fn search(
        &self,
        connection: &mut LdapConnection,
        (base, filter): (&str, &FilterTemplate),
        username: &str,
    ) -> Result<Option<LdapEntry>, LdapError> {
        let Some(filter) = filter.filter(username) else {
            return Ok(None);
        };
        let found = self.find(connection, base, SearchScope::Subtree, &filter);
        found.await
    }

    /// The entry of a search; `None` if there are none or several.
    async fn find(
        &self,
        connection: &mut LdapConnection,
        base: &str,
        scope: SearchScope,
        filter: &[u8],
    ) -> Result<Option<LdapEntry>, LdapError> {
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let search = SearchRequest {
            base,
            scope,
            filter,
            attributes: &attributes,
            seconds: SEARCH_SECONDS,
        };
        let (mut entries, code) = connection.search(&search).await?;
        if entries.len() > 1 || code == ResultCode::SIZE_LIMIT_EXCEEDED {
            tracing::warn!("the directory has several entries for one name: nobody is let in");
            return Ok(None);
        }
        require_success("a search", code)?;
        // A bind with an empty DN succeeds as an anonymous one (RFC 4513 §5.1.1).
        Ok(entries.pop().filter(|entry| !entry.dn.is_empty()))
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

/// Checks that the directory refuses a random account with a random password.
async fn check_refusal(
    connection: &mut LdapConnection,
    base: &str,
    rng: &dyn Rng,
) -> Result<(), LdapError> {
    let unknown = format!("cn={},{base}", random_text(rng));
    if can_bind(connection, &unknown, &random_text(rng)).await? {
        return Err(LdapError::AlwaysYes);
    }
    Ok(())
}

async fn can_bind(
    connection: &mut LdapConnection,
    dn: &str,
    password: &str,
) -> Result<bool, LdapError> {
    let code = connection.bind(dn, password).await?;
    if code.is_refusal() {
        return Ok(false);
    }
    require_success("a sign-in", code).map(|()| true)
}

fn require_success(doing: &'static str, code: ResultCode) -> Result<(), LdapError> {
    match code {
        ResultCode::SUCCESS => Ok(()),
        code => Err(LdapError::Said { doing, code }),
    }
}

fn random_text(rng: &dyn Rng) -> String {
    alphanumeric(rng, 20)
}
