//! A clock that stands still until it is told otherwise.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use crate::time::{Clock, Lifetime, Timestamp};

/// A clock for tests. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock {
    face: Arc<Mutex<Face>>,
}

#[derive(Debug)]
struct Face {
    now: Timestamp,
    next_alarm: u64,
    alarms: HashMap<u64, (Timestamp, Waker)>,
}

impl FixedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            face: Arc::new(Mutex::new(Face {
                now,
                next_alarm: 0,
                alarms: HashMap::new(),
            })),
        }
    }

    /// Sets the time, forwards or backwards, and wakes whoever waited for it.
    pub fn set(&self, now: Timestamp) {
        let mut due = Vec::new();
        let mut face = self.face();
        face.now = now;
        face.alarms.retain(|_, (at, waker)| {
            let rings = *at <= now;
            if rings {
                due.push(waker.clone());
            }
            !rings
        });
        drop(face);
        due.into_iter().for_each(Waker::wake);
    }

    /// Moves the time forwards.
    pub fn advance(&self, by: Lifetime) {
        self.set(self.now().plus(by));
    }

    /// Moves the time backwards, as a badly kept machine would.
    pub fn turn_back(&self, by: Lifetime) {
        self.set(self.now().minus(by));
    }

    /// An alarm that wakes a task at a time.
    pub fn alarm(&self, at: Timestamp) -> Alarm {
        let mut face = self.face();
        face.next_alarm += 1;
        Alarm {
            clock: self.clone(),
            number: face.next_alarm,
            at,
        }
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FixedClock {
    /// A clock that shows a time with four round figures behind it.
    fn default() -> Self {
        Self::new(Timestamp::from_secs(1_800_000_000))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.face().now
    }
}

/// Wakes a task when the clock is set to its time or later; dropping it cancels it.
#[derive(Debug)]
pub struct Alarm {
    clock: FixedClock,
    number: u64,
    at: Timestamp,
}

impl Alarm {
    /// Arms it for the task of `waker`. Returns whether its time has come already; then nothing is armed.
    pub fn arm(&self, waker: &Waker) -> bool {
        let mut face = self.clock.face();
        if face.now >= self.at {
            return true;
        }
        face.alarms.insert(self.number, (self.at, waker.clone()));
        false
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.face().alarms.remove(&self.number);
    }
}
