//! New keys: the first of an algorithm, and the successor of one in use.
//!
//! Spec: OpenID Connect Core §10.1.1

use std::sync::Arc;

use aws_lc_rs::digest;
use placet_core::{
    event::{Actor, Event, EventKind},
    id::Id,
    key::StoredKey,
    store::{Change, Commit, Key, Record, StoreError},
    time::Timestamp,
};
use placet_proof::{Algorithm, Ed25519Name, SigningKey};

use super::{KeyError, KeyRing, LONGEST_LIFE, PUBLISH_AHEAD, stored_name};

impl KeyRing {
    /// Makes a key of `algorithm` unless there is one. Of several nodes the first wins, and all use its key.
    ///
    /// RSA keys take up to a second or so; they are made on a thread of their own.
    ///
    /// # Errors
    /// [`KeyError::Store`] when it cannot be kept, [`KeyError::Proof`] when it cannot be made.
    pub async fn ensure(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        if self.ring().unreplaced(algorithm).next().is_some() {
            return Ok(());
        }
        let key = generate(algorithm).await?;
        let busy = self.busy.lock().await;
        let outcome = self.add_first(algorithm, &key).await;
        drop(busy);
        outcome
    }

    async fn add_first(&self, algorithm: Algorithm, key: &SigningKey) -> Result<(), KeyError> {
        self.reload().await?;
        let ring = self.ring();
        if ring.unreplaced(algorithm).next().is_some() {
            return Ok(());
        }
        let now = self.now();
        let record = self.record(self.first_id(algorithm), key, now, now)?;
        let commit = self
            .commit("made", Actor::Server, now)
            .with(Change::insert(Record::SigningKey(record)));
        match self.write(commit).await {
            // Another node made the key of this name first, so its key is ours.
            Ok(()) | Err(StoreError::Conflict) => self.reload().await,
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a successor of the key of `algorithm`: published at once, signing after [`PUBLISH_AHEAD`]. The keys before
    /// it stay published until all they signed has expired, and are then removed by a later rotation. Without a key
    /// yet, this is [`KeyRing::ensure`].
    ///
    /// # Errors
    /// [`KeyError::Store`] with [`StoreError::Conflict`] when another node rotates at this moment; nothing was changed
    /// by this one.
    pub async fn rotate(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        let key = generate(algorithm).await?;
        let busy = self.busy.lock().await;
        let outcome = self.add_successor(algorithm, &key).await;
        drop(busy);
        outcome
    }

    async fn add_successor(&self, algorithm: Algorithm, key: &SigningKey) -> Result<(), KeyError> {
        self.reload().await?;
        let ring = self.ring();
        if ring.unreplaced(algorithm).next().is_none() {
            return self.add_first(algorithm, key).await;
        }
        let now = self.now();
        let active_from = now.plus(PUBLISH_AHEAD);
        let record = self.record(Id::random(self.random.as_ref()), key, now, active_from)?;
        let mut commit = self
            .commit("rotated", Actor::Operator, now)
            .with(Change::insert(Record::SigningKey(record)));
        for held in ring.unreplaced(algorithm) {
            let mut replaced = StoredKey::clone(&held.record.value);
            replaced.retire_at = Some(active_from.plus(LONGEST_LIFE));
            commit.changes.push(Change::update(
                held.record.version,
                Record::SigningKey(replaced),
            ));
        }
        for held in ring.over(now) {
            commit.changes.push(Change::Delete {
                key: Key::signing_key(held.record.value.id),
                version: held.record.version,
            });
        }
        self.write(commit).await?;
        self.reload().await
    }

    /// The id that the first key of an algorithm has on every node, so that only one of them can insert it.
    fn first_id(&self, algorithm: Algorithm) -> Id<StoredKey> {
        let name = format!(
            "first signing key\n{}\n{}",
            self.issuer,
            stored_name(algorithm)
        );
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        Id::from_bytes(bytes)
    }

    fn record(
        &self,
        id: Id<StoredKey>,
        key: &SigningKey,
        now: Timestamp,
        active_from: Timestamp,
    ) -> Result<StoredKey, KeyError> {
        let private = key.to_pkcs8()?;
        Ok(StoredKey {
            id,
            kid: key.kid().to_owned(),
            alg: stored_name(key.algorithm()).to_owned(),
            public: key.public_jwk().to_json(Ed25519Name::EdDsa),
            private: self
                .vault
                .seal(&id.to_string(), &private, self.random.as_ref()),
            created_at: now,
            active_from,
            retire_at: None,
        })
    }

    fn commit(&self, note: &'static str, actor: Actor, now: Timestamp) -> Commit {
        let id = Id::ordered(now, self.random.as_ref());
        let mut event = Event::new(id, EventKind::KeyChanged, now);
        event.actor = actor;
        event.note = Some(note.into());
        Commit::new(self.issuer, event)
    }

    /// Commits, and finds out what happened when the reply was lost.
    async fn write(&self, commit: Commit) -> Result<(), StoreError> {
        self.store.as_ref().commit_surely(commit).await
    }
}

/// Makes a key away from the threads that answer requests.
async fn generate(algorithm: Algorithm) -> Result<Arc<SigningKey>, KeyError> {
    tokio::task::spawn_blocking(move || SigningKey::generate(algorithm))
        .await
        .map_err(|_| KeyError::Stopping)?
        .map(Arc::new)
        .map_err(KeyError::from)
}
