//! Open Payments: the signatures that its clients send, one of which is no structured field.

use std::sync::Arc;

use data_encoding::BASE64;
use placet_proof::gnap::{GnapSigner, Policy, ProofMethod, RotationProof, verify_rotation};
use placet_proof::{Algorithm, DigestAlgorithm, ProofError, content_digest};

use crate::gnap_scene::{Message, NOW, bound, ed25519, k1, k2, stamp};
use crate::keyring::key;

const HTTPSIG: ProofMethod = ProofMethod::HTTPSIG;
const ENDPOINT: &str = "http://localhost:3006/cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d";
const BODY: &str = r#"{"access_token":{"access":[{"type":"incoming-payment","actions":["create","read"],"identifier":"https://ilp.placet.example/bob"}]},"client":{"jwk":{"kid":"k1","alg":"EdDSA","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}}"#;
const TOKEN: &str = "OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0";

fn unsigned() -> Message {
    Message::post(ENDPOINT, BODY)
        .with("content-length", "253")
        .with("content-type", "application/json")
}

fn prepared() -> Message {
    unsigned().with(
        "content-digest",
        &content_digest(DigestAlgorithm::Sha512, BODY.as_bytes()),
    )
}

fn signer(number: usize) -> GnapSigner {
    GnapSigner::open_payments(ed25519(number), &format!("k{number}"))
}

fn refusal_at(message: &Message, now: i64, policy: &Policy) -> Option<ProofError> {
    message.verify_by(&k1(HTTPSIG), now, policy).err()
}

fn refusal(message: &Message) -> Option<ProofError> {
    refusal_at(message, NOW, &Policy::open_payments())
}

/// Signs as the client for Rust does: what it writes into the fields, and the base that it signs.
fn rust_client(message: Message, created: i64) -> Message {
    let mut names = vec!["@method", "@target-uri", "content-type"];
    if message
        .headers
        .iter()
        .any(|(name, _)| name == "authorization")
    {
        names.push("authorization");
    }
    if !message.body.is_empty() {
        names.extend(["content-digest", "content-length"]);
    }
    let value = |name: &str| match name {
        "@method" => message.method,
        "@target-uri" => &message.target_uri,
        field => message.header(field),
    };
    let mut lines: Vec<String> = names
        .iter()
        .map(|name| format!("\"{name}\": {}", value(name)))
        .collect();
    let params = format!("({});created={created};keyid=\"k1\"", names.join(" "));
    lines.push(format!("\"@signature-params\": {params}"));
    let signature = ed25519(1).sign(lines.join("\n").as_bytes()).unwrap();
    message
        .with("signature", &BASE64.encode(&signature))
        .with("signature-input", &format!("sig1={params}"))
}

#[test]
fn worked_example() {
    let message = unsigned().signed(&signer(1), &stamp(NOW));
    assert_eq!(message.body.len(), 253);
    assert_eq!(
        message.base(),
        "\"@method\": POST\n\
         \"@target-uri\": http://localhost:3006/cf5fd7d3-1eb1-4041-8e43-ba45747e9e5d\n\
         \"content-digest\": sha-512=:xiAhKGXpKo89bOhwGz+dasdb3IusnsWbnzX7jiNI2PlGwPjvOXtUjDkV9ZnbmTmT2aW3dJVpEXphN2Wn6C0cow==:\n\
         \"content-length\": 253\n\
         \"content-type\": application/json\n\
         \"@signature-params\": (\"@method\" \"@target-uri\" \"content-digest\" \"content-length\" \"content-type\")\
         ;keyid=\"k1\";created=1767225600"
    );
    assert_eq!(
        message.header("signature"),
        "sig1=:q8xhvc7iKz7oCYfeWBR8vnjU0o+ASoE3ulkKcWmIcuAmWA8Sh4UCYIyNyG005ElgIIThc59WsjqNpJnAb/WdAA==:"
    );
    assert_eq!(refusal(&message), None);
    // By the rules of RFC 9635 the tag is missing.
    assert_eq!(
        refusal_at(&message, NOW, &Policy::rfc9635()),
        Some(ProofError::MissingParameter("tag"))
    );
}

