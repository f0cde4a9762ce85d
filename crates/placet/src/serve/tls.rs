//! The server's own TLS: certificate and key from files, read again when they change.
//!
//! New files that do not fit are told in the log and the old ones stay in use: a half-written file must not end a
//! server.
//!
//! Spec: RFC 8446, RFC 7301 (ALPN), RFC 9325 §3.1; RFC 9635 §7.3.2 (certificates of clients)

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::SystemTime,
};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _},
    server::{
        ParsedCertificate,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use tokio_rustls::TlsAcceptor;

use crate::{app::StartError, config::Tls};

/// When the two files were last changed, and how long they are.
type Stamps = [Option<(SystemTime, u64)>; 2];

/// Certificate and key in use.
#[derive(Clone)]
pub(super) struct TlsFiles(Arc<Inner>);

struct Inner {
    files: Tls,
    acceptor: RwLock<TlsAcceptor>,
    seen: Mutex<Stamps>,
}

impl TlsFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// [`StartError::Tls`] says which file does not fit.
    pub(super) fn load(files: Tls) -> Result<Self, StartError> {
        let seen = Mutex::new(stamps(&files));
        let acceptor = RwLock::new(acceptor(&files)?);
        Ok(Self(Arc::new(Inner {
            files,
            acceptor,
            seen,
        })))
    }

    /// What accepts the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let acceptor = self.0.acceptor.read();
        acceptor.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again when they have changed. Connections that stand keep what they began with.
    pub(super) fn follow(&self) {
        let now = stamps(&self.0.files);
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        drop(seen);
        match acceptor(&self.0.files) {
            Ok(acceptor) => {
                *self
                    .0
                    .acceptor
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = acceptor;
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the changed certificate is not used"),
        }
    }
}

fn stamps(files: &Tls) -> Stamps {
    [&files.cert, &files.key].map(|path| {
        let facts = fs::metadata(path).ok()?;
        Some((facts.modified().ok()?, facts.len()))
    })
}

fn acceptor(files: &Tls) -> Result<TlsAcceptor, StartError> {
    let fault = |path: &Path, why: &dyn std::fmt::Display| {
        StartError::Tls(format!("{}: {why}", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect)
        .map_err(|error| fault(&files.cert, &error))?;
    if chain.is_empty() {
        return Err(fault(&files.cert, &"holds no certificate"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| fault(&files.key, &error))?;
    let builder = ServerConfig::builder();
    let builder = if files.client_certificates {
        let verifier = AnyCertificate::new(builder.crypto_provider());
        builder.with_client_cert_verifier(Arc::new(verifier))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| StartError::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes any certificate whose key the client proves to have, and none. Who it belongs to is found by its digest: no authority
/// vouches for keys that clients make themselves.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl AnyCertificate {
    fn new(provider: &CryptoProvider) -> Self {
        Self(provider.signature_verification_algorithms)
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        ParsedCertificate::try_from(certificate)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
