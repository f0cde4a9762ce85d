//! What only a file can do: be written by others, be closed, and make neighbours wait for one flush.

use std::{
    path::Path,
    sync::{Arc, mpsc},
};

use placet_core::{
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    store::{Change, Commit, Expect, Key, Name, Outcome, Record, Store, StoreError},
    testing::{Fault, FixedClock, SeededRandom},
};
use placet_store::SqliteStore;
use tokio::task::JoinSet;

use crate::harness::{Scratch, open};

/// A store and what commits are made from.
pub(crate) struct Desk {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) issuer: Id<Issuer>,
    random: SeededRandom,
}

impl Desk {
    pub(crate) fn new(scratch: &Scratch, seed: u64) -> Self {
        Self::at(&scratch.file(), seed)
    }

    pub(crate) fn at(path: &Path, seed: u64) -> Self {
        Self::with(open(path, &FixedClock::default()), seed)
    }

    pub(crate) fn with(store: SqliteStore, seed: u64) -> Self {
        Self {
            store: Arc::new(store),
            issuer: Id::from_bytes([7; 16]),
            random: SeededRandom::new(seed),
        }
    }

    pub(crate) fn commit(&self, change: Change) -> Commit {
        let now = self.store.now();
        let event = Event::new(
            Id::ordered(now, &self.random),
            EventKind::ClientChanged,
            now,
        );
        Commit::new(self.issuer, event).with(change)
    }

    /// A commit that takes a name.
    pub(crate) fn naming(&self, text: &str) -> Commit {
        self.commit(Change::insert(Record::Name(Name::client(text))))
    }

    pub(crate) async fn has(&self, text: &str) -> bool {
        let key = Key::name(&Name::client(text));
        self.store.get(self.issuer, key).await.unwrap().is_some()
    }

    /// Holds the writer until the sender is dropped, so that commits pile up behind it.
    async fn hold_writer(&self) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let store = Arc::clone(&self.store);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let stop = move |_: &_| {
                started.send(()).ok();
                held.recv().ok();
            };
            store.tamper(stop).await.ok();
        });
        running.await.unwrap();
        // The writer holds still by itself; nothing here may keep the store open.
        task.shutdown().await;
        release
    }
}

/// Gives the runtime time to run every task up to where it waits.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_conflict_with_what_never_became_durable() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 1);
    let release = desk.hold_writer().await;
    let mut rivals = JoinSet::new();
    for _ in 0..8 {
        let (store, commit) = (Arc::clone(&desk.store), desk.naming("tv"));
        rivals.spawn(async move { store.commit(commit).await });
    }
    settle().await;
    assert!(rivals.try_join_next().is_none());
    desk.store.fail_next(Fault::UnknownLost);
    drop(release);
    for told in rivals.join_all().await {
        assert!(matches!(told, Err(StoreError::Unknown)), "{told:?}");
    }
    assert!(!desk.has("tv").await);
    desk.store.commit(desk.naming("tv")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_together_share_one_transaction() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 2);
    let release = desk.hold_writer().await;
    let mut callers = JoinSet::new();
    for n in 0..100 {
        let (store, commit) = (Arc::clone(&desk.store), desk.naming(&format!("{n}")));
        callers.spawn(async move { store.commit(commit).await });
    }
    settle().await;
    // One fault fails one transaction: if it fails all hundred, they were in one.
    desk.store.fail_next(Fault::UnknownApplied);
    drop(release);
    for told in callers.join_all().await {
        assert!(matches!(told, Err(StoreError::Unknown)), "{told:?}");
    }
    for n in 0..100 {
        assert!(desk.has(&format!("{n}")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_makes_callers_wait_and_loses_none() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 3);
    let release = desk.hold_writer().await;
    let mut callers = JoinSet::new();
    for n in 0..3_000 {
        let (store, commit) = (Arc::clone(&desk.store), desk.naming(&format!("{n}")));
        callers.spawn(async move { store.commit(commit).await });
    }
    settle().await;
    assert!(callers.try_join_next().is_none());
    drop(release);
    assert!(callers.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_is_queued() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 4);
    let release = desk.hold_writer().await;
    let mut callers = JoinSet::new();
    for n in 0..50 {
        let (store, commit) = (Arc::clone(&desk.store), desk.naming(&format!("{n}")));
        callers.spawn(async move { store.commit(commit).await });
    }
    settle().await;
    drop(release);
    desk.store.close().await;
    assert!(callers.join_all().await.iter().all(Result::is_ok));
    let late = desk.store.commit(desk.naming("late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })));
    assert!(desk.has("49").await, "a closed store still reads");
    desk.store.close().await;
    let wal = format!("{}-wal", scratch.file().display());
    let left = std::fs::metadata(wal).map_or(0, |file| file.len());
    assert_eq!(left, 0, "the log was moved into the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_finishes_what_is_queued() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 5);
    let commit = desk.naming("last");
    let event = commit.event.id;
    let release = desk.hold_writer().await;
    let store = Arc::clone(&desk.store);
    let mut caller = JoinSet::new();
    caller.spawn(async move { store.commit(commit).await });
    settle().await;
    // The caller goes away with its commit in the queue.
    caller.shutdown().await;
    drop(release);
    drop(desk);
    let desk = Desk::new(&scratch, 6);
    let outcome = desk.store.outcome(desk.issuer, event).await.unwrap();
    assert_eq!(outcome, Outcome::Committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_version_changes_by_others_alone() {
    let scratch = Scratch::new();
    let (desk, other) = (Desk::new(&scratch, 7), Desk::new(&scratch, 8));
    let before = desk.store.data_version().await.unwrap();
    desk.store.commit(desk.naming("ours")).await.unwrap();
    assert_eq!(desk.store.data_version().await.unwrap(), before);
    other.store.commit(other.naming("theirs")).await.unwrap();
    let after = desk.store.data_version().await.unwrap();
    assert_ne!(after, before);
    assert_eq!(desk.store.data_version().await.unwrap(), after);
    // A connection that was opened anew may have missed something.
    desk.store.fail_next(Fault::UnknownApplied);
    desk.store
        .commit(desk.naming("lost reply"))
        .await
        .unwrap_err();
    assert_ne!(desk.store.data_version().await.unwrap(), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn k6_an_unknown_transaction_is_fenced_before_its_outcome_is_told() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 9);
    let fence = async || {
        let count = desk.store.tamper(|connection| {
            let sql = "SELECT count FROM fence";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0))
        });
        count.await.unwrap().unwrap()
    };
    assert_eq!(fence().await, 0);
    let commit = desk.naming("tv");
    let event = commit.event.id;
    desk.store.fail_next(Fault::UnknownLost);
    let told = desk.store.commit(commit).await;
    assert!(matches!(told, Err(StoreError::Unknown)));
    let outcome = desk.store.outcome(desk.issuer, event).await.unwrap();
    assert_eq!(outcome, Outcome::Absent);
    assert_eq!(fence().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_beyond_the_engine_is_only_a_conflict() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 10);
    let put = Change::Put {
        expect: Expect::At(u64::MAX),
        record: Box::new(Record::Name(Name::client("tv"))),
    };
    let told = desk.store.commit(desk.commit(put)).await;
    assert!(matches!(told, Err(StoreError::Conflict)), "{told:?}");
}
