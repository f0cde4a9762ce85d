//! Who the person is, as the client is told.
//!
//! Spec: RFC 9635 §3.4; RFC 3339 §5.6; Open Payments 1.3 (`subject`)

use placet_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Profile,
    subject::{AssertionFormat, SubjectIdentifier},
};

/// What is said of the person. Told only where the server is sure that who agreed is who sits at the client.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubjectAnswer {
    /// Identifiers of one and the same person.
    pub sub_ids: Vec<SubjectIdentifier>,
    /// Assertions about that person. The payments profile has none.
    pub assertions: Vec<AssertionValue>,
    /// When the account last changed. Absent: not told.
    pub updated_at: Option<Timestamp>,
}

/// An assertion as it is told.
#[derive(Clone, PartialEq, Eq)]
pub struct AssertionValue {
    /// The format.
    pub format: AssertionFormat,
    /// The assertion. It does not print itself.
    pub value: String,
}

impl std::fmt::Debug for AssertionValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssertionValue")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// The person as it is printed.
#[derive(Serialize)]
pub(super) struct SubjectJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_ids: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assertions: Vec<AssertionJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

#[derive(Serialize)]
struct AssertionJson<'a> {
    format: &'static str,
    value: &'a str,
}

impl<'a> SubjectJson<'a> {
    pub(super) fn new(subject: &'a SubjectAnswer, profile: Profile) -> Self {
        match profile {
            Profile::Rfc9635 => Self {
                sub_ids: subject
                    .sub_ids
                    .iter()
                    .map(SubjectIdentifier::to_value)
                    .collect(),
                assertions: subject.assertions.iter().map(AssertionJson::new).collect(),
                updated_at: subject.updated_at.and_then(rfc3339),
            },
            Profile::OpenPayments => Self {
                sub_ids: subject
                    .sub_ids
                    .iter()
                    .filter_map(SubjectIdentifier::to_open_payments)
                    .collect(),
                assertions: Vec::new(),
                updated_at: None,
            },
        }
    }
}

impl<'a> AssertionJson<'a> {
    fn new(assertion: &'a AssertionValue) -> Self {
        Self {
            format: assertion.format.name(),
            value: &assertion.value,
        }
    }
}

/// The time in whole seconds of UTC. `None` outside the years a calendar has.
fn rfc3339(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_second(at.as_secs())
        .ok()
        .map(|at| at.to_string())
}
