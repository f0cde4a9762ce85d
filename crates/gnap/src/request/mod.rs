//! What a client sends to begin a grant, read strictly: every value that comes out obeys the rules of its member.
//!
//! Members that are not known are ignored: they are how the protocol grows. A member that is known and wrong is refused.
//!
//! Spec: RFC 9635 §2; RFC 9767 §4

mod client;
mod continuation;
mod interact;
pub mod resource_server;
mod subject;
mod token;
mod user;

use serde_json::{Map, Value};

pub use self::{
    client::{ClientAsk, Display, KeyAsk, Proof},
    continuation::{ContinueRequest, ModifyRequest, RotateRequest},
    interact::{FinishAsk, FinishMethod, InteractAsk, StartMode},
    subject::SubjectAsk,
    token::{TokenAsk, TokenAsks},
    user::{AssertionAsk, UserAsk},
};
use crate::{
    error::Problem,
    json::{self, At, Fault, Object},
    response::TokenValue,
};

/// A request for a new grant.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantRequest {
    /// The tokens asked for. Absent: none.
    pub tokens: Option<TokenAsks>,
    /// What the client wants to know of the person. Absent: nothing.
    pub subject: Option<SubjectAsk>,
    /// Who asks (RFC 9635 §2.3).
    pub client: ClientAsk,
    /// Whom the client believes to be there. Absent: it does not say.
    pub user: Option<UserAsk>,
    /// How the client can reach the person. Absent: not at all.
    pub interact: Option<InteractAsk>,
    /// The token a resource server was called with, when it asks for one of its own to go on with (RFC 9767 §4).
    pub existing_access_token: Option<TokenValue>,
}

/// The members a first request and a modification share.
#[derive(Debug, Clone, Default, PartialEq)]
struct Asked {
    tokens: Option<TokenAsks>,
    subject: Option<SubjectAsk>,
    user: Option<UserAsk>,
    interact: Option<InteractAsk>,
}

impl GrantRequest {
    /// Reads the body of a grant request.
    ///
    /// ```
    /// use placet_gnap::request::{ClientAsk, GrantRequest};
    /// let body = br#"{"access_token":{"access":["dolphin-metadata"]},"client":"client-541-ab"}"#;
    /// let asked = GrantRequest::parse(body)?;
    /// assert_eq!(asked.client, ClientAsk::Reference("client-541-ab".to_owned()));
    /// # Ok::<(), placet_gnap::Problem>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_request` for whatever cannot be read, with the place; `invalid_flag` for flags.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        Self::from_members(&json::body(body)?).map_err(Problem::from)
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self, Fault> {
        let root = At::Root;
        let object = Object::new(members, &root);
        let asked = Asked::read(object)?;
        if asked.tokens.is_none() && asked.subject.is_none() {
            return Err(root.fault("has neither access_token nor subject"));
        }
        let token = object.text("existing_access_token")?;
        let not_a_token = || object.fault("existing_access_token", "is no token");
        Ok(Self {
            tokens: asked.tokens,
            subject: asked.subject,
            client: object.required_read("client", ClientAsk::read)?,
            user: asked.user,
            interact: asked.interact,
            existing_access_token: token
                .map(|token| TokenValue::parse(token).ok_or_else(not_a_token))
                .transpose()?,
        })
    }
}

impl Asked {
    fn read(object: Object<'_, '_>) -> Result<Self, Fault> {
        Ok(Self {
            tokens: object.read("access_token", TokenAsks::read)?,
            subject: object.read("subject", SubjectAsk::read)?,
            user: object.read("user", UserAsk::read)?,
            interact: object.read("interact", InteractAsk::read)?,
        })
    }
}
