//! Migrations: numbered SQL, each applied once in one transaction and remembered with its checksum.
//!
//! A store made by a newer release is refused, and so is one whose applied migrations are not the ones known
//! here: guessing what a schema means loses data.

use placet_core::secret::Digest;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::OpenError;

/// What `PRAGMA application_id` of a Placet store says: "Plat" in ASCII.
const APPLICATION_ID: i64 = 0x506c_6174;

const MIGRATIONS: [Migration; 3] = [
    Migration {
        number: 1,
        name: "records",
        sql: include_str!("migrations/0001_records.sql"),
    },
    Migration {
        number: 2,
        name: "tenants and callbacks",
        sql: include_str!("migrations/0002_tenants_and_callbacks.sql"),
    },
    Migration {
        number: 3,
        name: "requests of a person",
        sql: include_str!("migrations/0003_requests_of_a_person.sql"),
    },
];

const MAKE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
) STRICT";
const READ_LEDGER: &str = "SELECT number, checksum FROM schema ORDER BY number";
const WRITE_LEDGER: &str = "INSERT INTO schema (number, name, checksum) VALUES (?1, ?2, ?3)";
const HAS_LEDGER: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema'";
const COUNT_TABLES: &str = "SELECT count(*) FROM sqlite_schema";
const READ_APPLICATION: &str = "PRAGMA application_id";

struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    fn checksum(&self) -> String {
        Digest::of(self.sql).to_string()
    }
}

/// Brings the schema to this release's. Returns whether anything was written.
pub(super) fn migrate(connection: &mut Connection) -> Result<bool, OpenError> {
    if pending(connection)?.is_empty() {
        return Ok(false);
    }
    for _ in &MIGRATIONS {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Read again under the lock: another process may have been first.
        let Some(next) = pending(&transaction)?.first() else {
            break;
        };
        transaction.execute_batch(MAKE_LEDGER)?;
        transaction.execute_batch(next.sql)?;
        transaction.execute(
            WRITE_LEDGER,
            params![next.number, next.name, next.checksum()],
        )?;
        transaction.commit()?;
    }
    Ok(true)
}

/// The newest migration this release knows.
pub(super) const KNOWN: i64 = match MIGRATIONS.last() {
    Some(migration) => migration.number,
    None => 0,
};

/// The newest migration that is applied, 0 when there is none, after a check of all that are.
pub(super) fn newest(connection: &Connection) -> Result<i64, OpenError> {
    pending(connection)?;
    Ok(applied(connection)?.last().map_or(0, |(number, _)| *number))
}

/// The migrations that are not applied, after a check of those that are.
fn pending(connection: &Connection) -> Result<&'static [Migration], OpenError> {
    const KNOWN: &[Migration] = &MIGRATIONS;
    let applied = applied(connection)?;
    let newest_known = KNOWN.last().map_or(0, |migration| migration.number);
    if let Some((found, _)) = applied.last().filter(|(number, _)| *number > newest_known) {
        return Err(OpenError::Newer {
            found: *found,
            known: newest_known,
        });
    }
    for ((number, checksum), known) in applied.iter().zip(KNOWN) {
        if *number != known.number || *checksum != known.checksum() {
            return Err(OpenError::Altered { number: *number });
        }
    }
    Ok(KNOWN.get(applied.len()..).unwrap_or_default())
}

fn applied(connection: &Connection) -> Result<Vec<(i64, String)>, OpenError> {
    let ledger = connection
        .query_row(HAS_LEDGER, [], |_| Ok(()))
        .optional()?;
    if ledger.is_none() {
        let tables: i64 = connection.query_row(COUNT_TABLES, [], |row| row.get(0))?;
        return if tables == 0 {
            Ok(Vec::new())
        } else {
            Err(OpenError::Foreign)
        };
    }
    let application: i64 = connection.query_row(READ_APPLICATION, [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign);
    }
    let mut statement = connection.prepare(READ_LEDGER)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
