//! What the RFCs define: scopes, clients, grants, the authorization and token endpoints, the user API,
//! metadata. An endpoint's room reads as its RFC.

pub mod access_log;
pub mod app_tokens;
pub mod authorize;
pub mod clients;
pub mod fedcm;
pub mod grants;
pub mod metadata;
pub mod oauth;
pub mod problems;
pub mod scope;
pub mod token;
pub mod user_api;
