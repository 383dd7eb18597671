//! `sidetone healthcheck`

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};

use crate::config::{ListenAddress, Settings};

/// Longest time an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The answer is one line; nobody sends more of a head.
const ANSWER_MAX_BYTES: u64 = 16 * 1024;

/// Ask the server of this machine whether it is ready: exit code 0 when it is, 1 when it is not
///
/// It asks GET /readyz at the address that the server is told to listen on, by the same options,
/// variables and file.
///
/// Example: sidetone healthcheck --listen 127.0.0.1:8080
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct HealthcheckArgs {
    /// Configuration file of the server [default: sidetone.toml, when there is one]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
    /// Address the server listens on [default: 127.0.0.1:8080]
    #[arg(long, env = "SIDETONE_LISTEN")]
    listen: Option<ListenAddress>,
    /// The server's certificate chain (PEM), when it serves TLS
    #[arg(long, env = "SIDETONE_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The server's private key (PEM)
    #[arg(long, env = "SIDETONE_TLS_KEY")]
    tls_key: Option<PathBuf>,
}

/// Asks, and says what came back.
///
/// # Errors
/// When the server is not ready, or not there.
pub async fn run(args: HealthcheckArgs) -> anyhow::Result<()> {
    let settings = Settings {
        listen: args.listen,
        tls_cert: args.tls_cert,
        tls_key: args.tls_key,
        ..Settings::default()
    };
    let config = settings.resolve(args.config.as_deref())?;
    let address = reachable(config.listen);
    let asking = async {
        let stream = TcpStream::connect(address).await?;
        if config.tls.is_none() {
            return ask(stream, address).await;
        }
        let name = ServerName::from(address.ip());
        ask(connector()?.connect(name, stream).await?, address).await
    };
    let answer = tokio::time::timeout(TIMEOUT, asking)
        .await
        .with_context(|| format!("no answer from {address} within {TIMEOUT:?}"))?
        .with_context(|| format!("no answer from {address}; is the server running there?"))?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        let line = answer.lines().next().unwrap_or_default();
        bail!("the server at {address} is not ready: {line}");
    }
    writeln!(std::io::stdout(), "ready")?;
    Ok(())
}

/// Where a server is reached that listens on all addresses: on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(at) if at.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, at.port()).into(),
        SocketAddr::V6(at) if at.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, at.port()).into(),
        at => at,
    }
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
) -> anyhow::Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Who closes without the end that TLS has may have said all the same.
    let read = stream.take(ANSWER_MAX_BYTES).read_to_end(&mut answer).await;
    if answer.is_empty() {
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn connector() -> anyhow::Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate: it names the server as others reach it, and nothing is told to it that is
/// not for everybody.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_this_machine() {
        for (listen, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:8080", "[::1]:8080"),
            ("192.0.2.1:8080", "192.0.2.1:8080"),
        ] {
            let reached = reachable(listen.parse().unwrap());
            assert_eq!(reached.to_string(), expected);
        }
    }
}
