//! The threats of group G at the dialect of RFC 9635, one test each.

use http::{Method, StatusCode};
use placet_core::Refusal;
use placet_proof::{
    Algorithm,
    gnap::{ProofMethod, Stamp},
};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Asked, Browser, RETURN, enter},
    payer::with,
    world::{INTERACTION_S, INTERVAL_S, ROOT, Sent, World, text},
};

fn unsigned(agent: &Agent) -> Sent {
    Sent::new(Method::POST, &format!("{ROOT}/gnap")).json(&agent.request())
}

#[tokio::test]
async fn g1_every_part_of_a_request_has_to_be_signed() {
    let world = World::new().await;
    let agent = Agent::new();
    let signed = agent.sign(&world, unsigned(&agent), None);
    let without = |name: &str| {
        let mut sent = signed.clone();
        sent.headers.retain(|(other, _)| other != name);
        sent
    };
    let mut other_body = signed.clone();
    other_body.body = with(agent.request(), "/access_token/access", json!(["all"]))
        .to_string()
        .into();
    let mut other_place = signed.clone();
    other_place.url = format!("{ROOT}/gnap?x=1");
    let input = signed
        .headers
        .iter()
        .find(|(name, _)| name == "signature-input");
    let input = input.unwrap().1.clone();
    let changed = |from: &str, to: &str| {
        without("signature-input").with("signature-input", &input.replace(from, to))
    };
    let bare = agent.sign(
        &world,
        Sent::new(Method::POST, &format!("{ROOT}/gnap")),
        None,
    );
    let rows = [
        ("no signature", unsigned(&agent)),
        ("no input", without("signature-input")),
        ("no digest", without("content-digest")),
        ("another body", other_body),
        ("another address", other_place),
        ("method not covered", changed("\"@method\" ", "")),
        ("address not covered", changed("\"@target-uri\" ", "")),
        ("digest not covered", changed("\"content-digest\"", "")),
        ("another tag", changed("tag=\"gnap\"", "tag=\"none\"")),
        ("no tag", changed(";tag=\"gnap\"", "")),
        ("a body added afterwards", bare.json(&agent.request())),
    ];
    for (name, sent) in rows {
        let told = world.send(&world.faces, sent).await;
        assert_eq!(told.code(), (401, "invalid_client".to_owned()), "{name}");
    }
    world.send(&world.faces, signed).await.ok();
}

#[tokio::test]
async fn g1_a_request_counts_once_and_only_for_a_minute() {
    let refused = (401, "invalid_client".to_owned());
    for proof in [ProofMethod::HTTPSIG, ProofMethod::Jwsd, ProofMethod::Jws] {
        let world = World::new().await;
        let agent = Agent::proving(Algorithm::EdDsa, proof);
        let signed = agent.sign(&world, unsigned(&agent), None);
        world.send(&world.faces, signed.clone()).await.ok();
        let told = world.send(&world.faces, signed.clone()).await;
        assert_eq!(told.code(), refused, "{proof:?} again");
        world.wait(61);
        let told = world.send(&world.faces, signed).await;
        assert_eq!(told.code(), refused, "{proof:?} old");
        let early = Stamp {
            created: world.now_s() + 61,
            nonce: Some("early"),
        };
        let early = agent.sign_with(&early, unsigned(&agent), None);
        let told = world.send(&world.faces, early).await;
        assert_eq!(told.code(), refused, "{proof:?} early");
    }
}

