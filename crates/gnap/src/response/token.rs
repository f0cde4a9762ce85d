//! Access tokens as they are told: one or several, bound or not, with or without a place to manage them.
//!
//! Spec: RFC 9635 §3.2; RFC 9110 §11.2 (token68); Open Payments 1.3 (`access_token`)

use std::fmt;

use placet_core::time::Lifetime;
use serde::Serialize;
use serde_json::Value;

use super::continuation::ValueJson;
use crate::{Profile, access::AccessRight};

/// The longest value of a token, in bytes: a JWT with a certificate fits.
const MAX_VALUE_BYTES: usize = 16 * 1024;

/// The value of a token: what may stand in an `Authorization` header. It does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TokenValue(String);

impl TokenValue {
    /// Reads a value. `None` unless it is `token68` (RFC 9635 §3.2.1).
    ///
    /// ```
    /// use placet_gnap::response::TokenValue;
    /// assert!(TokenValue::parse("B8CDFONP21-4TB8N6.BW7ONM").is_some());
    /// assert!(TokenValue::parse("two words").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.trim_end_matches('=');
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
        let good =
            !letters.is_empty() && text.len() <= MAX_VALUE_BYTES && letters.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// The value itself, to be sent or hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenValue")
    }
}

/// What was granted, in the shape in which it was asked (RFC 9635 §3.2.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Tokens {
    /// One token was asked for.
    Single(AccessToken),
    /// Several were asked for; these were granted, each with its label.
    Several(Vec<AccessToken>),
}

/// Who may use a token.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Binding {
    /// Who holds the key of the client.
    #[default]
    ClientKey,
    /// Who holds another key, printed as it stands.
    Key(Value),
    /// Whoever has it.
    Bearer,
}

/// Where a token is managed (RFC 9635 §3.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manage {
    /// The absolute URI. It does not hold the token's value.
    pub uri: String,
    /// The management token, another than the token itself. The payments profile does not tell it: there the token
    /// manages itself.
    pub access_token: TokenValue,
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessToken {
    /// The value.
    pub value: TokenValue,
    /// The name the client gave it. Required among several.
    pub label: Option<String>,
    /// Where it is managed. Absent: nowhere.
    pub manage: Option<Manage>,
    /// What it gives.
    pub access: Vec<AccessRight>,
    /// How long it lives from here on. Absent: no end is told.
    pub expires_in: Option<Lifetime>,
    /// Who may use it.
    pub binding: Binding,
    /// Whether it outlives its own rotation.
    pub durable: bool,
}

/// Tokens as they are printed.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum TokensJson<'a> {
    Single(TokenJson<'a>),
    Several(Vec<TokenJson<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum TokenJson<'a> {
    Plain(PlainToken<'a>),
    Payments(PaymentsToken<'a>),
}

#[derive(Serialize)]
pub(super) struct PlainToken<'a> {
    value: &'a TokenValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage: Option<ManageJson<'a>>,
    access: &'a [AccessRight],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
}

#[derive(Serialize)]
struct ManageJson<'a> {
    uri: &'a str,
    access_token: ValueJson<'a>,
}

/// The four members that clients of the payments profile accept.
#[derive(Serialize)]
pub(super) struct PaymentsToken<'a> {
    value: &'a TokenValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    access: &'a [AccessRight],
}

impl<'a> TokensJson<'a> {
    pub(super) fn new(tokens: &'a Tokens, profile: Profile) -> Self {
        match tokens {
            Tokens::Single(token) => Self::single(token, profile),
            Tokens::Several(tokens) => {
                let print = |token| TokenJson::new(token, profile);
                Self::Several(tokens.iter().map(print).collect())
            }
        }
    }

    pub(super) fn single(token: &'a AccessToken, profile: Profile) -> Self {
        Self::Single(TokenJson::new(token, profile))
    }
}

impl<'a> TokenJson<'a> {
    fn new(token: &'a AccessToken, profile: Profile) -> Self {
        // Rounded down, so that nothing is promised longer than it lives.
        let expires_in = token.expires_in.map(Lifetime::as_secs);
        let manage = token.manage.as_ref();
        match profile {
            Profile::Rfc9635 => Self::Plain(PlainToken {
                value: &token.value,
                label: token.label.as_deref(),
                manage: manage.map(|manage| ManageJson {
                    uri: &manage.uri,
                    access_token: ValueJson {
                        value: &manage.access_token,
                    },
                }),
                access: &token.access,
                expires_in,
                key: match &token.binding {
                    Binding::Key(key) => Some(key),
                    Binding::ClientKey | Binding::Bearer => None,
                },
                flags: token.flags(),
            }),
            Profile::OpenPayments => Self::Payments(PaymentsToken {
                value: &token.value,
                manage: manage.map(|manage| manage.uri.as_str()),
                expires_in,
                access: &token.access,
            }),
        }
    }
}

impl AccessToken {
    /// The flags as they are told. A bearer token has no `key`, since [`Binding`] is one or the other.
    pub fn flags(&self) -> Vec<&'static str> {
        let bearer = (self.binding == Binding::Bearer).then_some("bearer");
        let durable = self.durable.then_some("durable");
        bearer.into_iter().chain(durable).collect()
    }
}
