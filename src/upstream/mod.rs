//! The ways of proving who you are, one file or folder each; nobody else knows their names.
//!
//! An adapter implements [`Upstream`]: it shows a form ([`Prompt`]), reads what was typed
//! ([`Answers`]), and says [`Step::Done`] with an [`Identity`](crate::people::Identity), asks again, or refuses. What it must
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

pub use health::ClosedWay;
pub use health::close;
pub use health::list_closed;
pub use health::open;
pub use http::Caller;
pub use http::NewestTls;
pub use http::Reach;
pub use http::ReachError;
pub use http::Request;
pub use http::Response;
pub use http::Silence;
pub use jiit::Jiit;
pub use jiit::Paths as JiitPaths;
pub use ldap::Ldap;
pub use ldap::SetupError as LdapSetupError;
pub use leprechaun::Leprechaun;
pub use leprechaun::LookUpError;
pub use leprechaun::LookUps;
pub use mailed_code::Mailed;
pub use mailed_code::MailedCode;
pub use mailed_code::Typed;
pub use model::AccountName;
pub use model::Answers;
pub use model::Choice;
pub use model::Face;
pub use model::FirstTime;
pub use model::Input;
pub use model::InputKind;
pub use model::Picture;
pub use model::Prompt;
pub use model::Refusal;
pub use model::Step;
pub use model::StepState;
pub use model::Steps;
pub use model::UpstreamError;
pub use model::Visitor;
pub use password::Hasher;
pub use password::NewPassword;
pub use password::Password;
pub use password::UnfitPassword;
pub use password::set as set_password;
pub use registry::Held;
pub use registry::Registry;
pub use registry::Upstream;
pub use registry::Way;
