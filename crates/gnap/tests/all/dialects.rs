//! Both dialects at one issuer: what was given in one is nothing in the other.
//!
//! Spec: RFC 9635 §6, RFC 9767 §3.3, §4; Open Payments 1.3; threats C8, G13

use std::sync::Arc;

use http::Method;
use placet_proof::gnap::ProofMethod;
use serde_json::{Value, json};

use crate::{
    agent::Agent,
    payer::{self, Payer, incoming, request},
    rfc9767_exchange::{introspect, registered},
    world::{OPERATOR, PAY, ROOT, World, text},
};

/// A token of Open Payments of the operator's tenant, which is the issuer itself.
async fn of_payments(world: &World, payer: &Payer) -> Value {
    let body = request(payer, &[incoming(&payer.wallet)]);
    payer.ask(world, OPERATOR, &body).await.ok()["access_token"].clone()
}

/// The two parts of a text that says its tenant.
fn parts(value: &str) -> (&str, &str) {
    value.split_once('.').unwrap()
}

fn last(address: &Value) -> &str {
    text(address).rsplit('/').next().unwrap()
}

#[tokio::test]
async fn g13_a_token_of_open_payments_is_managed_and_known_there_alone() {
    let world = World::new().await;
    let (server, name) = registered(&world).await;
    let payer = Payer::new(&world, "acme");
    let token = of_payments(&world, &payer).await;
    let (_, secret) = parts(text(&token["value"]));
    let (_, hash) = parts(last(&token["manage"]));
    // The same key by the other dialect's signature, which covers what it covers.
    let agent = Agent::holding(Arc::clone(&payer.key), ProofMethod::HTTPSIG);
    let there = json!({ "manage": {
        "uri": format!("{ROOT}/gnap/token/{hash}"), "access_token": { "value": secret },
    } });
    let told = agent.manage(&world, Method::POST, &there, None).await;
    assert_eq!(told.code(), (400, "invalid_rotation".to_owned()));
    let told = agent.manage(&world, Method::DELETE, &there, None).await;
    assert_eq!(told.code(), (400, "invalid_request".to_owned()));
    let told = introspect(&world, &server, &json!(name), &json!(secret)).await;
    assert_eq!(told, json!({ "active": false }));
    let body = json!({
        "access_token": { "access": [incoming(&payer.wallet)] },
        "client": name, "existing_access_token": secret,
    });
    let told = server.ask(&world, &body).await;
    assert_eq!(told.code(), (400, "invalid_request".to_owned()));
    // At home it is all of this.
    let told = payer::introspect(&world, &json!({ "access_token": token["value"] })).await;
    assert_eq!(told["active"], true);
    payer.manage(&world, Method::POST, &token).await.ok();
}

#[tokio::test]
async fn g13_a_token_of_rfc9635_is_managed_and_known_there_alone() {
    let world = World::new().await;
    let (server, name) = registered(&world).await;
    let operator = of_payments(&world, &Payer::new(&world, "acme")).await;
    let (tenant, _) = parts(text(&operator["value"]));
    let agent = Agent::new();
    let (_, told) = agent.granted(&world, &agent.request()).await;
    let token = &told["access_token"];
    let (value, right) = (
        text(&token["value"]),
        text(&token["manage"]["access_token"]["value"]),
    );
    let payer = Payer::holding(Arc::clone(&agent.key), "https://wallet.example/nobody");
    for presented in [right, value] {
        let there = json!({
            "manage": format!("{PAY}/token/{tenant}.{}", last(&token["manage"]["uri"])),
            "value": format!("{tenant}.{presented}"),
        });
        for method in [Method::POST, Method::DELETE] {
            let told = payer.manage(&world, method.clone(), &there).await;
            assert_eq!(told.code(), (401, "invalid_client".to_owned()), "{method}");
        }
    }
    let question = json!({ "access_token": format!("{tenant}.{value}") });
    let told = payer::introspect(&world, &question).await;
    assert_eq!(told, json!({ "active": false }));
    let told = introspect(&world, &server, &json!(name), &token["value"]).await;
    assert_eq!(told["active"], true);
    agent.manage(&world, Method::POST, token, None).await.ok();
}
