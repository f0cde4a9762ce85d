//! RFC 9635 §9.1: what a resource server says to a call without a token.

use placet_client::challenge::Challenge;

fn challenge(as_uri: Option<&str>, access: Option<&str>, referrer: Option<&str>) -> Challenge {
    Challenge {
        as_uri: as_uri.map(str::to_owned),
        access: access.map(str::to_owned),
        referrer: referrer.map(str::to_owned),
    }
}

#[test]
fn rfc9635_9_1_challenges_are_read_in_both_forms() {
    let all = challenge(
        Some("https://as.example/tx"),
        Some("FWWIKYBQ6U56NL1"),
        Some("https://rs.example"),
    );
    let cases = [
        (
            "quoted",
            r#"GNAP as_uri="https://as.example/tx", access="FWWIKYBQ6U56NL1", referrer="https://rs.example""#,
            all.clone(),
        ),
        (
            "as in the RFC",
            "GNAP as_uri=https://as.example/tx;access=FWWIKYBQ6U56NL1;referrer=https://rs.example",
            all.clone(),
        ),
        (
            "in another order",
            r#"gnap access=FWWIKYBQ6U56NL1 , REFERRER = "https://rs.example";as_uri=https://as.example/tx"#,
            all,
        ),
        (
            "a bare URI",
            "GNAP as_uri=http://localhost:3006",
            challenge(Some("http://localhost:3006"), None, None),
        ),
        ("the scheme alone", "GNAP", Challenge::default()),
        (
            "a parameter not known",
            r#"GNAP realm="x", access="a b""#,
            challenge(None, Some("a b"), None),
        ),
        (
            "escapes",
            r#"GNAP access="a\"\\b""#,
            challenge(None, Some(r#"a"\b"#), None),
        ),
        (
            "separators in quotes",
            r#"GNAP access="a,b;c=d""#,
            challenge(None, Some("a,b;c=d"), None),
        ),
        (
            "a query",
            "GNAP as_uri=https://as.example/tx?a=b",
            challenge(Some("https://as.example/tx?a=b"), None, None),
        ),
    ];
    for (name, text, want) in cases {
        let read = Challenge::parse(text);
        assert_eq!(read.as_ref(), Some(&want), "{name}");
        assert_eq!(
            Challenge::parse(&want.to_string()),
            Some(want),
            "{name}, printed and read again"
        );
    }
}

#[test]
fn rfc9635_9_1_what_is_no_challenge() {
    let long = format!("GNAP access={}", "a".repeat(9000));
    let cases = [
        ("", "nothing"),
        ("Bearer realm=\"x\"", "another scheme"),
        (
            "GNAPX as_uri=https://as.example",
            "another scheme that begins alike",
        ),
        ("GNAP as_uri", "no value"),
        ("GNAP as_uri=", "an empty value"),
        ("GNAP as_uri=\"https://as.example", "an open quote"),
        ("GNAP as_uri=\"https://as.example\\", "an open escape"),
        ("GNAP =x", "no name"),
        ("GNAP a b=x", "a name with a space"),
        ("GNAP as_uri=x y", "two words"),
        ("GNAP as_uri=/tx", "no URI"),
        ("GNAP referrer=rs.example", "no URI either"),
        ("GNAP access=a, access=b", "a parameter twice"),
        ("GNAP access=a, ACCESS=b", "twice in another case"),
        ("GNAP access=a,", "a separator at the end"),
        ("GNAP access=a\r\nX: y", "a line break"),
        (&long, "too long"),
    ];
    for (text, name) in cases {
        assert_eq!(Challenge::parse(text), None, "{name}");
    }
}

#[test]
fn rfc9635_9_1_the_referrer_is_compared_as_text() {
    let challenge = challenge(None, None, Some("https://rs.example"));
    assert!(challenge.is_from("https://rs.example"));
    for other in [
        "https://rs.example/",
        "https://RS.example",
        "https://rs.example:443",
        "http://rs.example",
        "",
    ] {
        assert!(!challenge.is_from(other), "{other}");
    }
    assert!(!Challenge::default().is_from("https://rs.example"));
}
