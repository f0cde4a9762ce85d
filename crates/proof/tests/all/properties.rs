//! Properties: parsers never panic, and what is printed reads back the same.

use placet_proof::{
    Algorithm, Audience, CodeChallenge, CodeVerifier, Ed25519Name, Jwks, Jws, JwsSigner, Kind,
    Profile, PublicJwk, SigningKey, UnverifiedJwt,
};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::strategy::Strategy;
use serde_json::{Value, json};

use crate::keyring::{ISSUER, NOW, RESOURCE, access_claims, all_keys, encode, key};

/// JSON values as an attacker may nest them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn parsers_never_panic_on_text(text in ".{0,200}") {
        let parsed = [
            PublicJwk::parse(text.as_bytes()).is_ok(),
            Jwks::parse(text.as_bytes()).is_ok(),
            Jws::parse(&text).is_ok(),
            CodeChallenge::parse(Some("S256"), &text).is_ok(),
        ];
        prop_assert!(!parsed.contains(&true));
        prop_assert_eq!(CodeVerifier::parse(&text).is_ok(), is_verifier(&text));
    }

    #[test]
    fn parsers_never_panic_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(PublicJwk::parse(&bytes).is_err());
        prop_assert!(Jwks::parse(&bytes).is_err());
        for algorithm in Algorithm::ALL {
            prop_assert!(SigningKey::from_pkcs8(algorithm, &bytes).is_err());
            prop_assert!(key(algorithm).public_jwk().verify(b"message", &bytes).is_err());
        }
        let compact = format!("{}.{}.{}", encode(&bytes), encode(&bytes), encode(&bytes));
        prop_assert!(Jws::parse(&compact).is_err());
    }

    #[test]
    fn hostile_json_in_jwk_members_never_panics(
        member in "kty|crv|x|y|n|e|alg|kid|use|key_ops|other",
        value in any_json(),
        algorithm in prop::sample::select(Algorithm::ALL.to_vec()),
    ) {
        let mut jwk = key(algorithm).public_jwk().to_json(Ed25519Name::EdDsa);
        jwk[member.as_str()] = value;
        // Whatever is accepted keeps the algorithm of its key type, and reads back as itself.
        if let Ok(read) = PublicJwk::parse(jwk.to_string().as_bytes()) {
            let printed = read.to_json(Ed25519Name::Ed25519).to_string();
            prop_assert_eq!(PublicJwk::parse(printed.as_bytes()), Ok(read));
        }
    }

    #[test]
    fn hostile_json_in_claims_never_panics(
        member in "iss|sub|aud|exp|nbf|iat|jti|client_id|other",
        value in any_json(),
    ) {
        let mut claims = access_claims();
        claims[member.as_str()] = value.clone();
        let signer = JwsSigner::new(key(Algorithm::EdDsa), Kind::AccessToken.typ(), Ed25519Name::EdDsa);
        let token = signer.sign_claims(&claims).unwrap();
        let profile = Profile::access_token(ISSUER, Audience::Exactly(RESOURCE));
        let verified = UnverifiedJwt::parse(&token)
            .and_then(|jwt| jwt.verify(&profile, &all_keys(), NOW));
        if let Ok(read) = verified {
            prop_assert_eq!(read.issuer(), ISSUER);
            prop_assert!(read.expires_at() > NOW);
            prop_assert_eq!(read.audience(), [RESOURCE]);
        }
    }

    #[test]
    fn signed_payloads_come_back(payload in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let signer = JwsSigner::new(key(Algorithm::EdDsa), Some("x+jwt"), Ed25519Name::Ed25519);
        let token = signer.sign(&payload).unwrap();
        let jws = Jws::parse(&token).unwrap();
        prop_assert_eq!(jws.header().kid(), Some(signer.key().kid()));
        prop_assert_eq!(jws.header().typ(), Some("x+jwt"));
        let read = jws.verify(signer.key().public_jwk()).unwrap();
        prop_assert_eq!(read.into_inner(), payload);
    }

    #[test]
    fn one_changed_character_breaks_a_token(position in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.=+/ -]") {
        let signer = JwsSigner::new(key(Algorithm::Es256), None, Ed25519Name::EdDsa);
        let mut token = signer.sign(br#"{"sub":"u-1"}"#).unwrap();
        let position = position.index(token.len());
        prop_assume!(token.as_bytes()[position] != to.as_bytes()[0]);
        token.replace_range(position..=position, &to);
        let got = Jws::parse(&token).and_then(|jws| jws.verify(signer.key().public_jwk()));
        prop_assert!(got.is_err());
    }

    #[test]
    fn challenges_print_as_they_were_read(hash in any::<[u8; 32]>()) {
        let text = encode(hash);
        let challenge = CodeChallenge::parse(Some(CodeChallenge::METHOD), &text).unwrap();
        prop_assert_eq!(challenge.to_string(), text);
    }

    #[test]
    fn every_verifier_matches_its_own_challenge_only(ours in "[A-Za-z0-9._~-]{43,128}", theirs in "[A-Za-z0-9._~-]{43,128}") {
        let verifier = CodeVerifier::parse(&ours).unwrap();
        let sent = verifier.challenge().to_string();
        let challenge = CodeChallenge::parse(Some("S256"), &sent).unwrap();
        prop_assert!(challenge.verify(&verifier).is_ok());
        let other = CodeVerifier::parse(&theirs).unwrap();
        prop_assert_eq!(challenge.verify(&other).is_ok(), ours == theirs);
    }
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-._~".contains(letter))
}

#[test]
fn half_hash_lengths_follow_the_algorithm() {
    for (algorithm, chars) in [(Algorithm::EdDsa, 43), (Algorithm::Es256, 22)] {
        let hash = placet_proof::half_hash(algorithm, &json!("token").to_string());
        assert_eq!(hash.len(), chars, "{algorithm:?}");
    }
}
