//! What is asked and committed at one moment shares a statement, and each is answered as if it had been alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use placet_core::{
    secret::SecretHash,
    store::{Change, Commit, Key, Name, Outcome, Record, Store, StoreError},
    time::Lifetime,
};
use tokio::{
    sync::Barrier,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    postgres_cluster::{Cluster, Holder, Node, literal},
    postgres_faults::{LOSE_ANSWERS, LOSE_REQUESTS, PASS, Proxy},
};

/// How many come at one moment.
const CROWD: usize = 48;

type Answers = JoinSet<(usize, Result<(), StoreError>)>;

/// Commits all of these at one moment.
fn at_once(node: &Node, commits: impl IntoIterator<Item = Commit>) -> Answers {
    let commits: Vec<_> = commits.into_iter().collect();
    let start = Arc::new(Barrier::new(commits.len()));
    let mut answers = JoinSet::new();
    for (n, commit) in commits.into_iter().enumerate() {
        let (store, start) = (Arc::clone(&node.store), Arc::clone(&start));
        answers.spawn(async move {
            start.wait().await;
            (n, store.commit(commit).await)
        });
    }
    answers
}

fn names(node: &Node, word: &str) -> Vec<Commit> {
    let name = |n| node.naming(&format!("{word} {n}"));
    (0..CROWD).map(name).collect()
}

fn key(text: &str) -> Key {
    Key::name(&Name::client(text))
}

/// How many transactions wrote the names there are.
async fn transactions(database: &str) -> usize {
    let sql = "SELECT count(DISTINCT xmin::text) FROM name";
    let cluster = Cluster::shared().await;
    cluster.value(database, sql).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_that_come_together_share_a_transaction() {
    let (node, database) = Node::new(21).await;
    for round in 0..4 {
        let answers = at_once(&node, names(&node, &format!("round {round}")));
        for (_, told) in answers.join_all().await {
            told.unwrap();
        }
    }
    let events = node.store.events(node.issuer, None, 999).await.unwrap();
    assert_eq!(events.len(), 4 * CROWD);
    let transactions = transactions(&database).await;
    assert!(transactions <= 2 * CROWD, "{transactions} transactions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_does_not_hold_leaves_its_neighbours_alone() {
    let (node, _) = Node::new(22).await;
    node.store.commit(node.naming("name 7")).await.unwrap();
    let value = SecretHash::of("jti");
    let once = || Change::Spend {
        value,
        keep_until: node.store.now(),
    };
    let commits = (0..CROWD).map(|n| {
        let name = Record::Name(Name::client(&format!("name {n}")));
        let commit = node.commit([Change::insert(name)]);
        match n {
            // Too late before it was asked for.
            9 => commit.before(node.store.now()),
            // Of these two one comes first.
            11 | 12 => commit.with(once()),
            _ => commit,
        }
    });
    let mut spent = 0;
    for (n, told) in at_once(&node, commits).join_all().await {
        let there = node.has(&format!("name {n}")).await;
        match (n, told) {
            (7, Err(StoreError::Duplicate)) => assert!(there),
            (9, Err(StoreError::TooLate)) => assert!(!there),
            (11 | 12, Err(StoreError::Spent)) => {
                assert!(!there);
                spent += 1;
            }
            (_, told) => {
                told.unwrap();
                assert!(there);
            }
        }
    }
    assert_eq!(spent, 1);
    let events = node.store.events(node.issuer, None, 999).await.unwrap();
    assert_eq!(
        events.len(),
        CROWD - 2,
        "each event is of a commit that holds"
    );
}

/// Those that want one row are judged one after the other, however they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_touch_one_row_never_both_hold() {
    let (node, _) = Node::new(23).await;
    for round in 0..10 {
        let text = format!("round {round}");
        node.store.commit(node.naming(&text)).await.unwrap();
        let found = node.store.get(node.issuer, key(&text)).await.unwrap();
        let value = found.unwrap().value;
        let commits = (0..CROWD).map(|_| node.commit([Change::update(1, value.clone())]));
        let mut winners = 0;
        for (_, told) in at_once(&node, commits).join_all().await {
            match told {
                Ok(()) => winners += 1,
                Err(StoreError::Conflict) => {}
                Err(other) => unreachable!("{other}"),
            }
        }
        assert_eq!(winners, 1);
        let found = node.store.get(node.issuer, key(&text)).await.unwrap();
        assert_eq!(found.unwrap().version, 2);
    }
}

/// A row that somebody keeps locked holds up whoever needs it, and nobody who came with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_waits_for_a_lock_does_not_make_others_wait() {
    let (node, database) = Node::new(24).await;
    let url = Cluster::shared().await.url_of(&database);
    for text in ["free", "held"] {
        node.store.commit(node.naming(text)).await.unwrap();
    }
    let lock = format!(
        "SELECT 1 FROM name WHERE key = '{}' FOR UPDATE",
        literal(key("held").bytes())
    );
    let holder = Holder::holding(&url, &lock).await;
    let commits = (0..CROWD).map(|n| {
        let of = if n == CROWD / 2 { "held" } else { "free" };
        let require = Change::Require {
            key: key(of),
            version: 1,
        };
        let name = Record::Name(Name::client(&format!("with {n}")));
        node.commit([require, Change::insert(name)])
    });
    let mut answers = at_once(&node, commits);
    for _ in 1..CROWD {
        let told = timeout(Duration::from_secs(2), answers.join_next()).await;
        let (n, told) = told.expect("nobody waits for the lock").unwrap().unwrap();
        assert_ne!(n, CROWD / 2);
        told.unwrap();
    }
    assert!(answers.try_join_next().is_none(), "it waits for the lock");
    holder.end("ROLLBACK").await;
    let (_, told) = answers.join_next().await.unwrap().unwrap();
    told.unwrap();
}

