//! The database as a whole, for whoever copies, fills or fences a store: a connection of its own, and the number of its
//! schema.

use std::time::Duration;

use placet_core::store::{Key, Record, StoreError, Table};
use tokio_postgres::Client;

use super::{
    OpenError, PostgresUrl, Settings,
    dial::Dial,
    judge,
    pool::Silent,
    row::{self, Encoded},
    schema,
    session::Session,
};

/// A copy takes as long as it takes; it may be of use to nobody before it is on disk.
const SETTLE: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET synchronous_commit = on; \
    SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = off; SET enable_bitmapscan = off";

/// A connection for work on everything at once.
pub(crate) struct Whole {
    session: Session,
}

impl Whole {
    /// Connects to a database whose schema is up to date.
    pub(crate) async fn connect(url: &PostgresUrl, settings: &Settings) -> Result<Self, OpenError> {
        let session = Dial::new(url, settings)?.open(&SETTLE.into(), None).await?;
        Ok(Self { session })
    }

    /// The connection.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.session.client
    }

    /// The newest migration the database has; 0 in an empty one.
    pub(crate) async fn schema(&mut self) -> Result<i64, OpenError> {
        schema::newest_in(&self.session.client).await
    }

    /// Whether the server ever said that a standby had not confirmed a commit of this connection.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.session.doubts() > 0
    }
}

/// The newest migration this release knows.
pub(crate) const fn schema_known() -> i64 {
    schema::KNOWN
}

/// The columns of `table` that repeat what its bodies name.
pub(crate) const fn links_of(table: Table) -> &'static [&'static str] {
    row::links_of(table)
}

/// What those columns hold for this record.
pub(crate) fn links(record: &Record) -> Vec<Option<Key>> {
    let encoded = Encoded::of(record);
    let columns = row::links_of(encoded.key.table).len();
    encoded.links.into_iter().take(columns).collect()
}

/// The server did not answer in this time.
pub(crate) fn silent(limit: Duration) -> StoreError {
    judge::unavailable(Silent(limit))
}

/// What an error says, as the whole of its chain.
pub(crate) fn told(error: &tokio_postgres::Error) -> StoreError {
    judge::of_read(error)
}
