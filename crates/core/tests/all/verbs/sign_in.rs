//! `sign_in`, `sign_out`, `signed_in`, `list_sessions`.

use placet_core::{
    Refusal,
    engine::{Caller, SignIn},
    time::Lifetime,
};

use crate::scene::{Scene, refused};

const HOUR: Lifetime = Lifetime::from_secs(3_600);

#[tokio::test]
async fn a17_a_sign_in_replaces_the_session_of_its_browser() {
    let scene = Scene::new().await;
    let person = scene.person("ada").await;
    let (old, old_cookie) = scene.sign_in("ada").await;
    let ask = SignIn {
        person: &person,
        amr: vec!["pwd".to_owned()],
        agent: &"x".repeat(500),
        lifetime: HOUR,
        replaces: Some(old.hash),
    };
    let told = scene.engine.sign_in(ask, &Caller::default()).await.unwrap();
    let (session, cookie) = told.into_inner();
    assert_ne!(session.hash, old.hash);
    assert_eq!(session.agent.chars().count(), 200);
    assert!(scene.engine.signed_in(&old_cookie).await.unwrap().is_none());
    assert!(scene.engine.signed_in(&cookie).await.unwrap().is_some());
    let live = scene.engine.list_sessions(person.value.id).await.unwrap();
    assert_eq!(live.len(), 1);
    scene.advance(HOUR);
    assert!(
        scene.engine.signed_in(&cookie).await.unwrap().is_none(),
        "over at its end"
    );
    assert!(
        scene
            .engine
            .list_sessions(person.value.id)
            .await
            .unwrap()
            .is_empty()
    );
    scene.verified().await;
}

#[tokio::test]
async fn nobody_signs_in_with_a_proof_of_who_they_were() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let sign_in = |person| SignIn {
        person,
        amr: Vec::new(),
        agent: "",
        lifetime: HOUR,
        replaces: None,
    };
    // The password was checked, then it was changed.
    let checked = scene.person("ada").await;
    scene
        .engine
        .change_person("ada", false, &caller, |_| {})
        .await
        .unwrap();
    let told = scene.engine.sign_in(sign_in(&checked), &caller).await;
    assert_eq!(refused(told), Refusal::PersonInactive);
    let change = scene
        .engine
        .change_person("ada", false, &caller, |p| p.disabled = true);
    change.await.unwrap();
    let disabled = scene.person("ada").await;
    let told = scene.engine.sign_in(sign_in(&disabled), &caller).await;
    assert_eq!(refused(told), Refusal::PersonInactive);
}

#[tokio::test]
async fn a_sign_out_ends_the_session_once() {
    let scene = Scene::new().await;
    let (session, cookie) = scene.sign_in("ada").await;
    let events = async || {
        scene
            .engine
            .verify(placet_core::engine::Retention::default().events)
            .await
            .unwrap()
            .events
    };
    scene
        .engine
        .sign_out(session.hash, &Caller::default())
        .await
        .unwrap();
    let after = events().await;
    scene
        .engine
        .sign_out(session.hash, &Caller::default())
        .await
        .unwrap();
    assert_eq!(events().await, after);
    assert!(scene.engine.signed_in(&cookie).await.unwrap().is_none());
    scene.verified().await;
}

#[tokio::test]
async fn a_new_password_ends_every_session_before_it() {
    let scene = Scene::new().await;
    let (_, before) = scene.sign_in("ada").await;
    scene.advance(Lifetime::from_millis(1));
    scene
        .engine
        .change_person("ada", true, &Caller::default(), |_| {})
        .await
        .unwrap();
    assert!(scene.engine.signed_in(&before).await.unwrap().is_none());
    let (_, after) = scene.sign_in("ada").await;
    assert!(scene.engine.signed_in(&after).await.unwrap().is_some());
}

#[tokio::test]
async fn signing_in_again_keeps_the_sid_and_signing_out_ends_all_of_it() {
    let scene = Scene::new().await;
    let person = scene.person("ada").await;
    let (old, _) = scene.sign_in("ada").await;
    let again = SignIn {
        person: &person,
        amr: vec!["pwd".to_owned()],
        agent: "",
        lifetime: HOUR,
        replaces: Some(old.hash),
    };
    let told = scene
        .engine
        .sign_in(again, &Caller::default())
        .await
        .unwrap();
    let (session, _) = told.into_inner();
    assert_eq!(session.sid, old.sid);
    let store = scene.engine.store().as_ref();
    let issuer = scene.engine.issuer_id();
    let replaced = store.session(issuer, old.hash).await.unwrap().unwrap();
    assert!(
        replaced.value.is_live(scene.now()),
        "tokens bound to it live"
    );
    assert!(!replaced.value.opens(scene.now()), "its cookie does not");

    let caller = Caller::default();
    scene.engine.sign_out(session.hash, &caller).await.unwrap();
    for hash in [old.hash, session.hash] {
        let ended = store.session(issuer, hash).await.unwrap().unwrap();
        assert!(!ended.value.is_live(scene.now()));
    }
    scene.verified().await;
}

#[tokio::test]
async fn a17_another_person_in_the_same_browser_ends_the_first_session() {
    let scene = Scene::new().await;
    let (old, _) = scene.sign_in("ada").await;
    let bob = scene.person("bob").await;
    let instead = SignIn {
        person: &bob,
        amr: Vec::new(),
        agent: "",
        lifetime: HOUR,
        replaces: Some(old.hash),
    };
    let told = scene
        .engine
        .sign_in(instead, &Caller::default())
        .await
        .unwrap();
    assert_ne!(told.into_inner().0.sid, old.sid);
    let store = scene.engine.store().as_ref();
    let ended = store.session(scene.engine.issuer_id(), old.hash).await;
    assert!(!ended.unwrap().unwrap().value.is_live(scene.now()));
    scene.verified().await;
}

#[tokio::test]
async fn a_sign_in_form_posted_twice_leaves_the_person_signed_in() {
    let scene = Scene::new().await;
    let person = scene.person("ada").await;
    let (old, _) = scene.sign_in("ada").await;
    let mut cookies = Vec::new();
    for _ in 0..2 {
        let again = SignIn {
            person: &person,
            amr: Vec::new(),
            agent: "",
            lifetime: HOUR,
            replaces: Some(old.hash),
        };
        let told = scene.engine.sign_in(again, &Caller::default()).await;
        cookies.push(told.unwrap().into_inner().1);
    }
    for cookie in &cookies {
        assert!(scene.engine.signed_in(cookie).await.unwrap().is_some());
    }
    scene.verified().await;
}
