//! Rows on their way from a source to a sink: in one order, a bounded number at a time, and added up at the end.

use placet_core::{
    id::Id,
    issuer::Issuer,
    store::{Key, Record, Table},
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    ArchiveError,
    row::Row,
    sums::{Adder, Sums},
};

/// How many rows travel together.
pub(super) const BATCH_ROWS: usize = 500;
/// How many batches may wait for a slow sink. Together they bound the memory: a few MiB at a few KiB a row.
const BATCHES_WAITING: usize = 2;

/// What a stream begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The newest migration of the store the rows come from.
    pub schema: i64,
    /// The issuers whose rows they are.
    pub issuers: Vec<HeadIssuer>,
}

/// An issuer, as the head names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadIssuer {
    /// Its id.
    pub id: Id<Issuer>,
    /// Its URL.
    pub url: String,
}

/// One part of a stream. A stream that stops without an end broke.
#[derive(Debug)]
pub(super) enum Part {
    /// First.
    Head(Head),
    /// Any number of times.
    Rows(Vec<Row>),
    /// Last: what the source says all rows add up to.
    End(Sums),
}

/// The end of a stream that rows come out of.
pub(super) type Stream = mpsc::Receiver<Result<Part, ArchiveError>>;
/// The end of a stream that rows go into.
pub(super) type Feed = mpsc::Sender<Result<Part, ArchiveError>>;

/// A new stream.
pub(super) fn stream() -> (Feed, Stream) {
    mpsc::channel(BATCHES_WAITING)
}

/// Whoever reads the stream has gone; there is nobody left to tell.
pub(super) struct Gone;

/// Gathers rows into batches, adds them up, and hands them on from a thread of its own.
pub(super) struct Gather {
    feed: Feed,
    batch: Vec<Row>,
    adder: Adder,
}

impl Gather {
    pub(super) fn new(feed: Feed) -> Self {
        Self {
            feed,
            batch: Vec::with_capacity(BATCH_ROWS),
            adder: Adder::new(),
        }
    }

    pub(super) fn head(&self, head: Head) -> Result<(), Gone> {
        self.send(Part::Head(head))
    }

    /// Takes one row; waits while the sink is behind.
    pub(super) fn row(&mut self, row: Row) -> Result<(), Gone> {
        self.adder.add(&row);
        self.batch.push(row);
        if self.batch.len() < BATCH_ROWS {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_ROWS));
        self.send(Part::Rows(full))
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> Result<(), Gone> {
        let rest = std::mem::take(&mut self.batch);
        if !rest.is_empty() {
            self.send(Part::Rows(rest))?;
        }
        let Self { feed, adder, .. } = self;
        let end = Part::End(adder.finish());
        feed.blocking_send(Ok(end)).map_err(|_| Gone)
    }

    fn send(&self, part: Part) -> Result<(), Gone> {
        self.feed.blocking_send(Ok(part)).map_err(|_| Gone)
    }
}

/// The next part, on a thread of its own; a stream that broke is an error.
pub(super) fn next_blocking(stream: &mut Stream) -> Result<Part, ArchiveError> {
    stream.blocking_recv().unwrap_or(Err(ArchiveError::Broken))
}

/// The next part.
pub(super) async fn next(stream: &mut Stream) -> Result<Part, ArchiveError> {
    stream.recv().await.unwrap_or(Err(ArchiveError::Broken))
}

impl HeadIssuer {
    /// The issuer of this row, if it reads as one. A store with a damaged row can still be copied, and verified.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let key = Key::from_bytes(Table::Issuer, &row.key)?;
        match Record::decode(&key, row.body.as_deref()?.as_bytes()) {
            Ok(Record::Issuer(issuer)) => Some(Self {
                id: issuer.id,
                url: issuer.url,
            }),
            Ok(_) | Err(_) => None,
        }
    }
}
