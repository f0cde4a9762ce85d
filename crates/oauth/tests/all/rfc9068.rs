//! RFC 9068: access tokens that a resource checks alone.

use placet_core::secret::ORDERED_SECRET_CHARS;
use placet_proof::{Audience, Profile, UnverifiedJwt};

use crate::world::{FILES, ISSUER, PHOTOS, PHOTOS_RS, WEB, World, claims, header, text};

#[tokio::test]
async fn rfc9068_2_a_jwt_access_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[("resource", PHOTOS)]).await;
    let token = &given["access_token"];
    assert_eq!(header(token)["typ"], "at+jwt");
    assert_eq!(header(token)["alg"], "ES256");
    let told = claims(token);
    let now = placet_core::store::Store::now(&world.store).as_secs();
    for (name, want) in [
        ("iss", ISSUER.into()),
        ("sub", "u-1".into()),
        ("aud", PHOTOS.into()),
        ("client_id", "web".into()),
        ("scope", "openid read".into()),
        ("iat", now.into()),
        ("exp", (now + 600).into()),
        ("auth_time", now.into()),
        ("amr", serde_json::json!(["pwd"])),
    ] {
        assert_eq!(told[name], want, "{name}");
    }
    let keys = world.site.keys.public_keys();
    let profile = Profile::access_token(ISSUER, Audience::Exactly(PHOTOS));
    let verified = UnverifiedJwt::parse(text(token))
        .unwrap()
        .verify(&profile, &keys, now);
    let verified = verified.unwrap();
    // It has a row like any other, so it can be asked about and taken back.
    let active = world.introspect(PHOTOS_RS, text(token)).await;
    assert_eq!(active["jti"], verified.jti().unwrap());
    world.post("/revoke", WEB, &[("token", text(token))]).await;
    assert!(!world.is_active(PHOTOS_RS, text(token)).await);
}

#[tokio::test]
async fn rfc9068_opaque_is_the_default() {
    let world = World::new().await;
    for extra in [&[][..], &[("resource", FILES)]] {
        let given = world.tokens(WEB, extra).await;
        let token = text(&given["access_token"]);
        assert_eq!(token.len(), ORDERED_SECRET_CHARS, "{extra:?}");
    }
}

#[tokio::test]
async fn t18_an_access_token_is_no_id_token() {
    let world = World::new().await;
    let given = world.tokens(WEB, &[("resource", PHOTOS)]).await;
    let access = text(&given["access_token"]);
    let extra = [("id_token_hint", access)];
    let told = world.visit(None, &crate::world::request(WEB, &extra)).await;
    assert_eq!(told.redirected()["error"], "invalid_request");
}
