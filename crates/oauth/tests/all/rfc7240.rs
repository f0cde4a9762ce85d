//! RFC 7240 §4.3: a device's poll that is willing to wait.

use std::{future::Future, pin::Pin, task::Poll};

use http::StatusCode;
use placet_core::{
    engine::{Decision, Limits},
    time::Lifetime,
};
use placet_web::hold::HoldSettings;
use serde_json::Value;

use crate::world::{DEVICE, INTERVAL_S, ISSUER, Response, TV, WEB, World, set, text};

type Held<'a> = Pin<Box<dyn Future<Output = Response> + 'a>>;

/// A poll of this device that prefers something.
fn poll<'a>(world: &'a World, client: &str, device: &Value, prefer: &str) -> Held<'a> {
    let code = text(&device["device_code"]);
    let mut call = world.form(client, &[("grant_type", DEVICE), ("device_code", code)]);
    set(&mut call, "prefer", prefer);
    Box::pin(world.send(call, "/token"))
}

/// The answer, if it is there without further ado.
async fn now(held: &mut Held<'_>) -> Option<Response> {
    // Twice: what wakes while it is polled is polled again, as a runtime would.
    for _ in 0..2 {
        let polled = std::future::poll_fn(|cx| Poll::Ready(held.as_mut().poll(cx))).await;
        if let Poll::Ready(response) = polled {
            return Some(response);
        }
    }
    None
}

async fn answered(mut held: Held<'_>) -> Response {
    now(&mut held).await.unwrap()
}

fn limits() -> Limits {
    Limits {
        per_client: 100,
        per_source: 100,
        total: 100,
    }
}

const PENDING: &str = "authorization_pending";

#[tokio::test]
async fn rfc7240_4_3_a_held_poll_hears_the_answer() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    for (decision, want) in [(true, 200), (false, 400)] {
        let device = world.device(TV, &[("scope", "read")]).await;
        let waiting = world.carried(&device).await;
        let before = world.events().await;
        let mut held = poll(&world, TV, &device, "wait=20");
        assert!(now(&mut held).await.is_none());
        world.wait(12);
        assert!(now(&mut held).await.is_none());
        assert_eq!(world.events().await, before, "waiting costs no write");
        if decision {
            world.approve(&waiting, &browser).await;
        } else {
            world.answer(&waiting, &browser, Decision::Deny).await;
        }
        let told = answered(held).await;
        assert_eq!(told.status.as_u16(), want, "{told:?}");
        assert_eq!(told.header("preference-applied"), "wait=20");
        assert_eq!(told.header("cache-control"), "no-store");
        if decision {
            assert_eq!(told.json()["scope"], "read");
            assert_eq!(world.poll(TV, &device).await.error().1, "invalid_grant");
        } else {
            assert_eq!(told.error().1, "access_denied");
        }
    }
}

#[tokio::test]
async fn rfc7240_4_3_without_an_answer_it_waits_as_long_as_agreed_and_may_ask_again_at_once() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    for (prefer, granted) in [
        ("wait=2", 2),
        ("respond-async, wait=20", 20),
        ("wait=900", 30),
    ] {
        let mut held = poll(&world, TV, &device, prefer);
        assert!(now(&mut held).await.is_none(), "{prefer}");
        world.wait(granted - 1);
        assert!(now(&mut held).await.is_none(), "{prefer}");
        world.wait(1);
        let told = answered(held).await;
        assert_eq!(told.error(), (400, PENDING.to_owned()), "{prefer}");
        assert_eq!(told.header("preference-applied"), format!("wait={granted}"));
        assert_eq!(told.header("retry-after"), "");
    }
}

#[tokio::test]
async fn rfc7240_2_a_wish_that_is_none_changes_nothing() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let mut plain = None;
    for prefer in ["respond-async", "wait=0", "wait", "wait=soon", "wait=-1"] {
        let told = answered(poll(&world, TV, &device, prefer)).await;
        assert_eq!(told.error(), (400, PENDING.to_owned()), "{prefer}");
        assert_eq!(told.header("preference-applied"), "", "{prefer}");
        let plain = plain.get_or_insert_with(|| told.headers.clone());
        assert_eq!(told.headers, *plain, "{prefer}");
        world.wait(INTERVAL_S);
    }
    assert_eq!(world.poll(TV, &device).await.headers, plain.unwrap());
}

#[tokio::test]
async fn d7_an_early_poll_is_slowed_down_at_once_and_not_held() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    assert_eq!(world.poll(TV, &device).await.error().1, PENDING);
    world.wait(INTERVAL_S - 1);
    let told = answered(poll(&world, TV, &device, "wait=20")).await;
    assert_eq!(told.error(), (400, "slow_down".to_owned()));
    assert_eq!(told.header("preference-applied"), "");
    // A second poll beside a held one is as early as any.
    world.wait(INTERVAL_S + 5);
    let mut held = poll(&world, TV, &device, "wait=20");
    assert!(now(&mut held).await.is_none());
    world.wait(1);
    let beside = answered(poll(&world, TV, &device, "wait=20")).await;
    assert_eq!(beside.error().1, "slow_down");
    assert!(now(&mut held).await.is_none());
}

