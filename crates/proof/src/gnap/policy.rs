//! Which proofs are accepted.
//!
//! Spec: RFC 9635 §7.3.1, §11.2, Open Payments 1.3

use crate::error::ProofError;

/// How far `created` may lie from our clock in either direction by RFC 9635, in seconds; the text says "sufficiently close".
pub const CREATED_WINDOW_S: i64 = 60;
/// The same for Open Payments, whose own server checks no time at all, in seconds.
pub const OPEN_PAYMENTS_WINDOW_S: i64 = 300;

/// What is asked of a proof besides that it verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub(crate) profile: Profile,
    window_s: Option<i64>,
}

/// The two dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Rfc9635,
    OpenPayments,
}

impl Policy {
    /// Every rule of RFC 9635 §7.3, and `created` within [`CREATED_WINDOW_S`].
    pub const fn rfc9635() -> Self {
        Self {
            profile: Profile::Rfc9635,
            window_s: Some(CREATED_WINDOW_S),
        }
    }

    /// What Open Payments clients send: HTTP message signatures by Ed25519 keys only, `tag` and `nonce` optional, any accepted
    /// digest algorithm, `created` within [`OPEN_PAYMENTS_WINDOW_S`], and the form of the Rust client, which is no structured field.
    ///
    /// Content has to be covered all the same: every known client does, and without it content can be added to a signed request.
    pub const fn open_payments() -> Self {
        Self {
            profile: Profile::OpenPayments,
            window_s: Some(OPEN_PAYMENTS_WINDOW_S),
        }
    }

    /// Accepts `created` up to `window_s` seconds before and after our clock.
    #[must_use]
    pub const fn created_within(self, window_s: i64) -> Self {
        Self {
            profile: self.profile,
            window_s: Some(window_s),
        }
    }

    /// Checks no times, for clients whose clocks are wrong. Then no memory of replays is long enough.
    #[must_use]
    pub const fn created_at_any_time(self) -> Self {
        Self {
            profile: self.profile,
            window_s: None,
        }
    }

    /// Checks `created` and returns the first second at which the proof is refused; `None` if times are not checked.
    pub(crate) fn accepts_until(&self, created: i64, now: i64) -> Result<Option<i64>, ProofError> {
        let Some(window_s) = self.window_s else {
            return Ok(None);
        };
        if created > now.saturating_add(window_s) {
            return Err(ProofError::NotYetValid);
        }
        let end = created.saturating_add(window_s);
        if now >= end {
            return Err(ProofError::Expired);
        }
        Ok(Some(end))
    }
}
