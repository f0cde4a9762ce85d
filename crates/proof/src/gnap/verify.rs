//! Checking that the holder of a key sent a request.
//!
//! Spec: RFC 9635 §6.1.1, §7.3, §7.3.2

use std::borrow::Cow;

use crate::error::ProofError;
use crate::gnap::key::{GnapKey, ProofMethod};
use crate::gnap::policy::{Policy, Profile};
use crate::gnap::proof_of::ProofOf;
use crate::gnap::request::GnapRequest;
use crate::gnap::signed_object::attached_object;
use crate::jws::Jws;

/// Everything a proof is held against.
#[derive(Clone, Copy)]
pub(crate) struct Check<'a> {
    pub(crate) request: &'a GnapRequest<'a>,
    pub(crate) now: i64,
    pub(crate) policy: &'a Policy,
}

/// Checks that `request` was sent by the holder of `key`, at `now` in seconds since 1970.
///
/// What is left to the caller: to spend [`ProofOf::replay`], and to take the content from [`ProofOf::content`] where there is one.
///
/// # Errors
/// The [`ProofError`] of the first rule that fails; of several signatures, that of the one that names the key.
pub fn verify_request(
    key: &GnapKey,
    request: &GnapRequest<'_>,
    now: i64,
    policy: &Policy,
) -> Result<ProofOf, ProofError> {
    let check = Check {
        request,
        now,
        policy,
    };
    match key.proof() {
        ProofMethod::HttpSig { .. } => check.prove(key),
        ProofMethod::Jwsd | ProofMethod::Jws => check.prove_object(key),
        ProofMethod::Mtls => {
            if policy.profile == Profile::OpenPayments {
                return Err(ProofError::WrongProofMethod);
            }
            // The connection covers the whole message, and the token with it.
            request.presented_token()?;
            if key.certificate() == request.certificate {
                Ok(ProofOf::connected(key))
            } else {
                Err(ProofError::WrongCertificate)
            }
        }
    }
}

/// The proofs of a request by which a new key takes the place of an old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationProof {
    /// The proof of the key that was bound until now. It holds the content where that is inside a `jws`.
    pub old: ProofOf,
    /// The proof of the key that takes over.
    pub new: ProofOf,
}

/// Checks that the holder of both keys asks for `new` in the place of `old`.
///
/// That `new` is the key the content names is for the caller to see: the old key signed that content.
///
/// # Errors
/// [`ProofError::NoRotation`] for mutual TLS, which cannot show two certificates; [`ProofError::WrongProofMethod`] if the new key is
/// proven by another method or with other parameters; else those of [`verify_request`] for either key.
pub fn verify_rotation(
    old: &GnapKey,
    new: &GnapKey,
    request: &GnapRequest<'_>,
    now: i64,
    policy: &Policy,
) -> Result<RotationProof, ProofError> {
    // §6.1.1: the method and its parameters stay as they are.
    if old.proof() != new.proof() {
        return Err(ProofError::WrongProofMethod);
    }
    let check = Check {
        request,
        now,
        policy,
    };
    let (old, new) = match old.proof() {
        ProofMethod::HttpSig { .. } => check.prove_rotation(old, new)?,
        ProofMethod::Jwsd | ProofMethod::Jws => check.prove_object_rotation(old, new)?,
        ProofMethod::Mtls => return Err(ProofError::NoRotation),
    };
    Ok(RotationProof { old, new })
}

/// Returns the `keyid` of the first signature that has one, to find the key to check it with; it proves nothing.
pub fn claimed_keyid(request: &GnapRequest<'_>, policy: &Policy) -> Option<String> {
    let check = Check {
        request,
        now: 0,
        policy,
    };
    let candidates = check.candidates().ok()?;
    let mut names = candidates
        .iter()
        .filter_map(|candidate| candidate.params().keyid());
    names.next().map(str::to_owned)
}

/// Returns the content of a request before anything is proven, to find the key that it names; nothing else may be decided by it.
///
/// That of `application/jose` is inside a signed object, and in a rotation inside two. Any other content is the body.
///
/// # Errors
/// Those of [`Jws::parse`].
pub fn claimed_content<'a>(request: &GnapRequest<'a>) -> Result<Cow<'a, [u8]>, ProofError> {
    let Ok(compact) = attached_object(request) else {
        return Ok(Cow::Borrowed(request.body));
    };
    let payload = Jws::parse(compact)?.unverified_payload().to_vec();
    // JSON begins with no letter of base64url that an object's header begins with, so the two cannot be mistaken.
    let inner = std::str::from_utf8(&payload)
        .ok()
        .filter(|text| text.starts_with("ey"));
    match inner {
        Some(inner) => Ok(Cow::Owned(Jws::parse(inner)?.unverified_payload().to_vec())),
        None => Ok(Cow::Owned(payload)),
    }
}
