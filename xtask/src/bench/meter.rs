//! One run of the load generator against one server, and what the server spent on it.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use serde_json::Value;

use super::{
    Plan, actor,
    contestant::Contestant,
    load::{Body, CLIENT, Shot, Work},
};
use crate::{process, server::Server};

/// What one run gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) requests_per_s: f64,
    /// Microseconds of the server's CPU time per request, user and system.
    pub(crate) cpu_us: f64,
    /// The same of the processes of its database.
    pub(crate) database_us: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) rss_kib: u64,
}

impl Measured {
    /// Microseconds of CPU time per request, server and database together.
    pub(crate) fn cost_us(&self) -> f64 {
        self.cpu_us + self.database_us
    }
}

/// Sends the load once.
///
/// # Errors
/// When an answer has another status than the load expects, or none: a fast wrong answer is not a result.
pub(crate) fn run(
    on: &mut Contestant,
    work: &mut Work,
    plan: &Plan,
    oha: &Path,
) -> Result<Measured, String> {
    let before = spent(on);
    let counted = match work {
        Work::Shot(shot) => sent(on, shot, generator(shot, plan, oha)),
        Work::Actors(actors) => acted(actors, plan),
    };
    let after = spent(on);
    if !on.nodes.iter_mut().all(Server::is_alive) {
        return Err(format!("{} stopped", on.name));
    }
    let counted = counted.map_err(|what| format!("{}: {what}", on.name))?;
    let requests = float(counted.requests);
    Ok(Measured {
        requests_per_s: counted.per_s,
        cpu_us: cpu_between(&before.server, &after.server) / 1000.0 / requests,
        database_us: cpu_between(&before.database, &after.database) / 1000.0 / requests,
        p50_ms: counted.p50_ms,
        p99_ms: counted.p99_ms,
        rss_kib: on.memory_kib("VmRSS:"),
    })
}

/// What a generator of load counted.
pub(crate) struct Counted {
    requests: u64,
    per_s: f64,
    p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// The same by actors of ours.
fn acted(actors: &mut [actor::Actor], plan: &Plan) -> Result<Counted, String> {
    let done = actor::run(actors, Duration::from_secs(plan.seconds), None)?;
    let requests = done.took.len() as u64;
    Ok(Counted {
        requests,
        per_s: float(requests) / done.within.as_secs_f64(),
        p50_ms: done.at_percent(50),
        p99_ms: done.at_percent(99),
    })
}

/// Runs the load generator to its end.
pub(crate) fn sent(on: &Contestant, shot: &Shot, mut command: Command) -> Result<Counted, String> {
    let finished = process::capture(&mut command);
    let result: Value =
        serde_json::from_str(&finished.text).map_err(|_| format!("oha: {}", finished.text))?;
    let requests = answered(&result, shot.status)
        .map_err(|what| format!("{} {}: {what}", on.name, shot.path))?;
    let number = |path: &str| {
        result
            .pointer(path)
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    };
    Ok(Counted {
        requests,
        per_s: number("/summary/requestsPerSec"),
        p50_ms: number("/latencyPercentiles/p50") * 1000.0,
        p99_ms: number("/latencyPercentiles/p99") * 1000.0,
    })
}

/// The call of the load generator.
pub(crate) fn generator(shot: &Shot, plan: &Plan, oha: &Path) -> Command {
    let mut command = Command::new(oha);
    command.args(["--no-tui", "--output-format", "json"]);
    command.args(["-c", &plan.connections.to_string()]);
    match shot.requests {
        Some(requests) => command.args(["-n", &requests.to_string()]),
        // `-w`: requests under way at the end are waited for, so that the CPU time belongs to counted requests.
        None => command.args(["-w", "-z", &format!("{}s", plan.seconds)]),
    };
    let post = ["-m", "POST", "-T", shot.media_type];
    match &shot.body {
        Body::Get => &mut command,
        Body::Same(body) => command.args(post).args(["-d", body]),
        Body::Lines(file) => command.args(post).arg("-Z").arg(file),
    };
    if shot.basic {
        command.args(["-a", &format!("{}:{}", CLIENT.0, CLIENT.1)]);
    }
    // Of several nodes each connection draws one.
    let name = shot.addresses.first().map_or("", String::as_str);
    for address in shot.addresses.iter().filter(|_| shot.addresses.len() > 1) {
        command.args(["--connect-to", &format!("{name}:{address}")]);
    }
    command.arg(format!("http://{name}{}", shot.path));
    command
}

/// How many answers came, when all of them have the status expected.
fn answered(result: &Value, status: u16) -> Result<u64, String> {
    let member = |name: &str| {
        result
            .get(name)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (codes, errors) = (
        member("statusCodeDistribution"),
        member("errorDistribution"),
    );
    if !errors.is_empty()
        || codes.is_empty()
        || codes.keys().any(|code| *code != status.to_string())
    {
        return Err(format!("expected {status} only, got {codes:?} {errors:?}"));
    }
    Ok(codes.values().filter_map(Value::as_u64).sum())
}

/// What the processes of a contestant have spent so far.
struct Spent {
    server: BTreeMap<String, u64>,
    database: BTreeMap<String, u64>,
}

fn spent(on: &Contestant) -> Spent {
    let of = |processes: Vec<u32>| processes.into_iter().flat_map(cpu_ns).collect();
    Spent {
        server: of(on.nodes.iter().map(Server::id).collect()),
        database: of(on.database.map(family).unwrap_or_default()),
    }
}

/// A process and its children.
fn family(parent: u32) -> Vec<u32> {
    let number = |name: &std::ffi::OsStr| name.to_string_lossy().parse::<u32>().ok();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let child = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The parent's number is the second field after the name.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().nth(1) == Some(parent.to_string().as_str())
    };
    let children = processes
        .filter_map(|entry| number(&entry.file_name()))
        .filter(child);
    std::iter::once(parent).chain(children).collect()
}

/// Nanoseconds on a CPU, by thread.
fn cpu_ns(process: u32) -> BTreeMap<String, u64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            let spent = text.split_whitespace().next()?.parse().ok()?;
            Some((task.file_name().to_string_lossy().into_owned(), spent))
        })
        .collect()
}

/// What the threads spent between two readings; threads that began in between count from nothing.
fn cpu_between(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> f64 {
    float(
        after
            .iter()
            .map(|(thread, spent)| spent.saturating_sub(before.get(thread).copied().unwrap_or(0)))
            .sum(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_status_and_lost_ones_are_no_result() {
        let cases = [
            (
                serde_json::json!({ "statusCodeDistribution": { "200": 7 } }),
                Some(7),
            ),
            (
                serde_json::json!({ "statusCodeDistribution": { "200": 7, "503": 1 } }),
                None,
            ),
            (
                serde_json::json!({ "statusCodeDistribution": { "200": 7 }, "errorDistribution": { "reset": 1 } }),
                None,
            ),
            (serde_json::json!({}), None),
        ];
        for (result, want) in cases {
            assert_eq!(answered(&result, 200).ok(), want, "{result}");
        }
    }

    #[test]
    fn cpu_time_counts_new_threads_and_forgets_ended_ones() {
        let before = BTreeMap::from([("1".to_owned(), 100), ("2".to_owned(), 500)]);
        let after = BTreeMap::from([("1".to_owned(), 160), ("3".to_owned(), 40)]);
        assert!((cpu_between(&before, &after) - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_own_process_has_spent_something() {
        assert!(cpu_ns(std::process::id()).values().sum::<u64>() > 0);
    }
}
