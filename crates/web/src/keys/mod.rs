//! Keys that sign, and their public parts.
//!
//! A key is published before it signs and stays published until the last thing it signed has expired:
//!
//! ```text
//!   created_at            active_from                retire_at
//!       │── published ────────│── signs ──(successor's active_from)── published ──│ gone
//!       │◄── PUBLISH_AHEAD ──►│                      │◄────── LONGEST_LIFE ──────►│
//! ```
//!
//! The first key of an algorithm signs at once: no client can know an older set. Several nodes read the same records
//! and go by the store's time, so all of them change over at the same moment.
//!
//! Spec: RFC 7517 §5, OpenID Connect Core §10.1.1

mod ring;
mod rotation;

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use placet_core::{
    id::Id,
    issuer::Issuer,
    key::StoredKey,
    random::Random,
    store::{Key, Record, Store, StoreError, Table, Versioned},
    time::{Lifetime, Timestamp},
    token::{SignError, Signer},
    vault::{SealError, Vault},
};
use placet_proof::{Algorithm, Ed25519Name, Jwks, ProofError, SigningKey};
use serde_json::{Map, Value};

use self::ring::Ring;

/// For how long clients may keep the key set: its `Cache-Control: max-age`, in seconds.
pub const JWKS_MAX_AGE_S: u32 = 300;
/// How long a new key is published before it signs: the max-age, and a minute for every node to have read it, so that
/// even a key set handed out just before that is old when the key signs.
pub const PUBLISH_AHEAD: Lifetime = Lifetime::from_secs(JWKS_MAX_AGE_S as u64 + 60);
/// The longest life any setting gives a signed token; a replaced key is published for as long.
pub const LONGEST_LIFE: Lifetime = Lifetime::from_secs(86_400);
/// How old what is known of the store may be.
const FRESH_FOR: Lifetime = Lifetime::from_secs(1);
/// Records read at once.
const PAGE: usize = 100;

/// Why a key ring could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A private part does not open.
    #[error("the signing key {id} does not open: {source}")]
    Sealed {
        /// Which key.
        id: Id<StoredKey>,
        /// Why.
        source: SealError,
    },
    /// A key is not what its record says.
    #[error("the signing key {id} is damaged")]
    Damaged {
        /// Which key.
        id: Id<StoredKey>,
    },
    /// A key could not be made.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The work was given up because the process is stopping.
    #[error("a key could not be made: the server is stopping")]
    Stopping,
}

/// What a key is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Published, and will sign later.
    Waiting,
    /// Signs.
    Signing,
    /// Published until what it signed has expired.
    Retiring,
    /// Over: neither signs nor is published.
    Retired,
}

/// A key, as an operator sees it.
#[derive(Debug, Clone)]
pub struct KeyEntry {
    /// Its record, with the private part sealed.
    pub stored: Arc<StoredKey>,
    /// What it is doing now.
    pub usage: KeyUse,
}

/// An issuer's signing keys.
pub struct KeyRing {
    store: Arc<dyn Store>,
    issuer: Id<Issuer>,
    vault: Vault,
    random: Arc<dyn Random>,
    ring: RwLock<Arc<Ring>>,
    /// One reload or change at a time; readers of `ring` never wait for it.
    busy: tokio::sync::Mutex<()>,
}

impl KeyRing {
    /// Reads the issuer's keys. It makes none; see [`KeyRing::ensure`].
    ///
    /// # Errors
    /// [`KeyError::Store`]; [`KeyError::Sealed`] or [`KeyError::Damaged`] when a record does not read.
    pub async fn open(
        store: Arc<dyn Store>,
        issuer: Id<Issuer>,
        vault: Vault,
        random: Arc<dyn Random>,
    ) -> Result<Arc<Self>, KeyError> {
        let ring = Arc::new(Ring::empty(store.now()));
        let keys = Self {
            store,
            issuer,
            vault,
            random,
            ring: RwLock::new(ring),
            busy: tokio::sync::Mutex::default(),
        };
        keys.reload().await?;
        Ok(Arc::new(keys))
    }

    /// Reads the keys again, because another process has changed something.
    ///
    /// # Errors
    /// As [`KeyRing::open`]; the keys known before stay in use.
    pub async fn reread(&self) -> Result<(), KeyError> {
        let busy = self.busy.lock().await;
        let outcome = self.reload().await;
        drop(busy);
        outcome
    }

