//! What the pages show: plain values without behaviour, filled by the handlers.
//!
//! Text of strangers is [`Shown`] or [`ClientName`](super::ClientName), addresses are [`Link`], moments are `jiff::Timestamp`.

mod account;
mod answer;
mod ask;
mod consent;
mod sign_in;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Shown;
pub use account::{
    GrantLine, GrantedClient, Grants, GrantsNotice, SessionLine, SignOut, SignedOut, WaitingLine,
};
pub use answer::{AnswerKind, ErrorPage, FormPost, Outcome, WhatNext};
pub use ask::{Address, Amount, Ask, Change, Item, PaymentItem, Power, Repeat, RightItem};
pub use consent::{
    Asker, Consent, ConsentProblem, DeviceRequest, Paper, ResourceLine, ScopeChoice, ScopeLine,
    Standing,
};
pub use sign_in::{CodeEntry, CodeProblem, SignIn, SignInProblem};

/// One page in one state.
#[derive(Debug, Clone)]
pub enum Page {
    /// Name and password.
    SignIn(SignIn),
    /// Who asks for what; approve or deny. Carries the device screen when a device asks.
    Consent(Consent),
    /// The code a device shows.
    CodeEntry(CodeEntry),
    /// What became of the request.
    Outcome(Outcome),
    /// Something went wrong.
    Error(ErrorPage),
    /// What I have allowed, and where I am signed in.
    Grants(Grants),
    /// Asks before signing out.
    SignOut(SignOut),
    /// Signed out.
    SignedOut(SignedOut),
    /// Hands the answer to the client by a form.
    FormPost(FormPost),
}

/// What stands around every page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The path the issuer is mounted under: empty at the root, else such as `/tenant`, without a slash at the end.
    pub base_path: String,
    /// The time of this request; pages read no clock.
    pub now: Timestamp,
    /// The signed-in person, with the links only they need; absent when nobody is signed in.
    pub account: Option<Account>,
    /// What the log knows this request by; error pages show it.
    pub request_id: Option<String>,
}

/// The signed-in person in the page's footer.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// The person's name.
    pub name: Shown,
    /// 'What I have allowed' (element id `my-grants`).
    pub grants: Link,
    /// The page that asks before signing out.
    pub sign_out: Link,
}

/// The person a page speaks to.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// Display name, or the user name when there is no other.
    pub name: Shown,
    /// User name, when it differs from the display name.
    pub login: Option<Shown>,
}

/// A form of one button: where it posts and what it carries.
#[derive(Debug, Clone, Serialize)]
pub struct PostForm {
    /// Where the form posts.
    pub action: Link,
    /// Anti-forgery value, sent as `csrf`.
    pub csrf: String,
    /// Further hidden fields, in order.
    pub fields: Vec<(String, String)>,
}

/// How a page follows a request while it is open; without script nothing of it shows.
#[derive(Debug, Clone, Serialize)]
pub struct Live {
    /// Answers `GET` with `{"state": "waiting" | "approved" | "denied" | "expired" | "answered"}`.
    pub status: Link,
    /// When the request expires.
    #[serde(serialize_with = "epoch_ms")]
    pub expires_at: Timestamp,
}

/// An address for a link or a form.
///
/// An address whose scheme would run or embed content in this page (`javascript:` and its like) becomes `about:blank`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Link(String);

impl Link {
    /// The address, not yet escaped for HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Link {
    fn from(address: String) -> Self {
        // Browsers drop tabs, line ends and leading control characters before they read the scheme (WHATWG URL §4.4).
        let read: String = address
            .chars()
            .filter(|c| !c.is_control() && *c != ' ')
            .collect();
        let scheme = read
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let runs_here = matches!(
            scheme.as_str(),
            "javascript" | "data" | "vbscript" | "blob" | "view-source" | "filesystem"
        );
        if runs_here {
            Self("about:blank".to_owned())
        } else {
            Self(address)
        }
    }
}

impl From<&str> for Link {
    fn from(address: &str) -> Self {
        Self::from(address.to_owned())
    }
}

/// Moments reach the templates as milliseconds since 1970.
fn epoch_ms<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millisecond())
}

/// As [`epoch_ms`], `none` when absent.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn epoch_ms_or_none<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::as_millisecond).serialize(serializer)
}
