//! Whole exchanges of RFC 9635: ask, be answered, come back, change, manage, end.
//!
//! Spec: RFC 9635 §2–§6, §9

use http::{Method, StatusCode};
use placet_core::Refusal;
use placet_gnap::hash::{HashEncoding, HashMethod, Interaction};
use placet_proof::{
    Algorithm,
    gnap::{CertificateDigest, ProofMethod},
};
use serde_json::{Value, json};

use crate::{
    agent::{Agent, Asked, Browser, CLIENT_NONCE, enter},
    payer::with,
    world::{INTERVAL_S, ROOT, Sent, World, text},
};

#[tokio::test]
async fn rfc9635_5_1_pending_approved_collected_rotated_revoked() {
    let world = World::new().await;
    let agent = Agent::new();
    let told = agent.ask(&world, &agent.request()).await;
    assert_eq!(told.header("cache-control"), "no-store");
    let told = told.ok();
    assert!(told["interact"]["finish"].is_string());
    assert_eq!(told["interact"]["expires_in"], 600);
    assert_eq!(told["continue"]["wait"], 5);
    assert!(told.get("access_token").is_none());
    let asked = Asked::of(&told);
    let ada = Browser::of(&world, "u-1").await;
    let carried = ada.approve(&world, &asked).await;
    let reference = &carried["interact_ref"];
    let hashed = Interaction {
        client_nonce: CLIENT_NONCE,
        server_nonce: text(&asked.interact["finish"]),
        interact_ref: reference,
        grant_endpoint: &format!("{ROOT}/gnap"),
    };
    let hash = hashed.hash(HashMethod::Sha256, HashEncoding::Base64Url);
    assert_eq!((&carried["hash"], carried["s"].as_str()), (&hash, "1"));
    // Whoever brings the reference is no poller (RFC 9635 §5.1).
    let told = agent.come_back(&world, &asked, Some(reference)).await.ok();
    let token = &told["access_token"];
    assert_eq!(token["access"], json!(["dolphin-metadata"]));
    assert!(token.get("key").is_none() && token.get("flags").is_none());
    assert_ne!(token["manage"]["access_token"]["value"], token["value"]);
    let rotated = agent.manage(&world, Method::POST, token, None).await.ok();
    let second = &rotated["access_token"];
    assert_ne!(second["value"], token["value"]);
    assert_eq!(second["access"], token["access"]);
    for _ in 0..2 {
        let gone = agent.manage(&world, Method::DELETE, second, None).await;
        assert_eq!(
            gone.status,
            StatusCode::NO_CONTENT,
            "also when it had ended: {gone:?}"
        );
    }
    let over = agent.manage(&world, Method::POST, second, None).await;
    assert_eq!(over.code(), (400, "invalid_rotation".to_owned()));
}

#[tokio::test]
async fn rfc9635_7_3_every_way_to_prove_a_key() {
    for (algorithm, proof) in [
        (Algorithm::EdDsa, ProofMethod::HTTPSIG),
        (Algorithm::Es256, ProofMethod::HTTPSIG),
        (Algorithm::Ps256, ProofMethod::HTTPSIG),
        (Algorithm::EdDsa, ProofMethod::Jwsd),
        (Algorithm::Es256, ProofMethod::Jws),
    ] {
        let world = World::new().await;
        let agent = Agent::proving(algorithm, proof);
        let (asked, told) = agent.granted(&world, &agent.request()).await;
        let token = &told["access_token"];
        let rotated = agent.manage(&world, Method::POST, token, None).await.ok();
        assert!(rotated["access_token"]["value"].is_string(), "{proof:?}");
        let gone = agent.cancel(&world, &asked).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{proof:?}");
    }
}

