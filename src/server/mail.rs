//! The mail transport of the settings.

use std::path::Path;

use lettre::Address;

use crate::platform::config::Config;
use crate::platform::mail::{DkimSigner, MailSetupError, MailTransport};

/// The mail transport of the settings.
pub fn mail_transport(config: &Config) -> Result<MailTransport, MailSetupError> {
    let transport = match &config.smtp_url {
        Some(address) => {
            let file = config.smtp_ca_file.as_deref();
            let authority = file.map(|file| read_file("PROFILES_SMTP_CA_FILE", file));
            MailTransport::server(address, authority.transpose()?.as_deref())?
        }
        None => MailTransport::files(config.data_dir.join("mail")),
    };
    let Some(file) = &config.dkim_key_file else {
        return Ok(transport);
    };
    let from: Address = config.mail_from.parse()?;
    let key = read_file("PROFILES_DKIM_KEY_FILE", file)?;
    let signer = DkimSigner::parse(&key, &config.dkim_selector, from.domain());
    Ok(transport.with_signer(Some(signer.ok_or(MailSetupError::SigningKey)?)))
}

fn read_file(setting: &'static str, file: &Path) -> Result<Vec<u8>, MailSetupError> {
    std::fs::read(file).map_err(|source| MailSetupError::File { setting, source })
}
