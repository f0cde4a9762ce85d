//! A result that may be repeated: encrypted under a key made from the secret its caller presents.
//!
//! Any node can repeat it byte for byte to whoever still holds the secret; a copy of the database
//! cannot, since only the secret's hash is stored.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{random::Random, secret::Secret, time::Timestamp, vault};

const ROW: &[u8] = b"placet receipt";

/// A sealed result and when it stops being repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The encrypted result.
    text: String,
    /// The first moment at which it is no longer repeated.
    pub until: Timestamp,
}

impl Receipt {
    /// Seals `result` under `secret`.
    pub fn new<K>(
        secret: &Secret<K>,
        result: &impl Serialize,
        until: Timestamp,
        random: &dyn Random,
    ) -> Self {
        let plain = serde_json::to_vec(result).unwrap_or_default();
        Self {
            text: vault::seal(secret.bytes(), ROW, &plain, random),
            until,
        }
    }

    /// Opens it again, while `now` is before its end. `None` for another secret or too late.
    pub fn open<K, T: DeserializeOwned>(&self, secret: &Secret<K>, now: Timestamp) -> Option<T> {
        if now >= self.until {
            return None;
        }
        let plain = vault::open(secret.bytes(), ROW, &self.text).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}
