//! Committing together: commits that do the same things and come at the same moment are one statement.
//!
//! 1. A commit that comes alone is a statement of its own, at once ([`super::commit`]).
//! 2. Those that come meanwhile gather by what they do ([`super::lane`]), and become one statement
//!    ([`super::together`]): one round trip, one transaction, one flush. Two that touch the same row never share one.
//! 3. When it is done, all are told so. When the server says that it was undone, because one of them does not hold,
//!    each is tried again alone and judged by itself. When nobody can say, each is told so, and each asks for its own
//!    outcome: its event was in the statement, so that what became of one became of all.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use placet_core::store::{Key, StoreError};
use tokio::sync::oneshot;

use super::{
    commit::{Ready, Scribe},
    fold::Part,
    judge::{self, unavailable},
    lane::{Carrier, Lane, Told},
    pool::Loan,
    statement::Param,
    together::Kind,
};

/// The most kinds that gather. The verbs have about forty; what is beyond goes alone.
const KINDS: usize = 128;

/// The lanes of all kinds of commits.
pub(super) struct Groups {
    pub(super) scribe: Arc<Scribe>,
    /// How long somebody waits to be taken along.
    limit: Duration,
    lanes: Mutex<HashMap<Kind, Arc<Lane<Group>>>>,
}

/// Carries commits of one kind.
struct Group {
    scribe: Arc<Scribe>,
    kind: Kind,
    /// Whether the database does not take such statements.
    refused: AtomicBool,
}

/// One commit, and who waits for its end.
struct Member {
    ready: Box<Ready>,
    told: oneshot::Sender<Verdict>,
}

/// What a commit that went with others came to.
enum Verdict {
    /// This is told.
    Done(Result<(), StoreError>),
    /// It is to go alone; nothing of it was written.
    Alone(Box<Ready>),
}

impl Groups {
    pub(super) fn new(scribe: Arc<Scribe>, limit: Duration) -> Self {
        Self {
            scribe,
            limit,
            lanes: Mutex::default(),
        }
    }

    /// Commits, with others where others come at the same moment.
    pub(super) async fn commit(&self, ready: Ready) -> Result<(), StoreError> {
        let Some(lane) = self.lane(&ready) else {
            return self.scribe.alone(ready).await;
        };
        if let Some(_pass) = lane.alone() {
            return self.scribe.alone(ready).await;
        }
        let (told, verdict) = oneshot::channel();
        let ready = Box::new(ready);
        let verdict = lane.with_others(Member { ready, told }, verdict, self.limit);
        match verdict.await {
            Told::Answer(Verdict::Done(told)) => told,
            Told::Answer(Verdict::Alone(ready)) => self.scribe.alone(*ready).await,
            Told::Lost => Err(StoreError::Unknown),
            Told::Left => Err(unavailable("the database did not answer others in time")),
        }
    }

    fn lane(&self, ready: &Ready) -> Option<Arc<Lane<Group>>> {
        let kind = Kind::of(&ready.parts)?;
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&kind) {
            let refused = lane.carrier().refused.load(Ordering::Relaxed);
            return (!refused).then(|| Arc::clone(lane));
        }
        (lanes.len() < KINDS).then(|| {
            let lane = Lane::new(Group {
                scribe: Arc::clone(&self.scribe),
                kind: kind.clone(),
                refused: AtomicBool::new(false),
            });
            lanes.insert(kind, Arc::clone(&lane));
            lane
        })
    }
}

impl Carrier for Group {
    type Job = Member;

    async fn carry(&self, mut batch: Vec<Member>) {
        // Nobody waits for it, and nothing of it was sent.
        batch.retain(|member| !member.told.is_closed());
        let apart = apart(&mut batch);
        if batch.len() == 1 {
            for member in batch {
                let told = self.scribe.alone(*member.ready).await;
                drop(member.told.send(Verdict::Done(told)));
            }
        } else if !batch.is_empty() {
            self.carry_together(batch).await;
        }
        for member in apart {
            drop(member.told.send(Verdict::Alone(member.ready)));
        }
    }
}

