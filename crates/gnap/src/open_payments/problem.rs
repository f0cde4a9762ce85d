//! The errors of the payments profile as its clients know them: status, code and words of the reference server.
//!
//! Clients branch on status and code together, so each stands here as one value and is never put together elsewhere.
//!
//! Spec: Open Payments 1.3 (responses of the authorization server); RFC 9635 §3.6

use std::borrow::Cow;

use http::StatusCode;
use placet_core::Refusal;

use crate::{GnapError, Place, Problem};

/// Declares the problems once, and the list of all of them.
macro_rules! frozen {
    ($($(#[doc = $doc:literal])+ $name:ident = $status:ident $code:ident $text:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: Problem =
            Problem::at(StatusCode::$status, GnapError::$code, $text);)+

        /// Every problem of this profile that has a code.
        pub(crate) const FROZEN: &[Problem] = &[$($name),+];
    };
}

frozen! {
    /// The grant endpoint of a tenant that is not there; told only after schema and signature held.
    UNKNOWN_TENANT = NOT_FOUND InvalidRequest "Not Found";
    /// Signature headers are missing or cannot be read.
    SIGNATURE_HEADERS = UNAUTHORIZED InvalidClient "invalid signature headers";
    /// The signature names no key.
    SIGNATURE_INPUT = UNAUTHORIZED InvalidClient "invalid signature input";
    /// The signature does not hold.
    SIGNATURE = UNAUTHORIZED InvalidClient "invalid signature";
    /// The key that signed is none of the client's; clients take it for 'revoked'.
    UNKNOWN_KEY = BAD_REQUEST InvalidClient "could not determine client";
    /// The person would have to be asked, and the client cannot show anything.
    MISSING_INTERACT = BAD_REQUEST InvalidRequest "missing required request field 'interact'";
    /// The client has no wallet address with a public name to show to the person.
    MISSING_CLIENT = BAD_REQUEST InvalidClient "missing required request field 'client'";
    /// A bare key asks for something a person decides.
    INTERACTIVE_JWK = BAD_REQUEST InvalidClient "JWK client identifier cannot be used for interactive grants";
    /// A right a person decides about names no wallet address.
    MISSING_IDENTIFIER = BAD_REQUEST InvalidRequest "access identifier required";
    /// Neither access nor subject is asked for.
    NOTHING_ASKED = BAD_REQUEST InvalidRequest "subject or access_token required";
    /// Both amounts are limited.
    TWO_AMOUNTS = BAD_REQUEST InvalidRequest "only one access amount allowed";
    /// The subject is not named by a URL.
    SUBJECT_ID = BAD_REQUEST InvalidRequest "subject id must be a valid https url";
    /// The subject is named in another format than `uri`.
    SUBJECT_FORMAT = BAD_REQUEST InvalidRequest "subject format is invalid";
    /// The tenant has nobody who asks its people.
    INVALID_TENANT = BAD_REQUEST InvalidRequest "invalid tenant";
    /// What is asked for is not given to this client. The reference server has no such error.
    DENIED = BAD_REQUEST RequestDenied "the request was denied";
    /// Something failed on this side.
    INTERNAL = INTERNAL_SERVER_ERROR RequestDenied "internal server error";
    /// The pair of continuation id and token is unknown, or the grant was revoked.
    INVALID_GRANT = UNAUTHORIZED InvalidContinuation "invalid grant";
    /// The authorization of a continuation is missing.
    MISSING_CONTINUATION = UNAUTHORIZED InvalidContinuation "missing continuation information";
    /// A continuation has a body without reference.
    MISSING_REFERENCE = UNAUTHORIZED InvalidRequest "missing interaction reference";
    /// The reference is wrong, or the person said no.
    GRANT_NOT_FOUND = NOT_FOUND InvalidContinuation "grant not found";
    /// The grant vanished while it was polled.
    POLLED_NOTHING = NOT_FOUND InvalidRequest "grant not found";
    /// A continuation with a reference came too early.
    CONTINUED_TOO_FAST = BAD_REQUEST TooFast "continued grant faster than \"wait\" period";
    /// A poll came too early.
    POLLED_TOO_FAST = BAD_REQUEST TooFast "polled grant faster than \"wait\" period";
    /// The reference is right, and there is nothing to collect.
    NOT_APPROVED = UNAUTHORIZED RequestDenied "grant interaction not approved";
    /// The grant has a finish method.
    CANNOT_POLL = UNAUTHORIZED RequestDenied "grant cannot be polled";
    /// The person said no, or the grant has ended.
    CANNOT_CONTINUE = UNAUTHORIZED RequestDenied "grant cannot be continued";
    /// The authorization of a cancellation is missing.
    MISSING_CANCELLATION = UNAUTHORIZED InvalidRequest "invalid continuation information";
    /// The grant to be cancelled vanished.
    UNKNOWN_GRANT = NOT_FOUND InvalidRequest "unknown grant";
    /// The token is unknown or was revoked.
    INVALID_TOKEN = UNAUTHORIZED InvalidClient "invalid access token";
    /// Another rotation was first.
    ROTATION_LOST = NOT_FOUND InvalidRotation "invalid access token";
    /// Nothing belongs to the address a person was sent to.
    START_UNKNOWN = BAD_REQUEST UnknownInteraction "unknown interaction";
    /// The interaction was answered or its grant revoked, and the client left no address.
    START_ENDED = FORBIDDEN InvalidInteraction "invalid interaction";
    /// The tenant has nobody who asks its people any more, and the client left no address.
    START_UNATTENDED = INTERNAL_SERVER_ERROR RequestDenied "internal server error";
    /// Nothing belongs to the address a person came back to, or to what an identity provider asks about.
    UNKNOWN_INTERACTION = NOT_FOUND UnknownInteraction "unknown interaction";
    /// The interaction expired before the person came back, and the client left no address.
    FINISH_EXPIRED = UNAUTHORIZED InvalidInteraction "interaction expired";
    /// The person came back in another browser.
    FINISH_SESSION = UNAUTHORIZED InvalidRequest "invalid session";
    /// The person came back without an answer, and the client left no address.
    FINISH_UNANSWERED = UNAUTHORIZED InvalidInteraction "interaction is not active";
    /// The identity provider that asks for details proves itself wrongly.
    DETAILS_SECRET = UNAUTHORIZED InvalidRequest "invalid x-idp-secret";
    /// The tenant of the details has no identity provider.
    DETAILS_UNATTENDED = INTERNAL_SERVER_ERROR InvalidRequest "internal server error";
    /// The identity provider that decides proves itself wrongly.
    DECISION_SECRET = UNAUTHORIZED InvalidInteraction "invalid x-idp-secret";
    /// The grant was denied before.
    DECISION_DENIED = UNAUTHORIZED UserDenied "user denied interaction";
    /// The interaction was answered before, or has expired.
    DECISION_LATE = BAD_REQUEST InvalidInteraction "invalid interaction";
    /// The decision is neither of the two.
    DECISION_WORD = BAD_REQUEST InvalidRequest "invalid interaction choice";
}

/// A body that breaks the schema: 400 without a code.
pub(crate) fn schema(description: Cow<'static, str>) -> Problem {
    without_code(StatusCode::BAD_REQUEST, description)
}

/// Another media type than JSON is sent.
pub fn media_type() -> Problem {
    let description = "The media type of the body is not application/json.";
    without_code(StatusCode::UNSUPPORTED_MEDIA_TYPE, description.into())
}

/// Another media type than JSON is asked for.
pub fn not_acceptable() -> Problem {
    let description = "Only application/json is offered.";
    without_code(StatusCode::NOT_ACCEPTABLE, description.into())
}

fn without_code(status: StatusCode, description: Cow<'static, str>) -> Problem {
    Problem {
        code: None,
        status,
        description,
        retry_after: None,
        continuation: None,
    }
}

/// What a refusal is called at `place`.
pub(crate) fn refused(refusal: &Refusal, place: Place) -> Problem {
    match refusal {
        Refusal::NotFound | Refusal::WrongClient | Refusal::Cancelled | Refusal::Revoked => {
            absent(place)
        }
        Refusal::ClientInactive | Refusal::ReplayedProof => SIGNATURE,
        Refusal::TooMany { retry_after } => Problem::too_many(*retry_after),
        Refusal::Waiting { interval } | Refusal::TooSoon { interval } => match place {
            Place::Reference => CONTINUED_TOO_FAST,
            Place::Grant
            | Place::Poll
            | Place::Cancel
            | Place::Rotate
            | Place::Revoke
            | Place::ResourceServer => POLLED_TOO_FAST,
        }
        .after(*interval),
        Refusal::WrongProof => match place {
            Place::Reference => GRANT_NOT_FOUND,
            Place::Poll => CANNOT_POLL,
            Place::Grant
            | Place::Cancel
            | Place::Rotate
            | Place::Revoke
            | Place::ResourceServer => absent(place),
        },
        Refusal::Denied => match place {
            Place::Reference => GRANT_NOT_FOUND,
            Place::Poll => CANNOT_CONTINUE,
            Place::Grant => DENIED,
            Place::Cancel | Place::Rotate | Place::Revoke | Place::ResourceServer => absent(place),
        },
        // Where a reference is due, a poll is told nothing (threat G11).
        Refusal::NotAllowed => match place {
            Place::Poll => CANNOT_POLL,
            Place::Grant
            | Place::Reference
            | Place::Cancel
            | Place::Rotate
            | Place::Revoke
            | Place::ResourceServer => ended(place),
        },
        Refusal::AlreadyCollected
        | Refusal::Reused
        | Refusal::Expired
        | Refusal::Exceeds
        | Refusal::WrongTarget
        | Refusal::PersonInactive
        | Refusal::SignInNeeded
        | Refusal::AlreadyAnswered
        | Refusal::Taken
        | Refusal::StaleView
        | Refusal::WrongBrowser => ended(place),
    }
}

/// What is not there for this caller.
const fn absent(place: Place) -> Problem {
    match place {
        Place::Grant => UNKNOWN_TENANT,
        Place::Poll | Place::Reference | Place::Cancel => INVALID_GRANT,
        Place::Rotate | Place::Revoke | Place::ResourceServer => INVALID_TOKEN,
    }
}

/// What is there and gives nothing any more.
const fn ended(place: Place) -> Problem {
    match place {
        Place::Reference => NOT_APPROVED,
        Place::Grant => DENIED,
        Place::Poll => CANNOT_CONTINUE,
        Place::Cancel => INVALID_GRANT,
        Place::Rotate => ROTATION_LOST,
        Place::Revoke | Place::ResourceServer => INVALID_TOKEN,
    }
}
