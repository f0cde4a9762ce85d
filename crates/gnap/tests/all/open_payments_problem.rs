//! Open Payments: errors as its clients know them, status, code and words.

use http::StatusCode;
use placet_core::{Refusal, time::Lifetime};
use placet_gnap::{Place, Problem, Profile, open_payments::problem};
use serde_json::{Value, json};

const SPAN: Lifetime = Lifetime::from_secs(5);

/// Each error, its status, its code and its words.
const FROZEN: [(Problem, u16, &str, &str); 43] = [
    (problem::UNKNOWN_TENANT, 404, "invalid_request", "Not Found"),
    (
        problem::SIGNATURE_HEADERS,
        401,
        "invalid_client",
        "invalid signature headers",
    ),
    (
        problem::SIGNATURE_INPUT,
        401,
        "invalid_client",
        "invalid signature input",
    ),
    (
        problem::SIGNATURE,
        401,
        "invalid_client",
        "invalid signature",
    ),
    (
        problem::UNKNOWN_KEY,
        400,
        "invalid_client",
        "could not determine client",
    ),
    (
        problem::MISSING_INTERACT,
        400,
        "invalid_request",
        "missing required request field 'interact'",
    ),
    (
        problem::MISSING_CLIENT,
        400,
        "invalid_client",
        "missing required request field 'client'",
    ),
    (
        problem::INTERACTIVE_JWK,
        400,
        "invalid_client",
        "JWK client identifier cannot be used for interactive grants",
    ),
    (
        problem::MISSING_IDENTIFIER,
        400,
        "invalid_request",
        "access identifier required",
    ),
    (
        problem::NOTHING_ASKED,
        400,
        "invalid_request",
        "subject or access_token required",
    ),
    (
        problem::TWO_AMOUNTS,
        400,
        "invalid_request",
        "only one access amount allowed",
    ),
    (
        problem::SUBJECT_ID,
        400,
        "invalid_request",
        "subject id must be a valid https url",
    ),
    (
        problem::SUBJECT_FORMAT,
        400,
        "invalid_request",
        "subject format is invalid",
    ),
    (
        problem::INVALID_TENANT,
        400,
        "invalid_request",
        "invalid tenant",
    ),
    (
        problem::DENIED,
        400,
        "request_denied",
        "the request was denied",
    ),
    (
        problem::INTERNAL,
        500,
        "request_denied",
        "internal server error",
    ),
    (
        problem::INVALID_GRANT,
        401,
        "invalid_continuation",
        "invalid grant",
    ),
    (
        problem::MISSING_CONTINUATION,
        401,
        "invalid_continuation",
        "missing continuation information",
    ),
    (
        problem::MISSING_REFERENCE,
        401,
        "invalid_request",
        "missing interaction reference",
    ),
    (
        problem::GRANT_NOT_FOUND,
        404,
        "invalid_continuation",
        "grant not found",
    ),
    (
        problem::POLLED_NOTHING,
        404,
        "invalid_request",
        "grant not found",
    ),
    (
        problem::CONTINUED_TOO_FAST,
        400,
        "too_fast",
        "continued grant faster than \"wait\" period",
    ),
    (
        problem::POLLED_TOO_FAST,
        400,
        "too_fast",
        "polled grant faster than \"wait\" period",
    ),
    (
        problem::NOT_APPROVED,
        401,
        "request_denied",
        "grant interaction not approved",
    ),
    (
        problem::CANNOT_POLL,
        401,
        "request_denied",
        "grant cannot be polled",
    ),
    (
        problem::CANNOT_CONTINUE,
        401,
        "request_denied",
        "grant cannot be continued",
    ),
    (
        problem::MISSING_CANCELLATION,
        401,
        "invalid_request",
        "invalid continuation information",
    ),
    (
        problem::UNKNOWN_GRANT,
        404,
        "invalid_request",
        "unknown grant",
    ),
    (
        problem::INVALID_TOKEN,
        401,
        "invalid_client",
        "invalid access token",
    ),
    (
        problem::ROTATION_LOST,
        404,
        "invalid_rotation",
        "invalid access token",
    ),
    (
        problem::START_UNKNOWN,
        400,
        "unknown_interaction",
        "unknown interaction",
    ),
    (
        problem::START_ENDED,
        403,
        "invalid_interaction",
        "invalid interaction",
    ),
    (
        problem::START_UNATTENDED,
        500,
        "request_denied",
        "internal server error",
    ),
    (
        problem::UNKNOWN_INTERACTION,
        404,
        "unknown_interaction",
        "unknown interaction",
    ),
    (
        problem::FINISH_EXPIRED,
        401,
        "invalid_interaction",
        "interaction expired",
    ),
    (
        problem::FINISH_SESSION,
        401,
        "invalid_request",
        "invalid session",
    ),
    (
        problem::FINISH_UNANSWERED,
        401,
        "invalid_interaction",
        "interaction is not active",
    ),
    (
        problem::DETAILS_SECRET,
        401,
        "invalid_request",
        "invalid x-idp-secret",
    ),
    (
        problem::DETAILS_UNATTENDED,
        500,
        "invalid_request",
        "internal server error",
    ),
    (
        problem::DECISION_SECRET,
        401,
        "invalid_interaction",
        "invalid x-idp-secret",
    ),
    (
        problem::DECISION_DENIED,
        401,
        "user_denied",
        "user denied interaction",
    ),
    (
        problem::DECISION_LATE,
        400,
        "invalid_interaction",
        "invalid interaction",
    ),
    (
        problem::DECISION_WORD,
        400,
        "invalid_request",
        "invalid interaction choice",
    ),
];

