//! Tokens as they are stored, and what they rest on.
//!
//! Spec: RFC 6749 §1.4–1.5, RFC 7662 §2.2, RFC 9068 §2.2

mod family;
mod mint;

use serde::{Deserialize, Serialize};

pub use self::{
    family::{Family, REFRESH_GRACE, RefreshToken, RefreshUse, Rotation},
    mint::{
        AccessFormat, Basis, Binding, Management, MintedAccess, SignError, Signer, TokenSet,
        TokenSpec,
    },
};
use crate::{
    client::Client,
    grant::Grant,
    id::{Id, Kind},
    issuer::Issuer,
    person::{Authentication, Person, Session},
    right::Rights,
    secret::{SecretHash, kind},
    time::Timestamp,
};

/// An access token as stored: a row for every one, JWTs too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The hash of the whole token text, which is its key.
    pub hash: SecretHash<kind::Access>,
    /// Its public name (`jti`).
    pub jti: Id<Self>,
    /// To whom it was issued.
    pub client: Id<Client>,
    /// The person it speaks for. Absent when the client acts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id<Person>>,
    /// The `sub` it carries.
    pub subject: String,
    /// The grant it rests on. Absent when no person was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Id<Grant>>,
    /// The family it was issued in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Id<Family>>,
    /// The sign-in it ends with. Absent when it outlives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SecretHash<kind::Session>>,
    /// The scopes it carries, and the resources it is for (`aud`).
    pub rights: Rights,
    /// How the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The first moment at which it is not valid.
    pub expires_at: Timestamp,
    /// When it was revoked. Absent while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// The key it is bound to, and who may manage it. Absent for a plain bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Box<TokenBinding>>,
}

/// What a token is bound to and how it is managed (RFC 9635 §3.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBinding {
    /// The public key whoever presents it must prove, in the face's own form. Absent for a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<serde_json::Value>,
    /// What the client calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who may rotate and revoke it: whoever holds the secret with this hash.
    pub manage: SecretHash<kind::Manage>,
    /// The first moment at which it cannot be managed any more, long after it expired.
    pub keep_until: Timestamp,
    /// Whether it stays active until its own end when another takes its place (RFC 9635 §3.2.1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
    /// The names of sets of rights by which its client asked for it: whoever gave one of them is whom the token is for
    /// (RFC 9767 §3.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What took its place. Absent while nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<crate::receipt::Receipt>,
}

impl AccessToken {
    /// Whether whoever holds it manages it with the token itself, as in Open Payments, and not with a secret of its own.
    pub fn manages_itself(&self) -> bool {
        let own = SecretHash::from_bytes(*self.hash.as_bytes());
        self.binding
            .as_ref()
            .is_some_and(|binding| binding.manage == own)
    }

    /// Whether another token took its place and it counts no more.
    pub fn is_replaced(&self) -> bool {
        self.binding
            .as_ref()
            .is_some_and(|binding| binding.rotated.is_some() && !binding.durable)
    }
}

impl Kind for AccessToken {
    const PREFIX: &'static str = "at";
}

/// A token and everything it rests on, read at one moment.
#[derive(Debug, Clone)]
pub struct Standing<T> {
    /// The token.
    pub token: T,
    /// The version of its row.
    pub version: u64,
    /// Its family, if it names one and it is there.
    pub family: Option<(Family, u64)>,
    /// Its grant, likewise.
    pub grant: Option<(Grant, u64)>,
    /// The session it ends with, likewise.
    pub session: Option<(Session, u64)>,
    /// Its person, likewise.
    pub person: Option<(Person, u64)>,
}

impl Standing<AccessToken> {
    /// Whether the token is active at `now`: it and all it rests on are live (RFC 7662 §2.2). The latest of
    /// all not-before times counts.
    pub fn is_active(&self, client: &Client, issuer: &Issuer, now: Timestamp) -> bool {
        now < self.token.expires_at && !self.token.is_replaced() && self.stands(client, issuer, now)
    }

    /// Whether another token may take its place at `now`, though it expired (RFC 9635 §6.1).
    pub fn can_be_renewed(&self, client: &Client, issuer: &Issuer, now: Timestamp) -> bool {
        let binding = self.token.binding.as_ref();
        binding.is_some_and(|binding| now < binding.keep_until) && self.stands(client, issuer, now)
    }

    /// Whether it was not ended, nor anything it rests on.
    fn stands(&self, client: &Client, issuer: &Issuer, now: Timestamp) -> bool {
        let token = &self.token;
        token.revoked_at.is_none()
            && token.client == client.id
            && rests_on_live(self, token.family.is_some(), token.grant.is_some())
            && holds(token.session.is_some(), self.session.as_ref(), |s| {
                s.is_live(now)
            })
            && holds(token.person.is_some(), self.person.as_ref(), |p| {
                p.honours(token.issued_at)
            })
            && client_honours(client, issuer, self.begun_at())
    }
}

impl Standing<AccessToken> {
    /// When what it descends from was given: a refresh gives no new beginning, so that what was ended for all that was
    /// given before stays ended.
    fn begun_at(&self) -> Timestamp {
        let family = self.family.as_ref().map(|(family, _)| family.created_at);
        family.map_or(self.token.issued_at, |at| at.min(self.token.issued_at))
    }
}

impl Standing<RefreshToken> {
    /// Whether what this refresh token rests on is live at `now`; its own use is judged by the family.
    pub fn is_grounded(&self, client: &Client, issuer: &Issuer, now: Timestamp) -> bool {
        let Some((family, _)) = &self.family else {
            return false;
        };
        family.client == client.id
            && rests_on_live(self, true, family.grant.is_some())
            && holds(family.session.is_some(), self.session.as_ref(), |s| {
                s.is_live(now)
            })
            && holds(family.person.is_some(), self.person.as_ref(), |p| {
                p.honours(family.created_at)
            })
            && client_honours(client, issuer, family.created_at)
    }
}

fn rests_on_live<T>(standing: &Standing<T>, family: bool, grant: bool) -> bool {
    holds(family, standing.family.as_ref(), |f| f.ended_at.is_none())
        && holds(grant, standing.grant.as_ref(), Grant::is_live)
}

/// A thing that is named must be there and live; one that is not named does not matter.
fn holds<T>(named: bool, found: Option<&(T, u64)>, live: impl Fn(&T) -> bool) -> bool {
    !named || found.is_some_and(|(thing, _)| live(thing))
}

/// Whether client and issuer still honour what was issued at `issued_at`.
pub fn client_honours(client: &Client, issuer: &Issuer, issued_at: Timestamp) -> bool {
    let limit = client.not_before.max(issuer.not_before);
    !client.disabled && limit.is_none_or(|limit| issued_at >= limit)
}