#[test]
fn g1_coverage_is_required_as_everywhere() {
    let key = ed25519(1);
    let params = format!(r#";keyid="k1";created={NOW}"#);
    let cases = [
        (r#""@target-uri" "content-digest""#, Some("@method")),
        (r#""@method" "content-digest""#, Some("@target-uri")),
        (r#""@method" "@target-uri""#, Some("content-digest")),
        (r#""@method" "@target-uri" "content-digest""#, None),
    ];
    for (components, left_out) in cases {
        let text = format!("({components}){params}");
        let message = prepared().hand_signed(&key, "any-label", &text);
        let want = left_out.map(ProofError::NotCovered);
        assert_eq!(refusal(&message), want, "{components}");
        let with_token = prepared()
            .with_token(TOKEN)
            .with("authorization", &format!("GNAP {TOKEN}"))
            .hand_signed(&key, "sig1", &text);
        let want = left_out.unwrap_or("authorization");
        assert_eq!(refusal(&with_token), Some(ProofError::NotCovered(want)));
    }
    let mut added = Message::post(ENDPOINT, "").signed(&signer(1), &stamp(NOW));
    assert_eq!(refusal(&added), None);
    added.body = b"{}".to_vec();
    assert_eq!(
        refusal(&added),
        Some(ProofError::NotCovered("content-digest"))
    );
}

#[test]
fn parameters_that_may_be_there_and_may_not_lie() {
    let components = r#"("@method" "@target-uri" "content-digest")"#;
    let cases: [(&str, &str, Option<ProofError>); 9] = [
        ("bare", "", None),
        ("nonce", r#";nonce="n""#, None),
        ("tag", r#";tag="gnap""#, None),
        ("alg", r#";alg="ed25519""#, None),
        (
            "tag of another protocol",
            r#";tag="web-bot-auth""#,
            Some(ProofError::WrongTag),
        ),
        (
            "tag of a rotation",
            r#";tag="gnap-rotate""#,
            Some(ProofError::WrongTag),
        ),
        (
            "another alg",
            r#";alg="rsa-pss-sha512""#,
            Some(ProofError::WrongAlgorithm),
        ),
        ("expired", ";expires=1767225600", Some(ProofError::Expired)),
        ("unknown", ";x", None),
    ];
    for (name, more, want) in cases {
        let text = format!(r#"{components};keyid="k1";created={NOW}{more}"#);
        let message = prepared().hand_signed(&ed25519(1), "sig1", &text);
        assert_eq!(refusal(&message), want, "{name}");
    }
    let without_created = format!(r#"{components};keyid="k1""#);
    let message = prepared().hand_signed(&ed25519(1), "sig1", &without_created);
    assert_eq!(
        refusal(&message),
        Some(ProofError::MissingParameter("created"))
    );
    let other_key = format!(r#"{components};keyid="k2";created={NOW}"#);
    let message = prepared().hand_signed(&ed25519(1), "sig1", &other_key);
    assert_eq!(refusal(&message), Some(ProofError::UnknownKey));
}

#[test]
fn either_digest_is_taken_and_every_one_has_to_match() {
    let components =
        format!(r#"("@method" "@target-uri" "content-digest");keyid="k1";created={NOW}"#);
    let sha_256 = content_digest(DigestAlgorithm::Sha256, BODY.as_bytes());
    let mixed = format!(
        "{sha_256}, {}",
        content_digest(DigestAlgorithm::Sha512, b"{}")
    );
    let cases: [(&str, Option<ProofError>); 3] = [
        (&sha_256, None),
        (&mixed, Some(ProofError::WrongDigest)),
        ("md5=:AAAA:", Some(ProofError::UnknownDigest)),
    ];
    for (value, want) in cases {
        let message =
            unsigned()
                .with("content-digest", value)
                .hand_signed(&ed25519(1), "sig1", &components);
        assert_eq!(refusal(&message), want, "{value}");
    }
}

#[test]
fn the_window_is_wide_and_can_be_taken_away() {
    let message = unsigned().signed(&signer(1), &stamp(NOW));
    let policy = Policy::open_payments();
    assert_eq!(refusal_at(&message, NOW + 299, &policy), None);
    assert_eq!(
        refusal_at(&message, NOW + 300, &policy),
        Some(ProofError::Expired)
    );
    assert_eq!(refusal_at(&message, NOW - 300, &policy), None);
    assert_eq!(
        refusal_at(&message, NOW - 301, &policy),
        Some(ProofError::NotYetValid)
    );
    let open = policy.created_at_any_time();
    assert_eq!(refusal_at(&message, NOW + 10_000_000, &open), None);
}

#[test]
fn only_ed25519_keys_sign() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let signer = GnapSigner::open_payments(Arc::clone(&key), "k");
        let message = unsigned().signed(&signer, &stamp(NOW));
        let bound = bound(&key, "k", HTTPSIG);
        let got = message.verify_by(&bound, NOW, &Policy::open_payments());
        assert_eq!(got.is_ok(), algorithm == Algorithm::EdDsa, "{algorithm:?}");
    }
}

#[test]
fn the_client_for_rust_is_understood_here_and_nowhere_else() {
    let with_content = rust_client(prepared(), NOW);
    assert_eq!(refusal(&with_content), None);
    let poll = Message::post(ENDPOINT, "")
        .with_token(TOKEN)
        .with("authorization", &format!("GNAP {TOKEN}"))
        .with("content-type", "application/json");
    let poll = rust_client(poll, NOW);
    assert_eq!(refusal(&poll), None);
    for message in [&with_content, &poll] {
        let got = refusal_at(message, NOW, &Policy::rfc9635());
        assert_eq!(got, Some(ProofError::Malformed("signature-input")));
    }
    let proof = poll
        .verify_by(&k1(HTTPSIG), NOW, &Policy::open_payments())
        .unwrap();
    assert_eq!((proof.label(), proof.keyid()), (Some("sig1"), Some("k1")));
    assert_eq!(proof.replay().unwrap().until, Some(NOW + 300));
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn g1_the_client_for_rust_is_held_to_the_same_rules() {
    let message = rust_client(prepared(), NOW);
    let input = message.header("signature-input").to_owned();
    let with_input = |from: &str, to: &str| {
        assert!(input.contains(from), "{from}");
        message
            .clone()
            .set("signature-input", &input.replace(from, to))
    };
    let broken = Some(ProofError::Malformed("signature-input"));
    let mut content = message.clone();
    content.body.push(b' ');
    let mut uri = message.clone();
    uri.target_uri.push('0');
    let cases: [(&str, Message, Option<ProofError>); 16] = [
        ("content", content, Some(ProofError::WrongDigest)),
        ("uri", uri, Some(ProofError::BadSignature)),
        (
            "stale",
            rust_client(prepared(), NOW - 300),
            Some(ProofError::Expired),
        ),
        (
            "other time",
            with_input("created=1767225600", "created=1767225601"),
            Some(ProofError::BadSignature),
        ),
        (
            "other key",
            with_input("\"k1\"", "\"k2\""),
            Some(ProofError::UnknownKey),
        ),
        (
            "digest left out",
            with_input(" content-digest", ""),
            Some(ProofError::NotCovered("content-digest")),
        ),
        (
            "method left out",
            with_input("@method ", ""),
            Some(ProofError::NotCovered("@method")),
        ),
        (
            "name it never covers",
            with_input("content-type", "host"),
            broken,
        ),
        (
            "name twice",
            with_input("content-type", "@method"),
            Some(ProofError::BadComponent),
        ),
        (
            "some quotes",
            with_input("content-type", "\"content-type\""),
            broken,
        ),
        ("two spaces", with_input("@method ", "@method  "), broken),
        (
            "parameter twice",
            with_input(";keyid", ";created=1;keyid"),
            broken,
        ),
        (
            "second label",
            with_input("\"k1\"", "\"k1\", sig2=()"),
            broken,
        ),
        ("label in capitals", with_input("sig1", "Sig1"), broken),
        ("no base64", message.clone().set("signature", "*"), broken),
        (
            "two signatures",
            message
                .clone()
                .with("signature", message.header("signature")),
            broken,
        ),
    ];
    for (name, message, want) in cases {
        assert_eq!(refusal(&message), want, "{name}");
    }
}

#[test]
fn rotation_in_the_dialect_needs_its_tag() {
    let policy = Policy::open_payments();
    let verify = |message: &Message| -> Result<RotationProof, ProofError> {
        message.read(|request| verify_rotation(&k1(HTTPSIG), &k2(HTTPSIG), request, NOW, &policy))
    };
    let message = unsigned().rotated(&signer(1), &signer(2), [&stamp(NOW), &stamp(NOW)]);
    assert!(verify(&message).is_ok());
    let old = format!(r#"("@method" "@target-uri" "content-digest");keyid="k1";created={NOW}"#);
    let new = format!(
        r#"("@method" "@target-uri" "content-digest" "signature";key="a" "signature-input";key="a");keyid="k2";created={NOW}"#
    );
    let untagged =
        prepared()
            .hand_signed(&ed25519(1), "a", &old)
            .hand_signed(&ed25519(2), "b", &new);
    assert_eq!(verify(&untagged), Err(ProofError::MissingParameter("tag")));
}
