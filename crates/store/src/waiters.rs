//! Who waits for which request, in this process: a few words in memory for each, no thread, no timer, no connection.
//!
//! 1. A waiter registers, and only then reads the version it waits to see passed. A wake after that moment is kept for
//!    it until it listens, so that no change falls between read and wait.
//! 2. A commit that may matter to somebody wakes the waiters of its request, and nobody else.
//! 3. What other processes write is found by one task of the store, which compares the versions of all waiters
//!    together ([`Waiters::waited_for`]) and tells those that are behind ([`Waiters::tell`]): they need not look themselves,
//!    so that the load on the store does not hold them up.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use placet_core::{
    id::Id,
    issuer::Issuer,
    pending::PendingRequest,
    store::{StoreError, Version},
    time::Lifetime,
};
use tokio::time::timeout;

/// A power of two, so that the low bits of an id choose. Registering, waking and leaving lock one shard for less than
/// a microsecond.
const SHARDS: usize = 64;

/// The waiters of a shard by request, and of a request in the order they came. A tree, because all waiters of one
/// request stand side by side in it, and one of thousands leaves as quickly as one of two.
type Shard = BTreeMap<(Id<PendingRequest>, u64), Seat>;

/// What is kept of one waiter.
struct Seat {
    issuer: Id<Issuer>,
    seen: Version,
    woken: bool,
    /// Somebody has seen a newer version than `seen`, or none.
    passed: bool,
    /// Absent until its task waits, and after it was woken.
    waker: Option<Waker>,
}

/// Everybody who waits.
pub(crate) struct Waiters {
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicU64,
}

impl Default for Waiters {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            next: AtomicU64::new(0),
        }
    }
}

impl Waiters {
    /// Registers somebody who has seen the request at version `seen`. It hears of every wake from here on, until it
    /// is dropped.
    pub(crate) fn register(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
    ) -> Waiter<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let seat = Seat {
            issuer,
            seen,
            woken: false,
            passed: false,
            waker: None,
        };
        self.shard(id).insert((id, number), seat);
        Waiter {
            waiters: self,
            id,
            number,
        }
    }

    /// Waits until `version` tells a newer one than `seen`, or none, or there is no time `left`.
    pub(crate) async fn until_passed<F>(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        left: impl Fn() -> Lifetime,
        version: impl Fn() -> F,
    ) where
        F: Future<Output = Result<Option<Version>, StoreError>>,
    {
        // Registering comes before looking, so that a change between the two is heard.
        let waiter = self.register(issuer, id, seen);
        loop {
            // A read that fails is for the caller to meet.
            let stays = async { matches!(version().await, Ok(Some(now)) if now <= seen) };
            tokio::select! {
                biased;
                // Under load a read waits for its turn: whoever was told meanwhile needs none.
                () = waiter.passed() => return,
                stays = stays => if !stays {
                    return;
                },
            }
            let left = left();
            if left == Lifetime::ZERO {
                return;
            }
            // At its time, or after a wake that was for somebody else, it looks once more.
            drop(timeout(Duration::from_millis(left.as_millis()), waiter.woken()).await);
        }
    }

    /// Wakes everybody who waits for `id`.
    pub(crate) fn wake(&self, id: Id<PendingRequest>) {
        let mut awake = Vec::new();
        let mut shard = self.shard(id);
        for (_, seat) in shard.range_mut((id, 0)..=(id, u64::MAX)) {
            seat.woken = true;
            awake.extend(seat.waker.take());
        }
        drop(shard);
        // A woken task may run at once and ask for the shard.
        awake.into_iter().for_each(Waker::wake);
    }

    /// Tells those who wait for `id` that its version is this one, or that it is gone.
    pub(crate) fn tell(&self, id: Id<PendingRequest>, version: Option<Version>) {
        let mut awake = Vec::new();
        let mut shard = self.shard(id);
        for (_, seat) in shard.range_mut((id, 0)..=(id, u64::MAX)) {
            if version.is_none_or(|version| version > seat.seen) {
                seat.passed = true;
                seat.woken = true;
                awake.extend(seat.waker.take());
            }
        }
        drop(shard);
        awake.into_iter().for_each(Waker::wake);
    }

    /// Every request that is waited for, with the lowest version its waiters have seen: whoever finds a newer one
    /// wakes them. In no particular order, and without holding anybody up for longer than a shard takes.
    pub(crate) fn waited_for(&self) -> Vec<(Id<Issuer>, Id<PendingRequest>, Version)> {
        let mut all: Vec<(Id<Issuer>, Id<PendingRequest>, Version)> = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            for ((id, _), seat) in shard.iter() {
                match all.last_mut() {
                    Some(last) if last.1 == *id => last.2 = last.2.min(seat.seen),
                    Some(_) | None => all.push((seat.issuer, *id, seat.seen)),
                }
            }
        }
        all
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, id: Id<PendingRequest>) -> MutexGuard<'_, Shard> {
        let [.., low] = *id.as_bytes();
        lock(
            self.shards
                .get(usize::from(low) % SHARDS)
                .expect("a remainder is below its divisor"),
        )
    }
}

/// A panic elsewhere leaves a shard as whole as before: every change to one is a single call.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One registration; dropping it ends it at once.
pub(crate) struct Waiter<'a> {
    waiters: &'a Waiters,
    id: Id<PendingRequest>,
    number: u64,
}

