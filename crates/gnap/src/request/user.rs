//! Whom the client believes to be there: names are hints, assertions have to be verified.
//!
//! Spec: RFC 9635 §2.4, §2.4.1

use std::fmt;

use serde_json::Value;

use crate::{
    json::{At, Fault, Object, text},
    subject::{AssertionFormat, SubjectIdentifier, read_list},
};

/// The longest assertion read, in bytes.
const MAX_ASSERTION_BYTES: usize = 16 * 1024;

/// A person as a client names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAsk {
    /// What this server called them earlier, as an `opaque` identifier.
    Reference(String),
    /// What the client knows of them.
    ByValue {
        /// Names. They prove nothing.
        sub_ids: Vec<SubjectIdentifier>,
        /// Assertions, none of them verified.
        assertions: Vec<AssertionAsk>,
    },
}

/// An assertion as it was sent, written as its format says and not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct AssertionAsk {
    /// The format.
    pub format: AssertionFormat,
    /// The assertion. It does not print itself.
    pub value: String,
}

impl fmt::Debug for AssertionAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionAsk")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl UserAsk {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        if let Value::String(_) = value {
            return Ok(Self::Reference(text(value, at)?.to_owned()));
        }
        let object = Object::of(value, at)?;
        Ok(Self::ByValue {
            sub_ids: object.read("sub_ids", read_list)?.unwrap_or_default(),
            assertions: object.items("assertions", AssertionAsk::read)?,
        })
    }
}

impl AssertionAsk {
    /// A format that is not known here is refused: to ignore it would be to forget whom the client spoke of.
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let format = AssertionFormat::from_name(object.required_text("format")?)
            .ok_or_else(|| object.fault("format", "is not one known here"))?;
        let Value::String(value) = object.required("value")? else {
            return Err(object.fault("value", "is not a string"));
        };
        if value.len() > MAX_ASSERTION_BYTES {
            return Err(object.fault("value", "is too long"));
        }
        if !format.is_written(value) {
            return Err(object.fault("value", "is not what its format says"));
        }
        Ok(Self {
            format,
            value: value.clone(),
        })
    }
}
