//! What a client wants to know of the person.
//!
//! Spec: RFC 9635 §2.2

use serde_json::Value;

use crate::{
    json::{At, Fault, Object},
    subject::{AssertionFormat, SubIdFormat, SubjectIdentifier, read_list},
};

/// A question about the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectAsk {
    /// The formats in which the client understands a name. Formats not known here are left out.
    pub sub_id_formats: Vec<SubIdFormat>,
    /// The assertions the client wants. Formats not known here are left out.
    pub assertion_formats: Vec<AssertionFormat>,
    /// Names of the one person it asks about. Empty: whoever is there now, who then has to be seen to be there.
    pub sub_ids: Vec<SubjectIdentifier>,
}

impl SubjectAsk {
    pub(super) fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        let object = Object::of(value, at)?;
        let sub_id_formats = object.texts("sub_id_formats")?;
        let assertion_formats = object.texts("assertion_formats")?;
        // RFC 9635 §2.2: each is required to get what it names.
        if sub_id_formats.is_none() && assertion_formats.is_none() {
            return Err(at.fault("has neither sub_id_formats nor assertion_formats"));
        }
        Ok(Self {
            sub_id_formats: known(sub_id_formats, SubIdFormat::from_name),
            assertion_formats: known(assertion_formats, AssertionFormat::from_name),
            sub_ids: object.read("sub_ids", read_list)?.unwrap_or_default(),
        })
    }
}

/// The formats known here, each once, in their order.
fn known<T: PartialEq>(names: Option<Vec<String>>, read: fn(&str) -> Option<T>) -> Vec<T> {
    let mut known = Vec::new();
    for format in names
        .unwrap_or_default()
        .iter()
        .filter_map(|name| read(name))
    {
        if !known.contains(&format) {
            known.push(format);
        }
    }
    known
}
