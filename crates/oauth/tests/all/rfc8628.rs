//! RFC 8628: the device grant.

use http::StatusCode;
use placet_core::{
    engine::{Decision, Limits},
    secret::ORDERED_SECRET_CHARS,
};
use serde_json::json;

use crate::world::{DEVICE, INTERVAL_S, ISSUER, OTHER, SPA, TV, WEB, World, text};

#[tokio::test]
async fn rfc8628_3_2_the_device_is_told_where_its_person_goes() {
    let world = World::new().await;
    let told = world
        .post("/device_authorization", TV, &[("scope", "read")])
        .await;
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!(told.header("cache-control"), "no-store");
    let told = told.json();
    let code = text(&told["user_code"]);
    assert_eq!(code.len(), 9);
    assert_eq!(told["verification_uri"], format!("{ISSUER}/device"));
    assert_eq!(
        told["verification_uri_complete"],
        format!("{ISSUER}/device?user_code={code}")
    );
    assert_eq!(told["expires_in"], 600);
    assert_eq!(told["interval"], INTERVAL_S);
    assert_eq!(text(&told["device_code"]).len(), ORDERED_SECRET_CHARS);
}

#[tokio::test]
async fn rfc8628_3_5_waiting_then_tokens_once() {
    let world = World::new().await;
    let device = world.device(TV, &[("scope", "read")]).await;
    let (status, error) = world.poll(TV, &device).await.error();
    assert_eq!((status, error.as_str()), (400, "authorization_pending"));

    let browser = world.sign_in("u-1").await;
    let waiting = world.carried(&device).await;
    world.approve(&waiting, &browser).await;
    world.wait(INTERVAL_S);
    let given = world.poll(TV, &device).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    let given = given.json();
    assert_eq!(given["token_type"], "Bearer");
    assert_eq!(given["scope"], "read");
    assert!(given["refresh_token"].is_string());
    assert!(given.get("id_token").is_none(), "no openid, no ID token");

    world.wait(INTERVAL_S);
    let again = world.poll(TV, &device).await;
    assert_eq!(again.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn rfc8628_3_5_early_poll_gets_slow_down() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let mut seen = Vec::new();
    // At the first pace the second poll is early; at the old pace the next one is early again (threat D7).
    for wait_s in [0, 1, INTERVAL_S, INTERVAL_S + 10] {
        world.wait(wait_s);
        seen.push(world.poll(TV, &device).await.error().1);
    }
    assert_eq!(
        seen,
        [
            "authorization_pending",
            "slow_down",
            "slow_down",
            "authorization_pending"
        ]
    );
}

#[tokio::test]
async fn d10_expired_and_denied_are_final() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let browser = world.sign_in("u-1").await;
    let waiting = world.carried(&device).await;
    world.answer(&waiting, &browser, Decision::Deny).await;
    for wait_s in [0, 30, 300] {
        world.wait(wait_s);
        let told = world.poll(TV, &device).await.error();
        assert_eq!(told, (400, "access_denied".to_owned()), "after {wait_s} s");
    }

    let device = world.device(TV, &[]).await;
    world.wait(599);
    assert_eq!(
        world.poll(TV, &device).await.error().1,
        "authorization_pending"
    );
    world.wait(1);
    for wait_s in [0, 30, 300] {
        world.wait(wait_s);
        let told = world.poll(TV, &device).await.error();
        assert_eq!(told, (400, "expired_token".to_owned()), "after {wait_s} s");
    }
}

