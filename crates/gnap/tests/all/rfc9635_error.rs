//! RFC 9635 §3.6: codes, statuses and words, and what each refusal becomes.

use std::collections::BTreeSet;

use placet_core::{
    Refusal,
    engine::Error,
    store::{StoreError, Table},
    time::Lifetime,
    token::SignError,
};
use placet_gnap::{
    GnapError, Place, Problem, Profile,
    response::{Continue, TokenValue},
};
use serde_json::{Value, json};

const SPAN: Lifetime = Lifetime::from_secs(7);

/// Every refusal of the core.
fn refusals() -> [Refusal; 23] {
    [
        Refusal::NotFound,
        Refusal::Expired,
        Refusal::Waiting { interval: SPAN },
        Refusal::TooSoon { interval: SPAN },
        Refusal::Denied,
        Refusal::Cancelled,
        Refusal::AlreadyAnswered,
        Refusal::AlreadyCollected,
        Refusal::Taken,
        Refusal::StaleView,
        Refusal::WrongBrowser,
        Refusal::WrongClient,
        Refusal::WrongProof,
        Refusal::Exceeds,
        Refusal::WrongTarget,
        Refusal::TooMany { retry_after: SPAN },
        Refusal::PersonInactive,
        Refusal::ClientInactive,
        Refusal::NotAllowed,
        Refusal::SignInNeeded,
        Refusal::Reused,
        Refusal::ReplayedProof,
        Refusal::Revoked,
    ]
}

#[test]
fn rfc9635_10_15_the_registered_codes_and_no_other() {
    let clients = [
        "invalid_request",
        "invalid_client",
        "invalid_interaction",
        "invalid_flag",
        "invalid_rotation",
        "key_rotation_not_supported",
        "invalid_continuation",
        "user_denied",
        "request_denied",
        "unknown_user",
        "unknown_interaction",
        "too_fast",
        "too_many_attempts",
    ];
    let resource_servers = ["invalid_resource_server", "invalid_access"];
    let codes: Vec<_> = GnapError::ALL.iter().map(|error| error.code()).collect();
    assert_eq!(codes, [&clients[..], &resource_servers[..]].concat());
}

#[test]
fn rfc9635_3_6_every_code_is_printed_as_an_object() {
    for error in GnapError::ALL {
        let reply = Problem::from(*error).reply();
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let want = json!({ "error": { "code": error.code(), "description": error.description() } });
        assert_eq!(body, want);
        assert_eq!(reply.status, error.status());
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert!(error.description().is_ascii() && error.code().is_ascii());
        // A 401 names the scheme, and nothing else does (RFC 9110 §15.5.2).
        assert_eq!(
            reply.headers.contains_key("www-authenticate"),
            reply.status == 401,
            "{error:?}"
        );
    }
}

#[test]
fn rfc9767_3_5_errors_for_resource_servers_are_400() {
    for error in [
        GnapError::InvalidRequest,
        GnapError::InvalidResourceServer,
        GnapError::InvalidAccess,
    ] {
        assert_eq!(error.status(), 400, "{error:?}");
    }
}

#[test]
fn rfc9635_3_6_an_error_may_travel_with_a_continuation_and_nothing_else() {
    let continuation = Continue {
        uri: "https://as.example/continue".to_owned(),
        access_token: TokenValue::parse("80UPRY5N").unwrap(),
        wait: Some(Lifetime::from_secs(10)),
    };
    let reply = Problem::from(GnapError::UserDenied)
        .with_continue(continuation)
        .reply();
    let want = concat!(
        r#"{"error":{"code":"user_denied","description":"The person said no."},"#,
        r#""continue":{"access_token":{"value":"80UPRY5N"},"uri":"https://as.example/continue","wait":10}}"#,
    );
    assert_eq!(reply.body, want.as_bytes());
}

