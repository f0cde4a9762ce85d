//! One commit at a time: what holds it up, and what it leaves behind.

use placet_core::{
    id::Id,
    issuer::Issuer,
    pending::State,
    store::{Change, Commit, Key, Name, Record, StoreError, Table},
    time::Lifetime,
};

use super::{
    Scene,
    sample::{handle, issuer_record, once, pending},
};

/// A record that exists is not inserted again, and stays as it was.
pub async fn a_duplicate_insert_is_a_conflict(scene: Scene) {
    let access = scene.access("token");
    scene.insert([Record::Access(access.clone())]).await;
    let mut second = access.clone();
    second.subject.push_str(" and another");
    let refused = scene.write([Change::insert(Record::Access(second))]).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let found = scene.get(Key::access(access.hash)).await.unwrap();
    assert_eq!((found.version, found.value), (1, Record::Access(access)));
}

/// A unique name belongs to whoever was first.
pub async fn a_taken_name_is_a_duplicate(scene: Scene) {
    let (first, second) = (scene.client("tv"), scene.client("tv"));
    let named = |id| Record::Name(Name::client("tv").standing_for(id));
    scene
        .insert([named(first.id), Record::Client(first.clone())])
        .await;
    let refused = scene
        .write([named(second.id), Record::Client(second.clone())].map(Change::insert))
        .await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    let found = scene.store.client_named(scene.issuer, "tv").await.unwrap();
    assert_eq!(found.unwrap().value, first);
    assert!(scene.get(Key::client(second.id)).await.is_none());
}

/// An update holds only at the version that was read.
pub async fn a_stale_version_is_a_conflict(scene: Scene) {
    let person = scene.person("ada");
    let key = Key::person(person.id);
    scene.insert([Record::Person(person.clone())]).await;
    let update = |version, name: &str| {
        let mut person = person.clone();
        name.clone_into(&mut person.username);
        [Change::update(version, Record::Person(person))]
    };
    scene.write(update(1, "first")).await.unwrap();
    for stale in [0, 1, 3, u64::MAX] {
        let refused = scene.write(update(stale, "late")).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{stale}");
    }
    let absent = scene.person("nobody");
    let refused = scene
        .write([Change::update(1, Record::Person(absent))])
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict)));
    let found = scene.store.person(scene.issuer, person.id).await.unwrap();
    assert_eq!(found.unwrap().value.username, "first");
    assert_eq!(scene.version(key).await, Some(2));
}

/// A record begins at version 1 and moves by one; after a delete it begins again.
pub async fn versions_count_from_one(scene: Scene) {
    let person = scene.person("ada");
    let key = Key::person(person.id);
    let record = || Record::Person(person.clone());
    scene.insert([record()]).await;
    for version in 1..=5 {
        assert_eq!(scene.version(key).await, Some(version));
        scene
            .write([Change::update(version, record())])
            .await
            .unwrap();
    }
    scene
        .write([Change::Delete { key, version: 6 }])
        .await
        .unwrap();
    assert_eq!(scene.version(key).await, None);
    scene.insert([record()]).await;
    assert_eq!(scene.version(key).await, Some(1));
}

/// `Require` writes nothing, and holds only at its version.
pub async fn a_required_version_must_hold(scene: Scene) {
    let person = scene.person("ada");
    let key = Key::person(person.id);
    scene.insert([Record::Person(person.clone())]).await;
    let token = |text: &str| Change::insert(Record::Access(scene.access(text)));
    scene
        .write([Change::Require { key, version: 1 }, token("first")])
        .await
        .unwrap();
    assert_eq!(scene.version(key).await, Some(1));
    scene
        .write([Change::update(1, Record::Person(person))])
        .await
        .unwrap();
    let absent = Key::person(scene.id());
    for (key, version) in [(key, 1), (key, 3), (absent, 1), (absent, 0)] {
        let refused = scene
            .write([Change::Require { key, version }, token("second")])
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{version}");
    }
    let second = scene.access("second").hash;
    assert!(scene.get(Key::access(second)).await.is_none());
}

