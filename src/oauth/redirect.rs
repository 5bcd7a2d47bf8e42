//! placeholder
#[derive(Debug, Clone)]
pub struct RedirectUri(String);
