//! A store that lets others in before and after every call, fails reads now and then, and can be made to break
//! one promise of the contract, so that the judge can be judged.

use std::{sync::Arc, task::Poll};

use placet_core::{
    Id,
    event::{Event, EventKind},
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Boxed, Change, Commit, Expect, Key, Outcome, Record, Store, StoreError, Table, Version,
        Versioned,
    },
    testing::{MemoryStore, SeededRandom},
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};

use crate::scene::ready;

/// The promise a store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// None: it is a good store.
    None,
    /// Some answers of people are acknowledged and not kept.
    LosesAnswers,
    /// Some handed-over tokens are acknowledged and not kept.
    LosesTokens,
    /// Some revocations are acknowledged and not kept.
    LosesRevocations,
    /// Whoever writes last wins.
    IgnoresVersions,
    /// A value that may be used once may be used again.
    ForgetsSpent,
    /// What happened is written down as something else.
    MisnamesEvents,
    /// The tokens of some events are left out.
    HidesTokens,
}

/// One node's way to the shared memory.
pub(crate) struct Shaky {
    pub(crate) inner: MemoryStore,
    pub(crate) luck: Arc<SeededRandom>,
    pub(crate) weakness: Weakness,
}

impl Shaky {
    fn one_in(&self, bound: u64) -> bool {
        self.luck.next().is_multiple_of(bound)
    }

    /// Lets others run, or not.
    async fn pause(&self) {
        if self.one_in(2) {
            let mut yielded = false;
            std::future::poll_fn(|_| {
                if std::mem::replace(&mut yielded, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
    }

    async fn read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.pause().await;
        if self.one_in(150) {
            return Err(StoreError::Unavailable {
                source: "a read failed on purpose".into(),
            });
        }
        let told = call.await;
        self.pause().await;
        told
    }

    /// What this store makes of a commit. `None`: it forgets it.
    fn weaken(&self, mut commit: Commit) -> Option<Commit> {
        let kind = commit.event.kind;
        let lost = match self.weakness {
            Weakness::LosesAnswers => {
                matches!(kind, EventKind::RequestApproved | EventKind::RequestDenied)
            }
            Weakness::LosesTokens => {
                matches!(kind, EventKind::TokensCollected | EventKind::TokenRefreshed)
            }
            Weakness::LosesRevocations => matches!(
                kind,
                EventKind::TokenRevoked | EventKind::GrantRevoked | EventKind::SignedOut
            ),
            Weakness::None
            | Weakness::IgnoresVersions
            | Weakness::ForgetsSpent
            | Weakness::MisnamesEvents
            | Weakness::HidesTokens => false,
        };
        if lost && self.one_in(3) {
            return None;
        }
        match self.weakness {
            Weakness::IgnoresVersions => self.overwrite(&mut commit),
            Weakness::ForgetsSpent => commit
                .changes
                .retain(|change| !matches!(change, Change::Spend { .. })),
            Weakness::MisnamesEvents if self.one_in(10) => {
                commit.event.kind = EventKind::IssuerChanged;
            }
            Weakness::HidesTokens if self.one_in(5) => commit.event.tokens.clear(),
            Weakness::None
            | Weakness::LosesAnswers
            | Weakness::LosesTokens
            | Weakness::LosesRevocations
            | Weakness::MisnamesEvents
            | Weakness::HidesTokens => {}
        }
        Some(commit)
    }

    fn overwrite(&self, commit: &mut Commit) {
        commit
            .changes
            .retain(|change| !matches!(change, Change::Require { .. }));
        for change in &mut commit.changes {
            if let Change::Put { expect, record } = change {
                let row = ready(self.inner.get(commit.issuer, record.key()));
                *expect = match row.ok().flatten() {
                    Some(row) => Expect::At(row.version),
                    None => Expect::Absent,
                };
            }
        }
    }
}

impl Store for Shaky {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        Box::pin(self.read(self.inner.get(issuer, key)))
    }

    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>> {
        Box::pin(self.read(self.inner.pending_by(issuer, kind, hash)))
    }

    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>> {
        Box::pin(self.read(self.inner.access(issuer, hash)))
    }

    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>> {
        Box::pin(self.read(self.inner.refresh(issuer, hash)))
    }

    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(self.read(self.inner.owned(issuer, table, owner, limit)))
    }

    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        Box::pin(self.read(self.inner.page(issuer, table, after, limit)))
    }

    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>> {
        Box::pin(self.read(self.inner.events(issuer, after, limit)))
    }

    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.pause().await;
            let told = match self.weaken(commit) {
                Some(commit) => self.inner.commit(commit).await,
                None => Ok(()),
            };
            self.pause().await;
            told
        })
    }

    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>> {
        Box::pin(async move {
            // Now and then nobody can tell for as long as the engine asks.
            if self.one_in(2) {
                return Err(StoreError::Unavailable {
                    source: "nobody can tell, on purpose".into(),
                });
            }
            self.read(self.inner.outcome(issuer, id)).await
        })
    }

    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()> {
        self.inner.changed(issuer, id, seen, until)
    }

    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>> {
        Box::pin(self.read(self.inner.sweep(now, events_before, limit)))
    }
}
