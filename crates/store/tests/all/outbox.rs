//! The outbox on stores that several nodes share: of many senders one has a callback at a time, and what a dead one held
//! goes out again.
#![expect(
    clippy::panic,
    reason = "each case is called by tests of several names; a step that fails fails the test"
)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use placet_core::{
    Refusal,
    callback::Callback,
    engine::{Engine, Error},
    id::Id,
    time::Lifetime,
};
use placet_store::{Location, OpenStore, Place, archive};

use crate::{
    harness::Scratch,
    scene::{Scene, Setting, WIDE},
};

const LEASE: Lifetime = Lifetime::from_secs(30);
const CALLBACKS: usize = 60;

/// Two nodes on one store.
async fn nodes(place: &Place) -> (Scene, Engine) {
    let setting = Setting::new(3);
    let open = async || {
        let clock = setting.clock.clone();
        let store = OpenStore::open(place, |_| Arc::new(clock)).await;
        store.unwrap().records()
    };
    let engine = setting.node(open().await, WIDE);
    setting.furnish(&engine).await;
    let other = setting.node(open().await, WIDE);
    (Scene { setting, engine }, other)
}

/// Takes whatever is due, until nothing is; delivers all but what `dies` picks.
async fn send(engine: &Engine, sent: &Mutex<Vec<Id<Callback>>>, dies: &AtomicUsize) {
    loop {
        let due = engine.due_callbacks(5).await.unwrap();
        if due.is_empty() {
            return;
        }
        for seen in due {
            let claimed = match engine.claim_callback(seen, LEASE).await {
                Ok(claimed) => claimed.into_inner(),
                Err(Error::Refused(Refusal::Taken)) => continue,
                Err(error) => panic!("{error}"),
            };
            sent.lock().unwrap().push(claimed.value.id);
            let left =
                dies.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if left.is_err() {
                engine.settle_callback(claimed).await.unwrap();
            }
        }
    }
}

async fn every_callback_goes_out_from_one_sender_at_a_time(place: Place) {
    let (scene, other) = nodes(&place).await;
    let mut all = Vec::new();
    for _ in 0..CALLBACKS {
        all.push(scene.enqueue().await);
    }
    all.sort_unstable();
    let round = async |dies: usize| {
        let (sent, dies) = (Mutex::new(Vec::new()), AtomicUsize::new(dies));
        tokio::join!(
            send(&scene.engine, &sent, &dies),
            send(&other, &sent, &dies),
            send(&scene.engine, &sent, &dies),
            send(&other, &sent, &dies),
        );
        let mut sent = sent.into_inner().unwrap();
        sent.sort_unstable();
        sent
    };
    assert_eq!(round(7).await, all, "each went to one sender");
    assert!(round(0).await.is_empty(), "seven are held by the dead");
    scene.advance(LEASE);
    let again = round(0).await;
    assert_eq!(again.len(), 7);
    assert!(again.iter().all(|id| all.contains(id)));
    scene.advance(LEASE);
    assert!(round(0).await.is_empty());
    scene.verified().await;
    assert_eq!(archive::inspect(&place).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_callback_goes_out_from_one_sender_at_a_time_of_a_file() {
    let scratch = Scratch::new();
    let place = Location::Sqlite(scratch.file()).into();
    every_callback_goes_out_from_one_sender_at_a_time(place).await;
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_callback_goes_out_from_one_sender_at_a_time_of_a_database() {
    let cluster = crate::postgres_cluster::Cluster::shared().await;
    let url = cluster.url_of(&cluster.database().await);
    let place = url.parse::<Location>().unwrap().into();
    every_callback_goes_out_from_one_sender_at_a_time(place).await;
}
