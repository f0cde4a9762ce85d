//! The database's time: what decides expiry for all nodes alike, without asking for it each time.
//!
//! Each node counts on from its own monotonic clock, by an offset measured against the database: it asks for the time
//! and takes the middle between question and answer. The answer that came back fastest is the best one.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use placet_core::{
    store::StoreError,
    time::{Clock, Timestamp},
};
use tokio::time::Instant;

use super::{judge::unavailable, pool::Pool, statement};

/// How often the offset is measured.
pub(super) const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How often the database is asked in one measurement.
const QUESTIONS: usize = 5;
/// How fast two clocks of machines may drift apart, in microseconds a second: what crystals are sold with.
const DRIFT_US_PER_S: u64 = 200;

/// The time of the database. It never runs backwards.
#[derive(Debug)]
pub struct DatabaseTime {
    base: Instant,
    best: Mutex<Option<Measured>>,
    /// The database's time at `base`, in microseconds since the epoch.
    offset_us: AtomicI64,
    latest_ms: AtomicI64,
}

/// An offset, and by how much it may be wrong.
#[derive(Debug, Clone, Copy)]
struct Measured {
    offset_us: i64,
    error_us: u64,
    at: Instant,
}

impl DatabaseTime {
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            best: Mutex::new(None),
            offset_us: AtomicI64::new(0),
            latest_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Asks the database for the time, several times.
    pub(super) async fn measure(&self, pool: &Pool) -> Result<(), StoreError> {
        let mut best: Option<Measured> = None;
        for _ in 0..QUESTIONS {
            let mut loan = pool.loan().await?;
            let asked = Instant::now();
            let answer = pool.within(loan.query(statement::CLOCK, &[])).await;
            let answered = Instant::now();
            let rows = pool.settle(loan, answer)?;
            let row = rows
                .first()
                .ok_or_else(|| unavailable("the database told no time"))?;
            let told_us: i64 = row.try_get(0).map_err(unavailable)?;
            let measured = self.middle(asked, answered, told_us);
            if best.is_none_or(|best| measured.error_us < best.error_us) {
                best = Some(measured);
            }
        }
        if let Some(best) = best {
            self.take(best);
        }
        Ok(())
    }

    /// What follows from an answer: the database said this some time between question and answer.
    fn middle(&self, asked: Instant, answered: Instant, told_us: i64) -> Measured {
        let half = answered.duration_since(asked) / 2;
        let middle_us = micros(asked.duration_since(self.base) + half);
        Measured {
            offset_us: told_us.saturating_sub(middle_us),
            error_us: half.as_micros().try_into().unwrap_or(u64::MAX),
            at: answered,
        }
    }

    /// Takes a measurement that is better than the one before is by now, or contradicts it.
    fn take(&self, new: Measured) {
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        let keeps = best.is_some_and(|old| {
            let age_s = new.at.duration_since(old.at).as_secs() + 1;
            let error_us = old
                .error_us
                .saturating_add(DRIFT_US_PER_S.saturating_mul(age_s));
            let apart_us = new.offset_us.abs_diff(old.offset_us);
            error_us < new.error_us && apart_us <= error_us.saturating_add(new.error_us)
        });
        if !keeps {
            self.offset_us.store(new.offset_us, Ordering::Release);
            *best = Some(new);
        }
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl DatabaseTime {
    fn at(&self, instant: Instant) -> Timestamp {
        let offset_us = self.offset_us.load(Ordering::Acquire);
        let micros = offset_us.saturating_add(micros(instant.duration_since(self.base)));
        let now_ms = micros.div_euclid(1000);
        let before_ms = self.latest_ms.fetch_max(now_ms, Ordering::AcqRel);
        Timestamp::from_millis(now_ms.max(before_ms))
    }
}

impl Clock for DatabaseTime {
    fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH_MS: i64 = 1_800_000_000_000;

    /// A time, and what a node knows of the database.
    struct Scene {
        time: DatabaseTime,
        now: Instant,
    }

    impl Scene {
        fn new() -> Self {
            let time = DatabaseTime::new();
            let now = time.base;
            Self { time, now }
        }

        /// The database says, in the middle of a round trip, that so many milliseconds passed since the epoch.
        fn ask(&mut self, trip_ms: u64, told_ms: i64) {
            let asked = self.now;
            self.now += Duration::from_millis(trip_ms);
            let micros = (EPOCH_MS + told_ms) * 1000;
            self.time.take(self.time.middle(asked, self.now, micros));
        }

        fn pass(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
        }

        /// Milliseconds since the epoch.
        fn shown(&self) -> i64 {
            self.time.at(self.now).as_millis() - EPOCH_MS
        }
    }

    #[test]
    fn c11_the_fastest_answer_counts_and_time_never_runs_backwards() {
        let mut scene = Scene::new();
        scene.ask(2, 0);
        assert_eq!(scene.shown(), 1);
        // A slow answer, which agrees within its error, moves nothing.
        scene.ask(400, 150);
        assert_eq!(scene.shown(), 401);
        // The clock of the database was set back by a minute: time stands still until it has caught up.
        scene.ask(2, -60_000);
        let stopped = scene.shown();
        scene.pass(59_000);
        assert_eq!(scene.shown(), stopped);
        scene.pass(3_000);
        assert!(scene.shown() > stopped);
        // And forward again, at once.
        scene.ask(2, 3_600_000);
        assert_eq!(scene.shown(), 3_600_001);
    }

    #[test]
    fn an_old_measurement_gives_way_to_a_worse_new_one() {
        let mut scene = Scene::new();
        scene.ask(0, 0);
        scene.pass(100_000);
        // A hundred seconds may have put the clocks 20 ms apart; this answer is right to 10 ms.
        scene.ask(20, 100_015);
        assert_eq!(scene.shown(), 100_025);
    }
}
