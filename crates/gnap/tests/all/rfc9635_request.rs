//! RFC 9635 §2: what a client sends to begin a grant.

use placet_gnap::{
    GnapError,
    access::AccessRight,
    hash::HashMethod,
    request::{
        ClientAsk, Display, FinishMethod, GrantRequest, KeyAsk, StartMode, TokenAsks, UserAsk,
    },
    subject::{AssertionFormat, SubIdFormat, SubjectIdentifier},
};
use serde_json::{Value, json};

use crate::sample::{Change, bytes, grant, jwk, rows, told, with};

fn refusal(change: &Change) -> (Option<GnapError>, String) {
    told(GrantRequest::parse(&bytes(&with(grant(), change))))
}

#[test]
fn rfc9635_2_every_member_is_read() {
    let asked = GrantRequest::parse(&bytes(&grant())).unwrap();
    let Some(TokenAsks::Single(token)) = &asked.tokens else {
        panic!("one token is asked for");
    };
    assert_eq!(token.label.as_deref(), Some("token1-23"));
    assert!(token.bearer);
    let [AccessRight::Object(photo), AccessRight::Reference(dolphin)] = token.access.as_slice()
    else {
        panic!("an object and a reference are asked for");
    };
    assert_eq!(photo.kind, "photo-api");
    assert_eq!(photo.privileges.as_deref(), Some(&["owner".to_owned()][..]));
    assert_eq!(photo.other.keys().collect::<Vec<_>>(), ["geolocation"]);
    assert_eq!(dolphin, "dolphin-metadata");

    let subject = asked.subject.unwrap();
    assert_eq!(
        subject.sub_id_formats,
        [SubIdFormat::IssSub, SubIdFormat::Opaque]
    );
    assert_eq!(subject.assertion_formats, [AssertionFormat::IdToken]);
    assert!(subject.sub_ids.is_empty());

    let ClientAsk::ByValue {
        key,
        class_id,
        display,
    } = asked.client
    else {
        panic!("the client is sent by value");
    };
    let KeyAsk::ByValue { proof, key } = key else {
        panic!("the key is sent by value");
    };
    assert_eq!(
        (proof.method.as_str(), proof.parameters.len()),
        ("httpsig", 0)
    );
    assert_eq!(key["jwk"], jwk());
    assert_eq!(class_id.as_deref(), Some("web-server-1234"));
    assert_eq!(display.unwrap().name.unwrap(), "My Client Display Name");

    let id = "J2G8G8O4AZ".to_owned();
    let user = UserAsk::ByValue {
        sub_ids: vec![SubjectIdentifier::Opaque { id }],
        assertions: Vec::new(),
    };
    assert_eq!(asked.user, Some(user));

    let interact = asked.interact.unwrap();
    assert_eq!(interact.start, [StartMode::Redirect, StartMode::UserCode]);
    assert_eq!(interact.ui_locales, ["de-CH", "en"]);
    let finish = interact.finish.unwrap();
    assert_eq!(finish.method, FinishMethod::Redirect);
    assert_eq!(finish.hash_method, HashMethod::Sha3512);
    assert_eq!(asked.existing_access_token, None);
}

