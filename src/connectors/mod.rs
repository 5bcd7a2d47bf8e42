//! Connectors: the ways to prove an identity, one file or folder each. Only the wiring in `server`, the
//! command `profiles upstream`, and the proof of a mailbox, which reads the ERP's questions, name a single
//! one.
//!
//! A connector implements [`Connector`]. It shows a form ([`Prompt`]), checks the answers ([`Answers`]) and
//! returns the next [`Step`]: another form, a redirect to its upstream, an
//! [`ExternalIdentity`](crate::people::records::ExternalIdentity) that is proved, or a refusal. After a
//! redirect it gets the parameters of the callback ([`CallbackParams`]). What it needs between two steps is
//! its `State`, which the room `login` keeps in memory only. The wiring puts the connectors into a
//! [`ConnectorRegistry`], which erases their types.
//!
//! Decision: the circuit breaker ([`ConnectorError::ProtocolMismatch`]) is tripped only by what the upstream alone
//! controls, such as where it redirects and how its pages are built, and never by what one person's record
//! or input can contain ([`ConnectorError::UnexpectedUserData`]), because otherwise a person who writes their own security
//! question could lock out the campus. Where an answer may be either, the connector repeats the request
//! for a made-up account, which has no record and no input.
//!
//! Decision: a prompt is data instead of a template, because one page then serves every connector, with and
//! without script, and a connector cannot forget the CSRF token, the labels or the rate limits.

mod circuit_breaker;
mod consecutive_users;
pub mod erp;
mod http;
mod jiit;
mod ldap;
mod leprechaun;
pub mod mailed_code;
mod model;
mod password;
mod registry;
mod store;
mod tls;

pub use circuit_breaker::{DisabledConnector, disable, enable, list_disabled};
pub use http::{
    HttpClient, HttpEndpoint, HttpFailure, HttpRequest, HttpResponse, HttpSetupError, MaxTlsVersion,
};
pub use jiit::{Jiit, JiitPaths};
pub use ldap::{Ldap, LdapSetupError};
pub use leprechaun::{Leprechaun, LeprechaunClient, LeprechaunError};
pub use mailed_code::{CodeCheck, CodeMailer, SentCode};
pub use model::{
    AccountName, Answers, CallbackParams, ConnectorError, ConnectorLabel, FirstTimeLink, Input,
    InputChoice, InputKind, LoginRefusal, Prompt, PromptLink, PromptPicture, RepeatedCallbackParam,
    RequestFacts, Step, StepList, StepState,
};
pub use password::{
    NewPassword, PasswordConnector, PasswordHasher, PasswordPolicyError, set_password,
};
pub use registry::{Connector, ConnectorRegistry, ConnectorState, DynConnector};
