//! `open`, `show` and `claim`.

use std::sync::Arc;

use placet_core::{
    Refusal,
    engine::{Caller, Counted, Limits, OpenCount, View, belongs_to},
    pending::{Delivery, EndKind, SEAT_IDLE, State, UserCode},
    person::SeatedPerson,
    time::Lifetime,
};

use crate::scene::{INTERVAL, Scene, WAIT, WIDE, ask, refused};

fn device() -> Delivery {
    Delivery::Poll { interval: INTERVAL }
}

#[tokio::test]
async fn a_shut_out_client_opens_nothing() {
    let scene = Scene::new().await;
    let mut client = scene.client("tv").await.client().clone();
    client.disabled = true;
    let told = scene.engine.open(ask(&client, device()), scene.now()).await;
    assert_eq!(refused(told), Refusal::ClientInactive);
    assert_eq!(scene.engine.open_requests(), 0);
}

#[tokio::test]
async fn c10_each_cap_refuses_before_any_write_and_frees_itself() {
    let caps = [
        (
            "per client",
            Limits {
                per_client: 2,
                ..WIDE
            },
        ),
        (
            "per source",
            Limits {
                per_source: 2,
                ..WIDE
            },
        ),
        ("in all", Limits { total: 2, ..WIDE }),
    ];
    for (name, limits) in caps {
        let scene = Scene::with(limits).await;
        let client = scene.client("tv").await;
        let first = scene.device(&client).await;
        scene.device(&client).await;
        let events = scene
            .engine
            .verify(placet_core::engine::Retention::default().events)
            .await
            .unwrap()
            .events;
        let told = scene
            .engine
            .open(ask(client.client(), device()), scene.now())
            .await;
        let told = refused(told);
        assert!(matches!(told, Refusal::TooMany { .. }), "{name}: {told:?}");
        assert_eq!(
            scene
                .engine
                .verify(placet_core::engine::Retention::default().events)
                .await
                .unwrap()
                .events,
            events,
            "{name}"
        );
        let other = scene.client("other").await;
        let mut elsewhere = ask(other.client(), device());
        elsewhere.peer = "192.0.2.2".to_owned();
        let told = scene.engine.open(elsewhere, scene.now()).await;
        assert_eq!(told.is_ok(), name != "in all", "{name}: somebody else");
        scene
            .engine
            .cancel(first.request.id, EndKind::Cancelled, &Caller::default())
            .await
            .unwrap();
        scene.device(&client).await;
        scene.advance(WAIT.plus(Lifetime::from_secs(60)));
        assert_eq!(scene.engine.open_requests(), 0, "{name}: all expired");
    }
}

#[tokio::test]
async fn c10_a_restarted_node_counts_what_is_open() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let answered = scene.device(&client).await;
    let seat = scene.seat("ada", &scene.browser()).await;
    scene.approve(answered.request.id, &seat).await.unwrap();
    scene.device(&client).await;
    let store = Arc::new(scene.setting.memory.clone());
    let restarted = scene.setting.node(store, WIDE);
    scene.advance(Lifetime::from_millis(1));
    let mut count = OpenCount::default();
    let mut step = async || restarted.count_open_step(&mut count).await.unwrap();
    assert_eq!(step().await, Counted::Begun);
    assert_eq!(step().await, Counted::All);
    assert_eq!(restarted.open_requests(), 1);

    for _ in 0..600 {
        scene.device(&client).await;
    }
    scene.advance(Lifetime::from_millis(1));
    assert_eq!(step().await, Counted::Begun);
    assert_eq!(step().await, Counted::Part, "page by page");
    let ask = ask(client.client(), Delivery::Poll { interval: INTERVAL });
    restarted.open(ask, scene.now()).await.unwrap();
    assert_eq!(step().await, Counted::Part);
    assert_eq!(step().await, Counted::All);
    assert_eq!(restarted.open_requests(), 602, "the one in between once");
}

#[tokio::test]
async fn a_user_code_leads_to_its_request_in_any_spelling() {
    let scene = Scene::new().await;
    let opened = scene.device(&scene.client("tv").await).await;
    let code = opened.user_code.unwrap();
    let typed = UserCode::parse(&code.to_string().to_lowercase()).unwrap();
    let shown = scene.engine.show(View::UserCode(&typed)).await.unwrap();
    assert_eq!(shown.request.id, opened.request.id);
    assert_eq!(shown.user_code, Some(code.to_string()));
    assert_eq!(shown.client.client_id, "tv");
    let other = UserCode::generate(0, scene.setting.random.as_ref());
    let told = scene.engine.show(View::UserCode(&other)).await;
    assert_eq!(refused(told), Refusal::NotFound);
}

#[tokio::test]
async fn d5_looking_changes_nothing() {
    let scene = Scene::new().await;
    let opened = scene.device(&scene.client("tv").await).await;
    let before = scene
        .engine
        .verify(placet_core::engine::Retention::default().events)
        .await
        .unwrap()
        .events;
    for _ in 0..100 {
        scene
            .engine
            .show(View::Id(opened.request.id))
            .await
            .unwrap();
        scene
            .engine
            .show(View::UserCode(opened.user_code.as_ref().unwrap()))
            .await
            .unwrap();
    }
    assert_eq!(scene.state(opened.request.id).await, State::Pending);
    assert_eq!(
        scene
            .engine
            .verify(placet_core::engine::Retention::default().events)
            .await
            .unwrap()
            .events,
        before
    );
}

