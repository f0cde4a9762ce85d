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

use crate::sample::{Change, bytes, jwk, payments, rows, told, with};

fn read(body: &Value) -> PaymentsRequest {
    PaymentsRequest::parse(&bytes(body)).unwrap_or_else(|problem| panic!("{body}: {problem:?}"))
}

fn subject(sub_ids: &Value) -> Value {
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

const BROKEN: &str = r#"
    /client                 | -                                                | client is missing.
    '                       | 7                                                | client is not an object.
    '                       | {}                                               | client does not have exactly one of walletAddress and jwk.
    '                       | {"walletAddress":"https://a.example/b","jwk":{}} | client does not have exactly one of walletAddress and jwk.
    '                       | {"key":{"proof":"httpsig","jwk":{}}}             | client.jwk is missing.
    '                       | "$wallet.example/alice"                          | client is not a wallet address.
    '                       | {"walletAddress":7}                              | client.walletAddress is not a string.
    '                       | {"walletAddress":"http://wallet.example/a"}      | client.walletAddress is not a wallet address.
    '                       | {"jwk":"x"}                                      | client.jwk is not an object.
    /access_token           | -                                                | The request has neither access_token nor subject.
    /interact               | "redirect"                                       | interact is not an object.
    /interact/start         | -                                                | interact.start is missing.
    '                       | ["user_code"]                                    | interact.start[0] is not redirect.
    '                       | [{"mode":"redirect"}]                            | interact.start[0] is not a string.
    /interact/finish        | []                                               | interact.finish is not an object.
    /interact/finish/method | "push"                                           | interact.finish.method is not redirect.
    '                       | -                                                | interact.finish.method is missing.
    /interact/finish/uri    | -                                                | interact.finish.uri is missing.
    '                       | "/return"                                        | interact.finish.uri is not an absolute URI.
    '                       | "https://shop.example/#a"                        | interact.finish.uri has a fragment.
    '                       | "http://shop.example/"                           | interact.finish.uri is http, which is for this machine only.
    /interact/finish/nonce  | -                                                | interact.finish.nonce is missing.
    '                       | "a\nb"                                           | interact.finish.nonce is too long or not printable ASCII.
"#;

const KEYS: &str = r#"
    /kid | -                                              | client.jwk.kid is missing.
    /alg | -                                              | client.jwk.alg is missing.
    '    | "Ed25519"                                      | client.jwk.alg is not that of an Ed25519 key.
    /kty | "oct"                                          | client.jwk.kty is not that of an Ed25519 key.
    /crv | "X25519"                                       | client.jwk.crv is not that of an Ed25519 key.
    /use | "enc"                                          | client.jwk is no public Ed25519 key.
    /x   | -                                              | client.jwk is no public Ed25519 key.
    '    | "c2hvcnQ"                                      | client.jwk is no public Ed25519 key.
    '    | "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=" | client.jwk is no public Ed25519 key.
    /d   | "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  | client.jwk is no public Ed25519 key.
"#;

#[test]
fn open_payments_1_3_what_breaks_the_schema_has_no_code() {
    let of_key = |(change, want): (Change, &'static str)| {
        let client = json!({ "jwk": with(jwk(), &change) });
        (("/client", Some(client)), want)
    };
    let all = rows(BROKEN)
        .into_iter()
        .chain(rows(KEYS).into_iter().map(of_key));
    for (change, want) in all {
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
    let request = read(&subject(&json!([alice])));
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
            told(PaymentsRequest::parse(&bytes(&subject(&sub_ids)))),
            (None, want.to_owned())
        );
    }
    for id in [
        "alice",
        "$wallet.example/alice",
        "javascript:alert(1)",
        "https://a@wallet.example/",
    ] {
        let body = subject(&json!([{ "id": id, "format": "uri" }]));
        assert_eq!(
            PaymentsRequest::parse(&bytes(&body)),
            Err(problem::SUBJECT_ID),
            "{id}"
        );
    }
    let mut unreachable = subject(&json!([alice]));
    unreachable.as_object_mut().unwrap().remove("interact");
    assert_eq!(
        told(PaymentsRequest::parse(&bytes(&unreachable))),
        (None, "interact is missing.".to_owned())
    );
}

#[test]
fn open_payments_1_3_who_is_asked_about_what() {
    let item = |kind: &str, action: &str| json!({ "type": kind, "actions": [action], "identifier": "https://wallet.example/bob" });
    let receive = item("incoming-payment", "create");
    let quote = item("quote", "create");
    let pay = item("outgoing-payment", "read");
    let list_all = item("incoming-payment", "list-all");
    let read_all = item("incoming-payment", "read-all");
    // The flags say what a person is asked about: receiving, quotes, lists of all.
    let cases = [
        (json!([receive]), [false, false, true], true),
        (json!([receive]), [true, false, true], false),
        (json!([quote]), [false, false, true], true),
        (json!([quote]), [false, true, true], false),
        (json!([receive, quote]), [false, false, true], true),
        (json!([receive, quote]), [false, true, true], false),
        (json!([pay]), [false, false, false], false),
        (json!([receive, quote, pay]), [false, false, true], false),
        (json!([list_all]), [false, false, true], false),
        (json!([list_all]), [false, false, false], true),
        (json!([list_all]), [true, false, false], false),
        (json!([read_all]), [false, false, true], true),
    ];
    for (items, flags, want) in cases {
        let [incoming_payment, quote, list_all] = flags;
        let settings = InteractionSettings {
            incoming_payment,
            quote,
            list_all,
        };
        let got = can_skip_interaction(&of(items.clone()), settings);
        assert_eq!(got, Ok(want), "{items} {flags:?}");
    }
    let plain = InteractionSettings::default();
    assert_eq!(
        [plain.incoming_payment, plain.quote, plain.list_all],
        [false, false, true]
    );
    let alice = json!([{ "id": "https://wallet.example/alice", "format": "uri" }]);
    assert_eq!(
        can_skip_interaction(&read(&subject(&alice)), plain),
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
