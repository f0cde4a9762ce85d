//! Tenants: each has its people, its provider and its records, and knows nothing of the others.
//!
//! Spec: Open Payments 1.3; threats E1 and K11

use http::{Method, StatusCode};
use placet_core::{engine::View, store::Store as _};
use placet_web::face::What;
use serde_json::{Value, json};

use crate::{
    agent::{Browser, carried, enter_at},
    payer::{Begun, Payer, decide, incoming, outgoing, request, start, with},
    world::{BARE, BLUE, NOBODY, OPERATOR, PAY, ROOT, Sent, Shape, World, text},
};

#[tokio::test]
async fn an_unknown_tenant_is_told_only_after_schema_and_signature() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let good = request(&payer, &[incoming(&payer.wallet)]);
    let missing = (404, "invalid_request".to_owned(), "Not Found".to_owned());
    for tenant in [
        NOBODY,
        "nobody",
        "00000000-0000-0000-0000-000000000000",
        "tn_x",
    ] {
        let told = payer.ask(&world, tenant, &good).await;
        assert_eq!(told.error(), missing, "{tenant}");
        let told = payer.ask(&world, tenant, &json!({})).await;
        assert_eq!(told.code(), (400, String::new()), "{tenant}");
        let unsigned = Sent::new(Method::POST, &format!("{PAY}/{tenant}")).json(&good);
        let told = world.send(&world.payments, unsigned).await;
        assert_eq!(told.code(), (401, "invalid_client".to_owned()), "{tenant}");
    }
}

#[tokio::test]
async fn a_tenant_without_a_provider_asks_nobody() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let told = payer
        .ask(&world, BARE, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let invalid = (
        400,
        "invalid_request".to_owned(),
        "invalid tenant".to_owned(),
    );
    assert_eq!(told.error(), invalid);
    payer
        .ask(&world, BARE, &request(&payer, &[incoming(&payer.wallet)]))
        .await
        .ok();
}

#[tokio::test]
async fn e1_what_one_tenant_gave_is_unknown_to_another() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer
        .wait_for(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let at_operator = payer
        .ask(
            &world,
            OPERATOR,
            &request(&payer, &[outgoing(&payer.wallet)]),
        )
        .await;
    let at_operator = Begun::of(&at_operator.ok());
    let (blue, name) = begun.id.split_once('.').unwrap();
    let (operator, _) = at_operator.id.split_once('.').unwrap();
    assert_ne!(blue, operator);
    let moved = Begun {
        id: format!("{operator}.{name}"),
        continue_uri: begun.continue_uri.replace(blue, operator),
        ..begun.clone()
    };
    world.wait(5);
    let told = payer.come_back(&world, &moved, None).await;
    assert_eq!(told.code(), (401, "invalid_continuation".to_owned()));
    let url = moved.grant_url();
    let told = world.send(&world.payments, Sent::get(&url)).await;
    assert_eq!(told.code(), (404, "unknown_interaction".to_owned()));
}

#[tokio::test]
async fn the_operator_s_people_are_asked_by_the_built_in_pages_without_a_provider() {
    let world = World::shaped(Shape {
        operator_idp: false,
        ..Shape::default()
    })
    .await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let begun = Begun::of(&payer.ask(&world, OPERATOR, &body).await.ok());
    let told = start(&world, &begun).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{told:?}");
    assert!(
        told.header("location")
            .starts_with(&format!("{ROOT}/interaction/req_"))
    );
    assert!(told.cookie().starts_with("__Host-placet-ask-"));
    // Whoever would decide as a provider finds nothing.
    let choice = Sent::new(Method::POST, &format!("{}/accept", begun.grant_url()));
    let told = world.send(&world.payments, choice).await;
    assert_eq!(told.code(), (404, "unknown_interaction".to_owned()));
    let told = world
        .send(&world.payments, Sent::get(&begun.grant_url()))
        .await;
    assert_eq!(told.code(), (500, "invalid_request".to_owned()));
}

#[tokio::test]
async fn the_built_in_pages_show_the_wallet_and_send_the_browser_to_the_client() {
    let world = World::shaped(Shape {
        operator_idp: false,
        ..Shape::default()
    })
    .await;
    let payer = Payer::new(&world, "acme");
    let wallet = "https://wallet.example/alice";
    let subject = json!({ "sub_ids": [{ "id": wallet, "format": "uri" }] });
    let body = with(
        request(&payer, &[outgoing(wallet)]),
        "/subject",
        subject.clone(),
    );
    let ada = Browser::of(&world, "u-1").await;
    let face = world.root.face(&placet_gnap::FACE).unwrap();
    for yes in [true, false] {
        let told = payer.ask(&world, OPERATOR, &body).await.ok();
        let begun = Begun::of(&told);
        let (id, cookie) = enter_at(&world, &world.payments, &begun.redirect).await;
        let shown = world.root.engine.show(View::Id(id)).await.unwrap();
        let prompt = face.describe(&world.root, &shown);
        let asker = prompt.asker.unwrap();
        assert_eq!(asker.wallet.as_deref(), Some(payer.wallet.as_str()));
        assert!(asker.proven);
        let identity = What::Identity {
            formats: vec![wallet.to_owned()],
        };
        assert!(prompt.asks.iter().any(|line| line.what == identity));
        let next = ada.decide(&world, (id, Some(&cookie)), yes).await;
        let carried = carried(&next);
        if !yes {
            assert_eq!(carried["result"], "grant_rejected");
            continue;
        }
        assert!(carried["hash"].ends_with('='));
        world.wait(5);
        let reference = carried["interact_ref"].as_str();
        let told = payer.come_back(&world, &begun, Some(reference)).await.ok();
        assert_eq!(told["subject"], subject);
    }
}

