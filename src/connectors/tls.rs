//! The TLS configuration of outgoing connections. The public roots are compiled in, so that they are the same
//! on every machine.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

/// Newest first. 1.2 is the oldest that is offered.
pub(super) const ALL_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A file contains no certificate, or an invalid one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CertificateError;

/// The roots of the public web.
pub(super) fn public_roots() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

/// Adds the certificates in `pem`, of which there must be at least one.
pub(super) fn add_certificates(
    roots: &mut RootCertStore,
    pem: &[u8],
) -> Result<(), CertificateError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| CertificateError)?;
        roots.add(certificate).map_err(|_| CertificateError)?;
    }
    if roots.len() == before {
        return Err(CertificateError);
    }
    Ok(())
}

/// The configuration of a client that trusts `roots`.
pub(super) fn client_config(
    roots: RootCertStore,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
