//! What an endpoint decided, and the one place that prints it as HTTP.
//!
//! Spec: RFC 6749 §5.1, RFC 8628 §3.2, RFC 7662 §2.2, RFC 7009 §2.2, RFC 6750 §3

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use placet_core::token::TokenSet;
use placet_web::reply::Reply;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    device::DeviceAuthorization,
    error::{OAuthError, Problem},
    introspect::Introspection,
};

/// What an endpoint decided. Nothing in it is a header or a status; those belong to the printer.
///
/// It has no `Debug`: tokens and claims about people are in it.
pub enum Outcome {
    /// Tokens were issued.
    Tokens(Box<TokenSet>),
    /// A device request waits for its person.
    Device(Box<DeviceAuthorization>),
    /// A token is active, and this is what it says.
    Active(Box<Introspection>),
    /// A token is not active for this caller: unknown, over, or none of its business.
    Inactive,
    /// A token is not active any more, or never was one of this client.
    Revoked,
    /// Claims about a person.
    Claims(Map<String, Value>),
    /// An error as JSON.
    Refused(Problem),
    /// A refusal to a holder of an access token.
    Bearer(BearerProblem),
}

/// Why a holder of an access token gets nothing (RFC 6750 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerProblem {
    /// No access token was presented; such an answer carries no code (RFC 6750 §3.1).
    Missing,
    /// One was, and this is wrong with it or with the request.
    Refused(Problem),
}

impl<E: Into<Problem>> From<E> for BearerProblem {
    fn from(problem: E) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// The answer of the token endpoint (RFC 6749 §5.1).
#[derive(Serialize)]
struct TokenAnswer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    /// Told whenever there is one, so that a client never has to know what it had asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

impl Outcome {
    /// Prints it as HTTP.
    pub fn print(self) -> Reply {
        match self {
            Self::Tokens(set) => tokens(&set),
            Self::Device(device) => Reply::json(StatusCode::OK, &device),
            Self::Active(told) => Reply::json(StatusCode::OK, &told),
            Self::Inactive => Reply::empty(StatusCode::OK).with_body(
                "application/json",
                Bytes::from_static(b"{\"active\":false}"),
            ),
            Self::Revoked => Reply::empty(StatusCode::OK),
            Self::Claims(claims) => Reply::json(StatusCode::OK, &claims),
            Self::Refused(problem) => problem.reply(),
            Self::Bearer(problem) => bearer(problem),
        }
    }
}

fn tokens(set: &TokenSet) -> Reply {
    let Some(access) = set.access.first() else {
        tracing::error!("a grant gave no access token");
        return Problem::from(OAuthError::ServerError).reply();
    };
    let answer = TokenAnswer {
        access_token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in_s,
        refresh_token: set.refresh.as_deref(),
        id_token: set.statement.as_deref(),
        scope: access.rights.scope_text(),
    };
    // RFC 6749 §5.1: no-store, which every reply has, and no-cache for HTTP/1.0.
    Reply::json(StatusCode::OK, &answer)
        .with_header(header::PRAGMA, HeaderValue::from_static("no-cache"))
}

/// A refusal with its challenge (RFC 6750 §3). All texts in it are constants without quotes or backslashes.
fn bearer(problem: BearerProblem) -> Reply {
    let (status, challenge) = match problem {
        BearerProblem::Missing => (
            StatusCode::UNAUTHORIZED,
            "Bearer realm=\"placet\"".to_owned(),
        ),
        BearerProblem::Refused(told) => {
            let mut challenge = format!(
                "Bearer realm=\"placet\", error=\"{}\", error_description=\"{}\"",
                told.error.code(),
                told.description
            );
            if told.error == OAuthError::InsufficientScope {
                challenge.push_str(", scope=\"openid\"");
            }
            (told.status, challenge)
        }
    };
    let reply = match problem {
        BearerProblem::Missing => Reply::empty(status),
        BearerProblem::Refused(told) => told.reply(),
    };
    match HeaderValue::try_from(challenge) {
        Ok(value) if status.is_client_error() => reply.with_header(header::WWW_AUTHENTICATE, value),
        Ok(_) | Err(_) => reply,
    }
}
