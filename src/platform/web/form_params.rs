//! Parameters of forms and queries (`application/x-www-form-urlencoded`), as a list of pairs: OAuth
//! forbids repeated parameters, so a repeated one must be recognised.

/// Decoded parameters, in the order they were sent.
#[derive(Debug, Clone, Default)]
pub struct FormParams(Vec<(String, String)>);

/// A parameter was sent more than once (RFC 6749 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {0} was sent more than once")]
pub struct RepeatedParameter(pub &'static str);

impl FormParams {
    /// Parses leniently, as old clients need it: a character that is not percent-encoded stands for
    /// itself. `None` if a name or value contains NUL, which PostgreSQL cannot store.
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::from_pairs(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// Parameters from another encoding. `None` if a name or value contains NUL.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Option<Self> {
        let is_storable =
            |(name, value): &(String, String)| !name.contains('\0') && !value.contains('\0');
        pairs.iter().all(is_storable).then_some(Self(pairs))
    }

    /// The value of a parameter that may be sent once. An empty value counts as absent (OAuth 2.1
    /// §3.1).
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, RepeatedParameter> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(RepeatedParameter(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// All values of a parameter, for example of checkboxes with the same name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a text field; empty if it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether a checkbox of this name was checked.
    pub fn is_checked(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_empty_and_absent_parameters_are_told_apart() {
        let params = FormParams::parse(b"a=1&b=&c=1&c=2&d=x+y%26").unwrap();
        assert_eq!(params.one("a"), Ok(Some("1")));
        assert_eq!(params.one("b"), Ok(None));
        assert_eq!(params.one("c"), Err(RepeatedParameter("c")));
        assert_eq!(params.one("d"), Ok(Some("x y&")));
        assert_eq!(params.one("e"), Ok(None));
    }

    #[test]
    fn an_unencoded_redirect_uri_is_read_as_it_is() {
        let params = FormParams::parse(b"redirect_uri=https://app.example/cb&code=abc").unwrap();
        assert_eq!(
            params.one("redirect_uri"),
            Ok(Some("https://app.example/cb"))
        );
    }

    #[test]
    fn a_nul_is_refused() {
        assert!(FormParams::parse(b"state=%00").is_none());
    }
}
