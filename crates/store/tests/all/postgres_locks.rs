//! What one statement promises while others are at work: it waits, looks again, and holds what it required.

use std::{sync::Arc, time::Duration};

use placet_core::{
    id::Id,
    secret::SecretHash,
    store::{Change, Commit, Key, Name, Outcome, Record, Store, StoreError},
    testing::FixedClock,
    time::Lifetime,
};
use placet_store::{PostgresStore, PostgresUrl};
use tokio::task::JoinHandle;

use crate::postgres_cluster::{Cluster, Holder, Node, literal, moment, settings};

type Answer = JoinHandle<Result<(), StoreError>>;

#[expect(clippy::disallowed_methods, reason = "a test waits for what it starts")]
fn begin(node: &Node, commit: Commit) -> Answer {
    let store = Arc::clone(&node.store);
    tokio::spawn(async move { store.commit(commit).await })
}

/// The condition that finds the row of a name.
fn row(node: &Node, text: &str) -> String {
    let (key, issuer) = (
        literal(Key::name(&Name::client(text)).bytes()),
        literal(node.issuer.as_bytes()),
    );
    format!("key = '{key}' AND issuer = '{issuer}'")
}

fn moving(node: &Node, text: &str) -> String {
    format!(
        "UPDATE name SET version = version + 1 WHERE {}",
        row(node, text)
    )
}

fn require(text: &str, version: u64) -> Change {
    let key = Key::name(&Name::client(text));
    Change::Require { key, version }
}

fn take(text: &str) -> Change {
    Change::insert(Record::Name(Name::client(text)))
}

/// A row that is being changed by somebody else is waited for, and judged by what it became.
#[tokio::test(flavor = "multi_thread")]
async fn a_required_version_is_looked_at_again_after_a_wait() {
    let (node, database) = Node::new(1).await;
    let url = Cluster::shared().await.url_of(&database);
    node.store.commit(node.naming("first")).await.unwrap();
    for (end, holds) in [("ROLLBACK", true), ("COMMIT", false)] {
        let holder = Holder::holding(&url, &moving(&node, "first")).await;
        let answer = begin(&node, node.commit([require("first", 1), take(end)]));
        moment().await;
        assert!(!answer.is_finished(), "it does not wait");
        holder.end(end).await;
        let told = answer.await.unwrap();
        assert_eq!(told.is_ok(), holds, "{told:?}");
        assert!(
            holds || matches!(told, Err(StoreError::Conflict)),
            "{told:?}"
        );
        assert_eq!(node.has(end).await, holds);
    }
}

/// A locked read that is only counted keeps its row as it is until the commit is done.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_required_stays_until_the_commit() {
    let (node, database) = Node::new(2).await;
    let cluster = Cluster::shared().await;
    let url = cluster.url_of(&database);
    node.store.commit(node.naming("required")).await.unwrap();
    // Single-use values come last, and this one is about to be taken by somebody else.
    let value = SecretHash::of("jti");
    let spend = Change::Spend {
        value,
        keep_until: node.store.now(),
    };
    let insert = format!(
        "INSERT INTO spent (value, issuer, keep_until) VALUES ('{}', '{}', 1)",
        literal(value.as_bytes()),
        literal(node.issuer.as_bytes())
    );
    let holder = Holder::holding(&url, &insert).await;
    let answer = begin(&node, node.commit([require("required", 1), spend]));
    moment().await;
    assert!(!answer.is_finished());
    let late = format!("SET lock_timeout = '300ms'; {}", moving(&node, "required"));
    let refused = cluster.sql(&database, &late).await.unwrap_err();
    let code = refused.code().map(tokio_postgres::error::SqlState::code);
    assert_eq!(code, Some("55P03"), "{refused:?}");
    holder.end("ROLLBACK").await;
    answer.await.unwrap().unwrap();
    cluster
        .sql(&database, &moving(&node, "required"))
        .await
        .unwrap();
}

