//! The keys as they were read at one moment, opened, with everything prepared that signing and publishing need.

use std::sync::Arc;

use bytes::Bytes;
use placet_core::{key::StoredKey, store::Versioned, time::Timestamp};
use placet_proof::{Algorithm, Ed25519Name, Jwks, JwsSigner, Kind, ProofError, SigningKey};
use serde_json::{Map, Value};

use super::{KeyEntry, KeyUse};

/// An opened key and its record.
pub(super) struct Held {
    pub(super) record: Versioned<Arc<StoredKey>>,
    key: Arc<SigningKey>,
    /// One signer for each `typ` a token of ours has; its header is encoded once.
    signers: Vec<(Option<&'static str>, JwsSigner)>,
}

impl Held {
    pub(super) fn new(record: Versioned<StoredKey>, key: SigningKey) -> Self {
        let key = Arc::new(key);
        let signer = |kind: Kind| {
            let typ = kind.typ();
            (
                typ,
                JwsSigner::new(Arc::clone(&key), typ, Ed25519Name::EdDsa),
            )
        };
        Self {
            signers: Kind::ALL.into_iter().map(signer).collect(),
            record: Versioned {
                value: Arc::new(record.value),
                version: record.version,
            },
            key,
        }
    }

    /// The same key with a newer record.
    fn with_record(&self, record: &Versioned<StoredKey>) -> Self {
        Self {
            record: Versioned {
                value: Arc::new(record.value.clone()),
                version: record.version,
            },
            key: Arc::clone(&self.key),
            signers: self.signers.clone(),
        }
    }

    pub(super) fn sign(
        &self,
        typ: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, ProofError> {
        match self.signers.iter().find(|(of, _)| *of == typ) {
            Some((_, signer)) => signer.sign_claims(claims),
            None => {
                JwsSigner::new(Arc::clone(&self.key), typ, Ed25519Name::EdDsa).sign_claims(claims)
            }
        }
    }

    fn stored(&self) -> &StoredKey {
        &self.record.value
    }

    fn is_published(&self, now: Timestamp) -> bool {
        self.stored().retire_at.is_none_or(|at| now < at)
    }
}

/// All keys, and the set of those that are published.
pub(super) struct Ring {
    keys: Vec<Arc<Held>>,
    /// The printed set.
    pub(super) jwks: Bytes,
    /// The same, to verify with.
    pub(super) public: Jwks,
    /// When the records were read.
    pub(super) read_at: Timestamp,
    /// The first moment at which the printed set is no longer true.
    pub(super) good_until: Timestamp,
}

impl Ring {
    pub(super) fn empty(now: Timestamp) -> Self {
        Self::of(Vec::new(), now)
    }

    /// The ring of these keys as they are at `now`.
    pub(super) fn of(mut keys: Vec<Arc<Held>>, now: Timestamp) -> Self {
        keys.sort_by_key(|held| {
            let stored = held.stored();
            (stored.created_at, stored.active_from, stored.id)
        });
        let published = || keys.iter().filter(|held| held.is_published(now));
        let public = Jwks::new(
            published()
                .map(|held| held.key.public_jwk().clone())
                .collect(),
        );
        let good_until = published().filter_map(|held| held.stored().retire_at).min();
        Self {
            jwks: Bytes::from(public.to_json(Ed25519Name::EdDsa).to_string()),
            public,
            read_at: now,
            good_until: good_until.unwrap_or(Timestamp::from_millis(i64::MAX)),
            keys,
        }
    }

    /// The same keys as they are at a later moment.
    pub(super) fn at(&self, now: Timestamp) -> Self {
        Self {
            read_at: self.read_at,
            ..Self::of(self.keys.clone(), now)
        }
    }

    /// The opened key of a record that is already known, with what the record says now.
    pub(super) fn same(&self, record: &Versioned<StoredKey>) -> Option<Arc<Held>> {
        let held = self.keys.iter().find(|held| {
            let known = held.stored();
            known.id == record.value.id
                && known.kid == record.value.kid
                && known.alg == record.value.alg
        })?;
        if held.record.version == record.version {
            return Some(Arc::clone(held));
        }
        Some(Arc::new(held.with_record(record)))
    }

    /// The key of `algorithm` that signs at `now`: the one that took over last. When the clock was set back, and
    /// accepted there, the time of all keys is still to come; then the first of them signs.
    pub(super) fn signing(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Arc<Held>> {
        let published = || {
            let keys = self.keys.iter();
            keys.filter(|held| held.key.algorithm() == algorithm && held.is_published(now))
        };
        let order = |held: &&Arc<Held>| (held.stored().active_from, held.stored().id);
        published()
            .filter(|held| held.stored().active_from <= now)
            .max_by_key(order)
            .or_else(|| published().min_by_key(order))
    }

    /// The keys of `algorithm` that are not replaced yet, waiting ones too.
    pub(super) fn unreplaced(&self, algorithm: Algorithm) -> impl Iterator<Item = &Arc<Held>> {
        self.keys.iter().filter(move |held| {
            held.key.algorithm() == algorithm && held.stored().retire_at.is_none()
        })
    }

    /// The keys whose time is over.
    pub(super) fn over(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Held>> {
        self.keys.iter().filter(move |held| !held.is_published(now))
    }

    pub(super) fn entries(&self, now: Timestamp) -> Vec<KeyEntry> {
        let usage = |held: &Arc<Held>| {
            let signing = self.signing(held.key.algorithm(), now);
            if !held.is_published(now) {
                KeyUse::Retired
            } else if signing.is_some_and(|signing| Arc::ptr_eq(signing, held)) {
                KeyUse::Signing
            } else if held.stored().active_from > now {
                KeyUse::Waiting
            } else {
                KeyUse::Retiring
            }
        };
        let entry = |held: &Arc<Held>| KeyEntry {
            stored: Arc::clone(&held.record.value),
            usage: usage(held),
        };
        self.keys.iter().map(entry).collect()
    }
}
