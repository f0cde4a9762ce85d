//! Properties: parsers never panic, what is printed reads back the same, and nothing wider lies within what is narrower.

use placet_gnap::{
    access::{AccessRight, new_in},
    open_payments::{
        Amount, AmountLimit, Limits, PaymentAccess, PaymentsIntrospection, PaymentsRequest,
        RepeatingInterval, WalletAddress, WalletDocument, WalletKeys, continue_request, describe,
    },
    request::{
        ContinueRequest, GrantRequest, ModifyRequest, RotateRequest,
        resource_server::{IntrospectionRequest, RegistrationRequest},
    },
    response::TokenValue,
    subject::SubjectIdentifier,
};
use proptest::prelude::{
    any, prop, prop_assert, prop_assert_eq, prop_assume, prop_compose, proptest,
};
use proptest::strategy::{Just, Strategy};
use serde_json::{Map, Value, json};

use crate::sample::{bytes, grant, payments};

/// JSON values as an attacker may nest them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "bearer|redirect|push|read|create|opaque|uri|[a-z]{1,4}://[a-z./#]{0,9}"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Numbers that every reader takes for the same ones.
fn safe_number() -> impl Strategy<Value = Value> {
    proptest::prop_oneof![
        (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        (-1e-9..1e-9).prop_map(Value::from),
    ]
}

fn safe_json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        safe_number(),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        proptest::prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

prop_compose! {
    fn right_json()(
        kind in ".{1,8}",
        actions in prop::option::of(prop::collection::vec("[a-c]", 0..4)),
        locations in prop::option::of(prop::collection::vec("[a-c]", 0..3)),
        identifier in prop::option::of("[a-b]"),
        other in prop::collection::btree_map("x.{0,3}", safe_json(), 0..3),
    ) -> Map<String, Value> {
        let mut members: Map<_, _> = other.into_iter().collect();
        members.insert("type".to_owned(), kind.into());
        if let Some(actions) = actions {
            members.insert("actions".to_owned(), actions.into());
        }
        if let Some(locations) = locations {
            members.insert("locations".to_owned(), locations.into());
        }
        if let Some(identifier) = identifier {
            members.insert("identifier".to_owned(), identifier.into());
        }
        members
    }
}

/// The text of an object with its members in another order.
fn shuffled(members: &Map<String, Value>, seed: usize) -> String {
    let mut entries: Vec<_> = members.iter().collect();
    let length = entries.len().max(1);
    entries.rotate_left(seed % length);
    let entry = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Object(inner) => shuffled(inner, seed),
            other => other.to_string(),
        };
        format!("{}: {value}", Value::from(name.clone()))
    };
    let entries: Vec<_> = entries.into_iter().rev().map(entry).collect();
    format!("{{ {} }}", entries.join(" , "))
}

fn parse_all(body: &[u8]) {
    let wallet = WalletAddress::parse("https://wallet.example/alice").unwrap();
    drop((
        GrantRequest::parse(body),
        ContinueRequest::parse(body),
        ModifyRequest::parse(body),
        RotateRequest::parse(body),
        IntrospectionRequest::parse(body),
        RegistrationRequest::parse(body),
        PaymentsRequest::parse(body),
        PaymentsIntrospection::parse(body),
        continue_request(body),
        WalletDocument::parse(body, &wallet),
        WalletKeys::parse(body),
    ));
}

fn payment(debit: bool, value: u64, receiver: bool, interval: bool) -> PaymentAccess {
    let amount = Amount {
        value,
        asset_code: "USD".to_owned(),
        asset_scale: 2,
    };
    let limits = Limits {
        receiver: receiver.then(|| "https://wallet.example/incoming-payments/1".to_owned()),
        amount: Some(if debit {
            AmountLimit::Debit(amount)
        } else {
            AmountLimit::Receive(amount)
        }),
        interval: interval.then(|| RepeatingInterval::parse("R/2026-01-01T00:00:00Z/P1M").unwrap()),
    };
    let body = json!({ "type": "outgoing-payment", "actions": ["create"], "identifier": "https://wallet.example/a" });
    let right = AccessRight::parse(&body.to_string()).unwrap();
    PaymentAccess {
        limits: Some(limits),
        ..PaymentAccess::from_right(&right).unwrap()
    }
}

