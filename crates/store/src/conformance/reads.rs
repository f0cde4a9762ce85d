//! Reads: what they list, in which order, and that each sees one moment.

use std::sync::Arc;

use placet_core::{
    event::Event,
    id::Id,
    pending::{PendingRequest, State},
    person::Person,
    store::{Change, Key, Record, StoreError, Table},
    time::Lifetime,
};
use tokio::task::JoinSet;

use super::{
    Scene,
    sample::{handle, pending},
};

/// Records read together are those that are read alone: in the order of the keys, whatever their tables, also twice.
pub async fn many_are_read_as_one_by_one(scene: Scene) {
    let (ada, bob) = (scene.person("ada"), scene.person("bob"));
    let (client, family) = (scene.client("tv"), scene.family(None));
    let (ada_key, bob_key) = (Key::person(ada.id), Key::person(bob.id));
    let family_key = Key::family(family.id);
    let keys = vec![
        bob_key,
        family_key,
        Key::grant(scene.grant(ada.id).id),
        Key::client(client.id),
        ada_key,
        bob_key,
        Key::person(scene.id()),
    ];
    scene
        .insert([
            Record::Person(ada.clone()),
            Record::Person(bob),
            Record::Client(client),
            Record::Family(family),
        ])
        .await;
    let update = Change::update(1, Record::Person(ada));
    scene.write([update]).await.unwrap();
    let many = scene.store.get_many(scene.issuer, keys.clone()).await;
    let many = many.unwrap();
    let mut one_by_one = Vec::new();
    for key in &keys {
        one_by_one.push(scene.get(*key).await);
    }
    assert_eq!(many, one_by_one);
    let versions: Vec<_> = many.iter().flatten().map(|found| found.version).collect();
    assert_eq!((many.len(), versions), (7, vec![1, 1, 1, 2, 1]));
    let none = scene.store.get_many(scene.issuer, Vec::new()).await;
    assert_eq!(none.unwrap(), []);
    // Nothing of another issuer, and no guess where one does not read.
    let elsewhere = scene.store.get_many(scene.id(), keys.clone()).await;
    assert!(elsewhere.unwrap().iter().all(Option::is_none));
    scene.harness.write_raw(scene.issuer, family_key, "{").await;
    let broken = scene.store.get_many(scene.issuer, keys).await;
    assert!(matches!(
        broken,
        Err(StoreError::Corrupt {
            table: Table::Family,
            ..
        })
    ));
}

/// Pages follow each other in the order of the keys, without gap or repeat.
pub async fn a_page_is_in_key_order(scene: Scene) {
    let people: Vec<_> = (0..10)
        .map(|n| Record::Person(scene.person(&format!("person {n}"))))
        .collect();
    let mut keys: Vec<_> = people.iter().map(Record::key).collect();
    keys.sort_by(|a, b| a.bytes().cmp(b.bytes()));
    scene.insert(people).await;
    scene.insert([Record::Client(scene.client("tv"))]).await;
    let page = async |after, limit| {
        let page = scene.store.page(scene.issuer, Table::Person, after, limit);
        let found = page.await.unwrap();
        found.iter().map(|row| row.value.key()).collect::<Vec<_>>()
    };
    let mut seen = Vec::new();
    loop {
        let next = page(seen.last().copied(), 4).await;
        if next.is_empty() {
            break;
        }
        assert!(next.len() <= 4);
        seen.extend(next);
    }
    assert_eq!(seen, keys);
    assert_eq!(page(None, 100).await, keys);
    assert!(page(None, 0).await.is_empty());
}

/// Of every kind one record: written, read, listed, changed and deleted.
pub async fn every_kind_of_record_is_kept(scene: Scene) {
    let records = scene.one_of_each();
    let tables: Vec<_> = records.iter().map(|record| record.key().table).collect();
    assert_eq!(tables, Table::ALL);
    scene.insert(records.clone()).await;
    for record in records {
        let (key, issuer) = (record.key(), scene.issuer);
        let found = scene.get(key).await.unwrap();
        assert_eq!((&found.value, found.version), (&record, 1));
        let listed = scene.store.page(issuer, key.table, None, 9).await.unwrap();
        assert_eq!(listed, [found]);
        let update = Change::update(1, record.clone());
        scene.write([update]).await.unwrap();
        let elsewhere = scene.second.get(issuer, key).await.unwrap().unwrap();
        assert_eq!((elsewhere.value, elsewhere.version), (record, 2));
        let gone = Change::Delete { key, version: 2 };
        scene.write([gone]).await.unwrap();
        assert!(scene.get(key).await.is_none(), "{key:?}");
    }
}

