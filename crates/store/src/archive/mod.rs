//! Whole stores on their way: into an archive, out of one, and from one store to another.
//!
//! ```text
//!   backup    store ──► rows ──► file
//!   restore   file  ──► rows ──► (what may have ended since is left out) ──► empty store
//!   move      store, fenced ──► rows ──► empty store
//! ```
//!
//! Rows travel in one order, a bounded number at a time, and are added up at both ends. A store is filled in one
//! transaction that reads everything back before it commits, so a copy that was interrupted or is not whole was never
//! there. Bodies travel byte for byte: nothing is decoded on the way that need not be.

mod epoch;
mod fence;
mod file;
mod inspect;
mod postgres;
mod relocation;
mod row;
mod sqlite;
mod stream;
mod sums;

use std::path::{Path, PathBuf};

use placet_core::{
    random::SystemRandom,
    time::{Clock as _, SystemClock, Timestamp},
};
use tokio::task::spawn_blocking;

use self::stream::{Feed, Stream, stream};
pub use self::{
    fence::{Fence, Stage},
    file::{Contents, contents},
    inspect::inspect,
    relocation::{MoveError, give_up, relocate},
    row::{Row, Section},
    stream::{Head, HeadIssuer},
    sums::Sums,
};
use crate::{Location, OpenError, Place};

/// Why a whole store could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// PostgreSQL failed, or cannot be reached.
    #[error("PostgreSQL: {0}")]
    Postgres(placet_core::store::StoreError),
    /// The archive, or a directory it stands in, cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The archive's name is taken.
    #[error("{} is there already, and is not written over", .0.display())]
    Exists(PathBuf),
    /// The file is something else.
    #[error("{} is not an archive of Placet", .0.display())]
    NotAnArchive(PathBuf),
    /// A newer release made the archive.
    #[error("the archive has form {found}, which is a newer release's: use that release")]
    Newer {
        /// Its form.
        found: u64,
    },
    /// A newer release's store is in the archive.
    #[error(
        "the archive holds schema {found}, this release knows up to {known}: use the newer release"
    )]
    NewerSchema {
        /// The archive's.
        found: i64,
        /// The newest this release knows.
        known: i64,
    },
    /// The store has not the schema of this release yet.
    #[error("the store has schema {found} and not yet {known}: run `placet migrate` first")]
    OlderSchema {
        /// The store's.
        found: i64,
        /// This release's.
        known: i64,
    },
    /// The archive ends in the middle.
    #[error("{} is cut short: it has no last line, so nothing of it is taken", .0.display())]
    CutShort(PathBuf),
    /// The archive was changed.
    #[error("{}, line {line}: {what}, so nothing of the archive is taken", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A row whose body has to be read does not read.
    #[error("a row of {table} does not read")]
    Unreadable {
        /// Its table.
        table: &'static str,
    },
    /// The store that is to be filled holds something.
    #[error("the store is not empty, and nothing is ever mixed into what it holds")]
    NotEmpty,
    /// What was read back is not what was written.
    #[error("the filled store did not read back as what was written, so nothing was kept")]
    Differs,
    /// The reply to the commit that keeps a copy was lost.
    #[error("whether the copy was kept is not known")]
    Unknown,
    /// A store that is fenced for another move.
    #[error("{0}")]
    Fenced(Fence),
    /// The other end of the stream went away.
    #[error("the copy was interrupted, and nothing was kept")]
    Broken,
}

impl From<crate::sqlite::OpenError> for ArchiveError {
    fn from(error: crate::sqlite::OpenError) -> Self {
        Self::Open(error.into())
    }
}

impl From<crate::postgres::OpenError> for ArchiveError {
    fn from(error: crate::postgres::OpenError) -> Self {
        match error {
            crate::postgres::OpenError::Engine(error) => Self::Postgres(error),
            other => Self::Open(other.into()),
        }
    }
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        crate::sqlite::OpenError::Engine(error).into()
    }
}

impl From<tokio_postgres::Error> for ArchiveError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(crate::postgres::told(&error))
    }
}

/// Writes all the store holds, as of one moment, to `file`, which must not be there yet. Servers go on meanwhile.
///
/// # Errors
/// [`ArchiveError`]; then there is no such file.
pub async fn backup(
    store: &Place,
    file: &Path,
    made_at: Timestamp,
) -> Result<(Head, Sums), ArchiveError> {
    let mut rows = rows_of(store);
    let file = file.to_owned();
    blocking(move || file::write(&file, made_at, &mut rows)).await
}

/// How much of an archive a restore brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything, as it was. Right only when nothing happened since the archive was made.
    Everything,
    /// Who there is and the keys, but nothing that may have been used, revoked or ended since: the restore begins a
    /// new epoch at this time.
    NewEpoch(Timestamp),
}

