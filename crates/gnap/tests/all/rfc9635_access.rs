//! RFC 9635 §8: rights in one normal form, and which lies within which.

use placet_gnap::{
    GnapError,
    access::{AccessRight, MAX_RIGHT_BYTES, new_in},
};
use serde_json::{Value, json};

use crate::sample::{rows, told, with};

fn right(value: &Value) -> AccessRight {
    AccessRight::parse(&value.to_string()).unwrap()
}

#[test]
fn rfc8785_3_2_one_value_has_one_text() {
    let cases = [
        (
            "a reference",
            r#" "dolphin-metadata" "#,
            r#""dolphin-metadata""#,
        ),
        (
            "any letters",
            r#""\u00fc \u20ac \ud83d\ude00""#,
            "\"ü € \u{1f600}\"",
        ),
        (
            "order",
            r#"{"b":1,"type":"t","a":2}"#,
            r#"{"a":2,"b":1,"type":"t"}"#,
        ),
        (
            "order inside",
            r#"{"type":"t","x":{"b":[{"d":1,"c":2}],"a":3}}"#,
            r#"{"type":"t","x":{"a":3,"b":[{"c":2,"d":1}]}}"#,
        ),
        (
            "order of a list stays",
            r#"{"type":"t","actions":["b","a"]}"#,
            r#"{"actions":["b","a"],"type":"t"}"#,
        ),
        ("spaces", "{ \"type\" :\n\"t\" }", r#"{"type":"t"}"#),
        (
            "escapes",
            r#"{"type":"t","x":"\u0041\/\u000a\u0008\u001f\u007f\"\\"}"#,
            "{\"type\":\"t\",\"x\":\"A/\\n\\b\\u001f\u{7f}\\\"\\\\\"}",
        ),
        // Sorted by UTF-16: the escape of U+1F600 begins with D83D, which is less than FB33.
        (
            "sorted by UTF-16",
            "{\"\u{fb33}\":1,\"\u{1f600}\":2,\"type\":\"t\"}",
            "{\"type\":\"t\",\"\u{1f600}\":2,\"\u{fb33}\":1}",
        ),
        (
            "whole",
            r#"{"type":"t","x":[1.0,-0.0,0,1e2,-7,9007199254740991]}"#,
            r#"{"type":"t","x":[1,0,0,100,-7,9007199254740991]}"#,
        ),
        (
            "fractions",
            r#"{"type":"t","x":[0.5,-32.364,4.50,2e-3,0.000001,1e-7,1.5e-9]}"#,
            r#"{"type":"t","x":[0.5,-32.364,4.5,0.002,0.000001,1e-7,1.5e-9]}"#,
        ),
        // A reader that is not exact takes these for the doubles beside them.
        (
            "doubles as they were written",
            r#"{"type":"t","x":[9.13865093322989e-10,-1945180438432738.3]}"#,
            r#"{"type":"t","x":[9.13865093322989e-10,-1945180438432738.2]}"#,
        ),
        (
            "words",
            r#"{"type":"t","x":[true,false,null]}"#,
            r#"{"type":"t","x":[true,false,null]}"#,
        ),
    ];
    for (name, text, want) in cases {
        let read = AccessRight::parse(text).unwrap();
        assert_eq!(read.canonical(), want, "{name}");
        assert_eq!(AccessRight::parse(want).unwrap(), read, "{name}");
    }
}

const NO_RIGHTS: &str = r#"
    read                                    | The access right is not JSON without repeated members.
    {"type":"t","type":"u"}                 | The access right is not JSON without repeated members.
    {"type":"t","x":{"a":1,"a":2}}          | The access right is not JSON without repeated members.
    {"type":"t","x":1e400}                  | The access right is not JSON without repeated members.
    7                                       | access is neither a string nor an object.
    null                                    | access is neither a string nor an object.
    []                                      | access is neither a string nor an object.
    ""                                      | access is empty.
    {}                                      | access.type is missing.
    {"actions":["read"]}                    | access.type is missing.
    {"type":7}                              | access.type is not a string.
    {"type":""}                             | access.type is empty.
    {"type":"t","actions":"read"}           | access.actions is not an array.
    {"type":"t","actions":[1]}              | access.actions[0] is not a string.
    {"type":"t","locations":null}           | access.locations is not an array.
    {"type":"t","datatypes":{}}             | access.datatypes is not an array.
    {"type":"t","privileges":[[]]}          | access.privileges[0] is not a string.
    {"type":"t","identifier":7}             | access.identifier is not a string.
    {"type":"t","x":9007199254740992}       | access holds a number beyond 2^53, which readers of JSON take for different ones.
    {"type":"t","x":-9007199254740992}      | access holds a number beyond 2^53, which readers of JSON take for different ones.
    {"type":"t","x":[18446744073709551615]} | access holds a number beyond 2^53, which readers of JSON take for different ones.
    {"type":"t","x":{"y":1e300}}            | access holds a number beyond 2^53, which readers of JSON take for different ones.
"#;

#[test]
fn rfc9635_8_what_is_no_right_is_refused() {
    let refused = |text: &str, want: &str| {
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(told(AccessRight::parse(text)), want, "{text}");
    };
    let lines = NO_RIGHTS.lines().filter_map(|line| line.split_once(" | "));
    assert_eq!(lines.clone().count(), 22);
    for (text, want) in lines {
        refused(text.trim(), want);
    }
    let long = json!({ "type": "t", "x": "y".repeat(MAX_RIGHT_BYTES) }).to_string();
    let deep = format!(
        r#"{{"type":"t","x":{}1{}}}"#,
        "[".repeat(30),
        "]".repeat(30)
    );
    refused(&long, "access is too long.");
    refused(&deep, "The access right is nested too deeply.");
}

#[test]
fn rfc9635_8_members_are_printed_in_the_order_of_the_specification() {
    let sent = json!({
        "zone": 1, "privileges": ["p"], "identifier": "i", "datatypes": ["d"], "locations": ["l"],
        "actions": ["a"], "type": "t",
    });
    let printed = serde_json::to_string(&right(&sent)).unwrap();
    let want = r#"{"type":"t","actions":["a"],"locations":["l"],"datatypes":["d"],"identifier":"i","privileges":["p"],"zone":1}"#;
    assert_eq!(printed, want);
    let least = serde_json::to_string(&right(&json!({ "type": "t", "identifier": "i" }))).unwrap();
    assert_eq!(least, r#"{"type":"t","identifier":"i"}"#);
}

const WITHIN: &str = r#"
    /actions    | ["write","read"]      | within
    '           | ["read"]              | within
    '           | []                    | within
    '           | ["read","delete"]     | not
    '           | ["Read"]              | not
    '           | -                     | not
    /locations  | ["https://a.example"] | not
    '           | -                     | not
    /datatypes  | ["images"]            | within
    /privileges | ["admin"]             | within
    /type       | "Photo-api"           | not
    '           | "photo-api "          | not
    /identifier | "8"                   | not
    '           | -                     | not
    /max        | 6                     | not
    '           | 4                     | not
    '           | "5"                   | not
    '           | 5.0                   | within
    '           | -                     | not
    /min        | 1                     | not
"#;

#[test]
fn g14_rfc9635_8_what_lies_within_what() {
    let granted = json!({
        "type": "photo-api", "actions": ["read", "write"], "locations": ["https://a.example/"],
        "identifier": "7", "max": 5,
    });
    assert!(right(&granted).is_within(&right(&granted)));
    for (change, want) in rows(WITHIN) {
        let asked = right(&with(granted.clone(), &change));
        assert_eq!(
            asked.is_within(&right(&granted)),
            want == "within",
            "{change:?}"
        );
    }
    assert!(right(&json!("read")).is_within(&right(&json!("read"))));
    assert!(!right(&json!("read")).is_within(&right(&json!("read "))));
    assert!(!right(&granted).is_within(&right(&json!("photo-api"))));
    // Nothing is restricted where a list is absent.
    assert!(right(&granted).is_within(&right(&json!({ "type": "photo-api", "max": 5 }))));
}

#[test]
fn rfc9635_5_3_what_is_new_needs_a_person() {
    let list = |values: &[Value]| values.iter().map(right).collect::<Vec<_>>();
    let granted = list(&[
        json!("foo"),
        json!({ "type": "t", "actions": ["read"] }),
        json!({ "type": "t", "actions": ["write"] }),
    ]);
    let asked = list(&[
        json!("foo"),
        json!("bar"),
        json!({ "type": "t", "actions": ["read"], "identifier": "1" }),
        // No single right holds both, and nobody was asked about both together.
        json!({ "type": "t", "actions": ["read", "write"] }),
    ]);
    let new: Vec<_> = new_in(&asked, &granted).cloned().collect();
    assert_eq!(new, [asked[1].clone(), asked[3].clone()]);
    assert_eq!(new_in(&granted, &granted).count(), 0);
    assert_eq!(new_in(&asked, &[]).count(), asked.len());
}
