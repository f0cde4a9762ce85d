//! Open Payments: what may be asked for, within which limits, and what a resource server is told of it.

use placet_gnap::{
    access::AccessRight,
    open_payments::{
        Action, Amount, AmountLimit, Limits, Payment, PaymentAccess, PaymentKind,
        PaymentsIntrospection, PaymentsRequest, RepeatingInterval, describe, problem,
    },
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, payments, rows, told, with};

fn access(item: &Value) -> PaymentAccess {
    let right = AccessRight::parse(&item.to_string()).unwrap();
    PaymentAccess::from_right(&right).unwrap()
}

fn outgoing() -> Value {
    payments()["access_token"]["access"][0].clone()
}

fn schema_refusal(change: &Change) -> String {
    let body = with(payments(), change);
    let problem = PaymentsRequest::parse(&bytes(&body)).expect_err("it is refused");
    assert_eq!(
        (problem.code, problem.status.as_u16()),
        (None, 400),
        "{change:?}"
    );
    problem.description.into_owned()
}

#[test]
fn open_payments_1_3_every_member_of_a_right_is_read() {
    let request = PaymentsRequest::parse(&bytes(&payments())).unwrap();
    let limits = Limits {
        receiver: Some("https://wallet.example/incoming-payments/45a0d0ee".to_owned()),
        amount: Some(AmountLimit::Debit(Amount {
            value: 500,
            asset_code: "USD".to_owned(),
            asset_scale: 2,
        })),
        interval: RepeatingInterval::parse("R12/2019-08-24T14:15:22Z/P1M"),
    };
    let want = PaymentAccess {
        kind: PaymentKind::OutgoingPayment,
        actions: vec![Action::Create, Action::Read],
        identifier: Some("https://wallet.example/alice".to_owned()),
        limits: Some(limits),
    };
    assert_eq!(request.access, std::slice::from_ref(&want));
    // Through the form of any protocol and back, and in the words of the client.
    assert_eq!(PaymentAccess::from_right(&want.to_right()).unwrap(), want);
    assert_eq!(want.to_right().to_value(), outgoing());
}

#[test]
fn open_payments_1_3_each_type_has_its_actions() {
    let all = [
        "create", "complete", "read", "read-all", "list", "list-all", "delete", "Create",
    ];
    let cases = [
        ("incoming-payment", &all[..6]),
        (
            "outgoing-payment",
            &["create", "read", "read-all", "list", "list-all"][..],
        ),
        ("quote", &["create", "read", "read-all"][..]),
    ];
    for (kind, allowed) in cases {
        for action in all {
            let item = json!({ "type": kind, "actions": [action], "identifier": "https://wallet.example/alice" });
            let right = AccessRight::parse(&item.to_string()).unwrap();
            assert_eq!(
                PaymentAccess::from_right(&right).is_ok(),
                allowed.contains(&action),
                "{kind} {action}"
            );
        }
    }
}

const BROKEN: &str = r#"
    /access_token          | []                                                         | access_token is not an object.
    /access_token/access   | -                                                          | access_token.access is missing.
    '                      | {}                                                         | access_token.access is not an array.
    '                      | [1,2,3,4]                                                  | access_token.access has more than three elements.
    '                      | [{"type":"quote","actions":["read"]},{"actions":["read"],"type":"quote"}] | access_token.access holds the same twice.
    /access_token/access/0 | "dolphin-metadata"                                         | access_token.access[0] is not an object.
    '                      | {"actions":["read"]}                                       | access_token.access[0].type is missing.
    '                      | {"type":"refund","actions":["read"]}                       | access_token.access[0].type is none of the three.
    '                      | {"type":"Quote","actions":["read"]}                        | access_token.access[0].type is none of the three.
    '                      | {"type":"quote"}                                           | access_token.access[0].actions is missing.
    '                      | {"type":"quote","actions":[]}                              | access_token.access[0].actions is empty.
    '                      | {"type":"quote","actions":["list"]}                        | access_token.access[0].actions[0] is no action of this type.
    '                      | {"type":"quote","actions":["read","read"]}                 | access_token.access[0].actions holds the same twice.
    '                      | {"type":"quote","actions":"read"}                          | access_token.access[0].actions is not an array.
    '                      | {"type":"quote","actions":["read"],"limits":{}}            | access_token.access[0] has a member that is not allowed here.
    '                      | {"type":"incoming-payment","actions":["read"],"limits":{}} | access_token.access[0] has a member that is not allowed here.
    '                      | {"type":"quote","actions":["read"],"locations":[]}         | access_token.access[0] has a member that is not allowed here.
    '                      | {"type":"outgoing-payment","actions":["read"]}             | access_token.access[0].identifier is missing.
    /access_token/access/0/identifier | ""                                              | access_token.access[0].identifier is empty.
    '                      | 7                                                          | access_token.access[0].identifier is not a string.
    '                      | "alice"                                                    | access_token.access[0].identifier is not an http or https URI.
    '                      | "$wallet.example/alice"                                    | access_token.access[0].identifier is not an http or https URI.
    '                      | "https://wallet.example/#a"                                | access_token.access[0].identifier is not an http or https URI.
