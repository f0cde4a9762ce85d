//! The writer: one thread that takes every waiting commit, writes them in one transaction, and answers when
//! it is durable.
//!
//! 1. Take all waiting commits, up to [`BATCH_LIMIT`]; after a large batch, let its callers gather again first.
//! 2. `BEGIN IMMEDIATE`; the commits in turn. One that does not hold after part of it was written undoes all, and the
//!    batch is written again with each commit in a savepoint of its own, so that it leaves the others alone.
//! 3. `COMMIT`: one flush to disk for all of them.
//! 4. Only now wake waiters and tell the verdicts, conflicts too: one that was judged against a neighbour in the
//!    same transaction is not true before that neighbour is durable.

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use placet_core::store::{Outcome, StoreError};
use rusqlite::{Connection, ErrorCode, params};
use tokio::sync::{mpsc, oneshot};

use super::{
    apply::{Verdict, apply, apply_alone, run},
    file,
    job::{CommitJob, Job, SweepStep},
    statement, sweep,
    time::StoreTime,
    unavailable,
};
use crate::waiters::Waiters;

/// The most commits in one transaction: enough to pay for the flush, few enough to keep it short.
pub(super) const BATCH_LIMIT: usize = 512;
/// From how many commits in one transaction on their callers are a crowd that is likely to come again at once.
const CROWD: usize = 8;
/// How long the writer waits for a crowd to gather again, so that it shares one flush.
const GATHERING: Duration = Duration::from_micros(100);

/// Why a whole transaction failed.
enum Failure {
    /// Nothing was written: no space.
    Full,
    /// Nothing was written.
    Unavailable(String),
    /// The engine does not say whether it was written.
    Unknown,
}

