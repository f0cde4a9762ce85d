//! How often a client may poll: one rule for every face.
//!
//! The time of the last answer lives in a bounded table in memory, so that waiting costs the store no
//! write. Only a grown interval is committed, at most once per interval; other early polls are told to
//! slow down from memory. With N nodes the pace may be N-fold.
//!
//! Spec: RFC 8628 §3.5

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::time::{Lifetime, Timestamp};

/// What an early poll adds to the interval (RFC 8628 §3.5).
pub const SLOW_DOWN_BY: Lifetime = Lifetime::from_secs(5);
/// The longest the interval grows.
pub const INTERVAL_LIMIT: Lifetime = Lifetime::from_secs(60);
/// Polls remembered per shard and generation.
const SHARD_CAP: usize = 8_192;
const SHARDS: usize = 16;

/// What to do with a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In time.
    Fine,
    /// Too early; answer from memory.
    Early,
    /// Too early, and the longer interval is to be committed.
    Grow {
        /// The new interval.
        interval: Lifetime,
    },
}

#[derive(Clone, Copy)]
struct Last {
    /// Absent when the next poll is not early whenever it comes.
    answered: Option<Timestamp>,
    grown: Option<Timestamp>,
}

/// The last polls, in two generations: when the young one is full it becomes the old one.
#[derive(Default)]
struct Shard {
    young: HashMap<[u8; 32], Last>,
    old: HashMap<[u8; 32], Last>,
}

/// The bounded memory of last polls. A forgotten poll errs on the side of the client.
pub struct PaceTable {
    shards: [Mutex<Shard>; SHARDS],
}

impl Default for PaceTable {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl PaceTable {
    /// Judges a poll of the handle with this hash and remembers it.
    pub fn judge(&self, handle: &[u8; 32], interval: Lifetime, now: Timestamp) -> Pace {
        let mut shard = self.shard(handle);
        let last = shard
            .young
            .get(handle)
            .or_else(|| shard.old.get(handle))
            .copied();
        // An early poll does not move the clock: whoever was early once and goes on at the old pace comes through later.
        let (pace, last) = match last {
            Some(last) if last.answered.is_some_and(|at| now < at.plus(interval)) => {
                if last.grown.is_none_or(|at| now >= at.plus(interval)) {
                    // An interval that began above the limit stays as it is: it never shrinks.
                    let grown = interval.plus(SLOW_DOWN_BY).min(INTERVAL_LIMIT);
                    let interval = grown.max(interval);
                    let grown = Some(now);
                    (Pace::Grow { interval }, Last { grown, ..last })
                } else {
                    (Pace::Early, last)
                }
            }
            known => {
                let answered = Some(now);
                let grown = known.and_then(|last| last.grown);
                (Pace::Fine, Last { answered, grown })
            }
        };
        shard.remember(*handle, last);
        pace
    }

    /// Remembers that the handle was given out at `at`: the first poll has to keep the interval too (RFC 9635 §3.1). What
    /// is remembered already stays.
    pub fn begin(&self, handle: &[u8; 32], at: Timestamp) {
        let mut shard = self.shard(handle);
        let known = shard.young.contains_key(handle) || shard.old.contains_key(handle);
        if !known {
            shard.remember(
                *handle,
                Last {
                    answered: Some(at),
                    grown: None,
                },
            );
        }
    }

    /// The poll just judged was held to the end of the time its client asked for: the client has waited here and may
    /// ask again at once. What it did before stays remembered.
    pub fn waited(&self, handle: &[u8; 32]) {
        let mut shard = self.shard(handle);
        let Shard { young, old } = &mut *shard;
        if let Some(last) = young.get_mut(handle).or_else(|| old.get_mut(handle)) {
            last.answered = None;
        }
    }

    /// Forgets a handle that needs no pace any more.
    pub fn forget(&self, handle: &[u8; 32]) {
        let mut shard = self.shard(handle);
        shard.young.remove(handle);
        shard.old.remove(handle);
    }

