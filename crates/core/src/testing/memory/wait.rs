//! Waiting for a request to change: one list of wakers, looked at under the lock that commits take.

use std::{
    collections::HashMap,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::MemoryStore;
use crate::{
    id::Id, issuer::Issuer, pending::PendingRequest, store::Version, testing::clock::Alarm,
};

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    next: u64,
    wakers: HashMap<u64, (Id<PendingRequest>, Waker)>,
}

impl Waiting {
    /// Takes out the wakers of these requests.
    pub(super) fn take(&mut self, ids: &[Id<PendingRequest>]) -> Vec<Waker> {
        let mut taken = Vec::new();
        self.wakers.retain(|_, (id, waker)| {
            let wanted = ids.contains(id);
            if wanted {
                taken.push(waker.clone());
            }
            !wanted
        });
        taken
    }

    pub(super) fn len(&self) -> usize {
        self.wakers.len()
    }
}

/// The future of `changed`.
pub(super) struct Changed<'a> {
    store: &'a MemoryStore,
    alarm: Alarm,
    request: (Id<Issuer>, Id<PendingRequest>),
    seen: Version,
    number: u64,
}

impl<'a> Changed<'a> {
    pub(super) fn new(
        store: &'a MemoryStore,
        alarm: Alarm,
        request: (Id<Issuer>, Id<PendingRequest>),
        seen: Version,
    ) -> Self {
        let mut shared = store.shared();
        shared.waiting.next += 1;
        let number = shared.waiting.next;
        drop(shared);
        Self {
            store,
            alarm,
            request,
            seen,
            number,
        }
    }
}

impl Future for Changed<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.alarm.arm(context.waker()) {
            return Poll::Ready(());
        }
        let (issuer, id) = self.request;
        let mut shared = self.store.shared();
        match shared.rows.pending_version(issuer, id) {
            Some(version) if version <= self.seen => {
                let waker = context.waker().clone();
                shared.waiting.wakers.insert(self.number, (id, waker));
                Poll::Pending
            }
            // Newer, or gone: either way there is something to learn.
            Some(_) | None => Poll::Ready(()),
        }
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        self.store.shared().waiting.wakers.remove(&self.number);
    }
}
