//! Connections to other servers.
//!
//! A name is resolved here, its addresses are checked here, and an address that was checked is the
//! one that is connected to: a name that means something else a moment later ("rebinding") leads
//! nowhere.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::address::is_public;

/// Names resolved at once. Each takes a thread of those that the store reads with; a name server
/// that does not answer must not take them all.
const LOOKUPS_MAX: usize = 128;
/// How long one address of several may take to answer.
const ADDRESS_TIME: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the URL names no host")]
    NoHost,
    #[error("the host cannot be resolved: {0}")]
    Unresolved(io::Error),
    #[error("the host has no address")]
    NoAddress,
    #[error("the host is at the private address {0}, which may not be connected to")]
    Private(IpAddr),
    #[error("{address} cannot be connected to: {error}")]
    Unreachable {
        address: SocketAddr,
        error: io::Error,
    },
    #[error("no TLS connection: {0}")]
    Tls(io::Error),
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    allow_private: bool,
    tls: TlsConnector,
    lookups: Arc<Semaphore>,
}

/// What is read from and written to, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connection for Box<dyn Stream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Connector {
    /// Trusts the certificate authorities that the system trusts.
    pub(super) fn new(allow_private: bool) -> Self {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (trusted, _) = roots.add_parsable_certificates(found.certs);
        if trusted == 0 {
            tracing::warn!(
                "the system trusts no certificate authority: nothing can be asked or delivered by https (on Debian, install ca-certificates)"
            );
        }
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            allow_private,
            tls: TlsConnector::from(Arc::new(config)),
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<Box<dyn Stream>>, ConnectError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(ConnectError::NoHost);
        }
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = self.reach(host, port).await?;
        // Requests are written whole: waiting to fill a segment only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let stream: Box<dyn Stream> = if is_secure {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
            let stream = self.tls.connect(name, stream).await;
            Box::new(stream.map_err(ConnectError::Tls)?)
        } else {
            Box::new(stream)
        };
        Ok(TokioIo::new(stream))
    }

    /// Connects to the first address that is allowed and answers.
    async fn reach(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let mut failed = ConnectError::NoAddress;
        for address in self.resolve(host, port).await? {
            if !self.allow_private && !is_public(address.ip()) {
                failed = ConnectError::Private(address.ip());
                continue;
            }
            let connecting = tokio::time::timeout(ADDRESS_TIME, TcpStream::connect(address));
            let connected = connecting
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = ConnectError::Unreachable { address, error },
            }
        }
        Err(failed)
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let unresolved = |error| ConnectError::Unresolved(io::Error::other(error));
        let lookups = Arc::clone(&self.lookups);
        let pass = lookups.acquire_owned().await;
        let host = host.to_owned();
        // The pass goes along: a lookup that nobody waits for any longer still has its thread.
        let lookup = tokio::task::spawn_blocking(move || {
            let _pass = pass;
            (host.as_str(), port).to_socket_addrs()
        });
        let addresses = lookup.await.map_err(unresolved)?;
        Ok(addresses.map_err(ConnectError::Unresolved)?.collect())
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
