//! RFC 9493 §3: how people are named.

use placet_gnap::subject::{AssertionFormat, SubIdFormat, SubjectIdentifier};
use serde_json::json;

#[test]
fn rfc9493_3_2_each_format_is_read_and_printed() {
    let cases = [
        json!({ "format": "account", "uri": "acct:alice@example.com" }),
        json!({ "format": "email", "email": "alice@example.com" }),
        json!({ "format": "iss_sub", "iss": "https://issuer.example", "sub": "145234573" }),
        json!({ "format": "opaque", "id": "11112222333344445555" }),
        json!({ "format": "phone_number", "phone_number": "+12065550100" }),
        json!({ "format": "did", "url": "did:example:123456/did/url/path?versionId=1" }),
        json!({ "format": "uri", "uri": "urn:uuid:4e851e98-83c4-4743-a5da-150ecb53042f" }),
        json!({ "format": "aliases", "identifiers": [
            { "format": "email", "email": "alice@example.com" },
            { "format": "phone_number", "phone_number": "+12065550100" },
        ] }),
    ];
    let mut formats = Vec::new();
    for sent in cases {
        let read = SubjectIdentifier::parse(&sent).unwrap_or_else(|| panic!("{sent}"));
        assert_eq!(read.to_value(), sent);
        assert_eq!(sent["format"], read.format().name());
        formats.push(read.format());
    }
    formats.sort_unstable();
    assert_eq!(formats, SubIdFormat::ALL);
}

#[test]
fn rfc9493_3_members_of_no_meaning_are_ignored() {
    let sent = json!({ "format": "opaque", "id": "7", "email": 8 });
    let read = SubjectIdentifier::parse(&sent).unwrap();
    assert_eq!(read.to_value(), json!({ "format": "opaque", "id": "7" }));
}

#[test]
fn rfc9493_3_2_what_is_not_what_its_format_says() {
    let aliases =
        |identifiers: serde_json::Value| json!({ "format": "aliases", "identifiers": identifiers });
    let opaque = json!({ "format": "opaque", "id": "7" });
    let cases = [
        json!("alice@example.com"),
        json!({}),
        json!({ "email": "alice@example.com" }),
        json!({ "format": 7, "id": "7" }),
        json!({ "format": "Opaque", "id": "7" }),
        json!({ "format": "tattoo", "id": "7" }),
        json!({ "format": "opaque" }),
        json!({ "format": "opaque", "id": "" }),
        json!({ "format": "opaque", "id": 7 }),
        json!({ "format": "account", "uri": "alice@example.com" }),
        json!({ "format": "account", "uri": "acct:alice" }),
        json!({ "format": "account", "uri": "acct:@example.com" }),
        json!({ "format": "account", "email": "alice@example.com" }),
        json!({ "format": "email", "email": "alice" }),
        json!({ "format": "email", "email": "@example.com" }),
        json!({ "format": "email", "email": "alice@" }),
        json!({ "format": "email", "email": "alice bob@example.com" }),
        json!({ "format": "email", "email": format!("{}@example.com", "a".repeat(250)) }),
        json!({ "format": "iss_sub", "iss": "https://issuer.example" }),
        json!({ "format": "iss_sub", "sub": "7" }),
        json!({ "format": "phone_number", "phone_number": "12065550100" }),
        json!({ "format": "phone_number", "phone_number": "+1 206 555 0100" }),
        json!({ "format": "phone_number", "phone_number": "+0206555" }),
        json!({ "format": "phone_number", "phone_number": "+" }),
        json!({ "format": "phone_number", "phone_number": "+1234567890123456" }),
        json!({ "format": "did", "url": "https://example.com" }),
        json!({ "format": "did", "url": "did:example" }),
        json!({ "format": "did", "url": "did:Example:1" }),
        json!({ "format": "did", "url": "did::1" }),
        json!({ "format": "uri", "uri": "/alice" }),
        json!({ "format": "uri", "uri": "https://a b" }),
        json!({ "format": "uri", "id": "https://wallet.example/alice" }),
        aliases(json!([])),
        aliases(json!("x")),
        aliases(json!([{ "format": "tattoo" }])),
        aliases(json!([aliases(json!([opaque]))])),
        aliases(json!(vec![opaque; 21])),
    ];
    for sent in cases {
        assert_eq!(SubjectIdentifier::parse(&sent), None, "{sent}");
    }
}

#[test]
fn open_payments_spells_a_uri_its_own_way_and_knows_nothing_else() {
    let uri = SubjectIdentifier::Uri {
        uri: "https://wallet.example/alice".to_owned(),
    };
    let spelled = json!({ "id": "https://wallet.example/alice", "format": "uri" });
    assert_eq!(uri.to_open_payments(), Some(spelled));
    let opaque = SubjectIdentifier::Opaque { id: "7".to_owned() };
    assert_eq!(opaque.to_open_payments(), None);
}

#[test]
fn rfc9635_3_4_1_assertions_go_by_their_registered_names() {
    for format in AssertionFormat::ALL {
        assert_eq!(AssertionFormat::from_name(format.name()), Some(format));
    }
    assert_eq!(AssertionFormat::from_name("saml"), None);
    for format in SubIdFormat::ALL {
        assert_eq!(SubIdFormat::from_name(format.name()), Some(format));
    }
}
