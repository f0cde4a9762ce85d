//! One commit: what a verb decided, as changes that hold only while what it read still holds.

use super::{Key, Record, Version};
use crate::{
    event::Event,
    id::Id,
    issuer::Issuer,
    secret::{SecretHash, kind},
    time::Timestamp,
};

/// What must be true of a record for a change to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// It is not there.
    Absent,
    /// It is at this version.
    At(Version),
}

/// One change of a commit.
#[derive(Debug, Clone)]
pub enum Change {
    /// Writes a record that is absent, or at the version named; its version becomes 1, or one more.
    Put {
        /// What must hold.
        expect: Expect,
        /// What is written.
        record: Box<Record>,
    },
    /// Writes nothing; holds while the record is at this version.
    Require {
        /// Which record.
        key: Key,
        /// The version it must be at.
        version: Version,
    },
    /// Deletes a record at this version.
    Delete {
        /// Which record.
        key: Key,
        /// The version it must be at.
        version: Version,
    },
    /// Marks a single-use value used; a second time is [`super::StoreError::Spent`].
    Spend {
        /// The hash of the value and of whose it is.
        value: SecretHash<kind::Once>,
        /// How long a second use is recognised.
        keep_until: Timestamp,
    },
}

impl Change {
    /// Writes a record that must not be there yet.
    pub fn insert(record: Record) -> Self {
        Self::Put {
            expect: Expect::Absent,
            record: Box::new(record),
        }
    }

    /// Writes a record over the version that was read.
    pub fn update(version: Version, record: Record) -> Self {
        Self::Put {
            expect: Expect::At(version),
            record: Box::new(record),
        }
    }
}

/// What a verb decided. The event says what happened and names the commit: a store that has the event has
/// made every change beside it.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Whose records it changes.
    pub issuer: Id<Issuer>,
    /// What happened; appended with the changes. Its id is the commit's.
    pub event: Event,
    /// Holds only while the store's time is before this. Absent: at any time.
    pub before: Option<Timestamp>,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

impl Commit {
    /// A commit of `event` alone.
    pub fn new(issuer: Id<Issuer>, event: Event) -> Self {
        Self {
            issuer,
            event,
            before: None,
            changes: Vec::new(),
        }
    }

    /// The same commit with one more change.
    #[must_use]
    pub fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The same commit, holding only before `limit`.
    #[must_use]
    pub fn before(mut self, limit: Timestamp) -> Self {
        self.before = Some(limit);
        self
    }

    /// The requests whose waiters this commit may wake.
    pub fn woken(&self) -> impl Iterator<Item = Id<crate::pending::PendingRequest>> + '_ {
        self.changes.iter().filter_map(|change| match change {
            Change::Put { record, .. } => match record.as_ref() {
                Record::Pending(request) if request.state.wakes() => Some(request.id),
                _ => None,
            },
            Change::Require { .. } | Change::Delete { .. } | Change::Spend { .. } => None,
        })
    }
}
