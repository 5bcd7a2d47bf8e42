//! Settings that are valid, and probably not what somebody who runs this for a campus wants.

use super::Config;

impl Config {
    /// One sentence each, which names the setting. Empty for a public URL that is not https: that is a trial
    /// on one machine.
    pub fn warnings(&self) -> Vec<&'static str> {
        let is_https = |url: &url::Url| url.scheme() == "https";
        if !self.public_url.as_ref().is_some_and(is_https) {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        if self.trusted_proxies.is_empty() {
            warnings.push(
                "PROFILES_TRUSTED_PROXIES is not set. Behind a proxy all visitors then look like one, and a \
                 few wrong passwords make everybody wait. Set it to the proxy's address",
            );
        }
        if self.smtp_url.is_none() {
            warnings.push(
                "PROFILES_SMTP_URL is not set. Mail is only written to files in the data folder. Set it to \
                 your mail server",
            );
        }
        if self.database_url.is_none() {
            warnings.push(
                "DATABASE_URL is not set. The data is in a private PostgreSQL in the data folder, which is \
                 made for trials. Set it to your database",
            );
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(settings: &[(&str, &str)]) -> Vec<&'static str> {
        let pairs = settings.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(pairs).unwrap().warnings()
    }

    #[test]
    fn an_https_service_is_told_what_it_lacks() {
        let url = ("PROFILES_PUBLIC_URL", "https://sso.campus.example");
        let named = |settings: &[(&str, &str)]| {
            let all = [&[url], settings].concat();
            let names = warnings(&all).into_iter();
            names
                .filter_map(|warning| warning.split(' ').next())
                .collect::<Vec<_>>()
        };
        let [proxies, smtp, database] = [
            ("PROFILES_TRUSTED_PROXIES", "10.0.0.1"),
            ("PROFILES_SMTP_URL", "smtp://mail.campus.example"),
            ("DATABASE_URL", "postgres://localhost/profiles"),
        ];
        assert_eq!(named(&[]), [proxies.0, smtp.0, database.0]);
        assert_eq!(named(&[smtp, database]), [proxies.0]);
        assert_eq!(named(&[proxies]), [smtp.0, database.0]);
        assert!(named(&[proxies, smtp, database]).is_empty());
        assert!(warnings(&[("PROFILES_PUBLIC_URL", "http://localhost:8000")]).is_empty());
    }
}
