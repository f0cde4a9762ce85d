//! PKCE: whoever redeems a code shows that they began the request.
//!
//! Only `S256` exists here: `plain` gives the verifier to whoever reads the authorization request.
//!
//! Spec: RFC 7636 §4.1–4.6, RFC 9700 §2.1.1

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::error::ProofError;

/// Bytes of a SHA-256 hash; its base64url form has 43 characters (RFC 7636 §4.2).
const HASH_BYTES: usize = 32;
/// Shortest and longest `code_verifier` in characters (RFC 7636 §4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// An `S256` code challenge.
///
/// ```
/// use placet_proof::{CodeChallenge, CodeVerifier};
/// let challenge = CodeChallenge::parse(Some("S256"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")?;
/// let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
/// challenge.verify(&verifier)?;
/// # Ok::<(), placet_proof::ProofError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeChallenge([u8; HASH_BYTES]);

impl CodeChallenge {
    /// The only value of `code_challenge_method` accepted.
    pub const METHOD: &'static str = "S256";

    /// Reads `code_challenge_method` and `code_challenge`.
    ///
    /// # Errors
    /// [`ProofError::WrongChallengeMethod`] unless the method is `S256`; an absent one means `plain` (RFC 7636 §4.3).
    /// [`ProofError::BadChallenge`] unless the challenge is 43 characters of base64url.
    pub fn parse(method: Option<&str>, challenge: &str) -> Result<Self, ProofError> {
        if method != Some(Self::METHOD) {
            return Err(ProofError::WrongChallengeMethod);
        }
        let bytes = BASE64URL_NOPAD
            .decode(challenge.as_bytes())
            .map_err(|_| ProofError::BadChallenge)?;
        let hash = bytes.try_into().map_err(|_| ProofError::BadChallenge)?;
        Ok(Self(hash))
    }

    /// Checks that `verifier` is the one this challenge was made from, in constant time.
    ///
    /// # Errors
    /// [`ProofError::WrongVerifier`] if it is not.
    pub fn verify(&self, verifier: &CodeVerifier) -> Result<(), ProofError> {
        let hash = digest(&SHA256, verifier.0.as_bytes());
        verify_slices_are_equal(&self.0, hash.as_ref()).map_err(|_| ProofError::WrongVerifier)
    }
}

impl fmt::Display for CodeChallenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// A `code_verifier`: a secret, so it has no `Display` and no `PartialEq`, and its memory is wiped.
pub struct CodeVerifier(Zeroizing<String>);

impl CodeVerifier {
    /// Reads a `code_verifier`.
    ///
    /// # Errors
    /// [`ProofError::BadVerifier`] unless it is 43 to 128 characters of `A-Z a-z 0-9 - . _ ~`.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if !VERIFIER_CHARS.contains(&text.len()) || !text.bytes().all(unreserved) {
            return Err(ProofError::BadVerifier);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the challenge a client would send for this verifier (RFC 7636 §4.2).
    pub fn challenge(&self) -> CodeChallenge {
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(digest(&SHA256, self.0.as_bytes()).as_ref());
        CodeChallenge(hash)
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeVerifier")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc7636_4_3_only_s256_is_a_method() {
        let cases = [
            None,
            Some("plain"),
            Some(""),
            Some("s256"),
            Some("S256 "),
            Some("S512"),
        ];
        for method in cases {
            assert_eq!(
                CodeChallenge::parse(method, CHALLENGE),
                Err(ProofError::WrongChallengeMethod),
                "{method:?}"
            );
        }
    }

    #[test]
    fn rfc7636_4_2_challenge_is_strict_base64url() {
        let long = "A".repeat(44);
        let cases = [
            ("empty", ""),
            ("short", CHALLENGE.trim_start_matches('E')),
            ("long", long.as_str()),
            ("padded", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="),
            (
                "plus of standard base64",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            ),
            (
                "trailing bits",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            ),
            ("not ASCII", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-é"),
        ];
        for (name, challenge) in cases {
            assert_eq!(
                CodeChallenge::parse(Some("S256"), challenge),
                Err(ProofError::BadChallenge),
                "{name}"
            );
        }
    }

    #[test]
    fn rfc7636_4_1_verifier_length_and_alphabet() {
        let cases = [
            ("shortest", "a".repeat(43), true),
            ("longest", "a".repeat(128), true),
            ("all marks", format!("{}-._~", "Z9".repeat(20)), true),
            ("too short", "a".repeat(42), false),
            ("too long", "a".repeat(129), false),
            ("space", format!("{} ", "a".repeat(43)), false),
            ("plus", format!("{}+", "a".repeat(43)), false),
            ("not ASCII", "é".repeat(30), false),
        ];
        for (name, text, accepted) in cases {
            assert_eq!(CodeVerifier::parse(&text).is_ok(), accepted, "{name}");
        }
    }

    #[test]
    fn debug_does_not_show_the_verifier() {
        let verifier = CodeVerifier::parse(&"secret-".repeat(7)).unwrap();
        assert_eq!(format!("{verifier:?}"), "CodeVerifier");
    }
}
