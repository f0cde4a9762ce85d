//! Open Payments: what may be asked for, within which limits, and what a resource server is told of it.

use placet_gnap::{
    access::AccessRight,
    open_payments::{
        Action, Amount, AmountLimit, Limits, Payment, PaymentAccess, PaymentKind,
        PaymentsIntrospection, PaymentsRequest, RepeatingInterval, describe, problem,
    },
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, payments, told, with};

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
    assert_eq!(request.access, [want.clone()]);
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

#[test]
fn open_payments_1_3_rights_that_break_a_rule() {
    const ITEM: &str = "/access_token/access/0";
    let at = |item: Value| (ITEM, Some(item));
    let quote = json!({ "type": "quote", "actions": ["create"] });
    let incoming = json!({ "type": "incoming-payment", "actions": ["create"] });
    let cases: Vec<(Change, &str)> = vec![
        (
            ("/access_token", Some(json!([]))),
            "access_token is not an object.",
        ),
        (
            ("/access_token/access", None),
            "access_token.access is missing.",
        ),
        (
            ("/access_token/access", Some(json!({}))),
            "access_token.access is not an array.",
        ),
        (
            (
                "/access_token/access",
                Some(json!([quote, incoming, outgoing(), quote])),
            ),
            "access_token.access has more than three elements.",
        ),
        (
            ("/access_token/access", Some(json!([quote, quote]))),
            "access_token.access holds the same twice.",
        ),
        (
            at(json!("dolphin-metadata")),
            "access_token.access[0] is not an object.",
        ),
        (
            at(json!({ "actions": ["read"] })),
            "access_token.access[0].type is missing.",
        ),
        (
            at(json!({ "type": "refund", "actions": ["read"] })),
            "access_token.access[0].type is none of the three.",
        ),
        (
            at(json!({ "type": "Quote", "actions": ["read"] })),
            "access_token.access[0].type is none of the three.",
        ),
        (
            at(json!({ "type": "quote" })),
            "access_token.access[0].actions is missing.",
        ),
        (
            at(json!({ "type": "quote", "actions": [] })),
            "access_token.access[0].actions is empty.",
        ),
        (
            at(json!({ "type": "quote", "actions": ["list"] })),
            "access_token.access[0].actions[0] is no action of this type.",
        ),
        (
            at(json!({ "type": "quote", "actions": ["read", "read"] })),
            "access_token.access[0].actions holds the same twice.",
        ),
        (
            at(json!({ "type": "quote", "actions": "read" })),
            "access_token.access[0].actions is not an array.",
        ),
        (
            at(json!({ "type": "quote", "actions": ["read"], "limits": {} })),
            "access_token.access[0] has a member that is not allowed here.",
        ),
        (
            at(json!({ "type": "incoming-payment", "actions": ["read"], "limits": {} })),
            "access_token.access[0] has a member that is not allowed here.",
        ),
        (
            at(json!({ "type": "quote", "actions": ["read"], "locations": [] })),
            "access_token.access[0] has a member that is not allowed here.",
        ),
        (
            at(json!({ "type": "outgoing-payment", "actions": ["read"] })),
            "access_token.access[0].identifier is missing.",
        ),
        (
            at(json!({ "type": "outgoing-payment", "actions": ["read"], "identifier": "" })),
            "access_token.access[0].identifier is empty.",
        ),
        (
            at(json!({ "type": "quote", "actions": ["read"], "identifier": "alice" })),
            "access_token.access[0].identifier is not an http or https URI.",
        ),
        (
            at(
                json!({ "type": "quote", "actions": ["read"], "identifier": "$wallet.example/alice" }),
            ),
            "access_token.access[0].identifier is not an http or https URI.",
        ),
        (
            at(
                json!({ "type": "quote", "actions": ["read"], "identifier": "https://wallet.example/#a" }),
            ),
            "access_token.access[0].identifier is not an http or https URI.",
        ),
    ];
    for (change, want) in cases {
        assert_eq!(schema_refusal(&change), want);
    }
}

