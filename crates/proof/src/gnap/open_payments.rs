//! The two fields of the Open Payments client for Rust, which are no structured fields.
//!
//! It writes `Signature: <base64>` without label and colons, and `Signature-Input: sig1=(@method @target-uri …);created=…;keyid="…"`
//! without quotes around the names. Its signature base quotes the names on their own lines and repeats the unquoted text on the last
//! one. The server of Open Payments accepts this, so clients in use depend on it.
//!
//! Spec: Open Payments 1.3, RFC 9421 §2.5, §4.1–4.2

use data_encoding::BASE64;
use sfv::ListEntry;

use crate::error::ProofError;
use crate::httpsig::{Candidate, Component, RequestParts, SignatureParams};
use crate::structured::parse_dictionary;

/// Longest `Signature-Input` read, in bytes; the client writes about 150.
const MAX_INPUT_BYTES: usize = 1024;
/// Every name the client ever covers.
const NAMES: [&str; 6] = [
    "@method",
    "@target-uri",
    "content-type",
    "authorization",
    "content-digest",
    "content-length",
];

/// Reads a request in exactly the form of that client; `None` for any other.
pub(crate) fn read_rust_client(request: &RequestParts<'_>) -> Option<Candidate> {
    let input = only(request, "signature-input")?;
    let signature = only(request, "signature")?;
    if input.len() > MAX_INPUT_BYTES {
        return None;
    }
    let (label, text) = input.split_once('=')?;
    let (names, params) = text.strip_prefix('(')?.split_once(')')?;
    let components: Result<Vec<Component>, ProofError> = names
        .split(' ')
        .map(|name| {
            if NAMES.contains(&name) {
                Component::new(name)
            } else {
                Err(ProofError::BadComponent)
            }
        })
        .collect();
    let empty = format!("{label}=(){params}");
    let members = parse_dictionary(&empty)?;
    let [member] = members.as_slice() else {
        return None;
    };
    let ListEntry::InnerList(list) = &member.value else {
        return None;
    };
    Some(Candidate::read(
        label.to_owned(),
        components.ok()?,
        SignatureParams::from_params(&list.params).ok()?,
        vec![text.to_owned()],
        BASE64.decode(signature.as_bytes()).ok()?,
    ))
}

fn only<'a>(request: &RequestParts<'a>, name: &'static str) -> Option<&'a str> {
    request.single(name).ok()?
}
