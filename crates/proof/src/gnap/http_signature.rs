//! Proof by an HTTP message signature.
//!
//! Spec: RFC 9635 §7.3.1, §7.3.1.1, RFC 9421 §3.2

use crate::digest::{DigestAlgorithm, verify_content_digest};
use crate::error::ProofError;
use crate::gnap::key::{GnapKey, ProofMethod};
use crate::gnap::open_payments::read_rust_client;
use crate::gnap::policy::Profile;
use crate::gnap::proof_of::{ProofOf, Statement};
use crate::gnap::verify::Check;
use crate::httpsig::{Candidate, read_signatures};
use crate::jwk::PublicJwk;
use crate::key::Algorithm;

/// The tag of a signature that proves a key.
pub(crate) const TAG: &str = "gnap";
/// The tag of a signature by which a new key takes over.
pub(crate) const ROTATION_TAG: &str = "gnap-rotate";

impl Check<'_> {
    /// Finds a signature by `key` that meets every rule.
    pub(crate) fn prove(&self, key: &GnapKey) -> Result<ProofOf, ProofError> {
        let candidates = self.candidates()?;
        let proof = first_accepted(&candidates, key, |candidate| {
            self.accept(candidate, key, TAG)
        })?;
        self.check_content(&candidates, &proof, key)?;
        Ok(proof)
    }

    /// Finds a signature by the new key over the one by the old key, and checks both.
    pub(crate) fn prove_rotation(
        &self,
        old: &GnapKey,
        new: &GnapKey,
    ) -> Result<(ProofOf, ProofOf), ProofError> {
        let candidates = self.candidates()?;
        let old_proof = first_accepted(&candidates, old, |candidate| {
            self.accept(candidate, old, TAG)
        })?;
        self.check_content(&candidates, &old_proof, old)?;
        let label = old_proof.label().unwrap_or_default();
        let new_proof = first_accepted(&candidates, new, |candidate| {
            // §7.3.1.1: both fields of the signature that was just checked, and not those of another one beside it.
            if !candidate.covers_member("signature", label) {
                return Err(ProofError::NotCovered("signature"));
            }
            if !candidate.covers_member("signature-input", label) {
                return Err(ProofError::NotCovered("signature-input"));
            }
            self.accept(candidate, new, ROTATION_TAG)
        })?;
        self.check_content(&candidates, &new_proof, new)?;
        Ok((old_proof, new_proof))
    }

    /// The signatures a request carries, none of them checked.
    pub(crate) fn candidates(&self) -> Result<Vec<Candidate>, ProofError> {
        let parts = self.request.parts();
        match (read_signatures(&parts), self.policy.profile) {
            (Err(ProofError::Malformed(what)), Profile::OpenPayments) => {
                let candidate = read_rust_client(&parts).ok_or(ProofError::Malformed(what))?;
                Ok(vec![candidate])
            }
            (candidates, Profile::OpenPayments | Profile::Rfc9635) => candidates,
        }
    }

    fn accept(
        &self,
        candidate: &Candidate,
        key: &GnapKey,
        tag: &str,
    ) -> Result<ProofOf, ProofError> {
        let jwk = key.jwk().ok_or(ProofError::WrongProofMethod)?;
        self.check_algorithm(candidate, jwk)?;
        let keyid = candidate.params().keyid();
        if keyid.ok_or(ProofError::MissingParameter("keyid"))? != jwk.kid() {
            return Err(ProofError::UnknownKey);
        }
        self.check_tag(candidate, tag)?;
        let created = candidate.params().created();
        let created = created.ok_or(ProofError::MissingParameter("created"))?;
        let until = self.policy.accepts_until(created, self.now)?;
        // RFC 9421 §3.2.1: a verifier may be stricter than `expires`, never laxer.
        let expires = candidate.params().expires();
        if expires.is_some_and(|expires| self.now >= expires) {
            return Err(ProofError::Expired);
        }
        self.check_coverage(candidate)?;
        candidate.verify(&self.request.parts(), jwk)?;
        let statement = Statement {
            label: Some(candidate.label().to_owned()),
            created,
            nonce: candidate.params().nonce().map(str::to_owned),
            until,
            content: None,
        };
        Ok(ProofOf::signed(key, candidate.signature(), statement))
    }

    fn check_algorithm(&self, candidate: &Candidate, jwk: &PublicJwk) -> Result<(), ProofError> {
        match (self.policy.profile, candidate.params().alg()) {
            (Profile::Rfc9635, None) => Ok(()),
            // §7.3.1: MUST NOT be included.
            (Profile::Rfc9635, Some(_)) => Err(ProofError::ForbiddenParameter("alg")),
            // Its own server passes over `alg`; one that is not the key's would be a lie (RFC 9421 §3.2 step 6.4).
            (Profile::OpenPayments, None | Some("ed25519"))
                if jwk.algorithm() == Algorithm::EdDsa =>
            {
                Ok(())
            }
            (Profile::OpenPayments, _) => Err(ProofError::WrongAlgorithm),
        }
    }

    fn check_tag(&self, candidate: &Candidate, tag: &str) -> Result<(), ProofError> {
        match (self.policy.profile, candidate.params().tag()) {
            (_, Some(found)) if found == tag => Ok(()),
            (_, Some(_)) => Err(ProofError::WrongTag),
            // Only the first of the two steps has a tag that may be left out, else one signature could pass for both.
            (Profile::OpenPayments, None) if tag == TAG => Ok(()),
            (Profile::OpenPayments | Profile::Rfc9635, None) => {
                Err(ProofError::MissingParameter("tag"))
            }
        }
    }

    fn check_coverage(&self, candidate: &Candidate) -> Result<(), ProofError> {
        let token = self.request.presented_token()?;
        let authorized = token.is_some() || self.request.parts().single("authorization")?.is_some();
        let required = [
            ("@method", true),
            ("@target-uri", true),
            ("content-digest", !self.request.body.is_empty()),
            ("authorization", authorized),
        ];
        for (name, needed) in required {
            if needed && !candidate.covers(name) {
                return Err(ProofError::NotCovered(name));
            }
        }
        Ok(())
    }

    /// Compares the content with its signed digest, after the signature so that only the holder of the key makes us hash.
    ///
    /// A digest that is signed is compared even where nothing came: content taken away is content changed.
    fn check_content(
        &self,
        candidates: &[Candidate],
        proof: &ProofOf,
        key: &GnapKey,
    ) -> Result<(), ProofError> {
        let accepted = candidates
            .iter()
            .find(|candidate| Some(candidate.label()) == proof.label());
        if !accepted.is_some_and(|candidate| candidate.covers("content-digest")) {
            return Ok(());
        }
        let value = self.request.parts().joined("content-digest");
        let value = value.ok_or(ProofError::MissingHeader("content-digest"))?;
        let checked = verify_content_digest(&value, self.request.body)?;
        let declared = match (self.policy.profile, key.proof()) {
            (Profile::OpenPayments, _) => return Ok(()),
            (Profile::Rfc9635, ProofMethod::HttpSig { digest }) => digest,
            (Profile::Rfc9635, ProofMethod::Mtls | ProofMethod::Jwsd | ProofMethod::Jws) => None,
        };
        // §7.3.1: the string form means SHA-256.
        if checked.contains(&declared.unwrap_or(DigestAlgorithm::Sha256)) {
            Ok(())
        } else {
            Err(ProofError::UnknownDigest)
        }
    }
}

/// Tries every signature until one is accepted (§7.3.1). If none is, the refusal of one that names the key says most.
fn first_accepted(
    candidates: &[Candidate],
    key: &GnapKey,
    accept: impl Fn(&Candidate) -> Result<ProofOf, ProofError>,
) -> Result<ProofOf, ProofError> {
    let mut refusal = None;
    for candidate in candidates {
        match accept(candidate) {
            Ok(proof) => return Ok(proof),
            Err(error) => {
                let ours = candidate.params().keyid() == key.kid();
                if refusal.is_none() || ours {
                    refusal = Some(error);
                }
            }
        }
    }
    Err(refusal.unwrap_or(ProofError::MissingHeader("signature")))
}
