//! A second opinion: tokens travel both ways between this crate and `jsonwebtoken`, for every algorithm.

use std::sync::Arc;

use data_encoding::BASE64;
use jsonwebtoken as other;
use placet_proof::{
    Algorithm, Audience, Ed25519Name, JwsSigner, Kind, Profile, SigningKey, UnverifiedJwt,
};
use serde_json::Value;

use crate::keyring::{ISSUER, NOW, RESOURCE, access_claims, all_keys, key};

fn other_algorithm(algorithm: Algorithm) -> other::Algorithm {
    match algorithm {
        Algorithm::EdDsa => other::Algorithm::EdDSA,
        Algorithm::Es256 => other::Algorithm::ES256,
        Algorithm::Rs256 => other::Algorithm::RS256,
        Algorithm::Ps256 => other::Algorithm::PS256,
    }
}

fn other_private_key(key: &SigningKey) -> other::EncodingKey {
    let body = BASE64.encode(&key.to_pkcs8().unwrap());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    match key.algorithm() {
        Algorithm::EdDsa => other::EncodingKey::from_ed_der(&key.to_pkcs8().unwrap()),
        Algorithm::Es256 => other::EncodingKey::from_ec_der(&key.to_pkcs8().unwrap()),
        Algorithm::Rs256 | Algorithm::Ps256 => {
            other::EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
        }
    }
}

fn other_jwk(key: &SigningKey) -> other::jwk::Jwk {
    serde_json::from_value(key.public_jwk().to_json(Ed25519Name::EdDsa)).unwrap()
}

#[test]
fn our_tokens_are_read_by_the_other_library() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let signer = JwsSigner::new(
            Arc::clone(&key),
            Kind::AccessToken.typ(),
            Ed25519Name::EdDsa,
        );
        let token = signer.sign_claims(&access_claims()).unwrap();
        let mut validation = other::Validation::new(other_algorithm(algorithm));
        // The test's time is fixed; the other library reads the clock.
        validation.validate_exp = false;
        validation.set_audience(&[RESOURCE]);
        validation.set_issuer(&[ISSUER]);
        let public = other::DecodingKey::from_jwk(&other_jwk(&key)).unwrap();
        let read = other::decode::<Value>(&token, &public, &validation).unwrap();
        assert_eq!(read.claims, access_claims(), "{algorithm:?}");
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"), "{algorithm:?}");
        assert_eq!(read.header.kid.as_deref(), Some(key.kid()), "{algorithm:?}");
    }
}

#[test]
fn tokens_of_the_other_library_are_read_by_us() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let mut header = other::Header::new(other_algorithm(algorithm));
        header.typ = Some("application/at+jwt".to_owned());
        header.kid = Some(key.kid().to_owned());
        let token = other::encode(&header, &access_claims(), &other_private_key(&key)).unwrap();
        let profile = Profile::access_token(ISSUER, Audience::Contains(RESOURCE));
        let claims = UnverifiedJwt::parse(&token)
            .and_then(|jwt| jwt.verify(&profile, &all_keys(), NOW))
            .unwrap();
        assert_eq!(
            Value::Object(claims.members().clone()),
            access_claims(),
            "{algorithm:?}"
        );
    }
}

#[test]
fn thumbprints_agree() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let theirs = other_jwk(&key).thumbprint(other::jwk::ThumbprintHash::SHA256);
        assert_eq!(theirs.unwrap(), key.kid(), "{algorithm:?}");
    }
}

#[test]
fn pkcs8_survives_the_round_trip() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let again = SigningKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk(), "{algorithm:?}");
        let signature = again.sign(b"message").unwrap();
        assert_eq!(key.public_jwk().verify(b"message", &signature), Ok(()));
    }
}

#[test]
fn pkcs8_of_another_algorithm_is_refused() {
    for kept in Algorithm::ALL {
        let pkcs8 = key(kept).to_pkcs8().unwrap();
        for claimed in Algorithm::ALL {
            let is_rsa = |algorithm| matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256);
            let accepted = kept == claimed || (is_rsa(kept) && is_rsa(claimed));
            let got = SigningKey::from_pkcs8(claimed, &pkcs8);
            assert_eq!(got.is_ok(), accepted, "{kept:?} as {claimed:?}");
        }
    }
}
