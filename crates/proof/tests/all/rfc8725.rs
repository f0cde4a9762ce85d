//! RFC 8725, best current practices: one kind of token is never another, one key never two algorithms.

use aws_lc_rs::hmac;
use placet_proof::{
    Algorithm, Audience, CLIENT_ASSERTION_LIFETIME_S, Ed25519Name, Jwks, Kind, Profile, ProofError,
    SigningKey, UnverifiedJwt,
};
use serde_json::{Value, json};

use crate::keyring::{
    CLIENT, ISSUER, NOW, RESOURCE, access_claims, all_keys, assertion_claims, compact, encode,
    id_claims, key, logout_claims, signed,
};

fn profile(kind: Kind) -> Profile<'static> {
    match kind {
        Kind::AccessToken => Profile::access_token(ISSUER, Audience::Contains(RESOURCE)),
        Kind::IdToken => Profile::id_token(ISSUER, CLIENT),
        Kind::ClientAssertion => Profile::client_assertion(
            CLIENT,
            Audience::Only(&[ISSUER]),
            CLIENT_ASSERTION_LIFETIME_S,
        ),
        Kind::LogoutToken => Profile::logout_token(ISSUER, CLIENT),
    }
}

fn claims(kind: Kind) -> Value {
    match kind {
        Kind::AccessToken => access_claims(),
        Kind::IdToken => id_claims(),
        Kind::ClientAssertion => assertion_claims(),
        Kind::LogoutToken => logout_claims(),
    }
}

fn verify(token: &str, kind: Kind, keys: &Jwks) -> Result<(), ProofError> {
    let jwt = UnverifiedJwt::parse(token)?;
    jwt.verify(&profile(kind), keys, NOW).map(|_| ())
}

#[test]
fn t18_each_kind_in_each_place() {
    for made in Kind::ALL {
        let token = signed(&key(Algorithm::EdDsa), made.typ(), &claims(made));
        for expected in Kind::ALL {
            let got = verify(&token, expected, &all_keys());
            if made == expected {
                assert_eq!(got, Ok(()), "{made:?}");
            } else if (made, expected) == (Kind::IdToken, Kind::ClientAssertion) {
                // Neither needs a `typ`, so their claims and their issuers' keys tell them apart.
                assert!(got.is_err(), "{made:?} as {expected:?}");
            } else {
                assert_eq!(got, Err(ProofError::WrongType), "{made:?} as {expected:?}");
            }
        }
    }
}

