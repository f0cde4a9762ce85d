//! Public keys as JSON Web Keys, read strictly and ready to verify.
//!
//! Spec: RFC 7517 §4, RFC 7518 §6.1, RFC 9864 §2

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::ParsedPublicKey;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};

use crate::error::ProofError;
use crate::key::{Algorithm, Ed25519Name};
use crate::key_material::{KeyMaterial, text};
use crate::thumbprint::thumbprint;
use crate::unique_json::parse_object;

/// Longest single JWK accepted, in bytes: an RSA key of 8192 bits with room for certificates.
const MAX_JWK_BYTES: usize = 16 * 1024;
/// Longest `kid` accepted, in bytes.
const MAX_KID_BYTES: usize = 512;
/// Members that only private or symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key that verifies signatures of its one algorithm.
///
/// Cloning is cheap: the parsed key is shared.
#[derive(Clone)]
pub struct PublicJwk {
    algorithm: Algorithm,
    material: KeyMaterial,
    kid: String,
    parsed: Arc<ParsedPublicKey>,
}

impl PublicJwk {
    pub(crate) fn new(
        algorithm: Algorithm,
        material: KeyMaterial,
        kid: Option<String>,
    ) -> Result<Self, ProofError> {
        if !material.fits(algorithm) {
            return Err(ProofError::WrongAlgorithm);
        }
        let parsed = Arc::new(material.parsed(algorithm)?);
        let kid = kid.unwrap_or_else(|| thumbprint(&material));
        Ok(Self {
            algorithm,
            material,
            kid,
            parsed,
        })
    }

    /// Reads one public JWK. An RSA key without `alg` becomes an RS256 key.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] above 16 KiB, [`ProofError::Malformed`] if it is not a JSON object without duplicates,
    /// [`ProofError::PrivateKeyMaterial`], [`ProofError::UnsupportedKey`], [`ProofError::BadKey`],
    /// [`ProofError::WrongAlgorithm`] if `alg` does not fit the key.
    pub fn parse(json: &[u8]) -> Result<Self, ProofError> {
        if json.len() > MAX_JWK_BYTES {
            return Err(ProofError::TooLarge);
        }
        let members = parse_object(json).ok_or(ProofError::Malformed("jwk"))?;
        Self::from_members(&members, Algorithm::Rs256)
    }

    /// Reads the members of a JWK; `unnamed_rsa` is the algorithm of an RSA key without `alg`.
    pub(crate) fn from_members(
        members: &Map<String, Value>,
        unnamed_rsa: Algorithm,
    ) -> Result<Self, ProofError> {
        // A private key in a public place is burnt: taking only its public half would hide that.
        if PRIVATE_MEMBERS
            .iter()
            .any(|name| members.contains_key(*name))
        {
            return Err(ProofError::PrivateKeyMaterial);
        }
        // RFC 7517 §4.2–4.3: a key marked for something else does not verify signatures.
        if text(members, "use")?.is_some_and(|usage| usage != "sig") || !may_verify(members)? {
            return Err(ProofError::UnsupportedKey);
        }
        let material = KeyMaterial::from_members(members)?;
        let algorithm = match text(members, "alg")? {
            Some(name) => Algorithm::from_name(name).ok_or(ProofError::UnsupportedKey)?,
            None => material.only_algorithm().unwrap_or(unnamed_rsa),
        };
        let kid = text(members, "kid")?;
        if kid.is_some_and(|kid| kid.is_empty() || kid.len() > MAX_KID_BYTES) {
            return Err(ProofError::BadKey("kid"));
        }
        Self::new(algorithm, material, kid.map(str::to_owned))
    }

    /// Prints the key with `use`, `alg` and `kid`, and the chosen `alg` name for Ed25519.
    pub fn to_json(&self, ed25519: Ed25519Name) -> Value {
        let alg = self.algorithm.name(ed25519);
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match &self.material {
            KeyMaterial::Ed25519 { x } => json!({
                "kty": "OKP", "crv": "Ed25519", "x": encode(x),
                "use": "sig", "alg": alg, "kid": self.kid,
            }),
            KeyMaterial::P256 { x, y } => json!({
                "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y),
                "use": "sig", "alg": alg, "kid": self.kid,
            }),
            KeyMaterial::Rsa { n, e } => json!({
                "kty": "RSA", "n": encode(n), "e": encode(e),
                "use": "sig", "alg": alg, "kid": self.kid,
            }),
        }
    }

    /// Checks a signature in its JWS form over `message`.
    ///
    /// # Errors
    /// [`ProofError::BadSignature`] if it does not verify.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), ProofError> {
        self.parsed
            .verify_sig(message, signature)
            .map_err(|_| ProofError::BadSignature)
    }

    /// Returns the one algorithm this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the `kid` the key came with, or its thumbprint if it came without.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the RFC 7638 SHA-256 thumbprint, base64url without padding: 43 characters.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.material)
    }
}

impl PartialEq for PublicJwk {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
            && self.material == other.material
            && self.kid == other.kid
    }
}

impl Eq for PublicJwk {}

impl fmt::Debug for PublicJwk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PublicJwk")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

fn may_verify(members: &Map<String, Value>) -> Result<bool, ProofError> {
    match members.get("key_ops") {
        None => Ok(true),
        Some(Value::Array(operations)) => Ok(operations.iter().any(|name| name == "verify")),
        Some(_) => Err(ProofError::BadKey("key_ops")),
    }
}
