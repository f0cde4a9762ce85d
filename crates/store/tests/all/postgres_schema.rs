//! The schema: made once whoever starts together, shared with the release before, refused when it is not ours.

use std::{sync::Arc, time::Duration};

use placet_core::testing::FixedClock;
use placet_store::{
    PostgresStore, PostgresUrl,
    postgres::{Migrated, OpenError},
};
use tokio::task::JoinSet;

use crate::postgres_cluster::{Cluster, Node, settings};

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
    let usable = "INSERT INTO migration VALUES (2, 'of the next release', 'x', 1)";
    reopened_after(usable).await.unwrap();
}

/// K9: what a release cannot know it does not touch.
#[tokio::test(flavor = "multi_thread")]
async fn k9_a_newer_schema_that_does_not_is_refused() {
    for newer in [
        "INSERT INTO migration VALUES (2, 'of the next release', 'x', 2)",
        "INSERT INTO migration VALUES (2, 'of the next release', 'x', 1), (3, 'of the one after it', 'x', 2)",
    ] {
        let refused = reopened_after(newer).await.unwrap_err();
        assert!(
            matches!(refused, OpenError::Newer { known: 1, .. }),
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
            .all(|one| matches!(one, Ok(Migrated { to: 1, .. }))),
        "{told:?}"
    );
    assert_eq!(applied(&database).await, "1");
    let again = PostgresStore::migrate(&url, &settings()).await.unwrap();
    assert_eq!(again, Migrated { from: 1, to: 1 });
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
        let count = "SELECT count(*) FROM pg_tables WHERE tablename IN ('issuer', 'access', 'spent', 'revision')";
        let tables = cluster.value(&database, count).await;
        assert!(["0", "4"].contains(&tables.as_str()), "{tables}");
        let after = PostgresStore::migrate(&url, &settings()).await.unwrap();
        assert_eq!(after.to, 1);
        assert_eq!(applied(&database).await, "1");
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
