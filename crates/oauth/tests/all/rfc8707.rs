//! RFC 8707: resource indicators.

use http::StatusCode;

use crate::world::{FILES, PHOTOS, TV, WEB, World, claims, text};

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
