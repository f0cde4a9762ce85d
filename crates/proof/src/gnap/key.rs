//! A client's key and the way it is proven.
//!
//! Spec: RFC 9635 §7.1, §7.3, RFC 7638 §3, RFC 9421 §6.2

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use crate::digest::DigestAlgorithm;
use crate::error::ProofError;
use crate::gnap::certificate::{CertificateDigest, parse_pem};
use crate::jwk::PublicJwk;
use crate::key::{Algorithm, Ed25519Name};
use crate::key_material::text;
use crate::unique_json::parse_object;

/// Longest key object read, in bytes.
const MAX_KEY_BYTES: usize = 32 * 1024;
/// The forms in which a key may be given (RFC 9635 §7.1); exactly one is used.
const FORMS: [&str; 3] = ["jwk", "cert", "cert#S256"];

/// How a key is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProofMethod {
    /// An HTTP message signature (§7.3.1).
    HttpSig {
        /// The algorithm of `Content-Digest` that the object form declares; `None` for the string form, which means SHA-256.
        digest: Option<DigestAlgorithm>,
    },
    /// The certificate of the TLS connection (§7.3.2).
    Mtls,
    /// A signed object in the field `Detached-JWS` (§7.3.3).
    Jwsd,
    /// A signed object as the content of the request (§7.3.4).
    Jws,
}

impl ProofMethod {
    /// The string form of `httpsig`.
    pub const HTTPSIG: Self = Self::HttpSig { digest: None };

    /// Returns the registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpSig { .. } => "httpsig",
            Self::Mtls => "mtls",
            Self::Jwsd => "jwsd",
            Self::Jws => "jws",
        }
    }

    /// Reads the `proof` of a key; only `httpsig` has an object form.
    fn parse(proof: &Value, algorithm: Option<Algorithm>) -> Result<Self, ProofError> {
        const BAD: ProofError = ProofError::BadKey("proof");
        match proof {
            Value::String(name) => match name.as_str() {
                "httpsig" => Ok(Self::HTTPSIG),
                "mtls" => Ok(Self::Mtls),
                "jwsd" => Ok(Self::Jwsd),
                "jws" => Ok(Self::Jws),
                _ => Err(ProofError::WrongProofMethod),
            },
            Value::Object(members) => {
                let required = |name| text(members, name)?.ok_or(BAD);
                if required("method")? != "httpsig" {
                    return Err(ProofError::WrongProofMethod);
                }
                // §7.3.1: with a JWK the algorithm is that of the JWK, so the declared one has to be the same.
                let declared = required("alg")?;
                if algorithm.and_then(registered_name) != Some(declared) {
                    return Err(ProofError::WrongAlgorithm);
                }
                let digest = DigestAlgorithm::from_name(required("content-digest-alg")?);
                Ok(Self::HttpSig {
                    digest: Some(digest.ok_or(ProofError::UnknownDigest)?),
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(BAD),
        }
    }
}

/// The name of an algorithm in the registry of HTTP signature algorithms (RFC 9421 §6.2.2), which has none for PS256.
fn registered_name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::EdDsa => Some("ed25519"),
        Algorithm::Es256 => Some("ecdsa-p256-sha256"),
        Algorithm::Rs256 => Some("rsa-v1_5-sha256"),
        Algorithm::Ps256 => None,
    }
}

/// A public key with its proof method.
///
/// Signatures need a JWK, since a certificate does not say which of its key's algorithms is meant; mutual TLS needs a certificate or
/// its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GnapKey {
    proof: ProofMethod,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Jwk {
        jwk: PublicJwk,
        /// The name under which the key calls Ed25519.
        ed25519: Ed25519Name,
    },
    Certificate {
        der: Vec<u8>,
    },
    Digest(CertificateDigest),
}

impl GnapKey {
    /// Makes a key that is proven by signatures.
    ///
    /// # Errors
    /// [`ProofError::WrongProofMethod`] for mutual TLS.
    pub fn new(jwk: PublicJwk, proof: ProofMethod) -> Result<Self, ProofError> {
        let ed25519 = Ed25519Name::EdDsa;
        Self::fitting(Form::Jwk { jwk, ed25519 }, proof)
    }

    /// Makes a key that is proven by mutual TLS with the certificate of this digest.
    pub fn of_certificate(digest: CertificateDigest) -> Self {
        Self {
            proof: ProofMethod::Mtls,
            form: Form::Digest(digest),
        }
    }

    /// Reads a key object: `{"proof": …, "jwk" | "cert" | "cert#S256": …}`.
    ///
    /// ```
    /// use placet_proof::gnap::{GnapKey, ProofMethod};
    /// let key = GnapKey::parse(br#"{"proof": "httpsig", "jwk": {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA",
    ///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#)?;
    /// assert_eq!(key.proof(), ProofMethod::HTTPSIG);
    /// assert_eq!(key.kid(), Some("k1"));
    /// assert_eq!(GnapKey::from_json(&key.to_json())?, key);
    /// # Ok::<(), placet_proof::ProofError>(())
    /// ```
    ///
    /// # Errors
    /// [`ProofError::TooLarge`] above 32 KiB, [`ProofError::Malformed`] if it is not a JSON object without duplicates, and those of
    /// [`GnapKey::from_json`].
    pub fn parse(json: &[u8]) -> Result<Self, ProofError> {
        if json.len() > MAX_KEY_BYTES {
            return Err(ProofError::TooLarge);
        }
        Self::from_members(&parse_object(json).ok_or(ProofError::Malformed("key"))?)
    }

