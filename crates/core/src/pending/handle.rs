//! Handles: what a client or a browser presents to reach a request. One table for all of them.
//!
//! Spec: RFC 6749 §4.1.2 (`code`), RFC 8628 §3.2 (`device_code`, `user_code`)

use serde::{Deserialize, Serialize};

use super::PendingRequest;
use crate::{id::Id, time::Timestamp};

/// Which door a handle opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleKind {
    /// An authorization code.
    Code,
    /// A `device_code`, and whatever else a client polls with.
    Poll,
    /// A `user_code`, hashed under a key.
    UserCode,
}

impl HandleKind {
    /// The byte a store keys it by.
    pub const fn tag(self) -> u8 {
        match self {
            Self::Code => 1,
            Self::Poll => 2,
            Self::UserCode => 3,
        }
    }
}

/// A handle as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// Which door it opens.
    pub kind: HandleKind,
    /// The hash of the secret.
    #[serde(with = "hash_text")]
    pub hash: [u8; 32],
    /// The request behind it.
    pub pending: Id<PendingRequest>,
    /// When it may be deleted: together with the request, so that a replay is recognised.
    pub keep_until: Timestamp,
}

mod hash_text {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::secret::{SecretHash, kind};

    pub(super) fn serialize<S: Serializer>(
        hash: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        SecretHash::<kind::Collect>::from_bytes(*hash).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        SecretHash::<kind::Collect>::deserialize(deserializer).map(|hash| *hash.as_bytes())
    }
}
