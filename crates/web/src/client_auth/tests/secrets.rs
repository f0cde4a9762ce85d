//! Secrets: by the right method, in the right header, and not by guessing.

use serde_json::json;

use super::*;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn rfc6749_2_3_1_each_client_by_its_registered_method_only() {
    let world = World::new().await;
    let by = |method: &str| json!({ "token_endpoint_auth_method": method });
    world
        .client("basic", &["old", SECRET], by("client_secret_basic"))
        .await;
    world.client("unsaid", &[SECRET], json!({})).await;
    world
        .client(
            "post",
            &[SECRET],
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
        )
        .await;
    world
        .client(
            "public",
            &[],
            json!({ "token_endpoint_auth_method": "none" }),
        )
        .await;
    world
        .client("https://app.example/?a=b", &[SECRET], json!({}))
        .await;
    world.client("disabled", &[SECRET], json!({})).await;
    let post =
        |client_id, secret| Request::post(&[("client_id", client_id), ("client_secret", secret)]);
    for (name, request, want) in [
        ("basic", Request::basic("basic", SECRET), "basic"),
        (
            "basic, the older secret",
            Request::basic("basic", "old"),
            "basic",
        ),
        (
            "basic, a URL as name",
            Request::basic("https://app.example/?a=b", SECRET),
            "https://app.example/?a=b",
        ),
        (
            "basic, named again",
            Request::basic("basic", SECRET).and("client_id", "basic"),
            "basic",
        ),
        ("post", post("post", SECRET), "post"),
        (
            "unsaid by basic",
            Request::basic("unsaid", SECRET),
            "unsaid",
        ),
        ("unsaid by post", post("unsaid", SECRET), "unsaid"),
        (
            "unsaid by post, wrong",
            post("unsaid", "old"),
            "WrongSecret",
        ),
        (
            "unsaid by name alone",
            Request::post(&[("client_id", "unsaid")]),
            "WrongMethod",
        ),
        (
            "public",
            Request::post(&[("client_id", "public")]),
            "public",
        ),
        ("public, empty secret", post("public", ""), "public"),
        (
            "another named",
            Request::basic("basic", SECRET).and("client_id", "post"),
            "OtherClient",
        ),
        (
            "basic, wrong",
            Request::basic("basic", "new"),
            "WrongSecret",
        ),
        ("basic, none", Request::basic("basic", ""), "WrongSecret"),
        ("post, wrong", post("post", "old"), "WrongSecret"),
        ("basic by post", post("basic", SECRET), "WrongMethod"),
        (
            "post by basic",
            Request::basic("post", SECRET),
            "WrongMethod",
        ),
        (
            "basic by name alone",
            Request::post(&[("client_id", "basic")]),
            "WrongMethod",
        ),
        (
            "public by basic",
            Request::basic("public", ""),
            "WrongMethod",
        ),
        ("public by post", post("public", "anything"), "WrongMethod"),
        ("disabled", Request::basic("disabled", SECRET), "Disabled"),
        (
            "unknown by basic",
            Request::basic("nobody", SECRET),
            "Unknown",
        ),
        ("unknown by post", post("nobody", SECRET), "Unknown"),
        (
            "unknown by name",
            Request::post(&[("client_id", "nobody")]),
            "Unknown",
        ),
        (
            "nothing; the query does not count",
            Request::default(),
            "Missing",
        ),
    ] {
        // Each from an address of its own, so that the limits stay out of it.
        let peer = format!(
            "2001:db8:{:x}::1",
            name.len() * 31 + usize::from(name.as_bytes()[0])
        );
        assert_eq!(world.judge(&request.from(&peer)).await, want, "{name}");
    }
}

#[tokio::test]
async fn t8_two_methods_in_one_request_are_refused() {
    let world = World::new().await;
    world.client("cli", &[SECRET], json!({})).await;
    let header = Request::basic("cli", SECRET);
    let broken = Request {
        basic: Some("Basic broken".to_owned()),
        ..Request::default()
    };
    let post = Request::post(&[("client_id", "cli"), ("client_secret", SECRET)]);
    for (name, request) in [
        (
            "header and secret",
            header.clone().and("client_secret", SECRET),
        ),
        (
            "header and assertion",
            header.clone().and("client_assertion", "a.b.c"),
        ),
        (
            "header and assertion type",
            header.and("client_assertion_type", JWT_BEARER),
        ),
        (
            "broken header and secret",
            broken.clone().and("client_secret", SECRET),
        ),
        (
            "secret and assertion",
            post.and("client_assertion", "a.b.c"),
        ),
    ] {
        assert_eq!(world.judge(&request).await, "two methods", "{name}");
    }
    assert_eq!(world.judge(&broken).await, "Malformed");
}

#[tokio::test]
async fn c8_refusals_look_alike_outside() {
    let world = World::new().await;
    world.client("cli", &[SECRET], json!({})).await;
    world
        .client(
            "post",
            &[SECRET],
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
        )
        .await;
    world.client("disabled", &[SECRET], json!({})).await;
    for client_id in ["cli", "post", "disabled", "nobody"] {
        let refused = world
            .send(&Request::basic(client_id, "wrong"))
            .await
            .unwrap_err();
        let ClientAuthError::Refused {
            used_header: true, ..
        } = refused
        else {
            panic!("{client_id}: {refused}");
        };
    }
}

#[tokio::test]
async fn t20_guesses_from_one_source_end_in_429_and_leave_other_sources_alone() {
    let world = World::new().await;
    world.client("cli", &[SECRET], json!({})).await;
    let mut outcomes = Vec::new();
    for n in 0..10_000 {
        outcomes.push(
            world
                .judge(&Request::basic("cli", &format!("guess {n}")))
                .await,
        );
    }
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| *outcome == "WrongSecret")
            .count(),
        10
    );
    assert!(outcomes[10..].iter().all(|outcome| outcome == "too many"));
    // The right secret does not show either, from there.
    let right = Request::basic("cli", SECRET);
    assert_eq!(world.judge(&right).await, "too many");
    assert_eq!(world.judge(&right.clone().from(ELSEWHERE)).await, "cli");
    let Err(ClientAuthError::TooMany { retry_after }) = world.send(&right).await else {
        panic!("the source is not served");
    };
    world.clock.advance(retry_after);
    assert_eq!(world.judge(&right).await, "cli");
}

#[tokio::test]
async fn t20_guesses_spread_over_names_and_broken_headers_count_too() {
    let world = World::new().await;
    let broken = Request {
        basic: Some("Basic broken".to_owned()),
        ..Request::default()
    };
    let mut refused = 0;
    for n in 0..100 {
        let request = match n % 2 {
            0 => Request::basic(&format!("client {n}"), SECRET),
            _ => broken.clone(),
        };
        refused += usize::from(world.judge(&request).await != "too many");
    }
    assert_eq!(refused, 30);
}
