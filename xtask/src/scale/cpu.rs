//! Processor time of the servers and of all processes of the database.

use std::fs;

use super::counters::DATABASE;
use crate::torture::postgres::Cluster;

/// The kernel counts in hundredths of a second.
const TICK_MS: f64 = 10.0;

/// Milliseconds that processes have spent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    pub(super) servers_ms: f64,
    pub(super) database_ms: f64,
}

impl Spent {
    /// Since the start of each process.
    pub(super) fn read(cluster: &Cluster, servers: &[u32]) -> Result<Self, String> {
        let first = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
        let first = cluster.sql(DATABASE, first)?;
        let first: u32 = first
            .trim()
            .parse()
            .map_err(|_| format!("no process id: {first}"))?;
        let others = fs::read_dir("/proc").map_err(|error| error.to_string())?;
        let others = others.flatten().filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = Stat::of(id)?;
            (stat.parent == first).then_some(stat.own_ms)
        });
        let children: f64 = others.sum();
        let itself = Stat::of(first).map_or(0.0, |stat| stat.own_ms + stat.ended_ms);
        let servers = servers.iter().filter_map(|id| Stat::of(*id));
        Ok(Self {
            servers_ms: servers.map(|stat| stat.own_ms).sum(),
            database_ms: children + itself,
        })
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            servers_ms: self.servers_ms - before.servers_ms,
            database_ms: self.database_ms - before.database_ms,
        }
    }
}

/// What the kernel says about a process.
#[derive(Debug)]
struct Stat {
    parent: u32,
    own_ms: f64,
    /// Of children that ended.
    ended_ms: f64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// The name, which stands in brackets, may hold anything; the numbers follow the last bracket.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| words.get(at)?.parse::<f64>().ok();
        Some(Self {
            parent: words.get(1)?.parse().ok()?,
            own_ms: (ticks(11)? + ticks(12)?) * TICK_MS,
            ended_ms: (ticks(13)? + ticks(14)?) * TICK_MS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_follow_the_name() {
        let text = "7 (a ) b) S 3 7 7 0 -1 0 0 0 0 0 5 6 70 80 20 0 1 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.parent, 3);
        assert!((stat.own_ms - 110.0).abs() < f64::EPSILON);
        assert!((stat.ended_ms - 1500.0).abs() < f64::EPSILON);
        assert!(Stat::parse("7").is_none());
    }
}
