//! RFC 7523 §3: an assertion holds once, whatever came of the request it came with.

use std::sync::Arc;

use http::StatusCode;
use placet_core::{event::EventKind, store::Store as _, time::Clock as _};
use placet_proof::{Algorithm, Ed25519Name, Jwks, JwsSigner, SigningKey};
use serde_json::json;

use crate::{
    cast::DEVICE,
    world::{ISSUER, World},
};

const CLIENT: &str = "signer";

struct Signer {
    key: Arc<SigningKey>,
    made: u32,
}

impl Signer {
    async fn registered(world: &World) -> Self {
        let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
        let jwks = Jwks::new(vec![key.public_jwk().clone()]).to_json(Ed25519Name::EdDsa);
        let metadata = json!({
            "jwks": jwks, "scope": "read", "grant_types": ["client_credentials", "refresh_token", DEVICE],
        });
        world.add_client(CLIENT, None, metadata).await;
        Self { key, made: 0 }
    }

    fn assertion(&mut self, world: &World) -> String {
        self.made += 1;
        let claims = json!({
            "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": world.clock.now().as_secs() + 60,
            "jti": self.made.to_string(),
        });
        let signer = JwsSigner::new(Arc::clone(&self.key), None, Ed25519Name::EdDsa);
        signer.sign_claims(&claims).unwrap()
    }
}

async fn post(
    world: &World,
    path: &str,
    assertion: &str,
    pairs: &[(&str, &str)],
) -> crate::world::Response {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let mut all = vec![
        ("client_assertion_type", kind),
        ("client_assertion", assertion),
    ];
    all.extend_from_slice(pairs);
    world.post(path, "", &all).await
}

#[tokio::test]
async fn t9_an_assertion_that_came_with_a_refused_request_is_spent() {
    let world = World::new().await;
    let mut signer = Signer::registered(&world).await;
    let own = ("grant_type", "client_credentials");
    for (name, path, pairs, want) in [
        ("no grant", "/token", &[][..], "invalid_request"),
        (
            "a grant it has not",
            "/token",
            &[("grant_type", "authorization_code"), ("code", "x")],
            "unauthorized_client",
        ),
        (
            "a scope it has not",
            "/token",
            &[own, ("scope", "write")],
            "invalid_scope",
        ),
        (
            "a scope about a person",
            "/token",
            &[own, ("scope", "openid")],
            "invalid_scope",
        ),
        (
            "an unknown resource",
            "/token",
            &[own, ("resource", "urn:nobody")],
            "invalid_target",
        ),
        (
            "a refresh token that is none",
            "/token",
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_grant",
        ),
        (
            "a scope no device gets",
            "/device_authorization",
            &[("scope", "write")],
            "invalid_scope",
        ),
        ("no token to look at", "/introspect", &[], "invalid_request"),
        ("no token to revoke", "/revoke", &[], "invalid_request"),
    ] {
        let assertion = signer.assertion(&world);
        let refused = post(&world, path, &assertion, pairs).await;
        assert_eq!(refused.error().1, want, "{name}");
        let again = post(&world, "/token", &assertion, &[own]).await;
        assert_eq!(again.error(), (401, "invalid_client".to_owned()), "{name}");
    }
    let spent = world
        .store
        .events(world.site.engine.issuer_id(), None, 1_000);
    let mut spent = spent.await.unwrap().into_iter().rev();
    let last = spent.find(|event| event.kind == EventKind::ProofSpent);
    assert_eq!(last.unwrap().peer.as_deref(), Some("192.0.2.7"));

    let fresh = signer.assertion(&world);
    let given = post(&world, "/token", &fresh, &[own]).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
}
