//! OpenID Connect Back-Channel Logout §2.4 and §2.6.

use placet_proof::{Algorithm, Profile, ProofError, UnverifiedJwt};
use serde_json::json;

use crate::keyring::{CLIENT, ISSUER, NOW, all_keys, changed, key, logout_claims, signed};

#[test]
fn back_channel_logout_2_6_claims() {
    use ProofError::{BadClaim, ForbiddenClaim, MissingClaim, TooLong, WrongAudience};
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let cases = [
        ("as it should be", json!({}), Ok(())),
        ("sub only", json!({ "sid": null }), Ok(())),
        ("sid only", json!({ "sub": null }), Ok(())),
        (
            "neither",
            json!({ "sid": null, "sub": null }),
            Err(MissingClaim("sid")),
        ),
        (
            "nonce",
            json!({ "nonce": "n" }),
            Err(ForbiddenClaim("nonce")),
        ),
        (
            "no events",
            json!({ "events": null }),
            Err(MissingClaim("events")),
        ),
        (
            "no such event",
            json!({ "events": { "other": {} } }),
            Err(BadClaim("events")),
        ),
        (
            "event no object",
            json!({ "events": { event: true } }),
            Err(BadClaim("events")),
        ),
        (
            "events a list",
            json!({ "events": [event] }),
            Err(BadClaim("events")),
        ),
        ("no jti", json!({ "jti": null }), Err(MissingClaim("jti"))),
        ("no iat", json!({ "iat": null }), Err(MissingClaim("iat"))),
        (
            "other client",
            json!({ "aud": "other" }),
            Err(WrongAudience),
        ),
        (
            "longer than two minutes by a clock 10 s ahead",
            json!({ "exp": NOW + 131 }),
            Err(TooLong),
        ),
    ];
    for (name, change, want) in cases {
        let claims = changed(&logout_claims(), &change);
        let token = signed(&key(Algorithm::EdDsa), Some("logout+jwt"), &claims);
        let profile = Profile::logout_token(ISSUER, CLIENT);
        let got = UnverifiedJwt::parse(&token)
            .and_then(|jwt| jwt.verify(&profile, &all_keys(), NOW))
            .map(|_| ());
        assert_eq!(got, want, "{name}");
    }
}
