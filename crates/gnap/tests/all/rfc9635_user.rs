//! An assertion says whom the client believes to be there: an ID token that was made here for this client.
//!
//! Spec: RFC 9635 §2.4, §2.4.1; OpenID Connect Core §3.1.2.1 (`id_token_hint`)

use placet_core::{Refusal, secret::Secret, token::Signer as _};
use placet_proof::Algorithm;
use serde_json::{Map, Value, json};

use crate::{
    agent::{Agent, Asked, Browser, enter},
    payer::with,
    world::{ROOT, World, text},
};

/// An answer by which an agent was told who ada is: her ID token.
async fn id_token(world: &World, agent: &Agent) -> String {
    world.root.keys.ensure(Algorithm::Rs256).await.unwrap();
    let subject = json!({ "assertion_formats": ["id_token"] });
    let asked = with(agent.request(), "/subject", subject);
    let (_, told) = agent.granted(world, &asked).await;
    text(&told["subject"]["assertions"][0]["value"]).to_owned()
}

fn asserting(format: &str, value: &str) -> Value {
    json!({ "assertions": [{ "format": format, "value": value }] })
}

/// The claims of a compact token.
fn claims(token: &str) -> Map<String, Value> {
    let middle = token.split('.').nth(1).unwrap();
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(middle.as_bytes())
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a15_an_assertion_names_a_person_and_signs_nobody_in() {
    let world = World::new().await;
    let agent = Agent::new();
    let token = id_token(&world, &agent).await;
    let body = with(agent.request(), "/user", asserting("id_token", &token));
    // An old one is still one, and so is one of a key that another took the place of.
    for age_s in [0, 9 * 3_600] {
        world.wait(age_s);
        if age_s > 0 {
            world.root.keys.rotate(Algorithm::Rs256).await.unwrap();
        }
        let (ada, eve) = (
            Browser::of(&world, "u-1").await,
            Browser::of(&world, "u-2").await,
        );
        let asked = agent.wait_for(&world, &body).await;
        let (id, cookie) = enter(&world, &asked).await;
        let seen = eve.sees(&world, id).await;
        let told = eve.decide_seen(&world, (id, &cookie), seen).await;
        assert_eq!(told, Err(Refusal::SignInNeeded), "{age_s}");
        let seen = ada.sees(&world, id).await;
        ada.decide_seen(&world, (id, &cookie), seen).await.unwrap();
    }
}

#[tokio::test]
async fn rfc9635_2_4_an_assertion_of_anything_else_names_nobody_known_here() {
    let world = World::new().await;
    let (agent, other) = (Agent::new(), Agent::new());
    let token = id_token(&world, &agent).await;
    let signed = |name: &str, value: Value| {
        let mut claims = claims(&token);
        claims.insert(name.to_owned(), value);
        world.root.keys.sign("RS256", None, &claims).unwrap()
    };
    let (head, tail) = token.rsplit_once('.').unwrap();
    let mut letters = tail.chars();
    let first = if letters.next() == Some('A') {
        'B'
    } else {
        'A'
    };
    let forged = format!("{head}.{first}{}", letters.as_str());
    let unsigned = format!(
        "eyJhbGciOiJub25lIn0.{}.AA",
        token.split('.').nth(1).unwrap()
    );
    let elsewhere = World::new().await;
    let foreign = id_token(&elsewhere, &agent).await;
    let signed_again = signed("exp", 1.into());
    agent
        .wait_for(
            &world,
            &with(
                agent.request(),
                "/user",
                asserting("id_token", &signed_again),
            ),
        )
        .await;
    for (name, format, value) in [
        ("a wrong signature", "id_token", forged),
        ("no signature", "id_token", unsigned),
        ("keys of another server", "id_token", foreign),
        (
            "another issuer",
            "id_token",
            signed("iss", json!("https://other.example")),
        ),
        ("another audience", "id_token", signed("aud", json!(ROOT))),
        ("nobody's subject", "id_token", signed("sub", json!("u-9"))),
        ("another format", "saml2", "PHNhbWw-".to_owned()),
    ] {
        let body = with(agent.request(), "/user", asserting(format, &value));
        let told = agent.ask(&world, &body).await;
        assert_eq!(told.code(), (400, "unknown_user".to_owned()), "{name}");
    }
    let stolen = with(other.request(), "/user", asserting("id_token", &token));
    let told = other.ask(&world, &stolen).await;
    assert_eq!(told.code(), (400, "unknown_user".to_owned()));
}

#[tokio::test]
async fn rfc9635_2_4_names_and_assertions_have_to_be_one_person_s() {
    let world = World::new().await;
    let agent = Agent::new();
    let token = id_token(&world, &agent).await;
    let beside = |id: &str| {
        let names = json!([{ "format": "opaque", "id": id }]);
        let user = with(asserting("id_token", &token), "/sub_ids", names);
        with(agent.request(), "/user", user)
    };
    agent.wait_for(&world, &beside("u-1")).await;
    let told = agent.ask(&world, &beside("u-2")).await;
    assert_eq!(told.code(), (400, "unknown_user".to_owned()));
}

#[tokio::test]
async fn rfc9635_2_5_1_whoever_an_assertion_names_can_be_reached() {
    let world = World::new().await;
    let agent = Agent::new();
    let user = asserting("id_token", &id_token(&world, &agent).await);
    let body = with(agent.request(), "/interact", json!({ "start": [] }));
    agent.wait_for(&world, &with(body, "/user", user)).await;
    let ada = Browser::of(&world, "u-1").await;
    let waiting = ada.finds(&world).await;
    assert_eq!(waiting.len(), 1);
    let cookie = Secret::generate(world.root.engine.random());
    let seen = ada.sees(&world, waiting[0]).await;
    let answered = ada.decide_seen(&world, (waiting[0], &cookie), seen).await;
    answered.unwrap();
}

/// What is asked about one person must not be answered with another.
#[tokio::test]
async fn rfc9635_2_2_whoever_is_asked_about_is_who_answers() {
    let world = World::new().await;
    let agent = Agent::new();
    let about = |ids: Value| json!({ "sub_id_formats": ["opaque"], "sub_ids": ids });
    let ada = json!([{ "format": "opaque", "id": "u-1" }]);
    let (own, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let again = json!([
        { "format": "iss_sub", "iss": ROOT, "sub": "u-1" }, { "format": "opaque", "id": "u-1" },
    ]);
    let later = agent.wait_for(&world, &agent.request()).await;
    let change = json!({ "subject": about(ada.clone()) });
    let told = agent.change(&world, &later, &change).await.ok();
    let later = Asked {
        interact: later.interact.clone(),
        ..Asked::of(&told)
    };
    let mut waits = vec![later];
    for ids in [&ada, &again] {
        let body = with(agent.request(), "/subject", about(ids.clone()));
        waits.push(agent.wait_for(&world, &body).await);
    }
    for asked in waits {
        let (id, cookie) = enter(&world, &asked).await;
        let seen = eve.sees(&world, id).await;
        let told = eve.decide_seen(&world, (id, &cookie), seen).await;
        assert_eq!(told, Err(Refusal::SignInNeeded));
        let carried = own.approve(&world, &asked).await;
        let reference = Some(carried["interact_ref"].as_str());
        let told = agent.come_back(&world, &asked, reference).await.ok();
        assert_eq!(told["subject"]["sub_ids"], ada);
    }
}

#[tokio::test]
async fn rfc9635_2_2_nobody_is_asked_about_whom_this_server_did_not_name() {
    let world = World::new().await;
    let agent = Agent::new();
    let asked = agent.wait_for(&world, &agent.request()).await;
    let refused = (400, "unknown_user".to_owned());
    for ids in [
        json!([{ "format": "opaque", "id": "u-9" }]),
        json!([{ "format": "iss_sub", "iss": "https://other.example", "sub": "u-1" }]),
        json!([{ "format": "iss_sub", "iss": ROOT, "sub": "u-9" }]),
        json!([{ "format": "email", "email": "ada@example.org" }]),
        json!([{ "format": "opaque", "id": "u-1" }, { "format": "opaque", "id": "u-2" }]),
    ] {
        let subject = json!({ "sub_id_formats": ["opaque"], "sub_ids": ids });
        let body = with(agent.request(), "/subject", subject.clone());
        assert_eq!(agent.ask(&world, &body).await.code(), refused, "{ids}");
        let change = json!({ "subject": subject });
        let told = agent.change(&world, &asked, &change).await;
        assert_eq!(told.code(), refused, "a change: {ids}");
    }
    let subject = json!({
        "sub_id_formats": ["opaque"], "sub_ids": [{ "format": "opaque", "id": "u-1" }],
    });
    let body = with(agent.request(), "/subject", subject);
    let body = with(body, "/user", json!("u-2"));
    let told = agent.ask(&world, &body).await;
    assert_eq!(told.code(), refused, "another than the user");
}

/// Whoever agreed to a grant is who more of it is asked of, and about.
#[tokio::test]
async fn h6_a_grant_of_one_person_is_not_changed_to_name_another() {
    let world = World::new().await;
    let agent = Agent::new();
    let interact = agent.request()["interact"].clone();
    let about_eve = json!({ "subject": {
        "sub_id_formats": ["opaque"], "sub_ids": [{ "format": "opaque", "id": "u-2" }],
    } });
    let by_eve = json!({ "access_token": { "access": ["whale-metadata"] }, "user": "u-2" });
    for change in [about_eve, by_eve] {
        let (asked, _) = agent.granted(&world, &agent.request()).await;
        let change = with(change, "/interact", interact.clone());
        let told = agent.change(&world, &asked, &change).await;
        assert_eq!(told.code(), (400, "unknown_user".to_owned()), "{change}");
    }
}

#[tokio::test]
async fn h6_a_change_that_waits_stays_its_own_person_s_whoever_it_names() {
    let world = World::new().await;
    let agent = Agent::new();
    let (ada, eve) = (
        Browser::of(&world, "u-1").await,
        Browser::of(&world, "u-2").await,
    );
    let interact = agent.request()["interact"].clone();
    let more = json!({ "access_token": { "access": ["whale-metadata"] }, "interact": interact });
    let hint = json!({ "sub_ids": [{ "format": "email", "email": "eve@example.org" }] });
    for (user, refused) in [(json!("u-2"), true), (hint, false)] {
        for way in [Value::Null, interact.clone()] {
            let (asked, _) = agent.granted(&world, &agent.request()).await;
            let first = Asked::of(&agent.change(&world, &asked, &more).await.ok());
            let again = with(json!({ "user": user }), "/interact", way.clone());
            let told = agent.change(&world, &first, &again).await;
            if refused {
                assert_eq!(told.code(), (400, "unknown_user".to_owned()), "{again}");
                continue;
            }
            let mut second = Asked::of(&told.ok());
            if second.interact.is_null() {
                second.interact = first.interact.clone();
            }
            let (id, cookie) = enter(&world, &second).await;
            let seen = eve.sees(&world, id).await;
            let told = eve.decide_seen(&world, (id, &cookie), seen).await;
            assert_eq!(told, Err(Refusal::SignInNeeded), "{again}");
            let seen = ada.sees(&world, id).await;
            ada.decide_seen(&world, (id, &cookie), seen).await.unwrap();
        }
    }
}