#[tokio::test]
async fn d6_a_claimed_request_is_taken_until_its_seat_is_idle() {
    let scene = Scene::new().await;
    let id = scene.device(&scene.client("tv").await).await.request.id;
    let ada = scene.seat("ada", &scene.browser()).await;
    let ada_elsewhere = scene.seat("ada", &scene.browser()).await;
    let bob = scene.seat("bob", &scene.browser()).await;
    let caller = Caller::default();
    scene.engine.claim(id, &ada, &caller).await.unwrap();
    let told = scene.engine.claim(id, &bob, &caller).await;
    assert_eq!(refused(told), Refusal::Taken);
    assert_eq!(refused(scene.approve(id, &bob).await), Refusal::Taken);
    scene
        .engine
        .claim(id, &ada_elsewhere, &caller)
        .await
        .unwrap();
    scene.advance(SEAT_IDLE);
    scene.engine.claim(id, &bob, &caller).await.unwrap();
    assert_eq!(refused(scene.approve(id, &ada).await), Refusal::Taken);
    scene.approve(id, &bob).await.unwrap();
    scene.verified().await;
}

#[tokio::test]
async fn claim_refuses_the_wrong_browser_person_sign_in_and_time() {
    let scene = Scene::new().await;
    let client = scene.client("web").await;
    let caller = Caller::default();
    let (home, elsewhere) = (scene.browser(), scene.browser());
    let id = scene.redirect(&client, &home).await.request.id;
    let stranger = scene.seat("ada", &elsewhere).await;
    let told = scene.engine.claim(id, &stranger, &caller).await;
    assert_eq!(refused(told), Refusal::WrongBrowser, "A17");

    let (session, cookie) = scene.sign_in("ada").await;
    let seat = scene.seat_of("ada", session.clone(), &home).await;
    scene.engine.sign_out(cookie.hash(), &caller).await.unwrap();
    let told = scene.engine.claim(id, &seat, &caller).await;
    assert_eq!(refused(told), Refusal::SignInNeeded, "signed out");

    let mut ask = ask(client.client(), device());
    ask.need.not_before = Some(scene.now().plus(Lifetime::from_millis(1)));
    let fresh = scene
        .engine
        .open(ask, scene.now())
        .await
        .unwrap()
        .into_inner();
    let seat = scene.seat("ada", &home).await;
    let told = scene.engine.claim(fresh.request.id, &seat, &caller).await;
    assert_eq!(
        refused(told),
        Refusal::SignInNeeded,
        "A16: signed in too long ago"
    );
    scene.advance(Lifetime::from_millis(1));
    let seat = scene.seat("ada", &home).await;
    scene
        .engine
        .claim(fresh.request.id, &seat, &caller)
        .await
        .unwrap();

    scene.advance(WAIT);
    let told = scene.engine.claim(id, &seat, &caller).await;
    assert_eq!(refused(told), Refusal::Expired);
    assert!(
        matches!(scene.state(id).await, State::Ended(_)),
        "expired for everybody"
    );
    let told = scene.engine.claim(id, &seat, &caller).await;
    assert_eq!(refused(told), Refusal::Expired);
    scene.verified().await;
}

#[tokio::test]
async fn only_the_named_person_may_answer() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let mut ask = ask(client.client(), device());
    ask.need.subject = Some("s-bob".to_owned());
    let id = scene
        .engine
        .open(ask, scene.now())
        .await
        .unwrap()
        .into_inner()
        .request
        .id;
    let ada = scene.seat("ada", &scene.browser()).await;
    assert_eq!(
        refused(scene.approve(id, &ada).await),
        Refusal::SignInNeeded
    );
    let bob = scene.seat("bob", &scene.browser()).await;
    scene.approve(id, &bob).await.unwrap();
}

#[tokio::test]
async fn a_request_belongs_to_the_browser_that_began_or_holds_it() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let (home, elsewhere) = (scene.browser(), scene.browser());
    let began = scene.redirect(&client, &home).await.request;
    assert!(belongs_to(&began, home.hash()));
    assert!(!belongs_to(&began, elsewhere.hash()));
    let device = scene.device(&client).await.request;
    assert!(belongs_to(&device, elsewhere.hash()));
    let seat: SeatedPerson = scene.seat("ada", &home).await;
    scene
        .engine
        .claim(device.id, &seat, &Caller::default())
        .await
        .unwrap();
    let held = scene
        .engine
        .show(View::Id(device.id))
        .await
        .unwrap()
        .request;
    assert!(belongs_to(&held, home.hash()));
    assert!(!belongs_to(&held, elsewhere.hash()));
}

#[tokio::test]
async fn a_client_that_is_gone_takes_its_requests_along() {
    let scene = Scene::new().await;
    let id = scene.device(&scene.client("tv").await).await.request.id;
    scene
        .engine
        .remove_client("tv", &Caller::default())
        .await
        .unwrap();
    let told = scene.engine.show(View::Id(id)).await;
    assert_eq!(refused(told), Refusal::NotFound);
    scene.verified().await;
}
