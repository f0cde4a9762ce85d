//! RFC 9635 §7.3.1: HTTP message signatures as key proofs.

use std::sync::Arc;

use placet_proof::gnap::{GnapSigner, Policy, ProofMethod, Stamp};
use placet_proof::{Algorithm, DigestAlgorithm, ProofError, SigningKey, content_digest};

use crate::gnap_scene::{GRANT, Message, NOW, TOKEN, bound, ed25519, k1, k2, signer, stamp};
use crate::keyring::key;

const HTTPSIG: ProofMethod = ProofMethod::HTTPSIG;
const SHA_512: ProofMethod = ProofMethod::HttpSig {
    digest: Some(DigestAlgorithm::Sha512),
};
const GRANT_BODY: &str = r#"{"access_token":{"access":["dolphin-metadata"]},"client":{"key":{"proof":"httpsig","jwk":{"kty":"OKP","crv":"Ed25519","kid":"k1","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}}}"#;
const CONTINUE: &str = "https://as.placet.example/gnap/continue/7f3c";
const ALL: &str = r#"("@method" "@target-uri" "content-digest" "authorization")"#;

/// A request with content and token, not signed.
fn unsigned() -> Message {
    Message::post(CONTINUE, "{}")
        .with_token(TOKEN)
        .with("authorization", &format!("GNAP {TOKEN}"))
        .with(
            "content-digest",
            &content_digest(DigestAlgorithm::Sha256, b"{}"),
        )
}

