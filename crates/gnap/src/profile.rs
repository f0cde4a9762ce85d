//! Which of two dialects a grant speaks. The endpoint it was asked at decides once, and it is stored with the request.
//!
//! Spec: RFC 9635 §1; Open Payments 1.3

use serde::{Deserialize, Serialize};

/// The dialect of a grant: what is read strictly, what is printed, which statuses errors have.
///
/// ```
/// use placet_gnap::Profile;
/// assert_eq!(Profile::from_name("open-payments"), Some(Profile::OpenPayments));
/// assert_eq!(Profile::Rfc9635.name(), "rfc9635");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Profile {
    /// The protocol as its two RFCs define it.
    #[serde(rename = "rfc9635")]
    Rfc9635,
    /// Open Payments, as its reference server answers.
    #[serde(rename = "open-payments")]
    OpenPayments,
}

impl Profile {
    /// The name it is stored by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc9635 => "rfc9635",
            Self::OpenPayments => "open-payments",
        }
    }

    /// Reads a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rfc9635, Self::OpenPayments]
            .into_iter()
            .find(|profile| profile.name() == name)
    }
}
