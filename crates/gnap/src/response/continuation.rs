//! How a client goes on: where, with which token, and not before when.
//!
//! Spec: RFC 9635 §3.1

use placet_core::time::Lifetime;
use serde::Serialize;

use super::TokenValue;

/// How a grant can be continued. Its token is bound to the client's key, never a bearer token, and has neither `key` nor
/// `manage`: there is no place for them here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continue {
    /// The absolute URI to call, exactly as it stands.
    pub uri: String,
    /// The continuation token. It is worth nothing at a resource server.
    pub access_token: TokenValue,
    /// How long the client waits before it calls. Absent means 5 seconds (RFC 9635 §3.1).
    pub wait: Option<Lifetime>,
}

/// The continuation as it is printed.
#[derive(Serialize)]
pub(crate) struct ContinueJson<'a> {
    access_token: ValueJson<'a>,
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<u64>,
}

/// A token of which only the value is told.
#[derive(Serialize)]
pub(super) struct ValueJson<'a> {
    pub(super) value: &'a TokenValue,
}

impl<'a> ContinueJson<'a> {
    /// With the time to wait, in whole seconds rounded up: a client told to wait this long waits enough.
    pub(crate) fn with_wait(continuation: &'a Continue) -> Self {
        Self {
            wait: continuation.wait.map(Lifetime::as_secs_ceil),
            ..Self::without_wait(continuation)
        }
    }

    /// Without it.
    pub(crate) fn without_wait(continuation: &'a Continue) -> Self {
        Self {
            access_token: ValueJson {
                value: &continuation.access_token,
            },
            uri: &continuation.uri,
            wait: None,
        }
    }
}
