//! The certificate that connections are encrypted with. It can be read again while the server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// A certificate chain and its key, as read last.
#[derive(Debug)]
pub struct Certificate(RwLock<Arc<CertifiedKey>>);

impl Certificate {
    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// When either cannot be read or they do not belong together.
    pub fn load((chain, key): &(PathBuf, PathBuf)) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self(RwLock::new(read(chain, key)?))))
    }

    /// Takes over what another has read: connections from now on are shown it.
    pub fn replace(&self, other: &Self) {
        let read = other.current();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = read;
    }

    /// What encrypts connections with it.
    #[must_use]
    pub fn acceptor(self: &Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn read(chain: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read the certificates in {}", chain.display()))?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read the private key in {}", key.display()))?;
    let read = CertifiedKey::from_der(certificates, private, &default_provider());
    read.map(Arc::new).with_context(|| {
        format!(
            "the certificate in {} and the private key in {} are of no use together",
            chain.display(),
            key.display()
        )
    })
}
