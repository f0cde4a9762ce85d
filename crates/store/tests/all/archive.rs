//! Whole stores: out, in again, and elsewhere, with nothing lost and nothing taken that is not whole. Each test runs from
//! one file to another and, where there is a PostgreSQL, from a file to a database and back.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::panic,
    reason = "each case is called by tests of several names; a step that fails fails the test"
)]

use std::{fs, path::PathBuf, sync::Arc};

use placet_core::{
    callback::Callback,
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    pending::FaceName,
    person::{Authentication, Session},
    secret::{SecretHash, kind},
    store::{Change, Commit, Name, Record, Store, StoreError},
    tenant::Tenant,
    testing::{FixedClock, SeededRandom},
    time::{Lifetime, Timestamp},
    vault::Sealed,
};
use placet_store::{
    Location, OpenStore, Place,
    archive::{self, ArchiveError, Extent, Fence, MoveError, Stage},
};

use crate::harness::Scratch;

const MADE_AT: Timestamp = Timestamp::from_secs(2_000_000_000);

/// An engine.
#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    #[cfg(feature = "postgres-tests")]
    Postgres,
}

/// From which engine to which.
#[derive(Clone, Copy)]
struct Way(Engine, Engine);

impl Way {
    async fn from(self) -> Vessel {
        Vessel::new(self.0).await
    }

    async fn to(self) -> Vessel {
        Vessel::new(self.1).await
    }

    async fn both(self) -> (Vessel, Vessel) {
        (self.from().await, self.to().await)
    }
}

macro_rules! ways {
    ($($name:ident: $way:expr;)*) => {
        $(mod $name {
            use super::{Engine, Way};

            const WAY: Way = $way;

            ways!(@ what_was_backed_up_comes_back_byte_for_byte
                c15_an_archive_is_readable_by_its_owner_alone_and_written_over_nothing
                an_archive_that_was_changed_or_cut_leaves_the_store_empty
                a_store_that_holds_something_is_not_restored_into
                k4_a_restore_begins_a_new_epoch
                a_backup_is_of_one_moment_and_holds_up_no_writer
                every_acknowledged_commit_is_in_the_store_moved_to
                a_move_that_fails_leaves_the_store_in_use
                an_interrupted_move_goes_on_or_is_given_up);
        })*
    };
    (@ $($case:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            super::$case(WAY).await;
        })*
    };
}

ways! {
    file_to_file: Way(Engine::Sqlite, Engine::Sqlite);
}
#[cfg(feature = "postgres-tests")]
ways! {
    file_to_database: Way(Engine::Sqlite, Engine::Postgres);
    database_to_file: Way(Engine::Postgres, Engine::Sqlite);
    database_to_database: Way(Engine::Postgres, Engine::Postgres);
}

/// A store, and a folder for what is made of it.
struct Vessel {
    place: Place,
    scratch: Scratch,
}

impl Vessel {
    #[cfg_attr(
        not(feature = "postgres-tests"),
        expect(
            clippy::unused_async,
            reason = "only a server's database is waited for"
        )
    )]
    async fn new(engine: Engine) -> Self {
        let scratch = Scratch::new();
        let place = match engine {
            Engine::Sqlite => Location::Sqlite(scratch.file()).into(),
            #[cfg(feature = "postgres-tests")]
            Engine::Postgres => {
                let cluster = crate::postgres_cluster::Cluster::shared().await;
                let url = cluster.url_of(&cluster.database().await);
                url.parse::<Location>().unwrap().into()
            }
        };
        Self { place, scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.file().with_file_name(name)
    }

    async fn open(&self) -> OpenStore {
        OpenStore::open(&self.place, |_| Arc::new(FixedClock::default()))
            .await
            .unwrap()
    }
}

/// Runs SQL on a store, past its contract.
async fn tamper(store: &OpenStore, sql: &str) {
    match store {
        OpenStore::Sqlite(store) => {
            let sql = sql.to_owned();
            let done = store.tamper(move |connection| connection.execute_batch(&sql));
            done.await.unwrap().unwrap();
        }
        OpenStore::Postgres { store, .. } => {
            store.tamper(sql).await.unwrap();
        }
    }
}

/// Commits of one issuer.
struct Hand {
    issuer: Issuer,
    random: SeededRandom,
}