#[test]
fn every_error_keeps_its_status_its_code_and_its_words() {
    for (problem, status, code, words) in FROZEN {
        let reply = problem.reply();
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let want = json!({ "error": { "code": code, "description": words } });
        assert_eq!((reply.status.as_u16(), body), (status, want));
    }
}

#[test]
fn media_types_have_statuses_and_no_code() {
    for (problem, status) in [
        (problem::media_type(), 415),
        (problem::not_acceptable(), 406),
    ] {
        let reply = problem.reply();
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(reply.status, status);
        let members: Vec<_> = body["error"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["description"]);
    }
}

#[test]
fn what_each_refusal_becomes_at_each_place() {
    use Place::{Cancel, Grant, Poll, Reference, Revoke, Rotate};
    let too_soon = Refusal::TooSoon { interval: SPAN };
    let cases = [
        (Refusal::NotFound, Grant, problem::UNKNOWN_TENANT),
        (Refusal::NotAllowed, Grant, problem::DENIED),
        (Refusal::NotAllowed, Poll, problem::CANNOT_POLL),
        (Refusal::NotFound, Poll, problem::INVALID_GRANT),
        (Refusal::NotFound, Reference, problem::INVALID_GRANT),
        (Refusal::Revoked, Cancel, problem::INVALID_GRANT),
        (Refusal::NotFound, Rotate, problem::INVALID_TOKEN),
        (Refusal::Revoked, Revoke, problem::INVALID_TOKEN),
        (Refusal::Reused, Rotate, problem::ROTATION_LOST),
        (too_soon.clone(), Poll, problem::POLLED_TOO_FAST.after(SPAN)),
        (too_soon, Reference, problem::CONTINUED_TOO_FAST.after(SPAN)),
        (Refusal::WrongProof, Poll, problem::CANNOT_POLL),
        (Refusal::WrongProof, Reference, problem::GRANT_NOT_FOUND),
        (Refusal::Denied, Poll, problem::CANNOT_CONTINUE),
        (Refusal::Denied, Reference, problem::GRANT_NOT_FOUND),
        (Refusal::AlreadyCollected, Poll, problem::CANNOT_CONTINUE),
        (Refusal::AlreadyCollected, Reference, problem::NOT_APPROVED),
        (Refusal::Expired, Reference, problem::NOT_APPROVED),
        (Refusal::ClientInactive, Grant, problem::SIGNATURE),
        (Refusal::ReplayedProof, Poll, problem::SIGNATURE),
    ];
    for (refusal, place, want) in cases {
        let problem = Problem::refused(&refusal, place, Profile::OpenPayments);
        assert_eq!(problem, want, "{refusal:?} at {place:?}");
    }
    let limit = Problem::refused(
        &Refusal::TooMany { retry_after: SPAN },
        Grant,
        Profile::OpenPayments,
    );
    assert_eq!(limit.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limit.reply().headers["retry-after"], "5");
}
