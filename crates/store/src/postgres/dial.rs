//! Reaching the database: whichever host of its URL answers first, tried in their order, none waited for too long.
//!
//! 1. The host that answered last is tried first, then the others in the order of the URL.
//! 2. Each address of each host has a time of its own, over TCP, TLS, start-up, the question whether it takes writes, and
//!    what the connection is told first. A host that says nothing costs that and no more.
//! 3. The next one is tried as soon as one fails, and beside it when it is slow: a machine that is gone without a word
//!    holds nobody up for longer than [`HEAD_START`] (threat K7: after a fail-over the old primary is often just that).
//! 4. An old primary that came back is told by its timeline and passed over ([`super::lineage`]). At the start and after
//!    each loss of a connection all hosts are asked at once, and of those that take writes the one of the newest timeline is used.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{net::lookup_host, sync::mpsc, time::timeout};
use tokio_postgres::{
    Config, Error, Notification,
    config::{Host, LoadBalanceHosts},
};

use super::{
    OpenError, PostgresUrl, Settings,
    judge::{self, unavailable},
    lineage::{Lineage, Origin},
    race::{HEAD_START, Race, Unreached, attempt},
    session::{self, Session},
    tls::Tls,
};

/// When a quiet connection is probed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// How often it is probed then.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// What is added to the server's own limit before a request is given up here.
const GRACE: Duration = Duration::from_secs(1);

/// How long a dial that asks all hosts waits for the others once one has answered.
const OTHERS: Duration = HEAD_START;

/// Where what the server tells its listeners goes.
pub(super) type Heard = mpsc::UnboundedSender<Notification>;

/// A connection, and what its server says of itself.
type Reached = (Session, Option<Origin>);

/// How to reach the database.
pub(super) struct Dial {
    hosts: Vec<Named>,
    shuffled: bool,
    /// The host that answered last.
    last: AtomicUsize,
    lineage: Arc<Lineage>,
    /// A connection was lost since the hosts were asked which of them is the newest, or they never were.
    in_doubt: AtomicBool,
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
            lineage: Arc::default(),
            in_doubt: AtomicBool::new(true),
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
            let lineage = Arc::clone(&self.lineage);
            attempt(async move {
                let host = host.ok_or_else(|| Unreached(Vec::new()))?;
                let (mut session, origin) = way.host(&host, &first, heard.as_ref()).await?;
                session.descent = lineage
                    .take(origin)
                    .map_err(|outdated| Unreached(vec![format!("{host}: {outdated}")]))?;
                Ok((number, session))
            })
        });
        let race = Race::new(attempts);
        let asks_all = self.hosts.len() > 1 && self.in_doubt.swap(false, Ordering::AcqRel);
        let reached = if asks_all {
            newest(race).await
        } else {
            race.won().await
        };
        let (number, session) = reached.inspect_err(|_| self.doubt())?;
        self.last.store(number, Ordering::Relaxed);
        Ok(session)
    }

    /// Notes that a connection was lost, which may be a fail-over: the next dial asks all hosts.
    pub(super) fn doubt(&self) {
        self.in_doubt.store(true, Ordering::Release);
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

/// Of all hosts that take writes, the one of the newest timeline: one alone cannot tell whether it is an old
/// primary, and that may be named first.
async fn newest(mut race: Race<(usize, Session)>) -> Result<(usize, Session), Unreached> {
    while race.begin() {}
    let Some(mut best) = race.next().await else {
        return Err(race.lost());
    };
    let others = async {
        while let Some(other) = race.next().await {
            let timelines = (other.1.descent.timeline(), best.1.descent.timeline());
            if timelines.0 > timelines.1 || (timelines.0 == timelines.1 && other.0 < best.0) {
                best = other;
            }
        }
    };
    // A host that says nothing yet is not waited for.
    drop(timeout(OTHERS, others).await);
    Ok(best)
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
    ) -> Result<Reached, Unreached> {
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
    ) -> Result<Reached, Unreached> {
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
            // Before `first`, so that an operator who looks sees what the connection is for.
            let origin = Origin::of(&session.client).await;
            if !first.is_empty() {
                session.client.batch_execute(first).await?;
            }
            Ok::<_, Error>((session, origin))
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
    let hosts = (0..count).map(|n| Named {
        name: names.get(n).cloned(),
        address: addresses.get(n).copied(),
        port: ports
            .get(n)
            .or_else(|| ports.first())
            .copied()
            .unwrap_or(5432),
    });
    hosts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_says_beside_its_hosts_is_kept_for_each_of_them() {
        let url = "postgres://u:secret@a:1/d?options=-c%20x%3D1&application_name=n&sslmode=require\
            &sslnegotiation=direct&channel_binding=disable&target_session_attrs=read-write&keepalives_retries=3";
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
