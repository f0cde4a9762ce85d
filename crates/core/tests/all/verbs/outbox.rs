//! The outbox: a callback is sent by one node at a time, at least once, and not for ever.

use std::sync::Arc;

use placet_core::{
    Refusal,
    callback::Callback,
    engine::{Error, Failed},
    event::EventKind,
    store::{StoreError, Versioned},
    testing::Fault,
    time::Lifetime,
};

use crate::scene::{Scene, WAIT, WIDE, message, refused};

const SECOND: Lifetime = Lifetime::from_secs(1);
const LEASE: Lifetime = Lifetime::from_secs(30);

impl Scene {
    async fn due(&self) -> Vec<Versioned<Callback>> {
        self.engine.due_callbacks(100).await.unwrap()
    }

    /// The one callback that is due.
    async fn due_one(&self) -> Versioned<Callback> {
        let mut due = self.due().await;
        assert_eq!(due.len(), 1, "{due:?}");
        due.remove(0)
    }

    async fn claimed(&self) -> Versioned<Callback> {
        let seen = self.due_one().await;
        let claimed = self.engine.claim_callback(seen, LEASE).await;
        claimed.unwrap().into_inner()
    }

    async fn told(&self, kind: EventKind) -> Vec<Option<String>> {
        let store = self.engine.store();
        let events = store.events(self.setting.issuer, None, 10_000).await;
        let events = events.unwrap().into_iter();
        let of_kind = events.filter(|event| event.kind == kind);
        of_kind
            .map(|event| event.note.map(std::borrow::Cow::into_owned))
            .collect()
    }
}

#[tokio::test]
async fn what_is_due_is_sent_once_and_gone() {
    let scene = Scene::new().await;
    let id = scene.enqueue().await;
    let claimed = scene.claimed().await;
    assert_eq!((claimed.value.id, claimed.value.attempts), (id, 1));
    let carried = claimed.value.message(scene.engine.vault());
    assert_eq!(carried, Ok(message()));
    assert!(scene.due().await.is_empty(), "somebody holds it");
    scene.verified().await;
    scene.engine.settle_callback(claimed).await.unwrap();
    assert_eq!(refused(scene.engine.callback(id).await), Refusal::NotFound);
    scene.advance(WAIT);
    assert!(scene.due().await.is_empty());
    assert_eq!(scene.told(EventKind::CallbackClaimed).await, [None]);
    assert_eq!(scene.told(EventKind::CallbackSent).await, [None]);
    scene.verified().await;
}

#[tokio::test]
async fn of_two_senders_one_gets_it() {
    let scene = Scene::new().await;
    let store = Arc::new(scene.setting.memory.clone());
    let other = scene.setting.node(store, WIDE);
    scene.enqueue().await;
    let seen = scene.due_one().await;
    let seen_there = other.due_callbacks(9).await.unwrap();
    assert_eq!(seen_there, std::slice::from_ref(&seen));
    let first = scene.engine.claim_callback(seen.clone(), LEASE).await;
    let second = other.claim_callback(seen, LEASE).await;
    assert_eq!(refused(second), Refusal::Taken);
    let held = other.callback(first.unwrap().get().value.id).await.unwrap();
    let third = other.claim_callback(held, LEASE).await;
    assert_eq!(refused(third), Refusal::Taken, "while the lease lives");
}

