//! The gate: while the database is away, one caller at a time tries to reach it, and the others are told at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use placet_core::random::{Random as _, SystemRandom};
use tokio::time::Instant;

/// How long after the first failure the next attempt waits.
const FIRST_DELAY: Duration = Duration::from_millis(50);
/// How long it waits at most; half of it in the best case.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Who may try to connect.
#[derive(Default)]
pub(super) struct Gate(Mutex<Outage>);

/// What is known of an outage. None when there were no failures.
#[derive(Default)]
struct Outage {
    failures: u32,
    /// Nobody tries before this.
    next: Option<Instant>,
    /// Somebody tries.
    trying: bool,
}

/// Leave to try to connect. Dropped without a word, as when its caller went away, it counts as a failure.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    reached: bool,
}

impl Gate {
    /// Asks for leave. `None` while a failed attempt is recent or another one is under way.
    pub(super) fn enter(&self) -> Option<Pass<'_>> {
        let may = self.outage().enter(Instant::now());
        // Made only when it is given: dropping one takes the lock.
        may.then(|| Pass {
            gate: self,
            reached: false,
        })
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The database was reached.
    pub(super) fn reached(mut self) {
        self.reached = true;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut outage = self.gate.outage();
        if self.reached {
            *outage = Outage::default();
        } else {
            outage.fail(Instant::now());
        }
    }
}

impl Outage {
    fn enter(&mut self, now: Instant) -> bool {
        let Some(next) = self.next else { return true };
        let may = !self.trying && now >= next;
        self.trying |= may;
        may
    }

    fn fail(&mut self, now: Instant) {
        // Many may fail together when the outage begins; that is one failure.
        if self.next.is_none_or(|next| next <= now) {
            self.next = Some(now + delay(self.failures));
            self.failures = self.failures.saturating_add(1);
        }
        self.trying = false;
    }
}

/// How long to wait after so many failures before: doubled each time, and spread over half of it, so that nodes do not
/// come back in step.
pub(super) fn delay(failures: u32) -> Duration {
    let whole = FIRST_DELAY
        .saturating_mul(1 << failures.min(8))
        .min(LONGEST_DELAY);
    let mut byte = [0];
    SystemRandom.fill(&mut byte);
    let [byte] = byte;
    whole / 2 + (whole / 2).mul_f64(f64::from(byte) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_the_database_is_away_one_tries_and_seldom() {
        let (mut outage, start) = (Outage::default(), Instant::now());
        assert!(outage.enter(start) && outage.enter(start));
        outage.fail(start);
        outage.fail(start);
        assert!(!outage.enter(start), "an attempt has just failed");
        let mut now = start + FIRST_DELAY;
        assert!(outage.enter(now), "the delay is over");
        assert!(!outage.enter(now + LONGEST_DELAY), "one at a time");
        let mut attempts = 0;
        for _ in 0..10_000 {
            outage.fail(now);
            now += Duration::from_millis(1);
            attempts += u32::from(outage.enter(now));
        }
        assert!((6..=16).contains(&attempts), "{attempts} in ten seconds");
        outage.fail(now);
        assert!(outage.enter(now + LONGEST_DELAY), "nobody waits longer");
    }

    #[test]
    fn leave_that_is_dropped_is_a_failure_and_one_success_opens_the_gate() {
        let gate = Gate::default();
        let late = gate.enter().unwrap();
        drop(gate.enter().unwrap());
        assert!(gate.enter().is_none());
        late.reached();
        assert!(gate.enter().is_some());
    }

    #[test]
    fn delays_double_up_to_two_seconds_and_are_spread() {
        for (failures, whole_ms) in [(0, 50), (1, 100), (5, 1_600), (6, 2_000), (u32::MAX, 2_000)] {
            for _ in 0..100 {
                let ms = delay(failures).as_millis();
                assert!((whole_ms / 2..=whole_ms).contains(&ms), "{failures}: {ms}");
            }
        }
    }
}
