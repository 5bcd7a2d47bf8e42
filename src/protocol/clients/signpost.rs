//! Which app the path behind a sign-in leads to.

use super::{AppFace, AppStanding, store};
use crate::identity::login;
use crate::identity::login::{LocalPath, PendingClient, PendingClientFuture};
use crate::platform::db::Db;
use crate::platform::links::Links;
use crate::platform::web::FormParams;

/// Knows the apps by the requests they send people with.
#[derive(Debug)]
pub struct AuthorizeClientLookup {
    pub db: Db,
    pub links: Links,
}

impl login::ClientLookup for AuthorizeClientLookup {
    fn find_pending_client<'a>(&'a self, next: &'a LocalPath) -> PendingClientFuture<'a> {
        Box::pin(async move {
            let client_id = client_id(next.as_str())?;
            // Without it the page only says less.
            let app = store::find_by_client_id(self.db.pool(), &client_id).await;
            let app = app.ok().flatten()?;
            if app.standing == AppStanding::Suspended {
                return None;
            }
            let face = AppFace::of(app.details.name.as_str(), app.logo.as_deref(), &self.links);
            Some(PendingClient {
                name: face.name,
                initial: face.initial,
                logo: face.logo,
            })
        })
    }
}

/// Of the path of an authorization request, under whichever prefix.
fn client_id(path: &str) -> Option<String> {
    let (path, query) = path.split_once('?')?;
    if !path.trim_end_matches('/').ends_with("/oauth/authorize") {
        return None;
    }
    let asked = FormParams::parse(query.as_bytes())?;
    asked.one("client_id").ok().flatten().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_authorization_request_leads_to_an_app() {
        for path in [
            "/oauth/authorize/?response_type=code&client_id=abc",
            "/sso/oauth/authorize?client_id=abc",
            "/p/oauth/authorize/?client_id=%61bc&state=x",
        ] {
            assert_eq!(client_id(path).as_deref(), Some("abc"), "{path}");
        }
        for path in [
            "/user/?client_id=abc",
            "/oauth/authorize/",
            "/oauth/authorize/?client_id=",
            "/oauth/authorize/?client_id=a&client_id=b",
        ] {
            assert_eq!(client_id(path), None, "{path}");
        }
    }
}
