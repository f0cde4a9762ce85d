//! Sets of public keys: those we publish and those clients register.
//!
//! Spec: RFC 7517 §5, OpenID Connect Core §10.1

use serde_json::{Value, json};

use crate::error::ProofError;
use crate::jwk::PublicJwk;
use crate::key::{Algorithm, Ed25519Name};
use crate::unique_json::parse_object;

/// Most keys a set may hold, those of unknown type included.
pub const MAX_KEYS: usize = 100;
/// Longest key set accepted, in bytes.
const MAX_JWKS_BYTES: usize = 256 * 1024;

/// A set of public keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Jwks {
    keys: Vec<PublicJwk>,
}

impl Jwks {
    /// Makes a set of the keys given, in their order.
    pub fn new(keys: Vec<PublicJwk>) -> Self {
        Self { keys }
    }

    /// Reads a key set; an RSA key without `alg` becomes an RS256 key.
    ///
    /// Keys of unknown type, curve, algorithm or use are skipped (RFC 7517 §5), and so are malformed ones.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] above 256 KiB, [`ProofError::Malformed`] if it is not a set,
    /// [`ProofError::TooManyKeys`] above [`MAX_KEYS`], [`ProofError::PrivateKeyMaterial`] if any key is not public.
    pub fn parse(json: &[u8]) -> Result<Self, ProofError> {
        Self::parse_with(json, Algorithm::Rs256)
    }

    /// Reads a key set of a client that registered one algorithm: an RSA key without `alg` gets it, and keys of any other
    /// algorithm are dropped, so RS256 cannot stand in where PS256 is registered.
    ///
    /// # Errors
    /// Those of [`Jwks::parse`].
    pub fn parse_pinned(json: &[u8], registered: Algorithm) -> Result<Self, ProofError> {
        let mut set = Self::parse_with(json, registered)?;
        set.keys.retain(|key| key.algorithm() == registered);
        Ok(set)
    }

    fn parse_with(json: &[u8], preferred: Algorithm) -> Result<Self, ProofError> {
        const MALFORMED: ProofError = ProofError::Malformed("jwks");
        if json.len() > MAX_JWKS_BYTES {
            return Err(ProofError::TooLarge);
        }
        let members = parse_object(json).ok_or(MALFORMED)?;
        let Some(Value::Array(entries)) = members.get("keys") else {
            return Err(MALFORMED);
        };
        if entries.len() > MAX_KEYS {
            return Err(ProofError::TooManyKeys);
        }
        let unnamed_rsa = match preferred {
            Algorithm::Ps256 => Algorithm::Ps256,
            Algorithm::Rs256 | Algorithm::EdDsa | Algorithm::Es256 => Algorithm::Rs256,
        };
        let mut keys = Vec::with_capacity(entries.len());
        for entry in entries {
            let Value::Object(members) = entry else {
                return Err(MALFORMED);
            };
            match PublicJwk::from_members(members, unnamed_rsa) {
                Ok(key) => keys.push(key),
                Err(ProofError::PrivateKeyMaterial) => return Err(ProofError::PrivateKeyMaterial),
                // One key we cannot read must not take the others away.
                Err(_) => {}
            }
        }
        Ok(Self { keys })
    }

    /// Prints the set; every key carries `use`, `alg` and `kid`.
    pub fn to_json(&self, ed25519: Ed25519Name) -> Value {
        let keys: Vec<Value> = self.keys.iter().map(|key| key.to_json(ed25519)).collect();
        json!({ "keys": keys })
    }

    /// Finds the key for a header's `kid` and algorithm.
    ///
    /// Without a `kid` the set must hold exactly one key of that algorithm (OpenID Connect Core §10.1).
    ///
    /// # Errors
    /// [`ProofError::UnknownKey`] if no key has this `kid`, or none or several fit a header without one;
    /// [`ProofError::WrongAlgorithm`] if the key of this `kid` has another algorithm.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&PublicJwk, ProofError> {
        let Some(kid) = kid else {
            let mut fitting = self.keys.iter().filter(|key| key.algorithm() == algorithm);
            return match (fitting.next(), fitting.next()) {
                (Some(key), None) => Ok(key),
                _ => Err(ProofError::UnknownKey),
            };
        };
        let mut refusal = ProofError::UnknownKey;
        for key in self.keys.iter().filter(|key| key.kid() == kid) {
            if key.algorithm() == algorithm {
                return Ok(key);
            }
            refusal = ProofError::WrongAlgorithm;
        }
        Err(refusal)
    }

    /// Returns the keys in their order.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys
    }
}
