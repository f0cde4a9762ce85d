//! `revoke`, `revoke_grant`, `list_grants`, `list_families` and `introspect`.

use placet_core::{
    Id, Refusal,
    engine::{Caller, Introspected, Revoked},
    event::EventKind,
    store::{Change, Commit, Record},
    time::Lifetime,
};

use crate::scene::{Scene, refused};

#[tokio::test]
async fn rfc7009_2_1_an_access_token_goes_alone_a_refresh_token_takes_its_family() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let caller = Caller::default();
    let given = scene.tokens(&client).await;
    let revoke = async |text: &str| {
        scene
            .engine
            .revoke(text, &client, &caller)
            .await
            .unwrap()
            .into_inner()
    };
    assert_eq!(revoke(&given.access[0].token).await, Revoked::Done);
    assert_eq!(revoke(&given.access[0].token).await, Revoked::Nothing);
    assert!(!scene.is_active(&given).await);
    let next = scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    assert!(scene.is_active(&next).await);
    assert_eq!(revoke(next.refresh.as_ref().unwrap()).await, Revoked::Done);
    assert_eq!(
        revoke(next.refresh.as_ref().unwrap()).await,
        Revoked::Nothing
    );
    assert!(!scene.is_active(&next).await);
    assert_eq!(revoke("nonsense").await, Revoked::Nothing);
    scene.verified().await;
}

#[tokio::test]
async fn t4_revoking_a_foreign_token_does_nothing() {
    let scene = Scene::new().await;
    let (owner, other) = (scene.client("tv").await, scene.client("other").await);
    let given = scene.tokens(&owner).await;
    for text in [&given.access[0].token, given.refresh.as_ref().unwrap()] {
        let told = scene
            .engine
            .revoke(text, &other, &Caller::default())
            .await
            .unwrap();
        assert_eq!(*told.get(), Revoked::Nothing);
    }
    assert!(scene.is_active(&given).await);
    scene
        .refresh(given.refresh.as_ref().unwrap(), &owner)
        .await
        .unwrap();
}

#[tokio::test]
async fn h6_a_person_lists_and_ends_what_was_allowed() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let given = scene.tokens(&client).await;
    let ada = scene.person("ada").await.value.id;
    let bob = scene.person("bob").await.value.id;
    let grants = scene.engine.list_grants(ada).await.unwrap();
    assert_eq!(grants.len(), 1);
    assert!(scene.engine.list_grants(bob).await.unwrap().is_empty());
    let id = grants[0].value.id;
    let caller = Caller::default();
    let told = scene.engine.revoke_grant(id, Some(bob), &caller).await;
    assert_eq!(refused(told), Refusal::NotFound);
    assert!(scene.is_active(&given).await);
    for _ in 0..2 {
        scene
            .engine
            .revoke_grant(id, Some(ada), &caller)
            .await
            .unwrap();
        assert!(!scene.is_active(&given).await);
        assert!(scene.engine.list_grants(ada).await.unwrap().is_empty());
    }
    scene.verified().await;
}

#[tokio::test]
async fn h6_what_stands_is_listed_behind_any_number_of_what_ended() {
    let scene = Scene::new().await;
    scene.tokens(&scene.client("tv").await).await;
    let ada = scene.person("ada").await.value.id;
    let stands = scene.engine.list_grants(ada).await.unwrap().remove(0);
    let note = scene
        .engine
        .note(EventKind::IssuerChanged, &Caller::default());
    let mut commit = Commit::new(scene.setting.issuer, note);
    for n in 0..1_100_u16 {
        let mut ended = stands.value.clone();
        let [high, low] = n.to_be_bytes();
        let mut id = [0; 16];
        (id[14], id[15]) = (high, low);
        ended.id = Id::from_bytes(id);
        ended.revoked_at = Some(scene.now());
        commit = commit.with(Change::insert(Record::Grant(ended)));
    }
    scene.engine.put(commit).await.unwrap();
    assert_eq!(
        scene.engine.list_grants(ada).await.unwrap(),
        std::slice::from_ref(&stands)
    );
    let families = scene.engine.list_families(stands.value.id).await.unwrap();
    assert_eq!(families.len(), 1);
}

#[tokio::test]
async fn t13_introspection_tells_the_owner_and_the_audience_alone() {
    let scene = Scene::new().await;
    let (owner, other) = (scene.client("tv").await, scene.client("other").await);
    let given = scene.tokens(&owner).await;
    let token = &given.access[0].token;
    let own = scene
        .engine
        .introspect(token, &owner, &|_| false)
        .await
        .unwrap();
    assert!(matches!(own, Some(Introspected::Access(..))));
    let foreign = scene
        .engine
        .introspect(token, &other, &|_| true)
        .await
        .unwrap();
    assert!(
        foreign.is_none(),
        "a token for no resource is for nobody else"
    );
    let refresh = given.refresh.as_ref().unwrap();
    let own = scene
        .engine
        .introspect(refresh, &owner, &|_| false)
        .await
        .unwrap();
    assert!(matches!(own, Some(Introspected::Refresh(..))));
    let foreign = scene
        .engine
        .introspect(refresh, &other, &|_| true)
        .await
        .unwrap();
    assert!(foreign.is_none());
    scene.refresh(refresh, &owner).await.unwrap();
    let spent = scene
        .engine
        .introspect(refresh, &owner, &|_| false)
        .await
        .unwrap();
    assert!(spent.is_none());
    for changed in [
        format!("{token}A"),
        token.chars().skip(1).collect(),
        token.to_uppercase(),
    ] {
        let told = scene
            .engine
            .introspect(&changed, &owner, &|_| true)
            .await
            .unwrap();
        assert!(told.is_none(), "T7");
        assert_eq!(
            refused(scene.engine.present(&changed).await),
            Refusal::NotFound
        );
    }
}

#[tokio::test]
async fn t6_a_not_before_of_the_issuer_or_the_client_ends_tokens_within_a_second() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let given = scene.tokens(&client).await;
    assert!(scene.is_active(&given).await);
    scene.advance(Lifetime::from_millis(1));
    let now = scene.now();
    let caller = Caller::default();
    let change = scene
        .engine
        .change_client("tv", &caller, |client| client.not_before = Some(now));
    change.await.unwrap();
    assert!(!scene.is_active(&given).await);
    let fresh = scene.tokens(&client).await;
    assert!(scene.is_active(&fresh).await);
}
