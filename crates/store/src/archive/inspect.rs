//! What a row can be wrong about by itself: its body, its columns, its issuer. `placet verify` asks here for what the
//! storage contract does not show, and the engine for what records and events say of each other.

use std::collections::HashSet;

use placet_core::{
    engine::Violation,
    event::Event,
    store::{Key, Record, StoreError, Table},
    time::Timestamp,
};

use super::{
    ArchiveError,
    row::{Row, Section},
    stream::Part,
};
use crate::{Location, Place};

/// How many violations are told.
const TOLD_LIMIT: usize = 10_000;
/// The length of the hash of a used value.
const HASH_BYTES: usize = 32;

const COLUMNS: &str = "columns say what the body says";

/// Looks at every row of the store, as of one moment, and reports what is wrong with it.
///
/// # Errors
/// [`ArchiveError`] when the store cannot be read.
pub async fn inspect(store: &Place) -> Result<Vec<Violation>, ArchiveError> {
    let mut rows = super::rows_of(store);
    let mut inspector = Inspector::default();
    while let Some(part) = rows.recv().await {
        match part? {
            Part::Head(_) => {}
            Part::Rows(rows) => {
                for row in &rows {
                    inspector.row(row);
                }
            }
            Part::End(_) => {
                if let Location::Postgres(url) = &store.location {
                    super::postgres::inspect(url, &store.postgres, &mut inspector.found).await?;
                }
                return Ok(inspector.found);
            }
        }
    }
    Err(ArchiveError::Broken)
}

/// Adds what was found, unless there is enough of it.
pub(super) fn add(found: &mut Vec<Violation>, rule: &'static str, at: String, what: String) {
    if found.len() < TOLD_LIMIT {
        found.push(Violation { rule, at, what });
    }
}

/// A row as violations name it.
pub(super) fn at(section: &str, key: &[u8]) -> String {
    format!("{section} {}", data_encoding::HEXLOWER.encode(key))
}

#[derive(Default)]
struct Inspector {
    /// The issuers whose records were seen; theirs is the first section.
    issuers: HashSet<Vec<u8>>,
    found: Vec<Violation>,
}

impl Inspector {
    fn row(&mut self, row: &Row) {
        if row.section == Section::Records(Table::Issuer) {
            self.issuers.insert(row.key.clone());
        }
        if !self.issuers.contains(&row.issuer) {
            self.add(row, "every row has its issuer", "its issuer is not there");
        }
        match row.section {
            Section::Records(table) => self.record(table, row),
            Section::Spent => {
                if row.key.len() != HASH_BYTES {
                    self.add(row, "a used value is kept as its hash", "it is none");
                }
            }
            Section::Events => self.event(row),
        }
    }

    fn record(&mut self, table: Table, row: &Row) {
        let body = row.body.as_deref().unwrap_or_default();
        let Some(key) = Key::from_bytes(table, &row.key) else {
            self.add(row, "every row reads", "its key is too long");
            return;
        };
        let record = match Record::decode(&key, body.as_bytes()) {
            Ok(record) => record,
            Err(StoreError::Corrupt { what, .. }) => {
                self.add(row, "every row reads", &what);
                return;
            }
            Err(error) => {
                self.add(row, "every row reads", &error.to_string());
                return;
            }
        };
        if row.keep_until != record.keep_until().map(Timestamp::as_millis) {
            self.add(row, COLUMNS, "keep_until differs");
        }
        if row.owner.as_deref() != record.owner().as_ref().map(<[u8; 16]>::as_slice) {
            self.add(row, COLUMNS, "owner differs");
        }
        if row.version.is_none_or(|version| version < 1) {
            self.add(row, "versions count from 1", "it has a smaller one");
        }
    }

    fn event(&mut self, row: &Row) {
        let body = row.body.as_deref().unwrap_or_default();
        let event: Event = match serde_json::from_str(body) {
            Ok(event) => event,
            Err(error) => {
                self.add(row, "every event reads", &error.to_string());
                return;
            }
        };
        if event.id.as_bytes().as_slice() != row.key || Some(event.at.as_millis()) != row.at {
            self.add(row, COLUMNS, "id or time differs");
        }
    }

    fn add(&mut self, row: &Row, rule: &'static str, what: &str) {
        let at = at(row.section.name(), &row.key);
        add(&mut self.found, rule, at, what.to_owned());
    }
}
