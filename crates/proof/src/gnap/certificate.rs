//! The SHA-256 digest by which a client's certificate is known.
//!
//! Spec: RFC 8705 §3.1, RFC 7468 §2, §5.1, RFC 9635 §7.1

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, BASE64URL_NOPAD};

use crate::error::ProofError;
use crate::key_material::{SEQUENCE, der_element};

/// Longest certificate read, in bytes of its text.
const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// The digest of a certificate in DER, printed as `x5t#S256` and `cert#S256` are: 43 characters of base64url.
///
/// ```
/// use placet_proof::gnap::CertificateDigest;
/// let digest = CertificateDigest::of_der(b"\x30\x00");
/// assert_eq!(CertificateDigest::parse(&digest.to_string()), Ok(digest));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateDigest([u8; 32]);

impl CertificateDigest {
    /// Hashes a certificate in DER, as a TLS library hands it out.
    pub fn of_der(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, der).as_ref());
        Self(bytes)
    }

    /// Reads the 43 characters.
    ///
    /// # Errors
    /// [`ProofError::BadKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        const BAD: ProofError = ProofError::BadKey("cert#S256");
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BAD)?;
        bytes.try_into().map(Self).map_err(|_| BAD)
    }
}

impl fmt::Display for CertificateDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// Reads one certificate in PEM, with or without its first and last line, and returns its DER.
pub(crate) fn parse_pem(pem: &str) -> Result<Vec<u8>, ProofError> {
    const BAD: ProofError = ProofError::BadKey("cert");
    if pem.len() > MAX_CERTIFICATE_BYTES {
        return Err(ProofError::TooLarge);
    }
    let pem = pem.trim_ascii();
    let body = match pem.strip_prefix("-----BEGIN CERTIFICATE-----") {
        Some(rest) => rest.strip_suffix("-----END CERTIFICATE-----").ok_or(BAD)?,
        None => pem,
    };
    let letters: Vec<u8> = body
        .bytes()
        .filter(|letter| !letter.is_ascii_whitespace())
        .collect();
    // A second certificate would leave the dashes of its first line here, which are not base64.
    let der = BASE64.decode(&letters).map_err(|_| BAD)?;
    match der_element(SEQUENCE, &der) {
        Some((_, [])) => Ok(der),
        Some(_) | None => Err(BAD),
    }
}
