//! Proof by a signed object whose header repeats the request: detached beside the content, or attached as the content.
//!
//! Spec: RFC 9635 §7.3.3, §7.3.3.1, §7.3.4, §7.3.4.1, RFC 7515 §7.1

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ProofError;
use crate::gnap::key::{GnapKey, ProofMethod};
use crate::gnap::policy::Profile;
use crate::gnap::proof_of::{ProofOf, Statement};
use crate::gnap::request::{GnapRequest, token_hash};
use crate::gnap::verify::Check;
use crate::jws::Jws;

/// The field that carries a detached object.
pub(crate) const FIELD: &str = "detached-jws";
/// The media type of an attached object.
pub(crate) const MEDIA_TYPE: &str = "application/jose";

/// What an object is for, as its `typ` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Proves a key.
    Request,
    /// Is signed by the old key and goes inside the object of the new one.
    Rotation,
}

/// The header of a signed object, in the order in which it is written.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectHeader<'a> {
    pub(crate) alg: &'a str,
    pub(crate) kid: &'a str,
    pub(crate) typ: &'a str,
    pub(crate) htm: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) created: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ath: Option<String>,
}

/// Returns the `typ` that is written.
pub(crate) fn typ(method: ProofMethod, step: Step) -> Result<&'static str, ProofError> {
    match (method, step) {
        (ProofMethod::Jwsd, Step::Request) => Ok("gnap-binding-jwsd"),
        (ProofMethod::Jwsd, Step::Rotation) => Ok("gnap-binding-rotation-jwsd"),
        (ProofMethod::Jws, Step::Request) => Ok("gnap-binding-jws"),
        (ProofMethod::Jws, Step::Rotation) => Ok("gnap-binding-rotation-jws"),
        (ProofMethod::HttpSig { .. } | ProofMethod::Mtls, _) => Err(ProofError::WrongProofMethod),
    }
}

/// Says whether a `typ` is the right one. Drafts before -19 wrote `+jws` and `+jwsd`, and so do the samples of the RFC.
fn accepts_typ(found: &str, method: ProofMethod, step: Step) -> Result<bool, ProofError> {
    let right = typ(method, step)?;
    Ok(found == right || found.replace('+', "-") == right)
}

impl Check<'_> {
    /// Checks the object of a request and returns the proof; that of an attached object holds the content.
    pub(crate) fn prove_object(&self, key: &GnapKey) -> Result<ProofOf, ProofError> {
        let (compact, attached) = self.object(key.proof())?;
        let payload = self.verify_object(compact, key, Step::Request)?;
        self.finish(payload, key, attached)
    }

    /// Checks an object by the new key and the one by the old key inside it.
    pub(crate) fn prove_object_rotation(
        &self,
        old: &GnapKey,
        new: &GnapKey,
    ) -> Result<(ProofOf, ProofOf), ProofError> {
        let (compact, attached) = self.object(new.proof())?;
        let outer = self.verify_object(compact, new, Step::Request)?;
        let inner =
            std::str::from_utf8(&outer.payload).map_err(|_| ProofError::Malformed("payload"))?;
        let inner = self.verify_object(inner, old, Step::Rotation)?;
        let new_proof = ProofOf::signed(new, &outer.signature, outer.statement);
        Ok((self.finish(inner, old, attached)?, new_proof))
    }

    /// Finds the object, and says whether it is attached. A request without content has a detached one in either method.
    fn object(&self, method: ProofMethod) -> Result<(&str, bool), ProofError> {
        if self.policy.profile == Profile::OpenPayments {
            return Err(ProofError::WrongProofMethod);
        }
        let parts = self.request.parts();
        if method == ProofMethod::Jws && !self.request.body.is_empty() {
            return Ok((attached_object(self.request)?, true));
        }
        let field = parts.single(FIELD)?;
        Ok((field.ok_or(ProofError::MissingHeader(FIELD))?, false))
    }

    fn verify_object(
        &self,
        compact: &str,
        key: &GnapKey,
        step: Step,
    ) -> Result<Opened, ProofError> {
        let jwk = key.jwk().ok_or(ProofError::WrongProofMethod)?;
        let jws = Jws::parse(compact)?;
        let members = jws
            .header_members()
            .ok_or(ProofError::Malformed("header"))?;
        // `typ` first: an object of another kind says nothing here, whatever else it holds (RFC 8725 §3.11).
        let found = jws.header().typ().ok_or(ProofError::WrongTag)?;
        if !accepts_typ(found, key.proof(), step)? {
            return Err(ProofError::WrongTag);
        }
        if jws.header().kid() != Some(jwk.kid()) {
            return Err(ProofError::UnknownKey);
        }
        let (created, until) = self.check_claims(&members)?;
        let signature = jws.signature().to_vec();
        let payload = jws.verify(jwk)?.into_inner();
        let statement = Statement {
            created,
            until,
            ..Statement::default()
        };
        Ok(Opened {
            payload,
            signature,
            statement,
        })
    }

    /// Compares the header with the request, and returns when it was made and when it ends.
    fn check_claims(&self, members: &Map<String, Value>) -> Result<(i64, Option<i64>), ProofError> {
        if text(members, "htm")? != self.request.method {
            return Err(ProofError::WrongMethod);
        }
        if text(members, "uri")? != self.request.target_uri {
            return Err(ProofError::WrongUri);
        }
        let created = members
            .get("created")
            .ok_or(ProofError::MissingClaim("created"))?;
        let created = created.as_i64().ok_or(ProofError::BadClaim("created"))?;
        let until = self.policy.accepts_until(created, self.now)?;
        match self.request.presented_token()? {
            Some(token) if text(members, "ath")? == token_hash(token) => {}
            // Without its token the request would be another one.
            None if !members.contains_key("ath") => {}
            Some(_) | None => return Err(ProofError::WrongToken),
        }
        Ok((created, until))
    }

    /// Compares a detached payload with the content, or hands an attached one out.
    fn finish(&self, opened: Opened, key: &GnapKey, attached: bool) -> Result<ProofOf, ProofError> {
        let mut statement = opened.statement;
        if attached {
            statement.content = Some(opened.payload);
        } else if opened.payload != detached_payload(self.request.body) {
            return Err(ProofError::WrongDigest);
        }
        Ok(ProofOf::signed(key, &opened.signature, statement))
    }
}

/// An object whose signature and header were checked.
struct Opened {
    payload: Vec<u8>,
    signature: Vec<u8>,
    statement: Statement,
}

/// The payload of a detached object: the hash of the content, or nothing where there is none (§7.3.3).
pub(crate) fn detached_payload(body: &[u8]) -> Vec<u8> {
    if body.is_empty() {
        Vec::new()
    } else {
        digest(&SHA256, body).as_ref().to_vec()
    }
}

/// Returns the compact form that is the content of a request, if its media type says that it is one (§7.3.4).
pub(crate) fn attached_object<'a>(request: &GnapRequest<'a>) -> Result<&'a str, ProofError> {
    let media_type = request.parts().single("content-type")?;
    let media_type = media_type.ok_or(ProofError::MissingHeader("content-type"))?;
    let essence = media_type.split(';').next().unwrap_or_default();
    if !essence.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE) {
        return Err(ProofError::Malformed("content-type"));
    }
    std::str::from_utf8(request.body).map_err(|_| ProofError::Malformed("content"))
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, ProofError> {
    match members.get(name) {
        Some(Value::String(value)) => Ok(value),
        Some(_) => Err(ProofError::BadClaim(name)),
        None => Err(ProofError::MissingClaim(name)),
    }
}
