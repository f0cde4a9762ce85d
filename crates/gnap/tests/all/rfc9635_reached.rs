//! `start: []`: the client brings nobody, and names whom the server has to reach.
//!
//! Spec: RFC 9635 §2.4, §2.5.1, §3.3, §5.3

use http::Method;
use placet_core::{Refusal, engine::Caller, secret::Secret};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Asked, Browser, CLIENT_NONCE, RETURN},
    payer::with,
    world::{INTERACTION_S, INTERVAL_S, ROOT, World, text},
};

const PUSH: &str = "https://client.example/push";

/// A request for `user` with no way to start.
fn for_user(agent: &Agent, user: Value) -> Value {
    let body = with(agent.request(), "/interact", json!({ "start": [] }));
    with(body, "/user", user)
}

fn finish(method: &str, uri: &str) -> Value {
    json!({ "method": method, "uri": uri, "nonce": CLIENT_NONCE })
}

/// The person says yes to the one request they find.
async fn approves_what_waits(world: &World, person: &Browser) {
    let waiting = person.finds(world).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let cookie = Secret::generate(world.root.engine.random());
    person
        .decide(world, (waiting[0], Some(&cookie)), true)
        .await;
    assert!(person.finds(world).await.is_empty(), "answered");
}

#[tokio::test]
async fn rfc9635_2_5_1_whoever_is_named_finds_the_request_and_the_client_polls() {
    let world = World::new().await;
    let agent = Agent::new();
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    for user in [
        json!("u-1"),
        json!({ "sub_ids": [{ "format": "opaque", "id": "u-1" }] }),
        json!({ "sub_ids": [
            { "format": "iss_sub", "iss": ROOT, "sub": "u-1" },
            { "format": "email", "email": "ada@example.org" },
        ] }),
    ] {
        let told = agent.ask(&world, &for_user(&agent, user)).await.ok();
        assert!(
            told.get("interact").is_none(),
            "no way was asked for: {told}"
        );
        let asked = Asked::of(&told);
        assert!(eve.finds(&world).await.is_empty());
        world.wait(INTERVAL_S);
        let told = agent.come_back(&world, &asked, None).await.ok();
        assert!(told.get("access_token").is_none());
        approves_what_waits(&world, &ada).await;
        world.wait(INTERVAL_S);
        let told = agent.come_back(&world, &Asked::of(&told), None).await.ok();
        assert_eq!(told["access_token"]["access"], json!(["dolphin-metadata"]));
    }
}

#[tokio::test]
async fn rfc9635_4_2_2_a_finish_by_push_needs_no_way_to_start() {
    let world = World::new().await;
    let agent = Agent::new();
    let body = for_user(&agent, json!("u-1"));
    let body = with(body, "/interact/finish", finish("push", PUSH));
    let told = agent.ask(&world, &body).await.ok();
    let mut members: Vec<_> = told["interact"].as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["expires_in", "finish"]);
    assert_eq!(told["interact"]["expires_in"], INTERACTION_S);
    let asked = Asked::of(&told);
    approves_what_waits(&world, &Browser::of(&world, "u-1").await).await;
    let pushed = world.pushed().await;
    assert_eq!(pushed.url, PUSH);
    let sent: Value = serde_json::from_str(pushed.body.as_deref().unwrap()).unwrap();
    let told = agent.come_back(&world, &asked, None).await;
    assert_eq!(told.code(), (403, "request_denied".to_owned()), "a poll");
    let reference = Some(text(&sent["interact_ref"]));
    let told = agent.come_back(&world, &asked, reference).await.ok();
    assert!(told["access_token"]["value"].is_string());
}

#[tokio::test]
async fn rfc9635_2_5_1_nobody_can_be_reached_who_is_not_named() {
    let world = World::new().await;
    let agent = Agent::new();
    let refused = (400, "invalid_interaction".to_owned());
    let nobody = [
        Value::Null,
        json!({ "sub_ids": [{ "format": "email", "email": "ada@example.org" }] }),
        json!({ "sub_ids": [{ "format": "iss_sub", "iss": "https://other.example", "sub": "u-1" }] }),
    ];
    for user in nobody {
        let told = agent.ask(&world, &for_user(&agent, user.clone())).await;
        assert_eq!(told.code(), refused, "{user}");
    }
    let smoke = with(
        for_user(&agent, json!("u-1")),
        "/interact",
        json!({ "start": ["smoke"] }),
    );
    let told = agent.ask(&world, &smoke).await;
    assert_eq!(told.code(), refused, "ways that are all unknown");
    let ada = Browser::of(&world, "u-1").await;
    assert!(ada.finds(&world).await.is_empty());
}

