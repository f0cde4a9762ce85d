//! Token families: the refresh tokens that descend from one approval.
//!
//! Each use of a refresh token names its successor. A repeat within [`REFRESH_GRACE`] of the first use,
//! by the same client and before the successor was used, gets the same successor again from a receipt:
//! a lost reply costs nobody their session, and a thief gains no branch of their own. Any other use of
//! a spent token ends the family.
//!
//! Spec: RFC 9700 §4.14.2, RFC 6749 §6

use serde::{Deserialize, Serialize};

use crate::{
    client::Client,
    grant::Grant,
    id::{Id, Kind},
    person::{Authentication, Person, Session},
    receipt::Receipt,
    refusal::Refusal,
    right::Rights,
    secret::{SecretHash, kind},
    time::{Lifetime, Timestamp},
};

/// How long the first use of a refresh token may be repeated.
pub const REFRESH_GRACE: Lifetime = Lifetime::from_secs(30);

/// The refresh tokens that descend from one approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Its id.
    pub id: Id<Self>,
    /// To whom its tokens are issued.
    pub client: Id<Client>,
    /// The grant it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Id<Grant>>,
    /// The person it speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Id<Person>>,
    /// The `sub` its tokens carry.
    pub subject: String,
    /// The sign-in it ends with. Absent for offline access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SecretHash<kind::Session>>,
    /// The sign-in's public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Id<Session>>,
    /// The most its tokens may carry.
    pub rights: Rights,
    /// How the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// How many refresh tokens it has had; the last one is the live one.
    pub generation: u32,
    /// When it began.
    pub created_at: Timestamp,
    /// The first moment at which no refresh is possible, however often it was used.
    pub expires_at: Timestamp,
    /// When its last refresh token was issued.
    pub used_at: Timestamp,
    /// When it was ended. Absent while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Kind for Family {
    const PREFIX: &'static str = "fam";
}

/// A refresh token as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The hash of its text, which is its key.
    pub hash: SecretHash<kind::Refresh>,
    /// The family it belongs to.
    pub family: Id<Family>,
    /// Its place in the family, from 1.
    pub generation: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The first moment at which it is not valid.
    pub expires_at: Timestamp,
    /// Its first use. Absent while it is fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<RefreshUse>,
}

/// The first use of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshUse {
    /// When.
    pub at: Timestamp,
    /// What it gave, sealed under the token itself.
    pub receipt: Receipt,
}

/// What a presented refresh token is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Fresh: rotate.
    Next,
    /// Used a moment ago: repeat the same answer.
    Repeat(Receipt),
}

impl RefreshToken {
    /// Judges a presentation of this token at `now`.
    ///
    /// # Errors
    /// [`Refusal::Expired`] at or after its end or the family's; [`Refusal::Revoked`] when the family was ended;
    /// [`Refusal::Reused`] for a spent one outside its grace: the family must end.
    pub fn judge(&self, family: &Family, now: Timestamp) -> Result<Rotation, Refusal> {
        if family.ended_at.is_some() {
            return Err(Refusal::Revoked);
        }
        match &self.used {
            None if now >= self.expires_at || now >= family.expires_at => Err(Refusal::Expired),
            None => Ok(Rotation::Next),
            Some(used) => {
                let successor_unused = family.generation == self.generation.saturating_add(1);
                if now < used.at.plus(REFRESH_GRACE) && successor_unused {
                    Ok(Rotation::Repeat(used.receipt.clone()))
                } else {
                    Err(Refusal::Reused)
                }
            }
        }
    }
}
