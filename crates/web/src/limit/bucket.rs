//! Requests per second: a bucket per source that holds one second's worth and fills steadily.

use std::sync::{Mutex, PoisonError};

use placet_core::time::{Lifetime, Timestamp};

use super::{RetryAfter, memory::Memory};

const SECOND_US: i64 = 1_000_000;

/// The buckets of all sources.
///
/// Each bucket is one number: the time, in microseconds, at which it would be full again (GCRA).
pub(super) struct Buckets {
    cost_us: i64,
    full_at: Mutex<Memory<i64>>,
}

impl Buckets {
    /// Buckets of `rate` requests per second; zero counts as one.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            cost_us: (SECOND_US / i64::from(rate.max(1))).max(1),
            full_at: Mutex::default(),
        }
    }

    /// Takes one request out of a source's bucket.
    pub(super) fn take(&self, source: &str, now: Timestamp) -> Result<(), RetryAfter> {
        let now_us = now.as_millis().saturating_mul(1000);
        let mut memory = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = memory.entry(source);
        let next = now_us.max(*full_at).saturating_add(self.cost_us);
        let missing_us = next.saturating_sub(now_us).saturating_sub(SECOND_US);
        if missing_us > 0 {
            let wait_ms = missing_us.unsigned_abs().div_ceil(1000);
            return Err(RetryAfter(Lifetime::from_millis(wait_ms)));
        }
        *full_at = next;
        Ok(())
    }
}
