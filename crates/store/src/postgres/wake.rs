//! Waking: a commit tells the waiters of its own node by itself; this tells the others, and makes up for what is lost.
//!
//! 1. The herald has a connection of its own. It listens there, and sends what its node has to tell, as much at a time
//!    as has gathered: a NOTIFY takes a lock that all others want, so it never goes with a commit.
//! 2. What it hears wakes the waiters of that request.
//! 3. Notifications are hints. They are lost while the connection is, and some engines have none, so that all waiters
//!    are looked after together every second, and at once when the connection is back. That is asked on a connection
//!    apart too: those of the pool may all be at work for longer than a waiter is to wait.

use std::{sync::Arc, time::Duration};

use placet_core::{
    id::Id,
    issuer::Issuer,
    pending::PendingRequest,
    store::{StoreError, Version},
};
use tokio::{
    sync::{Notify, mpsc},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_postgres::{Notification, Row};

use super::{
    gate::delay,
    judge::unavailable,
    pool::Pool,
    race::Unreached,
    session::Session,
    statement::{self, Param},
};
use crate::waiters::Waiters;

/// How often the waiters are looked after: half of the two seconds within which a waiter hears of a change elsewhere.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many waiters are looked after by one statement.
const LOOK_AT: usize = 2_000;
/// How many requests one notification names: 32 digits each, of the 8000 bytes it may have.
const NAMES: usize = 200;
/// How many requests may wait to be told. What is beyond is found by the other nodes themselves.
const UNTOLD: usize = 16_384;
/// What the herald's connection is told. A notification writes nothing that has to last, so it does not wait for a
/// disk.
const LISTEN: &str = "SET synchronous_commit = off; LISTEN placet_wake";
/// How often a connection is looked at that may have turned out to lead to an old primary.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// After so many looks its server is asked whether it is still there.
const CHECKS: u32 = 30;

/// Where commits leave what other nodes are to hear.
pub(super) struct Herald(mpsc::Sender<Id<PendingRequest>>);

/// What a commit that is done rings: for the waiters of its own node, and for other nodes.
pub(super) struct Bell {
    pub(super) waiters: Arc<Waiters>,
    pub(super) herald: Herald,
}

/// What the herald's task works with.
pub(super) struct Rounds {
    pool: Arc<Pool>,
    waiters: Arc<Waiters>,
    untold: mpsc::Receiver<Id<PendingRequest>>,
    missed: Arc<Notify>,
}

impl Herald {
    /// A herald, and the task that does its work.
    pub(super) fn new(
        pool: Arc<Pool>,
        waiters: Arc<Waiters>,
        missed: Arc<Notify>,
    ) -> (Self, Rounds) {
        let (told, untold) = mpsc::channel(UNTOLD);
        let rounds = Rounds {
            pool,
            waiters,
            untold,
            missed,
        };
        (Self(told), rounds)
    }

    /// Lets other nodes know that a request changed.
    fn tell(&self, id: Id<PendingRequest>) {
        if self.0.try_send(id).is_err() {
            tracing::debug!("a change is left to the other nodes to find");
        }
    }
}

impl Bell {
    /// Wakes whoever waits for one of these requests.
    pub(super) fn ring(&self, changed: &[Id<PendingRequest>]) {
        for id in changed {
            self.waiters.wake(*id);
            self.herald.tell(*id);
        }
    }
}

impl Rounds {
    /// Tells and listens until the store is closed.
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        loop {
            match self.listen().await {
                Ok((mut session, mut heard)) => {
                    failures = 0;
                    // What was said while nobody listened is not said again.
                    self.missed.notify_one();
                    if self.converse(&mut session, &mut heard).await {
                        return;
                    }
                    self.pool.dial().doubt();
                    tracing::debug!("the connection for notifications ended");
                }
                Err(error) => tracing::debug!(%error, "no connection for notifications"),
            }
            sleep(delay(failures)).await;
            failures = failures.saturating_add(1);
        }
    }

    async fn listen(&self) -> Result<(Session, mpsc::UnboundedReceiver<Notification>), Unreached> {
        let (tell, heard) = mpsc::unbounded_channel();
        let session = self.pool.dial().open(&LISTEN.into(), Some(&tell)).await?;
        Ok((session, heard))
    }

    /// Tells and listens on one connection. Returns whether the store was closed, rather than the connection.
    async fn converse(
        &mut self,
        session: &mut Session,
        heard: &mut mpsc::UnboundedReceiver<Notification>,
    ) -> bool {
        let mut ids = Vec::new();
        let mut check = interval(CHECK_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checks: u32 = 0;
        loop {
            tokio::select! {
                said = heard.recv() => match said {
                    Some(said) => self.hear(&said),
                    None => return false,
                },
                count = self.untold.recv_many(&mut ids, NAMES) => {
                    if count == 0 {
                        return true;
                    }
                    if self.say(session, &ids).await.is_err() {
                        return false;
                    }
                    ids.clear();
                }
                _ = check.tick() => {
                    checks = (checks + 1) % CHECKS;
                    if session.is_closed() || (checks == 0 && !self.is_there(session).await) {
                        return false;
                    }
                }
            }
        }
    }

    async fn is_there(&self, session: &mut Session) -> bool {
        let probe = session.query(statement::CLOCK, &[]);
        matches!(timeout(self.pool.dial().limit, probe).await, Ok(Ok(_)))
    }

    async fn say(
        &self,
        session: &mut Session,
        ids: &[Id<PendingRequest>],
    ) -> Result<(), StoreError> {
        let names: String = ids.iter().map(name).collect();
        let params = [Param::Text(&names)];
        timeout(
            self.pool.dial().limit,
            session.query(statement::NOTIFY, &params),
        )
        .await
        .map_err(unavailable)?
        .map(drop)
        .map_err(unavailable)
    }

    fn hear(&self, said: &Notification) {
        let names = said.payload().as_bytes().chunks_exact(32);
        for id in names.filter_map(named) {
            self.waiters.wake(id);
        }
    }
}

/// A request as a notification names it.
fn name(id: &Id<PendingRequest>) -> String {
    use std::fmt::Write as _;
    id.as_bytes().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes every write");
        text
    })
}

