//! Committing: one statement, one round trip, and an answer for every way it can end.
//!
//! 1. The changes are folded and encoded; the connection is borrowed. Commits that come at the same moment may go
//!    together ([`super::group`]); this is the way of one that goes alone.
//! 2. The store's time is looked at right before the statement goes out, and where it is the database's own, once more
//!    by the statement itself, after it has waited for whatever it had to wait for.
//! 3. The statement's answer is judged. Nothing is told as done before the server says so, and when it said nothing, or
//!    said that its standby did not confirm, the outcome is unknown.
//! 4. Whoever waits for a request of this commit is woken, and other nodes are told.

use std::sync::Arc;

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::PendingRequest,
    store::{Change, Commit, Outcome, StoreError, Table},
    time::Timestamp,
};

use super::{
    PostgresStore,
    fold::{Part, fold},
    judge::{self, Failure, unavailable},
    pool::{Loan, Pool},
    shape::{Head, Shape, values},
    statement::{self, Param},
    wake::Bell,
};
use crate::sqlite::time::StoreTime;

/// How many rows count the changes of what nodes keep in memory.
const REVISION_SLOTS: u8 = 8;
/// Room for most events, so that writing one need not move it to a larger place.
const EVENT_BYTES: usize = 512;

/// A commit, folded and encoded.
pub(super) struct Ready {
    pub(super) issuer: Id<Issuer>,
    pub(super) id: Id<Event>,
    pub(super) at: i64,
    /// The event's body.
    pub(super) event: String,
    /// Until when it holds.
    pub(super) before: Option<Timestamp>,
    /// The same, when the database's own clock says so.
    pub(super) limit: Option<i64>,
    pub(super) parts: Vec<Part>,
    /// The requests whose waiters are woken when it is done.
    pub(super) woken: Vec<Id<PendingRequest>>,
}

/// What commits are made with.
pub(super) struct Scribe {
    pub(super) pool: Arc<Pool>,
    pub(super) time: Arc<StoreTime>,
    pub(super) bell: Bell,
}

impl Ready {
    fn new(commit: Commit, is_database_time: bool) -> Result<Self, StoreError> {
        let woken = commit.woken().collect();
        let mut event = Vec::with_capacity(EVENT_BYTES);
        serde_json::to_writer(&mut event, &commit.event)
            .expect("an event has text keys and finite numbers, so it always serialises");
        let revises = commit.changes.iter().any(is_cached);
        let mut parts = fold(commit.changes)?;
        if revises {
            let [.., low] = *commit.event.id.as_bytes();
            let slot = i64::from(low % REVISION_SLOTS);
            parts.push(Part::Revise { slot });
        }
        Ok(Self {
            issuer: commit.issuer,
            id: commit.event.id,
            at: commit.event.at.as_millis(),
            event: String::from_utf8(event).expect("JSON is UTF-8"),
            before: commit.before,
            limit: commit
                .before
                .filter(|_| is_database_time)
                .map(Timestamp::as_millis),
            parts,
            woken,
        })
    }

    fn head(&self) -> Head<'_> {
        Head {
            issuer: self.issuer.as_bytes(),
            id: self.id.as_bytes(),
            at: self.at,
            body: &self.event,
            before: self.limit,
        }
    }
}

impl PostgresStore {
    pub(super) async fn apply(&self, commit: Commit) -> Result<(), StoreError> {
        let ready = Ready::new(commit, self.is_database_time)?;
        #[cfg(feature = "testing")]
        if let Some(fault) = super::fault::next(&self.faults) {
            return self.fail_on_purpose(fault, &ready).await;
        }
        self.groups.commit(ready).await
    }

    /// Decides what became of a commit.
    pub(super) async fn decide(
        &self,
        issuer: Id<Issuer>,
        id: Id<Event>,
    ) -> Result<Outcome, StoreError> {
        let params = [
            Param::Bytes(Some(issuer.as_bytes())),
            Param::Bytes(Some(id.as_bytes())),
            Param::Number(Some(self.time.now().as_millis())),
        ];
        let loan = self.pool.loan().await?;
        let rows = self.pool.write(loan, statement::OUTCOME, &params).await?;
        let row = rows
            .first()
            .ok_or_else(|| unavailable("the database told no outcome"))?;
        let happened: bool = row.try_get(0).map_err(unavailable)?;
        Ok(if happened {
            Outcome::Committed
        } else {
            Outcome::Absent
        })
    }
}

