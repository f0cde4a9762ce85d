//! Polls that are held until there is an answer: who may wait here, for how long, and who lets them go.
//!
//! 1. A poll that found nothing, in its pace, asks for a place ([`Holds::place`]). There are so many for one client,
//!    for one source and in all; whoever gets none is answered at once, as if it had not asked.
//! 2. It waits ([`Place::until_answered`]) with nothing in its hands but what it needs to look again. It looks after every
//!    change of its request, and once more when its time is up, so that an answer given in the last moment is told.
//! 3. Dropping the wait, as happens when the client hangs up, gives the place back at once.
//! 4. A server that stops lets everybody go ([`Holds::release`]) and tells them when to come again.
//!
//! A face brings what it does to look again; the waiting itself is the same for all.
//!
//! Spec: RFC 7240 §4.3, RFC 8628 §3.5; threats D7 and E13

use std::{
    collections::HashMap,
    hash::Hash,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use placet_core::{
    client::Client,
    engine::{Committed, Engine, Given, Polled, Proceeded, Waiting},
    id::Id,
    time::{Lifetime, Timestamp},
    token::TokenSet,
};
use tokio::sync::Notify;

/// Those a stopping server lets go come back over this many seconds, not all in the same one.
const RETURN_WITHIN_S: u64 = 5;

/// The numbers of `[limits]` for polls that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldSettings {
    /// The longest one waits. Zero: none is held.
    pub longest: Lifetime,
    /// Held polls of one client.
    pub per_client: usize,
    /// Held polls of one source.
    pub per_source: usize,
    /// Held polls in all.
    pub total: usize,
}

impl Default for HoldSettings {
    /// The defaults of `[limits]`.
    fn default() -> Self {
        Self {
            longest: Lifetime::from_secs(30),
            per_client: 1024,
            per_source: 256,
            total: 2048,
        }
    }
}

/// Everybody who waits on this node.
pub struct Holds {
    settings: HoldSettings,
    held: Mutex<Held>,
    released: AtomicBool,
    release: Notify,
}

#[derive(Default)]
struct Held {
    total: usize,
    by_client: HashMap<Id<Client>, usize>,
    by_source: HashMap<Arc<str>, usize>,
}

/// What a look found.
pub enum Looked<T> {
    /// The answer.
    Found(T),
    /// None yet.
    Waiting(Waiting),
}

impl From<Polled> for Looked<Committed<TokenSet>> {
    fn from(polled: Polled) -> Self {
        match polled {
            Polled::Given(tokens) => Self::Found(tokens),
            Polled::Waiting(waiting) => Self::Waiting(waiting),
        }
    }
}

impl From<Proceeded> for Looked<Committed<Given>> {
    fn from(proceeded: Proceeded) -> Self {
        match proceeded {
            Proceeded::Given(given) => Self::Found(*given),
            Proceeded::Waiting(waiting) => Self::Waiting(waiting),
        }
    }
}

/// Why a wait ended without an answer.
#[derive(Debug)]
pub enum Unanswered<E> {
    /// The time it was given is up; it may ask again at once.
    TimeUp,
    /// The server stops; it should come back after this.
    Released(Lifetime),
    /// There is nothing to wait for any more.
    Refused(E),
}

impl Holds {
    /// Places within these limits.
    pub fn new(settings: HoldSettings) -> Self {
        Self {
            settings,
            held: Mutex::default(),
            released: AtomicBool::new(false),
            release: Notify::new(),
        }
    }

    /// A place for a poll that came at `now` and would wait for `wish`. `None` when it is to be answered at once.
    pub fn place(
        self: &Arc<Self>,
        wish: Lifetime,
        client: Id<Client>,
        source: &str,
        now: Timestamp,
    ) -> Option<Place> {
        let granted = wish.min(self.settings.longest);
        if granted == Lifetime::ZERO || self.released.load(Ordering::Acquire) {
            return None;
        }
        let mut held = self.held();
        let of_client = held.by_client.get(&client).copied().unwrap_or(0);
        let known = held.by_source.get_key_value(source);
        let (source, of_source) = known.map_or_else(
            || (Arc::from(source), 0),
            |(known, count)| (Arc::clone(known), *count),
        );
        if held.total >= self.settings.total
            || of_client >= self.settings.per_client
            || of_source >= self.settings.per_source
        {
            return None;
        }
        held.total += 1;
        held.by_client.insert(client, of_client + 1);
        held.by_source.insert(Arc::clone(&source), of_source + 1);
        drop(held);
        Some(Place {
            holds: Arc::clone(self),
            client,
            source,
            granted,
            until: now.plus(granted),
        })
    }

