//! Reading the signatures of a request, and checking one of them.
//!
//! Spec: RFC 9421 §3.2, §4.1–4.3

use sfv::{BareItem, ListEntry};

use crate::error::ProofError;
use crate::httpsig::base::signature_base;
use crate::httpsig::component::Component;
use crate::httpsig::params::{SignatureParams, components};
use crate::httpsig::request::RequestParts;
use crate::jwk::PublicJwk;
use crate::structured::{Member, parse_dictionary, print_value};

/// Most signatures one message may carry: each may cost a check.
pub const MAX_SIGNATURES: usize = 8;
/// Longest `Signature-Input` or `Signature` read, in bytes, all lines together.
const MAX_FIELD_BYTES: usize = 16 * 1024;

/// A signature that was read and not checked: everything about it is only what the sender says.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    label: String,
    components: Vec<Component>,
    params: SignatureParams,
    /// The texts of the last line of the base under which the signature may stand.
    texts: Vec<String>,
    signature: Vec<u8>,
}

/// Reads every labelled signature of a request, in the order of `Signature-Input`.
///
/// # Errors
/// [`ProofError::MissingHeader`] if there is no signature, [`ProofError::TooLarge`] above 16 KiB, [`ProofError::TooManySignatures`]
/// above [`MAX_SIGNATURES`], [`ProofError::Malformed`] unless both fields are dictionaries of the right kind without repetitions,
/// [`ProofError::UnpairedLabel`] if a label is in one field only.
pub fn read_signatures(request: &RequestParts<'_>) -> Result<Vec<Candidate>, ProofError> {
    let input = bounded(request, "signature-input")?;
    let signature = bounded(request, "signature")?;
    let inputs = parse_dictionary(&input).ok_or(ProofError::Malformed("signature-input"))?;
    let signatures = parse_dictionary(&signature).ok_or(ProofError::Malformed("signature"))?;
    if inputs.is_empty() {
        return Err(ProofError::MissingHeader("signature-input"));
    }
    if inputs.len() > MAX_SIGNATURES {
        return Err(ProofError::TooManySignatures);
    }
    // RFC 9421 §4: a label in one field and not in the other is an error. Neither field repeats one.
    if inputs.len() != signatures.len() {
        return Err(ProofError::UnpairedLabel);
    }
    let pair = |member: &Member<'_>| {
        let signature = signatures.iter().find(|other| other.key == member.key);
        Candidate::new(member, signature.ok_or(ProofError::UnpairedLabel)?)
    };
    inputs.iter().map(pair).collect()
}

fn bounded(request: &RequestParts<'_>, name: &'static str) -> Result<String, ProofError> {
    let value = request
        .joined(name)
        .ok_or(ProofError::MissingHeader(name))?;
    if value.len() > MAX_FIELD_BYTES {
        return Err(ProofError::TooLarge);
    }
    Ok(value)
}

impl Candidate {
    fn new(input: &Member<'_>, signature: &Member<'_>) -> Result<Self, ProofError> {
        let ListEntry::InnerList(list) = &input.value else {
            return Err(ProofError::Malformed("signature-input"));
        };
        let ListEntry::Item(item) = &signature.value else {
            return Err(ProofError::Malformed("signature"));
        };
        let BareItem::ByteSequence(bytes) = &item.bare_item else {
            return Err(ProofError::Malformed("signature"));
        };
        // §4.1 has the sender write what it signed, and §3.2 has the reader print what it read. The two differ only where the
        // field was not written strictly, and then either may be what was signed; both say the same.
        let mut texts = vec![input.text.to_owned()];
        let strict = print_value(&input.value);
        texts.extend(strict.filter(|strict| strict != input.text));
        let params = SignatureParams::from_params(&list.params)?;
        let label = input.key.clone();
        let components = components(list)?;
        Ok(Self::read(label, components, params, texts, bytes.clone()))
    }

    /// A candidate that was read in whatever form, to be verified under one of `texts`.
    pub(crate) fn read(
        label: String,
        components: Vec<Component>,
        params: SignatureParams,
        texts: Vec<String>,
        signature: Vec<u8>,
    ) -> Self {
        Self {
            label,
            components,
            params,
            texts,
            signature,
        }
    }

    /// Returns the label.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns what the signature says about itself.
    pub fn params(&self) -> &SignatureParams {
        &self.params
    }

    /// Returns what the signature says it covers, in its order.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// Says whether all of a field or of a derived component is covered.
    pub fn covers(&self, name: &str) -> bool {
        self.components
            .iter()
            .any(|component| component.is_whole(name))
    }

    /// Says whether one member of a dictionary is covered.
    pub fn covers_member(&self, name: &str, key: &str) -> bool {
        self.components
            .iter()
            .any(|component| component.is_member(name, key))
    }

    /// Returns the signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Returns the signature base of a request: the text that this signature should stand under.
    ///
    /// # Errors
    /// [`ProofError::BadComponent`] if a covered component cannot be derived from the request or is covered twice.
    pub fn base(&self, request: &RequestParts<'_>) -> Result<String, ProofError> {
        let text = self.texts.first().map_or("", String::as_str);
        signature_base(request, &self.components, text)
    }

    /// Checks the signature over the request with a key that the caller chose, and with the algorithm of that key.
    ///
    /// # Errors
    /// [`ProofError::BadComponent`] as for [`Candidate::base`], [`ProofError::BadSignature`].
    pub fn verify(&self, request: &RequestParts<'_>, key: &PublicJwk) -> Result<(), ProofError> {
        let mut outcome = Err(ProofError::BadSignature);
        for text in &self.texts {
            let base = signature_base(request, &self.components, text)?;
            outcome = key.verify(base.as_bytes(), &self.signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}
