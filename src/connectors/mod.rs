//! The ways of proving who you are, one file or folder each; nobody else knows their names.
//!
//! An adapter implements [`Upstream`]: it shows a form ([`Prompt`]), reads what was typed
//! ([`Answers`]), and says [`Step::Done`] with an [`Identity`](crate::people::records::Identity), asks again, or refuses. What it must
//! remember between two forms is its `State`, kept by `login` in memory only. The roof puts the
//! adapters into a [`Registry`], which forgets each one's type.
//!
//! Decision: an adapter is closed ([`UpstreamError::Changed`]) by what is the upstream's own alone, such
//! as where it leads and how its answers are built, and never by what one person's record can hold or one
//! person can type ([`UpstreamError::Odd`]); or else anybody who writes their own security question could
//! lock out a campus. Where an answer may be either, the same is asked about somebody made up, who has no
//! record and typed nothing.
//!
//! Decision: a prompt is data and not a template, because so one page serves every adapter, with and
//! without script, and an adapter cannot forget the seal, the labels or the limits.

pub mod erp;
mod health;
mod http;
mod in_a_row;
mod jiit;
mod ldap;
mod leprechaun;
pub mod mailed_code;
mod model;
mod password;
mod registry;
mod store;
mod tls;

pub use health::{ClosedWay, close, list_closed, open};
pub use http::{Caller, NewestTls, Reach, ReachError, Request, Response, Silence};
pub use jiit::{Jiit, Paths as JiitPaths};
pub use ldap::{Ldap, SetupError as LdapSetupError};
pub use leprechaun::{Leprechaun, LookUpError, LookUps};
pub use mailed_code::{Mailed, MailedCode, Typed};
pub use model::{
    AccountName, Answers, Choice, Face, FirstTime, Input, InputKind, Picture, Prompt, Refusal,
    Step, StepState, Steps, UpstreamError, Visitor,
};
pub use password::{Hasher, NewPassword, Password, UnfitPassword, set as set_password};
pub use registry::{Held, Registry, Upstream, Way};
