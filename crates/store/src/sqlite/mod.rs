//! A store in one SQLite file: a writer thread, connections that read, and waiters in memory.

mod apply;
#[cfg(feature = "testing")]
mod fault;
mod file;
mod job;
mod reader;
mod schema;
mod statement;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
pub(crate) mod time;
mod watch;
mod whole;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use placet_core::{
    store::StoreError,
    time::{Clock, Timestamp},
};
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::whole::{connect_to_read, connect_to_write, finish, schema_known, schema_of};
use self::{
    job::{Job, Reply},
    reader::Readers,
    time::StoreTime,
    watch::Watch,
    writer::{BATCH_LIMIT, Writer},
};
use crate::waiters::Waiters;

/// How many jobs may wait for the writer; further callers wait for room.
const QUEUE_LIMIT: usize = 2 * BATCH_LIMIT;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made or reached.
    #[error("cannot open the database file {}: {source}", path.display())]
    File {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is a database of something else.
    #[error("the file is not a Placet database")]
    Foreign,
    /// A newer release made or migrated it.
    #[error(
        "the database has schema {found}, this release knows up to {known}: use the newer release"
    )]
    Newer {
        /// The newest migration in the file.
        found: i64,
        /// The newest this release knows.
        known: i64,
    },
    /// A migration in it is not the one of that number here.
    #[error("migration {number} of the database is not the one this release knows by that number")]
    Altered {
        /// Its number.
        number: i64,
    },
    /// The engine failed.
    #[error("SQLite: {0}")]
    Engine(#[from] rusqlite::Error),
    /// A thread of the store could not be started.
    #[error("cannot start a thread of the store: {0}")]
    Thread(io::Error),
}

/// A store in one SQLite file. Dropping the last reference finishes what is queued.
pub struct SqliteStore {
    /// Absent only while it is dropped.
    queue: Option<mpsc::Sender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
    waiters: Arc<Waiters>,
    watch: Watch,
    time: Arc<StoreTime>,
    #[cfg(feature = "testing")]
    faults: fault::Faults,
}

impl SqliteStore {
    /// Opens the store in the file at `path`, making it when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`]: the file cannot be used, is not Placet's, or is a newer release's.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let file_error = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        let file = file::prepare(path)?;
        let mut connection = file::writer(&file)?;
        if schema::migrate(&mut connection)? {
            file::sync_directory(&file).map_err(file_error)?;
        }
        let time = Arc::new(StoreTime::new(clock));
        let waiters = Arc::new(Waiters::default());
        #[cfg(feature = "testing")]
        let faults = fault::Faults::default();
        let writer = Writer {
            path: file.clone(),
            connection: Some(connection),
            openings: 1,
            unfenced: false,
            failing: false,
            time: Arc::clone(&time),
            waiters: Arc::clone(&waiters),
            #[cfg(feature = "testing")]
            faults: Arc::clone(&faults),
        };
        let (queue, jobs) = mpsc::channel(QUEUE_LIMIT);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(jobs))
            .map_err(OpenError::Thread)?;
        let watch = Watch::start(file.clone(), Arc::clone(&waiters), queue.downgrade())
            .map_err(OpenError::Thread)?;
        Ok(Self {
            queue: Some(queue),
            thread: Mutex::new(Some(thread)),
            readers: Readers::new(&file),
            waiters,
            watch,
            time,
            #[cfg(feature = "testing")]
            faults,
        })
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        self.readers.path()
    }

    /// A number that changes when another process has written to the file, so that caches can be dropped. It
    /// does not change by what this store writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be read.
    pub async fn data_version(&self) -> Result<u64, StoreError> {
        self.ask(|reply| Job::DataVersion { reply }).await
    }

    /// The time of the event that was written last, whatever its time is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be read.
    pub fn newest_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.newest_event_at()
    }

    /// Finishes what is queued, moves the log into the file and ends the writer. Whatever is asked afterwards is
    /// [`StoreError::Unavailable`]; reads still work.
    pub async fn close(&self) {
        self.watch.end();
        let (reply, closed) = oneshot::channel();
        if self.send(Job::Close { reply }).await.is_ok() {
            // Without an answer the writer has ended already.
            drop(closed.await);
        }
        self.join();
    }

    /// Asks the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(job(reply)).await?;
        // The writer answers everything it took; if it did not, it died with the job in its hands.
        answer.await.unwrap_or(Err(StoreError::Unknown))
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) => queue.send(job).await.map_err(|_| unavailable(Closed)),
            None => Err(unavailable(Closed)),
        }
    }

    fn join(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The writer ends once nobody can ask it any more and the queue is empty. Whoever reads closes first, so that
        // its last connection can move the log into the file.
        self.watch.end();
        self.queue = None;
        self.readers.close();
        self.join();
    }
}

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct Closed;

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable {
        source: source.into(),
    }
}

#[cfg(feature = "testing")]
impl SqliteStore {
    /// Makes the next transaction of the writer fail in this way; several wait their turn.
    pub fn fail_next(&self, fault: placet_core::testing::Fault) {
        fault::push(&self.faults, fault);
    }

    /// Runs `change` on the writer's connection, between two transactions.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be opened.
    pub async fn tamper<T: Send + 'static>(
        &self,
        change: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, done) = oneshot::channel();
        self.send(Job::Tamper(Box::new(move |connection| {
            drop(reply.send(change(connection)));
        })))
        .await?;
        done.await.map_err(unavailable)
    }

    /// How many wait for a request to change.
    pub fn waited_for(&self) -> usize {
        self.waiters.len()
    }
}