#[tokio::test]
async fn rfc9635_3_2_2_several_tokens_come_by_their_labels() {
    let world = World::new().await;
    let agent = Agent::new();
    let tokens = json!([
        { "label": "a", "access": ["dolphin-metadata"] },
        { "label": "b", "access": [{ "type": "photo-api", "actions": ["read"] }], "flags": ["bearer"] },
    ]);
    let body = with(agent.request(), "/access_token", tokens);
    let (_, told) = agent.granted(&world, &body).await;
    let given = told["access_token"].as_array().unwrap();
    let labels: Vec<_> = given.iter().map(|token| text(&token["label"])).collect();
    assert_eq!(labels, ["a", "b"]);
    assert_eq!(given[1]["flags"], json!(["bearer"]));
    assert!(given[0].get("flags").is_none());
    assert_ne!(given[0]["value"], given[1]["value"]);
    // A token that is asked for in a list is told in a list.
    let one = json!([{ "label": "a", "access": ["dolphin-metadata"] }]);
    let body = with(agent.request(), "/access_token", one);
    let (_, told) = agent.granted(&world, &body).await;
    assert_eq!(told["access_token"].as_array().unwrap().len(), 1);
    for token in given {
        let rotated = agent.manage(&world, Method::POST, token, None).await.ok();
        assert_eq!(rotated["access_token"]["label"], token["label"]);
        assert_eq!(rotated["access_token"].get("flags"), token.get("flags"));
    }
}

#[tokio::test]
async fn rfc9635_4_1_2_a_code_is_typed_and_the_client_polls() {
    let world = World::new().await;
    let agent = Agent::new();
    let start = json!(["user_code", "user_code_uri"]);
    let body = with(agent.polling(), "/interact/start", start);
    let mut asked = agent.wait_for(&world, &body).await;
    let code = text(&asked.interact["user_code"]).to_owned();
    assert_eq!(asked.interact["user_code_uri"]["code"], code.as_str());
    assert_eq!(
        asked.interact["user_code_uri"]["uri"],
        format!("{ROOT}/device")
    );
    assert!(asked.interact.get("redirect").is_none() && asked.interact.get("finish").is_none());
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &asked, None).await.ok();
    assert!(told.get("access_token").is_none());
    let first = asked.token.clone();
    asked = Asked::of(&told);
    assert_ne!(asked.token, first, "each answer gives another token");
    let ada = Browser::of(&world, "u-1").await;
    ada.approve_code(&world, &code.to_lowercase()).await;
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &asked, None).await.ok();
    assert!(told["access_token"]["value"].is_string());
}

#[tokio::test]
async fn rfc9635_4_2_2_a_push_carries_the_reference() {
    let world = World::new().await;
    let agent = Agent::new();
    let finish =
        json!({ "method": "push", "uri": "https://client.example/push", "nonce": CLIENT_NONCE });
    for yes in [true, false] {
        let body = with(agent.request(), "/interact/finish", finish.clone());
        let asked = agent.wait_for(&world, &body).await;
        let ada = Browser::of(&world, "u-1").await;
        let carried = if yes {
            ada.approve(&world, &asked).await
        } else {
            ada.deny(&world, &asked).await
        };
        assert!(carried.is_empty(), "the browser stays");
        let pushed = world.pushed().await;
        assert_eq!(pushed.url, "https://client.example/push");
        let sent: Value = serde_json::from_str(pushed.body.as_deref().unwrap()).unwrap();
        let reference = text(&sent["interact_ref"]);
        let hashed = Interaction {
            client_nonce: CLIENT_NONCE,
            server_nonce: text(&asked.interact["finish"]),
            interact_ref: reference,
            grant_endpoint: &format!("{ROOT}/gnap"),
        };
        assert_eq!(
            sent["hash"],
            hashed.hash(HashMethod::Sha256, HashEncoding::Base64Url)
        );
        let told = agent.come_back(&world, &asked, Some(reference)).await;
        if yes {
            told.ok();
        } else {
            assert_eq!(told.code(), (403, "user_denied".to_owned()));
        }
    }
}

#[tokio::test]
async fn rfc9635_4_2_a_no_travels_like_a_yes() {
    let world = World::new().await;
    let agent = Agent::new();
    let ada = Browser::of(&world, "u-1").await;
    let asked = agent.wait_for(&world, &agent.request()).await;
    let carried = ada.deny(&world, &asked).await;
    let told = agent
        .come_back(&world, &asked, Some(&carried["interact_ref"]))
        .await;
    assert_eq!(told.code(), (403, "user_denied".to_owned()));
    assert!(told.json().get("continue").is_none());
    let asked = agent.wait_for(&world, &agent.polling()).await;
    ada.deny(&world, &asked).await;
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &asked, None).await;
    assert_eq!(told.code(), (403, "user_denied".to_owned()));
}

