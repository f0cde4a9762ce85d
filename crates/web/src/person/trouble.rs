//! Why a person gets an error page: each reason with its status and its stable code.
//!
//! Spec: RFC 9110 §15; threats C8 and C15

use http::StatusCode;
use placet_core::{engine, refusal::Refusal, store::StoreError, time::Lifetime};

use super::{
    password::PasswordError,
    render::{error_reply, wait_s},
};
use crate::{
    context::Call,
    page::{ErrorPage, Locale},
    reply::Reply,
    site::Site,
};

/// How long a browser stays away from a server that cannot answer at the moment.
const UNAVAILABLE_RETRY: Lifetime = Lifetime::from_secs(2);

/// Why there is no other page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The browser has no part in this request, or there is no such request: the same for both (threat C8).
    #[error("the browser has no part in the request")]
    OtherBrowser,
    /// The form did not come from a page this browser opened here.
    #[error("the form is not from here")]
    Forged,
    /// The form lacks something a page of ours always sends.
    #[error("the form is not complete")]
    Malformed,
    /// There is nothing here.
    #[error("nothing is here")]
    NotFound,
    /// The person's network is not the device's, and the client asks for the same.
    #[error("the networks differ")]
    OtherNetwork,
    /// Another person holds the request.
    #[error("another person holds the request")]
    InUse,
    /// Passwords cannot be checked at the moment.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The face of the request is not served by this release.
    #[error("no face serves the request")]
    NoFace,
    /// A verb gave nothing.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl Trouble {
    /// The page that says so. Failures of the server itself are logged here, once.
    pub(super) fn reply(&self, site: &Site, call: &Call, locale: Option<Locale>) -> Reply {
        let (status, code, retry) = self.print();
        if status.is_server_error() {
            tracing::error!(request_id = %call.context.request_id, error = %self, "a person could not be served");
        }
        let error = ErrorPage {
            code: code.to_owned(),
            detail: None,
            retry_after_s: retry.map(wait_s),
            restart: None,
        };
        error_reply(site, call, status, error, locale)
    }

    fn print(&self) -> (StatusCode, &'static str, Option<Lifetime>) {
        match self {
            Self::OtherBrowser => (StatusCode::FORBIDDEN, "other_browser", None),
            Self::Forged => (StatusCode::FORBIDDEN, "forged_form", None),
            Self::Malformed => (StatusCode::BAD_REQUEST, "invalid_form", None),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", None),
            Self::OtherNetwork => (StatusCode::FORBIDDEN, "other_network", None),
            Self::InUse => (StatusCode::CONFLICT, "in_use", None),
            Self::Password(PasswordError::Busy { retry_after }) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                Some(*retry_after),
            ),
            Self::Password(PasswordError::Length | PasswordError::Failed) | Self::NoFace => {
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error", None)
            }
            Self::Engine(error) => of_engine(error),
        }
    }
}

fn of_engine(error: &engine::Error) -> (StatusCode, &'static str, Option<Lifetime>) {
    match error {
        engine::Error::Refused(refusal) => of_refusal(refusal),
        engine::Error::Unknown
        | engine::Error::Store(
            StoreError::Conflict
            | StoreError::Duplicate
            | StoreError::Spent
            | StoreError::TooLate
            | StoreError::Unavailable { .. }
            | StoreError::Full
            | StoreError::Unknown,
        ) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
            Some(UNAVAILABLE_RETRY),
        ),
        engine::Error::Store(StoreError::Corrupt { .. }) | engine::Error::Sign(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "server_error", None)
        }
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, &'static str, Option<Lifetime>) {
    let (status, code) = match refusal {
        Refusal::TooMany { retry_after } => {
            return (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                Some(*retry_after),
            );
        }
        Refusal::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::Expired => (StatusCode::GONE, "expired"),
        Refusal::Cancelled | Refusal::Revoked => (StatusCode::GONE, "ended"),
        Refusal::AlreadyAnswered | Refusal::AlreadyCollected | Refusal::Reused => {
            (StatusCode::CONFLICT, "answered")
        }
        Refusal::Taken => (StatusCode::CONFLICT, "in_use"),
        Refusal::StaleView => (StatusCode::CONFLICT, "changed"),
        Refusal::WrongBrowser => (StatusCode::FORBIDDEN, "other_browser"),
        Refusal::Denied | Refusal::PersonInactive => (StatusCode::FORBIDDEN, "access_denied"),
        Refusal::ClientInactive | Refusal::NotAllowed | Refusal::WrongClient => {
            (StatusCode::FORBIDDEN, "unauthorized_client")
        }
        Refusal::SignInNeeded => (StatusCode::FORBIDDEN, "sign_in_needed"),
        Refusal::Exceeds => (StatusCode::BAD_REQUEST, "invalid_scope"),
        Refusal::WrongTarget => (StatusCode::BAD_REQUEST, "invalid_target"),
        Refusal::WrongProof
        | Refusal::ReplayedProof
        | Refusal::Waiting { .. }
        | Refusal::TooSoon { .. } => (StatusCode::BAD_REQUEST, "invalid_request"),
    };
    (status, code, None)
}
