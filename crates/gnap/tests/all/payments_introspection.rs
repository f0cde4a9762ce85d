//! `POST /` on the listener of resource servers.
//!
//! Spec: Open Payments 1.3; RFC 9767 §3.3

use http::Method;
use serde_json::{Value, json};

use crate::{
    payer::{Payer, decide, details, finish, incoming, introspect, outgoing, request},
    payments_interaction::{Before, stage},
    world::{BLUE, IDP_SECRET, INTERVAL_S, OPERATOR, PAY, Sent, World, text},
};

#[tokio::test]
async fn an_active_token_says_who_holds_it_and_what_fits() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let quote = json!({ "type": "quote", "actions": ["create", "read-all"] });
    let body = request(&payer, &[incoming(&payer.wallet), quote.clone()]);
    let token = payer.ask(&world, BLUE, &body).await.ok()["access_token"].clone();
    let needs = json!([{ "type": "quote", "actions": ["read"] }]);
    let told = introspect(
        &world,
        &json!({ "access_token": token["value"], "access": needs }),
    )
    .await;
    let mut members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "access", "active", "client", "exp", "grant", "iat", "iss", "key"
        ]
    );
    assert_eq!(told["active"], true);
    assert_eq!(told["access"], json!([quote]));
    assert_eq!(told["client"], json!({ "walletAddress": payer.wallet }));
    assert_eq!(told["iss"], format!("{PAY}/{BLUE}"));
    assert_eq!(
        told["key"],
        json!({ "proof": "httpsig", "jwk": payer.jwk() })
    );
    assert_eq!(told["exp"], world.now_s() + 600);
    assert_eq!(text(&told["grant"]).len(), 36);
}

#[tokio::test]
async fn only_what_was_asked_about_and_fits_is_told() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let wallet = "https://wallet.example/alice";
    let held = [incoming(wallet), outgoing(wallet)];
    let (_, told) = payer.paid(&world, &request(&payer, &held)).await;
    let value = &told["access_token"]["value"];
    let need = |kind: &str, actions: &[&str]| json!({ "type": kind, "actions": actions });
    let of = |kind: &str, wallet: &str| json!({ "type": kind, "actions": ["read"], "identifier": wallet });
    let limits = json!({ "debitAmount": { "value": "500", "assetCode": "EUR", "assetScale": 2 } });
    let limited = |limits: &Value| json!({ "type": "outgoing-payment", "actions": ["create"], "identifier": wallet, "limits": limits });
    let rows = [
        ("nothing", json!([]), json!([])),
        (
            "one",
            json!([need("incoming-payment", &["create"])]),
            json!([held[0]]),
        ),
        (
            "another",
            json!([need("outgoing-payment", &["read", "create"])]),
            json!([held[1]]),
        ),
        (
            "both",
            json!([
                of("incoming-payment", wallet),
                of("outgoing-payment", wallet)
            ]),
            json!([held[0], held[1]]),
        ),
        (
            "an action it has not",
            json!([need("incoming-payment", &["list"])]),
            json!([]),
        ),
        (
            "more than it has",
            json!([need("incoming-payment", &["read-all"])]),
            json!([]),
        ),
        ("another type", json!([need("quote", &["read"])]), json!([])),
        (
            "another wallet",
            json!([of("incoming-payment", "https://wallet.example/bob")]),
            json!([]),
        ),
        ("its limits", json!([limited(&limits)]), json!([held[1]])),
        ("other limits", json!([limited(&json!({}))]), json!([])),
    ];
    for (name, needs, want) in rows {
        let told = introspect(&world, &json!({ "access_token": value, "access": needs })).await;
        assert_eq!(told["active"], true, "{name}");
        assert_eq!(told["access"], want, "{name}");
    }
    let told = introspect(&world, &json!({ "access_token": value })).await;
    assert_eq!(told["access"], json!([]), "not asked about");
}

