//! `GET /interact/…`, `GET|POST /grant/…`, `GET /interact/…/finish`: status, code and address for each place and state.
//!
//! Spec: Open Payments 1.3; RFC 9635 §4

use std::collections::BTreeMap;

use http::StatusCode;
use placet_gnap::hash::{HashEncoding, HashMethod, Interaction};
use serde_json::{Value, json};

use crate::{
    payer::{
        Begun, CLIENT_NONCE, Payer, choose, decide, details, finish, outgoing, request, start, with,
    },
    world::{BLUE, IDP_SECRET, INTERACTION_S, PAY, Response, Sent, Shape, World},
};

/// What became of the interaction before a place is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing, not even a browser.
    Opened,
    /// A browser began.
    Started,
    Accepted,
    Rejected,
    /// Accepted, and the client has its token.
    Collected,
    /// The client took it back.
    Cancelled,
    /// Collected, then taken back.
    Revoked,
    /// Nobody answered in time.
    Expired,
    /// It was accepted, and nobody collected in time.
    Lapsed,
}

pub(crate) struct Stage {
    pub(crate) begun: Begun,
    pub(crate) cookie: String,
}

/// Brings an interaction there.
pub(crate) async fn stage(world: &World, payer: &Payer, body: &Value, before: Before) -> Stage {
    let begun = payer.wait_for(world, body).await;
    let mut cookie = String::new();
    if before != Before::Opened {
        cookie = start(world, &begun).await.cookie();
    }
    let accepts = matches!(
        before,
        Before::Accepted | Before::Collected | Before::Revoked | Before::Lapsed
    );
    if accepts {
        decide(world, &begun, "accept").await;
    }
    match before {
        Before::Opened | Before::Started | Before::Accepted | Before::Cancelled => {}
        Before::Rejected => decide(world, &begun, "reject").await,
        Before::Collected | Before::Revoked => {
            let reference = if body.pointer("/interact/finish").is_some() {
                let (_, carried) = finish(world, &begun, &cookie).await.redirected();
                Some(carried["interact_ref"].clone())
            } else {
                None
            };
            world.wait(5);
            payer
                .come_back(world, &begun, reference.as_deref())
                .await
                .ok();
        }
        Before::Expired | Before::Lapsed => world.wait(INTERACTION_S + 3600),
    }
    if matches!(before, Before::Cancelled | Before::Revoked) {
        let told = payer.cancel(world, &begun).await;
        assert_eq!(told.status, StatusCode::NO_CONTENT, "{told:?}");
    }
    Stage { begun, cookie }
}

/// What an answer comes to: a status with a code, or the parameters of a redirect.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Error(u16, String),
    Redirect(Vec<(String, String)>),
    Plain(u16),
}

fn error(status: u16, code: &str) -> Told {
    Told::Error(status, code.to_owned())
}

fn result(result: &str, message: &str) -> Told {
    let mut pairs = BTreeMap::from([("result".to_owned(), result.to_owned())]);
    if !message.is_empty() {
        pairs.insert("message".to_owned(), message.to_owned());
    }
    pairs.insert("s".to_owned(), "1".to_owned());
    Told::Redirect(pairs.into_iter().collect())
}

fn told(response: &Response) -> Told {
    match response.status.as_u16() {
        302 => {
            let (place, pairs) = response.redirected();
            assert_eq!(place, "https://client.example/cb");
            Told::Redirect(pairs.into_iter().collect())
        }
        status @ (200..=202) => Told::Plain(status),
        _ => {
            let (status, code) = response.code();
            Told::Error(status, code)
        }
    }
}

fn bodies(payer: &Payer) -> [Value; 2] {
    let with_finish = request(payer, &[outgoing(&payer.wallet)]);
    let without = with(with_finish.clone(), "/interact/finish", Value::Null);
    [with_finish, without]
}

#[tokio::test]
async fn g8_a_browser_begins_only_what_is_open() {
    let ended = || result("invalid_interaction", "invalid interaction");
    let expired = || result("invalid_interaction", "interaction expired");
    let gone = || error(403, "invalid_interaction");
    let rows = [
        (Before::Accepted, ended(), gone()),
        (Before::Rejected, ended(), gone()),
        (Before::Collected, ended(), gone()),
        (Before::Cancelled, ended(), gone()),
        (Before::Revoked, ended(), gone()),
        (Before::Expired, expired(), gone()),
        (Before::Lapsed, expired(), gone()),
    ];
    for (before, with_finish, without) in rows {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        for (body, want) in bodies(&payer).iter().zip([with_finish, without]) {
            let stage = stage(&world, &payer, body, before).await;
            let answer = start(&world, &stage.begun).await;
            assert_eq!(told(&answer), want, "{before:?}");
            assert_eq!(answer.cookie(), "", "{before:?}");
        }
    }
}

