//! The threats of group G at this profile, one test each where no table of a place holds it already.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    payer::{
        Begun, Payer, choose, decide, details, finish, incoming, introspect, outgoing, request,
        start, with,
    },
    payments_interaction::{Before, stage},
    world::{BLUE, IDP_SECRET, INTERVAL_S, PAY, Sent, World, text},
};

fn polled(payer: &Payer) -> Value {
    let body = request(payer, &[outgoing(&payer.wallet)]);
    with(body, "/interact/finish", Value::Null)
}

#[tokio::test]
async fn g1_content_has_to_be_covered() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let empty = Sent::new(Method::POST, &format!("{PAY}/{BLUE}"));
    let mut signed = payer.sign(&world, empty, None);
    signed = signed.json(&request(&payer, &[incoming(&payer.wallet)]));
    let told = world.send(&world.payments, signed).await;
    assert_eq!(told.code(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn g1_the_address_that_counts_is_the_configured_one() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[incoming(&payer.wallet)]);
    for origin in [
        "https://as.example",
        "http://pay.example",
        "https://pay.example:8443",
    ] {
        let sent = Sent::new(Method::POST, &format!("{origin}/{BLUE}")).json(&body);
        let sent = payer.sign(&world, sent, None).with("host", "pay.example");
        let told = world.send(&world.payments, sent).await;
        assert_eq!(told.code(), (401, "invalid_client".to_owned()), "{origin}");
    }
}

#[tokio::test]
async fn g2_a_bare_key_continues_what_it_began_and_nobody_else() {
    let world = World::new().await;
    let (payer, other) = (Payer::new(&world, "acme"), Payer::new(&world, "other"));
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    world.wait(INTERVAL_S);
    let told = other.come_back(&world, &begun, None).await;
    assert_eq!(told.code(), (401, "invalid_client".to_owned()));
    payer.come_back(&world, &begun, None).await.ok();
}

#[tokio::test]
async fn g4_references_of_other_grants_open_nothing_and_three_end_it() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let first = stage(&world, &payer, &body, Before::Accepted).await;
    let second = stage(&world, &payer, &body, Before::Accepted).await;
    let reference = |stage: &crate::payments_interaction::Stage| {
        let (begun, cookie) = (stage.begun.clone(), stage.cookie.clone());
        let world = &world;
        async move { finish(world, &begun, &cookie).await.redirected().1["interact_ref"].clone() }
    };
    let (own, foreign) = (reference(&first).await, reference(&second).await);
    assert_ne!(own, foreign);
    let missing = (404, "invalid_continuation".to_owned());
    for round in 0..2 {
        world.wait(60);
        let told = payer.come_back(&world, &first.begun, Some(&foreign)).await;
        assert_eq!(told.code(), missing, "{round}");
    }
    world.wait(60);
    let third = payer.come_back(&world, &first.begun, Some(&foreign)).await;
    assert_eq!(third.status, StatusCode::UNAUTHORIZED, "{third:?}");
    world.wait(60);
    let told = payer.come_back(&world, &first.begun, Some(&own)).await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{told:?}");
    payer
        .come_back(&world, &second.begun, Some(&foreign))
        .await
        .ok();
}

#[tokio::test]
async fn g4_nobody_can_guess_the_reference_before_the_answer() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let begun = payer.wait_for(&world, &body).await;
    world.wait(INTERVAL_S);
    let told = payer.come_back(&world, &begun, Some(&begun.nonce)).await;
    assert_eq!(told.code(), (404, "invalid_continuation".to_owned()));
}

#[tokio::test]
async fn g6_names_in_the_address_are_not_believed() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    let path = begun.redirect.split('?').next().unwrap();
    let query = "clientName=Your+Bank&clientUri=https%3A%2F%2Fbank.example&interactId=x&nonce=y";
    let told = world
        .send(&world.payments, Sent::get(&format!("{path}?{query}")))
        .await;
    let (_, sent) = told.redirected();
    assert_eq!(sent["clientName"], "acme & Co");
    assert_eq!(sent["clientUri"], payer.wallet);
    assert_eq!(
        (&sent["interactId"], &sent["nonce"]),
        (&begun.id, &begun.nonce)
    );
}

