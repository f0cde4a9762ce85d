//! Signed assertions: for us alone, by a registered key, once.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use placet_proof::{Algorithm, Ed25519Name, Jwks, JwsSigner, SigningKey};
use serde_json::json;

use super::*;

fn key(algorithm: Algorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).unwrap())
}

fn set(keys: &[&SigningKey]) -> Value {
    let keys = keys.iter().map(|key| key.public_jwk().clone()).collect();
    Jwks::new(keys).to_json(Ed25519Name::EdDsa)
}

fn claims(world: &World, changes: &Value) -> Value {
    let now = world.clock.now().as_secs();
    let mut claims = json!({
        "iss": "signer", "sub": "signer", "aud": ISSUER, "exp": now + 60, "jti": "once",
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn signed(key: &Arc<SigningKey>, claims: &Value) -> String {
    JwsSigner::new(Arc::clone(key), None, Ed25519Name::EdDsa)
        .sign_claims(claims)
        .unwrap()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn t9_t10_an_assertion_is_for_us_alone_and_by_a_registered_key() {
    let world = World::new().await;
    let (es256, ed25519, stranger) = (
        key(Algorithm::Es256),
        key(Algorithm::EdDsa),
        key(Algorithm::Es256),
    );
    world
        .client("signer", &[], json!({ "jwks": set(&[&es256, &ed25519]) }))
        .await;
    world
        .client(
            "pinned",
            &[],
            json!({
                "jwks": set(&[&es256, &ed25519]), "token_endpoint_auth_signing_alg": "EdDSA",
            }),
        )
        .await;
    world
        .client(
            "lenient",
            &[],
            json!({
                "jwks": set(&[&es256]), "assertion_audience": "token_endpoint",
            }),
        )
        .await;
    world.client("cli", &[SECRET], json!({})).await;
    let now = world.clock.now().as_secs();
    let token_endpoint = format!("{ISSUER}/token");
    let lenient = |aud: Value| json!({ "iss": "lenient", "sub": "lenient", "aud": aud });
    let pinned = json!({ "iss": "pinned", "sub": "pinned" });
    let proof = |error: &str| format!("WrongAssertion({error})");
    let cases = [
        ("good", &es256, json!({}), "signer".to_owned()),
        ("good, Ed25519", &ed25519, json!({}), "signer".to_owned()),
        (
            "list of one",
            &es256,
            json!({ "aud": [ISSUER] }),
            "signer".to_owned(),
        ),
        (
            "another server",
            &es256,
            json!({ "aud": "https://other.example" }),
            proof("WrongAudience"),
        ),
        (
            "ours and another",
            &es256,
            json!({ "aud": [ISSUER, "https://other.example"] }),
            proof("WrongAudience"),
        ),
        (
            "token endpoint",
            &es256,
            json!({ "aud": token_endpoint }),
            proof("WrongAudience"),
        ),
        (
            "trailing slash",
            &es256,
            json!({ "aud": format!("{ISSUER}/") }),
            proof("WrongAudience"),
        ),
        (
            "token endpoint, by setting",
            &es256,
            lenient(json!(token_endpoint)),
            "lenient".to_owned(),
        ),
        (
            "issuer, by setting",
            &es256,
            lenient(json!(ISSUER)),
            "lenient".to_owned(),
        ),
        (
            "both, by setting",
            &es256,
            lenient(json!([ISSUER, token_endpoint])),
            proof("WrongAudience"),
        ),
        (
            "too long",
            &es256,
            json!({ "exp": now + 311 }),
            proof("TooLong"),
        ),
        ("expired", &es256, json!({ "exp": now }), proof("Expired")),
        (
            "no jti",
            &es256,
            json!({ "jti": null }),
            proof("MissingClaim(\"jti\")"),
        ),
        (
            "another subject",
            &es256,
            json!({ "sub": "cli" }),
            proof("WrongSubject"),
        ),
        (
            "a stranger's key",
            &stranger,
            json!({}),
            proof("UnknownKey"),
        ),
        (
            "the pinned algorithm",
            &ed25519,
            pinned.clone(),
            "pinned".to_owned(),
        ),
        (
            "not the pinned algorithm",
            &es256,
            pinned,
            proof("UnknownKey"),
        ),
        (
            "a client with a secret",
            &es256,
            json!({ "iss": "cli", "sub": "cli" }),
            "WrongMethod".to_owned(),
        ),
        (
            "nobody",
            &es256,
            json!({ "iss": "nobody", "sub": "nobody" }),
            "Unknown".to_owned(),
        ),
        (
            "no issuer",
            &es256,
            json!({ "iss": null }),
            "Malformed".to_owned(),
        ),
    ];
    for (number, (name, key, changes, want)) in cases.iter().enumerate() {
        let assertion = signed(key, &claims(&world, changes));
        let peer = format!("2001:db8:{number:x}::1");
        let request = Request::assertion(&assertion).from(&peer);
        assert_eq!(world.judge(&request).await, *want, "{name}");
    }
}

#[tokio::test]
async fn rfc7521_4_2_type_and_client_id_must_fit_the_assertion() {
    let world = World::new().await;
    let key = key(Algorithm::Es256);
    world
        .client("signer", &[], json!({ "jwks": set(&[&key]) }))
        .await;
    let good = signed(&key, &claims(&world, &json!({})));
    for (name, request, want) in [
        (
            "named",
            Request::assertion(&good).and("client_id", "signer"),
            "signer",
        ),
        (
            "another named",
            Request::assertion(&good).and("client_id", "cli"),
            "OtherClient",
        ),
        (
            "no type",
            Request::post(&[("client_assertion", &good)]),
            "Malformed",
        ),
        (
            "another type",
            Request::post(&[
                ("client_assertion", &good),
                ("client_assertion_type", "saml"),
            ]),
            "Malformed",
        ),
        (
            "type alone",
            Request::post(&[
                ("client_assertion_type", JWT_BEARER),
                ("client_id", "signer"),
            ]),
            "Malformed",
        ),
        ("no token", Request::assertion("signer"), "Malformed"),
    ] {
        assert_eq!(world.judge(&request).await, want, "{name}");
    }
}

#[tokio::test]
async fn t9_an_assertion_is_spent_once_and_each_client_has_its_own_jti() {
    let world = World::new().await;
    let key = key(Algorithm::EdDsa);
    let registered = || json!({ "jwks": set(&[&key]) });
    world.client("signer", &[], registered()).await;
    world.client("other", &[], registered()).await;
    let proof_of = async |client_id: &str, exp_in: i64| {
        let exp = world.clock.now().as_secs() + exp_in;
        let changes = json!({ "iss": client_id, "sub": client_id, "exp": exp });
        let assertion = signed(&key, &claims(&world, &changes));
        let client = world.send(&Request::assertion(&assertion)).await.unwrap();
        let proof = client.proof().cloned().unwrap();
        assert_eq!(proof.keep_until, Timestamp::from_secs(exp));
        proof
    };
    world.spend(&proof_of("signer", 60).await).await.unwrap();
    world.spend(&proof_of("other", 60).await).await.unwrap();
    // The same `jti` again, in another assertion too.
    for exp_in in [60, 120] {
        let again = world.spend(&proof_of("signer", exp_in).await).await;
        assert!(matches!(again, Err(StoreError::Spent)), "{again:?}");
    }
}

/// A server on loopback that gives out one of these key sets and counts how often.
fn key_server(current: Arc<Mutex<Value>>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            assert!(head[..length].starts_with(b"GET /keys "));
            let body = current.lock().unwrap().to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    (port, visits)
}

#[tokio::test]
async fn oidc_core_10_1_1_a_client_moves_to_a_new_key_at_its_jwks_uri() {
    let (old, new) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let current = Arc::new(Mutex::new(set(&[&old])));
    let (port, visits) = key_server(Arc::clone(&current));
    let world = World::with(FetchSettings {
        extra_ca: None,
        allow_private: vec![format!("127.0.0.1:{port}")],
        development: true,
    })
    .await;
    let uri = format!("http://127.0.0.1:{port}/keys");
    world
        .client("signer", &[], json!({ "jwks_uri": uri }))
        .await;
    world
        .client(
            "inside",
            &[],
            json!({ "jwks_uri": "https://127.0.0.2/keys" }),
        )
        .await;
    let judge = async |key: &Arc<SigningKey>, client_id: &str| {
        let changes = json!({ "iss": client_id, "sub": client_id });
        let assertion = signed(key, &claims(&world, &changes));
        world.judge(&Request::assertion(&assertion)).await
    };
    for _ in 0..3 {
        assert_eq!(judge(&old, "signer").await, "signer");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 1);
    *current.lock().unwrap() = set(&[&old, &new]);
    // Anybody can make up a `kid`; the set is asked for again only after thirty seconds.
    assert_eq!(judge(&new, "signer").await, "WrongAssertion(UnknownKey)");
    assert_eq!(visits.load(Ordering::SeqCst), 1);
    world.clock.advance(Lifetime::from_secs(30));
    assert_eq!(judge(&new, "signer").await, "signer");
    assert_eq!(judge(&old, "signer").await, "signer");
    assert_eq!(visits.load(Ordering::SeqCst), 2);
    assert_eq!(judge(&old, "inside").await, "NoKeys");
}

#[tokio::test]
async fn t9_an_outage_of_a_jwks_uri_refuses_nobody_and_counts_for_nobody() {
    let good = key(Algorithm::Es256);
    let current = Arc::new(Mutex::new(json!("out of order")));
    let (port, _) = key_server(Arc::clone(&current));
    let world = World::with(FetchSettings {
        extra_ca: None,
        allow_private: vec![format!("127.0.0.1:{port}")],
        development: true,
    })
    .await;
    let uri = format!("http://127.0.0.1:{port}/keys");
    world
        .client("signer", &[], json!({ "jwks_uri": uri }))
        .await;
    let assertion = signed(&good, &claims(&world, &json!({})));
    // More often than wrong credentials may come from one source.
    for _ in 0..40 {
        let judged = world.judge(&Request::assertion(&assertion)).await;
        assert_eq!(judged, "keys unavailable");
    }
    *current.lock().unwrap() = set(&[&good]);
    world.clock.advance(Lifetime::from_secs(1));
    assert_eq!(world.judge(&Request::assertion(&assertion)).await, "signer");
}