impl Waiter<'_> {
    /// Resolves when there was a wake since the registration, or since this resolved last. Dropping the future loses
    /// no wake.
    pub(crate) async fn woken(&self) {
        poll_fn(|context| self.poll(context, |seat| std::mem::take(&mut seat.woken))).await;
    }

    /// Resolves when somebody has told that the version passed.
    async fn passed(&self) {
        poll_fn(|context| self.poll(context, |seat| seat.passed)).await;
    }

    fn poll(&self, context: &Context<'_>, is_due: impl Fn(&mut Seat) -> bool) -> Poll<()> {
        let mut shard = self.waiters.shard(self.id);
        let Some(seat) = shard.get_mut(&(self.id, self.number)) else {
            // Only dropping this waiter removes its seat.
            return Poll::Ready(());
        };
        if is_due(seat) {
            return Poll::Ready(());
        }
        match &mut seat.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let seat = self.waiters.shard(self.id).remove(&(self.id, self.number));
        // Dropping a waker may end a task, which is not to happen under the lock.
        drop(seat);
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::Arc, task::Wake};

    use super::*;

    /// Counts how often its task was woken.
    #[derive(Default)]
    struct Bell(AtomicU64);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn id(n: u32) -> Id<PendingRequest> {
        let mut bytes = [0; 16];
        bytes[12..].copy_from_slice(&n.to_be_bytes());
        Id::from_bytes(bytes)
    }

    fn issuer() -> Id<Issuer> {
        Id::from_bytes([1; 16])
    }

    fn is_woken(waiter: &Waiter<'_>, bell: &Arc<Bell>) -> bool {
        let waker = Waker::from(Arc::clone(bell));
        let woken = pin!(waiter.woken());
        woken.poll(&mut Context::from_waker(&waker)).is_ready()
    }

    #[test]
    fn k3_a_wake_before_the_first_look_is_heard_and_heard_once() {
        let (waiters, bell) = (Waiters::default(), Arc::new(Bell::default()));
        let waiter = waiters.register(issuer(), id(1), 1);
        waiters.wake(id(1));
        waiters.wake(id(1));
        assert!(is_woken(&waiter, &bell));
        assert!(!is_woken(&waiter, &bell), "one change ends one wait");
        waiters.wake(id(1));
        assert!(is_woken(&waiter, &bell));
        assert_eq!(bell.0.load(Ordering::Relaxed), 1);
    }

    /// A read that never ends stands for a store whose connections are all at work.
    #[tokio::test(start_paused = true)]
    async fn k3_whoever_is_told_needs_no_read_of_its_own() {
        for (version, is_told) in [(Some(2), true), (None, true), (Some(1), false)] {
            let waiters = Waiters::default();
            let left = || Lifetime::from_secs(60);
            let waiting = waiters.until_passed(issuer(), id(1), 1, left, std::future::pending);
            let (ended, ()) = tokio::join!(timeout(Duration::from_secs(5), waiting), async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                waiters.tell(id(1), version);
            });
            assert_eq!(ended.is_ok(), is_told, "{version:?}");
        }
    }

    #[test]
    fn a_wake_reaches_all_of_its_request_and_nobody_else() {
        let waiters = Waiters::default();
        // 64 apart: the same shard.
        let (mine, other) = (id(5), id(5 + 64));
        let bells: Vec<_> = (0..500).map(|_| Arc::new(Bell::default())).collect();
        let same: Vec<_> = bells
            .iter()
            .map(|_| waiters.register(issuer(), mine, 1))
            .collect();
        let apart = waiters.register(issuer(), other, 1);
        let quiet = Arc::new(Bell::default());
        for (waiter, bell) in same.iter().zip(&bells) {
            assert!(!is_woken(waiter, bell));
        }
        assert!(!is_woken(&apart, &quiet));
        waiters.wake(mine);
        for (waiter, bell) in same.iter().zip(&bells) {
            assert_eq!(bell.0.load(Ordering::Relaxed), 1);
            assert!(is_woken(waiter, bell));
        }
        assert_eq!(quiet.0.load(Ordering::Relaxed), 0);
        assert!(!is_woken(&apart, &quiet));
    }

    #[test]
    fn the_list_for_the_check_names_each_request_once_at_its_lowest_version() {
        let waiters = Waiters::default();
        let held: Vec<_> = (0..300_u32)
            .map(|n| waiters.register(issuer(), id(n / 3), u64::from(7 - n % 3)))
            .collect();
        let mut listed = waiters.waited_for();
        listed.sort_by_key(|entry| entry.1);
        let wanted: Vec<_> = (0..100).map(|n| (issuer(), id(n), 5)).collect();
        assert_eq!(listed, wanted);
        assert_eq!(waiters.len(), 300);
        drop(held);
        assert_eq!(waiters.len(), 0);
        assert!(waiters.waited_for().is_empty());
    }

    #[test]
    fn a_task_is_kept_alive_no_longer_than_its_waiter() {
        let (waiters, bell) = (Waiters::default(), Arc::new(Bell::default()));
        let waiter = waiters.register(issuer(), id(1), 1);
        assert!(!is_woken(&waiter, &bell));
        assert_eq!(Arc::strong_count(&bell), 2);
        drop(waiter);
        assert_eq!(Arc::strong_count(&bell), 1);
    }

    /// A waiter must stay a few words: its place in the tree is what 18 000 of them are multiplied by.
    #[test]
    fn a_waiter_is_small() {
        assert!(size_of::<((Id<PendingRequest>, u64), Seat)>() <= 80);
    }
}