#[tokio::test]
async fn the_same_paths_stand_below_the_issuer_under_op() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let ask = |access: Value| {
        let sent = Sent::new(Method::POST, &format!("{ROOT}/op/{BLUE}"));
        payer.sign(&world, sent.json(&request(&payer, &[access])), None)
    };
    let told = world
        .send(&world.faces, ask(incoming(&payer.wallet)))
        .await
        .ok();
    assert!(text(&told["access_token"]["manage"]).starts_with(&format!("{ROOT}/op/token/")));
    let told = world
        .send(&world.faces, ask(outgoing(&payer.wallet)))
        .await
        .ok();
    let begun = Begun::of(&told);
    assert!(begun.redirect.starts_with(&format!("{ROOT}/op/interact/")));
    let told = world.send(&world.faces, Sent::get(&begun.redirect)).await;
    assert_eq!(told.status, StatusCode::FOUND);
    world.wait(5);
    let poll = Sent::new(Method::POST, &begun.continue_uri);
    let poll = payer.sign(&world, poll, Some(&begun.continue_token));
    let told = world.send(&world.faces, poll).await;
    assert_eq!(told.code(), (401, "request_denied".to_owned()));
    let told = world
        .send(&world.faces, Sent::get(&format!("{ROOT}/op/discovery")))
        .await;
    assert_eq!(told.ok()["grant_request_endpoint"], "/op/");
}

#[tokio::test]
async fn the_server_says_what_it_can_and_that_it_is_well() {
    let world = World::new().await;
    let told = world
        .send(&world.payments, Sent::get(&format!("{PAY}/discovery")))
        .await;
    let want = json!({
        "grant_request_endpoint": "/",
        "interaction_start_modes_supported": ["redirect"],
        "interaction_finish_modes_supported": ["redirect"],
    });
    assert_eq!(told.ok(), want);
    for (routes, origin) in [
        (&world.payments, PAY),
        (&world.introspection, "http://127.0.0.1:3007"),
    ] {
        let told = world
            .send(routes, Sent::get(&format!("{origin}/healthz")))
            .await;
        assert_eq!(told.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn every_place_of_clients_and_browsers_refuses_another_media_type() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer
        .wait_for(&world, &request(&payer, &[outgoing(&payer.wallet)]))
        .await;
    let rows = [
        Sent::new(Method::POST, &begun.continue_uri),
        Sent::new(Method::DELETE, &begun.continue_uri),
        Sent::new(Method::POST, &format!("{PAY}/token/x")),
        Sent::new(Method::DELETE, &format!("{PAY}/token/x")),
        Sent::get(&begun.redirect),
        Sent::get(&begun.finish_url()),
        Sent::get(&begun.grant_url()),
        Sent::new(Method::POST, &format!("{}/accept", begun.grant_url())),
        Sent::get(&format!("{PAY}/discovery")),
    ];
    for sent in rows {
        let name = format!("{} {}", sent.method, sent.url);
        let told = world
            .send(&world.payments, sent.with("accept", "text/html"))
            .await;
        assert_eq!(told.code(), (406, String::new()), "{name}");
    }
}

#[tokio::test]
async fn every_route_may_be_called_by_pages_of_other_origins() {
    let world = World::new().await;
    let all = world.payments.iter().chain(&world.introspection);
    for route in all {
        assert!(route.cross_origin, "{} {}", route.method, route.path);
    }
    let below = world
        .faces
        .iter()
        .filter(|route| route.path.starts_with("/op/"));
    assert_eq!(below.count(), world.payments.len());
}

#[tokio::test]
async fn a_decision_is_kept_with_the_tenant_that_made_it() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let begun = Begun::of(&payer.ask(&world, OPERATOR, &body).await.ok());
    start(&world, &begun).await;
    decide(&world, &begun, "accept").await;
    let issuer = world.root.engine.issuer_id();
    let events = world.store.events(issuer, None, 100).await.unwrap();
    let kinds: Vec<_> = events
        .iter()
        .map(|event| format!("{:?}", event.kind))
        .collect();
    assert!(kinds.contains(&"RequestShown".to_owned()), "{kinds:?}");
    assert!(kinds.contains(&"RequestApproved".to_owned()), "{kinds:?}");
}
