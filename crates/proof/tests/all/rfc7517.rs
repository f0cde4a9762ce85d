//! RFC 7517 and RFC 7518 §6: JSON Web Keys and key sets.

use placet_proof::{Algorithm, Ed25519Name, Jwks, MAX_KEYS, ProofError, PublicJwk};
use serde_json::{Value, json};

use crate::keyring::{all_keys, changed, encode, key};

fn jwk(algorithm: Algorithm) -> Value {
    key(algorithm).public_jwk().to_json(Ed25519Name::EdDsa)
}

fn parse(value: &Value) -> Result<PublicJwk, ProofError> {
    PublicJwk::parse(value.to_string().as_bytes())
}

#[test]
fn rfc7517_4_printed_keys_read_back() {
    for algorithm in Algorithm::ALL {
        let printed = jwk(algorithm);
        assert_eq!(printed["use"], "sig", "{algorithm:?}");
        assert_eq!(printed["kid"], key(algorithm).kid(), "{algorithm:?}");
        assert_eq!(
            printed["alg"],
            algorithm.name(Ed25519Name::EdDsa),
            "{algorithm:?}"
        );
        assert_eq!(&parse(&printed).unwrap(), key(algorithm).public_jwk());
    }
}

#[test]
fn rfc7518_6_private_members_are_refused() {
    for algorithm in Algorithm::ALL {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            let hostile = changed(&jwk(algorithm), &json!({ member: "AQAB" }));
            assert_eq!(
                parse(&hostile),
                Err(ProofError::PrivateKeyMaterial),
                "{algorithm:?} {member}"
            );
        }
    }
    for symmetric in [
        json!({ "kty": "oct", "k": "c2VjcmV0" }),
        json!({ "kty": "oct" }),
    ] {
        assert_eq!(parse(&symmetric), Err(ProofError::PrivateKeyMaterial));
    }
}

/// Each change, made to an honest key of this algorithm, is refused for this reason.
fn refused(algorithm: Algorithm, cases: &[(&str, Value, ProofError)]) {
    for (name, change, want) in cases {
        let hostile = changed(&jwk(algorithm), change);
        assert_eq!(parse(&hostile), Err(*want), "{algorithm:?}, {name}");
    }
}

#[test]
fn rfc8037_2_hostile_ed25519_keys() {
    use ProofError::{BadKey, UnsupportedKey};
    let padded = format!("{}=", encode([1; 32]));
    let cases = [
        ("no kty", json!({ "kty": null }), BadKey("kty")),
        ("kty is no string", json!({ "kty": 1 }), BadKey("kty")),
        ("unknown kty", json!({ "kty": "AKP" }), UnsupportedKey),
        ("Ed448", json!({ "crv": "Ed448" }), UnsupportedKey),
        ("X25519", json!({ "crv": "X25519" }), UnsupportedKey),
        ("no x", json!({ "x": null }), BadKey("x")),
        ("short", json!({ "x": encode([1; 31]) }), BadKey("x")),
        ("long", json!({ "x": encode([1; 33]) }), BadKey("x")),
        ("padded", json!({ "x": padded }), BadKey("x")),
    ];
    refused(Algorithm::EdDsa, &cases);
}

#[test]
fn rfc7518_6_2_hostile_ec_keys() {
    use ProofError::{BadKey, UnsupportedKey};
    let origin = json!({ "x": encode([0; 32]), "y": encode([0; 32]) });
    let cases = [
        ("kty in lower case", json!({ "kty": "ec" }), UnsupportedKey),
        ("P-384", json!({ "crv": "P-384" }), UnsupportedKey),
        ("secp256k1", json!({ "crv": "secp256k1" }), UnsupportedKey),
        ("no crv", json!({ "crv": null }), UnsupportedKey),
        ("no y", json!({ "y": null }), BadKey("y")),
        ("short", json!({ "y": encode([1; 31]) }), BadKey("y")),
        (
            "off the curve",
            json!({ "y": encode([1; 32]) }),
            BadKey("point"),
        ),
        ("the origin", origin, BadKey("point")),
    ];
    refused(Algorithm::Es256, &cases);
}

