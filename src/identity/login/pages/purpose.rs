//! What somebody is at the sign-in page for.

use super::super::signed_in::{AGAIN, LINK};
use crate::platform::web::FormParams;

/// What somebody proves who they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginPurpose {
    SignIn,
    /// Though they are signed in: before something hard to undo.
    SignInAgain,
    /// To get a further way to sign in to the account they are signed in to.
    Link,
}

impl LoginPurpose {
    /// What the query or the form says it is. A link that has lost its person stays one: it must not
    /// become a sign-in that makes a second account.
    pub(super) fn of(pairs: &FormParams, is_signed_in: bool) -> Self {
        match (
            pairs.is_checked(LINK),
            is_signed_in && pairs.is_checked(AGAIN),
        ) {
            (true, _) => Self::Link,
            (false, true) => Self::SignInAgain,
            (false, false) => Self::SignIn,
        }
    }

    /// What says so in an address or a form.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::SignIn => None,
            Self::SignInAgain => Some(AGAIN),
            Self::Link => Some(LINK),
        }
    }
}
