//! RFC 9635 §7.3: a new key takes the place of an old one only if both sign, the new one over the old.

use std::sync::Arc;

use placet_proof::gnap::{Policy, ProofMethod, RotationProof, claimed_content, verify_rotation};
use placet_proof::{Algorithm, DigestAlgorithm, ProofError, content_digest};

use crate::gnap_scene::{Message, NOW, bound, ed25519, k1, k2, signer, stamp};
use crate::keyring::{compact, key};

const HTTPSIG: ProofMethod = ProofMethod::HTTPSIG;
const TOKEN: &str = "B8CDFONP21-4TB8N6.BW7ONM";
const MANAGE: &str = "https://as.placet.example/gnap/token/PRY5NM33O";
const BODY: &str = r#"{"key":{"proof":"httpsig","jwk":{"kty":"OKP","crv":"Ed25519","kid":"k2","alg":"EdDSA","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}}}"#;
const CREATED: i64 = 1_767_225_700;
const OLD: &str = r#"("@method" "@target-uri" "content-digest" "authorization");created=1767225700;keyid="k1";tag="gnap""#;
const NEW: &str = r#"("@method" "@target-uri" "content-digest" "authorization" "signature";key="old-key" "signature-input";key="old-key");created=1767225701;keyid="k2";tag="gnap-rotate""#;

fn unsigned() -> Message {
    Message::post(MANAGE, BODY).with_token(TOKEN)
}

/// The same with the fields that a signer would add, to be signed by hand.
fn prepared() -> Message {
    unsigned()
        .with(
            "content-digest",
            &content_digest(DigestAlgorithm::Sha256, BODY.as_bytes()),
        )
        .with("authorization", &format!("GNAP {TOKEN}"))
}

fn rotated(proof: ProofMethod) -> Message {
    unsigned().rotated(
        &signer(1, proof),
        &signer(2, proof),
        [&stamp(CREATED), &stamp(CREATED + 1)],
    )
}

fn verify(message: &Message, proof: ProofMethod) -> Result<RotationProof, ProofError> {
    let policy = Policy::rfc9635();
    message.read(|request| verify_rotation(&k1(proof), &k2(proof), request, CREATED + 2, &policy))
}

#[test]
fn rfc9635_7_3_1_1_worked_example() {
    let message = rotated(HTTPSIG);
    assert_eq!(
        message.header("signature-input"),
        format!("old-key={OLD}, new-key={NEW}")
    );
    assert_eq!(
        message.header("signature"),
        "old-key=:O/2enIg3sAeCDFKR+mbZjczkXD8Vac9AH37CrU9dRDVS84bGU8U/utA+fi+XiI5M8DM30EhTfZLyGeRpBPIGBg==:, \
         new-key=:lU9FCDlP3Jubio/91z1VxcPEJUmGrPpLGVaFT2uKsjgvliZLHv4JKZMHvM8s1Ol7VB3m4BQMXqaSS/187FzPCA==:"
    );
    assert_eq!(
        message.header("content-digest"),
        "sha-256=:s6zUub3NoFSI1ISMn2Bo/7WJpdlRIzqRjgwS0qGq3aI=:"
    );
    let proof = verify(&message, HTTPSIG).unwrap();
    assert_eq!(proof.old.keyid(), Some("k1"));
    assert_eq!(proof.new.keyid(), Some("k2"));
    assert_eq!(proof.new.created(), Some(CREATED + 1));
    assert_ne!(proof.old.replay(), proof.new.replay());
    // For the old key alone it is an ordinary request; the new one has not been bound to anything yet.
    assert!(message.verify_at(&k1(HTTPSIG), CREATED).is_ok());
    assert_eq!(
        message.verify_at(&k2(HTTPSIG), CREATED).err(),
        Some(ProofError::WrongTag)
    );
}