    /// Reads a key object from JSON that was already parsed, and parsed so that no member is there twice.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] if it is no object; [`ProofError::BadKey`] if there is not exactly one form, or `proof`, `kid` or `alg`
    /// is missing; [`ProofError::WrongProofMethod`] if the method is unknown or does not go with the form;
    /// [`ProofError::UnknownDigest`]; those of [`PublicJwk::parse`].
    pub fn from_json(key: &Value) -> Result<Self, ProofError> {
        Self::from_members(key.as_object().ok_or(ProofError::Malformed("key"))?)
    }

    /// Reads a JWK that comes without a key object, as in Open Payments; `alg` and `kid` are required.
    ///
    /// # Errors
    /// Those of [`GnapKey::from_json`].
    pub fn from_jwk(jwk: &Value, proof: ProofMethod) -> Result<Self, ProofError> {
        Self::fitting(jwk_form(jwk)?, proof)
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self, ProofError> {
        let mut given = FORMS.iter().filter(|form| members.contains_key(**form));
        // §7.1: one and only one form, so that nobody proves one key and is taken for the holder of another (§11.3).
        let form = match (given.next(), given.next()) {
            (Some(&"jwk"), None) => jwk_form(members.get("jwk").unwrap_or(&Value::Null))?,
            (Some(&"cert"), None) => {
                let pem = text(members, "cert")?.unwrap_or_default();
                Form::Certificate {
                    der: parse_pem(pem)?,
                }
            }
            (Some(_), None) => {
                let digest = text(members, "cert#S256")?.unwrap_or_default();
                Form::Digest(CertificateDigest::parse(digest)?)
            }
            (None, _) | (_, Some(_)) => return Err(ProofError::BadKey("form")),
        };
        let proof = members.get("proof").ok_or(ProofError::BadKey("proof"))?;
        let algorithm = match &form {
            Form::Jwk { jwk, .. } => Some(jwk.algorithm()),
            Form::Certificate { .. } | Form::Digest(_) => None,
        };
        Self::fitting(form, ProofMethod::parse(proof, algorithm)?)
    }

    fn fitting(form: Form, proof: ProofMethod) -> Result<Self, ProofError> {
        let signs = matches!(form, Form::Jwk { .. });
        if signs == (proof == ProofMethod::Mtls) {
            return Err(ProofError::WrongProofMethod);
        }
        Ok(Self { proof, form })
    }

    /// Prints the key object.
    pub fn to_json(&self) -> Value {
        let mut key = Map::new();
        let algorithm = self.jwk().map(PublicJwk::algorithm);
        let proof = match self.proof {
            ProofMethod::HttpSig {
                digest: Some(digest),
            } => json!({
                "method": "httpsig",
                "alg": algorithm.and_then(registered_name),
                "content-digest-alg": digest.name(),
            }),
            ProofMethod::HttpSig { digest: None }
            | ProofMethod::Mtls
            | ProofMethod::Jwsd
            | ProofMethod::Jws => Value::from(self.proof.name()),
        };
        key.insert("proof".to_owned(), proof);
        let (name, value) = match &self.form {
            Form::Jwk { jwk, ed25519 } => ("jwk", jwk.to_json(*ed25519)),
            Form::Certificate { der } => ("cert", Value::from(BASE64.encode(der))),
            Form::Digest(digest) => ("cert#S256", Value::from(digest.to_string())),
        };
        key.insert(name.to_owned(), value);
        Value::Object(key)
    }

    /// Returns how the key is proven.
    pub fn proof(&self) -> ProofMethod {
        self.proof
    }

    /// Returns the `kid` of the JWK; `None` for a certificate.
    pub fn kid(&self) -> Option<&str> {
        self.jwk().map(PublicJwk::kid)
    }

    /// Returns the JWK; `None` for a certificate.
    pub fn jwk(&self) -> Option<&PublicJwk> {
        match &self.form {
            Form::Jwk { jwk, .. } => Some(jwk),
            Form::Certificate { .. } | Form::Digest(_) => None,
        }
    }

    /// Returns the digest of the certificate; `None` for a JWK.
    pub fn certificate(&self) -> Option<CertificateDigest> {
        match &self.form {
            Form::Jwk { .. } => None,
            Form::Certificate { der } => Some(CertificateDigest::of_der(der)),
            Form::Digest(digest) => Some(*digest),
        }
    }

    /// Returns what the key is known by, whatever its `kid`: the RFC 7638 thumbprint of a JWK or the RFC 8705 digest of a
    /// certificate, 43 characters.
    pub fn thumbprint(&self) -> String {
        match &self.form {
            Form::Jwk { jwk, .. } => jwk.thumbprint(),
            Form::Certificate { der } => CertificateDigest::of_der(der).to_string(),
            Form::Digest(digest) => digest.to_string(),
        }
    }
}

fn jwk_form(jwk: &Value) -> Result<Form, ProofError> {
    let members = jwk.as_object().ok_or(ProofError::BadKey("jwk"))?;
    // §7.1: both are required here, though a JWK elsewhere may go without. `none` is no algorithm that can be named.
    for name in ["kid", "alg"] {
        text(members, name)?.ok_or(ProofError::BadKey(name))?;
    }
    let ed25519 = match text(members, "alg")? {
        Some("Ed25519") => Ed25519Name::Ed25519,
        Some(_) | None => Ed25519Name::EdDsa,
    };
    let jwk = PublicJwk::from_members(members, Algorithm::Rs256)?;
    Ok(Form::Jwk { jwk, ed25519 })
}
