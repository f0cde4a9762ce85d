//! A full disk and a failing engine: nothing is acknowledged, reads go on, and it works again afterwards.

use placet_core::store::{Store as _, StoreError};

use crate::{files::Desk, harness::Scratch};

async fn page_limit(desk: &Desk, pages: i64) -> i64 {
    let sql = format!("PRAGMA max_page_count = {pages}");
    let limit = desk
        .store
        .tamper(move |connection| connection.query_row(&sql, [], |row| row.get(0)));
    limit.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn k5_a_full_disk_acknowledges_nothing_and_recovers() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 1);
    desk.store.commit(desk.naming("before")).await.unwrap();
    // A limit below what is used is raised to it: the file can grow no more.
    page_limit(&desk, 1).await;
    let mut acknowledged = Vec::new();
    let mut refused = None;
    for n in 0..2_000 {
        let name = format!("{n}");
        match desk.store.commit(desk.naming(&name)).await {
            Ok(()) => acknowledged.push(name),
            Err(StoreError::Full) => {
                refused = Some(name);
                break;
            }
            Err(other) => unreachable!("{other}"),
        }
    }
    let refused = refused.expect("the file cannot grow without end");
    assert!(!desk.has(&refused).await);
    assert!(desk.has("before").await);
    for name in &acknowledged {
        assert!(desk.has(name).await, "{name} was acknowledged");
    }
    page_limit(&desk, 1_000_000).await;
    desk.store.commit(desk.naming(&refused)).await.unwrap();
    assert!(desk.has(&refused).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn k5_a_failing_engine_writes_nothing_and_is_opened_again() {
    let scratch = Scratch::new();
    let desk = Desk::new(&scratch, 2);
    desk.store.commit(desk.naming("before")).await.unwrap();
    let broken = desk
        .store
        .tamper(|connection| connection.pragma_update(None, "query_only", true));
    broken.await.unwrap().unwrap();
    let refused = desk.store.commit(desk.naming("during")).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    assert!(desk.has("before").await);
    assert!(!desk.has("during").await);
    desk.store.commit(desk.naming("during")).await.unwrap();
    assert!(desk.has("during").await);
}