/// Fills the empty store from the archive in `file`.
///
/// # Errors
/// [`ArchiveError`]; then the store is as empty as before.
pub async fn restore(
    file: &Path,
    store: &Place,
    extent: Extent,
) -> Result<(Head, Sums), ArchiveError> {
    let (feed, rows) = stream();
    let file = file.to_owned();
    let (found, known) = (contents(&file)?.head.schema, schema_known());
    if found > known {
        return Err(ArchiveError::NewerSchema { found, known });
    }
    let reading = spawn_blocking(move || file::read(&file, &feed));
    let rows = match extent {
        Extent::Everything => rows,
        Extent::NewEpoch(now) => {
            let (to, raised) = stream();
            drop(spawn_blocking(move || {
                epoch::raise(rows, &to, now, &SystemRandom);
            }));
            raised
        }
    };
    let filled = fill(store, rows).await;
    // A reader that panicked has broken the stream, which was told.
    drop(reading.await);
    filled
}

/// Copies all of `from`, which nobody may write to meanwhile, into the empty store `to`.
///
/// # Errors
/// [`ArchiveError`]; then `to` is as empty as before.
pub async fn copy(from: &Place, to: &Place) -> Result<(Head, Sums), ArchiveError> {
    fill(to, rows_of(from)).await
}

/// What all rows of a store add up to, as of one moment.
///
/// # Errors
/// [`ArchiveError`] when it cannot be read.
pub async fn sums(store: &Place) -> Result<Sums, ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || sqlite::sums_of(&path)).await
        }
        Location::Postgres(url) => postgres::sums_of(url, &store.postgres).await,
    }
}

/// The time that decides expiry in a store: the database's own, or this machine's for a file.
///
/// # Errors
/// [`ArchiveError::Postgres`] when the database does not answer.
pub async fn now(store: &Place) -> Result<Timestamp, ArchiveError> {
    match &store.location {
        Location::Sqlite(_) => Ok(SystemClock.now()),
        Location::Postgres(url) => postgres::now(url, &store.postgres).await,
    }
}

/// Whether a store holds nothing. It is made when it is not there yet, and its schema brought up to date.
///
/// # Errors
/// [`ArchiveError`] when it cannot be opened.
pub async fn is_empty(store: &Place) -> Result<bool, ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || sqlite::is_empty(&crate::sqlite::connect_to_write(&path)?)).await
        }
        Location::Postgres(url) => {
            crate::postgres::PostgresStore::migrate(url, &store.postgres).await?;
            postgres::is_empty(url, &store.postgres).await
        }
    }
}

/// The fence of a store, if it has one.
///
/// # Errors
/// [`ArchiveError`] when it cannot be read.
pub async fn fence(store: &Place) -> Result<Option<Fence>, ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || {
                let (connection, _) = crate::sqlite::connect_to_read(&path)?;
                Ok(fence::sqlite::read(&connection)?)
            })
            .await
        }
        Location::Postgres(url) => fence::postgres::read(url, &store.postgres).await,
    }
}

/// Fences a store: once this returned, nothing more is written to it.
///
/// # Errors
/// [`ArchiveError`] when it could not be done.
pub async fn raise_fence(store: &Place, fence: Fence) -> Result<(), ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || fence::sqlite::raise(&path, &fence)).await
        }
        Location::Postgres(url) => fence::postgres::raise(url, &store.postgres, &fence).await,
    }
}

/// Takes the fence of a store away, so that it is written to again.
///
/// # Errors
/// [`ArchiveError`] when it could not be done.
pub async fn lower_fence(store: &Place) -> Result<(), ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || fence::sqlite::lower(&path)).await
        }
        Location::Postgres(url) => fence::postgres::lower(url, &store.postgres).await,
    }
}

/// Every row of a store, as of one moment, in batches.
fn rows_of(store: &Place) -> Stream {
    let (feed, rows) = stream();
    send(store, feed);
    rows
}

#[expect(
    clippy::disallowed_methods,
    reason = "a copy works beside whoever reads its stream, and ends when nobody does"
)]
fn send(store: &Place, feed: Feed) {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            // Whatever goes wrong is told through the stream.
            drop(spawn_blocking(move || sqlite::send(&path, feed)));
        }
        Location::Postgres(url) => {
            let (url, settings) = (url.clone(), store.postgres.clone());
            drop(tokio::spawn(async move {
                postgres::send(&url, &settings, feed).await;
            }));
        }
    }
}

async fn fill(store: &Place, mut rows: Stream) -> Result<(Head, Sums), ArchiveError> {
    match &store.location {
        Location::Sqlite(path) => {
            let path = path.clone();
            blocking(move || sqlite::fill(&path, &mut rows)).await
        }
        Location::Postgres(url) => {
            crate::postgres::PostgresStore::migrate(url, &store.postgres).await?;
            postgres::fill(url, &store.postgres, &mut rows).await
        }
    }
}

/// The newest migration of either engine; their numbers go together.
const fn schema_known() -> i64 {
    let (file, database) = (
        crate::sqlite::schema_known(),
        crate::postgres::schema_known(),
    );
    if file > database { file } else { database }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, ArchiveError> {
    // A thread that panicked has kept nothing.
    spawn_blocking(work)
        .await
        .unwrap_or(Err(ArchiveError::Broken))
}
