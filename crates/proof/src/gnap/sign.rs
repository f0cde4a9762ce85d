//! The client's side: proving a key with a request.
//!
//! Spec: RFC 9635 §7.2, §7.3.1–7.3.4, RFC 9421 §3.1

use std::fmt;
use std::sync::Arc;

use crate::digest::{DigestAlgorithm, content_digest};
use crate::error::ProofError;
use crate::gnap::http_signature::{ROTATION_TAG, TAG};
use crate::gnap::key::ProofMethod;
use crate::gnap::policy::Profile;
use crate::gnap::request::{GnapRequest, token_hash};
use crate::gnap::signed_object::{FIELD, MEDIA_TYPE, ObjectHeader, Step, detached_payload, typ};
use crate::httpsig::{Component, Parameter, Plan, RequestParts, SignatureFields, sign};
use crate::jws::sign_compact;
use crate::key::{Ed25519Name, SigningKey};

/// The labels under which a client signs.
const LABEL: &str = "sig1";
const OLD_LABEL: &str = "old-key";
const NEW_LABEL: &str = "new-key";
/// Fields of the content that are covered whenever the request has them.
const CONTENT_FIELDS: [&str; 2] = ["content-length", "content-type"];

/// When a proof is made, and what makes it unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// Seconds since 1970.
    pub created: i64,
    /// An unguessable value that is used once; only HTTP message signatures carry it.
    pub nonce: Option<&'a str>,
}

/// What a proof adds to a request.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Fields that take the place of fields of the same name, in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The content to send.
    pub body: Vec<u8>,
}

impl fmt::Debug for SignedRequest {
    /// Shows the names of the fields, whose values carry tokens.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.headers.iter().map(|(name, _)| name);
        formatter.debug_list().entries(names).finish()
    }
}

/// Proves one key, by one method.
///
/// ```
/// use std::sync::Arc;
/// use placet_proof::gnap::{GnapKey, GnapRequest, GnapSigner, Policy, ProofMethod, Stamp, verify_request};
/// use placet_proof::{Algorithm, SigningKey};
///
/// let key = Arc::new(SigningKey::generate(Algorithm::Es256)?);
/// let signer = GnapSigner::new(Arc::clone(&key), key.kid(), ProofMethod::Jwsd);
/// let request = GnapRequest {
///     method: "POST", target_uri: "https://as.example/gnap", headers: &[], body: b"{}", token: None, certificate: None,
/// };
/// let signed = signer.sign(&request, &Stamp { created: 1_800_000_000, nonce: None })?;
///
/// let headers: Vec<_> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
/// let received = GnapRequest { headers: &headers, ..request };
/// let bound = GnapKey::new(key.public_jwk().clone(), ProofMethod::Jwsd)?;
/// let proof = verify_request(&bound, &received, 1_800_000_001, &Policy::rfc9635())?;
/// assert_eq!(proof.keyid(), Some(key.kid()));
/// # Ok::<(), placet_proof::ProofError>(())
/// ```
#[derive(Debug, Clone)]
pub struct GnapSigner {
    key: Arc<SigningKey>,
    kid: String,
    proof: ProofMethod,
    profile: Profile,
}

impl GnapSigner {
    /// Makes a signer for a key that is known as `kid`, by the rules of RFC 9635.
    pub fn new(key: Arc<SigningKey>, kid: &str, proof: ProofMethod) -> Self {
        Self {
            key,
            kid: kid.to_owned(),
            proof,
            profile: Profile::Rfc9635,
        }
    }

    /// Makes a signer that signs as the Open Payments clients do: an HTTP message signature without tag, and SHA-512.
    pub fn open_payments(key: Arc<SigningKey>, kid: &str) -> Self {
        Self {
            key,
            kid: kid.to_owned(),
            proof: ProofMethod::HttpSig {
                digest: Some(DigestAlgorithm::Sha512),
            },
            profile: Profile::OpenPayments,
        }
    }

    /// Signs a request; its `token` becomes the `Authorization`. The fields `content-length` and `content-type` are covered if the
    /// request has them.
    ///
    /// # Errors
    /// [`ProofError::WrongProofMethod`] for mutual TLS, which signs nothing here; [`ProofError::BadComponent`] or
    /// [`ProofError::Malformed`] if the request has no form that can be signed; [`ProofError::Crypto`].
    pub fn sign(
        &self,
        request: &GnapRequest<'_>,
        stamp: &Stamp<'_>,
    ) -> Result<SignedRequest, ProofError> {
        match self.proof {
            ProofMethod::HttpSig { .. } => {
                let mut headers = self.added_fields(request);
                let signature = self.sign_parts(request, &headers, LABEL, stamp, None)?;
                headers.push(("signature-input", signature.input));
                headers.push(("signature", signature.signature));
                Ok(SignedRequest {
                    headers,
                    body: request.body.to_vec(),
                })
            }
            ProofMethod::Jwsd | ProofMethod::Jws => {
                let payload = self.payload(request);
                let object = self.object(request, stamp, Step::Request, &payload)?;
                Ok(self.with_object(request, object))
            }
            ProofMethod::Mtls => Err(ProofError::WrongProofMethod),
        }
    }

