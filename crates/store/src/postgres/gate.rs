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
        let mut outage = self.outage();
        if let Some(next) = outage.next {
            if outage.trying || Instant::now() < next {
                return None;
            }
            outage.trying = true;
        }
        Some(Pass {
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
            return;
        }
        let now = Instant::now();
        // Many may fail together when the outage begins; that is one failure.
        if outage.next.is_none_or(|next| next <= now) {
            outage.next = Some(now + delay(outage.failures));
            outage.failures = outage.failures.saturating_add(1);
        }
        outage.trying = false;
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
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn while_the_database_is_away_one_tries_and_seldom() {
        let gate = Gate::default();
        let (first, second) = (gate.enter().unwrap(), gate.enter().unwrap());
        drop((first, second));
        assert!(gate.enter().is_none(), "an attempt has just failed");
        advance(FIRST_DELAY).await;
        let one = gate.enter().expect("the delay is over");
        assert!(gate.enter().is_none(), "one at a time");
        drop(one);
        let mut attempts = 0;
        for _ in 0..10_000 {
            advance(Duration::from_millis(1)).await;
            attempts += u32::from(gate.enter().is_some());
        }
        assert!((6..=16).contains(&attempts), "{attempts} in ten seconds");
        advance(LONGEST_DELAY).await;
        gate.enter().expect("two seconds are the longest").reached();
        assert!(gate.enter().is_some() && gate.enter().is_some());
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