#[tokio::test]
async fn rfc8628_3_5_a_code_that_expires_inside_the_wait_is_told_at_that_instant() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    world.wait(590);
    let mut held = poll(&world, TV, &device, "wait=30");
    assert!(now(&mut held).await.is_none());
    world.wait(9);
    assert!(now(&mut held).await.is_none());
    world.wait(1);
    let told = answered(held).await;
    assert_eq!(told.error(), (400, "expired_token".to_owned()));
}

#[tokio::test]
async fn t16_a_client_that_lost_its_right_meanwhile_gets_nothing() {
    for (name, want) in [
        ("disabled", (401, "invalid_client")),
        ("without the grant", (400, "unauthorized_client")),
        ("gone", (401, "invalid_client")),
    ] {
        let world = World::new().await;
        let browser = world.sign_in("u-1").await;
        let device = world.device(TV, &[]).await;
        let waiting = world.carried(&device).await;
        let mut held = poll(&world, TV, &device, "wait=20");
        assert!(now(&mut held).await.is_none());
        world.approve(&waiting, &browser).await;
        let engine = &world.site.engine;
        if name == "gone" {
            engine.remove_client(TV, &world.caller).await.unwrap();
        } else {
            let changed = engine.change_client(TV, &world.caller, |client| match name {
                "disabled" => client.disabled = true,
                _ => client.metadata.grant_types = Some(Vec::new()),
            });
            changed.await.unwrap();
        }
        let (status, error) = answered(held).await.error();
        assert_eq!((status, error.as_str()), want, "{name}");
    }
}

#[tokio::test]
async fn b6_a_person_shut_out_after_the_answer_gives_nothing() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let device = world.device(TV, &[]).await;
    let waiting = world.carried(&device).await;
    let mut held = poll(&world, TV, &device, "wait=20");
    assert!(now(&mut held).await.is_none());
    world.approve(&waiting, &browser).await;
    let engine = &world.site.engine;
    let shut_out = engine.change_person("ada", true, &world.caller, |person| {
        person.disabled = true;
    });
    shut_out.await.unwrap();
    let told = answered(held).await;
    assert_eq!(told.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn e13_beyond_a_cap_a_poll_is_answered_at_once() {
    let holds = HoldSettings {
        per_client: 1,
        ..HoldSettings::default()
    };
    let world = World::holding(ISSUER, limits(), holds).await;
    let (first, second) = (world.device(TV, &[]).await, world.device(TV, &[]).await);
    let other = world.device(WEB, &[("scope", "read")]).await;
    let mut held = poll(&world, TV, &first, "wait=20");
    assert!(now(&mut held).await.is_none());
    let told = answered(poll(&world, TV, &second, "wait=20")).await;
    assert_eq!(told.error(), (400, PENDING.to_owned()));
    assert_eq!(told.header("preference-applied"), "");
    let mut beside = poll(&world, WEB, &other, "wait=20");
    assert!(
        now(&mut beside).await.is_none(),
        "another client has its own"
    );
    drop(held);
    world.wait(INTERVAL_S);
    let mut again = poll(&world, TV, &second, "wait=20");
    assert!(now(&mut again).await.is_none(), "the place came back");
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let mut held = poll(&world, TV, &device, "wait=20");
    assert!(now(&mut held).await.is_none());
    assert_eq!((world.store.waiters(), world.site.holds.len()), (1, 1));
    drop(held);
    assert_eq!((world.store.waiters(), world.site.holds.len()), (0, 0));
}

#[tokio::test]
async fn a_server_that_stops_lets_go_with_a_time_to_come_back_and_loses_no_answer() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let (open, decided) = (world.device(TV, &[]).await, world.device(TV, &[]).await);
    let waiting = world.carried(&decided).await;
    let mut held = poll(&world, TV, &open, "wait=20");
    let mut lucky = poll(&world, TV, &decided, "wait=20");
    assert!(now(&mut held).await.is_none() && now(&mut lucky).await.is_none());
    world.approve(&waiting, &browser).await;
    world.site.holds.release();
    assert_eq!(answered(lucky).await.status, StatusCode::OK);
    let told = answered(held).await;
    assert_eq!(told.error(), (400, PENDING.to_owned()));
    let seconds: u64 = told.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
    world.wait(INTERVAL_S);
    let late = answered(poll(&world, TV, &open, "wait=20")).await;
    assert_eq!(late.error().1, PENDING, "nobody begins to wait any more");
}

#[tokio::test]
async fn a_setting_of_zero_holds_nobody() {
    let holds = HoldSettings {
        longest: Lifetime::ZERO,
        ..HoldSettings::default()
    };
    let world = World::holding(ISSUER, limits(), holds).await;
    let device = world.device(TV, &[]).await;
    let told = answered(poll(&world, TV, &device, "wait=20")).await;
    assert_eq!(told.error().1, PENDING);
    assert_eq!(told.header("preference-applied"), "");
}

#[tokio::test]
async fn c3_of_several_held_polls_of_one_device_one_wins() {
    let world = World::new().await;
    let browser = world.sign_in("u-1").await;
    let device = world.device(TV, &[]).await;
    let waiting = world.carried(&device).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut poll = poll(&world, TV, &device, "wait=30");
        assert!(now(&mut poll).await.is_none());
        held.push(poll);
        world.wait(INTERVAL_S);
    }
    world.approve(&waiting, &browser).await;
    let mut statuses = Vec::new();
    for poll in held {
        statuses.push(answered(poll).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 400, 400, 400, 400]);
}
