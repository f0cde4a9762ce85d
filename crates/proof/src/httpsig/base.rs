//! The text that is signed.
//!
//! Spec: RFC 9421 §2.5

use crate::error::ProofError;
use crate::httpsig::component::Component;
use crate::httpsig::field::field_value;
use crate::httpsig::request::RequestParts;
use crate::httpsig::target::derived_value;

/// Builds the signature base of a request; `params` is the value of the last line.
pub(crate) fn signature_base(
    request: &RequestParts<'_>,
    components: &[Component],
    params: &str,
) -> Result<String, ProofError> {
    let mut base = String::with_capacity(256 + params.len());
    for (at, component) in components.iter().enumerate() {
        // §2: an identifier occurs once, whatever the order of its parameters.
        if components.iter().take(at).any(|other| other == component) {
            return Err(ProofError::BadComponent);
        }
        let value = component_value(component, request)?;
        push_line(&mut base, &component.print()?, &value);
    }
    push_params(&mut base, params);
    // §2.5 step 4. `bs` is the way to sign anything else.
    if base.is_ascii() {
        Ok(base)
    } else {
        Err(ProofError::BadComponent)
    }
}

/// Returns the value of one component.
pub(crate) fn component_value(
    component: &Component,
    request: &RequestParts<'_>,
) -> Result<String, ProofError> {
    // Names of fields never begin so, and derived names always do: neither is ever looked up as the other (§2.2).
    if component.name().starts_with('@') {
        derived_value(component, request)
    } else {
        field_value(component, request)
    }
}

pub(crate) fn push_line(base: &mut String, identifier: &str, value: &str) {
    base.push_str(identifier);
    base.push_str(": ");
    base.push_str(value);
    base.push('\n');
}

pub(crate) fn push_params(base: &mut String, params: &str) {
    base.push_str("\"@signature-params\": ");
    base.push_str(params);
}
