//! Resource servers: what they learn of tokens, the rights they name, the tokens they derive.
//!
//! Spec: RFC 9767 §3, §4

use http::Method;
use placet_core::{
    engine::{Caller, NewClient},
    secret::SecretHash,
};
use placet_proof::Ed25519Name;
use serde_json::{Value, json};

use crate::{
    agent::Agent,
    payer::with,
    world::{ROOT, Response, Sent, World, text},
};

/// A resource server that an operator registered, which may ask about every token.
pub(crate) async fn registered(world: &World) -> (Agent, &'static str) {
    let agent = Agent::new();
    let jwk = agent.key.public_jwk().to_json(Ed25519Name::EdDsa);
    let metadata = json!({ "jwks": { "keys": [jwk] }, "resource_server": true });
    let new = NewClient {
        client_id: "photos".to_owned(),
        secrets: vec![SecretHash::of("photos-secret-0123456789")],
        metadata: serde_json::from_value(metadata).unwrap(),
        disabled: false,
        declared: None,
    };
    let caller = Caller::default();
    world.root.engine.add_client(new, &caller).await.unwrap();
    (agent, "photos")
}

async fn post(world: &World, agent: &Agent, path: &str, body: &Value) -> Response {
    let url = format!("{ROOT}/gnap/{path}");
    agent
        .send(world, (Method::POST, &url), Some(body), None)
        .await
}

pub(crate) async fn introspect(
    world: &World,
    agent: &Agent,
    server: &Value,
    token: &Value,
) -> Value {
    let body = json!({ "access_token": token, "resource_server": server });
    post(world, agent, "introspect", &body).await.ok()
}

#[tokio::test]
async fn rfc9767_3_1_the_endpoints_are_told() {
    let world = World::new().await;
    let url = format!("{ROOT}/.well-known/gnap-as-rs");
    let told = world.send(&world.faces, Sent::get(&url)).await.ok();
    assert_eq!(told["grant_request_endpoint"], format!("{ROOT}/gnap"));
    assert_eq!(
        told["introspection_endpoint"],
        format!("{ROOT}/gnap/introspect")
    );
    assert_eq!(
        told["resource_registration_endpoint"],
        format!("{ROOT}/gnap/resource")
    );
}

#[tokio::test]
async fn rfc9767_3_3_a_registered_resource_server_is_told_of_every_token() {
    let world = World::new().await;
    let (server, name) = registered(&world).await;
    let client = Agent::new();
    let (asked, told) = client.granted(&world, &client.request()).await;
    let token = &told["access_token"];
    let active = introspect(&world, &server, &json!(name), &token["value"]).await;
    assert_eq!(active["active"], true);
    assert_eq!(active["access"], json!(["dolphin-metadata"]));
    assert_eq!(active["key"], client.key());
    assert_eq!(active["iss"], format!("{ROOT}/gnap"));
    assert_eq!(active["sub"], "u-1");
    assert!(active.get("value").is_none());
    let needs = |access: Value| json!({ "access_token": token["value"], "resource_server": name, "access": access });
    let other = json!({ "access_token": token["value"], "resource_server": name, "proof": "mtls" });
    for (body, want) in [
        (needs(json!(["dolphin-metadata"])), true),
        (needs(json!(["whale-metadata"])), false),
        (needs(json!(["dolphin-metadata", "whale-metadata"])), false),
        (other, false),
    ] {
        let told = post(&world, &server, "introspect", &body).await.ok();
        assert_eq!(told["active"], want, "{body}");
        assert!(
            want || told == json!({ "active": false }),
            "nothing else is told"
        );
    }
    for secret in [
        &told["continue"]["access_token"]["value"],
        &token["manage"]["access_token"]["value"],
        &json!("x"),
    ] {
        let told = introspect(&world, &server, &json!(name), secret).await;
        assert_eq!(told, json!({ "active": false }));
    }
    client.cancel(&world, &asked).await;
    let told = introspect(&world, &server, &json!(name), &token["value"]).await;
    assert_eq!(told, json!({ "active": false }));
}

