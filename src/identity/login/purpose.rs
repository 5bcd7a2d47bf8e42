//! Why a person is at the sign-in page.

use super::require_session::{AGAIN, LINK};
use crate::platform::web::FormParams;

/// What the login is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginPurpose {
    SignIn,
    /// A person who is signed in authenticates again, before an action that is hard to undo.
    SignInAgain,
    /// A person who is signed in links a further identity to the account.
    Link,
}

impl LoginPurpose {
    /// The purpose named by a query or a form. A link without a session stays a link: it must not become
    /// a sign-in, which would create a second account.
    pub(super) fn of(params: &FormParams, is_signed_in: bool) -> Self {
        match (
            params.is_checked(LINK),
            is_signed_in && params.is_checked(AGAIN),
        ) {
            (true, _) => Self::Link,
            (false, true) => Self::SignInAgain,
            (false, false) => Self::SignIn,
        }
    }

    /// The parameter that names it in a query or a form.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::SignIn => None,
            Self::SignInAgain => Some(AGAIN),
            Self::Link => Some(LINK),
        }
    }
}
