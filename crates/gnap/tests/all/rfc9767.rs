//! RFC 9767 §3: what resource servers ask and are answered.

use placet_core::time::Timestamp;
use placet_gnap::{
    GnapError,
    access::AccessRight,
    request::{
        KeyAsk,
        resource_server::{IntrospectionRequest, RegistrationRequest, ResourceServerAsk},
    },
    response::{
        Binding, TokenValue,
        resource_server::{ActiveToken, Introspection, Registration},
    },
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, jwk, told, with};

fn question() -> Value {
    json!({
        "access_token": "OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0",
        "proof": "httpsig",
        "resource_server": "7C7C4AZ9KHRS6X63AJAO",
        "access": ["dolphin-metadata"],
    })
}

fn registration() -> Value {
    json!({
        "access": [{ "type": "photo-api", "actions": ["read"] }, "dolphin-metadata"],
        "resource_server": { "key": { "proof": "httpsig", "jwk": jwk() } },
        "token_formats_supported": ["jwt-signed"],
        "token_introspection_required": true,
    })
}

#[test]
fn rfc9767_3_3_a_question_about_a_token() {
    let asked = IntrospectionRequest::parse(&bytes(&question())).unwrap();
    let token = asked.access_token.unwrap();
    assert_eq!(token.reveal(), "OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0");
    assert_eq!(asked.proof.as_deref(), Some("httpsig"));
    let reference = ResourceServerAsk::Reference("7C7C4AZ9KHRS6X63AJAO".to_owned());
    assert_eq!(asked.resource_server, reference);
    let need = AccessRight::Reference("dolphin-metadata".to_owned());
    assert_eq!(asked.access, Some(vec![need]));

    let cases: [(&str, Change); 5] = [
        ("no proof", ("/proof", None)),
        ("no access", ("/access", None)),
        ("no right is needed", ("/access", Some(json!([])))),
        ("a member not known", ("/purpose", Some(json!(1)))),
        (
            "a key",
            ("/resource_server", Some(json!({ "key": "S-P4XJQ" }))),
        ),
    ];
    for (name, change) in cases {
        let asked = IntrospectionRequest::parse(&bytes(&with(question(), &change)));
        assert!(asked.is_ok(), "{name}: {asked:?}");
    }
    // What cannot be a token is not active; that is an answer, not an error.
    for text in ["", "two words", "ü"] {
        let body = with(question(), &("/access_token", Some(json!(text))));
        let asked = IntrospectionRequest::parse(&bytes(&body)).unwrap();
        assert_eq!(asked.access_token, None, "{text}");
    }
}

#[test]
fn rfc9767_3_3_what_is_no_question() {
    let cases: [(Change, &str); 9] = [
        (("/access_token", None), "access_token is missing."),
        (
            ("/access_token", Some(json!(7))),
            "access_token is not a string.",
        ),
        (("/resource_server", None), "resource_server is missing."),
        (
            ("/resource_server", Some(json!(""))),
            "resource_server is empty.",
        ),
        (
            ("/resource_server", Some(json!({}))),
            "resource_server.key is missing.",
        ),
        (
            ("/resource_server", Some(json!([]))),
            "resource_server is not an object.",
        ),
        (
            ("/proof", Some(json!({ "method": "httpsig" }))),
            "proof is not a string.",
        ),
        (("/access", Some(json!("read"))), "access is not an array."),
        (
            ("/access", Some(json!([{ "actions": ["read"] }]))),
            "access[0].type is missing.",
        ),
    ];
    for (change, want) in cases {
        let got = told(IntrospectionRequest::parse(&bytes(&with(
            question(),
            &change,
        ))));
        assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
    }
}