    /// Signs a request that asks for the key of `new` in the place of this one. The stamps are those of this key and of the new one.
    ///
    /// # Errors
    /// [`ProofError::WrongProofMethod`] if the two keys are not proven alike, and those of [`GnapSigner::sign`].
    pub fn sign_rotation(
        &self,
        new: &Self,
        request: &GnapRequest<'_>,
        stamps: [&Stamp<'_>; 2],
    ) -> Result<SignedRequest, ProofError> {
        if self.proof != new.proof {
            return Err(ProofError::WrongProofMethod);
        }
        let [old_stamp, new_stamp] = stamps;
        match self.proof {
            ProofMethod::HttpSig { .. } => {
                let mut headers = self.added_fields(request);
                let old = self.sign_parts(request, &headers, OLD_LABEL, old_stamp, None)?;
                let added = new.sign_parts(request, &headers, NEW_LABEL, new_stamp, Some(&old))?;
                headers.push(("signature-input", join(&old.input, &added.input)));
                headers.push(("signature", join(&old.signature, &added.signature)));
                Ok(SignedRequest {
                    headers,
                    body: request.body.to_vec(),
                })
            }
            ProofMethod::Jwsd | ProofMethod::Jws => {
                let payload = self.payload(request);
                let inner = self.object(request, old_stamp, Step::Rotation, &payload)?;
                let object = new.object(request, new_stamp, Step::Request, inner.as_bytes())?;
                Ok(self.with_object(request, object))
            }
            ProofMethod::Mtls => Err(ProofError::NoRotation),
        }
    }

    /// The fields that are signed and that the request does not have by itself.
    fn added_fields(&self, request: &GnapRequest<'_>) -> Vec<(&'static str, String)> {
        let mut headers = authorization(request);
        if !request.body.is_empty() {
            let algorithm = match self.proof {
                ProofMethod::HttpSig { digest } => digest,
                ProofMethod::Mtls | ProofMethod::Jwsd | ProofMethod::Jws => None,
            };
            let algorithm = algorithm.unwrap_or(DigestAlgorithm::Sha256);
            headers.push(("content-digest", content_digest(algorithm, request.body)));
        }
        headers
    }

    /// Makes one signature; that of a new key covers `old`.
    fn sign_parts(
        &self,
        request: &GnapRequest<'_>,
        added: &[(&'static str, String)],
        label: &str,
        stamp: &Stamp<'_>,
        old: Option<&SignatureFields>,
    ) -> Result<SignatureFields, ProofError> {
        let replaced = |name: &str| added.iter().any(|(other, _)| *other == name);
        let mut headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .copied()
            .filter(|(name, _)| !replaced(name))
            .collect();
        headers.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
        let mut covered = vec![Component::new("@method")?, Component::new("@target-uri")?];
        let has = |name: &str| headers.iter().any(|(other, _)| *other == name);
        if !request.body.is_empty() {
            covered.push(Component::new("content-digest")?);
            for name in CONTENT_FIELDS.into_iter().filter(|name| has(name)) {
                covered.push(Component::new(name)?);
            }
        }
        if has("authorization") {
            covered.push(Component::new("authorization")?);
        }
        if let Some(old) = old {
            headers.push(("signature", old.signature.as_str()));
            headers.push(("signature-input", old.input.as_str()));
            covered.push(Component::member("signature", OLD_LABEL)?);
            covered.push(Component::member("signature-input", OLD_LABEL)?);
        }
        let parts = RequestParts {
            method: request.method,
            target_uri: request.target_uri,
            headers: &headers,
        };
        let plan = Plan {
            label,
            components: &covered,
            params: &self.params(stamp, old.is_some()),
        };
        sign(&self.key, &parts, &plan)
    }

    fn params<'a>(&'a self, stamp: &Stamp<'a>, takes_over: bool) -> Vec<Parameter<'a>> {
        let created = Parameter::Created(stamp.created);
        let keyid = Parameter::KeyId(&self.kid);
        let tag = if takes_over { ROTATION_TAG } else { TAG };
        match self.profile {
            Profile::Rfc9635 => {
                let mut params = vec![created, keyid];
                params.extend(stamp.nonce.map(Parameter::Nonce));
                params.push(Parameter::Tag(tag));
                params
            }
            Profile::OpenPayments if takes_over => vec![keyid, created, Parameter::Tag(tag)],
            Profile::OpenPayments => vec![keyid, created],
        }
    }

    fn payload(&self, request: &GnapRequest<'_>) -> Vec<u8> {
        if self.proof == ProofMethod::Jws {
            request.body.to_vec()
        } else {
            detached_payload(request.body)
        }
    }

    fn object(
        &self,
        request: &GnapRequest<'_>,
        stamp: &Stamp<'_>,
        step: Step,
        payload: &[u8],
    ) -> Result<String, ProofError> {
        let header = ObjectHeader {
            alg: self.key.algorithm().name(Ed25519Name::EdDsa),
            kid: &self.kid,
            typ: typ(self.proof, step)?,
            htm: request.method,
            uri: request.target_uri,
            created: stamp.created,
            ath: request.token.map(token_hash),
        };
        let header = serde_json::to_vec(&header).map_err(|_| ProofError::Malformed("header"))?;
        sign_compact(&self.key, &header, payload)
    }

    fn with_object(&self, request: &GnapRequest<'_>, object: String) -> SignedRequest {
        let mut headers = authorization(request);
        if self.proof == ProofMethod::Jws && !request.body.is_empty() {
            headers.push(("content-type", MEDIA_TYPE.to_owned()));
            return SignedRequest {
                headers,
                body: object.into_bytes(),
            };
        }
        headers.push((FIELD, object));
        SignedRequest {
            headers,
            body: request.body.to_vec(),
        }
    }
}

fn authorization(request: &GnapRequest<'_>) -> Vec<(&'static str, String)> {
    let value = request.token.map(|token| format!("GNAP {token}"));
    value
        .map(|value| ("authorization", value))
        .into_iter()
        .collect()
}

fn join(first: &str, second: &str) -> String {
    format!("{first}, {second}")
}
