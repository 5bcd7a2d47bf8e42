//! Whose certificates are good, and how TLS is spoken to whoever has one. What everybody trusts is
//! compiled in: the same on every machine.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

/// Newest first; 1.2 is the oldest that anybody is offered.
pub(super) const ALL_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// There is no certificate in a file, or one that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CertificateError;

/// Whom everybody trusts.
pub(super) fn public_authorities() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

/// Trusts the certificates in `pem` as well, of which there is one at least.
pub(super) fn trust(authorities: &mut RootCertStore, pem: &[u8]) -> Result<(), CertificateError> {
    let before = authorities.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| CertificateError)?;
        authorities.add(certificate).map_err(|_| CertificateError)?;
    }
    if authorities.len() == before {
        return Err(CertificateError);
    }
    Ok(())
}

/// A client of servers that one of `authorities` stands for.
pub(super) fn client(
    authorities: RootCertStore,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(config)
}
