//! Connections that end at the worst moment, servers that restart, and standbys that do not confirm.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use placet_core::{
    pending::{
        Asker, Delivery, EndKind, Ending, FaceName, Payload, PendingRequest, SignInNeed, State,
    },
    right::Rights,
    store::{Change, Key, Name, Outcome, Record, Store, StoreError},
    testing::FixedClock,
    time::Lifetime,
};
use placet_store::{PostgresStore, PostgresUrl, postgres::Settings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::postgres_cluster::{Cluster, Holder, Node, literal, moment, settings};

/// Bytes go through.
pub(crate) const PASS: u8 = 0;
/// What the client says next never arrives; its connection ends.
pub(crate) const LOSE_REQUESTS: u8 = 1;
/// What the server answers next never arrives; the connection ends.
pub(crate) const LOSE_ANSWERS: u8 = 2;
/// Nothing goes through, and nothing ends.
pub(crate) const HANG: u8 = 3;

/// A line between a node and its server that can be cut.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: Arc<AtomicU8>,
    /// Ends every line, though the servers behind them go on.
    pub(crate) cut: Arc<Notify>,
    /// How many were made.
    lines: Arc<AtomicUsize>,
    _carriers: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mode = Arc::new(AtomicU8::new(PASS));
        let cut = Arc::new(Notify::new());
        let (socket, shared, ends) = (cluster.socket(), Arc::clone(&mode), Arc::clone(&cut));
        let lines = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&lines);
        let mut carriers = JoinSet::new();
        carriers.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (socket, mode) = (socket.clone(), Arc::clone(&shared));
                let ends = Arc::clone(&ends);
                open.spawn(async move {
                    if let Ok(server) = UnixStream::connect(socket).await {
                        carry(client, server, &mode, &ends).await;
                    }
                });
            }
        });
        Self {
            port,
            mode,
            cut,
            lines,
            _carriers: carriers,
        }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres://placet@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    pub(crate) fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

async fn carry(client: TcpStream, server: UnixStream, mode: &AtomicU8, cut: &Notify) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        let (count, lost, is_question) = tokio::select! {
            read = from_client.read(&mut asked) => (read.unwrap_or(0), LOSE_REQUESTS, true),
            () = cut.notified() => return,
            read = from_server.read(&mut answered) => (read.unwrap_or(0), LOSE_ANSWERS, false),
        };
        while mode.load(Ordering::SeqCst) == HANG {
            sleep(Duration::from_millis(10)).await;
        }
        if count == 0 || mode.load(Ordering::SeqCst) == lost {
            return;
        }
        let sent = if is_question {
            to_server.write_all(asked.get(..count).unwrap()).await
        } else {
            to_client.write_all(answered.get(..count).unwrap()).await
        };
        if sent.is_err() {
            return;
        }
    }
}

fn is_unknown(told: &Result<(), StoreError>) -> bool {
    matches!(told, Err(StoreError::Unknown))
}

/// K6: the connection ends in the middle of COMMIT; what happened is found out, either way.
#[tokio::test(flavor = "multi_thread")]
async fn k6_a_connection_cut_in_the_middle_of_commit() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let node = Node::at(&proxy.url(&database), 1).await;
    for round in 0..10 {
        for (mode, wanted) in [
            (LOSE_REQUESTS, Outcome::Absent),
            (LOSE_ANSWERS, Outcome::Committed),
        ] {
            let text = format!("{round} {mode}");
            // So that a connection is there, with its statement prepared.
            let before = node.naming(&format!("before {text}"));
            node.store.commit(before).await.unwrap();
            let commit = node.naming(&text);
            proxy.set(mode);
            let told = node.store.commit(commit.clone()).await;
            proxy.set(PASS);
            assert!(is_unknown(&told), "{told:?}");
            assert_eq!(node.outcome(&commit).await, wanted);
            assert_eq!(node.has(&text).await, wanted == Outcome::Committed);
            let again = node.store.commit(commit.clone()).await;
            match wanted {
                Outcome::Absent => again.unwrap(),
                // Its name is its own.
                Outcome::Committed => assert!(matches!(again, Err(StoreError::Duplicate))),
            }
            assert_eq!(node.outcome(&commit).await, Outcome::Committed);
        }
    }
}