impl Hand {
    fn new(url: &str) -> Self {
        let random = SeededRandom::new(url.len() as u64);
        Self {
            issuer: Issuer::new(url, Timestamp::from_secs(1)),
            random,
        }
    }

    fn commit(&self, store: &dyn Store, kind: EventKind) -> Commit {
        let now = store.now();
        let mut event = Event::new(Id::ordered(now, &self.random), kind, now);
        event.note = Some("quotes \" and \u{2028}".into());
        Commit::new(self.issuer.id, event)
    }

    async fn write(&self, store: &dyn Store, change: Change) {
        let commit = self.commit(store, EventKind::IssuerChanged).with(change);
        store.commit(commit).await.unwrap();
    }

    fn session(&self, now: Timestamp) -> Session {
        let mut secret = [0; 32];
        placet_core::random::Random::fill(&self.random, &mut secret);
        Session {
            hash: SecretHash::from_bytes(secret),
            sid: Id::random(&self.random),
            person: Id::random(&self.random),
            authentication: Authentication {
                at: now,
                acr: None,
                amr: Vec::new(),
            },
            created_at: now,
            expires_at: now.plus(Lifetime::from_secs(600)),
            peer: "192.0.2.1".to_owned(),
            agent: "line\nand a \u{1F511}".to_owned(),
            replaced_at: None,
            replaces: None,
            replaced_by: None,
            ended_at: None,
        }
    }

    fn tenant(&self, now: Timestamp) -> Tenant {
        let issuer = Issuer::new(&format!("{}/tenant", self.issuer.url), now);
        Tenant {
            id: Id::random(&self.random),
            issuer: issuer.id,
            issuer_url: issuer.url,
            idp: None,
            api_secret: None,
            former_api_secret: None,
            declared: None,
            created_at: now,
            changed_at: now,
            deleted_at: None,
        }
    }

    fn callback(&self, now: Timestamp) -> Callback {
        Callback {
            id: Id::random(&self.random),
            face: FaceName("gnap".into()),
            request: None,
            client: None,
            message: Sealed {
                key: Id::random(&self.random),
                text: "AAAA".to_owned(),
            },
            created_at: now,
            due_at: now,
            attempts: 0,
            leased_until: None,
            keep_until: now.plus(Lifetime::from_secs(600)),
        }
    }

    /// Puts something into several sections, more of it than travels at once.
    async fn fill(&self, store: &dyn Store) {
        self.write(store, Change::insert(Record::Issuer(self.issuer.clone())))
            .await;
        for n in 0..14 {
            let mut commit = self.commit(store, EventKind::PersonChanged);
            for m in 0..50 {
                let name = Name::username(&format!("person {n} {m}"));
                let spend = Change::Spend {
                    value: SecretHash::<kind::Once>::of(&format!("proof {n} {m}")),
                    keep_until: MADE_AT,
                };
                commit = commit.with(Change::insert(Record::Name(name))).with(spend);
            }
            store.commit(commit).await.unwrap();
        }
        let now = store.now();
        let commit = self
            .commit(store, EventKind::TenantChanged)
            .with(Change::insert(Record::Session(self.session(now))))
            .with(Change::insert(Record::Tenant(self.tenant(now))))
            .with(Change::insert(Record::Callback(self.callback(now))));
        store.commit(commit).await.unwrap();
    }
}

async fn filled(vessel: &Vessel) {
    let store = vessel.open().await;
    let records = store.records();
    for url in ["https://one.example", "https://another.example/path"] {
        Hand::new(url).fill(records.as_ref()).await;
    }
    store.close().await;
}

async fn what_was_backed_up_comes_back_byte_for_byte(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let file = from.path("one.archive");
    let (head, written) = archive::backup(&from.place, &file, MADE_AT).await.unwrap();
    let mut urls: Vec<_> = head
        .issuers
        .iter()
        .map(|issuer| issuer.url.as_str())
        .collect();
    urls.sort_unstable();
    assert_eq!(
        urls,
        ["https://another.example/path", "https://one.example"]
    );
    assert_eq!(written.counts["issuer"], 2);
    assert_eq!(written.counts["name"], 1_400);
    assert_eq!(written.counts["spent"], 1_400);
    assert_eq!(written.counts["event"], 32);
    for section in ["session", "tenant", "callback"] {
        assert_eq!(written.counts[section], 2, "{section}");
    }

    let (_, read) = archive::restore(&file, &to.place, Extent::Everything)
        .await
        .unwrap();
    assert_eq!(read, written);
    assert_eq!(archive::sums(&to.place).await.unwrap(), written);
    let again = to.path("two.archive");
    archive::backup(&to.place, &again, MADE_AT).await.unwrap();
    assert!(
        fs::read(&file).unwrap() == fs::read(&again).unwrap(),
        "the backup of a restored store is the same file"
    );
}