#[tokio::test]
async fn what_a_dead_sender_held_goes_out_again() {
    let scene = Scene::new().await;
    scene.enqueue().await;
    let dead = scene.claimed().await;
    scene.advance(Lifetime::from_millis(LEASE.as_millis() - 1));
    assert!(scene.due().await.is_empty(), "until the lease is over");
    scene.advance(Lifetime::from_millis(1));
    let next = scene.claimed().await;
    assert_eq!(next.value.attempts, 2);
    // The one that was thought dead has failed and says so: that is not its business any more.
    let told = scene.engine.fail_callback(dead.clone()).await.unwrap();
    assert_eq!(*told.get(), Failed::NotOurs);
    let held = scene.engine.callback(next.value.id).await.unwrap();
    assert_eq!(held, next);
    // Or it has delivered it after all: then it need not go out once more.
    scene.engine.settle_callback(dead).await.unwrap();
    scene.engine.settle_callback(next).await.unwrap();
    assert_eq!(scene.told(EventKind::CallbackSent).await.len(), 1);
    scene.verified().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_later_and_given_up_in_the_end() {
    let scene = Scene::new().await;
    let id = scene.enqueue().await;
    let mut tries = 0;
    loop {
        let claimed = scene.claimed().await;
        tries += 1;
        let failed = scene.engine.fail_callback(claimed).await.unwrap();
        let Failed::Again(due_at) = failed.into_inner() else {
            break;
        };
        let early = scene.engine.callback(id).await.unwrap();
        let early = scene.engine.claim_callback(early, LEASE).await;
        assert!(matches!(refused(early), Refusal::Waiting { .. }));
        scene.setting.clock.set(due_at);
    }
    // At 0, 1, 6, 36 and 156 s; ten minutes later its time is over.
    assert_eq!(tries, 5);
    assert_eq!(refused(scene.engine.callback(id).await), Refusal::NotFound);
    let told = scene.told(EventKind::CallbackFailed).await;
    assert_eq!(told.len(), 5);
    assert_eq!(told.last().unwrap().as_deref(), Some("given up"));
    scene.verified().await;
}

#[tokio::test]
async fn whoever_finds_it_too_late_gives_it_up() {
    let scene = Scene::new().await;
    let id = scene.enqueue().await;
    let seen = scene.due_one().await;
    scene.advance(WAIT);
    assert_eq!(scene.engine.sweep(scene.now()).await.unwrap(), 0);
    assert_eq!(scene.due_one().await, seen);
    let told = scene.engine.claim_callback(seen, LEASE).await;
    assert_eq!(refused(told), Refusal::Expired);
    assert_eq!(refused(scene.engine.callback(id).await), Refusal::NotFound);
    let told = scene.told(EventKind::CallbackFailed).await;
    assert_eq!(told, [Some("given up".to_owned())]);
    scene.verified().await;
}

#[tokio::test]
async fn every_due_callback_is_found_and_no_more_than_were_asked_for() {
    let scene = Scene::new().await;
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(scene.enqueue().await);
    }
    all.sort_unstable();
    let ids = |due: Vec<Versioned<Callback>>| {
        let mut ids: Vec<_> = due.into_iter().map(|due| due.value.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(scene.due().await), all);
    assert!(scene.engine.due_callbacks(0).await.unwrap().is_empty());
    let mut sent = Vec::new();
    loop {
        let due = scene.engine.due_callbacks(3).await.unwrap();
        if due.is_empty() {
            break;
        }
        assert!(due.len() <= 3);
        for seen in due {
            sent.push(seen.clone());
            scene.engine.claim_callback(seen, LEASE).await.unwrap();
        }
    }
    assert_eq!(ids(sent), all);
    scene.advance(SECOND);
    assert!(scene.due().await.is_empty());
}

#[tokio::test]
async fn k6_a_claim_that_was_lost_is_nobody_s() {
    for fault in [Fault::UnknownLost, Fault::Unavailable] {
        let scene = Scene::new().await;
        scene.enqueue().await;
        let seen = scene.due_one().await;
        scene.setting.memory.fail_next(fault);
        let told = scene.engine.claim_callback(seen, LEASE).await;
        let lost = matches!(told, Err(Error::Store(StoreError::Unavailable { .. })));
        assert!(lost, "{fault:?}: {told:?}");
        let claimed = scene.claimed().await;
        assert_eq!(claimed.value.attempts, 1);
        scene.setting.memory.fail_next(fault);
        assert!(scene.engine.settle_callback(claimed.clone()).await.is_err());
        scene.advance(LEASE);
        assert_eq!(scene.claimed().await.value.id, claimed.value.id);
        scene.verified().await;
    }
    let scene = Scene::new().await;
    scene.enqueue().await;
    let seen = scene.due_one().await;
    scene.setting.memory.fail_next(Fault::UnknownApplied);
    let claimed = scene.engine.claim_callback(seen, LEASE).await.unwrap();
    scene.setting.memory.fail_next(Fault::UnknownApplied);
    let settled = scene.engine.settle_callback(claimed.into_inner()).await;
    settled.unwrap();
    assert_eq!(scene.told(EventKind::CallbackSent).await.len(), 1);
}
