//! Clients that an operator registered: where they may be answered, and by which keys they are known.
//!
//! Spec: RFC 9635 §2.3, §2.5.2, §6, §11.34; threats G2, G13, G16

use http::{Method, StatusCode};
use placet_core::{
    client::ClientMetadata,
    engine::{Caller, NewClient},
};
use placet_proof::Ed25519Name;
use serde_json::{Value, json};

use crate::{
    agent::{Agent, CLIENT_NONCE},
    payer::with,
    world::{INTERVAL_S, Response, World},
};

const NAME: &str = "shop";

fn keys(agents: &[&Agent]) -> Value {
    let jwks = agents
        .iter()
        .map(|agent| agent.key.public_jwk().to_json(Ed25519Name::EdDsa));
    json!({ "keys": jwks.collect::<Vec<_>>() })
}

/// Registers this agent's key under a name, with what else is said of the client.
pub(crate) async fn register(world: &World, agent: &Agent, name: &str, said: Value) {
    let metadata = with(said, "/jwks", keys(&[agent]));
    let new = NewClient {
        client_id: name.to_owned(),
        secrets: Vec::new(),
        metadata: serde_json::from_value(metadata).unwrap(),
        disabled: false,
        declared: None,
    };
    let caller = Caller::default();
    world.root.engine.add_client(new, &caller).await.unwrap();
}

/// The operator changes the registration.
async fn reregister(world: &World, change: impl Fn(&mut ClientMetadata) + Send + Sync) {
    let caller = Caller::default();
    let change = |client: &mut placet_core::client::Client| change(&mut client.metadata);
    let done = world.root.engine.change_client(NAME, &caller, change).await;
    done.unwrap();
}

/// A world with one registered client.
async fn scene(said: Value) -> (World, Agent) {
    let (world, agent) = (World::new().await, Agent::new());
    register(&world, &agent, NAME, said).await;
    (world, agent)
}

fn request(agent: &Agent) -> Value {
    with(agent.request(), "/client", json!(NAME))
}

fn finish(method: &str, uri: &str) -> Value {
    json!({ "method": method, "uri": uri, "nonce": CLIENT_NONCE })
}

#[tokio::test]
async fn g16_a_registered_client_is_answered_only_where_it_registered() {
    let registered = json!([
        "https://shop.example/cb",
        "http://localhost/cb",
        "com.example.shop:/done",
    ]);
    let (world, agent) = scene(json!({ "redirect_uris": registered })).await;
    let refused = (400, "invalid_interaction".to_owned());
    let own = finish("redirect", "https://shop.example/cb");
    let body = with(request(&agent), "/interact/finish", own);
    let asked = agent.wait_for(&world, &body).await;
    for (method, uri, fits) in [
        ("redirect", "https://shop.example/cb", true),
        ("redirect", "https://shop.example/elsewhere?s=1", true),
        ("push", "https://shop.example/push", true),
        ("redirect", "http://localhost:8123/cb", true),
        ("redirect", "com.example.shop:/other", true),
        ("redirect", "https://evil.example/cb", false),
        ("redirect", "https://sub.shop.example/cb", false),
        ("redirect", "https://shop.example.evil.example/cb", false),
        ("redirect", "https://localhost/cb", false),
        ("redirect", "http://127.0.0.1/cb", false),
        ("redirect", "com.example.other:/done", false),
        ("push", "https://evil.example/push", false),
    ] {
        let body = with(request(&agent), "/interact/finish", finish(method, uri));
        let told = agent.ask(&world, &body).await;
        if fits {
            told.ok();
            continue;
        }
        assert_eq!(told.code(), refused, "{method} {uri}");
        let change = json!({ "interact": body["interact"] });
        let told = agent.change(&world, &asked, &change).await;
        assert_eq!(told.code(), refused, "a change: {method} {uri}");
    }
    // Who polls is told at no address.
    let polls = with(request(&agent), "/interact/finish", Value::Null);
    agent.ask(&world, &polls).await.ok();
    // One that is known by its key alone registered nothing.
    let unknown = Agent::new();
    unknown.ask(&world, &unknown.request()).await.ok();
}

