//! Reads: on the calling thread, each on a connection of its own, one statement or one snapshot.
//!
//! A read takes a few microseconds, less than handing it to another thread would.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Key, Many, Record, StoreError, Table, Version, Versioned, gather_access, gather_refresh,
    },
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::{file, statement, unavailable};

/// The most connections kept for the next read. Reads run on the runtime's worker threads, so more than this
/// many at once are rare; they open one and close it.
const IDLE_LIMIT: usize = 8;

/// The connections that read.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

type Found = Option<Versioned<Record>>;

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn get(&self, issuer: Id<Issuer>, key: &Key) -> Result<Found, StoreError> {
        self.with(|connection| get(connection, issuer, key))
    }

    pub(super) fn get_many(&self, issuer: Id<Issuer>, keys: &[Key]) -> Result<Many, StoreError> {
        self.with(|connection| {
            keys.iter()
                .map(|key| get(connection, issuer, key))
                .collect()
        })
    }

    pub(super) fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: &[u8; 32],
    ) -> Result<Option<Versioned<PendingRequest>>, StoreError> {
        self.with(|connection| {
            holding(connection, issuer, &Key::handle(kind, hash), |found| {
                let handle = match found {
                    Some(Versioned {
                        value: Record::Handle(handle),
                        ..
                    }) => handle,
                    Some(other) => return Err(other.value.misplaced()),
                    None => return Ok(None),
                };
                match get(connection, issuer, &Key::pending(handle.pending))? {
                    Some(Versioned {
                        value: Record::Pending(value),
                        version,
                    }) => Ok(Some(Versioned {
                        value: *value,
                        version,
                    })),
                    Some(other) => Err(other.value.misplaced()),
                    None => Ok(None),
                }
            })
        })
    }

    pub(super) fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Result<Option<Standing<AccessToken>>, StoreError> {
        self.with(|connection| {
            holding(connection, issuer, &Key::access(hash), |token| {
                gather_access(hash, after(token, |key| get(connection, issuer, &key)))
            })
        })
    }

    pub(super) fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Result<Option<Standing<RefreshToken>>, StoreError> {
        self.with(|connection| {
            holding(connection, issuer, &Key::refresh(hash), |token| {
                gather_refresh(hash, after(token, |key| get(connection, issuer, &key)))
            })
        })
    }

    pub(super) fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        let Some(sql) = statement::of(table).owned else {
            return Ok(Vec::new());
        };
        self.list(sql, issuer, table, &owner, limit)
    }

    pub(super) fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        // No key is empty, so every key is after the empty one.
        let after = after.as_ref().map_or(&[][..], Key::bytes);
        self.list(statement::of(table).page, issuer, table, after, limit)
    }

    pub(super) fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let after = after.as_ref().map_or(&[][..], |id| id.as_bytes());
        self.with(|connection| {
            let mut statement = prepare(connection, statement::EVENTS)?;
            let mut rows = statement
                .query(params![issuer.as_bytes(), after, row_limit(limit)])
                .map_err(unavailable)?;
            let mut events = Vec::new();
            while let Some(row) = rows.next().map_err(unavailable)? {
                let event = serde_json::from_slice(bytes(row, 1)?)
                    .map_err(|error| unavailable(EventError(error)))?;
                events.push(event);
            }
            Ok(events)
        })
    }

    /// The time of the event that was written last.
    pub(super) fn newest_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.with(|connection| {
            prepare(connection, statement::NEWEST_EVENT_AT)?
                .query_row([], |row| row.get(0))
                .optional()
                .map(|found: Option<i64>| found.map(Timestamp::from_millis))
                .map_err(unavailable)
        })
    }

    /// The version of a request, without reading it.
    pub(super) fn pending_version(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
    ) -> Result<Option<Version>, StoreError> {
        self.with(|connection| pending_version(connection, issuer, id).map_err(unavailable))
    }

    /// Closes the connections nobody uses.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn list(
        &self,
        sql: &str,
        issuer: Id<Issuer>,
        table: Table,
        by: &[u8],
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        self.with(|connection| {
            let mut statement = prepare(connection, sql)?;
            let mut rows = statement
                .query(params![issuer.as_bytes(), by, row_limit(limit)])
                .map_err(unavailable)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(unavailable)? {
                let key = key(table, bytes(row, 0)?)?;
                found.push(Versioned {
                    value: Record::decode(&key, bytes(row, 2)?)?,
                    version: version(row, 1)?,
                });
            }
            Ok(found)
        })
    }

    fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let taken = self.idle().pop();
        let connection = match taken {
            Some(connection) => connection,
            None => file::reader(&self.path).map_err(unavailable)?,
        };
        let result = read(&connection);
        // One that failed, or is still inside a snapshot, is closed rather than kept.
        let sound =
            !matches!(result, Err(StoreError::Unavailable { .. })) && connection.is_autocommit();
        let mut idle = self.idle();
        if sound && idle.len() < IDLE_LIMIT {
            idle.push(connection);
        }
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event that does not read as one.
#[derive(Debug, thiserror::Error)]
#[error("an event does not read: {0}")]
struct EventError(serde_json::Error);

fn get(connection: &Connection, issuer: Id<Issuer>, key: &Key) -> Result<Found, StoreError> {
    holding(connection, issuer, key, Ok)
}

/// Reads a record and, while its row is held, what `read` needs besides: all of it as it was at one moment. A statement
/// that is not finished keeps its snapshot, and those that begin meanwhile share it.
fn holding<T>(
    connection: &Connection,
    issuer: Id<Issuer>,
    key: &Key,
    read: impl FnOnce(Found) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut statement = prepare(connection, statement::of(key.table).get)?;
    let mut rows = statement
        .query(params![issuer.as_bytes(), key.bytes()])
        .map_err(unavailable)?;
    let found = match rows.next().map_err(unavailable)? {
        Some(row) => Some(Versioned {
            value: Record::decode(key, bytes(row, 1)?)?,
            version: version(row, 0)?,
        }),
        None => None,
    };
    read(found)
}

/// A way to read whose first answer is known already.
fn after(
    first: Found,
    mut get: impl FnMut(Key) -> Result<Found, StoreError>,
) -> impl FnMut(Key) -> Result<Found, StoreError> {
    let mut first = Some(first);
    move |key| match first.take() {
        Some(found) => Ok(found),
        None => get(key),
    }
}

/// The version of a request on a connection of the caller's.
pub(super) fn pending_version(
    connection: &Connection,
    issuer: Id<Issuer>,
    id: Id<PendingRequest>,
) -> rusqlite::Result<Option<Version>> {
    connection
        .prepare_cached(statement::PENDING_VERSION)?
        .query_row(params![issuer.as_bytes(), id.as_bytes()], |row| row.get(0))
        .optional()
        .map(|found: Option<i64>| found.map(i64::unsigned_abs))
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
    connection.prepare_cached(sql).map_err(unavailable)
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    row.get_ref(column)
        .map_err(unavailable)?
        .as_bytes()
        .map_err(unavailable)
}

fn version(row: &Row<'_>, column: usize) -> Result<Version, StoreError> {
    row.get(column).map(i64::unsigned_abs).map_err(unavailable)
}

fn key(table: Table, bytes: &[u8]) -> Result<Key, StoreError> {
    Key::from_bytes(table, bytes).ok_or_else(|| StoreError::Corrupt {
        table,
        id: String::new(),
        what: "its key is too long".to_owned(),
    })
}

fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
