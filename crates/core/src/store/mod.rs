//! The storage contract: reads that answer one question each, and one write path.
//!
//! Every race is decided by [`Store::commit`]: all its changes or none, each conditional on what the verb
//! read. Nothing is told to anybody before it returned.

mod commit;
mod record;
mod standing;

use std::{future::Future, pin::Pin};

pub use self::{
    commit::{Change, Commit, Expect},
    record::{Key, Name, Record, Table},
    standing::{gather_access, gather_refresh},
};
use crate::{
    client::Client,
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    person::Person,
    secret::{SecretHash, kind},
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};

/// A future on the heap, so that stores can be used behind `dyn`.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Counts the changes of one record, from 1.
pub type Version = u64;

/// A value and the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// The version of its row.
    pub version: Version,
}

/// Records that were read together; `None` where there is none.
pub type Many = Vec<Option<Versioned<Record>>>;

/// What became of a commit whose reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Committed,
    /// It did not, and never will.
    Absent,
}

/// Why a store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A record was not at the version named, or no longer there: somebody else was first.
    #[error("somebody else was first")]
    Conflict,
    /// A unique name is taken.
    #[error("the name is taken")]
    Duplicate,
    /// A single-use value was used before.
    #[error("the value was used before")]
    Spent,
    /// The store's time reached the commit's `before`.
    #[error("too late")]
    TooLate,
    /// Nothing was written; it may work later.
    #[error("the store is not available: {source}")]
    Unavailable {
        /// What the engine below said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nothing was written, for want of space.
    #[error("the store is full")]
    Full,
    /// The reply was lost; [`Store::outcome`] tells what happened.
    #[error("the outcome of the commit is unknown")]
    Unknown,
    /// A row does not read as what it should be.
    #[error("{table:?} {id}: {what}")]
    Corrupt {
        /// Where.
        table: Table,
        /// Which row, as hexadecimal.
        id: String,
        /// What is wrong.
        what: String,
    },
}

/// A place that keeps records and decides races.
pub trait Store: Send + Sync {
    /// The time that decides expiry.
    fn now(&self) -> Timestamp;

    /// Whether rows cost less whose keys come in the order of their making, as where one machine writes and the end of an
    /// index is at hand. Otherwise keys are random, so that they can be spread over machines.
    fn appends(&self) -> bool {
        false
    }

    /// Reads one record.
    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>>;

    /// Reads several records, of any tables: an answer for each key, in the order of the keys. Each is as it was at some
    /// moment of the call, so one may be older than a change that another one shows.
    fn get_many(&self, issuer: Id<Issuer>, keys: Vec<Key>) -> Boxed<'_, Result<Many, StoreError>> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                found.push(self.get(issuer, key).await?);
            }
            Ok(found)
        })
    }

    /// Reads the request behind a handle.
    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>>;

    /// Reads an access token and all it rests on, at one moment.
    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>>;

    /// Reads a refresh token and all it rests on, at one moment.
    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>>;

    /// Reads up to `limit` records of `table` that belong to `owner`: grants, sessions and the requests that wait for
    /// them to a person, families to a grant.
    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>>;

    /// Reads up to `limit` records of `table` after the key `after`, in the order of their keys.
    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>>;

    /// Reads up to `limit` events after `after`, oldest first.
    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>>;

    /// Applies all changes or none, durably.
    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>>;

    /// Tells, after [`StoreError::Unknown`], whether the commit with this event happened. Once it said
    /// [`Outcome::Absent`] the commit can no longer happen. A store that is in trouble itself tries for a few seconds
    /// before it fails.
    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>>;

    /// Resolves when the request is newer than `seen`, on any node, or at `until`. Never misses a change between
    /// read and wait.
    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()>;

    /// Deletes up to `limit` records whose retention ended before `now`, and events from before `events_before`.
    /// Returns how many it deleted.
    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>>;
}

