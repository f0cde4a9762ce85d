//! The scenarios: what each does to the servers, a file for each.

mod clock;
mod disk_full;
mod io_errors;
mod kill;
mod power;
mod sigterm;
mod start;

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
        (self.run)(plan).unwrap_or_else(|message| {
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
        })
    }
}

const SQLITE: &str = "sqlite";

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
        name: "start",
        store: SQLITE,
        what: "kill -9 on a full store, and the time to the first answer",
        run: start::run,
    },
];
