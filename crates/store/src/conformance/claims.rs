//! What rows claim: text comes back as it went in, and a row that is not what it should be is named, not guessed.

use placet_core::{
    pending::State,
    store::{Key, Record, StoreError, Table},
};

use super::{
    Scene,
    sample::{handle, pending},
};

/// No text is too strange.
pub async fn hostile_text_comes_back_unchanged(scene: Scene) {
    let long = "ab\u{1F512}".repeat(20_000);
    for text in [
        "",
        "'; DROP TABLE pending; --",
        "\" OR 1=1 /* \\",
        "a\0b\u{1}\u{7f}",
        "\u{202E}gnp.exe \u{200B}\u{FEFF}",
        "\u{1F468}\u{200D}\u{1F469} \u{10FFFF}\u{FFFD}",
        "%s $1 ?1 :name @p {{x}} <script>alert(1)</script>\r\n",
        &long,
    ] {
        let mut person = scene.person(text);
        person.claims.insert(text.to_owned(), text.into());
        let mut client = scene.client(text);
        client.metadata.client_name = Some(text.to_owned());
        client
            .metadata
            .client_name_i18n
            .insert(text.to_owned(), text.to_owned());
        let mut request = scene.request(State::Pending);
        request.asker.peer = text.to_owned();
        request.payload.open = serde_json::json!({ text: [text] });
        let mut token = scene.access(text);
        token.subject = text.to_owned();
        let records = [
            Record::Person(person),
            Record::Client(client),
            pending(request),
            Record::Access(token),
        ];
        let mut commit = scene.commit(records.clone().map(placet_core::store::Change::insert));
        commit.event.peer = Some(text.to_owned());
        let event = commit.event.clone();
        scene.store.commit(commit).await.unwrap();
        for record in records {
            assert_eq!(scene.get(record.key()).await.unwrap().value, record);
        }
        let events = scene.store.events(scene.issuer, None, 99).await.unwrap();
        assert!(events.contains(&event));
    }
}

fn is_corrupt<T>(result: Result<T, StoreError>, wanted: Table, key: &Key) -> bool {
    let first = format!("{:02x}", key.bytes()[0]);
    let length = 2 * key.bytes().len();
    matches!(result, Err(StoreError::Corrupt { table, id, what })
        if table == wanted && id.starts_with(&first) && id.len() == length && !what.is_empty())
}

/// A state this release does not know, written by a newer one, is an error that names the row.
pub async fn k9_an_unknown_state_is_corrupt(scene: Scene) {
    let request = scene.request(State::Pending);
    let (door, key) = (handle(&request, "code"), Key::pending(request.id));
    let mut body = serde_json::to_value(&request).unwrap();
    body["state"]["is"] = "paused_by_a_newer_release".into();
    scene
        .insert([pending(request), Record::Handle(door.clone())])
        .await;
    let body = body.to_string();
    scene.harness.write_raw(scene.issuer, key, &body).await;
    let (store, issuer, table) = (&scene.store, scene.issuer, Table::Pending);
    assert!(is_corrupt(store.get(issuer, key).await, table, &key));
    let by_handle = store.pending_by(issuer, door.kind, door.hash).await;
    assert!(is_corrupt(by_handle, table, &key));
    let page = store.page(issuer, table, None, 9).await;
    assert!(is_corrupt(page, table, &key));
}

/// Damage is an error that names the row, in every read that meets it.
pub async fn garbage_is_corrupt(scene: Scene) {
    let person = scene.person("ada");
    let grant = scene.grant(person.id);
    let mut token = scene.access("token");
    token.grant = Some(grant.id);
    let (key, hash) = (Key::grant(grant.id), token.hash);
    scene
        .insert([Record::Grant(grant), Record::Access(token)])
        .await;
    for body in ["", "{", "null", "[]", "{\"id\":7}"] {
        scene.harness.write_raw(scene.issuer, key, body).await;
        let (store, issuer, table) = (&scene.store, scene.issuer, Table::Grant);
        assert!(is_corrupt(store.get(issuer, key).await, table, &key));
        let standing = store.access(issuer, hash).await;
        assert!(is_corrupt(standing, table, &key));
        let owned = store.owned(issuer, table, *person.id.as_bytes(), 9).await;
        assert!(is_corrupt(owned, table, &key));
    }
    // The store goes on: reads of other rows and new commits work.
    scene.insert([Record::Person(person)]).await;
}

/// A body moved to another row is not believed.
pub async fn a_body_under_another_key_is_corrupt(scene: Scene) {
    let (ada, bob) = (scene.person("ada"), scene.person("bob"));
    let key = Key::person(ada.id);
    let body = serde_json::to_string(&bob).unwrap();
    scene
        .insert([Record::Person(ada), Record::Person(bob)])
        .await;
    scene.harness.write_raw(scene.issuer, key, &body).await;
    let found = scene.store.get(scene.issuer, key).await;
    assert!(is_corrupt(found, Table::Person, &key));
}
