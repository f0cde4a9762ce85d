//! RFC 9635 §2.5: how a client reaches the person and hears of the end.

use placet_gnap::{
    GnapError,
    request::{FinishMethod, GrantRequest, InteractAsk, StartMode},
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, grant, rows, told, with};

fn read(interact: Value) -> InteractAsk {
    let body = with(grant(), &("/interact", Some(interact)));
    GrantRequest::parse(&bytes(&body))
        .unwrap()
        .interact
        .unwrap()
}

fn refusal(interact: Value) -> String {
    let body = with(grant(), &("/interact", Some(interact)));
    let (code, words) = told(GrantRequest::parse(&bytes(&body)));
    assert_eq!(code, Some(GnapError::InvalidRequest), "{words}");
    words
}

fn finish(method: &str, uri: &str) -> Value {
    json!({ "start": [], "finish": { "method": method, "uri": uri, "nonce": "n" } })
}

#[test]
fn rfc9635_2_5_1_modes_are_names_or_objects_with_a_name() {
    let all = json!({ "start": ["redirect", { "mode": "app" }, "user_code", "user_code_uri"] });
    let known = [
        StartMode::Redirect,
        StartMode::App,
        StartMode::UserCode,
        StartMode::UserCodeUri,
    ];
    assert_eq!(read(all).start, known);
    assert!(
        read(json!({ "start": ["redirect", "redirect", { "mode": "redirect" }] }))
            .start
            .len()
            == 1
    );

    // A mode nobody knows is kept, so that the answer can be `invalid_interaction`.
    let strange = read(json!({ "start": [{ "mode": "carrier-pigeon", "loft": 7 }] }));
    assert_eq!(
        strange.start,
        [StartMode::Other("carrier-pigeon".to_owned())]
    );
    assert!(!strange.has_known_start());
    assert!(!read(json!({ "start": [] })).has_known_start());
    assert!(read(json!({ "start": ["carrier-pigeon", "app"] })).has_known_start());

    let cases = [
        (json!({}), "interact.start is missing."),
        (
            json!({ "start": "redirect" }),
            "interact.start is not an array.",
        ),
        (
            json!({ "start": [7] }),
            "interact.start[0] is neither a string nor an object.",
        ),
        (
            json!({ "start": ["redirect", {}] }),
            "interact.start[1].mode is missing.",
        ),
        (
            json!({ "start": [{ "mode": 7 }] }),
            "interact.start[0].mode is not a string.",
        ),
        (json!({ "start": [""] }), "interact.start[0] is empty."),
        (json!([]), "interact is not an object."),
    ];
    for (interact, want) in cases {
        assert_eq!(refusal(interact), want);
    }
}

const FINISHES: &str = r#"
    /interact/finish             | "redirect"    | interact.finish is not an object.
    /interact/finish/method      | -             | interact.finish.method is missing.
    '                            | "pigeon"      | interact.finish.method is not one known here.
    '                            | "Redirect"    | interact.finish.method is not one known here.
    /interact/finish/uri         | -             | interact.finish.uri is missing.
    '                            | 7             | interact.finish.uri is not a string.
    /interact/finish/nonce       | -             | interact.finish.nonce is missing.
    '                            | ""            | interact.finish.nonce is empty.
    '                            | "a\nb"        | interact.finish.nonce is too long or not printable ASCII.
    '                            | "a\u007fb"    | interact.finish.nonce is too long or not printable ASCII.
    '                            | "ü"           | interact.finish.nonce is too long or not printable ASCII.
    '                            | 7             | interact.finish.nonce is not a string.
    /interact/finish/hash_method | "sha-1"       | interact.finish.hash_method is not one accepted here.
    '                            | "sha-256-128" | interact.finish.hash_method is not one accepted here.
    '                            | "sha-256-32"  | interact.finish.hash_method is not one accepted here.
    '                            | "sha3-224"    | interact.finish.hash_method is not one accepted here.
    '                            | "SHA-256"     | interact.finish.hash_method is not one accepted here.
    '                            | ""            | interact.finish.hash_method is empty.
