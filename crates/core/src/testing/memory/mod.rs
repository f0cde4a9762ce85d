//! A store in memory: the whole contract, in one map behind one lock, with faults to switch on.

mod rows;
mod wait;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use self::{rows::Rows, wait::Changed};
use super::FixedClock;
use crate::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Boxed, Commit, Key, Outcome, Record, Store, StoreError, Table, Version, Versioned,
        gather_access, gather_refresh,
    },
    time::{Clock as _, Timestamp},
    token::{AccessToken, RefreshToken, Standing},
};

/// What a commit shall come to, whatever it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It happens, and its caller is told [`StoreError::Unknown`].
    UnknownApplied,
    /// It does not happen, and its caller is told [`StoreError::Unknown`].
    UnknownLost,
    /// It does not happen: [`StoreError::Unavailable`].
    Unavailable,
    /// It does not happen: [`StoreError::Conflict`].
    Conflict,
}

/// A store in memory. Clones share their records, as two nodes share a database.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    clock: FixedClock,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    rows: Rows,
    waiting: wait::Waiting,
    faults: VecDeque<Fault>,
    latest: Timestamp,
}

impl MemoryStore {
    /// An empty store that goes by `clock`.
    pub fn new(clock: FixedClock) -> Self {
        let latest = clock.now();
        Self {
            clock,
            shared: Arc::new(Mutex::new(Shared {
                rows: Rows::default(),
                waiting: wait::Waiting::default(),
                faults: VecDeque::new(),
                latest,
            })),
        }
    }

    /// Makes the next commit come to this; several wait their turn.
    pub fn fail_next(&self, fault: Fault) {
        self.shared().faults.push_back(fault);
    }

    /// Forgets faults that have not come up yet.
    pub fn clear_faults(&self) {
        self.shared().faults.clear();
    }

    /// Replaces the body of a record by these bytes, as damage or a newer release would.
    pub fn write_raw(&self, issuer: Id<Issuer>, key: Key, body: &[u8]) {
        self.shared().rows.write_raw(issuer, key, body);
    }

    /// How many waiters there are.
    pub fn waiters(&self) -> usize {
        self.shared().waiting.len()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, commit: &Commit) -> Result<(), StoreError> {
        let now = self.now();
        let mut shared = self.shared();
        let fault = shared.faults.pop_front();
        match fault {
            Some(Fault::UnknownLost) => return Err(StoreError::Unknown),
            Some(Fault::Unavailable) => {
                return Err(StoreError::Unavailable {
                    source: "on purpose".into(),
                });
            }
            Some(Fault::Conflict) => return Err(StoreError::Conflict),
            Some(Fault::UnknownApplied) | None => {}
        }
        let applied = shared.rows.commit(commit, now);
        if applied.is_ok() {
            // Every written request wakes, also where the contract would let its waiters sleep on.
            let written = rows::requests(commit).collect::<Vec<_>>();
            let woken = shared.waiting.take(&written);
            drop(shared);
            woken.into_iter().for_each(std::task::Waker::wake);
        }
        match fault {
            Some(_) => Err(StoreError::Unknown),
            None => applied,
        }
    }
}

impl Store for MemoryStore {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let mut shared = self.shared();
        shared.latest = shared.latest.max(now);
        shared.latest
    }

    /// As the store most servers have, so that what is tested on it meets both forms of a secret: here this one, on
    /// PostgreSQL the other.
    fn appends(&self) -> bool {
        true
    }

    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.shared().rows.get(issuer, key) })
    }

    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>> {
        Box::pin(async move { self.shared().rows.pending_by(issuer, kind, &hash) })
    }

    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>> {
        Box::pin(async move {
            let shared = self.shared();
            gather_access(hash, |key| shared.rows.get(issuer, key))
        })
    }

    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>> {
        Box::pin(async move {
            let shared = self.shared();
            gather_refresh(hash, |key| shared.rows.get(issuer, key))
        })
    }

    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.shared().rows.owned(issuer, table, owner, limit) })
    }

    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.shared().rows.page(issuer, table, after, limit) })
    }

    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(async move { Ok(self.shared().rows.events(issuer, after, limit)) })
    }

    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(async move { self.apply(&commit) })
    }

    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>> {
        Box::pin(async move { Ok(self.shared().rows.outcome(issuer, id)) })
    }

    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()> {
        let alarm = self.clock.alarm(until);
        Box::pin(Changed::new(self, alarm, (issuer, id), seen))
    }

    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>> {
        Box::pin(async move { Ok(self.shared().rows.sweep(now, events_before, limit)) })
    }
}
