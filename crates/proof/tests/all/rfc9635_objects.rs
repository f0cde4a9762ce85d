//! RFC 9635 §7.3.2–7.3.4: key proofs by the connection and by signed objects.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use placet_proof::gnap::{
    CertificateDigest, GnapKey, Policy, ProofMethod, claimed_content, verify_request,
};
use placet_proof::{Algorithm, ProofError};

use crate::gnap_scene::{GRANT, Message, NOW, TOKEN, bound, ed25519, k1, k2, signer, stamp};
use crate::keyring::{compact, encode, key};

const JWSD: ProofMethod = ProofMethod::Jwsd;
const JWS: ProofMethod = ProofMethod::Jws;
const CONTINUE: &str = "https://as.placet.example/gnap/continue/7f3c";
const CREATED: i64 = 1_767_225_610;
const BODY: &str = r#"{"interact_ref":"ir-6KpWz19NcYx5QeDs"}"#;
const ATH: &str = "hJC-eDWyh9xx-KnCqg1OcZAv71xdpxXnhQrwyY9ixYE";
const HEADER: &str = r#"{"alg":"EdDSA","kid":"k1","typ":"gnap-binding-jwsd","htm":"POST","uri":"https://as.placet.example/gnap/continue/7f3c","created":1767225610,"ath":"hJC-eDWyh9xx-KnCqg1OcZAv71xdpxXnhQrwyY9ixYE"}"#;

pub(crate) fn ath(token: &str) -> String {
    encode(digest(&SHA256, token.as_bytes()).as_ref())
}

fn unsigned() -> Message {
    Message::post(CONTINUE, BODY).with_token(TOKEN)
}

/// A request with a detached object over the digest of its content, made by hand.
fn detached(header: &str, payload: &[u8]) -> Message {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = encode(ed25519(1).sign(input.as_bytes()).unwrap());
    unsigned()
        .with("authorization", &format!("GNAP {TOKEN}"))
        .with("detached-jws", &format!("{input}.{signature}"))
}

fn body_digest() -> Vec<u8> {
    digest(&SHA256, BODY.as_bytes()).as_ref().to_vec()
}

#[test]
fn rfc9635_7_3_3_worked_example() {
    assert_eq!(ath(TOKEN), ATH);
    let message = unsigned().signed(&signer(1, JWSD), &stamp(CREATED));
    let want = format!(
        "{}.6T6kkXagVqZiSR86h5Ftr7UlFm5OnRpYnD81rk2j2Os.\
         QJcff9WmPfwArG_HvUUuppljWb6lXC-E24iSfr8npkLNwXKczk54kkniMyp2mgiQZ5gr0c6BfprCb52P6rDSBw",
        encode(HEADER)
    );
    assert_eq!(message.header("detached-jws"), want);
    assert_eq!(message.header("authorization"), format!("GNAP {TOKEN}"));
    let proof = message.verify_at(&k1(JWSD), CREATED).unwrap();
    assert_eq!(proof.created(), Some(CREATED));
    assert_eq!((proof.nonce(), proof.label()), (None, None));
    assert_eq!(proof.content(), None);
    assert_eq!(proof.replay().unwrap().until, Some(CREATED + 60));
    assert_eq!(detached(HEADER, &body_digest()), message_in_order(&message));
}

