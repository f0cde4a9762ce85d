//! Sweeping: nothing goes too early, everything goes in the end, and each step is bounded.

use placet_core::{
    id::Id,
    pending::State,
    store::{Change, Key, Record, StoreError},
    time::{Lifetime, Timestamp},
};

use super::{
    Scene,
    sample::{LIFE, handle, issuer_record, once, pending},
};

const MS: Lifetime = Lifetime::from_millis(1);
/// Before every event.
const NO_EVENTS: Timestamp = Timestamp::from_millis(0);

impl Scene {
    async fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        self.store.sweep(now, NO_EVENTS, limit).await.unwrap()
    }
}

/// A record stays one millisecond before its retention ends, and goes one after.
pub async fn k10_retention_ends_after_its_last_millisecond(scene: Scene) {
    let person = scene.id();
    let mut grant = scene.grant(person);
    grant.keep_until = Some(scene.now().plus(LIFE));
    let mut client = scene.client("a key's thumbprint");
    client.keep_until = Some(scene.now().plus(LIFE));
    let records = [
        Record::Access(scene.access("token")),
        Record::Session(scene.session(person, "cookie")),
        Record::Refresh(scene.refresh(scene.id(), "refresh")),
        Record::Grant(grant),
        Record::Family(scene.family(None)),
        Record::Client(client),
        Record::Callback(scene.callback()),
        pending(scene.request(State::Pending)),
        Record::Handle(handle(&scene.request(State::Pending), "code")),
    ];
    for record in records {
        let (key, end) = (record.key(), record.keep_until().unwrap());
        scene.insert([record]).await;
        scene.sweep(end.minus(MS), 1_000).await;
        assert!(scene.get(key).await.is_some(), "{key:?} went too early");
        scene.sweep(end.plus(MS), 1_000).await;
        assert!(scene.get(key).await.is_none(), "{key:?} stayed");
    }
}

/// A9: a collected request, its handle and a spent value are recognised until their retention ends.
pub async fn a9_tombstones_stay_while_they_are_needed(scene: Scene) {
    let request = scene.request(State::Pending);
    let door = handle(&request, "code");
    let end = request.keep_until;
    let spend = |keep_until| Change::Spend {
        value: once("jti"),
        keep_until,
    };
    scene
        .insert([pending(request.clone()), Record::Handle(door.clone())])
        .await;
    let collected = Change::update(1, scene.collected(&request));
    scene.write([collected, spend(end)]).await.unwrap();
    scene.sweep(end.minus(MS), 1_000).await;
    let found = scene
        .store
        .pending_by(scene.issuer, door.kind, door.hash)
        .await;
    let state = found.unwrap().unwrap().value.state;
    assert!(matches!(state, State::Collected { .. }));
    let again = scene.write([spend(end)]).await;
    assert!(matches!(again, Err(StoreError::Spent)));
    assert_eq!(scene.sweep(end.plus(MS), 1_000).await, 3);
    let found = scene
        .store
        .pending_by(scene.issuer, door.kind, door.hash)
        .await;
    assert!(found.unwrap().is_none());
    scene.write([spend(end)]).await.unwrap();
}

/// A sweep deletes at most its limit, over all tables and issuers, and the rest the next time.
pub async fn k10_a_sweep_is_bounded(mut scene: Scene) {
    const EACH: usize = 300;
    for issuer in [scene.issuer, issuer_record(&scene).id] {
        scene.issuer = issuer;
        let tokens: Vec<_> = (0..EACH)
            .map(|n| Record::Access(scene.access(&format!("{n}"))))
            .collect();
        scene.insert(tokens).await;
        let spent = (0..EACH).map(|n| Change::Spend {
            value: once(&format!("{n}")),
            keep_until: scene.now(),
        });
        scene.write(spent).await.unwrap();
    }
    let end = scene.now().plus(LIFE).plus(MS);
    assert_eq!(scene.sweep(end, 0).await, 0);
    assert_eq!(scene.sweep(end, 7).await, 7);
    assert_eq!(scene.sweep(end, 500).await, 500);
    assert_eq!(scene.sweep(end, 10_000).await, 4 * EACH - 507);
    assert_eq!(scene.sweep(end, 10_000).await, 0);
}

/// Events from before a time go, oldest first; later ones stay.
pub async fn k10_old_events_go(scene: Scene) {
    let mut events = Vec::new();
    for _ in 0..10 {
        scene.harness.clock().advance(MS);
        let commit = scene.commit([]);
        events.push(commit.event.clone());
        scene.store.commit(commit).await.unwrap();
    }
    let limit = events[5].at;
    let sweep = async |limit_rows| {
        let swept = scene.store.sweep(NO_EVENTS, limit, limit_rows).await;
        let left = scene.store.events(scene.issuer, None, 99).await.unwrap();
        (swept.unwrap(), left.first().map(|event| event.id))
    };
    let first = |n: usize| Some(events[n].id);
    assert_eq!(sweep(2).await, (2, first(2)));
    assert_eq!(sweep(99).await, (3, first(5)));
    assert_eq!(sweep(99).await, (0, first(5)));
}

/// People, named clients, names, issuers, tenants and standing grants are never swept.
pub async fn what_never_ends_is_never_swept(scene: Scene) {
    let person = scene.person("ada");
    let grant = scene.grant(person.id);
    let name = placet_core::store::Name::username("ada").standing_for(person.id);
    let mut deleted = scene.tenant("one");
    deleted.deleted_at = Some(scene.now());
    let records = [
        Record::Tenant(deleted),
        Record::Issuer(issuer_record(&scene)),
        Record::Client(scene.client("tv")),
        Record::Grant(grant),
        Record::Name(name),
        Record::Person(person),
    ];
    let keys: Vec<Key> = records.iter().map(Record::key).collect();
    scene.insert(records).await;
    assert_eq!(scene.sweep(Timestamp::from_millis(i64::MAX), 99).await, 0);
    for key in keys {
        assert!(scene.get(key).await.is_some());
    }
    let nobody: Id<placet_core::person::Person> = scene.id();
    assert!(scene.get(Key::person(nobody)).await.is_none());
}
