//! What a request gets that no handler sees, in the form its reader understands: JSON for a client, a page for a person in
//! a browser, a line of text for everybody else.
//!
//! Spec: RFC 9110 §15.5, RFC 6585 §4 (429), RFC 6749 §5.2, RFC 9635 §3.6

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header, request::Parts};
use placet_core::time::Lifetime;
use placet_web::{
    context::{Call, Context},
    face::{Audience, ErrorForm},
    person,
    reply::Reply,
    site::Site,
};
use serde_json::json;

use super::body::BodyError;

/// Why no handler sees a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It speaks to another name.
    Misdirected,
    /// Its source asks too often.
    TooMany(Lifetime),
    /// Nothing can be told at the moment.
    NotNow(Lifetime),
    /// Its path names nothing.
    NoPlace,
    /// The path has other methods: these.
    OtherMethod(String),
    /// Its body was not read.
    Unread(BodyError),
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoPlace => StatusCode::NOT_FOUND,
            Self::OtherMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unread(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unread(BodyError::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Unread(BodyError::Broken) => StatusCode::BAD_REQUEST,
        }
    }

    /// The OAuth code and a sentence for the developer.
    fn for_client(&self) -> (&'static str, &'static str) {
        match self {
            Self::TooMany(_) => (
                "temporarily_unavailable",
                "Too many requests; try again later.",
            ),
            Self::NotNow(_) => (
                "temporarily_unavailable",
                "This cannot be answered now; try again later.",
            ),
            Self::Misdirected => ("invalid_request", "This server does not go by that name."),
            Self::NoPlace => ("invalid_request", "There is nothing here."),
            Self::OtherMethod(_) => (
                "invalid_request",
                "This method is not one of those in Allow.",
            ),
            Self::Unread(BodyError::TooLarge) => ("invalid_request", "The body is too large."),
            Self::Unread(BodyError::TooSlow) => ("invalid_request", "The body came too slowly."),
            Self::Unread(BodyError::Broken) => ("invalid_request", "The body cannot be read."),
        }
    }

    /// The code of RFC 9635 §3.6.
    fn gnap_code(&self) -> &'static str {
        match self {
            Self::TooMany(_) | Self::NotNow(_) => "request_denied",
            Self::Misdirected | Self::NoPlace | Self::OtherMethod(_) | Self::Unread(_) => {
                "invalid_request"
            }
        }
    }

    /// The code of the page's words, and how long the person should wait.
    fn for_person(&self) -> (&'static str, Option<Lifetime>) {
        match self {
            Self::TooMany(wait) => ("too_many_requests", Some(*wait)),
            Self::NotNow(wait) => ("temporarily_unavailable", Some(*wait)),
            Self::Misdirected | Self::NoPlace => ("not_found", None),
            Self::OtherMethod(_) => ("method_not_allowed", None),
            Self::Unread(BodyError::TooLarge) => ("payload_too_large", None),
            Self::Unread(BodyError::TooSlow | BodyError::Broken) => ("invalid_form", None),
        }
    }

    /// Prints it for whoever asked.
    pub(super) fn reply(&self, asked: &Asked<'_>) -> Reply {
        let status = self.status();
        let reply = match (asked.audience, asked.site) {
            // A name that is not ours gets no page of ours.
            _ if *self == Self::Misdirected => self.line(),
            (_, _) if asked.errors == ErrorForm::Nested => {
                let (_, description) = self.for_client();
                let told = json!({ "code": self.gnap_code(), "description": description });
                Reply::json(status, &json!({ "error": told }))
            }
            (Some(Audience::Client), _) => {
                let (code, description) = self.for_client();
                let told = json!({ "error": code, "error_description": description });
                Reply::json(status, &told)
            }
            (Some(Audience::Person | Audience::Redirect) | None, Some(site))
                if asked.by_browser() =>
            {
                let (code, wait) = self.for_person();
                person::error_page(site, &asked.call(), (status, code), wait)
            }
            (
                Some(
                    Audience::Person
                    | Audience::Redirect
                    | Audience::Public
                    | Audience::Token
                    | Audience::ResourceServer
                    | Audience::IdentityProvider
                    | Audience::Tenant
                    | Audience::Operator,
                )
                | None,
                _,
            ) => self.line(),
        };
        match self {
            Self::TooMany(wait) | Self::NotNow(wait) => {
                let seconds = HeaderValue::from(wait.as_secs_ceil().max(1));
                reply.with_header(header::RETRY_AFTER, seconds)
            }
            Self::OtherMethod(allow) => {
                let allow = HeaderValue::from_str(allow);
                reply.with_header(header::ALLOW, allow.unwrap_or(HeaderValue::from_static("")))
            }
            // What is left of the body would be read as the next request.
            Self::Unread(_) => {
                reply.with_header(header::CONNECTION, HeaderValue::from_static("close"))
            }
            Self::Misdirected | Self::NoPlace => reply,
        }
    }

    fn line(&self) -> Reply {
        let (_, sentence) = self.for_client();
        Reply::text(self.status(), format!("{sentence}\n"))
    }
}

/// What a request gets that no handler sees, for documentation.
#[derive(Debug, Clone)]
pub struct EdgeError {
    /// The status.
    pub status: StatusCode,
    /// The code a client reads.
    pub code: &'static str,
    /// The code a page says. Absent where no page is shown.
    pub page_code: Option<&'static str>,
    /// The sentence for the developer.
    pub description: &'static str,
}

/// Everything a request can get that no handler sees.
pub fn edge_errors() -> Vec<EdgeError> {
    let wait = Lifetime::ZERO;
    let all = [
        Refused::Unread(BodyError::Broken),
        Refused::NoPlace,
        Refused::OtherMethod(String::new()),
        Refused::Unread(BodyError::TooSlow),
        Refused::Unread(BodyError::TooLarge),
        Refused::Misdirected,
        Refused::TooMany(wait),
        Refused::NotNow(wait),
    ];
    let told = |refused: &Refused| {
        let (code, description) = refused.for_client();
        EdgeError {
            status: refused.status(),
            code,
            page_code: (*refused != Refused::Misdirected).then(|| refused.for_person().0),
            description,
        }
    };
    all.iter().map(told).collect()
}

/// What is known of a request that is refused.
pub(super) struct Asked<'a> {
    /// Its head.
    pub(super) head: &'a Parts,
    /// Its circumstances.
    pub(super) context: &'a Context,
    /// For whom its path is, if it names something.
    pub(super) audience: Option<Audience>,
    /// How its errors are printed.
    pub(super) errors: ErrorForm,
    /// The pages, where there are any.
    pub(super) site: Option<&'a Site>,
}

impl Asked<'_> {
    /// Whether somebody looks at the answer, rather than a program.
    fn by_browser(&self) -> bool {
        let accepts = self.head.headers.get_all(header::ACCEPT).iter();
        accepts
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains("text/html"))
    }

    /// The request without its body: it says which language the page is in.
    fn call(&self) -> Call {
        Call {
            context: self.context.clone(),
            method: self.head.method.clone(),
            path_values: Vec::new(),
            uri: self.head.uri.clone(),
            query: self.head.uri.query().unwrap_or_default().to_owned(),
            headers: self.head.headers.clone(),
            body: Bytes::new(),
        }
    }
}
