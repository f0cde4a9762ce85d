//! Many at once: exactly one wins, and whoever lost was not lied to.

use std::sync::Arc;

use placet_core::{
    pending::State,
    store::{Change, Key, Record, Store, StoreError},
};
use tokio::task::JoinSet;

use super::{
    Scene,
    sample::{once, pending},
};

const RACERS: usize = 64;

fn either(scene: &Scene, turn: usize) -> Arc<dyn Store> {
    Arc::clone(if turn.is_multiple_of(2) {
        &scene.store
    } else {
        &scene.second
    })
}

/// C3: of 64 collects at once, through two handles, one takes the result.
pub async fn two_collects_one_winner(scene: Scene) {
    let request = scene.request(State::Pending);
    let key = Key::pending(request.id);
    scene.insert([pending(request.clone())]).await;
    let mut racers = JoinSet::new();
    for turn in 0..RACERS {
        let token = scene.access(&format!("token {turn}"));
        let commit = scene.commit([
            Change::update(1, scene.collected(&request)),
            Change::insert(Record::Access(token)),
        ]);
        let store = either(&scene, turn);
        racers.spawn(async move { store.commit(commit).await });
    }
    let results = racers.join_all().await;
    let winners = results.iter().filter(|result| result.is_ok()).count();
    let losers = results
        .iter()
        .filter(|result| matches!(result, Err(StoreError::Conflict)))
        .count();
    assert_eq!((winners, losers), (1, RACERS - 1));
    assert_eq!(scene.version(key).await, Some(2));
    let mut tokens = 0;
    for turn in 0..RACERS {
        let hash = scene.access(&format!("token {turn}")).hash;
        tokens += usize::from(scene.get(Key::access(hash)).await.is_some());
    }
    assert_eq!(tokens, 1);
    let events = scene.store.events(scene.issuer, None, 99).await.unwrap();
    assert_eq!(events.len(), 2);
}

/// A single-use value sent many times at once works once.
pub async fn k2_one_of_many_spends(scene: Scene) {
    let mut racers = JoinSet::new();
    for turn in 0..RACERS {
        let commit = scene.commit([Change::Spend {
            value: once("jti"),
            keep_until: scene.in_ms(1_000),
        }]);
        let store = either(&scene, turn);
        racers.spawn(async move { store.commit(commit).await });
    }
    let results = racers.join_all().await;
    let spent = |result: &&Result<(), _>| matches!(result, Err(StoreError::Spent));
    assert_eq!(results.iter().filter(spent).count(), RACERS - 1);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

/// Whoever is told of a conflict can read at once, on any handle, what won.
pub async fn a_conflict_is_told_only_after_its_winner(scene: Scene) {
    for _ in 0..50 {
        let request = scene.request(State::Pending);
        let key = Key::pending(request.id);
        scene.insert([pending(request.clone())]).await;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let commit = scene.commit([Change::update(1, scene.collected(&request))]);
            let (store, second) = (Arc::clone(&scene.store), Arc::clone(&scene.second));
            let issuer = scene.issuer;
            racers.spawn(async move {
                let result = store.commit(commit).await;
                let seen = second.get(issuer, key).await.unwrap().unwrap().version;
                (result.is_ok(), seen)
            });
        }
        let results = racers.join_all().await;
        assert!(results.iter().all(|(_, seen)| *seen == 2), "{results:?}");
        assert_eq!(results.iter().filter(|(won, _)| *won).count(), 1);
    }
}

/// Commits that fail among others in the same moment take nothing with them and leave nothing.
pub async fn losers_leave_no_trace(scene: Scene) {
    let person = scene.person("ada");
    let key = Key::person(person.id);
    scene.insert([Record::Person(person)]).await;
    let mut racers = JoinSet::new();
    for turn in 0..RACERS {
        let token = scene.access(&format!("token {turn}"));
        let version = if turn.is_multiple_of(2) { 1 } else { 2 };
        let commit = scene.commit([
            Change::insert(Record::Access(token.clone())),
            Change::Require { key, version },
        ]);
        let (store, event) = (Arc::clone(&scene.store), commit.event.id);
        racers.spawn(async move { (version, token.hash, event, store.commit(commit).await) });
    }
    for (version, hash, event, result) in racers.join_all().await {
        let holds = version == 1;
        assert_eq!(result.is_ok(), holds, "{result:?}");
        assert_eq!(scene.get(Key::access(hash)).await.is_some(), holds);
        assert_eq!(scene.happened(event).await, holds);
    }
}

/// Writers that read, add and retry on conflict count every addition.
pub async fn many_writers_lose_nothing(scene: Scene) {
    const WRITERS: usize = 16;
    const ADDITIONS: usize = 20;
    let person = scene.person("ada");
    let key = Key::person(person.id);
    scene.insert([Record::Person(person.clone())]).await;
    let scene = Arc::new(scene);
    let mut writers = JoinSet::new();
    for turn in 0..WRITERS {
        let (scene, person) = (Arc::clone(&scene), person.clone());
        writers.spawn(async move {
            let store = either(&scene, turn);
            let mut done = 0;
            while done < ADDITIONS {
                let found = store.get(scene.issuer, key).await.unwrap().unwrap();
                let record = Record::Person(person.clone());
                let commit = scene.commit([Change::update(found.version, record)]);
                match store.commit(commit).await {
                    Ok(()) => done += 1,
                    Err(StoreError::Conflict) => {}
                    Err(other) => unreachable!("{other}"),
                }
            }
        });
    }
    writers.join_all().await;
    let additions = u64::try_from(WRITERS * ADDITIONS).unwrap();
    assert_eq!(scene.version(key).await, Some(additions + 1));
}
