//! The conversation with a directory: finds somebody's entry and proves that it is theirs.
//!
//! ```text
//! searching:  bind as the account ─▶ search ─▶ bind as nobody ─▶ bind as whom was found
//! by name:                                     bind as nobody ─▶ bind by name ─▶ search
//! ```
//!
//! Decision: before anybody is believed, somebody made up tries a made-up password. A directory that
//! says yes to that one says yes to all, and no answer of it is worth anything. It is made up anew each
//! time, so that no account is ever locked by it.
//!
//! Decision: who is not there is tried for as well, under a made-up name, so that neither the words nor
//! the time of the answer tell whether there is such a person.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::client::{LdapConnection, LdapError, LdapServer};
use super::messages::{LdapEntry, ResultCode, SearchRequest, SearchScope};
use super::template::FilterTemplate;
use super::{LdapSetupError, person, template};
use crate::platform::config;
use crate::platform::config::PersonLookup;
use crate::platform::rng::Rng;
use crate::platform::secret::alphanumeric;

/// A whole sign-in, from the name of the server to the last answer.
const WITHIN: Duration = Duration::from_secs(8);
/// What the directory is told it may take for a search.
const SEARCH_SECONDS: u8 = 5;

/// A directory, and how people are found in it.
pub(super) struct LdapDirectory {
    server: LdapServer,
    finds: EntryLookup,
    /// Of the entry that was found; those that tell whose it is among them.
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
        /// In BER: any entry at all.
        any: Vec<u8>,
        below: Option<(String, FilterTemplate)>,
    },
}

impl LdapDirectory {
    pub(super) fn new(
        settings: config::DirectorySettings,
        authorities: Option<&[u8]>,
    ) -> Result<Self, LdapSetupError> {
        let finds = EntryLookup::new(settings.lookup)?;
        let shown = finds.template().attributes().map(str::to_owned);
        Ok(Self {
            server: LdapServer::new(settings.server, authorities)?,
            attributes: person::ATTRIBUTES
                .map(str::to_owned)
                .into_iter()
                .chain(shown)
                .collect(),
            finds,
        })
    }

    /// The entry of whom these are name and password; nothing if they are of nobody, or of several.
    /// The password must not be empty.
    pub(super) async fn prove(
        &self,
        username: &str,
        password: &str,
        rng: &dyn Rng,
    ) -> Result<Option<LdapEntry>, LdapError> {
        let asked = async {
            let mut connection = self.server.connect().await?;
            let entry = self.ask(&mut connection, (username, password), rng).await?;
            connection.leave().await;
            Ok(entry)
        };
        let answered = tokio::time::timeout(WITHIN, asked).await;
        answered.map_err(|_| LdapError::Slow(WITHIN))?
    }

    /// Does what can be done without anybody's password: connects, signs in as the account that
    /// searches, searches for somebody made up, and is refused as that one.
    pub(super) async fn check(&self, rng: &dyn Rng) -> Result<(), LdapError> {
        let (nobody, password) = (made_up(rng), made_up(rng));
        match self.prove(&nobody, &password, rng).await? {
            None => Ok(()),
            Some(_) => Err(LdapError::AlwaysYes),
        }
    }

    async fn ask(
        &self,
        connection: &mut LdapConnection,
        (username, password): (&str, &str),
        rng: &dyn Rng,
    ) -> Result<Option<LdapEntry>, LdapError> {
        match &self.finds {
            EntryLookup::Search {
                base,
                filter,
                account,
            } => {
                if let Some((dn, password)) = account {
                    let code = connection.bind(dn, password.expose_secret()).await?;
                    well("the account that searches", code)?;
                }
                let found = self.search(connection, (base, filter), username).await?;
                let found = found.filter(|entry| filter.fits(entry, username));
                refuse_nobody(connection, base, rng).await?;
                let Some(entry) = found else {
                    refuse_nobody(connection, base, rng).await?;
                    return Ok(None);
                };
                let is_right = signs_in(connection, &entry.dn, password).await?;
                Ok(is_right.then_some(entry))
            }
            EntryLookup::Name { dn, any, below } => {
                let nobody = dn.dn(&made_up(rng));
                if signs_in(connection, &nobody, &made_up(rng)).await? {
                    return Err(LdapError::AlwaysYes);
                }
                let name = dn.dn(username);
                if !signs_in(connection, &name, password).await? {
                    return Ok(None);
                }
                let found = if let Some((base, filter)) = below {
                    let found = self.search(connection, (base, filter), username).await?;
                    found.filter(|entry| filter.fits(entry, username))
                } else {
                    let found = self
                        .find(connection, &name, SearchScope::Entry, any)
                        .await?;
                    found.filter(|entry| dn.fits(entry, username))
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
        let found = self.find(connection, base, SearchScope::Everything, &filter);
        found.await
    }

    /// The one entry there is.
    async fn find(
        &self,
        connection: &mut LdapConnection,
        base: &str,
        depth: SearchScope,
        filter: &[u8],
    ) -> Result<Option<LdapEntry>, LdapError> {
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let search = SearchRequest {
            base,
            depth,
            filter,
            attributes: &attributes,
            seconds: SEARCH_SECONDS,
        };
        let (mut found, code) = connection.search(&search).await?;
        if found.len() > 1 || code == ResultCode::TOO_MANY {
            tracing::warn!("the directory has several entries for one name: nobody is let in");
            return Ok(None);
        }
        well("a search", code)?;
        // Whoever signs in without a name is let in as nobody.
        Ok(found.pop().filter(|entry| !entry.dn.is_empty()))
    }
}

impl EntryLookup {
    fn new(finds: PersonLookup) -> Result<Self, LdapSetupError> {
        let template = |filter: &str| {
            let template = FilterTemplate::new(filter);
            let reads = template.filter("asha").is_some();
            reads.then_some(template).ok_or(LdapSetupError::Filter)
        };
        Ok(match finds {
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
                any: template::filter("(objectClass=*)").ok_or(LdapSetupError::Filter)?,
                below: match below {
                    Some((base, filter)) => Some((base, template(&filter)?)),
                    None => None,
                },
            },
        })
    }

    /// What says whose entry was found.
    fn template(&self) -> &FilterTemplate {
        match self {
            Self::Search { filter, .. } => filter,
            Self::Name { below, dn, .. } => below.as_ref().map_or(dn, |(_, filter)| filter),
        }
    }
}

/// Somebody who is not there tries a password that is not theirs.
async fn refuse_nobody(
    connection: &mut LdapConnection,
    base: &str,
    rng: &dyn Rng,
) -> Result<(), LdapError> {
    let nobody = format!("cn={},{base}", made_up(rng));
    if signs_in(connection, &nobody, &made_up(rng)).await? {
        return Err(LdapError::AlwaysYes);
    }
    Ok(())
}

async fn signs_in(
    connection: &mut LdapConnection,
    dn: &str,
    password: &str,
) -> Result<bool, LdapError> {
    let code = connection.bind(dn, password).await?;
    if code.refuses() {
        return Ok(false);
    }
    well("a sign-in", code).map(|()| true)
}

fn well(doing: &'static str, code: ResultCode) -> Result<(), LdapError> {
    match code {
        ResultCode::SUCCESS => Ok(()),
        code => Err(LdapError::Said { doing, code }),
    }
}

fn made_up(rng: &dyn Rng) -> String {
    alphanumeric(rng, 20)
}
