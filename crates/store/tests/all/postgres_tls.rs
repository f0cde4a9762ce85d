//! TLS to the database: used when it is asked for, and never without looking who answers.

use std::{path::PathBuf, sync::Arc};

use placet_core::testing::FixedClock;
use placet_store::{
    PostgresStore, PostgresUrl,
    postgres::{OpenError, Settings},
};

use crate::postgres_cluster::{Cluster, settings};

async fn open(url: &str, extra_ca: Option<&str>) -> Result<PostgresStore, OpenError> {
    let url: PostgresUrl = url.parse().unwrap();
    let settings = Settings {
        extra_ca: extra_ca.map(PathBuf::from),
        ..settings()
    };
    let clock = |_| Arc::new(FixedClock::default()) as _;
    PostgresStore::open(&url, &settings, clock).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc9525_6_the_database_is_who_it_says_it_is() {
    let (cluster, port) = Cluster::with_tls().await;
    let database = cluster.database().await;
    let authority = cluster.authority();
    let at = |host: &str, mode: &str| {
        format!("postgres://placet@{host}:{port}/{database}?sslmode={mode}")
    };

    let trusted = open(&at("localhost", "require"), Some(&authority))
        .await
        .unwrap();
    trusted.data_version().await.unwrap();
    let sql = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'placet'";
    assert_eq!(cluster.value(&database, sql).await, "t");
    let spelled = format!("{}&sslrootcert={authority}", at("localhost", "verify-full"));
    open(&spelled, None).await.unwrap();
    trusted.close().await;

    for (url, extra_ca, why) in [
        (at("localhost", "require"), None, "nobody vouches for it"),
        (
            at("localhost", "prefer"),
            None,
            "it is not believed either when TLS was not asked for",
        ),
        (
            at("127.0.0.1", "require"),
            Some(&*authority),
            "it is another name's",
        ),
    ] {
        let refused = open(&url, extra_ca).await.map(drop).expect_err(why);
        assert!(
            refused.to_string().contains("certificate"),
            "{why}: {refused}"
        );
    }
    let missing = open(&at("localhost", "require"), Some("/nowhere.pem")).await;
    assert!(matches!(missing, Err(OpenError::Authorities { .. })));
    open(&at("localhost", "disable"), None).await.unwrap();
}
