//! RFC 7519 and RFC 9068: the claims of access tokens, and ID tokens given back as hints.

use placet_proof::{Algorithm, Audience, Claims, Profile, ProofError, UnverifiedJwt, Verified};
use serde_json::{Value, json};

use crate::keyring::{
    CLIENT, ISSUER, NOW, RESOURCE, access_claims, all_keys, changed, compact, id_claims, key,
    signed,
};

fn verify(token: &str, profile: &Profile<'_>, now: i64) -> Result<Verified<Claims>, ProofError> {
    UnverifiedJwt::parse(token)?.verify(profile, &all_keys(), now)
}

/// Each change, made to the claims of an honest access token, has this result.
fn access(cases: &[(&str, Value, Result<(), ProofError>)]) {
    let profile = Profile::access_token(ISSUER, Audience::Contains(RESOURCE));
    for (name, change, want) in cases {
        let claims = changed(&access_claims(), change);
        let token = signed(&key(Algorithm::EdDsa), Some("at+jwt"), &claims);
        let got = verify(&token, &profile, NOW).map(|_| ());
        assert_eq!(got, *want, "{name}");
    }
}

#[test]
fn rfc7519_4_1_4_expiry() {
    use ProofError::{BadClaim, Expired};
    access(&[
        ("as issued", json!({}), Ok(())),
        ("last second", json!({ "exp": NOW + 1 }), Ok(())),
        ("now", json!({ "exp": NOW }), Err(Expired)),
        ("past", json!({ "exp": NOW - 1 }), Err(Expired)),
        (
            "rounded down",
            json!({ "exp": 1_800_000_000.9 }),
            Err(Expired),
        ),
        ("negative", json!({ "exp": -1 }), Err(Expired)),
        ("zero", json!({ "exp": 0 }), Err(Expired)),
        ("text", json!({ "exp": "1800000600" }), Err(BadClaim("exp"))),
        ("huge", json!({ "exp": 1.0e300 }), Err(BadClaim("exp"))),
        ("2^64 - 1", json!({ "exp": u64::MAX }), Err(BadClaim("exp"))),
        ("list", json!({ "exp": [NOW + 600] }), Err(BadClaim("exp"))),
    ]);
}

#[test]
fn rfc7519_4_1_5_start() {
    use ProofError::{BadClaim, NotYetValid};
    let too_late = json!({ "iat": 1_800_000_010.1 });
    access(&[
        ("iat 10 s ahead", json!({ "iat": NOW + 10 }), Ok(())),
        ("nbf 10 s ahead", json!({ "nbf": NOW + 10 }), Ok(())),
        ("iat long ago", json!({ "iat": 0 }), Ok(())),
        (
            "iat 11 s ahead",
            json!({ "iat": NOW + 11 }),
            Err(NotYetValid),
        ),
        ("iat rounded up", too_late, Err(NotYetValid)),
        (
            "nbf 60 s ahead",
            json!({ "nbf": NOW + 60 }),
            Err(NotYetValid),
        ),
        ("nbf text", json!({ "nbf": "soon" }), Err(BadClaim("nbf"))),
        ("iat boolean", json!({ "iat": true }), Err(BadClaim("iat"))),
    ]);
}

#[test]
fn rfc9068_4_issuer_and_audience() {
    use ProofError::{BadClaim, WrongAudience, WrongIssuer};
    let evil = "https://evil.example";
    let longer = "https://photos.example.evil";
    access(&[
        ("unknown claims", json!({ "x": { "y": [null] } }), Ok(())),
        ("listed", json!({ "aud": [evil, RESOURCE] }), Ok(())),
        ("iss", json!({ "iss": evil }), Err(WrongIssuer)),
        (
            "slash",
            json!({ "iss": "https://as.example/" }),
            Err(WrongIssuer),
        ),
        (
            "capitals",
            json!({ "iss": "https://AS.example" }),
            Err(WrongIssuer),
        ),
        ("iss list", json!({ "iss": [ISSUER] }), Err(BadClaim("iss"))),
        ("aud", json!({ "aud": evil }), Err(WrongAudience)),
        ("aud longer", json!({ "aud": longer }), Err(WrongAudience)),
        ("aud empty", json!({ "aud": "" }), Err(WrongAudience)),
        ("aud empty list", json!({ "aud": [] }), Err(WrongAudience)),
        ("aud number", json!({ "aud": 1 }), Err(BadClaim("aud"))),
        (
            "aud mixed",
            json!({ "aud": [RESOURCE, 1] }),
            Err(BadClaim("aud")),
        ),
        ("sub number", json!({ "sub": 1 }), Err(BadClaim("sub"))),
        ("jti number", json!({ "jti": 1 }), Err(BadClaim("jti"))),
    ]);
}

#[test]
fn rfc9068_2_2_required_claims() {
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let without = json!({ name: null });
        access(&[(name, without, Err(ProofError::MissingClaim(name)))]);
    }
}

#[test]
fn rfc7519_4_payload_must_be_one_object_without_duplicates() {
    let key = key(Algorithm::EdDsa);
    let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, key.kid());
    let honest = access_claims().to_string();
    let twice = honest.replacen('{', r#"{"sub":"admin","#, 1);
    let profile = Profile::access_token(ISSUER, Audience::Contains(RESOURCE));
    for payload in [
        "",
        "null",
        "[]",
        "1",
        twice.as_str(),
        &format!("{honest}{honest}"),
    ] {
        let token = compact(&key, &header, payload);
        assert_eq!(
            verify(&token, &profile, NOW).err(),
            Some(ProofError::Malformed("claims")),
            "{payload}"
        );
    }
    assert!(verify(&compact(&key, &header, &honest), &profile, NOW).is_ok());
}

