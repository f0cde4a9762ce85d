//! RFC 7662: introspection.

use http::StatusCode;

use crate::world::{FILES, FILES_RS, ISSUER, OTHER, PHOTOS, PHOTOS_RS, SPA, WEB, World, text};

#[tokio::test]
async fn rfc7662_2_2_an_active_access_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let told = world.introspect(WEB, text(&given["access_token"])).await;
    let now = placet_core::store::Store::now(&world.store).as_secs();
    assert_eq!(told["active"], true);
    assert_eq!(told["scope"], "openid read");
    assert_eq!(told["client_id"], "web");
    assert_eq!(told["token_type"], "Bearer");
    assert_eq!(told["sub"], "u-1");
    assert_eq!(told["aud"], ISSUER);
    assert_eq!(told["iss"], ISSUER);
    assert_eq!(told["iat"], now);
    assert_eq!(told["nbf"], now);
    assert_eq!(told["exp"], now + 3600);
    assert_eq!(told["auth_time"], now);
    assert_eq!(told["amr"][0], "pwd");
    assert!(text(&told["jti"]).starts_with("at_"));
    assert!(text(&told["sid"]).starts_with("ses_"));
    // Neither name nor mail of the person: a resource server needs none of it.
    assert!(told.get("username").is_none());
}

#[tokio::test]
async fn rfc7662_2_2_a_refresh_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["refresh_token"]);
    let told = world.introspect(WEB, token).await;
    assert_eq!(told["active"], true);
    assert_eq!(told["sub"], "u-1");
    assert!(told.get("token_type").is_none());
    assert!(!world.is_active(OTHER, token).await);
    world.refresh(WEB, token, &[]).await;
    assert!(!world.is_active(WEB, token).await, "it was used");
}

#[tokio::test]
async fn t13_a_token_is_active_for_its_client_and_its_resource_alone() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[("resource", PHOTOS)]).await;
    let token = text(&given["access_token"]);
    for (caller, want) in [
        (WEB, true),
        (PHOTOS_RS, true),
        (FILES_RS, false),
        (OTHER, false),
    ] {
        assert_eq!(world.is_active(caller, token).await, want, "{caller}");
    }
    let given = world.tokens(WEB, &[("resource", FILES)]).await;
    let told = world
        .introspect(FILES_RS, text(&given["access_token"]))
        .await;
    assert_eq!(told["aud"], FILES);
    // Without a resource it is for the issuer alone.
    let given = world.tokens(WEB, &[]).await;
    assert!(
        !world
            .is_active(PHOTOS_RS, text(&given["access_token"]))
            .await
    );
}

#[tokio::test]
async fn c8_unknown_and_foreign_are_one_answer() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let over = world.tokens(WEB, &[]).await;
    world
        .post("/revoke", WEB, &[("token", text(&over["access_token"]))])
        .await;
    for token in [
        text(&given["access_token"]),
        text(&given["refresh_token"]),
        text(&given["id_token"]),
        text(&over["access_token"]),
        "nonsense",
        &"A".repeat(43),
    ] {
        let told = world.post("/introspect", OTHER, &[("token", token)]).await;
        assert_eq!(told.status, StatusCode::OK);
        assert_eq!(&told.body[..], b"{\"active\":false}");
        assert_eq!(told.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn t14_only_for_callers_who_prove_who_they_are() {
    let world = World::new().await;
    let given = world.tokens(SPA, &[]).await;
    let token = text(&given["access_token"]);
    for caller in ["", SPA, "web:wrong", "nobody"] {
        let refused = world.post("/introspect", caller, &[("token", token)]).await;
        assert_eq!(
            refused.error(),
            (401, "invalid_client".to_owned()),
            "{caller:?}"
        );
    }
    let refused = world.post("/introspect", WEB, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn t18_an_id_token_is_no_access_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let id_token = text(&given["id_token"]);
    assert!(!world.is_active(WEB, id_token).await);
    assert_eq!(
        world.userinfo(id_token).await.status,
        StatusCode::UNAUTHORIZED
    );
    let refresh = text(&given["refresh_token"]);
    assert_eq!(
        world.userinfo(refresh).await.status,
        StatusCode::UNAUTHORIZED
    );
    let access = text(&given["access_token"]);
    let refused = world.refresh(WEB, access, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_grant".to_owned()));
}
