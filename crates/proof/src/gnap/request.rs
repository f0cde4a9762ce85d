//! A request as the checks of a key proof see it.
//!
//! Spec: RFC 9635 §7.2, §7.3

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;

use crate::error::ProofError;
use crate::gnap::certificate::CertificateDigest;
use crate::httpsig::RequestParts;

/// A request with its content, and what the server knows about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GnapRequest<'a> {
    /// The method, case-sensitive.
    pub method: &'a str,
    /// The absolute URI, from the configured public address plus the raw path and query; see [`RequestParts::target_uri`].
    pub target_uri: &'a str,
    /// Every header field line in its order: (name in lower case, value).
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes of the content as they were sent; empty if there is none.
    pub body: &'a [u8],
    /// The access token this request has to carry as `Authorization: GNAP …`; `None` if the caller expects none. A token that is
    /// there all the same has to be signed too.
    pub token: Option<&'a str>,
    /// The certificate with which the client opened the TLS connection; `None` if it had none.
    pub certificate: Option<CertificateDigest>,
}

impl<'a> GnapRequest<'a> {
    pub(crate) fn parts(&self) -> RequestParts<'a> {
        RequestParts {
            method: self.method,
            target_uri: self.target_uri,
            headers: self.headers,
        }
    }

    /// Returns the token of the request after comparing it with the expected one.
    pub(crate) fn presented_token(&self) -> Result<Option<&'a str>, ProofError> {
        let header = self.parts().single("authorization")?;
        let presented = header.and_then(gnap_token);
        match (self.token, presented) {
            (None, presented) => Ok(presented),
            (Some(_), None) => Err(ProofError::MissingHeader("authorization")),
            (Some(expected), Some(presented)) => {
                verify_slices_are_equal(expected.as_bytes(), presented.as_bytes())
                    .map_err(|_| ProofError::WrongToken)?;
                Ok(Some(presented))
            }
        }
    }
}

impl fmt::Debug for GnapRequest<'_> {
    /// Shows neither fields nor content nor query: they carry tokens.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GnapRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Reads `GNAP <token>`; the name of the scheme may be in any case (RFC 9110 §11.1).
fn gnap_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim_matches([' ', '\t']).split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("GNAP")
        .then(|| token.trim_start_matches(' '))
}

/// The value of `ath`: the hash that ties a signed object to a token (§7.3.3).
pub(crate) fn token_hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, token.as_bytes()).as_ref())
}
