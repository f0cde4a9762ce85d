//! Properties of signed requests: nothing panics, nothing that was changed verifies, and what is printed reads back the same.

use placet_proof::gnap::{
    CertificateDigest, GnapKey, Policy, ProofMethod, Stamp, claimed_content, verify_rotation,
};
use placet_proof::httpsig::{Component, Parameter, Plan, RequestParts, read_signatures, sign};
use placet_proof::{DigestAlgorithm, content_digest, verify_content_digest};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::strategy::Strategy;

use crate::gnap_scene::{GRANT, Message, NOW, TOKEN, ed25519, k1, k2, signer};

const METHODS: [ProofMethod; 3] = [ProofMethod::HTTPSIG, ProofMethod::Jwsd, ProofMethod::Jws];

/// Text made of the pieces that structured fields and base lines are made of.
fn field_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "sig1",
        "a",
        "=",
        "(",
        ")",
        "\"",
        "\\",
        ";",
        ",",
        " ",
        "\t",
        ":",
        "AAAA",
        "?1",
        "@method",
        "\"@method\"",
        "created",
        "keyid",
        "1",
        "-",
        ".",
        "\"k1\"",
        "content-digest",
        "%",
        "ä",
        "\r\n ",
        "*",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn signed(method: ProofMethod, body: &str) -> Message {
    let stamp = Stamp {
        created: NOW,
        nonce: Some("n"),
    };
    Message::post(GRANT, body)
        .with_token(TOKEN)
        .signed(&signer(1, method), &stamp)
}

