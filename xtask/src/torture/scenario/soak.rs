//! Hours of load: memory and open files stay where they are, and everything acknowledged holds at the end.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::server::Server;
use crate::torture::{
    Plan,
    bout::Bout,
    fleet::{Fleet, NO_POSTGRES},
    setup::{Setup, Wishes},
    table::Row,
};

const SHORT: Duration = Duration::from_secs(8);
const LONG_MINUTES: u64 = 120;
/// How many looks are taken at memory and files.
const LOOKS: u32 = 60;
/// The first part of a soak fills caches and pools.
const WARM_LOOKS: usize = 20;
/// Growth beyond what came by the end of the warm part: a tenth, and what an allocator keeps.
const MEMORY_SLACK_KIB: u64 = 16 * 1024;
const FILE_SLACK: u64 = 8;
/// A worker's pause after each flow, so that hours of journal can be read.
const PACE: Duration = Duration::from_millis(60);

pub(super) fn sqlite(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("soak"))?;
    let mut bout = Bout::new("soak", setup, plan.seed)?;
    let server = bout.setup.start(0)?;
    soak(plan, &mut bout, std::slice::from_ref(&server))?;
    drop(server);
    bout.finish()
}

pub(super) fn postgres(plan: &Plan) -> Result<Row, String> {
    let Some((mut fleet, mut bout)) = Fleet::on_postgres(plan, "soak-nodes", 3)? else {
        return Ok(Row::skipped("soak-nodes", NO_POSTGRES));
    };
    soak(plan, &mut bout, &fleet.servers)?;
    fleet.servers.clear();
    bout.finish()
}

fn soak(plan: &Plan, bout: &mut Bout, servers: &[Server]) -> Result<(), String> {
    let length = match plan.minutes {
        Some(minutes) => Duration::from_secs(minutes * 60),
        None if plan.short => SHORT,
        None => Duration::from_secs(LONG_MINUTES * 60),
    };
    bout.pace(PACE);
    let looks = bout.load(|_| {
        let mut looks = Vec::new();
        for _ in 0..LOOKS {
            thread::sleep(length / LOOKS);
            looks.push(Look::at(servers));
        }
        Ok(looks)
    })?;
    bout.back(Instant::now())?;
    bout.judge()?;
    let (warm, rest) = looks.split_at(WARM_LOOKS.min(looks.len()));
    let most = |looks: &[Look]| {
        let memory = looks.iter().map(|look| look.memory_kib).max();
        let files = looks.iter().map(|look| look.files).max();
        (memory.unwrap_or(0), files.unwrap_or(0))
    };
    let (warm, end) = (most(warm), most(rest));
    bout.row.notes.push(format!(
        "memory {} MiB at the end of the warm part and {} MiB at most later, open files {} and {}",
        warm.0 / 1024,
        end.0 / 1024,
        warm.1,
        end.1
    ));
    let memory = end.0 <= warm.0 + warm.0 / 10 + MEMORY_SLACK_KIB * servers.len() as u64;
    bout.check("flat", memory, "memory grows");
    bout.check("flat", end.1 <= warm.1 + FILE_SLACK, "open files grow");
    Ok(())
}

/// What the servers hold at a moment.
#[derive(Clone, Copy, Debug)]
struct Look {
    memory_kib: u64,
    files: u64,
}

impl Look {
    fn at(servers: &[Server]) -> Self {
        let sum = |of: fn(u32) -> u64| servers.iter().map(|server| of(server.id())).sum();
        Self {
            memory_kib: sum(memory_kib),
            files: sum(files),
        }
    }
}

fn memory_kib(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

fn files(id: u32) -> u64 {
    fs::read_dir(format!("/proc/{id}/fd")).map_or(0, |entries| entries.fold(0, |sum, _| sum + 1))
}
