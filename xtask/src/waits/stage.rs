//! The servers of one measurement: one or two, their settings, and what they say of themselves.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{PATIENCE, WAIT_S, crowd::CLIENT, secure};
use crate::{
    http::{Connection, Reply, Request},
    place,
    server::{self, Server},
    torture::postgres::Cluster,
};

pub(super) const TOKEN: &str = "waits-admin-token-0123456789-0123456789";

/// What the servers stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    Sqlite,
    Postgres,
    /// Polls are held at one node, decisions are made at the other.
    TwoNodes,
    /// SQLite, reached over TLS.
    Tls,
}

impl Ground {
    pub(super) const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::TwoNodes, Self::Tls];
    pub(super) const NAMES: &str = "sqlite, postgres, postgres-2, tls";

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::TwoNodes => "postgres-2",
            Self::Tls => "tls",
        }
    }

    const fn nodes(self) -> usize {
        match self {
            Self::Sqlite | Self::Postgres | Self::Tls => 1,
            Self::TwoNodes => 2,
        }
    }
}

/// One server.
pub(super) struct Node {
    pub(super) address: String,
    pub(super) admin: String,
    pub(super) server: Server,
}

/// All of them.
pub(super) struct Stage {
    // In the order in which they end: servers before their store.
    nodes: Vec<Node>,
    _cluster: Option<Cluster>,
}

impl Stage {
    /// Starts the servers. Nothing where PostgreSQL is needed and not installed.
    pub(super) fn set(binary: &Path, ground: Ground, count: usize) -> Result<Option<Self>, String> {
        let work = place::fresh("waits")?;
        secret(&work, "admin.token", TOKEN)?;
        let mut cluster = None;
        let (mut url, mut more) = ("sqlite:./placet.db".to_owned(), "");
        match ground {
            Ground::Sqlite => {}
            Ground::Tls => {
                secure::certificate(&work)?;
                more = "\n[tls]\ncert = \"tls.pem\"\nkey = \"tls.key\"\n";
            }
            Ground::Postgres | Ground::TwoNodes => {
                let Some(made) = Cluster::new()? else {
                    return Ok(None);
                };
                // Nodes of one database are given their key.
                secret(&work, "master.key", &"5a".repeat(32))?;
                more = "\n[keys]\nmaster_key_file = \"master.key\"\n";
                url = made.url();
                cluster = Some(made);
            }
        }
        // One source may hold half of the connections, and this is one source.
        let text = CONFIG
            .replace("DATABASE", &url)
            .replace("CONNECTIONS", &(count * 2 + 128).to_string())
            .replace("CLIENT", CLIENT)
            .replace("WAIT", &WAIT_S.to_string())
            + more;
        let mut stage = Self {
            nodes: Vec::new(),
            _cluster: cluster,
        };
        for _ in 0..ground.nodes() {
            stage.start(binary, ground, &work, &text)?;
        }
        Ok(Some(stage))
    }

    /// Starts one more node.
    fn start(
        &mut self,
        binary: &Path,
        ground: Ground,
        work: &Path,
        text: &str,
    ) -> Result<(), String> {
        let address = format!("127.0.0.1:{}", server::free_port()?);
        let admin = format!("127.0.0.1:{}", server::free_port()?);
        let origin = self.nodes.first().map_or(&address, |node| &node.address);
        let scheme = if ground == Ground::Tls {
            "https"
        } else {
            "http"
        };
        let text = text
            .replace("ORIGIN", &format!("{scheme}://{origin}"))
            .replace("ADDRESS", &address)
            .replace("OPERATORS", &admin);
        let number = self.nodes.len();
        let config = work.join(format!("node-{number}.toml"));
        fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = server::serve(binary, &config);
        let server = Server::spawn(&mut command, &work.join(format!("node-{number}.log")))?;
        let node = Node {
            address,
            admin,
            server,
        };
        let begun = Instant::now();
        while !matches!(ask(&node, "/ready"), Ok(reply) if reply.status == 200) {
            if begun.elapsed() > PATIENCE {
                return Err(format!("no start; see the logs in {}", work.display()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.nodes.push(node);
        Ok(())
    }

    /// The node at which decisions are made.
    pub(super) fn deciding(&self) -> &Node {
        self.nodes.first().expect("a stage has a node")
    }

    /// The node at which polls are held.
    pub(super) fn waiting(&self) -> &Node {
        self.nodes.last().expect("a stage has a node")
    }

    /// The name all nodes answer to.
    pub(super) fn origin(&self) -> &str {
        &self.deciding().address
    }

    /// Waits until the waiting node holds that many polls, as long as they become more.
    pub(super) async fn until_connected(&self, count: usize) -> Result<(), String> {
        let (mut most, mut since) = (0, Instant::now());
        loop {
            let metrics = ask(self.waiting(), "/metrics")?.body;
            let held = metrics
                .lines()
                .find_map(|line| line.strip_prefix("placet_http_requests_in_flight "))
                .and_then(|number| number.trim().parse::<usize>().ok());
            let held = held.unwrap_or(0);
            if held >= count {
                return Ok(());
            }
            if held > most {
                (most, since) = (held, Instant::now());
            }
            if since.elapsed() > PATIENCE {
                return Err(format!("only {most} polls are held"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The ids of some requests that wait.
    pub(super) fn open_requests(&self, count: usize) -> Result<Vec<String>, String> {
        let mut ids = Vec::new();
        let mut after = String::new();
        while ids.len() < count {
            let path = format!("/admin/v1/requests?limit=100{after}");
            let page = ask(self.deciding(), &path)?.json();
            let items = page.get("items").and_then(Value::as_array);
            let found = items.into_iter().flatten();
            ids.extend(found.filter_map(|item| item.get("id")?.as_str().map(str::to_owned)));
            let Some(next) = page.get("next").and_then(Value::as_str) else {
                break;
            };
            after = format!("&after={next}");
        }
        ids.truncate(count);
        if ids.len() == count {
            Ok(ids)
        } else {
            Err(format!("only {} requests are listed", ids.len()))
        }
    }

    /// The memory of the waiting node.
    pub(super) fn memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.waiting().server.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
    }

    /// The CPU time of all threads of the waiting node.
    pub(super) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.waiting().server.id()));
        let spent = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(spent.sum())
    }
}

/// Asks an operator's question.
fn ask(node: &Node, path: &str) -> Result<Reply, String> {
    let request = Request::get(path).header("authorization", &format!("Bearer {TOKEN}"));
    let reply = Connection::lazy(&node.admin).send(&request);
    reply.map_err(|error| error.to_string())
}

/// Writes a file that only its owner can read.
fn secret(work: &Path, name: &str, text: &str) -> Result<(), String> {
    let file = work.join(name);
    fs::write(&file, text)
        .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o600)))
        .map_err(|error| format!("{}: {error}", file.display()))
}

const CONFIG: &str = r#"public_origin = "ORIGIN"
listen = "ADDRESS"
development = true
database_url = "DATABASE"

[admin]
listen = "OPERATORS"
token_file = "admin.token"

[lifetimes]
device_code = 1800

[limits]
connections = CONNECTIONS
pending_per_client = 1000000
pending_per_source = 1000000
pending_total = 1000000
requests_per_source_s = 0
poll_wait_s = WAIT
held_polls_per_client = 1000000
held_polls_per_source = 1000000
held_polls_total = 1000000

[[scopes]]
name = "read"
description = { en = "Read" }

[[clients]]
client_id = "CLIENT"
token_endpoint_auth_method = "none"
grant_types = ["urn:ietf:params:oauth:grant-type:device_code"]
scope = "read"
"#;
