//! Where Placet keeps its records: SQLite, PostgreSQL, and the conformance suite every store must pass.
//!
//! ```text
//!   verb ── Commit ──► queue ──► writer thread ── BEGIN … SAVEPOINT each … COMMIT ──► answers, wake-ups
//!   verb ── read ────► a reader connection, on the calling thread
//! ```

#[cfg(feature = "conformance")]
pub mod conformance;
mod location;
mod open;
pub mod postgres;
pub mod sqlite;
mod waiters;

use std::sync::Arc;

use placet_core::{store::Store, time::Clock};

pub use self::{
    location::{Location, LocationError},
    open::OpenStore,
    postgres::{PostgresStore, PostgresUrl},
    sqlite::{OpenError, SqliteStore},
};

/// Opens the store at `url`, making it when it is not there yet.
///
/// # Errors
/// [`OpenError`]: the URL names no store this release knows, or the store there cannot be used.
pub fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, OpenError> {
    match url.parse()? {
        Location::Sqlite(path) => Ok(Arc::new(SqliteStore::open(&path, clock)?)),
    }
}
