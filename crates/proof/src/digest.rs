//! `Content-Digest`: which bytes a header field vouches for.
//!
//! Spec: RFC 9530 §2, §5, RFC 9651 §3.3.5

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use data_encoding::BASE64;
use sfv::{BareItem, ListEntry};

use crate::error::ProofError;
use crate::structured::parse_dictionary;

/// Longest `Content-Digest` value read, in bytes.
const MAX_CONTENT_DIGEST_BYTES: usize = 4 * 1024;

/// A hash algorithm that `Content-Digest` may name.
///
/// The registry has more, but they are all insecure or deprecated (RFC 9530 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// Every algorithm, for tables.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Returns the registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// Reads a registered name; `None` for any other algorithm.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    fn hash(self, content: &[u8]) -> aws_lc_rs::digest::Digest {
        match self {
            Self::Sha256 => digest(&SHA256, content),
            Self::Sha512 => digest(&SHA512, content),
        }
    }
}

/// Returns the `Content-Digest` value for `content`.
///
/// ```
/// use placet_proof::{DigestAlgorithm, content_digest};
/// assert_eq!(
///     content_digest(DigestAlgorithm::Sha256, br#"{"hello": "world"}"#),
///     "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
/// );
/// ```
pub fn content_digest(algorithm: DigestAlgorithm, content: &[u8]) -> String {
    let hash = BASE64.encode(algorithm.hash(content).as_ref());
    format!("{}=:{hash}:", algorithm.name())
}

/// Checks a `Content-Digest` value against the bytes of the content and returns the algorithms that were checked.
///
/// Digests of unknown algorithms are passed over; every other one has to match, so that no two readers who know different
/// algorithms see different content.
///
/// # Errors
/// [`ProofError::TooLarge`] above 4 KiB, [`ProofError::Malformed`] unless it is a dictionary of byte sequences without repetitions,
/// [`ProofError::WrongDigest`] if a digest does not match, [`ProofError::UnknownDigest`] if no algorithm is known.
pub fn verify_content_digest(
    value: &str,
    content: &[u8],
) -> Result<Vec<DigestAlgorithm>, ProofError> {
    const MALFORMED: ProofError = ProofError::Malformed("content-digest");
    if value.len() > MAX_CONTENT_DIGEST_BYTES {
        return Err(ProofError::TooLarge);
    }
    let mut checked = Vec::new();
    for member in parse_dictionary(value).ok_or(MALFORMED)? {
        let ListEntry::Item(item) = &member.value else {
            return Err(MALFORMED);
        };
        let BareItem::ByteSequence(stated) = &item.bare_item else {
            return Err(MALFORMED);
        };
        let Some(algorithm) = DigestAlgorithm::from_name(&member.key) else {
            continue;
        };
        if algorithm.hash(content).as_ref() != stated.as_slice() {
            return Err(ProofError::WrongDigest);
        }
        checked.push(algorithm);
    }
    if checked.is_empty() {
        return Err(ProofError::UnknownDigest);
    }
    Ok(checked)
}