/// Grants, sessions and requests are listed under their person, families under their grant; nobody else's.
pub async fn what_is_owned_is_listed(scene: Scene) {
    let (ada, bob) = (scene.person("ada"), scene.person("bob"));
    let grants: Vec<_> = (0..3).map(|_| scene.grant(ada.id)).collect();
    let theirs = scene.grant(bob.id);
    let family = scene.family(Some(grants[0].id));
    let stray = scene.family(None);
    scene
        .insert(grants.iter().cloned().map(Record::Grant))
        .await;
    scene
        .insert([
            Record::Grant(theirs.clone()),
            Record::Session(scene.session(ada.id, "cookie 1")),
            Record::Session(scene.session(ada.id, "cookie 2")),
            Record::Session(scene.session(bob.id, "cookie 3")),
            Record::Family(family.clone()),
            Record::Family(stray),
        ])
        .await;
    let owned = async |table, owner: &[u8; 16], limit| {
        let rows = scene.store.owned(scene.issuer, table, *owner, limit);
        let rows = rows.await.unwrap();
        rows.iter().map(|row| row.value.key()).collect::<Vec<_>>()
    };
    let mut wanted: Vec<_> = grants.iter().map(|grant| Key::grant(grant.id)).collect();
    wanted.sort_by(|a, b| a.bytes().cmp(b.bytes()));
    let of_ada = ada.id.as_bytes();
    assert_eq!(owned(Table::Grant, of_ada, 10).await, wanted);
    assert_eq!(owned(Table::Grant, of_ada, 2).await, wanted[..2]);
    let of_bob = owned(Table::Grant, bob.id.as_bytes(), 10).await;
    assert_eq!(of_bob, [Key::grant(theirs.id)]);
    assert_eq!(owned(Table::Session, of_ada, 10).await.len(), 2);
    let families = owned(Table::Family, grants[0].id.as_bytes(), 10).await;
    assert_eq!(families, [Key::family(family.id)]);
    assert!(owned(Table::Person, of_ada, 10).await.is_empty());
    assert!(owned(Table::Grant, &[0; 16], 10).await.is_empty());
}

/// A request that is laid before a person is listed under them until it is answered; one laid before nobody never is.
pub async fn what_waits_for_a_person_is_listed(scene: Scene) {
    let (ada, bob) = (scene.person("ada"), scene.person("bob"));
    let laid_before = |person| PendingRequest {
        addressed_to: Some(person),
        ..scene.request(State::Pending)
    };
    let (denied, waiting) = (laid_before(ada.id), laid_before(ada.id));
    let theirs = laid_before(bob.id);
    scene
        .insert([
            pending(denied.clone()),
            pending(waiting.clone()),
            pending(theirs.clone()),
            pending(scene.request(State::Pending)),
        ])
        .await;
    let listed = async |person: Id<Person>| {
        let rows = scene
            .second
            .owned(scene.issuer, Table::Pending, *person.as_bytes(), 10);
        let rows = rows.await.unwrap();
        rows.iter().map(|row| row.value.key()).collect::<Vec<_>>()
    };
    let mut wanted = vec![Key::pending(denied.id), Key::pending(waiting.id)];
    wanted.sort_by(|a, b| a.bytes().cmp(b.bytes()));
    assert_eq!(listed(ada.id).await, wanted);
    assert_eq!(listed(bob.id).await, [Key::pending(theirs.id)]);
    let answered = scene.denied(&denied);
    scene.write([Change::update(1, answered)]).await.unwrap();
    assert_eq!(listed(ada.id).await, [Key::pending(waiting.id)]);
    // A change of whom it is laid before moves it.
    let moved = pending(PendingRequest {
        addressed_to: Some(bob.id),
        ..waiting
    });
    scene.write([Change::update(1, moved)]).await.unwrap();
    assert!(listed(ada.id).await.is_empty());
    assert_eq!(listed(bob.id).await.len(), 2);
}

/// Events come oldest first and can be read on from any one.
pub async fn events_come_oldest_first(scene: Scene) {
    let mut written = Vec::new();
    for _ in 0..7 {
        scene.harness.clock().advance(Lifetime::from_millis(1));
        let commit = scene.commit([]);
        written.push(commit.event.id);
        scene.store.commit(commit).await.unwrap();
    }
    let read = async |after, limit| {
        let events = scene.store.events(scene.issuer, after, limit).await;
        let ids = events.unwrap().into_iter().map(|event| event.id);
        ids.collect::<Vec<Id<Event>>>()
    };
    assert_eq!(read(None, 100).await, written);
    assert_eq!(read(None, 3).await, written[..3]);
    assert_eq!(read(Some(written[2]), 3).await, written[3..6]);
    assert!(read(Some(written[6]), 3).await.is_empty());
}