#[tokio::test]
async fn d3_device_code_of_another_client() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let foreign = world.poll(OTHER, &device).await;
    let unknown = world
        .poll(OTHER, &json!({ "device_code": "A".repeat(43) }))
        .await;
    assert_eq!(foreign.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(foreign.body, unknown.body, "both look the same (threat C8)");

    let browser = world.sign_in("u-1").await;
    let waiting = world.carried(&device).await;
    world.approve(&waiting, &browser).await;
    assert_eq!(world.poll(OTHER, &device).await.error().1, "invalid_grant");
    assert_eq!(world.poll(TV, &device).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t16_only_clients_registered_for_the_device_grant() {
    let world = World::new().await;
    let refused = world.post("/device_authorization", SPA, &[]).await;
    assert_eq!(refused.error(), (400, "unauthorized_client".to_owned()));
    let bare = world.token(SPA, &[("grant_type", DEVICE)]).await;
    assert_eq!(bare.error(), (400, "unauthorized_client".to_owned()));
    let well_formed = "A".repeat(43);
    let polled = [
        ("grant_type", DEVICE),
        ("device_code", well_formed.as_str()),
    ];
    let refused = world.token(SPA, &polled).await;
    assert_eq!(refused.error(), (400, "unauthorized_client".to_owned()));
}

#[tokio::test]
async fn c10_a_client_beyond_its_cap_is_told_to_wait() {
    let limits = Limits {
        per_client: 2,
        per_source: 100,
        total: 100,
    };
    let world = World::with(ISSUER, limits).await;
    for _ in 0..2 {
        world.device(TV, &[]).await;
    }
    let refused = world.post("/device_authorization", TV, &[]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    // Another client is served.
    world.device(WEB, &[("scope", "read")]).await;
}

#[tokio::test]
async fn rfc8628_3_1_scopes_and_client_are_checked_before_anything_is_opened() {
    let world = World::new().await;
    for (name, client, pairs, want) in [
        ("unknown client", "nobody", &[][..], (401, "invalid_client")),
        ("wrong secret", "web:wrong", &[], (401, "invalid_client")),
        (
            "unknown scope",
            TV,
            &[("scope", "fly")],
            (400, "invalid_scope"),
        ),
        (
            "broken scope",
            TV,
            &[("scope", "a\"b")],
            (400, "invalid_scope"),
        ),
        (
            "unknown resource",
            TV,
            &[("resource", "urn:x")],
            (400, "invalid_target"),
        ),
    ] {
        let refused = world.post("/device_authorization", client, pairs).await;
        let (status, error) = refused.error();
        assert_eq!((status, error.as_str()), want, "{name}");
    }
    assert_eq!(world.site.engine.open_requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_of_many_polls_after_the_approval_one_wins() {
    let world = std::sync::Arc::new(World::new().await);
    let device = world.device(TV, &[]).await;
    let browser = world.sign_in("u-1").await;
    let waiting = world.carried(&device).await;
    world.approve(&waiting, &browser).await;
    let mut polls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (world, device) = (std::sync::Arc::clone(&world), device.clone());
        polls.spawn(async move { world.poll(TV, &device).await.status });
    }
    let answers = polls.join_all().await;
    let won = answers.iter().filter(|status| **status == StatusCode::OK);
    assert_eq!(won.count(), 1);
    assert!(
        answers.iter().all(|status| status.as_u16() < 500),
        "{answers:?}"
    );
}

#[tokio::test]
async fn d7_a_client_that_polls_each_second_causes_few_writes() {
    let world = World::new().await;
    let device = world.device(TV, &[]).await;
    let before = world.events().await;
    for second in 0..60 {
        let told = world.poll(TV, &device).await.error().1;
        // Each time it has to wait for five seconds more, counted from the last answer.
        let want = if [0, 10, 25, 45].contains(&second) {
            "authorization_pending"
        } else {
            "slow_down"
        };
        assert_eq!(told, want, "second {second}");
        world.wait(1);
    }
    // The interval grows from 5 s to 10, 15, 20 and 25 s; each step takes at least as long as the interval before it.
    let written = world.events().await - before;
    assert!((1..=5).contains(&written), "{written}");

    let device = world.device(TV, &[]).await;
    let before = world.events().await;
    for _ in 0..20 {
        assert_eq!(
            world.poll(TV, &device).await.error().1,
            "authorization_pending"
        );
        world.wait(INTERVAL_S);
    }
    assert_eq!(world.events().await, before, "waiting costs no write");
}