/// K6: once told that it did not happen, a commit whose server is still at work does not happen later, however often it
/// is tried.
#[tokio::test(flavor = "multi_thread")]
async fn k6_a_commit_that_was_given_up_never_happens() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let url = cluster.url_of(&database);
    let node = Node::at(&proxy.url(&database), 2).await;
    node.store.commit(node.naming("first")).await.unwrap();
    let key = Key::name(&Name::client("first"));
    let commit = node.commit([
        Change::Require { key, version: 1 },
        Change::insert(Record::Client(client(&node))),
    ]);
    // The first try writes its event, every later one takes the place of a tombstone.
    for _ in 0..3 {
        let lock = format!(
            "SELECT 1 FROM name WHERE key = '{}' FOR UPDATE",
            literal(key.bytes())
        );
        let holder = Holder::holding(&url, &lock).await;
        let mut trying = JoinSet::new();
        let (store, tried) = (Arc::clone(&node.store), commit.clone());
        trying.spawn(async move { store.commit(tried).await });
        moment().await;
        assert!(
            trying.try_join_next().is_none(),
            "its server is not at work"
        );
        proxy.cut.notify_waiters();
        let told = trying.join_next().await.unwrap().unwrap();
        assert!(is_unknown(&told), "{told:?}");
        assert_eq!(node.outcome(&commit).await, Outcome::Absent);
        holder.end("ROLLBACK").await;
        moment().await;
        assert_eq!(node.outcome(&commit).await, Outcome::Absent);
        let events = node.store.events(node.issuer, None, 99).await.unwrap();
        assert_eq!(events.len(), 1, "a tombstone is no event");
    }
    node.store.commit(commit.clone()).await.unwrap();
    assert_eq!(node.outcome(&commit).await, Outcome::Committed);
    let again = node.store.commit(commit).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}

fn client(node: &Node) -> placet_core::client::Client {
    placet_core::client::Client {
        id: placet_core::id::Id::from_bytes([5; 16]),
        number: 1,
        client_id: "tv".to_owned(),
        secrets: Vec::new(),
        metadata: placet_core::client::ClientMetadata::default(),
        disabled: false,
        not_before: None,
        declared: None,
        key: None,
        resource_sets: std::collections::BTreeMap::new(),
        created_at: node.store.now(),
        keep_until: None,
    }
}

/// A server that says nothing is given up after the time a request may take, and is used again once it answers.
#[tokio::test(flavor = "multi_thread")]
async fn k6_a_silent_server_is_given_up() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(cluster).await;
    let url: PostgresUrl = proxy.url(&database).parse().unwrap();
    let short = Settings {
        statement_timeout: Duration::from_millis(500),
        connect_timeout: Duration::from_millis(500),
        ..settings()
    };
    let clock = |_| Arc::new(FixedClock::default()) as _;
    let store = PostgresStore::open(&url, &short, clock).await.unwrap();
    let node = Node::with(store, 3);
    node.store.commit(node.naming("first")).await.unwrap();
    proxy.set(HANG);
    let commit = node.naming("second");
    let told = node.store.commit(commit.clone()).await;
    assert!(is_unknown(&told), "{told:?}");
    let key = Key::name(&Name::client("first"));
    let read = node.store.get(node.issuer, key).await;
    assert!(
        matches!(read, Err(StoreError::Unavailable { .. })),
        "{read:?}"
    );
    proxy.set(PASS);
    let outcome = node.outcome(&commit).await;
    assert_eq!(node.has("second").await, outcome == Outcome::Committed);
}

/// Commits of many writers until told to stop. Returns the names that were acknowledged, and those that failed.
struct Load {
    stop: Arc<AtomicBool>,
    writers: JoinSet<(Vec<String>, Vec<String>)>,
}

