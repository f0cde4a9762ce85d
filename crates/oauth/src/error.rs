//! Every error code of the face, what each refusal from below becomes, and how it is printed.
//!
//! Spec: RFC 6749 §4.1.2.1, §5.2, RFC 6750 §3.1, RFC 8628 §3.5, RFC 8707 §2, OpenID Connect Core §3.1.2.6
#![deny(clippy::wildcard_enum_match_arm)]

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use placet_core::{
    Refusal, engine::Error, right::RightError, store::StoreError, time::Lifetime, token::SignError,
};
use placet_web::{client_auth::ClientAuthError, params::ParamError, reply::Reply};
use serde_json::json;

/// How long a caller should stay away after trouble of our own, in seconds.
const RETRY_AFTER_TROUBLE: Lifetime = Lifetime::from_secs(1);
/// How long a client should stay away while the server with its keys does not answer.
const RETRY_AFTER_OUTAGE: Lifetime = Lifetime::from_secs(5);

placet_web::codes! {
    /// A registered error code of OAuth 2.0, OpenID Connect or one of their extensions.
    pub enum OAuthError {
        InvalidRequest = "invalid_request", BAD_REQUEST, "RFC 6749 §5.2",
            "A parameter is missing, repeated or malformed.",
            when "the request cannot be read, or misses something it needs",
            then "correct the request; do not repeat it unchanged";
        InvalidClient = "invalid_client", UNAUTHORIZED, "RFC 6749 §5.2",
            "Client authentication failed.",
            when "the client is unknown, disabled, or its credentials are wrong or came a second time",
            then "check the credentials and the registered authentication method";
        InvalidGrant = "invalid_grant", BAD_REQUEST, "RFC 6749 §5.2",
            "The code or token is not valid here: unknown, used, expired, revoked, or of another client.",
            when "a code, device code or refresh token cannot be exchanged by this client with these proofs",
            then "drop it and begin again with the person";
        UnauthorizedClient = "unauthorized_client", BAD_REQUEST, "RFC 6749 §5.2",
            "The client is not registered for this.",
            when "the grant type or response type is not among those the client is registered for",
            then "have the registration changed";
        UnsupportedGrantType = "unsupported_grant_type", BAD_REQUEST, "RFC 6749 §5.2",
            "This grant type is not offered.",
            when "`grant_type` names a grant this server does not know",
            then "use one of `grant_types_supported`";
        InvalidScope = "invalid_scope", BAD_REQUEST, "RFC 6749 §5.2",
            "A scope is malformed, not registered for the client, or was not granted.",
            when "`scope` names something the client may not ask for, or more than was granted",
            then "ask for less, or have the registration changed";
        InvalidTarget = "invalid_target", BAD_REQUEST, "RFC 8707 §2",
            "A resource is malformed, unknown, was not granted, or more than one was asked for at once.",
            when "`resource` is not one this client can get a token for here",
            then "name one declared resource that was part of the authorization";
        UnsupportedResponseType = "unsupported_response_type", BAD_REQUEST, "RFC 6749 §4.1.2.1",
            "Only the response type code is offered.",
            when "`response_type` is not `code`",
            then "use the authorization code flow";
        AccessDenied = "access_denied", BAD_REQUEST, "RFC 6749 §4.1.2.1, RFC 8628 §3.5",
            "The request was denied.",
            when "the person said no, or the request was ended before they could answer",
            then "stop; begin again only when the person wants to";
        LoginRequired = "login_required", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The person has to sign in.",
            when "`prompt=none` was asked and no sign-in answers it",
            then "send the person here without `prompt=none`";
        ConsentRequired = "consent_required", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The person has to agree.",
            when "`prompt=none` was asked and the person has not agreed to this before",
            then "send the person here without `prompt=none`";
        InteractionRequired = "interaction_required", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The person has to be asked.",
            when "`prompt=none` was asked by a client that cannot be told apart from an impostor without the person",
            then "send the person here without `prompt=none`";
        RequestNotSupported = "request_not_supported", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The request parameter is not supported.",
            when "a request object is passed by value",
            then "send the parameters themselves";
        RequestUriNotSupported = "request_uri_not_supported", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The request_uri parameter is not supported.",
            when "a request object is passed by reference",
            then "send the parameters themselves";
        RegistrationNotSupported = "registration_not_supported", BAD_REQUEST, "OpenID Connect Core §3.1.2.6",
            "The registration parameter is not supported.",
            when "a client tries to register itself in its request",
            then "have the client registered first";
        AuthorizationPending = "authorization_pending", BAD_REQUEST, "RFC 8628 §3.5",
            "The person has not answered yet.",
            when "a device polls before the person answered",
            then "poll again after the interval";
        SlowDown = "slow_down", BAD_REQUEST, "RFC 8628 §3.5",
            "Polling is too fast: the interval is 5 seconds longer from here on.",
            when "a device polls before its interval has passed",
            then "add 5 seconds to the interval, for good";
        ExpiredToken = "expired_token", BAD_REQUEST, "RFC 8628 §3.5",
            "The device code has expired.",
            when "nobody answered, or nobody collected, in time",
            then "stop polling; begin again if the person still wants to";
        InvalidToken = "invalid_token", UNAUTHORIZED, "RFC 6750 §3.1",
            "The access token is not active.",
            when "the access token is unknown, expired or revoked",
            then "get a new access token";
        InsufficientScope = "insufficient_scope", FORBIDDEN, "RFC 6750 §3.1",
            "The access token lacks the scope openid.",
            when "the access token was not granted what the endpoint needs",
            then "ask the person for the scope";
        ServerError = "server_error", INTERNAL_SERVER_ERROR, "RFC 6749 §4.1.2.1",
            "Something failed on this side.",
            when "the server failed in a way that repeating does not mend",
            then "tell the operator the request id";
        TemporarilyUnavailable = "temporarily_unavailable", SERVICE_UNAVAILABLE, "RFC 6749 §4.1.2.1",
            "This cannot be answered now; try again later.",
            when "a limit is reached (429), or the server cannot write or sign for a moment (503)",
            then "wait as long as `Retry-After` says and repeat";
    }
    body r#"{"error":""#, r#"","error_description":""#, r#""}"#;
}

