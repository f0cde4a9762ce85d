//! `verify`: does everything stored still explain itself?
//!
//! A record reads as what it is; what it names is there and names it back; a family has one fresh refresh token; every
//! token was announced by an event; every state of a request, grant, family, session and token has the event that made
//! it so; what is sealed opens; nothing comes from the future.
//!
//! Memory is bounded: ids are split into slices by their bytes, and each slice reads everything page by page but keeps only
//! what the events say about its own ids. A slice that would keep too much is cut in two, and all begins again.
//!
//! Servers may work meanwhile. In each slice events are read first, records second, and the events that came since last:
//! what made a record so was written with it, so it is found then. A record that looks wrong is read again before it is
//! reported.

mod callbacks;
mod events;
mod named;
mod names;
mod records;
mod tenants;

use serde::Serialize;

use self::{events::Told, named::Ahead, records::Fresh};
use super::{Engine, Error};
use crate::{
    id::{Id, Kind},
    store::{Key, Record, StoreError, Table, Versioned},
    time::{Lifetime, Timestamp},
};

/// The span of what is never deleted.
pub const FOR_EVER: Lifetime = Lifetime::from_millis(u64::MAX);
/// Rows read at once.
const STEP: usize = 1_000;
/// How many ids a slice may keep something about: at about a hundred bytes each, tens of MiB.
const KEPT_LIMIT: usize = 400_000;
/// The least a slice is let keep.
const LEAST_KEPT: usize = 8;
/// How many violations are told one by one. What is worse is counted.
const TOLD_LIMIT: usize = 10_000;
/// How much later than its id says an event may be written: as long as a request may take, and as far as clocks may be
/// apart, several times over.
const LATE: Lifetime = Lifetime::from_secs(600);
/// How far the clock of another node may be ahead.
const AHEAD: Lifetime = Lifetime::from_secs(30);

/// Something stored that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// Which record, by its table and printed id or key.
    pub at: String,
    /// What is wrong, in words.
    pub what: String,
}

impl Violation {
    fn new(rule: &'static str, at: &impl std::fmt::Display, what: impl Into<String>) -> Self {
        Self {
            rule,
            at: at.to_string(),
            what: what.into(),
        }
    }
}

/// What was read, and what was wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Records read.
    pub records: usize,
    /// Events read.
    pub events: usize,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// How many more things do not hold than are told.
    pub untold: usize,
}

impl Verified {
    /// Adds what was found, or counts it when too much was found already.
    pub fn add(&mut self, found: Violation) {
        if self.violations.len() < TOLD_LIMIT {
            self.violations.push(found);
        } else {
            self.untold += 1;
        }
    }
}

/// The ids one pass looks at: those whose bytes fall into this part of all.
#[derive(Debug, Clone, Copy)]
struct Slice {
    number: u64,
    of: u64,
}

impl Slice {
    /// Whether this is the pass that also does what is done once.
    const fn is_first(self) -> bool {
        self.number == 0
    }

    fn has<K: Kind>(self, id: Id<K>) -> bool {
        // The last bytes of every id are random, those of ordered ids too.
        let [.., a, b, c, d] = *id.as_bytes();
        u64::from(u32::from_be_bytes([a, b, c, d])) % self.of == self.number
    }
}

/// A slice has to be cut in two.
struct Crowded;

/// What one pass goes by.
struct Pass {
    slice: Slice,
    now: Timestamp,
    told: Told,
    fresh: Fresh,
    /// What the page under judgement names.
    ahead: Ahead,
    /// Records that look wrong, to be read again.
    suspects: Vec<Key>,
    /// How many looked wrong beyond what is kept to be read again.
    beyond: usize,
}

impl Pass {
    /// Whether a record may be deleted, so that nothing need be true of it.
    fn may_be_gone(&self, record: &Record) -> bool {
        record.keep_until().is_some_and(|end| end < self.now)
    }
}

enum PassError {
    Crowded,
    Failed(Error),
}

impl From<Crowded> for PassError {
    fn from(_: Crowded) -> Self {
        Self::Crowded
    }
}

impl<E: Into<Error>> From<E> for PassError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Engine {
    /// Reads everything of this issuer and reports what does not hold. Changes made meanwhile are not mistaken for
    /// violations.
    ///
    /// `events_kept` says how long events are kept, [`FOR_EVER`] for always: what is older need not be explained.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; a row that cannot be decoded is a violation instead.
    pub async fn verify(&self, events_kept: Lifetime) -> Result<Verified, Error> {
        self.verify_within(events_kept, KEPT_LIMIT).await
    }

