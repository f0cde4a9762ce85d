//! RFC 7523 and its revision: a client proves itself by a signed assertion.

use placet_proof::{
    Algorithm, Audience, CLIENT_ASSERTION_LIFETIME_S, Profile, ProofError,
    TOKEN_ENDPOINT_ASSERTION_LIFETIME_S, UnverifiedJwt,
};
use serde_json::{Value, json};

use crate::keyring::{CLIENT, ISSUER, NOW, all_keys, assertion_claims, changed, key, signed};

const TOKEN_ENDPOINT: &str = "https://as.example/token";

fn verify(typ: Option<&str>, claims: &Value, profile: &Profile<'_>) -> Result<(), ProofError> {
    let token = signed(&key(Algorithm::Es256), typ, claims);
    let jwt = UnverifiedJwt::parse(&token)?;
    jwt.verify(profile, &all_keys(), NOW).map(|_| ())
}

fn issuer_only() -> Profile<'static> {
    Profile::client_assertion(
        CLIENT,
        Audience::Only(&[ISSUER]),
        CLIENT_ASSERTION_LIFETIME_S,
    )
}

/// Each change, made to the claims of an honest assertion, has this result.
fn assertion(cases: &[(&str, Value, Result<(), ProofError>)]) {
    for (name, change, want) in cases {
        let claims = changed(&assertion_claims(), change);
        assert_eq!(verify(None, &claims, &issuer_only()), *want, "{name}");
    }
}

#[test]
fn t9_assertion_made_for_another_server_or_endpoint() {
    use ProofError::WrongAudience;
    let other = "https://other.example";
    let with_other = json!({ "aud": [ISSUER, other] });
    let with_endpoint = json!({ "aud": [ISSUER, TOKEN_ENDPOINT] });
    let slash = json!({ "aud": "https://as.example/" });
    assertion(&[
        ("the issuer", json!({}), Ok(())),
        ("a list of one", json!({ "aud": [ISSUER] }), Ok(())),
        (
            "token endpoint",
            json!({ "aud": TOKEN_ENDPOINT }),
            Err(WrongAudience),
        ),
        (
            "PAR",
            json!({ "aud": "https://as.example/par" }),
            Err(WrongAudience),
        ),
        ("another", json!({ "aud": other }), Err(WrongAudience)),
        ("ours and another", with_other, Err(WrongAudience)),
        ("ours and our endpoint", with_endpoint, Err(WrongAudience)),
        ("trailing slash", slash, Err(WrongAudience)),
    ]);
}

#[test]
fn t9_assertion_times() {
    use ProofError::{Expired, NotYetValid, TooLong};
    assertion(&[
        ("no iat", json!({ "iat": null }), Ok(())),
        ("nbf 8 s ahead", json!({ "nbf": NOW + 8 }), Ok(())),
        ("five minutes", json!({ "exp": NOW + 300 }), Ok(())),
        ("by a clock 10 s ahead", json!({ "exp": NOW + 310 }), Ok(())),
        ("a second more", json!({ "exp": NOW + 311 }), Err(TooLong)),
        ("an hour", json!({ "exp": NOW + 3600 }), Err(TooLong)),
        ("exp reached", json!({ "exp": NOW }), Err(Expired)),
        (
            "nbf 61 s ahead",
            json!({ "nbf": NOW + 61 }),
            Err(NotYetValid),
        ),
        (
            "iat 60 s ahead",
            json!({ "iat": NOW + 60 }),
            Err(NotYetValid),
        ),
    ]);
}

#[test]
fn rfc7523_3_issuer_and_subject_are_the_client() {
    let other = json!("other");
    assertion(&[
        ("iss", json!({ "iss": other }), Err(ProofError::WrongIssuer)),
        (
            "sub",
            json!({ "sub": other }),
            Err(ProofError::WrongSubject),
        ),
    ]);
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let without = json!({ name: null });
        assertion(&[(name, without, Err(ProofError::MissingClaim(name)))]);
    }
}

#[test]
fn t9_fapi_clients_name_the_issuer_as_a_string() {
    let profile = Profile::client_assertion(
        CLIENT,
        Audience::Exactly(ISSUER),
        CLIENT_ASSERTION_LIFETIME_S,
    );
    assert_eq!(verify(None, &assertion_claims(), &profile), Ok(()));
    let listed = changed(&assertion_claims(), &json!({ "aud": [ISSUER] }));
    assert_eq!(
        verify(None, &listed, &profile),
        Err(ProofError::WrongAudience)
    );
}

#[test]
fn t9_token_endpoint_only_where_the_client_is_set_so_and_never_among_others() {
    let both = [ISSUER, TOKEN_ENDPOINT];
    let profile = Profile::client_assertion(
        CLIENT,
        Audience::Only(&both),
        TOKEN_ENDPOINT_ASSERTION_LIFETIME_S,
    );
    let cases = [
        ("endpoint", json!({ "aud": TOKEN_ENDPOINT }), Ok(())),
        ("issuer", json!({ "aud": ISSUER }), Ok(())),
        (
            "an hour",
            json!({ "aud": TOKEN_ENDPOINT, "exp": NOW + 3600 }),
            Ok(()),
        ),
        (
            "over an hour by a clock 10 s ahead",
            json!({ "aud": TOKEN_ENDPOINT, "exp": NOW + 3611 }),
            Err(ProofError::TooLong),
        ),
        (
            "both",
            json!({ "aud": both }),
            Err(ProofError::WrongAudience),
        ),
    ];
    for (name, change, want) in cases {
        let claims = changed(&assertion_claims(), &change);
        assert_eq!(verify(None, &claims, &profile), want, "{name}");
    }
}

#[test]
fn rfc7523bis_typ_of_an_assertion() {
    let cases = [
        (None, true),
        (Some("JWT"), true),
        (Some("jwt"), true),
        (Some("client-authentication+jwt"), true),
        (Some("application/client-authentication+jwt"), true),
        (Some("at+jwt"), false),
        (Some("dpop+jwt"), false),
        (Some(""), false),
        (Some("JWT "), false),
    ];
    for (typ, accepted) in cases {
        let want = if accepted {
            Ok(())
        } else {
            Err(ProofError::WrongType)
        };
        assert_eq!(
            verify(typ, &assertion_claims(), &issuer_only()),
            want,
            "{typ:?}"
        );
    }
}
