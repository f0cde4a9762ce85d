//! `sweep`: frees the space of what nobody needs any more. It decides nothing: expiry belongs to the rules.

use super::{Engine, Error};
use crate::time::{Lifetime, Timestamp};

/// How many rows one step deletes at most.
pub const SWEEP_STEP: usize = 500;

const DAY_S: u64 = 24 * 3600;

/// How long what is over is kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events, and what they tell of; [`super::FOR_EVER`] for always.
    pub events: Lifetime,
    /// An agreement that answers later requests, from when it was given or renewed.
    pub agreements: Lifetime,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: Lifetime::from_secs(400 * DAY_S),
            agreements: Lifetime::from_secs(180 * DAY_S),
        }
    }
}

impl Engine {
    /// Deletes one bounded step of rows whose retention ended. Returns how many; call again while it is
    /// [`SWEEP_STEP`].
    ///
    /// # Errors
    /// [`Error::Store`] when the store fails; nothing is lost by trying later.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        let events_before = now.minus(self.retention.events);
        Ok(self.store.sweep(now, events_before, SWEEP_STEP).await?)
    }
}