#[tokio::test]
async fn rfc9767_3_3_a_stranger_learns_nothing() {
    let world = World::new().await;
    let (_, name) = registered(&world).await;
    let (client, stranger) = (Agent::new(), Agent::new());
    let (_, told) = client.granted(&world, &client.request()).await;
    let token = &told["access_token"]["value"];
    let by_key = json!({ "key": stranger.key() });
    let told = introspect(&world, &stranger, &by_key, token).await;
    assert_eq!(told, json!({ "active": false }));
    let body = json!({ "access_token": token, "resource_server": name });
    let told = post(&world, &stranger, "introspect", &body).await;
    assert_eq!(told.code(), (400, "invalid_resource_server".to_owned()));
    let unsigned = Sent::new(Method::POST, &format!("{ROOT}/gnap/introspect")).json(&body);
    let told = world.send(&world.faces, unsigned).await;
    assert_eq!(told.code(), (400, "invalid_resource_server".to_owned()));
}

#[tokio::test]
async fn rfc9767_3_4_named_rights_are_asked_for_by_name_and_told_to_their_server() {
    let world = World::new().await;
    let (server, client) = (Agent::new(), Agent::new());
    let right = json!({ "type": "photo-api", "actions": ["read", "write"] });
    let by_key = json!({ "key": server.key() });
    let body = json!({ "access": [right], "resource_server": by_key });
    let named = post(&world, &server, "resource", &body).await.ok();
    let again = post(&world, &server, "resource", &body).await.ok();
    assert_eq!(named["resource_reference"], again["resource_reference"]);
    let asked = json!([named["resource_reference"], "dolphin-metadata"]);
    let asked = with(client.request(), "/access_token/access", asked);
    let (_, told) = client.granted(&world, &asked).await;
    let access = told["access_token"]["access"].as_array().unwrap();
    assert!(
        access.contains(&right),
        "the person saw what it stands for: {access:?}"
    );
    let told = introspect(&world, &server, &by_key, &told["access_token"]["value"]).await;
    assert_eq!(told["access"], json!([right]), "only what is its own");
    let jwt = json!({
        "access": [right], "resource_server": by_key, "token_formats_supported": ["jwt-signed"],
    });
    let told = post(&world, &server, "resource", &jwt).await;
    assert_eq!(told.code(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn rfc9767_3_5_only_so_many_sets_of_rights_are_named() {
    const SETS: usize = 100;
    let world = World::new().await;
    let server = Agent::new();
    let name = async |number: usize| {
        let right = json!({ "type": "photo-api", "locations": [format!("album-{number}")] });
        let body = json!({ "access": [right], "resource_server": { "key": server.key() } });
        post(&world, &server, "resource", &body).await
    };
    for number in 0..SETS {
        name(number).await.ok();
    }
    let told = name(SETS).await;
    assert_eq!(told.code(), (400, "invalid_access".to_owned()));
    name(0).await.ok();
}

#[tokio::test]
async fn rfc9767_4_a_derived_token_is_within_the_first_and_ends_with_it() {
    let world = World::new().await;
    let (server, name) = registered(&world).await;
    let client = Agent::new();
    let (asked, told) = client.granted(&world, &client.request()).await;
    let token = text(&told["access_token"]["value"]);
    let derive = |access: Value, token: &str| {
        json!({
            "access_token": { "access": access }, "client": name, "existing_access_token": token,
        })
    };
    world.wait(100);
    let told = server
        .ask(&world, &derive(json!(["dolphin-metadata"]), token))
        .await
        .ok();
    let derived = &told["access_token"];
    assert_eq!(derived["expires_in"], 600 - 100);
    let active = introspect(&world, &server, &json!(name), &derived["value"]).await;
    assert_eq!(active["active"], true);
    let told = server
        .ask(&world, &derive(json!(["whale-metadata"]), token))
        .await;
    assert_eq!(told.code(), (403, "request_denied".to_owned()));
    let told = server
        .ask(&world, &derive(json!(["dolphin-metadata"]), "x"))
        .await;
    assert_eq!(told.code(), (400, "invalid_request".to_owned()));
    client.cancel(&world, &asked).await;
    let told = introspect(&world, &server, &json!(name), &derived["value"]).await;
    assert_eq!(
        told,
        json!({ "active": false }),
        "it ends with the agreement"
    );
}

/// The name that a resource server which is known by its key alone gives to rights.
async fn names(world: &World, server: &Agent, access: &Value) -> Value {
    let body = json!({ "access": access, "resource_server": { "key": server.key() } });
    let told = post(world, server, "resource", &body).await.ok();
    told["resource_reference"].clone()
}

fn photos() -> Value {
    json!({ "type": "photo-api", "actions": ["read", "write"] })
}

/// A token that a resource server asks for with one it was shown.
fn derivation(client: &Value, access: &Value, token: &Value) -> Value {
    json!({
        "access_token": { "access": access }, "client": client, "existing_access_token": token,
    })
}

fn inactive() -> Value {
    json!({ "active": false })
}

/// Anybody may name rights, so that the rights are alike says nothing of whom a token is for.
#[tokio::test]
async fn c8_whoever_names_the_same_rights_learns_nothing_of_tokens_for_another() {
    let world = World::new().await;
    let (server, stranger, client) = (Agent::new(), Agent::new(), Agent::new());
    let access = json!([photos()]);
    let name = names(&world, &server, &access).await;
    let alike = names(&world, &stranger, &access).await;
    assert_ne!(name, alike);
    let (own, other) = (
        json!({ "key": server.key() }),
        json!({ "key": stranger.key() }),
    );
    let asked = with(client.request(), "/access_token/access", json!([name]));
    let (_, told) = client.granted(&world, &asked).await;
    let token = &told["access_token"];
    for renewed in [false, true] {
        let token = if renewed {
            let told = client.manage(&world, Method::POST, token, None).await.ok();
            told["access_token"].clone()
        } else {
            token.clone()
        };
        let value = &token["value"];
        let told = introspect(&world, &server, &own, value).await;
        assert_eq!(
            (&told["active"], &told["access"]),
            (&json!(true), &access),
            "renewed: {renewed}"
        );
        let told = introspect(&world, &stranger, &other, value).await;
        assert_eq!(told, inactive(), "renewed: {renewed}");
        let body = derivation(&other, &access, value);
        let told = stranger.ask(&world, &body).await;
        assert_eq!(told.code(), (400, "invalid_request".to_owned()));
        let body = derivation(&own, &access, value);
        let told = server.ask(&world, &body).await.ok();
        assert_eq!(told["access_token"]["access"], access);
    }
}

#[tokio::test]
async fn rfc9767_3_4_rights_that_no_name_was_used_for_are_no_key_s_to_see() {
    let world = World::new().await;
    let (server, client) = (Agent::new(), Agent::new());
    let access = json!([photos()]);
    let name = names(&world, &server, &access).await;
    let own = json!({ "key": server.key() });
    let asked = with(client.request(), "/access_token/access", access.clone());
    let (asked, told) = client.granted(&world, &asked).await;
    let value = &told["access_token"]["value"];
    let told = introspect(&world, &server, &own, value).await;
    assert_eq!(told, inactive());
    let body = derivation(&own, &access, value);
    let told = server.ask(&world, &body).await;
    assert_eq!(told.code(), (400, "invalid_request".to_owned()));
    // The client may say later whom it means: what it has already, by name.
    let change = json!({ "access_token": { "access": [name] } });
    let told = client.change(&world, &asked, &change).await.ok();
    let value = &told["access_token"]["value"];
    let told = introspect(&world, &server, &own, value).await;
    assert_eq!(told["access"], access);
}

#[tokio::test]
async fn rfc9767_3_4_a_name_means_its_rights_in_questions_and_in_derivations() {
    let world = World::new().await;
    let (photo_server, photo_name) = registered(&world).await;
    let (server, client) = (Agent::new(), Agent::new());
    let access = json!([photos()]);
    let name = names(&world, &server, &access).await;
    let less = json!([{ "type": "photo-api", "actions": ["read"] }]);
    let (name_of_less, name_of_more) = (
        names(&world, &server, &less).await,
        names(&world, &server, &json!([photos(), "whale-metadata"])).await,
    );
    let asked = with(client.request(), "/access_token/access", json!([name]));
    let (_, told) = client.granted(&world, &asked).await;
    let value = &told["access_token"]["value"];
    for (agent, who) in [
        (&photo_server, json!(photo_name)),
        (&server, json!({ "key": server.key() })),
    ] {
        for (wanted, want) in [
            (&name, Some(&access)),
            (&name_of_less, Some(&less)),
            (&name_of_more, None),
            (&json!("AAAAAAAAAAAAAAAAAAAAAA.x"), None),
        ] {
            let body = json!({
                "access_token": value, "resource_server": who, "access": [wanted],
            });
            let told = post(&world, agent, "introspect", &body).await.ok();
            let derived = agent
                .ask(&world, &derivation(&who, &json!([wanted]), value))
                .await;
            let Some(want) = want else {
                assert_eq!(told, inactive(), "{who} {wanted}");
                let refused = (403, "request_denied".to_owned());
                assert_eq!(derived.code(), refused, "{who} {wanted}");
                continue;
            };
            assert_eq!(&told["access"], want, "{who} {wanted}");
            let derived = derived.ok();
            assert_eq!(&derived["access_token"]["access"], want, "{who} {wanted}");
        }
    }
}

#[tokio::test]
async fn rfc9767_4_what_needed_a_key_is_never_derived_as_what_needs_none() {
    let world = World::new().await;
    let (server, name) = registered(&world).await;
    let client = Agent::new();
    let access = json!(["dolphin-metadata"]);
    let derive = |token: &Value, flags: Value| {
        let body = derivation(&json!(name), &access, token);
        with(body, "/access_token/flags", flags)
    };
    let (_, bound) = client.granted(&world, &client.request()).await;
    let bound = &bound["access_token"]["value"];
    let told = server.ask(&world, &derive(bound, json!(["bearer"]))).await;
    assert_eq!(told.code(), (403, "request_denied".to_owned()));
    let several = with(
        derivation(&json!(name), &access, bound),
        "/access_token",
        json!([
            { "label": "a", "access": access },
            { "label": "b", "access": access, "flags": ["bearer"] },
        ]),
    );
    let told = server.ask(&world, &several).await;
    assert_eq!(told.code(), (403, "request_denied".to_owned()));
    let asked = with(client.request(), "/access_token/flags", json!(["bearer"]));
    let (_, bearer) = client.granted(&world, &asked).await;
    let bearer = &bearer["access_token"]["value"];
    for (token, flags) in [
        (bound, Value::Null),
        (bearer, Value::Null),
        (bearer, json!(["bearer"])),
    ] {
        let told = server.ask(&world, &derive(token, flags.clone())).await.ok();
        let token = &told["access_token"];
        assert_eq!(token.get("flags"), Some(&flags).filter(|f| !f.is_null()));
    }
}

#[tokio::test]
async fn c10_a_question_by_an_unknown_key_leaves_nothing_behind() {
    let world = World::new().await;
    let (client, stranger) = (Agent::new(), Agent::new());
    let (_, told) = client.granted(&world, &client.request()).await;
    let value = &told["access_token"]["value"];
    let events = world.events().await;
    let by_key = json!({ "key": stranger.key() });
    let told = introspect(&world, &stranger, &by_key, value).await;
    assert_eq!(told, inactive());
    assert_eq!(world.events().await, events, "nothing is written");
    // Its key has to have signed all the same.
    let other = Agent::new();
    let body = json!({ "access_token": value, "resource_server": by_key });
    let told = post(&world, &other, "introspect", &body).await;
    assert_eq!(told.code(), (400, "invalid_resource_server".to_owned()));
    // One that is known spends its proof.
    names(&world, &stranger, &json!([photos()])).await;
    let events = world.events().await;
    introspect(&world, &stranger, &by_key, value).await;
    assert_eq!(world.events().await, events + 1);
}