impl Scribe {
    /// Whether the time for this commit is not over.
    pub(super) fn in_time(&self, ready: &Ready) -> bool {
        ready.before.is_none_or(|limit| self.time.now() < limit)
    }

    /// Commits by a statement of its own, and wakes whom it concerns.
    pub(super) async fn alone(&self, mut ready: Ready) -> Result<(), StoreError> {
        match self.attempt(&ready).await {
            Ok(()) => {}
            Err(Failure::Told(error)) => return Err(error),
            Err(Failure::EventIsThere) => {
                // Once given up and tried again on purpose, it may take the place of its tombstone.
                let Some(fence) = self.fence(ready.issuer, ready.id).await? else {
                    return Err(StoreError::Conflict);
                };
                ready.parts.push(Part::Revive { fence });
                self.attempt(&ready)
                    .await
                    .map_err(|failure| match failure {
                        Failure::Told(error) => error,
                        Failure::EventIsThere => StoreError::Conflict,
                    })?;
            }
        }
        self.bell.ring(&ready.woken);
        Ok(())
    }

    /// Sends the statement of a commit once.
    pub(super) async fn attempt(&self, ready: &Ready) -> Result<(), Failure> {
        let shape = Shape::of(&ready.parts);
        let mut loan = self.pool.loan().await.map_err(Failure::Told)?;
        let prepared = self.pool.within(loan.prepare(&shape)).await;
        let prepared = match prepared {
            Ok(Ok(statement)) => statement,
            failed => {
                let told = self.pool.settle(loan, failed).map(drop);
                return Err(Failure::Told(
                    told.err().unwrap_or_else(|| unavailable("no statement")),
                ));
            }
        };
        let head = ready.head();
        let params = values(&head, &ready.parts);
        let params: Vec<_> = params.iter().map(Param::as_sql).collect();
        if !self.in_time(ready) {
            return Err(Failure::Told(StoreError::TooLate));
        }
        let doubts = loan.doubts();
        let sent = self.pool.within(loan.client.execute(&prepared, &params));
        match sent.await {
            Ok(Ok(_)) if loan.doubts() == doubts => Ok(()),
            Ok(Ok(_)) => Err(self.doubt(loan, "its standby did not confirm")),
            Ok(Err(error)) => match judge::of_commit(&error) {
                Failure::Told(StoreError::Unknown) => Err(self.doubt(loan, &error)),
                failure => {
                    self.pool.give_up_after(loan, &error);
                    Err(failure)
                }
            },
            Err(silent) => Err(self.doubt(loan, silent)),
        }
    }

    /// Gives up the connection on which a commit was lost.
    fn doubt(&self, loan: Loan, why: impl std::fmt::Display) -> Failure {
        tracing::warn!(%why, "the outcome of a commit is unknown");
        self.pool.give_up(loan);
        Failure::Told(StoreError::Unknown)
    }

    async fn fence(&self, issuer: Id<Issuer>, id: Id<Event>) -> Result<Option<i64>, StoreError> {
        let params = [
            Param::Bytes(Some(issuer.as_bytes())),
            Param::Bytes(Some(id.as_bytes())),
        ];
        let rows = self.pool.read(statement::FENCE, &params).await?;
        let fence = rows.first().map(|row| row.try_get(0)).transpose();
        fence.map_err(unavailable)
    }
}

/// Whether nodes keep what this changes in memory.
fn is_cached(change: &Change) -> bool {
    let table = match change {
        Change::Put { record, .. } => record.key().table,
        Change::Delete { key, .. } => key.table,
        Change::Require { .. } | Change::Spend { .. } => return false,
    };
    match table {
        Table::Issuer | Table::Client | Table::SigningKey | Table::DataKey | Table::Tenant => true,
        Table::Person
        | Table::Name
        | Table::Session
        | Table::Pending
        | Table::Handle
        | Table::Grant
        | Table::Family
        | Table::Refresh
        | Table::Access
        | Table::Callback => false,
    }
}
