//! The flag `durable`: a token that was rotated works until its own end.
//!
//! Spec: RFC 9635 §3.2.1, §6.1, §6.2; RFC 9767 §3.3

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    agent::Agent,
    payer::with,
    rfc9767_exchange::{introspect, registered},
    world::{Shape, World},
};

struct Scene {
    world: World,
    client: Agent,
    server: Agent,
    name: &'static str,
}

impl Scene {
    async fn new() -> Self {
        let shape = Shape {
            durable_tokens: true,
            ..Shape::default()
        };
        let world = World::shaped(shape).await;
        let (server, name) = registered(&world).await;
        let client = Agent::new();
        Self {
            world,
            client,
            server,
            name,
        }
    }

    async fn asked_about(&self, token: &Value) -> Value {
        let name = json!(self.name);
        introspect(&self.world, &self.server, &name, &token["value"]).await
    }

    async fn is_active(&self, token: &Value) -> bool {
        self.asked_about(token).await["active"] == true
    }

    async fn rotated(&self, token: &Value) -> Value {
        let told = self
            .client
            .manage(&self.world, Method::POST, token, None)
            .await
            .ok();
        told["access_token"].clone()
    }
}

#[tokio::test]
async fn rfc9635_6_1_a_durable_token_works_until_its_own_end() {
    let scene = Scene::new().await;
    let (client, world) = (&scene.client, &scene.world);
    let (_, told) = client.granted(world, &client.request()).await;
    let first = &told["access_token"];
    assert_eq!(first["flags"], json!(["durable"]));
    world.wait(100);
    let second = scene.rotated(first).await;
    assert_eq!(second["flags"], json!(["durable"]));
    assert_eq!(second["expires_in"], 600);
    let told = scene.asked_about(first).await;
    assert_eq!(told["flags"], json!(["durable"]));
    assert!(scene.is_active(&second).await);
    // A lost answer is repeated; after that the old right rotates nothing, so that there is no fork.
    assert_eq!(scene.rotated(first).await["value"], second["value"]);
    world.wait(31);
    let forked = client.manage(world, Method::POST, first, None).await;
    assert_eq!(forked.code(), (400, "invalid_rotation".to_owned()));
    assert!(scene.is_active(first).await);
    world.wait(600 - 100 - 31);
    assert!(!scene.is_active(first).await, "its own end");
    assert!(scene.is_active(&second).await);
}

#[tokio::test]
async fn rfc9635_6_2_what_is_durable_is_revoked_like_everything_else() {
    let scene = Scene::new().await;
    let (client, world) = (&scene.client, &scene.world);
    let (asked, told) = client.granted(world, &client.request()).await;
    let first = &told["access_token"];
    let second = scene.rotated(first).await;
    let third = scene.rotated(&second).await;
    // Whoever has lost an old value can end it by itself.
    let gone = client.manage(world, Method::DELETE, &second, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert!(!scene.is_active(&second).await);
    assert!(scene.is_active(first).await && scene.is_active(&third).await);
    client.cancel(world, &asked).await;
    for token in [first, &second, &third] {
        assert!(!scene.is_active(token).await, "the grant ends all");
    }
}

#[tokio::test]
async fn rfc9635_6_1_1_nothing_of_an_old_key_is_durable() {
    let scene = Scene::new().await;
    let (client, world, new) = (&scene.client, &scene.world, Agent::new());
    let (_, told) = client.granted(world, &client.request()).await;
    let first = &told["access_token"];
    let told = client.hand_over(world, first, &new).await.ok();
    let second = &told["access_token"];
    assert_eq!(second["flags"], json!(["durable"]));
    assert!(!scene.is_active(first).await && scene.is_active(second).await);
}

#[tokio::test]
async fn rfc9635_3_2_1_every_token_of_a_grant_tells_its_flags() {
    let scene = Scene::new().await;
    let (client, world) = (&scene.client, &scene.world);
    let several = json!([
        { "label": "one", "access": ["dolphin-metadata"] },
        { "label": "two", "access": ["whale-metadata"], "flags": ["bearer"] },
    ]);
    let body = with(client.request(), "/access_token", several);
    let (asked, told) = client.granted(world, &body).await;
    assert_eq!(told["access_token"][0]["flags"], json!(["durable"]));
    let bearer = &told["access_token"][1];
    assert_eq!(bearer["flags"], json!(["bearer", "durable"]));
    let told = scene.asked_about(bearer).await;
    assert_eq!(told["flags"], json!(["bearer", "durable"]));
    // More tokens of the same grant are like those it began with (RFC 9635 §5.3).
    let again = json!({ "access_token": { "access": ["dolphin-metadata"] } });
    let told = client.change(world, &asked, &again).await.ok();
    assert_eq!(told["access_token"]["flags"], json!(["durable"]));
}
