//! What a client is answered: how to go on, how to reach the person, tokens, who the person is.
//!
//! Values are put together without a profile; [`GrantResponse::json`] prints them by the profile of the grant.
//!
//! Spec: RFC 9635 §3; Open Payments 1.3 (`interact-response`, `access_token`, `continue`)

mod continuation;
mod interact;
pub mod resource_server;
mod subject;
mod token;

use http::StatusCode;
use placet_web::reply::Reply;
use serde::Serialize;

pub(crate) use self::continuation::ContinueJson;
pub use self::{
    continuation::Continue,
    interact::{InteractAnswer, UserCodeUri},
    subject::{AssertionValue, SubjectAnswer},
    token::{AccessToken, Binding, Manage, TokenValue, Tokens},
};
use self::{interact::InteractJson, subject::SubjectJson, token::TokensJson};
use crate::Profile;

/// The answer to a grant request or its continuation. What is absent is not printed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GrantResponse {
    /// An identifier the client may use instead of its key from here on: a secret (RFC 9635 §3.5).
    pub instance_id: Option<TokenValue>,
    /// How the grant can be continued. Absent: not at all (RFC 9635 §3.1).
    pub continuation: Option<Continue>,
    /// How the person can be reached, while the grant is pending (RFC 9635 §3.3).
    pub interact: Option<InteractAnswer>,
    /// What was granted (RFC 9635 §3.2).
    pub tokens: Option<Tokens>,
    /// Who the person is (RFC 9635 §3.4).
    pub subject: Option<SubjectAnswer>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum GrantJson<'a> {
    Plain(PlainJson<'a>),
    Payments(PaymentsJson<'a>),
}

/// Members in the order of the examples of RFC 9635.
#[derive(Serialize)]
struct PlainJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<&'a TokenValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interact: Option<InteractJson<'a>>,
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    continuation: Option<ContinueJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<TokensJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectJson<'a>>,
}

/// Members in the order of the examples of Open Payments.
#[derive(Serialize)]
struct PaymentsJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    interact: Option<InteractJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<TokensJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectJson<'a>>,
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    continuation: Option<ContinueJson<'a>>,
}

impl GrantResponse {
    /// Whether nothing was granted yet.
    fn is_pending(&self) -> bool {
        self.tokens.is_none() && self.subject.is_none()
    }

    /// Prints it by the profile.
    ///
    /// | | RFC 9635 | Open Payments |
    /// |---|---|---|
    /// | `manage` | object with a token of its own | string |
    /// | `label`, `flags`, `key`, `instance_id` | yes | never: its clients refuse a token with other members |
    /// | `wait` | always | while pending |
    /// | `sub_ids` | as RFC 9493 spells them | `id` and `format` |
    pub fn json(&self, profile: Profile) -> String {
        serde_json::to_string(&self.printed(profile)).unwrap_or_default()
    }

    /// The answer as a reply: 200, JSON, stored by nobody (RFC 9635 §3).
    pub fn reply(&self, profile: Profile) -> Reply {
        Reply::json(StatusCode::OK, &self.printed(profile))
    }

    fn printed(&self, profile: Profile) -> GrantJson<'_> {
        let interact = self.interact.as_ref().map(InteractJson::new);
        let tokens = self.tokens.as_ref();
        let access_token = tokens.map(|tokens| TokensJson::new(tokens, profile));
        let subject = self.subject.as_ref();
        let subject = subject.map(|subject| SubjectJson::new(subject, profile));
        let continuation = self.continuation.as_ref();
        match profile {
            Profile::Rfc9635 => GrantJson::Plain(PlainJson {
                instance_id: self.instance_id.as_ref(),
                interact,
                continuation: continuation.map(ContinueJson::with_wait),
                access_token,
                subject,
            }),
            Profile::OpenPayments => GrantJson::Payments(PaymentsJson {
                interact,
                access_token,
                subject,
                continuation: continuation.map(if self.is_pending() {
                    ContinueJson::with_wait
                } else {
                    ContinueJson::without_wait
                }),
            }),
        }
    }
}

/// The answer to a rotation (RFC 9635 §6.1): the new token alone.
pub fn rotated(token: &AccessToken, profile: Profile) -> Reply {
    #[derive(Serialize)]
    struct Rotated<'a> {
        access_token: TokensJson<'a>,
    }
    let rotated = Rotated {
        access_token: TokensJson::single(token, profile),
    };
    Reply::json(StatusCode::OK, &rotated)
}