#[test]
fn rfc9635_2_what_is_not_known_is_ignored_and_what_is_optional_may_be_absent() {
    let cases: [(&str, Change); 20] = [
        (
            "a member of an extension",
            ("/purpose", Some(json!({"a": 1}))),
        ),
        (
            "one in a token",
            ("/access_token/refresh", Some(json!(true))),
        ),
        (
            "one in the client",
            ("/client/attestation", Some(json!("x"))),
        ),
        (
            "one in display",
            ("/client/display/tos_uri", Some(json!(7))),
        ),
        (
            "one in a JWK",
            ("/client/key/jwk/x5c", Some(json!(["MII"]))),
        ),
        ("one in interact", ("/interact/later", Some(json!([])))),
        (
            "one in a hint",
            ("/interact/hints/theme", Some(json!("dark"))),
        ),
        ("no label", ("/access_token/label", None)),
        ("no flags", ("/access_token/flags", None)),
        ("no subject", ("/subject", None)),
        ("no token", ("/access_token", None)),
        ("no user", ("/user", None)),
        ("no interact", ("/interact", None)),
        ("no finish", ("/interact/finish", None)),
        ("no hints", ("/interact/hints", None)),
        ("no hash method", ("/interact/finish/hash_method", None)),
        ("no class", ("/client/class_id", None)),
        ("no display", ("/client/display", None)),
        ("an empty user", ("/user", Some(json!({})))),
        (
            "an empty list of modes",
            ("/interact/start", Some(json!([]))),
        ),
    ];
    for (name, change) in cases {
        let read = GrantRequest::parse(&bytes(&with(grant(), &change)));
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

const BROKEN: &str = r#"
    /client                 | -         | client is missing.
    '                       | 7         | client is not an object.
    '                       | null      | client is not an object.
    '                       | ""        | client is empty.
    /client/key             | -         | client.key is missing.
    /client/class_id        | 1         | client.class_id is not a string.
    /access_token           | "x"       | access_token is neither an object nor an array.
    '                       | null      | access_token is neither an object nor an array.
    /access_token/access    | -         | access_token.access is missing.
    '                       | []        | access_token.access is empty.
    '                       | "read"    | access_token.access is not an array.
    '                       | ["a",7]   | access_token.access[1] is neither a string nor an object.
    /access_token/label     | ""        | access_token.label is empty.
    '                       | 7         | access_token.label is not a string.
    /subject                | []        | subject is not an object.
    '                       | {}        | subject has neither sub_id_formats nor assertion_formats.
    /subject/sub_id_formats | "opaque"  | subject.sub_id_formats is not an array.
    '                       | [7]       | subject.sub_id_formats[0] is not a string.
    /subject/sub_ids        | []        | subject.sub_ids is empty.
    '                       | ["x"]     | subject.sub_ids[0] is not an object.
    /user                   | 7         | user is not an object.
    '                       | ""        | user is empty.
    /existing_access_token  | "a b"     | existing_access_token is no token.
    '                       | 7         | existing_access_token is not a string.
"#;

#[test]
fn rfc9635_2_what_breaks_a_rule_is_invalid_request_and_says_where() {
    for (change, want) in rows(BROKEN) {
        let got = refusal(&change);
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(got, want, "{change:?}");
    }
    for (place, length, want) in [
        ("/client", 2049, "client is too long."),
        (
            "/access_token/label",
            257,
            "access_token.label is too long.",
        ),
    ] {
        let (_, words) = refusal(&(place, Some(json!("x".repeat(length)))));
        assert_eq!(words, want);
    }
}

#[test]
fn rfc9635_2_a_request_asks_for_something() {
    let nothing = with(with(grant(), &("/access_token", None)), &("/subject", None));
    let got = told(GrantRequest::parse(&bytes(&nothing)));
    let want = "The request has neither access_token nor subject.";
    assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
}

#[test]
fn e13_what_two_readers_could_take_differently_is_refused() {
    let deep = format!(
        r#"{{"a":{}1{},"client":"c"}}"#,
        "[".repeat(30),
        "]".repeat(30)
    );
    let long = format!(r#"{{"a":"{}","client":"c"}}"#, "x".repeat(70_000));
    let many = json!({ "client": "c", "access_token": { "access": vec!["a"; 101] } }).to_string();
    let cases = [
        ("no body", "", "not one JSON object"),
        ("an array", "[]", "not one JSON object"),
        ("a string", r#""client""#, "not one JSON object"),
        ("cut off", r#"{"client":"c""#, "not one JSON object"),
        ("two objects", r#"{"client":"c"}{}"#, "not one JSON object"),
        (
            "a member twice",
            r#"{"client":"a","client":"b"}"#,
            "not one JSON object",
        ),
        (
            "twice by escape",
            r#"{"client":"a","\u0063lient":"b"}"#,
            "not one JSON object",
        ),
        (
            "twice inside",
            r#"{"client":{"key":"a","key":"b"}}"#,
            "not one JSON object",
        ),
        (
            "half of a letter",
            r#"{"client":"\ud800"}"#,
            "not one JSON object",
        ),
        (
            "a byte order mark",
            "\u{feff}{\"client\":\"c\"}",
            "not one JSON object",
        ),
        ("deep", &deep, "nested too deeply"),
        ("long", &long, "too long"),
        ("many", &many, "too many elements"),
    ];
    for (name, body, want) in cases {
        let (code, words) = told(GrantRequest::parse(body.as_bytes()));
        assert_eq!(code, Some(GnapError::InvalidRequest), "{name}");
        assert!(words.contains(want), "{name}: {words}");
        assert!(words.is_ascii(), "{name}: {words}");
    }
}

#[test]
fn rfc9635_2_1_1_flags_are_invalid_flag() {
    let cases = [
        (json!(["bearer", "bearer"]), "repeats a flag"),
        (json!(["durable"]), "cannot be asked for"),
        (json!(["Bearer"]), "cannot be asked for"),
        (json!(["bearer", "split"]), "cannot be asked for"),
    ];
    for (flags, want) in cases {
        let (code, words) = refusal(&("/access_token/flags", Some(flags)));
        assert_eq!(code, Some(GnapError::InvalidFlag), "{words}");
        assert!(words.contains(want), "{words}");
    }
    let (code, words) = refusal(&("/access_token/flags", Some(json!("bearer"))));
    assert_eq!(code, Some(GnapError::InvalidRequest));
    assert_eq!(words, "access_token.flags is not an array.");
    let empty = with(grant(), &("/access_token/flags", Some(json!([]))));
    let asked = GrantRequest::parse(&bytes(&empty)).unwrap();
    assert!(asked.tokens.unwrap().iter().all(|token| !token.bearer));
}

#[test]
fn rfc9635_2_1_2_several_tokens_need_labels_of_their_own() {
    let token = |label: &str| json!({ "access": ["a"], "label": label });
    let several = |tokens: Value| with(grant(), &("/access_token", Some(tokens)));
    let good = several(json!([token("one"), token("two")]));
    let asked = GrantRequest::parse(&bytes(&good)).unwrap().tokens.unwrap();
    let labels: Vec<_> = asked
        .iter()
        .filter_map(|ask| ask.label.as_deref())
        .collect();
    assert_eq!(labels, ["one", "two"]);
    assert!(matches!(asked, TokenAsks::Several(_)));

    // One element in an array is still several: the answer has to be an array.
    let single = several(json!([token("one")]));
    let asked = GrantRequest::parse(&bytes(&single))
        .unwrap()
        .tokens
        .unwrap();
    assert!(matches!(&asked, TokenAsks::Several(list) if list.len() == 1));

    let many: Vec<_> = (0..21).map(|n| token(&n.to_string())).collect();
    let cases = [
        (json!([]), "access_token is empty."),
        (
            json!([token("one"), { "access": ["a"] }]),
            "access_token[1].label is missing.",
        ),
        (
            json!([{ "access": ["a"] }]),
            "access_token[0].label is missing.",
        ),
        (
            json!([token("one"), token("one")]),
            "access_token[1].label is that of another token.",
        ),
        (
            json!([token("one"), "two"]),
            "access_token[1] is not an object.",
        ),
        (
            json!([token("one"), { "label": "two" }]),
            "access_token[1].access is missing.",
        ),
        (json!(many), "access_token has too many elements."),
    ];
    for (tokens, want) in cases {
        let got = told(GrantRequest::parse(&bytes(&several(tokens))));
        assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
    }
}

#[test]
fn rfc9635_2_2_formats_not_known_here_are_passed_over() {
    let subject = json!({
        "sub_id_formats": ["tattoo", "email", "email", "opaque"],
        "assertion_formats": ["horoscope"],
        "sub_ids": [{ "format": "email", "email": "alice@example.com" }],
    });
    let body = with(grant(), &("/subject", Some(subject)));
    let subject = GrantRequest::parse(&bytes(&body)).unwrap().subject.unwrap();
    assert_eq!(
        subject.sub_id_formats,
        [SubIdFormat::Email, SubIdFormat::Opaque]
    );
    assert!(subject.assertion_formats.is_empty());
    assert_eq!(subject.sub_ids.len(), 1);
}

#[test]
fn rfc9635_2_3_1_a_reference_is_opaque() {
    for reference in [
        "client-541-ab",
        "https://wallet.example/alice",
        "ü \u{1f4f7}",
    ] {
        let body = with(grant(), &("/client", Some(json!(reference))));
        let client = GrantRequest::parse(&bytes(&body)).unwrap().client;
        assert_eq!(client, ClientAsk::Reference(reference.to_owned()));
    }
}

const DISPLAYED: &str = r#"
    /client/display          | "x"                          | client.display is not an object.
    /client/display/name     | {}                           | client.display.name is not a string.
    '                        | ""                           | client.display.name is empty.
    /client/display/uri      | "/client"                    | client.display.uri is not an absolute http or https URI.
    '                        | "javascript:alert(1)"        | client.display.uri is not an absolute http or https URI.
    '                        | "https:example.net"          | client.display.uri is not an absolute http or https URI.
    '                        | "https:///example.net"       | client.display.uri is not an absolute http or https URI.
    '                        | "https://a@example.net"      | client.display.uri is not an absolute http or https URI.
    '                        | "https://exa mple.net"       | client.display.uri is not an absolute http or https URI.
    '                        | "ftp://example.net/"         | client.display.uri is not an absolute http or https URI.
    /client/display/logo_uri | "data:text/html,x"           | client.display.logo_uri is neither an absolute http or https URI nor a picture by value.
    '                        | "data:image/svg+xml,x"       | client.display.logo_uri is neither an absolute http or https URI nor a picture by value.
    '                        | "logo.png"                   | client.display.logo_uri is neither an absolute http or https URI nor a picture by value.
    '                        | "file:///logo.png"           | client.display.logo_uri is neither an absolute http or https URI nor a picture by value.
    '                        | 7                            | client.display.logo_uri is not a string.
"#;

#[test]
fn rfc9635_2_3_2_what_a_client_shows_cannot_run_anything() {
    for (change, want) in rows(DISPLAYED) {
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(refusal(&change), want, "{change:?}");
    }
    let (_, words) = refusal(&("/client/display/name", Some(json!("n".repeat(257)))));
    assert_eq!(words, "client.display.name is too long.");
    let empty = with(grant(), &("/client/display", Some(json!({}))));
    let ClientAsk::ByValue { display, .. } = GrantRequest::parse(&bytes(&empty)).unwrap().client
    else {
        panic!("the client is sent by value");
    };
    assert_eq!(display, Some(Display::default()));
}

const USERS: &str = r#"
    /user | {"sub_ids":[]}                                              | user.sub_ids is empty.
    '     | {"sub_ids":[{"format":"tattoo"}]}                           | user.sub_ids[0].format is not one known here.
    '     | {"assertions":["eyJ"]}                                      | user.assertions[0] is not an object.
    '     | {"assertions":[{"format":"id_token"}]}                      | user.assertions[0].value is missing.
    '     | {"assertions":[{"format":"id_token","value":7}]}            | user.assertions[0].value is not a string.
    '     | {"assertions":[{"value":"a.b.c"}]}                          | user.assertions[0].format is missing.
    '     | {"assertions":[{"format":"horoscope","value":"x"}]}         | user.assertions[0].format is not one known here.
    '     | {"assertions":[{"format":"id_token","value":"eyJh.eyJi"}]}  | user.assertions[0].value is not what its format says.
    '     | {"assertions":[{"format":"id_token","value":"eyJh..c2ln"}]} | user.assertions[0].value is not what its format says.
    '     | {"assertions":[{"format":"saml2","value":"PHNhbWw+"}]}      | user.assertions[0].value is not what its format says.
    '     | {"assertions":[{"format":"saml2","value":"PHNhbWw-="}]}     | user.assertions[0].value is not what its format says.
    '     | {"assertions":[{"format":"saml2","value":""}]}              | user.assertions[0].value is not what its format says.
"#;

#[test]
fn rfc9635_2_4_a_user_is_named_or_vouched_for() {
    let id_token = json!({ "format": "id_token", "value": "eyJhIjoxfQ.eyJiIjoyfQ.c2ln" });
    let good = [
        json!("XUT2MFM1XBIKJKSDU8QM"),
        json!({ "assertions": [id_token] }),
        json!({ "assertions": [{ "format": "saml2", "value": "PHNhbWw-" }] }),
    ];
    for user in good {
        let body = with(grant(), &("/user", Some(user.clone())));
        let read = GrantRequest::parse(&bytes(&body));
        assert!(read.is_ok(), "{user}: {read:?}");
    }
    for (change, want) in rows(USERS) {
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(refusal(&change), want, "{change:?}");
    }
}

const KEYS: &str = r#"
    /client/key         | 7                               | client.key is not an object.
    '                   | ""                              | client.key is empty.
    '                   | {"jwk":{}}                      | client.key.proof is missing.
    '                   | {"proof":"httpsig"}             | client.key does not have exactly one of jwk, cert and cert#S256.
    '                   | {"proof":"mtls","cert":7}       | client.key.cert is not a string.
    '                   | {"proof":"mtls","cert#S256":[]} | client.key.cert#S256 is not a string.
    '                   | {"proof":"httpsig","jwk":"x"}   | client.key.jwk is not an object.
    /client/key/cert    | "MII"                           | client.key does not have exactly one of jwk, cert and cert#S256.
    /client/key/proof   | 7                               | client.key.proof is not an object.
    '                   | {}                              | client.key.proof.method is missing.
    /client/key/jwk/alg | -                               | client.key.jwk.alg is missing.
    '                   | "none"                          | client.key.jwk.alg is none.
    /client/key/jwk/kid | -                               | client.key.jwk.kid is missing.
    /client/key/jwk/kty | -                               | client.key.jwk.kty is missing.
    '                   | "oct"                           | client.key.jwk is a symmetric key.
    /client/key/jwk/k   | "c2VjcmV0"                      | client.key.jwk holds a secret, which is no secret any more.
    /client/key/jwk/d   | "c2VjcmV0"                      | client.key.jwk holds a secret, which is no secret any more.
    /client/key/jwk/p   | null                            | client.key.jwk holds a secret, which is no secret any more.
"#;

#[test]
fn rfc9635_7_1_keys_are_public_and_in_one_format() {
    let key = |key: Value| with(grant(), &("/client/key", Some(key)));
    let with_proof = |proof: Value| key(json!({ "proof": proof, "jwk": jwk() }));
    let good = [
        key(json!("S-P4XJQ_RYJCRTSU1.63N3E")),
        key(json!({ "proof": "mtls", "cert": "MIIEHDCCAwSgAwIBAgIBATANBgkqhkiG9w0BAQsFA" })),
        key(json!({ "proof": "mtls", "cert#S256": "hvT9S_yhIqJGfWTtoOJMRuMMFQxPYf5nkDJSt_P8Dlw" })),
        with_proof(
            json!({ "method": "httpsig", "alg": "ecdsa-p384-sha384", "content-digest-alg": "sha-512" }),
        ),
    ];
    for body in good {
        let read = GrantRequest::parse(&bytes(&body));
        assert!(read.is_ok(), "{body}: {read:?}");
    }
    for (change, want) in rows(KEYS) {
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(refusal(&change), want, "{change:?}");
    }
}

#[test]
fn rfc9767_4_a_resource_server_asks_on_with_the_token_it_was_called_with() {
    let token = "OS9M2PMHKUR64TB8N6BW7OZB8CDFONP219RP1LT0";
    let body = with(grant(), &("/existing_access_token", Some(json!(token))));
    let asked = GrantRequest::parse(&bytes(&body)).unwrap();
    let read = asked.existing_access_token.unwrap();
    assert_eq!(read.reveal(), token);
    assert!(!format!("{read:?}").contains(token));
}