#[test]
fn t18_a_token_with_the_claims_of_every_kind_still_has_one_kind() {
    use Kind::{AccessToken, ClientAssertion, IdToken, LogoutToken};
    // Claims that satisfy all four profiles at once, so that only `typ` can tell.
    let all = json!({
        "iss": CLIENT, "sub": CLIENT, "client_id": CLIENT, "aud": CLIENT, "iat": NOW, "exp": NOW + 60, "jti": "j",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let accepts = |typ: Option<&str>| -> Vec<Kind> {
        let token = signed(&key(Algorithm::EdDsa), typ, &all);
        let fits = |kind: &Kind| {
            let profile = Profile {
                kind: *kind,
                ..Profile::client_assertion(CLIENT, Audience::Exactly(CLIENT), 60)
            };
            let jwt = UnverifiedJwt::parse(&token).unwrap();
            jwt.verify(&profile, &all_keys(), NOW).is_ok()
        };
        Kind::ALL.into_iter().filter(fits).collect()
    };
    let cases = [
        (Some("at+jwt"), vec![AccessToken]),
        (Some("AT+JWT"), vec![AccessToken]),
        (Some("application/at+jwt"), vec![AccessToken]),
        (Some("application/application/at+jwt"), vec![]),
        (Some("text/at+jwt"), vec![]),
        (Some("at+jwt;v=1"), vec![]),
        (Some("logout+jwt"), vec![LogoutToken]),
        (Some("client-authentication+jwt"), vec![ClientAssertion]),
        (Some("JWT"), vec![IdToken, ClientAssertion]),
        (None, vec![IdToken, ClientAssertion]),
        (Some("JWS"), vec![]),
        (Some("aa-person+jwt"), vec![]),
        (Some("secevent+jwt"), vec![]),
        (Some(""), vec![]),
    ];
    for (typ, want) in cases {
        assert_eq!(accepts(typ), want, "{typ:?}");
    }
}

#[test]
fn t18_typ_is_judged_before_key_and_signature() {
    let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = signed(&stranger, Some("JWT"), &json!({}));
    assert_eq!(
        verify(&token, Kind::AccessToken, &all_keys()),
        Err(ProofError::WrongType)
    );
}

#[test]
fn t10_algorithms_that_do_not_exist_here() {
    let public = key(Algorithm::Rs256)
        .public_jwk()
        .to_json(Ed25519Name::EdDsa);
    let payload = encode(access_claims().to_string());
    // The classic: the public key, which everybody has, used as an HMAC secret in all its spellings.
    let secrets = [
        public.to_string().into_bytes(),
        public["n"].as_str().unwrap().as_bytes().to_vec(),
        Vec::new(),
    ];
    let names = [
        "HS256", "HS384", "none", "None", "NONE", "", "RS1", "rs256", "RS512", "ES256K", "A256GCM",
    ];
    for name in names {
        let header = json!({ "alg": name, "kid": key(Algorithm::Rs256).kid(), "typ": "at+jwt" });
        let input = format!("{}.{payload}", encode(header.to_string()));
        for secret in &secrets {
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
            for signature in [encode(mac), String::new()] {
                let token = format!("{input}.{signature}");
                assert_eq!(
                    verify(&token, Kind::AccessToken, &all_keys()),
                    Err(ProofError::WrongAlgorithm),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn t10_every_key_under_every_other_algorithm_name() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        for claimed in Algorithm::ALL {
            let name = claimed.name(Ed25519Name::EdDsa);
            let header = json!({ "alg": name, "kid": key.kid(), "typ": "at+jwt" });
            let token = compact(&key, &header.to_string(), &access_claims().to_string());
            let want = if claimed == algorithm {
                Ok(())
            } else {
                Err(ProofError::WrongAlgorithm)
            };
            assert_eq!(
                verify(&token, Kind::AccessToken, &all_keys()),
                want,
                "{algorithm:?} as {claimed:?}"
            );
        }
    }
}

#[test]
fn t10_rs256_where_ps256_is_registered() {
    // One RSA key pair; the client registered PS256 for it.
    let pkcs8 = key(Algorithm::Ps256).to_pkcs8().unwrap();
    let as_rs256 = SigningKey::from_pkcs8(Algorithm::Rs256, &pkcs8).unwrap();
    let jwk = key(Algorithm::Ps256)
        .public_jwk()
        .to_json(Ed25519Name::EdDsa);
    let set = json!({ "keys": [jwk] }).to_string();
    let registered = Jwks::parse_pinned(set.as_bytes(), Algorithm::Ps256).unwrap();
    let token = |signer: &SigningKey, alg: &str| {
        let header = json!({ "alg": alg, "kid": as_rs256.kid(), "typ": "at+jwt" });
        compact(signer, &header.to_string(), &access_claims().to_string())
    };
    let check = |token: String| verify(&token, Kind::AccessToken, &registered);
    assert_eq!(check(token(&key(Algorithm::Ps256), "PS256")), Ok(()));
    assert_eq!(
        check(token(&as_rs256, "RS256")),
        Err(ProofError::WrongAlgorithm)
    );
    // The PKCS#1 signature under the PSS name fails at the signature itself.
    assert_eq!(
        check(token(&as_rs256, "PS256")),
        Err(ProofError::BadSignature)
    );
}

#[test]
fn t10_keys_in_the_header_prove_nothing() {
    let attacker = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let own_jwk = attacker.public_jwk().to_json(Ed25519Name::EdDsa);
    let known_kid = key(Algorithm::EdDsa).kid().to_owned();
    let extras = [
        ("jwk", own_jwk),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ];
    for (member, value) in extras {
        for (kid, want) in [
            (attacker.kid(), ProofError::UnknownKey),
            (known_kid.as_str(), ProofError::BadSignature),
            ("../../dev/null", ProofError::UnknownKey),
            ("' OR 1=1 --", ProofError::UnknownKey),
        ] {
            let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, member: value });
            let token = compact(&attacker, &header.to_string(), &access_claims().to_string());
            assert_eq!(
                verify(&token, Kind::AccessToken, &all_keys()),
                Err(want),
                "{member} {kid}"
            );
        }
        // Beside an honest signature the member changes nothing either.
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": known_kid, member: value });
        let honest = compact(
            &key(Algorithm::EdDsa),
            &header.to_string(),
            &access_claims().to_string(),
        );
        assert_eq!(
            verify(&honest, Kind::AccessToken, &all_keys()),
            Ok(()),
            "{member}"
        );
    }
}
