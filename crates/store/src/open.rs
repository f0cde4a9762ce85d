//! Whichever store the settings name, opened: the part of a store that the storage contract leaves to its owner.

use std::{fmt, sync::Arc};

use placet_core::{
    store::{Store, StoreError},
    time::{Clock, SystemClock, Timestamp},
};
use tokio::task::spawn_blocking;

use crate::{
    Location, PostgresStore, SqliteStore,
    archive::{self, ArchiveError, Fence},
    postgres, sqlite,
};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be used.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// The PostgreSQL database cannot be used.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// Its records are elsewhere, or on their way.
    #[error("{0}")]
    Moved(Fence),
    /// Whether its records are elsewhere could not be read.
    #[error(transparent)]
    Fence(Box<ArchiveError>),
}

impl OpenError {
    /// Whether trying again may help: the database was not there, or was busy.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Postgres(postgres::OpenError::Engine(_) | postgres::OpenError::Locked) => true,
            Self::Fence(error) => matches!(error.as_ref(), ArchiveError::Postgres(_)),
            Self::Postgres(_) | Self::Sqlite(_) | Self::Moved(_) => false,
        }
    }
}

/// Where a store is, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The engine, and where it is.
    pub location: Location,
    /// How PostgreSQL is used; SQLite has nothing to choose.
    pub postgres: postgres::Settings,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            location,
            postgres: postgres::Settings::default(),
        }
    }
}

/// Its URL, without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Location::Postgres(url) => write!(f, "{url}"),
        }
    }
}

/// An open store of either engine.
#[derive(Clone)]
pub enum OpenStore {
    /// In one SQLite file.
    Sqlite(Arc<SqliteStore>),
    /// In a PostgreSQL database that several nodes share.
    Postgres {
        /// The store.
        store: Arc<PostgresStore>,
        /// Where it is.
        place: Box<Place>,
    },
}

impl OpenStore {
    /// Opens the store at `place`, making it when it is not there yet.
    ///
    /// `clock` is given the time of whatever decides expiry there – this machine's for a file, the database's for a
    /// server that several nodes share – and returns the clock the store is to follow.
    ///
    /// # Errors
    /// [`OpenError`]: the store cannot be used, is not Placet's, is a newer release's, or its records are elsewhere.
    pub async fn open(
        place: &Place,
        clock: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let store = match &place.location {
            Location::Sqlite(path) => {
                let clock = clock(Arc::new(SystemClock));
                Self::Sqlite(Arc::new(SqliteStore::open(path, clock)?))
            }
            Location::Postgres(url) => {
                let store =
                    PostgresStore::open(url, &place.postgres, |time| clock(time as _)).await?;
                Self::Postgres {
                    store: Arc::new(store),
                    place: Box::new(place.clone()),
                }
            }
        };
        match store.fence().await {
            Ok(None) => Ok(store),
            Ok(Some(fence)) => {
                store.close().await;
                Err(OpenError::Moved(fence))
            }
            Err(error) => Err(OpenError::Fence(Box::new(error))),
        }
    }

    /// The storage contract.
    pub fn records(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as _,
            Self::Postgres { store, .. } => Arc::clone(store) as _,
        }
    }

    /// A number that changes when another process has written, so that caches can be dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer.
    pub async fn data_version(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.data_version().await,
            Self::Postgres { store, .. } => store.data_version().await,
        }
    }

    /// The time of the event that was written last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the store does not answer.
    pub async fn newest_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Sqlite(store) => store.newest_event_at(),
            Self::Postgres { store, .. } => store.newest_event_at().await,
        }
    }

    /// Where the records went, if they were moved or are being moved while this store is open. To be asked when
    /// [`Self::data_version`] has changed.
    ///
    /// # Errors
    /// [`archive::ArchiveError`] when the store does not answer.
    pub async fn fence(&self) -> Result<Option<Fence>, ArchiveError> {
        match self {
            Self::Sqlite(store) => {
                let location = Location::Sqlite(store.path().to_owned());
                archive::fence(&location.into()).await
            }
            Self::Postgres { place, .. } => archive::fence(place).await,
        }
    }

    /// Finishes what is queued and lets go of the store.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres { store, .. } => store.close().await,
        }
    }
}

/// What was done to a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaChange {
    /// Its number before; 0 when there was none.
    pub from: i64,
    /// Its number now.
    pub to: i64,
}

/// Brings the schema of the store at `place` up to this release's, making the store when it is not there yet.
///
/// # Errors
/// [`OpenError`], as for opening it.
pub async fn migrate(place: &Place) -> Result<SchemaChange, OpenError> {
    match &place.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            let work = move || {
                let from = sqlite::schema_of(&path)?;
                drop(sqlite::connect_to_write(&path)?);
                let to = sqlite::schema_of(&path)?;
                Ok::<_, OpenError>(SchemaChange { from, to })
            };
            spawn_blocking(work)
                .await
                .unwrap_or_else(|error| Err(sqlite::OpenError::Thread(error.into()).into()))
        }
        Location::Postgres(url) => {
            let postgres::Migrated { from, to } =
                PostgresStore::migrate(url, &place.postgres).await?;
            Ok(SchemaChange { from, to })
        }
    }
}
