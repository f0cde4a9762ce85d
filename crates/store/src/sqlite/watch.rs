//! The watch: one thread that finds what other processes wrote to requests somebody here waits for.
//!
//! It asks the writer whether anything was written elsewhere, which takes microseconds, and only then reads the
//! versions that are waited for, all of them in one go. Commits of this process wake their waiters by themselves.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc as signals},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{file, job::Job, reader};
use crate::waiters::Waiters;

/// How often it looks: half of the two seconds within which a waiter hears of a change made elsewhere.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The thread, and what it listens to until it ends. Dropping it ends and joins it.
pub(super) struct Watch(Mutex<Option<(signals::Sender<()>, JoinHandle<()>)>>);

impl Watch {
    /// Starts to watch the file at `path` for `waiters`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start(
        path: PathBuf,
        waiters: Arc<Waiters>,
        queue: mpsc::WeakSender<Job>,
    ) -> io::Result<Self> {
        let (stop, stopped) = signals::channel();
        let mut eye = Eye {
            path,
            waiters,
            queue,
            connection: None,
            known: None,
            blind: false,
        };
        let thread = thread::Builder::new()
            .name("store-watch".to_owned())
            .spawn(move || {
                while let Err(signals::RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY)
                {
                    eye.look();
                }
            })?;
        Ok(Self(Mutex::new(Some((stop, thread)))))
    }

    /// Ends the thread and waits for it. Its connection is closed afterwards.
    pub(super) fn end(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the watching thread panicked");
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

struct Eye {
    path: PathBuf,
    waiters: Arc<Waiters>,
    queue: mpsc::WeakSender<Job>,
    /// Absent until somebody waits, and after a failure.
    connection: Option<Connection>,
    /// What the writer said when everybody was last found up to date. Absent: everybody is to be looked at.
    known: Option<u64>,
    /// Whether the last look failed, which is told once and not every second.
    blind: bool,
}

impl Eye {
    fn look(&mut self) {
        if self.waiters.len() == 0 {
            // Whoever comes reads for itself first, but may do so before the next look learns of a change.
            self.known = None;
            return;
        }
        let version = self.data_version();
        if version.is_some() && version == self.known {
            return;
        }
        match self.wake_those_behind() {
            Ok(()) => {
                if std::mem::take(&mut self.blind) {
                    tracing::info!("what others write can be read again");
                }
                // Taken before the reads: what is written meanwhile is looked at again.
                self.known = version;
            }
            // A waiter stays until its own time; a store that comes back finds it here.
            Err(error) => {
                if !std::mem::replace(&mut self.blind, true) {
                    tracing::warn!(%error, "what others write cannot be read");
                }
                self.known = None;
                self.connection = None;
            }
        }
    }

    /// A number that changes when another process wrote. `None` when the writer does not say.
    fn data_version(&self) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.upgrade()?;
        queue.blocking_send(Job::DataVersion { reply }).ok()?;
        answer.blocking_recv().ok()?.ok()
    }

    fn wake_those_behind(&mut self) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => file::reader(&self.path)?,
        };
        for (issuer, id, seen) in self.waiters.waited_for() {
            // One that is gone has something to tell too.
            if reader::pending_version(&connection, issuer, id)?.is_none_or(|found| found > seen) {
                self.waiters.wake(id);
            }
        }
        self.connection = Some(connection);
        Ok(())
    }
}
