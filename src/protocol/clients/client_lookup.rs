//! The app of the authorization request that a sign-in continues with, for the sign-in page.

use super::{AppStanding, AppSummary, store};
use crate::identity::login;
use crate::identity::login::{LocalPath, RequestingClient, RequestingClientFuture};
use crate::platform::db::Db;
use crate::platform::links::Links;
use crate::platform::web::FormParams;

/// Finds the client of an authorization request in the `next` path of a sign-in.
#[derive(Debug)]
pub struct AuthorizeClientLookup {
    pub db: Db,
    pub links: Links,
}

impl login::ClientLookup for AuthorizeClientLookup {
    fn find_requesting_client<'a>(&'a self, next: &'a LocalPath) -> RequestingClientFuture<'a> {
        Box::pin(async move {
            let client_id = parse_client_id(next.as_str())?;
            // If the query fails, the page does without the app's name.
            let app = store::find_by_client_id(self.db.pool(), &client_id).await;
            let app = app.ok().flatten()?;
            if app.standing == AppStanding::Suspended {
                return None;
            }
            let face = AppSummary::of(app.details.name.as_str(), app.logo.as_deref(), &self.links);
            Some(RequestingClient {
                name: face.name,
                initial: face.initial,
                logo: face.logo,
                is_verified: app.standing == AppStanding::Verified,
            })
        })
    }
}

/// The `client_id` in the path and query of an authorization request, or of one that the server keeps, under any
/// prefix.
fn parse_client_id(path: &str) -> Option<String> {
    let (path, query) = path.split_once('?')?;
    let path = path.trim_end_matches('/');
    if !path.ends_with("/oauth/authorize") && !path.contains("/oauth/authorize/kept/") {
        return None;
    }
    let params = FormParams::parse(query.as_bytes())?;
    params.one("client_id").ok().flatten().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_authorization_request_has_a_client() {
        for path in [
            "/oauth/authorize/?response_type=code&client_id=abc",
            "/sso/oauth/authorize?client_id=abc",
            "/p/oauth/authorize/?client_id=%61bc&state=x",
            "/oauth/authorize/kept/a1B2/?client_id=abc",
        ] {
            assert_eq!(parse_client_id(path).as_deref(), Some("abc"), "{path}");
        }
        for path in [
            "/user/?client_id=abc",
            "/oauth/authorize/",
            "/oauth/authorize/?client_id=",
            "/oauth/authorize/?client_id=a&client_id=b",
        ] {
            assert_eq!(parse_client_id(path), None, "{path}");
        }
    }
}
