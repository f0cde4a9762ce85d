//! Stores this release must not touch, and the file it makes.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use placet_core::{store::Store as _, testing::FixedClock};
use placet_store::{Location, LocationError, OpenStore, SqliteStore, sqlite::OpenError};
use rusqlite::Connection;

use crate::harness::{Scratch, open};

/// Changes a closed store with plain SQL, then opens it.
fn reopened_after(sql: &str) -> Result<(), OpenError> {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    drop(open(&scratch.file(), &clock));
    let connection = Connection::open(scratch.file()).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    SqliteStore::open(&scratch.file(), Arc::new(clock)).map(drop)
}

#[test]
fn an_untouched_store_opens_again() {
    assert!(reopened_after("SELECT 1").is_ok());
}

#[test]
fn k9_a_newer_schema_is_refused() {
    let newer = "INSERT INTO schema VALUES (999, 'of the future', 'x')";
    let refused = reopened_after(newer).unwrap_err();
    assert!(
        matches!(refused, OpenError::Newer { found: 999, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("newer release"), "{refused}");
}

#[test]
fn k9_an_altered_migration_is_refused() {
    for altered in [
        "UPDATE schema SET checksum = 'x' WHERE number = 1",
        "UPDATE schema SET number = 0 WHERE number = 1",
    ] {
        let refused = reopened_after(altered).unwrap_err();
        assert!(matches!(refused, OpenError::Altered { .. }), "{refused}");
    }
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    for sql in ["CREATE TABLE songs (title)", "CREATE TABLE schema (number)"] {
        fs::remove_file(scratch.file()).ok();
        let connection = Connection::open(scratch.file()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let refused = SqliteStore::open(&scratch.file(), Arc::new(clock.clone()));
        assert!(matches!(refused, Err(OpenError::Foreign)));
        let connection = Connection::open(scratch.file()).unwrap();
        let count = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }
    fs::write(
        scratch.file(),
        "not a database at all, but long enough to look at",
    )
    .unwrap();
    let refused = SqliteStore::open(&scratch.file(), Arc::new(clock));
    assert!(matches!(refused, Err(OpenError::Engine(_))));
}

#[test]
fn k9_processes_that_start_together_migrate_once() {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| drop(open(&scratch.file(), &clock)));
        }
    });
    let connection = Connection::open(scratch.file()).unwrap();
    let count = "SELECT count(*) FROM schema";
    let applied: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(applied, 3);
}

#[test]
fn c9_only_the_owner_reads_the_file() {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    let store = open(&scratch.file(), &clock);
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", scratch.file().display());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    drop(store);
}

#[tokio::test]
async fn k1_every_commit_is_flushed_to_disk() {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    let store = open(&scratch.file(), &clock);
    let settings = store.tamper(|connection| {
        let synchronous: i64 =
            connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        let journal: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((synchronous, journal))
    });
    let (synchronous, journal) = settings.await.unwrap().unwrap();
    assert_eq!(synchronous, 2, "2 is FULL");
    assert_eq!(journal, "wal");
}

#[test]
fn an_unusable_place_is_a_clear_error() {
    let clock = || Arc::new(FixedClock::default());
    let missing = Path::new("/nowhere/at/all/placet.db");
    let refused = SqliteStore::open(missing, clock()).map(drop).unwrap_err();
    assert!(refused.to_string().contains("/nowhere/at/all/placet.db"));
    let refused = "mysql:x".parse::<Location>().unwrap_err();
    assert!(matches!(refused, LocationError::UnknownScheme { .. }));
}

#[tokio::test]
async fn a_url_opens_a_store() {
    let (scratch, clock) = (Scratch::new(), FixedClock::default());
    let url = format!("sqlite:{}", scratch.file().display());
    let place = url.parse::<Location>().unwrap().into();
    let store = OpenStore::open(&place, |_| Arc::new(clock.clone())).await;
    let store = store.unwrap().records();
    assert_eq!(store.now(), placet_core::time::Clock::now(&clock));
    let other = open(&scratch.file(), &clock);
    assert_eq!(store.now(), other.now());
}