/// The parameters of an honest signature.
fn params(created: i64) -> String {
    format!(r#";created={created};keyid="k1";nonce="n-1";tag="gnap""#)
}

fn honest() -> Message {
    unsigned().hand_signed(&ed25519(1), "sig1", &format!("{ALL}{}", params(NOW)))
}

fn refusal(message: &Message) -> Option<ProofError> {
    message.verify_at(&k1(HTTPSIG), NOW).err()
}

#[test]
fn rfc9635_7_3_1_worked_example_of_a_grant_request() {
    let message = Message::post(GRANT, GRANT_BODY)
        .with("content-length", "196")
        .with("content-type", "application/json")
        .signed(
            &signer(1, HTTPSIG),
            &Stamp {
                created: NOW,
                nonce: Some("Q2x1Y2tOb25jZQ"),
            },
        );
    assert_eq!(message.body.len(), 196);
    assert_eq!(
        message.base(),
        "\"@method\": POST\n\
         \"@target-uri\": https://as.placet.example/gnap\n\
         \"content-digest\": sha-256=:U3Xici3grAEA/SDcye7p7dIz24+uIu0kV2hQu3H/5s4=:\n\
         \"content-length\": 196\n\
         \"content-type\": application/json\n\
         \"@signature-params\": (\"@method\" \"@target-uri\" \"content-digest\" \"content-length\" \"content-type\")\
         ;created=1767225600;keyid=\"k1\";nonce=\"Q2x1Y2tOb25jZQ\";tag=\"gnap\""
    );
    assert_eq!(
        message.header("signature"),
        "sig1=:9BKfaJhPjjxOzOGoLoo4ziOr0i3bKmIJGkKPp6a6Ot+E7yC/A4YhwS+1gPqUefP0vfjwS3U97Kf6m2sid9hmAg==:"
    );
    let proof = message.verify_at(&k1(HTTPSIG), NOW).unwrap();
    assert_eq!(proof.created(), Some(NOW));
    assert_eq!(proof.nonce(), Some("Q2x1Y2tOb25jZQ"));
    assert_eq!(proof.label(), Some("sig1"));
    assert_eq!(proof.keyid(), Some("k1"));
    assert_eq!(proof.method(), HTTPSIG);
    assert_eq!(
        proof.thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    assert_eq!(proof.content(), None);
    assert_eq!(proof.replay().unwrap().until, Some(NOW + 60));
}

#[test]
fn rfc9635_7_3_1_worked_example_of_a_poll() {
    let stamp = Stamp {
        created: 1_767_225_610,
        nonce: Some("c2Vjb25k"),
    };
    let message = Message::post(CONTINUE, "")
        .with_token(TOKEN)
        .signed(&signer(1, HTTPSIG), &stamp);
    assert_eq!(
        message.base(),
        "\"@method\": POST\n\
         \"@target-uri\": https://as.placet.example/gnap/continue/7f3c\n\
         \"authorization\": GNAP 80UPRY5NM33OMUKMKSKU\n\
         \"@signature-params\": (\"@method\" \"@target-uri\" \"authorization\")\
         ;created=1767225610;keyid=\"k1\";nonce=\"c2Vjb25k\";tag=\"gnap\""
    );
    assert_eq!(
        message.header("signature"),
        "sig1=:bxIAiacEnrxquvxm3cwonYQSdaJF/RLpaMugUCTJhUAq3QJ406LlzCQqKzwC+vB1b2o2x6yvTqBIdIzDREdUDQ==:"
    );
    assert!(message.verify_at(&k1(HTTPSIG), NOW + 10).is_ok());
}

#[test]
fn g1_each_component_has_to_be_covered() {
    assert_eq!(refusal(&honest()), None);
    let names = ["@method", "@target-uri", "content-digest", "authorization"];
    for left_out in names {
        let kept: Vec<String> = names
            .iter()
            .filter(|name| **name != left_out)
            .map(|name| format!("\"{name}\""))
            .collect();
        let text = format!("({}){}", kept.join(" "), params(NOW));
        let message = unsigned().hand_signed(&ed25519(1), "sig1", &text);
        assert_eq!(refusal(&message), Some(ProofError::NotCovered(left_out)));
    }
}

#[test]
fn g1_a_part_of_a_component_is_not_the_component() {
    let key = ed25519(1);
    let cases = [
        (r#""content-digest";key="sha-256""#, false),
        (r#""content-digest";sf"#, true),
        (r#""content-digest";bs"#, true),
    ];
    for (component, accepted) in cases {
        let text = format!(
            r#"("@method" "@target-uri" {component} "authorization"){}"#,
            params(NOW)
        );
        let message = unsigned().hand_signed(&key, "sig1", &text);
        let want = (!accepted).then_some(ProofError::NotCovered("content-digest"));
        assert_eq!(refusal(&message), want, "{component}");
    }
}

#[test]
fn rfc9635_7_3_1_parameters_of_the_signature() {
    let cases: [(&str, String, Option<ProofError>); 16] = [
        ("honest", params(NOW), None),
        (
            "no nonce",
            format!(r#";tag="gnap";keyid="k1";created={NOW}"#),
            None,
        ),
        ("one more", format!("{};x=1", params(NOW)), None),
        (
            "alg",
            format!(r#"{};alg="ed25519""#, params(NOW)),
            Some(ProofError::ForbiddenParameter("alg")),
        ),
        (
            "no tag",
            format!(r#";created={NOW};keyid="k1""#),
            Some(ProofError::MissingParameter("tag")),
        ),
        (
            "other tag",
            format!(r#";created={NOW};keyid="k1";tag="Gnap""#),
            Some(ProofError::WrongTag),
        ),
        (
            "tag of a rotation",
            format!(r#";created={NOW};keyid="k1";tag="gnap-rotate""#),
            Some(ProofError::WrongTag),
        ),
        (
            "no created",
            r#";keyid="k1";tag="gnap""#.to_owned(),
            Some(ProofError::MissingParameter("created")),
        ),
        ("59 s old", params(NOW - 59), None),
        ("60 s old", params(NOW - 60), Some(ProofError::Expired)),
        ("60 s ahead", params(NOW + 60), None),
        (
            "61 s ahead",
            params(NOW + 61),
            Some(ProofError::NotYetValid),
        ),
        (
            "expired by itself",
            format!("{};expires={NOW}", params(NOW - 5)),
            Some(ProofError::Expired),
        ),
        (
            "not expired yet",
            format!("{};expires={}", params(NOW - 5), NOW + 1),
            None,
        ),
        (
            "no keyid",
            format!(r#";created={NOW};tag="gnap""#),
            Some(ProofError::MissingParameter("keyid")),
        ),
        (
            "keyid of another",
            format!(r#";created={NOW};keyid="K1";tag="gnap""#),
            Some(ProofError::UnknownKey),
        ),
    ];
    for (name, params, want) in cases {
        let message = unsigned().hand_signed(&ed25519(1), "sig1", &format!("{ALL}{params}"));
        assert_eq!(refusal(&message), want, "{name}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn g1_whatever_is_changed_after_signing_is_refused() {
    let message = honest();
    let digest = |content: &[u8]| content_digest(DigestAlgorithm::Sha256, content);
    let changed: [(&str, Message, ProofError); 13] = [
        (
            "method",
            Message {
                method: "PATCH",
                ..message.clone()
            },
            ProofError::BadSignature,
        ),
        (
            "method in small letters",
            Message {
                method: "post",
                ..message.clone()
            },
            ProofError::BadSignature,
        ),
        (
            "uri",
            Message {
                target_uri: format!("{CONTINUE}0"),
                ..message.clone()
            },
            ProofError::BadSignature,
        ),
        (
            "query added",
            Message {
                target_uri: format!("{CONTINUE}?a"),
                ..message.clone()
            },
            ProofError::BadSignature,
        ),
        (
            "content",
            Message {
                body: b"{ }".to_vec(),
                ..message.clone()
            },
            ProofError::WrongDigest,
        ),
        (
            "content taken away",
            Message {
                body: Vec::new(),
                ..message.clone()
            },
            ProofError::WrongDigest,
        ),
        (
            "content and digest",
            Message {
                body: b"{ }".to_vec(),
                ..message.clone().set("content-digest", &digest(b"{ }"))
            },
            ProofError::BadSignature,
        ),
        (
            "digest gone",
            message.clone().without("content-digest"),
            ProofError::BadComponent,
        ),
        (
            "digest beside it",
            message.clone().with("content-digest", &digest(b"{ }")),
            ProofError::BadSignature,
        ),
        (
            "token",
            message.clone().set("authorization", "GNAP another"),
            ProofError::WrongToken,
        ),
        (
            "scheme",
            message
                .clone()
                .set("authorization", &format!("gnap {TOKEN}")),
            ProofError::BadSignature,
        ),
        (
            "no token",
            message.clone().without("authorization"),
            ProofError::MissingHeader("authorization"),
        ),
        (
            "two tokens",
            message.clone().with("authorization", "GNAP another"),
            ProofError::Malformed("authorization"),
        ),
    ];
    for (name, message, want) in changed {
        assert_eq!(refusal(&message), Some(want), "{name}");
    }
}

#[test]
fn g1_content_and_token_added_to_a_signed_request() {
    let poll = Message::post(CONTINUE, "").signed(&signer(1, HTTPSIG), &stamp(NOW));
    assert_eq!(refusal(&poll), None);
    let mut with_content = poll.clone();
    with_content.body = b"{}".to_vec();
    assert_eq!(
        refusal(&with_content),
        Some(ProofError::NotCovered("content-digest"))
    );
    // The caller expects none, and the sender adds one.
    for value in ["GNAP stolen", "Bearer stolen"] {
        assert_eq!(
            refusal(&poll.clone().with("authorization", value)),
            Some(ProofError::NotCovered("authorization")),
            "{value}"
        );
    }
    let expecting = poll.with_token(TOKEN);
    assert_eq!(
        refusal(&expecting),
        Some(ProofError::MissingHeader("authorization"))
    );
}

#[test]
fn rfc9635_7_3_1_digest_is_of_the_declared_algorithm() {
    let both = format!(
        "{}, {}",
        content_digest(DigestAlgorithm::Sha256, b"{}"),
        content_digest(DigestAlgorithm::Sha512, b"{}")
    );
    let one_wrong = format!(
        "{}, {}",
        content_digest(DigestAlgorithm::Sha256, b"{}"),
        content_digest(DigestAlgorithm::Sha512, b"{ }")
    );
    let sha_256 = content_digest(DigestAlgorithm::Sha256, b"{}");
    let sha_512 = content_digest(DigestAlgorithm::Sha512, b"{}");
    let cases: [(&str, &str, ProofMethod, Option<ProofError>); 8] = [
        ("256 for the string form", &sha_256, HTTPSIG, None),
        (
            "512 for the string form",
            &sha_512,
            HTTPSIG,
            Some(ProofError::UnknownDigest),
        ),
        ("both for the string form", &both, HTTPSIG, None),
        (
            "256 where 512 is declared",
            &sha_256,
            SHA_512,
            Some(ProofError::UnknownDigest),
        ),
        ("512 where it is declared", &sha_512, SHA_512, None),
        (
            "one of two wrong",
            &one_wrong,
            HTTPSIG,
            Some(ProofError::WrongDigest),
        ),
        (
            "unknown",
            "md5=:AAAA:",
            HTTPSIG,
            Some(ProofError::UnknownDigest),
        ),
        (
            "broken",
            "sha-256=x",
            HTTPSIG,
            Some(ProofError::Malformed("content-digest")),
        ),
    ];
    for (name, value, proof, want) in cases {
        let message = unsigned().set("content-digest", value).hand_signed(
            &ed25519(1),
            "sig1",
            &format!("{ALL}{}", params(NOW)),
        );
        let got = message.verify_at(&k1(proof), NOW).err();
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn g2_the_key_of_another_proves_nothing() {
    let message = honest();
    assert_eq!(
        message.verify_at(&k2(HTTPSIG), NOW).err(),
        Some(ProofError::UnknownKey)
    );
    // Named as the right one, but another key.
    let namesake = bound(&ed25519(2), "k1", HTTPSIG);
    assert_eq!(
        message.verify_at(&namesake, NOW).err(),
        Some(ProofError::BadSignature)
    );
    let rsa = bound(&key(Algorithm::Ps256), "k1", HTTPSIG);
    assert_eq!(
        message.verify_at(&rsa, NOW).err(),
        Some(ProofError::BadSignature)
    );
    for proof in [ProofMethod::Jwsd, ProofMethod::Jws] {
        assert!(message.verify_at(&k1(proof), NOW).is_err(), "{proof:?}");
    }
}

#[test]
fn rfc9635_7_3_1_every_signature_is_looked_at_until_one_is_good() {
    let proxy = key(Algorithm::Es256);
    let good = format!("{ALL}{}", params(NOW));
    let message = unsigned()
        .hand_signed(
            &proxy,
            "proxy",
            r#"("@authority");created=1;keyid="p";alg="ecdsa-p256-sha256""#,
        )
        .hand_signed(&proxy, "liar", &good)
        .hand_signed(&ed25519(1), "ours", &good);
    let proof = message.verify_at(&k1(HTTPSIG), NOW).unwrap();
    assert_eq!(proof.label(), Some("ours"));
    // Where none is good, the one that names the key says why.
    let stale = format!("{ALL}{}", params(NOW - 600));
    let message = unsigned()
        .hand_signed(&proxy, "proxy", r#"("@authority");created=1;keyid="p""#)
        .hand_signed(&ed25519(1), "ours", &stale)
        .hand_signed(
            &proxy,
            "last",
            r#"("@authority");created=1;keyid="p";tag="x""#,
        );
    assert_eq!(refusal(&message), Some(ProofError::Expired));
}

#[test]
fn rfc9421_4_labels_of_a_key_proof_are_unique_and_small() {
    let good = format!("{ALL}{}", params(NOW));
    let twice = honest().with("signature-input", &format!("sig1={good}"));
    assert_eq!(
        refusal(&twice),
        Some(ProofError::Malformed("signature-input"))
    );
    let message = honest();
    let capitals = message.header("signature-input").replace("sig1", "Sig1");
    assert_eq!(
        refusal(&message.clone().set("signature-input", &capitals)),
        Some(ProofError::Malformed("signature-input"))
    );
    let unpaired = message.header("signature").replace("sig1", "sig2");
    assert_eq!(
        refusal(&message.clone().set("signature", &unpaired)),
        Some(ProofError::UnpairedLabel)
    );
    assert_eq!(
        refusal(&message.clone().without("signature")),
        Some(ProofError::MissingHeader("signature"))
    );
    assert_eq!(
        refusal(&unsigned()),
        Some(ProofError::MissingHeader("signature-input"))
    );
}

#[test]
fn rfc9635_7_3_1_every_algorithm_of_a_key() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let signer = GnapSigner::new(Arc::clone(&key), "any key", HTTPSIG);
        let message = Message::post(GRANT, "{}").signed(&signer, &stamp(NOW));
        let bound = bound(&key, "any key", HTTPSIG);
        assert!(message.verify_at(&bound, NOW).is_ok(), "{algorithm:?}");
    }
}

#[test]
fn rfc9635_7_3_1_the_window_is_the_policy_s() {
    let message = honest();
    let wide = Policy::rfc9635().created_within(300);
    let key = k1(HTTPSIG);
    let until = |policy: &Policy, now| {
        let proof = message.verify_by(&key, now, policy)?;
        Ok(proof.replay().unwrap().until)
    };
    assert_eq!(until(&wide, NOW + 299), Ok(Some(NOW + 300)));
    assert_eq!(until(&wide, NOW + 300), Err(ProofError::Expired));
    assert_eq!(until(&wide, NOW - 300), Ok(Some(NOW + 300)));
    assert_eq!(until(&wide, NOW - 301), Err(ProofError::NotYetValid));
    let open = Policy::rfc9635().created_at_any_time();
    assert_eq!(until(&open, NOW + 1_000_000), Ok(None));
    assert_eq!(until(&open, i64::MIN), Ok(None));
}

#[test]
fn g1_what_is_remembered_against_replay() {
    let name = |message: &Message, key: &placet_proof::gnap::GnapKey| {
        let proof = message.verify_at(key, NOW).unwrap();
        proof.replay().unwrap().name.clone()
    };
    let key = k1(HTTPSIG);
    let by_nonce = name(&honest(), &key);
    assert_eq!(by_nonce.len(), 43);
    // Another request with the same nonce has the same name, whatever else it says.
    let other = Message::post(GRANT, "").hand_signed(
        &ed25519(1),
        "x",
        &format!(r#"("@method" "@target-uri"){}"#, params(NOW - 7)),
    );
    assert_eq!(name(&other, &key), by_nonce);
    // Another client may use the same nonce.
    let text = format!(r#"("@method" "@target-uri"){}"#, params(NOW)).replace("k1", "k2");
    let theirs = Message::post(GRANT, "").hand_signed(&ed25519(2), "x", &text);
    assert_ne!(name(&theirs, &k2(HTTPSIG)), by_nonce);
    // Without a nonce the signature is remembered, under any label.
    let first = Message::post(GRANT, "").signed(&signer(1, HTTPSIG), &stamp(NOW));
    let second = Message::post(GRANT, "").signed(&signer(1, HTTPSIG), &stamp(NOW + 1));
    assert_ne!(name(&first, &key), name(&second, &key));
    let renamed = first
        .clone()
        .set(
            "signature-input",
            &first.header("signature-input").replace("sig1", "other"),
        )
        .set(
            "signature",
            &first.header("signature").replace("sig1", "other"),
        );
    assert_eq!(name(&renamed, &key), name(&first, &key));
}

#[test]
fn g1_the_twin_of_an_ecdsa_signature_is_the_same_proof() {
    let key = key(Algorithm::Es256);
    let bound = bound(&key, "k", HTTPSIG);
    let signer = GnapSigner::new(key, "k", HTTPSIG);
    let message = Message::post(GRANT, "").signed(&signer, &stamp(NOW));
    let value = message.header("signature");
    let encoded = value.strip_prefix("sig1=:").unwrap().trim_end_matches(':');
    let signature = data_encoding::BASE64.decode(encoded.as_bytes()).unwrap();
    let (r, s) = signature.split_at(32);
    let twin = data_encoding::BASE64.encode(&[r, &negated(s)].concat());
    let twin = message.clone().set("signature", &format!("sig1=:{twin}:"));
    assert_ne!(twin, message);
    let (first, second) = (
        message.verify_at(&bound, NOW).unwrap(),
        twin.verify_at(&bound, NOW).unwrap(),
    );
    assert_eq!(first.replay(), second.replay());
}

/// n - s, where n is the order of P-256.
fn negated(s: &[u8]) -> Vec<u8> {
    let order = data_encoding::HEXLOWER
        .decode(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        .unwrap();
    let mut borrow = 0_i16;
    let mut bytes = Vec::new();
    for (n, s) in order.iter().zip(s).rev() {
        let digit = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(digit < 0);
        bytes.push(u8::try_from(digit.rem_euclid(256)).unwrap());
    }
    bytes.reverse();
    bytes
}

#[test]
fn a_signer_covers_what_the_request_has() {
    let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let signer = GnapSigner::new(stranger.into(), "k", HTTPSIG);
    let message = Message::post(GRANT, "{}")
        .with_token(TOKEN)
        .with("content-type", "application/json")
        .with("content-digest", "sha-256=:AAAA:")
        .with("authorization", "GNAP old")
        .signed(&signer, &stamp(NOW));
    let input = message.header("signature-input");
    assert!(input.starts_with(
        r#"sig1=("@method" "@target-uri" "content-digest" "content-type" "authorization")"#
    ));
    assert_eq!(message.header("authorization"), format!("GNAP {TOKEN}"));
    let names = message
        .headers
        .iter()
        .filter(|(name, _)| name == "content-digest");
    assert_eq!(names.count(), 1);
}

#[test]
fn what_is_printed_for_logs_shows_no_token() {
    let message = honest();
    let shown = message.read(|request| format!("{request:?}"));
    let proof = message.verify_at(&k1(HTTPSIG), NOW).unwrap();
    let added = unsigned().read(|request| signer(1, HTTPSIG).sign(request, &stamp(NOW)));
    for text in [shown, format!("{proof:?}"), format!("{added:?}")] {
        assert!(!text.contains(TOKEN) && text.len() < 400, "{text}");
    }
}
