//! Every reason a verb says no. No text and no status: each face prints them in its protocol's form.

use crate::time::Lifetime;

/// Why a verb refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused: {self:?}")]
pub enum Refusal {
    /// Nothing answers to this handle or id for this caller: unknown, another client's or another person's.
    NotFound,
    /// The request, code or token lived too long.
    Expired,
    /// The person has not answered; ask again after `interval`.
    Waiting {
        /// The least time between two polls.
        interval: Lifetime,
    },
    /// The client asked earlier than agreed; `interval` holds from here on (RFC 8628 §3.5).
    TooSoon {
        /// The least time between two polls, already grown.
        interval: Lifetime,
    },
    /// The person said no.
    Denied,
    /// The client took its request back, or an operator ended it.
    Cancelled,
    /// The request was answered before; nothing else changes it.
    AlreadyAnswered,
    /// The result was handed over before.
    AlreadyCollected,
    /// Another person, or another browser that is still active, holds the request.
    Taken,
    /// What the person saw is not what would be decided; it must be shown again.
    StaleView,
    /// The browser is not the one this request began in.
    WrongBrowser,
    /// The collecting client is not the one that asked.
    WrongClient,
    /// A proof bound to the request is missing or wrong (PKCE, redirect URI).
    WrongProof,
    /// More was asked than was registered or granted.
    Exceeds,
    /// The resource is unknown or was not granted (RFC 8707 §2).
    WrongTarget,
    /// A limit is reached; try again after `retry_after`.
    TooMany {
        /// How long the caller should stay away.
        retry_after: Lifetime,
    },
    /// The person is disabled or gone.
    PersonInactive,
    /// The client is disabled or gone.
    ClientInactive,
    /// The client is not registered for this kind of request.
    NotAllowed,
    /// A fresh sign-in is needed before this can be decided.
    SignInNeeded,
    /// A single-use value came a second time, outside its grace.
    Reused,
    /// A client's single-use proof of itself came a second time.
    ReplayedProof,
    /// What it rests on was revoked.
    Revoked,
}