#[test]
fn c8_rfc9635_3_6_what_each_refusal_becomes() {
    use GnapError::*;
    use Place::*;
    let cases: [(Refusal, Place, GnapError); 26] = [
        (Refusal::NotFound, Poll, InvalidContinuation),
        (Refusal::WrongClient, Poll, InvalidContinuation),
        (Refusal::Revoked, Reference, InvalidContinuation),
        (Refusal::Cancelled, Cancel, InvalidContinuation),
        (Refusal::AlreadyCollected, Poll, InvalidContinuation),
        (Refusal::Denied, Poll, UserDenied),
        (Refusal::Denied, Reference, UserDenied),
        (Refusal::Expired, Poll, InvalidInteraction),
        (Refusal::TooSoon { interval: SPAN }, Poll, TooFast),
        (Refusal::Waiting { interval: SPAN }, Reference, TooFast),
        (Refusal::WrongProof, Reference, InvalidInteraction),
        (Refusal::WrongProof, Poll, RequestDenied),
        (Refusal::AlreadyCollected, Reference, TooManyAttempts),
        (Refusal::Reused, Reference, TooManyAttempts),
        (Refusal::NotFound, Rotate, InvalidRotation),
        (Refusal::WrongClient, Rotate, InvalidRotation),
        (Refusal::Reused, Rotate, InvalidRotation),
        (Refusal::Revoked, Rotate, InvalidRotation),
        (Refusal::NotFound, Revoke, InvalidRequest),
        (Refusal::ReplayedProof, Grant, InvalidClient),
        (Refusal::ClientInactive, Rotate, InvalidClient),
        (Refusal::NotAllowed, Grant, RequestDenied),
        (Refusal::Exceeds, Grant, RequestDenied),
        (Refusal::Exceeds, ResourceServer, InvalidAccess),
        (
            Refusal::ReplayedProof,
            ResourceServer,
            InvalidResourceServer,
        ),
        (Refusal::NotFound, ResourceServer, InvalidResourceServer),
    ];
    for (refusal, place, want) in cases {
        let problem = Problem::refused(&refusal, place, Profile::Rfc9635);
        assert_eq!(problem.code, Some(want), "{refusal:?} at {place:?}");
        assert_eq!(problem.status, want.status(), "{refusal:?} at {place:?}");
    }
}

#[test]
fn c8_unknown_foreign_ended_and_revoked_are_one_answer_at_each_place() {
    for profile in [Profile::Rfc9635, Profile::OpenPayments] {
        for place in Place::ALL {
            let unknown = Problem::refused(&Refusal::NotFound, place, profile);
            for refusal in [Refusal::WrongClient, Refusal::Revoked, Refusal::Cancelled] {
                let other = Problem::refused(&refusal, place, profile);
                assert_eq!(other, unknown, "{refusal:?} at {place:?} in {profile:?}");
            }
        }
    }
}

#[test]
fn no_refusal_is_our_own_failure() {
    for profile in [Profile::Rfc9635, Profile::OpenPayments] {
        for place in Place::ALL {
            for refusal in refusals() {
                let problem = Problem::refused(&refusal, place, profile);
                assert!(
                    problem.status.is_client_error(),
                    "{refusal:?} at {place:?} in {profile:?}"
                );
                let waits = matches!(
                    refusal,
                    Refusal::Waiting { .. } | Refusal::TooSoon { .. } | Refusal::TooMany { .. }
                );
                assert_eq!(problem.retry_after, waits.then_some(SPAN), "{refusal:?}");
            }
        }
    }
    let kinds: BTreeSet<_> = refusals()
        .iter()
        .map(|refusal| format!("{refusal:?}"))
        .collect();
    assert_eq!(kinds.len(), refusals().len(), "each stands here once");
}

#[test]
fn our_own_failure_is_500_or_503_and_says_nothing_of_its_cause() {
    let corrupt = || StoreError::Corrupt {
        table: Table::Pending,
        id: "req_7".to_owned(),
        what: "state".to_owned(),
    };
    let cases = [
        (Error::Unknown, 503),
        (Error::Store(StoreError::Conflict), 503),
        (Error::Store(StoreError::TooLate), 503),
        (Error::Store(StoreError::Full), 503),
        (
            Error::Store(StoreError::Unavailable {
                source: "socket".into(),
            }),
            503,
        ),
        (Error::Store(corrupt()), 500),
        (Error::Store(StoreError::Duplicate), 500),
        (Error::Sign(SignError::Failed), 500),
    ];
    for (error, status) in cases {
        let name = format!("{error:?}");
        let problem = Problem::failed(error, Place::Poll, Profile::Rfc9635);
        assert_eq!(problem.status, status, "{name}");
        assert_eq!(problem.code, Some(GnapError::RequestDenied), "{name}");
        let reply = problem.reply();
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(
            !body.contains("req_7") && !body.contains("socket"),
            "{body}"
        );
        assert_eq!(
            reply.headers.contains_key("retry-after"),
            status == 503,
            "{name}"
        );
    }
    let refused = Error::Refused(Refusal::Denied);
    let problem = Problem::failed(refused, Place::Poll, Profile::Rfc9635);
    assert_eq!(problem.code, Some(GnapError::UserDenied));
}

#[test]
fn the_catalogue_knows_every_code_and_its_statuses() {
    assert_eq!(GnapError::CATALOGUE.len(), GnapError::ALL.len());
    for entry in GnapError::CATALOGUE {
        assert!(
            !entry.when.is_empty() && !entry.advice.is_empty() && entry.spec.starts_with("RFC ")
        );
    }
    for (error, want) in [
        (GnapError::InvalidClient, [400, 401].as_slice()),
        (GnapError::InvalidContinuation, &[401, 404]),
        (GnapError::TooFast, &[400]),
        (GnapError::RequestDenied, &[400, 401, 500]),
        (GnapError::InvalidFlag, &[]),
    ] {
        assert_eq!(error.payments_statuses(), want, "{}", error.code());
    }
}
