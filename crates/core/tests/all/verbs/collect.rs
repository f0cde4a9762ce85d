//! `collect` and `client_token`.

use placet_core::{
    Refusal,
    engine::{Caller, ClientTokenRequest, Collect, CollectBy, Decision, Error},
    pending::{Delivery, EndKind, State},
    secret::Secret,
    time::Lifetime,
    token::{Family, TokenSpec},
};

use crate::scene::{
    ACCESS, CODE, INTERVAL, Scene, WAIT, access, ask, bytes, refresh, refused, rights, vouched,
};

#[tokio::test]
async fn an_unknown_handle_is_not_found() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let unknown = Secret::generate(scene.engine.random());
    for by in [CollectBy::Code, CollectBy::Poll] {
        let told = scene.collect(by, &unknown, &client).await;
        assert_eq!(refused(told), Refusal::NotFound);
    }
    // A device code is no authorization code.
    let opened = scene.device(&client).await;
    let told = scene
        .collect(CollectBy::Code, opened.poll.as_ref().unwrap(), &client)
        .await;
    assert_eq!(refused(told), Refusal::NotFound);
}

#[tokio::test]
async fn a8_the_wrong_client_burns_a_code() {
    let scene = Scene::new().await;
    let (owner, thief) = (scene.client("web").await, scene.client("other").await);
    let (code, opened) = scene.code(&owner).await;
    let told = scene.collect(CollectBy::Code, &code, &thief).await;
    assert_eq!(refused(told), Refusal::WrongClient);
    let told = scene.collect(CollectBy::Code, &code, &owner).await;
    assert_eq!(refused(told), Refusal::Revoked);
    let State::Ended(ending) = scene.state(opened.request.id).await else {
        panic!("not ended");
    };
    assert_eq!(ending.kind, EndKind::Failed);
    scene.verified().await;
}

#[tokio::test]
async fn rfc7636_4_6_a_wrong_proof_burns_a_code() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let (code, _) = scene.code(&client).await;
    let wrong = Collect {
        by: CollectBy::Code,
        secret: &code,
        client: &client,
        check: &|_| Err(Refusal::WrongProof),
        specs: &|_, _| Vec::new(),
    };
    let told = scene.engine.collect(&wrong, &Caller::default()).await;
    assert_eq!(refused(told), Refusal::WrongProof);
    let told = scene.collect(CollectBy::Code, &code, &client).await;
    assert_eq!(refused(told), Refusal::Revoked);
}

#[tokio::test]
async fn a9_a_replayed_code_ends_what_it_gave() {
    for replayer in ["web", "other"] {
        let scene = Scene::new().await;
        let client = scene.client("web").await;
        let (code, _) = scene.code(&client).await;
        let first = scene
            .collect(CollectBy::Code, &code, &client)
            .await
            .unwrap();
        let second = scene
            .refresh(first.refresh.as_ref().unwrap(), &client)
            .await
            .unwrap();
        assert!(scene.is_active(&first).await && scene.is_active(&second).await);
        let replay = scene
            .collect(CollectBy::Code, &code, &scene.client(replayer).await)
            .await;
        assert_eq!(refused(replay), Refusal::Reused);
        assert!(!scene.is_active(&first).await && !scene.is_active(&second).await);
        let told = scene
            .refresh(second.refresh.as_ref().unwrap(), &client)
            .await;
        assert_eq!(refused(told), Refusal::Revoked);
        scene.verified().await;
    }
}

#[tokio::test]
async fn d3_device_code_of_another_client() {
    let scene = Scene::new().await;
    let (owner, thief) = (scene.client("tv").await, scene.client("other").await);
    let opened = scene.device(&owner).await;
    assert_eq!(
        refused(scene.poll(&opened, &thief).await),
        Refusal::WrongClient
    );
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    assert_eq!(
        refused(scene.poll(&opened, &thief).await),
        Refusal::WrongClient
    );
    scene.poll(&opened, &owner).await.unwrap();
}

