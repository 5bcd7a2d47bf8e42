//! Types and rules of OAuth 2.0 that need neither database nor HTTP.
//!
//! | file | what it follows |
//! |---|---|
//! | [`credential`] | RFC 6749 §2.3.1: client credentials from header and body |
//! | [`redirect`] | RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1: where a response may be sent |
//! | [`pkce`] | RFC 7636, S256 only: `verify_pkce` |
//! | [`error`] | RFC 6749 §4.1.2.1 and §5.2: error codes, with a sentence for the client's developer |
//! | [`oxide`] | the bridge to oxide-auth, whose machines drive every flow |

pub mod credential;
pub mod error;
pub mod oxide;
pub mod pkce;
pub mod redirect;
mod redirect_mismatch;

pub use credential::ClientCredentials;
pub use error::{OAuthError, OAuthErrorCode};
pub use pkce::{Challenge, PkceError, verify_pkce};
pub use redirect::{RedirectKind, RedirectUri};
pub use redirect_mismatch::RedirectMismatch;
