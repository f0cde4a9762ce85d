//! A server under measurement: how it starts, where its endpoints are, what it weighs.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{actor, payer::Payer, tools::Tools, wallet::Wallet};
use crate::{
    http::{Connection, Request},
    place,
    server::{self, Server},
    torture::postgres::Cluster,
};

/// One process of a server: how it starts and where it listens.
#[derive(Debug)]
struct Node {
    command: Command,
    address: String,
}

/// How to start a server.
#[derive(Debug)]
pub(crate) struct Start {
    name: &'static str,
    /// The one of ours that it is compared with; itself for one of ours.
    beside: &'static str,
    nodes: Vec<Node>,
    log: PathBuf,
    /// Whether early polls are told to slow down.
    paced: bool,
    /// Whether it checks passwords. The peer takes any.
    passwords: bool,
    /// Open Payments, where it is spoken. The peer does not.
    payments: Option<Payments>,
    /// The first process of its database server.
    database: Option<u32>,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) beside: &'static str,
    /// The addresses of its nodes; all go by the first.
    pub(crate) addresses: Vec<String>,
    pub(crate) endpoints: Endpoints,
    pub(crate) paced: bool,
    pub(crate) passwords: bool,
    pub(crate) payments: Option<Payments>,
    pub(crate) start_ms: f64,
    pub(crate) idle_kib: u64,
    pub(crate) nodes: Vec<Server>,
    pub(crate) database: Option<u32>,
}

/// What stands around a server that speaks Open Payments.
#[derive(Debug)]
pub(crate) struct Payments {
    pub(crate) wallet: Wallet,
    /// Where resource servers ask each of its nodes.
    pub(crate) introspection: Vec<String>,
}

/// Paths, as the discovery document names them.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) device_authorization: String,
    pub(crate) introspection: String,
    pub(crate) jwks: String,
}

/// Placet and its peers on files and in memory; with a cluster also on PostgreSQL, ours as one node and as two.
pub(crate) fn all(
    binary: &Path,
    tools: &Tools,
    work: &Path,
    cluster: Option<&Cluster>,
) -> Result<Vec<Start>, String> {
    const SQLITE: &str = "placet sqlite";
    const POSTGRES: &str = "placet pg";
    let file = "sqlite:./placet.db";
    let mut starts = vec![
        ours((SQLITE, 1), binary, work, file)?,
        peer(("peer memory", SQLITE), "memory", tools, work, "")?,
        peer(("peer sqlite", SQLITE), "sqlite", tools, work, "")?,
    ];
    let Some(cluster) = cluster else {
        return Ok(starts);
    };
    let (one, two) = (database(cluster, "one")?, database(cluster, "two")?);
    starts.push(ours((POSTGRES, 1), binary, work, &one)?);
    starts.push(ours(("placet pg, 2", 2), binary, work, &two)?);
    let url = database(cluster, "peer")?;
    starts.push(peer(("peer pg", POSTGRES), "postgres", tools, work, &url)?);
    for start in starts.iter_mut().skip(3) {
        start.database = cluster.id();
    }
    Ok(starts)
}

/// The URL of a new, empty database.
pub(crate) fn database(cluster: &Cluster, name: &str) -> Result<String, String> {
    cluster.sql("postgres", &format!("CREATE DATABASE {name}"))?;
    Ok(format!("postgres://placet@{}/{name}", cluster.address()))
}

/// Placet on a SQLite file that is filled before it enters.
pub(crate) fn filled(
    (name, beside): (&'static str, &'static str),
    binary: &Path,
    work: &Path,
) -> Result<Start, String> {
    let start = ours((name, 1), binary, work, "sqlite:./placet.db")?;
    Ok(Start { beside, ..start })
}

