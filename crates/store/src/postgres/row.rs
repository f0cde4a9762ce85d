//! Rows: what a record is stored as, and reading one back.

use placet_core::store::{Key, Record, StoreError, Table, Version, Versioned};
use tokio_postgres::Row;

use super::judge::unavailable;

/// The most links a row has.
pub(super) const LINKS: usize = 4;

/// The columns that repeat which other rows a body names, so that one statement reads them together.
pub(super) const fn links_of(table: Table) -> &'static [&'static str] {
    match table {
        Table::Handle => &["pending_key"],
        Table::Family => &["session_key", "person_key"],
        Table::Refresh => &["family_key"],
        Table::Access => &["family_key", "grant_key", "session_key", "person_key"],
        Table::Issuer
        | Table::Client
        | Table::Person
        | Table::Name
        | Table::Session
        | Table::Pending
        | Table::Grant
        | Table::SigningKey
        | Table::DataKey
        | Table::Tenant
        | Table::Callback => &[],
    }
}

/// A record, encoded.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) key: Key,
    pub(super) keep_until: Option<i64>,
    pub(super) owner: Option<[u8; 16]>,
    /// In the order of [`links_of`].
    pub(super) links: [Option<Key>; LINKS],
    pub(super) body: String,
}

impl Encoded {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            key: record.key(),
            keep_until: record
                .keep_until()
                .map(placet_core::time::Timestamp::as_millis),
            owner: record.owner(),
            links: links(record),
            body: String::from_utf8(record.encode()).expect("JSON is UTF-8"),
        }
    }
}

fn links(record: &Record) -> [Option<Key>; LINKS] {
    match record {
        Record::Handle(r) => [Some(Key::pending(r.pending)), None, None, None],
        Record::Family(r) => [
            r.session.map(Key::session),
            r.person.map(Key::person),
            None,
            None,
        ],
        Record::Refresh(r) => [Some(Key::family(r.family)), None, None, None],
        Record::Access(r) => [
            r.family.map(Key::family),
            r.grant.map(Key::grant),
            r.session.map(Key::session),
            r.person.map(Key::person),
        ],
        Record::Issuer(_)
        | Record::Client(_)
        | Record::Person(_)
        | Record::Name(_)
        | Record::Session(_)
        | Record::Pending(_)
        | Record::Grant(_)
        | Record::SigningKey(_)
        | Record::DataKey(_)
        | Record::Tenant(_)
        | Record::Callback(_) => [None; LINKS],
    }
}

/// A version as a column holds it. One no row can have stays one.
pub(super) fn number(version: Version) -> i64 {
    i64::try_from(version).unwrap_or(-1)
}

/// Reads the record whose version and body stand at these columns.
pub(super) fn record(
    key: &Key,
    row: &Row,
    version: usize,
    body: usize,
) -> Result<Versioned<Record>, StoreError> {
    let text: &str = row.try_get(body).map_err(unavailable)?;
    let version: i64 = row.try_get(version).map_err(unavailable)?;
    Ok(Versioned {
        value: Record::decode(key, text.as_bytes())?,
        version: version.unsigned_abs(),
    })
}

/// Reads the key at this column. Absent when the column is NULL.
pub(super) fn key(table: Table, row: &Row, column: usize) -> Result<Option<Key>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column).map_err(unavailable)?;
    let Some(bytes) = bytes else { return Ok(None) };
    match Key::from_bytes(table, bytes) {
        Some(key) => Ok(Some(key)),
        None => Err(StoreError::Corrupt {
            table,
            id: String::new(),
            what: "its key is too long".to_owned(),
        }),
    }
}
