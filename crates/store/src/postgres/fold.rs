//! Folding: the changes of one commit, brought down to one for each record.
//!
//! A statement of PostgreSQL sees the rows as they were before it, so two changes of one row cannot both be parts of
//! it. Whatever a later change demands of an earlier one is judged here, in memory.

use std::collections::BTreeMap;

use placet_core::store::{Change, Expect, Key, Record, StoreError, Table, Version};

use super::row::{Encoded, number};

/// What one record, or one single-use value, must be and becomes.
#[derive(Debug)]
pub(super) enum Part {
    Insert {
        row: Encoded,
        version: i64,
    },
    Update {
        row: Encoded,
        from: i64,
        to: i64,
    },
    Require {
        key: Key,
        version: i64,
    },
    Delete {
        key: Key,
        version: i64,
    },
    /// It must not be there, and is not afterwards.
    Absent {
        key: Key,
    },
    Spend {
        value: [u8; 32],
        keep_until: i64,
    },
    /// Counts a change of what nodes keep in memory.
    Revise {
        slot: i64,
    },
    /// Takes the tombstone away that an earlier try of this commit left, as it was found.
    Revive {
        fence: i64,
    },
}

/// One record on its way through the commit.
struct Course {
    start: Expect,
    /// Its version so far; absent when it is not there.
    version: Option<Version>,
    /// What is to be written, once something is.
    record: Option<Box<Record>>,
}

/// Folds `changes`, in the order in which every commit takes its locks: by table and key.
///
/// # Errors
/// A change that cannot hold after those before it: [`StoreError::Conflict`], [`StoreError::Duplicate`] or
/// [`StoreError::Spent`].
pub(super) fn fold(changes: Vec<Change>) -> Result<Vec<Part>, StoreError> {
    let mut courses: BTreeMap<Key, Course> = BTreeMap::new();
    let mut spent: BTreeMap<[u8; 32], i64> = BTreeMap::new();
    for change in changes {
        match change {
            Change::Put { expect, record } => {
                let key = record.key();
                let next = match expect {
                    Expect::Absent => 1,
                    Expect::At(version) => version.saturating_add(1),
                };
                let course = advance(&mut courses, key, expect)?;
                course.version = Some(next);
                course.record = Some(record);
            }
            Change::Require { key, version } => {
                advance(&mut courses, key, Expect::At(version))?;
            }
            Change::Delete { key, version } => {
                let course = advance(&mut courses, key, Expect::At(version))?;
                course.version = None;
                course.record = None;
            }
            Change::Spend { value, keep_until } => {
                let again = spent.insert(*value.as_bytes(), keep_until.as_millis());
                if again.is_some() {
                    return Err(StoreError::Spent);
                }
            }
        }
    }
    let records = courses.into_iter().map(|(key, course)| course.part(key));
    let values = spent
        .into_iter()
        .map(|(value, keep_until)| Part::Spend { value, keep_until });
    Ok(records.chain(values).collect())
}

/// The course of `key`, which must be as expected at this point of the commit.
fn advance(
    courses: &mut BTreeMap<Key, Course>,
    key: Key,
    expect: Expect,
) -> Result<&mut Course, StoreError> {
    let wanted = match expect {
        Expect::Absent => None,
        Expect::At(version) => Some(version),
    };
    let course = courses.entry(key).or_insert(Course {
        start: expect,
        version: wanted,
        record: None,
    });
    match (course.version == wanted, expect) {
        (true, _) => Ok(course),
        (false, Expect::Absent) if key.table == Table::Name => Err(StoreError::Duplicate),
        (false, Expect::Absent | Expect::At(_)) => Err(StoreError::Conflict),
    }
}

impl Course {
    fn part(self, key: Key) -> Part {
        match (self.start, self.version, self.record) {
            (Expect::Absent, Some(version), Some(record)) => Part::Insert {
                row: Encoded::of(&record),
                version: number(version),
            },
            (Expect::At(from), Some(to), Some(record)) => Part::Update {
                row: Encoded::of(&record),
                from: number(from),
                to: number(to),
            },
            (Expect::At(version), Some(_), None) => Part::Require {
                key,
                version: number(version),
            },
            (Expect::At(version), None, _) => Part::Delete {
                key,
                version: number(version),
            },
            (Expect::Absent, _, _) => Part::Absent { key },
        }
    }
}
