//! `verify` finds what does not hold. Each case plants one wrong thing beside the verbs.

use placet_core::{
    Id,
    engine::{Caller, Violation},
    event::EventKind,
    pending::{Handle, HandleKind},
    secret::{SecretHash, kind},
    store::{Change, Commit, Key, Name, Record, Table, Versioned},
    token::{AccessToken, Family, RefreshToken},
};

use crate::scene::Scene;

struct Planted {
    scene: Scene,
    access: Versioned<AccessToken>,
    family: Versioned<Family>,
    refresh: Versioned<RefreshToken>,
}

async fn good() -> Planted {
    let scene = Scene::new().await;
    let given = scene.tokens(&scene.client("tv").await).await;
    let store = scene.engine.store();
    let issuer = scene.setting.issuer;
    let hash = SecretHash::of(&given.access[0].token);
    let access = store.access(issuer, hash).await.unwrap().unwrap();
    let hash = SecretHash::of(given.refresh.as_ref().unwrap());
    let refresh = store.refresh(issuer, hash).await.unwrap().unwrap();
    let (family, version) = refresh.family.unwrap();
    scene.verified().await;
    Planted {
        access: Versioned {
            value: access.token,
            version: access.version,
        },
        family: Versioned {
            value: family,
            version,
        },
        refresh: Versioned {
            value: refresh.token,
            version: refresh.version,
        },
        scene,
    }
}

impl Planted {
    async fn write(&self, changes: Vec<Change>) {
        let event = self
            .scene
            .engine
            .note(EventKind::KeyChanged, &Caller::default());
        let mut commit = Commit::new(self.scene.setting.issuer, event);
        commit.changes = changes;
        self.scene.engine.put(commit).await.unwrap();
    }

    async fn finds(&self, rule: &str) {
        let violations = self
            .scene
            .engine
            .verify(placet_core::engine::Retention::default().events)
            .await
            .unwrap()
            .violations;
        let found = violations.iter().any(|violation| violation.rule == rule);
        assert!(found, "{rule}: {violations:?}");
    }
}

#[tokio::test]
async fn a_row_that_does_not_read_is_found() {
    for body in ["", "{}", "null", "{\"is\":\"from the future\"}"] {
        let planted = good().await;
        let key = Key::family(planted.family.value.id);
        planted
            .scene
            .setting
            .memory
            .write_raw(planted.scene.setting.issuer, key, body.as_bytes());
        planted.finds("every row reads").await;
    }
    let planted = good().await;
    let elsewhere = Record::Family(Family {
        id: Id::random(planted.scene.engine.random()),
        ..planted.family.value.clone()
    });
    let key = Key::family(planted.family.value.id);
    let issuer = planted.scene.setting.issuer;
    planted
        .scene
        .setting
        .memory
        .write_raw(issuer, key, &elsewhere.encode());
    planted.finds("every row reads").await;
}

#[tokio::test]
async fn j7_a_token_that_nothing_explains_is_found() {
    let planted = good().await;
    let token = AccessToken {
        hash: SecretHash::of("forged"),
        jti: Id::random(planted.scene.engine.random()),
        ..planted.access.value.clone()
    };
    planted
        .write(vec![Change::insert(Record::Access(token))])
        .await;
    planted.finds("every token was announced").await;
}

#[tokio::test]
async fn j7_a_token_announced_twice_is_found() {
    let planted = good().await;
    let mut event = planted
        .scene
        .engine
        .note(EventKind::TokenIssued, &Caller::default());
    event.tokens = vec![planted.access.value.jti];
    let commit = Commit::new(planted.scene.setting.issuer, event);
    planted.scene.engine.put(commit).await.unwrap();
    planted.finds("a token is issued once").await;
}

#[tokio::test]
async fn j7_a_token_with_more_than_was_granted_is_found() {
    let planted = good().await;
    let mut token = planted.access.value.clone();
    token.rights = crate::scene::rights("read write admin");
    planted
        .write(vec![Change::update(
            planted.access.version,
            Record::Access(token),
        )])
        .await;
    planted.finds("no token exceeds its grant").await;
}

