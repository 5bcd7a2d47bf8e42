//! Who somebody has proved to be, and what the system they proved it to says of them.

use super::details::{Email, PersonUpdate, Username};

/// Who somebody has proved to be a moment ago: the provider's name and the provider's own word for
/// them. Only the pair identifies; the same word of another provider is somebody else.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalIdentity {
    pub provider: &'static str,
    pub subject: String,
    /// What the provider says of them. Who is unknown here is added with it; without it nobody is.
    pub says: Option<Box<Claims>>,
}

/// What a campus system says of somebody who has just proved to it who they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// What a new person would be called here.
    pub username: Username,
    /// Columns, programme, and further addresses that are proved. A department or degree we have no
    /// name for is kept as it is.
    pub details: PersonUpdate,
    /// Whether it is a directory: it knows what people are called, its columns are written again at each
    /// sign-in, and who has another subject there follows. Of any other, only the first sign-in is read.
    pub is_directory: bool,
    /// The programme was worked out and not read, so the person is asked to look at it.
    pub is_inferred: bool,
    /// An address that nobody has proved: it becomes a further one, to be verified.
    pub unproven_email: Option<Email>,
    /// The provider's second key for the person, if it has one: a number of an account, beside the name
    /// that is the subject. The pair must stay the same, or it is another account of the same name.
    pub second_key: Option<String>,
}