/// An error as one answer tells it. What caused it is logged, never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The code.
    pub error: OAuthError,
    /// The status where the answer is JSON.
    pub status: StatusCode,
    /// The `error_description`.
    pub description: &'static str,
    /// How long the caller should stay away. Absent when waiting does not help.
    pub retry_after: Option<Lifetime>,
    /// Whether the client used the `Authorization` header, which a 401 then answers (RFC 6749 §5.2).
    pub challenge: bool,
}

impl From<OAuthError> for Problem {
    fn from(error: OAuthError) -> Self {
        Self {
            error,
            status: error.status(),
            description: error.description(),
            retry_after: None,
            challenge: false,
        }
    }
}

impl Problem {
    /// A code with a description of its own. No text of the request belongs in it.
    pub fn new(error: OAuthError, description: &'static str) -> Self {
        Self {
            description,
            ..error.into()
        }
    }

    /// A limit that is reached: 429, since the client can do something about it.
    pub fn too_many(retry_after: Lifetime) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            description: "Too many requests; try again later.",
            retry_after: Some(retry_after),
            ..OAuthError::TemporarilyUnavailable.into()
        }
    }

    fn trouble() -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_TROUBLE),
            ..OAuthError::TemporarilyUnavailable.into()
        }
    }

    /// Prints it as JSON (RFC 6749 §5.2).
    pub fn reply(&self) -> Reply {
        let body = if self.description == self.error.description() {
            Bytes::from_static(self.error.body().as_bytes())
        } else {
            let told = json!({ "error": self.error.code(), "error_description": self.description });
            told.to_string().into()
        };
        let mut reply = self.headers(Reply::empty(self.status).with_body("application/json", body));
        // RFC 6749 §5.1: also for caches that only know HTTP/1.0.
        reply
            .headers
            .insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        reply
    }

    fn headers(&self, mut reply: Reply) -> Reply {
        if let Some(wait) = self.retry_after {
            reply = reply.with_header(header::RETRY_AFTER, wait.as_secs_ceil().into());
        }
        if self.challenge && self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"placet\", charset=\"UTF-8\"");
            reply = reply.with_header(header::WWW_AUTHENTICATE, basic);
        }
        reply
    }
}

