//! Migrations: numbered SQL, each applied once in one transaction and remembered with its checksum.
//!
//! 1. A ledger of what was applied is made, with a row that nodes lock so that one migrates at a time.
//! 2. Under that lock the ledger is read again, and the next migration is applied with its line in the ledger: whoever
//!    is killed leaves the old schema or the new one.
//! 3. A line says which migration a release must know to work with the schema from then on. That way the release
//!    before runs on while nodes are replaced one by one, and an older one is refused.
//! 4. Nothing but a migration itself takes as long as it takes. A session that was lost while it held the lock is ended
//!    by the server, and whoever waits for the lock is told after a while.

use placet_core::{secret::Digest, store::Table};
use tokio::time::{Duration, sleep, timeout};
use tokio_postgres::{Client, Error, error::SqlState, types::ToSql};

use super::{OpenError, dial::Dial, judge::unavailable, pool::Silent};

const MIGRATIONS: [Migration; 3] = [
    Migration {
        number: 1,
        usable_from: 1,
        name: "records",
        sql: include_str!("migrations/0001_records.sql"),
    },
    // Two tables more and one index: the release before sees none of them.
    Migration {
        number: 2,
        usable_from: 1,
        name: "tenants and callbacks",
        sql: include_str!("migrations/0002_tenants_and_callbacks.sql"),
    },
    // One index more, which the release before keeps without knowing it.
    Migration {
        number: 3,
        usable_from: 1,
        name: "requests of a person",
        sql: include_str!("migrations/0003_requests_of_a_person.sql"),
    },
];

const MAKE_LEDGER: &str = "BEGIN; \
    CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, \
        usable_from bigint NOT NULL); \
    CREATE TABLE IF NOT EXISTS migration_lock (id bigint PRIMARY KEY); \
    INSERT INTO migration_lock (id) VALUES (1) ON CONFLICT DO NOTHING; \
    COMMIT";
const LOCK: &str = "SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE";
const READ_LEDGER: &str = "SELECT number, checksum, usable_from FROM migration ORDER BY number";
const WRITE_LEDGER: &str =
    "INSERT INTO migration (number, name, checksum, usable_from) VALUES ($1, $2, $3, $4)";
const TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
    WHERE table_schema = current_schema()";
const ENCODING: &str = "SELECT current_setting('server_encoding')";

/// How often making the ledger is tried when others make it in the same moment, each time a little later.
const TRIES: u32 = 10;

/// One step of the schema.
struct Migration {
    number: i64,
    /// The newest migration a release must know to work with the schema once this one is applied.
    usable_from: i64,
    name: &'static str,
    sql: &'static str,
}

/// What a migration found and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The newest migration that was applied before; 0 in an empty database.
    pub from: i64,
    /// The newest one that is applied.
    pub to: i64,
}

/// A line of the ledger.
struct Line {
    number: i64,
    checksum: String,
    usable_from: i64,
}

impl Migration {
    fn checksum(&self) -> String {
        Digest::of(self.sql).to_string()
    }
}

/// Brings the schema to this release's, or finds that this release can use the newer one.
pub(super) async fn migrate(dial: &Dial) -> Result<Migrated, OpenError> {
    let session = dial.open(dial.migrating(), None).await?;
    let client = &session.client;
    let looked = async {
        check_encoding(client).await?;
        look(client).await
    };
    let (from, mut missing) = within(dial.limit, looked).await?;
    if missing > 0 {
        within(dial.lock_limit(), make_ledger(client)).await?;
    }
    while missing > 0 {
        missing = step(client, dial).await?;
    }
    let ledger = async { Ok(ledger(client).await?) };
    let to = newest(&within(dial.limit, ledger).await?);
    Ok(Migrated { from, to })
}

/// Waits for the server, which may be gone without a word.
async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    let silent = || OpenError::Engine(unavailable(Silent(limit)));
    timeout(limit, work).await.unwrap_or_else(|_| Err(silent()))
}

/// The newest migration this release knows.
pub(super) const KNOWN: i64 = match MIGRATIONS.last() {
    Some(newest) => newest.number,
    None => 0,
};

/// The newest migration that is applied, 0 when there is none, after a check of all that are.
pub(super) async fn newest_in(client: &Client) -> Result<i64, OpenError> {
    Ok(look(client).await?.0)
}

