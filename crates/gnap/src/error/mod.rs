//! Every error code of the face, what each refusal from below becomes, and how it is printed.
//!
//! The specification gives no error a status but those for resource servers (RFC 9767 §3.5). Those here are the ones a
//! client can act on; the payments profile has its own, in [`crate::open_payments::problem`].
//!
//! Spec: RFC 9635 §3.6, §10.15; RFC 9767 §3.5
#![deny(clippy::wildcard_enum_match_arm)]

mod refused;

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};
use placet_core::time::Lifetime;
use placet_web::reply::Reply;
use serde::Serialize;

pub use self::refused::Place;
use crate::{
    json::Fault,
    open_payments::problem::FROZEN,
    response::{Continue, ContinueJson},
};

placet_web::codes! {
    /// A registered error code of GNAP, for clients or for resource servers.
    pub enum GnapError {
        InvalidRequest = "invalid_request", BAD_REQUEST, "RFC 9635 §3.6, RFC 9767 §3.5",
            "Something in the request is missing, malformed or not offered.",
            when "the request cannot be read, misses something it needs, or asks for something that is not offered",
            then "correct the request; do not repeat it unchanged";
        InvalidClient = "invalid_client", UNAUTHORIZED, "RFC 9635 §3.6",
            "The client is not known or not allowed here, or the signature does not hold.",
            when "the client is unknown or shut out, its key cannot be found, or its signature fails a check",
            then "check the key, what the signature covers, and the clock";
        InvalidInteraction = "invalid_interaction", BAD_REQUEST, "RFC 9635 §2.5, §3.6",
            "The interaction reference is not the one of this grant, or the interaction has ended.",
            when "no way to reach the person is usable, the interaction reference is another grant's, or its time is over",
            then "offer another start mode, name in `user` whom an empty `start` means, or begin again with the person";
        InvalidFlag = "invalid_flag", BAD_REQUEST, "RFC 9635 §2.1.1, §3.6",
            "A flag is repeated, or cannot be asked for.",
            when "`flags` repeats a flag or holds another than `bearer`",
            then "correct the flags";
        InvalidRotation = "invalid_rotation", BAD_REQUEST, "RFC 9635 §3.6, §6.1",
            "The token cannot be rotated.",
            when "a token cannot be rotated by this client with these proofs; it stays as it was",
            then "use the newest management token, or ask for a new grant";
        KeyRotationNotSupported = "key_rotation_not_supported", BAD_REQUEST, "RFC 9635 §3.6, §6.1.1",
            "The key of this token cannot be changed.",
            when "another key is asked for a token whose key cannot be changed",
            then "ask for a new grant with the new key";
        InvalidContinuation = "invalid_continuation", UNAUTHORIZED, "RFC 9635 §3.6, §5",
            "The grant is not known, has ended, or cannot be continued in this way.",
            when "the continuation URI and its token name no grant of this client that can be continued",
            then "use the newest continuation token; without one, begin a new grant";
        UserDenied = "user_denied", FORBIDDEN, "RFC 9635 §3.6",
            "The person said no.",
            when "the person who was asked denied the request",
            then "stop; begin again only when the person wants to";
        RequestDenied = "request_denied", FORBIDDEN, "RFC 9635 §3.6",
            "The request was denied.",
            when "the server may not or cannot do it, for a reason it does not tell; with 503, for a moment",
            then "wait as long as `Retry-After` says, if it is there; else ask the operator";
        UnknownUser = "unknown_user", BAD_REQUEST, "RFC 9635 §2.4, §3.6",
            "The person who is named is not known here, or is another than the one who answered.",
            when "`user` names nobody known, or somebody else sat at the screen",
            then "leave `user` out, or name the person who is there";
        UnknownInteraction = "unknown_interaction", NOT_FOUND, "RFC 9635 §3.6",
            "The interaction is not known.",
            when "nothing belongs to an interaction's id and secret",
            then "open the address exactly as it was given, or begin again";
        TooFast = "too_fast", BAD_REQUEST, "RFC 9635 §3.6, §5.2",
            "The client asked earlier than it was told to.",
            when "a continuation comes before `wait` has passed",
            then "wait as long as the newest answer says";
        TooManyAttempts = "too_many_attempts", BAD_REQUEST, "RFC 9635 §3.6, §5.1",
            "There were too many attempts.",
            when "an interaction reference comes a second time, or a client has asked too often; the grant is over",
            then "begin a new grant";
        InvalidResourceServer = "invalid_resource_server", BAD_REQUEST, "RFC 9767 §3.5",
            "The resource server is not known or not allowed here, or its signature does not hold.",
            when "a resource server is unknown, or its signature fails a check",
            then "check the key and what the signature covers";
        InvalidAccess = "invalid_access", BAD_REQUEST, "RFC 9767 §3.5",
            "This resource server may not ask about these rights.",
            when "a resource server names rights that are not its own",
            then "name rights of this resource server only";
    }
}

