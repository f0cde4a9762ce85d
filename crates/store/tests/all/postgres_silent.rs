//! Hosts that do not answer: those that take a connection and say nothing, and those whose packets vanish; and nodes that
//! are too busy to look.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use placet_core::{
    pending::{EndKind, Ending, PendingRequest, State},
    store::{Change, Key, Name, Record, Store as _, StoreError},
    testing::FixedClock,
    time::Lifetime,
};
use placet_store::{
    Location, OpenStore, Place, PostgresStore, PostgresUrl, archive,
    postgres::{Migrated, OpenError, Settings},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    postgres_cluster::{Cluster, Holder, Node, literal, moment, settings},
    postgres_faults::{HANG, PASS, Proxy, request},
};

/// Nobody listens here until the network is back.
const CONNECT: Duration = Duration::from_secs(2);
/// More than any of these may take, and less than for ever.
const LATEST: Duration = Duration::from_secs(30);

/// An address at which nobody ever answers.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    /// Whoever accepts and says nothing, or what fills the queue so that nobody is accepted.
    _held: JoinSet<()>,
    _queue: Vec<TcpStream>,
}

impl Silent {
    /// Connections are taken, and nothing is said on them: a balancer without a server behind it.
    pub(crate) async fn accepting() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = JoinSet::new();
        held.spawn(async move {
            let mut streams = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                streams.push(stream);
            }
        });
        Self {
            address,
            _held: held,
            _queue: Vec::new(),
        }
    }

    /// No connection comes about and none is refused: a machine that is gone. The queue of the listener is full, so the
    /// kernel drops what comes.
    pub(crate) async fn dropping() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        let once = Duration::from_millis(200);
        while let Ok(stream) = timeout(once, TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
        }
        let mut held = JoinSet::new();
        held.spawn(async move {
            let listener = listener;
            std::future::pending::<()>().await;
            drop(listener);
        });
        Self {
            address,
            _held: held,
            _queue: queue,
        }
    }
}

fn patient() -> Settings {
    Settings {
        connect_timeout: CONNECT,
        statement_timeout: Duration::from_secs(1),
        ..settings()
    }
}

async fn open(url: &str, settings: &Settings) -> Result<PostgresStore, OpenError> {
    let url: PostgresUrl = url.parse().unwrap();
    let clock = |_| Arc::new(FixedClock::default()) as _;
    PostgresStore::open(&url, settings, clock).await
}

fn url(hosts: &[String], database: &str) -> String {
    format!(
        "postgres://placet@{}/{database}?sslmode=disable",
        hosts.join(",")
    )
}

/// K7: the first host of the URL is gone without a word, as an old primary is after a fail-over; the second one serves,
/// at the start and for every connection after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k7_a_first_host_that_never_answers_is_passed_over() {
    let cluster = Cluster::shared().await;
    for silent in [Silent::accepting().await, Silent::dropping().await] {
        let database = cluster.database().await;
        let proxy = Proxy::before(cluster).await;
        let hosts = [
            silent.address.to_string(),
            format!("127.0.0.1:{}", proxy.port),
        ];
        let url = url(&hosts, &database);
        let begun = Instant::now();
        let opened = timeout(LATEST, open(&url, &patient())).await;
        let node = Arc::new(Node::with(opened.expect("it hangs").unwrap(), 1));
        let mut writers = JoinSet::new();
        for n in 0..40 {
            let node = Arc::clone(&node);
            writers.spawn(async move { node.store.commit(node.naming(&format!("{n}"))).await });
        }
        for told in writers.join_all().await {
            told.unwrap();
        }
        assert!(
            begun.elapsed() < 3 * CONNECT,
            "{:?} for a start and forty commits",
            begun.elapsed()
        );
        // Connections that are new are no slower: the host that helped is asked first.
        proxy.cut.notify_waiters();
        moment().await;
        let begun = Instant::now();
        while node.store.data_version().await.is_err() {
            assert!(begun.elapsed() < LATEST);
        }
        assert!(begun.elapsed() < CONNECT, "{:?}", begun.elapsed());
        node.store.close().await;
    }
}

