//! LDAP errors as sentences: one for the log and `profiles check`, and one with what the operator can do.
//!
//! A person who signs in reads none of them. Every error but one becomes
//! [`ConnectorError::Unavailable`](crate::connectors::ConnectorError::Unavailable), and a wrong password or
//! an unknown name becomes
//! [`LoginRefusal`](crate::connectors::LoginRefusal).

use std::io;
use std::time::Duration;

use super::account_state::AccountState;
use super::ber::BerError;
use super::messages::ResultCode;

/// Why the directory gave no usable answer. One line without personal data.
#[derive(Debug, thiserror::Error)]
pub(super) enum LdapError {
    #[error("no answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    #[error("the directory does not speak TLS as it should: {0}")]
    Tls(io::Error),
    #[error("the directory refuses StartTLS (result {})", .0.0)]
    NoStartTls(ResultCode),
    #[error("the answer is no LDAP")]
    NotLdap,
    #[error("the answer is longer than any should be")]
    TooLong,
    #[error("the directory says result {} to {doing}", code.0)]
    UnexpectedResult {
        doing: &'static str,
        code: ResultCode,
    },
    #[error("the directory refuses the account that searches: {}", .0.name())]
    SearchAccount(AccountState),
    #[error("the search finds nobody")]
    NoPeople,
    #[error("the entries that the search finds do not show {0}")]
    NoUsernames(String),
    #[error("the entry of somebody who has just signed in cannot be read by them")]
    NoEntry,
    #[error("the directory says yes to somebody made up")]
    AcceptsAnyPassword,
}

impl LdapError {
    /// What the operator can do.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Timeout(_) | Self::Connection(_) => {
                "See that the directory runs, and that PROFILES_LDAP_URL has its host and port"
            }
            Self::Tls(_) => {
                "See that PROFILES_LDAP_CA_FILE holds who signed its certificate, and that the \
                 certificate is for the host in PROFILES_LDAP_URL"
            }
            Self::NoStartTls(_) => "Let the directory offer StartTLS, or use its ldaps:// address",
            Self::NotLdap | Self::TooLong => {
                "See that what listens at PROFILES_LDAP_URL is a directory"
            }
            Self::UnexpectedResult { .. } => {
                "See PROFILES_LDAP_BIND_DN, PROFILES_LDAP_BIND_PASSWORD and PROFILES_LDAP_BASE_DN; \
                 RFC 4511, appendix A, says what the result means"
            }
            Self::SearchAccount(_) => {
                "Mend the account PROFILES_LDAP_BIND_DN in the directory, and give it a password that does \
                 not expire"
            }
            Self::NoPeople => {
                "See PROFILES_LDAP_BASE_DN and PROFILES_LDAP_USER_FILTER, and what the account that searches \
                 may read"
            }
            Self::NoUsernames(_) => {
                "Without it nobody can sign in. Let the account that searches read it, or name the right \
                 attribute in PROFILES_LDAP_ATTRIBUTES"
            }
            Self::NoEntry => "Let people read their own entry in the directory",
            Self::AcceptsAnyPassword => "Mend the directory: whoever asked it could be anybody",
        }
    }
}

impl From<BerError> for LdapError {
    fn from(_: BerError) -> Self {
        Self::NotLdap
    }
}
