//! The outbox: callbacks are taken by one sender at a time, and deleted once they were delivered.
//!
//! 1. A verb enqueues a callback with [`Change::insert`] in its own commit.
//! 2. A sender looks for what is due, claims one, and sends it once the claim is on disk.
//! 3. It settles what was delivered and puts off what was not. A sender that dies does neither: when its lease has run
//!    out another sends the callback again, so that it goes out at least once.
//!
//! A claim names the version it saw, so of two senders that see the same callback one gets it.
//!
//! Spec: RFC 9635 §4.2.2, OpenID Connect CIBA Core §10.2–10.3, OpenID Connect Back-Channel Logout §2.5

use super::{Attempts, Caller, Committed, Engine, Error, found};
use crate::{
    callback::Callback,
    event::{Event, EventKind},
    id::Id,
    refusal::Refusal,
    store::{Change, Commit, Key, Record, StoreError, Table, Versioned},
    time::{Lifetime, Timestamp},
};

/// Callbacks read at a time.
const PAGE: usize = 256;

/// What became of a callback that was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It is tried again from this time on.
    Again(Timestamp),
    /// Its time is over; it is gone.
    GivenUp,
    /// The lease had run out and somebody else has it, or has settled it: nothing was changed.
    NotOurs,
}

impl Engine {
    /// Up to `limit` callbacks with which there is something to do. Senders begin at different places, so that they
    /// seldom want the same ones; whatever is due is found in the end, since what was claimed or put off is not due.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn due_callbacks(&self, limit: usize) -> Result<Vec<Versioned<Callback>>, Error> {
        let now = self.store.now();
        let start = Key::callback(Id::random(self.random()));
        let mut due = self.due_between(Some(start), None, limit, now).await?;
        let left = limit.saturating_sub(due.len());
        due.extend(self.due_between(None, Some(start), left, now).await?);
        Ok(due)
    }

    /// Those of the due callbacks whose keys come after `after`, and no later than `last`.
    async fn due_between(
        &self,
        mut after: Option<Key>,
        last: Option<Key>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Versioned<Callback>>, Error> {
        let mut due = Vec::new();
        while due.len() < limit {
            let page = self
                .store
                .page(self.issuer, Table::Callback, after, PAGE)
                .await?;
            let is_last = page.len() < PAGE;
            for Versioned { value, version } in page {
                let key = value.key();
                if due.len() == limit || last.is_some_and(|last| key > last) {
                    return Ok(due);
                }
                after = Some(key);
                let Record::Callback(value) = value else {
                    return Err(value.misplaced().into());
                };
                if value.is_due(now) {
                    due.push(Versioned { value, version });
                }
            }
            if is_last {
                break;
            }
        }
        Ok(due)
    }

    /// Takes a callback for `lease`: until then nobody else sends it, and whoever took it must have sent it by then. One
    /// whose time is over is given up instead.
    ///
    /// # Errors
    /// [`Refusal::Taken`] when another sender was first, [`Refusal::Waiting`] when it is not due,
    /// [`Refusal::Expired`] when it was given up; [`Error::Store`].
    pub async fn claim_callback(
        &self,
        seen: Versioned<Callback>,
        lease: Lifetime,
    ) -> Result<Committed<Versioned<Callback>>, Error> {
        let now = self.store.now();
        let Versioned { value, version } = seen;
        let claimed = match value.clone().claim(now, lease) {
            Ok(claimed) => claimed,
            Err(Refusal::Expired) => {
                self.give_up(&value, version, now).await.map_err(taken)?;
                return Err(Refusal::Expired.into());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let event = self.of_callback(EventKind::CallbackClaimed, &claimed, now);
        let record = Record::Callback(claimed.clone());
        let mut commit = Commit::new(self.issuer, event).with(Change::update(version, record));
        // A claim that reaches the store when its lease is over is none.
        commit.before = claimed.leased_until;
        self.write(commit).await.map_err(taken)?;
        Ok(Committed(Versioned {
            value: claimed,
            version: version + 1,
        }))
    }

    /// Deletes a callback that was delivered, also when the lease has run out and another sender has it by now: it
    /// need not go out once more.
    ///
    /// # Errors
    /// [`Error::Store`]; then it will be sent again.
    pub async fn settle_callback(
        &self,
        delivered: Versioned<Callback>,
    ) -> Result<Committed<()>, Error> {
        let mut attempts = Attempts::default();
        let mut held = Some(delivered);
        while let Some(Versioned { value, version }) = held {
            let now = self.store.now();
            let event = self.of_callback(EventKind::CallbackSent, &value, now);
            let commit = Commit::new(self.issuer, event).with(Change::Delete {
                key: Key::callback(value.id),
                version,
            });
            match self.write(commit).await {
                Ok(()) => break,
                Err(error) => attempts.again(error)?,
            }
            held = self.store.as_ref().callback(self.issuer, value.id).await?;
        }
        Ok(Committed(()))
    }

    /// Puts off a callback that was not delivered, or gives it up when its time is over.
    ///
    /// # Errors
    /// [`Error::Store`]; then it is due again when the lease has run out.
    pub async fn fail_callback(
        &self,
        claimed: Versioned<Callback>,
    ) -> Result<Committed<Failed>, Error> {
        let now = self.store.now();
        let Versioned { value, version } = claimed;
        let (told, failed) = match value.clone().failed(now) {
            None => (self.give_up(&value, version, now).await, Failed::GivenUp),
            Some(again) => {
                let due_at = again.due_at;
                let mut event = self.of_callback(EventKind::CallbackFailed, &again, now);
                event.note = Some("tried again later".into());
                let commit = Commit::new(self.issuer, event)
                    .with(Change::update(version, Record::Callback(again)));
                (self.write(commit).await, Failed::Again(due_at))
            }
        };
        match told {
            Ok(()) => Ok(Committed(failed)),
            Err(StoreError::Conflict) => Ok(Committed(Failed::NotOurs)),
            Err(error) => Err(error.into()),
        }
    }

    /// A callback as it stands. For whoever has only its id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it was delivered or given up; [`Error::Store`].
    pub async fn callback(&self, id: Id<Callback>) -> Result<Versioned<Callback>, Error> {
        Ok(found(self.store.as_ref().callback(self.issuer, id).await?)?)
    }

    async fn give_up(
        &self,
        callback: &Callback,
        version: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut event = self.of_callback(EventKind::CallbackFailed, callback, now);
        event.note = Some("given up".into());
        let commit = Commit::new(self.issuer, event).with(Change::Delete {
            key: Key::callback(callback.id),
            version,
        });
        self.write(commit).await
    }

    fn of_callback(&self, kind: EventKind, callback: &Callback, now: Timestamp) -> Event {
        let mut event = self.event(kind, &Caller::default(), now);
        event.callback = Some(callback.id);
        event.request = callback.request;
        event.client = callback.client;
        event
    }
}

/// A lost race for a callback is an answer: another sender has it, or may.
fn taken(error: StoreError) -> Error {
    match error {
        StoreError::Conflict | StoreError::TooLate => Refusal::Taken.into(),
        StoreError::Duplicate
        | StoreError::Spent
        | StoreError::Unavailable { .. }
        | StoreError::Full
        | StoreError::Unknown
        | StoreError::Corrupt { .. } => error.into(),
    }
}
