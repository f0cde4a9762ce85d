//! The store's time: the injected clock, which never runs backwards here.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use placet_core::time::{Clock, Timestamp};

/// The clock and the latest time anybody was told.
pub(crate) struct StoreTime {
    clock: Arc<dyn Clock>,
    latest_ms: AtomicI64,
}

impl StoreTime {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            latest_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// The time: never earlier than one told before.
    pub(crate) fn now(&self) -> Timestamp {
        let now_ms = self.clock.now().as_millis();
        let before_ms = self.latest_ms.fetch_max(now_ms, Ordering::AcqRel);
        Timestamp::from_millis(now_ms.max(before_ms))
    }
}
