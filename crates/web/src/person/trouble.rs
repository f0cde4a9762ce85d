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

/// Declares the codes once: name, wire form, status, when it comes.
macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $when:literal;)+) => {
        /// The code of an error page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Code {
            $(#[doc = $when] $name,)+
        }

        impl Code {
            const fn text(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }
        }

        /// Every code a page of a person's request can say, with its status and when it comes: for documentation.
        pub const PAGE_CODES: &[(&str, StatusCode, &str)] = &[$(($code, StatusCode::$status, $when)),+];
    };
}

codes! {
    NotFound = "not_found", NOT_FOUND, "nothing is here, or it has expired and was forgotten";
    OtherBrowser = "other_browser", FORBIDDEN, "the browser has no part in this request";
    ForgedForm = "forged_form", FORBIDDEN, "the form did not come from a page this browser opened here";
    InvalidForm = "invalid_form", BAD_REQUEST, "the form lacks something a page of ours always sends";
    OtherNetwork = "other_network", FORBIDDEN, "the person's network is not the device's, and the client asks for the same";
    InUse = "in_use", CONFLICT, "another person holds the request";
    Changed = "changed", CONFLICT, "what was shown is not what would be decided";
    Answered = "answered", CONFLICT, "the request was answered before";
    Expired = "expired", GONE, "the request lived too long";
    Ended = "ended", GONE, "the request was ended before it was answered";
    AccessDenied = "access_denied", FORBIDDEN, "the person may not answer, or said no";
    UnauthorizedClient = "unauthorized_client", FORBIDDEN, "the client is disabled, or may not ask this way";
    SignInNeeded = "sign_in_needed", FORBIDDEN, "the sign-in is not fresh enough to decide this";
    InvalidScope = "invalid_scope", BAD_REQUEST, "more is asked for than may be";
    InvalidTarget = "invalid_target", BAD_REQUEST, "the resource is unknown";
    InvalidRequest = "invalid_request", BAD_REQUEST, "the request misses a proof, or cannot be read";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "a limit is reached";
    TemporarilyUnavailable = "temporarily_unavailable", SERVICE_UNAVAILABLE, "the store or the passwords cannot be used for a moment";
    ServerError = "server_error", INTERNAL_SERVER_ERROR, "something failed in a way that repeating does not mend";
}

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
        let (code, retry) = self.print();
        let status = code.status();
        if status.is_server_error() {
            tracing::error!(request_id = %call.context.request_id, error = %self, "a person could not be served");
        }
        let error = ErrorPage {
            code: code.text().to_owned(),
            detail: None,
            retry_after_s: retry.map(wait_s),
            restart: None,
        };
        error_reply(site, call, status, error, locale)
    }

    fn print(&self) -> (Code, Option<Lifetime>) {
        let code = match self {
            Self::OtherBrowser => Code::OtherBrowser,
            Self::Forged => Code::ForgedForm,
            Self::Malformed => Code::InvalidForm,
            Self::NotFound => Code::NotFound,
            Self::OtherNetwork => Code::OtherNetwork,
            Self::InUse => Code::InUse,
            Self::Password(PasswordError::Busy { retry_after }) => {
                return (Code::TemporarilyUnavailable, Some(*retry_after));
            }
            Self::Password(PasswordError::Length | PasswordError::Failed) | Self::NoFace => {
                Code::ServerError
            }
            Self::Engine(error) => return of_engine(error),
        };
        (code, None)
    }
}

fn of_engine(error: &engine::Error) -> (Code, Option<Lifetime>) {
    match error {
        engine::Error::Refused(Refusal::TooMany { retry_after }) => {
            (Code::TooManyRequests, Some(*retry_after))
        }
        engine::Error::Refused(refusal) => (of_refusal(refusal), None),
        engine::Error::Unknown
        | engine::Error::Store(
            StoreError::Conflict
            | StoreError::Duplicate
            | StoreError::Spent
            | StoreError::TooLate
            | StoreError::Unavailable { .. }
            | StoreError::Full
            | StoreError::Unknown,
        ) => (Code::TemporarilyUnavailable, Some(UNAVAILABLE_RETRY)),
        engine::Error::Store(StoreError::Corrupt { .. }) | engine::Error::Sign(_) => {
            (Code::ServerError, None)
        }
    }
}

fn of_refusal(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::TooMany { .. } => Code::TooManyRequests,
        Refusal::NotFound => Code::NotFound,
        Refusal::Expired => Code::Expired,
        Refusal::Cancelled | Refusal::Revoked => Code::Ended,
        Refusal::AlreadyAnswered | Refusal::AlreadyCollected | Refusal::Reused => Code::Answered,
        Refusal::Taken => Code::InUse,
        Refusal::StaleView => Code::Changed,
        Refusal::WrongBrowser => Code::OtherBrowser,
        Refusal::Denied | Refusal::PersonInactive => Code::AccessDenied,
        Refusal::ClientInactive | Refusal::NotAllowed | Refusal::WrongClient => {
            Code::UnauthorizedClient
        }
        Refusal::SignInNeeded => Code::SignInNeeded,
        Refusal::Exceeds => Code::InvalidScope,
        Refusal::WrongTarget => Code::InvalidTarget,
        Refusal::WrongProof
        | Refusal::ReplayedProof
        | Refusal::Waiting { .. }
        | Refusal::TooSoon { .. } => Code::InvalidRequest,
    }
}