/// K7: the host in use goes silent in the middle of work, and the next one is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k7_a_host_that_goes_silent_is_left_for_the_next() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let (first, second) = (Proxy::before(cluster).await, Proxy::before(cluster).await);
    let hosts = [&first, &second].map(|proxy| format!("127.0.0.1:{}", proxy.port));
    let opened = open(&url(&hosts, &database), &patient()).await;
    let node = Node::with(opened.unwrap(), 2);
    node.store.commit(node.naming("before")).await.unwrap();
    first.set(HANG);
    let begun = Instant::now();
    let back = timeout(LATEST, async {
        while node.store.commit(node.naming("after")).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("the second host is never used");
    // The statement under way takes its time, the new connection the head start of the silent host.
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    first.set(PASS);
}

/// No way to open a store waits for ever where nobody answers, and each says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k6_nothing_hangs_where_nobody_answers() {
    for silent in [Silent::accepting().await, Silent::dropping().await] {
        let text = url(&[silent.address.to_string()], "nothing");
        let parsed: PostgresUrl = text.parse().unwrap();
        let place = Place {
            location: Location::Postgres(parsed.clone()),
            postgres: patient(),
        };
        let begun = Instant::now();
        let told = timeout(LATEST, async {
            let opened = open(&text, &patient()).await.map(drop);
            let migrated = PostgresStore::migrate(&parsed, &patient()).await.map(drop);
            let whole = OpenStore::open(&place, |time| time).await;
            let moved = archive::fence(&place).await.map(drop).unwrap_err();
            (opened, migrated, whole.map(drop).unwrap_err(), moved)
        });
        let (opened, migrated, whole, moved) = told.await.expect("somebody waits for ever");
        for told in [opened, migrated] {
            let told = told.unwrap_err().to_string();
            assert!(told.contains("no answer in 2 s"), "{told}");
            assert!(told.contains(&silent.address.to_string()), "{told}");
        }
        assert!(whole.may_pass(), "{whole}");
        assert!(moved.to_string().contains("no answer in 2 s"), "{moved}");
        assert!(begun.elapsed() < 5 * CONNECT, "{:?}", begun.elapsed());
    }
}

/// K3: whoever listens for changes is not held for ever by a host that says nothing: once the database can be reached
/// at another address, it listens again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k3_the_connection_for_notifications_does_not_wait_for_ever() {
    let cluster = Cluster::shared().await;
    let database = cluster.database().await;
    let (first, second) = (Proxy::before(cluster).await, Proxy::before(cluster).await);
    let hosts = [&first, &second].map(|proxy| format!("127.0.0.1:{}", proxy.port));
    let store = open(&url(&hosts, &database), &patient()).await.unwrap();
    let listeners = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE '%LISTEN%' \
         AND pid <> pg_backend_pid()"
    );
    let listening = async |wanted: &str| {
        timeout(LATEST, async {
            while cluster.value(&database, &listeners).await != wanted {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await
    };
    listening("1").await.expect("nobody listens");
    // The line that listened ends, and neither host says anything to the next one.
    first.cut.notify_waiters();
    first.set(HANG);
    second.set(HANG);
    listening("0").await.expect("its line did not end");
    sleep(CONNECT).await;
    // What was begun while nothing was said stays silent; only what is begun now is answered.
    second.set(PASS);
    listening("1").await.expect("nobody listens any more");
    store.close().await;
    first.set(PASS);
}

/// A database whose newest migration was not applied yet.
async fn one_migration_behind(cluster: &Cluster) -> String {
    let database = cluster.database().await;
    let url: PostgresUrl = cluster.url_of(&database).parse().unwrap();
    let told = PostgresStore::migrate(&url, &settings()).await.unwrap();
    assert_eq!(told, Migrated { from: 0, to: 3 });
    let back = "DROP INDEX pending_owner; DELETE FROM migration WHERE number = 3";
    cluster.sql(&database, back).await.unwrap();
    database
}

const LOCK: &str = "SELECT id FROM migration_lock WHERE id = 1 FOR UPDATE";

/// K9: a migration that another session has locked is not waited for without end, and a later try does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k9_a_migration_whose_lock_is_held_says_so_and_can_be_tried_again() {
    let cluster = Cluster::shared().await;
    let database = one_migration_behind(cluster).await;
    let url = cluster.url_of(&database);
    let holder = Holder::holding(&url, LOCK).await;
    let parsed: PostgresUrl = url.parse().unwrap();
    let told = timeout(LATEST, PostgresStore::migrate(&parsed, &patient())).await;
    let told = told.expect("it waits for ever").unwrap_err();
    assert!(matches!(told, OpenError::Locked), "{told}");
    assert!(placet_store::OpenError::from(told).may_pass());
    holder.end("ROLLBACK").await;
    let told = PostgresStore::migrate(&parsed, &patient()).await.unwrap();
    assert_eq!(told, Migrated { from: 2, to: 3 });
}

/// K9: a node that vanishes while it holds the lock of the migrations is ended by the server: the next one migrates.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k9_a_node_lost_in_the_middle_of_a_migration_blocks_nobody() {
    let cluster = Cluster::shared().await;
    let database = one_migration_behind(cluster).await;
    let direct = cluster.url_of(&database);
    let proxy = Proxy::before(cluster).await;
    let holder = Holder::holding(&direct, LOCK).await;
    let lost: PostgresUrl = proxy.url(&database).parse().unwrap();
    let long = Settings {
        statement_timeout: Duration::from_secs(2),
        ..patient()
    };
    let mut vanishing = JoinSet::new();
    vanishing.spawn(async move { PostgresStore::migrate(&lost, &long).await });
    moment().await;
    assert!(vanishing.try_join_next().is_none(), "it does not wait");
    proxy.set(HANG);
    // It is given the lock and never hears of it.
    holder.end("ROLLBACK").await;
    let url: PostgresUrl = direct.parse().unwrap();
    let begun = Instant::now();
    let told = loop {
        match PostgresStore::migrate(&url, &patient()).await {
            Err(OpenError::Locked) => assert!(begun.elapsed() < LATEST, "it is never ended"),
            told => break told.unwrap(),
        }
    };
    assert_eq!(told, Migrated { from: 2, to: 3 });
    let gone = timeout(LATEST, vanishing.join_next()).await;
    let gone = gone.expect("it waits for ever").unwrap().unwrap();
    assert!(
        matches!(gone, Err(OpenError::Engine(StoreError::Unavailable { .. }))),
        "{gone:?}"
    );
    proxy.set(PASS);
}

