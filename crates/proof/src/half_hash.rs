//! `at_hash` and `c_hash`: the half hash that ties an ID token to a token or code beside it.
//!
//! Spec: OpenID Connect Core §3.1.3.6, §3.3.2.11

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use data_encoding::BASE64URL_NOPAD;

use crate::key::Algorithm;

/// Returns the base64url form of the left half of the hash of `value`, for an ID token signed with `algorithm`.
///
/// Ed25519 hashes with SHA-512 inside, so SHA-512 is the hash of its ID tokens; the others use SHA-256.
///
/// ```
/// use placet_proof::{Algorithm, half_hash};
/// let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
/// assert_eq!(half_hash(Algorithm::Rs256, code), "LDktKdoQak3Pk0cnXxCltA");
/// ```
pub fn half_hash(algorithm: Algorithm, value: &str) -> String {
    let hash = match algorithm {
        Algorithm::EdDsa => digest(&SHA512, value.as_bytes()),
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => digest(&SHA256, value.as_bytes()),
    };
    let bytes = hash.as_ref();
    let (left, _) = bytes.split_at(bytes.len() / 2);
    BASE64URL_NOPAD.encode(left)
}
