//! `POST|DELETE /token/{id}`: another value, and the end.
//!
//! Spec: Open Payments 1.3 (`post-token`, `delete-token`); RFC 9635 §6

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    payer::{Payer, incoming, introspect, outgoing, request},
    world::{BLUE, Shape, World, text},
};

async fn token(world: &World, payer: &Payer) -> Value {
    let body = request(payer, &[incoming(&payer.wallet)]);
    payer.ask(world, BLUE, &body).await.ok()["access_token"].clone()
}

async fn is_active(world: &World, token: &Value) -> bool {
    introspect(world, &json!({ "access_token": token["value"] })).await["active"] == true
}

#[tokio::test]
async fn rotation_gives_another_value_at_another_address() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    let told = payer.manage(&world, Method::POST, &first).await.ok();
    let members: Vec<_> = told.as_object().unwrap().keys().collect();
    assert_eq!(members, ["access_token"]);
    let second = &told["access_token"];
    assert_ne!(second["value"], first["value"]);
    assert_ne!(second["manage"], first["manage"]);
    assert_eq!(second["access"], first["access"]);
    assert_eq!(second["expires_in"], 600);
    assert!(!is_active(&world, &first).await && is_active(&world, second).await);
}

#[tokio::test]
async fn no_token_outlives_its_rotation_though_those_of_rfc9635_do() {
    let world = World::shaped(Shape {
        durable_tokens: true,
        ..Shape::default()
    });
    let world = world.await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    assert!(first.get("flags").is_none(), "{first}");
    let told = payer.manage(&world, Method::POST, &first).await.ok();
    assert!(!is_active(&world, &first).await);
    assert!(told["access_token"].get("flags").is_none(), "{told}");
}

#[tokio::test]
async fn an_expired_token_is_renewed_by_rotation() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    world.wait(700);
    assert!(!is_active(&world, &first).await);
    let told = payer.manage(&world, Method::POST, &first).await.ok();
    assert!(is_active(&world, &told["access_token"]).await);
}

#[tokio::test]
async fn a_lost_answer_is_repeated_and_a_second_rotation_is_not() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    let told = payer.manage(&world, Method::POST, &first).await.ok();
    world.wait(2);
    let again = payer.manage(&world, Method::POST, &first).await.ok();
    assert_eq!(
        again["access_token"]["value"],
        told["access_token"]["value"]
    );
    world.wait(60);
    let late = payer.manage(&world, Method::POST, &first).await;
    assert_eq!(late.code(), (404, "invalid_rotation".to_owned()));
    assert!(is_active(&world, &told["access_token"]).await);
}

#[tokio::test]
async fn revocation_is_once_and_for_all() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    let gone = payer.manage(&world, Method::DELETE, &first).await;
    assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0));
    assert!(!is_active(&world, &first).await);
    let missing = (401, "invalid_client".to_owned());
    assert_eq!(
        payer.manage(&world, Method::DELETE, &first).await.code(),
        missing
    );
    let rotated = payer.manage(&world, Method::POST, &first).await;
    assert_eq!(rotated.code(), missing);
}

#[tokio::test]
async fn g13_a_token_is_managed_by_its_client_with_the_token_itself() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let other = Payer::new(&world, "other");
    let first = token(&world, &payer).await;
    let second = token(&world, &payer).await;
    let theirs = token(&world, &other).await;
    let missing = (401, "invalid_client".to_owned());
    let spoilt = |manage: &str, value: &Value| json!({ "manage": manage, "value": value });
    let manage = text(&first["manage"]);
    let (tenant, name) = manage.rsplit_once('.').unwrap();
    let rows = [
        ("its neighbour's value", spoilt(manage, &second["value"])),
        ("another's value", spoilt(manage, &theirs["value"])),
        ("no value of ours", spoilt(manage, &json!("x"))),
        (
            "another's address",
            spoilt(text(&theirs["manage"]), &first["value"]),
        ),
        (
            "no address",
            spoilt(&format!("{tenant}.x"), &first["value"]),
        ),
        (
            "no tenant",
            spoilt(
                &manage.replace(tenant.rsplit('/').next().unwrap(), "AAAAAAAAAAAAAAAAAAAAAQ"),
                &first["value"],
            ),
        ),
        (
            "a name without tenant",
            spoilt(
                &format!("{}/token/{name}", crate::world::PAY),
                &first["value"],
            ),
        ),
    ];
    for method in [Method::POST, Method::DELETE] {
        for (what, spoilt) in &rows {
            let told = payer.manage(&world, method.clone(), spoilt).await;
            assert_eq!(told.code(), missing, "{method} {what}");
        }
        let told = other.manage(&world, method.clone(), &first).await;
        assert_eq!(told.code(), missing, "{method} another key");
        let told = other
            .called(payer.key.kid())
            .manage(&world, method, &first)
            .await;
        assert_eq!(told.code(), missing, "another key of this name");
    }
    assert!(is_active(&world, &first).await);
}

#[tokio::test]
async fn a_withdrawn_key_manages_nothing() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let first = token(&world, &payer).await;
    world.wallets.publish_keys("acme", &[]);
    world.wait(61);
    for method in [Method::POST, Method::DELETE] {
        let told = payer.manage(&world, method, &first).await;
        let unknown = "could not determine client".to_owned();
        assert_eq!(told.error(), (400, "invalid_client".to_owned(), unknown));
    }
}

#[tokio::test]
async fn a_bare_key_manages_what_it_was_given() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = json!({
        "access_token": { "access": [incoming(&payer.wallet)] }, "client": { "jwk": payer.jwk() },
    });
    let first = payer.ask(&world, BLUE, &body).await.ok()["access_token"].clone();
    world.wallets.publish_keys("acme", &[]);
    world.wait(61);
    let told = payer.manage(&world, Method::POST, &first).await.ok();
    let gone = payer
        .manage(&world, Method::DELETE, &told["access_token"])
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_token_a_person_agreed_to_is_managed_alike() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let (begun, told) = payer
        .paid(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let rotated = payer
        .manage(&world, Method::POST, &told["access_token"])
        .await
        .ok();
    assert!(is_active(&world, &rotated["access_token"]).await);
    assert_eq!(
        payer.cancel(&world, &begun).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(!is_active(&world, &rotated["access_token"]).await);
}