#[tokio::test]
async fn the_grant_is_the_same_after_a_rotation() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let (_, told) = payer
        .paid(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let first = introspect(
        &world,
        &json!({ "access_token": told["access_token"]["value"] }),
    )
    .await;
    let rotated = payer
        .manage(&world, Method::POST, &told["access_token"])
        .await
        .ok();
    let second = introspect(
        &world,
        &json!({ "access_token": rotated["access_token"]["value"] }),
    )
    .await;
    assert_eq!(first["grant"], second["grant"]);
    let (_, other) = payer
        .paid(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let other = introspect(
        &world,
        &json!({ "access_token": other["access_token"]["value"] }),
    )
    .await;
    assert_ne!(first["grant"], other["grant"]);
}

/// Providers, resource servers and operators speak of one thing, so they have one name for it.
#[tokio::test]
async fn the_grant_is_what_the_provider_was_told_it_is() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let stage = stage(&world, &payer, &body, Before::Started).await;
    let told = details(&world, &stage.begun, Some(IDP_SECRET)).await.ok();
    decide(&world, &stage.begun, "accept").await;
    let (_, carried) = finish(&world, &stage.begun, &stage.cookie)
        .await
        .redirected();
    world.wait(INTERVAL_S);
    let reference = Some(carried["interact_ref"].as_str());
    let given = payer.come_back(&world, &stage.begun, reference).await.ok();
    let question = json!({ "access_token": given["access_token"]["value"] });
    let active = introspect(&world, &question).await;
    assert_eq!(active["grant"], told["grantId"]);
    // And what is given without a person is named like its request.
    let body = request(&payer, &[incoming(&payer.wallet)]);
    let given = payer.ask(&world, BLUE, &body).await.ok();
    let question = json!({ "access_token": given["access_token"]["value"] });
    let active = introspect(&world, &question).await;
    let name = text(&given["continue"]["uri"]).rsplit('.').next().unwrap();
    let bytes = data_encoding::BASE64URL_NOPAD.decode(name.as_bytes());
    let hex = data_encoding::HEXLOWER.encode(&bytes.unwrap());
    assert_eq!(text(&active["grant"]).replace('-', ""), hex);
}

#[tokio::test]
async fn a_bare_key_is_told_as_such() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = json!({
        "access_token": { "access": [incoming(&payer.wallet)] }, "client": { "jwk": payer.jwk() },
    });
    let told = payer.ask(&world, BLUE, &body).await.ok();
    let told = introspect(
        &world,
        &json!({ "access_token": told["access_token"]["value"] }),
    )
    .await;
    assert_eq!(told["client"], json!({ "jwk": payer.jwk() }));
}

#[tokio::test]
async fn what_is_no_token_of_this_profile_is_not_active() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let (begun, told) = payer
        .paid(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let value = text(&told["access_token"]["value"]).to_owned();
    let (tenant, secret) = value.split_once('.').unwrap();
    let operator = payer
        .ask(
            &world,
            OPERATOR,
            &request(&payer, &[incoming(&payer.wallet)]),
        )
        .await
        .ok();
    let operator = text(&operator["access_token"]["value"]).to_owned();
    let (operator_tenant, operator_secret) = operator.split_once('.').unwrap();
    let rows = [
        ("nonsense", "x".to_owned()),
        ("spaces", "two words".to_owned()),
        ("without its tenant", secret.to_owned()),
        ("at another tenant", format!("{operator_tenant}.{secret}")),
        (
            "another's at this tenant",
            format!("{tenant}.{operator_secret}"),
        ),
        ("at no tenant", format!("AAAAAAAAAAAAAAAAAAAAAQ.{secret}")),
        ("changed", format!("{value}A")),
        ("the continuation token", begun.continue_token.clone()),
        (
            "the same of its tenant",
            format!("{tenant}.{}", begun.continue_token),
        ),
    ];
    for (name, text) in rows {
        let told = introspect(&world, &json!({ "access_token": text })).await;
        assert_eq!(told, json!({ "active": false }), "{name}");
    }
    world.wait(601);
    let told = introspect(&world, &json!({ "access_token": value })).await;
    assert_eq!(told, json!({ "active": false }), "expired");
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused() {
    let world = World::new().await;
    let rows = [
        ("no token", json!({}), 400),
        ("token is a number", json!({ "access_token": 7 }), 400),
        (
            "access is text",
            json!({ "access_token": "x", "access": "y" }),
            400,
        ),
        (
            "another type",
            json!({ "access_token": "x", "access": [{ "type": "photo", "actions": ["read"] }] }),
            400,
        ),
    ];
    for (name, body, want) in rows {
        let sent = Sent::new(Method::POST, "http://127.0.0.1:3007/").json(&body);
        let told = world.send(&world.introspection, sent).await;
        assert_eq!(told.code(), (want, String::new()), "{name}");
    }
    let mut sent = Sent::new(Method::POST, "http://127.0.0.1:3007/");
    sent.body = b"access_token=x".to_vec();
    let sent = sent.with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(&world.introspection, sent).await.code().0, 415);
}