/// Applies the next migration, if another node has not done so meanwhile. Returns how many are left.
async fn step(client: &Client, dial: &Dial) -> Result<usize, OpenError> {
    let locked = async {
        client.batch_execute("BEGIN").await?;
        client.query(LOCK, &[]).await?;
        judge(&ledger(client).await?)
    };
    // A session that ends without COMMIT has done nothing.
    let missing = within(dial.lock_limit(), locked).await?;
    if let Some(next) = missing.first() {
        client.batch_execute(next.sql).await?;
        let written = async {
            let checksum = next.checksum();
            let values: [&(dyn ToSql + Sync); 4] =
                [&next.number, &next.name, &checksum, &next.usable_from];
            client.execute(WRITE_LEDGER, &values).await?;
            Ok(())
        };
        within(dial.limit, written).await?;
    }
    let done = async { Ok(client.batch_execute("COMMIT").await?) };
    within(dial.limit, done).await?;
    Ok(missing.len().saturating_sub(1))
}

/// The newest migration applied, and how many this release would apply.
async fn look(client: &Client) -> Result<(i64, usize), OpenError> {
    let mut tables = Vec::new();
    for row in client.query(TABLES, &[]).await? {
        tables.push(row.try_get::<_, String>(0)?);
    }
    if tables.iter().any(|name| name == "migration") {
        let lines = match ledger(client).await {
            // A table of that name which is not this ledger.
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_COLUMN) => {
                return Err(OpenError::Foreign);
            }
            lines => lines?,
        };
        return Ok((newest(&lines), judge(&lines)?.len()));
    }
    let ours = Table::ALL.map(Table::name);
    let taken = |name: &String| ours.contains(&name.as_str()) || name == "event" || name == "spent";
    if tables.iter().any(taken) {
        return Err(OpenError::Foreign);
    }
    Ok((0, MIGRATIONS.len()))
}

/// Makes the ledger. Two nodes that make it in the same moment may fail over each other; then it is there.
async fn make_ledger(client: &Client) -> Result<(), OpenError> {
    let mut tries = 0;
    loop {
        match client.batch_execute(MAKE_LEDGER).await {
            Ok(()) => return Ok(()),
            Err(error) if tries < TRIES && is_of_a_race(&error) => {
                client.batch_execute("ROLLBACK").await?;
                tries += 1;
                sleep(Duration::from_millis(20) * tries).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_of_a_race(error: &Error) -> bool {
    [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ]
    .iter()
    .any(|code| error.code() == Some(code))
}

async fn ledger(client: &Client) -> Result<Vec<Line>, Error> {
    let rows = client.query(READ_LEDGER, &[]).await?;
    let line = |row: &tokio_postgres::Row| {
        Ok(Line {
            number: row.try_get(0)?,
            checksum: row.try_get(1)?,
            usable_from: row.try_get(2)?,
        })
    };
    rows.iter().map(line).collect()
}

fn newest(lines: &[Line]) -> i64 {
    lines.last().map_or(0, |line| line.number)
}

/// The migrations that are missing, after a check of those that are not.
fn judge(lines: &[Line]) -> Result<&'static [Migration], OpenError> {
    const ALL: &[Migration] = &MIGRATIONS;
    let found = newest(lines);
    let usable_from = lines.iter().map(|line| line.usable_from).max();
    if found > KNOWN && usable_from.is_some_and(|least| least > KNOWN) {
        return Err(OpenError::Newer {
            found,
            known: KNOWN,
        });
    }
    for (line, known) in lines.iter().zip(ALL) {
        if line.number != known.number || line.checksum != known.checksum() {
            return Err(OpenError::Altered {
                number: line.number,
            });
        }
    }
    Ok(ALL.get(lines.len()..).unwrap_or_default())
}

/// Text must come back as it went in, so the database must not be of an encoding that lacks characters.
async fn check_encoding(client: &Client) -> Result<(), OpenError> {
    for row in client.query(ENCODING, &[]).await? {
        let encoding: String = row.try_get(0)?;
        // The latter is no encoding: bytes are kept as they are.
        if !["UTF8", "SQL_ASCII"].contains(&encoding.as_str()) {
            return Err(OpenError::Encoding { encoding });
        }
    }
    Ok(())
}