impl GnapError {
    /// The statuses it may have in the payments profile, in order; none where that profile has no use for it.
    pub fn payments_statuses(self) -> Vec<u16> {
        let frozen = FROZEN.iter().filter(|problem| problem.code == Some(self));
        let mut statuses: Vec<_> = frozen.map(|problem| problem.status.as_u16()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

/// An error as one answer tells it. What caused it is logged, never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code. Absent only where the payments profile reports a body that breaks its schema.
    pub code: Option<GnapError>,
    /// The status.
    pub status: StatusCode,
    /// The `description`: names of the specification and numbers, never a text of the request.
    pub description: Cow<'static, str>,
    /// How long the caller should stay away. Absent when waiting does not help.
    pub retry_after: Option<Lifetime>,
    /// How the grant can be continued in spite of the error; only while it is pending (RFC 9635 §3.6).
    pub continuation: Option<Box<Continue>>,
}

impl From<GnapError> for Problem {
    fn from(error: GnapError) -> Self {
        Self::at(error.status(), error, error.description())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self {
            description: fault.description,
            ..fault.code.into()
        }
    }
}

impl Problem {
    /// A code with a status and a description of its own. No text of a request belongs in it.
    pub const fn at(status: StatusCode, code: GnapError, description: &'static str) -> Self {
        Self {
            code: Some(code),
            status,
            description: Cow::Borrowed(description),
            retry_after: None,
            continuation: None,
        }
    }

    /// A code with a description of its own.
    pub const fn new(code: GnapError, description: &'static str) -> Self {
        Self::at(code.status(), code, description)
    }

    /// The same, telling the caller to stay away for `span`.
    #[must_use]
    pub fn after(mut self, span: Lifetime) -> Self {
        self.retry_after = Some(span);
        self
    }

    /// The same for a grant that is still pending, so that the client may modify or repeat (RFC 9635 §3.6).
    #[must_use]
    pub fn with_continue(mut self, continuation: Continue) -> Self {
        self.continuation = Some(Box::new(continuation));
        self
    }

    /// Prints it as JSON, always in the object form: clients of the payments profile read members of it.
    pub fn reply(&self) -> Reply {
        #[derive(Serialize)]
        struct Told<'a> {
            error: Error<'a>,
            #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
            continuation: Option<ContinueJson<'a>>,
        }
        #[derive(Serialize)]
        struct Error<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<&'static str>,
            description: &'a str,
        }
        let told = Told {
            error: Error {
                code: self.code.map(GnapError::code),
                description: &self.description,
            },
            continuation: self.continuation.as_deref().map(ContinueJson::with_wait),
        };
        let mut reply = Reply::json(self.status, &told);
        if let Some(wait) = self.retry_after {
            reply = reply.with_header(header::RETRY_AFTER, wait.as_secs_ceil().into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §15.5.2: a 401 names the scheme that would help.
            let scheme = HeaderValue::from_static("GNAP");
            reply = reply.with_header(header::WWW_AUTHENTICATE, scheme);
        }
        reply
    }
}
