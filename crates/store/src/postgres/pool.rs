//! The connections of a node: as many as the settings allow, opened when they are needed, given up when in doubt.

use std::time::Duration;

use deadpool::{
    Runtime,
    managed::{
        self, Manager, Metrics, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
    },
};
use placet_core::store::StoreError;
use tokio::time::timeout;
use tokio_postgres::{Error, Row};

use super::{
    OpenError, PostgresUrl, Settings,
    dial::Dial,
    gate::Gate,
    judge::{self, unavailable},
    race::Unreached,
    session::Session,
    statement::Param,
};

/// The connections.
pub(super) struct Pool {
    sessions: managed::Pool<Dialer>,
}

/// A connection on loan.
pub(super) type Loan = managed::Object<Dialer>;

/// Opens connections for the pool.
pub(super) struct Dialer {
    dial: Dial,
    gate: Gate,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Away {
    #[error("the database cannot be reached")]
    Recently,
    #[error(transparent)]
    Unreached(Unreached),
}

/// The time a request may take is over.
#[derive(Debug, thiserror::Error)]
#[error("the database did not answer in {} s", .0.as_secs())]
pub(super) struct Silent(pub(super) Duration);

impl Manager for Dialer {
    type Type = Session;
    type Error = Away;

    async fn create(&self) -> Result<Session, Away> {
        let pass = self.gate.enter().ok_or(Away::Recently)?;
        match self.dial.connect().await {
            Ok(session) => {
                pass.reached();
                Ok(session)
            }
            Err(unreached) => {
                tracing::warn!(%unreached, "no connection to the database");
                pass.failed();
                Err(Away::Unreached(unreached))
            }
        }
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<Away> {
        if session.is_closed() {
            self.dial.doubt();
            return Err(RecycleError::message("the connection ended"));
        }
        Ok(())
    }
}

impl Pool {
    pub(super) fn new(url: &PostgresUrl, settings: &Settings) -> Result<Self, OpenError> {
        let dialer = Dialer {
            dial: Dial::new(url, settings)?,
            gate: Gate::new(settings.connect_timeout),
        };
        let sessions = managed::Pool::builder(dialer)
            .max_size(settings.connections.max(1))
            .timeouts(Timeouts {
                wait: Some(settings.acquire_timeout),
                // Each host has its own time: a limit on all of them together would end before the second one's turn.
                create: None,
                recycle: None,
            })
            // The connection used last has its statements and its memory at hand; what is not needed stays idle.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is named, which is all that can be missing");
        Ok(Self { sessions })
    }

    /// How to reach the database apart from the pool.
    pub(super) fn dial(&self) -> &Dial {
        &self.sessions.manager().dial
    }

    /// Borrows a connection. While the database is away it says so at once.
    pub(super) async fn loan(&self) -> Result<Loan, StoreError> {
        self.sessions.get().await.map_err(|error| match error {
            PoolError::Backend(away) => unavailable(away),
            PoolError::Timeout(_) => {
                unavailable("no connection to the database became free in time")
            }
            PoolError::Closed => unavailable("the store is closed"),
            other => unavailable(other.to_string()),
        })
    }

    /// Runs a statement that reads, on another connection when the first one turns out to be gone.
    pub(super) async fn read(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let mut loan = self.loan().await?;
        match self.within(loan.query(sql, params)).await {
            Ok(Err(error)) if error.as_db_error().is_none() => {
                drop(managed::Object::take(loan));
                loan = self.loan().await?;
                let again = self.within(loan.query(sql, params)).await;
                self.settle(loan, again)
            }
            first => self.settle(loan, first),
        }
    }

    /// Runs a statement that writes, but no commit: doing it twice does no harm, so nobody asks whether it was done.
    pub(super) async fn write(
        &self,
        mut loan: Loan,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let doubts = loan.doubts();
        let answer = self.within(loan.query(sql, params)).await;
        if loan.doubts() != doubts {
            drop(managed::Object::take(loan));
            return Err(unavailable("a standby did not confirm"));
        }
        self.settle(loan, answer)
    }

    /// Waits for the answer to a request, at most as long as a request may take.
    pub(super) async fn within<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, Silent> {
        let limit = self.dial().limit;
        timeout(limit, request).await.map_err(|_| Silent(limit))
    }

    /// Judges the answer to a request that was no commit, and gives up the connection where that is due.
    pub(super) fn settle<T>(
        &self,
        loan: Loan,
        answer: Result<Result<T, Error>, Silent>,
    ) -> Result<T, StoreError> {
        match answer {
            // K7: what was read there may have been used or revoked elsewhere since.
            Ok(Ok(_)) if loan.descent.is_outdated() => {
                self.give_up(loan);
                Err(unavailable("the answer is that of an old primary"))
            }
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                self.give_up_after(loan, &error);
                Err(judge::of_read(&error))
            }
            Err(silent) => {
                self.give_up(loan);
                Err(unavailable(silent))
            }
        }
    }

    /// Ends a connection that is of no more use after this error, or gives it back.
    pub(super) fn give_up_after(&self, loan: Loan, error: &Error) {
        if judge::ends_connection(error) {
            self.give_up(loan);
        }
    }

    /// Ends a connection, and with it those that wait to be used: what befell one has befallen them too.
    pub(super) fn give_up(&self, loan: Loan) {
        drop(managed::Object::take(loan));
        self.dial().doubt();
        self.sessions.retain(|_, _| false);
    }

    /// Ends the connections that wait to be used and are of no more use, such as those to an old primary.
    pub(super) fn prune(&self) {
        self.sessions.retain(|session, _| !session.is_closed());
    }

    /// Ends all connections; nothing can be asked any more.
    pub(super) fn close(&self) {
        self.sessions.close();
    }
}
