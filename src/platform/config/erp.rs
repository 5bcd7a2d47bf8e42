//! Settings of the ERP of IIT Kharagpur.

use std::path::PathBuf;

use url::Url;

use super::{ConfigError, SettingValues, parse_base_url};

/// An ERP.
#[derive(Debug, Clone)]
pub struct ErpSettings {
    /// Scheme, host and port.
    pub base: Url,
    pub ca_file: Option<PathBuf>,
    /// Read the person's name from the ERP's first page.
    pub fetch_name: bool,
    /// Ask for the password twice instead of keeping it in memory.
    pub reask_password: bool,
}

impl ErpSettings {
    /// `None` if no ERP is configured.
    pub(super) fn read(values: &SettingValues<'_>) -> Result<Option<Self>, ConfigError> {
        let base = values.optional("PROFILES_ERP_URL", parse_origin)?;
        let ca_file = values.optional("PROFILES_ERP_CA_FILE", |text| Ok(PathBuf::from(text)))?;
        let fetch_name = values.required("PROFILES_ERP_FETCH_NAME", parse_switch)?;
        let reask_password = values.required("PROFILES_ERP_REASK_PASSWORD", parse_switch)?;
        Ok(base.map(|base| Self {
            base,
            ca_file,
            fetch_name,
            reask_password,
        }))
    }
}

fn parse_origin(text: &str) -> Result<Url, String> {
    let base = parse_base_url(text)?;
    if base.path() == "/" {
        return Ok(base);
    }
    Err("must be scheme and host only, as https://erp.iitkgp.ac.in".to_owned())
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}