async fn c15_an_archive_is_readable_by_its_owner_alone_and_written_over_nothing(way: Way) {
    use std::os::unix::fs::PermissionsExt as _;
    let from = way.from().await;
    filled(&from).await;
    let file = from.path("one.archive");
    archive::backup(&from.place, &file, MADE_AT).await.unwrap();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = fs::read(&file).unwrap();
    let other = from.path("other");
    fs::write(&other, "something of somebody").unwrap();
    for taken in [file.clone(), other.clone()] {
        let refused = archive::backup(&from.place, &taken, MADE_AT).await;
        assert!(
            matches!(refused, Err(ArchiveError::Exists(_))),
            "{refused:?}"
        );
    }
    assert!(fs::read(&file).unwrap() == before);
    assert_eq!(fs::read_to_string(&other).unwrap(), "something of somebody");
    let left: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".partial"))
        .collect();
    assert_eq!(left, [""; 0]);
}

async fn an_archive_that_was_changed_or_cut_leaves_the_store_empty(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let file = from.path("good.archive");
    archive::backup(&from.place, &file, MADE_AT).await.unwrap();
    let good = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let middle = lines.len() / 2;
    let without = |gone: usize| {
        let kept = lines.iter().enumerate().filter(|(n, _)| *n != gone);
        kept.map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    let swapped = |a: usize, b: usize| {
        let mut lines = lines.clone();
        lines.swap(a, b);
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let twice = [&lines[..=middle], &lines[middle..]].concat().join("\n") + "\n";
    for (name, text) in [
        (
            "one letter of a body",
            good.replacen("192.0.2.1", "192.0.2.2", 1),
        ),
        (
            "one letter of the head",
            good.replacen("\"made_by\":\"", "\"made_by\":\"x", 1),
        ),
        ("a row that is gone", without(middle)),
        ("a row that is there twice", twice),
        (
            "two rows in each other's place",
            swapped(middle, middle + 1),
        ),
        ("the end", without(lines.len() - 1)),
        ("half a line", good[..good.len() / 2].to_owned()),
        ("something after the end", format!("{good}\n")),
        ("nothing", String::new()),
        ("something else", "{\"name\":\"placet\"}\n".to_owned()),
        (
            "a newer form",
            good.replacen("\"placet_archive\":1", "\"placet_archive\":2", 1),
        ),
        (
            "a newer schema",
            good.replacen("\"schema\":3", "\"schema\":1000", 1),
        ),
    ] {
        assert_ne!(text, good, "{name}");
        let bad = from.path("bad.archive");
        fs::write(&bad, text).unwrap();
        let refused = archive::restore(&bad, &to.place, Extent::Everything).await;
        assert!(refused.is_err(), "{name}");
        assert!(
            archive::is_empty(&to.place).await.unwrap(),
            "{name}: {refused:?}"
        );
    }
    archive::restore(&file, &to.place, Extent::Everything)
        .await
        .unwrap();
}

async fn a_store_that_holds_something_is_not_restored_into(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let file = from.path("one.archive");
    archive::backup(&from.place, &file, MADE_AT).await.unwrap();
    let store = to.open().await;
    let hand = Hand::new("https://third.example");
    hand.write(
        store.records().as_ref(),
        Change::insert(Record::Name(Name::client("tv"))),
    )
    .await;
    let before = archive::sums(&to.place).await.unwrap();
    let refused = archive::restore(&file, &to.place, Extent::Everything).await;
    assert!(
        matches!(refused, Err(ArchiveError::NotEmpty)),
        "{refused:?}"
    );
    assert_eq!(archive::sums(&to.place).await.unwrap(), before);
}

async fn k4_a_restore_begins_a_new_epoch(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let file = from.path("one.archive");
    let (_, written) = archive::backup(&from.place, &file, MADE_AT).await.unwrap();
    let now = MADE_AT.plus(Lifetime::from_secs(3_600));
    let (_, kept) = archive::restore(&file, &to.place, Extent::NewEpoch(now))
        .await
        .unwrap();
    for section in ["session", "callback"] {
        assert_eq!(kept.counts[section], 0, "{section}");
    }
    assert_eq!(kept.counts["tenant"], 2);
    assert_eq!(kept.counts["name"], written.counts["name"]);
    assert_eq!(kept.counts["spent"], written.counts["spent"]);
    assert_eq!(kept.counts["event"], written.counts["event"] + 2);
    let store = to.open().await;
    for url in ["https://one.example", "https://another.example/path"] {
        let id = Hand::new(url).issuer.id;
        let records = store.records();
        let issuer = records.as_ref().issuer(id, id).await.unwrap().unwrap();
        assert_eq!(issuer.value.not_before, Some(now));
        assert_eq!(issuer.version, 2);
        let last = last_event(records.as_ref(), id).await;
        assert_eq!(last.note.as_deref(), Some("restored from a backup"));
        assert_eq!(last.at, now);
    }
    assert_eq!(store.newest_event_at().await.unwrap(), Some(now));
}

async fn last_event(store: &dyn Store, issuer: Id<Issuer>) -> Event {
    let mut last = None;
    loop {
        let after = last.as_ref().map(|event: &Event| event.id);
        match store.events(issuer, after, 500).await.unwrap().pop() {
            Some(event) => last = Some(event),
            None => return last.unwrap(),
        }
    }
}

async fn a_backup_is_of_one_moment_and_holds_up_no_writer(way: Way) {
    let from = way.from().await;
    filled(&from).await;
    let store = from.open().await;
    let records = store.records();
    let hand = Hand::new("https://third.example");
    let mut backups = tokio::task::JoinSet::new();
    let (place, file) = (from.place.clone(), from.path("busy.archive"));
    let target = file.clone();
    backups.spawn(async move { archive::backup(&place, &target, MADE_AT).await });
    let mut n = 0;
    while backups.try_join_next().is_none() {
        // Each commit holds a name and a mark; a backup that saw half of one would hold one of them alone.
        let name = Name::username(&format!("busy {n}"));
        let spend = Change::Spend {
            value: SecretHash::<kind::Once>::of(&format!("busy {n}")),
            keep_until: MADE_AT,
        };
        let commit = hand
            .commit(records.as_ref(), EventKind::PersonChanged)
            .with(Change::insert(Record::Name(name)))
            .with(spend);
        records.commit(commit).await.unwrap();
        n += 1;
    }
    assert!(n > 0);
    let to = way.to().await;
    let (_, sums) = archive::restore(&file, &to.place, Extent::Everything)
        .await
        .unwrap();
    assert_eq!(sums.counts["name"], sums.counts["spent"]);
    assert_eq!(sums.counts["event"], sums.counts["name"] - 1_400 + 32);
}

async fn every_acknowledged_commit_is_in_the_store_moved_to(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let store = from.open().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let records = store.records();
        writers.spawn(async move {
            let hand = Hand::new(&format!("https://writer-{writer}.example"));
            let mut acknowledged = Vec::new();
            for n in 0.. {
                let name = Name::client(&format!("{writer} {n}"));
                let commit = hand
                    .commit(records.as_ref(), EventKind::ClientChanged)
                    .with(Change::insert(Record::Name(name.clone())));
                match records.commit(commit).await {
                    Ok(()) => acknowledged.push(name),
                    Err(StoreError::Unavailable { .. }) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            (hand.issuer.id, acknowledged)
        });
    }
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let (_, sums) = archive::relocate(&from.place, &to.place).await.unwrap();
    let mut written = Vec::new();
    while let Some(done) = writers.join_next().await {
        written.push(done.unwrap());
    }
    let moved = to.open().await;
    let records = moved.records();
    let mut count = 0;
    for (issuer, names) in &written {
        for name in names {
            let key = placet_core::store::Key::name(name);
            assert!(records.get(*issuer, key).await.unwrap().is_some());
            count += 1;
        }
    }
    assert!(count > 0);
    assert_eq!(sums.counts["name"], 1_400 + count);
    // Whoever still has the old store open is told, and nobody opens it again.
    assert_eq!(
        store.fence().await.unwrap().map(|fence| fence.stage),
        Some(Stage::Complete)
    );
    let refused = OpenStore::open(&from.place, |clock| clock)
        .await
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains(&to.place.to_string()),
        "{refused}"
    );
    let back = archive::give_up(&from.place).await;
    assert!(matches!(back, Err(ArchiveError::Fenced(_))), "{back:?}");
}

async fn a_move_that_fails_leaves_the_store_in_use(way: Way) {
    let (from, to) = way.both().await;
    filled(&from).await;
    let store = from.open().await;
    let hand = Hand::new("https://third.example");
    // Into a store that is in use nothing is moved, and no fence is raised.
    filled(&to).await;
    let refused = archive::relocate(&from.place, &to.place).await;
    assert!(
        matches!(refused, Err(MoveError::Refused(ArchiveError::NotEmpty))),
        "{refused:?}"
    );
    let name = |n: u8| Change::insert(Record::Name(Name::client(&format!("tv {n}"))));
    hand.write(store.records().as_ref(), name(1)).await;
    // A copy that cannot be made: the fence comes down again.
    tamper(&store, "DROP TABLE spent").await;
    let free = way.to().await;
    let undone = archive::relocate(&from.place, &free.place).await;
    assert!(matches!(undone, Err(MoveError::Undone(_))), "{undone:?}");
    assert!(archive::is_empty(&free.place).await.unwrap());
    hand.write(store.records().as_ref(), name(2)).await;
    assert!(archive::fence(&from.place).await.unwrap().is_none());
}

async fn an_interrupted_move_goes_on_or_is_given_up(way: Way) {
    let fence = |to: &Vessel| Fence {
        target: to.place.to_string(),
        stage: Stage::Copying,
    };
    // Interrupted before the copy was complete: the target is empty.
    let (from, to) = way.both().await;
    filled(&from).await;
    let before = archive::sums(&from.place).await.unwrap();
    archive::raise_fence(&from.place, fence(&to)).await.unwrap();
    let refused = OpenStore::open(&from.place, |clock| clock)
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("placet move"), "{refused}");
    let other = way.to().await;
    let elsewhere = archive::relocate(&from.place, &other.place).await;
    assert!(
        matches!(elsewhere, Err(MoveError::Refused(ArchiveError::Fenced(_)))),
        "{elsewhere:?}"
    );
    assert!(archive::give_up(&from.place).await.unwrap().is_some());
    assert!(archive::give_up(&from.place).await.unwrap().is_none());
    from.open().await.close().await;
    archive::raise_fence(&from.place, fence(&to)).await.unwrap();
    archive::relocate(&from.place, &to.place).await.unwrap();
    assert_eq!(archive::sums(&to.place).await.unwrap(), before);

    // Interrupted after the copy was complete and before anybody said so.
    let (from, to) = way.both().await;
    filled(&from).await;
    archive::raise_fence(&from.place, fence(&to)).await.unwrap();
    archive::copy(&from.place, &to.place).await.unwrap();
    archive::relocate(&from.place, &to.place).await.unwrap();
    let standing = archive::fence(&from.place).await.unwrap().unwrap();
    assert_eq!(standing.stage, Stage::Complete);

    // Interrupted so, and somebody has used the target since: it is not the copy any more.
    let (from, to) = way.both().await;
    filled(&from).await;
    archive::raise_fence(&from.place, fence(&to)).await.unwrap();
    archive::copy(&from.place, &to.place).await.unwrap();
    let store = to.open().await;
    let change = Change::insert(Record::Name(Name::client("tv")));
    Hand::new("https://third.example")
        .write(store.records().as_ref(), change)
        .await;
    let refused = archive::relocate(&from.place, &to.place).await;
    assert!(matches!(refused, Err(MoveError::Fenced(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_backed_up() {
    let from = Vessel::new(Engine::Sqlite).await;
    let file = from.path("none.archive");
    assert!(archive::backup(&from.place, &file, MADE_AT).await.is_err());
    assert!(!file.exists());
    assert!(!from.scratch.file().exists());
}
