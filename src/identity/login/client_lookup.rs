//! For which app somebody signs in: asked of a room above, which knows the apps.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use super::LocalPath;

/// An app as the sign-in page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PendingClient {
    pub name: String,
    /// Stands in for the logo.
    pub initial: String,
    /// An address on this host.
    pub logo: Option<String>,
}

pub type PendingClientFuture<'a> = Pin<Box<dyn Future<Output = Option<PendingClient>> + Send + 'a>>;

/// Says which app a path of ours leads on to, if it leads to one.
pub trait ClientLookup: Debug + Send + Sync + 'static {
    fn find_pending_client<'a>(&'a self, next: &'a LocalPath) -> PendingClientFuture<'a>;
}

pub type SharedClientLookup = Arc<dyn ClientLookup>;
