//! Finds the app that a login leads on to. The login shows its name and logo; the area `protocol`, which
//! this area must not import, implements the trait.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use super::LocalPath;

/// An app as the sign-in page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct RequestingClient {
    pub name: String,
    /// Shown where there is no logo.
    pub initial: String,
    /// An address on this host.
    pub logo: Option<String>,
    pub is_verified: bool,
}

pub type RequestingClientFuture<'a> =
    Pin<Box<dyn Future<Output = Option<RequestingClient>> + Send + 'a>>;

/// Finds the app that a path of ours leads on to, if it is an authorization request.
pub trait ClientLookup: Debug + Send + Sync + 'static {
    fn find_requesting_client<'a>(&'a self, next: &'a LocalPath) -> RequestingClientFuture<'a>;
}

pub type SharedClientLookup = Arc<dyn ClientLookup>;
