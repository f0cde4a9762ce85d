//! Open Payments: a grant request, who may be asked about it, and its continuation.

use placet_gnap::{
    Problem,
    hash::HashMethod,
    open_payments::{
        InteractionSettings, PaymentClient, PaymentsRequest, can_skip_interaction,
        continue_request, problem,
    },
    request::{ContinueRequest, StartMode},
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, jwk, payments, told, with};

fn read(body: &Value) -> PaymentsRequest {
    PaymentsRequest::parse(&bytes(body)).unwrap_or_else(|problem| panic!("{body}: {problem:?}"))
}

fn subject(sub_ids: Value) -> Value {
    json!({
        "subject": { "sub_ids": sub_ids },
        "client": "https://shop.example/pay",
        "interact": { "start": ["redirect"] },
    })
}

fn of(items: Value) -> PaymentsRequest {
    read(&with(payments(), &("/access_token/access", Some(items))))
}

#[test]
fn open_payments_1_3_a_request_is_read() {
    let request = read(&payments());
    let PaymentClient::Wallet(wallet) = &request.client else {
        panic!("the client is a wallet");
    };
    assert_eq!(wallet.as_str(), "https://shop.example/pay");
    let interact = request.interact.unwrap();
    assert_eq!(interact.start, [StartMode::Redirect]);
    let finish = interact.finish.unwrap();
    assert_eq!(finish.uri, "https://shop.example/return/876FGRD8VC");
    assert_eq!(finish.hash_method, HashMethod::Sha256);
}

#[test]
fn open_payments_1_3_what_may_be_left_out_or_added() {
    let cases: [(&str, Change); 9] = [
        (
            "the object form",
            (
                "/client",
                Some(json!({ "walletAddress": "https://shop.example/pay" })),
            ),
        ),
        ("a bare key", ("/client", Some(json!({ "jwk": jwk() })))),
        ("no interaction", ("/interact", None)),
        ("no finish", ("/interact/finish", None)),
        ("no way to start", ("/interact/start", Some(json!([])))),
        (
            "another hash, which has no effect",
            ("/interact/finish/hash_method", Some(json!("md5"))),
        ),
        ("a member not known", ("/purpose", Some(json!("shoes")))),
        (
            "one in the token",
            ("/access_token/label", Some(json!("x"))),
        ),
        ("no rights", ("/access_token/access", Some(json!([])))),
    ];
    for (name, change) in cases {
        let request = PaymentsRequest::parse(&bytes(&with(payments(), &change)));
        assert!(request.is_ok(), "{name}: {request:?}");
    }
    let hash = ("/interact/finish/hash_method", Some(json!("sha3-512")));
    let finish = read(&with(payments(), &hash))
        .interact
        .unwrap()
        .finish
        .unwrap();
    assert_eq!(finish.hash_method, HashMethod::Sha256);
}

