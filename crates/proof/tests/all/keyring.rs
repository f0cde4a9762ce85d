//! Keys made once per test run, and tokens signed with any header and payload.

use std::sync::{Arc, LazyLock};

use data_encoding::BASE64URL_NOPAD;
use placet_proof::{Algorithm, Jwks, SigningKey};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT: &str = "tv";
pub(crate) const RESOURCE: &str = "https://photos.example";

static KEYS: LazyLock<[Arc<SigningKey>; 4]> = LazyLock::new(|| {
    Algorithm::ALL.map(|algorithm| Arc::new(SigningKey::generate(algorithm).unwrap()))
});

pub(crate) fn key(algorithm: Algorithm) -> Arc<SigningKey> {
    let key = KEYS.iter().find(|key| key.algorithm() == algorithm);
    Arc::clone(key.unwrap())
}

/// The public halves of the keys of all four algorithms.
pub(crate) fn all_keys() -> Jwks {
    Jwks::new(KEYS.iter().map(|key| key.public_jwk().clone()).collect())
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

/// Signs exactly this header and this payload.
pub(crate) fn compact(key: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode(signature))
}

/// Signs claims under an honest header with this `typ`.
pub(crate) fn signed(key: &SigningKey, typ: Option<&str>, claims: &Value) -> String {
    let alg = key.algorithm().name(placet_proof::Ed25519Name::EdDsa);
    let mut header = json!({ "alg": alg, "kid": key.kid() });
    if let Some(typ) = typ {
        header["typ"] = json!(typ);
    }
    compact(key, &header.to_string(), &claims.to_string())
}

/// `base` with the members of `changes` in place; a null removes the member.
pub(crate) fn changed(base: &Value, changes: &Value) -> Value {
    let mut claims = base.clone();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// The claims of an access token that every rule accepts.
pub(crate) fn access_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "u-1", "client_id": CLIENT,
        "iat": NOW, "exp": NOW + 600, "jti": "j-1",
    })
}

/// The claims of a client assertion that every rule accepts.
pub(crate) fn assertion_claims() -> Value {
    json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "j-1" })
}

/// The claims of an ID token that every rule accepts.
pub(crate) fn id_claims() -> Value {
    json!({ "iss": ISSUER, "sub": "u-1", "aud": CLIENT, "iat": NOW, "exp": NOW + 300 })
}

/// The claims of a logout token that every rule accepts.
pub(crate) fn logout_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "j-1", "sub": "u-1", "sid": "s-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })
}