#[tokio::test]
async fn g8_a_provider_reads_only_what_lives() {
    let rows = [
        (Before::Opened, Some("PENDING")),
        (Before::Started, Some("PENDING")),
        (Before::Accepted, Some("APPROVED")),
        (Before::Rejected, Some("DENIED")),
        (Before::Collected, Some("APPROVED")),
        (Before::Cancelled, None),
        (Before::Revoked, None),
        (Before::Expired, None),
        (Before::Lapsed, None),
    ];
    for (before, want) in rows {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        for body in bodies(&payer) {
            let stage = stage(&world, &payer, &body, before).await;
            let answer = details(&world, &stage.begun, Some(IDP_SECRET)).await;
            match want {
                Some(told) => assert_eq!(answer.ok()["state"], told, "{before:?}"),
                None => assert_eq!(
                    answer.code(),
                    (404, "unknown_interaction".to_owned()),
                    "{before:?}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn g8_g10_a_provider_decides_only_what_was_shown_and_is_open() {
    let late = || error(400, "invalid_interaction");
    let denied = || error(401, "user_denied");
    let rows = [
        (Before::Opened, late()),
        (Before::Started, Told::Plain(202)),
        (Before::Accepted, late()),
        (Before::Rejected, denied()),
        (Before::Collected, late()),
        (Before::Cancelled, denied()),
        (Before::Revoked, denied()),
        (Before::Expired, late()),
        (Before::Lapsed, late()),
    ];
    for (before, want) in rows {
        for choice in ["accept", "reject"] {
            let world = World::new().await;
            let payer = Payer::new(&world, "acme");
            let body = &bodies(&payer)[0];
            let stage = stage(&world, &payer, body, before).await;
            let answer = choose(&world, &stage.begun, choice, Some(IDP_SECRET)).await;
            assert_eq!(told(&answer), want, "{before:?} {choice}");
        }
    }
}

#[tokio::test]
async fn g8_a_browser_comes_back_to_where_it_stands() {
    let expired = || result("invalid_interaction", "interaction expired");
    let unknown = || result("unknown_interaction", "unknown interaction");
    let rejected = || result("grant_rejected", "");
    let rows = [
        (
            Before::Started,
            result("grant_invalid", ""),
            error(401, "invalid_interaction"),
        ),
        (Before::Rejected, rejected(), Told::Plain(202)),
        (
            Before::Cancelled,
            unknown(),
            error(404, "unknown_interaction"),
        ),
        (
            Before::Revoked,
            unknown(),
            error(404, "unknown_interaction"),
        ),
        (
            Before::Expired,
            expired(),
            error(401, "invalid_interaction"),
        ),
        (Before::Lapsed, expired(), error(401, "invalid_interaction")),
    ];
    for (before, with_finish, without) in rows {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        for (body, want) in bodies(&payer).iter().zip([with_finish, without]) {
            let stage = stage(&world, &payer, body, before).await;
            for round in 0..2 {
                let answer = finish(&world, &stage.begun, &stage.cookie).await;
                assert_eq!(told(&answer), want, "{before:?} {round}");
            }
        }
    }
}

#[tokio::test]
async fn a_yes_takes_the_reference_to_the_client_again_and_again() {
    for before in [Before::Accepted, Before::Collected] {
        let world = World::new().await;
        let payer = Payer::new(&world, "acme");
        let [with_finish, without] = bodies(&payer);
        let first = stage(&world, &payer, &with_finish, before).await;
        let answer = finish(&world, &first.begun, &first.cookie).await;
        let (place, carried) = answer.redirected();
        assert_eq!(place, "https://client.example/cb");
        let names: Vec<_> = carried.keys().map(String::as_str).collect();
        assert_eq!(names, ["hash", "interact_ref", "s"]);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let again = finish(&world, &first.begun, &first.cookie).await;
        assert_eq!(again.redirected().1, carried, "the same, {before:?}");
        let second = stage(&world, &payer, &without, before).await;
        let answer = finish(&world, &second.begun, &second.cookie).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(answer.body, "Accepted");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
}

#[tokio::test]
async fn g5_the_hash_is_the_one_clients_of_this_profile_make() {
    for (encoding, padded) in [
        (HashEncoding::Base64, true),
        (HashEncoding::Base64Url, false),
    ] {
        let world = World::shaped(Shape {
            encoding,
            ..Shape::default()
        })
        .await;
        let payer = Payer::new(&world, "acme");
        // The method is always SHA-256, whatever the client names.
        let body = with(
            bodies(&payer)[0].clone(),
            "/interact/finish/hash_method",
            json!("sha3-512"),
        );
        let stage = stage(&world, &payer, &body, Before::Accepted).await;
        let (_, carried) = finish(&world, &stage.begun, &stage.cookie)
            .await
            .redirected();
        let hashed = Interaction {
            client_nonce: CLIENT_NONCE,
            server_nonce: &stage.begun.nonce,
            interact_ref: &carried["interact_ref"],
            grant_endpoint: &format!("{PAY}/{BLUE}"),
        };
        assert_eq!(carried["hash"], hashed.hash(HashMethod::Sha256, encoding));
        assert_eq!(carried["hash"].ends_with('='), padded);
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_by_each_place_in_its_own_way() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &bodies(&payer)[0]).await;
    let other = payer.wait_for(&world, &bodies(&payer)[0]).await;
    let (tenant, name) = begun.id.split_once('.').unwrap();
    let ids = [
        ("unknown", format!("{tenant}.AAAAAAAAAAAAAAAAAAAAAA")),
        ("no tenant", name.to_owned()),
        ("another tenant", format!("AAAAAAAAAAAAAAAAAAAAAQ.{name}")),
        ("no name", "x".to_owned()),
        ("a UUID", "7b1e7b1e-7b1e-4b1e-8b1e-7b1e7b1e7b1e".to_owned()),
    ];
    let mut wrong: Vec<(&str, Begun)> = ids
        .into_iter()
        .map(|(what, id)| {
            (
                what,
                Begun {
                    id,
                    ..begun.clone()
                },
            )
        })
        .collect();
    let swapped = |nonce: &str| Begun {
        nonce: nonce.to_owned(),
        ..begun.clone()
    };
    wrong.push(("another's nonce", swapped(&other.nonce)));
    wrong.push(("part of the nonce", swapped(begun.nonce.split_at(1).1)));
    for (what, begun) in &wrong {
        let url = format!(
            "{PAY}/interact/{}/{}?clientName=a&clientUri=b",
            begun.id, begun.nonce
        );
        let begun_at = world.send(&world.payments, Sent::get(&url)).await;
        assert_eq!(
            begun_at.code(),
            (400, "unknown_interaction".to_owned()),
            "{what}"
        );
        let missing = (404, "unknown_interaction".to_owned());
        assert_eq!(
            details(&world, begun, Some(IDP_SECRET)).await.code(),
            missing,
            "{what}"
        );
        assert_eq!(
            choose(&world, begun, "accept", Some(IDP_SECRET))
                .await
                .code(),
            missing,
            "{what}"
        );
        assert_eq!(finish(&world, begun, "").await.code(), missing, "{what}");
    }
}

#[tokio::test]
async fn the_query_of_a_start_address_has_both_names() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &bodies(&payer)[0]).await;
    let path = begun.redirect.split('?').next().unwrap();
    for query in [
        "",
        "?clientName=a",
        "?clientUri=b",
        "?clientname=a&clienturi=b",
    ] {
        let answer = world
            .send(&world.payments, Sent::get(&format!("{path}{query}")))
            .await;
        assert_eq!(answer.code(), (400, String::new()), "{query}");
    }
}

#[tokio::test]
async fn the_browser_is_sent_to_the_provider_with_what_it_needs() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &bodies(&payer)[0]).await;
    let answer = start(&world, &begun).await;
    let (place, pairs) = answer.redirected();
    assert_eq!(place, "https://idp.example/consent");
    let want = [
        ("clientName", "acme & Co"),
        ("clientUri", payer.wallet.as_str()),
        ("interactId", begun.id.as_str()),
        ("nonce", begun.nonce.as_str()),
        ("theme", "dark"),
    ];
    let got: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(got, want);
    let cookie = answer.header("set-cookie");
    for part in [
        "__Host-placet-away-",
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Secure",
        "; Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
}

#[tokio::test]
async fn the_provider_reads_what_is_asked_and_no_more() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let access = outgoing("https://wallet.example/alice");
    let body = request(&payer, std::slice::from_ref(&access));
    let begun = payer.wait_for(&world, &body).await;
    let told = details(&world, &begun, Some(IDP_SECRET)).await.ok();
    let members: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["access", "grantId", "state"]);
    assert_eq!(told["access"], json!([access]));
    let subject = json!({ "sub_ids": [{ "id": "https://wallet.example/alice", "format": "uri" }] });
    let body = json!({ "client": payer.wallet, "subject": subject, "interact": body["interact"] });
    let begun = payer.wait_for(&world, &body).await;
    let told = details(&world, &begun, Some(IDP_SECRET)).await.ok();
    assert_eq!(told["subject"], subject);
    assert_eq!(told["access"], json!([]));
    assert_eq!(told["grantId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_decision_is_one_of_two_words() {
    let world = World::new().await;
    let payer = Payer::new(&world, "acme");
    let begun = payer.wait_for(&world, &bodies(&payer)[0]).await;
    start(&world, &begun).await;
    for word in ["Accept", "approve", "finish", "accept%20"] {
        let answer = choose(&world, &begun, word, Some(IDP_SECRET)).await;
        assert_eq!(answer.code(), (400, String::new()), "{word}");
    }
    let answer = choose(&world, &begun, "accept", Some(IDP_SECRET)).await;
    assert_eq!(
        (answer.status, &answer.body[..]),
        (StatusCode::ACCEPTED, &b"Accepted"[..])
    );
}