#[tokio::test]
async fn g7_only_a_browser_that_began_can_finish() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let first = stage(&world, &payer, &body, Before::Accepted).await;
    let second = stage(&world, &payer, &body, Before::Accepted).await;
    let (name, value) = first.cookie.split_once('=').unwrap();
    let (other_name, other_value) = second.cookie.split_once('=').unwrap();
    assert_ne!(name, other_name);
    let (made, seal) = value.split_once('.').unwrap();
    let rows = [
        ("none", String::new()),
        ("of another interaction", second.cookie.clone()),
        (
            "another's value under this name",
            format!("{name}={other_value}"),
        ),
        (
            "this value under another name",
            format!("{other_name}={value}"),
        ),
        ("another time", format!("{name}={made}1.{seal}")),
        (
            "another seal",
            format!("{name}={made}.{}", seal.to_uppercase()),
        ),
        ("no seal", format!("{name}={made}.")),
        ("twice", format!("{0}; {0}", first.cookie)),
        ("the nonce", format!("{name}={}", first.begun.nonce)),
    ];
    for (what, cookie) in rows {
        let told = finish(&world, &first.begun, &cookie).await;
        let want = (
            401,
            "invalid_request".to_owned(),
            "invalid session".to_owned(),
        );
        assert_eq!(told.error(), want, "{what}");
        assert_eq!(told.header("location"), "", "{what}");
    }
    // Two tabs of one browser do not disturb each other.
    let both = format!("{}; {}", first.cookie, second.cookie);
    for begun in [&first.begun, &second.begun] {
        finish(&world, begun, &both).await.redirected();
    }
}

#[tokio::test]
async fn g9_a_secret_of_any_length_that_is_not_it_is_401() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    start(&world, &begun).await;
    let read = (
        401,
        "invalid_request".to_owned(),
        "invalid x-idp-secret".to_owned(),
    );
    let decision = (
        401,
        "invalid_interaction".to_owned(),
        "invalid x-idp-secret".to_owned(),
    );
    let mut wrong: Vec<Option<String>> = (0..=128).map(|length| Some("x".repeat(length))).collect();
    wrong.push(None);
    wrong.push(Some(IDP_SECRET.to_uppercase()));
    wrong.push(Some(format!("{IDP_SECRET}x")));
    for secret in wrong {
        let secret = secret.as_deref();
        assert_eq!(
            details(&world, &begun, secret).await.error(),
            read,
            "{secret:?}"
        );
        let told = choose(&world, &begun, "accept", secret).await;
        assert_eq!(told.error(), decision, "{secret:?}");
    }
    let twice = Sent::get(&begun.grant_url())
        .with("x-idp-secret", IDP_SECRET)
        .with("x-idp-secret", IDP_SECRET);
    assert_eq!(world.send(&world.payments, twice).await.error(), read);
    for secret in [IDP_SECRET, "the secret before"] {
        assert_eq!(
            details(&world, &begun, Some(secret)).await.ok()["state"],
            "PENDING"
        );
    }
}

#[tokio::test]
async fn g11_a_poll_where_a_reference_is_due_tells_nothing() {
    for before in [
        Before::Opened,
        Before::Started,
        Before::Accepted,
        Before::Rejected,
    ] {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        let body = request(&payer, &[outgoing(&payer.wallet)]);
        let stage = stage(&world, &payer, &body, before).await;
        world.wait(INTERVAL_S);
        let told = payer.come_back(&world, &stage.begun, None).await;
        let cannot = "grant cannot be polled".to_owned();
        assert_eq!(
            told.error(),
            (401, "request_denied".to_owned(), cannot),
            "{before:?}"
        );
        if before == Before::Accepted {
            let (_, carried) = finish(&world, &stage.begun, &stage.cookie)
                .await
                .redirected();
            world.wait(INTERVAL_S);
            let reference = Some(carried["interact_ref"].as_str());
            payer.come_back(&world, &stage.begun, reference).await.ok();
        }
    }
}

/// A client that keeps the first `wait`, as those of Open Payments do, comes through though it was early once; one that asks
/// each second is answered ever less often, and in the end no more.
#[tokio::test]
async fn g12_whoever_never_waits_is_answered_less_and_less_until_the_end() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    world.wait(INTERVAL_S - 1);
    let early = payer.come_back(&world, &begun, None).await;
    assert_eq!(early.code(), (400, "too_fast".to_owned()));
    let mut later = 0;
    loop {
        world.wait(INTERVAL_S);
        let told = payer.come_back(&world, &begun, None).await;
        if told.status == StatusCode::OK {
            break;
        }
        assert_eq!(told.code(), (400, "too_fast".to_owned()));
        later += 1;
        assert!(later < 3, "the first pace never comes through again");
    }
    let begun = payer.wait_for(&world, &polled(&payer)).await;
    let (mut answered, mut last) = (0, String::new());
    for _ in 0..600 {
        world.wait(1);
        let told = payer.come_back(&world, &begun, None).await;
        if told.status == StatusCode::OK {
            answered += 1;
        } else {
            last = told.code().1;
            assert!(last == "too_fast" || last == "invalid_continuation");
        }
    }
    assert!((1..15).contains(&answered), "{answered} answers");
    assert_eq!(last, "invalid_continuation", "it is over");
}

