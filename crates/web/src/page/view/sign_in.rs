//! Sign-in and user-code entry.
//!
//! Spec: RFC 8628 §3.3 (user code); WCAG 2.2 §3.3.8 (no test of memory beside the password manager).

use serde::Serialize;

use super::super::Shown;
use super::{Asker, Link, Live, Person, PostForm};

/// The sign-in page; its form posts `login`, `password` and `csrf`.
#[derive(Debug, Clone, Serialize)]
pub struct SignIn {
    /// Where the form posts.
    pub action: Link,
    /// Anti-forgery value, sent as `csrf`.
    pub csrf: String,
    /// Who asks; absent when the person came by themselves.
    pub asker: Option<Asker>,
    /// What stands in the name field: what was typed before, or `login_hint`.
    pub login: Option<String>,
    /// Set when this person is signed in already and must prove it again (`prompt=login`, `max_age`).
    pub again: Option<Person>,
    /// Why the page is shown once more.
    pub problem: Option<SignInProblem>,
    /// The way out, such as denying the request; absent hides the button.
    pub cancel: Option<PostForm>,
    /// Follows the request; absent when there is none.
    pub live: Option<Live>,
}

/// Why a sign-in did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignInProblem {
    /// Unknown name or wrong password: one text for both (threat H4).
    Refused,
    /// Too many tries.
    Wait {
        /// Seconds until the next try is looked at.
        seconds: u64,
    },
    /// The form was too old, or its cookie is gone; nothing was tried.
    StaleForm,
}

/// The page for a device's code; its form posts `user_code` and `csrf`.
#[derive(Debug, Clone, Serialize)]
pub struct CodeEntry {
    /// Where the form posts.
    pub action: Link,
    /// Anti-forgery value, sent as `csrf`.
    pub csrf: String,
    /// What stands in the field: typed before, or from `verification_uri_complete` (shown, never used by itself).
    pub user_code: Option<Shown>,
    /// Why the page is shown once more.
    pub problem: Option<CodeProblem>,
}

/// Why a code did not lead further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CodeProblem {
    /// No request has this code: mistyped, expired or used (one text for all, threat C8).
    Unknown,
    /// The request of this code has expired, and this browser knew it.
    Expired,
    /// Somebody else is looking at this request.
    InUse,
    /// Too many wrong codes.
    Wait {
        /// Seconds until the next code is looked at.
        seconds: u64,
    },
}
