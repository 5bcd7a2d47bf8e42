//! For which app somebody signs in: asked of a room above, which knows the apps.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use super::LocalPath;

/// An app as the sign-in page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct AppAhead {
    pub name: String,
    /// Stands in for the logo.
    pub initial: String,
    /// An address on this host.
    pub logo: Option<String>,
}

pub type Ahead<'a> = Pin<Box<dyn Future<Output = Option<AppAhead>> + Send + 'a>>;

/// Says which app a path of ours leads on to, if it leads to one.
pub trait Signpost: Debug + Send + Sync + 'static {
    fn app_ahead<'a>(&'a self, next: &'a LocalPath) -> Ahead<'a>;
}

pub type SharedSignpost = Arc<dyn Signpost>;