"#;

#[test]
fn rfc9635_2_5_2_a_finish_says_how_and_where() {
    let refused = |change: &Change| told(GrantRequest::parse(&bytes(&with(grant(), change))));
    for (change, want) in rows(FINISHES) {
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(refused(&change), want, "{change:?}");
    }
    let (_, words) = refused(&("/interact/finish/nonce", Some(json!("n".repeat(513)))));
    assert_eq!(
        words,
        "interact.finish.nonce is too long or not printable ASCII."
    );
}

#[test]
fn rfc9635_2_5_2_1_a_browser_is_sent_to_safe_places_only() {
    let good = [
        "https://client.example.net/return/123455",
        "https://client.example.net:8443/cb?state=a%20b&x",
        "http://localhost/cb",
        "http://localhost:3344/cb",
        "http://127.0.0.1:3344/cb",
        "http://[::1]:3344/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
    ];
    for uri in good {
        let interact = read(finish("redirect", uri));
        assert_eq!(interact.finish.unwrap().uri, uri);
    }
    let cases = [
        ("/cb", "is not an absolute URI"),
        ("client.example/cb", "is not an absolute URI"),
        ("https://", "is not an absolute URI"),
        ("https:client.example", "is not an absolute URI"),
        ("https:///client.example", "is not an absolute URI"),
        ("https://client.example/a b", "is not an absolute URI"),
        (
            "https://client.example\\@evil.example/",
            "is not an absolute URI",
        ),
        ("https://client.example/\u{202e}", "is not an absolute URI"),
        ("https://client.example/<", "is not an absolute URI"),
        ("https://client.example/cb#f", "has a fragment"),
        ("https://client.example/cb#", "has a fragment"),
        ("https://user@client.example/cb", "names a user"),
        ("https://user:pw@client.example/cb", "names a user"),
        ("https://@client.example/cb", "names a user"),
        ("https://client.example/a/../b", "has a dot segment"),
        ("https://client.example/a/%2e%2E/b", "has a dot segment"),
        (
            "http://client.example/cb",
            "is http, which is for this machine only",
        ),
        (
            "http://localhost.evil.example/cb",
            "is http, which is for this machine only",
        ),
        (
            "http://127.0.0.1.evil.example/cb",
            "is http, which is for this machine only",
        ),
        (
            "javascript:alert(1)//x.y",
            "has a scheme that a browser must not be sent to",
        ),
        (
            "data:text/html,x",
            "has a scheme that a browser must not be sent to",
        ),
        ("myapp://cb", "has a scheme that any software may claim"),
        (
            "ftp://client.example/cb",
            "has a scheme that any software may claim",
        ),
    ];
    for (uri, why) in cases {
        let want = format!("interact.finish.uri {why}.");
        assert_eq!(refusal(finish("redirect", uri)), want, "{uri}");
    }
}

#[test]
fn rfc9635_2_5_2_2_a_push_goes_where_a_server_can_call() {
    let interact = read(finish("push", "https://client.example.net/push"));
    assert_eq!(interact.finish.unwrap().method, FinishMethod::Push);
    assert_eq!(
        refusal(finish("push", "com.example.app:/cb")),
        "interact.finish.uri is not one a server can call."
    );
}

#[test]
fn rfc9635_2_5_3_1_hints_never_break_a_request() {
    let hints = |locales: Value| json!({ "start": [], "hints": { "ui_locales": locales } });
    let mixed = read(hints(json!([
        "de-CH",
        "en_US",
        "x".repeat(36),
        "de--CH",
        "ü",
        "zh-Hant-TW"
    ])));
    assert_eq!(mixed.ui_locales, ["de-CH", "zh-Hant-TW"]);
    assert_eq!(read(hints(json!(vec!["en"; 30]))).ui_locales.len(), 20);
    assert_eq!(
        refusal(hints(json!("en"))),
        "interact.hints.ui_locales is not an array."
    );
    assert_eq!(
        refusal(hints(json!([7]))),
        "interact.hints.ui_locales[0] is not a string."
    );
}