#[test]
fn g14_open_payments_1_3_limits_are_read_to_the_last_digit() {
    const LIMITS: &str = "access_token.access[0].limits";
    let amount = |value: Value| json!({ "value": value, "assetCode": "USD", "assetScale": 2 });
    let limits = |limits: Value| ("/access_token/access/0/limits", Some(limits));
    let debit = |amount: Value| limits(json!({ "debitAmount": amount }));
    let receiver = |receiver: Value| limits(json!({ "receiver": receiver }));
    let interval = |interval: Value| limits(json!({ "interval": interval }));
    let no_count = "debitAmount.value is not a whole number below 2^64 in a string.";
    let no_receiver = "receiver is not the address of an incoming payment.";
    let no_interval = "interval is not a repeating interval as ISO 8601 writes it.";
    let no_scale = "debitAmount.assetScale is not a whole number up to 255.";
    let cases: Vec<(Change, &str)> = vec![
        (debit(json!({})), "debitAmount.assetCode is missing."),
        (debit(json!(5)), "debitAmount is not an object."),
        (debit(json!(null)), "debitAmount is not an object."),
        (
            debit(json!({ "assetCode": "USD", "assetScale": 2 })),
            "debitAmount.value is missing.",
        ),
        (
            debit(json!({ "value": "5", "assetScale": 2 })),
            "debitAmount.assetCode is missing.",
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD" })),
            "debitAmount.assetScale is missing.",
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": 2, "max": 1 })),
            "debitAmount has a member that is not allowed here.",
        ),
        (
            debit(amount(json!(500))),
            "debitAmount.value is not a string.",
        ),
        (debit(amount(json!("abc"))), no_count),
        (debit(amount(json!("-1"))), no_count),
        (debit(amount(json!("+1"))), no_count),
        (debit(amount(json!("1.0"))), no_count),
        (debit(amount(json!("1e3"))), no_count),
        (debit(amount(json!("0x10"))), no_count),
        (debit(amount(json!("007"))), no_count),
        (debit(amount(json!(" 7"))), no_count),
        (debit(amount(json!("\u{0663}"))), no_count),
        (debit(amount(json!("18446744073709551616"))), no_count),
        (debit(amount(json!(""))), "debitAmount.value is empty."),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": 999 })),
            no_scale,
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": 256 })),
            no_scale,
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": -1 })),
            no_scale,
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": 2.0 })),
            no_scale,
        ),
        (
            debit(json!({ "value": "5", "assetCode": "USD", "assetScale": "2" })),
            no_scale,
        ),
        (
            debit(json!({ "value": "5", "assetCode": "U D", "assetScale": 2 })),
            "debitAmount.assetCode is no code of an asset.",
        ),
        (
            debit(json!({ "value": "5", "assetCode": "U".repeat(33), "assetScale": 2 })),
            "debitAmount.assetCode is no code of an asset.",
        ),
        (
            limits(json!({ "receiveAmount": 7 })),
            "receiveAmount is not an object.",
        ),
        (limits(json!({ "maximum": 7 })), ""),
        (
            receiver(json!("https://wallet.example/payments/1")),
            no_receiver,
        ),
        (receiver(json!("https:///incoming-payments/1")), no_receiver),
        (
            receiver(json!("https://wallet.example/incoming-payments/")),
            no_receiver,
        ),
        (
            receiver(json!("ftp://wallet.example/incoming-payments/1")),
            no_receiver,
        ),
        (
            receiver(json!("https://wallet.example/incoming-payments/1 2")),
            no_receiver,
        ),
        (
            receiver(json!("https://a@wallet.example/incoming-payments/1")),
            no_receiver,
        ),
        (receiver(json!(7)), "receiver is not a string."),
        (interval(json!("monthly")), no_interval),
        (interval(json!("R/2022-02-30T00:00:00Z/P1M")), no_interval),
        (interval(json!("P1M")), no_interval),
        (interval(json!(7)), "interval is not a string."),
    ];
    for (change, want) in cases {
        let want = match want {
            "" => format!("{LIMITS} has a member that is not allowed here."),
            member => format!("{LIMITS}.{member}"),
        };
        assert_eq!(schema_refusal(&change), want);
    }
    let (change, _) = (limits(json!("none")), "");
    assert_eq!(
        schema_refusal(&change),
        format!("{LIMITS} is not an object.")
    );
    let most = with(payments(), &debit(amount(json!("18446744073709551615"))));
    assert!(PaymentsRequest::parse(&bytes(&most)).is_ok());
    let none = with(payments(), &limits(json!({})));
    let read = PaymentsRequest::parse(&bytes(&none)).unwrap();
    assert_eq!(read.access[0].limits, Some(Limits::default()));
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

