//! RFC 8707: resource indicators.

use http::StatusCode;

use crate::world::{DROPBOX, FILES, PHOTOS, TV, WEB, World, claims, request, text};

const BOTH: &[(&str, &str)] = &[("resource", PHOTOS), ("resource", FILES)];

#[tokio::test]
async fn rfc8707_2_2_one_token_has_one_audience() {
    let world = World::new().await;
    for (name, at_token, want) in [
        ("first", &[("resource", PHOTOS)][..], Ok(PHOTOS)),
        ("second", &[("resource", FILES)], Ok(FILES)),
        ("none of several: the issuer", &[], Ok(crate::world::ISSUER)),
        ("both at once", BOTH, Err("invalid_target")),
        (
            "one not granted",
            &[("resource", "urn:x")],
            Err("invalid_target"),
        ),
        (
            "not a URI",
            &[("resource", "photos")],
            Err("invalid_target"),
        ),
    ] {
        let code = world.code(WEB, BOTH).await;
        let given = world.exchange(WEB, &code, at_token).await;
        match want {
            Ok(audience) => {
                assert_eq!(given.status, StatusCode::OK, "{name}: {given:?}");
                let token = given.json()["access_token"].clone();
                let told = world.introspect(WEB, text(&token)).await;
                assert_eq!(told["aud"], audience, "{name}");
            }
            Err(error) => assert_eq!(given.error(), (400, error.to_owned()), "{name}"),
        }
    }
}

#[tokio::test]
async fn rfc8707_2_2_each_refresh_may_name_another_granted_resource() {
    let world = World::new().await;
    let mut given = world.tokens(WEB, BOTH).await;
    for resource in [PHOTOS, FILES, PHOTOS] {
        let refresh = text(&given["refresh_token"]).to_owned();
        given = world
            .refresh(WEB, &refresh, &[("resource", resource)])
            .await
            .json();
        let told = world.introspect(WEB, text(&given["access_token"])).await;
        assert_eq!(told["aud"], resource);
    }
}

#[tokio::test]
async fn rfc8707_2_the_only_granted_resource_needs_no_second_naming() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[("resource", PHOTOS)]).await;
    assert_eq!(claims(&given["access_token"])["aud"], PHOTOS);
    assert_eq!(given["expires_in"], 600, "as long as the resource says");

    let device = world
        .device(TV, &[("scope", "read"), ("resource", PHOTOS)])
        .await;
    let browser = world.sign_in("u-1").await;
    let waiting = world.carried(&device).await;
    world.approve(&waiting, &browser).await;
    let given = world.poll(TV, &device).await.json();
    assert_eq!(claims(&given["access_token"])["aud"], PHOTOS);
}

#[tokio::test]
async fn rfc8707_2_a_client_asks_for_itself() {
    let world = World::new().await;
    let grant = ("grant_type", "client_credentials");
    let given = world.token(WEB, &[grant, ("resource", PHOTOS)]).await;
    assert_eq!(claims(&given.json()["access_token"])["aud"], PHOTOS);
    let metadata =
        serde_json::json!({ "grant_types": ["client_credentials"], "resources": [FILES] });
    world
        .add_client("narrow", Some("narrow-secret-0123456789"), metadata)
        .await;
    let narrow = "narrow:narrow-secret-0123456789";
    let refused = world.token(narrow, &[grant, ("resource", PHOTOS)]).await;
    assert_eq!(refused.error(), (400, "invalid_target".to_owned()));
    let given = world.token(narrow, &[grant, ("resource", FILES)]).await;
    assert_eq!(given.status, StatusCode::OK);
}

#[tokio::test]
async fn rfc6749_5_1_scopes_of_which_none_is_left_are_refused() {
    let world = World::new().await;
    let invalid_scope = (400, "invalid_scope".to_owned());
    let own = ("grant_type", "client_credentials");
    for (scope, want) in [
        ("read", Err(invalid_scope.clone())),
        ("read write", Ok("write")),
        ("write", Ok("write")),
    ] {
        let pairs = [own, ("scope", scope), ("resource", DROPBOX)];
        let told = world.token(WEB, &pairs).await;
        match want {
            Ok(left) => assert_eq!(told.json()["scope"], left, "{scope}"),
            Err(error) => assert_eq!(told.error(), error, "{scope}"),
        }
    }

    let asked = [("scope", "read"), ("resource", DROPBOX)];
    let refused = world.post("/device_authorization", TV, &asked).await;
    assert_eq!(refused.error(), invalid_scope);
    let refused = world.visit(None, &request(WEB, &asked)).await.redirected();
    assert_eq!(refused["error"], "invalid_scope");

    // Good for one of two resources: the one that makes nothing of it is refused, and the other still answered.
    let both = [
        ("scope", "read"),
        ("resource", DROPBOX),
        ("resource", FILES),
    ];
    let given = world.tokens(WEB, &both).await;
    let refresh = text(&given["refresh_token"]);
    let refused = world.refresh(WEB, refresh, &[("resource", DROPBOX)]).await;
    assert_eq!(refused.error(), invalid_scope);
    let given = world.refresh(WEB, refresh, &[("resource", FILES)]).await;
    assert_eq!(given.json()["scope"], "read");
}
