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

/// An attempt that was given up before this tells nothing of the database: its caller went away.
const SOON: Duration = Duration::from_secs(1);

/// Who may try to connect.
pub(super) struct Gate {
    outage: Mutex<Outage>,
    /// From when on an attempt that was given up is a failure.
    soon: Duration,
}

/// What is known of an outage. None when there were no failures.
#[derive(Default)]
struct Outage {
    failures: u32,
    /// Nobody tries before this.
    next: Option<Instant>,
    /// Somebody tries.
    trying: bool,
}

/// Leave to try to connect. Dropped without a word it counts as a failure when the attempt took its time, as it does
/// where nothing answers, and as nothing when it had hardly begun: callers go away, and the others need not know.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    since: Instant,
    outcome: Option<bool>,
}

impl Gate {
    /// A gate for attempts that take at most `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            outage: Mutex::default(),
            soon: SOON.min(limit),
        }
    }

    /// Asks for leave. `None` while a failed attempt is recent or another one is under way.
    pub(super) fn enter(&self) -> Option<Pass<'_>> {
        let since = Instant::now();
        let may = self.outage().enter(since);
        // Made only when it is given: dropping one takes the lock.
        may.then(|| Pass {
            gate: self,
            since,
            outcome: None,
        })
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The database was reached.
    pub(super) fn reached(mut self) {
        self.outcome = Some(true);
    }

    /// It was not.
    pub(super) fn failed(mut self) {
        self.outcome = Some(false);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut outage = self.gate.outage();
        let now = Instant::now();
        match self.outcome {
            Some(true) => *outage = Outage::default(),
            None if now.duration_since(self.since) < self.gate.soon => outage.trying = false,
            Some(false) | None => outage.fail(now),
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
    fn a_failure_shuts_the_gate_and_one_success_opens_it() {
        let gate = Gate::new(SOON);
        let late = gate.enter().unwrap();
        gate.enter().unwrap().failed();
        assert!(gate.enter().is_none());
        late.reached();
        assert!(gate.enter().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_given_up_is_a_failure_only_when_it_took_its_time() {
        let gate = Gate::new(4 * SOON);
        for _ in 0..100 {
            drop(gate.enter().unwrap());
        }
        let long = gate.enter().unwrap();
        tokio::time::advance(SOON).await;
        drop(long);
        assert!(gate.enter().is_none());
        tokio::time::advance(FIRST_DELAY).await;
        drop(gate.enter().expect("the delay is over"));
        drop(
            gate.enter()
                .expect("whoever went away leaves it to the next"),
        );
        let short = Gate::new(SOON / 10);
        let out_of_time = short.enter().unwrap();
        tokio::time::advance(SOON / 10).await;
        drop(out_of_time);
        assert!(short.enter().is_none());
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