/// K3: a waiter hears of a change elsewhere within two seconds, though every connection of its node's pool is at work
/// for longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k3_a_busy_pool_does_not_hold_up_whoever_waits() {
    let cluster = Cluster::shared().await;
    let (node, database) = Node::new(12).await;
    let url = cluster.url_of(&database);
    let busy = Settings {
        connections: 2,
        statement_timeout: Duration::from_secs(40),
        acquire_timeout: Duration::from_secs(40),
        ..settings()
    };
    let other = Node::with(open(&url, &busy).await.unwrap(), 13);
    other.store.commit(other.naming("wanted")).await.unwrap();
    let asked = request(&node, 1);
    let id = asked.id;
    let record = Record::Pending(Box::new(asked.clone()));
    let inserted = node.commit([Change::insert(record)]);
    node.store.commit(inserted).await.unwrap();
    let until = node.store.now().plus(Lifetime::from_secs(600));
    let (store, issuer) = (Arc::clone(&other.store), other.issuer);
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { store.changed(issuer, id, 1, until).await });
    moment().await;

    let key = Key::name(&Name::client("wanted"));
    let lock = format!(
        "SELECT 1 FROM name WHERE key = '{}' FOR UPDATE",
        literal(key.bytes())
    );
    let holder = Holder::holding(&url, &lock).await;
    let mut stuck = JoinSet::new();
    for n in 0..6 {
        let store = Arc::clone(&other.store);
        let person = format!("stuck {n}");
        let wait = other.commit([
            Change::Require { key, version: 1 },
            Change::insert(Record::Name(Name::client(&person))),
        ]);
        stuck.spawn(async move { store.commit(wait).await });
        sleep(Duration::from_millis(50)).await;
    }
    let blocked = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event_type = 'Lock'"
    );
    assert_eq!(cluster.value(&database, &blocked).await, "2");

    let ended = PendingRequest {
        state: State::Ended(Ending {
            kind: EndKind::Denied,
            at: node.store.now(),
        }),
        ..asked
    };
    let change = Change::update(1, Record::Pending(Box::new(ended)));
    let begun = Instant::now();
    node.store.commit(node.commit([change])).await.unwrap();
    let woken = timeout(LATEST, waiting.join_next());
    woken.await.expect("the waiter wakes").unwrap().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert!(stuck.try_join_next().is_none(), "its pool was not busy");
    holder.end("ROLLBACK").await;
}
