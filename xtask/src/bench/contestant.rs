//! A server under measurement: how it starts, where its endpoints are, what it weighs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::tools::Tools;
use crate::{
    http::{Connection, Request},
    place,
    server::{self, Server},
};

/// How to start a server.
#[derive(Debug)]
pub(crate) struct Start {
    name: &'static str,
    command: Command,
    address: String,
    log: PathBuf,
    /// Whether early polls are told to slow down.
    paced: bool,
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) endpoints: Endpoints,
    pub(crate) paced: bool,
    pub(crate) start_ms: f64,
    pub(crate) idle_kib: u64,
    pub(crate) server: Server,
}

/// Paths, as the discovery document names them.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) token: String,
    pub(crate) device_authorization: String,
    pub(crate) introspection: String,
    pub(crate) jwks: String,
}

/// Placet first, then its peers.
pub(crate) fn all(binary: &Path, tools: &Tools, work: &Path) -> Result<Vec<Start>, String> {
    let port = server::free_port()?;
    let config = work.join("placet.toml");
    let text = fs::read_to_string(place::source().join("bench").join("placet.toml"))
        .map_err(|error| error.to_string())?;
    fs::write(
        &config,
        text.replace("127.0.0.1:3200", &format!("127.0.0.1:{port}")),
    )
    .map_err(|error| error.to_string())?;
    let placet = Start {
        name: "placet",
        command: server::serve(binary, &config),
        address: format!("127.0.0.1:{port}"),
        log: work.join("placet.log"),
        paced: true,
    };
    let peers = [("peer memory", "memory"), ("peer sqlite", "sqlite")];
    let peers = peers
        .into_iter()
        .map(|(name, adapter)| peer(name, adapter, tools, work));
    std::iter::once(Ok(placet)).chain(peers).collect()
}

fn peer(name: &'static str, adapter: &str, tools: &Tools, work: &Path) -> Result<Start, String> {
    let port = server::free_port()?;
    let mut command = Command::new(&tools.node);
    command.arg("server.mjs").current_dir(&tools.peer);
    command
        .env("ADAPTER", adapter)
        .env("PORT", port.to_string())
        .env("SQLITE_FILE", work.join("peer.sqlite"));
    command
        .env("SQLITE_SYNC", "FULL")
        .env("NODE_ENV", "production");
    Ok(Start {
        name,
        command,
        address: format!("127.0.0.1:{port}"),
        log: work.join(format!("peer-{adapter}.log")),
        paced: false,
    })
}

impl Contestant {
    /// Starts the server several times on its store and lets the last one run.
    pub(crate) fn enter(mut start: Start, times: usize) -> Result<Self, String> {
        let mut once = || Server::start(&mut start.command, &start.address, &start.log);
        // The first start makes the store; it is not timed.
        once()?.stop();
        let mut took = Vec::new();
        for _ in 1..times {
            let mut server = once()?;
            took.push(server.first_answer);
            server.stop();
        }
        let server = once()?;
        took.push(server.first_answer);
        took.sort();
        let start_ms = took.get(took.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1000.0;
        thread::sleep(Duration::from_secs(2));
        let endpoints = Endpoints::discover(&start.address)?;
        let mut contestant = Self {
            name: start.name,
            address: start.address,
            endpoints,
            paced: start.paced,
            start_ms,
            idle_kib: 0,
            server,
        };
        contestant.idle_kib = contestant.memory_kib("VmRSS:");
        Ok(contestant)
    }

    /// A field of `/proc/PID/status` in KiB.
    pub(crate) fn memory_kib(&self, field: &str) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
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
            token: path("token_endpoint")?,
            device_authorization: path("device_authorization_endpoint")?,
            introspection: path("introspection_endpoint")?,
            jwks: path("jwks_uri")?,
        })
    }
}