impl From<ParamError> for Problem {
    fn from(error: ParamError) -> Self {
        let description = match error {
            ParamError::Repeated(_) => "A parameter is repeated.",
            ParamError::Malformed => "The form or query is malformed.",
            ParamError::TooMany => "There are too many parameters.",
        };
        Self::new(OAuthError::InvalidRequest, description)
    }
}

impl From<RightError> for Problem {
    fn from(error: RightError) -> Self {
        match error {
            RightError::Scope => OAuthError::InvalidScope.into(),
            RightError::Resource => OAuthError::InvalidTarget.into(),
            // No parameter of OAuth's is read as one here.
            RightError::Detail => OAuthError::InvalidRequest.into(),
            RightError::TooMany => Self::new(
                OAuthError::InvalidRequest,
                "There are too many scopes or resources.",
            ),
        }
    }
}

impl From<ClientAuthError> for Problem {
    fn from(error: ClientAuthError) -> Self {
        let challenge = error.used_header();
        match error {
            // RFC 6749 §2.3: one method in a request.
            ClientAuthError::TwoMethods => Self::new(
                OAuthError::InvalidRequest,
                "More than one method of client authentication is used.",
            ),
            ClientAuthError::TooMany { retry_after } => Self::too_many(retry_after),
            ClientAuthError::KeysUnavailable => Self {
                retry_after: Some(RETRY_AFTER_OUTAGE),
                ..OAuthError::TemporarilyUnavailable.into()
            },
            ClientAuthError::Engine(error) => error.into(),
            // Which check failed was logged where it failed.
            ClientAuthError::Refused { .. } => Self {
                challenge,
                ..OAuthError::InvalidClient.into()
            },
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Unknown => {
                tracing::error!("the outcome of a commit could not be found out");
                Self::trouble()
            }
            Error::Store(cause) => {
                tracing::error!(%cause, "the store failed");
                match cause {
                    StoreError::Corrupt { .. } | StoreError::Duplicate | StoreError::Spent => {
                        OAuthError::ServerError.into()
                    }
                    StoreError::Conflict
                    | StoreError::TooLate
                    | StoreError::Unavailable { .. }
                    | StoreError::Full
                    | StoreError::Unknown => Self::trouble(),
                }
            }
            Error::Sign(cause) => {
                tracing::error!(%cause, "a token could not be signed");
                match cause {
                    // The first PS256 key is made in the background after start.
                    SignError::NoKey(_) => Self::trouble(),
                    SignError::Failed => OAuthError::ServerError.into(),
                }
            }
        }
    }
}

impl From<Refusal> for Problem {
    /// What a refusal is called at the token endpoint. Everything wrong with a code or token looks the same from
    /// outside (threat C8).
    fn from(refusal: Refusal) -> Self {
        let error = match refusal {
            Refusal::NotFound
            | Refusal::Expired
            | Refusal::AlreadyAnswered
            | Refusal::AlreadyCollected
            | Refusal::Taken
            | Refusal::StaleView
            | Refusal::WrongBrowser
            | Refusal::WrongClient
            | Refusal::WrongProof
            | Refusal::PersonInactive
            | Refusal::Reused
            | Refusal::Revoked => OAuthError::InvalidGrant,
            Refusal::Waiting { .. } => OAuthError::AuthorizationPending,
            Refusal::TooSoon { .. } => OAuthError::SlowDown,
            Refusal::Denied | Refusal::Cancelled => OAuthError::AccessDenied,
            Refusal::Exceeds => OAuthError::InvalidScope,
            Refusal::WrongTarget => OAuthError::InvalidTarget,
            Refusal::TooMany { retry_after } => return Self::too_many(retry_after),
            Refusal::ClientInactive | Refusal::ReplayedProof => OAuthError::InvalidClient,
            Refusal::NotAllowed => OAuthError::UnauthorizedClient,
            Refusal::SignInNeeded => OAuthError::LoginRequired,
        };
        error.into()
    }
}