#[tokio::test]
async fn g1_a_refused_request_is_used_up_too() {
    let world = World::new().await;
    let agent = Agent::new();
    let user = with(agent.request(), "/user", json!("u-9"));
    let sent = Sent::new(Method::POST, &format!("{ROOT}/gnap")).json(&user);
    let signed = agent.sign(&world, sent, None);
    let told = world.send(&world.faces, signed.clone()).await;
    assert_eq!(told.code(), (400, "unknown_user".to_owned()));
    let told = world.send(&world.faces, signed).await;
    assert_eq!(told.code(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn g2_another_key_continues_changes_and_ends_nothing() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let asked = agent.wait_for(&world, &agent.request()).await;
    let more = json!({ "access_token": { "access": ["all"] } });
    let refused = (401, "invalid_client".to_owned());
    assert_eq!(other.come_back(&world, &asked, None).await.code(), refused);
    assert_eq!(other.change(&world, &asked, &more).await.code(), refused);
    assert_eq!(other.cancel(&world, &asked).await.code(), refused);
    let theirs = other.wait_for(&world, &other.request()).await;
    let swapped = Asked {
        token: theirs.token.clone(),
        ..asked.clone()
    };
    let gone = (401, "invalid_continuation".to_owned());
    assert_eq!(agent.come_back(&world, &swapped, None).await.code(), gone);
    assert_eq!(other.come_back(&world, &swapped, None).await.code(), gone);
    let ada = Browser::of(&world, "u-1").await;
    let carried = ada.approve(&world, &asked).await;
    let reference = Some(carried["interact_ref"].as_str());
    agent.come_back(&world, &asked, reference).await.ok();
}

#[tokio::test]
async fn g3_the_old_token_ends_when_the_new_one_is_used() {
    let world = World::new().await;
    let agent = Agent::new();
    let first = agent.wait_for(&world, &agent.polling()).await;
    world.wait(INTERVAL_S);
    let second = Asked::of(&agent.come_back(&world, &first, None).await.ok());
    assert_ne!(first.token, second.token);
    world.wait(INTERVAL_S);
    // A lost answer is repeated.
    let again = Asked::of(&agent.come_back(&world, &first, None).await.ok());
    assert_eq!(again.token, second.token);
    world.wait(INTERVAL_S);
    let third = Asked::of(&agent.come_back(&world, &second, None).await.ok());
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &first, None).await;
    assert_eq!(told.code(), (401, "invalid_continuation".to_owned()));
    agent.come_back(&world, &third, None).await.ok();
}

#[tokio::test]
async fn g4_references_are_their_grant_s_used_once_and_three_wrong_ones_end_it() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let first = agent.wait_for(&world, &agent.request()).await;
    let second = agent.wait_for(&world, &agent.request()).await;
    let own = ada.approve(&world, &first).await["interact_ref"].clone();
    let foreign = ada.approve(&world, &second).await["interact_ref"].clone();
    for round in 0..2 {
        let told = agent.come_back(&world, &first, Some(&foreign)).await;
        assert_eq!(
            told.code(),
            (400, "invalid_interaction".to_owned()),
            "{round}"
        );
    }
    let told = agent.come_back(&world, &first, Some(&foreign)).await;
    assert_eq!(told.code(), (400, "too_many_attempts".to_owned()));
    let told = agent.come_back(&world, &first, Some(&own)).await;
    assert!(told.status.is_client_error(), "{told:?}");
    let told = agent.come_back(&world, &second, Some(&foreign)).await.ok();
    let after = Asked::of(&told);
    for asked in [&second, &after] {
        let told = agent.come_back(&world, asked, Some(&foreign)).await;
        assert!(told.status.is_client_error(), "{told:?}");
        assert!(told.json().get("access_token").is_none());
    }
}

#[tokio::test]
async fn g6_the_page_says_what_the_stored_request_says() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    let redirect = text(&asked.interact["redirect"]).to_owned();
    let told = Asked {
        interact: json!({ "redirect": format!("{redirect}?clientName=Your+Bank") }),
        ..asked.clone()
    };
    let (id, _) = enter(&world, &told).await;
    let engine = &world.root.engine;
    let shown = engine
        .show(placet_core::engine::View::Id(id))
        .await
        .unwrap();
    let prompt = world
        .root
        .face(&shown.request.face)
        .unwrap()
        .describe(&world.root, &shown);
    let who = prompt.asker.unwrap();
    assert_eq!(who.name.as_deref(), Some("My App"));
    assert!(!who.proven);
    assert_eq!(prompt.answer_host.as_deref(), Some("client.example"));
}

#[tokio::test]
async fn g7_only_the_browser_that_decided_carries_the_reference() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let asked = agent.wait_for(&world, &agent.request()).await;
    let (id, own) = enter(&world, &asked).await;
    let (_, other) = enter(&world, &asked).await;
    let next = ada.decide(&world, (id, Some(&own)), true).await;
    assert!(crate::agent::carried(&next).contains_key("interact_ref"));
    let face = world.root.face(&placet_gnap::FACE).unwrap();
    for (cookie, carries) in [(&own, true), (&other, false)] {
        let handover = world.root.engine.resume(id, cookie).await.unwrap();
        let carried = crate::agent::carried(&face.after_answer(&world.root, &handover));
        assert_eq!(carried.contains_key("interact_ref"), carries);
    }
}

#[tokio::test]
async fn g8_a_dead_address_leads_to_a_page_and_never_to_a_client() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    let redirect = text(&asked.interact["redirect"]).to_owned();
    let (path, secret) = redirect.rsplit_once('/').unwrap();
    for url in [
        format!("{path}/x"),
        format!("{path}/{secret}x"),
        format!("{ROOT}/gnap/interact/AAAAAAAAAAAAAAAAAAAAAA/{secret}"),
        format!("{ROOT}/gnap/interact/x/{secret}"),
    ] {
        let told = world.send(&world.faces, Sent::get(&url)).await;
        assert_eq!(told.status, StatusCode::NOT_FOUND, "{url}");
        assert_eq!(told.header("location"), "", "{url}");
    }
    world.wait(INTERACTION_S + 60);
    let told = agent.come_back(&world, &asked, Some("x")).await;
    assert!(told.status.is_client_error(), "{told:?}");
    let told = world.send(&world.faces, Sent::get(&redirect)).await;
    assert!(!told.header("location").starts_with(RETURN), "{told:?}");
}