#[test]
fn open_payments_1_3_what_breaks_the_schema_has_no_code() {
    let short =
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "x": "c2hvcnQ" });
    let private = with(
        jwk(),
        &(
            "/d",
            Some(json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
        ),
    );
    let cases: Vec<(Change, &str)> = vec![
        (("/client", None), "client is missing."),
        (("/client", Some(json!(7))), "client is not an object."),
        (
            ("/client", Some(json!({}))),
            "client does not have exactly one of walletAddress and jwk.",
        ),
        (
            (
                "/client",
                Some(json!({ "walletAddress": "https://a.example/b", "jwk": jwk() })),
            ),
            "client does not have exactly one of walletAddress and jwk.",
        ),
        (
            (
                "/client",
                Some(json!({ "key": { "proof": "httpsig", "jwk": jwk() } })),
            ),
            "client.jwk is missing.",
        ),
        (
            ("/client", Some(json!("$wallet.example/alice"))),
            "client is not a wallet address.",
        ),
        (
            ("/client", Some(json!({ "walletAddress": 7 }))),
            "client.walletAddress is not a string.",
        ),
        (
            (
                "/client",
                Some(json!({ "walletAddress": "http://wallet.example/a" })),
            ),
            "client.walletAddress is not a wallet address.",
        ),
        (
            ("/client", Some(json!({ "jwk": "x" }))),
            "client.jwk is not an object.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/kid", None)) })),
            ),
            "client.jwk.kid is missing.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/alg", None)) })),
            ),
            "client.jwk.alg is missing.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/alg", Some(json!("Ed25519")))) })),
            ),
            "client.jwk.alg is not that of an Ed25519 key.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/kty", Some(json!("oct")))) })),
            ),
            "client.jwk.kty is not that of an Ed25519 key.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/crv", Some(json!("X25519")))) })),
            ),
            "client.jwk.crv is not that of an Ed25519 key.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/use", Some(json!("enc")))) })),
            ),
            "client.jwk is no public Ed25519 key.",
        ),
        (
            (
                "/client",
                Some(json!({ "jwk": with(jwk(), &("/x", None)) })),
            ),
            "client.jwk is no public Ed25519 key.",
        ),
        (
            ("/client", Some(json!({ "jwk": short }))),
            "client.jwk is no public Ed25519 key.",
        ),
        (
            ("/client", Some(json!({ "jwk": private }))),
            "client.jwk is no public Ed25519 key.",
        ),
        (
            ("/access_token", None),
            "The request has neither access_token nor subject.",
        ),
        (
            ("/interact", Some(json!("redirect"))),
            "interact is not an object.",
        ),
        (("/interact/start", None), "interact.start is missing."),
        (
            ("/interact/start", Some(json!(["user_code"]))),
            "interact.start[0] is not redirect.",
        ),
        (
            ("/interact/start", Some(json!([{ "mode": "redirect" }]))),
            "interact.start[0] is not a string.",
        ),
        (
            ("/interact/finish/method", Some(json!("push"))),
            "interact.finish.method is not redirect.",
        ),
        (
            ("/interact/finish/method", None),
            "interact.finish.method is missing.",
        ),
        (
            ("/interact/finish/uri", None),
            "interact.finish.uri is missing.",
        ),
        (
            ("/interact/finish/uri", Some(json!("/return"))),
            "interact.finish.uri is not an absolute URI.",
        ),
        (
            (
                "/interact/finish/uri",
                Some(json!("https://shop.example/#a")),
            ),
            "interact.finish.uri has a fragment.",
        ),
        (
            ("/interact/finish/nonce", None),
            "interact.finish.nonce is missing.",
        ),
        (
            ("/interact/finish/nonce", Some(json!("a\nb"))),
            "interact.finish.nonce is too long or not printable ASCII.",
        ),
    ];
    for (change, want) in cases {
        let body = with(payments(), &change);
        let problem = PaymentsRequest::parse(&bytes(&body)).expect_err("it is refused");
        assert_eq!(
            (problem.code, problem.status.as_u16()),
            (None, 400),
            "{change:?}"
        );
        assert_eq!(problem.description, want);
        let reply: Value = serde_json::from_slice(&problem.reply().body).unwrap();
        assert_eq!(reply, json!({ "error": { "description": want } }));
    }
    assert_eq!(told(PaymentsRequest::parse(b"{")).0, None);
}

#[test]
fn open_payments_1_3_a_subject_is_one_url() {
    let alice = json!({ "id": "https://wallet.example/alice", "format": "uri" });
    let request = read(&subject(json!([alice])));
    assert!(request.access.is_empty());
    let named = request.subject.unwrap().to_open_payments();
    assert_eq!(named, Some(alice.clone()));

    let one = "subject.sub_ids does not have exactly one element.";
    let cases = [
        (json!([]), one),
        (json!([alice, alice]), one),
        (json!("x"), "subject.sub_ids is not an array."),
        (
            json!([{ "id": "https://wallet.example/alice" }]),
            "subject.sub_ids[0].format is missing.",
        ),
        (
            json!([{ "format": "uri" }]),
            "subject.sub_ids[0].id is missing.",
        ),
        (
            json!([{ "id": "7", "format": "opaque" }]),
            "subject.sub_ids[0].format is not uri.",
        ),
        (
            json!([{ "uri": "https://wallet.example/alice", "format": "uri" }]),
            "subject.sub_ids[0].id is missing.",
        ),
    ];
    for (sub_ids, want) in cases {
        assert_eq!(
            told(PaymentsRequest::parse(&bytes(&subject(sub_ids)))),
            (None, want.to_owned())
        );
    }
    for id in [
        "alice",
        "$wallet.example/alice",
        "javascript:alert(1)",
        "https://a@wallet.example/",
    ] {
        let body = subject(json!([{ "id": id, "format": "uri" }]));
        assert_eq!(
            PaymentsRequest::parse(&bytes(&body)),
            Err(problem::SUBJECT_ID),
            "{id}"
        );
    }
    let mut unreachable = subject(json!([alice]));
    unreachable.as_object_mut().unwrap().remove("interact");
    assert_eq!(
        told(PaymentsRequest::parse(&bytes(&unreachable))),
        (None, "interact is missing.".to_owned())
    );
}

