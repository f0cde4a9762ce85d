//! `cargo xtask waits`: what polls that wait cost a server, and how soon they hear of a decision.
//!
//! The server is a process of its own, the release build on SQLite with every commit flushed; this process is all its
//! clients, on the same machine. For each number of waiters:
//!
//! 1. Device requests are opened, and one poll for each is held on a connection of its own.
//! 2. The memory of the server is read before and after, and its CPU time over some seconds in which nothing happens.
//! 3. An operator ends requests one after the other at a steady rate. Each decision is a commit on disk that wakes one
//!    poll, which looks at the store again and answers.
//! 4. The server is asked to stop. Every poll that is left must be told to come back.

mod crowd;

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::Value;

use self::crowd::{CLIENT, Crowd};
use crate::{
    http::{Connection, Request},
    place,
    process::{self, cargo},
    server::{self, Server},
};

/// The longest a poll may be held, by setting; everything is measured within it.
const WAIT_S: u32 = 300;
/// Decisions that are measured one by one, and how many come in a second.
const DECISIONS: usize = 1_000;
const DECISIONS_PER_S: u32 = 100;
/// How long nothing happens while the idle server is watched.
const IDLE: Duration = Duration::from_secs(5);
/// How long an answer may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);
const TOKEN: &str = "waits-admin-token-0123456789-0123456789";

/// Where the server of one measurement is.
struct Stage {
    address: String,
    admin: String,
    server: Server,
}

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let mut counts = vec![1_000, 18_000];
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--count" => {
                let count = words.next().and_then(|text| text.parse().ok());
                counts = vec![count.ok_or("--count needs a number")?];
            }
            other => return Err(format!("waits: unknown argument `{other}`")),
        }
    }
    let binary = binary()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // The polls have a thread of their own, so that the time of an answer is not that of whoever waits for it.
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    for count in counts {
        runtime.block_on(measure(&binary, count))?;
    }
    Ok(true)
}

/// The server of the `PLACET_BIN` variable, else a release build of the tree.
fn binary() -> Result<PathBuf, String> {
    if let Some(given) = env::var_os("PLACET_BIN") {
        return Ok(given.into());
    }
    println!("building the server");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--release"]);
    if process::tee(build.args(["--package", "placet"])).ok {
        Ok(place::placet("release"))
    } else {
        Err("the release build failed".to_owned())
    }
}

async fn measure(binary: &Path, count: usize) -> Result<(), String> {
    println!("\n{count} waiters");
    let mut stage = Stage::set(binary, count)?;
    let begun = Instant::now();
    let codes = crowd::codes(&stage.address, count)?;
    let opened = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before_kib = stage.memory_kib();
    let begun = Instant::now();
    let mut crowd = Crowd::gather(&stage.address, codes, WAIT_S).await?;
    stage.until_connected(count).await?;
    let gathered = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after_kib = stage.memory_kib();
    println!(
        "  memory       {:.1} MiB before, {:.1} MiB with all: {:.1} KiB a waiter",
        mib(before_kib),
        mib(after_kib),
        as_f64(after_kib.saturating_sub(before_kib)) / as_f64(count as u64),
    );
    println!(
        "  gathered     requests opened in {:.1} s, polls held in {:.1} s",
        opened.as_secs_f64(),
        gathered.as_secs_f64(),
    );

    let cpu = stage.cpu();
    tokio::time::sleep(IDLE).await;
    let spent = stage.cpu().saturating_sub(cpu);
    println!(
        "  idle         {:.2} % of one core",
        spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0
    );
    if crowd.early() > 0 {
        return Err(format!("{} polls were not held", crowd.early()));
    }
    let decided = decide(&stage, &mut crowd, count).await?;
    let left = count - decided;
    stop(&mut stage, &mut crowd, left).await?;
    crowd.disperse().await;
    Ok(())
}