#[test]
fn rfc9635_7_3_1_1_labels_are_free() {
    let message = prepared()
        .hand_signed(&ed25519(1), "sig1", OLD)
        .hand_signed(&ed25519(2), "sig2", &NEW.replace("old-key", "sig1"));
    assert!(verify(&message, HTTPSIG).is_ok());
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn g2_a_rotation_needs_both_signatures_one_over_the_other() {
    let old = |message: Message| message.hand_signed(&ed25519(1), "old-key", OLD);
    let new = |message: Message, text: &str| message.hand_signed(&ed25519(2), "new-key", text);
    let plain = NEW.replace(
        r#" "signature";key="old-key" "signature-input";key="old-key""#,
        "",
    );
    let half = NEW.replace(r#" "signature-input";key="old-key""#, "");
    let other_half = NEW.replace(r#" "signature";key="old-key""#, "");
    let without_content = NEW.replace(r#" "content-digest""#, "");
    let without_token = NEW.replace(r#" "authorization""#, "");
    let cases: [(&str, Message, ProofError); 11] = [
        (
            "old only",
            old(prepared()),
            ProofError::NotCovered("signature"),
        ),
        (
            "new not over the old",
            new(old(prepared()), &plain),
            ProofError::NotCovered("signature"),
        ),
        (
            "over half of it",
            new(old(prepared()), &half),
            ProofError::NotCovered("signature-input"),
        ),
        (
            "over the other half",
            new(old(prepared()), &other_half),
            ProofError::NotCovered("signature"),
        ),
        (
            "new without the content",
            new(old(prepared()), &without_content),
            ProofError::NotCovered("content-digest"),
        ),
        (
            "new without the token",
            new(old(prepared()), &without_token),
            ProofError::NotCovered("authorization"),
        ),
        (
            "new with the ordinary tag",
            new(old(prepared()), &NEW.replace("gnap-rotate", "gnap")),
            ProofError::WrongTag,
        ),
        (
            "new is stale",
            new(old(prepared()), &NEW.replace("1767225701", "1767225001")),
            ProofError::Expired,
        ),
        (
            "new by the old key",
            old(prepared()).hand_signed(&ed25519(1), "new-key", NEW),
            ProofError::BadSignature,
        ),
        (
            "old by the new key",
            new(prepared().hand_signed(&ed25519(2), "old-key", OLD), NEW),
            ProofError::BadSignature,
        ),
        (
            "over a signature of somebody else",
            new(
                old(prepared()).hand_signed(
                    &key(Algorithm::Es256),
                    "proxy",
                    r#"("@method");keyid="p""#,
                ),
                &NEW.replace("old-key", "proxy"),
            ),
            ProofError::NotCovered("signature"),
        ),
    ];
    for (name, message, want) in cases {
        assert_eq!(verify(&message, HTTPSIG), Err(want), "{name}");
    }
}

#[test]
fn g2_a_signed_rotation_cannot_be_changed() {
    for proof in [HTTPSIG, ProofMethod::Jwsd, ProofMethod::Jws] {
        let message = rotated(proof);
        assert!(verify(&message, proof).is_ok(), "{proof:?}");
        let mut content = message.clone();
        content.body.push(b' ');
        assert!(verify(&content, proof).is_err(), "{proof:?}");
        let mut uri = message.clone();
        uri.target_uri.push('X');
        assert!(verify(&uri, proof).is_err(), "{proof:?}");
        let token = message.clone().set("authorization", "GNAP x");
        assert_eq!(verify(&token, proof), Err(ProofError::WrongToken));
        let turned = message.read(|request| {
            verify_rotation(&k2(proof), &k1(proof), request, CREATED, &Policy::rfc9635())
        });
        assert!(turned.is_err(), "{proof:?}");
        let late = message.read(|request| {
            verify_rotation(
                &k1(proof),
                &k2(proof),
                request,
                CREATED + 60,
                &Policy::rfc9635(),
            )
        });
        assert_eq!(late, Err(ProofError::Expired), "{proof:?}");
    }
}

#[test]
fn rfc9635_6_1_1_the_method_and_its_parameters_stay() {
    let declared = ProofMethod::HttpSig {
        digest: Some(DigestAlgorithm::Sha256),
    };
    let message = rotated(HTTPSIG);
    for other in [declared, ProofMethod::Jwsd, ProofMethod::Jws] {
        let got = message.read(|request| {
            verify_rotation(
                &k1(HTTPSIG),
                &k2(other),
                request,
                CREATED,
                &Policy::rfc9635(),
            )
        });
        assert_eq!(got, Err(ProofError::WrongProofMethod), "{other:?}");
        let got = unsigned().read(|request| {
            signer(1, HTTPSIG).sign_rotation(&signer(2, other), request, [&stamp(NOW), &stamp(NOW)])
        });
        assert_eq!(got, Err(ProofError::WrongProofMethod), "{other:?}");
    }
    // Another algorithm of the key is another key, not another method.
    let (old, new) = (ed25519(1), key(Algorithm::Es256));
    let signers = [(&old, "k1"), (&new, "e")]
        .map(|(key, kid)| placet_proof::gnap::GnapSigner::new(Arc::clone(key), kid, HTTPSIG));
    let message = unsigned().rotated(&signers[0], &signers[1], [&stamp(NOW), &stamp(NOW)]);
    let got = message.read(|request| {
        let new = bound(&new, "e", HTTPSIG);
        verify_rotation(&k1(HTTPSIG), &new, request, NOW, &Policy::rfc9635())
    });
    assert!(got.is_ok());
}

#[test]
fn rfc9635_7_3_3_1_and_7_3_4_1_objects_are_nested() {
    for proof in [ProofMethod::Jwsd, ProofMethod::Jws] {
        let message = rotated(proof);
        let rotation = verify(&message, proof).unwrap();
        assert_eq!(rotation.old.keyid(), Some("k1"));
        assert_eq!(rotation.new.keyid(), Some("k2"));
        let content = message.read(|request| claimed_content(request).map(|found| found.to_vec()));
        assert_eq!(content.as_deref(), Ok(BODY.as_bytes()), "{proof:?}");
        let attached = (proof == ProofMethod::Jws).then_some(BODY.as_bytes());
        assert_eq!(rotation.old.content(), attached);
        // The outer object is signed by a key that nothing is bound to, and the inner one has a `typ` of its own.
        assert_eq!(
            message.verify_at(&k1(proof), CREATED).err(),
            Some(ProofError::UnknownKey),
            "{proof:?}"
        );
        let ordinary = unsigned().signed(&signer(2, proof), &stamp(CREATED));
        assert!(verify(&ordinary, proof).is_err(), "{proof:?}");
    }
}

#[test]
fn g2_the_inner_object_has_to_be_one_of_a_rotation() {
    let header = |kid: &str, typ: &str| {
        format!(
            r#"{{"alg":"EdDSA","kid":"{kid}","typ":"{typ}","htm":"POST","uri":"{MANAGE}","created":{CREATED},"ath":"{}"}}"#,
            crate::rfc9635_objects::ath(TOKEN)
        )
    };
    let cases = [
        ("gnap-binding-rotation-jws", "gnap-binding-jws", None),
        ("gnap-binding-rotation+jws", "gnap-binding+jws", None),
        (
            "gnap-binding-jws",
            "gnap-binding-jws",
            Some(ProofError::WrongTag),
        ),
        (
            "gnap-binding-rotation-jwsd",
            "gnap-binding-jws",
            Some(ProofError::WrongTag),
        ),
        (
            "gnap-binding-rotation-jws",
            "gnap-binding-rotation-jws",
            Some(ProofError::WrongTag),
        ),
    ];
    for (inner_typ, outer_typ, want) in cases {
        let inner = compact(&ed25519(1), &header("k1", inner_typ), BODY);
        let outer = compact(&ed25519(2), &header("k2", outer_typ), &inner);
        let message = Message::post(MANAGE, &outer)
            .with_token(TOKEN)
            .with("authorization", &format!("GNAP {TOKEN}"))
            .with("content-type", "application/jose");
        assert_eq!(
            verify(&message, ProofMethod::Jws).err(),
            want,
            "{inner_typ} {outer_typ}"
        );
    }
}

#[test]
fn rfc9635_7_3_2_1_certificates_are_not_rotated() {
    let key = placet_proof::gnap::GnapKey::of_certificate(
        placet_proof::gnap::CertificateDigest::of_der(b"a"),
    );
    let got =
        unsigned().read(|request| verify_rotation(&key, &key, request, NOW, &Policy::rfc9635()));
    assert_eq!(got, Err(ProofError::NoRotation));
    let mtls = signer(1, ProofMethod::Mtls);
    let got =
        unsigned().read(|request| mtls.sign_rotation(&mtls, request, [&stamp(NOW), &stamp(NOW)]));
    assert_eq!(got, Err(ProofError::NoRotation));
}
