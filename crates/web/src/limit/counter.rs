//! Failures of one name within a window, and how long it must wait because of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use placet_core::time::{Lifetime, Timestamp};

use super::{RetryAfter, memory::Memory};

/// The first wait beyond a limit.
const FIRST_DELAY: Lifetime = Lifetime::from_secs(1);
/// The longest wait for what others did.
const LONGEST_CROWD_DELAY: Lifetime = Lifetime::from_secs(30);
/// The most times a window doubles.
const MOST_DOUBLINGS: u32 = 7;
/// How long a success is remembered.
const KNOWN_FOR: Lifetime = Lifetime::from_secs(30 * 86_400);

/// What happens beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Nothing more until the window ends, and the next window is twice as long.
    Stop,
    /// Each further failure doubles the wait for the next try, up to the window.
    Delay,
}

/// A limit, its window and what happens beyond it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    limit: u32,
    window: Lifetime,
    reaction: Reaction,
}

impl Rule {
    pub(super) fn new(limit: u32, window: Lifetime, reaction: Reaction) -> Self {
        Self {
            limit: limit.max(1),
            window,
            reaction,
        }
    }
}

/// What is remembered of one name. A default one has never failed.
#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    failures: u32,
    /// Windows in a row that reached the limit.
    filled: u32,
    /// When the window began, and the last failure, in milliseconds since the epoch.
    began_ms: i64,
    last_ms: i64,
    /// Until when a success is remembered; zero when there was none.
    known_until_ms: i64,
}

impl Counter {
    fn began(&self) -> Timestamp {
        Timestamp::from_millis(self.began_ms)
    }

    fn last(&self) -> Timestamp {
        Timestamp::from_millis(self.last_ms)
    }

    fn fail(&mut self, now: Timestamp) {
        if self.failures == 0 {
            self.began_ms = now.as_millis();
        }
        self.failures = self.failures.saturating_add(1);
        self.last_ms = now.as_millis();
    }

    /// How long its window is.
    fn window(&self, rule: Rule) -> Lifetime {
        match rule.reaction {
            Reaction::Stop => doubled(rule.window, self.filled),
            Reaction::Delay => rule.window,
        }
    }

    /// The counter as it stands at `now`: a window that is over has moved into the next.
    fn at(mut self, rule: Rule, now: Timestamp) -> Self {
        let window = self.window(rule);
        let quiet = now.since(self.began());
        if quiet < window {
            return self;
        }
        // A window without trouble behind the last one, and all is forgotten.
        let again = self.failures >= rule.limit && quiet < window.plus(window);
        self.filled = if again {
            (self.filled + 1).min(MOST_DOUBLINGS)
        } else {
            0
        };
        self.failures = 0;
        self.began_ms = now.as_millis();
        self
    }

    /// How long to wait at `now`, which its window holds.
    fn wait(&self, rule: Rule, now: Timestamp) -> Lifetime {
        if self.failures < rule.limit {
            return Lifetime::ZERO;
        }
        match rule.reaction {
            Reaction::Stop => self.began().plus(self.window(rule)).since(now),
            Reaction::Delay => {
                let delay = doubled(FIRST_DELAY, self.failures - rule.limit).min(rule.window);
                self.last().plus(delay).since(now)
            }
        }
    }
}

fn doubled(span: Lifetime, times: u32) -> Lifetime {
    let factor = 1_u64.checked_shl(times).unwrap_or(u64::MAX);
    Lifetime::from_millis(span.as_millis().saturating_mul(factor))
}

fn held(wait: Lifetime) -> Result<(), RetryAfter> {
    if wait == Lifetime::ZERO {
        Ok(())
    } else {
        Err(RetryAfter(wait))
    }
}

/// The counters of one rule.
pub(super) struct Counters {
    rule: Rule,
    memory: Mutex<Memory<Counter>>,
}

impl Counters {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            memory: Mutex::default(),
        }
    }

    /// Whether `name` may try at `now`.
    pub(super) fn check(&self, name: &str, now: Timestamp) -> Result<(), RetryAfter> {
        match self.look(name, now) {
            Some(counter) => held(counter.wait(self.rule, now)),
            None => Ok(()),
        }
    }

    /// The same while far too many others fail: each failure of `name` itself doubles its wait from the first on.
    pub(super) fn check_in_crowd(&self, name: &str, now: Timestamp) -> Result<(), RetryAfter> {
        match self.look(name, now) {
            Some(counter) if counter.failures > 0 => {
                let delay = doubled(FIRST_DELAY, counter.failures - 1).min(LONGEST_CROWD_DELAY);
                held(counter.last().plus(delay).since(now))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether `name` has reached its limit in the window of `now`.
    pub(super) fn is_exceeded(&self, name: &str, now: Timestamp) -> bool {
        self.look(name, now)
            .is_some_and(|counter| counter.failures >= self.rule.limit)
    }

    /// Counts a failure.
    pub(super) fn count(&self, name: &str, now: Timestamp) {
        self.change(name, now, |counter| counter.fail(now));
    }

    /// Counts a failure ahead of the outcome, unless `name` must wait: of tries sent at the same time no more than the
    /// limit get through.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Result<(), RetryAfter> {
        let rule = self.rule;
        self.change(name, now, |counter| {
            held(counter.wait(rule, now))?;
            counter.fail(now);
            Ok(())
        })
    }

    /// Takes a failure back.
    pub(super) fn uncount(&self, name: &str, now: Timestamp) {
        if self.look(name, now).is_some() {
            self.change(name, now, |counter| {
                counter.failures = counter.failures.saturating_sub(1);
            });
        }
    }

    /// Remembers a success of `name`.
    pub(super) fn know(&self, name: &str, now: Timestamp) {
        self.change(name, now, |counter| {
            counter.known_until_ms = now.plus(KNOWN_FOR).as_millis();
        });
    }

    /// Whether `name` succeeded in the last thirty days, as far as is remembered.
    pub(super) fn is_known(&self, name: &str, now: Timestamp) -> bool {
        let known_until = |counter: &Counter| Timestamp::from_millis(counter.known_until_ms);
        self.memory()
            .get(name)
            .is_some_and(|counter| now < known_until(counter))
    }

    fn look(&self, name: &str, now: Timestamp) -> Option<Counter> {
        let counter = self.memory().get(name).copied()?;
        Some(counter.at(self.rule, now))
    }

    fn change<T>(&self, name: &str, now: Timestamp, change: impl FnOnce(&mut Counter) -> T) -> T {
        let mut memory = self.memory();
        let counter = memory.entry(name);
        *counter = counter.at(self.rule, now);
        change(counter)
    }

    fn memory(&self) -> MutexGuard<'_, Memory<Counter>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
