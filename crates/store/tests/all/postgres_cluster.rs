//! A real PostgreSQL for these tests: one cluster for the process, a database for each test.
//!
//! The server is the child of a shell that waits on a pipe from this process. When the process ends, in whatever way,
//! the pipe closes, and the shell ends the server and removes its files.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use placet_core::{
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    store::{Boxed, Change, Commit, Key, Name, Outcome, Record, Store},
    testing::{Fault, FixedClock, SeededRandom},
};
use placet_store::{
    PostgresStore, PostgresUrl,
    conformance::Harness,
    postgres::{OpenError, Settings},
};

/// What to do where there is no server.
const INSTALL: &str = "these tests need the PostgreSQL server: sudo apt-get install --no-install-recommends -y postgresql";

/// Finds the server's programs, makes a cluster, and follows what it is told until its input ends.
const SCRIPT: &str = r#"
bin=$(pg_config --bindir 2>/dev/null)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo missing; exit 1; }
dir=$(mktemp -d /tmp/placet-pg-XXXXXX) || exit 1
"$bin/initdb" -D "$dir/data" --auth=trust --username=placet --encoding=UTF8 --locale=C --no-sync >"$dir/initdb" 2>&1 \
  || { cat "$dir/initdb" >&2; echo failed; exit 1; }
cat >>"$dir/data/postgresql.conf" <<END
unix_socket_directories = '$dir'
listen_addresses = '$LISTEN'
port = $PORT
max_connections = 300
log_min_messages = error
END
make_tls() (
  cd "$dir" || exit 1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test' \
    -addext 'basicConstraints=critical,CA:TRUE' -keyout ca.key -out ca.pem &&
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=db' -keyout db.key -out db.csr &&
  printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >ext &&
  openssl x509 -req -in db.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out db.pem &&
  chmod 600 db.key &&
  printf "ssl = on\nssl_cert_file = '%s'\nssl_key_file = '%s'\n" "$dir/db.pem" "$dir/db.key" >>data/postgresql.conf &&
  kill -HUP $pid
)
start() { "$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 & pid=$!; }
start
echo "$dir"
while read -r word; do
  case $word in
    restart) kill -INT $pid; wait $pid; start ;;
    crash) kill -QUIT $pid; wait $pid; start ;;
    stop) kill -INT $pid; wait $pid ;;
    start) start ;;
    copy)
      kill -INT $pid; wait $pid
      cp -a "$dir/data" "$dir/copy"; touch "$dir/copy/standby.signal"; echo "port = $((PORT + 1))" >>"$dir/copy/postgresql.conf"
      "$bin/postgres" -D "$dir/copy" >>"$dir/log" 2>&1 & copy=$!
      start ;;
    copy-stop) kill -INT $copy; wait $copy; copy= ;;
    tls) make_tls >"$dir/tls" 2>&1 || cat "$dir/tls" >&2 ;;
  esac
  echo done
done
[ -z "$copy" ] || kill -QUIT $copy
kill -QUIT $pid; wait $pid
rm -rf "$dir"
"#;

/// A server, until it is dropped.
pub(crate) struct Cluster {
    shell: Child,
    talk: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    directory: String,
    port: u16,
    databases: AtomicU32,
}

impl Cluster {
    /// A server of its own, for tests that treat one badly.
    pub(crate) async fn start() -> Self {
        // The port is only part of the socket's name.
        Self::start_with(5432, "").await
    }

    /// A server that listens on the loopback interface, with a certificate for `localhost`, and the port.
    pub(crate) async fn with_tls() -> (Self, u16) {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let cluster = Self::start_with(port, "127.0.0.1").await;
        cluster.tell("tls");
        moment().await;
        (cluster, port)
    }

    /// The file of the authority that vouches for the server.
    pub(crate) fn authority(&self) -> String {
        format!("{}/ca.pem", self.directory)
    }

    async fn start_with(port: u16, listen: &str) -> Self {
        let mut shell = unprivileged()
            .args(["sh", "-c", SCRIPT])
            .env("PORT", port.to_string())
            .env("LISTEN", listen)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = shell.stdin.take().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        assert!(said.starts_with('/'), "{INSTALL}");
        let cluster = Self {
            shell,
            talk: Mutex::new(Some((input, output))),
            directory: said.trim().to_owned(),
            port,
            databases: AtomicU32::new(0),
        };
        cluster.ready().await;
        cluster
    }

