//! The schema: made once whoever starts together, shared with the release before, refused when it is not ours.

use std::{sync::Arc, time::Duration};

use placet_core::{secret::Digest, testing::FixedClock};
use placet_store::{
    PostgresStore, PostgresUrl,
    postgres::{Migrated, OpenError},
};
use tokio::task::JoinSet;

use crate::{
    postgres_cluster::{Cluster, Node, literal, settings},
    upgrade::Old,
};

/// Changes a migrated database with plain SQL, then opens it.
async fn reopened_after(sql: &str) -> Result<(), OpenError> {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(1).await;
    node.store.close().await;
    cluster.sql(&database, sql).await.unwrap();
    let opened = cluster.open(&database, &FixedClock::default()).await;
    opened.map(drop)
}

async fn applied(database: &str) -> String {
    let sql = "SELECT count(*) FROM migration";
    Cluster::shared().await.value(database, sql).await
}

/// K9: the release before may run on beside nodes of the next one, whose migrations say so.
#[tokio::test(flavor = "multi_thread")]
async fn k9_a_newer_schema_that_says_so_is_used() {
    let usable = "INSERT INTO migration VALUES (4, 'of the next release', 'x', 3)";
    reopened_after(usable).await.unwrap();
}

/// K9: what a release cannot know it does not touch.
#[tokio::test(flavor = "multi_thread")]
async fn k9_a_newer_schema_that_does_not_is_refused() {
    for newer in [
        "INSERT INTO migration VALUES (4, 'of the next release', 'x', 4)",
        "INSERT INTO migration VALUES (4, 'of the next release', 'x', 3), (5, 'of the one after it', 'x', 4)",
    ] {
        let refused = reopened_after(newer).await.unwrap_err();
        assert!(
            matches!(refused, OpenError::Newer { known: 3, .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("newer release"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k9_an_altered_migration_is_refused() {
    let altered = "UPDATE migration SET checksum = 'x' WHERE number = 1";
    let refused = reopened_after(altered).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Altered { number: 1 }),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_something_else_is_refused_and_left_alone() {
    let cluster = Cluster::shared().await;
    for sql in [
        "CREATE TABLE event (title text)",
        "CREATE TABLE migration (version text)",
    ] {
        let database = cluster.database().await;
        cluster.sql(&database, sql).await.unwrap();
        let refused = cluster.open(&database, &FixedClock::default()).await;
        assert!(matches!(refused, Err(OpenError::Foreign)));
        let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(cluster.value(&database, count).await, "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_encoding_lacks_characters_is_refused() {
    let cluster = Cluster::shared().await;
    let sql = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0";
    cluster.sql("postgres", sql).await.unwrap();
    let refused = cluster.open("latin", &FixedClock::default()).await;
    let refused = refused.map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Encoding { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k9_nodes_that_start_together_migrate_once() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let url: PostgresUrl = cluster.url_of(&database).parse().unwrap();
    let mut nodes = JoinSet::new();
    for _ in 0..12 {
        let url = url.clone();
        nodes.spawn(async move { PostgresStore::migrate(&url, &settings()).await });
    }
    let told: Vec<_> = nodes.join_all().await;
    assert!(
        told.iter()
            .all(|one| matches!(one, Ok(Migrated { to: 3, .. }))),
        "{told:?}"
    );
    assert_eq!(applied(&database).await, "3");
    let again = PostgresStore::migrate(&url, &settings()).await.unwrap();
    assert_eq!(again, Migrated { from: 3, to: 3 });
}

/// K9: what the first migration alone has made gains what is new and loses nothing; the release before, which looks at
/// `usable_from` alone, goes on with it.
#[tokio::test(flavor = "multi_thread")]
async fn k9_a_database_of_the_release_before_is_brought_up_to_date() {
    const FIRST: &str = include_str!("../../src/postgres/migrations/0001_records.sql");
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let old = Old::new();
    let mut sql = format!(
        "{FIRST} CREATE TABLE migration (number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, \
         usable_from bigint NOT NULL); CREATE TABLE migration_lock (id bigint PRIMARY KEY); \
         INSERT INTO migration_lock (id) VALUES (1); INSERT INTO migration VALUES (1, 'records', '{}', 1);",
        Digest::of(FIRST)
    );
    for record in old.records() {
        let key = record.key();
        let (issuer, row) = (literal(old.issuer.id.as_bytes()), literal(key.bytes()));
        let body = String::from_utf8(record.encode()).unwrap();
        let insert = format!(
            " INSERT INTO {} (issuer, key, version, body) VALUES ('{issuer}', '{row}', 1, $raw${body}$raw$);",
            key.table.name()
        );
        sql.push_str(&insert);
    }
    cluster.sql(&database, &sql).await.unwrap();
    let url: PostgresUrl = cluster.url_of(&database).parse().unwrap();
    let told = PostgresStore::migrate(&url, &settings()).await.unwrap();
    assert_eq!(told, Migrated { from: 1, to: 3 });
    let usable_from = "SELECT max(usable_from) FROM migration";
    assert_eq!(cluster.value(&database, usable_from).await, "1");
    let store = cluster.open(&database, &FixedClock::default()).await;
    old.is_whole_and_goes_on(&store.unwrap()).await;
    let shape = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (\
        SELECT format('%s %s %s %s', table_name, column_name, data_type, is_nullable) AS line \
        FROM information_schema.columns WHERE table_schema = 'public' \
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public') AS all_lines";
    let (node, fresh) = Node::new(4).await;
    node.store.close().await;
    let made = cluster.value(&fresh, shape).await;
    assert_eq!(cluster.value(&database, shape).await, made);
}

/// K9: killed at whatever step, a migration has happened or has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k9_a_migration_that_is_killed_leaves_the_old_schema_or_the_new() {
    let cluster = Cluster::shared().await;
    let (mut cut, mut whole) = (0, 0);
    for round in 0..24_u64 {
        let database = cluster.database().await;
        let url: PostgresUrl = cluster.url_of(&database).parse().unwrap();
        let mut nodes = JoinSet::new();
        let first = url.clone();
        nodes.spawn(async move { PostgresStore::migrate(&first, &settings()).await });
        // Each round is cut a little later.
        tokio::time::sleep(Duration::from_millis(2 * round)).await;
        let kill = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        );
        cluster.sql("postgres", &kill).await.unwrap();
        match nodes.join_next().await.unwrap().unwrap() {
            Ok(_) => whole += 1,
            Err(_) => cut += 1,
        }
        let count = async |names: &str| {
            let sql = format!(
                "SELECT count(*) FROM pg_class WHERE relname IN ({names}) AND relnamespace = 'public'::regnamespace"
            );
            cluster.value(&database, &sql).await
        };
        let first = count("'issuer', 'access', 'spent', 'revision'").await;
        let second = count("'tenant', 'callback', 'client_keep_until'").await;
        let third = count("'pending_owner'").await;
        let states = [
            ("0", "0", "0"),
            ("4", "0", "0"),
            ("4", "3", "0"),
            ("4", "3", "1"),
        ];
        let state = (first.as_str(), second.as_str(), third.as_str());
        assert!(states.contains(&state), "{state:?}");
        let after = PostgresStore::migrate(&url, &settings()).await.unwrap();
        assert_eq!(after.to, 3);
        assert_eq!(applied(&database).await, "3");
    }
    assert!(cut > 0 && whole + cut == 24, "{cut} cut, {whole} whole");
}

/// Every statement prepares, and finds its rows through an index: cost does not grow with what is stored.
#[tokio::test(flavor = "multi_thread")]
async fn k10_no_statement_walks_a_whole_table() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(2).await;
    let mut set = String::new();
    for name in [
        "enable_seqscan",
        "enable_bitmapscan",
        "enable_hashjoin",
        "enable_mergejoin",
        "plan_cache_mode",
    ] {
        let value = node.store.setting(name).await.unwrap();
        set = format!("{set} SET {name} = {value};");
    }
    for sql in PostgresStore::every_statement() {
        let count =
            "SELECT coalesce(array_length(parameter_types, 1), 0) FROM pg_prepared_statements";
        let prepared = format!("PREPARE it AS {sql}; {count}");
        let values = cluster.value(&database, &prepared).await;
        let values: usize = values.parse().unwrap();
        let nulls = vec!["NULL"; values].join(", ");
        let arguments = if values == 0 {
            String::new()
        } else {
            format!("({nulls})")
        };
        let explain =
            format!("{set} PREPARE it AS {sql}; EXPLAIN (COSTS OFF) EXECUTE it{arguments}");
        let plan = cluster.sql(&database, &explain).await.expect(&sql);
        for line in plan.iter().flatten().flatten() {
            let walks = ["Seq Scan", "Sort", "Hash", "Merge Join"];
            // The one table of eight rows is read whole.
            let whole = line.contains("on revision") && sql.contains("sum(number)");
            assert!(
                whole || !walks.iter().any(|walk| line.contains(walk)),
                "{line} in {sql}"
            );
        }
    }
}

/// K1: an acknowledged commit is on disk, whatever the database's own default is.
#[tokio::test(flavor = "multi_thread")]
async fn k1_commits_wait_for_the_disk_whatever_the_database_says() {
    let cluster = Cluster::shared().await;
    for (default, wanted) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("remote_apply", "remote_apply"),
    ] {
        let database = cluster.database().await;
        let sql = format!("ALTER DATABASE {database} SET synchronous_commit = {default}");
        cluster.sql("postgres", &sql).await.unwrap();
        let store = cluster.open(&database, &FixedClock::default()).await;
        let setting = store.unwrap().setting("synchronous_commit").await;
        assert_eq!(setting.unwrap(), wanted, "{default}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_place_is_a_clear_error() {
    let clock = FixedClock::default();
    for (url, word) in [
        ("postgres://placet@127.0.0.1:9/nothing", "127.0.0.1"),
        ("postgres://placet@%2Fnowhere/nothing", "No such file"),
    ] {
        let parsed: PostgresUrl = url.parse().unwrap();
        let given = clock.clone();
        let opened = PostgresStore::open(&parsed, &settings(), |_| Arc::new(given)).await;
        let refused = opened.map(drop).unwrap_err().to_string();
        assert!(
            refused.contains(word) || refused.contains("refused"),
            "{refused}"
        );
    }
    let cluster = Cluster::shared().await;
    let refused = cluster.open("no_such_database", &clock).await;
    let refused = refused.map(drop).unwrap_err().to_string();
    assert!(refused.contains("no_such_database"), "{refused}");
}
