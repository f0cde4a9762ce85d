//! Open Payments: wallets as clients, their documents and their keys.

use placet_gnap::open_payments::{
    PaymentJwk, WalletAddress, WalletDocument, WalletFault, WalletKeys,
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, jwk, with};

fn alice() -> WalletAddress {
    WalletAddress::parse("https://wallet.example/alice").unwrap()
}

fn document() -> Value {
    json!({
        "id": "https://wallet.example/alice",
        "publicName": "Alice",
        "assetCode": "USD",
        "assetScale": 2,
        "authServer": "https://auth.wallet.example/cf5fd7d3",
        "resourceServer": "https://wallet.example/op",
    })
}

#[test]
fn open_payments_1_3_what_is_a_wallet_address() {
    for (text, keys) in [
        ("https://wallet.example", "https://wallet.example/jwks.json"),
        (
            "https://wallet.example/alice",
            "https://wallet.example/alice/jwks.json",
        ),
        (
            "https://wallet.example/.well-known/pay",
            "https://wallet.example/.well-known/pay/jwks.json",
        ),
        (
            "https://wallet.example:8443/a%20b",
            "https://wallet.example:8443/a%20b/jwks.json",
        ),
        (
            "http://localhost:3000/alice",
            "http://localhost:3000/alice/jwks.json",
        ),
    ] {
        let address = WalletAddress::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            (address.as_str(), address.jwks_url().as_str()),
            (text, keys)
        );
    }
}

#[test]
fn c13_g15_what_is_no_wallet_address() {
    let cases = [
        "",
        "alice",
        "$wallet.example/alice",
        "$wallet.example",
        "wallet.example/alice",
        "/alice",
        "//wallet.example/alice",
        "http://wallet.example/alice",
        "http://localhost.evil.example/alice",
        "ftp://wallet.example/alice",
        "https:wallet.example",
        "https://",
        "https:///alice",
        "https://user@wallet.example/alice",
        "https://user:pw@wallet.example/alice",
        "https://@wallet.example/alice",
        "https://wallet.example/alice?x=1",
        "https://wallet.example/alice?",
        "https://wallet.example/alice#x",
        "https://wallet.example/alice#",
        "https://wallet.example/a/../b",
        "https://wallet.example/a/%2e%2e/b",
        "https://wallet.example/a b",
        "https://wallet.example\\@evil.example/",
        "https://wallet.exämple/alice",
        "javascript:alert(1)",
    ];
    for text in cases {
        assert_eq!(WalletAddress::parse(text), None, "{text}");
    }
}

#[test]
fn open_payments_1_3_a_document_is_read() {
    let read = WalletDocument::parse(&bytes(&document()), &alice()).unwrap();
    assert_eq!(read.public_name.as_deref(), Some("Alice"));
    assert_eq!((read.asset_code.as_str(), read.asset_scale), ("USD", 2));
    assert_eq!(read.auth_server, "https://auth.wallet.example/cf5fd7d3");
    assert_eq!(read.resource_server, "https://wallet.example/op");
    let nameless = with(document(), &("/publicName", None));
    let read = WalletDocument::parse(&bytes(&nameless), &alice()).unwrap();
    assert_eq!(read.public_name, None);
    let more = with(document(), &("/additional", Some(json!({ "a": 1 }))));
    assert!(WalletDocument::parse(&bytes(&more), &alice()).is_ok());
}

#[test]
fn g15_a_document_of_another_wallet_lends_nobody_its_name() {
    let same = [
        "https://wallet.example/alice",
        "https://wallet.example/alice/",
        "https://WALLET.example:443/alice",
    ];
    let other = [
        "https://wallet.example/bob",
        "https://wallet.example/alice/x",
        "https://wallet.example/Alice",
        "https://wallet.example",
        "https://evil.example/alice",
        "https://wallet.example:444/alice",
        "http://wallet.example/alice",
        "https://wallet.example/alice?x",
        "$wallet.example/alice",
        "alice",
    ];
    let read = |id: &str| {
        let body = with(document(), &("/id", Some(json!(id))));
        WalletDocument::parse(&bytes(&body), &alice())
    };
    for id in same {
        assert!(read(id).is_ok(), "{id}");
    }
    for id in other {
        assert_eq!(read(id), Err(WalletFault::OtherWallet), "{id}");
    }
}