/// Takes out of a batch whoever touches a row of one before it in a way that cannot be done in one statement.
fn apart(batch: &mut Vec<Member>) -> Vec<Member> {
    let (mut written, mut read) = (HashSet::new(), HashSet::new());
    let (mut spent, mut events) = (HashSet::new(), HashSet::new());
    let clashes = |member: &mut Member| {
        let ready = &member.ready;
        let row = |key: &Key| (ready.issuer, *key);
        let taken = |part: &Part| match part {
            Part::Insert { row: of, .. } | Part::Update { row: of, .. } => {
                written.contains(&row(&of.key)) || read.contains(&row(&of.key))
            }
            Part::Require { key, .. } | Part::Delete { key, .. } | Part::Absent { key } => {
                written.contains(&row(key))
            }
            Part::Spend { value, .. } => spent.contains(&(ready.issuer, *value)),
            Part::Revise { .. } | Part::Revive { .. } => false,
        };
        if events.contains(&(ready.issuer, ready.id)) || ready.parts.iter().any(taken) {
            return true;
        }
        events.insert((ready.issuer, ready.id));
        for part in &ready.parts {
            match part {
                Part::Insert { row: of, .. } | Part::Update { row: of, .. } => {
                    written.insert(row(&of.key));
                }
                Part::Require { key, .. } | Part::Delete { key, .. } | Part::Absent { key } => {
                    read.insert(row(key));
                }
                Part::Spend { value, .. } => {
                    spent.insert((ready.issuer, *value));
                }
                Part::Revise { .. } | Part::Revive { .. } => {}
            }
        }
        false
    };
    batch.extract_if(.., clashes).collect()
}

impl Group {
    /// Sends the statement of a batch, and tells each of its members what came of it.
    async fn carry_together(&self, mut batch: Vec<Member>) {
        let pool = &self.scribe.pool;
        let mut loan = match pool.loan().await {
            Ok(loan) => loan,
            Err(error) => return tell(batch, || Err(judge::repeated(&error))),
        };
        let prepared = match pool.within(loan.prepare_together(&self.kind)).await {
            Ok(Ok(statement)) => statement,
            Ok(Err(error)) if error.as_db_error().is_some() => {
                self.refuse(&error);
                pool.give_up_after(loan, &error);
                return let_go(batch);
            }
            failed => {
                let failed = pool.settle(loan, failed).map(drop);
                let error = failed.err().unwrap_or_else(|| unavailable("no statement"));
                return tell(batch, || Err(judge::repeated(&error)));
            }
        };
        let late = batch.extract_if(.., |member| !self.scribe.in_time(&member.ready));
        tell(late.collect(), || Err(StoreError::TooLate));
        let doubts = loan.doubts();
        let sent = {
            let commits: Vec<&Ready> = batch.iter().map(|member| &*member.ready).collect();
            let values = self.kind.values(&commits);
            let values: Vec<_> = values.iter().map(Param::as_sql).collect();
            pool.within(loan.client.execute(&prepared, &values)).await
        };
        match sent {
            Ok(Ok(_)) if loan.doubts() == doubts => {
                drop(loan);
                for member in &batch {
                    self.scribe.bell.ring(&member.ready.woken);
                }
                tell(batch, || Ok(()));
            }
            Ok(Ok(_)) => self.doubt(loan, batch, "their standby did not confirm"),
            Ok(Err(error)) if judge::is_undone(&error) => {
                pool.give_up_after(loan, &error);
                if judge::is_of_the_server(&error) {
                    let told = judge::of_read(&error);
                    return tell(batch, || Err(judge::repeated(&told)));
                }
                tracing::debug!(%error, count = batch.len(), "commits that went together go alone");
                if judge::is_not_understood(&error) {
                    self.refuse(&error);
                }
                let_go(batch);
            }
            Ok(Err(error)) => self.doubt(loan, batch, &error),
            Err(silent) => self.doubt(loan, batch, silent),
        }
    }

    /// Gives up the connection on which commits were lost.
    fn doubt(&self, loan: Loan, batch: Vec<Member>, why: impl std::fmt::Display) {
        tracing::warn!(%why, count = batch.len(), "the outcome of commits is unknown");
        self.scribe.pool.give_up(loan);
        tell(batch, || Err(StoreError::Unknown));
    }

    /// Does without such statements from here on.
    fn refuse(&self, error: &tokio_postgres::Error) {
        if !self.refused.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the database does not take several commits at once; each goes alone");
        }
    }
}

fn tell(batch: Vec<Member>, told: impl Fn() -> Result<(), StoreError>) {
    for member in batch {
        // Whoever went away is told nothing; what was done stays done.
        drop(member.told.send(Verdict::Done(told())));
    }
}

/// Lets each go alone, on its own task.
fn let_go(batch: Vec<Member>) {
    for member in batch {
        drop(member.told.send(Verdict::Alone(member.ready)));
    }
}