proptest! {
    #[test]
    fn hostile_fields_never_panic_and_never_verify(
        input in field_text(),
        signature in field_text(),
        digest in field_text(),
        name in "[a-z-]{1,12}",
    ) {
        let message = Message::post("https://as.example/p?a=1&b", "{}")
            .with("signature-input", &input)
            .with("signature", &signature)
            .with("detached-jws", &signature)
            .with("content-digest", &digest)
            .with("content-type", "application/jose")
            .with("authorization", &digest)
            .with(&name, &digest);
        for method in METHODS {
            for policy in [Policy::rfc9635(), Policy::open_payments().created_at_any_time()] {
                prop_assert!(message.verify_by(&k1(method), NOW, &policy).is_err());
                let rotation = message.read(|request| {
                    verify_rotation(&k1(method), &k2(method), request, NOW, &policy)
                });
                prop_assert!(rotation.is_err());
            }
        }
        prop_assert!(message.read(|request| claimed_content(request).is_err()));
    }

    #[test]
    fn every_candidate_that_is_read_has_a_base_or_a_reason(components in field_text(), params in field_text()) {
        let input = format!("a=({components}){params}");
        let request = RequestParts {
            method: "GET",
            target_uri: "https://as.example/p?a=1",
            headers: &[("signature-input", &input), ("signature", "a=:AAAA:"), ("content-digest", "a=1")],
        };
        for candidate in read_signatures(&request).unwrap_or_default() {
            if let Ok(base) = candidate.base(&request) {
                prop_assert!(base.is_ascii());
                prop_assert_eq!(base.lines().count(), candidate.components().len() + 1);
                let last = base.lines().last().unwrap_or_default();
                prop_assert!(last.starts_with("\"@signature-params\": ("));
            }
        }
    }

    #[test]
    fn bytes_in_place_of_a_key_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,80}") {
        prop_assert!(GnapKey::parse(&bytes).is_err());
        for name in ["jwk", "cert", "cert#S256", "proof"] {
            let key = serde_json::json!({ "proof": "mtls", name: text });
            prop_assert!(GnapKey::from_json(&key).is_err());
        }
    }

    #[test]
    fn certificates_read_as_they_are_printed(content in prop::collection::vec(any::<u8>(), 0..120)) {
        let mut der = vec![0x30, u8::try_from(content.len()).unwrap()];
        der.extend(&content);
        let pem = data_encoding::BASE64.encode(&der);
        let key = GnapKey::from_json(&serde_json::json!({ "proof": "mtls", "cert": pem })).unwrap();
        prop_assert_eq!(key.certificate(), Some(CertificateDigest::of_der(&der)));
        prop_assert_eq!(GnapKey::from_json(&key.to_json()), Ok(key));
    }

    #[test]
    fn what_is_signed_is_read_again(
        label in "[a-z*][a-z0-9_.*-]{0,12}",
        nonce in "[ -~]{0,40}",
        keyid in "[ -~]{0,40}",
        value in "[!-~]([ -~]{0,30}[!-~])?",
        created in 0..999_999_999_999_999_i64,
    ) {
        let headers = [("x-field", value.as_str())];
        let request = RequestParts { method: "PUT", target_uri: "http://as.example:8080", headers: &headers };
        let components = [
            Component::new("@authority").unwrap(),
            Component::new("x-field").unwrap(),
            Component::wrapped("x-field").unwrap(),
        ];
        let params = [Parameter::Nonce(&nonce), Parameter::Created(created), Parameter::KeyId(&keyid)];
        let plan = Plan { label: &label, components: &components, params: &params };
        let fields = sign(&ed25519(1), &request, &plan).unwrap();
        let all = [headers[0], ("signature-input", &fields.input), ("signature", &fields.signature)];
        let received = RequestParts { headers: &all, ..request };
        let candidates = read_signatures(&received).unwrap();
        prop_assert_eq!(candidates.len(), 1);
        let candidate = &candidates[0];
        prop_assert_eq!(candidate.label(), label);
        prop_assert_eq!(candidate.components(), components.as_slice());
        prop_assert_eq!(candidate.params().nonce(), Some(nonce.as_str()));
        prop_assert_eq!(candidate.params().keyid(), Some(keyid.as_str()));
        prop_assert_eq!(candidate.params().created(), Some(created));
        prop_assert_eq!(candidate.verify(&received, ed25519(1).public_jwk()), Ok(()));
    }

    #[test]
    fn one_changed_byte_breaks_a_proof(
        method in prop::sample::select(METHODS.to_vec()),
        part in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        to in "[!-~]",
    ) {
        let message = signed(method, r#"{"interact_ref":"x"}"#);
        // `content-type` is not signed: another one only says that the content is to be read otherwise.
        let parts: Vec<usize> = (0..message.headers.len() + 2)
            .filter(|at| message.headers.get(*at).is_none_or(|(name, _)| name != "content-type"))
            .collect();
        let mut changed = message.clone();
        let at = parts[part.index(parts.len())];
        let (text, position) = match at.checked_sub(message.headers.len()) {
            None => {
                let value = &mut changed.headers[at].1;
                let position = place.index(value.len());
                value.replace_range(position..=position, &to);
                (value.clone(), position)
            }
            Some(0) => {
                let position = place.index(changed.body.len());
                changed.body[position] = to.as_bytes()[0];
                (String::new(), position)
            }
            Some(_) => {
                let position = place.index(changed.target_uri.len());
                changed.target_uri.replace_range(position..=position, &to);
                (String::new(), position)
            }
        };
        prop_assume!(changed != message);
        // The name of the scheme may be in any case, and only HTTP message signatures cover its spelling.
        let spelled = changed.header("authorization").eq_ignore_ascii_case(message.header("authorization"));
        prop_assume!(changed.header("authorization") == message.header("authorization") || !spelled);
        prop_assert!(changed.verify_at(&k1(method), NOW).is_err(), "{text} {position}");
    }

    #[test]
    fn digests_of_any_content(content in prop::collection::vec(any::<u8>(), 0..300), other in prop::collection::vec(any::<u8>(), 0..300)) {
        for algorithm in DigestAlgorithm::ALL {
            let value = content_digest(algorithm, &content);
            prop_assert_eq!(verify_content_digest(&value, &content), Ok(vec![algorithm]));
            prop_assert_eq!(verify_content_digest(&value, &other).is_ok(), content == other);
        }
    }
}
