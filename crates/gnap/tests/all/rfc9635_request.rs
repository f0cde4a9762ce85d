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

use crate::sample::{Change, bytes, grant, jwk, told, with};

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

#[test]
fn rfc9635_2_what_breaks_a_rule_is_invalid_request_and_says_where() {
    let long = "x".repeat(3000);
    let cases: Vec<(Change, &str)> = vec![
        (("/client", None), "client is missing."),
        (("/client", Some(json!(7))), "client is not an object."),
        (("/client", Some(json!(""))), "client is empty."),
        (("/client", Some(json!(null))), "client is not an object."),
        (("/client", Some(json!(long))), "client is too long."),
        (("/client/key", None), "client.key is missing."),
        (
            ("/client/class_id", Some(json!(1))),
            "client.class_id is not a string.",
        ),
        (
            ("/access_token", Some(json!("x"))),
            "access_token is neither an object nor an array.",
        ),
        (
            ("/access_token", Some(json!(null))),
            "access_token is neither an object nor an array.",
        ),
        (
            ("/access_token/access", None),
            "access_token.access is missing.",
        ),
        (
            ("/access_token/access", Some(json!([]))),
            "access_token.access is empty.",
        ),
        (
            ("/access_token/access", Some(json!("read"))),
            "access_token.access is not an array.",
        ),
        (
            ("/access_token/label", Some(json!(""))),
            "access_token.label is empty.",
        ),
        (
            ("/access_token/label", Some(json!("x".repeat(257)))),
            "access_token.label is too long.",
        ),
        (("/subject", Some(json!([]))), "subject is not an object."),
        (
            ("/subject", Some(json!({}))),
            "subject has neither sub_id_formats nor assertion_formats.",
        ),
        (
            ("/subject/sub_id_formats", Some(json!("opaque"))),
            "subject.sub_id_formats is not an array.",
        ),
        (
            ("/subject/sub_id_formats", Some(json!([7]))),
            "subject.sub_id_formats[0] is not a string.",
        ),
        (
            ("/subject/sub_ids", Some(json!([]))),
            "subject.sub_ids is empty.",
        ),
        (("/user", Some(json!(7))), "user is not an object."),
        (("/user", Some(json!(""))), "user is empty."),
        (
            ("/existing_access_token", Some(json!("a b"))),
            "existing_access_token is no token.",
        ),
        (
            ("/existing_access_token", Some(json!(7))),
            "existing_access_token is not a string.",
        ),
    ];
    for (change, want) in cases {
        let got = refusal(&change);
        let want = (Some(GnapError::InvalidRequest), want.to_owned());
        assert_eq!(got, want, "{change:?}");
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

#[test]
fn rfc9635_2_3_2_what_a_client_shows_cannot_run_anything() {
    let cases: [(Change, &str); 14] = [
        (("/client/display", Some(json!("x"))), " is not an object."),
        (
            ("/client/display/name", Some(json!({}))),
            ".name is not a string.",
        ),
        (
            ("/client/display/name", Some(json!("n".repeat(257)))),
            ".name is too long.",
        ),
        (
            ("/client/display/uri", Some(json!("/client"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("javascript:alert(1)"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("https:example.net"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("https:///example.net"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("https://a@example.net"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("https://exa mple.net"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/uri", Some(json!("ftp://example.net/"))),
            ".uri is not an absolute",
        ),
        (
            ("/client/display/logo_uri", Some(json!("data:text/html,x"))),
            ".logo_uri is neither",
        ),
        (
            (
                "/client/display/logo_uri",
                Some(json!("data:image/svg+xml,x")),
            ),
            ".logo_uri is neither",
        ),
        (
            ("/client/display/logo_uri", Some(json!("logo.png"))),
            ".logo_uri is neither",
        ),
        (
            ("/client/display/logo_uri", Some(json!("file:///logo.png"))),
            ".logo_uri is neither",
        ),
    ];
    for (change, want) in cases {
        let (code, words) = refusal(&change);
        assert_eq!(code, Some(GnapError::InvalidRequest), "{change:?}");
        let want = format!("client.display{want}");
        assert!(words.starts_with(&want), "{change:?}: {words}");
    }
    let empty = with(grant(), &("/client/display", Some(json!({}))));
    let ClientAsk::ByValue { display, .. } = GrantRequest::parse(&bytes(&empty)).unwrap().client
    else {
        panic!("the client is sent by value");
    };
    assert_eq!(display, Some(Display::default()));
}

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
    let assertion =
        |format: &str, value: &str| json!({ "assertions": [{ "format": format, "value": value }] });
    let cases = [
        (json!({ "sub_ids": [] }), "user.sub_ids is empty."),
        (
            json!({ "sub_ids": [{ "format": "tattoo" }] }),
            "user.sub_ids[0].format is not one known here.",
        ),
        (
            json!({ "assertions": ["eyJ"] }),
            "user.assertions[0] is not an object.",
        ),
        (
            json!({ "assertions": [{ "format": "id_token" }] }),
            "user.assertions[0].value is missing.",
        ),
        (
            json!({ "assertions": [{ "value": "a.b.c" }] }),
            "user.assertions[0].format is missing.",
        ),
        (
            assertion("horoscope", "x"),
            "user.assertions[0].format is not one known here.",
        ),
        (
            assertion("id_token", "eyJhIjoxfQ.eyJiIjoyfQ"),
            "user.assertions[0].value is not what its format says.",
        ),
        (
            assertion("id_token", "eyJhIjoxfQ..c2ln"),
            "user.assertions[0].value is not what its format says.",
        ),
        (
            assertion("saml2", "PHNhbWw+"),
            "user.assertions[0].value is not what its format says.",
        ),
        (
            assertion("saml2", "PHNhbWw-="),
            "user.assertions[0].value is not what its format says.",
        ),
        (
            assertion("saml2", ""),
            "user.assertions[0].value is not what its format says.",
        ),
    ];
    for (user, want) in cases {
        let got = refusal(&("/user", Some(user)));
        assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
    }
}

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
    let of_jwk = |change: &Change| key(json!({ "proof": "httpsig", "jwk": with(jwk(), change) }));
    let cases = [
        (key(json!(7)), "client.key is not an object."),
        (key(json!({ "jwk": jwk() })), "client.key.proof is missing."),
        (with_proof(json!(7)), "client.key.proof is not an object."),
        (with_proof(json!({})), "client.key.proof.method is missing."),
        (
            key(json!({ "proof": "httpsig" })),
            "client.key does not have exactly one of jwk, cert and cert#S256.",
        ),
        (
            key(json!({ "proof": "httpsig", "jwk": jwk(), "cert": "MII" })),
            "client.key does not have exactly one of jwk, cert and cert#S256.",
        ),
        (
            key(json!({ "proof": "mtls", "cert": 7 })),
            "client.key.cert is not a string.",
        ),
        (
            key(json!({ "proof": "mtls", "cert#S256": [] })),
            "client.key.cert#S256 is not a string.",
        ),
        (of_jwk(&("/alg", None)), "client.key.jwk.alg is missing."),
        (
            of_jwk(&("/alg", Some(json!("none")))),
            "client.key.jwk.alg is none.",
        ),
        (of_jwk(&("/kid", None)), "client.key.jwk.kid is missing."),
        (of_jwk(&("/kty", None)), "client.key.jwk.kty is missing."),
        (
            of_jwk(&("/kty", Some(json!("oct")))),
            "client.key.jwk is a symmetric key.",
        ),
        (
            of_jwk(&("/k", Some(json!("c2VjcmV0")))),
            "client.key.jwk holds a secret, which is no secret any more.",
        ),
        (
            of_jwk(&("/d", Some(json!("c2VjcmV0")))),
            "client.key.jwk holds a secret, which is no secret any more.",
        ),
    ];
    for (body, want) in cases {
        let got = told(GrantRequest::parse(&bytes(&body)));
        assert_eq!(got, (Some(GnapError::InvalidRequest), want.to_owned()));
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
