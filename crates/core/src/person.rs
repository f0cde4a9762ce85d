//! People, their sign-ins, and the proof that one sits in front of a request.
//!
//! Spec: OpenID Connect Core §2 (`auth_time`, `acr`, `amr`), §5.1 (claims)

use serde::{Deserialize, Serialize};

use crate::{
    id::{Id, Kind},
    secret::{Digest, SecretHash, kind},
    time::Timestamp,
};

/// A person as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id inside; events name people by it.
    pub id: Id<Self>,
    /// The `sub` clients see: stable, never reused.
    pub subject: String,
    /// What they sign in with, normalised.
    pub username: String,
    /// The password's hash in PHC form. Absent: cannot sign in by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// OpenID Connect's standard claims.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Whether they are shut out everywhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Sessions and tokens from before this time are not active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The digest of the declaration they were made from. Absent when no file declares them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Digest>,
    /// When they were added.
    pub created_at: Timestamp,
    /// Whether names, claims and password were erased; the subject stays so that it is never given again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl Kind for Person {
    const PREFIX: &'static str = "p";
}

impl Person {
    /// The one form in which names are compared: trimmed and lower case.
    pub fn normalise(username: &str) -> String {
        username.trim().to_lowercase()
    }

    /// Whether something issued at `issued_at` still counts for this person.
    pub fn honours(&self, issued_at: Timestamp) -> bool {
        !self.disabled && !self.erased && self.not_before.is_none_or(|limit| issued_at >= limit)
    }
}

/// How and when somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// When they did (`auth_time`).
    pub at: Timestamp,
    /// The class reference, if the issuer uses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The methods used, by the names of RFC 8176.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
}

/// One sign-in of one person in one browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The hash of its cookie, which is its key.
    pub hash: SecretHash<kind::Session>,
    /// A public name for it (`sid`), which proves nothing.
    pub sid: Id<Self>,
    /// Whose it is.
    pub person: Id<Person>,
    /// How they signed in.
    pub authentication: Authentication,
    /// When it began.
    pub created_at: Timestamp,
    /// The first moment at which it is over.
    pub expires_at: Timestamp,
    /// The address it began from.
    pub peer: String,
    /// The browser as it named itself, cut short.
    pub agent: String,
    /// When the same person signed in again in this browser. From then on its cookie opens nothing, while what was
    /// bound to it lives on with the new session of the same `sid`. Absent while its cookie counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<Timestamp>,
    /// The session of the same `sid` whose place it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<SecretHash<kind::Session>>,
    /// The session of the same `sid` that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<SecretHash<kind::Session>>,
    /// When the person or an operator ended it. Absent while it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Kind for Session {
    const PREFIX: &'static str = "ses";
}

impl Session {
    /// Whether its cookie counts at `now`.
    pub fn opens(&self, now: Timestamp) -> bool {
        self.replaced_at.is_none() && self.is_live(now)
    }

    /// Whether what is bound to it counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// A signed-in person in one browser, in front of one request.
#[derive(Debug, Clone)]
pub struct SeatedPerson {
    person: std::sync::Arc<Person>,
    session: std::sync::Arc<Session>,
    browser: SecretHash<kind::Interaction>,
}

impl SeatedPerson {
    /// States that the browser presented the cookies of this session and of this interaction. Only the
    /// person's side of the edge may say so.
    pub fn vouch(
        person: std::sync::Arc<Person>,
        session: std::sync::Arc<Session>,
        browser: SecretHash<kind::Interaction>,
    ) -> Self {
        Self {
            person,
            session,
            browser,
        }
    }

    /// Who it is.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Their sign-in.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The browser, by the hash of its interaction cookie.
    pub fn browser(&self) -> SecretHash<kind::Interaction> {
        self.browser
    }
}
