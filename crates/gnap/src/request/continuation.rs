//! What a client sends to go on: nothing, a reference, or a change; and what it sends to rotate a token.
//!
//! Spec: RFC 9635 §5, §6.1

use serde_json::{Map, Value};

use super::{Asked, InteractAsk, KeyAsk, SubjectAsk, TokenAsks, UserAsk, client::key_of};
use crate::{
    error::Problem,
    json::{self, At, Fault, Object},
};

/// The longest interaction reference looked up, in bytes.
const MAX_REFERENCE_BYTES: usize = 512;
/// What only a first request or a modification may say.
const ASKS: [&str; 4] = ["access_token", "subject", "user", "interact"];

/// A continuation by POST.
#[derive(Clone, PartialEq, Eq)]
pub enum ContinueRequest {
    /// The client asks how it stands (RFC 9635 §5.2).
    Poll,
    /// The client presents the reference it was given when the interaction was over (RFC 9635 §5.1).
    Reference(String),
}

impl std::fmt::Debug for ContinueRequest {
    /// Does not print the reference.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Poll => "Poll",
            Self::Reference(_) => "Reference",
        })
    }
}

impl ContinueRequest {
    /// Reads the body of a continuation: none, or an object that may be empty.
    ///
    /// ```
    /// use placet_gnap::request::ContinueRequest;
    /// assert_eq!(ContinueRequest::parse(b"")?, ContinueRequest::Poll);
    /// let body = br#"{"interact_ref":"4IFWWIKYB2PQ6U56NL1"}"#;
    /// let reference = "4IFWWIKYB2PQ6U56NL1".to_owned();
    /// assert_eq!(ContinueRequest::parse(body)?, ContinueRequest::Reference(reference));
    /// # Ok::<(), placet_gnap::Problem>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for a body that cannot be read, names a client, or asks for what only PATCH changes.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() {
            return Ok(Self::Poll);
        }
        Ok(Self::from_members(&json::body(body)?)?)
    }

    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, Fault> {
        let root = At::Root;
        let object = Object::new(members, &root);
        refuse_client(object)?;
        if ASKS.iter().any(|name| object.get(name).is_some()) {
            return Err(root.fault("changes the grant, which PATCH does and POST does not"));
        }
        let reference = object.text("interact_ref")?;
        if reference.is_some_and(|reference| reference.len() > MAX_REFERENCE_BYTES) {
            return Err(object.fault("interact_ref", "is too long"));
        }
        Ok(reference.map_or(Self::Poll, |reference| {
            Self::Reference(reference.to_owned())
        }))
    }
}

/// A modification by PATCH: what is absent stays as it was (RFC 9635 §5.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModifyRequest {
    /// The tokens asked for from here on.
    pub tokens: Option<TokenAsks>,
    /// What the client wants to know of the person from here on.
    pub subject: Option<SubjectAsk>,
    /// Whom the client believes to be there.
    pub user: Option<UserAsk>,
    /// How the client can reach the person from here on.
    pub interact: Option<InteractAsk>,
}

impl ModifyRequest {
    /// Reads the body of a modification.
    ///
    /// # Errors
    /// `invalid_request` for a body that cannot be read, changes nothing, names a client or carries an interaction
    /// reference; `invalid_flag` for flags.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        Ok(Self::from_members(&json::body(body)?)?)
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self, Fault> {
        let root = At::Root;
        let object = Object::new(members, &root);
        refuse_client(object)?;
        if object.get("interact_ref").is_some() {
            let why = "belongs into a POST of its own (RFC 9635 §5.3)";
            return Err(object.fault("interact_ref", why));
        }
        let asked = Asked::read(object)?;
        if asked == Asked::default() {
            return Err(root.fault("changes nothing"));
        }
        Ok(Self {
            tokens: asked.tokens,
            subject: asked.subject,
            user: asked.user,
            interact: asked.interact,
        })
    }
}

/// The client of a grant never changes, so it is not named again (RFC 9635 §2.3, §5.3).
fn refuse_client(object: Object<'_, '_>) -> Result<(), Fault> {
    match object.get("client") {
        None => Ok(()),
        Some(_) => Err(object.fault("client", "is not accepted in a continuation")),
    }
}

/// A rotation by POST: a new value, or a new value and a new key (RFC 9635 §6.1, §6.1.1).
#[derive(Debug, Clone, PartialEq)]
pub struct RotateRequest {
    /// The key the token shall be bound to. Absent: the one it is bound to.
    pub key: Option<KeyAsk>,
}

impl RotateRequest {
    /// Reads the body of a rotation: none, or an object that may be empty.
    ///
    /// # Errors
    /// `invalid_request` for a body that cannot be read, or a key that is none.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.is_empty() {
            return Ok(Self { key: None });
        }
        let members = json::body(body)?;
        let key = Object::new(&members, &At::Root).read("key", key_of)?;
        Ok(Self { key })
    }
}