/// What the writer thread owns.
pub(super) struct Writer {
    pub(super) path: PathBuf,
    /// Absent after a failure, until it can be opened again.
    pub(super) connection: Option<Connection>,
    /// How often it was opened.
    pub(super) openings: u64,
    /// Whether a failed COMMIT may still lie in the log, where a crash could bring it back.
    pub(super) unfenced: bool,
    /// Whether the last commits could not be written.
    pub(super) failing: bool,
    pub(super) time: Arc<StoreTime>,
    pub(super) waiters: Arc<Waiters>,
    #[cfg(feature = "testing")]
    pub(super) faults: super::fault::Faults,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH_LIMIT);
        let mut batch = Vec::with_capacity(BATCH_LIMIT);
        let mut closing: Vec<oneshot::Sender<()>> = Vec::new();
        let mut last = 0;
        while queue.blocking_recv_many(&mut jobs, BATCH_LIMIT) > 0 {
            if last >= CROWD && jobs.len() < last {
                thread::sleep(GATHERING);
                let more = std::iter::from_fn(|| queue.try_recv().ok());
                jobs.extend(more.take(BATCH_LIMIT));
            }
            last = jobs.len();
            for job in jobs.drain(..) {
                match job {
                    Job::Commit(commit) => batch.push(commit),
                    // Everything else comes after the commits that were asked for before it.
                    other => {
                        self.write(&mut batch);
                        if let Job::Close { reply } = other {
                            queue.close();
                            closing.push(reply);
                        } else {
                            self.serve(other);
                        }
                    }
                }
            }
            self.write(&mut batch);
        }
        if let Some(connection) = self.connection.take() {
            // Another process may still be reading the log; then it is moved another time.
            if let Err(error) = connection.query_row(statement::CHECKPOINT, [], |_| Ok(())) {
                tracing::debug!(%error, "the log was not moved into the file");
            }
        }
        for reply in closing {
            // Whoever asked may have gone.
            reply.send(()).ok();
        }
    }

    fn serve(&mut self, job: Job) {
        match job {
            Job::Commit(commit) => self.write(&mut vec![commit]),
            Job::Outcome { issuer, id, reply } => {
                let outcome = self.with_connection(|connection| {
                    connection
                        .prepare_cached(statement::HAS_EVENT)?
                        .exists(params![issuer.as_bytes(), id.as_bytes()])
                });
                let outcome = outcome.map(|there| {
                    if there {
                        Outcome::Committed
                    } else {
                        Outcome::Absent
                    }
                });
                drop(reply.send(outcome));
            }
            Job::Sweep { what, limit, reply } => {
                let swept = self.with_connection(|connection| sweep_step(connection, what, limit));
                drop(reply.send(swept));
            }
            Job::DataVersion { reply } => {
                let version = self.writes_again().and_then(|()| {
                    self.with_connection(|connection| {
                        connection
                            .prepare_cached(statement::DATA_VERSION)?
                            .query_row([], |row| row.get::<_, u32>(0))
                    })
                });
                // Each connection counts by itself, so a new one may not look like the old one.
                let openings = self.openings << u32::BITS;
                drop(reply.send(version.map(|version| openings | u64::from(version))));
            }
            #[cfg(feature = "testing")]
            Job::Tamper(change) => {
                if let Ok(connection) = self.open() {
                    change(connection);
                }
            }
            Job::Close { reply } => {
                reply.send(()).ok();
            }
        }
    }

    /// After commits that could not be written, whether one can be again. A node that says it is not ready gets no
    /// requests, so no commit would find out.
    fn writes_again(&mut self) -> Result<(), StoreError> {
        if self.failing {
            self.with_connection(|connection| run(connection, statement::RAISE_FENCE, []))?;
            self.failing = false;
        }
        Ok(())
    }

    /// Writes the batch and answers everybody in it.
    fn write(&mut self, batch: &mut Vec<CommitJob>) {
        if batch.is_empty() {
            return;
        }
        match self.transact(batch) {
            Ok(verdicts) => {
                self.failing = false;
                for (job, verdict) in batch.drain(..).zip(verdicts) {
                    if verdict.is_ok() {
                        job.wakes.iter().for_each(|id| self.waiters.wake(*id));
                    }
                    drop(job.reply.send(verdict));
                }
            }
            Err(failure) => {
                self.failing = true;
                for job in batch.drain(..) {
                    drop(job.reply.send(Err(failure.to_error())));
                }
            }
        }
    }

    /// Writes all or nothing durable. The verdicts are in the order of the batch.
    fn transact(&mut self, batch: &[CommitJob]) -> Result<Vec<Verdict>, Failure> {
        #[cfg(feature = "testing")]
        let fault = super::fault::next(&self.faults);
        let time = Arc::clone(&self.time);
        let connection = self.open()?;
        if let Err(error) = run(connection, statement::BEGIN, []) {
            return Err(self.abandon(&error));
        }
        let verdicts = match write_all(connection, batch, &time) {
            Ok(verdicts) => verdicts,
            Err(error) => return Err(self.abandon(&error)),
        };
        #[cfg(feature = "testing")]
        if let Some(fault) = fault {
            return self.fail_on_purpose(fault, batch.len());
        }
        match run(connection, statement::COMMIT, []) {
            Ok(_) => Ok(verdicts),
            Err(error) => Err(self.doubt(&error)),
        }
    }

    /// Gives up a transaction before its COMMIT: nothing of it was written.
    fn abandon(&mut self, error: &rusqlite::Error) -> Failure {
        tracing::warn!(%error, "a transaction was given up");
        let undone = self.connection.as_ref().is_some_and(|connection| {
            connection.is_autocommit() || run(connection, statement::ROLLBACK, []).is_ok()
        });
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) if undone => Failure::Full,
            Some(ErrorCode::DatabaseBusy) if undone => Failure::Unavailable(error.to_string()),
            _ => {
                // A closed connection undoes what it had begun.
                self.connection = None;
                match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => Failure::Full,
                    _ => Failure::Unavailable(error.to_string()),
                }
            }
        }
    }

    /// Judges a COMMIT that failed. Without space, or without the lock, nothing was written; after any other
    /// error the log may hold all of it.
    fn doubt(&mut self, error: &rusqlite::Error) -> Failure {
        let code = error.sqlite_error_code();
        if matches!(code, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy)) {
            return self.abandon(error);
        }
        tracing::error!(%error, "the outcome of a transaction is unknown");
        self.connection = None;
        self.unfenced = true;
        Failure::Unknown
    }

    /// The connection, opened again if it was lost. After an unknown outcome something else is written first: it
    /// takes the place in the log where the failed transaction lies, so that no recovery finds it any more.
    fn open(&mut self) -> Result<&Connection, Failure> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            self.openings += 1;
            file::writer(&self.path).map_err(|error| Failure::Unavailable(error.to_string()))?
        };
        if self.unfenced {
            // Outside a transaction of its own a statement commits by itself.
            run(&connection, statement::RAISE_FENCE, [])
                .map_err(|error| Failure::Unavailable(error.to_string()))?;
            self.unfenced = false;
        }
        Ok(self.connection.insert(connection))
    }

    fn with_connection<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.open().map_err(|failure| failure.to_error())?;
        match work(connection) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.abandon(&error).to_error()),
        }
    }

    #[cfg(feature = "testing")]
    fn fail_on_purpose(
        &mut self,
        fault: placet_core::testing::Fault,
        count: usize,
    ) -> Result<Vec<Verdict>, Failure> {
        use placet_core::testing::Fault;
        let connection = self.open()?;
        let sql = match fault {
            Fault::UnknownApplied => statement::COMMIT,
            Fault::UnknownLost | Fault::Unavailable | Fault::Conflict => statement::ROLLBACK,
        };
        if let Err(error) = run(connection, sql, []) {
            return Err(self.doubt(&error));
        }
        match fault {
            Fault::UnknownApplied | Fault::UnknownLost => {
                self.connection = None;
                self.unfenced = true;
                Err(Failure::Unknown)
            }
            Fault::Unavailable => Err(Failure::Unavailable("on purpose".to_owned())),
            Fault::Conflict => Ok((0..count).map(|_| Err(StoreError::Conflict)).collect()),
        }
    }
}