"#;

#[test]
fn open_payments_1_3_rights_that_break_a_rule() {
    for (change, want) in rows(BROKEN) {
        assert_eq!(schema_refusal(&change), want);
    }
}

const LIMITS: &str = r#"
    /limits                        | "none"                                    | is not an object.
    '                              | {"maximum":7}                             | has a member that is not allowed here.
    '                              | {"receiveAmount":7}                       | .receiveAmount is not an object.
    /limits/debitAmount            | {}                                        | .debitAmount.assetCode is missing.
    '                              | 5                                         | .debitAmount is not an object.
    '                              | null                                      | .debitAmount is not an object.
    /limits/debitAmount/max        | 1                                         | .debitAmount has a member that is not allowed here.
    /limits/debitAmount/value      | -                                         | .debitAmount.value is missing.
    '                              | 500                                       | .debitAmount.value is not a string.
    '                              | ""                                        | .debitAmount.value is empty.
    '                              | "abc"                                     | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "-1"                                      | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "+1"                                      | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "1.0"                                     | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "1e3"                                     | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "0x10"                                    | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "007"                                     | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | " 7"                                      | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "\u0663"                                  | .debitAmount.value is not a whole number below 2^64 in a string.
    '                              | "18446744073709551616"                    | .debitAmount.value is not a whole number below 2^64 in a string.
    /limits/debitAmount/assetCode  | -                                         | .debitAmount.assetCode is missing.
    '                              | "U D"                                     | .debitAmount.assetCode is no code of an asset.
    '                              | "ABCDEFGHIJABCDEFGHIJABCDEFGHIJABC"       | .debitAmount.assetCode is no code of an asset.
    /limits/debitAmount/assetScale | -                                         | .debitAmount.assetScale is missing.
    '                              | 999                                       | .debitAmount.assetScale is not a whole number up to 255.
    '                              | 256                                       | .debitAmount.assetScale is not a whole number up to 255.
    '                              | -1                                        | .debitAmount.assetScale is not a whole number up to 255.
    '                              | 2.5                                       | .debitAmount.assetScale is not a whole number up to 255.
    '                              | "2"                                       | .debitAmount.assetScale is not a whole number up to 255.
    /limits/receiver               | 7                                         | .receiver is not a string.
    '                              | "https://wallet.example/payments/1"       | .receiver is not the address of an incoming payment.
    '                              | "https:///incoming-payments/1"            | .receiver is not the address of an incoming payment.
    '                              | "https://w.example/incoming-payments/"    | .receiver is not the address of an incoming payment.
    '                              | "ftp://w.example/incoming-payments/1"     | .receiver is not the address of an incoming payment.
    '                              | "https://w.example/incoming-payments/1 2" | .receiver is not the address of an incoming payment.
    '                              | "https://a@w.example/incoming-payments/1" | .receiver is not the address of an incoming payment.
    /limits/interval               | 7                                         | .interval is not a string.
    '                              | "monthly"                                 | .interval is not a repeating interval as ISO 8601 writes it.
    '                              | "P1M"                                     | .interval is not a repeating interval as ISO 8601 writes it.
    '                              | "R/2022-02-30T00:00:00Z/P1M"              | .interval is not a repeating interval as ISO 8601 writes it.
"#;

#[test]
fn g14_open_payments_1_3_limits_are_read_to_the_last_digit() {
    for (change, want) in rows(LIMITS) {
        let item = ("/access_token/access/0", Some(with(outgoing(), &change)));
        let space = if want.starts_with('.') { "" } else { " " };
        let want = format!("access_token.access[0].limits{space}{want}");
        assert_eq!(schema_refusal(&item), want);
    }
    let read = |change: &Change| access(&with(outgoing(), change)).limits.unwrap();
    let most = (
        "/limits/debitAmount/value",
        Some(json!("18446744073709551615")),
    );
    assert_eq!(read(&most).amount.unwrap().amount().value, u64::MAX);
    assert_eq!(read(&("/limits", Some(json!({})))), Limits::default());
}