/// A delete holds only at its version, and once.
pub async fn a_delete_needs_its_version(scene: Scene) {
    let client = scene.client("tv");
    let key = Key::client(client.id);
    scene.insert([Record::Client(client)]).await;
    let delete = |version| [Change::Delete { key, version }];
    assert!(matches!(
        scene.write(delete(2)).await,
        Err(StoreError::Conflict)
    ));
    assert_eq!(scene.version(key).await, Some(1));
    scene.write(delete(1)).await.unwrap();
    assert!(matches!(
        scene.write(delete(1)).await,
        Err(StoreError::Conflict)
    ));
}

/// A single-use value works once, whatever else the second commit holds.
pub async fn k2_a_value_is_spent_once(scene: Scene) {
    let spend = |text: &str| Change::Spend {
        value: once(text),
        keep_until: scene.in_ms(60_000),
    };
    scene.write([spend("jti-1")]).await.unwrap();
    scene.write([spend("jti-2")]).await.unwrap();
    let token = scene.access("token");
    let refused = scene
        .write([
            Change::insert(Record::Access(token.clone())),
            spend("jti-1"),
        ])
        .await;
    assert!(matches!(refused, Err(StoreError::Spent)), "{refused:?}");
    assert!(scene.get(Key::access(token.hash)).await.is_none());
    let refused = scene.write([spend("jti-3"), spend("jti-3")]).await;
    assert!(matches!(refused, Err(StoreError::Spent)), "{refused:?}");
    scene.write([spend("jti-3")]).await.unwrap();
}

/// When one change does not hold, none is made, and the event is not appended.
pub async fn a_failing_change_leaves_no_trace(scene: Scene) {
    let (kept, gone) = (scene.person("ada"), scene.person("bob"));
    scene
        .insert([Record::Person(kept.clone()), Record::Person(gone.clone())])
        .await;
    let (fresh, name) = (scene.access("token"), Name::username("carol"));
    let mut changed = kept.clone();
    changed.username.push_str(" changed");
    let commit = scene.commit([
        Change::insert(Record::Access(fresh.clone())),
        Change::insert(Record::Name(name.clone())),
        Change::update(1, Record::Person(changed)),
        Change::Delete {
            key: Key::person(gone.id),
            version: 1,
        },
        Change::Spend {
            value: once("jti"),
            keep_until: scene.in_ms(1_000),
        },
        Change::Require {
            key: Key::person(kept.id),
            version: 9,
        },
    ]);
    let event = commit.event.id;
    let refused = scene.store.commit(commit).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert!(scene.get(Key::access(fresh.hash)).await.is_none());
    assert!(scene.get(Key::name(&name)).await.is_none());
    let found = scene.get(Key::person(kept.id)).await.unwrap();
    assert_eq!((found.version, found.value), (1, Record::Person(kept)));
    assert_eq!(scene.version(Key::person(gone.id)).await, Some(1));
    assert!(!scene.happened(event).await);
    let spend = Change::Spend {
        value: once("jti"),
        keep_until: scene.in_ms(1_000),
    };
    scene.write([spend]).await.unwrap();
    let events = scene.store.events(scene.issuer, None, 10).await.unwrap();
    assert_eq!(events.len(), 2);
}

/// A change is judged after those before it in the same commit.
pub async fn changes_see_those_before_them(scene: Scene) {
    let person = scene.person("ada");
    let key = Key::person(person.id);
    let record = || Record::Person(person.clone());
    scene
        .write([
            Change::insert(record()),
            Change::update(1, record()),
            Change::Require { key, version: 2 },
            Change::Delete { key, version: 2 },
            Change::insert(record()),
        ])
        .await
        .unwrap();
    assert_eq!(scene.version(key).await, Some(1));
}

