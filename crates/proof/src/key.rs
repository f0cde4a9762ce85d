//! Private keys that sign, each with exactly one algorithm.
//!
//! Spec: RFC 7518 §3.3–3.5, RFC 8037 §3.1, RFC 8725 §3.1, RFC 9864 §2

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::error::ProofError;
use crate::jwk::PublicJwk;
use crate::key_material::KeyMaterial;

/// A signature algorithm. There is no `none` and no HMAC: they cannot be named, so they cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037 §3.1), called `EdDSA` or, by RFC 9864, `Ed25519` on the wire.
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518 §3.4).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 7518 §3.5).
    Ps256,
}

/// Which registered name is printed for Ed25519; both are accepted when reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ed25519Name {
    /// `EdDSA` (RFC 8037), the name most OAuth libraries know.
    #[default]
    EdDsa,
    /// `Ed25519` (RFC 9864), the fully specified name.
    Ed25519,
}

impl Algorithm {
    /// Every algorithm, in the order in which metadata documents list them.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// Returns the `alg` value, with the chosen name for Ed25519.
    pub fn name(self, ed25519: Ed25519Name) -> &'static str {
        match (self, ed25519) {
            (Self::EdDsa, Ed25519Name::EdDsa) => "EdDSA",
            (Self::EdDsa, Ed25519Name::Ed25519) => "Ed25519",
            (Self::Es256, _) => "ES256",
            (Self::Rs256, _) => "RS256",
            (Self::Ps256, _) => "PS256",
        }
    }

    /// Reads an `alg` value, case-sensitive (RFC 7515 §4.1.1); `None` for any other algorithm.
    ///
    /// ```
    /// use placet_proof::Algorithm;
    /// assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    /// assert_eq!(Algorithm::from_name("HS256"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            _ => None,
        }
    }
}

/// A private key with its one algorithm and its public half.
///
/// It holds no lock: one key may sign on many threads at once. RSA signing costs about 0.2 ms, the others about 0.01 ms.
pub struct SigningKey {
    pair: Pair,
    public: PublicJwk,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    /// Makes a fresh key from the system's random generator; RSA keys have 2048 bits and take up to a second or so.
    ///
    /// # Errors
    /// [`ProofError::Crypto`] if the generator or the library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, ProofError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed25519),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256)
            }
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048)
                .map(|pair| Pair::Rsa(pair, &RSA_PKCS1_SHA256)),
            Algorithm::Ps256 => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Pair::Rsa(pair, &RSA_PSS_SHA256))
            }
        }
        .map_err(|_| ProofError::Crypto)?;
        Self::from_pair(algorithm, pair)
    }

    /// Reads an unencrypted PKCS#8 key and gives it its algorithm.
    ///
    /// # Errors
    /// [`ProofError::BadKey`] if the bytes are not such a key, are a key for another algorithm, or an RSA key below 2048 bits.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, ProofError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::Ed25519),
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Pair::P256)
            }
            Algorithm::Rs256 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Pair::Rsa(pair, &RSA_PKCS1_SHA256))
            }
            Algorithm::Ps256 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Pair::Rsa(pair, &RSA_PSS_SHA256))
            }
        }
        .map_err(|_| ProofError::BadKey("pkcs8"))?;
        Self::from_pair(algorithm, pair)
    }

    fn from_pair(algorithm: Algorithm, pair: Pair) -> Result<Self, ProofError> {
        let material = match &pair {
            Pair::Ed25519(pair) => KeyMaterial::ed25519(pair.public_key().as_ref())?,
            Pair::P256(pair) => KeyMaterial::p256_uncompressed(pair.public_key().as_ref())?,
            Pair::Rsa(pair, _) => KeyMaterial::rsa_from_der(pair.public_key().as_ref())?,
        };
        let public = PublicJwk::new(algorithm, material, None)?;
        Ok(Self { pair, public })
    }

    /// Prints the key as unencrypted PKCS#8; the memory is wiped when the value is dropped.
    ///
    /// # Errors
    /// [`ProofError::Crypto`] if the library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, ProofError> {
        let bytes = match &self.pair {
            Pair::Ed25519(pair) => pair.to_pkcs8().map(|der| der.as_ref().to_vec()),
            Pair::P256(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Pair::Rsa(pair, _) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec())
            }
        };
        bytes.map(Zeroizing::new).map_err(|_| ProofError::Crypto)
    }

    /// Signs `message` and returns the signature in its JWS form (RFC 7518 §3, RFC 8037 §3.1).
    ///
    /// # Errors
    /// [`ProofError::Crypto`] if the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ProofError> {
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.try_sign(message).map(|bytes| bytes.as_ref().to_vec()),
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|bytes| bytes.as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut bytes)
                    .map(|()| bytes)
            }
        };
        signature.map_err(|_| ProofError::Crypto)
    }

    /// Returns the algorithm of this key, the only one it ever signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// Returns the key id: the RFC 7638 thumbprint of the public half.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// Returns the public half.
    pub fn public_jwk(&self) -> &PublicJwk {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
