//! RFC 7638: JSON Web Key thumbprints.

use placet_proof::{Algorithm, PublicJwk};

use crate::keyring::key;

#[test]
fn rfc7638_3_1_example() {
    let jwk = br#"{
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29"
    }"#;
    let key = PublicJwk::parse(jwk).unwrap();
    assert_eq!(
        key.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    assert_eq!(key.kid(), "2011-04-29", "a kid that is given is kept");
}

#[test]
fn rfc7638_3_kid_of_our_keys_is_the_thumbprint() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        assert_eq!(key.kid(), key.public_jwk().thumbprint(), "{algorithm:?}");
        assert_eq!(key.kid().len(), 43, "{algorithm:?}");
    }
}