#[test]
fn rfc9767_3_4_rights_that_shall_have_a_name() {
    let asked = RegistrationRequest::parse(&bytes(&registration())).unwrap();
    assert_eq!(asked.access.len(), 2);
    assert!(asked.token_introspection_required);
    assert_eq!(
        asked.token_formats_supported,
        Some(vec!["jwt-signed".to_owned()])
    );
    let ResourceServerAsk::ByValue {
        key: KeyAsk::ByValue { proof, .. },
    } = asked.resource_server
    else {
        panic!("the key is sent by value");
    };
    assert_eq!(proof.method, "httpsig");

    let mut least = registration();
    least
        .as_object_mut()
        .unwrap()
        .retain(|name, _| matches!(name.as_str(), "access" | "resource_server"));
    let asked = RegistrationRequest::parse(&bytes(&least)).unwrap();
    assert!(!asked.token_introspection_required);
    assert_eq!(asked.token_formats_supported, None);

    let cases: [(Change, &str); 5] = [
        (("/access", None), "access is missing."),
        (("/access", Some(json!([]))), "access is empty."),
        (("/resource_server", None), "resource_server is missing."),
        (
            ("/token_formats_supported", Some(json!("jwt-signed"))),
            "token_formats_supported is not an array.",
        ),
        (
            ("/token_introspection_required", Some(json!("yes"))),
            "token_introspection_required is not true or false.",
        ),
    ];
    for (change, want) in cases {
        let got = told(RegistrationRequest::parse(&bytes(&with(
            registration(),
            &change,
        ))));
        assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
    }
}

#[test]
fn rfc9767_3_3_a_token_that_holds_tells_what_the_resource_server_needs() {
    let token = ActiveToken {
        access: vec![AccessRight::Reference("dolphin-metadata".to_owned())],
        key: Binding::ClientKey.key_to_prove(&json!({ "proof": "httpsig", "jwk": jwk() })),
        flags: vec!["durable"],
        expires_at: Some(Timestamp::from_millis(1_767_226_200_999)),
        issued_at: Some(Timestamp::from_secs(1_767_225_600)),
        audience: vec!["https://rs.example".to_owned()],
        subject: Some("u-1".to_owned()),
        issuer: "https://as.example/gnap".to_owned(),
        instance_id: Some("client-541-ab".to_owned()),
        grant: Some("f3b1".to_owned()),
        client: Some(json!({ "walletAddress": "https://wallet.example/alice" })),
    };
    let reply = Introspection::Active(Box::new(token)).reply();
    let want = json!({
        "active": true,
        "grant": "f3b1",
        "access": ["dolphin-metadata"],
        "client": { "walletAddress": "https://wallet.example/alice" },
        "key": { "proof": "httpsig", "jwk": jwk() },
        "flags": ["durable"],
        "exp": 1_767_226_200,
        "iat": 1_767_225_600,
        "aud": ["https://rs.example"],
        "sub": "u-1",
        "iss": "https://as.example/gnap",
        "instance_id": "client-541-ab",
    });
    assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap(), want);
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
}

#[test]
fn rfc9767_3_3_a_bearer_token_has_no_key_and_no_access_is_told_as_none() {
    let token = ActiveToken {
        access: Vec::new(),
        key: Binding::Bearer.key_to_prove(&jwk()),
        flags: vec!["bearer"],
        expires_at: None,
        issued_at: None,
        audience: Vec::new(),
        subject: None,
        issuer: "https://as.example/gnap".to_owned(),
        instance_id: None,
        grant: None,
        client: None,
    };
    let reply = Introspection::Active(Box::new(token)).reply();
    let want = r#"{"active":true,"access":[],"flags":["bearer"],"iss":"https://as.example/gnap"}"#;
    assert_eq!(reply.body, want.as_bytes());
}

#[test]
fn rfc9767_3_3_a_token_that_does_not_hold_tells_nothing() {
    assert_eq!(
        Introspection::Inactive.reply().body,
        r#"{"active":false}"#.as_bytes()
    );
}

#[test]
fn rfc9767_3_4_a_registration_is_answered_with_a_name() {
    let all = Registration {
        resource_reference: "FWWIKYBQ6U56NL1".to_owned(),
        instance_id: TokenValue::parse("7C7C4AZ9"),
        introspection_endpoint: Some("https://as.example/introspect".to_owned()),
    };
    let want = concat!(
        r#"{"resource_reference":"FWWIKYBQ6U56NL1","instance_id":"7C7C4AZ9","#,
        r#""introspection_endpoint":"https://as.example/introspect"}"#,
    );
    assert_eq!(all.reply().body, want.as_bytes());
    let least = Registration {
        instance_id: None,
        introspection_endpoint: None,
        ..all
    };
    assert_eq!(
        least.reply().body,
        r#"{"resource_reference":"FWWIKYBQ6U56NL1"}"#.as_bytes()
    );
}