impl Load {
    fn on(node: &Arc<Node>, round: usize, writers: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut set = JoinSet::new();
        for writer in 0..writers {
            let (node, stop) = (Arc::clone(node), Arc::clone(&stop));
            set.spawn(async move {
                let (mut done, mut failed) = (Vec::new(), Vec::new());
                let store: &dyn Store = &*node.store;
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("{round} {writer} {n}");
                    match store.commit_surely(node.naming(&name)).await {
                        Ok(()) => done.push(name),
                        Err(StoreError::Unavailable { .. }) => {
                            failed.push(name);
                            sleep(Duration::from_millis(5)).await;
                        }
                        Err(StoreError::Unknown) => sleep(Duration::from_millis(5)).await,
                        Err(other) => unreachable!("{other}"),
                    }
                }
                (done, failed)
            });
        }
        Self { stop, writers: set }
    }

    /// Ends the load and compares what was said with what is there.
    async fn judge(self, node: &Node) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let mut acknowledged = 0;
        for (done, failed) in self.writers.join_all().await {
            for name in &done {
                assert!(node.has(name).await, "{name} was acknowledged and is gone");
            }
            for name in &failed {
                assert!(
                    !node.has(name).await,
                    "{name} was said not to have happened"
                );
            }
            acknowledged += done.len();
        }
        acknowledged
    }
}

/// K6: connections that the server ends under load cost retries and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k6_connections_ended_under_load_lose_nothing() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(4).await;
    let node = Arc::new(node);
    let load = Load::on(&node, 0, 16);
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    let mut ended = 0;
    for _ in 0..30 {
        sleep(Duration::from_millis(60)).await;
        ended += cluster.sql("postgres", &kill).await.unwrap().len();
    }
    node.store.commit(node.naming("after")).await.ok();
    sleep(Duration::from_millis(200)).await;
    let acknowledged = load.judge(&node).await;
    assert!(
        ended > 30 && acknowledged > 50,
        "{ended} ended, {acknowledged} acknowledged"
    );
}

/// K6: a server that restarts, in order or not, loses nothing and is found again within seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k6_a_server_that_restarts_loses_nothing() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let node = Arc::new(Node::at(&cluster.url_of(&database), 5).await);
    for (round, word) in ["restart", "crash", "restart", "crash"]
        .into_iter()
        .enumerate()
    {
        let load = Load::on(&node, round, 8);
        sleep(Duration::from_millis(300)).await;
        cluster.tell(word);
        cluster.ready().await;
        let back = timeout(Duration::from_secs(10), async {
            while node.store.data_version().await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        back.await.expect("the server is found again");
        let name = format!("after {round}");
        node.store.commit(node.naming(&name)).await.unwrap();
        sleep(Duration::from_millis(200)).await;
        let acknowledged = load.judge(&node).await;
        assert!(acknowledged > 0, "nothing was acknowledged around a {word}");
    }
}

/// While the server is away callers are told at once, and hardly anybody knocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_away_is_told_at_once() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(&cluster).await;
    let node = Node::at(&proxy.url(&database), 6).await;
    cluster.tell("stop");
    let before = proxy.lines.load(Ordering::SeqCst);
    for n in 0..2_000 {
        let told = node.store.commit(node.naming(&format!("{n}"))).await;
        assert!(
            matches!(
                told,
                Err(StoreError::Unavailable { .. } | StoreError::Unknown)
            ),
            "{told:?}"
        );
    }
    let knocks = proxy.lines.load(Ordering::SeqCst) - before;
    assert!(knocks < 200, "{knocks} connections were tried");
    cluster.tell("start");
    cluster.ready().await;
    let back = timeout(Duration::from_secs(10), async {
        while node.store.commit(node.naming("back")).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("the server is found again");
}

/// K3: the connection for notifications is lost again and again, and no waiter sleeps through a change.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k3_a_lost_connection_for_notifications_loses_no_change() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(7).await;
    let other = Node::at(&cluster.url_of(&database), 8).await;
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = '{database}' AND query LIKE '%LISTEN%'"
    );
    for round in 0..5_u8 {
        let request = request(&node, round);
        let id = request.id;
        let record = Record::Pending(Box::new(request.clone()));
        node.store
            .commit(node.commit([Change::insert(record)]))
            .await
            .unwrap();
        let until = node.store.now().plus(Lifetime::from_secs(600));
        let (store, issuer) = (Arc::clone(&other.store), other.issuer);
        let mut waiting = JoinSet::new();
        waiting.spawn(async move { store.changed(issuer, id, 1, until).await });
        moment().await;
        cluster.sql("postgres", &kill).await.unwrap();
        let ended = PendingRequest {
            state: State::Ended(Ending {
                kind: EndKind::Denied,
                at: node.store.now(),
            }),
            ..request
        };
        let change = Change::update(1, Record::Pending(Box::new(ended)));
        node.store.commit(node.commit([change])).await.unwrap();
        let woken = timeout(Duration::from_secs(10), waiting.join_next());
        woken.await.expect("the waiter wakes").unwrap().unwrap();
    }
}

