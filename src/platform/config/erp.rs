//! The settings of the ERP of IIT Kharagpur as a way to sign in.

use std::path::PathBuf;

use url::Url;

use super::{ConfigError, SettingValues, upstream};

/// An ERP to sign in through.
#[derive(Debug, Clone)]
pub struct ErpSettings {
    /// Scheme, host and port.
    pub base: Url,
    pub ca_file: Option<PathBuf>,
    /// Read the name off its first page.
    pub fetch_name: bool,
    /// Ask for the password twice instead of holding it.
    pub reask_password: bool,
}

impl ErpSettings {
    /// None where no ERP is set.
    pub(super) fn read(values: &SettingValues<'_>) -> Result<Option<Self>, ConfigError> {
        let base = values.optional("PROFILES_ERP_URL", base)?;
        let ca_file = values.optional("PROFILES_ERP_CA_FILE", |text| Ok(PathBuf::from(text)))?;
        let fetch_name = values.required("PROFILES_ERP_FETCH_NAME", switch)?;
        let reask_password = values.required("PROFILES_ERP_REASK_PASSWORD", switch)?;
        Ok(base.map(|base| Self {
            base,
            ca_file,
            fetch_name,
            reask_password,
        }))
    }
}

fn base(text: &str) -> Result<Url, String> {
    let base = upstream(text)?;
    if base.path() == "/" {
        return Ok(base);
    }
    Err("must be scheme and host only, as https://erp.iitkgp.ac.in".to_owned())
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}