#[tokio::test]
async fn g15_a_wallet_speaks_for_itself_alone() {
    let world = World::new().await;
    let (payer, other) = (Payer::new(&world, "acme"), Payer::new(&world, "other"));
    let body = request(&payer, &[outgoing(&payer.wallet)]);
    let told = other.ask(&world, BLUE, &body).await;
    assert_eq!(told.code(), (400, "invalid_client".to_owned()));
    // A bare key is called by one name, which the signature has to use.
    let bare = json!({
        "access_token": { "access": [incoming(&payer.wallet)] }, "client": { "jwk": payer.jwk() },
    });
    let told = payer.called("another").ask(&world, BLUE, &bare).await;
    assert_eq!(told.code(), (401, "invalid_client".to_owned()));
    payer.ask(&world, BLUE, &bare).await.ok();
}

#[tokio::test]
async fn g16_c13_wallets_at_inside_addresses_are_not_asked() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let port = world.wallets.port;
    for wallet in [
        format!("https://127.0.0.1:{port}/acme"),
        format!("http://localhost:{port}/acme"),
        format!("http://[::1]:{port}/acme"),
        "https://10.0.0.1/acme".to_owned(),
        "https://169.254.169.254/acme".to_owned(),
    ] {
        let body = with(
            request(&payer, &[incoming(&payer.wallet)]),
            "/client",
            json!(wallet),
        );
        let told = payer.ask(&world, BLUE, &body).await;
        assert_eq!(told.code(), (400, "invalid_client".to_owned()), "{wallet}");
    }
}

/// Lets all of them go on in turn, and gathers what they come to.
async fn futures<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = all.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context: &mut Context<'_>| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(output) => {
                done.push(output);
                false
            }
            Poll::Pending => true,
        });
        if running.is_empty() {
            Poll::Ready(std::mem::take(&mut done))
        } else {
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn c1_c3_two_decisions_and_two_collections_have_one_winner() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let stage = stage(&world, &payer, &polled(&payer), Before::Started).await;
    let mut decisions = Vec::new();
    for n in 0..16 {
        let choice = if n % 2 == 0 { "accept" } else { "reject" };
        let told = choose(&world, &stage.begun, choice, Some(IDP_SECRET)).await;
        decisions.push(told.status);
    }
    let won = decisions
        .iter()
        .filter(|status| **status == StatusCode::ACCEPTED);
    assert_eq!(won.count(), 1);
    world.wait(INTERVAL_S);
    let racing = (0..16).map(|_| payer.come_back(&world, &stage.begun, None));
    let mut values = Vec::new();
    for told in futures(racing.collect()).await {
        if told.status == StatusCode::OK {
            values.push(text(&told.json()["access_token"]["value"]).to_owned());
        }
    }
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 1, "one token, however often it is told");
    let told = introspect(&world, &json!({ "access_token": values[0] })).await;
    assert_eq!(told["active"], true);
}

#[tokio::test]
async fn c8_ids_are_long_and_their_neighbours_are_nothing() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let mut seen: Vec<Begun> = Vec::new();
    for _ in 0..8 {
        seen.push(payer.wait_for(&world, &polled(&payer)).await);
    }
    for begun in &seen {
        assert!(begun.nonce.len() >= 22, "{}", begun.nonce);
        assert!(begun.continue_token.len() >= 22);
    }
    let mut nonces: Vec<_> = seen.iter().map(|begun| begun.nonce.clone()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), seen.len());
}

#[tokio::test]
async fn a_decision_counts_though_no_browser_comes_back() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    for (choice, want) in [
        ("accept", StatusCode::OK),
        ("reject", StatusCode::UNAUTHORIZED),
    ] {
        let begun = payer.wait_for(&world, &polled(&payer)).await;
        start(&world, &begun).await;
        decide(&world, &begun, choice).await;
        world.wait(INTERVAL_S);
        assert_eq!(
            payer.come_back(&world, &begun, None).await.status,
            want,
            "{choice}"
        );
    }
}
