//! `POST|DELETE /continue/{id}`: polling, the reference, the end.
//!
//! Spec: Open Payments 1.3 (`post-continue`); RFC 9635 §5

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    payer::{Begun, Payer, decide, finish, incoming, outgoing, request, start, with},
    payments_interaction::{Before, stage},
    world::{BLUE, INTERVAL_S, Sent, World, text},
};

fn polled(payer: &Payer) -> Value {
    let body = request(payer, &[outgoing(&payer.wallet)]);
    with(body, "/interact/finish", Value::Null)
}

fn finished(payer: &Payer) -> Value {
    request(payer, &[outgoing(&payer.wallet)])
}

#[tokio::test]
async fn a_poll_is_told_where_the_request_stands() {
    let denied = (401, "request_denied");
    let gone = (401, "invalid_continuation");
    let rows = [
        (Before::Opened, None),
        (Before::Started, None),
        (Before::Rejected, Some(denied)),
        (Before::Collected, Some(denied)),
        (Before::Cancelled, Some(gone)),
        (Before::Revoked, Some(gone)),
        (Before::Expired, Some(denied)),
    ];
    for (before, want) in rows {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        let stage = stage(&world, &payer, &polled(&payer), before).await;
        world.wait(60);
        let told = payer.come_back(&world, &stage.begun, None).await;
        if let Some((status, code)) = want {
            assert_eq!(told.code(), (status, code.to_owned()), "{before:?}");
            continue;
        }
        let told = told.ok();
        let members: Vec<_> = told.as_object().unwrap().keys().collect();
        assert_eq!(members, ["continue"], "{before:?}");
        let back = &told["continue"];
        assert_eq!(back["wait"], 5, "{before:?}");
        assert_eq!(back["uri"], stage.begun.continue_uri.as_str(), "{before:?}");
        let token = text(&back["access_token"]["value"]);
        assert_eq!(token, stage.begun.continue_token, "it stays: {before:?}");
    }
}

#[tokio::test]
async fn a_poll_after_the_decision_gets_the_token_without_the_browser() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let subject = json!({ "sub_ids": [{ "id": "https://wallet.example/alice", "format": "uri" }] });
    let body = with(polled(&payer), "/subject", subject.clone());
    let stage = stage(&world, &payer, &body, Before::Accepted).await;
    world.wait(INTERVAL_S);
    let told = payer.come_back(&world, &stage.begun, None).await.ok();
    let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["access_token", "continue", "subject"]);
    assert_eq!(
        told["access_token"]["access"],
        body["access_token"]["access"]
    );
    assert_eq!(told["subject"], subject);
    assert!(told["continue"].get("wait").is_none());
}

#[tokio::test]
async fn a_subject_alone_gives_no_token() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let subject = json!({ "sub_ids": [{ "id": "https://wallet.example/alice", "format": "uri" }] });
    let body = json!({
        "client": payer.wallet, "subject": subject, "interact": { "start": ["redirect"] },
    });
    let stage = stage(&world, &payer, &body, Before::Accepted).await;
    world.wait(INTERVAL_S);
    let told = payer.come_back(&world, &stage.begun, None).await.ok();
    let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["continue", "subject"]);
    assert_eq!(told["subject"], subject);
}

#[tokio::test]
async fn the_wait_counts_from_the_last_answer() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    let fast = (
        400,
        "too_fast".to_owned(),
        "polled grant faster than \"wait\" period".to_owned(),
    );
    assert_eq!(payer.come_back(&world, &begun, None).await.error(), fast);
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    world.wait(INTERVAL_S - 1);
    let early = payer.come_back(&world, &begun, None).await;
    assert_eq!(early.error(), fast);
    assert!(!early.header("retry-after").is_empty());
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    for _ in 0..3 {
        world.wait(INTERVAL_S);
        payer.come_back(&world, &begun, None).await.ok();
    }
}

#[tokio::test]
async fn a_reference_opens_what_was_approved_once() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let stage = stage(&world, &payer, &finished(&payer), Before::Accepted).await;
    let (_, carried) = finish(&world, &stage.begun, &stage.cookie)
        .await
        .redirected();
    let reference = &carried["interact_ref"];
    let early = payer.come_back(&world, &stage.begun, Some(reference)).await;
    let fast = "continued grant faster than \"wait\" period";
    assert_eq!(early.error(), (400, "too_fast".to_owned(), fast.to_owned()));
    world.wait(60);
    let told = payer
        .come_back(&world, &stage.begun, Some(reference))
        .await
        .ok();
    let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["access_token", "continue"]);
    world.wait(60);
    let again = payer.come_back(&world, &stage.begun, Some(reference)).await;
    assert_eq!(again.code(), (401, "request_denied".to_owned()));
}

#[tokio::test]
async fn bodies_that_are_no_continuation_are_refused() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    let missing = (401, "invalid_request".to_owned());
    let schema = (400, String::new());
    let rows = [
        ("another member", json!({ "ref": "x" }), &missing),
        ("empty reference", json!({ "interact_ref": "" }), &missing),
        (
            "reference is a number",
            json!({ "interact_ref": 7 }),
            &schema,
        ),
        ("a list", json!([]), &schema),
    ];
    for (name, body, want) in rows {
        let told = payer.continue_with(&world, &begun, Some(&body)).await;
        assert_eq!(told.code(), *want, "{name}");
    }
    world.wait(INTERVAL_S);
    let poll = payer.continue_with(&world, &begun, Some(&json!({}))).await;
    poll.ok();
}

