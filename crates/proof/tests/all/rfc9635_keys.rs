//! RFC 9635 §7.1: keys as they are given by value.

use data_encoding::BASE64;
use placet_proof::gnap::{CertificateDigest, GnapKey, ProofMethod};
use placet_proof::{Algorithm, DigestAlgorithm, Ed25519Name, ProofError, PublicJwk};
use serde_json::{Value, json};

use crate::gnap_scene::ed25519;
use crate::keyring::key;

/// The certificate of the RFC's sample for mutual TLS, as it stands in its `cert`.
const CERT: &str = include_str!("../vectors/rfc9635_cert.txt");

fn jwk(algorithm: Algorithm) -> Value {
    key(algorithm).public_jwk().to_json(Ed25519Name::EdDsa)
}

fn with(jwk: &Value, name: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value;
    jwk
}

fn without(jwk: &Value, name: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

fn parse(key: &Value) -> Result<GnapKey, ProofError> {
    GnapKey::parse(key.to_string().as_bytes())
}

#[test]
fn rfc9635_7_1_keys_read_as_they_are_printed() {
    let methods = [
        (json!("httpsig"), ProofMethod::HTTPSIG),
        (json!("jwsd"), ProofMethod::Jwsd),
        (json!("jws"), ProofMethod::Jws),
    ];
    for algorithm in Algorithm::ALL {
        for (proof, method) in &methods {
            let given = json!({ "proof": proof, "jwk": jwk(algorithm) });
            let read = parse(&given).unwrap();
            assert_eq!(read.proof(), *method);
            assert_eq!(read.to_json(), given);
            assert_eq!(read.jwk(), Some(key(algorithm).public_jwk()));
            assert_eq!(read.thumbprint(), key(algorithm).public_jwk().thumbprint());
            assert_eq!(read.certificate(), None);
            assert_eq!(GnapKey::from_json(&given), Ok(read));
        }
    }
    // The name under which a key calls its algorithm stays.
    let renamed = with(&jwk(Algorithm::EdDsa), "alg", json!("Ed25519"));
    let given = json!({ "proof": "jws", "jwk": renamed });
    assert_eq!(parse(&given).unwrap().to_json(), given);
}

#[test]
fn rfc9635_7_1_exactly_one_form() {
    let digest = CertificateDigest::of_der(b"a").to_string();
    let forms = [
        ("jwk", jwk(Algorithm::EdDsa)),
        ("cert", json!(CERT)),
        ("cert#S256", json!(digest)),
    ];
    let proof = |forms: &[&(&str, Value)]| {
        let mut key = json!({ "proof": "mtls" });
        for (name, value) in forms {
            key[*name] = value.clone();
        }
        parse(&key).err()
    };
    let [jwk, cert, digest] = &forms;
    assert_eq!(proof(&[]), Some(ProofError::BadKey("form")));
    for several in [
        &[jwk, cert][..],
        &[cert, digest],
        &[jwk, digest],
        &[jwk, cert, digest],
    ] {
        assert_eq!(
            proof(several),
            Some(ProofError::BadKey("form")),
            "{several:?}"
        );
    }
    assert_eq!(proof(&[cert]), None);
    assert_eq!(proof(&[digest]), None);
    assert_eq!(proof(&[jwk]), Some(ProofError::WrongProofMethod));
}

#[test]
fn rfc9635_7_1_a_jwk_names_itself_and_its_algorithm_and_is_public() {
    let ours = jwk(Algorithm::EdDsa);
    let cases: [(&str, Value, ProofError); 12] = [
        ("no kid", without(&ours, "kid"), ProofError::BadKey("kid")),
        (
            "empty kid",
            with(&ours, "kid", json!("")),
            ProofError::BadKey("kid"),
        ),
        (
            "kid is a number",
            with(&ours, "kid", json!(1)),
            ProofError::BadKey("kid"),
        ),
        ("no alg", without(&ours, "alg"), ProofError::BadKey("alg")),
        (
            "alg is null",
            with(&ours, "alg", Value::Null),
            ProofError::BadKey("alg"),
        ),
        (
            "none",
            with(&ours, "alg", json!("none")),
            ProofError::UnsupportedKey,
        ),
        (
            "PS512",
            with(&jwk(Algorithm::Ps256), "alg", json!("PS512")),
            ProofError::UnsupportedKey,
        ),
        (
            "alg of another key",
            with(&ours, "alg", json!("ES256")),
            ProofError::WrongAlgorithm,
        ),
        (
            "private",
            with(&ours, "d", json!("AAAA")),
            ProofError::PrivateKeyMaterial,
        ),
        (
            "symmetric",
            json!({ "kty": "oct", "k": "AAAA", "kid": "s", "alg": "HS256" }),
            ProofError::PrivateKeyMaterial,
        ),
        (
            "for encryption",
            with(&ours, "use", json!("enc")),
            ProofError::UnsupportedKey,
        ),
        ("no object", json!("k1"), ProofError::BadKey("jwk")),
    ];
    for (name, jwk, want) in cases {
        let got = parse(&json!({ "proof": "httpsig", "jwk": jwk }));
        assert_eq!(got.err(), Some(want), "{name}");
        assert_eq!(
            GnapKey::from_jwk(&jwk, ProofMethod::HTTPSIG).err(),
            Some(want),
            "{name}"
        );
    }
    let with_certificate = with(&ours, "x5c", json!([CERT]));
    assert!(parse(&json!({ "proof": "httpsig", "jwk": with_certificate })).is_ok());
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn rfc9635_7_3_proof_methods() {
    let object = |alg: &str, digest: &str| json!({ "method": "httpsig", "alg": alg, "content-digest-alg": digest });
    let sha_512 = ProofMethod::HttpSig {
        digest: Some(DigestAlgorithm::Sha512),
    };
    let sha_256 = ProofMethod::HttpSig {
        digest: Some(DigestAlgorithm::Sha256),
    };
    let (ed, es, rs, ps) = (
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Rs256,
        Algorithm::Ps256,
    );
    let other = ProofError::WrongProofMethod;
    let cases: [(Algorithm, Value, Result<ProofMethod, ProofError>); 19] = [
        (ed, object("ed25519", "sha-512"), Ok(sha_512)),
        (ed, object("ed25519", "sha-256"), Ok(sha_256)),
        (es, object("ecdsa-p256-sha256", "sha-256"), Ok(sha_256)),
        (rs, object("rsa-v1_5-sha256", "sha-256"), Ok(sha_256)),
        (
            ed,
            object("ecdsa-p256-sha256", "sha-256"),
            Err(ProofError::WrongAlgorithm),
        ),
        (
            es,
            object("ecdsa-p384-sha384", "sha-512"),
            Err(ProofError::WrongAlgorithm),
        ),
        // The registry's RSA-PSS goes with SHA-512, which no key here has.
        (
            ps,
            object("rsa-pss-sha512", "sha-256"),
            Err(ProofError::WrongAlgorithm),
        ),
        (
            ed,
            object("EdDSA", "sha-256"),
            Err(ProofError::WrongAlgorithm),
        ),
        (ed, object("ed25519", "md5"), Err(ProofError::UnknownDigest)),
        (
            ed,
            json!({ "method": "httpsig" }),
            Err(ProofError::BadKey("proof")),
        ),
        (
            ed,
            json!({ "method": "httpsig", "alg": "ed25519" }),
            Err(ProofError::BadKey("proof")),
        ),
        (
            ed,
            json!({ "alg": "ed25519" }),
            Err(ProofError::BadKey("proof")),
        ),
        (
            ed,
            json!({ "method": 1 }),
            Err(ProofError::BadKey("method")),
        ),
        (ed, json!({ "method": "jwsd" }), Err(other)),
        (ed, json!("dpop"), Err(other)),
        (ed, json!("HTTPSIG"), Err(other)),
        (ed, json!("mtls"), Err(other)),
        (ed, json!(["httpsig"]), Err(ProofError::BadKey("proof"))),
        (ed, Value::Null, Err(ProofError::BadKey("proof"))),
    ];
    for (algorithm, proof, want) in cases {
        let given = json!({ "proof": proof, "jwk": jwk(algorithm) });
        let got = parse(&given);
        assert_eq!(
            got.as_ref().map(GnapKey::proof),
            want.as_ref().copied(),
            "{proof}"
        );
        if let Ok(read) = got {
            assert_eq!(read.to_json(), given);
        }
    }
    let without_proof = json!({ "jwk": jwk(ed) });
    assert_eq!(
        parse(&without_proof).err(),
        Some(ProofError::BadKey("proof"))
    );
}

#[test]
fn rfc9635_7_1_certificates_in_pem_and_by_digest() {
    let der = BASE64.decode(CERT.as_bytes()).unwrap();
    let digest = CertificateDigest::of_der(&der);
    let lines: Vec<String> = CERT
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let lines = lines.join("\r\n");
    let framed = format!("-----BEGIN CERTIFICATE-----\r\n{lines}\r\n-----END CERTIFICATE-----\r\n");
    for pem in [
        CERT,
        &lines,
        &framed,
        &format!("  {}", framed.replace("\r\n", "\n")),
    ] {
        let read = parse(&json!({ "proof": "mtls", "cert": pem })).unwrap();
        assert_eq!(read.certificate(), Some(digest));
        assert_eq!(read.thumbprint(), digest.to_string());
        assert_eq!((read.kid(), read.jwk()), (None, None));
        assert_eq!(read.to_json(), json!({ "proof": "mtls", "cert": CERT }));
    }
    let given = json!({ "proof": "mtls", "cert#S256": digest.to_string() });
    let by_digest = parse(&given).unwrap();
    assert_eq!(by_digest.certificate(), Some(digest));
    assert_eq!(by_digest.to_json(), given);
    assert_eq!(by_digest, GnapKey::of_certificate(digest));
}

#[test]
fn broken_certificates_are_refused() {
    let framed = format!("-----BEGIN CERTIFICATE-----\n{CERT}\n-----END CERTIFICATE-----");
    let (cut, _) = CERT.split_at(CERT.len() - 4);
    let cases: [(&str, Value); 9] = [
        ("empty", json!("")),
        ("no text", json!(1)),
        ("two", json!(format!("{framed}\n{framed}"))),
        (
            "half a frame",
            json!(framed.replace("-----END CERTIFICATE-----", "")),
        ),
        ("a key", json!(framed.replace("CERTIFICATE", "PUBLIC KEY"))),
        ("cut short", json!(cut)),
        ("the other alphabet", json!(CERT.replace('+', "-"))),
        ("not base64", json!(format!("*{CERT}"))),
        ("no sequence", json!("AgEB")),
    ];
    for (name, cert) in cases {
        let got = parse(&json!({ "proof": "mtls", "cert": cert }));
        assert_eq!(got.err(), Some(ProofError::BadKey("cert")), "{name}");
    }
    let long = "A".repeat(20_000);
    let got = parse(&json!({ "proof": "mtls", "cert": long }));
    assert_eq!(got.err(), Some(ProofError::TooLarge));
    for digest in ["", "AAAA", &format!("{}=", CertificateDigest::of_der(b"a"))] {
        let got = parse(&json!({ "proof": "mtls", "cert#S256": digest }));
        assert_eq!(got.err(), Some(ProofError::BadKey("cert#S256")), "{digest}");
    }
    // A certificate does not say by which algorithm its key signs.
    for proof in ["httpsig", "jwsd", "jws"] {
        let got = parse(&json!({ "proof": proof, "cert": CERT }));
        assert_eq!(got.err(), Some(ProofError::WrongProofMethod), "{proof}");
    }
}

#[test]
fn keys_are_json_objects_without_repetitions() {
    let long = " ".repeat(40_000);
    let cases: [(&[u8], ProofError); 4] = [
        (b"", ProofError::Malformed("key")),
        (b"[]", ProofError::Malformed("key")),
        (
            br#"{"proof":"jws","proof":"mtls","cert#S256":"x"}"#,
            ProofError::Malformed("key"),
        ),
        (long.as_bytes(), ProofError::TooLarge),
    ];
    for (text, want) in cases {
        assert_eq!(GnapKey::parse(text).err(), Some(want));
    }
    assert_eq!(
        GnapKey::from_json(&json!("S-P4XJQ")).err(),
        Some(ProofError::Malformed("key"))
    );
}

#[test]
fn keys_made_from_a_jwk() {
    let jwk: PublicJwk = ed25519(1).public_jwk().clone();
    let key = GnapKey::new(jwk.clone(), ProofMethod::HTTPSIG).unwrap();
    assert_eq!(key.kid(), Some(jwk.kid()));
    assert_eq!(
        GnapKey::new(jwk, ProofMethod::Mtls).err(),
        Some(ProofError::WrongProofMethod)
    );
}
