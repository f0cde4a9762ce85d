//! `expire`: what a page tells of a request that nobody answered in time.

use std::sync::{Arc, Mutex};

use placet_core::{
    Id, Refusal,
    engine::{Answer, Caller, Decider, Decision, Engine, Error},
    event::{Event, EventKind},
    issuer::Issuer,
    pending::{EndKind, HandleKind, PendingRequest, State},
    person::SeatedPerson,
    secret::{SecretHash, kind},
    store::{Boxed, Commit, Key, Outcome, Record, Store, StoreError, Table, Version, Versioned},
    testing::{Fault, MemoryStore},
    time::{Lifetime, Timestamp},
    token::{AccessToken, RefreshToken, Standing},
};

use crate::scene::{Scene, WAIT, WIDE, refused, rights};

const MOMENT: Lifetime = Lifetime::from_millis(1);

fn is_expired(state: &State) -> bool {
    matches!(state, State::Ended(ending) if ending.kind == EndKind::Expired)
}

#[tokio::test]
async fn c2_what_is_read_as_expired_has_expired_for_the_client() {
    let scene = Scene::new().await;
    let client = scene.client("tv").await;
    let opened = scene.device(&client).await;
    let id = opened.request.id;
    let look = async || scene.engine.expire(id).await.unwrap().into_inner();
    scene
        .setting
        .clock
        .set(opened.request.expires_at.minus(MOMENT));
    assert_eq!(look().await.request.state, State::Pending, "not yet");
    scene.advance(MOMENT);
    let told = look().await;
    assert!(is_expired(&told.request.state), "{:?}", told.request.state);
    assert_eq!(scene.state(id).await, told.request.state);
    assert_eq!(look().await.version, told.version, "once");
    let polled = scene.poll(&opened, &client).await;
    assert_eq!(refused(polled), Refusal::Expired);
    let nobody = scene.engine.expire(Id::from_bytes([3; 16])).await;
    assert_eq!(refused(nobody), Refusal::NotFound);
    scene.verified().await;
}

#[tokio::test]
async fn c2_an_end_that_could_not_be_written_is_not_read() {
    let scene = Scene::new().await;
    let id = scene.device(&scene.client("tv").await).await.request.id;
    scene.advance(WAIT);
    scene.setting.memory.fail_next(Fault::Unavailable);
    let told = scene.engine.expire(id).await;
    assert!(
        matches!(told, Err(Error::Store(StoreError::Unavailable { .. }))),
        "{told:?}"
    );
    assert_eq!(scene.state(id).await, State::Pending);
}

#[tokio::test]
async fn c2_an_answer_just_in_time_wins_against_a_page_that_would_say_expired() {
    for yes in [true, false] {
        let scene = Scene::new().await;
        let client = scene.client("tv").await;
        let opened = scene.device(&client).await;
        let id = opened.request.id;
        let seat = scene.seat("ada", &scene.browser()).await;
        scene
            .setting
            .clock
            .set(opened.request.expires_at.minus(MOMENT));
        let memory = &scene.setting.memory;
        let ahead = Ahead {
            memory: memory.clone(),
            meanwhile: Mutex::new(Some(Person {
                engine: scene.setting.node(Arc::new(memory.clone()), WIDE),
                request: id,
                seat,
                yes,
            })),
        };
        let node = scene.setting.node(Arc::new(ahead), WIDE);
        let told = node.expire(id).await.unwrap().into_inner();
        match &told.request.state {
            State::Approved(_) => assert!(yes),
            State::Ended(ending) => assert_eq!((ending.kind, yes), (EndKind::Denied, false)),
            other => panic!("{other:?}"),
        }
        let collected = scene.poll(&opened, &client).await;
        assert_eq!(collected.is_ok(), yes, "both sides are told the same");
        scene.verified().await;
    }
}

/// Who answers while a page is about to say that it is too late.
struct Person {
    engine: Engine,
    request: Id<PendingRequest>,
    seat: SeatedPerson,
    yes: bool,
}

impl Person {
    async fn answers(self) {
        let answer = Answer {
            request: self.request,
            by: Decider::Seat(&self.seat),
            shown: None,
            decision: if self.yes {
                Decision::Approve(rights("read"))
            } else {
                Decision::Deny
            },
            cookie: None,
        };
        let told = self.engine.answer(&answer, &Caller::default()).await;
        told.expect("it is in time");
    }
}

/// The way to the store of a node whose clock is a second ahead, with an answer between its look and its commit.
struct Ahead {
    memory: MemoryStore,
    meanwhile: Mutex<Option<Person>>,
}

impl Store for Ahead {
    fn now(&self) -> Timestamp {
        self.memory.now().plus(Lifetime::from_secs(1))
    }

    fn commit(&self, commit: Commit) -> Boxed<'_, Result<(), StoreError>> {
        Box::pin(async move {
            assert_eq!(commit.event.kind, EventKind::RequestExpired);
            let person = self.meanwhile.lock().unwrap().take();
            if let Some(person) = person {
                person.answers().await;
            }
            self.memory.commit(commit).await
        })
    }

    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        self.memory.get(issuer, key)
    }

    fn pending_by(
        &self,
        issuer: Id<Issuer>,
        kind: HandleKind,
        hash: [u8; 32],
    ) -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>> {
        self.memory.pending_by(issuer, kind, hash)
    }

    fn access(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Access>,
    ) -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>> {
        self.memory.access(issuer, hash)
    }

    fn refresh(
        &self,
        issuer: Id<Issuer>,
        hash: SecretHash<kind::Refresh>,
    ) -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>> {
        self.memory.refresh(issuer, hash)
    }

    fn owned(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        owner: [u8; 16],
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        self.memory.owned(issuer, table, owner, limit)
    }

    fn page(
        &self,
        issuer: Id<Issuer>,
        table: Table,
        after: Option<Key>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>> {
        self.memory.page(issuer, table, after, limit)
    }

    fn events(
        &self,
        issuer: Id<Issuer>,
        after: Option<Id<Event>>,
        limit: usize,
    ) -> Boxed<'_, Result<Vec<Event>, StoreError>> {
        self.memory.events(issuer, after, limit)
    }

    fn outcome(&self, issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>> {
        self.memory.outcome(issuer, id)
    }

    fn changed(
        &self,
        issuer: Id<Issuer>,
        id: Id<PendingRequest>,
        seen: Version,
        until: Timestamp,
    ) -> Boxed<'_, ()> {
        self.memory.changed(issuer, id, seen, until)
    }

    fn sweep(
        &self,
        now: Timestamp,
        events_before: Timestamp,
        limit: usize,
    ) -> Boxed<'_, Result<usize, StoreError>> {
        self.memory.sweep(now, events_before, limit)
    }
}
