//! A grant that is taken back while a change of it is asked for, and changes of one that was taken back.
//!
//! Spec: RFC 9635 §5.3, §5.4; threats C8, G1

use http::{Method, StatusCode};
use placet_core::{Refusal, engine::Caller};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Asked, Browser, enter},
    payer::with,
    rfc9767_exchange::{introspect, registered},
    world::{INTERVAL_S, Sent, World, text},
};

/// A change that somebody has to be asked about.
fn more(agent: &Agent) -> Value {
    json!({
        "access_token": { "access": ["whale-metadata"] }, "interact": agent.request()["interact"],
    })
}

/// How far a change went before its client took it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Went {
    Nowhere,
    Denied,
    DeniedAndTold,
    Approved,
}

#[tokio::test]
async fn rfc9635_5_4_taking_back_a_change_takes_back_the_grant_however_the_change_went() {
    for went in [
        Went::Nowhere,
        Went::Denied,
        Went::DeniedAndTold,
        Went::Approved,
    ] {
        let world = World::new().await;
        let (server, name) = registered(&world).await;
        let agent = Agent::new();
        let ada = Browser::of(&world, "u-1").await;
        let (asked, first) = agent.granted(&world, &agent.request()).await;
        let token = &first["access_token"];
        let told = agent.change(&world, &asked, &more(&agent)).await.ok();
        let changed = Asked::of(&told);
        let (id, cookie) = enter(&world, &changed).await;
        let carried = match went {
            Went::Nowhere => None,
            Went::Denied | Went::DeniedAndTold => {
                ada.decide(&world, (id, Some(&cookie)), false).await;
                None
            }
            Went::Approved => Some(ada.decide(&world, (id, Some(&cookie)), true).await),
        };
        if went == Went::DeniedAndTold {
            let face = world.root.face(&placet_gnap::FACE).unwrap();
            let handover = world.root.engine.resume(id, &cookie).await.unwrap();
            let carried = crate::agent::carried(&face.after_answer(&world.root, &handover));
            let told = agent
                .come_back(&world, &changed, Some(&carried["interact_ref"]))
                .await;
            assert_eq!(told.code(), (403, "user_denied".to_owned()));
        }
        let told = introspect(&world, &server, &json!(name), &token["value"]).await;
        assert_eq!(told["active"], true, "{went:?}: it stays until then");
        let gone = agent.cancel(&world, &changed).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{went:?}");
        let told = introspect(&world, &server, &json!(name), &token["value"]).await;
        assert_eq!(told, json!({ "active": false }), "{went:?}");
        let over = agent.manage(&world, Method::POST, token, None).await;
        assert_eq!(
            over.code(),
            (400, "invalid_rotation".to_owned()),
            "{went:?}"
        );
        // Nothing of the change is left either.
        let reference = carried.map(|next| crate::agent::carried(&next)["interact_ref"].clone());
        let told = agent
            .come_back(&world, &changed, reference.as_deref())
            .await;
        assert_eq!(told.code(), (401, "invalid_continuation".to_owned()));
        let again = agent.cancel(&world, &changed).await;
        assert_eq!(again.code(), (401, "invalid_continuation".to_owned()));
    }
}

#[tokio::test]
async fn rfc9635_5_4_nobody_answers_a_change_that_was_taken_back() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let (asked, _) = agent.granted(&world, &agent.request()).await;
    let changed = Asked::of(&agent.change(&world, &asked, &more(&agent)).await.ok());
    let (id, cookie) = enter(&world, &changed).await;
    let seen = ada.sees(&world, id).await;
    agent.cancel(&world, &changed).await;
    let told = ada.decide_seen(&world, (id, &cookie), seen).await;
    assert_eq!(told, Err(Refusal::Cancelled));
}

#[tokio::test]
async fn rfc9635_5_4_a_first_request_that_was_denied_is_taken_back_without_a_grant() {
    let world = World::new().await;
    let agent = Agent::new();
    let (_, kept) = agent.granted(&world, &agent.request()).await;
    let asked = agent.wait_for(&world, &agent.request()).await;
    Browser::of(&world, "u-1").await.deny(&world, &asked).await;
    let gone = agent.cancel(&world, &asked).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    agent
        .manage(&world, Method::POST, &kept["access_token"], None)
        .await
        .ok();
}

/// A grant that its person took back, though its client does not know.
async fn revoked(world: &World, agent: &Agent) -> Asked {
    let (server, name) = (Agent::new(), "album");
    crate::rfc9635_registered::register(world, &server, name, json!({ "resource_server": true }))
        .await;
    let (asked, told) = agent.granted(world, &agent.request()).await;
    let value = &told["access_token"]["value"];
    let told = introspect(world, &server, &json!(name), value).await;
    let grant = text(&told["grant"]).parse().unwrap();
    let caller = Caller::default();
    let done = world.root.engine.revoke_grant(grant, None, &caller).await;
    done.unwrap();
    asked
}