#[tokio::test]
async fn what_is_named_and_missing_is_found() {
    let planted = good().await;
    let family = Key::family(planted.family.value.id);
    planted
        .write(vec![Change::Delete {
            key: family,
            version: planted.family.version,
        }])
        .await;
    planted.finds("a token has its family").await;
    planted.finds("a refresh token has a family").await;

    let planted = good().await;
    let grant = Key::grant(planted.family.value.grant.unwrap());
    planted
        .write(vec![Change::Delete {
            key: grant,
            version: 1,
        }])
        .await;
    planted.finds("a family rests on a grant").await;
    planted.finds("a token rests on a grant").await;

    let planted = good().await;
    let handle = Handle {
        kind: HandleKind::Poll,
        hash: [7; 32],
        pending: Id::random(planted.scene.engine.random()),
        keep_until: planted.scene.now(),
    };
    planted
        .write(vec![Change::insert(Record::Handle(handle))])
        .await;
    planted.finds("a handle opens a request").await;

    let planted = good().await;
    let nobody = Id::<placet_core::person::Person>::random(planted.scene.engine.random());
    let name = Name::username("ghost").standing_for(nobody);
    planted
        .write(vec![Change::insert(Record::Name(name))])
        .await;
    planted.finds("a name stands for something").await;
}

#[tokio::test]
async fn j4_two_fresh_refresh_tokens_and_one_from_the_future_are_found() {
    let planted = good().await;
    let twin = RefreshToken {
        hash: SecretHash::<kind::Refresh>::of("twin"),
        ..planted.refresh.value.clone()
    };
    planted
        .write(vec![Change::insert(Record::Refresh(twin))])
        .await;
    planted.finds("one fresh refresh token").await;

    let planted = good().await;
    let mut ahead = planted.refresh.value.clone();
    ahead.generation = 9;
    planted
        .write(vec![Change::update(
            planted.refresh.version,
            Record::Refresh(ahead),
        )])
        .await;
    planted.finds("generations follow each other").await;
}

#[tokio::test]
async fn j6_a_change_without_its_event_is_found() {
    let planted = good().await;
    let now = Some(planted.scene.now());
    let mut family = planted.family.value.clone();
    family.ended_at = now;
    planted
        .write(vec![Change::update(
            planted.family.version,
            Record::Family(family),
        )])
        .await;
    planted.finds("a family has its events").await;

    let planted = good().await;
    let mut token = planted.access.value.clone();
    token.revoked_at = now;
    planted
        .write(vec![Change::update(
            planted.access.version,
            Record::Access(token),
        )])
        .await;
    planted.finds("a revocation has its event").await;

    for (table, rule) in [
        (Table::Grant, "a grant has its events"),
        (Table::Session, "a session has its events"),
        (Table::Pending, "a request's state has its events"),
    ] {
        let planted = good().await;
        let store = planted.scene.engine.store();
        let page = store
            .page(planted.scene.setting.issuer, table, None, 1)
            .await
            .unwrap();
        let Versioned { value, version } = page.into_iter().next().unwrap();
        let changed = match value {
            Record::Grant(mut grant) => {
                grant.revoked_at = now;
                Record::Grant(grant)
            }
            Record::Session(mut session) => {
                session.ended_at = now;
                Record::Session(session)
            }
            Record::Pending(mut request) => {
                let ending = placet_core::pending::Ending {
                    kind: placet_core::pending::EndKind::Denied,
                    at: planted.scene.now(),
                };
                request.state = placet_core::pending::State::Ended(ending);
                Record::Pending(request)
            }
            other => panic!("{other:?}"),
        };
        planted.write(vec![Change::update(version, changed)]).await;
        planted.finds(rule).await;
    }
}

#[tokio::test]
async fn j5_an_approval_and_a_denial_of_one_request_are_found() {
    let planted = good().await;
    let store = planted.scene.engine.store();
    let page = store
        .page(planted.scene.setting.issuer, Table::Pending, None, 1)
        .await
        .unwrap();
    let Record::Pending(request) = &page[0].value else {
        panic!("not a request");
    };
    let mut event = planted
        .scene
        .engine
        .note(EventKind::RequestDenied, &Caller::default());
    event.request = Some(request.id);
    let commit = Commit::new(planted.scene.setting.issuer, event);
    planted.scene.engine.put(commit).await.unwrap();
    let found: Vec<Violation> = planted
        .scene
        .engine
        .verify(placet_core::engine::Retention::default().events)
        .await
        .unwrap()
        .violations;
    assert_eq!(
        found.iter().map(|v| v.rule).collect::<Vec<_>>(),
        ["one answer"]
    );
}