    /// Reads the keys again when what is known is older than a second; call it on a timer.
    ///
    /// # Errors
    /// As [`KeyRing::open`]; the keys known before stay in use.
    pub async fn refresh(&self) -> Result<(), KeyError> {
        let busy = self.busy.lock().await;
        let known = self.ring();
        let outcome = if self.store.now() >= known.read_at.plus(FRESH_FOR) {
            self.reload().await
        } else {
            Ok(())
        };
        drop(busy);
        outcome
    }

    /// The public keys as a JSON Web Key Set, `EdDSA` by that name.
    pub fn jwks(&self) -> Bytes {
        self.current().jwks.clone()
    }

    /// The public keys to verify our own tokens with, such as `id_token_hint`.
    pub fn public_keys(&self) -> Jwks {
        self.current().public.clone()
    }

    /// Every key there is a record of, oldest first.
    pub fn list(&self) -> Vec<KeyEntry> {
        let now = self.store.now();
        self.ring().entries(now)
    }

    /// The algorithms that can sign now.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        let now = self.store.now();
        let ring = self.ring();
        let can = |algorithm: &Algorithm| ring.signing(*algorithm, now).is_some();
        Algorithm::ALL.into_iter().filter(can).collect()
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// The ring without keys whose time is over, printed anew when one has ended since it was read.
    fn current(&self) -> Arc<Ring> {
        let ring = self.ring();
        let now = self.store.now();
        if now < ring.good_until {
            return ring;
        }
        let next = Arc::new(ring.at(now));
        let mut known = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        // What was read from the store in between is newer.
        if Arc::ptr_eq(&known, &ring) {
            *known = next;
        }
        Arc::clone(&known)
    }

    /// Reads all records; opens only the keys that are new.
    async fn reload(&self) -> Result<(), KeyError> {
        let known = self.ring();
        let now = self.store.now();
        let mut keys = Vec::new();
        for record in self.records().await? {
            keys.push(match known.same(&record) {
                Some(held) => held,
                None => Arc::new(self.open_key(record)?),
            });
        }
        self.replace(Ring::of(keys, now));
        Ok(())
    }

    async fn records(&self) -> Result<Vec<Versioned<StoredKey>>, KeyError> {
        let mut records = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .page(self.issuer, Table::SigningKey, after, PAGE)
                .await?;
            let full = page.len() == PAGE;
            for found in page {
                let Record::SigningKey(value) = found.value else {
                    return Err(KeyError::Store(found.value.misplaced()));
                };
                after = Some(Key::signing_key(value.id));
                records.push(Versioned {
                    value,
                    version: found.version,
                });
            }
            if !full {
                return Ok(records);
            }
        }
    }

    fn open_key(&self, record: Versioned<StoredKey>) -> Result<ring::Held, KeyError> {
        let id = record.value.id;
        let private = self
            .vault
            .open(&id.to_string(), &record.value.private)
            .map_err(|source| KeyError::Sealed { id, source })?;
        let damaged = KeyError::Damaged { id };
        let Some(algorithm) = Algorithm::from_name(&record.value.alg) else {
            return Err(damaged);
        };
        match SigningKey::from_pkcs8(algorithm, &private) {
            Ok(key) if key.kid() == record.value.kid => Ok(ring::Held::new(record, key)),
            Ok(_) | Err(_) => Err(damaged),
        }
    }

    fn now(&self) -> Timestamp {
        self.store.now()
    }
}

impl Signer for KeyRing {
    fn sign(
        &self,
        alg: &str,
        typ: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, SignError> {
        let no_key = || SignError::NoKey(alg.to_owned());
        let algorithm = Algorithm::from_name(alg).ok_or_else(no_key)?;
        let ring = self.ring();
        let held = ring
            .signing(algorithm, self.store.now())
            .ok_or_else(no_key)?;
        held.sign(typ, claims).map_err(|error| {
            tracing::error!(%error, kid = %held.record.value.kid, "a signature could not be made");
            SignError::Failed
        })
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids = self
            .list()
            .into_iter()
            .map(|entry| entry.stored.kid.clone());
        f.debug_list().entries(kids).finish()
    }
}

/// The name under which an algorithm is stored and published by the OAuth face.
fn stored_name(algorithm: Algorithm) -> &'static str {
    algorithm.name(Ed25519Name::EdDsa)
}

#[cfg(test)]
mod tests;