/// The fields of a message in the order in which the hand-made one has them.
fn message_in_order(message: &Message) -> Message {
    let (token, object) = (
        message.header("authorization").to_owned(),
        message.header("detached-jws").to_owned(),
    );
    message
        .clone()
        .set("authorization", &token)
        .set("detached-jws", &object)
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn rfc9635_7_3_3_each_member_of_the_header_has_to_fit() {
    let changed = |from: &str, to: &str| {
        assert!(HEADER.contains(from), "{from}");
        HEADER.replace(from, to)
    };
    let uri = r#","uri":"https://as.placet.example/gnap/continue/7f3c""#;
    let token = r#","ath":"hJC-eDWyh9xx-KnCqg1OcZAv71xdpxXnhQrwyY9ixYE""#;
    let cases: [(&str, String, Option<ProofError>); 27] = [
        ("honest", HEADER.to_owned(), None),
        (
            "typ of the drafts",
            changed("gnap-binding-jwsd", "gnap-binding+jwsd"),
            None,
        ),
        (
            "typ as a media type",
            changed("gnap-binding-jwsd", "application/gnap-binding-jwsd"),
            None,
        ),
        (
            "alg by its other name",
            changed("\"EdDSA\"", "\"Ed25519\""),
            None,
        ),
        ("one more", changed("{", "{\"x\":1,"), None),
        (
            "typ of the attached form",
            changed("binding-jwsd", "binding-jws"),
            Some(ProofError::WrongTag),
        ),
        (
            "typ of a rotation",
            changed("binding-jwsd", "binding-rotation-jwsd"),
            Some(ProofError::WrongTag),
        ),
        (
            "typ of a token",
            changed("gnap-binding-jwsd", "JWT"),
            Some(ProofError::WrongTag),
        ),
        (
            "no typ",
            changed(r#","typ":"gnap-binding-jwsd""#, ""),
            Some(ProofError::WrongTag),
        ),
        (
            "kid of another",
            changed("\"k1\"", "\"k2\""),
            Some(ProofError::UnknownKey),
        ),
        (
            "no kid",
            changed(r#","kid":"k1""#, ""),
            Some(ProofError::UnknownKey),
        ),
        (
            "other alg",
            changed("EdDSA", "ES256"),
            Some(ProofError::WrongAlgorithm),
        ),
        (
            "alg none",
            changed("EdDSA", "none"),
            Some(ProofError::WrongAlgorithm),
        ),
        (
            "no alg",
            changed(r#""alg":"EdDSA","#, ""),
            Some(ProofError::Malformed("header")),
        ),
        (
            "other method",
            changed("POST", "PATCH"),
            Some(ProofError::WrongMethod),
        ),
        (
            "method in small letters",
            changed("POST", "post"),
            Some(ProofError::WrongMethod),
        ),
        (
            "no method",
            changed(r#","htm":"POST""#, ""),
            Some(ProofError::MissingClaim("htm")),
        ),
        (
            "other uri",
            changed("7f3c", "7f3d"),
            Some(ProofError::WrongUri),
        ),
        (
            "uri without path",
            changed("/gnap/continue/7f3c", ""),
            Some(ProofError::WrongUri),
        ),
        (
            "no uri",
            changed(uri, ""),
            Some(ProofError::MissingClaim("uri")),
        ),
        (
            "no created",
            changed(r#","created":1767225610"#, ""),
            Some(ProofError::MissingClaim("created")),
        ),
        (
            "created is text",
            changed("1767225610", "\"1767225610\""),
            Some(ProofError::BadClaim("created")),
        ),
        (
            "created has a fraction",
            changed("1767225610", "1767225610.5"),
            Some(ProofError::BadClaim("created")),
        ),
        (
            "stale",
            changed("1767225610", "1767225550"),
            Some(ProofError::Expired),
        ),
        (
            "ahead",
            changed("1767225610", "1767225671"),
            Some(ProofError::NotYetValid),
        ),
        (
            "token of another",
            changed("hJC-", "hJC_"),
            Some(ProofError::WrongToken),
        ),
        (
            "no token",
            changed(token, ""),
            Some(ProofError::MissingClaim("ath")),
        ),
    ];
    for (name, header, want) in cases {
        let got = detached(&header, &body_digest()).verify_at(&k1(JWSD), CREATED);
        assert_eq!(got.err(), want, "{name}");
    }
    let crit = changed("{", r#"{"crit":["x"],"#);
    let got = detached(&crit, &body_digest()).verify_at(&k1(JWSD), CREATED);
    assert_eq!(got.err(), Some(ProofError::UnsupportedExtension));
    let twice = changed("{", r#"{"htm":"POST","#);
    let got = detached(&twice, &body_digest()).verify_at(&k1(JWSD), CREATED);
    assert_eq!(got.err(), Some(ProofError::Malformed("header")));
}

#[test]
fn g1_a_detached_object_stands_for_one_content() {
    let cases: [(&str, Vec<u8>); 4] = [
        ("no payload", Vec::new()),
        (
            "digest of other content",
            digest(&SHA256, b"{}").as_ref().to_vec(),
        ),
        ("digest encoded twice", encode(body_digest()).into_bytes()),
        ("the content itself", BODY.as_bytes().to_vec()),
    ];
    for (name, payload) in cases {
        let got = detached(HEADER, &payload).verify_at(&k1(JWSD), CREATED);
        assert_eq!(got.err(), Some(ProofError::WrongDigest), "{name}");
    }
    let mut emptied = detached(HEADER, &body_digest());
    emptied.body.clear();
    let got = emptied.verify_at(&k1(JWSD), CREATED);
    assert_eq!(got.err(), Some(ProofError::WrongDigest));
}

#[test]
fn g1_a_detached_object_is_there_once_and_by_the_right_key() {
    let message = detached(HEADER, &body_digest());
    let object = message.header("detached-jws").to_owned();
    let refusal = |message: &Message| message.verify_at(&k1(JWSD), CREATED).err();
    assert_eq!(
        refusal(&message.clone().without("detached-jws")),
        Some(ProofError::MissingHeader("detached-jws"))
    );
    assert_eq!(
        refusal(&message.clone().with("detached-jws", &object)),
        Some(ProofError::Malformed("detached-jws"))
    );
    assert_eq!(
        refusal(
            &message
                .clone()
                .set("detached-jws", &object.replace('.', ".."))
        ),
        Some(ProofError::Malformed("payload"))
    );
    let namesake = bound(&ed25519(2), "k1", JWSD);
    assert_eq!(
        message.verify_at(&namesake, CREATED).err(),
        Some(ProofError::BadSignature)
    );
    assert_eq!(
        message.verify_at(&k2(JWSD), CREATED).err(),
        Some(ProofError::UnknownKey)
    );
    // A token that nobody expects is signed for all the same, and one that was signed for may not go.
    let mut unexpected = message.clone();
    unexpected.token = None;
    assert_eq!(refusal(&unexpected), None);
    assert_eq!(
        refusal(&unexpected.clone().set("authorization", "GNAP x")),
        Some(ProofError::WrongToken)
    );
    assert_eq!(
        refusal(&unexpected.without("authorization")),
        Some(ProofError::WrongToken)
    );
}

#[test]
fn rfc9635_7_3_4_content_is_inside_the_object() {
    let message = Message::post(GRANT, r#"{"client":"c"}"#).signed(&signer(1, JWS), &stamp(NOW));
    assert_eq!(message.header("content-type"), "application/jose");
    let proof = message.verify_at(&k1(JWS), NOW).unwrap();
    assert_eq!(proof.content(), Some(br#"{"client":"c"}"#.as_slice()));
    let claimed = message.read(|request| claimed_content(request).map(|found| found.to_vec()));
    assert_eq!(claimed.as_deref(), Ok(br#"{"client":"c"}"#.as_slice()));

    let refusal = |message: &Message| message.verify_at(&k1(JWS), NOW).err();
    let with_parameter = message
        .clone()
        .set("content-type", "Application/JOSE; charset=utf-8");
    assert_eq!(refusal(&with_parameter), None);
    assert_eq!(
        refusal(&message.clone().set("content-type", "application/json")),
        Some(ProofError::Malformed("content-type"))
    );
    assert_eq!(
        refusal(&message.clone().without("content-type")),
        Some(ProofError::MissingHeader("content-type"))
    );
    let mut changed = message.clone();
    changed.body[70] ^= 1;
    assert!(refusal(&changed).is_some());
    let mut binary = message.clone();
    binary.body.push(0xff);
    assert_eq!(refusal(&binary), Some(ProofError::Malformed("content")));
    // The content of a request with `jws` is no object beside it.
    let detached = Message::post(GRANT, "{}").signed(&signer(1, JWSD), &stamp(NOW));
    assert!(refusal(&detached).is_some());
}

#[test]
fn rfc9635_7_3_4_without_content_the_object_is_detached() {
    let mut message = Message::post(CONTINUE, "").with_token(TOKEN);
    message.method = "DELETE";
    let message = message.signed(&signer(1, JWS), &stamp(NOW));
    assert!(message.body.is_empty());
    assert!(message.header("detached-jws").contains(".."));
    let proof = message.verify_at(&k1(JWS), NOW).unwrap();
    assert_eq!(proof.content(), None);
    let mut filled = message.clone();
    filled.body = b"{}".to_vec();
    assert_eq!(
        filled.verify_at(&k1(JWS), NOW).err(),
        Some(ProofError::MissingHeader("content-type"))
    );
}

#[test]
fn rfc9635_7_3_4_typ_of_an_attached_object() {
    let cases = [
        ("gnap-binding-jws", None),
        ("gnap-binding+jws", None),
        ("gnap-binding-jwsd", Some(ProofError::WrongTag)),
        ("gnap-binding-rotation-jws", Some(ProofError::WrongTag)),
        ("jws", Some(ProofError::WrongTag)),
    ];
    for (typ, want) in cases {
        let header = format!(
            r#"{{"alg":"EdDSA","kid":"k1","typ":"{typ}","htm":"POST","uri":"{GRANT}","created":{NOW}}}"#
        );
        let message = Message::post(GRANT, &compact(&ed25519(1), &header, "{}"))
            .with("content-type", "application/jose");
        assert_eq!(message.verify_at(&k1(JWS), NOW).err(), want, "{typ}");
    }
}

#[test]
fn rfc9635_7_3_objects_of_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        for proof in [JWSD, JWS] {
            let signer = placet_proof::gnap::GnapSigner::new(Arc::clone(&key), "k", proof);
            let message = Message::post(GRANT, "{}").signed(&signer, &stamp(NOW));
            let bound = bound(&key, "k", proof);
            assert!(
                message.verify_at(&bound, NOW).is_ok(),
                "{algorithm:?} {proof:?}"
            );
        }
    }
}

#[test]
fn rfc9635_7_3_2_the_certificate_of_the_connection() {
    let ours = CertificateDigest::of_der(b"a certificate");
    let key = GnapKey::of_certificate(ours);
    let mut message = Message::post(GRANT, "{}");
    assert_eq!(
        message.verify_at(&key, NOW).err(),
        Some(ProofError::WrongCertificate)
    );
    message.certificate = Some(CertificateDigest::of_der(b"another"));
    assert_eq!(
        message.verify_at(&key, NOW).err(),
        Some(ProofError::WrongCertificate)
    );
    message.certificate = Some(ours);
    let proof = message.verify_at(&key, NOW).unwrap();
    assert_eq!(proof.thumbprint(), ours.to_string());
    assert_eq!((proof.replay(), proof.created()), (None, None));
    let bound_to_a_token = message.clone().with_token(TOKEN);
    assert_eq!(
        bound_to_a_token.verify_at(&key, NOW).err(),
        Some(ProofError::MissingHeader("authorization"))
    );
    // A certificate says nothing for a key that is proven by signatures.
    assert!(message.verify_at(&k1(JWSD), NOW).is_err());
    let mtls = signer(1, ProofMethod::Mtls);
    let got = message.read(|request| mtls.sign(request, &stamp(NOW)));
    assert_eq!(got, Err(ProofError::WrongProofMethod));
}

#[test]
fn claimed_content_is_the_body_unless_it_is_an_object() {
    let claimed = |message: &Message| {
        message.read(|request| claimed_content(request).map(|found| found.to_vec()))
    };
    let plain = Message::post(GRANT, "{}").with("content-type", "application/json");
    assert_eq!(claimed(&plain).as_deref(), Ok(b"{}".as_slice()));
    assert_eq!(
        claimed(&Message::post(GRANT, "")).as_deref(),
        Ok(b"".as_slice())
    );
    let broken = Message::post(GRANT, "{}").with("content-type", "application/jose");
    assert_eq!(claimed(&broken), Err(ProofError::Malformed("parts")));
}

#[test]
fn open_payments_knows_http_signatures_only() {
    let policy = Policy::open_payments();
    for proof in [JWSD, JWS] {
        let message = Message::post(GRANT, "{}").signed(&signer(1, proof), &stamp(NOW));
        let got = message.read(|request| verify_request(&k1(proof), request, NOW, &policy));
        assert_eq!(got, Err(ProofError::WrongProofMethod));
    }
    let digest = CertificateDigest::of_der(b"a");
    let mut message = Message::post(GRANT, "{}");
    message.certificate = Some(digest);
    let key = GnapKey::of_certificate(digest);
    let got = message.read(|request| verify_request(&key, request, NOW, &policy));
    assert_eq!(got, Err(ProofError::WrongProofMethod));
}