#[tokio::test]
async fn g11_a_poll_where_a_reference_is_due_tells_nothing() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let pending = agent.wait_for(&world, &agent.request()).await;
    let answered = agent.wait_for(&world, &agent.request()).await;
    let carried = ada.approve(&world, &answered).await;
    world.wait(INTERVAL_S);
    let first = agent.come_back(&world, &pending, None).await;
    let second = agent.come_back(&world, &answered, None).await;
    assert_eq!(first.code(), (403, "request_denied".to_owned()));
    assert_eq!((first.status, first.body), (second.status, second.body));
    let reference = Some(carried["interact_ref"].as_str());
    agent.come_back(&world, &answered, reference).await.ok();
}

#[tokio::test]
async fn rfc9635_3_6_a_client_that_came_too_early_is_told_the_wait_from_here_on() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.polling()).await;
    let told = agent.come_back(&world, &asked, None).await;
    assert_eq!(told.code(), (400, "too_fast".to_owned()));
    let way = told.json()["continue"].clone();
    let wait = way["wait"].as_u64().unwrap();
    assert!(wait > INTERVAL_S, "{wait}");
    assert_eq!(way["uri"], asked.uri.as_str());
    assert_eq!(way["access_token"]["value"], asked.token.as_str());
    assert_eq!(told.header("retry-after"), wait.to_string());
    world.wait(wait);
    let told = agent.come_back(&world, &asked, None).await.ok();
    assert_eq!(told["continue"]["wait"], wait);
}

#[tokio::test]
async fn g12_whoever_never_waits_is_answered_less_and_less_until_the_end() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.polling()).await;
    let (mut codes, mut answered) = (Vec::new(), 0);
    for _ in 0..160 {
        world.wait(4);
        let told = agent.come_back(&world, &asked, None).await;
        if told.status == StatusCode::OK {
            answered += 1;
        } else {
            codes.push(told.code().1);
        }
    }
    assert_eq!(codes[0], "too_fast");
    assert!((1..15).contains(&answered), "{answered} answers");
    assert_eq!(
        codes.last().map(String::as_str),
        Some("invalid_continuation")
    );
}

#[tokio::test]
async fn g13_a_token_is_managed_with_its_own_right_and_key() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let (_, told) = agent.granted(&world, &agent.request()).await;
    let token = &told["access_token"];
    let with_itself = with(
        token.clone(),
        "/manage/access_token/value",
        token["value"].clone(),
    );
    for method in [Method::POST, Method::DELETE] {
        let told = other.manage(&world, method.clone(), token, None).await;
        assert_eq!(told.code(), (401, "invalid_client".to_owned()), "{method}");
        let told = agent
            .manage(&world, method.clone(), &with_itself, None)
            .await;
        assert!(told.status.is_client_error(), "{method} {told:?}");
    }
    let told = agent.manage(&world, Method::POST, token, None).await.ok();
    world.wait(60);
    let again = agent.manage(&world, Method::POST, token, None).await;
    assert_eq!(
        again.code(),
        (400, "invalid_rotation".to_owned()),
        "the old value is done"
    );
    let second = &told["access_token"];
    let gone = agent.manage(&world, Method::DELETE, second, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn g14_limits_are_not_widened_without_the_person() {
    let world = World::new().await;
    let agent = Agent::new();
    let paying = |value: &str| {
        json!([{
            "type": "outgoing-payment", "actions": ["create"], "identifier": "https://w.example/a",
            "limits": {
                "debitAmount": { "value": value, "assetCode": "EUR", "assetScale": 2 },
                "interval": "R12/2026-01-01T00:00:00Z/P1M",
            },
        }])
    };
    let body = with(agent.request(), "/access_token/access", paying("500"));
    let wider = [
        paying("501"),
        with(
            paying("500"),
            "/0/limits/interval",
            json!("R12/2026-01-01T00:00:00Z/P1W"),
        ),
        with(paying("500"), "/0/limits/debitAmount", Value::Null),
        with(paying("500"), "/0/limits", Value::Null),
        with(paying("500"), "/0/identifier", Value::Null),
        with(paying("500"), "/0/actions", json!(["create", "read"])),
    ];
    for access in wider {
        let (asked, _) = agent.granted(&world, &body).await;
        let change = json!({
            "access_token": { "access": access }, "interact": { "start": ["redirect"] },
        });
        let told = agent.change(&world, &asked, &change).await.ok();
        assert!(told.get("access_token").is_none(), "{access}");
        assert!(told["interact"]["redirect"].is_string(), "{access}");
    }
    let (asked, _) = agent.granted(&world, &body).await;
    let change = json!({ "access_token": { "access": paying("500") } });
    let told = agent.change(&world, &asked, &change).await.ok();
    assert!(
        told.get("access_token").is_some(),
        "the same is given at once"
    );
}

#[tokio::test]
async fn g15_a_reference_is_worth_nothing_without_its_key() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let told = agent.ask(&world, &agent.request()).await.ok();
    for name in [
        text(&told["instance_id"]),
        "https://wallet.example/alice",
        "x.y",
    ] {
        let body = with(other.request(), "/client", json!(name));
        let told = other.ask(&world, &body).await;
        assert_eq!(told.code().1, "invalid_client", "{name}");
    }
}