/// Placet as so many nodes on the store of this URL.
fn ours(
    (name, nodes): (&'static str, usize),
    binary: &Path,
    work: &Path,
    url: &str,
) -> Result<Start, String> {
    let said = |error: std::io::Error| error.to_string();
    let folder = work.join(name.replace(' ', "-"));
    fs::create_dir(&folder).map_err(said)?;
    let text =
        fs::read_to_string(place::source().join("bench").join("placet.toml")).map_err(said)?;
    let wallet = Wallet::open()?;
    let mut introspection = Vec::new();
    let text = text.replace("sqlite:./placet.db", url);
    let mut text = text.replace("127.0.0.1:3202", &wallet.host) + &actor::declared();
    if !url.starts_with("sqlite:") {
        // Beside a file a server makes its own key; nodes of one database are given theirs.
        let key = folder.join("master.key");
        fs::write(&key, "5a".repeat(32)).map_err(said)?;
        fs::set_permissions(&key, Permissions::from_mode(0o600)).map_err(said)?;
        text.push_str("\n[keys]\nmaster_key_file = \"master.key\"\n");
    }
    let mut started = Vec::new();
    let mut origin = String::new();
    for number in 0..nodes {
        let address = format!("127.0.0.1:{}", server::free_port()?);
        if origin.is_empty() {
            origin.clone_from(&address);
        }
        introspection.push(format!("127.0.0.1:{}", server::free_port()?));
        let config = folder.join(format!("node-{number}.toml"));
        let of_node = text
            .replace("//127.0.0.1:3200", &format!("//{origin}"))
            .replace("127.0.0.1:3200", &address)
            .replace(
                "127.0.0.1:3201",
                introspection.last().map_or("", String::as_str),
            );
        fs::write(&config, of_node).map_err(said)?;
        started.push(Node {
            command: server::serve(binary, &config),
            address,
        });
    }
    Ok(Start {
        name,
        beside: name,
        nodes: started,
        log: folder.join("log"),
        paced: true,
        passwords: true,
        payments: Some(Payments {
            wallet,
            introspection,
        }),
        database: None,
    })
}

fn peer(
    (name, beside): (&'static str, &'static str),
    adapter: &str,
    tools: &Tools,
    work: &Path,
    url: &str,
) -> Result<Start, String> {
    let port = server::free_port()?;
    let mut command = Command::new(&tools.node);
    command.arg("server.mjs").current_dir(&tools.peer);
    command
        .env("ADAPTER", adapter)
        .env("PORT", port.to_string())
        .env("POSTGRES_URL", url)
        .env("SQLITE_FILE", work.join("peer.sqlite"));
    command
        .env("SQLITE_SYNC", "FULL")
        .env("NODE_ENV", "production");
    Ok(Start {
        name,
        beside,
        nodes: vec![Node {
            command,
            address: format!("127.0.0.1:{port}"),
        }],
        log: work.join(format!("peer-{adapter}.log")),
        paced: false,
        passwords: false,
        payments: None,
        database: None,
    })
}

impl Start {
    /// Starts and stops each node once, which makes the store.
    pub(crate) fn once(&mut self) -> Result<(), String> {
        let host = self.nodes.first().map(|node| node.address.clone());
        let host = host.unwrap_or_default();
        for node in &mut self.nodes {
            Server::start_behind(&mut node.command, &node.address, &host, &self.log)?.stop();
        }
        Ok(())
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> &Path {
        self.log.parent().unwrap_or(Path::new("."))
    }
}

impl Contestant {
    /// Starts the server several times on its store and lets the last one run.
    pub(crate) fn enter(mut start: Start, times: usize) -> Result<Self, String> {
        // The first start makes the store; it is not timed.
        start.once()?;
        let addresses: Vec<String> = start.nodes.iter().map(|n| n.address.clone()).collect();
        let host = addresses.first().cloned().unwrap_or_default();
        let log = start.log;
        let once =
            |node: &mut Node| Server::start_behind(&mut node.command, &node.address, &host, &log);
        let mut nodes = Vec::new();
        let mut took = Vec::new();
        for node in &mut start.nodes {
            for _ in 1..times {
                let mut server = once(node)?;
                took.push(server.first_answer);
                server.stop();
            }
            let server = once(node)?;
            took.push(server.first_answer);
            nodes.push(server);
        }
        took.sort();
        let start_ms = took.get(took.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1000.0;
        thread::sleep(Duration::from_secs(2));
        let endpoints = Endpoints::discover(&host)?;
        let mut contestant = Self {
            name: start.name,
            beside: start.beside,
            addresses,
            endpoints,
            paced: start.paced,
            passwords: start.passwords,
            payments: start.payments,
            start_ms,
            idle_kib: 0,
            nodes,
            database: start.database,
        };
        contestant.idle_kib = contestant.memory_kib("VmRSS:");
        Ok(contestant)
    }

    /// The address it goes by.
    pub(crate) fn address(&self) -> &str {
        self.addresses.first().map_or("", String::as_str)
    }

    /// A client of its wallet, where it speaks Open Payments.
    pub(crate) fn payer(&self) -> Option<Payer> {
        let payments = self.payments.as_ref()?;
        Some(Payer::new(payments, self.address()))
    }

    /// A connection to one of its nodes, which take turns by number.
    pub(crate) fn connection(&self, number: usize) -> Connection {
        let node = self.addresses.iter().cycle().nth(number);
        Connection::behind(node.map_or("", String::as_str), self.address())
    }

    /// A field of `/proc/PID/status` in KiB, of all its nodes together.
    pub(crate) fn memory_kib(&self, field: &str) -> u64 {
        let of = |server: &Server| {
            let status =
                fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        };
        self.nodes.iter().filter_map(of).sum()
    }

    /// What is reported about the server itself.
    pub(crate) fn row(&self) -> Value {
        json!({ "name": self.name, "start_ms": self.start_ms, "idle_kib": self.idle_kib, "peak_kib": self.memory_kib("VmHWM:") })
    }
}

impl Endpoints {
    fn discover(address: &str) -> Result<Self, String> {
        let request = Request::get("/.well-known/openid-configuration");
        let reply = Connection::open(address).and_then(|mut connection| connection.send(&request));
        let document = reply.map_err(|error| error.to_string())?.json();
        let path = |name: &str| -> Result<String, String> {
            let url = document
                .get(name)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("{address}: discovery has no {name}"))?;
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            Ok(rest
                .split_once('/')
                .map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")))
        };
        Ok(Self {
            authorization: path("authorization_endpoint")?,
            token: path("token_endpoint")?,
            device_authorization: path("device_authorization_endpoint")?,
            introspection: path("introspection_endpoint")?,
            jwks: path("jwks_uri")?,
        })
    }
}
