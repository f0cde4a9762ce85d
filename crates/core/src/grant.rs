//! What a person agreed to, remembered until they take it back.
//!
//! Spec: RFC 6749 §1.3, OpenID Connect Core §3.1.2.4

use serde::{Deserialize, Serialize};

use crate::{
    client::{ApplicationType, Client},
    id::{Id, Kind},
    pending::{DecidedBy, FaceName},
    person::{Person, Session},
    right::Rights,
    secret::{SecretHash, kind},
    time::Timestamp,
};

/// An agreement between a person and a client. Token families hang from it, and end with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: Id<Self>,
    /// The face it came through.
    pub face: FaceName,
    /// To whom it was given.
    pub client: Id<Client>,
    /// Who gave it. Absent for a client acting for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id<Person>>,
    /// The `sub` clients see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was agreed to.
    pub rights: Rights,
    /// Who said yes.
    pub by: DecidedBy,
    /// The sign-in it was given in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SecretHash<kind::Session>>,
    /// That sign-in's public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id<Session>>,
    /// When.
    pub created_at: Timestamp,
    /// When it was revoked. Absent while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When it may be deleted: nothing can come of it any more. Absent: never by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<Timestamp>,
    /// Whether the client's next agreement with the person renews it. One given to a device stands by itself, so that
    /// each device can be taken back alone.
    #[serde(default)]
    pub renewable: bool,
}

impl Kind for Grant {
    const PREFIX: &'static str = "gr";
}

impl Grant {
    /// Whether it stands.
    pub fn is_live(&self) -> bool {
        self.revoked_at.is_none()
    }

    /// Whether it answers a later request of the same client for `asked`.
    pub fn covers(&self, asked: &Rights) -> bool {
        self.is_live() && asked.is_within(&self.rights)
    }
}

/// Whether an answer may be given without asking, from a remembered grant or because the client is the
/// operator's own.
///
/// Only where the redirect proves who gets the answer: anybody can register the custom scheme or the
/// loopback port of a public native client (RFC 8252 §8.6).
pub fn may_skip_person(client: &Client, redirect_uri: &str) -> bool {
    let proven_redirect = redirect_uri.starts_with("https://")
        && client.metadata.application_type == ApplicationType::Web;
    !client.is_public() || proven_redirect
}
