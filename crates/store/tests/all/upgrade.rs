//! A store of the release before, which the first migration alone has made: it is brought up to date with all it holds, and
//! a release that knows no later migration goes on with it.
#![expect(
    clippy::indexing_slicing,
    reason = "each case is called by tests of several names; a step that fails fails the test"
)]

use std::{fs, path::Path, sync::Arc};

use data_encoding::HEXLOWER;
use placet_core::{
    client::Client,
    id::Id,
    issuer::Issuer,
    random::SystemRandom,
    secret::Digest,
    store::{Change, Commit, Name, Record, Store, Versioned},
    testing::FixedClock,
    time::{Lifetime, Timestamp},
};
use placet_store::{
    Location, OpenStore, Place,
    archive::{self, ArchiveError, Extent},
};
use rusqlite::{Connection, params};

use crate::harness::Scratch;

const FIRST: &str = include_str!("../../src/sqlite/migrations/0001_records.sql");
const LEDGER: &str = "CREATE TABLE schema (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL
) STRICT";
/// A client as the release before wrote it.
const CLIENT: &str = r#"{
  "id":"cl_07070707070707070707070707070707","number":7,"client_id":"tv",
  "secrets":["K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols"],
  "metadata":{"application_type":"web","assertion_audience":"issuer"},"created_at":1000000
}"#;
const WAIT: Lifetime = Lifetime::from_secs(60);

/// What the release before wrote: an issuer and a client with its name.
pub(crate) struct Old {
    pub(crate) issuer: Issuer,
    pub(crate) client: Client,
}

impl Old {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_secs(1_000);
        Self {
            issuer: Issuer::new("https://id.example", now),
            client: serde_json::from_str(CLIENT).unwrap(),
        }
    }

    pub(crate) fn records(&self) -> [Record; 3] {
        [
            Record::Issuer(self.issuer.clone()),
            Record::Client(self.client.clone()),
            Record::Name(Name::client("tv").standing_for(self.client.id)),
        ]
    }

    /// What was there is there; what is new can be written, and ends in its time.
    pub(crate) async fn is_whole_and_goes_on(&self, store: &dyn Store) {
        let issuer = self.issuer.id;
        let found = store.client_named(issuer, "tv").await.unwrap().unwrap();
        let Versioned { value, version } = found;
        assert_eq!((&value, version), (&self.client, 1));
        let mut keyed = self.client.clone();
        keyed.id = Id::random(&SystemRandom);
        keyed.keep_until = Some(store.now().plus(WAIT));
        let event = placet_core::event::Event::new(
            Id::ordered(store.now(), &SystemRandom),
            placet_core::event::EventKind::ClientChanged,
            store.now(),
        );
        let commit = Commit::new(issuer, event)
            .with(Change::update(1, Record::Client(value)))
            .with(Change::insert(Record::Client(keyed.clone())));
        store.commit(commit).await.unwrap();
        let end = store.now().plus(WAIT).plus(Lifetime::from_millis(1));
        let before_all = Timestamp::from_millis(0);
        assert_eq!(store.sweep(end, before_all, 99).await.unwrap(), 1);
        assert!(store.client(issuer, keyed.id).await.unwrap().is_none());
        assert!(store.client_named(issuer, "tv").await.unwrap().is_some());
    }
}

/// A file as the release before leaves it.
fn old_file(path: &Path) -> Old {
    let old = Old::new();
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(LEDGER).unwrap();
    connection.execute_batch(FIRST).unwrap();
    let line = "INSERT INTO schema VALUES (1, 'records', ?1)";
    let checksum = Digest::of(FIRST).to_string();
    connection.execute(line, [checksum]).unwrap();
    for record in old.records() {
        let key = record.key();
        let sql = format!(
            "INSERT INTO {} (issuer, key, version, keep_until, owner, body) VALUES (?1, ?2, 1, NULL, NULL, ?3)",
            key.table.name()
        );
        let body = String::from_utf8(record.encode()).unwrap();
        let row = params![old.issuer.id.as_bytes(), key.bytes(), body];
        connection.execute(&sql, row).unwrap();
    }
    old
}

