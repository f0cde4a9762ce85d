//! Waiting for a request to change: nobody sleeps through it, nobody is left behind.

use std::{sync::Arc, time::Duration};

use placet_core::{
    id::Id,
    pending::{PendingRequest, State},
    store::{Change, Store},
    time::Timestamp,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{PATIENCE, Scene, sample::pending};

/// Long enough for a task that is awake to show it.
const MOMENT: Duration = Duration::from_millis(50);

impl Scene {
    async fn open(&self) -> PendingRequest {
        let request = self.request(State::Pending);
        self.insert([pending(request.clone())]).await;
        request
    }

    /// A task that waits for the request to be newer than `seen`.
    fn wait(
        &self,
        waiters: &mut JoinSet<()>,
        (id, seen, until): (Id<PendingRequest>, u64, Timestamp),
    ) {
        let (store, issuer) = (Arc::clone(&self.store), self.issuer);
        waiters.spawn(async move { store.changed(issuer, id, seen, until).await });
    }

    async fn deny(&self, store: &dyn Store, request: &PendingRequest) {
        let commit = self.commit([Change::update(1, self.denied(request))]);
        store.commit(commit).await.unwrap();
    }
}

async fn all_wake(waiters: JoinSet<()>) {
    timeout(PATIENCE, waiters.join_all())
        .await
        .expect("every waiter wakes");
}

/// All who wait for a request wake when it changes.
pub async fn a_change_wakes_its_waiters(scene: Scene) {
    let request = scene.open().await;
    let mut waiters = JoinSet::new();
    for _ in 0..20 {
        scene.wait(&mut waiters, (request.id, 1, scene.in_ms(600_000)));
    }
    sleep(MOMENT).await;
    assert!(waiters.try_join_next().is_none(), "woken without a change");
    scene.deny(&*scene.store, &request).await;
    all_wake(waiters).await;
}

/// A change through another handle wakes too, within the time of a re-check.
pub async fn k3_a_change_on_another_node_wakes(scene: Scene) {
    let request = scene.open().await;
    let mut waiters = JoinSet::new();
    scene.wait(&mut waiters, (request.id, 1, scene.in_ms(600_000)));
    sleep(MOMENT).await;
    scene.deny(&*scene.second, &request).await;
    all_wake(waiters).await;
}

/// A change that came after the read and before the wait ends the wait at once.
pub async fn k3_a_change_between_read_and_wait_is_seen(scene: Scene) {
    for _ in 0..30 {
        let request = scene.open().await;
        let mut waiters = JoinSet::new();
        // Half of these begin to wait while the change is being written.
        for _ in 0..4 {
            scene.wait(&mut waiters, (request.id, 1, scene.in_ms(600_000)));
        }
        scene.deny(&*scene.store, &request).await;
        for _ in 0..4 {
            scene.wait(&mut waiters, (request.id, 1, scene.in_ms(600_000)));
        }
        timeout(Duration::from_millis(1_500), waiters.join_all())
            .await
            .expect("nobody waits for a change that came");
    }
    let unknown = scene.id();
    let mut waiters = JoinSet::new();
    scene.wait(&mut waiters, (unknown, 1, scene.in_ms(600_000)));
    all_wake(waiters).await;
}

/// Without a change a waiter is released at its time, not before.
pub async fn a_waiter_is_released_in_time(scene: Scene) {
    let request = scene.open().await;
    let until = scene.in_ms(1_500);
    let mut waiters = JoinSet::new();
    scene.wait(&mut waiters, (request.id, 1, until));
    sleep(MOMENT).await;
    assert!(waiters.try_join_next().is_none(), "released too early");
    scene.harness.clock().set(until);
    all_wake(waiters).await;
    let mut late = JoinSet::new();
    scene.wait(&mut late, (request.id, 1, until));
    timeout(Duration::from_secs(1), late.join_all())
        .await
        .expect("a time that has come is not waited for");
}

/// Waiters that go away, in whatever way, leave no entry.
pub async fn waiters_leave_nothing_behind(scene: Scene) {
    let (first, second) = (scene.open().await, scene.open().await);
    let mut waiters = JoinSet::new();
    for _ in 0..10 {
        scene.wait(&mut waiters, (first.id, 1, scene.in_ms(600_000)));
        scene.wait(&mut waiters, (second.id, 1, scene.in_ms(600_000)));
    }
    sleep(MOMENT).await;
    assert!(scene.harness.waited_for() > 0);
    scene.deny(&*scene.store, &first).await;
    sleep(MOMENT).await;
    waiters.shutdown().await;
    assert_eq!(scene.harness.waited_for(), 0);
}

/// A change of one request does not wake those who wait for another.
pub async fn others_sleep_on(scene: Scene) {
    let (first, second) = (scene.open().await, scene.open().await);
    let mut waiters = JoinSet::new();
    scene.wait(&mut waiters, (second.id, 1, scene.in_ms(600_000)));
    sleep(MOMENT).await;
    scene.deny(&*scene.store, &first).await;
    sleep(MOMENT).await;
    assert!(waiters.try_join_next().is_none());
    scene.deny(&*scene.store, &second).await;
    all_wake(waiters).await;
}