macro_rules! typed_reads {
    ($($(#[$doc:meta])* $method:ident($key:ty) -> $record:ident($value:ty) = $make:expr;)*) => {
        impl dyn Store + '_ {
            $($(#[$doc])*
            ///
            /// # Errors
            /// [`StoreError::Unavailable`], or [`StoreError::Corrupt`] when the row is not what it should be.
            pub async fn $method(&self, issuer: Id<Issuer>, key: $key) -> Result<Option<Versioned<$value>>, StoreError> {
                let make: fn($key) -> Key = $make;
                match self.get(issuer, make(key)).await? {
                    Some(Versioned { value: Record::$record(value), version }) => {
                        Ok(Some(Versioned { value: value.into(), version }))
                    }
                    Some(other) => Err(other.value.misplaced()),
                    None => Ok(None),
                }
            })*
        }
    };
}

typed_reads! {
    /// Reads a client.
    client(Id<Client>) -> Client(Client) = Key::client;
    /// Reads a person.
    person(Id<Person>) -> Person(Person) = Key::person;
    /// Reads a session by its cookie's hash.
    session(SecretHash<kind::Session>) -> Session(crate::person::Session) = Key::session;
    /// Reads a request by its id.
    pending(Id<PendingRequest>) -> Pending(Box<PendingRequest>) = Key::pending;
    /// Reads a grant.
    grant(Id<crate::grant::Grant>) -> Grant(crate::grant::Grant) = Key::grant;
    /// Reads a family.
    family(Id<crate::token::Family>) -> Family(crate::token::Family) = Key::family;
    /// Reads the issuer's own record.
    issuer(Id<Issuer>) -> Issuer(Issuer) = Key::issuer;
    /// Reads a tenant.
    tenant(Id<crate::tenant::Tenant>) -> Tenant(crate::tenant::Tenant) = Key::tenant;
    /// Reads a callback.
    callback(Id<crate::callback::Callback>) -> Callback(crate::callback::Callback) = Key::callback;
}

impl dyn Store + '_ {
    /// Commits, and finds out what happened when the reply was lost.
    ///
    /// # Errors
    /// As [`Store::commit`]; [`StoreError::Unknown`] only when the store cannot tell, so that asking again is safe.
    pub async fn commit_surely(&self, commit: Commit) -> Result<(), StoreError> {
        let (issuer, id) = (commit.issuer, commit.event.id);
        match self.commit(commit).await {
            Err(StoreError::Unknown) => {}
            told => return told,
        }
        match self.outcome(issuer, id).await {
            Ok(Outcome::Committed) => Ok(()),
            Ok(Outcome::Absent) => {
                let source = "the commit was lost".into();
                Err(StoreError::Unavailable { source })
            }
            Err(_) => Err(StoreError::Unknown),
        }
    }

    /// Reads the client that goes by this `client_id`.
    ///
    /// # Errors
    /// As every read.
    pub async fn client_named(
        &self,
        issuer: Id<Issuer>,
        client_id: &str,
    ) -> Result<Option<Versioned<Client>>, StoreError> {
        match self
            .get(issuer, Key::name(&Name::client(client_id)))
            .await?
        {
            Some(Versioned {
                value: Record::Name(name),
                ..
            }) => self.client(issuer, Id::from_bytes(name.target)).await,
            Some(other) => Err(other.value.misplaced()),
            None => Ok(None),
        }
    }

    /// Reads the person with this user name, in any spelling.
    ///
    /// # Errors
    /// As every read.
    pub async fn person_named(
        &self,
        issuer: Id<Issuer>,
        username: &str,
    ) -> Result<Option<Versioned<Person>>, StoreError> {
        self.person_by(issuer, &Name::username(username)).await
    }

    /// Reads the person with this `sub`.
    ///
    /// # Errors
    /// As every read.
    pub async fn person_of_subject(
        &self,
        issuer: Id<Issuer>,
        subject: &str,
    ) -> Result<Option<Versioned<Person>>, StoreError> {
        self.person_by(issuer, &Name::subject(subject)).await
    }

    async fn person_by(
        &self,
        issuer: Id<Issuer>,
        name: &Name,
    ) -> Result<Option<Versioned<Person>>, StoreError> {
        match self.get(issuer, Key::name(name)).await? {
            Some(Versioned {
                value: Record::Name(name),
                ..
            }) => self.person(issuer, Id::from_bytes(name.target)).await,
            Some(other) => Err(other.value.misplaced()),
            None => Ok(None),
        }
    }
}
