//! Who waits for which request, in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use placet_core::{id::Id, pending::PendingRequest};
use tokio::sync::Notify;

/// A power of two, so that the low bits of an id choose.
const SHARDS: usize = 16;

type Shard = Mutex<HashMap<Id<PendingRequest>, Arc<Notify>>>;

/// The waiters, by request. Ids are random, so two issuers never share one.
#[derive(Default)]
pub(super) struct Waiters {
    shards: [Shard; SHARDS],
}

impl Waiters {
    /// Registers a waiter. It hears of every wake from now on, until it is dropped.
    pub(super) fn register(&self, id: Id<PendingRequest>) -> Waiter<'_> {
        let notify = Arc::clone(self.shard(id).entry(id).or_default());
        Waiter {
            waiters: self,
            id,
            notify,
        }
    }

    /// Wakes everybody who waits for `id`, while the shard is locked: a second reference held outside would keep the
    /// last waiter from taking its entry away.
    pub(super) fn wake(&self, id: Id<PendingRequest>) {
        if let Some(notify) = self.shard(id).get(&id) {
            notify.notify_waiters();
        }
    }

    /// How many requests are waited for.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(
        &self,
        id: Id<PendingRequest>,
    ) -> MutexGuard<'_, HashMap<Id<PendingRequest>, Arc<Notify>>> {
        let byte = usize::from(id.as_bytes()[15]);
        lock(
            self.shards
                .get(byte % SHARDS)
                .expect("a remainder is below its divisor"),
        )
    }
}

/// A panic elsewhere leaves a map as whole as before: every change to one is a single call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One registration; dropping it ends it.
pub(super) struct Waiter<'a> {
    waiters: &'a Waiters,
    id: Id<PendingRequest>,
    pub(super) notify: Arc<Notify>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut shard = self.waiters.shard(self.id);
        // The map's and this one's: nobody else waits, and nobody can join while the shard is locked.
        if Arc::strong_count(&self.notify) <= 2 {
            shard.remove(&self.id);
        }
    }
}