    /// The server that most tests share.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let starting = STARTING.lock().await;
        if SHARED.get().is_none() {
            SHARED.set(Self::start().await).ok().unwrap();
        }
        drop(starting);
        SHARED.get().unwrap()
    }

    /// Tells the shell to do something with the server, and waits until it is done.
    pub(crate) fn tell(&self, word: &str) {
        let mut talk = self.talk.lock().unwrap();
        let (input, output) = talk.as_mut().unwrap();
        writeln!(input, "{word}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "done");
    }

    /// Waits until the server takes connections.
    pub(crate) async fn ready(&self) {
        for _ in 0..600 {
            if self.sql("postgres", "SELECT 1").await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("the server does not start; see {}/log", self.directory);
    }

    /// Runs SQL in a database, past every store.
    pub(crate) async fn sql(
        &self,
        database: &str,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
        Self::sql_at(&self.url_of(database), sql).await
    }

    /// The same at any URL.
    pub(crate) async fn sql_at(
        url: &str,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        let mut driver = tokio::task::JoinSet::new();
        driver.spawn(connection);
        let messages = client.simple_query(sql).await?;
        let rows = messages.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|n| row.get(n).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs SQL that gives one value.
    pub(crate) async fn value(&self, database: &str, sql: &str) -> String {
        let rows = self.sql(database, sql).await.unwrap();
        rows.into_iter().flatten().flatten().next().expect(sql)
    }

    /// A database that is empty, by its name.
    pub(crate) async fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        name
    }

    /// A copy of the server as it is, made a primary: both take writes, as after a fail-over without fencing. Returns the
    /// URL of a database in the copy, and one that names the old primary first and the copy second.
    pub(crate) async fn promoted_copy(&self, database: &str) -> (String, String) {
        self.tell("copy");
        self.ready().await;
        let host = self.directory.replace('/', "%2F");
        let copy = format!("postgres://placet@{host}:{}/{database}", self.port + 1);
        for _ in 0..600 {
            if Self::sql_at(&copy, "SELECT pg_promote()").await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let taken = Self::sql_at(&copy, "SELECT pg_is_in_recovery()").await;
        assert_eq!(taken.unwrap(), [[Some("f".to_owned())]]);
        let both = format!(
            "postgres://placet@{host}:{},{host}:{}/{database}",
            self.port,
            self.port + 1
        );
        (copy, both)
    }

    /// The URL of a database.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let host = self.directory.replace('/', "%2F");
        format!("postgres://placet@{host}:{}/{database}", self.port)
    }

    /// Opens a store in a database.
    pub(crate) async fn open(
        &self,
        database: &str,
        clock: &FixedClock,
    ) -> Result<PostgresStore, OpenError> {
        open(&self.url_of(database), clock).await
    }

    /// Names the standbys every commit waits for.
    pub(crate) async fn standbys(&self, names: &str) {
        let set = format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'");
        self.sql("postgres", &set).await.unwrap();
        self.sql("postgres", "SELECT pg_reload_conf()")
            .await
            .unwrap();
        moment().await;
    }

    /// Where the server's socket is.
    pub(crate) fn socket(&self) -> String {
        format!("{}/.s.PGSQL.{}", self.directory, self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The shell reads until its input is closed, and then ends the server.
        drop(self.talk.lock().map(|mut talk| talk.take()));
        self.shell.wait().ok();
    }
}

/// A command that does not run as root, as whom the server refuses to.
fn unprivileged() -> Command {
    let id = |words: &[&str]| {
        let output = Command::new("id").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    if id(&["-u"]) != "0" {
        return Command::new("env");
    }
    let user = if id(&["-u", "postgres"]).is_empty() {
        "nobody"
    } else {
        "postgres"
    };
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        &id(&["-u", user]),
        "--regid",
        &id(&["-g", user]),
        "--clear-groups",
    ]);
    command
}

/// The settings of stores under test: few connections, so that waiting for one is part of the test.
pub(crate) fn settings() -> Settings {
    Settings {
        connections: 8,
        ..Settings::default()
    }
}

/// Opens the store at `url`, which goes by `clock`.
pub(crate) async fn open(url: &str, clock: &FixedClock) -> Result<PostgresStore, OpenError> {
    let url: PostgresUrl = url.parse().unwrap();
    let clock = clock.clone();
    PostgresStore::open(&url, &settings(), |_| Arc::new(clock)).await
}

struct Postgres {
    store: Arc<PostgresStore>,
    second: Arc<PostgresStore>,
    clock: FixedClock,
}

/// A fresh database, opened by two nodes.
pub(crate) async fn postgres() -> Box<dyn Harness> {
    let (cluster, clock) = (Cluster::shared().await, FixedClock::default());
    let database = cluster.database().await;
    Box::new(Postgres {
        store: Arc::new(cluster.open(&database, &clock).await.unwrap()),
        second: Arc::new(cluster.open(&database, &clock).await.unwrap()),
        clock,
    })
}

impl Harness for Postgres {
    fn store(&self) -> Arc<dyn Store> {
        Arc::<PostgresStore>::clone(&self.store)
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::<PostgresStore>::clone(&self.second)
    }

    fn clock(&self) -> &FixedClock {
        &self.clock
    }

    fn fail_next(&self, fault: Fault) {
        self.store.fail_next(fault);
    }

    fn write_raw<'a>(&'a self, issuer: Id<Issuer>, key: Key, body: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            let sql = format!(
                "UPDATE {} SET body = $raw${body}$raw$ WHERE key = '{}' AND issuer = '{}' RETURNING 1",
                key.table.name(),
                literal(key.bytes()),
                literal(issuer.as_bytes())
            );
            assert_eq!(self.store.tamper(&sql).await.unwrap().len(), 1);
        })
    }

    fn waited_for(&self) -> usize {
        self.store.waited_for()
    }
}

