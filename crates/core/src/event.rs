//! What happened: one event for every commit, appended in the same transaction.
//!
//! An event names people, clients and requests by id and never holds a secret, a name or a token, so
//! erasing a person leaves the audit whole.

use serde::{Deserialize, Serialize};

use crate::{
    callback::Callback,
    client::Client,
    grant::Grant,
    id::{Id, Kind},
    pending::PendingRequest,
    person::{Person, Session},
    tenant::Tenant,
    time::Timestamp,
    token::Family,
};

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A request was opened.
    RequestOpened,
    /// A person took a request.
    RequestClaimed,
    /// The person who held a request gave it back.
    RequestReleased,
    /// A request was approved.
    RequestApproved,
    /// A request was denied.
    RequestDenied,
    /// A request was taken back.
    RequestCancelled,
    /// The first side was told that a request expired.
    RequestExpired,
    /// A request failed because a proof was missing or wrong.
    RequestFailed,
    /// A person asked the client a question.
    RequestClarified,
    /// The polling interval of a request grew.
    IntervalGrown,
    /// Another system put a request before a person.
    RequestShown,
    /// The client changed what it asks for, before anybody answered.
    RequestChanged,
    /// The client came back to its request and was told how it stands.
    ContinuationUsed,
    /// A rule granted a request the moment it came; tokens were handed over with it.
    GrantIssued,
    /// Tokens were handed over.
    TokensCollected,
    /// A client got a token for itself.
    TokenIssued,
    /// A refresh token was used.
    TokenRefreshed,
    /// An access token took the place of another.
    TokenRotated,
    /// A spent code or refresh token came again; what it gave was revoked.
    ReuseDetected,
    /// A token or family was revoked.
    TokenRevoked,
    /// A grant was revoked.
    GrantRevoked,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed out, or was signed out.
    SignedOut,
    /// A client was added or changed.
    ClientChanged,
    /// A client was removed.
    ClientRemoved,
    /// A person was added or changed.
    PersonChanged,
    /// A person's data was erased.
    PersonErased,
    /// A signing or data key was made, moved on or wrapped again.
    KeyChanged,
    /// A setting of the issuer was changed.
    IssuerChanged,
    /// A single-use proof of a client was recorded.
    ProofSpent,
    /// A tenant was added, changed or deleted.
    TenantChanged,
    /// A sender took a callback, to send it.
    CallbackClaimed,
    /// A callback was delivered.
    CallbackSent,
    /// A callback was not delivered: it is tried again, or was given up.
    CallbackFailed,
}

/// Who caused it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The server itself.
    #[default]
    Server,
    /// A client.
    Client,
    /// A person in a browser.
    Person,
    /// An operator, by command or admin API.
    Operator,
    /// A tenant, by its own credential; the event names which.
    Tenant,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, which is also the id of the commit it came with.
    pub id: Id<Self>,
    /// What.
    pub kind: EventKind,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The client concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Id<Client>>,
    /// The person concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id<Person>>,
    /// The request concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Id<PendingRequest>>,
    /// The grant concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Id<Grant>>,
    /// The family concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Id<Family>>,
    /// The session concerned, by its public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Id<Session>>,
    /// The tenant concerned; where a tenant caused it, that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Id<Tenant>>,
    /// The callback concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Id<Callback>>,
    /// The `jti` of the access tokens issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Id<crate::token::AccessToken>>,
    /// A short fixed word on how or why. Never text from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<std::borrow::Cow<'static, str>>,
}

impl Kind for Event {
    const PREFIX: &'static str = "ev";
}

impl Event {
    /// An event of `kind` that names nothing yet.
    pub fn new(id: Id<Self>, kind: EventKind, at: Timestamp) -> Self {
        Self {
            id,
            kind,
            at,
            actor: Actor::Server,
            peer: None,
            client: None,
            person: None,
            request: None,
            grant: None,
            family: None,
            session: None,
            tenant: None,
            callback: None,
            tokens: Vec::new(),
            note: None,
        }
    }
}