/// Other nodes are told which request changed.
#[tokio::test(flavor = "multi_thread")]
async fn k3_a_change_is_told_to_other_nodes() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(9).await;
    let url = cluster.url_of(&database);
    let (client, mut connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|c| connection.poll_message(c)).await {
            if let tokio_postgres::AsyncMessage::Notification(said) = message {
                tell.send(said.payload().to_owned()).ok();
            }
        }
    });
    client.batch_execute("LISTEN placet_wake").await.unwrap();
    let mut changed = request(&node, 99);
    changed.state = State::Ended(Ending {
        kind: EndKind::Denied,
        at: node.store.now(),
    });
    let id = changed.id;
    let record = Record::Pending(Box::new(changed));
    node.store
        .commit(node.commit([Change::insert(record)]))
        .await
        .unwrap();
    let said = timeout(Duration::from_secs(10), heard.recv()).await;
    let wanted = literal(id.as_bytes()).replace("\\x", "");
    assert_eq!(said.unwrap().unwrap(), wanted);
}

/// K1: a commit that stopped waiting for its standby is reported as done by the server, and as unknown by the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k1_a_commit_its_standby_did_not_confirm_is_unknown() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let node = Node::at(&cluster.url_of(&database), 10).await;
    node.store.commit(node.naming("first")).await.unwrap();
    cluster.standbys("nobody").await;
    for how in ["pg_cancel_backend", "pg_terminate_backend"] {
        let commit = node.naming(how);
        let (store, tried) = (Arc::clone(&node.store), commit.clone());
        let mut trying = JoinSet::new();
        trying.spawn(async move { store.commit(tried).await });
        moment().await;
        assert!(
            trying.try_join_next().is_none(),
            "it does not wait for a standby"
        );
        let sql = format!(
            "SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = '{database}'"
        );
        let hit = cluster.sql("postgres", &sql).await.unwrap();
        assert_eq!(hit.len(), 1);
        let told = trying.join_next().await.unwrap().unwrap();
        assert!(is_unknown(&told), "{how}: {told:?}");
        cluster.standbys("").await;
        assert_eq!(node.outcome(&commit).await, Outcome::Committed);
        cluster.standbys("nobody").await;
    }
    cluster.standbys("").await;
}

