//! `refresh`: rotation, receipts and reuse.

use placet_core::{
    Refusal,
    engine::{Caller, RefreshRequest},
    secret::Secret,
    time::Lifetime,
};

use crate::scene::{IDLE, Scene, bytes, refused, rights, specs};

const MILLISECOND: Lifetime = Lifetime::from_millis(1);

#[tokio::test]
async fn t3_a_repeat_in_time_gets_the_same_bytes() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let token = scene.tokens(&client).await.refresh.unwrap();
    let first = scene.refresh(&token, &client).await.unwrap();
    for _ in 0..9 {
        scene.advance(Lifetime::from_secs(3));
        let again = scene.refresh(&token, &client).await.unwrap();
        assert_eq!(bytes(&again), bytes(&first));
    }
    // Twenty-seven seconds have passed; the grace counts from the first use.
    scene.advance(Lifetime::from_millis(2_999));
    let again = scene.refresh(&token, &client).await.unwrap();
    assert_eq!(bytes(&again), bytes(&first));
    scene.advance(MILLISECOND);
    assert_eq!(
        refused(scene.refresh(&token, &client).await),
        Refusal::Reused
    );
    assert!(!scene.is_active(&first).await, "T1: the family ends");
    let successor = scene
        .refresh(first.refresh.as_ref().unwrap(), &client)
        .await;
    assert_eq!(refused(successor), Refusal::Revoked);
    scene.verified().await;
}

#[tokio::test]
async fn t1_a_repeat_after_the_successor_was_used_ends_the_family() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let token = scene.tokens(&client).await.refresh.unwrap();
    let second = scene.refresh(&token, &client).await.unwrap();
    let third = scene
        .refresh(second.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    assert_eq!(
        refused(scene.refresh(&token, &client).await),
        Refusal::Reused
    );
    assert!(!scene.is_active(&third).await);
    scene.verified().await;
}

#[tokio::test]
async fn t4_a_refresh_token_works_for_its_client_alone() {
    let scene = Scene::new().await;
    let (owner, thief) = (scene.client("tv").await, scene.client("other").await);
    let token = scene.tokens(&owner).await.refresh.unwrap();
    assert_eq!(
        refused(scene.refresh(&token, &thief).await),
        Refusal::NotFound
    );
    let given = scene.refresh(&token, &owner).await.unwrap();
    assert_eq!(
        refused(scene.refresh(&token, &thief).await),
        Refusal::NotFound
    );
    assert!(
        scene.is_active(&given).await,
        "nothing happened to the owner's family"
    );
    let unknown = Secret::<placet_core::secret::kind::Refresh>::generate(scene.engine.random());
    let told = scene.refresh(&unknown.reveal(), &owner).await;
    assert_eq!(refused(told), Refusal::NotFound);
}

#[tokio::test]
async fn c6_a_refresh_may_ask_for_less_and_never_for_more() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let token = scene.tokens(&client).await.refresh.unwrap();
    let secret = Secret::parse(&token).unwrap();
    let caller = Caller::default();
    let ask = |narrow| RefreshRequest {
        secret: &secret,
        client: &client,
        narrow: Some(narrow),
        specs: &|basis| specs(basis),
    };
    let refuse = |_: &_| Err(Refusal::Exceeds);
    let told = scene.engine.refresh(&ask(&refuse), &caller).await;
    assert_eq!(refused(told), Refusal::Exceeds);
    let less = |granted: &placet_core::right::Rights| {
        assert_eq!(*granted, rights("read write"));
        Ok(rights("read"))
    };
    let given = scene
        .engine
        .refresh(&ask(&less), &caller)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        given.rights,
        rights("read"),
        "the refused request left the token fresh"
    );
    let all = scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    assert_eq!(
        all.rights,
        rights("read write"),
        "what was granted is not forgotten"
    );
}

#[tokio::test]
async fn a_refresh_token_that_lay_too_long_is_expired() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let (early, late) = (scene.tokens(&client).await, scene.tokens(&client).await);
    scene.advance(Lifetime::from_millis(IDLE.as_millis() - 1));
    scene
        .refresh(early.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    scene.advance(MILLISECOND);
    let told = scene.refresh(late.refresh.as_ref().unwrap(), &client).await;
    assert_eq!(refused(told), Refusal::Expired);
}

#[tokio::test]
async fn j3_a_refresh_rests_on_what_stands() {
    let caller = Caller::default();
    for ground in ["grant", "person", "password", "client"] {
        let scene = Scene::new().await;
        let client = scene.client("tv").await;
        let given = scene.tokens(&client).await;
        scene.advance(MILLISECOND);
        match ground {
            "grant" => {
                let (standing, _) = scene.engine.present(&given.access[0].token).await.unwrap();
                let grant = standing.grant.unwrap().0.id;
                scene
                    .engine
                    .revoke_grant(grant, None, &caller)
                    .await
                    .unwrap();
            }
            "person" => {
                let change = scene
                    .engine
                    .change_person("ada", false, &caller, |p| p.disabled = true);
                change.await.unwrap();
            }
            "password" => {
                scene
                    .engine
                    .change_person("ada", true, &caller, |_| {})
                    .await
                    .unwrap();
            }
            _ => {
                let now = scene.now();
                let change = scene
                    .engine
                    .change_client("tv", &caller, |client| client.not_before = Some(now));
                change.await.unwrap();
            }
        }
        let client = scene.client("tv").await;
        let told = scene
            .refresh(given.refresh.as_ref().unwrap(), &client)
            .await;
        assert_eq!(refused(told), Refusal::Revoked, "{ground}");
        assert!(!scene.is_active(&given).await, "{ground}");
    }
}

#[tokio::test]
async fn j3_a_repeat_gives_nothing_once_the_grant_is_revoked() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let token = scene.tokens(&client).await.refresh.unwrap();
    let given = scene.refresh(&token, &client).await.unwrap();
    let ada = scene.person("ada").await.value.id;
    let grants = scene.engine.list_grants(ada).await.unwrap();
    let caller = Caller::default();
    let revoked = scene.engine.revoke_grant(grants[0].value.id, None, &caller);
    revoked.await.unwrap();
    let told = scene.refresh(&token, &client).await;
    assert_eq!(refused(told), Refusal::Revoked);
    assert!(!scene.is_active(&given).await);
}
