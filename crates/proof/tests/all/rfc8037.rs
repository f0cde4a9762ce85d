//! RFC 8037: Ed25519 in JOSE.

use placet_proof::{Algorithm, Ed25519Name, Jws, ProofError, PublicJwk, SigningKey};

const PUBLIC: &[u8] =
    br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// The private key of appendix A.1 in PKCS#8 (RFC 8410 §7): a fixed prefix and the 32 bytes of `d`.
const PKCS8_PREFIX: &str = "302e020100300506032b657004220420";
const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

fn private_key() -> SigningKey {
    let mut pkcs8 = data_encoding::HEXLOWER
        .decode(PKCS8_PREFIX.as_bytes())
        .unwrap();
    pkcs8.extend(data_encoding::BASE64URL_NOPAD.decode(D.as_bytes()).unwrap());
    SigningKey::from_pkcs8(Algorithm::EdDsa, &pkcs8).unwrap()
}

#[test]
fn rfc8037_a_2_public_half_of_the_private_key() {
    assert_eq!(
        private_key().public_jwk(),
        &PublicJwk::parse(PUBLIC).unwrap()
    );
}

#[test]
fn rfc8037_a_3_thumbprint() {
    assert_eq!(
        PublicJwk::parse(PUBLIC).unwrap().thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn rfc8037_a_4_signing_gives_the_same_bytes() {
    let (input, signature) = SIGNED.rsplit_once('.').unwrap();
    let made = private_key().sign(input.as_bytes()).unwrap();
    assert_eq!(data_encoding::BASE64URL_NOPAD.encode(&made), signature);
}

#[test]
fn rfc8037_a_5_validation() {
    let key = PublicJwk::parse(PUBLIC).unwrap();
    let payload = Jws::parse(SIGNED).unwrap().verify(&key).unwrap();
    assert_eq!(payload.as_slice(), b"Example of Ed25519 signing");
}

#[test]
fn rfc8725_3_4_keys_of_low_order_are_refused() {
    // Under the first of these keys one signature fits every message.
    let points = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for point in points {
        for sign in [0, 0x80] {
            let mut x = data_encoding::HEXLOWER.decode(point.as_bytes()).unwrap();
            x[31] |= sign;
            let x = data_encoding::BASE64URL_NOPAD.encode(&x);
            let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
            let got = PublicJwk::parse(jwk.as_bytes());
            assert_eq!(got, Err(ProofError::BadKey("x")), "{point} {sign}");
        }
    }
}

#[test]
fn rfc9864_2_both_names_are_read_and_the_chosen_one_is_printed() {
    for (name, ed25519) in [
        ("EdDSA", Ed25519Name::EdDsa),
        ("Ed25519", Ed25519Name::Ed25519),
    ] {
        let printed = private_key().public_jwk().to_json(ed25519);
        assert_eq!(printed["alg"], name);
        let read = PublicJwk::parse(printed.to_string().as_bytes()).unwrap();
        assert_eq!(&read, private_key().public_jwk());
    }
}
