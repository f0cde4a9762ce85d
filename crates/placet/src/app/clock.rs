//! The server's time: it never runs backwards, and says so when the machine's clock does (threat C11).
//!
//! The time shown is the later of the machine's clock and of a monotonic clock that began at the latest time the
//! store has seen. A step back of up to [`TOLERANCE`] is bridged that way; beyond it the node is not ready, since an
//! operator must say which time is right.

use std::sync::{Arc, Mutex, PoisonError};

use placet_core::time::{Clock, Lifetime, SystemClock, Timestamp};
use tokio::time::Instant;

/// How far the machine's clock may be behind what the store has seen.
pub const TOLERANCE: Lifetime = Lifetime::from_secs(30);

/// How far the machine's clock runs ahead before it is followed; smaller steps are the two clocks' own noise.
const FOLLOW_STEP: Lifetime = Lifetime::from_secs(1);

/// The clock of a server.
pub struct ServerClock {
    machine: Arc<dyn Clock>,
    /// A time that is believed, and when it was.
    anchor: Mutex<Option<(Timestamp, Instant)>>,
}

impl Default for ServerClock {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl ServerClock {
    /// A clock over the machine's.
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            anchor: Mutex::new(None),
        }
    }

    /// Takes the latest time the store has seen: from now on no earlier one is told, unless it is too far ahead to be
    /// bridged.
    pub fn believe(&self, mark: Timestamp) {
        *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = Some((mark, Instant::now()));
    }

    /// Follows the machine's clock forward: what was told once is what a later step back is measured against.
    fn follow(&self, machine: Timestamp, least: Timestamp) {
        if machine.since(least) > FOLLOW_STEP {
            self.believe(machine);
        }
    }

    /// How far the machine's clock is behind, when that is more than can be bridged.
    pub fn behind(&self) -> Option<Lifetime> {
        let behind = self.least()?.since(self.machine.now());
        (behind > TOLERANCE).then_some(behind)
    }

    /// The time the anchor has grown to.
    fn least(&self) -> Option<Timestamp> {
        let anchor = *self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let (mark, since) = anchor?;
        let passed = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(mark.plus(Lifetime::from_millis(passed)))
    }
}

impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        let machine = self.machine.now();
        let Some(least) = self.least() else {
            return machine;
        };
        self.follow(machine, least);
        machine.max(least)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use super::*;

    struct Hand(Arc<AtomicI64>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn c11_a_step_back_is_bridged_up_to_30_s_and_told_beyond() {
        let hand = Arc::new(AtomicI64::new(1000));
        let clock = ServerClock::new(Arc::new(Hand(Arc::clone(&hand))));
        clock.believe(Timestamp::from_secs(1000));
        hand.store(980, Ordering::Relaxed);
        assert!(clock.now() >= Timestamp::from_secs(1000));
        assert_eq!(clock.behind(), None);
        hand.store(1000 - 3600, Ordering::Relaxed);
        assert!(clock.now() >= Timestamp::from_secs(1000), "never backwards");
        assert!(clock.behind() >= Some(Lifetime::from_secs(3600)));
        hand.store(5000, Ordering::Relaxed);
        assert_eq!(clock.now(), Timestamp::from_secs(5000));
        assert_eq!(clock.behind(), None);
        hand.store(2000, Ordering::Relaxed);
        assert!(clock.now() >= Timestamp::from_secs(5000));
        assert!(clock.behind() >= Some(Lifetime::from_secs(3000)));
    }
}
