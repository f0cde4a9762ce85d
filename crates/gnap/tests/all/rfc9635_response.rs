//! RFC 9635 §3: what a client is answered, in both profiles.

use placet_core::time::{Lifetime, Timestamp};
use placet_gnap::{
    Profile,
    access::AccessRight,
    response::{
        AccessToken, AssertionValue, Binding, Continue, GrantResponse, InteractAnswer, Manage,
        SubjectAnswer, TokenValue, Tokens, UserCodeUri, rotated,
    },
    subject::{AssertionFormat, SubjectIdentifier},
};
use serde_json::{Value, json};

use crate::sample::jwk;

fn value(text: &str) -> TokenValue {
    TokenValue::parse(text).unwrap()
}

fn continuation() -> Continue {
    Continue {
        uri: "https://as.example/continue/4CF4".to_owned(),
        access_token: value("80UPRY5NM33OMUKMKSKU"),
        wait: Some(Lifetime::from_secs(30)),
    }
}

fn token() -> AccessToken {
    AccessToken {
        value: value("OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0"),
        label: Some("token1".to_owned()),
        manage: Some(Manage {
            uri: "https://as.example/token/PRY5NM33O".to_owned(),
            access_token: value("B8CDFONP21-4TB8N6.BW7ONM"),
        }),
        access: vec![
            AccessRight::parse(r#"{"type":"photo-api","actions":["read"]}"#).unwrap(),
            AccessRight::parse(r#""dolphin-metadata""#).unwrap(),
        ],
        expires_in: Some(Lifetime::from_millis(599_900)),
        binding: Binding::ClientKey,
        durable: true,
    }
}

fn granted(tokens: Tokens) -> GrantResponse {
    GrantResponse {
        continuation: Some(continuation()),
        tokens: Some(tokens),
        ..GrantResponse::default()
    }
}

#[test]
fn rfc9635_3_a_pending_grant_in_the_order_of_the_examples() {
    let pending = GrantResponse {
        instance_id: Some(value("7C7C4AZ9KHRS6X63AJAO")),
        continuation: Some(continuation()),
        interact: Some(InteractAnswer {
            redirect: Some("https://as.example/interact/4CF4".to_owned()),
            app: Some("com.example.wallet:/4CF4".to_owned()),
            user_code: Some("BCDF-GHJK".to_owned()),
            user_code_uri: UserCodeUri::new("BCDF-GHJK", "https://as.example/d"),
            finish: Some("MBDOFXG4Y5CVJCX821LH".to_owned()),
            expires_in: Some(Lifetime::from_secs(600)),
        }),
        ..GrantResponse::default()
    };
    let want = concat!(
        r#"{"instance_id":"7C7C4AZ9KHRS6X63AJAO","interact":{"redirect":"https://as.example/interact/4CF4","#,
        r#""app":"com.example.wallet:/4CF4","user_code":"BCDF-GHJK","user_code_uri":{"code":"BCDF-GHJK","#,
        r#""uri":"https://as.example/d"},"finish":"MBDOFXG4Y5CVJCX821LH","expires_in":600},"continue":{"#,
        r#""access_token":{"value":"80UPRY5NM33OMUKMKSKU"},"uri":"https://as.example/continue/4CF4","wait":30}}"#,
    );
    assert_eq!(pending.json(Profile::Rfc9635), want);
}

#[test]
fn rfc9635_3_the_reply_is_json_that_nobody_stores() {
    for profile in [Profile::Rfc9635, Profile::OpenPayments] {
        let reply = granted(Tokens::Single(token())).reply(profile);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(reply.headers["content-type"], "application/json");
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(
            body.to_string(),
            serde_json::from_str::<Value>(&granted(Tokens::Single(token())).json(profile))
                .unwrap()
                .to_string()
        );
    }
}

#[test]
fn rfc9635_3_2_1_a_token_tells_all_of_itself() {
    let want = concat!(
        r#"{"continue":{"access_token":{"value":"80UPRY5NM33OMUKMKSKU"},"uri":"https://as.example/continue/4CF4","wait":30},"#,
        r#""access_token":{"value":"OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0","label":"token1","manage":{"#,
        r#""uri":"https://as.example/token/PRY5NM33O","access_token":{"value":"B8CDFONP21-4TB8N6.BW7ONM"}},"#,
        r#""access":[{"type":"photo-api","actions":["read"]},"dolphin-metadata"],"expires_in":599,"flags":["durable"]}}"#,
    );
    assert_eq!(
        granted(Tokens::Single(token())).json(Profile::Rfc9635),
        want
    );
}

#[test]
fn rfc9635_3_2_1_a_bearer_token_has_no_key() {
    let printed = |binding: Binding| {
        let token = AccessToken {
            binding,
            durable: false,
            ..token()
        };
        let json = granted(Tokens::Single(token)).json(Profile::Rfc9635);
        serde_json::from_str::<Value>(&json).unwrap()["access_token"].clone()
    };
    let bearer = printed(Binding::Bearer);
    assert_eq!(
        (&bearer["flags"], bearer.get("key")),
        (&json!(["bearer"]), None)
    );
    let own = printed(Binding::ClientKey);
    assert_eq!((own.get("flags"), own.get("key")), (None, None));
    let key = json!({ "proof": "httpsig", "jwk": jwk() });
    let other = printed(Binding::Key(key.clone()));
    assert_eq!((other.get("flags"), &other["key"]), (None, &key));
}

#[test]
fn rfc9635_3_2_2_several_stay_several_even_when_one_was_granted() {
    let one = granted(Tokens::Several(vec![token()])).json(Profile::Rfc9635);
    let one: Value = serde_json::from_str(&one).unwrap();
    assert_eq!(one["access_token"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["access_token"][0]["label"], "token1");
}

#[test]
fn rfc9635_3_2_1_a_token_is_what_a_header_can_hold() {
    for text in ["a", "A-._~+/9", "YWJj==", "B8CDFONP21-4TB8N6.BW7ONM"] {
        assert_eq!(
            TokenValue::parse(text).map(|value| value.reveal().to_owned()),
            Some(text.to_owned())
        );
    }
    let long = "a".repeat(16 * 1024 + 1);
    for text in ["", "=", "a b", "a=b", "ü", "a,b", "a\n", "\"a\"", &long] {
        assert!(TokenValue::parse(text).is_none(), "{text}");
    }
}

#[test]
fn c15_answers_do_not_print_their_secrets() {
    let response = GrantResponse {
        instance_id: Some(value("7C7C4AZ9KHRS6X63AJAO")),
        subject: Some(SubjectAnswer {
            assertions: vec![AssertionValue {
                format: AssertionFormat::IdToken,
                value: "eyJ".to_owned(),
            }],
            ..SubjectAnswer::default()
        }),
        ..granted(Tokens::Single(token()))
    };
    let printed = format!("{response:?}");
    for secret in ["OS9M2PMH", "80UPRY5N", "B8CDFONP", "7C7C4AZ9", "eyJ"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn rfc9635_3_3_4_the_address_does_not_give_the_code_away() {
    for (uri, good) in [
        ("https://as.example/d", true),
        ("https://as.example/d?code=BCDF-GHJK", false),
        ("https://as.example/BCDFGHJK", false),
        ("https://as.example/bcdf/ghjk", false),
    ] {
        assert_eq!(UserCodeUri::new("BCDF-GHJK", uri).is_some(), good, "{uri}");
    }
    let both = UserCodeUri::new("BCDF-GHJK", "https://as.example/d").unwrap();
    assert_eq!(
        (both.code(), both.uri()),
        ("BCDF-GHJK", "https://as.example/d")
    );
}

#[test]
fn rfc9635_3_4_who_the_person_is() {
    let subject = SubjectAnswer {
        sub_ids: vec![
            SubjectIdentifier::Opaque {
                id: "J2G8G8O4AZ".to_owned(),
            },
            SubjectIdentifier::Uri {
                uri: "https://wallet.example/alice".to_owned(),
            },
        ],
        assertions: vec![AssertionValue {
            format: AssertionFormat::IdToken,
            value: "eyJ".to_owned(),
        }],
        updated_at: Some(Timestamp::from_millis(1_767_225_600_999)),
    };
    let response = GrantResponse {
        subject: Some(subject),
        ..GrantResponse::default()
    };
    let plain = concat!(
        r#"{"subject":{"sub_ids":[{"format":"opaque","id":"J2G8G8O4AZ"},{"format":"uri","uri":"https://wallet.example/alice"}],"#,
        r#""assertions":[{"format":"id_token","value":"eyJ"}],"updated_at":"2026-01-01T00:00:00Z"}}"#,
    );
    assert_eq!(response.json(Profile::Rfc9635), plain);
    let payments =
        r#"{"subject":{"sub_ids":[{"format":"uri","id":"https://wallet.example/alice"}]}}"#;
    let payments: Value = serde_json::from_str(payments).unwrap();
    let printed: Value = serde_json::from_str(&response.json(Profile::OpenPayments)).unwrap();
    assert_eq!(printed, payments);
}

#[test]
fn a_token_of_the_payments_profile_has_four_members() {
    let bearer = AccessToken {
        binding: Binding::Bearer,
        ..token()
    };
    let other = AccessToken {
        binding: Binding::Key(jwk()),
        ..token()
    };
    for token in [token(), bearer, other] {
        let json = granted(Tokens::Single(token)).json(Profile::OpenPayments);
        let want = concat!(
            r#"{"access_token":{"value":"OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0","#,
            r#""manage":"https://as.example/token/PRY5NM33O","expires_in":599,"#,
            r#""access":[{"type":"photo-api","actions":["read"]},"dolphin-metadata"]},"#,
            r#""continue":{"access_token":{"value":"80UPRY5NM33OMUKMKSKU"},"uri":"https://as.example/continue/4CF4"}}"#,
        );
        assert_eq!(json, want);
    }
}

#[test]
fn the_payments_profile_tells_the_wait_while_pending_only() {
    let pending = GrantResponse {
        instance_id: Some(value("7C7C4AZ9KHRS6X63AJAO")),
        continuation: Some(continuation()),
        interact: Some(InteractAnswer {
            redirect: Some("https://as.example/interact/1/n".to_owned()),
            finish: Some("n".to_owned()),
            ..InteractAnswer::default()
        }),
        ..GrantResponse::default()
    };
    let want = concat!(
        r#"{"interact":{"redirect":"https://as.example/interact/1/n","finish":"n"},"continue":{"#,
        r#""access_token":{"value":"80UPRY5NM33OMUKMKSKU"},"uri":"https://as.example/continue/4CF4","wait":30}}"#,
    );
    assert_eq!(pending.json(Profile::OpenPayments), want);
}

#[test]
fn rfc9635_6_1_a_rotation_tells_the_new_token_alone() {
    let body = |profile| {
        let reply = rotated(&token(), profile);
        assert_eq!(reply.status, 200);
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let plain = body(Profile::Rfc9635);
    assert_eq!(plain.as_object().unwrap().len(), 1);
    assert_eq!(
        plain["access_token"]["manage"]["access_token"]["value"],
        "B8CDFONP21-4TB8N6.BW7ONM"
    );
    let payments = body(Profile::OpenPayments);
    assert_eq!(
        payments["access_token"]["manage"],
        "https://as.example/token/PRY5NM33O"
    );
}
