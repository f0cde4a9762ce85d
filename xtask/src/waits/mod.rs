//! `cargo xtask waits`: what polls that wait cost a server, and how soon they hear of a decision.
//!
//! The server is a process of its own, the release build with every commit flushed; this process is all its clients, on the
//! same machine. On SQLite, on PostgreSQL, and on PostgreSQL as two nodes, where polls are held at one and decisions are
//! made at the other. For each number of waiters:
//!
//! 1. Device requests are opened, and one poll for each is held on a connection of its own.
//! 2. The memory of the server is read before and after, and its CPU time over some seconds in which nothing happens.
//! 3. An operator ends requests one after the other at a steady rate. Each decision is a commit on disk that wakes one
//!    poll, which looks at the store again and answers.
//! 4. The server is asked to stop. Every poll that is left must be told to come back.
//!
//! Over TLS only the memory is measured, with connections of Node's.

mod crowd;
mod secure;
mod stage;

use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use self::{
    crowd::Crowd,
    stage::{Ground, Stage, TOKEN},
};
use crate::{
    http::{Connection, Request},
    place,
    process::{self, cargo},
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
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let mut counts = vec![1_000, 18_000];
    let mut grounds = Ground::ALL.to_vec();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--count" => {
                let count = words.next().and_then(|text| text.parse().ok());
                counts = vec![count.ok_or("--count needs a number")?];
            }
            "--on" => {
                let name = words.next().ok_or("--on needs a name")?;
                grounds.retain(|ground| ground.name() == name);
                if grounds.is_empty() {
                    return Err(format!("--on is one of {}", Ground::NAMES));
                }
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
    for ground in grounds {
        for count in &counts {
            println!("\n{count} waiters, {}", ground.name());
            if ground == Ground::Tls {
                secure::measure(&binary, *count)?;
            } else {
                runtime.block_on(measure(&binary, ground, *count))?;
            }
        }
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

async fn measure(binary: &Path, ground: Ground, count: usize) -> Result<(), String> {
    let Some(stage) = Stage::set(binary, ground, count)? else {
        println!("  {}", crate::torture::fleet::NO_POSTGRES);
        return Ok(());
    };
    let begun = Instant::now();
    let codes = crowd::codes(stage.origin(), count)?;
    let opened = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before_kib = stage.memory_kib();
    let begun = Instant::now();
    let at = (stage.waiting().address.as_str(), stage.origin());
    let mut crowd = Crowd::gather(at, codes, WAIT_S).await?;
    stage.until_connected(count).await?;
    let gathered = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after_kib = stage.memory_kib();
    print_memory(before_kib, after_kib, count);
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
    stop(&stage, &mut crowd, left).await?;
    crowd.disperse().await;
    Ok(())
}

fn print_memory(before_kib: u64, after_kib: u64, count: usize) {
    println!(
        "  memory       {:.1} MiB before, {:.1} MiB with all: {:.1} KiB a waiter",
        mib(before_kib),
        mib(after_kib),
        as_f64(after_kib.saturating_sub(before_kib)) / as_f64(count as u64),
    );
}

/// Ends some requests one by one, and prints how long each took from the operator's request to the poll's answer.
async fn decide(stage: &Stage, crowd: &mut Crowd, count: usize) -> Result<usize, String> {
    let ids = stage.open_requests(DECISIONS.min(count / 2))?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / DECISIONS_PER_S);
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    let mut operator = Connection::lazy(&stage.deciding().admin);
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
async fn stop(stage: &Stage, crowd: &mut Crowd, left: usize) -> Result<(), String> {
    let begun = Instant::now();
    stage.waiting().server.ask_to_end()?;
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

fn mib(kib: u64) -> f64 {
    as_f64(kib) / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
