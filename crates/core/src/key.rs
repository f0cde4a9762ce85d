//! Signing keys as they are stored: sealed, with the times that make rotation safe.
//!
//! A key is published before it signs and stays published until the last thing it signed has expired,
//! so that no client ever meets an unknown `kid` (OpenID Connect Core §10.1.1).

use serde::{Deserialize, Serialize};

use crate::{
    id::{Id, Kind},
    time::Timestamp,
    vault::Sealed,
};

/// One signing key of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// Its id, which is also the row its private part is sealed to.
    pub id: Id<Self>,
    /// Its name on the wire (RFC 7638).
    pub kid: String,
    /// Its one algorithm, by its JOSE name.
    pub alg: String,
    /// The public part as a JWK.
    pub public: serde_json::Value,
    /// The private part, PKCS #8, sealed.
    pub private: Sealed,
    /// When it was made and first published.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
    /// The first moment at which it is no longer published. Absent while it is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retire_at: Option<Timestamp>,
}

impl Kind for StoredKey {
    const PREFIX: &'static str = "key";
}