/// The person's browser would be carried into the session of whoever asked (RFC 9635 §11.24).
#[tokio::test]
async fn g7_without_a_browser_of_the_client_s_there_is_no_finish_by_redirect() {
    let world = World::new().await;
    let agent = Agent::new();
    let named = for_user(&agent, json!("u-1"));
    let body = with(named, "/interact/finish", finish("redirect", RETURN));
    let told = agent.ask(&world, &body).await;
    assert_eq!(told.code(), (400, "invalid_interaction".to_owned()));
    let ada = Browser::of(&world, "u-1").await;
    assert!(ada.finds(&world).await.is_empty());
}

#[tokio::test]
async fn rfc9635_2_4_one_who_is_unknown_erased_or_two_people_cannot_be_reached() {
    let world = World::new().await;
    let agent = Agent::new();
    let opaque = |id: &str| json!({ "format": "opaque", "id": id });
    let caller = Caller::default();
    let erased = world.root.engine.erase_person("eve", &caller);
    erased.await.unwrap();
    for user in [
        json!("u-9"),
        json!("u-2"),
        json!({ "sub_ids": [opaque("u-1"), opaque("u-2")] }),
        json!({ "sub_ids": [opaque("u-1"), { "format": "iss_sub", "iss": ROOT, "sub": "u-9" }] }),
    ] {
        let told = agent.ask(&world, &for_user(&agent, user.clone())).await;
        assert_eq!(told.code(), (400, "unknown_user".to_owned()), "{user}");
    }
}

#[tokio::test]
async fn a15_only_the_person_who_is_named_may_answer_what_waits() {
    let world = World::new().await;
    let agent = Agent::new();
    agent
        .wait_for(&world, &for_user(&agent, json!("u-1")))
        .await;
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let id = ada.finds(&world).await[0];
    let cookie = Secret::generate(world.root.engine.random());
    let seen = eve.sees(&world, id).await;
    let told = eve.decide_seen(&world, (id, &cookie), seen).await;
    assert_eq!(told, Err(Refusal::SignInNeeded));
    let seen = ada.sees(&world, id).await;
    ada.decide_seen(&world, (id, &cookie), seen).await.unwrap();
}

#[tokio::test]
async fn c10_one_client_does_not_wear_a_person_out() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let ada = Browser::of(&world, "u-1").await;
    for _ in 0..5 {
        agent
            .wait_for(&world, &for_user(&agent, json!("u-1")))
            .await;
    }
    let events = world.events().await;
    let told = agent.ask(&world, &for_user(&agent, json!("u-1"))).await;
    assert_eq!(told.code(), (429, "request_denied".to_owned()));
    assert!(!told.header("retry-after").is_empty());
    assert_eq!(ada.finds(&world).await.len(), 5);
    assert!(world.events().await <= events + 1, "no request is written");
    // Others, and requests that bring a person themselves, are none of it.
    other
        .wait_for(&world, &for_user(&other, json!("u-1")))
        .await;
    agent
        .wait_for(&world, &for_user(&agent, json!("u-2")))
        .await;
    agent.wait_for(&world, &agent.request()).await;
}