fn shape(path: &Path) -> Vec<(String, Option<String>)> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

async fn open(place: &Place) -> OpenStore {
    OpenStore::open(place, |_| Arc::new(FixedClock::default()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn k9_a_file_of_the_release_before_is_brought_up_to_date() {
    let (old, new) = (Scratch::new(), Scratch::new());
    let held = old_file(&old.file());
    for _ in 0..2 {
        let place = Location::Sqlite(old.file()).into();
        open(&place).await.close().await;
    }
    let store = open(&Location::Sqlite(old.file()).into()).await;
    held.is_whole_and_goes_on(store.records().as_ref()).await;
    store.close().await;
    let fresh = open(&Location::Sqlite(new.file()).into()).await;
    fresh.close().await;
    let made: Vec<_> = shape(&new.file());
    let migrated: Vec<_> = shape(&old.file());
    let names = |shape: &[(String, Option<String>)]| {
        let names = shape.iter().map(|(name, _)| name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&migrated), names(&made));
    for (name, sql) in &made {
        // The ledger is made by each release in its own words.
        let same = name == "schema" || migrated.contains(&(name.clone(), sql.clone()));
        assert!(same, "{name}: {sql:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_waits_for_the_migration() {
    let scratch = Scratch::new();
    old_file(&scratch.file());
    let place = Location::Sqlite(scratch.file()).into();
    let file = scratch.file().with_file_name("one.archive");
    let refused = archive::backup(&place, &file, Timestamp::from_secs(1)).await;
    let older = ArchiveError::OlderSchema { found: 1, known: 3 };
    assert_eq!(refused.unwrap_err().to_string(), older.to_string());
}

/// An archive as the release before writes it: no section that came later is counted.
fn of_the_release_before(archive: &str) -> String {
    let (rows, last) = archive.trim_end().rsplit_once('\n').unwrap();
    let rows = rows.replacen("\"schema\":3", "\"schema\":1", 1) + "\n";
    let mut last: serde_json::Value = serde_json::from_str(last).unwrap();
    for later in ["tenant", "callback"] {
        let count = last["counts"].as_object_mut().unwrap().remove(later);
        assert_eq!(count, Some(0.into()), "{later}");
    }
    let hash = Digest::of(&rows);
    last["sha256"] = HEXLOWER.encode(hash.as_bytes()).into();
    // The first member tells that it is the last line.
    let counts = &last["counts"];
    format!(
        "{rows}{{\"end\":true,\"counts\":{counts},\"rows_sha256\":{},\"sha256\":{}}}\n",
        last["rows_sha256"], last["sha256"]
    )
}

async fn an_archive_of_the_release_before_is_restored(to: Place) {
    let scratch = Scratch::new();
    let held = old_file(&scratch.file());
    let from = Location::Sqlite(scratch.file()).into();
    open(&from).await.close().await;
    let file = scratch.file().with_file_name("new.archive");
    let made_at = Timestamp::from_secs(1);
    archive::backup(&from, &file, made_at).await.unwrap();
    let text = of_the_release_before(&fs::read_to_string(&file).unwrap());
    let file = scratch.file().with_file_name("old.archive");
    fs::write(&file, text).unwrap();
    let restored = archive::restore(&file, &to, Extent::Everything).await;
    let (origin, sums) = restored.unwrap();
    assert_eq!((origin.schema, sums.rows()), (1, 3));
    assert_eq!(archive::sums(&to).await.unwrap(), sums);
    let store = open(&to).await;
    held.is_whole_and_goes_on(store.records().as_ref()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_release_before_is_restored_into_a_file() {
    let scratch = Scratch::new();
    let to = Location::Sqlite(scratch.file()).into();
    an_archive_of_the_release_before_is_restored(to).await;
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_release_before_is_restored_into_a_database() {
    let cluster = crate::postgres_cluster::Cluster::shared().await;
    let url = cluster.url_of(&cluster.database().await);
    let to = url.parse::<Location>().unwrap().into();
    an_archive_of_the_release_before_is_restored(to).await;
}