#[test]
fn rfc7519_4_1_3_audience_rules() {
    let one = json!(RESOURCE);
    let listed = json!([RESOURCE]);
    let second = json!("https://as.example/token");
    let both = json!([RESOURCE, "https://other.example"]);
    let allowed = [RESOURCE, "https://as.example/token"];
    let cases = [
        ("exactly: text", Audience::Exactly(RESOURCE), &one, true),
        (
            "exactly: list of one",
            Audience::Exactly(RESOURCE),
            &listed,
            false,
        ),
        (
            "exactly: list of two",
            Audience::Exactly(RESOURCE),
            &both,
            false,
        ),
        (
            "exactly: another",
            Audience::Exactly(RESOURCE),
            &second,
            false,
        ),
        ("only: text", Audience::Only(&allowed), &one, true),
        ("only: the second", Audience::Only(&allowed), &second, true),
        ("only: list of one", Audience::Only(&allowed), &listed, true),
        ("only: list of two", Audience::Only(&allowed), &both, false),
        ("only: nothing allowed", Audience::Only(&[]), &one, false),
        ("contains: text", Audience::Contains(RESOURCE), &one, true),
        (
            "contains: list of two",
            Audience::Contains(RESOURCE),
            &both,
            true,
        ),
        (
            "contains: another",
            Audience::Contains(RESOURCE),
            &second,
            false,
        ),
        ("any", Audience::Any, &second, true),
    ];
    for (name, rule, aud, accepted) in cases {
        let claims = changed(&access_claims(), &json!({ "aud": aud }));
        let token = signed(&key(Algorithm::EdDsa), Some("at+jwt"), &claims);
        let got = verify(&token, &Profile::access_token(ISSUER, rule), NOW).err();
        let want = (!accepted).then_some(ProofError::WrongAudience);
        assert_eq!(got, want, "{name}");
    }
    let twice = json!([RESOURCE, RESOURCE]);
    let claims = changed(&access_claims(), &json!({ "aud": twice }));
    let token = signed(&key(Algorithm::EdDsa), Some("at+jwt"), &claims);
    let got = verify(
        &token,
        &Profile::access_token(ISSUER, Audience::Only(&allowed)),
        NOW,
    )
    .err();
    assert_eq!(
        got,
        Some(ProofError::WrongAudience),
        "only: the same value twice"
    );
}

#[test]
fn verified_claims_read_as_they_were_signed() {
    let claims = changed(
        &access_claims(),
        &json!({ "scope": "read", "aud": [RESOURCE, "b"] }),
    );
    let token = signed(&key(Algorithm::Ps256), Some("at+jwt"), &claims);
    assert_eq!(
        UnverifiedJwt::parse(&token)
            .unwrap()
            .claimed_issuer()
            .as_deref(),
        Some(ISSUER)
    );
    let profile = Profile::access_token(ISSUER, Audience::Contains(RESOURCE));
    let read = verify(&token, &profile, NOW).unwrap();
    assert_eq!(read.issuer(), ISSUER);
    assert_eq!(read.subject(), Some("u-1"));
    assert_eq!(read.audience(), [RESOURCE, "b"]);
    assert_eq!(read.expires_at(), NOW + 600);
    assert_eq!(read.issued_at(), Some(NOW));
    assert_eq!(read.jti(), Some("j-1"));
    assert_eq!(read.text("scope"), Some("read"));
    assert_eq!(read.get("scope"), Some(&json!("read")));
    assert_eq!(Value::Object(read.into_inner().members().clone()), claims);
}

#[test]
fn extreme_clocks_do_not_overflow() {
    let token = signed(&key(Algorithm::EdDsa), Some("at+jwt"), &access_claims());
    let profile = Profile::access_token(ISSUER, Audience::Contains(RESOURCE));
    let at = |now| verify(&token, &profile, now).err();
    assert_eq!(at(i64::MAX), Some(ProofError::Expired));
    assert_eq!(at(i64::MIN), Some(ProofError::NotYetValid));
}

#[test]
fn a15_id_token_hint_is_proven_but_may_be_old() {
    let profile = Profile::id_token_hint(ISSUER);
    let honest = signed(&key(Algorithm::Rs256), None, &id_claims());
    let years_later = NOW + 100_000_000;
    let claims = verify(&honest, &profile, years_later).unwrap();
    assert_eq!(claims.audience(), [CLIENT]);
    assert_eq!(
        verify(&honest, &Profile::id_token(ISSUER, CLIENT), years_later).err(),
        Some(ProofError::Expired)
    );
    let foreign = changed(&id_claims(), &json!({ "iss": "https://evil.example" }));
    let stranger = placet_proof::SigningKey::generate(Algorithm::EdDsa).unwrap();
    let known_kid = format!(
        r#"{{"alg":"EdDSA","kid":"{}"}}"#,
        key(Algorithm::EdDsa).kid()
    );
    let cases = [
        (
            "foreign issuer",
            signed(&key(Algorithm::Rs256), None, &foreign),
            ProofError::WrongIssuer,
        ),
        (
            "foreign key",
            signed(&stranger, None, &id_claims()),
            ProofError::UnknownKey,
        ),
        (
            "our kid, foreign signature",
            compact(&stranger, &known_kid, &id_claims().to_string()),
            ProofError::BadSignature,
        ),
        (
            "no exp at all",
            signed(
                &key(Algorithm::Rs256),
                None,
                &changed(&id_claims(), &json!({ "exp": null })),
            ),
            ProofError::MissingClaim("exp"),
        ),
        (
            "access token as hint",
            signed(&key(Algorithm::Rs256), Some("at+jwt"), &access_claims()),
            ProofError::WrongType,
        ),
    ];
    for (name, token, want) in cases {
        assert_eq!(verify(&token, &profile, NOW).err(), Some(want), "{name}");
    }
}
