//! Reaching the database: whichever host of its URL answers first, tried in their order, none waited for too long.
//!
//! 1. The host that answered last is tried first, then the others in the order of the URL.
//! 2. Each address of each host has a time of its own, over TCP, TLS, start-up, the question whether it takes writes, and
//!    what the connection is told first. A host that says nothing costs that and no more.
//! 3. The next one is tried as soon as one fails, and beside it when it is slow: a machine that is gone without a word
//!    holds nobody up for longer than [`HEAD_START`] (threat K7: after a fail-over the old primary is often just that).
//!
//! Spec: RFC 8305 §5 (the same idea for the addresses of one name)

use std::{
    collections::VecDeque,
    fmt,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::lookup_host,
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_postgres::{
    Config, Error, Notification,
    config::{Host, LoadBalanceHosts},
};

use super::{
    OpenError, PostgresUrl, Settings,
    judge::{self, unavailable},
    session::{self, Session},
    tls::Tls,
};

/// How long one host or address is tried alone before the next one is tried beside it. Longer than a healthy server
/// takes across a continent, and short beside the five seconds within which a fail-over is to be over.
pub(super) const HEAD_START: Duration = Duration::from_millis(500);
/// When a quiet connection is probed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// How often it is probed then.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// What is added to the server's own limit before a request is given up here.
const GRACE: Duration = Duration::from_secs(1);

/// Where what the server tells its listeners goes.
pub(super) type Heard = mpsc::UnboundedSender<Notification>;

/// How to reach the database.
pub(super) struct Dial {
    hosts: Vec<Named>,
    shuffled: bool,
    /// The host that answered last.
    last: AtomicUsize,
    way: Arc<Way>,
    settle: Arc<str>,
    migrating: Arc<str>,
    /// How long a migration waits for the lock that another one holds.
    lock_wait: Duration,
    /// How long a request may take before its connection is given up.
    pub(super) limit: Duration,
}

/// What is the same for all hosts.
struct Way {
    /// Everything of the URL but its hosts.
    config: Config,
    tls: Tls,
    /// How long one address may take until its connection can be used.
    limit: Duration,
}

/// A host as the URL names it.
#[derive(Debug, Clone)]
struct Named {
    name: Option<Host>,
    address: Option<IpAddr>,
    port: u16,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.address) {
            (Some(Host::Tcp(name)), _) => write!(f, "{name}:{}", self.port),
            (Some(Host::Unix(path)), _) => write!(f, "{}:{}", path.display(), self.port),
            (None, Some(address)) => write!(f, "{}", SocketAddr::new(address, self.port)),
            (None, None) => Ok(()),
        }
    }
}

/// Why no host gave a connection, in the order in which they failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(super) struct Unreached(Vec<String>);

impl From<Unreached> for OpenError {
    fn from(unreached: Unreached) -> Self {
        Self::Engine(unavailable(unreached))
    }
}

impl Dial {
    pub(super) fn new(url: &PostgresUrl, settings: &Settings) -> Result<Self, OpenError> {
        let limit = settings.statement_timeout + GRACE;
        // Longer than the server keeps the session of a node that was lost.
        let lock_wait = settings.statement_timeout * 2;
        let mut config = without_hosts(&url.config);
        config
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .tcp_user_timeout(limit);
        let extra: Vec<_> = [&url.authorities, &settings.extra_ca]
            .into_iter()
            .flatten()
            .map(std::path::PathBuf::as_path)
            .collect();
        Ok(Self {
            hosts: hosts_of(&url.config),
            shuffled: url.config.get_load_balance_hosts() == LoadBalanceHosts::Random,
            last: AtomicUsize::new(0),
            way: Arc::new(Way {
                config,
                tls: Tls::new(&extra)?,
                limit: settings.connect_timeout,
            }),
            settle: session::settle(settings.statement_timeout).into(),
            migrating: session::settle_migration(settings.statement_timeout, lock_wait).into(),
            lock_wait,
            limit,
        })
    }

    /// Opens a connection for commits and reads.
    pub(super) async fn connect(&self) -> Result<Session, Unreached> {
        self.open(&self.settle, None).await
    }

    /// Opens a connection that is told `first` before anything else, without limits on a statement.
    pub(super) async fn open(
        &self,
        first: &Arc<str>,
        heard: Option<&Heard>,
    ) -> Result<Session, Unreached> {
        let attempts = self.order().into_iter().map(|number| {
            let host = self.hosts.get(number).cloned();
            let (way, first, heard) = (Arc::clone(&self.way), Arc::clone(first), heard.cloned());
            attempt(async move {
                let host = host.ok_or_else(|| Unreached(Vec::new()))?;
                let session = way.host(&host, &first, heard.as_ref()).await?;
                Ok((number, session))
            })
        });
        let (number, session) = Race::new(attempts).won().await?;
        self.last.store(number, Ordering::Relaxed);
        Ok(session)
    }

