//! What operators register and erase.

use placet_core::{
    Id, Refusal,
    engine::{Caller, Declared, Error, FRESH_FOR},
    event::EventKind,
    secret::Digest,
    store::{Change, Commit, Record, StoreError},
    time::Lifetime,
};

use crate::scene::{Scene, client, person, refused};

fn is_duplicate<T: std::fmt::Debug>(told: &Result<T, Error>) -> bool {
    matches!(told, Err(Error::Store(StoreError::Duplicate)))
}

#[tokio::test]
async fn names_are_given_once() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    assert!(is_duplicate(
        &scene.engine.add_client(client("tv"), &caller).await
    ));
    assert!(is_duplicate(
        &scene.engine.add_person(person(" ADA "), &caller).await
    ));
    let mut namesake = person("ada.l");
    namesake.subject = Some("s-ada".to_owned());
    assert!(is_duplicate(
        &scene.engine.add_person(namesake, &caller).await
    ));
    scene.verified().await;
}

#[tokio::test]
async fn t15_client_ids_and_subjects_never_meet() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let told = scene.engine.add_client(client("s-ada"), &caller).await;
    assert_eq!(refused(told), Refusal::Exceeds);
    let mut masked = person("mallory");
    masked.subject = Some("tv".to_owned());
    let told = scene.engine.add_person(masked, &caller).await;
    assert_eq!(refused(told), Refusal::Exceeds);
}

#[tokio::test]
async fn a_change_leaves_ids_and_names_alone() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let before = scene.client("tv").await.client().clone();
    let change = scene.engine.change_client("tv", &caller, |client| {
        client.client_id = "web".to_owned();
        client.number = 1;
        client.disabled = true;
    });
    let after = change.await.unwrap().into_inner();
    assert_eq!((after.id, after.number), (before.id, before.number));
    assert_eq!(after.client_id, "tv");
    assert!(
        scene.client("tv").await.client().disabled,
        "seen at once on this node"
    );
    let change = scene.engine.change_person("ada", false, &caller, |person| {
        person.subject = "s-bob".to_owned();
    });
    assert_eq!(change.await.unwrap().get().subject, "s-ada");
    for told in [
        scene
            .engine
            .change_client("nobody", &caller, |_| {})
            .await
            .map(|_| ()),
        scene
            .engine
            .change_person("nobody", false, &caller, |_| {})
            .await
            .map(|_| ()),
        scene
            .engine
            .remove_client("nobody", &caller)
            .await
            .map(|_| ()),
        scene
            .engine
            .erase_person("nobody", &caller)
            .await
            .map(|_| ()),
    ] {
        assert_eq!(refused(told), Refusal::NotFound);
    }
}

#[tokio::test]
async fn an_erased_person_leaves_a_subject_nobody_gets_again() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let given = scene.tokens(&scene.client("tv").await).await;
    let (_, cookie) = scene.sign_in("ada").await;
    scene.engine.erase_person("ada", &caller).await.unwrap();
    assert!(!scene.is_active(&given).await);
    assert!(scene.engine.signed_in(&cookie).await.unwrap().is_none());
    let store = scene.engine.store().as_ref();
    let left = store
        .person_of_subject(scene.setting.issuer, "s-ada")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (left.value.username.as_str(), left.value.erased),
        ("", true)
    );
    assert!(is_duplicate(
        &scene.engine.add_person(person("ada"), &caller).await
    ));
    let mut another = person("ada");
    another.subject = None;
    scene
        .engine
        .add_person(another, &caller)
        .await
        .expect("the name is free again");
    scene.verified().await;
}

#[tokio::test]
async fn h6_what_was_removed_leaves_the_mark_of_its_declaration() {
    let scene = Scene::new().await;
    let engine = &scene.engine;
    let caller = Caller::default();
    let (first, second) = (Digest::of("first"), Digest::of("second"));
    let (radio, eve) = (Declared::Client("radio"), Declared::Person("eve"));
    let by = async |what| engine.dismissed(what).await.unwrap();
    let declared = async |digest| {
        let mut new = client("radio");
        new.declared = digest;
        engine.add_client(new, &caller).await.unwrap();
        let mut new = person("eve");
        (new.subject, new.declared) = (None, digest);
        engine.add_person(new, &caller).await.unwrap();
    };
    let removed = async || {
        engine.remove_client("radio", &caller).await.unwrap();
        engine.erase_person("EVE", &caller).await.unwrap();
    };
    declared(Some(first)).await;
    assert_eq!((by(radio).await, by(eve).await), (None, None));
    removed().await;
    assert_eq!((by(radio).await, by(eve).await), (Some(first), Some(first)));
    assert_eq!(by(Declared::Person(" Eve ")).await, Some(first));
    assert_eq!(by(Declared::Client("eve")).await, None);
    scene.verified().await;

    // Somebody else of the name, by the operator's hand: the mark stays, also when they go.
    declared(None).await;
    removed().await;
    assert_eq!((by(radio).await, by(eve).await), (Some(first), Some(first)));

    // Declared anew: the mark goes, and comes back with the next removal.
    engine.readmit(radio, &caller).await.unwrap();
    engine.readmit(eve, &caller).await.unwrap();
    assert_eq!((by(radio).await, by(eve).await), (None, None));
    assert_eq!(
        refused(engine.readmit(eve, &caller).await),
        Refusal::NotFound
    );
    declared(Some(second)).await;
    removed().await;
    assert_eq!(
        (by(radio).await, by(eve).await),
        (Some(second), Some(second))
    );
    scene.verified().await;
}

#[tokio::test]
async fn a_client_known_only_by_its_key_goes_by_no_name_and_ends() {
    let scene = Scene::new().await;
    let mut known = scene.client("tv").await.client().clone();
    known.id = Id::random(scene.engine.random());
    "a key's thumbprint".clone_into(&mut known.client_id);
    known.keep_until = Some(scene.now().plus(FRESH_FOR));
    let event = scene
        .engine
        .note(EventKind::ClientChanged, &Caller::default());
    let commit = Commit::new(scene.setting.issuer, event)
        .with(Change::insert(Record::Client(known.clone())));
    scene.engine.put(commit).await.unwrap();
    let by_id = scene.engine.client(known.id).await.unwrap();
    assert_eq!(by_id.as_deref(), Some(&known));
    let by_name = scene.engine.client_named(&known.client_id).await.unwrap();
    assert_eq!(by_name, None, "though it is in the cache");
    scene.verified().await;
    scene.advance(FRESH_FOR);
    assert_eq!(scene.engine.sweep(scene.now()).await.unwrap(), 0);
    scene.advance(Lifetime::from_millis(1));
    assert_eq!(scene.engine.sweep(scene.now()).await.unwrap(), 1);
    assert_eq!(scene.engine.client(known.id).await.unwrap(), None);
    scene.verified().await;
}