/// Commits of the same rows in every order never wait for each other in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_lock_in_one_order() {
    let (node, database) = Node::new(3).await;
    let names = ["a", "b", "c", "d", "e"];
    node.store
        .commit(node.commit(names.map(take)))
        .await
        .unwrap();
    let before = deadlocks(&database).await;
    let node = Arc::new(node);
    let mut writers = tokio::task::JoinSet::new();
    for turn in 0..8_usize {
        let node = Arc::clone(&node);
        writers.spawn(async move {
            for round in 0..40_usize {
                let mut order = names;
                order.rotate_left((turn + round) % names.len());
                if turn % 2 == 0 {
                    order.reverse();
                }
                let mut changes = Vec::new();
                for name in order {
                    let key = Key::name(&Name::client(name));
                    let found = node.store.get(node.issuer, key).await.unwrap().unwrap();
                    changes.push(Change::update(found.version, found.value));
                }
                match node.store.commit(node.commit(changes)).await {
                    Ok(()) | Err(StoreError::Conflict) => {}
                    Err(other) => unreachable!("{other}"),
                }
            }
        });
    }
    writers.join_all().await;
    assert_eq!(deadlocks(&database).await, before);
}

async fn deadlocks(database: &str) -> String {
    let sql = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{database}'");
    let cluster = Cluster::shared().await;
    cluster.value("postgres", &sql).await
}

/// The outcome waits for a transaction that has written the event already, and says what came of it.
#[tokio::test(flavor = "multi_thread")]
async fn k6_the_outcome_waits_for_a_commit_on_its_way() {
    let (node, database) = Node::new(4).await;
    let url = Cluster::shared().await.url_of(&database);
    for (end, wanted) in [
        ("COMMIT", Outcome::Committed),
        ("ROLLBACK", Outcome::Absent),
    ] {
        let commit = node.naming(end);
        let insert = format!(
            "INSERT INTO event (id, issuer, at, body) VALUES ('{}', '{}', 1, '{{}}')",
            literal(commit.event.id.as_bytes()),
            literal(node.issuer.as_bytes())
        );
        let holder = Holder::holding(&url, &insert).await;
        let (store, issuer, id) = (Arc::clone(&node.store), node.issuer, commit.event.id);
        let mut asking = tokio::task::JoinSet::new();
        asking.spawn(async move { store.outcome(issuer, id).await });
        moment().await;
        assert!(asking.try_join_next().is_none(), "it does not wait");
        holder.end(end).await;
        let told = asking.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(told, wanted);
    }
}

/// Where the time is the database's, a commit that waited beyond its limit does not happen.
#[tokio::test(flavor = "multi_thread")]
async fn c2_a_commit_that_waited_too_long_is_too_late() {
    let cluster = Cluster::shared().await;
    let url = cluster.url_of(&cluster.database().await);
    let parsed: PostgresUrl = url.parse().unwrap();
    let store = PostgresStore::open(&parsed, &settings(), |time| time).await;
    let node = Node::with(store.unwrap(), 5);
    node.store.commit(node.naming("first")).await.unwrap();
    for (wait_ms, in_time) in [(0, true), (700, false)] {
        let holder = Holder::holding(&url, &moving(&node, "first")).await;
        let limit = node.store.now().plus(Lifetime::from_millis(500));
        let text = format!("after {wait_ms} ms");
        let commit = node.commit([require("first", 1), take(&text)]);
        let answer = begin(&node, commit.before(limit));
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        holder.end("ROLLBACK").await;
        let told = answer.await.unwrap();
        assert_eq!(told.is_ok(), in_time, "{told:?}");
        assert!(
            in_time || matches!(told, Err(StoreError::TooLate)),
            "{told:?}"
        );
        assert_eq!(node.has(&text).await, in_time);
    }
}