    /// What a connection that migrates is told first.
    pub(super) fn migrating(&self) -> &Arc<str> {
        &self.migrating
    }

    /// How long a request may take that waits for the lock of the migrations.
    pub(super) fn lock_limit(&self) -> Duration {
        self.lock_wait + self.limit
    }

    /// The numbers of the hosts in the order in which they are tried.
    fn order(&self) -> Vec<usize> {
        let count = self.hosts.len();
        let first = if self.shuffled {
            random_below(count)
        } else {
            self.last.load(Ordering::Relaxed)
        };
        // What failed or was slow before is not tried first again, as long as the one that helped does.
        let others = (0..count).filter(|number| *number != first);
        std::iter::once(first).chain(others).collect()
    }
}

fn random_below(count: usize) -> usize {
    use placet_core::random::{Random as _, SystemRandom};
    let mut bytes = [0; 4];
    SystemRandom.fill(&mut bytes);
    let number = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or_default();
    number.checked_rem(count).unwrap_or_default()
}

impl Way {
    /// A connection to one host, at whichever of its addresses.
    async fn host(
        self: &Arc<Self>,
        host: &Named,
        first: &Arc<str>,
        heard: Option<&Heard>,
    ) -> Result<Session, Unreached> {
        let addresses = self.addresses(host).await?;
        let attempts = addresses.into_iter().map(|address| {
            let (way, host) = (Arc::clone(self), host.clone());
            let (first, heard) = (Arc::clone(first), heard.cloned());
            attempt(async move { way.address(&host, address, &first, heard).await })
        });
        Race::new(attempts).won().await
    }

    /// The addresses of a host; `None` for a socket of the file system.
    async fn addresses(&self, host: &Named) -> Result<Vec<Option<IpAddr>>, Unreached> {
        let failed = |why: String| Unreached(vec![format!("{host}: {why}")]);
        match (&host.name, host.address) {
            (_, Some(address)) => Ok(vec![Some(address)]),
            (Some(Host::Unix(_)) | None, None) => Ok(vec![None]),
            (Some(Host::Tcp(name)), None) => {
                let found = timeout(self.limit, lookup_host((name.as_str(), host.port)))
                    .await
                    .map_err(|_| failed(format!("its name was not found in {}", self.time())))?
                    .map_err(|error| failed(error.to_string()))?;
                let mut addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
                addresses.dedup();
                if addresses.is_empty() {
                    return Err(failed("its name has no address".to_owned()));
                }
                Ok(addresses)
            }
        }
    }

    /// A connection to one address, ready for use.
    async fn address(
        &self,
        host: &Named,
        address: Option<IpAddr>,
        first: &str,
        heard: Option<Heard>,
    ) -> Result<Session, Unreached> {
        let mut config = self.config.clone();
        if let Some(address) = address {
            config.hostaddr(address);
        }
        match &host.name {
            Some(Host::Tcp(name)) => drop(config.host(name.as_str())),
            Some(Host::Unix(path)) => drop(config.host_path(path)),
            None => {}
        }
        config.port(host.port);
        let opening = async {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let session = Session::new(client, connection, heard);
            if !first.is_empty() {
                session.client.batch_execute(first).await?;
            }
            Ok::<_, Error>(session)
        };
        let failed = |why: String| Unreached(vec![format!("{host}: {why}")]);
        timeout(self.limit, opening)
            .await
            .map_err(|_| failed(format!("no answer in {}", self.time())))?
            .map_err(|error| failed(judge::text(&error)))
    }

    fn time(&self) -> String {
        format!("{} s", self.limit.as_secs_f32())
    }
}

/// Everything of a URL but its hosts and ports.
fn without_hosts(url: &Config) -> Config {
    let mut config = Config::new();
    config
        .ssl_mode(url.get_ssl_mode())
        .ssl_negotiation(url.get_ssl_negotiation())
        .target_session_attrs(url.get_target_session_attrs())
        .channel_binding(url.get_channel_binding());
    if let Some(user) = url.get_user() {
        config.user(user);
    }
    if let Some(password) = url.get_password() {
        config.password(password);
    }
    if let Some(name) = url.get_dbname() {
        config.dbname(name);
    }
    if let Some(options) = url.get_options() {
        config.options(options);
    }
    if let Some(name) = url.get_application_name() {
        config.application_name(name);
    }
    if let Some(retries) = url.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    config
}

/// The hosts of a URL in their order.
fn hosts_of(url: &Config) -> Vec<Named> {
    let (names, addresses, ports) = (url.get_hosts(), url.get_hostaddrs(), url.get_ports());
    let count = names.len().max(addresses.len());
    let named = (0..count).map(|n| Named {
        name: names.get(n).cloned(),
        address: addresses.get(n).copied(),
        port: ports
            .get(n)
            .or_else(|| ports.first())
            .copied()
            .unwrap_or(5432),
    });
    named.collect()
}