    /// The same, keeping something about at most `kept_limit` ids at a time.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub async fn verify_within(
        &self,
        events_kept: Lifetime,
        kept_limit: usize,
    ) -> Result<Verified, Error> {
        // However many slices, one id may be in all seven maps.
        let kept_limit = kept_limit.max(LEAST_KEPT);
        let mut of = 1;
        loop {
            match self.passes(of, events_kept, kept_limit).await {
                Ok(report) => return Ok(report),
                Err(PassError::Crowded) => of *= 2,
                Err(PassError::Failed(error)) => return Err(error),
            }
        }
    }

    async fn passes(
        &self,
        of: u64,
        events_kept: Lifetime,
        kept_limit: usize,
    ) -> Result<Verified, PassError> {
        let mut report = Verified::default();
        for number in 0..of {
            let slice = Slice { number, of };
            self.pass(slice, events_kept, kept_limit, &mut report)
                .await?;
        }
        Ok(report)
    }

    async fn pass(
        &self,
        slice: Slice,
        events_kept: Lifetime,
        kept_limit: usize,
        report: &mut Verified,
    ) -> Result<(), PassError> {
        let now = self.store.now();
        let mut pass = Pass {
            slice,
            now,
            told: Told::new(slice, now.minus(events_kept), kept_limit),
            fresh: Fresh::new(slice, kept_limit),
            ahead: Ahead::default(),
            suspects: Vec::new(),
            beyond: 0,
        };
        let read = self.read_events(&mut pass.told, None).await?;
        for table in Table::ALL {
            self.read_table(table, &mut pass, report).await?;
        }
        let since = pass.told.last_at().unwrap_or(now).min(now).minus(LATE);
        self.read_events(&mut pass.told, Some(since)).await?;
        if slice.is_first() {
            report.events = read;
        }
        for found in pass.told.violations(now.plus(AHEAD)) {
            report.add(found);
        }
        // What was read ahead is older than what is read again.
        pass.ahead = Ahead::default();
        self.look_again(&pass, report).await?;
        report.untold += pass.beyond;
        Ok(())
    }

    /// Reads the events from `since` on, or all, and tells how many.
    async fn read_events(
        &self,
        told: &mut Told,
        since: Option<Timestamp>,
    ) -> Result<usize, PassError> {
        let mut after = since.map(events::first_id_at);
        let mut read = 0;
        loop {
            let page = self.store.events(self.issuer, after, STEP).await?;
            let Some(last) = page.last() else {
                return Ok(read);
            };
            after = Some(last.id);
            read += page.len();
            for event in &page {
                told.note(event)?;
            }
        }
    }

    async fn read_table(
        &self,
        table: Table,
        pass: &mut Pass,
        report: &mut Verified,
    ) -> Result<(), PassError> {
        let (mut after, mut step) = (None, STEP);
        loop {
            match self.store.page(self.issuer, table, after, step).await {
                Ok(page) => {
                    let Some(last) = page.last() else {
                        return Ok(());
                    };
                    (after, step) = (Some(last.value.key()), STEP);
                    self.read_ahead(&page, pass).await?;
                    for Versioned { value, .. } in &page {
                        self.look(value, pass).await?;
                    }
                    if pass.slice.is_first() {
                        report.records += page.len();
                    }
                }
                // A page of one row is that row.
                Err(StoreError::Corrupt { table, id, what }) if step == 1 => {
                    if pass.slice.is_first() {
                        let at = format!("{} {id}", table.name());
                        report.add(Violation::new("every row reads", &at, what));
                    }
                    let bytes = data_encoding::HEXLOWER.decode(id.as_bytes());
                    let key = bytes.ok().and_then(|bytes| Key::from_bytes(table, &bytes));
                    // A key that is none cannot be stepped over.
                    let Some(key) = key.filter(|key| Some(*key) > after) else {
                        return Ok(());
                    };
                    after = Some(key);
                }
                Err(StoreError::Corrupt { .. }) => step = step.div_ceil(2).min(step - 1),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn look(&self, record: &Record, pass: &mut Pass) -> Result<(), PassError> {
        pass.fresh.note(record)?;
        if !self.judge(record, pass).await?.is_empty() {
            if pass.suspects.len() < TOLD_LIMIT {
                pass.suspects.push(record.key());
            } else {
                pass.beyond += 1;
            }
        }
        Ok(())
    }

    /// Reads what looked wrong again, now that all events are known.
    async fn look_again(&self, pass: &Pass, report: &mut Verified) -> Result<(), Error> {
        for key in &pass.suspects {
            match self.store.get(self.issuer, *key).await {
                Ok(Some(found)) => {
                    for violation in self.judge(&found.value, pass).await? {
                        report.add(violation);
                    }
                }
                // It is gone, or is a row that does not read, which was told.
                Ok(None) | Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for (family, hashes) in pass.fresh.doubtful() {
            let mut count = 0;
            for hash in hashes {
                let standing = self.store.refresh(self.issuer, *hash).await?;
                count += usize::from(standing.is_some_and(|s| s.token.used.is_none()));
            }
            if count > 1 {
                let what = format!("{count} are fresh");
                report.add(Violation::new("one fresh refresh token", &family, what));
            }
        }
        Ok(())
    }
}
