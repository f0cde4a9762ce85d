//! SQLite as a source and as a sink of whole stores, on a thread of its own and on a connection of its own.

use std::path::Path;

use placet_core::store::Table;
use rusqlite::{Connection, Row as Found, params};

use super::{
    ArchiveError,
    row::{Row, Section},
    stream::{Feed, Gather, Gone, Head, HeadIssuer, Part, Stream, next_blocking},
    sums::{Adder, Sums},
};
use crate::sqlite;

/// Sends every row there is, as of one moment. The writer of the store is not held up.
pub(super) fn send(path: &Path, feed: Feed) {
    let failed = feed.clone();
    if let Err(Stop::Failed(error)) = send_all(path, feed) {
        // Whoever reads the stream may have gone; then nobody asks.
        failed.blocking_send(Err(error)).ok();
    }
}

enum Stop {
    Gone,
    Failed(ArchiveError),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl<E: Into<ArchiveError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn send_all(path: &Path, feed: Feed) -> Result<(), Stop> {
    let (connection, schema) = open(path)?;
    connection.execute_batch("BEGIN DEFERRED")?;
    let mut gather = Gather::new(feed);
    gather.head(head(&connection, schema)?)?;
    for section in Section::all() {
        each_row(&connection, section, |row| {
            gather.row(row).map_err(Stop::from)
        })?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(gather.finish()?)
}

fn open(path: &Path) -> Result<(Connection, i64), ArchiveError> {
    let (connection, found) = sqlite::connect_to_read(path)?;
    let known = sqlite::schema_known();
    if found < known {
        return Err(ArchiveError::OlderSchema { found, known });
    }
    Ok((connection, found))
}

fn head(connection: &Connection, schema: i64) -> Result<Head, ArchiveError> {
    let mut issuers = Vec::new();
    each_row(connection, Section::Records(Table::Issuer), |row| {
        issuers.extend(HeadIssuer::of(&row));
        Ok::<_, ArchiveError>(())
    })?;
    Ok(Head { schema, issuers })
}

/// What a store is filled with was said to add up to this, and does.
pub(super) fn fill(path: &Path, stream: &mut Stream) -> Result<(Head, Sums), ArchiveError> {
    let mut connection = sqlite::connect_to_write(path)?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if !is_empty(&transaction)? {
        return Err(ArchiveError::NotEmpty);
    }
    let Part::Head(head) = next_blocking(stream)? else {
        return Err(ArchiveError::Broken);
    };
    let wanted = loop {
        match next_blocking(stream)? {
            Part::Head(_) => return Err(ArchiveError::Broken),
            Part::Rows(rows) => {
                for row in &rows {
                    insert(&transaction, row)?;
                }
            }
            Part::End(sums) => break sums,
        }
    };
    // Read back before anybody can see it: what cannot be proven whole never becomes a store.
    if sums(&transaction)? != wanted {
        return Err(ArchiveError::Differs);
    }
    transaction.commit()?;
    sqlite::finish(&connection)?;
    Ok((head, wanted))
}

fn sums(connection: &Connection) -> Result<Sums, ArchiveError> {
    let mut adder = Adder::new();
    for section in Section::all() {
        each_row(connection, section, |row| {
            adder.add(&row);
            Ok::<_, ArchiveError>(())
        })?;
    }
    Ok(adder.finish())
}

/// What the rows of the store at `path` add up to, as of one moment.
pub(super) fn sums_of(path: &Path) -> Result<Sums, ArchiveError> {
    let (connection, _) = open(path)?;
    connection.execute_batch("BEGIN DEFERRED")?;
    sums(&connection)
}

/// Whether there is no row of any section.
pub(super) fn is_empty(connection: &Connection) -> Result<bool, ArchiveError> {
    for section in Section::all() {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", section.name());
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Shows every row of a section, in the order of its keys.
pub(super) fn each_row<E: From<ArchiveError>>(
    connection: &Connection,
    section: Section,
    mut each: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(error.into());
    let table = section.name();
    let sql = match section {
        Section::Records(_) => format!(
            "SELECT issuer, key, version, keep_until, owner, body FROM {table} ORDER BY issuer, key"
        ),
        Section::Spent => {
            "SELECT issuer, value, keep_until FROM spent ORDER BY issuer, value".to_owned()
        }
        Section::Events => "SELECT issuer, id, at, body FROM event ORDER BY issuer, id".to_owned(),
    };
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(found) = rows.next().map_err(failed)? {
        each(row(section, found).map_err(failed)?)?;
    }
    Ok(())
}

fn row(section: Section, found: &Found<'_>) -> rusqlite::Result<Row> {
    let mut row = Row {
        section,
        issuer: found.get(0)?,
        key: found.get(1)?,
        version: None,
        keep_until: None,
        owner: None,
        at: None,
        body: None,
    };
    match section {
        Section::Records(_) => {
            row.version = found.get(2)?;
            row.keep_until = found.get(3)?;
            row.owner = found.get(4)?;
            row.body = found.get(5)?;
        }
        Section::Spent => row.keep_until = found.get(2)?,
        Section::Events => {
            row.at = found.get(2)?;
            row.body = found.get(3)?;
        }
    }
    Ok(row)
}

fn insert(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let table = row.section.name();
    match row.section {
        Section::Records(_) => {
            let sql = format!(
                "INSERT INTO {table} (issuer, key, version, keep_until, owner, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            );
            connection.prepare_cached(&sql)?.execute(params![
                row.issuer,
                row.key,
                row.version,
                row.keep_until,
                row.owner,
                row.body
            ])?;
        }
        Section::Spent => {
            let sql = "INSERT INTO spent (issuer, value, keep_until) VALUES (?1, ?2, ?3)";
            connection.prepare_cached(sql)?.execute(params![
                row.issuer,
                row.key,
                row.keep_until
            ])?;
        }
        Section::Events => {
            let sql = "INSERT INTO event (issuer, id, at, body) VALUES (?1, ?2, ?3, ?4)";
            connection
                .prepare_cached(sql)?
                .execute(params![row.issuer, row.key, row.at, row.body])?;
        }
    }
    Ok(())
}
