//! Tokens as they are asked for: one, or several with labels.
//!
//! Spec: RFC 9635 §2.1

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    access::{self, AccessRight},
    error::GnapError,
    json::{At, Fault, Object, items},
};

/// The most tokens of one request.
const MAX_TOKENS: usize = 20;
/// The longest label, in bytes.
const MAX_LABEL_BYTES: usize = 256;
/// The one flag a client may ask for (RFC 9635 §2.1.1).
const BEARER: &str = "bearer";

/// The tokens asked for. The answer has the same shape (RFC 9635 §3.2).
#[derive(Debug, Clone, PartialEq)]
pub enum TokenAsks {
    /// One token.
    Single(TokenAsk),
    /// A list of at least one, each with a label of its own.
    Several(Vec<TokenAsk>),
}

/// One token asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenAsk {
    /// What it shall give: at least one right.
    pub access: Vec<AccessRight>,
    /// What the client calls it. Always there among several.
    pub label: Option<String>,
    /// Whether whoever has it may use it, instead of whoever has the client's key.
    pub bearer: bool,
}

impl TokenAsks {
    /// The tokens, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, TokenAsk> {
        match self {
            Self::Single(ask) => std::slice::from_ref(ask).iter(),
            Self::Several(asks) => asks.iter(),
        }
    }

    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        match value {
            Value::Object(_) => TokenAsk::read(value, at).map(Self::Single),
            Value::Array(_) => several(value, at).map(Self::Several),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err(at.fault("is neither an object nor an array"))
            }
        }
    }
}

impl<'a> IntoIterator for &'a TokenAsks {
    type Item = &'a TokenAsk;
    type IntoIter = std::slice::Iter<'a, TokenAsk>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl TokenAsk {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let label = object.text("label")?;
        if label.is_some_and(|label| label.len() > MAX_LABEL_BYTES) {
            return Err(object.fault("label", "is too long"));
        }
        Ok(Self {
            access: object.required_read("access", access::read_list)?,
            label: label.map(str::to_owned),
            bearer: bearer(object)?,
        })
    }
}

/// Labels tell the tokens of the answer apart, so each needs one, and no two the same (RFC 9635 §2.1.2).
fn several(value: &Value, at: &At<'_>) -> Result<Vec<TokenAsk>, Fault> {
    let asks = items(value, at, TokenAsk::read)?;
    if asks.is_empty() {
        return Err(at.fault("is empty"));
    }
    if asks.len() > MAX_TOKENS {
        return Err(at.fault("has too many elements"));
    }
    let mut labels = BTreeSet::new();
    for (index, ask) in asks.iter().enumerate() {
        let at = At::Item(at, index);
        let Some(label) = &ask.label else {
            return Err(At::Member(&at, "label").fault("is missing"));
        };
        if !labels.insert(label) {
            return Err(At::Member(&at, "label").fault("is that of another token"));
        }
    }
    Ok(asks)
}

/// RFC 9635 §2.1.1: a flag that comes twice is `invalid_flag`, and so is one that cannot be asked for.
fn bearer(object: Object<'_, '_>) -> Result<bool, Fault> {
    let flags = object.texts("flags")?.unwrap_or_default();
    let refuse = |what| object.fault("flags", what).called(GnapError::InvalidFlag);
    if flags.iter().any(|flag| flag != BEARER) {
        return Err(refuse("holds a flag that cannot be asked for"));
    }
    if flags.len() > 1 {
        return Err(refuse("repeats a flag"));
    }
    Ok(!flags.is_empty())
}