/// K7: a primary that no longer takes writes is left, and nothing was written there.
#[tokio::test(flavor = "multi_thread")]
async fn k7_a_server_that_became_read_only_is_left() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(11).await;
    node.store.commit(node.naming("first")).await.unwrap();
    let set = |word: &str| {
        format!("ALTER DATABASE {database} SET default_transaction_read_only = {word}")
    };
    cluster.sql("postgres", &set("on")).await.unwrap();
    // Connections made before go on as they were, so they are ended.
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    cluster.sql("postgres", &kill).await.unwrap();
    moment().await;
    let told = node.store.commit(node.naming("second")).await;
    assert!(
        matches!(told, Err(StoreError::Unavailable { .. })),
        "{told:?}"
    );
    cluster.sql("postgres", &set("off")).await.unwrap();
    let back = timeout(Duration::from_secs(10), async {
        while node.store.commit(node.naming("third")).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    back.await
        .expect("a server that takes writes is found again");
    assert!(!node.has("second").await);
}

/// K7: an old primary that comes back without a fence takes writes like the new one. Nobody who can reach both uses it,
/// and nobody who has seen the new one, even when that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k7_an_old_primary_that_came_back_is_not_used() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let before = cluster.open(&database, &FixedClock::default()).await;
    before.unwrap().close().await;
    let (copy, both) = cluster.promoted_copy(&database).await;
    let old = cluster.url_of(&database);
    let names = async |url: &str| {
        let rows = Cluster::sql_at(url, "SELECT 1 FROM name").await;
        rows.unwrap().len()
    };
    let node = Node::at(&both, 14).await;
    node.store.commit(node.naming("first")).await.unwrap();
    assert_eq!((names(&old).await, names(&copy).await), (0, 1));

    // It has seen the new primary, so that the old one is nothing to it.
    cluster.tell("copy-stop");
    let mut told = Vec::new();
    for n in 0..40 {
        let commit = node.store.commit(node.naming(&format!("lost {n}"))).await;
        told.push(commit.expect_err("an old primary took it").to_string());
        assert!(
            node.store.data_version().await.is_err(),
            "an old primary was read"
        );
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(names(&old).await, 0);
    assert!(
        told.iter().any(|told| told.contains("old primary")),
        "{told:?}"
    );
}

/// K7: a node that was on the old primary when a copy of it was promoted leaves it as soon as it has to connect anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k7_a_node_of_the_old_primary_finds_the_new_one() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let proxy = Proxy::before(&cluster).await;
    let socket = cluster.socket();
    let (folder, _) = socket.rsplit_once('/').unwrap();
    let both = format!(
        "postgres://placet@127.0.0.1:{},{}:5433/{database}?sslmode=disable",
        proxy.port,
        folder.replace('/', "%2F")
    );
    let node = Node::at(&both, 15).await;
    node.store.commit(node.naming("before")).await.unwrap();
    let (copy, _) = cluster.promoted_copy(&database).await;
    // It may have come back to the old one before there was a new one.
    proxy.cut.notify_waiters();
    let back = timeout(Duration::from_secs(10), async {
        while node.store.commit(node.naming("after")).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("no primary is found");
    let count = async |url: &str| {
        let rows = Cluster::sql_at(url, "SELECT 1 FROM name").await;
        rows.unwrap().len()
    };
    assert_eq!(
        (count(&cluster.url_of(&database)).await, count(&copy).await),
        (1, 2)
    );
}

pub(crate) fn request(node: &Node, number: u8) -> PendingRequest {
    let now = node.store.now();
    PendingRequest {
        id: placet_core::id::Id::from_bytes([number; 16]),
        face: FaceName("oauth".into()),
        asker: Asker {
            client: placet_core::id::Id::from_bytes([1; 16]),
            peer: "192.0.2.1".to_owned(),
            proven: true,
            introduced: None,
        },
        asked: Rights::default(),
        need: SignInNeed::default(),
        addressed_to: None,
        delivery: Delivery::Poll {
            interval: Lifetime::from_secs(5),
        },
        browser: None,
        always_ask: false,
        parent: None,
        continuation: None,
        on_answer: None,
        shown_at: None,
        user_code: None,
        payload: Payload {
            version: 1,
            open: serde_json::json!({}),
            sealed: None,
        },
        created_at: now,
        expires_at: now.plus(Lifetime::from_secs(600)),
        keep_until: now.plus(Lifetime::from_secs(1_200)),
        state: State::Pending,
    }
}
