//! What a resource server is answered: what a token gives, and the name of rights.
//!
//! Spec: RFC 9767 §3.3–3.4; RFC 9635 §3.2.1

use http::StatusCode;
use placet_core::time::Timestamp;
use placet_web::reply::Reply;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Binding, TokenValue};
use crate::access::AccessRight;

/// What a token gives to the resource server that asks.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveToken {
    /// The rights that concern this resource server.
    pub access: Vec<AccessRight>,
    /// The key that its holder must prove. `None` for a bearer token.
    pub key: Option<Value>,
    /// Its flags.
    pub flags: Vec<&'static str>,
    /// When it ends. Absent: not told.
    pub expires_at: Option<Timestamp>,
    /// When it was issued. Absent: not told.
    pub issued_at: Option<Timestamp>,
    /// The resource servers it is for. Empty: not told.
    pub audience: Vec<String>,
    /// Who agreed. Absent: not told.
    pub subject: Option<String>,
    /// The URI of the grant endpoint.
    pub issuer: String,
    /// The client it was issued to, by an identifier of this server. Absent: not told.
    pub instance_id: Option<String>,
    /// The grant behind it, the same after a rotation: spending is counted by it. Absent: not told.
    pub grant: Option<String>,
    /// The client as the payments profile names it. Absent: not told.
    pub client: Option<Value>,
}

/// Whether a token holds. The token itself is never repeated (RFC 9767 §3.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Introspection {
    /// It does not, or it is not for the one who asks, or the question was not understood: all one answer.
    Inactive,
    /// It does.
    Active(Box<ActiveToken>),
}

#[derive(Serialize)]
struct ActiveJson<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'a str>,
    access: &'a [AccessRight],
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    flags: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    aud: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<&'a str>,
}

impl Introspection {
    /// The answer as a reply: 200, JSON, stored by nobody. It has the members of RFC 9767, and `grant` and `client` where
    /// they are told.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Inactive => Reply::json(StatusCode::OK, &json!({ "active": false })),
            Self::Active(token) => Reply::json(
                StatusCode::OK,
                &ActiveJson {
                    active: true,
                    grant: token.grant.as_deref(),
                    access: &token.access,
                    client: token.client.as_ref(),
                    key: token.key.as_ref(),
                    flags: &token.flags,
                    exp: token.expires_at.map(Timestamp::as_secs),
                    iat: token.issued_at.map(Timestamp::as_secs),
                    aud: &token.audience,
                    sub: token.subject.as_deref(),
                    iss: &token.issuer,
                    instance_id: token.instance_id.as_deref(),
                },
            ),
        }
    }
}

impl Binding {
    /// The key that whoever presents the token must prove, where `client_key` is the client's.
    pub fn key_to_prove(&self, client_key: &Value) -> Option<Value> {
        match self {
            Self::ClientKey => Some(client_key.clone()),
            Self::Key(key) => Some(key.clone()),
            Self::Bearer => None,
        }
    }
}

/// The name of rights a resource server asked for (RFC 9767 §3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// What a client may ask for in their place.
    pub resource_reference: String,
    /// What the resource server may call itself from here on. Absent: as before.
    pub instance_id: Option<TokenValue>,
    /// Where to ask about tokens. Absent: nowhere.
    pub introspection_endpoint: Option<String>,
}

impl Registration {
    /// The answer as a reply: 200, JSON, stored by nobody.
    pub fn reply(&self) -> Reply {
        #[derive(Serialize)]
        struct Json<'a> {
            resource_reference: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            instance_id: Option<&'a TokenValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            introspection_endpoint: Option<&'a str>,
        }
        let json = Json {
            resource_reference: &self.resource_reference,
            instance_id: self.instance_id.as_ref(),
            introspection_endpoint: self.introspection_endpoint.as_deref(),
        };
        Reply::json(StatusCode::OK, &json)
    }
}
