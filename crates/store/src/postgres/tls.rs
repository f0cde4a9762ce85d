//! TLS to the database: rustls, with every certificate verified against its host's name.
//!
//! Spec: RFC 9525 §6 (by rustls)

use std::{
    convert::Infallible,
    future::Future,
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject as _},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{self, ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::{TlsConnector, client};

use super::OpenError;

/// Makes TLS connections.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts the authorities of the operating system and those in `extra`.
    pub(super) fn new(extra: &[&Path]) -> Result<Self, OpenError> {
        let bad = |why: String| OpenError::Authorities { why };
        let mut roots = RootCertStore::empty();
        let (_, unusable) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if unusable > 0 {
            tracing::debug!(
                unusable,
                "some authorities of the operating system were left out"
            );
        }
        for path in extra {
            let named = |why: String| bad(format!("{}: {why}", path.display()));
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| named(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| named(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| named(error.to_string()))?;
            }
        }
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| bad(error.to_string()))?
                .with_root_certificates(roots)
                .with_no_client_auth();
        // Servers that take TLS without asking first insist on the protocol's name.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Connector;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connector, Infallible> {
        Ok(Connector {
            name: ServerName::try_from(host.to_owned()),
            connector: TlsConnector::from(Arc::clone(&self.config)),
        })
    }
}

/// Makes one TLS connection, to one host.
pub(super) struct Connector {
    /// A connector is made for sockets of the file system too, which have no name and no TLS.
    name: Result<ServerName<'static>, InvalidDnsNameError>,
    connector: TlsConnector,
}

impl<S> TlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = self.name.map_err(io::Error::other)?;
            let stream = self.connector.connect(name, stream).await?;
            Ok(Stream(Box::new(stream)))
        })
    }
}

/// A TLS connection.
pub(super) struct Stream<S>(Box<client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> tls::TlsStream for Stream<S> {
    /// The certificate's name and chain are verified, which binds the password to the server as this would.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