#[test]
fn open_payments_1_3_both_amounts_are_refused_in_words_of_their_own() {
    let amount = json!({ "value": "5", "assetCode": "USD", "assetScale": 2 });
    let both = json!({ "debitAmount": amount, "receiveAmount": amount });
    let body = with(payments(), &("/access_token/access/0/limits", Some(both)));
    let problem = PaymentsRequest::parse(&bytes(&body)).expect_err("it is refused");
    assert_eq!(problem, problem::TWO_AMOUNTS);
    assert_eq!(
        (problem.status.as_u16(), problem.description.as_ref()),
        (400, "only one access amount allowed")
    );
}

#[test]
fn open_payments_1_3_all_includes_what_the_client_made() {
    for (mine, other) in [
        (Action::ReadAll, Action::Read),
        (Action::ListAll, Action::List),
    ] {
        assert!(mine.includes(other) && !other.includes(mine), "{mine:?}");
    }
    for one in Action::ALL {
        let included = Action::ALL
            .into_iter()
            .filter(|other| one.includes(*other))
            .count();
        let want = if matches!(one, Action::ReadAll | Action::ListAll) {
            2
        } else {
            1
        };
        assert_eq!(included, want, "{one:?}");
    }
}

const WITHIN: &str = r#"
    /actions                       | ["create"]                                   | within
    '                              | ["create","read","list"]                     | not
    '                              | ["read-all"]                                 | not
    /identifier                    | "https://wallet.example/bob"                 | not
    /limits                        | -                                            | not
    '                              | {}                                           | not
    /limits/debitAmount/value      | "499"                                        | within
    '                              | "501"                                        | not
    /limits/debitAmount/assetCode  | "EUR"                                        | not
    /limits/debitAmount/assetScale | 3                                            | not
    '                              | 1                                            | not
    /limits/debitAmount            | -                                            | not
    /limits/receiver               | -                                            | not
    '                              | "https://wallet.example/incoming-payments/2" | not
    /limits/interval               | -                                            | not
    '                              | "R12/2019-08-24T14:15:22Z/P1D"               | not
    '                              | "R13/2019-08-24T14:15:22Z/P1M"               | not
    '                              | "R12/2019-08-24T14:15:22.0Z/P1M"             | not
"#;

#[test]
fn g14_what_lies_within_a_right_to_pay() {
    let granted = access(&outgoing());
    assert!(granted.is_within(&granted));
    for (change, want) in rows(WITHIN) {
        let asked = access(&with(outgoing(), &change));
        assert_eq!(asked.is_within(&granted), want == "within", "{change:?}");
    }
    let received =
        json!({ "receiveAmount": { "value": "1", "assetCode": "USD", "assetScale": 2 } });
    let received = access(&with(outgoing(), &("/limits", Some(received))));
    assert!(!received.is_within(&granted), "another kind of amount");
    assert!(granted.is_within(&access(&with(outgoing(), &("/limits", None)))));
    assert!(granted.is_within(&access(&with(outgoing(), &("/limits", Some(json!({})))))));
    // Within an amount in all, an amount in each of many intervals is more.
    let in_all = access(&with(outgoing(), &("/limits/interval", None)));
    assert!(!granted.is_within(&in_all));
    let all = access(&with(
        outgoing(),
        &("/actions", Some(json!(["create", "read-all"]))),
    ));
    assert!(granted.is_within(&all));
}

#[test]
fn g14_the_rule_of_any_protocol_agrees_where_limits_are_widened() {
    let granted = access(&outgoing()).to_right();
    for value in ["501", "18446744073709551615"] {
        let wider = with(
            outgoing(),
            &("/limits/debitAmount/value", Some(json!(value))),
        );
        assert!(!access(&wider).to_right().is_within(&granted), "{value}");
    }
    assert!(
        !access(&with(outgoing(), &("/limits", None)))
            .to_right()
            .is_within(&granted)
    );
}

const NEEDS: &str = r#"
    [{"type":"outgoing-payment","actions":["create"],"identifier":"https://wallet.example/alice"}]    | [0]
    [{"type":"outgoing-payment","actions":["create"]}]                                                | [0]
    [{"type":"outgoing-payment","actions":["create"],"identifier":"https://wallet.example/bob"}]      | []
    [{"type":"outgoing-payment","actions":["list"]}]                                                  | []
    [{"type":"outgoing-payment","actions":["create"],"limits":{}}]                                    | []
    [{"type":"incoming-payment","actions":["read"],"identifier":"https://wallet.example/bob"}]        | [1]
    [{"type":"incoming-payment","actions":["complete"],"identifier":"https://wallet.example/bob"}]    | []
    [{"type":"incoming-payment","actions":["create","complete"]}]                                     | []
    [{"type":"quote","actions":["create"],"identifier":"https://wallet.example/bob"}]                 | [2]
    [{"type":"quote","actions":["create"]},{"type":"incoming-payment","actions":["read"]}]            | [2,1]
    [{"type":"incoming-payment","actions":["create"]},{"type":"incoming-payment","actions":["read"]}] | [1]
    []                                                                                                | []