/// Writes the commits of a batch inside the transaction that was begun.
///
/// A savepoint makes the engine keep a copy of each page a commit touches. Nearly all commits hold, so they do
/// without; the rare batch with one that does not is written twice.
fn write_all(
    connection: &Connection,
    batch: &[CommitJob],
    time: &StoreTime,
) -> rusqlite::Result<Vec<Verdict>> {
    let too_late = |job: &CommitJob| job.before.is_some_and(|limit| time.now() >= limit);
    let mut verdicts = Vec::with_capacity(batch.len());
    for job in batch {
        if too_late(job) {
            verdicts.push(Err(StoreError::TooLate));
        } else if let Some(verdict) = apply(connection, job)? {
            verdicts.push(verdict);
        } else {
            break;
        }
    }
    if verdicts.len() == batch.len() {
        return Ok(verdicts);
    }
    run(connection, statement::ROLLBACK, [])?;
    run(connection, statement::BEGIN, [])?;
    let alone = |job| {
        if too_late(job) {
            Ok(Err(StoreError::TooLate))
        } else {
            apply_alone(connection, job)
        }
    };
    batch.iter().map(alone).collect()
}

impl Failure {
    fn to_error(&self) -> StoreError {
        match self {
            Self::Full => StoreError::Full,
            Self::Unavailable(why) => unavailable(why.clone()),
            Self::Unknown => StoreError::Unknown,
        }
    }
}

fn sweep_step(connection: &Connection, what: SweepStep, limit: usize) -> rusqlite::Result<usize> {
    match what {
        SweepStep::Ended { sql, now } => sweep::ended(connection, sql, now, limit),
        SweepStep::Events { before } => sweep::events(connection, before, limit),
    }
}
