//! What is asked of the writer: commits, ready to be written, and the few other things only it may do.

use placet_core::{
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::PendingRequest,
    store::{Change, Commit, Expect, Key, Outcome, StoreError, Version},
    time::Timestamp,
};
use tokio::sync::oneshot;

/// Where an answer goes. Nobody may be there any more; the work is done all the same.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Room for most events, so that writing one need not move it to a larger place.
const EVENT_BYTES: usize = 512;

/// One thing for the writer to do.
pub(super) enum Job {
    Commit(CommitJob),
    Outcome {
        issuer: Id<Issuer>,
        id: Id<Event>,
        reply: Reply<Outcome>,
    },
    Sweep {
        what: SweepStep,
        limit: usize,
        reply: Reply<usize>,
    },
    DataVersion {
        reply: Reply<u64>,
    },
    /// Runs on the writer's connection, outside any transaction.
    #[cfg(feature = "testing")]
    Tamper(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
    /// Finishes what is queued, then ends.
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// One bounded deletion.
#[derive(Debug, Clone, Copy)]
pub(super) enum SweepStep {
    /// By a statement that takes the time and a limit.
    Ended { sql: &'static str, now: Timestamp },
    /// Events from before a time.
    Events { before: Timestamp },
}

/// A commit, encoded on its caller's thread, and where its outcome goes.
pub(super) struct CommitJob {
    pub(super) issuer: Id<Issuer>,
    pub(super) event: EventRow,
    pub(super) before: Option<Timestamp>,
    pub(super) steps: Vec<Step>,
    pub(super) wakes: Vec<Id<PendingRequest>>,
    pub(super) reply: Reply<()>,
}

pub(super) struct EventRow {
    pub(super) id: Id<Event>,
    pub(super) at: Timestamp,
    pub(super) body: String,
}

/// One change, encoded.
pub(super) enum Step {
    Put {
        key: Key,
        expect: Expect,
        keep_until: Option<i64>,
        owner: Option<[u8; 16]>,
        body: String,
    },
    Require {
        key: Key,
        version: Version,
    },
    Delete {
        key: Key,
        version: Version,
    },
    Spend {
        value: [u8; 32],
        keep_until: i64,
    },
}

impl CommitJob {
    pub(super) fn new(commit: Commit, reply: Reply<()>) -> Self {
        let wakes = commit.woken().collect();
        let mut body = Vec::with_capacity(EVENT_BYTES);
        serde_json::to_writer(&mut body, &commit.event)
            .expect("an event has text keys and finite numbers, so it always serialises");
        Self {
            issuer: commit.issuer,
            event: EventRow {
                id: commit.event.id,
                at: commit.event.at,
                body: String::from_utf8(body).expect("JSON is UTF-8"),
            },
            before: commit.before,
            steps: commit.changes.into_iter().map(Step::from).collect(),
            wakes,
            reply,
        }
    }
}

impl From<Change> for Step {
    fn from(change: Change) -> Self {
        match change {
            Change::Put { expect, record } => Self::Put {
                key: record.key(),
                expect,
                keep_until: record.keep_until().map(Timestamp::as_millis),
                owner: record.owner(),
                body: String::from_utf8(record.encode()).expect("JSON is UTF-8"),
            },
            Change::Require { key, version } => Self::Require { key, version },
            Change::Delete { key, version } => Self::Delete { key, version },
            Change::Spend { value, keep_until } => Self::Spend {
                value: *value.as_bytes(),
                keep_until: keep_until.as_millis(),
            },
        }
    }
}