/// Bytes as SQL writes them.
pub(crate) fn literal(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A node and what its commits are made from.
pub(crate) struct Node {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) issuer: Id<Issuer>,
    random: SeededRandom,
}

impl Node {
    /// A node on a database of the shared server, and the database's name.
    pub(crate) async fn new(seed: u64) -> (Self, String) {
        let cluster = Cluster::shared().await;
        let database = cluster.database().await;
        let node = Self::at(&cluster.url_of(&database), seed).await;
        (node, database)
    }

    pub(crate) async fn at(url: &str, seed: u64) -> Self {
        Self::with(open(url, &FixedClock::default()).await.unwrap(), seed)
    }

    pub(crate) fn with(store: PostgresStore, seed: u64) -> Self {
        Self {
            store: Arc::new(store),
            issuer: Id::from_bytes([7; 16]),
            random: SeededRandom::new(seed),
        }
    }

    pub(crate) fn commit(&self, changes: impl IntoIterator<Item = Change>) -> Commit {
        let now = self.store.now();
        let id = Id::ordered(now, &self.random);
        let event = Event::new(id, EventKind::ClientChanged, now);
        changes
            .into_iter()
            .fold(Commit::new(self.issuer, event), Commit::with)
    }

    /// A commit that takes a name.
    pub(crate) fn naming(&self, text: &str) -> Commit {
        self.commit([Change::insert(Record::Name(Name::client(text)))])
    }

    pub(crate) async fn has(&self, text: &str) -> bool {
        let key = Key::name(&Name::client(text));
        self.store.get(self.issuer, key).await.unwrap().is_some()
    }

    /// What became of a commit.
    pub(crate) async fn outcome(&self, commit: &Commit) -> Outcome {
        let outcome = self.store.outcome(self.issuer, commit.event.id);
        outcome.await.unwrap()
    }
}

/// A client that keeps a transaction open, past every store.
pub(crate) struct Holder {
    pub(crate) client: tokio_postgres::Client,
    _driver: tokio::task::JoinSet<Result<(), tokio_postgres::Error>>,
}

impl Holder {
    /// Begins a transaction and does `sql` in it.
    pub(crate) async fn holding(url: &str, sql: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        let mut driver = tokio::task::JoinSet::new();
        driver.spawn(connection);
        client
            .batch_execute(&format!("BEGIN; {sql}"))
            .await
            .unwrap();
        Self {
            client,
            _driver: driver,
        }
    }

    /// Ends the transaction.
    pub(crate) async fn end(self, word: &str) {
        self.client.batch_execute(word).await.unwrap();
    }
}

/// Long enough for a statement that does not wait to end.
pub(crate) async fn moment() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}
