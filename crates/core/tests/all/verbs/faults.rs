//! Commits whose outcome is unknown, conflicts, and a store that fails: what the caller is told is what happened.

use placet_core::{
    Refusal,
    engine::{Caller, CollectBy, Error},
    pending::State,
    store::StoreError,
    testing::Fault,
};

use crate::scene::{Scene, bytes, refused};

fn is_unavailable<T>(told: &Result<T, Error>) -> bool {
    matches!(told, Err(Error::Store(StoreError::Unavailable { .. })))
}

#[tokio::test]
async fn k6_an_unknown_outcome_is_found_out() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let (code, opened) = scene.code(&client).await;
    scene.setting.memory.fail_next(Fault::UnknownLost);
    let told = scene.collect(CollectBy::Code, &code, &client).await;
    assert!(is_unavailable(&told), "{told:?}");
    assert!(matches!(
        scene.state(opened.request.id).await,
        State::Approved(_)
    ));
    scene.setting.memory.fail_next(Fault::UnknownApplied);
    let given = scene
        .collect(CollectBy::Code, &code, &client)
        .await
        .unwrap();
    assert!(scene.is_active(&given).await);
    scene.setting.memory.fail_next(Fault::UnknownApplied);
    let next = scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    let again = scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    assert_eq!(bytes(&again), bytes(&next));
    scene.verified().await;
}

#[tokio::test]
async fn k6_a_decision_that_was_lost_is_not_acknowledged() {
    for fault in [Fault::UnknownLost, Fault::Unavailable] {
        let scene = Scene::new().await;
        let opened = scene.device(&scene.client("tv").await).await;
        let seat = scene.seat("ada", &scene.browser()).await;
        scene.setting.memory.fail_next(fault);
        let told = scene.approve(opened.request.id, &seat).await;
        assert!(is_unavailable(&told), "{fault:?}: {told:?}");
        assert_eq!(scene.state(opened.request.id).await, State::Pending);
        scene.approve(opened.request.id, &seat).await.unwrap();
        scene.verified().await;
    }
}

#[tokio::test]
async fn a_conflict_is_decided_again_and_never_told() {
    let scene = Scene::new().await;
    let caller = Caller::default();
    let memory = &scene.setting.memory;
    let client = scene.client("web").await;
    memory.fail_next(Fault::Conflict);
    let opened = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    memory.fail_next(Fault::Conflict);
    scene
        .engine
        .claim(opened.request.id, &seat, &caller)
        .await
        .unwrap();
    memory.fail_next(Fault::Conflict);
    scene.approve(opened.request.id, &seat).await.unwrap();
    memory.fail_next(Fault::Conflict);
    let given = scene.poll(&opened, &client).await.unwrap();
    memory.fail_next(Fault::Conflict);
    scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await
        .unwrap();
    memory.fail_next(Fault::Conflict);
    scene
        .engine
        .revoke(&given.access[0].token, &client, &caller)
        .await
        .unwrap();
    // A wrong use of a code while somebody else changes the request.
    let (code, _) = scene.code(&client).await;
    memory.fail_next(Fault::Conflict);
    let thief = scene.client("other").await;
    let told = scene.collect(CollectBy::Code, &code, &thief).await;
    assert_eq!(refused(told), Refusal::WrongClient);
    let told = scene.collect(CollectBy::Code, &code, &client).await;
    assert_eq!(refused(told), Refusal::Revoked, "A8: it was burnt");
    // Three in a row are too many.
    (0..3).for_each(|_| memory.fail_next(Fault::Conflict));
    let told = scene.engine.revoke_grant(
        scene.engine.list_grants(seat.person().id).await.unwrap()[0]
            .value
            .id,
        None,
        &caller,
    );
    assert!(is_unavailable(&told.await));
    scene.verified().await;
}

#[tokio::test]
async fn an_expiry_that_could_not_be_written_is_not_told() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    scene.setting.clock.set(opened.request.expires_at);
    scene.setting.memory.fail_next(Fault::Unavailable);
    assert!(is_unavailable(&scene.poll(&opened, &client).await));
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::Expired
    );
    scene.verified().await;
}

#[tokio::test]
async fn c11_a_clock_that_steps_back_revives_nothing() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let given = scene.tokens(&client).await;
    scene.advance(placet_core::time::Lifetime::from_secs(3_600));
    assert!(!scene.is_active(&given).await);
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::Expired
    );
    scene
        .setting
        .clock
        .turn_back(placet_core::time::Lifetime::from_secs(3_600));
    assert!(!scene.is_active(&given).await);
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::Expired
    );
    let seat = scene.seat("ada", &scene.browser()).await;
    assert_eq!(
        refused(scene.approve(opened.request.id, &seat).await),
        Refusal::Expired
    );
}
