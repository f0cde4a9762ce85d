//! What went wrong, as a problem document with a stable code.
//!
//! Spec: RFC 9457 §3

use http::{HeaderValue, StatusCode, header};
use placet_core::{engine, refusal::Refusal};
use placet_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::operations::{Flaw, OperationError};

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: &'static str,
    detail: String,
    errors: Vec<Flaw>,
}

/// The same as it is written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    /// The same as `code`, as a URI.
    #[serde(rename = "type")]
    kind: String,
    /// What this code means.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// The stable code.
    code: &'static str,
    /// What happened this time.
    detail: String,
    /// Everything that is wrong with what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Flaw>,
    /// The name of this request in the log.
    request_id: String,
}

/// Every code with its status and title.
pub const CODES: [(&str, StatusCode, &str); 14] = [
    (
        "malformed",
        StatusCode::BAD_REQUEST,
        "The request cannot be read",
    ),
    (
        "media_type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is not JSON",
    ),
    (
        "bad_cursor",
        StatusCode::BAD_REQUEST,
        "The cursor is not one of this list",
    ),
    (
        "not_found",
        StatusCode::NOT_FOUND,
        "There is nothing of this name",
    ),
    ("taken", StatusCode::CONFLICT, "The name is taken"),
    (
        "invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "What was sent breaks rules",
    ),
    (
        "stale",
        StatusCode::PRECONDITION_FAILED,
        "It changed since it was read",
    ),
    (
        "version_needed",
        StatusCode::PRECONDITION_REQUIRED,
        "Say which version you change",
    ),
    (
        "settled",
        StatusCode::CONFLICT,
        "The request has ended already",
    ),
    ("refused", StatusCode::CONFLICT, "A rule forbids it"),
    (
        "busy",
        StatusCode::SERVICE_UNAVAILABLE,
        "Try again in a moment",
    ),
    (
        "unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "The store did not answer",
    ),
    (
        "signing_keys",
        StatusCode::INTERNAL_SERVER_ERROR,
        "The signing keys cannot be used",
    ),
    (
        "wrong_master_key",
        StatusCode::INTERNAL_SERVER_ERROR,
        "The master key is another one",
    ),
];

impl Problem {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    pub(super) fn into_reply(self, request_id: &str) -> Reply {
        let known = CODES.into_iter().find(|(code, ..)| *code == self.code);
        let (code, status, title) = known.unwrap_or((
            self.code,
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
        ));
        let document = ProblemDocument {
            kind: format!("urn:placet:admin:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: self.detail,
            errors: self.errors,
            request_id: request_id.to_owned(),
        };
        let reply = Reply::json(status, &document).with_header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            reply.with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
        } else {
            reply
        }
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        let code = error.code();
        match error {
            OperationError::Invalid(flaws) => {
                let detail = OperationError::Invalid(flaws.clone()).to_string();
                Self {
                    errors: flaws,
                    ..Self::new(code, detail)
                }
            }
            OperationError::Engine(engine::Error::Refused(refusal)) => {
                Self::new("refused", refused(&refusal))
            }
            // What the store or the keys say is for the log; it may name files.
            OperationError::Engine(error) => {
                tracing::error!(%error, "the admin API could not reach the store");
                Self::new(
                    code,
                    "the store did not answer; nothing is lost by asking again",
                )
            }
            OperationError::Key(reason) => {
                tracing::error!(reason, "the admin API could not use the signing keys");
                Self::new(code, "the log says why")
            }
            OperationError::NotFound { .. }
            | OperationError::Taken { .. }
            | OperationError::Stale
            | OperationError::Settled
            | OperationError::BadCursor
            | OperationError::WrongMasterKey
            | OperationError::Busy => Self::new(code, error.to_string()),
        }
    }
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound => "nothing of this name".to_owned(),
        other => other.to_string(),
    }
}
