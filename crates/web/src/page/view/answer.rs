//! Pages after the person's part: the outcome, an error, the way back to the client.
//!
//! Spec: OAuth 2.0 Form Post Response Mode §2; RFC 8628 §3.3.

use serde::Serialize;

use super::super::{ClientName, Shown};
use super::Link;

/// What became of the request (element id `outcome`, with `data-outcome`).
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What happened.
    pub answer: AnswerKind,
    /// Who asked.
    pub client: Option<ClientName>,
    /// What the person can do next.
    pub next: WhatNext,
}

/// What became of a request, as the value of `data-outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Approved here.
    Approved,
    /// Denied here.
    Denied,
    /// It ended before an answer.
    Expired,
    /// It was answered before; what the answer was is not said.
    Answered,
}

/// What the person can do after an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WhatNext {
    /// Nothing.
    Nothing,
    /// Return to the device; for an expired request, start again there.
    Device {
        /// The page for a new code; absent hides the link.
        code_entry: Option<Link>,
    },
    /// Go on to the client, or, after an expiry, back to where it starts.
    Client {
        /// Where that is.
        link: Link,
    },
    /// Back to the person's own page, where they found it.
    Account {
        /// Where that is.
        link: Link,
    },
}

/// An error page (element id `error-code`).
#[derive(Debug, Clone, Serialize)]
pub struct ErrorPage {
    /// The stable code, such as `invalid_request`; codes without words of their own get general ones.
    pub code: String,
    /// A safe description for whoever must mend it; never a cause.
    pub detail: Option<Shown>,
    /// Seconds after which a retry makes sense.
    pub retry_after_s: Option<u64>,
    /// The way to start again.
    pub restart: Option<Link>,
}

/// A form that carries the authorization response to the client.
#[derive(Debug, Clone, Serialize)]
pub struct FormPost {
    /// The client's redirect address.
    pub action: Link,
    /// The parameters of the response, in order.
    pub fields: Vec<(String, String)>,
    /// Who receives it.
    pub client: Option<ClientName>,
}
