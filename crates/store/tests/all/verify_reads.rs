//! How `verify` reads: what a page names together, since over a network each look-up is a round trip.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use placet_core::{
    engine::FOR_EVER,
    event::Event,
    id::Id,
    issuer::Issuer,
    pending::{HandleKind, PendingRequest},
    secret::{SecretHash, kind},
    store::{
        Boxed, Commit, Key, Many, Outcome, Record, Store, StoreError, Table, Version, Versioned,
    },
    time::Timestamp,
    token::{AccessToken, RefreshToken, Standing},
};

use crate::{
    harness::{self, Scratch},
    scene::{Scene, Setting, WIDE},
};

/// A store that counts its look-ups. It may be one that knows no way to read several records together.
struct Counting {
    inner: Arc<dyn Store>,
    together: bool,
    alone: AtomicUsize,
    many: AtomicUsize,
}

impl Counting {
    fn new(inner: Arc<dyn Store>, together: bool) -> Arc<Self> {
        Arc::new(Self {
            inner,
            together,
            alone: AtomicUsize::new(0),
            many: AtomicUsize::new(0),
        })
    }

    /// Look-ups of one record, and of several.
    fn counted(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.alone), of(&self.many))
    }
}

/// Passes a read on as it is.
macro_rules! passed_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> $result {
            self.inner.$name($($arg),*)
        })*
    };
}

impl Store for Counting {
    fn get(
        &self,
        issuer: Id<Issuer>,
        key: Key,
    ) -> Boxed<'_, Result<Option<Versioned<Record>>, StoreError>> {
        self.alone.fetch_add(1, Ordering::Relaxed);
        self.inner.get(issuer, key)
    }

    fn get_many(&self, issuer: Id<Issuer>, keys: Vec<Key>) -> Boxed<'_, Result<Many, StoreError>> {
        if self.together {
            self.many.fetch_add(1, Ordering::Relaxed);
            return self.inner.get_many(issuer, keys);
        }
        Box::pin(async move {
            let mut found = Vec::new();
            for key in keys {
                found.push(self.get(issuer, key).await?);
            }
            Ok(found)
        })
    }

    passed_on! {
        now() -> Timestamp;
        pending_by(issuer: Id<Issuer>, kind: HandleKind, hash: [u8; 32])
            -> Boxed<'_, Result<Option<Versioned<PendingRequest>>, StoreError>>;
        access(issuer: Id<Issuer>, hash: SecretHash<kind::Access>)
            -> Boxed<'_, Result<Option<Standing<AccessToken>>, StoreError>>;
        refresh(issuer: Id<Issuer>, hash: SecretHash<kind::Refresh>)
            -> Boxed<'_, Result<Option<Standing<RefreshToken>>, StoreError>>;
        owned(issuer: Id<Issuer>, table: Table, owner: [u8; 16], limit: usize)
            -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>>;
        page(issuer: Id<Issuer>, table: Table, after: Option<Key>, limit: usize)
            -> Boxed<'_, Result<Vec<Versioned<Record>>, StoreError>>;
        events(issuer: Id<Issuer>, after: Option<Id<Event>>, limit: usize)
            -> Boxed<'_, Result<Vec<Event>, StoreError>>;
        commit(commit: Commit) -> Boxed<'_, Result<(), StoreError>>;
        outcome(issuer: Id<Issuer>, id: Id<Event>) -> Boxed<'_, Result<Outcome, StoreError>>;
        changed(issuer: Id<Issuer>, id: Id<PendingRequest>, seen: Version, until: Timestamp)
            -> Boxed<'_, ()>;
        sweep(now: Timestamp, events_before: Timestamp, limit: usize)
            -> Boxed<'_, Result<usize, StoreError>>;
    }
}

/// A sound store asks for no record by itself: one look for the pages of each table, and none where nothing is named.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_names_is_read_together() {
    let (scratch, setting) = (Scratch::new(), Setting::new(3));
    let store: Arc<dyn Store> = Arc::new(harness::open(&scratch.file(), &setting.clock));
    let engine = setting.node(Arc::clone(&store), WIDE);
    setting.furnish(&engine).await;
    let scene = Scene { setting, engine };
    let tv = scene.client("tv").await;
    for _ in 0..5 {
        let given = scene.tokens(&tv).await;
        let next = scene.refresh(given.refresh.as_ref().unwrap(), &tv).await;
        next.unwrap();
    }
    for together in [true, false] {
        let counting = Counting::new(Arc::clone(&store), together);
        let engine = scene.setting.node(Arc::clone(&counting) as _, WIDE);
        let report = engine.verify(FOR_EVER).await.unwrap();
        assert_eq!(report.violations, []);
        assert!(report.records > 50, "{report:?}");
        let (alone, many) = counting.counted();
        if together {
            // Of thirteen tables the issuer, the signing keys and the data keys name nothing.
            assert_eq!((alone, many), (0, 10));
        } else {
            assert!(
                alone > 50,
                "{alone} look-ups alone: the count counts nothing"
            );
        }
    }
}

/// How long `verify` takes on PostgreSQL with many rows, looking up one by one and together: to be read, not to be judged.
///
/// `PLACET_ROWS=1000000 cargo test --release -p placet-store --features postgres-tests --test all -- --ignored --nocapture
/// speed_of_verify`
#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn speed_of_verify() {
    let rows = std::env::var("PLACET_ROWS").ok();
    let rows = rows.and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let setting = Setting::new(4);
    let cluster = crate::postgres_cluster::Cluster::start().await;
    let database = cluster.database().await;
    let opened = cluster.open(&database, &setting.clock).await;
    let store: Arc<dyn Store> = Arc::new(opened.unwrap());
    filled(setting, &store, rows).await;
    for together in [true, false, true] {
        let counting = Counting::new(Arc::clone(&store), together);
        let setting = Setting::new(4);
        let engine = setting.node(Arc::<Counting>::clone(&counting), WIDE);
        let began = tokio::time::Instant::now();
        let report = engine.verify(FOR_EVER).await.unwrap();
        println!(
            "{} records and {} events in {:.1} s; look-ups alone and together: {:?}; {} violations",
            report.records,
            report.events,
            began.elapsed().as_secs_f64(),
            counting.counted(),
            report.violations.len() + report.untold,
        );
    }
}

/// Lets devices ask and collect until there are so many records.
#[cfg(feature = "postgres-tests")]
async fn filled(setting: Setting, store: &Arc<dyn Store>, rows: usize) {
    use placet_core::engine::Caller;

    const DEVICES: usize = 64;
    /// A request with its two handles, a session, a grant, a family and two tokens.
    const ROWS_OF_A_FLOW: usize = 8;
    let engine = setting.node(Arc::clone(store), WIDE);
    setting.furnish(&engine).await;
    let scene = Arc::new(Scene { setting, engine });
    let mut devices = tokio::task::JoinSet::new();
    for number in 0..DEVICES {
        let scene = Arc::clone(&scene);
        devices.spawn(async move {
            let name = format!("device-{number}");
            let client = crate::scene::client(&name);
            let caller = Caller::default();
            scene.engine.add_client(client, &caller).await.unwrap();
            let client = scene.client(&name).await;
            for _ in 0..rows / ROWS_OF_A_FLOW / DEVICES {
                scene.tokens(&client).await;
            }
        });
    }
    devices.join_all().await;
}