#[tokio::test]
async fn c3_the_second_collect_gets_nothing() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    let given = scene.poll(&opened, &client).await.unwrap();
    assert_eq!(
        refused(scene.poll(&opened, &client).await),
        Refusal::AlreadyCollected
    );
    assert!(
        scene.is_active(&given).await,
        "a device that asks again is no thief"
    );
    scene.verified().await;
}

#[tokio::test]
async fn rfc8628_3_5_early_poll_gets_slow_down() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let ten = Lifetime::from_secs(10);
    let steps = [
        (0, Refusal::Waiting { interval: INTERVAL }),
        (1, Refusal::TooSoon { interval: ten }),
        (1, Refusal::TooSoon { interval: ten }),
        (5, Refusal::TooSoon { interval: ten }),
        (10, Refusal::Waiting { interval: ten }),
    ];
    for (number, (wait_s, want)) in steps.into_iter().enumerate() {
        scene.advance(Lifetime::from_secs(wait_s));
        let told = refused(scene.poll(&opened, &client).await);
        assert_eq!(told, want, "poll {number}");
    }
    scene.verified().await;
}

#[tokio::test]
async fn rfc8628_3_5_an_interval_above_the_limit_does_not_shrink() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let interval = Lifetime::from_secs(90);
    let asked = ask(client.client(), Delivery::Poll { interval });
    let opened = scene
        .engine
        .open(asked, scene.now())
        .await
        .unwrap()
        .into_inner();
    scene.poll(&opened, &client).await.unwrap_err();
    let told = refused(scene.poll(&opened, &client).await);
    assert_eq!(told, Refusal::TooSoon { interval });
}

#[tokio::test]
async fn d10_final_answers_stay_final() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let (denied, expired) = (scene.device(&client).await, scene.device(&client).await);
    let seat = scene.seat("ada", &scene.browser()).await;
    scene
        .decide(denied.request.id, &seat, Decision::Deny, None)
        .await
        .unwrap();
    scene.advance(WAIT);
    for _ in 0..3 {
        assert_eq!(refused(scene.poll(&denied, &client).await), Refusal::Denied);
        assert_eq!(
            refused(scene.poll(&expired, &client).await),
            Refusal::Expired
        );
        scene.advance(Lifetime::from_secs(30));
    }
    scene.verified().await;
}

#[tokio::test]
async fn a_late_collector_is_told_revoked() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let (code, _) = scene.code(&client).await;
    scene.advance(CODE.plus(Lifetime::ZERO));
    for _ in 0..2 {
        let told = scene.collect(CollectBy::Code, &code, &client).await;
        assert_eq!(refused(told), Refusal::Revoked);
    }
    scene.verified().await;
}

#[tokio::test]
async fn a_shut_out_client_collects_nothing() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    let caller = Caller::default();
    let change = scene
        .engine
        .change_client("tv", &caller, |c| c.disabled = true);
    change.await.unwrap();
    let told = scene.poll(&opened, &scene.client("tv").await).await;
    assert_eq!(refused(told), Refusal::ClientInactive);
}

#[tokio::test]
async fn t9_a_proof_gives_one_result() {
    let scene = Scene::new().await;
    let opened = scene.device(&scene.client("tv").await).await;
    let proof = scene.proven("tv", "once").await;
    let waiting = refused(scene.poll(&opened, &proof).await);
    assert_eq!(waiting, Refusal::Waiting { interval: INTERVAL });
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    assert_eq!(
        refused(scene.poll(&opened, &proof).await),
        Refusal::ReplayedProof
    );
    assert!(matches!(
        scene.state(opened.request.id).await,
        State::Approved(_)
    ));
    let fresh = scene.proven("tv", "twice").await;
    let given = scene.poll(&opened, &fresh).await.unwrap();

    let read = rights("read");
    let own = ClientTokenRequest {
        client: &fresh,
        rights: &read,
        specs: &|basis| vec![access(basis, false)],
    };
    let caller = Caller::default();
    let told = scene.engine.client_token(&own, &caller).await;
    assert_eq!(refused(told), Refusal::ReplayedProof);
    let told = scene.engine.introspect("x", &fresh, &|_| false).await;
    assert_eq!(refused(told), Refusal::ReplayedProof);
    let told = scene
        .engine
        .revoke(&given.access[0].token, &fresh, &caller)
        .await;
    assert_eq!(refused(told), Refusal::ReplayedProof);
    assert!(scene.is_active(&given).await);
    scene.verified().await;
}