#[tokio::test]
async fn rfc9635_3_4_the_person_is_told_as_far_as_was_asked() {
    let world = World::new().await;
    world.root.keys.ensure(Algorithm::Rs256).await.unwrap();
    let agent = Agent::new();
    let subject = json!({
        "sub_id_formats": ["iss_sub", "opaque", "email"], "assertion_formats": ["id_token"],
    });
    let body = with(agent.request(), "/subject", subject);
    let (_, told) = agent.granted(&world, &body).await;
    let ids = json!([
        { "format": "iss_sub", "iss": ROOT, "sub": "u-1" },
        { "format": "opaque", "id": "u-1" },
        { "format": "email", "email": "ada@example.org" },
    ]);
    assert_eq!(told["subject"]["sub_ids"], ids);
    assert_eq!(told["subject"]["assertions"][0]["format"], "id_token");
    let (_, told) = agent.granted(&world, &agent.request()).await;
    assert!(told.get("subject").is_none());
}

#[tokio::test]
async fn rfc9635_5_3_a_change_before_the_answer_changes_what_is_asked() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    let more = json!({ "access_token": { "access": ["dolphin-metadata", "whale-metadata"] } });
    let told = agent.change(&world, &asked, &more).await.ok();
    let changed = Asked {
        interact: asked.interact.clone(),
        ..Asked::of(&told)
    };
    assert_ne!(changed.token, asked.token);
    let ada = Browser::of(&world, "u-1").await;
    let carried = ada.approve(&world, &changed).await;
    let reference = Some(carried["interact_ref"].as_str());
    let told = agent.come_back(&world, &changed, reference).await.ok();
    let access = told["access_token"]["access"].as_array().unwrap();
    assert_eq!(access.len(), 2, "{access:?}");
}

#[tokio::test]
async fn rfc9635_5_3_less_is_given_at_once_and_more_is_asked() {
    let world = World::new().await;
    let agent = Agent::new();
    let both = json!({ "access": ["dolphin-metadata", "whale-metadata"] });
    let body = with(agent.request(), "/access_token", both);
    let (asked, first) = agent.granted(&world, &body).await;
    let less = json!({ "access_token": { "access": ["whale-metadata"] } });
    let told = agent.change(&world, &asked, &less).await.ok();
    assert_eq!(told["access_token"]["access"], json!(["whale-metadata"]));
    assert_ne!(
        told["access_token"]["value"],
        first["access_token"]["value"]
    );
    let asked = Asked::of(&told);
    let more = json!({
        "access_token": { "access": ["squid-metadata"] }, "interact": body["interact"],
    });
    let told = agent.change(&world, &asked, &more).await.ok();
    assert!(told.get("access_token").is_none(), "a person is asked");
    let asked = Asked::of(&told);
    let ada = Browser::of(&world, "u-1").await;
    let carried = ada.approve(&world, &asked).await;
    let reference = Some(carried["interact_ref"].as_str());
    let told = agent.come_back(&world, &asked, reference).await.ok();
    assert_eq!(told["access_token"]["access"], json!(["squid-metadata"]));
    // What was given before stays given (RFC 9635 §5.3).
    agent
        .manage(&world, Method::POST, &first["access_token"], None)
        .await
        .ok();
}

#[tokio::test]
async fn rfc9635_5_4_taking_back_ends_what_was_given() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    assert_eq!(
        agent.cancel(&world, &asked).await.status,
        StatusCode::NO_CONTENT
    );
    let told = agent.come_back(&world, &asked, None).await;
    assert_eq!(told.code(), (401, "invalid_continuation".to_owned()));
    let (asked, told) = agent.granted(&world, &agent.request()).await;
    assert_eq!(
        agent.cancel(&world, &asked).await.status,
        StatusCode::NO_CONTENT
    );
    let over = agent
        .manage(&world, Method::POST, &told["access_token"], None)
        .await;
    assert_eq!(over.code(), (400, "invalid_rotation".to_owned()));
}

