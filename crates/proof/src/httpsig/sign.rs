//! Making a signature of a request.
//!
//! Spec: RFC 9421 §3.1, §4.1–4.3

use data_encoding::BASE64;
use sfv::ListEntry;

use crate::error::ProofError;
use crate::httpsig::base::signature_base;
use crate::httpsig::component::Component;
use crate::httpsig::params::{Parameter, inner_list};
use crate::httpsig::request::RequestParts;
use crate::key::SigningKey;
use crate::structured::print_value;

/// What a signature is to cover and to say.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The label, unique in the message: lower-case letters, digits, `_`, `-`, `.` and `*`.
    pub label: &'a str,
    /// What is covered, in the order of the signature base.
    pub components: &'a [Component],
    /// What the signature says about itself, in the order of the wire.
    pub params: &'a [Parameter<'a>],
}

/// The two field values that carry one signature. A message with several signatures joins them with commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFields {
    /// The value of `Signature-Input`.
    pub input: String,
    /// The value of `Signature`.
    pub signature: String,
}

/// Signs a request with the algorithm of the key (RFC 9421 §3.3.7).
///
/// # Errors
/// [`ProofError::BadComponent`] if a component cannot be derived from the request, [`ProofError::Malformed`] if the label or a
/// parameter has no form on the wire, [`ProofError::Crypto`] if the library fails.
pub fn sign(
    key: &SigningKey,
    request: &RequestParts<'_>,
    plan: &Plan<'_>,
) -> Result<SignatureFields, ProofError> {
    const MALFORMED: ProofError = ProofError::Malformed("signature-input");
    sfv::KeyRef::from_str(plan.label).map_err(|_| MALFORMED)?;
    let list = ListEntry::InnerList(inner_list(plan.components, plan.params)?);
    let params = print_value(&list).ok_or(MALFORMED)?;
    let base = signature_base(request, plan.components, &params)?;
    let signature = BASE64.encode(&key.sign(base.as_bytes())?);
    Ok(SignatureFields {
        input: format!("{}={params}", plan.label),
        signature: format!("{}=:{signature}:", plan.label),
    })
}