#[test]
fn open_payments_1_3_what_is_no_document() {
    let cases: Vec<(Change, &str)> = vec![
        (("/id", None), "id is missing."),
        (("/id", Some(json!(7))), "id is not a string."),
        (
            ("/publicName", Some(json!(7))),
            "publicName is not a string.",
        ),
        (("/publicName", Some(json!(""))), "publicName is empty."),
        (("/assetCode", None), "assetCode is missing."),
        (("/assetScale", None), "assetScale is missing."),
        (
            ("/assetScale", Some(json!(256))),
            "assetScale is not a whole number up to 255.",
        ),
        (
            ("/assetScale", Some(json!("2"))),
            "assetScale is not a whole number up to 255.",
        ),
        (("/authServer", None), "authServer is missing."),
        (
            ("/authServer", Some(json!("/auth"))),
            "authServer is not an https URI.",
        ),
        (
            ("/authServer", Some(json!("http://auth.example/"))),
            "authServer is not an https URI.",
        ),
        (("/resourceServer", None), "resourceServer is missing."),
        (
            ("/resourceServer", Some(json!("ftp://wallet.example/op"))),
            "resourceServer is not an https URI.",
        ),
    ];
    for (change, want) in cases {
        let body = with(document(), &change);
        let got = WalletDocument::parse(&bytes(&body), &alice());
        assert_eq!(
            got,
            Err(WalletFault::Malformed(want.to_owned())),
            "{change:?}"
        );
    }
    let twice = r#"{"id":"https://wallet.example/alice","id":"https://wallet.example/alice"}"#;
    for body in ["", "[]", "{}{}", twice] {
        let got = WalletDocument::parse(body.as_bytes(), &alice());
        assert!(matches!(got, Err(WalletFault::Malformed(_))), "{body}");
    }
    let long = vec![b' '; 300_000];
    assert!(WalletDocument::parse(&long, &alice()).is_err());
}

#[test]
fn open_payments_1_3_the_key_is_the_one_the_signature_names() {
    let other = with(jwk(), &("/kid", Some(json!("k2"))));
    let rsa = json!({ "kty": "RSA", "kid": "k3", "alg": "RS256", "n": "AQAB", "e": "AQAB" });
    let no_alg = with(with(jwk(), &("/kid", Some(json!("k4")))), &("/alg", None));
    let set = json!({ "keys": [jwk(), rsa, other, no_alg, 7] });
    let keys = WalletKeys::parse(&bytes(&set)).unwrap();
    assert_eq!((keys.len(), keys.is_empty()), (2, false));
    assert_eq!(keys.key("k1").map(PaymentJwk::kid), Some("k1"));
    for kid in ["k3", "k4", "K1", ""] {
        assert_eq!(keys.key(kid), None, "{kid}");
    }
    let told = keys.key("k2").unwrap().to_value();
    assert_eq!(
        (&told["kid"], &told["x"], &told["alg"]),
        (&json!("k2"), &jwk()["x"], &json!("EdDSA"))
    );
    let empty = WalletKeys::parse(br#"{"keys":[]}"#).unwrap();
    assert!(empty.is_empty());
}

#[test]
fn g15_a_key_set_that_two_readers_take_differently_is_refused() {
    let repeated = json!({ "keys": [jwk(), jwk()] });
    assert_eq!(
        WalletKeys::parse(&bytes(&repeated)),
        Err(WalletFault::RepeatedKid)
    );
    let many = json!({ "keys": vec![json!(7); 101] });
    for body in [json!({}), json!({ "keys": {} }), json!([]), many] {
        let got = WalletKeys::parse(&bytes(&body));
        assert!(matches!(got, Err(WalletFault::Malformed(_))), "{got:?}");
    }
    let twice = br#"{"keys":[],"keys":[]}"#;
    assert!(WalletKeys::parse(twice).is_err());
}