/// The store's time is the database's, whatever this machine's clock says.
#[tokio::test(flavor = "multi_thread")]
async fn c11_nodes_follow_the_time_of_the_database() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let url: PostgresUrl = cluster.url_of(&database).parse().unwrap();
    let store = PostgresStore::open(&url, &settings(), |time| time)
        .await
        .unwrap();
    let sql = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    for _ in 0..20 {
        let before = store.now().as_millis();
        let told: i64 = cluster.value(&database, sql).await.parse().unwrap();
        let after = store.now().as_millis();
        assert!(
            (before - 5..=after + 5).contains(&told),
            "{before} {told} {after}"
        );
    }
}

/// Two nodes that sweep at once share the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k10_nodes_that_sweep_together_delete_each_row_once() {
    const ROWS: usize = 1_500;
    let cluster = Cluster::shared().await;
    let (first, database) = Node::new(6).await;
    let second = cluster
        .open(&database, &FixedClock::default())
        .await
        .unwrap();
    let now = first.store.now();
    let spent = (0..ROWS).map(|n| Change::Spend {
        value: SecretHash::of(&n.to_string()),
        keep_until: now,
    });
    first.store.commit(first.commit(spent)).await.unwrap();
    let end = now.plus(Lifetime::from_millis(1));
    let nothing = placet_core::time::Timestamp::from_millis(0);
    let (a, b) = tokio::join!(
        first.store.sweep(end, nothing, ROWS),
        second.sweep(end, nothing, ROWS)
    );
    let rest = first.store.sweep(end, nothing, ROWS).await.unwrap();
    assert_eq!(a.unwrap() + b.unwrap() + rest, ROWS);
}

/// A caller who finds no free connection is told so in time, and nothing was written.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_is_told_in_time() {
    let (node, database) = Node::new(7).await;
    let url = Cluster::shared().await.url_of(&database);
    node.store.commit(node.naming("first")).await.unwrap();
    let parsed: PostgresUrl = url.parse().unwrap();
    let mut few = settings();
    few.connections = 1;
    few.acquire_timeout = Duration::from_millis(200);
    let clock = |_| Arc::new(FixedClock::default()) as _;
    let store = PostgresStore::open(&parsed, &few, clock).await.unwrap();
    let narrow = Node::with(store, 8);
    let holder = Holder::holding(&url, &moving(&node, "first")).await;
    let waits = begin(&narrow, narrow.commit([require("first", 1)]));
    moment().await;
    let told = narrow.store.commit(narrow.naming("second")).await;
    assert!(
        matches!(told, Err(StoreError::Unavailable { .. })),
        "{told:?}"
    );
    assert!(!waits.is_finished());
    holder.end("ROLLBACK").await;
    waits.await.unwrap().unwrap();
    narrow.store.commit(narrow.naming("second")).await.unwrap();
}

/// What nodes keep in memory has a number that changes with it and with nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn k11_the_data_version_changes_with_what_is_cached() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(9).await;
    let other = cluster
        .open(&database, &FixedClock::default())
        .await
        .unwrap();
    let before = other.data_version().await.unwrap();
    node.store.commit(node.naming("a name")).await.unwrap();
    assert_eq!(other.data_version().await.unwrap(), before);
    let issuer = placet_core::issuer::Issuer::new("https://issuer.example", node.store.now());
    let key = Key::issuer(issuer.id);
    let commit = Commit {
        issuer: issuer.id,
        ..node.commit([Change::insert(Record::Issuer(issuer))])
    };
    node.store.commit(commit.clone()).await.unwrap();
    let after = other.data_version().await.unwrap();
    assert_ne!(after, before);
    // What did not happen changed nothing.
    let stale = Commit {
        issuer: commit.issuer,
        ..node.commit([Change::Delete { key, version: 9 }])
    };
    assert!(node.store.commit(stale).await.is_err());
    assert_eq!(other.data_version().await.unwrap(), after);
    let unknown: Id<placet_core::event::Event> = Id::from_bytes([9; 16]);
    node.store.outcome(node.issuer, unknown).await.unwrap();
    assert_eq!(other.data_version().await.unwrap(), after);
}
