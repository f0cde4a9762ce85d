//! A client changes what it asks for after the person agreed and before it came back.
//!
//! Spec: RFC 9635 §5.3

use placet_core::{Refusal, engine::View};
use serde_json::json;

use crate::{
    agent::{Agent, Asked, Browser, carried, enter},
    world::{INTERVAL_S, World, text},
};

#[tokio::test]
async fn rfc9635_5_3_what_was_agreed_to_and_not_collected_is_asked_again() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let asked = agent.wait_for(&world, &agent.request()).await;
    let before = ada.approve(&world, &asked).await;
    assert_eq!(world.root.engine.open_requests(), 0);
    let more = json!({ "access_token": { "access": ["dolphin-metadata", "whale-metadata"] } });
    let told = agent.change(&world, &asked, &more).await.ok();
    assert!(told.get("access_token").is_none(), "a person is asked");
    // It waits again, and counts among what waits.
    assert_eq!(world.root.engine.open_requests(), 1);
    let changed = Asked {
        interact: asked.interact.clone(),
        ..Asked::of(&told)
    };
    world.wait(INTERVAL_S);
    // The reference of the first answer speaks of something else.
    let old = Some(before["interact_ref"].as_str());
    let told = agent.come_back(&world, &changed, old).await;
    assert_eq!(told.code(), (400, "invalid_interaction".to_owned()));
    let after = ada.approve(&world, &changed).await;
    assert_ne!(after["interact_ref"], before["interact_ref"]);
    world.wait(INTERVAL_S);
    let reference = Some(after["interact_ref"].as_str());
    let told = agent.come_back(&world, &changed, reference).await.ok();
    let access = told["access_token"]["access"].as_array().unwrap();
    assert_eq!(access.len(), 2, "{access:?}");
    assert_eq!(world.root.engine.open_requests(), 0);
}

#[tokio::test]
async fn h6_what_one_agreed_to_is_not_changed_by_another() {
    let world = World::new().await;
    let agent = Agent::new();
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let asked = agent.wait_for(&world, &agent.request()).await;
    ada.approve(&world, &asked).await;
    let more = json!({ "access_token": { "access": ["whale-metadata"] } });
    let told = agent.change(&world, &asked, &more).await.ok();
    let changed = Asked {
        interact: asked.interact.clone(),
        ..Asked::of(&told)
    };
    let (id, cookie) = enter(&world, &changed).await;
    let seen = eve.sees(&world, id).await;
    let refused = eve.decide_seen(&world, (id, &cookie), seen).await;
    assert_eq!(refused, Err(Refusal::SignInNeeded));
    // Whoever agreed sees what is new and what is not asked for any more, and says no: nothing is left of the first yes.
    let shown = world.root.engine.show(View::Id(id)).await.unwrap();
    let face = world.root.face(&shown.request.face).unwrap();
    let prompt = face.describe(&world.root, &shown);
    assert!(prompt.modifies);
    let no = carried(&ada.decide(&world, (id, Some(&cookie)), false).await);
    world.wait(INTERVAL_S);
    let reference = no.get("interact_ref").map(String::as_str);
    let told = agent.come_back(&world, &changed, reference).await;
    assert_eq!(told.code(), (403, "user_denied".to_owned()));
}

#[tokio::test]
async fn rfc9635_5_3_another_way_to_the_person_replaces_the_one_that_was_answered() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.polling()).await;
    let ada = Browser::of(&world, "u-1").await;
    ada.approve(&world, &asked).await;
    let change = json!({
        "access_token": { "access": ["squid-metadata"] }, "interact": { "start": ["user_code"] },
    });
    let told = agent.change(&world, &asked, &change).await.ok();
    let code = text(&told["interact"]["user_code"]).to_owned();
    let changed = Asked::of(&told);
    world.wait(INTERVAL_S);
    let waiting = agent.come_back(&world, &changed, None).await.ok();
    assert!(waiting.get("access_token").is_none());
    ada.approve_code(&world, &code).await;
    world.wait(INTERVAL_S);
    let told = agent
        .come_back(&world, &Asked::of(&waiting), None)
        .await
        .ok();
    assert_eq!(told["access_token"]["access"], json!(["squid-metadata"]));
}
