//! The interaction hash: how a client knows that the person who comes back was at this server for this request.
//!
//! 1. Four values, each on a line of its own, joined by one line feed and none at the end.
//! 2. Hashed by the method the client asked for; the payments profile knows SHA-256 alone.
//! 3. Encoded in base64url without padding; the payments profile uses base64 with padding.
//!
//! Spec: RFC 9635 §4.2.3; FIPS 202 §6.1

use aws_lc_rs::digest::{self, Algorithm, SHA3_256, SHA3_384, SHA3_512, SHA256, SHA384, SHA512};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};

/// How the hash is made, by its name in the registry of named information hash algorithms. Truncated and short ones are
/// not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum HashMethod {
    /// SHA-256, where the client names none.
    #[default]
    #[serde(rename = "sha-256")]
    Sha256,
    /// SHA-384.
    #[serde(rename = "sha-384")]
    Sha384,
    /// SHA-512.
    #[serde(rename = "sha-512")]
    Sha512,
    /// SHA3-256.
    #[serde(rename = "sha3-256")]
    Sha3256,
    /// SHA3-384.
    #[serde(rename = "sha3-384")]
    Sha3384,
    /// SHA3-512.
    #[serde(rename = "sha3-512")]
    Sha3512,
}

impl HashMethod {
    /// Every method accepted.
    pub const ALL: [Self; 6] = [
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3256,
        Self::Sha3384,
        Self::Sha3512,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
            Self::Sha3256 => "sha3-256",
            Self::Sha3384 => "sha3-384",
            Self::Sha3512 => "sha3-512",
        }
    }

    /// Reads a name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    const fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
            Self::Sha3256 => &SHA3_256,
            Self::Sha3384 => &SHA3_384,
            Self::Sha3512 => &SHA3_512,
        }
    }
}

/// How the hash is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum HashEncoding {
    /// base64url without padding (RFC 9635 §4.2.3).
    #[default]
    #[serde(rename = "base64url")]
    Base64Url,
    /// base64 with padding, which clients of the payments profile compare with.
    #[serde(rename = "base64")]
    Base64,
}

/// The four values that are hashed.
///
/// ```
/// use placet_proof::gnap::{HashEncoding, HashMethod, Interaction};
/// let interaction = Interaction {
///     client_nonce: "VJLO6A4CATR0KRO",
///     server_nonce: "MBDOFXG4Y5CVJCX821LH",
///     interact_ref: "4IFWWIKYB2PQ6U56NL1",
///     grant_endpoint: "https://server.example.com/tx",
/// };
/// let hash = interaction.hash(HashMethod::Sha256, HashEncoding::Base64Url);
/// assert_eq!(hash, "x-gguKWTj8rQf7d7i3w3UhzvuJ5bpOlKyAlVpLxBffY");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Interaction<'a> {
    /// `interact.finish.nonce` of the request.
    pub client_nonce: &'a str,
    /// `interact.finish` of the answer.
    pub server_nonce: &'a str,
    /// The interaction reference.
    pub interact_ref: &'a str,
    /// The URI of the grant endpoint as the client used it.
    pub grant_endpoint: &'a str,
}

impl Interaction<'_> {
    /// What is hashed. No value holds a line feed: nonces are read so, references and endpoints are made so.
    fn base(&self) -> String {
        let lines = [
            self.client_nonce,
            self.server_nonce,
            self.interact_ref,
            self.grant_endpoint,
        ];
        lines.join("\n")
    }

    /// The hash.
    pub fn hash(&self, method: HashMethod, encoding: HashEncoding) -> String {
        let hash = digest::digest(method.algorithm(), self.base().as_bytes());
        match encoding {
            HashEncoding::Base64Url => BASE64URL_NOPAD.encode(hash.as_ref()),
            HashEncoding::Base64 => BASE64.encode(hash.as_ref()),
        }
    }
}