#[test]
fn rfc7518_6_3_hostile_rsa_keys() {
    use ProofError::BadKey;
    let bits_2047 = encode([&[0x7f][..], &[0xff; 255]].concat());
    let leading_zero = encode([&[0][..], &[0xff; 256]].concat());
    let cases = [
        ("no n", json!({ "n": null }), BadKey("n")),
        ("n empty", json!({ "n": "" }), BadKey("n")),
        (
            "1024 bits",
            json!({ "n": encode([0xff; 128]) }),
            BadKey("n"),
        ),
        (
            "2040 bits",
            json!({ "n": encode([0xff; 255]) }),
            BadKey("n"),
        ),
        ("2047 bits", json!({ "n": bits_2047 }), BadKey("n")),
        (
            "8200 bits",
            json!({ "n": encode([0xff; 1025]) }),
            BadKey("n"),
        ),
        ("n, leading zero", json!({ "n": leading_zero }), BadKey("n")),
        ("n even", json!({ "n": encode([0xfe; 256]) }), BadKey("n")),
        ("no e", json!({ "e": null }), BadKey("e")),
        ("e empty", json!({ "e": "" }), BadKey("e")),
        ("e is one", json!({ "e": "AQ" }), BadKey("e")),
        ("e even", json!({ "e": "AQAA" }), BadKey("e")),
        ("e, leading zero", json!({ "e": "AAEAAQ" }), BadKey("e")),
        ("e of 40 bits", json!({ "e": encode([1; 5]) }), BadKey("e")),
    ];
    refused(Algorithm::Rs256, &cases);
}

#[test]
fn rfc7517_4_marks_that_forbid_verifying() {
    use ProofError::{BadKey, UnsupportedKey, WrongAlgorithm};
    let endless = "k".repeat(513);
    let cases = [
        ("use enc", json!({ "use": "enc" }), UnsupportedKey),
        ("encrypt", json!({ "key_ops": ["encrypt"] }), UnsupportedKey),
        ("sign only", json!({ "key_ops": ["sign"] }), UnsupportedKey),
        ("no list", json!({ "key_ops": "verify" }), BadKey("key_ops")),
        ("ES256", json!({ "alg": "ES256" }), WrongAlgorithm),
        ("HS256", json!({ "alg": "HS256" }), UnsupportedKey),
        ("none", json!({ "alg": "none" }), UnsupportedKey),
        ("RS512", json!({ "alg": "RS512" }), UnsupportedKey),
        ("kid empty", json!({ "kid": "" }), BadKey("kid")),
        ("kid is no string", json!({ "kid": 7 }), BadKey("kid")),
        ("kid endless", json!({ "kid": endless }), BadKey("kid")),
    ];
    refused(Algorithm::EdDsa, &cases);
}

#[test]
fn rfc7517_4_duplicate_members_and_other_json_are_refused() {
    let x = encode([1; 32]);
    let twice = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","x":"{x}"}}"#);
    for text in [twice.as_str(), "", "null", "[]", "\"key\"", "{", "{}x"] {
        assert_eq!(
            PublicJwk::parse(text.as_bytes()),
            Err(ProofError::Malformed("jwk")),
            "{text}"
        );
    }
    let huge = changed(
        &jwk(Algorithm::EdDsa),
        &json!({ "pad": "x".repeat(16 * 1024) }),
    );
    assert_eq!(parse(&huge), Err(ProofError::TooLarge));
}

#[test]
fn rfc7517_4_3_key_ops_with_verify_is_accepted() {
    let fine = changed(
        &jwk(Algorithm::Es256),
        &json!({ "use": null, "key_ops": ["verify"] }),
    );
    assert!(parse(&fine).is_ok());
}