    /// Lets everybody go, for good.
    pub fn release(&self) {
        self.released.store(true, Ordering::Release);
        self.release.notify_waiters();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.held().total
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Resolves when everybody is let go.
    async fn released(&self) {
        let mut notified = pin!(self.release.notified());
        // Listening comes before looking, so that a release between the two is heard.
        notified.as_mut().enable();
        if !self.released.load(Ordering::Acquire) {
            notified.await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One poll's place. Dropping it gives it back.
pub struct Place {
    holds: Arc<Holds>,
    client: Id<Client>,
    source: Arc<str>,
    granted: Lifetime,
    until: Timestamp,
}

impl Place {
    /// How long it may wait: what it asked for, within the limit.
    pub fn granted(&self) -> Lifetime {
        self.granted
    }

    /// Waits for an answer, and looks again with `look` whenever there may be one.
    ///
    /// # Errors
    /// [`Unanswered`] says why there is none.
    pub async fn until_answered<T, P, E, Fut>(
        &self,
        engine: &Engine,
        mut waiting: Waiting,
        look: impl Fn() -> Fut + Send + Sync,
    ) -> Result<T, Unanswered<E>>
    where
        P: Into<Looked<T>>,
        Fut: Future<Output = Result<P, E>> + Send,
    {
        loop {
            tokio::select! {
                biased;
                () = engine.changed(&waiting, self.until) => {}
                // Without another look: thousands of them at once would hold the stop up, and what nobody has told yet
                // is told to the next poll.
                () = self.holds.released() => {
                    return Err(Unanswered::Released(Self::return_after(&waiting)));
                }
            }
            // On the heap, because it needs much more room than waiting does.
            match Box::pin(look()).await.map(Into::into) {
                Ok(Looked::Found(answer)) => return Ok(answer),
                Ok(Looked::Waiting(seen)) => waiting = seen,
                Err(error) => return Err(Unanswered::Refused(error)),
            }
            if engine.store().now() >= self.until {
                engine.waited_out(&waiting);
                return Err(Unanswered::TimeUp);
            }
        }
    }

    /// When to come back to a server that stops: spread, so that the next one does not meet everybody at once.
    fn return_after(waiting: &Waiting) -> Lifetime {
        Lifetime::from_secs(1 + waiting.spread() % RETURN_WITHIN_S)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.holds.held();
        held.total = held.total.saturating_sub(1);
        let Held {
            by_client,
            by_source,
            ..
        } = &mut *held;
        leave(by_client, &self.client);
        leave(by_source, &self.source);
    }
}

/// Counts one less, and forgets who has none.
fn leave<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn holds(per_client: usize, per_source: usize, total: usize) -> Arc<Holds> {
        Arc::new(Holds::new(HoldSettings {
            longest: Lifetime::from_secs(30),
            per_client,
            per_source,
            total,
        }))
    }

    fn place(holds: &Arc<Holds>, client: u8, source: &str) -> Option<Place> {
        let wish = Lifetime::from_secs(10);
        holds.place(wish, Id::from_bytes([client; 16]), source, NOW)
    }

    #[test]
    fn e13_each_cap_turns_only_its_own_away_and_places_come_back() {
        for (name, caps, second, third) in [
            ("client", (1, 9, 9), (1, "b"), (2, "a")),
            ("source", (9, 1, 9), (2, "a"), (1, "b")),
        ] {
            let holds = holds(caps.0, caps.1, caps.2);
            let first = place(&holds, 1, "a").unwrap();
            assert!(place(&holds, second.0, second.1).is_none(), "{name}");
            let other = place(&holds, third.0, third.1).unwrap();
            assert_eq!(holds.len(), 2, "{name}");
            drop(first);
            assert!(place(&holds, second.0, second.1).is_some(), "{name}");
            drop(other);
            assert!(holds.is_empty(), "{name}");
            let held = holds.held();
            assert!(held.by_client.is_empty() && held.by_source.is_empty());
        }
        let holds = holds(9, 9, 2);
        let full = [place(&holds, 1, "a"), place(&holds, 2, "b")];
        assert!(full.iter().all(Option::is_some));
        assert!(place(&holds, 3, "c").is_none());
    }

    #[test]
    fn rfc7240_4_3_nobody_waits_longer_than_the_limit() {
        let holds = holds(9, 9, 9);
        let wait = |seconds| {
            let wish = Lifetime::from_secs(seconds);
            let place = holds.place(wish, Id::from_bytes([1; 16]), "a", NOW);
            place.map(|place| (place.granted().as_secs(), place.until.since(NOW).as_secs()))
        };
        assert_eq!(wait(0), None);
        assert_eq!(wait(1), Some((1, 1)));
        assert_eq!(wait(30), Some((30, 30)));
        assert_eq!(wait(31), Some((30, 30)));
        let off = Arc::new(Holds::new(HoldSettings {
            longest: Lifetime::ZERO,
            ..HoldSettings::default()
        }));
        assert!(place(&off, 1, "a").is_none());
    }

    #[test]
    fn nobody_begins_to_wait_at_a_server_that_stops() {
        let holds = holds(9, 9, 9);
        holds.release();
        assert!(place(&holds, 1, "a").is_none());
    }
}
