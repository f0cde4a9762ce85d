//! `sweep`: what is kept, and for how long.

use placet_core::{
    Refusal,
    engine::{Caller, CollectBy, Retention},
    pending::RETENTION,
    time::Lifetime,
};

use crate::scene::{CODE, Scene, WAIT, refused};

const SECOND: Lifetime = Lifetime::from_secs(1);

async fn sweep(scene: &Scene) -> usize {
    scene.engine.sweep(scene.now()).await.unwrap()
}

#[tokio::test]
async fn k10_a_used_code_is_recognised_for_its_retention() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let (code, _) = scene.code(&client).await;
    scene
        .collect(CollectBy::Code, &code, &client)
        .await
        .unwrap();
    let kept = CODE.plus(RETENTION);
    scene.advance(Lifetime::from_millis(kept.as_millis() - 1_000));
    sweep(&scene).await;
    let told = scene.collect(CollectBy::Code, &code, &client).await;
    assert_eq!(refused(told), Refusal::Reused);
    scene.advance(SECOND.plus(SECOND));
    assert!(sweep(&scene).await > 0);
    let told = scene.collect(CollectBy::Code, &code, &client).await;
    assert_eq!(refused(told), Refusal::NotFound);
    scene.verified().await;
}

#[tokio::test]
async fn k10_an_unanswered_request_is_kept_for_its_lifetime_again() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    scene.advance(WAIT.plus(WAIT));
    sweep(&scene).await;
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::Expired
    );
    scene.advance(WAIT.plus(WAIT).plus(SECOND));
    sweep(&scene).await;
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::NotFound
    );
    scene.verified().await;
}

#[tokio::test]
async fn a_sweep_takes_nothing_that_lives() {
    let scene = Scene::new().await;
    let given = scene.tokens(&scene.client("tv").await).await;
    scene.advance(Lifetime::from_secs(899));
    sweep(&scene).await;
    assert!(scene.is_active(&given).await);
    scene.advance(SECOND.plus(SECOND));
    assert!(!scene.is_active(&given).await, "expiry needs no sweep");
}

#[tokio::test]
async fn a_polled_grant_goes_when_nothing_can_come_of_it() {
    let scene = Scene::new().await;
    scene.tokens(&scene.client("tv").await).await;
    let ada = scene.person("ada").await.value.id;
    assert_eq!(scene.engine.list_grants(ada).await.unwrap().len(), 1);
    scene.advance(Retention::default().events.plus(SECOND));
    while sweep(&scene).await > 0 {}
    let report = scene
        .engine
        .verify(Retention::default().events)
        .await
        .unwrap();
    assert_eq!(report.events, 0);
    assert_eq!(report.violations, []);
    assert!(scene.engine.list_grants(ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_renewed_agreement_stays_one_line_and_ends_by_itself() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let ada = scene.person("ada").await.value.id;
    let first = scene.code_tokens(&client, "read").await;
    let second = scene.code_tokens(&client, "read write").await;
    let grants = scene.engine.list_grants(ada).await.unwrap();
    assert_eq!(grants.len(), 1, "the second says the first again");
    assert_eq!(grants[0].value.rights.scope_text(), "read write");
    scene.code_tokens(&client, "read").await;
    let grants = scene.engine.list_grants(ada).await.unwrap();
    assert_eq!(grants.len(), 2, "less than before is said beside it");

    let wider = grants.iter().find(|g| g.value.rights.has_scope("write"));
    let caller = Caller::default();
    let id = wider.unwrap().value.id;
    scene
        .engine
        .revoke_grant(id, Some(ada), &caller)
        .await
        .unwrap();
    assert!(!scene.is_active(&first).await && !scene.is_active(&second).await);

    scene.advance(Retention::default().events.plus(SECOND));
    while sweep(&scene).await > 0 {}
    assert!(scene.engine.list_grants(ada).await.unwrap().is_empty());
}
