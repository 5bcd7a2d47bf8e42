//! A new authorization code.

use super::model::AuthorizationRequest;
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::id::GrantId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::protocol::scope::GrantedAccess;
use crate::protocol::token;

/// Issues a code under a grant, bound to the redirect URI and the code challenge of the request. `None` after a
/// credential event of the person, whose session with this epoch has ended then.
pub(super) async fn issue_code(
    connection: &mut db::Connection,
    grant: (GrantId, CredentialEpoch),
    access: GrantedAccess,
    request: &AuthorizationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Option<Secret>> {
    let code = token::generate_code(now, rng);
    let is_issued = store::insert_code(connection, grant, access, request, &code, now).await?;
    Ok(is_issued.then_some(code.code))
}