#[tokio::test]
async fn rfc6749_4_4_a_client_acts_for_itself() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let read = rights("read");
    let ask = ClientTokenRequest {
        client: &client,
        rights: &read,
        specs: &|basis| vec![access(basis, false)],
    };
    let given = scene
        .engine
        .client_token(&ask, &Caller::default())
        .await
        .unwrap()
        .into_inner();
    let (standing, _) = scene.engine.present(&given.access[0].token).await.unwrap();
    assert_eq!(
        (standing.token.subject.as_str(), standing.token.person),
        ("tv", None)
    );
    let mut shut = client.client().clone();
    shut.disabled = true;
    let shut = vouched(std::sync::Arc::new(shut), None);
    let ask = ClientTokenRequest {
        client: &shut,
        ..ask
    };
    let told = scene.engine.client_token(&ask, &Caller::default()).await;
    assert_eq!(refused(told), Refusal::ClientInactive);
    scene.verified().await;
}

#[tokio::test]
async fn t17_no_token_outlives_its_family() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(opened.request.id, &seat).await.unwrap();
    // The family lives for as long as the refresh token says, at least as long as its first access token.
    let absolute = ACCESS.plus(Lifetime::from_secs(60));
    let short = move |basis: &placet_core::token::Basis<'_>| {
        let mut refresh = refresh(false);
        if let TokenSpec::Refresh {
            absolute: limit, ..
        } = &mut refresh
        {
            *limit = absolute;
        }
        vec![access(basis, false), refresh]
    };
    let ask = Collect {
        by: CollectBy::Poll,
        secret: opened.poll.as_ref().unwrap(),
        client: &client,
        check: &|_| Ok(()),
        specs: &|_, basis| short(basis),
    };
    let mut given = scene
        .engine
        .collect(&ask, &Caller::default())
        .await
        .unwrap()
        .into_inner();
    let family: Family = {
        let (standing, _) = scene.engine.present(&given.access[0].token).await.unwrap();
        standing.family.unwrap().0
    };
    assert_eq!(family.expires_at, scene.now().plus(absolute));
    for _ in 0..3 {
        scene.advance(Lifetime::from_secs(300));
        given = scene
            .refresh(given.refresh.as_ref().unwrap(), &client)
            .await
            .unwrap();
        let (standing, _) = scene.engine.present(&given.access[0].token).await.unwrap();
        assert!(standing.token.expires_at <= family.expires_at);
        let left_s = family.expires_at.since(scene.now()).as_secs();
        assert!(given.access[0].expires_in_s <= left_s);
    }
    scene.setting.clock.set(family.expires_at);
    let told = scene
        .refresh(given.refresh.as_ref().unwrap(), &client)
        .await;
    assert_eq!(refused(told), Refusal::Expired);
    assert!(!scene.is_active(&given).await);
    scene.verified().await;
}

#[tokio::test]
async fn a_signature_that_cannot_be_made_writes_nothing() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let (code, opened) = scene.code(&client).await;
    let statement = |alg: &str| TokenSpec::Statement {
        alg: alg.to_owned(),
        typ: None,
        claims: serde_json::Map::new(),
    };
    let with = async |alg: &str| {
        let ask = Collect {
            by: CollectBy::Code,
            secret: &code,
            client: &client,
            check: &|_| Ok(()),
            specs: &|_, _| vec![statement(alg)],
        };
        scene.engine.collect(&ask, &Caller::default()).await
    };
    let told = with("none").await;
    assert!(matches!(told, Err(Error::Sign(_))), "{told:?}");
    assert!(matches!(
        scene.state(opened.request.id).await,
        State::Approved(_)
    ));
    let given = with("EdDSA").await.unwrap().into_inner();
    assert_eq!(given.statement.as_ref().unwrap().split('.').count(), 3);
    assert!(
        !format!("{given:?}").contains(given.statement.as_ref().unwrap()),
        "C15"
    );
    assert!(bytes(&given).contains(given.statement.as_ref().unwrap()));
}
