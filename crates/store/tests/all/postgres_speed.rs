//! How many commits a node makes in a second, and what each costs it: to be read, not to be judged.
//!
//! `cargo test --release -p placet-store --features postgres-tests --test all -- --ignored --nocapture speed`
#![expect(clippy::print_stdout, reason = "what it measures is there to be read")]

use std::{fs, sync::Arc, time::Duration};

use placet_core::{
    event::{Event, EventKind},
    id::Id,
    random::SystemRandom,
    store::{Change, Commit, Key, Name, Record, Store},
    testing::FixedClock,
};
use placet_store::{PostgresStore, PostgresUrl, postgres::Settings};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    harness::{self, Scratch},
    postgres_cluster::Cluster,
};

/// How long each load lasts.
const SPAN: Duration = Duration::from_secs(4);

/// What this process has used of its cores, in seconds.
fn used() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = |n: usize| -> f64 { fields.split_whitespace().nth(n).unwrap().parse().unwrap() };
    // User and system time, in hundredths.
    (ticks(11) + ticks(12)) / 100.0
}

/// Two inserts and the event, as a token takes them.
fn commit(store: &dyn Store) -> Commit {
    let now = store.now();
    let id = || Id::<Event>::random(&SystemRandom).to_string();
    let event = Event::new(Id::ordered(now, &SystemRandom), EventKind::TokenIssued, now);
    Commit::new(Id::from_bytes([7; 16]), event)
        .with(Change::insert(Record::Name(Name::client(&id()))))
        .with(Change::insert(Record::Name(Name::client(&id()))))
}

async fn run(what: &str, store: &Arc<dyn Store>, callers: usize, reads: bool) {
    let mut load = JoinSet::new();
    let (began, before) = (Instant::now(), used());
    for _ in 0..callers {
        let store = Arc::clone(store);
        load.spawn(async move {
            let mut count = 0_u32;
            let key = Key::name(&Name::client("nobody"));
            while began.elapsed() < SPAN {
                if reads {
                    store.get(Id::from_bytes([7; 16]), key).await.unwrap();
                } else {
                    store.commit(commit(&*store)).await.unwrap();
                }
                count += 1;
            }
            count
        });
    }
    let count: f64 = load.join_all().await.into_iter().map(f64::from).sum();
    let (took, cost) = (began.elapsed().as_secs_f64(), used() - before);
    println!(
        "{what:28} {callers:3} callers: {:8.0} /s, {:6.1} us of this process each",
        count / took,
        cost / count * 1e6
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed_beside_sqlite() {
    let cluster = Cluster::start().await;
    let url: PostgresUrl = cluster.url_of(&cluster.database().await).parse().unwrap();
    let clock = FixedClock::default();
    let given = clock.clone();
    let settings = Settings::default();
    let opened = PostgresStore::open(&url, &settings, |_| Arc::new(given)).await;
    let postgres: Arc<dyn Store> = Arc::new(opened.unwrap());
    let scratch = Scratch::new();
    let sqlite: Arc<dyn Store> = Arc::new(harness::open(&scratch.file(), &clock));
    for (what, store) in [("PostgreSQL", &postgres), ("SQLite", &sqlite)] {
        let warm = run("(warming up)", store, 64, false);
        timeout(SPAN * 3, warm).await.unwrap();
        for callers in [1, 16, 64] {
            run(&format!("{what} commits"), store, callers, false).await;
        }
        for callers in [1, 16, 64] {
            run(&format!("{what} reads"), store, callers, true).await;
        }
    }
}