#[tokio::test]
async fn rfc9635_6_1_1_a_token_goes_over_to_another_key() {
    let world = World::new().await;
    let (agent, new) = (Agent::new(), Agent::new());
    let (_, told) = agent.granted(&world, &agent.request()).await;
    let token = &told["access_token"];
    let told = agent.hand_over(&world, token, &new).await.ok();
    let second = &told["access_token"];
    let old = agent.manage(&world, Method::POST, second, None).await;
    assert_eq!(
        old.status,
        StatusCode::UNAUTHORIZED,
        "the old key is done: {old:?}"
    );
    let third = new.manage(&world, Method::POST, second, None).await.ok();
    assert!(third["access_token"]["value"].is_string());
    // A change of the way of proof, and a new key that did not sign, are refused; the token stays.
    let (_, told) = agent.granted(&world, &agent.request()).await;
    let token = &told["access_token"];
    let body = json!({ "key": new.key() });
    let alone = agent.manage(&world, Method::POST, token, Some(&body)).await;
    assert_eq!(alone.code(), (400, "invalid_rotation".to_owned()));
    let jwsd = Agent::proving(Algorithm::EdDsa, ProofMethod::Jwsd);
    let body = json!({ "key": jwsd.key() });
    let other = agent.manage(&world, Method::POST, token, Some(&body)).await;
    assert_eq!(other.code(), (400, "invalid_rotation".to_owned()));
    agent.manage(&world, Method::POST, token, None).await.ok();
}

#[tokio::test]
async fn rfc9635_6_1_1_a_certificate_is_not_exchanged() {
    let world = World::new().await;
    let certificate = CertificateDigest::of_der(b"\x30\x00");
    let send = async |url: &str, body: &Value, token: Option<&str>| {
        let mut sent = Sent::new(Method::POST, url).json(body);
        if let Some(token) = token {
            sent = sent.with("authorization", &format!("GNAP {token}"));
        }
        sent.certificate = Some(certificate);
        world.send(&world.faces, sent).await
    };
    let key = json!({ "proof": "mtls", "cert#S256": certificate.to_string() });
    let asked = with(Agent::new().request(), "/client/key", key);
    let asked = Asked::of(&send(&format!("{ROOT}/gnap"), &asked, None).await.ok());
    let ada = Browser::of(&world, "u-1").await;
    let reference = &ada.approve(&world, &asked).await["interact_ref"];
    let back = json!({ "interact_ref": reference });
    let told = send(&asked.uri, &back, Some(&asked.token)).await.ok();
    let manage = &told["access_token"]["manage"];
    let (uri, right) = (text(&manage["uri"]), text(&manage["access_token"]["value"]));
    let new = json!({ "key": Agent::new().key() });
    let told = send(uri, &new, Some(right)).await;
    assert_eq!(told.code(), (400, "key_rotation_not_supported".to_owned()));
}

#[tokio::test]
async fn rfc9635_3_5_the_instance_id_stands_for_the_client() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let told = agent.ask(&world, &agent.request()).await.ok();
    let instance = text(&told["instance_id"]);
    let body = with(agent.request(), "/client", json!(instance));
    agent.ask(&world, &body).await.ok();
    let told = other.ask(&world, &body).await;
    assert_eq!(told.code().1, "invalid_client");
    let unknown = with(agent.request(), "/client", json!("nobody"));
    assert_eq!(agent.ask(&world, &unknown).await.code().1, "invalid_client");
}

#[tokio::test]
async fn rfc9635_9_options_says_what_is_offered() {
    let world = World::new().await;
    let sent = Sent::new(Method::OPTIONS, &format!("{ROOT}/gnap"));
    let told = world.send(&world.faces, sent).await.ok();
    assert_eq!(told["grant_request_endpoint"], format!("{ROOT}/gnap"));
    assert_eq!(
        told["key_proofs_supported"],
        json!(["httpsig", "jwsd", "jws", "mtls"])
    );
    assert_eq!(
        told["interaction_finish_methods_supported"],
        json!(["redirect", "push"])
    );
    assert_eq!(told["key_rotation_supported"], true);
}

