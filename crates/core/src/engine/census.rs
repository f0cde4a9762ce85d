//! How many requests are open, per client, per source and in all: kept in memory, so that a cap refuses
//! before any write.
//!
//! Counts are filed by the minute in which a request ends by itself, so that forgetting the ended ones
//! needs no list of requests. They are approximate by that minute.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{client::Client, id::Id, time::Timestamp};

const BUCKET_MS: i64 = 60_000;
/// Sources and clients without open requests are dropped when the maps have grown by this many.
const TIDY_EVERY: usize = 4_096;

#[derive(Default)]
struct Buckets {
    by_minute: BTreeMap<i64, u32>,
    open: u32,
}

impl Buckets {
    fn expire(&mut self, minute: i64) {
        while let Some(entry) = self.by_minute.first_entry() {
            if *entry.key() >= minute {
                break;
            }
            self.open = self.open.saturating_sub(entry.remove());
        }
    }

    fn add(&mut self, minute: i64) {
        *self.by_minute.entry(minute).or_default() += 1;
        self.open += 1;
    }

    fn remove(&mut self, minute: i64) {
        if let Some(count) = self.by_minute.get_mut(&minute).filter(|count| **count > 0) {
            *count -= 1;
            self.open = self.open.saturating_sub(1);
        }
    }
}

/// What is open, by who opened it and from where.
#[derive(Default)]
struct Counts {
    all: Buckets,
    by_client: HashMap<Id<Client>, Buckets>,
    by_peer: HashMap<String, Buckets>,
    tidied_at: usize,
}

/// The counters of one issuer.
#[derive(Default)]
pub(crate) struct Census(Mutex<Books>);

#[derive(Default)]
struct Books {
    in_force: Counts,
    /// A count that is being made from the store, and when it began.
    anew: Option<(Counts, Timestamp)>,
}

/// The caps in force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) per_client: u32,
    pub(crate) per_source: u32,
    pub(crate) total: u32,
}

impl Census {
    /// Counts one more open request, unless a cap is reached.
    pub(crate) fn enter(
        &self,
        client: Id<Client>,
        peer: &str,
        expires_at: Timestamp,
        now: Timestamp,
        caps: Caps,
    ) -> bool {
        let mut books = self.lock();
        if !books.in_force.has_room(client, peer, minute(now), caps) {
            return false;
        }
        books.in_force.add(client, peer, expires_at);
        // What is older is found in the store.
        if let Some((counts, began_at)) = &mut books.anew
            && now >= *began_at
        {
            counts.add(client, peer, expires_at);
        }
        true
    }

    /// Counts one less: it was settled before its end.
    pub(crate) fn leave(&self, client: Id<Client>, peer: &str, expires_at: Timestamp) {
        let minute = minute(expires_at);
        self.lock()
            .each()
            .for_each(|counts| counts.remove(client, peer, minute));
    }

    /// Begins a new count of what the store holds from before `now`. What enters from now on is part of it.
    pub(crate) fn begin_anew(&self, now: Timestamp) {
        self.lock().anew = Some((Counts::default(), now));
    }

    /// Counts one that was found in the store, in the count that was begun.
    pub(crate) fn found(&self, client: Id<Client>, peer: &str, expires_at: Timestamp) {
        if let Some((counts, _)) = &mut self.lock().anew {
            counts.add(client, peer, expires_at);
        }
    }

    /// Lets the count that was begun take the place of the one in force.
    pub(crate) fn end_anew(&self) {
        let mut books = self.lock();
        if let Some((counts, _)) = books.anew.take() {
            books.in_force = counts;
        }
    }

    /// How many are open, all together.
    pub(crate) fn open(&self, now: Timestamp) -> u32 {
        let mut books = self.lock();
        books.in_force.all.expire(minute(now));
        books.in_force.all.open
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn each(&mut self) -> impl Iterator<Item = &mut Counts> {
        let anew = self.anew.as_mut().map(|(counts, _)| counts);
        std::iter::once(&mut self.in_force).chain(anew)
    }
}

impl Counts {
    /// Whether no cap is reached.
    fn has_room(&mut self, client: Id<Client>, peer: &str, minute: i64, caps: Caps) -> bool {
        self.tidy(minute);
        self.all.expire(minute);
        let of_client = open(&mut self.by_client, &client, minute);
        let of_peer = open(&mut self.by_peer, peer, minute);
        self.all.open < caps.total && of_client < caps.per_client && of_peer < caps.per_source
    }

    fn remove(&mut self, client: Id<Client>, peer: &str, minute: i64) {
        self.all.remove(minute);
        if let Some(buckets) = self.by_client.get_mut(&client) {
            buckets.remove(minute);
        }
        if let Some(buckets) = self.by_peer.get_mut(peer) {
            buckets.remove(minute);
        }
    }

    fn add(&mut self, client: Id<Client>, peer: &str, expires_at: Timestamp) {
        let minute = minute(expires_at);
        self.all.add(minute);
        self.by_client.entry(client).or_default().add(minute);
        match self.by_peer.get_mut(peer) {
            Some(buckets) => buckets.add(minute),
            None => self.by_peer.entry(peer.to_owned()).or_default().add(minute),
        }
    }

    fn tidy(&mut self, minute: i64) {
        let size = self.by_client.len() + self.by_peer.len();
        if size < self.tidied_at + TIDY_EVERY {
            return;
        }
        self.by_client
            .retain(|_, buckets| still_open(buckets, minute));
        self.by_peer
            .retain(|_, buckets| still_open(buckets, minute));
        self.tidied_at = self.by_client.len() + self.by_peer.len();
    }
}

fn still_open(buckets: &mut Buckets, minute: i64) -> bool {
    buckets.expire(minute);
    buckets.open > 0
}

fn open<K, Q>(map: &mut HashMap<K, Buckets>, key: &Q, minute: i64) -> u32
where
    K: Eq + Hash + std::borrow::Borrow<Q>,
    Q: Eq + Hash + ?Sized,
{
    map.get_mut(key).map_or(0, |buckets| {
        buckets.expire(minute);
        buckets.open
    })
}

fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(BUCKET_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn c10_caps_hold_and_free_themselves() {
        let census = Census::default();
        let caps = Caps {
            per_client: 3,
            per_source: 2,
            total: 4,
        };
        let (a, b) = (Id::random(&SystemRandom), Id::random(&SystemRandom));
        let at = |secs| Timestamp::from_secs(secs);
        let enter = |client, peer, now| census.enter(client, peer, at(600), at(now), caps);
        assert!(enter(a, "p1", 0) && enter(a, "p1", 0));
        assert!(!enter(a, "p1", 0), "per source");
        assert!(enter(a, "p2", 0));
        assert!(!enter(a, "p3", 0), "per client");
        assert!(enter(b, "p3", 0));
        assert!(!enter(b, "p4", 0), "in all");
        census.leave(b, "p3", at(600));
        assert!(enter(b, "p4", 0), "a settled request frees its place");
        assert_eq!(census.open(at(0)), 4);
        let later = census.enter(a, "p1", at(1_300), at(700), caps);
        assert!(later, "expired ones free theirs");
        assert_eq!(census.open(at(700)), 1);
    }
}