/// A handle leads to its request by kind and hash, at the request's version.
pub async fn a_handle_leads_to_its_request(scene: Scene) {
    let request = scene.request(State::Pending);
    let door = handle(&request, "device code");
    scene
        .insert([pending(request.clone()), Record::Handle(door.clone())])
        .await;
    let collected = scene.collected(&request);
    scene.write([Change::update(1, collected)]).await.unwrap();
    let by = |kind, hash| scene.store.pending_by(scene.issuer, kind, hash);
    let found = by(door.kind, door.hash).await.unwrap().unwrap();
    assert_eq!((found.version, found.value.id), (2, request.id));
    let other = handle(&request, "another").hash;
    assert!(by(door.kind, other).await.unwrap().is_none());
    let wrong_door = placet_core::pending::HandleKind::Code;
    assert!(by(wrong_door, door.hash).await.unwrap().is_none());
    scene
        .insert([Record::Handle(handle(
            &scene.request(State::Pending),
            "lost",
        ))])
        .await;
    let lost = handle(&request, "lost").hash;
    assert!(by(door.kind, lost).await.unwrap().is_none());
}

/// An access token comes with the family, grant, session and person it names, and their versions.
pub async fn an_access_token_stands_on_all_it_names(scene: Scene) {
    let person = scene.person("ada");
    let grant = scene.grant(person.id);
    let session = scene.session(person.id, "cookie");
    let family = scene.family(Some(grant.id));
    let mut token = scene.access("token");
    token.person = Some(person.id);
    token.grant = Some(grant.id);
    token.family = Some(family.id);
    token.session = Some(session.hash);
    scene
        .insert([
            Record::Person(person.clone()),
            Record::Grant(grant.clone()),
            Record::Session(session.clone()),
            Record::Family(family.clone()),
            Record::Access(token.clone()),
            Record::Access(scene.access("bare")),
        ])
        .await;
    let update = Change::update(1, Record::Person(person.clone()));
    scene.write([update]).await.unwrap();
    let standing = scene.store.access(scene.issuer, token.hash).await;
    let standing = standing.unwrap().unwrap();
    assert_eq!((standing.token, standing.version), (token, 1));
    assert_eq!(standing.family, Some((family, 1)));
    assert_eq!(standing.grant, Some((grant, 1)));
    assert_eq!(standing.session, Some((session, 1)));
    assert_eq!(standing.person, Some((person, 2)));
    let bare = scene.store.access(scene.issuer, scene.access("bare").hash);
    let bare = bare.await.unwrap().unwrap();
    assert!(bare.family.is_none() && bare.grant.is_none());
    assert!(bare.session.is_none() && bare.person.is_none());
    let unknown = scene.access("unknown").hash;
    let unknown = scene.store.access(scene.issuer, unknown).await.unwrap();
    assert!(unknown.is_none());
}

/// A refresh token comes with its family and what the family names.
pub async fn a_refresh_token_stands_on_its_family(scene: Scene) {
    let person = scene.person("ada");
    let grant = scene.grant(person.id);
    let session = scene.session(person.id, "cookie");
    let mut family = scene.family(Some(grant.id));
    family.person = Some(person.id);
    family.session = Some(session.hash);
    let token = scene.refresh(family.id, "refresh");
    let orphan = scene.refresh(scene.id(), "orphan");
    scene
        .insert([
            Record::Person(person.clone()),
            Record::Grant(grant.clone()),
            Record::Session(session.clone()),
            Record::Family(family.clone()),
            Record::Refresh(token.clone()),
            Record::Refresh(orphan.clone()),
        ])
        .await;
    let standing = scene.store.refresh(scene.issuer, token.hash).await;
    let standing = standing.unwrap().unwrap();
    assert_eq!((standing.token, standing.version), (token, 1));
    assert_eq!(standing.family, Some((family, 1)));
    assert_eq!(standing.grant, Some((grant, 1)));
    assert_eq!(standing.session, Some((session, 1)));
    assert_eq!(standing.person, Some((person, 1)));
    let orphan = scene.store.refresh(scene.issuer, orphan.hash).await;
    assert!(orphan.unwrap().unwrap().family.is_none());
}

/// What a commit changes together is never read apart.
pub async fn a_standing_is_read_at_one_moment(scene: Scene) {
    const ROUNDS: u64 = 100;
    let person = scene.person("ada");
    let grant = scene.grant(person.id);
    let mut token = scene.access("token");
    token.person = Some(person.id);
    token.grant = Some(grant.id);
    let records = || {
        [
            Record::Person(person.clone()),
            Record::Grant(grant.clone()),
            Record::Access(token.clone()),
        ]
    };
    scene.insert(records()).await;
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let (store, issuer) = (Arc::clone(&scene.second), scene.issuer);
        readers.spawn(async move {
            let mut seen = 0;
            while seen <= ROUNDS {
                let standing = store.access(issuer, token.hash).await.unwrap().unwrap();
                let (_, person) = standing.person.unwrap();
                let (_, grant) = standing.grant.unwrap();
                assert_eq!((person, grant), (standing.version, standing.version));
                seen = standing.version;
                tokio::task::yield_now().await;
            }
        });
    }
    for version in 1..=ROUNDS {
        let changes = records().map(|record| Change::update(version, record));
        scene.write(changes).await.unwrap();
    }
    readers.join_all().await;
}
