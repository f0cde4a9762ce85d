//! The storage contract, by what its parts do.

use std::future::ready;

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Boxed, Commit, Key, Many, Outcome, Record, Store, StoreError, Table, Version, Versioned,
    },
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};

use super::{
    SqliteStore,
    job::{CommitJob, Job},
    sweep,
};
use crate::insist::insist;

impl Store for SqliteStore {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn appends(&self) -> bool {
        true
    }

    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.readers.get(issuer, &key) })
    }

    fn get_many(&self, issuer: Id<Issuer>, keys: Vec<Key>) -> Boxed<'_, Result<Many, StoreError>> {
        Box::pin(async move { self.readers.get_many(issuer, &keys) })
    }

    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>> {
        Box::pin(async move { self.readers.pending_by(issuer, kind, &hash) })
    }

    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>> {
        Box::pin(async move { self.readers.access(issuer, hash) })
    }

    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>> {
        Box::pin(async move { self.readers.refresh(issuer, hash) })
    }

    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.readers.owned(issuer, table, owner, limit) })
    }

    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.readers.page(issuer, table, after, limit) })
    }

    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(async move { self.readers.events(issuer, after, limit) })
    }

    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(self.ask(|reply| Job::Commit(CommitJob::new(commit, reply))))
    }

    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>> {
        let ask = move || self.ask(move |reply| Job::Outcome { issuer, id, reply });
        Box::pin(insist(ask))
    }

    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()> {
        let left = move || until.since(self.time.now());
        let version = move || ready(self.readers.pending_version(issuer, id));
        Box::pin(self.waiters.until_passed(issuer, id, seen, left, version))
    }

    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let mut deleted = 0;
            for what in sweep::steps(now, events_before) {
                while deleted < limit {
                    let limit = (limit - deleted).min(sweep::STEP_LIMIT);
                    let step = self.ask(|reply| Job::Sweep { what, limit, reply }).await?;
                    deleted += step;
                    if step < limit {
                        break;
                    }
                }
            }
            Ok(deleted)
        })
    }
}