#[tokio::test]
async fn g16_a_client_that_registered_no_address_names_one_as_it_asks() {
    let (world, agent) = scene(json!({})).await;
    agent.ask(&world, &request(&agent)).await.ok();
}

/// A token of a registered client that is bound to its key, or to none.
async fn token(world: &World, agent: &Agent, flags: Value) -> Value {
    let body = with(request(agent), "/access_token/flags", flags);
    let (_, told) = agent.granted(world, &body).await;
    told["access_token"].clone()
}

#[tokio::test]
async fn g13_a_bearer_token_is_managed_with_a_key_its_client_registered() {
    let (world, agent) = scene(json!({})).await;
    let first = token(&world, &agent, json!(["bearer"])).await;
    let stranger = Agent::new();
    for method in [Method::POST, Method::DELETE] {
        let told = stranger.manage(&world, method, &first, None).await;
        assert_eq!(told.code(), (401, "invalid_client".to_owned()));
    }
    let told = agent.manage(&world, Method::POST, &first, None).await.ok();
    let second = told["access_token"].clone();
    assert_eq!(second["flags"], json!(["bearer"]));
    // Any key will do that it registered by then.
    let next = Agent::new();
    reregister(&world, |metadata| {
        metadata.jwks = Some(keys(&[&agent, &next]));
    })
    .await;
    let told = next.manage(&world, Method::POST, &second, None).await.ok();
    let third = told["access_token"].clone();
    let gone = agent.manage(&world, Method::DELETE, &third, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn g13_a_key_that_was_taken_out_of_the_registration_manages_nothing() {
    for flags in [Value::Null, json!(["bearer"])] {
        let (world, agent) = scene(json!({})).await;
        let first = token(&world, &agent, flags.clone()).await;
        let told = agent.manage(&world, Method::POST, &first, None).await.ok();
        let second = told["access_token"].clone();
        let next = Agent::new();
        reregister(&world, |metadata| metadata.jwks = Some(keys(&[&next]))).await;
        for method in [Method::POST, Method::DELETE] {
            let told = agent.manage(&world, method.clone(), &second, None).await;
            let refused = (401, "invalid_client".to_owned());
            assert_eq!(told.code(), refused, "{method} {flags}");
        }
    }
}

/// Else a key that nobody registered would count for the client, and no operator could take it away.
#[tokio::test]
async fn g13_a_token_of_a_registered_client_goes_over_to_no_other_key_than_a_registered_one() {
    let (world, agent) = scene(json!({})).await;
    let first = token(&world, &agent, Value::Null).await;
    let next = Agent::new();
    let told = agent.hand_over(&world, &first, &next).await;
    assert_eq!(told.code(), (400, "invalid_rotation".to_owned()));
    reregister(&world, |metadata| {
        metadata.jwks = Some(keys(&[&agent, &next]));
    })
    .await;
    let told = agent.hand_over(&world, &first, &next).await.ok();
    let second = told["access_token"].clone();
    next.manage(&world, Method::POST, &second, None).await.ok();
}

#[tokio::test]
async fn g2_a_key_that_was_taken_out_of_the_registration_continues_changes_and_ends_nothing() {
    let (world, agent) = scene(json!({})).await;
    let polls = with(request(&agent), "/interact/finish", Value::Null);
    let asked = agent.wait_for(&world, &polls).await;
    let next = Agent::new();
    reregister(&world, |metadata| metadata.jwks = Some(keys(&[&next]))).await;
    world.wait(INTERVAL_S);
    let more = json!({ "access_token": { "access": ["all"] } });
    let refused = |told: Response| assert_eq!(told.code(), (401, "invalid_client".to_owned()));
    refused(agent.come_back(&world, &asked, None).await);
    refused(agent.change(&world, &asked, &more).await);
    refused(agent.cancel(&world, &asked).await);
    // Nor does another key of the client: the request was begun with the first.
    refused(next.come_back(&world, &asked, None).await);
    reregister(&world, |metadata| {
        metadata.jwks = Some(keys(&[&agent, &next]));
    })
    .await;
    agent.come_back(&world, &asked, None).await.ok();
}
