//! What a refusal, or trouble of our own, is called at each place a client can call.
//!
//! What is unknown, another's, ended or revoked is one answer at each place (threat C8).
//!
//! Spec: RFC 9635 §3.6, §5, §6; RFC 9767 §3.5

use http::StatusCode;
use placet_core::{Refusal, engine::Error, store::StoreError, time::Lifetime, token::SignError};

use super::{GnapError, Problem};
use crate::{Profile, open_payments::problem};

/// How long a caller should stay away after trouble of our own, in seconds.
const RETRY_AFTER_TROUBLE: Lifetime = Lifetime::from_secs(1);

/// Where a client or resource server called: the same refusal has different names at different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A new grant, or the modification of one (RFC 9635 §2, §5.3).
    Grant,
    /// A continuation without interaction reference (RFC 9635 §5.2).
    Poll,
    /// A continuation with one (RFC 9635 §5.1).
    Reference,
    /// The end of a grant by its client (RFC 9635 §5.4).
    Cancel,
    /// A new value or key for a token (RFC 9635 §6.1).
    Rotate,
    /// The end of a token by its client (RFC 9635 §6.2).
    Revoke,
    /// What a resource server asks (RFC 9767 §3).
    ResourceServer,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 7] = [
        Self::Grant,
        Self::Poll,
        Self::Reference,
        Self::Cancel,
        Self::Rotate,
        Self::Revoke,
        Self::ResourceServer,
    ];

    /// The code for what is not there for this caller.
    const fn absent(self) -> GnapError {
        match self {
            Self::Grant => GnapError::RequestDenied,
            Self::Poll | Self::Reference | Self::Cancel => GnapError::InvalidContinuation,
            Self::Rotate => GnapError::InvalidRotation,
            Self::Revoke => GnapError::InvalidRequest,
            Self::ResourceServer => GnapError::InvalidResourceServer,
        }
    }
}

impl Problem {
    /// What a refusal is called at `place` in `profile`.
    pub fn refused(refusal: &Refusal, place: Place, profile: Profile) -> Self {
        match profile {
            Profile::Rfc9635 => plain(refusal, place),
            Profile::OpenPayments => problem::refused(refusal, place),
        }
    }

    /// What an error of the engine is called at `place` in `profile`. Its cause is logged here and told nobody.
    pub fn failed(error: Error, place: Place, profile: Profile) -> Self {
        match error {
            Error::Refused(refusal) => Self::refused(&refusal, place, profile),
            Error::Unknown => {
                tracing::error!("the outcome of a commit could not be found out");
                Self::trouble()
            }
            Error::Store(cause) => {
                tracing::error!(%cause, "the store failed");
                match cause {
                    StoreError::Corrupt { .. } | StoreError::Duplicate | StoreError::Spent => {
                        Self::broken()
                    }
                    StoreError::Conflict
                    | StoreError::TooLate
                    | StoreError::Unavailable { .. }
                    | StoreError::Full
                    | StoreError::Unknown => Self::trouble(),
                }
            }
            Error::Sign(cause) => {
                tracing::error!(%cause, "a token could not be signed");
                match cause {
                    SignError::NoKey(_) => Self::trouble(),
                    SignError::Failed => Self::broken(),
                }
            }
        }
    }

    /// Something failed on this side in a way that repeating does not mend.
    pub const fn broken() -> Self {
        problem::INTERNAL
    }

    /// Something failed on this side for a moment.
    pub fn trouble() -> Self {
        let description = "This cannot be answered now; try again later.";
        Self::at(
            StatusCode::SERVICE_UNAVAILABLE,
            GnapError::RequestDenied,
            description,
        )
        .after(RETRY_AFTER_TROUBLE)
    }

    /// A limit that is reached: 429, since the client can do something about it. The grant lives on, so it is not
    /// `too_many_attempts`.
    pub fn too_many(retry_after: Lifetime) -> Self {
        let description = "Too many requests; try again later.";
        Self::at(
            StatusCode::TOO_MANY_REQUESTS,
            GnapError::RequestDenied,
            description,
        )
        .after(retry_after)
    }
}

fn plain(refusal: &Refusal, place: Place) -> Problem {
    let error = match refusal {
        Refusal::NotFound | Refusal::WrongClient | Refusal::Cancelled | Refusal::Revoked => {
            place.absent()
        }
        Refusal::Waiting { interval } | Refusal::TooSoon { interval } => {
            return Problem::from(GnapError::TooFast).after(*interval);
        }
        Refusal::TooMany { retry_after } => return Problem::too_many(*retry_after),
        Refusal::Denied => GnapError::UserDenied,
        // RFC 9635 §3.6: the interaction modes in use have expired.
        Refusal::Expired => match place {
            Place::Grant | Place::Poll | Place::Reference => GnapError::InvalidInteraction,
            Place::Cancel | Place::Rotate | Place::Revoke | Place::ResourceServer => place.absent(),
        },
        // RFC 9635 §5.1: a reference after the grant has left the pending state is a replay.
        Refusal::AlreadyCollected | Refusal::Reused => match place {
            Place::Reference => GnapError::TooManyAttempts,
            Place::Grant
            | Place::Poll
            | Place::Cancel
            | Place::Rotate
            | Place::Revoke
            | Place::ResourceServer => place.absent(),
        },
        // A poll of a grant with a finish method lacks its reference (threat G11).
        Refusal::WrongProof => match place {
            Place::Reference => GnapError::InvalidInteraction,
            Place::Grant | Place::Poll => GnapError::RequestDenied,
            Place::Cancel | Place::Rotate | Place::Revoke | Place::ResourceServer => place.absent(),
        },
        Refusal::ClientInactive | Refusal::ReplayedProof => match place {
            Place::ResourceServer => GnapError::InvalidResourceServer,
            Place::Grant
            | Place::Poll
            | Place::Reference
            | Place::Cancel
            | Place::Rotate
            | Place::Revoke => GnapError::InvalidClient,
        },
        Refusal::Exceeds | Refusal::WrongTarget => match place {
            Place::ResourceServer => GnapError::InvalidAccess,
            Place::Grant | Place::Poll | Place::Reference => GnapError::RequestDenied,
            Place::Cancel | Place::Rotate | Place::Revoke => place.absent(),
        },
        Refusal::NotAllowed
        | Refusal::PersonInactive
        | Refusal::SignInNeeded
        | Refusal::AlreadyAnswered
        | Refusal::Taken
        | Refusal::StaleView
        | Refusal::WrongBrowser => GnapError::RequestDenied,
    };
    error.into()
}
