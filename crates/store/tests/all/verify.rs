//! `verify` on the stores that keep what they are given: a store that the verbs filled has nothing to hide, and whatever
//! is planted in it by hand is named.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "each case is called by tests of several names; a step that fails fails the test"
)]

mod owed;

use std::sync::Arc;

use placet_core::{
    callback::Callback,
    client::Client,
    engine::{Engine, FOR_EVER, Violation},
    event::{Event, EventKind},
    grant::Grant,
    id::Id,
    key::StoredKey,
    pending::{EndKind, Ending, PendingRequest, State},
    person::Session,
    right::Rights,
    secret::{SecretHash, kind},
    store::{Name, Record, Store, Table},
    tenant::Tenant,
    time::{Lifetime, Timestamp},
    token::{AccessToken, Family, RefreshToken},
    vault::Sealed,
};
use placet_store::{
    Location, OpenStore, Place,
    archive::{self, Extent},
};

use crate::{
    harness::Scratch,
    scene::{Scene, Setting, WIDE},
};

/// Something planted: the rules that must name it, and the SQL. `x'…'` is how bytes are written.
struct Plant {
    name: &'static str,
    rules: &'static [&'static str],
    sql: String,
}

fn plant(name: &'static str, rules: &'static [&'static str], sql: impl Into<String>) -> Plant {
    Plant {
        name,
        rules,
        sql: sql.into(),
    }
}

/// What the clean store holds, as far as cases change it.
struct Held {
    issuer: Id<placet_core::issuer::Issuer>,
    now: Timestamp,
    request: PendingRequest,
    grant: Grant,
    family: Family,
    refresh: RefreshToken,
    access: AccessToken,
    session: Session,
    client: Client,
    collected: Event,
    tenant: Tenant,
    owed: Callback,
}

/// Fills a store by the verbs: people sign in, devices and browsers ask, and it is agreed, denied, used and revoked.
async fn grow(setting: Setting, store: Arc<dyn Store>) -> (Scene, Held) {
    let engine = setting.node(store, WIDE);
    setting.furnish(&engine).await;
    let scene = Scene { setting, engine };
    let tv = scene.client("tv").await;
    let first = scene.tokens(&tv).await;
    let refresh = scene.refresh(first.refresh.as_ref().unwrap(), &tv).await;
    let refresh = refresh.unwrap().refresh.unwrap();
    scene.code_tokens(&scene.client("web").await, "read").await;
    let denied = scene.device(&tv).await;
    let seat = scene.seat("bob", &scene.browser()).await;
    let no = placet_core::engine::Decision::Deny;
    scene
        .decide(denied.request.id, &seat, no, None)
        .await
        .unwrap();
    scene.device(&tv).await;
    let (tenant, owed) = owed::grow(&scene).await;
    let store = Arc::clone(scene.engine.store());
    let issuer = scene.setting.issuer;
    let access = store.access(issuer, SecretHash::of(&first.access[0].token));
    let access = access.await.unwrap().unwrap().token;
    let standing = store.refresh(issuer, SecretHash::of(&refresh));
    let standing = standing.await.unwrap().unwrap();
    let (family, _) = standing.family.unwrap();
    let (grant, _) = standing.grant.unwrap();
    let client = scene.engine.client_named("tv").await.unwrap().unwrap();
    let sessions = store.page(issuer, Table::Session, None, 10).await.unwrap();
    let Record::Session(session) = sessions[0].value.clone() else {
        panic!("a session was asked for");
    };
    let events = store.events(issuer, None, 1_000).await.unwrap();
    let collected = events
        .iter()
        .find(|event| event.kind == EventKind::TokensCollected && event.grant == Some(grant.id))
        .unwrap()
        .clone();
    let request = store.as_ref().pending(issuer, collected.request.unwrap());
    let held = Held {
        issuer,
        now: scene.now(),
        request: *request.await.unwrap().unwrap().value,
        grant,
        family,
        refresh: standing.token,
        access,
        session,
        client: client.as_ref().clone(),
        collected,
        tenant,
        owed,
    };
    (scene, held)
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(bytes))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

impl Held {
    /// Inserts this record.
    fn beside(&self, record: &Record) -> String {
        let key = record.key();
        format!(
            "INSERT INTO {} (issuer, key, version, keep_until, owner, body) VALUES ({}, {}, 1, {}, {}, {})",
            key.table.name(),
            hex(self.issuer.as_bytes()),
            hex(key.bytes()),
            end_of(record),
            owner_of(record),
            text(std::str::from_utf8(&record.encode()).unwrap()),
        )
    }

    /// Inserts this event.
    fn told(&self, event: &Event) -> String {
        format!(
            "INSERT INTO event (issuer, id, at, body) VALUES ({}, {}, {}, {})",
            hex(self.issuer.as_bytes()),
            hex(event.id.as_bytes()),
            event.at.as_millis(),
            text(&serde_json::to_string(event).unwrap()),
        )
    }

    fn event(&self, kind: EventKind) -> Event {
        Event::new(Id::from_bytes([0x11; 16]), kind, self.now)
    }
}

/// Writes this record over the one of its key, with the columns it should have.
fn over(record: &Record) -> String {
    let key = record.key();
    format!(
        "UPDATE {} SET body = {}, keep_until = {}, owner = {} WHERE key = {}",
        key.table.name(),
        text(std::str::from_utf8(&record.encode()).unwrap()),
        end_of(record),
        owner_of(record),
        hex(key.bytes()),
    )
}

fn end_of(record: &Record) -> String {
    let end = record.keep_until().map(Timestamp::as_millis);
    end.map_or_else(|| "NULL".to_owned(), |end| end.to_string())
}

fn owner_of(record: &Record) -> String {
    let owner = record.owner();
    owner.map_or_else(|| "NULL".to_owned(), |owner| hex(&owner))
}

const READS: &str = "every row reads";
const COLUMNS: &str = "columns say what the body says";
const OF_REQUEST: &str = "a request's state has its events";

/// What is wrong with a row by itself.
fn wrong_rows(held: &Held) -> Vec<Plant> {
    let mut stranger = held.family.clone();
    stranger.id = Id::from_bytes([9; 16]);
    let elsewhere = Record::Family(stranger).encode();
    let elsewhere = text(std::str::from_utf8(&elsewhere).unwrap());
    vec![
        plant("an empty body", &[READS], "UPDATE family SET body = ''"),
        plant(
            "a body of nothing",
            &[READS],
            "UPDATE access SET body = 'null'",
        ),
        plant(
            "a body of another row",
            &[READS],
            format!("UPDATE family SET body = {elsewhere}"),
        ),
        plant(
            "a state of another release",
            &[READS],
            "UPDATE pending SET body = replace(body, '\"state\":', '\"state\":{\"hovering\":1},\"was\":')",
        ),
        plant(
            "an issuer that does not read",
            &[READS],
            "UPDATE issuer SET body = '{}'",
        ),
    ]
}

/// What is wrong with the columns beside a body, and with rows that are no records.
fn wrong_columns(held: &Held) -> Vec<Plant> {
    vec![
        plant(
            "an owner that is gone",
            &[COLUMNS],
            "UPDATE session SET owner = NULL",
        ),
        plant(
            "another owner",
            &[COLUMNS],
            format!("UPDATE grants SET owner = {}", hex(&[7; 16])),
        ),
        plant(
            "an owner of nothing",
            &[COLUMNS],
            format!("UPDATE client SET owner = {}", hex(&[7; 16])),
        ),
        plant(
            "kept for ever",
            &[COLUMNS],
            "UPDATE pending SET keep_until = NULL",
        ),
        plant(
            "kept longer",
            &[COLUMNS],
            "UPDATE access SET keep_until = keep_until + 1",
        ),
        plant(
            "no version",
            &["versions count from 1"],
            "UPDATE client SET version = 0",
        ),
        plant(
            "nobody's row",
            &["every row has its issuer"],
            format!(
                "UPDATE spent SET issuer = {0}; UPDATE name SET issuer = {0}",
                hex(&[3; 16])
            ),
        ),
        plant(
            "a used value that is no hash",
            &["a used value is kept as its hash"],
            format!(
                "INSERT INTO spent (issuer, value, keep_until) VALUES ({}, {}, 1)",
                hex(held.issuer.as_bytes()),
                hex(b"jti")
            ),
        ),
        plant(
            "an event that does not read",
            &["every event reads"],
            "UPDATE event SET body = '{}'",
        ),
        plant(
            "an event of another time",
            &[COLUMNS],
            "UPDATE event SET at = at + 1",
        ),
    ]
}

/// What is named and not there.
fn missing_rows(held: &Held) -> Vec<Plant> {
    let mut ghost = Name::username("ghost");
    ghost.target = [5; 16];
    let mut taken = Name::client("tv");
    taken.target = *held.access.person.unwrap().as_bytes();
    vec![
        plant(
            "requests gone",
            &["a handle opens a request"],
            "DELETE FROM pending",
        ),
        plant(
            "grants gone",
            &[
                "a family rests on a grant",
                "a token rests on a grant",
                "what was collected is there",
            ],
            "DELETE FROM grants",
        ),
        plant(
            "families gone",
            &[
                "a token has its family",
                "a refresh token has a family",
                "what was collected is there",
            ],
            "DELETE FROM family",
        ),
        plant(
            "clients gone",
            &[
                "a name stands for something",
                "what is asked for has its client",
            ],
            "DELETE FROM client",
        ),
        plant(
            "people gone",
            &[
                "a grant is of somebody",
                "a family is of somebody",
                "a token is of somebody",
                "a session is of somebody",
            ],
            "DELETE FROM person",
        ),
        plant(
            "names gone",
            &["everybody is found by name"],
            "DELETE FROM name",
        ),
        plant(
            "a name of nobody",
            &["a name stands for something"],
            held.beside(&Record::Name(ghost)),
        ),
        plant(
            "a name of somebody else",
            &["a name stands for something", "everybody is found by name"],
            over(&Record::Name(taken)),
        ),
    ]
}

/// What no event explains, and events that contradict each other.
fn wrong_events(held: &Held) -> Vec<Plant> {
    let gone = |kind: &str| format!("DELETE FROM event WHERE body LIKE '%\"kind\":\"{kind}\"%'");
    let mut denied = held.event(EventKind::RequestDenied);
    denied.request = Some(held.request.id);
    let mut again = held.collected.clone();
    again.id = Id::from_bytes([0x12; 16]);
    let mut late = held.event(EventKind::ClientChanged);
    late.at = held.now.plus(Lifetime::from_secs(3_600));
    let mut issued = held.event(EventKind::TokenIssued);
    issued.tokens = vec![held.access.jti];
    vec![
        plant("no opening", &[OF_REQUEST], gone("request_opened")),
        plant("no approval", &[OF_REQUEST], gone("request_approved")),
        plant("no denial", &[OF_REQUEST], gone("request_denied")),
        plant(
            "no collection",
            &[
                OF_REQUEST,
                "a grant has its events",
                "a family has its events",
                "every token was announced",
            ],
            gone("tokens_collected"),
        ),
        plant(
            "no refresh",
            &["every token was announced"],
            gone("token_refreshed"),
        ),
        plant(
            "no sign-in",
            &["a session has its events"],
            gone("signed_in"),
        ),
        plant("both answers", &["one answer"], held.told(&denied)),
        plant(
            "collected twice",
            &["collected once", "a token is issued once"],
            held.told(&again),
        ),
        plant(
            "a token of two events",
            &["a token is issued once"],
            held.told(&issued),
        ),
        plant(
            "an event to come",
            &["nothing is from the future"],
            held.told(&late),
        ),
    ]
}

/// Records that say more than happened.
fn wrong_records(held: &Held) -> Vec<Plant> {
    let now = Some(held.now);
    let family = |change: &dyn Fn(&mut Family)| {
        let mut family = held.family.clone();
        change(&mut family);
        over(&Record::Family(family))
    };
    let access = |change: &dyn Fn(&mut AccessToken)| {
        let mut token = held.access.clone();
        change(&mut token);
        token
    };
    let mut revoked = held.grant.clone();
    (revoked.revoked_at, revoked.keep_until) = (now, Some(held.now.plus(Lifetime::from_secs(60))));
    let mut ended = held.session.clone();
    ended.ended_at = now;
    let request = |change: &dyn Fn(&mut PendingRequest)| {
        let mut request = held.request.clone();
        change(&mut request);
        over(&Record::Pending(Box::new(request)))
    };
    let cancelled = State::Ended(Ending {
        kind: EndKind::Cancelled,
        at: held.now,
    });
    vec![
        plant(
            "an ended family",
            &["a family has its events"],
            family(&|f| f.ended_at = now),
        ),
        plant(
            "a revoked grant",
            &["a grant has its events"],
            over(&Record::Grant(revoked)),
        ),
        plant(
            "an ended sign-in",
            &["a session has its events"],
            over(&Record::Session(ended)),
        ),
        plant(
            "a revoked token",
            &["a revocation has its event"],
            over(&Record::Access(access(&|token| token.revoked_at = now))),
        ),
        plant(
            "a cancelled request",
            &[OF_REQUEST],
            request(&|r| r.state = cancelled.clone()),
        ),
        plant(
            "a request that ends before it begins",
            &["times follow each other"],
            request(&|r| r.expires_at = r.created_at.minus(Lifetime::from_secs(1))),
        ),
    ]
}

/// Tokens that say more than happened.
fn wrong_tokens(held: &Held) -> Vec<Plant> {
    let family = |change: &dyn Fn(&mut Family)| {
        let mut family = held.family.clone();
        change(&mut family);
        over(&Record::Family(family))
    };
    let refresh = |change: &dyn Fn(&mut RefreshToken)| {
        let mut token = held.refresh.clone();
        change(&mut token);
        token
    };
    let access = |change: &dyn Fn(&mut AccessToken)| {
        let mut token = held.access.clone();
        change(&mut token);
        token
    };
    let twin = refresh(&|token| token.hash = SecretHash::<kind::Refresh>::of("twin"));
    let forged = access(&|token| {
        token.hash = SecretHash::of("forged");
        token.jti = Id::from_bytes([8; 16]);
    });
    let grown = access(&|token| token.rights = Rights::parse("read write admin", []).unwrap());
    vec![
        plant(
            "a forged token",
            &["every token was announced"],
            held.beside(&Record::Access(forged)),
        ),
        plant(
            "a token with more rights",
            &["no token exceeds its grant"],
            over(&Record::Access(grown)),
        ),
        plant(
            "two fresh tokens",
            &["one fresh refresh token"],
            held.beside(&Record::Refresh(twin)),
        ),
        plant(
            "a generation to come",
            &["generations follow each other"],
            over(&Record::Refresh(refresh(&|token| token.generation = 9))),
        ),
        plant(
            "a used token without a successor",
            &["generations follow each other"],
            family(&|family| family.generation -= 1),
        ),
    ]
}

/// Keys, seals and clocks.
fn wrong_secrets(held: &Held) -> Vec<Plant> {
    let sealed = |text: &str| Sealed {
        key: Id::from_bytes([1; 16]),
        text: text.to_owned(),
    };
    let key = StoredKey {
        id: Id::from_bytes([2; 16]),
        kid: "kid".to_owned(),
        alg: "ES256".to_owned(),
        public: serde_json::json!({}),
        private: sealed("AAAA"),
        created_at: held.now,
        active_from: held.now,
        retire_at: None,
    };
    let mut coded = held.request.clone();
    coded.user_code = Some(sealed("AAAA"));
    let mut ahead = placet_core::issuer::Issuer::new(crate::scene::URL, held.now);
    ahead.clock_mark = held.now.plus(Lifetime::from_secs(3_600));
    let mut renamed = held.client.clone();
    "set-top-box".clone_into(&mut renamed.client_id);
    vec![
        plant(
            "a key nobody can open",
            &["what is sealed opens"],
            held.beside(&Record::SigningKey(key)),
        ),
        plant(
            "a user code nobody can open",
            &["what is sealed opens"],
            over(&Record::Pending(Box::new(coded))),
        ),
        plant(
            "a clock mark to come",
            &["nothing is from the future"],
            over(&Record::Issuer(ahead)),
        ),
        plant(
            "a client of another name",
            &["a name stands for something", "everybody is found by name"],
            over(&Record::Client(renamed)),
        ),
    ]
}

/// What only PostgreSQL keeps.
#[cfg(feature = "postgres-tests")]
fn wrong_links(held: &Held) -> Vec<Plant> {
    vec![
        plant(
            "a grant's link gone",
            &[COLUMNS],
            "UPDATE access SET grant_key = NULL",
        ),
        plant(
            "another family's link",
            &[COLUMNS],
            format!("UPDATE refresh SET family_key = {}", hex(&[4; 16])),
        ),
        plant(
            "an event that is neither",
            &["every event reads"],
            format!(
                "INSERT INTO event (issuer, id, at) VALUES ({}, {}, 1)",
                hex(held.issuer.as_bytes()),
                hex(&[6; 16])
            ),
        ),
    ]
}

/// Reads everything both ways, in slices of this size.
async fn violations(place: &Place, engine: &Engine, slice: usize) -> Vec<Violation> {
    let mut found = archive::inspect(place).await.unwrap();
    match engine.verify_within(FOR_EVER, slice).await {
        Ok(report) => {
            assert!(report.records > 20 && report.events > 10, "{report:?}");
            found.extend(report.violations);
        }
        // An event that does not read cannot be compared; it was named by itself.
        Err(error) => assert!(!found.is_empty(), "{error}"),
    }
    found
}

async fn open(place: &Place, setting: &Setting) -> OpenStore {
    let clock = setting.clock.clone();
    OpenStore::open(place, |_| Arc::new(clock)).await.unwrap()
}

async fn tamper(store: &OpenStore, sql: &str) {
    match store {
        OpenStore::Sqlite(store) => {
            let sql = sql.to_owned();
            let done = store.tamper(move |connection| connection.execute_batch(&sql));
            done.await.unwrap().unwrap();
        }
        OpenStore::Postgres { store, .. } => {
            store.tamper(&sql.replace("x'", "'\\x")).await.unwrap();
        }
    }
}

/// Plants everything, one thing at a time, each in a fresh copy of a store that has nothing wrong.
async fn every_planted_violation_is_named<F: Future<Output = Place>>(
    fresh: impl Fn() -> F,
    more: fn(&Held) -> Vec<Plant>,
) {
    let (scratch, clean) = (Scratch::new(), fresh().await);
    let setting = Setting::new(1);
    let store = open(&clean, &setting).await;
    let (scene, held) = grow(setting, store.records()).await;
    assert_eq!(violations(&clean, &scene.engine, 1_000).await, []);
    assert_eq!(
        violations(&clean, &scene.engine, 3).await,
        [],
        "slice by slice"
    );
    let file = scratch.file().with_file_name("clean.archive");
    archive::backup(&clean, &file, held.now).await.unwrap();
    let plants = [
        wrong_rows(&held),
        wrong_columns(&held),
        missing_rows(&held),
        wrong_events(&held),
        wrong_records(&held),
        wrong_tokens(&held),
        wrong_secrets(&held),
        owed::wrong_callbacks(&held),
        owed::wrong_tenants(&held),
        more(&held),
    ];
    for planted in plants.iter().flatten() {
        let place = fresh().await;
        archive::restore(&file, &place, Extent::Everything)
            .await
            .unwrap();
        let store = open(&place, &scene.setting).await;
        tamper(&store, &planted.sql).await;
        let engine = scene.setting.node(store.records(), WIDE);
        let found = violations(&place, &engine, 1_000).await;
        for rule in planted.rules {
            let named = found.iter().any(|violation| violation.rule == *rule);
            assert!(named, "{}: {rule} is not named in {found:#?}", planted.name);
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_violation_planted_in_a_file_is_named() {
    let scratch = Scratch::new();
    let count = std::sync::atomic::AtomicU32::new(0);
    let fresh = || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = scratch.file().with_file_name(format!("{number}.db"));
        async { Location::Sqlite(file).into() }
    };
    Box::pin(every_planted_violation_is_named(fresh, |_| Vec::new())).await;
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn every_violation_planted_in_a_database_is_named() {
    let fresh = || async {
        let cluster = crate::postgres_cluster::Cluster::shared().await;
        let url = cluster.url_of(&cluster.database().await);
        url.parse::<Location>().unwrap().into()
    };
    Box::pin(every_planted_violation_is_named(fresh, wrong_links)).await;
}

/// Verbs go on while everything is read again and again: nothing that is only on its way is reported.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reported_of_a_store_that_is_in_use() {
    let scratch = Scratch::new();
    let place: Place = Location::Sqlite(scratch.file()).into();
    let setting = Setting::new(2);
    let store = open(&place, &setting).await;
    let (scene, _) = grow(setting, store.records()).await;
    let tv = scene.client("tv").await;
    let busy = async {
        for _ in 0..40 {
            let given = scene.tokens(&tv).await;
            let next = scene
                .refresh(given.refresh.as_ref().unwrap(), &tv)
                .await
                .unwrap();
            scene
                .refresh(next.refresh.as_ref().unwrap(), &tv)
                .await
                .unwrap();
            scene.advance(Lifetime::from_secs(1));
        }
    };
    let looking = async {
        let mut rounds = 0;
        loop {
            assert_eq!(violations(&place, &scene.engine, 50).await, []);
            rounds += 1;
            tokio::task::yield_now().await;
            if rounds == 20 {
                return;
            }
        }
    };
    tokio::join!(busy, looking);
}
