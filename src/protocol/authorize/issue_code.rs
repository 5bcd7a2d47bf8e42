//! A new authorization code.

use super::model::AuthorizationRequest;
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::GrantId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::protocol::scope::GrantedAccess;
use crate::protocol::token;

/// Issues a code under a grant, bound to the redirect URI and the code challenge of the request.
pub(super) async fn issue_code(
    connection: &mut db::Connection,
    grant: GrantId,
    access: GrantedAccess,
    request: &AuthorizationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Secret> {
    let code = token::generate_code(now, rng);
    store::insert_code(connection, grant, access, request, &code, now).await?;
    Ok(code.code)
}