/// Waits until the node reaches its database again.
async fn answers_again(node: &Node) {
    let reached = async {
        while node.store.get(node.issuer, key("anything")).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_secs(10);
    timeout(limit, reached).await.expect("the faults are over");
}

/// K6: connections that end under commits that went together leave each with an outcome of its own, and a true one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k6_connections_cut_under_commits_that_went_together() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let node = Arc::new(Node::at(&proxy.url(&database), 25).await);
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..CROWD {
        let (node, stop) = (Arc::clone(&node), Arc::clone(&stop));
        writers.spawn(async move {
            let mut told = Vec::new();
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let name = format!("{writer} {n}");
                let commit = node.naming(&name);
                told.push((name, commit.clone(), node.store.commit(commit).await));
                if !matches!(told.last(), Some((_, _, Ok(())))) {
                    sleep(Duration::from_millis(20)).await;
                }
            }
            told
        });
    }
    for round in 0..24 {
        proxy.set(PASS);
        sleep(Duration::from_millis(150)).await;
        proxy.set([LOSE_REQUESTS, LOSE_ANSWERS][round % 2]);
        sleep(Duration::from_millis(10)).await;
    }
    proxy.set(PASS);
    stop.store(true, Ordering::Relaxed);
    let told = writers.join_all().await;
    // The last failure keeps everybody from trying for a while.
    answers_again(&node).await;
    let (mut happened, mut lost) = (0, 0);
    for (name, commit, told) in told.into_iter().flatten() {
        let wanted = match told {
            Ok(()) => Outcome::Committed,
            Err(StoreError::Unavailable { .. }) => Outcome::Absent,
            Err(StoreError::Unknown) => {
                let outcome = node.outcome(&commit).await;
                match outcome {
                    Outcome::Committed => happened += 1,
                    Outcome::Absent => lost += 1,
                }
                outcome
            }
            Err(other) => unreachable!("{other}"),
        };
        assert_eq!(
            node.has(&name).await,
            wanted == Outcome::Committed,
            "{name}"
        );
        if wanted == Outcome::Absent {
            assert_eq!(node.outcome(&commit).await, wanted, "{name}");
        }
    }
    assert!(happened > 1 && lost > 1, "{happened} and {lost}");
}

/// Where the time is over for some, the others are not late.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_one_that_is_too_late_is_so_alone() {
    let (node, _) = Node::new(26).await;
    let now = node.store.now();
    let commits = names(&node, "timed")
        .into_iter()
        .enumerate()
        .map(|(n, commit)| {
            let limit = if n % 3 == 0 {
                now
            } else {
                now.plus(Lifetime::from_secs(60))
            };
            commit.before(limit)
        });
    for (n, told) in at_once(&node, commits).join_all().await {
        match told {
            Ok(()) => assert_ne!(n % 3, 0),
            Err(StoreError::TooLate) => assert_eq!(n % 3, 0),
            Err(other) => unreachable!("{other}"),
        }
    }
}

/// Each question that was asked with others gets its own answer, and its own error.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn questions_asked_together_are_answered_each_by_itself() {
    let (node, _) = Node::new(27).await;
    for (_, told) in at_once(&node, names(&node, "there")).join_all().await {
        told.unwrap();
    }
    let spoilt = format!(
        "UPDATE name SET body = '{{' WHERE key = '{}' RETURNING 1",
        literal(key("there 5").bytes())
    );
    assert_eq!(node.store.tamper(&spoilt).await.unwrap().len(), 1);
    let start = Arc::new(Barrier::new(4 * CROWD));
    let mut readers = JoinSet::new();
    for n in 0..4 * CROWD {
        let (store, issuer, start) = (Arc::clone(&node.store), node.issuer, Arc::clone(&start));
        // Some ask for the same, and some for what is not there.
        let text = format!("there {}", n % (2 * CROWD));
        readers.spawn(async move {
            start.wait().await;
            (n % (2 * CROWD), store.get(issuer, key(&text)).await)
        });
    }
    for (n, answer) in readers.join_all().await {
        match answer {
            Err(StoreError::Corrupt { .. }) => assert_eq!(n, 5),
            Ok(None) => assert!(n >= CROWD, "{n} was not found"),
            Ok(Some(found)) => {
                let name = Record::Name(Name::client(&format!("there {n}")));
                assert_eq!(found.value.key(), name.key());
                assert!(n < CROWD && n != 5);
            }
            Err(other) => unreachable!("{other}"),
        }
    }
}

/// Callers that go away take nobody with them: what was sent happens or not, and the others are answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_go_away_take_nobody_with_them() {
    let (node, _) = Node::new(28).await;
    for round in 0..20 {
        let gone = at_once(&node, names(&node, &format!("gone {round}")));
        let kept = at_once(&node, names(&node, &format!("kept {round}")));
        sleep(Duration::from_micros(200 * round)).await;
        drop(gone);
        for (n, told) in kept.join_all().await {
            told.unwrap();
            assert!(node.has(&format!("kept {round} {n}")).await);
        }
    }
}