#[tokio::test]
async fn the_client_has_to_be_the_one_that_asked() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let other = Payer::new(&world, "other");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    let theirs = other.wait_for(&world, &polled(&other)).await;
    world.wait(INTERVAL_S);
    let gone = (401, "invalid_continuation".to_owned());
    let forged = (401, "invalid_client".to_owned());
    let swapped = |uri: &str, token: &str| Begun {
        continue_uri: uri.to_owned(),
        continue_token: token.to_owned(),
        ..begun.clone()
    };
    let with_other_tenant = begun.continue_uri.replace(
        begun
            .continue_uri
            .rsplit('/')
            .next()
            .unwrap()
            .split('.')
            .next()
            .unwrap(),
        "AAAAAAAAAAAAAAAAAAAAAQ",
    );
    let rows = [
        (
            "another's token",
            swapped(&begun.continue_uri, &theirs.continue_token),
            &gone,
        ),
        (
            "another's address",
            swapped(&theirs.continue_uri, &begun.continue_token),
            &gone,
        ),
        ("no token of ours", swapped(&begun.continue_uri, "x"), &gone),
        (
            "another tenant",
            swapped(&with_other_tenant, &begun.continue_token),
            &gone,
        ),
    ];
    for (name, wrong, want) in rows {
        for method in [Method::POST, Method::DELETE] {
            let sent = Sent::new(method.clone(), &wrong.continue_uri);
            let sent = payer.sign(&world, sent, Some(&wrong.continue_token));
            let told = world.send(&world.payments, sent).await;
            assert_eq!(told.code(), *want, "{method} {name}");
        }
    }
    for method in [Method::POST, Method::DELETE] {
        let sent = Sent::new(method.clone(), &begun.continue_uri);
        let by_other = other.sign(&world, sent.clone(), Some(&begun.continue_token));
        assert_eq!(world.send(&world.payments, by_other).await.code(), forged);
        let called = other.called(payer.key.kid());
        let by_other = called.sign(&world, sent.clone(), Some(&begun.continue_token));
        assert_eq!(world.send(&world.payments, by_other).await.code(), forged);
        let unsigned = sent.with("authorization", &format!("GNAP {}", begun.continue_token));
        assert_eq!(world.send(&world.payments, unsigned).await.code(), forged);
        let without_token = payer.sign(&world, Sent::new(method, &begun.continue_uri), None);
        assert_eq!(
            world.send(&world.payments, without_token).await.code(),
            forged
        );
    }
    payer.come_back(&world, &begun, None).await.ok();
}

#[tokio::test]
async fn a_key_its_wallet_withdrew_opens_nothing() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    world.wallets.publish_keys("acme", &[]);
    world.wait(61);
    let told = payer.come_back(&world, &begun, None).await;
    let unknown = "could not determine client".to_owned();
    assert_eq!(told.error(), (400, "invalid_client".to_owned(), unknown));
    world.wallets.publish_keys("acme", &[payer.jwk()]);
    world.wait(61);
    payer.come_back(&world, &begun, None).await.ok();
}

#[tokio::test]
async fn taking_back_ends_the_request_and_what_it_gave() {
    for (before, body) in [
        (Before::Opened, polled as fn(&Payer) -> Value),
        (Before::Started, finished),
        (Before::Accepted, finished),
        (Before::Rejected, finished),
        (Before::Collected, polled),
        (Before::Expired, polled),
    ] {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        let stage = stage(&world, &payer, &body(&payer), before).await;
        let told = payer.cancel(&world, &stage.begun).await;
        assert_eq!(told.status, StatusCode::NO_CONTENT, "{before:?} {told:?}");
        assert!(told.body.is_empty());
        let again = payer.cancel(&world, &stage.begun).await;
        assert_eq!(
            again.code(),
            (401, "invalid_continuation".to_owned()),
            "{before:?}"
        );
    }
}

#[tokio::test]
async fn what_was_given_at_once_can_be_taken_back_too() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[incoming(&payer.wallet)]);
    let told = payer.ask(&world, BLUE, &body).await.ok();
    let begun = Begun {
        continue_uri: text(&told["continue"]["uri"]).to_owned(),
        continue_token: text(&told["continue"]["access_token"]["value"]).to_owned(),
        redirect: String::new(),
        nonce: String::new(),
        id: String::new(),
    };
    // One grant, one token: another poll gives no more of it.
    world.wait(INTERVAL_S);
    let polled = payer.come_back(&world, &begun, None).await;
    assert_eq!(polled.code(), (401, "request_denied".to_owned()));
    assert_eq!(
        payer.cancel(&world, &begun).await.status,
        StatusCode::NO_CONTENT
    );
    let rotated = payer
        .manage(&world, Method::POST, &told["access_token"])
        .await;
    assert_eq!(rotated.code(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn a_denial_reaches_a_poll_at_once() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    start(&world, &begun).await;
    world.wait(INTERVAL_S);
    payer.come_back(&world, &begun, None).await.ok();
    decide(&world, &begun, "reject").await;
    let told = payer.come_back(&world, &begun, None).await;
    let cannot = "grant cannot be continued".to_owned();
    assert_eq!(told.error(), (401, "request_denied".to_owned(), cannot));
}