"#;

#[test]
fn a_resource_server_is_told_the_rights_that_answer_its_need() {
    let incoming = json!({
        "type": "incoming-payment", "actions": ["create", "read-all"], "identifier": "https://wallet.example/bob",
    });
    let quote = json!({ "type": "quote", "actions": ["create"] });
    let granted: Vec<_> = [&outgoing(), &incoming, &quote]
        .into_iter()
        .map(|item| access(item).to_right())
        .collect();
    let answers = |needs: &Value| {
        let body = json!({ "access_token": "9F3C0A", "access": needs });
        let asked = PaymentsIntrospection::parse(&bytes(&body)).unwrap();
        asked.answered_by(&granted)
    };
    for (needs, want) in NEEDS.lines().filter_map(|line| line.split_once(" | ")) {
        let want: Vec<usize> = serde_json::from_str(want).unwrap();
        let want: Vec<_> = want
            .into_iter()
            .map(|index| granted[index].clone())
            .collect();
        assert_eq!(
            answers(&serde_json::from_str(needs).unwrap()),
            want,
            "{needs}"
        );
    }
    // Limits are the same or they are not; the reference resource server names none.
    let same = answers(&json!([outgoing()]));
    assert_eq!(same, std::slice::from_ref(&granted[0]));
    let other = with(
        outgoing(),
        &("/limits/debitAmount/value", Some(json!("400"))),
    );
    assert_eq!(answers(&json!([other])), []);

    let untold = PaymentsIntrospection::parse(br#"{"access_token":"9F3C0A"}"#).unwrap();
    assert!(untold.answered_by(&granted).is_empty());
    assert_eq!(untold.access_token.unwrap().reveal(), "9F3C0A");
    // A right of another protocol answers nothing here.
    let other = [AccessRight::Reference("quote".to_owned())];
    let body = json!({ "access_token": "9F3C0A", "access": [quote] });
    assert!(
        PaymentsIntrospection::parse(&bytes(&body))
            .unwrap()
            .answered_by(&other)
            .is_empty()
    );
}

#[test]
fn a_question_of_a_resource_server_that_cannot_be_read() {
    for (body, want) in [
        (json!({}), "access_token is missing."),
        (
            json!({ "access_token": 7 }),
            "access_token is not a string.",
        ),
        (
            json!({ "access_token": "a", "access": {} }),
            "access is not an array.",
        ),
        (
            json!({ "access_token": "a", "access": [{ "type": "quote", "actions": ["list"] }] }),
            "access[0].actions[0] is no action of this type.",
        ),
    ] {
        assert_eq!(
            told(PaymentsIntrospection::parse(&bytes(&body))),
            (None, want.to_owned())
        );
    }
}

#[test]
fn a_person_is_told_everything_that_bounds_a_right() {
    let want = Payment {
        kind: PaymentKind::OutgoingPayment,
        actions: vec![Action::Create, Action::Read],
        wallet: Some("https://wallet.example/alice".to_owned()),
        receiver: Some("https://wallet.example/incoming-payments/45a0d0ee".to_owned()),
        amount: Some(AmountLimit::Debit(Amount {
            value: 500,
            asset_code: "USD".to_owned(),
            asset_scale: 2,
        })),
        repeats: RepeatingInterval::parse("R12/2019-08-24T14:15:22Z/P1M"),
    };
    assert_eq!(describe(&access(&outgoing()).to_right()), Some(want));
    assert_eq!(describe(&AccessRight::Reference("quote".to_owned())), None);
    let strange =
        AccessRight::parse(r#"{"type":"quote","actions":["create"],"limits":{}}"#).unwrap();
    assert_eq!(describe(&strange), None);
}

#[test]
fn amounts_are_shown_in_the_asset_itself() {
    let cases = [
        (500, 2, "5.00"),
        (5, 2, "0.05"),
        (0, 2, "0.00"),
        (500, 0, "500"),
        (1, 9, "0.000000001"),
        (u64::MAX, 2, "184467440737095516.15"),
    ];
    for (value, asset_scale, want) in cases {
        let amount = Amount {
            value,
            asset_code: "USD".to_owned(),
            asset_scale,
        };
        assert_eq!(amount.decimal(), want, "{value} at {asset_scale}");
    }
    let finest = Amount {
        value: 7,
        asset_code: "USD".to_owned(),
        asset_scale: 255,
    };
    assert_eq!(finest.decimal(), format!("0.{}7", "0".repeat(254)));
}
