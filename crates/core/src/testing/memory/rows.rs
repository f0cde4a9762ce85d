//! The records in memory, encoded as a database would hold them, so that what does not survive encoding shows.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use crate::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    store::{Change, Commit, Expect, Key, Outcome, Record, StoreError, Table, Version, Versioned},
    time::Timestamp,
};

#[derive(Debug, Clone)]
struct Row {
    version: Version,
    keep_until: Option<Timestamp>,
    owner: Option<[u8; 16]>,
    body: Vec<u8>,
}

type Place = (Id<Issuer>, Key);
type Once = (Id<Issuer>, [u8; 32]);

#[derive(Debug, Default)]
pub(super) struct Rows {
    records: BTreeMap<Place, Row>,
    spent: HashMap<Once, Timestamp>,
    events: BTreeMap<(Id<Issuer>, Id<Event>), Event>,
}

/// How to take back what a commit has done so far.
enum Undo {
    Record(Place, Option<Row>),
    Spent(Once),
}

/// The requests a commit writes.
pub(super) fn requests(commit: &Commit) -> impl Iterator<Item = Id<PendingRequest>> + '_ {
    commit.changes.iter().filter_map(|change| match change {
        Change::Put { record, .. } => match record.as_ref() {
            Record::Pending(request) => Some(request.id),
            _ => None,
        },
        Change::Require { .. } | Change::Delete { .. } | Change::Spend { .. } => None,
    })
}

impl Rows {
    pub(super) fn commit(&mut self, commit: &Commit, now: Timestamp) -> Result<(), StoreError> {
        if commit.before.is_some_and(|limit| now >= limit) {
            return Err(StoreError::TooLate);
        }
        let mut undo = Vec::new();
        let applied = self.apply(commit, &mut undo);
        if applied.is_err() {
            self.take_back(undo);
        }
        applied
    }

    fn apply(&mut self, commit: &Commit, undo: &mut Vec<Undo>) -> Result<(), StoreError> {
        for change in &commit.changes {
            self.change(commit.issuer, change, undo)?;
        }
        let place = (commit.issuer, commit.event.id);
        // The same event again is the same commit again: it happened, and does not happen twice.
        if self.events.contains_key(&place) {
            return Err(StoreError::Conflict);
        }
        self.events.insert(place, commit.event.clone());
        Ok(())
    }

    fn change(
        &mut self,
        issuer: Id<Issuer>,
        change: &Change,
        undo: &mut Vec<Undo>,
    ) -> Result<(), StoreError> {
        match change {
            Change::Put { expect, record } => {
                let place = (issuer, record.key());
                let version = self.next_version(place, *expect)?;
                let row = Row {
                    version,
                    keep_until: record.keep_until(),
                    owner: record.owner(),
                    body: record.encode(),
                };
                undo.push(Undo::Record(place, self.records.insert(place, row)));
            }
            Change::Require { key, version } => {
                self.at_version((issuer, *key), *version)?;
            }
            Change::Delete { key, version } => {
                let place = (issuer, *key);
                self.at_version(place, *version)?;
                undo.push(Undo::Record(place, self.records.remove(&place)));
            }
            Change::Spend { value, keep_until } => {
                let once = (issuer, *value.as_bytes());
                if self.spent.contains_key(&once) {
                    return Err(StoreError::Spent);
                }
                self.spent.insert(once, *keep_until);
                undo.push(Undo::Spent(once));
            }
        }
        Ok(())
    }

    fn next_version(&self, place: Place, expect: Expect) -> Result<Version, StoreError> {
        match expect {
            Expect::At(version) => {
                self.at_version(place, version)?;
                Ok(version + 1)
            }
            Expect::Absent if !self.records.contains_key(&place) => Ok(1),
            Expect::Absent if place.1.table == Table::Name => Err(StoreError::Duplicate),
            Expect::Absent => Err(StoreError::Conflict),
        }
    }

    fn at_version(&self, place: Place, version: Version) -> Result<(), StoreError> {
        match self.records.get(&place) {
            Some(row) if row.version == version => Ok(()),
            Some(_) | None => Err(StoreError::Conflict),
        }
    }

    fn take_back(&mut self, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Record(place, Some(row)) => {
                    self.records.insert(place, row);
                }
                Undo::Record(place, None) => {
                    self.records.remove(&place);
                }
                Undo::Spent(once) => {
                    self.spent.remove(&once);
                }
            }
        }
    }

    pub(super) fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Result<Option<Versioned<Record>>, StoreError> {
        self.records
            .get(&(issuer, key))
            .map(|row| decode(&key, row))
            .transpose()
    }

    pub(super) fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: &[u8; 32],
    ) -> Result<Option<Versioned<PendingRequest>>, StoreError> {
        let Some(found) = self.get(issuer, Key::handle(kind, hash))? else {
            return Ok(None);
        };
        let Record::Handle(handle) = found.value else {
            return Err(found.value.misplaced());
        };
        match self.get(issuer, Key::pending(handle.pending))? {
            Some(Versioned {
                value: Record::Pending(request),
                version,
            }) => Ok(Some(Versioned {
                value: *request,
                version,
            })),
            Some(other) => Err(other.value.misplaced()),
            None => Ok(None),
        }
    }

    pub(super) fn pending_version(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
    ) -> Option<Version> {
        let row = self.records.get(&(issuer, Key::pending(id)))?;
        Some(row.version)
    }

    pub(super) fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        self.of_table(issuer, table)
            .filter(|(_, row)| row.owner == Some(owner))
            .take(limit)
            .map(|(key, row)| decode(key, row))
            .collect()
    }

    pub(super) fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Vec<Versioned<Record>>, StoreError> {
        self.of_table(issuer, table)
            .filter(|(key, _)| after.is_none_or(|after| key.bytes() > after.bytes()))
            .take(limit)
            .map(|(key, row)| decode(key, row))
            .collect()
    }

    pub(super) fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Vec<Event> {
        let start = after.map_or(
            Bound::Included((issuer, Id::from_bytes([0; 16]))),
            |after| Bound::Excluded((issuer, after)),
        );
        self.events
            .range((start, Bound::Unbounded))
            .take_while(|((of, _), _)| *of == issuer)
            .take(limit)
            .map(|(_, event)| event.clone())
            .collect()
    }

    pub(super) fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Outcome {
        if self.events.contains_key(&(issuer, id)) {
            Outcome::Committed
        } else {
            Outcome::Absent
        }
    }

    pub(super) fn sweep(
        &mut self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> usize {
        let mut left = limit;
        let mut ends = |ended: bool| {
            let deleted = ended && left > 0;
            left -= usize::from(deleted);
            !deleted
        };
        self.records
            .retain(|_, row| ends(row.keep_until.is_some_and(|end| end < now)));
        self.spent.retain(|_, keep_until| ends(*keep_until < now));
        self.events
            .retain(|_, event| ends(event.at < events_before));
        limit - left
    }

    pub(super) fn write_raw(&mut self, issuer: Id<Issuer>, key: Key, body: &[u8]) {
        if let Some(row) = self.records.get_mut(&(issuer, key)) {
            body.clone_into(&mut row.body);
        }
    }

    fn of_table(&self, issuer: Id<Issuer>, table: Table) -> impl Iterator<Item = (&Key, &Row)> {
        self.records
            .iter()
            .filter(move |((of, key), _)| *of == issuer && key.table == table)
            .map(|((_, key), row)| (key, row))
    }
}

fn decode(key: &Key, row: &Row) -> Result<Versioned<Record>, StoreError> {
    Ok(Versioned {
        value: Record::decode(key, &row.body)?,
        version: row.version,
    })
}
