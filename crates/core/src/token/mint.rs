//! An approval becomes tokens: what to make, and what was made.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Family;
use crate::{
    client::Client,
    grant::Grant,
    id::Id,
    issuer::Issuer,
    person::{Authentication, Person, Session},
    right::Rights,
    secret::{SecretHash, kind},
    time::{Lifetime, Timestamp},
};

/// How an access token looks to its resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessFormat {
    /// Random; the resource asks by introspection.
    #[default]
    Opaque,
    /// Signed (RFC 9068); the resource may check it alone.
    Jwt,
}

/// What tokens are made from.
#[derive(Debug, Clone)]
pub struct Basis<'a> {
    /// Who issues.
    pub issuer: &'a Issuer,
    /// To whom.
    pub client: &'a Client,
    /// For whom. Absent when the client acts for itself.
    pub person: Option<&'a Person>,
    /// The `sub` to use.
    pub subject: &'a str,
    /// What was granted, or the part of it asked for now.
    pub rights: &'a Rights,
    /// How the person signed in.
    pub authentication: Option<&'a Authentication>,
    /// Under which grant.
    pub grant: Option<Id<Grant>>,
    /// In which family. Absent when none exists yet.
    pub family: Option<Id<Family>>,
    /// The sign-in the approval came from.
    pub session: Option<SecretHash<kind::Session>>,
    /// That sign-in's public name.
    pub sid: Option<Id<Session>>,
    /// The time of issue.
    pub now: Timestamp,
}

/// What a token is to be bound to (RFC 9635 §3.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The public key whoever presents it must prove, in the face's own form. Absent for a bearer token.
    pub key: Option<Value>,
    /// What the client calls it.
    pub label: Option<String>,
    /// What gives the right to manage it.
    pub management: Management,
    /// Whether it stays active until its own end when another takes its place.
    pub durable: bool,
    /// The names of sets of rights by which its client asked for it (RFC 9767 §3.4).
    pub references: Vec<String>,
}

/// What gives the right to manage a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Management {
    /// A secret of its own.
    OwnSecret,
    /// The token itself.
    Itself,
}

/// A token to make.
#[derive(Debug, Clone)]
pub enum TokenSpec {
    /// An access token.
    Access {
        /// Opaque or JWT.
        format: AccessFormat,
        /// The algorithm of a JWT, by its JOSE name.
        alg: &'static str,
        /// Scopes, and the one resource it is for.
        rights: Rights,
        /// How long it lives.
        lifetime: Lifetime,
        /// Whether it ends with the sign-in.
        bound_to_session: bool,
        /// Claims of a JWT beyond those the engine writes (`iss`, `sub`, `aud`, `exp`, `iat`, `jti`, `client_id`, `scope`).
        claims: Map<String, Value>,
        /// The key it is bound to, and how it is managed. Absent for a plain bearer token.
        binding: Option<Box<Binding>>,
    },
    /// No token, but how long the others may be replaced by new ones: the life of their family.
    Renewable {
        /// How long the family lives at most.
        absolute: Lifetime,
    },
    /// A refresh token, and a family if there is none.
    Refresh {
        /// How long it may lie unused.
        idle: Lifetime,
        /// How long the family lives at most.
        absolute: Lifetime,
        /// Whether the family ends with the sign-in.
        bound_to_session: bool,
    },
    /// A signed statement that is stored nowhere, such as an ID token.
    Statement {
        /// The algorithm, by its JOSE name.
        alg: String,
        /// The `typ` header. Absent for an ID token.
        typ: Option<&'static str>,
        /// All its claims.
        claims: Map<String, Value>,
    },
}

/// An access token that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MintedAccess {
    /// Its text, shown once.
    pub token: String,
    /// Seconds it lives.
    pub expires_in_s: u64,
    /// What it carries.
    pub rights: Rights,
    /// What the client calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The key it is bound to, in the face's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Value>,
    /// The secret that manages it. Absent when the token itself does, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage: Option<String>,
    /// Whether it outlives its own rotation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub durable: bool,
}

/// All that one approval or refresh gave.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenSet {
    /// The access tokens, in the order of their specs.
    pub access: Vec<MintedAccess>,
    /// The refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
    /// The signed statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What was granted in all.
    pub rights: Rights,
}

impl std::fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSet")
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}

/// A signature that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No active key has this algorithm.
    #[error("no signing key for {0}")]
    NoKey(String),
    /// The key refused.
    #[error("signing failed")]
    Failed,
}

/// Signs JWTs with the issuer's active key of an algorithm.
pub trait Signer: Send + Sync {
    /// Signs `claims` as a compact JWS.
    ///
    /// # Errors
    /// [`SignError::NoKey`] when the algorithm has no active key; [`SignError::Failed`] when signing fails.
    fn sign(
        &self,
        alg: &str,
        typ: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, SignError>;
}
