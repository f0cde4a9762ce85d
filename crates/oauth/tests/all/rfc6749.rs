//! RFC 6749 §3.2, §4.1.3, §4.4, §5: the token endpoint.

use http::{Method, StatusCode};
use placet_core::testing::Fault;

use crate::world::{OTHER, SPA, TV, WEB, World, encode, set, text};

#[tokio::test]
async fn rfc6749_5_1_a_successful_answer() {
    let world = World::new().await;
    let code = world.code(WEB, &[]).await;
    let given = world.exchange(WEB, &code, &[]).await;
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(given.header("content-type"), "application/json");
    assert_eq!(given.header("cache-control"), "no-store");
    assert_eq!(given.header("pragma"), "no-cache");
    let given = given.json();
    assert_eq!(given["token_type"], "Bearer");
    assert_eq!(given["expires_in"], 3600);
    assert_eq!(given["scope"], "openid read");
    for token in ["access_token", "refresh_token", "id_token"] {
        assert!(given[token].is_string(), "{token}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
async fn rfc6749_5_2_errors_of_the_token_endpoint() {
    let world = World::new().await;
    for (name, client, pairs, want) in [
        ("no grant type", WEB, &[][..], (400, "invalid_request")),
        (
            "unknown grant type",
            WEB,
            &[("grant_type", "password")],
            (400, "unsupported_grant_type"),
        ),
        (
            "no code",
            WEB,
            &[("grant_type", "authorization_code")],
            (400, "invalid_request"),
        ),
        (
            "no refresh token",
            WEB,
            &[("grant_type", "refresh_token")],
            (400, "invalid_request"),
        ),
        (
            "nonsense code",
            WEB,
            &[("grant_type", "authorization_code"), ("code", "x")],
            (400, "invalid_grant"),
        ),
        (
            "nonsense refresh token",
            WEB,
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            (400, "invalid_grant"),
        ),
        (
            "unregistered grant",
            TV,
            &[("grant_type", "client_credentials")],
            (400, "unauthorized_client"),
        ),
        (
            "unknown client",
            "nobody",
            &[("grant_type", "refresh_token")],
            (401, "invalid_client"),
        ),
        (
            "wrong secret",
            "web:wrong",
            &[("grant_type", "refresh_token")],
            (401, "invalid_client"),
        ),
        (
            "no client",
            "",
            &[("grant_type", "refresh_token")],
            (401, "invalid_client"),
        ),
        (
            "two scopes",
            WEB,
            &[
                ("grant_type", "client_credentials"),
                ("scope", "read"),
                ("scope", "write"),
            ],
            (400, "invalid_request"),
        ),
        (
            "two methods",
            WEB,
            &[("grant_type", "client_credentials"), ("client_secret", "x")],
            (400, "invalid_request"),
        ),
    ] {
        let refused = world.token(client, pairs).await;
        let (status, error) = refused.error();
        assert_eq!((status, error.as_str()), want, "{name}");
        assert_eq!(refused.header("cache-control"), "no-store", "{name}");
        assert_eq!(refused.header("pragma"), "no-cache", "{name}");
    }
}

#[tokio::test]
async fn rfc6749_5_2_a_challenge_answers_the_header_and_nothing_else() {
    let world = World::new().await;
    let refused = world
        .token("web:wrong", &[("grant_type", "refresh_token")])
        .await;
    assert!(
        refused.header("www-authenticate").starts_with("Basic "),
        "{refused:?}"
    );
    let refused = world
        .token("nobody", &[("grant_type", "refresh_token")])
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("www-authenticate"), "");
}

#[tokio::test]
async fn t8_loose_authorization_headers_are_refused() {
    let world = World::new().await;
    for header in [
        "Basic",
        "Basic ",
        "Basic  d2ViOng=",
        "Basic d2ViOng= ",
        "Basic\td2ViOng=",
        "Basicd2ViOng=",
        "Basic d2ViOng=, Basic d2ViOng=",
        "Basic ====",
        "Basic d2Vi",
        "Basic !!!!",
        "Bearer d2ViOng=",
        "Digest username=\"web\"",
        "d2ViOng=",
        "Basic d2V iOng=",
        "Basic: d2ViOng=",
        "Basic d2ViOng==",
        "Basic \"d2ViOng=\"",
        "Basic d2ViOng=;",
        "Negotiate x",
        "Basic Og==",
    ] {
        let mut call = world.call(Method::POST);
        set(&mut call, "authorization", header);
        set(
            &mut call,
            "content-type",
            "application/x-www-form-urlencoded",
        );
        call.body = encode(&[("grant_type", "client_credentials")]).into();
        let refused = world.send(call, "/token").await;
        assert_eq!(
            refused.error(),
            (401, "invalid_client".to_owned()),
            "{header:?}"
        );
    }
    let mut call = world.call(Method::POST);
    set(&mut call, "authorization", "Basic d2ViOng=");
    set(&mut call, "authorization", "Basic d2ViOng=");
    set(
        &mut call,
        "content-type",
        "application/x-www-form-urlencoded",
    );
    call.body = encode(&[("grant_type", "client_credentials")]).into();
    let refused = world.send(call, "/token").await;
    assert!(refused.status.is_client_error(), "two headers: {refused:?}");
}

#[tokio::test]
async fn a8_a_code_of_another_client_is_refused_and_burnt() {
    let world = World::new().await;
    let code = world.code(WEB, &[]).await;
    let stolen = world.exchange(OTHER, &code, &[]).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".to_owned()));
    let late = world.exchange(WEB, &code, &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a9_a_code_used_twice_ends_what_it_gave() {
    let world = World::new().await;
    for wait_s in [0, 1, 30, 500] {
        let code = world.code(WEB, &[]).await;
        let given = world.exchange(WEB, &code, &[]).await.json();
        let access = text(&given["access_token"]);
        assert!(world.is_active(WEB, access).await);
        world.wait(wait_s);
        let again = world.exchange(WEB, &code, &[]).await;
        assert_eq!(
            again.error(),
            (400, "invalid_grant".to_owned()),
            "after {wait_s} s"
        );
        assert!(!world.is_active(WEB, access).await, "after {wait_s} s");
        assert_eq!(
            world.userinfo(access).await.status,
            StatusCode::UNAUTHORIZED
        );
        let refreshed = world.refresh(WEB, text(&given["refresh_token"]), &[]).await;
        assert_eq!(
            refreshed.error(),
            (400, "invalid_grant".to_owned()),
            "after {wait_s} s"
        );
    }
}

#[tokio::test]
async fn rfc6749_4_1_2_a_code_lives_for_its_minute() {
    let world = World::new().await;
    let code = world.code(WEB, &[]).await;
    world.wait(59);
    assert_eq!(world.exchange(WEB, &code, &[]).await.status, StatusCode::OK);
    let code = world.code(WEB, &[]).await;
    world.wait(60);
    let late = world.exchange(WEB, &code, &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_of_many_exchanges_of_one_code_at_most_one_wins() {
    let world = std::sync::Arc::new(World::new().await);
    let code = world.code(WEB, &[]).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (world, code) = (std::sync::Arc::clone(&world), code.clone());
        tries.spawn(async move { world.exchange(WEB, &code, &[]).await.status });
    }
    let answers = tries.join_all().await;
    assert_eq!(
        answers
            .iter()
            .filter(|status| **status == StatusCode::OK)
            .count(),
        1
    );
    assert!(
        answers.iter().all(|status| status.as_u16() < 500),
        "{answers:?}"
    );
}

#[tokio::test]
async fn rfc6749_4_4_a_client_acts_for_itself() {
    let world = World::new().await;
    let asked = [("grant_type", "client_credentials"), ("scope", "read")];
    let given = world.token(WEB, &asked).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    let given = given.json();
    assert_eq!(given["scope"], "read");
    assert!(given.get("refresh_token").is_none(), "RFC 6749 §4.4.3");
    assert!(given.get("id_token").is_none());
    // t15: its subject is its own name, which no person can have.
    let told = world.introspect(WEB, text(&given["access_token"])).await;
    assert_eq!(told["sub"], "web");
    assert_eq!(told["client_id"], "web");
    assert!(told.get("auth_time").is_none());
}

#[tokio::test]
async fn rfc6749_4_4_scopes_of_a_client_for_itself() {
    let world = World::new().await;
    let grant = ("grant_type", "client_credentials");
    let all = world.token(WEB, &[grant]).await.json();
    assert_eq!(
        all["scope"], "read write",
        "the registered ones, none about a person"
    );
    let none = world.token(OTHER, &[grant]).await.json();
    assert!(
        none.get("scope").is_none(),
        "without a list: none that was not named"
    );
    for (name, client, scope, want) in [
        ("about a person", WEB, "openid", "invalid_scope"),
        ("offline access", OTHER, "offline_access", "invalid_scope"),
        ("unknown", OTHER, "fly", "invalid_scope"),
    ] {
        let refused = world.token(client, &[grant, ("scope", scope)]).await;
        assert_eq!(refused.error(), (400, want.to_owned()), "{name}");
    }
    let public = world.token(SPA, &[grant]).await;
    assert_eq!(
        public.error(),
        (400, "unauthorized_client".to_owned()),
        "RFC 6749 §4.4"
    );
}

#[tokio::test]
async fn t15_a_client_cannot_be_named_like_a_person() {
    let world = World::new().await;
    let new = placet_core::engine::NewClient {
        client_id: "u-1".to_owned(),
        secrets: Vec::new(),
        metadata: placet_core::client::ClientMetadata::default(),
        disabled: false,
        declared: None,
    };
    let added = world.site.engine.add_client(new, &world.caller);
    assert!(added.await.is_err());
}

#[tokio::test]
async fn k6_a_store_in_trouble_is_said_so_and_the_retry_works() {
    let world = World::new().await;
    let code = world.code(WEB, &[]).await;
    world.store.fail_next(Fault::Unavailable);
    let refused = world.exchange(WEB, &code, &[]).await;
    assert_eq!(refused.error(), (503, "temporarily_unavailable".to_owned()));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(world.exchange(WEB, &code, &[]).await.status, StatusCode::OK);
}
