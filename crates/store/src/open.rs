//! Whichever store the settings name, opened: the part of a store that the storage contract leaves to its owner.

use std::sync::Arc;

use placet_core::{
    store::{Store, StoreError},
    time::{Clock, SystemClock, Timestamp},
};

use crate::{Location, OpenError, SqliteStore};

/// An open store of either engine.
#[derive(Clone)]
pub enum OpenStore {
    /// In one SQLite file.
    Sqlite(Arc<SqliteStore>),
}

impl OpenStore {
    /// Opens the store at `location`, making it when it is not there yet.
    ///
    /// `clock` is given the time of whatever decides expiry there – this machine's for a file, the database's for a
    /// server that several nodes share – and returns the clock the store is to follow.
    ///
    /// # Errors
    /// [`OpenError`]: the store cannot be used, is not Placet's, or is a newer release's.
    #[expect(
        clippy::unused_async,
        reason = "a store over the network is opened by waiting for it"
    )]
    pub async fn open(
        location: &Location,
        clock: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match location {
            Location::Sqlite(path) => {
                let clock = clock(Arc::new(SystemClock));
                Ok(Self::Sqlite(Arc::new(SqliteStore::open(path, clock)?)))
            }
        }
    }

    /// The storage contract.
    pub fn records(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
        }
    }

    /// A number that changes when another process has written, so that caches can be dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer.
    pub async fn data_version(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.data_version().await,
        }
    }

    /// The time of the event that was written last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer.
    #[expect(
        clippy::unused_async,
        reason = "a store over the network is read by waiting for it"
    )]
    pub async fn newest_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(store) => store.newest_event_at(),
        }
    }

    /// Finishes what is queued and lets go of the store.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
        }
    }
}