#[test]
fn g14_what_lies_within_a_right_to_pay() {
    let cases: Vec<(&str, Change, bool)> = vec![
        ("fewer actions", ("/actions", Some(json!(["create"]))), true),
        (
            "an action more",
            ("/actions", Some(json!(["create", "read", "list"]))),
            false,
        ),
        (
            "all instead of the client's own",
            ("/actions", Some(json!(["read-all"]))),
            false,
        ),
        (
            "another wallet",
            ("/identifier", Some(json!("https://wallet.example/bob"))),
            false,
        ),
        ("no limits", ("/limits", None), false),
        (
            "no limit at all in them",
            ("/limits", Some(json!({}))),
            false,
        ),
        (
            "less",
            ("/limits/debitAmount/value", Some(json!("499"))),
            true,
        ),
        (
            "more",
            ("/limits/debitAmount/value", Some(json!("501"))),
            false,
        ),
        (
            "another asset",
            ("/limits/debitAmount/assetCode", Some(json!("EUR"))),
            false,
        ),
        (
            "a finer unit",
            ("/limits/debitAmount/assetScale", Some(json!(3))),
            false,
        ),
        (
            "a coarser unit",
            ("/limits/debitAmount/assetScale", Some(json!(1))),
            false,
        ),
        ("no amount", ("/limits/debitAmount", None), false),
        ("no receiver", ("/limits/receiver", None), false),
        (
            "another receiver",
            (
                "/limits/receiver",
                Some(json!("https://wallet.example/incoming-payments/2")),
            ),
            false,
        ),
        ("no interval", ("/limits/interval", None), false),
        (
            "more often",
            (
                "/limits/interval",
                Some(json!("R12/2019-08-24T14:15:22Z/P1D")),
            ),
            false,
        ),
        (
            "longer",
            (
                "/limits/interval",
                Some(json!("R13/2019-08-24T14:15:22Z/P1M")),
            ),
            false,
        ),
        (
            "the same in other words",
            (
                "/limits/interval",
                Some(json!("R12/2019-08-24T14:15:22.0Z/P1M")),
            ),
            false,
        ),
    ];
    let granted = access(&outgoing());
    assert!(granted.is_within(&granted));
    for (name, change, want) in cases {
        let asked = access(&with(outgoing(), &change));
        assert_eq!(asked.is_within(&granted), want, "{name}");
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

#[test]
fn a_resource_server_is_told_the_rights_that_answer_its_need() {
    let incoming = json!({ "type": "incoming-payment", "actions": ["create", "read-all"], "identifier": "https://wallet.example/bob" });
    let quote = json!({ "type": "quote", "actions": ["create"] });
    let granted: Vec<_> = [&outgoing(), &incoming, &quote]
        .into_iter()
        .map(|item| access(item).to_right())
        .collect();
    let need = |kind: &str, actions: &[&str], identifier: Option<&str>| {
        let mut item = json!({ "type": kind, "actions": actions });
        if let Some(identifier) = identifier {
            item["identifier"] = json!(identifier);
        }
        item
    };
    let (alice, bob) = ("https://wallet.example/alice", "https://wallet.example/bob");
    let mut with_limits = need("outgoing-payment", &["create"], Some(alice));
    with_limits["limits"] = outgoing()["limits"].clone();
    let mut other_limits = with_limits.clone();
    other_limits["limits"]["debitAmount"]["value"] = json!("400");
    let cases = [
        (
            "what was granted",
            json!([need("outgoing-payment", &["create"], Some(alice))]),
            vec![0],
        ),
        (
            "without a wallet",
            json!([need("outgoing-payment", &["create"], None)]),
            vec![0],
        ),
        (
            "all for the client's own",
            json!([need("incoming-payment", &["read"], Some(bob))]),
            vec![1],
        ),
        (
            "a right without a wallet",
            json!([need("quote", &["create"], Some(bob))]),
            vec![2],
        ),
        ("the same limits", json!([with_limits]), vec![0]),
        ("other limits", json!([other_limits]), vec![]),
        (
            "another wallet",
            json!([need("outgoing-payment", &["create"], Some(bob))]),
            vec![],
        ),
        (
            "another action",
            json!([need("incoming-payment", &["complete"], Some(bob))]),
            vec![],
        ),
        (
            "one of two actions",
            json!([need("incoming-payment", &["create", "complete"], Some(bob))]),
            vec![],
        ),
        (
            "two needs",
            json!([
                need("quote", &["create"], None),
                need("incoming-payment", &["read"], None)
            ]),
            vec![2, 1],
        ),
        (
            "two needs with one answer",
            json!([
                need("incoming-payment", &["create"], None),
                need("incoming-payment", &["read"], None)
            ]),
            vec![1],
        ),
        ("no need", json!([]), vec![]),
    ];
    for (name, needs, want) in cases {
        let body = json!({ "access_token": "9F3C0A", "access": needs });
        let asked = PaymentsIntrospection::parse(&bytes(&body)).unwrap();
        let want: Vec<_> = want
            .into_iter()
            .map(|index: usize| granted[index].clone())
            .collect();
        assert_eq!(asked.answered_by(&granted), want, "{name}");
    }
    let untold = PaymentsIntrospection::parse(br#"{"access_token":"9F3C0A"}"#).unwrap();
    assert!(untold.answered_by(&granted).is_empty());
    assert_eq!(untold.access_token.unwrap().reveal(), "9F3C0A");
    // A right of another protocol answers nothing here.
    let other = [AccessRight::Reference("quote".to_owned())];
    let body = json!({ "access_token": "9F3C0A", "access": [need("quote", &["create"], None)] });
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