#[test]
fn rfc7517_5_keys_we_cannot_read_are_skipped() {
    let set = json!({ "keys": [
        { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" },
        { "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" },
        { "kty": "OKP", "crv": "Ed25519", "x": "broken" },
        changed(&jwk(Algorithm::Rs256), &json!({ "use": "enc" })),
        jwk(Algorithm::Es256),
    ]});
    let keys = Jwks::parse(set.to_string().as_bytes()).unwrap();
    assert_eq!(keys.keys(), [key(Algorithm::Es256).public_jwk().clone()]);
}

#[test]
fn rfc7517_5_hostile_sets() {
    use ProofError::{Malformed, PrivateKeyMaterial, TooLarge, TooManyKeys};
    let private = changed(&jwk(Algorithm::EdDsa), &json!({ "d": encode([7; 32]) }));
    let cases = [
        ("not JSON", "keys".to_owned(), Malformed("jwks")),
        ("no keys", "{}".to_owned(), Malformed("jwks")),
        (
            "keys no list",
            json!({ "keys": {} }).to_string(),
            Malformed("jwks"),
        ),
        (
            "key no object",
            json!({ "keys": [1] }).to_string(),
            Malformed("jwks"),
        ),
        (
            "keys twice",
            r#"{"keys":[],"keys":[]}"#.to_owned(),
            Malformed("jwks"),
        ),
        (
            "a private key",
            json!({ "keys": [private] }).to_string(),
            PrivateKeyMaterial,
        ),
        (
            "a symmetric key",
            json!({ "keys": [{ "kty": "oct", "k": "AA" }] }).to_string(),
            PrivateKeyMaterial,
        ),
        (
            "101 keys",
            json!({ "keys": vec![json!({ "kty": "x" }); MAX_KEYS + 1] }).to_string(),
            TooManyKeys,
        ),
        (
            "endless",
            json!({ "keys": [], "pad": "x".repeat(256 * 1024) }).to_string(),
            TooLarge,
        ),
    ];
    for (name, text, want) in cases {
        assert_eq!(Jwks::parse(text.as_bytes()), Err(want), "{name}");
    }
    let full = json!({ "keys": vec![json!({ "kty": "x" }); MAX_KEYS] }).to_string();
    assert_eq!(Jwks::parse(full.as_bytes()), Ok(Jwks::default()));
}

#[test]
fn rfc7517_5_printed_sets_read_back() {
    for ed25519 in [Ed25519Name::EdDsa, Ed25519Name::Ed25519] {
        let printed = all_keys().to_json(ed25519).to_string();
        assert_eq!(Jwks::parse(printed.as_bytes()), Ok(all_keys()));
    }
}

#[test]
fn oidc_core_10_1_lookup_by_kid_and_algorithm() {
    let keys = all_keys();
    let kid = |algorithm: Algorithm| key(algorithm).kid().to_owned();
    let ps256 = kid(Algorithm::Ps256);
    assert_eq!(
        keys.find(Some(&ps256), Algorithm::Ps256),
        Ok(key(Algorithm::Ps256).public_jwk())
    );
    assert_eq!(
        keys.find(Some(&ps256), Algorithm::Rs256),
        Err(ProofError::WrongAlgorithm)
    );
    assert_eq!(
        keys.find(Some("other"), Algorithm::Rs256),
        Err(ProofError::UnknownKey)
    );
    assert_eq!(
        keys.find(None, Algorithm::Es256),
        Ok(key(Algorithm::Es256).public_jwk())
    );
    let twice = Jwks::new([keys.keys(), keys.keys()].concat());
    assert_eq!(
        twice.find(None, Algorithm::Es256),
        Err(ProofError::UnknownKey),
        "ambiguous without a kid"
    );
    assert_eq!(
        Jwks::default().find(None, Algorithm::Es256),
        Err(ProofError::UnknownKey)
    );
}

#[test]
fn t10_a_registered_algorithm_drops_all_other_keys() {
    let unnamed = changed(&jwk(Algorithm::Ps256), &json!({ "alg": null }));
    let set =
        json!({ "keys": [unnamed, jwk(Algorithm::Es256), jwk(Algorithm::Rs256)] }).to_string();
    let algorithms =
        |keys: &Jwks| -> Vec<Algorithm> { keys.keys().iter().map(PublicJwk::algorithm).collect() };
    let pinned = Jwks::parse_pinned(set.as_bytes(), Algorithm::Ps256).unwrap();
    assert_eq!(algorithms(&pinned), [Algorithm::Ps256]);
    let pinned = Jwks::parse_pinned(set.as_bytes(), Algorithm::Es256).unwrap();
    assert_eq!(algorithms(&pinned), [Algorithm::Es256]);
    let pinned = Jwks::parse_pinned(set.as_bytes(), Algorithm::Rs256).unwrap();
    assert_eq!(algorithms(&pinned), [Algorithm::Rs256, Algorithm::Rs256]);
    let open = Jwks::parse(set.as_bytes()).unwrap();
    assert_eq!(
        algorithms(&open),
        [Algorithm::Rs256, Algorithm::Es256, Algorithm::Rs256]
    );
}