    fn shard(&self, handle: &[u8; 32]) -> std::sync::MutexGuard<'_, Shard> {
        let index = usize::from(handle.first().copied().unwrap_or(0)) % SHARDS;
        let shard = self.shards.get(index).or_else(|| self.shards.first());
        shard
            .expect("there are sixteen shards")
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn remember(&mut self, handle: [u8; 32], last: Last) {
        if self.young.len() >= SHARD_CAP && !self.young.contains_key(&handle) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(handle, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Lifetime = Lifetime::from_secs(5);
    const TEN: Lifetime = Lifetime::from_secs(10);

    #[test]
    fn d7_early_polls_grow_the_interval_once_per_interval() {
        let table = PaceTable::default();
        let poll = |secs, interval| table.judge(&[1; 32], interval, Timestamp::from_secs(secs));
        assert_eq!(poll(0, FIVE), Pace::Fine);
        assert_eq!(poll(1, FIVE), Pace::Grow { interval: TEN });
        assert_eq!(poll(2, TEN), Pace::Early);
        assert_eq!(
            poll(7, TEN),
            Pace::Early,
            "the old pace is too fast from now on"
        );
        assert_eq!(
            poll(10, TEN),
            Pace::Fine,
            "early polls did not move the clock"
        );
        assert_eq!(
            poll(15, TEN),
            Pace::Grow {
                interval: Lifetime::from_secs(15)
            }
        );
    }

    #[test]
    fn d7_whoever_was_early_once_comes_through_and_whoever_never_waits_seldom() {
        for (step, most) in [(5, 60), (1, 30)] {
            let table = PaceTable::default();
            let (mut interval, mut fine, mut ended) = (FIVE, 0, None);
            for at in [0].into_iter().chain((4..900).step_by(step)) {
                match table.judge(&[1; 32], interval, Timestamp::from_secs(at)) {
                    Pace::Fine => fine += 1,
                    Pace::Early => {}
                    Pace::Grow { interval: grown } if grown == interval => {
                        ended = ended.or(Some(at));
                    }
                    Pace::Grow { interval: grown } => interval = grown,
                }
            }
            assert!((10..=most).contains(&fine), "{fine} every {step} s");
            assert_eq!(interval, INTERVAL_LIMIT);
            assert!(ended.is_some());
        }
    }

    #[test]
    fn a_poll_that_was_held_may_be_repeated_at_once_and_only_once() {
        let table = PaceTable::default();
        let poll = |secs, interval| table.judge(&[1; 32], interval, Timestamp::from_secs(secs));
        assert_eq!(poll(0, FIVE), Pace::Fine);
        assert_eq!(poll(1, FIVE), Pace::Grow { interval: TEN });
        assert_eq!(poll(11, TEN), Pace::Fine);
        table.waited(&[1; 32]);
        assert_eq!(poll(12, TEN), Pace::Fine, "it waited here");
        assert_eq!(
            poll(13, TEN),
            Pace::Grow {
                interval: Lifetime::from_secs(15)
            },
            "this one did not"
        );
        table.waited(&[2; 32]);
        assert_eq!(
            table.judge(&[2; 32], FIVE, Timestamp::from_secs(0)),
            Pace::Fine
        );
    }

    #[test]
    fn a_full_table_forgets_the_oldest_half() {
        let table = PaceTable::default();
        for n in 0..40_000_u32 {
            let mut handle = [0; 32];
            handle[1..5].copy_from_slice(&n.to_be_bytes());
            table.judge(&handle, FIVE, Timestamp::from_secs(0));
        }
        let kept: usize = table
            .shards
            .iter()
            .map(|s| s.lock().unwrap())
            .map(|s| s.young.len() + s.old.len())
            .sum();
        assert!(kept <= 2 * SHARD_CAP, "{kept}");
    }
}
