//! Who is at the browser: sign-in, sessions, the person's own profile and the identities linked to it.

pub mod linked_identities;
pub mod login;
pub mod profile;
pub mod sessions;
