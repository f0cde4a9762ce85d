//! RFC 6749 §6 and RFC 9700 §4.14: refresh tokens.

use http::StatusCode;

use crate::world::{OTHER, SPA, WEB, World, claims, text};

#[tokio::test]
async fn rfc6749_6_a_refresh_token_rotates() {
    let world = World::new().await;
    let first = world
        .tokens(SPA, &[("scope", "openid read offline_access")])
        .await;
    world.wait(10);
    let second = world.refresh(SPA, text(&first["refresh_token"]), &[]).await;
    assert_eq!(second.status, StatusCode::OK, "{second:?}");
    let second = second.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(second["scope"], "offline_access openid read");
    // OpenID Connect Core §12.2.
    let (old, new) = (claims(&first["id_token"]), claims(&second["id_token"]));
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(old[same], new[same], "{same}");
    }
    assert_eq!(old["nonce"], "n");
    assert!(new.get("nonce").is_none());
    assert!(new["iat"].as_i64() > old["iat"].as_i64());
}

#[tokio::test]
async fn c6_a_refresh_narrows_and_never_widens() {
    let world = World::new().await;
    let first = world.tokens(WEB, &[("scope", "openid read write")]).await;
    let token = text(&first["refresh_token"]);
    for (name, extra, want) in [
        (
            "scope not granted",
            ("scope", "read email"),
            "invalid_scope",
        ),
        ("unknown scope", ("scope", "fly"), "invalid_scope"),
        (
            "resource not granted",
            ("resource", "urn:photos"),
            "invalid_target",
        ),
    ] {
        let refused = world.refresh(WEB, token, &[extra]).await;
        assert_eq!(refused.error(), (400, want.to_owned()), "{name}");
    }
    let narrow = world.refresh(WEB, token, &[("scope", "read")]).await.json();
    assert_eq!(narrow["scope"], "read");
    assert!(narrow.get("id_token").is_none());
    // RFC 6749 §6: the refresh token's own scope stays that of the one it replaces.
    let wide = world
        .refresh(WEB, text(&narrow["refresh_token"]), &[])
        .await
        .json();
    assert_eq!(wide["scope"], "openid read write");
}

#[tokio::test]
async fn t1_a_reused_refresh_token_ends_its_family() {
    let world = World::new().await;
    let first = world.tokens(WEB, &[]).await;
    let second = world
        .refresh(WEB, text(&first["refresh_token"]), &[])
        .await
        .json();
    let third = world
        .refresh(WEB, text(&second["refresh_token"]), &[])
        .await
        .json();
    let thief = world.refresh(WEB, text(&first["refresh_token"]), &[]).await;
    assert_eq!(thief.error(), (400, "invalid_grant".to_owned()));
    for given in [&first, &second, &third] {
        assert!(!world.is_active(WEB, text(&given["access_token"])).await);
    }
    let honest = world.refresh(WEB, text(&third["refresh_token"]), &[]).await;
    assert_eq!(honest.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn t3_a_lost_answer_can_be_fetched_again_for_30_s() {
    let world = World::new().await;
    let first = world.tokens(WEB, &[]).await;
    let token = text(&first["refresh_token"]);
    let given = world.refresh(WEB, token, &[]).await;
    world.wait(29);
    let again = world.refresh(WEB, token, &[]).await;
    assert_eq!(given.body, again.body, "the same successor, byte for byte");
    // The grace counts from the first use.
    world.wait(1);
    let late = world.refresh(WEB, token, &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant".to_owned()));
    assert!(
        !world
            .is_active(WEB, text(&given.json()["access_token"]))
            .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_parallel_refreshes_give_one_successor() {
    let world = std::sync::Arc::new(World::new().await);
    let first = world.tokens(WEB, &[]).await;
    let token = text(&first["refresh_token"]).to_owned();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (world, token) = (std::sync::Arc::clone(&world), token.clone());
        tries.spawn(async move { world.refresh(WEB, &token, &[]).await });
    }
    let mut successors = std::collections::BTreeSet::new();
    for answer in tries.join_all().await {
        assert!(
            answer.status != StatusCode::INTERNAL_SERVER_ERROR,
            "{answer:?}"
        );
        if answer.status == StatusCode::OK {
            successors.insert(text(&answer.json()["refresh_token"]).to_owned());
        }
    }
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn t4_a_refresh_token_of_another_client() {
    let world = World::new().await;
    let first = world.tokens(WEB, &[]).await;
    let token = text(&first["refresh_token"]);
    let stolen = world.refresh(OTHER, token, &[]).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(world.refresh(WEB, token, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn oidc_core_11_without_offline_access_tokens_end_with_the_sign_in() {
    let world = World::new().await;
    for (scope, outlives) in [
        ("openid read", false),
        ("openid read offline_access", true),
        ("read", true),
    ] {
        let browser = world.sign_in("u-1").await;
        let waiting = world
            .begin(&crate::world::request(WEB, &[("scope", scope)]))
            .await;
        let next = world.approve(&waiting, &browser).await;
        let code = crate::world::answered(&next)["code"].clone();
        let given = world.exchange(WEB, &code, &[]).await.json();
        let out = world
            .site
            .engine
            .sign_out(browser.session.hash, &world.caller);
        out.await.unwrap();
        let active = world.is_active(WEB, text(&given["access_token"])).await;
        assert_eq!(active, outlives, "{scope}");
        let refreshed = world.refresh(WEB, text(&given["refresh_token"]), &[]).await;
        assert_eq!(refreshed.status == StatusCode::OK, outlives, "{scope}");
    }
}

#[tokio::test]
async fn t17_no_access_token_outlives_its_family() {
    let world = World::new().await;
    let mut given = world.tokens(WEB, &[("scope", "read")]).await;
    // 30 days are the most a family lives; each day it is used once, so that it never lies idle.
    for _ in 0..30 {
        world.wait(86_000);
        given = world
            .refresh(WEB, text(&given["refresh_token"]), &[])
            .await
            .json();
        assert_eq!(given["expires_in"], 3600);
    }
    world.wait(30 * 86_400 - 30 * 86_000 - 100);
    let late = world.refresh(WEB, text(&given["refresh_token"]), &[]).await;
    assert_eq!(late.status, StatusCode::OK, "{late:?}");
    assert_eq!(late.json()["expires_in"], 100);
    world.wait(100);
    let over = world
        .refresh(WEB, text(&late.json()["refresh_token"]), &[])
        .await;
    assert_eq!(over.error(), (400, "invalid_grant".to_owned()));
}