/// Ends some requests one by one, and prints how long each took from the operator's request to the poll's answer.
async fn decide(stage: &Stage, crowd: &mut Crowd, count: usize) -> Result<usize, String> {
    let ids = stage.open_requests(DECISIONS.min(count / 2))?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / DECISIONS_PER_S);
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    let mut operator = Connection::lazy(&stage.admin);
    for id in &ids {
        pace.tick().await;
        let request = Request::post(&format!("/admin/v1/requests/{id}/cancel"), &[])
            .header("authorization", &format!("Bearer {TOKEN}"));
        let asked = Instant::now();
        let reply = operator.send(&request).map_err(|error| error.to_string())?;
        let told = Instant::now();
        if reply.status != 200 {
            return Err(format!("cancel: {} {}", reply.status, reply.body));
        }
        let answer = crowd.next(PATIENCE).await.ok_or("a decision woke nobody")?;
        if !answer.has("access_denied") || !answer.has("preference-applied: wait=300") {
            return Err(format!("a poll was told {}", answer.text));
        }
        whole.push(answer.at.saturating_duration_since(asked));
        after.push(answer.at.saturating_duration_since(told));
    }
    print("decided      from the request, commit included", &mut whole);
    print(
        "             after the decision was acknowledged",
        &mut after,
    );
    Ok(ids.len())
}

/// Stops the server and prints how soon the polls that are left were told.
async fn stop(stage: &mut Stage, crowd: &mut Crowd, left: usize) -> Result<(), String> {
    let begun = Instant::now();
    stage.server.ask_to_end()?;
    let mut took = Vec::with_capacity(left);
    for _ in 0..left {
        let answer = crowd
            .next(PATIENCE)
            .await
            .ok_or("a poll was never let go")?;
        if !answer.has("authorization_pending") || !answer.has("retry-after: ") {
            return Err(format!("a poll was let go with {:?}", answer.text));
        }
        took.push(answer.at.saturating_duration_since(begun));
    }
    print("let go       after SIGTERM", &mut took);
    Ok(())
}

fn print(what: &str, took: &mut [Duration]) {
    took.sort();
    let at = |share: usize| {
        let place = (took.len() * share / 100).min(took.len().saturating_sub(1));
        took.get(place).map_or(0.0, Duration::as_secs_f64) * 1000.0
    };
    println!(
        "  {what}: p50 {:.2} ms, p99 {:.2} ms, all within {:.2} ms ({})",
        at(50),
        at(99),
        at(100),
        took.len()
    );
}

impl Stage {
    fn set(binary: &Path, count: usize) -> Result<Self, String> {
        let work = place::fresh("waits")?;
        let (address, admin) = (
            format!("127.0.0.1:{}", server::free_port()?),
            format!("127.0.0.1:{}", server::free_port()?),
        );
        let said = |error: std::io::Error| format!("{}: {error}", work.display());
        let token = work.join("admin.token");
        fs::write(&token, TOKEN).map_err(said)?;
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).map_err(said)?;
        let config = work.join("placet.toml");
        // One source may hold half of the connections, and this is one source.
        let text = CONFIG
            .replace("ADDRESS", &address)
            .replace("OPERATORS", &admin)
            .replace("CONNECTIONS", &(count * 2 + 128).to_string())
            .replace("CLIENT", CLIENT)
            .replace("WAIT", &WAIT_S.to_string());
        fs::write(&config, text).map_err(said)?;
        let mut command = server::serve(binary, &config);
        let server = Server::start(&mut command, &address, &work.join("placet.log"))?;
        Ok(Self {
            address,
            admin,
            server,
        })
    }

    fn ask(&self, path: &str) -> Result<crate::http::Reply, String> {
        let request = Request::get(path).header("authorization", &format!("Bearer {TOKEN}"));
        let reply = Connection::lazy(&self.admin).send(&request);
        reply.map_err(|error| error.to_string())
    }

    /// Waits until the server holds that many polls, as long as they become more.
    async fn until_connected(&self, count: usize) -> Result<(), String> {
        let (mut most, mut since) = (0, Instant::now());
        loop {
            let metrics = self.ask("/metrics")?.body;
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
    fn open_requests(&self, count: usize) -> Result<Vec<String>, String> {
        let mut ids = Vec::new();
        let mut after = String::new();
        while ids.len() < count {
            let page = self
                .ask(&format!("/admin/v1/requests?limit=100{after}"))?
                .json();
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

    fn memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
    }

    /// The CPU time of all its threads.
    fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.server.id()));
        let spent = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(spent.sum())
    }
}

fn mib(kib: u64) -> f64 {
    as_f64(kib) / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

const CONFIG: &str = r#"public_origin = "http://ADDRESS"
listen = "ADDRESS"
development = true
database_url = "sqlite:./placet.db"

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
