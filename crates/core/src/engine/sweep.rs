//! `sweep`: frees the space of what nobody needs any more. It decides nothing: expiry belongs to the rules.

use super::{Engine, Error};
use crate::time::{Lifetime, Timestamp};

/// How many rows one step deletes at most.
pub const SWEEP_STEP: usize = 500;
/// How long events are kept.
pub const EVENT_RETENTION: Lifetime = Lifetime::from_secs(400 * 24 * 3600);

impl Engine {
    /// Deletes one bounded step of rows whose retention ended. Returns how many; call again while it is
    /// [`SWEEP_STEP`].
    ///
    /// # Errors
    /// [`Error::Store`] when the store fails; nothing is lost by trying later.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        Ok(self
            .store
            .sweep(now, now.minus(EVENT_RETENTION), SWEEP_STEP)
            .await?)
    }
}
