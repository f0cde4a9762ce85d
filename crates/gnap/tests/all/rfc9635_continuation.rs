//! RFC 9635 §5 and §6.1: what a client sends to go on, to change its mind, and to rotate a token.

use placet_gnap::{
    GnapError,
    request::{ContinueRequest, KeyAsk, ModifyRequest, RotateRequest, TokenAsks},
};
use serde_json::{Value, json};

use crate::sample::{bytes, grant, jwk, told};

#[test]
fn rfc9635_5_1_a_continuation_polls_or_presents_a_reference() {
    let reference = |text: &str| ContinueRequest::Reference(text.to_owned());
    let cases = [
        ("no body", "", ContinueRequest::Poll),
        ("an empty object", "{}", ContinueRequest::Poll),
        (
            "a member not known",
            r#"{"hello":1}"#,
            ContinueRequest::Poll,
        ),
        (
            "a reference",
            r#"{"interact_ref":"4IFW"}"#,
            reference("4IFW"),
        ),
    ];
    for (name, body, want) in cases {
        assert_eq!(ContinueRequest::parse(body.as_bytes()), Ok(want), "{name}");
    }
    assert_eq!(format!("{:?}", reference("4IFW")), "Reference");
}

#[test]
fn rfc9635_5_a_continuation_names_no_client_and_changes_nothing() {
    let long = json!({ "interact_ref": "x".repeat(513) }).to_string();
    let posts_no_change = "The request changes the grant, which PATCH does and POST does not.";
    let cases = [
        (
            r#"{"client":"c","interact_ref":"x"}"#,
            "client is not accepted in a continuation.",
        ),
        (r#"{"access_token":{"access":["a"]}}"#, posts_no_change),
        (r#"{"subject":{}}"#, posts_no_change),
        (r#"{"user":"u"}"#, posts_no_change),
        (r#"{"interact":{}}"#, posts_no_change),
        (r#"{"interact_ref":""}"#, "interact_ref is empty."),
        (r#"{"interact_ref":7}"#, "interact_ref is not a string."),
        (r#"{"interact_ref":null}"#, "interact_ref is not a string."),
        (&long, "interact_ref is too long."),
        (
            r#"{"interact_ref":"a","interact_ref":"b"}"#,
            "The request is not one JSON object without repeated members.",
        ),
        (
            "[]",
            "The request is not one JSON object without repeated members.",
        ),
    ];
    for (body, want) in cases {
        let got = told(ContinueRequest::parse(body.as_bytes()));
        assert_eq!(
            got,
            (Some(GnapError::InvalidRequest), want.to_owned()),
            "{body}"
        );
    }
}

#[test]
fn rfc9635_5_3_a_modification_changes_what_it_names() {
    let mut body = grant();
    for member in ["client", "subject", "user", "interact"] {
        body.as_object_mut().unwrap().remove(member);
    }
    let modified = ModifyRequest::parse(&bytes(&body)).unwrap();
    assert!(matches!(modified.tokens, Some(TokenAsks::Single(_))));
    assert_eq!(
        (modified.subject, modified.user, modified.interact),
        (None, None, None)
    );

    for member in ["subject", "user", "interact", "access_token"] {
        let only = json!({ member: grant()[member] });
        assert!(ModifyRequest::parse(&bytes(&only)).is_ok(), "{member}");
    }
}

#[test]
fn rfc9635_5_3_a_modification_names_no_client_and_brings_no_reference() {
    let with_member = |name: &str, value: Value| {
        let mut body = json!({ "access_token": { "access": ["a"] } });
        body[name] = value;
        body
    };
    let cases = [
        (
            json!({}),
            GnapError::InvalidRequest,
            "The request changes nothing.",
        ),
        (
            json!({ "hello": 1 }),
            GnapError::InvalidRequest,
            "The request changes nothing.",
        ),
        (
            with_member("client", json!("c")),
            GnapError::InvalidRequest,
            "client is not accepted in a continuation.",
        ),
        (
            with_member("client", json!(null)),
            GnapError::InvalidRequest,
            "client is not accepted in a continuation.",
        ),
        (
            with_member("interact_ref", json!("x")),
            GnapError::InvalidRequest,
            "interact_ref belongs into a POST of its own (RFC 9635 §5.3).",
        ),
        (
            with_member("subject", json!({})),
            GnapError::InvalidRequest,
            "subject has neither sub_id_formats nor assertion_formats.",
        ),
        (
            json!({ "access_token": { "access": ["a"], "flags": ["bearer", "bearer"] } }),
            GnapError::InvalidFlag,
            "access_token.flags repeats a flag.",
        ),
    ];
    for (body, code, words) in cases {
        let got = told(ModifyRequest::parse(&bytes(&body)));
        assert_eq!(got, (Some(code), words.to_owned()));
    }
    assert!(ModifyRequest::parse(b"").is_err());
}

#[test]
fn rfc9635_6_1_a_rotation_may_name_a_key() {
    for body in ["", "{}", r#"{"hello":1}"#] {
        let rotation = RotateRequest::parse(body.as_bytes());
        assert_eq!(rotation, Ok(RotateRequest { key: None }), "{body}");
    }
    let body = json!({ "key": { "proof": "httpsig", "jwk": jwk() } });
    let rotation = RotateRequest::parse(&bytes(&body)).unwrap();
    assert!(matches!(rotation.key, Some(KeyAsk::ByValue { .. })));

    let body = json!({ "key": { "jwk": jwk() } });
    let got = told(RotateRequest::parse(&bytes(&body)));
    assert_eq!(
        got,
        (
            Some(GnapError::InvalidRequest),
            "key.proof is missing.".to_owned()
        )
    );
}
