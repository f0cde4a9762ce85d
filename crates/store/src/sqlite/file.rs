//! The database file: made private and durable, opened with the settings that keep the store's promises.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// How long a connection waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The page cache of the writer, in KiB. It fills only with pages that are in use; keys are random, so what is read again
/// and again are the indexes.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
/// The page cache of one reader, in KiB.
const READER_CACHE_KIB: i64 = 4 * 1024;
/// After how many pages the log is moved into the file: 32 MiB at 4 KiB each. Larger means fewer flushes of the
/// file, smaller a shorter recovery.
const CHECKPOINT_PAGES: i64 = 8192;
/// To what size the log is cut back after it was moved: above what it usually reaches, since a file that keeps its length
/// is flushed without its metadata.
const LOG_BYTES: i64 = 64 * 1024 * 1024;
/// How many prepared statements a connection keeps: all there are.
const STATEMENTS: usize = 160;

/// Makes the file when it is not there, readable by its owner alone, and gives its absolute path.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |source: io::Error| OpenError::File {
        path: path.to_owned(),
        source,
    };
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(file) => {
            // The mode given at creation is cut by the umask only; set it in full.
            file.set_permissions(Permissions::from_mode(0o600))
                .map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    path.canonicalize().map_err(failed)
}

/// Makes the names of the file and its log survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a connection that writes.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&connection, WRITER_CACHE_KIB)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "write-ahead log, which this file system does not support (journal mode {mode})"
        )));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Who is erased must not stay readable in the space their row left behind.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn settle(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A negative number counts KiB, a positive one pages.
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}
