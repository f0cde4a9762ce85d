//! The storage contract, by what its parts do.

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Boxed, Commit, Key, Many, Outcome, Record, Store, StoreError, Table, Version, Versioned,
        gather_access, gather_refresh,
    },
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};

use super::{
    PostgresStore,
    read::row_limit,
    statement::{self, Param},
};
use crate::insist::insist;

/// The most rows one step of a sweep deletes, each step being a transaction of its own.
const STEP_LIMIT: usize = 256;

impl Store for PostgresStore {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        Box::pin(async move { self.record(issuer, &key).await })
    }

    fn get_many(&self, issuer: Id<Issuer>, keys: Vec<Key>) -> Boxed<'_, Result<Many, StoreError>> {
        Box::pin(async move { self.records(issuer, &keys).await })
    }

    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>> {
        Box::pin(async move { self.request_by(issuer, kind, &hash).await })
    }

    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>> {
        Box::pin(async move {
            let token = Key::access(hash);
            match self.joined(&self.asking.access, issuer, token).await? {
                Some(joined) => gather_access(hash, |key| joined.get(&key)),
                None => Ok(None),
            }
        })
    }

    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>> {
        Box::pin(async move {
            let token = Key::refresh(hash);
            match self.joined(&self.asking.refresh, issuer, token).await? {
                Some(joined) => gather_refresh(hash, |key| joined.get(&key)),
                None => Ok(None),
            }
        })
    }

    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move {
            match statement::of(table).owned {
                Some(sql) => self.list(sql, (issuer, table), &owner, limit).await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(async move {
            // No key is empty, so every key is after the empty one.
            let after = after.as_ref().map_or(&[][..], Key::bytes);
            let sql = statement::of(table).page;
            self.list(sql, (issuer, table), after, limit).await
        })
    }

    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(self.history(issuer, after, limit))
    }

    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(self.apply(commit))
    }

    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>> {
        Box::pin(insist(move || self.decide(issuer, id)))
    }

    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()> {
        let left = move || until.since(self.time.now());
        let version = move || self.request_version(issuer, id);
        Box::pin(self.waiters.until_passed(issuer, id, seen, left, version))
    }

    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let tables = Table::ALL.into_iter();
            let ended = tables
                .filter_map(|table| statement::of(table).sweep)
                .chain([statement::SWEEP_SPENT])
                .map(|sql| (sql, now));
            let mut deleted = 0;
            for (sql, before) in ended.chain([(statement::SWEEP_EVENTS, events_before)]) {
                while deleted < limit {
                    let limit = (limit - deleted).min(STEP_LIMIT);
                    let params = [
                        Param::Number(Some(before.as_millis())),
                        Param::Number(Some(row_limit(limit))),
                    ];
                    let loan = self.pool.loan().await?;
                    let step = self.pool.write(loan, sql, &params).await?.len();
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
