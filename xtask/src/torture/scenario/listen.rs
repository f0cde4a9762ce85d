//! The connection on which a node hears of changes elsewhere is killed every second (threat K3): a poll held on one node
//! is told of an answer given at another in time all the same, also while the nodes have hardly a connection to spare.
//!
//! Spec: RFC 7240 §4.3

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::Bout,
    fleet::{Fleet, NO_POSTGRES},
    journal::Reply,
    postgres::Cluster,
    table::Row,
};

/// Everybody who hears or tells, ended.
const KILL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                    WHERE query LIKE '%placet_wake%' AND pid <> pg_backend_pid()";
const KILL_EVERY: Duration = Duration::from_secs(1);
/// So few that the load keeps them busy.
const FEW: &str = "\n[database]\nconnections = 2\n";
const NODES: usize = 3;
const LANES: usize = 4;
/// How long a poll is willing to wait.
const WAIT_S: u32 = 10;
/// The answer comes some time into the wait.
const THINK: Duration = Duration::from_millis(600);
/// How late a waiter may be told: two seconds, and what a busy machine adds.
const LATEST: Duration = Duration::from_millis(2_500);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some((mut fleet, mut bout)) = Fleet::on_postgres_with(plan, "listen", NODES, FEW)? else {
        return Ok(Row::skipped("listen", NO_POSTGRES));
    };
    let rounds = plan.cycles(3, 300);
    let cluster = &*fleet.cluster()?;
    let (mut delays, killed) = bout.load(|bout| told(bout, cluster, rounds))?;
    bout.row.cycles = rounds;
    delays.sort();
    let ms = |at: usize| delays.get(at).map_or(0, Duration::as_millis);
    bout.row.notes.push(format!(
        "{killed} connections killed; {} waiters told after {} ms (median), {} ms (latest)",
        delays.len(),
        ms(delays.len() / 2),
        ms(delays.len().saturating_sub(1))
    ));
    bout.check("idle", killed > 0, "no connection was killed");
    let late = delays.last().is_some_and(|latest| *latest > LATEST);
    bout.check("K3", !late, "a waiter was told later than two seconds");
    bout.back(Instant::now())?;
    bout.judge()?;
    fleet.servers.clear();
    bout.finish()
}

/// How late each waiter was told, and how many connections were killed meanwhile.
fn told(bout: &Bout, cluster: &Cluster, rounds: u32) -> Result<(Vec<Duration>, u64), String> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let cutter = scope.spawn(|| kill(cluster, &stop));
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| scope.spawn(move || wait_often(bout, lane, rounds)))
            .collect();
        let delays: Result<Vec<_>, String> = lanes
            .into_iter()
            .map(|lane| lane.join().map_err(|_| "a lane panicked".to_owned())?)
            .collect();
        stop.store(true, Ordering::Relaxed);
        let killed = cutter
            .join()
            .map_err(|_| "the cutter panicked".to_owned())?;
        Ok((delays?.into_iter().flatten().collect(), killed?))
    })
}

fn kill(cluster: &Cluster, stop: &AtomicBool) -> Result<u64, String> {
    let mut killed = 0;
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(KILL_EVERY);
        let count = cluster.sql("postgres", KILL)?;
        killed += count.trim().parse::<u64>().unwrap_or(0);
    }
    Ok(killed)
}

/// Waits at one node for an answer that is given at the next: how late each was told.
fn wait_often(bout: &Bout, lane: usize, rounds: u32) -> Result<Vec<Duration>, String> {
    let addresses = bout.setup.addresses();
    let at = |number: usize| addresses.get(number % NODES).copied().unwrap_or_default();
    let mut delays = Vec::new();
    for round in 0..usize::try_from(rounds).unwrap_or(1) {
        let mut client = bout.hand_at(&[at(lane + round)])?;
        let mut person = bout.person_at(&[at(lane + round + 1)])?;
        let Some(opened) = client.open()? else {
            continue;
        };
        let delay = thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let told = client.poll_waiting(&opened.device_code, WAIT_S)?;
                Ok::<_, String>((told, Instant::now()))
            });
            thread::sleep(THINK);
            let answered = person.answer(&opened, true)?;
            let since = Instant::now();
            let (told, at) = waiter
                .join()
                .map_err(|_| "a waiter panicked".to_owned())??;
            let both = answered.is_some() && matches!(told, Some(Reply::Tokens { .. }));
            Ok::<_, String>(both.then(|| at.saturating_duration_since(since)))
        })?;
        match delay {
            Some(delay) => delays.push(delay),
            None => return Err("a held poll was not told of the approval".to_owned()),
        }
    }
    Ok(delays)
}
