//! RFC 7009: revocation.

use http::StatusCode;
use placet_core::testing::Fault;

use crate::world::{OTHER, SPA, WEB, World, text};

#[tokio::test]
async fn rfc7009_2_1_an_access_token_ends_alone() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["access_token"]);
    let told = world.post("/revoke", WEB, &[("token", token)]).await;
    assert_eq!(told.status, StatusCode::OK);
    assert!(told.body.is_empty());
    assert!(!world.is_active(WEB, token).await);
    assert!(world.is_active(WEB, text(&given["refresh_token"])).await);
}

#[tokio::test]
async fn rfc7009_2_1_a_refresh_token_takes_its_family_along() {
    let world = World::new().await;
    let given = world.tokens(SPA, &[]).await;
    // The hint is wrong, and does not matter.
    let pairs = [
        ("token", text(&given["refresh_token"])),
        ("token_type_hint", "access_token"),
    ];
    assert_eq!(
        world.post("/revoke", SPA, &pairs).await.status,
        StatusCode::OK
    );
    assert_eq!(
        world.userinfo(text(&given["access_token"])).await.status,
        StatusCode::UNAUTHORIZED
    );
    let refreshed = world.refresh(SPA, text(&given["refresh_token"]), &[]).await;
    assert_eq!(refreshed.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn t4_a_foreign_or_unknown_token_is_200_and_nothing_happens() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[]).await;
    let (access, refresh) = (text(&given["access_token"]), text(&given["refresh_token"]));
    for token in [access, refresh, "nonsense", &"A".repeat(43)] {
        let told = world.post("/revoke", OTHER, &[("token", token)]).await;
        assert_eq!(
            (told.status, told.body.len()),
            (StatusCode::OK, 0),
            "{token}"
        );
    }
    assert!(world.is_active(WEB, access).await);
    assert!(world.is_active(WEB, refresh).await);
    for _ in 0..2 {
        let told = world.post("/revoke", WEB, &[("token", access)]).await;
        assert_eq!(told.status, StatusCode::OK, "twice is no error");
    }
}

#[tokio::test]
async fn rfc7009_2_2_1_errors() {
    let world = World::new().await;
    let refused = world.post("/revoke", WEB, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_request".to_owned()));
    let refused = world.post("/revoke", "web:wrong", &[("token", "x")]).await;
    assert_eq!(refused.error(), (401, "invalid_client".to_owned()));
    let given = world.tokens(WEB, &[]).await;
    let token = text(&given["access_token"]);
    world.store.fail_next(Fault::Unavailable);
    let refused = world.post("/revoke", WEB, &[("token", token)]).await;
    assert_eq!(refused.error(), (503, "temporarily_unavailable".to_owned()));
    assert!(
        world.is_active(WEB, token).await,
        "what was not acknowledged did not happen"
    );
}
