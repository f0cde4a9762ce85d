//! OpenID Connect Discovery, and the keys it points to.

use http::StatusCode;
use placet_proof::{Algorithm, Jwks, Profile, UnverifiedJwt};

use crate::world::{ISSUER, WEB, World, header, text};

#[tokio::test]
async fn oidc_discovery_3_required_members() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await.json();
    for name in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
        "prompt_values_supported",
        "ui_locales_supported",
    ] {
        assert!(!document[name].is_null(), "{name}");
    }
    let algs = document["id_token_signing_alg_values_supported"]
        .as_array()
        .unwrap();
    assert!(algs.contains(&"RS256".into()));
    assert!(!algs.contains(&"none".into()));
}

#[tokio::test]
async fn oidc_core_10_1_the_published_keys_verify_what_was_signed() {
    let world = World::new().await;
    world.key_of(Algorithm::EdDsa).await;
    let metadata = serde_json::json!({
        "redirect_uris": [crate::world::CALLBACK], "id_token_signed_response_alg": "EdDSA",
    });
    world.add_client("edwards", None, metadata).await;
    for (client, alg) in [(WEB, "ES256"), ("edwards", "EdDSA")] {
        let given = world.tokens(client, &[]).await;
        assert_eq!(header(&given["id_token"])["alg"], alg);
        assert!(header(&given["id_token"]).get("typ").is_none());
        let published = world.get("/jwks.json").await;
        assert_eq!(published.status, StatusCode::OK);
        assert_eq!(published.header("cache-control"), "public, max-age=300");
        let keys = Jwks::parse(&published.body).unwrap();
        let client_id = client.split(':').next().unwrap();
        let now = placet_core::store::Store::now(&world.store).as_secs();
        let jwt = UnverifiedJwt::parse(text(&given["id_token"])).unwrap();
        jwt.verify(&Profile::id_token(ISSUER, client_id), &keys, now)
            .unwrap();
    }
}

#[tokio::test]
async fn oidc_registration_2_the_default_is_rs256_and_waits_for_its_key() {
    let world = World::new().await;
    let metadata = serde_json::json!({ "redirect_uris": [crate::world::CALLBACK] });
    world.add_client("plain", None, metadata).await;
    let code = world.code("plain", &[]).await;
    let early = world.exchange("plain", &code, &[]).await;
    assert_eq!(early.error(), (503, "temporarily_unavailable".to_owned()));
    world.key_of(Algorithm::Rs256).await;
    let given = world.exchange("plain", &code, &[]).await;
    assert_eq!(
        given.status,
        StatusCode::OK,
        "the code is still good: {given:?}"
    );
    assert_eq!(header(&given.json()["id_token"])["alg"], "RS256");
}