/// A commit holds while the store's time is before its limit, and not at it.
pub async fn c2_before_ends_at_the_exact_instant(scene: Scene) {
    let limit = scene.in_ms(1_000);
    let try_at = async |left_ms, text: &str| {
        let token = scene.access(text);
        scene
            .harness
            .clock()
            .set(limit.minus(Lifetime::from_millis(left_ms)));
        let commit = scene.commit([Change::insert(Record::Access(token.clone()))]);
        let result = scene.store.commit(commit.before(limit)).await;
        (result, scene.get(Key::access(token.hash)).await.is_some())
    };
    assert!(matches!(try_at(1, "early").await, (Ok(()), true)));
    let exactly = try_at(0, "exact").await;
    assert!(matches!(exactly, (Err(StoreError::TooLate), false)));
}

/// Turning the clock back revives nothing.
pub async fn c11_time_never_runs_backwards(scene: Scene) {
    let limit = scene.in_ms(1_000);
    scene.harness.clock().set(limit);
    let before = scene.store.now();
    scene.harness.clock().turn_back(Lifetime::from_secs(3_600));
    assert!(scene.store.now() >= before);
    let commit = scene.commit([]).before(limit);
    let refused = scene.store.commit(commit).await;
    assert!(matches!(refused, Err(StoreError::TooLate)), "{refused:?}");
}

/// A commit appends its event as it is; the same commit again appends nothing.
pub async fn j6_events_are_appended_exactly_once(scene: Scene) {
    let mut event = scene.event();
    event.peer = Some("192.0.2.9".to_owned());
    event.client = Some(scene.id());
    event.tokens = vec![scene.id(), scene.id()];
    event.note = Some("why".into());
    let commit = Commit::new(scene.issuer, event.clone());
    scene.store.commit(commit.clone()).await.unwrap();
    let again = scene.store.commit(commit).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let events = scene.store.events(scene.issuer, None, 10).await.unwrap();
    assert_eq!(events, [event]);
}

/// The same keys under two issuers are different records, in every read and every change.
pub async fn issuers_never_see_each_other(mut scene: Scene) {
    let request = scene.request(State::Pending);
    let (person, grant) = (scene.person("ada"), scene.grant(scene.id()));
    let token = scene.access("token");
    let records = || {
        [
            pending(request.clone()),
            Record::Handle(handle(&request, "code")),
            Record::Person(person.clone()),
            Record::Grant(grant.clone()),
            Record::Access(token.clone()),
            Record::Name(Name::username("ada").standing_for(person.id)),
        ]
    };
    let spend = Change::Spend {
        value: once("jti"),
        keep_until: scene.in_ms(1_000),
    };
    let ours = scene.issuer;
    scene.insert(records()).await;
    scene.write([spend.clone()]).await.unwrap();

    let theirs: Id<Issuer> = issuer_record(&scene).id;
    let store = std::sync::Arc::clone(&scene.store);
    let hash = handle(&request, "code").hash;
    let kind = handle(&request, "code").kind;
    for record in records() {
        assert!(store.get(theirs, record.key()).await.unwrap().is_none());
    }
    assert!(
        store
            .pending_by(theirs, kind, hash)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.access(theirs, token.hash).await.unwrap().is_none());
    assert!(store.person_named(theirs, "ada").await.unwrap().is_none());
    assert!(store.events(theirs, None, 9).await.unwrap().is_empty());
    let page = store.page(theirs, Table::Person, None, 9).await.unwrap();
    assert!(page.is_empty());
    let ada = *grant.person.unwrap().as_bytes();
    let owned = store.owned(theirs, Table::Grant, ada, 9).await.unwrap();
    assert!(owned.is_empty());
    let key = Key::person(person.id);
    let foreign = Commit::new(theirs, scene.event()).with(Change::Delete { key, version: 1 });
    assert!(matches!(
        store.commit(foreign).await,
        Err(StoreError::Conflict)
    ));

    scene.issuer = theirs;
    scene.insert(records()).await;
    scene.write([spend]).await.unwrap();
    scene
        .write([Change::Delete { key, version: 1 }])
        .await
        .unwrap();
    scene.issuer = ours;
    assert_eq!(scene.version(key).await, Some(1));
}