proptest! {
    #[test]
    fn parsers_never_panic_on_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        parse_all(&body);
    }

    #[test]
    fn parsers_never_panic_on_text(text in ".{0,200}") {
        parse_all(text.as_bytes());
        drop(AccessRight::parse(&text));
        drop((RepeatingInterval::parse(&text), WalletAddress::parse(&text), TokenValue::parse(&text)));
    }

    #[test]
    fn hostile_json_anywhere_never_panics(
        place in prop::sample::select(vec![
            "/access_token", "/access_token/access", "/access_token/access/0", "/access_token/label",
            "/access_token/flags", "/subject", "/client", "/client/key", "/client/key/jwk", "/client/display",
            "/user", "/interact", "/interact/start", "/interact/finish", "/interact/finish/uri",
            "/interact/finish/nonce", "/interact/hints",
        ]),
        value in any_json(),
    ) {
        let mut body = grant();
        *body.pointer_mut(place).unwrap() = value;
        if let Ok(asked) = GrantRequest::parse(&bytes(&body))
            && let Some(tokens) = asked.tokens
        {
            for token in &tokens {
                prop_assert!(!token.access.is_empty());
            }
        }
    }

    #[test]
    fn hostile_json_anywhere_in_a_payment_never_panics(
        place in prop::sample::select(vec![
            "/access_token", "/access_token/access", "/access_token/access/0", "/access_token/access/0/actions",
            "/access_token/access/0/identifier", "/access_token/access/0/limits",
            "/access_token/access/0/limits/receiver", "/access_token/access/0/limits/interval",
            "/access_token/access/0/limits/debitAmount", "/access_token/access/0/limits/debitAmount/value",
            "/access_token/access/0/limits/debitAmount/assetScale", "/client", "/interact",
        ]),
        value in any_json(),
    ) {
        let mut body = payments();
        *body.pointer_mut(place).unwrap() = value;
        if let Ok(asked) = PaymentsRequest::parse(&bytes(&body)) {
            for access in asked.access {
                let right = access.to_right();
                prop_assert_eq!(PaymentAccess::from_right(&right), Ok(access.clone()));
                let stored = AccessRight::parse(&right.canonical()).unwrap();
                prop_assert_eq!(describe(&stored).map(|payment| payment.kind), Some(access.kind));
                prop_assert!(access.is_within(&access) && access.suffices_for(&access));
            }
        }
    }

    #[test]
    fn rfc8785_the_canonical_text_does_not_depend_on_the_order(members in right_json(), seed in any::<usize>()) {
        let right = AccessRight::parse(&Value::Object(members.clone()).to_string()).unwrap();
        let again = AccessRight::parse(&shuffled(&members, seed)).unwrap();
        prop_assert_eq!(&again, &right);
        prop_assert_eq!(again.canonical(), right.canonical());
        // What is printed reads back as the same, and prints as the same.
        let read = AccessRight::parse(&right.canonical()).unwrap();
        prop_assert_eq!(&read, &right);
        prop_assert_eq!(read.canonical(), right.canonical());
        let plain = serde_json::to_string(&right).unwrap();
        prop_assert_eq!(AccessRight::parse(&plain), Ok(right));
    }

    #[test]
    fn rfc8785_3_2_2_3_numbers_read_back_as_the_same_double(number in -9e15..9e15_f64) {
        let right = AccessRight::parse(&json!({ "type": "t", "x": number }).to_string()).unwrap();
        let printed: Value = serde_json::from_str(&right.canonical()).unwrap();
        prop_assert_eq!(printed["x"].as_f64().map(f64::to_bits), Some((number + 0.0).to_bits()));
    }

    #[test]
    fn a_right_lies_within_itself_and_order_is_kept(one in right_json(), two in right_json(), three in right_json()) {
        let read = |members: Map<_, _>| AccessRight::parse(&Value::Object(members).to_string()).unwrap();
        let (one, two, three) = (read(one), read(two), read(three));
        prop_assert!(one.is_within(&one));
        if one.is_within(&two) && two.is_within(&three) {
            prop_assert!(one.is_within(&three));
        }
        let list = [one.clone(), two];
        prop_assert_eq!(new_in(std::slice::from_ref(&one), &list).count(), 0);
    }

    #[test]
    fn an_action_more_never_lies_within(members in right_json(), extra in "[d-z]") {
        let mut members = members;
        members.entry("actions").or_insert_with(|| json!(["a"]));
        let granted = AccessRight::parse(&Value::Object(members.clone()).to_string()).unwrap();
        let mut wider = members;
        if let Some(Value::Array(actions)) = wider.get_mut("actions") {
            actions.push(extra.into());
        }
        let wider = AccessRight::parse(&Value::Object(wider).to_string()).unwrap();
        prop_assert!(!wider.is_within(&granted) && granted.is_within(&wider));
    }

    #[test]
    fn g14_widened_limits_never_lie_within(
        debit in any::<bool>(), value in 0..u64::MAX, more in 1..u64::MAX, receiver in any::<bool>(), interval in any::<bool>(),
    ) {
        let granted = payment(debit, value, receiver, interval);
        let wider = payment(debit, value.saturating_add(more), receiver, interval);
        prop_assert!(!wider.is_within(&granted) && granted.is_within(&wider));
        prop_assert!(!wider.to_right().is_within(&granted.to_right()));
        let other_kind = payment(!debit, value, receiver, interval);
        prop_assert!(!other_kind.is_within(&granted));
        if receiver {
            prop_assert!(!payment(debit, value, false, interval).is_within(&granted));
        }
        prop_assert!(!payment(debit, value, receiver, !interval).is_within(&granted));
        let unlimited = PaymentAccess { limits: None, ..granted.clone() };
        prop_assert!(!unlimited.is_within(&granted) && granted.is_within(&unlimited));
    }

    #[test]
    fn amounts_are_shown_without_losing_a_digit(value in any::<u64>(), asset_scale in any::<u8>()) {
        let shown = Amount { value, asset_code: "USD".to_owned(), asset_scale }.decimal();
        let digits = shown.replace('.', "");
        prop_assert_eq!(digits.trim_start_matches('0').parse().unwrap_or(0), value);
        let places = shown.split_once('.').map_or(0, |(_, places)| places.len());
        prop_assert_eq!(places, usize::from(asset_scale));
    }

    #[test]
    fn intervals_follow_each_other_without_gap(
        year in 1970..2100_i32, month in 1..13, day in 1..29, count in 0..30_u32,
        months in 0..30_i32, days in 0..40_i32, hours in 0..30_i32, backwards in any::<bool>(),
    ) {
        prop_assume!(months + days + hours > 0);
        let moment = format!("{year:04}-{month:02}-{day:02}T10:00:00Z");
        let length = if hours == 0 { format!("P{months}M{days}D") } else { format!("P{months}M{days}DT{hours}H") };
        let text = if backwards { format!("R{count}/{length}/{moment}") } else { format!("R{count}/{moment}/{length}") };
        let interval = RepeatingInterval::parse(&text).unwrap();
        prop_assert_eq!(interval.as_str(), text.as_str());
        let all: Vec<_> = interval.iter().collect();
        prop_assert_eq!(all.len(), usize::try_from(count).unwrap() + 1);
        for pair in all.windows(2) {
            let (earlier, later) = if backwards { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
            prop_assert_eq!(earlier.end, later.start);
        }
        for one in &all {
            prop_assert!(one.start < one.end);
            prop_assert_eq!(interval.at(one.start), Some(*one));
        }
        let after = all.iter().map(|one| one.end).max().unwrap();
        prop_assert_eq!(interval.at(after), None);
    }

    #[test]
    fn hostile_names_never_panic(value in any_json(), format in "account|aliases|did|email|iss_sub|opaque|phone_number|uri") {
        let mut named = json!({ "format": format });
        for member in ["uri", "identifiers", "url", "email", "iss", "sub", "id", "phone_number"] {
            named[member] = value.clone();
        }
        if let Some(read) = SubjectIdentifier::parse(&named) {
            prop_assert_eq!(SubjectIdentifier::parse(&read.to_value()), Some(read));
        }
    }
}
