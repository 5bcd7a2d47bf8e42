//! The command line arguments that all simulators share.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use clap::Args;

use super::Watch;
use super::authority::Authority;
use super::site::Site;

/// Where to listen.
#[derive(Debug, Args)]
pub struct Place {
    /// Address and port on loopback; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Speak TLS, and write the certificate to trust to this file
    #[arg(long)]
    pub ca_file: Option<PathBuf>,
}

impl Place {
    /// Serves until the process ends. Prints `listening on ADDRESS` to standard error.
    pub async fn serves(&self, watch: Watch, router: Router) {
        assert!(
            self.listen.ip().is_loopback(),
            "a simulator is for this machine only"
        );
        let authority = self.ca_file.as_ref().map(|path| {
            let authority = Authority::new();
            std::fs::write(path, authority.pem()).unwrap();
            authority
        });
        let site = Site::opens(self.listen, authority.as_ref(), watch, router).await;
        let _ = writeln!(std::io::stderr(), "listening on {}", site.origin);
        site.ends().await;
    }
}