#[tokio::test]
async fn rfc9635_5_3_a_change_lays_the_request_before_the_person_named() {
    let world = World::new().await;
    let agent = Agent::new();
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let asked = agent.wait_for(&world, &agent.polling()).await;
    let reach = json!({ "interact": { "start": [] } });
    let told = agent.change(&world, &asked, &reach).await;
    assert_eq!(told.code(), (400, "invalid_interaction".to_owned()));
    let reach = with(reach, "/user", json!("u-1"));
    let told = agent.change(&world, &asked, &reach).await.ok();
    assert!(told.get("interact").is_none());
    assert_eq!(ada.finds(&world).await.len(), 1);
    // The address that was told before leads nowhere any more.
    let old = text(&asked.interact["redirect"]);
    let old = world.send(&world.faces, crate::world::Sent::get(old)).await;
    assert_eq!(old.status, 404);
    // Who is named goes with the request, though the way stays as it was.
    let asked = Asked::of(&told);
    let told = agent
        .change(&world, &asked, &json!({ "user": "u-2" }))
        .await
        .ok();
    assert!(ada.finds(&world).await.is_empty());
    assert_eq!(eve.finds(&world).await.len(), 1);
    // And back to a way of the client's own, under the same name.
    let asked = Asked::of(&told);
    let back = json!({ "interact": { "start": ["user_code"] } });
    let told = agent.change(&world, &asked, &back).await.ok();
    assert!(eve.finds(&world).await.is_empty());
    let code = text(&told["interact"]["user_code"]).to_owned();
    eve.approve_code(&world, &code).await;
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &Asked::of(&told), None).await.ok();
    assert!(told["access_token"]["value"].is_string());
}

#[tokio::test]
async fn rfc9635_5_3_more_is_asked_of_whoever_agreed_before() {
    let world = World::new().await;
    let agent = Agent::new();
    let (asked, first) = agent.granted(&world, &agent.request()).await;
    let more = json!({
        "access_token": { "access": ["squid-metadata"] }, "interact": { "start": [] },
    });
    let told = agent.change(&world, &asked, &more).await.ok();
    assert!(told.get("access_token").is_none(), "a person is asked");
    let ada = Browser::of(&world, "u-1").await;
    approves_what_waits(&world, &ada).await;
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &Asked::of(&told), None).await.ok();
    assert_eq!(told["access_token"]["access"], json!(["squid-metadata"]));
    agent
        .manage(&world, Method::POST, &first["access_token"], None)
        .await
        .ok();
}

/// Whoever agrees on their own page need not be whoever uses the client, so that it learns nothing of who they are.
#[tokio::test]
async fn a15_a_client_that_brings_nobody_is_told_nobody_s_name() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let refused = (400, "invalid_interaction".to_owned());
    for subject in [
        json!({ "sub_id_formats": ["opaque"] }),
        json!({ "assertion_formats": ["id_token"] }),
        json!({
            "sub_id_formats": ["email"], "sub_ids": [{ "format": "opaque", "id": "u-1" }],
        }),
    ] {
        let body = for_user(&agent, json!("u-1"));
        let told = agent
            .ask(&world, &with(body, "/subject", subject.clone()))
            .await;
        assert_eq!(told.code(), refused, "{subject}");
        // Nor step by step: first nobody brought, then who it is, or the other way.
        let asked = agent
            .wait_for(&world, &for_user(&agent, json!("u-1")))
            .await;
        let told = agent
            .change(&world, &asked, &json!({ "subject": subject }))
            .await;
        assert_eq!(told.code(), refused, "a change: {subject}");
        agent.cancel(&world, &asked).await;
        let brings = with(agent.polling(), "/subject", subject.clone());
        let asked = agent.wait_for(&world, &brings).await;
        let change = json!({ "interact": { "start": [] }, "user": "u-1" });
        let told = agent.change(&world, &asked, &change).await;
        assert_eq!(told.code(), refused, "a change of the way: {subject}");
        assert!(ada.finds(&world).await.is_empty());
    }
    // After the tokens were collected it is no other.
    let (asked, _) = agent.granted(&world, &agent.request()).await;
    let change = json!({
        "subject": { "sub_id_formats": ["opaque"] }, "interact": { "start": [] },
    });
    let told = agent.change(&world, &asked, &change).await;
    assert_eq!(told.code(), refused, "a change of the grant");
    // What this server cannot say at all is not asked.
    let body = with(
        for_user(&agent, json!("u-1")),
        "/subject",
        json!({ "sub_id_formats": ["did"] }),
    );
    agent.ask(&world, &body).await.ok();
    assert_eq!(ada.finds(&world).await.len(), 1);
}
