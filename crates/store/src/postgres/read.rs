//! Reads: one statement and one round trip each, alone or together with others, so that each sees one moment.

use std::sync::Arc;

use std::collections::{BTreeMap, HashMap};

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    store::{Key, Many, Record, StoreError, Table, Version, Versioned},
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    ask::Errand,
    judge::unavailable,
    lane::Lane,
    row,
    statement::{self, Param},
};

type Found = Option<Versioned<Record>>;

/// What a token's row leads to, in the order of the columns: the key, the version and the body of each.
const RESTS_ON: [Table; 4] = [Table::Family, Table::Grant, Table::Session, Table::Person];

/// A token and all it names, as one row of a join.
pub(super) struct Joined {
    token: Key,
    row: Row,
}

impl Joined {
    /// The record under `key`, which the token or its family names.
    pub(super) fn get(&self, key: &Key) -> Result<Found, StoreError> {
        if *key == self.token {
            return row::record(key, &self.row, 0, 1).map(Some);
        }
        let column = RESTS_ON
            .iter()
            .position(|table| *table == key.table)
            .map_or(0, |n| 2 + 3 * n);
        match row::key(key.table, &self.row, column)? {
            Some(found) if found == *key => {
                row::record(key, &self.row, column + 1, column + 2).map(Some)
            }
            Some(found) => Err(StoreError::Corrupt {
                table: key.table,
                id: format!("{found:?}"),
                what: "a token's row leads here, its body does not".to_owned(),
            }),
            None => Ok(None),
        }
    }
}

impl PostgresStore {
    pub(super) async fn record(&self, issuer: Id<Issuer>, key: &Key) -> Result<Found, StoreError> {
        let row = self
            .asking
            .ask(self.asking.records(key.table), issuer, *key);
        let row = row.await?;
        row.map(|row| row::record(key, &row, 0, 1)).transpose()
    }

    /// Several records: a statement for each table.
    pub(super) async fn records(
        &self,
        issuer: Id<Issuer>,
        keys: &[Key],
    ) -> Result<Many, StoreError> {
        let mut tables: BTreeMap<Table, Vec<Option<&[u8]>>> = BTreeMap::new();
        for key in keys {
            tables.entry(key.table).or_default().push(Some(key.bytes()));
        }
        let mut found = HashMap::new();
        for (table, wanted) in tables {
            let params = [
                Param::Bytes(Some(issuer.as_bytes())),
                Param::ManyBytes(wanted),
            ];
            let rows = self
                .pool
                .read(statement::of(table).get_many, &params)
                .await?;
            for row in &rows {
                if let Some(key) = row::key(table, row, 0)? {
                    found.insert(key, row::record(&key, row, 1, 2)?);
                }
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    pub(super) async fn request_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: &[u8; 32],
    ) -> Result<Option<Versioned<PendingRequest>>, StoreError> {
        let door = Key::handle(kind, hash);
        let row = self.asking.ask(&self.asking.pending_by, issuer, door);
        let Some(row) = &row.await? else {
            return Ok(None);
        };
        let body: &str = row.try_get(0).map_err(unavailable)?;
        let key = match Record::decode(&door, body.as_bytes())? {
            Record::Handle(handle) => Key::pending(handle.pending),
            other => return Err(other.misplaced()),
        };
        if row::key(Table::Pending, row, 1)? != Some(key) {
            return Err(StoreError::Corrupt {
                table: Table::Handle,
                id: format!("{door:?}"),
                what: "its row and its body lead to different requests".to_owned(),
            });
        }
        let there: Option<i64> = row.try_get(2).map_err(unavailable)?;
        if there.is_none() {
            return Ok(None);
        }
        let found = row::record(&key, row, 2, 3)?;
        match found.value {
            Record::Pending(value) => Ok(Some(Versioned {
                value: *value,
                version: found.version,
            })),
            other => Err(other.misplaced()),
        }
    }

    /// A token and all it rests on, as of one moment.
    pub(super) async fn joined(
        &self,
        lane: &Arc<Lane<Errand>>,
        issuer: Id<Issuer>,
        token: Key,
    ) -> Result<Option<Joined>, StoreError> {
        let row = self.asking.ask(lane, issuer, token).await?;
        Ok(row.map(|row| Joined { token, row }))
    }

    pub(super) async fn list(
        &self,
        sql: &'static str,
        (issuer, table): (Id<Issuer>, Table),
        by: &[u8],
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        let params = [
            Param::Bytes(Some(issuer.as_bytes())),
            Param::Bytes(Some(by)),
            Param::Number(Some(row_limit(limit))),
        ];
        let rows = self.pool.read(sql, &params).await?;
        let records = rows.iter().filter_map(|row| {
            let key = row::key(table, row, 0).transpose()?;
            Some(key.and_then(|key| row::record(&key, row, 1, 2)))
        });
        records.collect()
    }

    pub(super) async fn history(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let params = [
            Param::Bytes(Some(issuer.as_bytes())),
            // No id is empty, so every id is after the empty one.
            Param::Bytes(Some(
                after.as_ref().map_or(&[], |id| id.as_bytes().as_slice()),
            )),
            Param::Number(Some(row_limit(limit))),
        ];
        let rows = self.pool.read(statement::EVENTS, &params).await?;
        let event = |row: &Row| {
            let body: &str = row.try_get(0).map_err(unavailable)?;
            serde_json::from_str(body).map_err(|error| unavailable(EventError(error)))
        };
        rows.iter().map(event).collect()
    }

    /// The version of a request, without reading it.
    pub(super) async fn request_version(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
    ) -> Result<Option<Version>, StoreError> {
        let lane = &self.asking.pending_version;
        let row = self.asking.ask(lane, issuer, Key::pending(id)).await?;
        let version = row.map(|row| row.try_get::<_, i64>(0)).transpose();
        Ok(version.map_err(unavailable)?.map(i64::unsigned_abs))
    }
}

/// An event that does not read as one.
#[derive(Debug, thiserror::Error)]
#[error("an event does not read: {0}")]
struct EventError(serde_json::Error);

pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
