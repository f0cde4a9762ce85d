//! RFC 7515: JSON Web Signature, compact serialization.

use placet_proof::{
    Algorithm, Ed25519Name, Jws, JwsSigner, MAX_JWS_BYTES, ProofError, PublicJwk, SigningKey,
};

use crate::keyring::{compact, encode, key};

/// The payload of appendix A, with its line breaks.
const PAYLOAD: &[u8] =
    b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

#[test]
fn rfc7515_a_2_rs256_example() {
    let key = PublicJwk::parse(br#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#)
        .unwrap();
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let payload = Jws::parse(token).unwrap().verify(&key).unwrap();
    assert_eq!(payload.as_slice(), PAYLOAD);
}

#[test]
fn rfc7515_a_3_es256_example() {
    let key = PublicJwk::parse(br#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#)
        .unwrap();
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let payload = Jws::parse(token).unwrap().verify(&key).unwrap();
    assert_eq!(payload.as_slice(), PAYLOAD);
}

#[test]
fn rfc7515_4_hostile_headers() {
    use ProofError::{Malformed, UnsupportedExtension};
    let bad = Err(Malformed("header"));
    let extension = Err(UnsupportedExtension);
    let cases = [
        ("plain", r#"{"alg":"EdDSA"}"#, Ok(())),
        (
            "unknown members are ignored",
            r#"{"alg":"EdDSA","foo":{"a":[1]}}"#,
            Ok(()),
        ),
        (
            "b64 true changes nothing",
            r#"{"alg":"EdDSA","b64":true}"#,
            Ok(()),
        ),
        ("not an object", r#"["EdDSA"]"#, bad),
        ("not JSON", "alg=EdDSA", bad),
        ("empty", "", bad),
        ("no alg", "{}", bad),
        ("alg is no string", r#"{"alg":1}"#, bad),
        ("alg null", r#"{"alg":null}"#, bad),
        ("alg twice", r#"{"alg":"EdDSA","alg":"EdDSA"}"#, bad),
        (
            "alg twice by escape",
            r#"{"alg":"EdDSA","\u0061lg":"none"}"#,
            bad,
        ),
        ("kid is no string", r#"{"alg":"EdDSA","kid":{}}"#, bad),
        ("typ is no string", r#"{"alg":"EdDSA","typ":1}"#, bad),
        (
            "crit",
            r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#,
            extension,
        ),
        ("crit empty", r#"{"alg":"EdDSA","crit":[]}"#, extension),
        ("b64 false", r#"{"alg":"EdDSA","b64":false}"#, extension),
        (
            "b64 false, critical",
            r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#,
            extension,
        ),
        (
            "b64 is no boolean",
            r#"{"alg":"EdDSA","b64":"false"}"#,
            extension,
        ),
        ("trailing JSON", r#"{"alg":"EdDSA"}{}"#, bad),
        ("byte order mark", "\u{feff}{\"alg\":\"EdDSA\"}", bad),
    ];
    let key = key(Algorithm::EdDsa);
    for (name, header, want) in cases {
        let token = compact(&key, header, "{}");
        let got = Jws::parse(&token)
            .and_then(|jws| jws.verify(key.public_jwk()))
            .map(|_| ());
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn rfc7515_7_1_truncated_extended_and_reencoded_tokens() {
    let signer = JwsSigner::new(key(Algorithm::Es256), Some("at+jwt"), Ed25519Name::EdDsa);
    let token = signer.sign(b"{\"a\":1}").unwrap();
    let mut parts = token.split('.');
    let [header, payload, signature] = [(); 3].map(|()| parts.next().unwrap());
    let other_header = encode(r#"{"alg": "ES256"}"#);
    let shorter = |chars: usize| token.split_at(token.len() - chars).0.to_owned();
    let cases = [
        ("empty", String::new()),
        ("dots only", "..".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("no signature", format!("{header}.{payload}.")),
        ("four parts", format!("{token}.")),
        ("five parts", format!("{token}..")),
        ("leading dot", format!(".{token}")),
        ("padding", format!("{token}=")),
        (
            "padding in the payload",
            format!("{header}.{payload}=.{signature}"),
        ),
        ("space after", format!("{token} ")),
        ("space before", format!(" {token}")),
        (
            "line break inside",
            format!("{header}.\n{payload}.{signature}"),
        ),
        ("percent-encoded dot", token.replace('.', "%2E")),
        ("one character less", shorter(1)),
        ("four characters less", shorter(4)),
        ("four characters more", format!("{token}AAAA")),
        ("signature twice", format!("{token}{signature}")),
        (
            "header re-encoded",
            format!("{other_header}.{payload}.{signature}"),
        ),
        (
            "payload replaced",
            format!("{header}.{}.{signature}", encode("{\"a\":2}")),
        ),
        ("payload emptied", format!("{header}..{signature}")),
        ("parts swapped", format!("{payload}.{header}.{signature}")),
    ];
    let public = signer.key().public_jwk();
    assert!(Jws::parse(&token).unwrap().verify(public).is_ok());
    for (name, hostile) in cases {
        let got = Jws::parse(&hostile).and_then(|jws| jws.verify(public));
        assert!(got.is_err(), "{name}: {hostile}");
    }
}

#[test]
fn rfc7515_2_loose_trailing_bits_are_refused() {
    // 64 bytes of signature leave four unused bits in the last character: 15 other spellings of the same bytes.
    let signer = JwsSigner::new(key(Algorithm::EdDsa), None, Ed25519Name::EdDsa);
    let token = signer.sign(b"{}").unwrap();
    let (rest, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=";
    let accepted: Vec<char> = alphabet
        .chars()
        .filter(|end| {
            Jws::parse(&format!("{rest}{end}"))
                .and_then(|jws| jws.verify(signer.key().public_jwk()))
                .is_ok()
        })
        .collect();
    assert_eq!(accepted, last.chars().collect::<Vec<_>>());
}

#[test]
fn rfc7515_5_2_every_single_bit_counts() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let message = b"header.payload";
        let signature = key.sign(message).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key.public_jwk().verify(message, &flipped),
                Err(ProofError::BadSignature),
                "{algorithm:?} bit {bit}"
            );
        }
        assert_eq!(key.public_jwk().verify(message, &signature), Ok(()));
        assert!(
            key.public_jwk()
                .verify(b"header.payloae", &signature)
                .is_err()
        );
        assert!(key.public_jwk().verify(message, b"").is_err());
    }
}

#[test]
fn rfc7518_3_4_ecdsa_der_and_zero_signatures_are_refused() {
    let public = key(Algorithm::Es256);
    let cases = [
        ("zeros", vec![0; 64]),
        ("short", vec![1; 63]),
        ("long", vec![1; 65]),
        (
            "DER",
            data_encoding::HEXLOWER.decode(b"3006020101020101").unwrap(),
        ),
    ];
    for (name, signature) in cases {
        let got = public.public_jwk().verify(b"message", &signature);
        assert_eq!(got, Err(ProofError::BadSignature), "{name}");
    }
}

#[test]
fn size_cap_is_exact() {
    let key = key(Algorithm::EdDsa);
    let payload = "x".repeat(12_207);
    let largest = compact(&key, r#"{"alg":"EdDSA"}"#, &payload);
    assert_eq!(largest.len(), MAX_JWS_BYTES);
    let proven = Jws::parse(&largest).and_then(|jws| jws.verify(key.public_jwk()));
    assert_eq!(proven.unwrap().as_slice(), payload.as_bytes());

    let one_more = compact(&key, r#"{"alg": "EdDSA"}"#, &"x".repeat(12_206));
    assert_eq!(one_more.len(), MAX_JWS_BYTES + 1);
    assert_eq!(Jws::parse(&one_more).err(), Some(ProofError::TooLarge));
}

#[test]
fn t10_header_must_name_the_algorithm_of_the_key() {
    for claimed in ["EdDSA", "ES256", "RS256", "PS256", "none", "HS256"] {
        for algorithm in Algorithm::ALL {
            let key = key(algorithm);
            let token = compact(&key, &format!(r#"{{"alg":"{claimed}"}}"#), "{}");
            let got = Jws::parse(&token).and_then(|jws| jws.verify(key.public_jwk()));
            let honest = claimed == algorithm.name(Ed25519Name::EdDsa);
            let want = (!honest).then_some(ProofError::WrongAlgorithm);
            assert_eq!(got.err(), want, "{algorithm:?} as {claimed}");
        }
    }
}

#[test]
fn one_key_signs_on_many_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<SigningKey>();
    shareable::<JwsSigner>();
    shareable::<PublicJwk>();
    let signer = JwsSigner::new(key(Algorithm::Ps256), Some("JWT"), Ed25519Name::EdDsa);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let signer = &signer;
            scope.spawn(move || {
                let payload = format!("{{\"n\":{number}}}");
                let token = signer.sign(payload.as_bytes()).unwrap();
                let read = Jws::parse(&token).unwrap();
                let proven = read.verify(signer.key().public_jwk()).unwrap();
                assert_eq!(proven.as_slice(), payload.as_bytes());
            });
        }
    });
}
