//! What a resource server sends: whether a token holds, and which rights shall have a name.
//!
//! Spec: RFC 9767 §3.2–3.4

use serde_json::Value;

use super::{KeyAsk, client::key_of};
use crate::{
    access::{self, AccessRight},
    error::Problem,
    json::{self, At, Fault, Object, items, text},
    response::TokenValue,
};

/// Who asks. Whoever signs with the key is that resource server.
#[derive(Debug, Clone, PartialEq)]
pub enum ResourceServerAsk {
    /// The identifier of a resource server this server knows.
    Reference(String),
    /// A resource server that shows its key.
    ByValue {
        /// The key.
        key: KeyAsk,
    },
}

/// A question whether a token holds (RFC 9767 §3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct IntrospectionRequest {
    /// The token somebody presented. `None` for a text no token has: nothing of that form is active.
    pub access_token: Option<TokenValue>,
    /// How its holder proved the key. Absent: not told.
    pub proof: Option<String>,
    /// Who asks.
    pub resource_server: ResourceServerAsk,
    /// The least rights the call needs, which may be none. Absent: not told.
    pub access: Option<Vec<AccessRight>>,
}

/// Rights that shall have a name (RFC 9767 §3.4).
#[derive(Debug, Clone, PartialEq)]
pub struct RegistrationRequest {
    /// The rights: at least one.
    pub access: Vec<AccessRight>,
    /// Who asks.
    pub resource_server: ResourceServerAsk,
    /// The token formats it can read. Absent: this server chooses.
    pub token_formats_supported: Option<Vec<String>>,
    /// Whether it is going to ask about tokens.
    pub token_introspection_required: bool,
}

impl IntrospectionRequest {
    /// Reads the body of a question.
    ///
    /// # Errors
    /// `invalid_request` for whatever cannot be read, with the place.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let members = json::body(body)?;
        let object = Object::new(&members, &At::Root);
        Ok(Self {
            access_token: presented(object)?,
            proof: object.text("proof")?.map(str::to_owned),
            resource_server: object.required_read("resource_server", ResourceServerAsk::read)?,
            access: object.read("access", |value, at| items(value, at, AccessRight::read))?,
        })
    }
}

/// The token that was presented, whatever was presented as one.
pub(crate) fn presented(object: Object<'_, '_>) -> Result<Option<TokenValue>, Fault> {
    match object.required("access_token")? {
        Value::String(token) => Ok(TokenValue::parse(token)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(object.fault("access_token", "is not a string"))
        }
    }
}

impl RegistrationRequest {
    /// Reads the body of a registration.
    ///
    /// # Errors
    /// `invalid_request` for whatever cannot be read, with the place.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let members = json::body(body)?;
        let object = Object::new(&members, &At::Root);
        let introspection = object.flag("token_introspection_required")?;
        Ok(Self {
            access: object.required_read("access", access::read_list)?,
            resource_server: object.required_read("resource_server", ResourceServerAsk::read)?,
            token_formats_supported: object.texts("token_formats_supported")?,
            token_introspection_required: introspection.unwrap_or_default(),
        })
    }
}

impl ResourceServerAsk {
    fn read(value: &Value, at: &At<'_>) -> Result<Self, Fault> {
        if let Value::String(_) = value {
            return Ok(Self::Reference(text(value, at)?.to_owned()));
        }
        let key = Object::of(value, at)?.required_read("key", key_of)?;
        Ok(Self::ByValue { key })
    }
}
