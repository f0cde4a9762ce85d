//! The fence around a store whose records are going elsewhere: nothing is written any more, by whatever server runs.
//!
//! The database itself refuses: every commit appends an event, and the fence is a rule of the table of events that lets
//! none in. So it binds servers that run already, those of older releases, and those that start later, and costs nothing
//! while it is not there. Reads go on; a server of this release stops answering once it has seen the fence.

use serde::{Deserialize, Serialize};

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The records are being copied; the copy is not complete, or nobody has said so yet.
    Copying,
    /// The records are there.
    Complete,
}

impl Stage {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Complete => "complete",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        if word == "complete" {
            Self::Complete
        } else {
            Self::Copying
        }
    }
}

/// Where the records of a fenced store went, or are going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The other store's URL, without its password.
    pub target: String,
    /// How far the move has come.
    pub stage: Stage,
}

impl std::fmt::Display for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let target = &self.target;
        match self.stage {
            Stage::Complete => write!(
                f,
                "the records of this store were moved to {target}; set database_url to it"
            ),
            Stage::Copying => write!(
                f,
                "the records of this store are being moved to {target}; if that was interrupted, run `placet move --to` \
                 with it again, or `placet move --undo` to go on with this store"
            ),
        }
    }
}

/// The fence of a SQLite file.
pub(super) mod sqlite {
    use std::path::Path;

    use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

    use super::{super::ArchiveError, Fence, Stage};
    use crate::sqlite::connect_to_write;

    const RAISE: &str = "
        CREATE TABLE IF NOT EXISTS moved (
          id INTEGER PRIMARY KEY CHECK (id = 1), target TEXT NOT NULL, stage TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER IF NOT EXISTS moved BEFORE INSERT ON event BEGIN
          SELECT RAISE(ABORT, 'the records of this store are being moved');
        END;";
    const WRITE: &str = "INSERT INTO moved (id, target, stage) VALUES (1, ?1, ?2) \
        ON CONFLICT (id) DO UPDATE SET target = excluded.target, stage = excluded.stage";
    const LOWER: &str = "DROP TRIGGER IF EXISTS moved; DROP TABLE IF EXISTS moved;";
    const IS_THERE: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'";
    const READ: &str = "SELECT target, stage FROM moved WHERE id = 1";

    /// Raises the fence, or says more about one that stands. Once it returned nothing more is written, since it waits
    /// for the writer's lock like any other writer.
    pub(in super::super) fn raise(path: &Path, fence: &Fence) -> Result<(), ArchiveError> {
        change(path, |connection| {
            connection.execute_batch(RAISE)?;
            connection.execute(WRITE, params![fence.target, fence.stage.word()])?;
            Ok(())
        })
    }

    /// Takes the fence away.
    pub(in super::super) fn lower(path: &Path) -> Result<(), ArchiveError> {
        change(path, |connection| connection.execute_batch(LOWER))
    }

    pub(in super::super) fn read(connection: &Connection) -> rusqlite::Result<Option<Fence>> {
        if connection
            .query_row(IS_THERE, [], |_| Ok(()))
            .optional()?
            .is_none()
        {
            return Ok(None);
        }
        connection
            .query_row(READ, [], |row| {
                Ok(Fence {
                    target: row.get(0)?,
                    stage: Stage::of(&row.get::<_, String>(1)?),
                })
            })
            .optional()
    }

    fn change(
        path: &Path,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), ArchiveError> {
        let mut connection = connect_to_write(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        change(&transaction)?;
        transaction.commit()?;
        Ok(())
    }
}

/// The fence of a PostgreSQL database.
pub(super) mod postgres {
    use tokio::time::timeout;
    use tokio_postgres::Client;

    use super::{super::ArchiveError, Fence, Stage};
    use crate::postgres::{PostgresUrl, Settings, Whole, silent};

    /// The rule waits for the commits that are under way, like any other change of the table. Existing rows are not
    /// looked at. Nodes are told by the count they compare.
    const RAISE: &str = "
        CREATE TABLE IF NOT EXISTS moved (
          id bigint PRIMARY KEY CHECK (id = 1), target text NOT NULL, stage text NOT NULL
        );
        ALTER TABLE event DROP CONSTRAINT IF EXISTS moved;
        ALTER TABLE event ADD CONSTRAINT moved CHECK (false) NOT VALID;
        UPDATE revision SET number = number + 1 WHERE slot = 0;";
    const WRITE: &str = "INSERT INTO moved (id, target, stage) VALUES (1, $1, $2) \
        ON CONFLICT (id) DO UPDATE SET target = excluded.target, stage = excluded.stage";
    const LOWER: &str = "
        ALTER TABLE event DROP CONSTRAINT IF EXISTS moved;
        DROP TABLE IF EXISTS moved;
        UPDATE revision SET number = number + 1 WHERE slot = 0;";
    const IS_THERE: &str = "SELECT 1 FROM information_schema.tables \
        WHERE table_schema = current_schema() AND table_name = 'moved'";
    const READ: &str = "SELECT target, stage FROM moved WHERE id = 1";

    pub(in super::super) async fn raise(
        url: &PostgresUrl,
        settings: &Settings,
        fence: &Fence,
    ) -> Result<(), ArchiveError> {
        let mut whole = Whole::connect(url, settings).await?;
        let transaction = whole.client().transaction().await?;
        transaction.batch_execute(RAISE).await?;
        transaction
            .execute(WRITE, &[&fence.target, &fence.stage.word()])
            .await?;
        Ok(transaction.commit().await?)
    }

    pub(in super::super) async fn lower(
        url: &PostgresUrl,
        settings: &Settings,
    ) -> Result<(), ArchiveError> {
        let mut whole = Whole::connect(url, settings).await?;
        let transaction = whole.client().transaction().await?;
        transaction.batch_execute(LOWER).await?;
        Ok(transaction.commit().await?)
    }

    pub(in super::super) async fn read(
        url: &PostgresUrl,
        settings: &Settings,
    ) -> Result<Option<Fence>, ArchiveError> {
        let mut whole = Whole::connect(url, settings).await?;
        // Every start asks this, and none may wait for a server that is gone without a word.
        let limit = settings.statement_timeout;
        let asked = timeout(limit, ask(whole.client())).await;
        asked.unwrap_or_else(|_| Err(ArchiveError::Postgres(silent(limit))))
    }

    async fn ask(client: &Client) -> Result<Option<Fence>, ArchiveError> {
        if client.query_opt(IS_THERE, &[]).await?.is_none() {
            return Ok(None);
        }
        let found = client.query_opt(READ, &[]).await?;
        found
            .map(|row| {
                Ok(Fence {
                    target: row.try_get(0)?,
                    stage: Stage::of(row.try_get(1)?),
                })
            })
            .transpose()
    }
}
