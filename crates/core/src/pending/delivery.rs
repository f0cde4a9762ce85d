//! How a client gets the answer.
//!
//! Spec: RFC 6749 §4.1.2 (redirect), RFC 8628 §3.5 (poll)

use serde::{Deserialize, Serialize};

use crate::time::{Lifetime, Timestamp};

/// After an approval a polling client may collect for at least this long, also when the request would
/// have ended earlier: nobody is told 'approved' while the client is told 'expired'.
pub const COLLECT_AFTER_ANSWER: Lifetime = Lifetime::from_secs(120);

/// The way the answer travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Delivery {
    /// Through the person's browser, with a code that lives for `code_lifetime`.
    Redirect {
        /// How long the code may be exchanged.
        code_lifetime: Lifetime,
    },
    /// The client asks again and again.
    Poll {
        /// The least time between two polls; it only grows.
        interval: Lifetime,
    },
}

impl Delivery {
    /// The first moment at which an approval given at `now` can no longer be collected.
    pub fn collect_until(&self, now: Timestamp, expires_at: Timestamp) -> Timestamp {
        match self {
            Self::Redirect { code_lifetime } => now.plus(*code_lifetime),
            Self::Poll { interval } => {
                expires_at.max(now.plus(COLLECT_AFTER_ANSWER).plus(*interval))
            }
        }
    }

    /// The least time between two polls. `None` when there is nothing to poll.
    pub fn interval(&self) -> Option<Lifetime> {
        match self {
            Self::Redirect { .. } => None,
            Self::Poll { interval } => Some(*interval),
        }
    }
}