#[tokio::test]
async fn rfc9635_2_5_without_a_way_to_the_person_nothing_is_opened() {
    let world = World::new().await;
    let agent = Agent::new();
    for interact in [
        Value::Null,
        json!({ "start": [] }),
        json!({ "start": ["smoke"] }),
    ] {
        let body = with(agent.request(), "/interact", interact.clone());
        let told = agent.ask(&world, &body).await;
        assert_eq!(
            told.code(),
            (400, "invalid_interaction".to_owned()),
            "{interact}"
        );
    }
}

#[tokio::test]
async fn rfc9635_2_4_somebody_unknown_is_told_as_such() {
    let world = World::new().await;
    let agent = Agent::new();
    let by_id = |id: &str| json!({ "sub_ids": [{ "format": "opaque", "id": id }] });
    for (user, known) in [
        (json!("u-1"), true),
        (by_id("u-1"), true),
        (json!("u-9"), false),
        (by_id("u-9"), false),
        (
            json!({ "sub_ids": [{ "format": "email", "email": "no@where.example" }] }),
            true,
        ),
    ] {
        let told = agent
            .ask(&world, &with(agent.request(), "/user", user.clone()))
            .await;
        if known {
            told.ok();
        } else {
            assert_eq!(told.code(), (400, "unknown_user".to_owned()), "{user}");
        }
    }
}

#[tokio::test]
async fn rfc9635_5_3_another_way_to_start_gives_its_code() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.polling()).await;
    let change = json!({ "interact": { "start": ["user_code"] } });
    let told = agent.change(&world, &asked, &change).await.ok();
    let changed = Asked::of(&told);
    let code = text(&changed.interact["user_code"]).to_owned();
    // What stands stays, so that nobody has to type twice.
    let change = json!({ "interact": { "start": ["user_code_uri"] } });
    let told = agent.change(&world, &changed, &change).await.ok();
    let changed = Asked::of(&told);
    assert_eq!(changed.interact["user_code_uri"]["code"], code.as_str());
    let ada = Browser::of(&world, "u-1").await;
    ada.approve_code(&world, &code).await;
    world.wait(INTERVAL_S);
    let told = agent.come_back(&world, &changed, None).await.ok();
    assert!(told["access_token"]["value"].is_string());
}

#[tokio::test]
async fn rfc9635_5_4_taking_back_ends_what_changes_gave_too() {
    let world = World::new().await;
    let agent = Agent::new();
    let (asked, first) = agent.granted(&world, &agent.request()).await;
    let again = json!({ "access_token": { "access": ["dolphin-metadata"] } });
    let second = agent.change(&world, &asked, &again).await.ok();
    let old = agent.cancel(&world, &asked).await;
    assert_eq!(
        old.code(),
        (401, "invalid_continuation".to_owned()),
        "the old way back is done"
    );
    let gone = agent.cancel(&world, &Asked::of(&second)).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    for told in [&first, &second] {
        let over = agent
            .manage(&world, Method::POST, &told["access_token"], None)
            .await;
        assert_eq!(over.code(), (400, "invalid_rotation".to_owned()));
    }
}

#[tokio::test]
async fn rfc9635_5_3_another_person_may_be_named_before_the_answer() {
    let world = World::new().await;
    let agent = Agent::new();
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    for change in [
        json!({ "user": "u-2" }),
        json!({ "user": "u-2", "interact": agent.request()["interact"] }),
    ] {
        let asked = agent
            .wait_for(&world, &with(agent.request(), "/user", json!("u-1")))
            .await;
        let nobody = json!({ "user": "u-9" });
        let told = agent.change(&world, &asked, &nobody).await;
        assert_eq!(told.code(), (400, "unknown_user".to_owned()));
        let told = agent.change(&world, &asked, &change).await.ok();
        let mut changed = Asked::of(&told);
        if changed.interact.is_null() {
            changed.interact = asked.interact.clone();
        }
        let (id, cookie) = enter(&world, &changed).await;
        let seen = ada.sees(&world, id).await;
        let refused = ada.decide_seen(&world, (id, &cookie), seen).await;
        assert_eq!(refused, Err(Refusal::SignInNeeded), "{change}");
        let seen = eve.sees(&world, id).await;
        eve.decide_seen(&world, (id, &cookie), seen).await.unwrap();
    }
}
