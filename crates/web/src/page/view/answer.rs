//! Pages after the person's part: the outcome, an error, the way back to the client.
//!
//! Spec: OAuth 2.0 Form Post Response Mode §2; RFC 8628 §3.3.

use serde::Serialize;

use super::super::{ClientName, Shown};
use super::{Link, Live};

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

/// A stop on the way.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Interstitial {
    /// The way on leaves this server for a named host, or opens an app on this device.
    Leave {
        /// Where it leads.
        link: Link,
        /// The host, or the app's scheme, as text.
        target: Shown,
        /// Who receives it.
        client: Option<ClientName>,
    },
    /// The person's part is done and something else is awaited; follows the request.
    Wait {
        /// Who asked.
        client: Option<ClientName>,
        /// Follows the request.
        live: Live,
    },
    /// This request was begun in another browser, where it must be finished (threat A17).
    OtherBrowser {
        /// Who asked.
        client: Option<ClientName>,
    },
}
