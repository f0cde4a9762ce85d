//! One connection: what it is told when it opens, the statements it has prepared, and what the server says unasked.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Row, Statement, error::DbError};

use super::{dial::Heard, lineage::Descent, shape::Shape, statement::Param, together::Kind};

/// The most statements of commits kept on one connection. The verbs have about forty shapes; what is beyond is
/// prepared when it is needed.
const SHAPES: usize = 256;
/// A commit with more parts than this is rare and large; its statement is not kept.
const KEPT_PARTS: usize = 12;
/// The function of the server in which a commit waits for its standby.
const STANDBY_WAIT: &str = "SyncRepWaitForLSN";

/// Counts the notice that turns a success into a doubt: a commit stopped waiting for its standby, and the server
/// reports it as done although a fail-over may lose it.
fn note(notice: &DbError, doubts: &AtomicU64) {
    if notice.routine() == Some(STANDBY_WAIT) {
        tracing::error!(
            notice = notice.message(),
            "a commit did not wait for its standby"
        );
        doubts.fetch_add(1, Ordering::Release);
    } else {
        tracing::debug!(notice = notice.message(), "the database says");
    }
}

/// The statement that sets up a session for commits and reads.
pub(super) fn settle(statement_timeout: Duration) -> String {
    let timeout_ms = statement_timeout.as_millis();
    // A lock that is not to be had in half the time leaves the other half for the rest of the work.
    let lock_ms = timeout_ms / 2;
    let set = set(&format!(
        "('statement_timeout', '{timeout_ms}'), ('lock_timeout', '{lock_ms}'), \
         ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on'), \
         ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), \
         ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('jit', 'off')"
    ));
    format!(
        "{set} WHERE NOT (known.name = 'synchronous_commit' AND known.setting = 'remote_apply')"
    )
}

/// The statement that sets up a session for migrations. A node that is lost in the middle of one leaves a transaction
/// that holds the lock: the server ends it when nothing comes for the time of a statement, or when what it sends is
/// not received, rather than after the two hours of its own.
pub(super) fn settle_migration(statement_timeout: Duration, lock_wait: Duration) -> String {
    let (idle_ms, lock_ms) = (statement_timeout.as_millis(), lock_wait.as_millis());
    set(&format!(
        "('lock_timeout', '{lock_ms}'), ('idle_in_transaction_session_timeout', '{idle_ms}'), \
         ('tcp_user_timeout', '{idle_ms}'), ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '10'), \
         ('tcp_keepalives_count', '3')"
    ))
}

/// Sets these settings of a session. One that the server does not know is left out: engines that speak this protocol
/// differ in what they have.
fn set(values: &str) -> String {
    format!(
        "SELECT set_config(wanted.name, wanted.value, false) FROM (VALUES {values}) AS wanted (name, value) \
         JOIN pg_settings AS known ON known.name = wanted.name"
    )
}

/// A connection to the database. Dropping it ends it at once, whatever it was doing.
pub(super) struct Session {
    pub(super) client: Client,
    fixed: HashMap<&'static str, Statement>,
    shapes: HashMap<Shape, Statement>,
    kinds: HashMap<Kind, Statement>,
    doubts: Arc<AtomicU64>,
    pub(super) descent: Descent,
    /// Moves bytes between the client and the socket.
    _driver: JoinSet<()>,
}

impl Session {
    /// A session on a connection that was just made. What the server tells its listeners goes to `heard`.
    pub(super) fn new<S, T>(
        client: Client,
        mut connection: Connection<S, T>,
        heard: Option<Heard>,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let doubts = Arc::new(AtomicU64::new(0));
        let mut driver = JoinSet::new();
        let counted = Arc::clone(&doubts);
        driver.spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => note(&notice, &counted),
                    Ok(AsyncMessage::Notification(told)) => {
                        if let Some(heard) = &heard {
                            // Nobody listens any more when the store is closed.
                            drop(heard.send(told));
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a connection to the database ended");
                        return;
                    }
                }
            }
        });
        Self {
            client,
            fixed: HashMap::new(),
            shapes: HashMap::new(),
            kinds: HashMap::new(),
            doubts,
            descent: Descent::default(),
            _driver: driver,
        }
    }

    /// How many reasons there are to doubt what was reported as done on this connection: commits without their standby,
    /// and that the server turned out to be an old primary.
    pub(super) fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Acquire) + u64::from(self.descent.is_outdated())
    }

    /// Whether the connection is known to be gone, or leads to an old primary.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.descent.is_outdated()
    }

    /// Runs a fixed statement and gives its rows.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        let statement = if let Some(statement) = self.fixed.get(sql) {
            statement.clone()
        } else {
            let statement = self.client.prepare(sql).await?;
            self.fixed.insert(sql, statement.clone());
            statement
        };
        let params: Vec<_> = params.iter().map(Param::as_sql).collect();
        self.client.query(&statement, &params).await
    }

    /// The prepared statement of a commit of this shape.
    pub(super) async fn prepare(&mut self, shape: &Shape) -> Result<Statement, Error> {
        if let Some(statement) = self.shapes.get(shape) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&shape.sql()).await?;
        if shape.parts() <= KEPT_PARTS {
            if self.shapes.len() >= SHAPES {
                self.shapes.clear();
            }
            self.shapes.insert(shape.clone(), statement.clone());
        }
        Ok(statement)
    }

    /// The prepared statement of commits of this kind. There are not many kinds.
    pub(super) async fn prepare_together(&mut self, kind: &Kind) -> Result<Statement, Error> {
        if let Some(statement) = self.kinds.get(kind) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&kind.sql()).await?;
        self.kinds.insert(kind.clone(), statement.clone());
        Ok(statement)
    }
}
