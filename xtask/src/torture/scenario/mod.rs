//! The scenarios: what each does to the servers, a file for each.

mod clock;
mod disk_full;
mod expiry;
mod io_errors;
mod kill;
mod kill_node;
mod link_down;
mod listen;
mod network;
mod pg_restart;
mod pg_stopped;
mod power;
mod promote;
mod rolling;
mod sigterm;
mod single_use;
mod skew;
mod soak;
mod start;

use std::time::Instant;

use super::{Plan, judge::Violation, table::Row};

/// One kind of harm.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The store it needs, as `--store` names it.
    pub(crate) store: &'static str,
    /// One line for `--list`.
    pub(crate) what: &'static str,
    run: fn(&Plan) -> Result<Row, String>,
}

impl Scenario {
    /// Runs it; a scenario that cannot go on is one that failed.
    pub(crate) fn row(&self, plan: &Plan) -> Row {
        let begun = Instant::now();
        let mut row = (self.run)(plan).unwrap_or_else(|message| {
            println!("  {}: {message}", self.name);
            let mut row = Row {
                scenario: self.name.to_owned(),
                ..Row::default()
            };
            row.violations.insert(Violation {
                rule: "run",
                what: message,
            });
            row
        });
        row.took = begun.elapsed();
        row
    }
}

const SQLITE: &str = "sqlite";
const POSTGRES: &str = "postgres";

/// All of them, in the order in which they run.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "kill",
        store: SQLITE,
        what: "kill -9 under load",
        run: kill::run,
    },
    Scenario {
        name: "sigterm",
        store: SQLITE,
        what: "SIGTERM under load: an orderly end within 10 s",
        run: sigterm::run,
    },
    Scenario {
        name: "disk-full",
        store: SQLITE,
        what: "the file system of the store is filled and freed (needs root or user namespaces)",
        run: disk_full::run,
    },
    Scenario {
        name: "io-errors",
        store: SQLITE,
        what: "the n-th read, write, flush or cut of the store's files fails",
        run: io_errors::run,
    },
    Scenario {
        name: "power",
        store: SQLITE,
        what: "the power goes: the files are what a disk may hold of unsynced writes",
        run: power::full,
    },
    Scenario {
        name: "power-normal",
        store: SQLITE,
        what: "the same with the flushes of synchronous=NORMAL, which must lose something",
        run: power::normal,
    },
    Scenario {
        name: "clock",
        store: SQLITE,
        what: "the clock is set forward and back, within and beyond 30 s",
        run: clock::run,
    },
    Scenario {
        name: "expiry",
        store: SQLITE,
        what: "requests end by themselves while they are answered and asked for, and a kill -9 every other time",
        run: expiry::sqlite,
    },
    Scenario {
        name: "start",
        store: SQLITE,
        what: "kill -9 on a full store: ready again soon",
        run: start::sqlite,
    },
    Scenario {
        name: "soak",
        store: SQLITE,
        what: "two hours of load: memory and open files stay",
        run: soak::sqlite,
    },
    Scenario {
        name: "kill-node",
        store: POSTGRES,
        what: "kill -9 of one node of three",
        run: kill_node::run,
    },
    Scenario {
        name: "pg-restart",
        store: POSTGRES,
        what: "kill -9, fast and immediate restart of the database",
        run: pg_restart::run,
    },
    Scenario {
        name: "pg-stopped",
        store: POSTGRES,
        what: "the database is away for 30 s",
        run: pg_stopped::run,
    },
    Scenario {
        name: "promote",
        store: POSTGRES,
        what: "the primary is cut off, its synchronous standby takes over, and the old one comes back",
        run: promote::run,
    },
    Scenario {
        name: "network",
        store: POSTGRES,
        what: "a late, lossy, narrow, silent or cut network between nodes and store",
        run: network::run,
    },
    Scenario {
        name: "link-down",
        store: POSTGRES,
        what: "the link between nodes and store goes down (needs root)",
        run: link_down::run,
    },
    Scenario {
        name: "skew",
        store: POSTGRES,
        what: "two nodes whose clocks are 30 s apart",
        run: skew::run,
    },
    Scenario {
        name: "rolling",
        store: POSTGRES,
        what: "three nodes are replaced one by one",
        run: rolling::run,
    },
    Scenario {
        name: "listen",
        store: POSTGRES,
        what: "the connection for wake-ups is killed every second while polls are held, under load",
        run: listen::run,
    },
    Scenario {
        name: "single-use",
        store: POSTGRES,
        what: "the same single-use value sent to three nodes at once",
        run: single_use::run,
    },
    Scenario {
        name: "expiry-nodes",
        store: POSTGRES,
        what: "requests end by themselves while they are answered at one node and asked for at another",
        run: expiry::postgres,
    },
    Scenario {
        name: "start-nodes",
        store: POSTGRES,
        what: "kill -9 of a server on a full database: ready again soon",
        run: start::postgres,
    },
    Scenario {
        name: "soak-nodes",
        store: POSTGRES,
        what: "two hours of load on three nodes: memory and open files stay",
        run: soak::postgres,
    },
];