#[tokio::test]
async fn c8_a_grant_that_was_revoked_is_changed_no_more_than_one_that_never_was() {
    let gone = (401, "invalid_continuation".to_owned());
    let asking = |change: Value, interact: &Value| with(change, "/interact", interact.clone());
    for (name, change) in [
        (
            "what it had",
            json!({ "access_token": { "access": ["dolphin-metadata"] } }),
        ),
        (
            "more",
            json!({ "access_token": { "access": ["whale-metadata"] } }),
        ),
        (
            "without a key",
            json!({ "access_token": { "access": ["dolphin-metadata"], "flags": ["bearer"] } }),
        ),
        (
            "who it is",
            json!({ "subject": { "sub_id_formats": ["opaque"] } }),
        ),
    ] {
        let world = World::new().await;
        let agent = Agent::new();
        let asked = revoked(&world, &agent).await;
        let change = asking(change, &agent.request()["interact"]);
        let sent = Sent::new(Method::PATCH, &asked.uri).json(&change);
        let sent = agent.sign(&world, sent, Some(&asked.token));
        let told = world.send(&world.faces, sent.clone()).await;
        assert_eq!(told.code(), gone, "{name}");
        let told = world.send(&world.faces, sent).await;
        assert_eq!(
            told.code(),
            (401, "invalid_client".to_owned()),
            "{name}: the same call counts once"
        );
        world.wait(INTERVAL_S);
        let told = agent.come_back(&world, &asked, None).await;
        assert!(told.json().get("access_token").is_none(), "{name}");
    }
}

#[tokio::test]
async fn g1_a_refused_change_is_used_up_too() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    Browser::of(&world, "u-1").await.deny(&world, &asked).await;
    let sent = Sent::new(Method::PATCH, &asked.uri).json(&more(&agent));
    let sent = agent.sign(&world, sent, Some(&asked.token));
    let told = world.send(&world.faces, sent.clone()).await;
    assert_eq!(told.code(), (403, "user_denied".to_owned()));
    let told = world.send(&world.faces, sent).await;
    assert_eq!(told.code(), (401, "invalid_client".to_owned()));
}

/// What needed a key until now is worth something to whoever finds it from then on.
#[tokio::test]
async fn g14_a_key_is_not_taken_off_a_right_without_the_person() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let bound = json!({ "access_token": { "access": ["dolphin-metadata"] } });
    let bearer = with(bound.clone(), "/access_token/flags", json!(["bearer"]));
    let interact = agent.request()["interact"].clone();
    let (asked, _) = agent.granted(&world, &agent.request()).await;
    let told = agent.change(&world, &asked, &bearer).await;
    assert_eq!(told.code(), (400, "invalid_interaction".to_owned()));
    let asking = with(bearer.clone(), "/interact", interact);
    let told = agent.change(&world, &asked, &asking).await.ok();
    assert!(told.get("access_token").is_none(), "a person is asked");
    let changed = Asked::of(&told);
    let carried = ada.approve(&world, &changed).await;
    let reference = Some(carried["interact_ref"].as_str());
    let told = agent.come_back(&world, &changed, reference).await.ok();
    assert_eq!(told["access_token"]["flags"], json!(["bearer"]));
    // From then on it is theirs without asking, and so is the way back.
    for (change, flags) in [(&bearer, Some(json!(["bearer"]))), (&bound, None)] {
        let (asked, _) = agent
            .granted(
                &world,
                &with(
                    agent.request(),
                    "/access_token",
                    bearer["access_token"].clone(),
                ),
            )
            .await;
        let told = agent.change(&world, &asked, change).await.ok();
        assert_eq!(told["access_token"].get("flags"), flags.as_ref());
    }
    // Beside one that needs none, another right keeps its key.
    let tokens = json!([
        { "label": "a", "access": ["dolphin-metadata"] },
        { "label": "b", "access": ["whale-metadata"], "flags": ["bearer"] },
    ]);
    let several = with(agent.request(), "/access_token", tokens);
    let (asked, _) = agent.granted(&world, &several).await;
    let told = agent.change(&world, &asked, &asking).await.ok();
    assert!(told.get("access_token").is_none(), "a person is asked");
}

#[tokio::test]
async fn rfc9635_5_2_a_poll_without_an_answer_is_one_commit_with_its_proof_and_the_next_token() {
    let world = World::new().await;
    let agent = Agent::new();
    let mut asked = agent.wait_for(&world, &agent.polling()).await;
    for round in 0..3 {
        world.wait(INTERVAL_S);
        let sent = Sent::new(Method::POST, &asked.uri);
        let sent = agent.sign(&world, sent, Some(&asked.token));
        let events = world.events().await;
        let told = world.send(&world.faces, sent.clone()).await.ok();
        assert_eq!(world.events().await, events + 1, "{round}");
        world.wait(INTERVAL_S);
        let again = world.send(&world.faces, sent).await;
        assert_eq!(again.code(), (401, "invalid_client".to_owned()), "{round}");
        let next = Asked::of(&told);
        assert_ne!(next.token, asked.token);
        // A lost answer is repeated, for the price of the proof alone.
        world.wait(INTERVAL_S);
        let events = world.events().await;
        let told = agent.come_back(&world, &asked, None).await.ok();
        assert_eq!(Asked::of(&told).token, next.token);
        assert_eq!(world.events().await, events + 1, "{round}");
        asked = next;
    }
}
