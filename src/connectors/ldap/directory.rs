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

use super::client::{Connection, Server, Trouble};
use super::messages::{Code, Depth, Entry, Search};
use super::template::Template;
use super::{SetupError, person, template};
use crate::platform::config;
use crate::platform::config::FindsPeople;
use crate::platform::rng::Entropy;
use crate::platform::secret::alphanumeric;

/// A whole sign-in, from the name of the server to the last answer.
const WITHIN: Duration = Duration::from_secs(8);
/// What the directory is told it may take for a search.
const SEARCH_SECONDS: u8 = 5;

/// A directory, and how people are found in it.
pub(super) struct Directory {
    server: Server,
    finds: Finds,
    /// Of the entry that was found; those that tell whose it is among them.
    attributes: Vec<String>,
}

enum Finds {
    Search {
        base: String,
        filter: Template,
        account: Option<(String, secrecy::SecretString)>,
    },
    Name {
        dn: Template,
        /// In BER: any entry at all.
        any: Vec<u8>,
        below: Option<(String, Template)>,
    },
}

impl Directory {
    pub(super) fn new(
        settings: config::Directory,
        authorities: Option<&[u8]>,
    ) -> Result<Self, SetupError> {
        let finds = Finds::new(settings.finds)?;
        let shown = finds.template().attributes().map(str::to_owned);
        Ok(Self {
            server: Server::new(settings.server, authorities)?,
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
        entropy: &dyn Entropy,
    ) -> Result<Option<Entry>, Trouble> {
        let asked = async {
            let mut connection = self.server.connect().await?;
            let entry = self
                .ask(&mut connection, (username, password), entropy)
                .await?;
            connection.leave().await;
            Ok(entry)
        };
        let answered = tokio::time::timeout(WITHIN, asked).await;
        answered.map_err(|_| Trouble::Slow(WITHIN))?
    }

    /// Does what can be done without anybody's password: connects, signs in as the account that
    /// searches, searches for somebody made up, and is refused as that one.
    pub(super) async fn check(&self, entropy: &dyn Entropy) -> Result<(), Trouble> {
        let (nobody, password) = (made_up(entropy), made_up(entropy));
        match self.prove(&nobody, &password, entropy).await? {
            None => Ok(()),
            Some(_) => Err(Trouble::AlwaysYes),
        }
    }

    async fn ask(
        &self,
        connection: &mut Connection,
        (username, password): (&str, &str),
        entropy: &dyn Entropy,
    ) -> Result<Option<Entry>, Trouble> {
        match &self.finds {
            Finds::Search {
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
                refuse_nobody(connection, base, entropy).await?;
                let Some(entry) = found else {
                    refuse_nobody(connection, base, entropy).await?;
                    return Ok(None);
                };
                let is_right = signs_in(connection, &entry.dn, password).await?;
                Ok(is_right.then_some(entry))
            }
            Finds::Name { dn, any, below } => {
                let nobody = dn.dn(&made_up(entropy));
                if signs_in(connection, &nobody, &made_up(entropy)).await? {
                    return Err(Trouble::AlwaysYes);
                }
                let name = dn.dn(username);
                if !signs_in(connection, &name, password).await? {
                    return Ok(None);
                }
                let found = if let Some((base, filter)) = below {
                    let found = self.search(connection, (base, filter), username).await?;
                    found.filter(|entry| filter.fits(entry, username))
                } else {
                    let found = self.find(connection, &name, Depth::Entry, any).await?;
                    found.filter(|entry| dn.fits(entry, username))
                };
                found.map(Some).ok_or(Trouble::NoEntry)
            }
        }
    }

    async fn search(
        &self,
        connection: &mut Connection,
        (base, filter): (&str, &Template),
        username: &str,
    ) -> Result<Option<Entry>, Trouble> {
        let Some(filter) = filter.filter(username) else {
            return Ok(None);
        };
        let found = self.find(connection, base, Depth::Everything, &filter);
        found.await
    }

    /// The one entry there is.
    async fn find(
        &self,
        connection: &mut Connection,
        base: &str,
        depth: Depth,
        filter: &[u8],
    ) -> Result<Option<Entry>, Trouble> {
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let search = Search {
            base,
            depth,
            filter,
            attributes: &attributes,
            seconds: SEARCH_SECONDS,
        };
        let (mut found, code) = connection.search(&search).await?;
        if found.len() > 1 || code == Code::TOO_MANY {
            tracing::warn!("the directory has several entries for one name: nobody is let in");
            return Ok(None);
        }
        well("a search", code)?;
        // Whoever signs in without a name is let in as nobody.
        Ok(found.pop().filter(|entry| !entry.dn.is_empty()))
    }
}

impl Finds {
    fn new(finds: FindsPeople) -> Result<Self, SetupError> {
        let template = |filter: &str| {
            let template = Template::new(filter);
            let reads = template.filter("asha").is_some();
            reads.then_some(template).ok_or(SetupError::Filter)
        };
        Ok(match finds {
            FindsPeople::Search {
                base,
                filter,
                account,
            } => Self::Search {
                base,
                filter: template(&filter)?,
                account,
            },
            FindsPeople::Name { dn, below } => Self::Name {
                dn: Template::new(&dn),
                any: template::filter("(objectClass=*)").ok_or(SetupError::Filter)?,
                below: match below {
                    Some((base, filter)) => Some((base, template(&filter)?)),
                    None => None,
                },
            },
        })
    }

    /// What says whose entry was found.
    fn template(&self) -> &Template {
        match self {
            Self::Search { filter, .. } => filter,
            Self::Name { below, dn, .. } => below.as_ref().map_or(dn, |(_, filter)| filter),
        }
    }
}

/// Somebody who is not there tries a password that is not theirs.
async fn refuse_nobody(
    connection: &mut Connection,
    base: &str,
    entropy: &dyn Entropy,
) -> Result<(), Trouble> {
    let nobody = format!("cn={},{base}", made_up(entropy));
    if signs_in(connection, &nobody, &made_up(entropy)).await? {
        return Err(Trouble::AlwaysYes);
    }
    Ok(())
}

async fn signs_in(connection: &mut Connection, dn: &str, password: &str) -> Result<bool, Trouble> {
    let code = connection.bind(dn, password).await?;
    if code.refuses() {
        return Ok(false);
    }
    well("a sign-in", code).map(|()| true)
}

fn well(doing: &'static str, code: Code) -> Result<(), Trouble> {
    match code {
        Code::SUCCESS => Ok(()),
        code => Err(Trouble::Said { doing, code }),
    }
}

fn made_up(entropy: &dyn Entropy) -> String {
    alphanumeric(entropy, 20)
}