/// One way to get something.
type Attempt<T> = Pin<Box<dyn Future<Output = Result<T, Unreached>> + Send>>;

fn attempt<T>(future: impl Future<Output = Result<T, Unreached>> + Send + 'static) -> Attempt<T> {
    Box::pin(future)
}

/// Attempts of which one is to succeed. Dropping it gives up those under way.
struct Race<T> {
    waiting: VecDeque<Attempt<T>>,
    running: JoinSet<Result<T, Unreached>>,
    failed: Vec<String>,
}

impl<T: Send + 'static> Race<T> {
    fn new(attempts: impl IntoIterator<Item = Attempt<T>>) -> Self {
        Self {
            waiting: attempts.into_iter().collect(),
            running: JoinSet::new(),
            failed: Vec::new(),
        }
    }

    /// The first that succeeds.
    async fn won(mut self) -> Result<T, Unreached> {
        self.next().await.ok_or(Unreached(self.failed))
    }

    /// The next that succeeds; none when all have ended.
    async fn next(&mut self) -> Option<T> {
        loop {
            if self.running.is_empty() {
                self.begin().then_some(())?;
            }
            let ended = tokio::select! {
                ended = self.running.join_next() => ended,
                () = sleep(HEAD_START), if !self.waiting.is_empty() => {
                    self.begin();
                    continue;
                }
            };
            match ended {
                Some(Ok(Ok(won))) => return Some(won),
                Some(Ok(Err(unreached))) => self.failed.extend(unreached.0),
                Some(Err(broken)) => self.failed.push(broken.to_string()),
                None => {}
            }
            // Nobody waits for the end of a head start of one that has lost.
            self.begin();
        }
    }

    /// Begins the next attempt, if there is one.
    fn begin(&mut self) -> bool {
        let next = self.waiting.pop_front();
        let begun = next.is_some();
        if let Some(next) = next {
            self.running.spawn(next);
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// An attempt that succeeds with its number, fails, or says nothing until its time is over.
    fn one(number: u32, after: Duration, succeeds: Option<bool>) -> Attempt<u32> {
        attempt(async move {
            let answer = async {
                sleep(after).await;
                match succeeds {
                    Some(true) => Ok(number),
                    Some(false) => Err(Unreached(vec![format!("{number} refused")])),
                    None => std::future::pending().await,
                }
            };
            timeout(LIMIT, answer)
                .await
                .unwrap_or_else(|_| Err(Unreached(vec![format!("{number} silent")])))
        })
    }

    #[tokio::test(start_paused = true)]
    async fn k7_a_host_that_says_nothing_holds_up_the_next_one_for_a_moment_only() {
        let soon = Duration::from_millis(20);
        let begun = Instant::now();
        let silent_first = [one(1, soon, None), one(2, soon, Some(true))];
        assert_eq!(Race::new(silent_first).won().await.unwrap(), 2);
        assert_eq!(begun.elapsed(), HEAD_START + soon);

        let begun = Instant::now();
        let refused_first = [one(1, soon, Some(false)), one(2, soon, Some(true))];
        assert_eq!(Race::new(refused_first).won().await.unwrap(), 2);
        assert_eq!(begun.elapsed(), 2 * soon);

        let begun = Instant::now();
        let slow_first = [
            one(1, 3 * HEAD_START, Some(true)),
            one(2, soon, Some(false)),
        ];
        assert_eq!(Race::new(slow_first).won().await.unwrap(), 1);
        assert_eq!(begun.elapsed(), 3 * HEAD_START);

        let begun = Instant::now();
        let nobody = [
            one(1, soon, None),
            one(2, soon, Some(false)),
            one(3, soon, None),
        ];
        let told = Race::new(nobody).won().await.unwrap_err().to_string();
        assert_eq!(told, "2 refused; 1 silent; 3 silent");
        assert_eq!(begun.elapsed(), HEAD_START + soon + LIMIT);
    }

    #[test]
    fn what_a_url_says_beside_its_hosts_is_kept_for_each_of_them() {
        let url = "postgres://u:secret@a/d?options=-c%20x%3D1&application_name=n&sslmode=require\
            &sslnegotiation=direct&channel_binding=disable&target_session_attrs=read-write&keepalives_retries=3&port=1";
        let url: Config = url.parse().unwrap();
        let mut again = without_hosts(&url);
        again.host("a").port(1);
        assert_eq!(again, url);
        let url = "postgres://u@a:1,b:2/d?hostaddr=192.0.2.1,192.0.2.2";
        let hosts: Vec<_> = hosts_of(&url.parse().unwrap());
        let told: Vec<_> = hosts.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["a:1", "b:2"]);
        assert_eq!(hosts[1].address, Some([192, 0, 2, 2].into()));
    }
}
