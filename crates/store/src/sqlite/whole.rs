//! The file as a whole, for whoever copies, fills or fences a store: connections of their own, and the number of its schema.

use std::path::Path;

use rusqlite::Connection;

use super::{OpenError, file, schema, statement};

/// Opens an existing store to read, and tells the newest migration it has. Its writer is not held up.
pub(crate) fn connect_to_read(path: &Path) -> Result<(Connection, i64), OpenError> {
    let connection = file::reader(path)?;
    let schema = schema::newest(&connection)?;
    Ok((connection, schema))
}

/// Opens a store to write, making it when it is not there and bringing its schema up to date.
pub(crate) fn connect_to_write(path: &Path) -> Result<Connection, OpenError> {
    let path = file::prepare(path)?;
    let mut connection = file::writer(&path)?;
    if schema::migrate(&mut connection)? {
        file::sync_directory(&path).map_err(|source| OpenError::File { path, source })?;
    }
    Ok(connection)
}

/// Moves the log into the file, so that the file alone is the store.
pub(crate) fn finish(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row(statement::CHECKPOINT, [], |_| Ok(()))
}

/// The newest migration a store has; 0 when there is none yet.
pub(crate) fn schema_of(path: &Path) -> Result<i64, OpenError> {
    if path.exists() {
        connect_to_read(path).map(|(_, schema)| schema)
    } else {
        Ok(0)
    }
}

/// The newest migration this release knows.
pub(crate) const fn schema_known() -> i64 {
    schema::KNOWN
}