#[test]
fn open_payments_1_3_who_is_asked_about_what() {
    let wallet = "https://wallet.example/bob";
    let item = |kind: &str, action: &str| json!({ "type": kind, "actions": [action], "identifier": wallet });
    let receive = item("incoming-payment", "create");
    let quote = item("quote", "create");
    let pay = item("outgoing-payment", "read");
    let list_all = item("incoming-payment", "list-all");
    let read_all = item("incoming-payment", "read-all");
    let plain = InteractionSettings::default();
    let about_receiving = InteractionSettings {
        incoming_payment: true,
        ..plain
    };
    let about_quotes = InteractionSettings {
        quote: true,
        ..plain
    };
    let not_about_lists = InteractionSettings {
        list_all: false,
        ..plain
    };
    let cases = [
        ("receive", json!([receive]), plain, true),
        (
            "receive, asked about",
            json!([receive]),
            about_receiving,
            false,
        ),
        ("quote", json!([quote]), plain, true),
        ("quote, asked about", json!([quote]), about_quotes, false),
        ("both", json!([receive, quote]), plain, true),
        (
            "both, one asked about",
            json!([receive, quote]),
            about_quotes,
            false,
        ),
        ("pay", json!([pay]), plain, false),
        (
            "pay beside others",
            json!([receive, quote, pay]),
            plain,
            false,
        ),
        ("list all", json!([list_all]), plain, false),
        (
            "list all, not asked about",
            json!([list_all]),
            not_about_lists,
            true,
        ),
        (
            "list all, but receiving is asked about",
            json!([list_all]),
            InteractionSettings {
                incoming_payment: true,
                ..not_about_lists
            },
            false,
        ),
        ("read all", json!([read_all]), plain, true),
    ];
    for (name, items, settings, want) in cases {
        assert_eq!(
            can_skip_interaction(&of(items), settings),
            Ok(want),
            "{name}"
        );
    }
    let alice = json!([{ "id": "https://wallet.example/alice", "format": "uri" }]);
    assert_eq!(
        can_skip_interaction(&read(&subject(alice.clone())), plain),
        Ok(false)
    );
    let both = with(
        payments(),
        &("/access_token/access", Some(json!([receive]))),
    );
    let both = with(both, &("/subject", Some(json!({ "sub_ids": alice }))));
    assert_eq!(can_skip_interaction(&read(&both), plain), Ok(false));
}

#[test]
fn open_payments_1_3_whoever_is_asked_must_be_known() {
    let plain = InteractionSettings::default();
    let nameless = |kind: &str, action: &str| json!({ "type": kind, "actions": [action] });
    let without: [(&str, Value, InteractionSettings, Result<bool, Problem>); 5] = [
        (
            "nobody is asked",
            json!([nameless("incoming-payment", "create")]),
            plain,
            Ok(true),
        ),
        (
            "list all",
            json!([nameless("incoming-payment", "list-all")]),
            plain,
            Err(problem::MISSING_IDENTIFIER),
        ),
        (
            "asked about",
            json!([nameless("quote", "create")]),
            InteractionSettings {
                quote: true,
                ..plain
            },
            Err(problem::MISSING_IDENTIFIER),
        ),
        (
            "beside one that is named",
            json!([
                { "type": "outgoing-payment", "actions": ["read"], "identifier": "https://wallet.example/bob" },
                nameless("incoming-payment", "list-all"),
            ]),
            plain,
            Err(problem::MISSING_IDENTIFIER),
        ),
        ("nothing", json!([]), plain, Err(problem::NOTHING_ASKED)),
    ];
    for (name, items, settings, want) in without {
        assert_eq!(can_skip_interaction(&of(items), settings), want, "{name}");
    }
}

#[test]
fn open_payments_1_3_a_continuation_polls_or_presents_a_reference() {
    for body in ["", "{}"] {
        assert_eq!(
            continue_request(body.as_bytes()),
            Ok(ContinueRequest::Poll),
            "{body}"
        );
    }
    let reference = "ad82597c-bbfa-4eb0-b72e-328e005b8689";
    let body = json!({ "interact_ref": reference, "client": "ignored" });
    assert_eq!(
        continue_request(&bytes(&body)),
        Ok(ContinueRequest::Reference(reference.to_owned()))
    );
    for body in [r#"{"hello":1}"#, r#"{"interact_ref":""}"#] {
        assert_eq!(
            continue_request(body.as_bytes()),
            Err(problem::MISSING_REFERENCE),
            "{body}"
        );
    }
    for body in [
        "[]",
        "{",
        r#"{"interact_ref":7}"#,
        r#"{"interact_ref":null}"#,
        r#"{"interact_ref":"a","interact_ref":"b"}"#,
    ] {
        let problem = continue_request(body.as_bytes()).expect_err("it is refused");
        assert_eq!(
            (problem.code, problem.status.as_u16()),
            (None, 400),
            "{body}"
        );
    }
}
