//! The ways of proving who you are, one file or folder each; nobody else knows their names.
//!
//! An adapter implements [`Connector`]: it shows a form ([`Prompt`]), reads what was typed
//! ([`Answers`]), and says [`Step::Done`] with an [`Identity`](crate::people::records::ExternalIdentity), asks again, or refuses. What it must
//! remember between two forms is its `State`, kept by `login` in memory only. The roof puts the
//! adapters into a [`ConnectorRegistry`], which forgets each one's type.
//!
//! Decision: an adapter is closed ([`ConnectorError::Changed`]) by what is the upstream's own alone, such
//! as where it leads and how its answers are built, and never by what one person's record can hold or one
//! person can type ([`ConnectorError::Odd`]); or else anybody who writes their own security question could
//! lock out a campus. Where an answer may be either, the same is asked about somebody made up, who has no
//! record and typed nothing.
//!
//! Decision: a prompt is data and not a template, because so one page serves every adapter, with and
//! without script, and an adapter cannot forget the seal, the labels or the limits.

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
    InputChoice, InputKind, LoginRefusal, Prompt, PromptPicture, RepeatedCallbackParam,
    RequestOrigin, Step, StepResult, StepState,
};
pub use password::{
    NewPassword, PasswordConnector, PasswordHasher, PasswordPolicyError, set as set_password,
};
pub use registry::{Connector, ConnectorRegistry, ConnectorState, DynConnector};