#[tokio::test]
async fn g16_finish_addresses_are_judged_when_they_are_told() {
    let world = World::new().await;
    let agent = Agent::new();
    for (method, uri) in [
        ("redirect", "javascript:alert(1)"),
        ("redirect", "https://user@client.example/cb"),
        ("redirect", "https://client.example/cb#x"),
        ("redirect", "http://client.example/cb"),
        ("push", "file:///etc/passwd"),
        ("push", "app.example:/cb"),
    ] {
        let finish = json!({ "method": method, "uri": uri, "nonce": "n-1" });
        let told = agent
            .ask(&world, &with(agent.request(), "/interact/finish", finish))
            .await;
        assert_eq!(
            told.code(),
            (400, "invalid_request".to_owned()),
            "{method} {uri}"
        );
    }
    // The address is that of the request; a later call cannot name another.
    let asked = agent.wait_for(&world, &agent.request()).await;
    let body = json!({ "interact_ref": "x", "interact": agent.request()["interact"] });
    let place = (Method::POST, asked.uri.as_str());
    let told = agent
        .send(&world, place, Some(&body), Some(&asked.token))
        .await;
    assert!(told.status.is_client_error());
}

#[tokio::test]
async fn g17_codes_are_found_in_any_writing_and_their_page_never_holds_them() {
    let world = World::new().await;
    let agent = Agent::new();
    let body = with(
        agent.polling(),
        "/interact/start",
        json!(["user_code", "user_code_uri"]),
    );
    let asked = agent.wait_for(&world, &body).await;
    let code = text(&asked.interact["user_code"]);
    assert!(!text(&asked.interact["user_code_uri"]["uri"]).contains(code));
    let ada = Browser::of(&world, "u-1").await;
    ada.approve_code(&world, &code.to_lowercase().replace('-', " "))
        .await;
    world.wait(INTERVAL_S);
    agent.come_back(&world, &asked, None).await.ok();
}

#[tokio::test]
async fn c5_whatever_a_client_changes_voids_what_was_shown() {
    let interact = |uri: &str| {
        json!({
            "start": ["redirect"], "finish": { "method": "redirect", "uri": uri, "nonce": "n-2" },
        })
    };
    let changes = [
        ("access", json!({ "access_token": { "access": ["all"] } })),
        (
            "a subject",
            json!({ "subject": { "sub_id_formats": ["email"] } }),
        ),
        (
            "a token of nobody's key",
            json!({ "access_token": { "access": ["dolphin-metadata"], "flags": ["bearer"] } }),
        ),
        (
            "where the answer goes",
            json!({ "interact": interact("https://elsewhere.example/cb") }),
        ),
    ];
    for (name, change) in changes {
        let world = World::new().await;
        let agent = Agent::new();
        let ada = Browser::of(&world, "u-1").await;
        let asked = agent.wait_for(&world, &agent.request()).await;
        let (id, cookie) = enter(&world, &asked).await;
        let seen = ada.sees(&world, id).await;
        let told = agent.change(&world, &asked, &change).await.ok();
        let refused = ada.decide_seen(&world, (id, &cookie), seen).await;
        assert_eq!(refused, Err(Refusal::StaleView), "{name}");
        let seen = ada.sees(&world, id).await;
        ada.decide_seen(&world, (id, &cookie), seen).await.unwrap();
        assert!(told["continue"]["uri"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn h6_more_of_a_grant_is_its_own_person_s_to_give() {
    let world = World::new().await;
    let agent = Agent::new();
    let (asked, _) = agent.granted(&world, &agent.request()).await;
    let more = json!({
        "access_token": { "access": ["whale-metadata"] }, "interact": agent.request()["interact"],
    });
    let asked = Asked::of(&agent.change(&world, &asked, &more).await.ok());
    let (id, cookie) = enter(&world, &asked).await;
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let seen = eve.sees(&world, id).await;
    let refused = eve.decide_seen(&world, (id, &cookie), seen).await;
    assert_eq!(refused, Err(Refusal::SignInNeeded));
    let seen = ada.sees(&world, id).await;
    ada.decide_seen(&world, (id, &cookie), seen).await.unwrap();
}
