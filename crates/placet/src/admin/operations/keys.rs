//! Keys: list, rotate, and wrap the data keys under another master key.

use placet_core::{
    event::EventKind,
    store::{Change, Commit, Record, Table, Versioned},
    vault::{DataKey, MasterKey},
};
use placet_proof::{Algorithm, Ed25519Name};
use placet_web::keys::{KeyEntry, KeyError, KeyUse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, OperationError, Operator};

/// The most keys of one kind that are read.
const KEYS_LIMIT: usize = 1_000;

/// What a signing key is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, and will sign once clients had time to see it.
    Waiting,
    /// Signs.
    Signing,
    /// Published until what it signed has expired.
    Retiring,
    /// Over: neither signs nor is published.
    Retired,
}

/// A signing key as operators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyView {
    /// Its name on the wire (RFC 7638).
    pub kid: String,
    /// Its one algorithm.
    pub alg: String,
    /// What it is there for.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Moment,
    /// From when on it signs.
    pub active_from: Moment,
    /// When it is no longer published. Absent while it is current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retire_at: Option<Moment>,
}

/// What `rewrap` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rewrapped {
    /// Data keys that another master key wraps from here on.
    pub data_keys: usize,
    /// Those it wrapped before already.
    pub already: usize,
}

impl Operator {
    /// Every signing key that is kept, by algorithm, newest first.
    ///
    /// # Errors
    /// [`OperationError::Key`] when a key does not read.
    pub async fn keys(&self) -> Result<Vec<KeyView>, OperationError> {
        self.keys.refresh().await?;
        let mut keys: Vec<KeyView> = self.keys.list().into_iter().map(KeyView::from).collect();
        keys.sort_by(|a, b| {
            let by_alg = a.alg.cmp(&b.alg);
            by_alg.then(b.active_from.cmp(&a.active_from))
        });
        Ok(keys)
    }

    /// Makes a successor of the signing key of one algorithm. It is published at once and signs once clients had time
    /// to see it. Returns the keys of that algorithm.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for an algorithm there is not; [`OperationError::Stale`] when another node rotates
    /// at this moment; [`OperationError::Key`].
    pub async fn rotate_key(&self, alg: &str) -> Result<Vec<KeyView>, OperationError> {
        let algorithm = Algorithm::from_name(alg).ok_or_else(|| {
            let known = Algorithm::ALL.map(|known| known.name(Ed25519Name::EdDsa));
            let message = format!("must be one of {}, not {alg:?}", known.join(", "));
            OperationError::invalid("alg", message)
        })?;
        self.keys.rotate(algorithm).await?;
        let mut keys = self.keys().await?;
        keys.retain(|key| Algorithm::from_name(&key.alg) == Some(algorithm));
        Ok(keys)
    }

    /// Wraps every data key under `new`. What is sealed stays as it is, and a server that runs goes on; the next start
    /// needs the new master key.
    ///
    /// # Errors
    /// [`OperationError::WrongMasterKey`] when `old` does not open one; nothing was changed then.
    pub async fn rewrap(
        &self,
        old: &MasterKey,
        new: &MasterKey,
    ) -> Result<Rewrapped, OperationError> {
        let issuer = self.engine.issuer_id();
        let records = self
            .store()
            .page(issuer, Table::DataKey, None, KEYS_LIMIT)
            .await?;
        let mut event = self.engine.note(EventKind::KeyChanged, &self.caller);
        event.note = Some("rewrapped".into());
        let mut commit = Commit::new(issuer, event);
        let mut already = 0;
        for Versioned { value, version } in records {
            let Record::DataKey(stored) = value else {
                continue;
            };
            if stored.master == new.name() && new.unwrap(&stored).is_ok() {
                already += 1;
                continue;
            }
            let wrapped = self.wrap_again(old, new, &stored)?;
            commit = commit.with(Change::update(version, Record::DataKey(wrapped)));
        }
        let data_keys = commit.changes.len();
        if data_keys > 0 {
            self.engine.put(commit).await?;
        }
        Ok(Rewrapped { data_keys, already })
    }

    fn wrap_again(
        &self,
        old: &MasterKey,
        new: &MasterKey,
        stored: &DataKey,
    ) -> Result<DataKey, OperationError> {
        let vault = old
            .unwrap(stored)
            .map_err(|_| OperationError::WrongMasterKey)?;
        Ok(new.rewrap(&vault, stored, self.engine.random()))
    }
}

impl From<KeyEntry> for KeyView {
    fn from(entry: KeyEntry) -> Self {
        Self {
            kid: entry.stored.kid.clone(),
            alg: entry.stored.alg.clone(),
            state: match entry.usage {
                KeyUse::Waiting => KeyState::Waiting,
                KeyUse::Signing => KeyState::Signing,
                KeyUse::Retiring => KeyState::Retiring,
                KeyUse::Retired => KeyState::Retired,
            },
            created_at: entry.stored.created_at.into(),
            active_from: entry.stored.active_from.into(),
            retire_at: entry.stored.retire_at.map(Moment::from),
        }
    }
}

impl From<KeyError> for OperationError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            KeyError::Sealed { .. }
            | KeyError::Damaged { .. }
            | KeyError::Proof(_)
            | KeyError::Stopping => Self::Key(error.to_string()),
        }
    }
}