/// Reads back what [`name`] wrote.
fn named(digits: &[u8]) -> Option<Id<PendingRequest>> {
    let number = u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(Id::from_bytes(number.to_be_bytes()))
}

/// Looks after the waiters until the store is closed.
pub(super) async fn look_after(pool: Arc<Pool>, waiters: Arc<Waiters>, missed: Arc<Notify>) {
    let mut own: Option<Session> = None;
    loop {
        // Its time, or what was missed: either way all are looked after.
        drop(timeout(LOOK_EVERY, missed.notified()).await);
        // K7: nothing stays connected to an old primary, used or not.
        own = own.filter(|session| !session.is_closed());
        pool.prune();
        for some in waiters.waited_for().chunks(LOOK_AT) {
            match moved(&pool, &mut own, some).await {
                Ok(found) => found
                    .into_iter()
                    .for_each(|(id, version)| waiters.tell(id, version)),
                Err(error) => {
                    tracing::debug!(%error, "the waiters could not be looked after");
                    break;
                }
            }
        }
    }
}

/// Of the requests somebody waits for, those that moved on, with their version, or are gone.
async fn moved(
    pool: &Pool,
    own: &mut Option<Session>,
    waited_for: &[(Id<Issuer>, Id<PendingRequest>, Version)],
) -> Result<Vec<(Id<PendingRequest>, Option<Version>)>, StoreError> {
    let params = [
        Param::ManyBytes(
            waited_for
                .iter()
                .map(|(issuer, _, _)| Some(issuer.as_bytes().as_slice()))
                .collect(),
        ),
        Param::ManyBytes(
            waited_for
                .iter()
                .map(|(_, id, _)| Some(id.as_bytes().as_slice()))
                .collect(),
        ),
        Param::ManyNumbers(
            waited_for
                .iter()
                .map(|(_, _, seen)| Some(i64::try_from(*seen).unwrap_or(i64::MAX)))
                .collect(),
        ),
    ];
    let rows = match ask(pool, own, &params).await {
        Ok(rows) => rows,
        // A server without a place for one more connection may have one of the pool to spare.
        Err(error) => {
            tracing::debug!(%error, "the waiters are looked after on a connection of the pool");
            pool.read(statement::MOVED, &params).await?
        }
    };
    let found = rows.iter().map(|row| {
        let key: &[u8] = row.try_get(0).map_err(unavailable)?;
        let bytes = <[u8; 16]>::try_from(key).map_err(unavailable)?;
        let version: Option<i64> = row.try_get(1).map_err(unavailable)?;
        Ok((Id::from_bytes(bytes), version.map(i64::unsigned_abs)))
    });
    found.collect()
}

/// Asks on the connection that is kept for this, which is opened again when it is gone.
async fn ask(
    pool: &Pool,
    own: &mut Option<Session>,
    params: &[Param<'_>],
) -> Result<Vec<Row>, StoreError> {
    let mut session = match own.take() {
        Some(session) => session,
        None => pool.dial().connect().await.map_err(unavailable)?,
    };
    let answer = pool.within(session.query(statement::MOVED, params)).await;
    let rows = answer.map_err(unavailable)?.map_err(unavailable)?;
    // Only one that has answered is asked again.
    *own = Some(session);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_request_and_nonsense_to_none() {
        let id = Id::from_bytes(*b"\x00\x01request\xff\xfe\x7f 123");
        assert_eq!(named(name(&id).as_bytes()), Some(id));
        assert_eq!(named(b"not thirty-two digits, but bytes"), None);
        assert!(name(&id).len() * NAMES < 8_000);
    }
}
