//! Records in PostgreSQL, shared by any number of nodes.
//!
//! ```text
//!   verb ── Commit ──► one statement on a connection of the pool ── answer, local wake-ups
//!   verb ── read ────► one statement, likewise
//!                      (what comes while the like of it is under way shares the next statement)
//!   herald ──────────► a connection of its own: NOTIFY for other nodes, LISTEN for their changes
//!   look_after ──────► another one: what became of the requests somebody waits for, whatever the pool is busy with
//! ```

mod ask;
mod commit;
mod dial;
#[cfg(feature = "testing")]
mod fault;
mod fold;
mod gate;
mod group;
mod judge;
mod lane;
mod lineage;
mod pool;
mod race;
mod read;
mod row;
mod schema;
mod session;
mod shape;
mod statement;
mod store;
mod time;
mod tls;
mod together;
mod url;
mod wake;
mod whole;

use std::{path::PathBuf, sync::Arc, time::Duration};

use placet_core::{
    store::StoreError,
    time::{Clock, Timestamp},
};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::sleep,
};
use tokio_postgres::error::SqlState;

pub(crate) use self::whole::{Whole, links, links_of, schema_known, silent, told};
use self::{
    ask::Asking,
    commit::Scribe,
    dial::Dial,
    group::Groups,
    judge::unavailable,
    pool::Pool,
    wake::{Bell, Herald},
};
pub use self::{
    schema::Migrated,
    time::DatabaseTime,
    url::{NotAUrl, PostgresUrl},
};
use crate::{sqlite::time::StoreTime, waiters::Waiters};

/// How a node uses its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The most connections for commits and reads. Two more are used for those who wait: one to listen, one to look.
    pub connections: usize,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long one address of one host may take until a connection to it can be used. Another one is tried beside it
    /// before that time is over.
    pub connect_timeout: Duration,
    /// How long a statement may take; waiting for a lock may take half of it.
    pub statement_timeout: Duration,
    /// A file of certificate authorities to trust beside those of the operating system.
    pub extra_ca: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 32,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            extra_ca: None,
        }
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It holds tables of something else.
    #[error(
        "the database holds tables of something else; give Placet a database, or a schema, of its own"
    )]
    Foreign,
    /// A newer release has changed it in a way this one does not know.
    #[error(
        "the database was changed by a newer release (migration {found}, this release knows up to {known}): use the newer release"
    )]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest this release knows.
        known: i64,
    },
    /// A migration in it is not the one of that number here.
    #[error("migration {number} of the database is not the one this release knows by that number")]
    Altered {
        /// Its number.
        number: i64,
    },
    /// Its encoding lacks characters.
    #[error("the database is encoded as {encoding}; make one with ENCODING 'UTF8'")]
    Encoding {
        /// Its encoding.
        encoding: String,
    },
    /// The certificate authorities cannot be used.
    #[error("certificate authorities: {why}")]
    Authorities {
        /// What is wrong.
        why: String,
    },
    /// Somebody changes its schema, or did so until it was lost, for longer than it is waited for.
    #[error(
        "another session changes the schema or holds a lock on it (pg_stat_activity shows which): try again when it has ended"
    )]
    Locked,
    /// It cannot be reached, or refused something.
    #[error("PostgreSQL: {0}")]
    Engine(StoreError),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return Self::Locked;
        }
        Self::Engine(judge::of_read(&error))
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    pool: Arc<Pool>,
    asking: Asking,
    groups: Groups,
    waiters: Arc<Waiters>,
    time: Arc<StoreTime>,
    /// Whether the store's time is the database's own, so that a statement can look at it too.
    is_database_time: bool,
    /// What goes on beside the calls. Dropping it ends it.
    tasks: Mutex<JoinSet<()>>,
    #[cfg(feature = "testing")]
    faults: fault::Faults,
}

impl PostgresStore {
    /// Opens the store at `url` and brings its schema up to date. `clock` is given the database's time and returns the
    /// clock the store is to follow.
    ///
    /// # Errors
    /// [`OpenError`]: the database cannot be used, is not Placet's, or is a newer release's.
    pub async fn open(
        url: &PostgresUrl,
        settings: &Settings,
        clock: impl FnOnce(Arc<DatabaseTime>) -> Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let pool = Arc::new(Pool::new(url, settings)?);
        schema::migrate(pool.dial()).await?;
        let database = Arc::new(DatabaseTime::new());
        database.measure(&pool).await.map_err(OpenError::Engine)?;
        let clock = clock(Arc::clone(&database));
        let is_database_time = std::ptr::addr_eq(Arc::as_ptr(&clock), Arc::as_ptr(&database));
        let (waiters, missed) = (Arc::new(Waiters::default()), Arc::new(Notify::new()));
        let (herald, rounds) =
            Herald::new(Arc::clone(&pool), Arc::clone(&waiters), Arc::clone(&missed));
        let mut tasks = JoinSet::new();
        tasks.spawn(rounds.run());
        tasks.spawn(wake::look_after(
            Arc::clone(&pool),
            Arc::clone(&waiters),
            missed,
        ));
        tasks.spawn(keep_time(database, Arc::clone(&pool)));
        let time = Arc::new(StoreTime::new(clock));
        let scribe = Arc::new(Scribe {
            pool: Arc::clone(&pool),
            time: Arc::clone(&time),
            bell: Bell {
                waiters: Arc::clone(&waiters),
                herald,
            },
        });
        let limit = settings.acquire_timeout;
        Ok(Self {
            asking: Asking::new(&pool, limit),
            groups: Groups::new(scribe, limit),
            pool,
            waiters,
            time,
            is_database_time,
            tasks: Mutex::new(tasks),
            #[cfg(feature = "testing")]
            faults: fault::Faults::default(),
        })
    }

    /// Brings the schema of the database at `url` up to date and does nothing else, as is done ahead of a rolling
    /// upgrade.
    ///
    /// # Errors
    /// [`OpenError`], as when it is opened.
    pub async fn migrate(url: &PostgresUrl, settings: &Settings) -> Result<Migrated, OpenError> {
        schema::migrate(&Dial::new(url, settings)?).await
    }

    /// A number that changes when somebody, this store included, has changed what nodes keep in memory: issuers,
    /// clients and keys.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database does not answer.
    pub async fn data_version(&self) -> Result<u64, StoreError> {
        let version: Option<i64> = self.one(statement::REVISION).await?;
        Ok(version.unwrap_or_default().unsigned_abs())
    }

    /// The time of the newest event.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database does not answer.
    pub async fn newest_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = self.one(statement::NEWEST_EVENT_AT).await?;
        Ok(at.map(Timestamp::from_millis))
    }

    /// Ends what goes on beside the calls, and all connections. Whatever is asked afterwards is
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.tasks.lock().await.shutdown().await;
        self.pool.close();
    }

    /// The number in the first row of a statement without values.
    async fn one(&self, sql: &'static str) -> Result<Option<i64>, StoreError> {
        let rows = self.pool.read(sql, &[]).await?;
        let number = rows.first().map(|row| row.try_get(0)).transpose();
        number.map_err(unavailable)
    }
}

/// Measures the database's time again and again.
async fn keep_time(time: Arc<DatabaseTime>, pool: Arc<Pool>) {
    loop {
        sleep(time::MEASURE_EVERY).await;
        if let Err(error) = time.measure(&pool).await {
            tracing::debug!(%error, "the database's time could not be measured");
        }
    }
}
