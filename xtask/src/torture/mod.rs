//! `cargo xtask torture`: harms servers while they work, and judges what they said by a journal of its own.
//!
//! 1. A journal process of its own notes every request before it is sent and every answer after it came.
//! 2. Workers run whole flows: device authorization, sign-in and answer through the pages, poll, refresh, introspection,
//!    revocation, client credentials; some of them twice at once.
//! 3. A scenario does its harm: it kills, cuts, fills, sets back.
//! 4. What was acknowledged is asked for again; then the judge reads the journal and the events of the store.
//!
//! The rules J1 to J7 are in [`judge`]; what all scenarios share is [`bout::Bout`]; each scenario is a file of its own.

mod assertion;
mod bout;
pub(crate) mod browser;
mod dice;
mod disk;
mod events;
pub(crate) mod fleet;
pub(crate) mod hand;
pub(crate) mod journal;
mod judge;
pub(crate) mod lines;
mod mount;
mod older;
pub(crate) mod page;
pub(crate) mod postgres;
mod proxy;
mod scenario;
pub(crate) mod setup;
mod shim;
mod survivors;
mod table;
mod worker;

use std::path::{Path, PathBuf};

use self::{
    dice::Dice,
    scenario::{SCENARIOS, Scenario},
    table::Row,
};
use crate::{count::Count, place, process, report::Step};

/// What to do.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The short form of each scenario, as in the gate.
    pub(crate) short: bool,
    /// How often the harm is done, when the scenario's own number is not wanted.
    pub(crate) cycles: Option<u32>,
    pub(crate) seed: u64,
    /// How long a soak lasts.
    pub(crate) minutes: Option<u64>,
    /// How many rows a store is filled with.
    pub(crate) rows: Option<u64>,
    /// The server under test.
    pub(crate) binary: PathBuf,
    /// The release that a rolling upgrade begins with.
    pub(crate) old_binary: Option<PathBuf>,
}

impl Plan {
    /// The number asked for, or that of the form.
    pub(crate) fn cycles(&self, short: u32, long: u32) -> u32 {
        self.cycles.unwrap_or(if self.short { short } else { long })
    }
}

/// Words of the command line.
#[derive(Debug)]
struct Words {
    plan: Plan,
    list: bool,
    names: Vec<String>,
    store: Option<String>,
}

impl Words {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut parsed = Self {
            plan: Plan {
                short: false,
                cycles: None,
                seed: Dice::fresh_seed(),
                minutes: None,
                rows: None,
                binary: PathBuf::new(),
                old_binary: None,
            },
            list: false,
            names: Vec::new(),
            store: None,
        };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut text = || words.next().ok_or(format!("{word} needs a value"));
            let number = |text: &String| {
                text.parse::<u64>()
                    .map_err(|_| format!("{word} needs a number"))
            };
            match word.as_str() {
                "--short" => parsed.plan.short = true,
                "--list" => parsed.list = true,
                "--scenario" => parsed.names.push(text()?.clone()),
                "--store" => parsed.store = Some(text()?.clone()),
                "--cycles" => {
                    let cycles = number(text()?)?;
                    parsed.plan.cycles = Some(u32::try_from(cycles).map_err(|e| e.to_string())?);
                }
                "--seed" => parsed.plan.seed = number(text()?)?,
                "--minutes" => parsed.plan.minutes = Some(number(text()?)?),
                "--rows" => parsed.plan.rows = Some(number(text()?)?),
                "--old-binary" => parsed.plan.old_binary = Some(PathBuf::from(text()?)),
                other => return Err(format!("torture: unknown argument `{other}`")),
            }
        }
        Ok(parsed)
    }

    fn chosen(&self) -> Result<Vec<&'static Scenario>, String> {
        if let Some(store) = &self.store
            && !["sqlite", "postgres"].contains(&store.as_str())
        {
            return Err(format!("--store is sqlite or postgres, not `{store}`"));
        }
        for name in &self.names {
            if !SCENARIOS.iter().any(|scenario| scenario.name == name) {
                return Err(format!(
                    "no scenario is called `{name}`; `cargo xtask torture --list` shows them"
                ));
            }
        }
        let wanted = |scenario: &&Scenario| {
            let named =
                self.names.is_empty() || self.names.iter().any(|name| name == scenario.name);
            let stored = self
                .store
                .as_ref()
                .is_none_or(|store| store == scenario.store);
            named && stored
        };
        Ok(SCENARIOS.iter().filter(wanted).collect())
    }
}

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let mut words = Words::parse(args)?;
    let chosen = words.chosen()?;
    if words.list {
        for scenario in chosen {
            println!(
                "{:<14} {:<9} {}",
                scenario.name, scenario.store, scenario.what
            );
        }
        return Ok(true);
    }
    words.plan.binary = if let Some(given) = std::env::var_os("PLACET_BIN") {
        std::path::absolute(given).map_err(|error| error.to_string())?
    } else {
        println!("building the server");
        let mut build = process::cargo();
        build.args(["build", "--quiet", "--locked", "--package", "placet"]);
        if !process::tee(&mut build).ok {
            return Err("the build failed".to_owned());
        }
        place::placet("debug")
    };
    let rows: Vec<Row> = chosen
        .iter()
        .map(|scenario| scenario.row(&words.plan))
        .collect();
    println!("\n{}", table::print(&rows));
    Ok(rows.iter().all(Row::ok))
}

/// The short form of every scenario, as steps of the gate.
pub(crate) fn steps(binary: &Path) -> impl Iterator<Item = (String, impl FnOnce() -> Step)> {
    SCENARIOS.iter().map(move |scenario| {
        let plan = Plan {
            short: true,
            cycles: None,
            seed: Dice::fresh_seed(),
            minutes: None,
            rows: None,
            binary: binary.to_path_buf(),
            old_binary: None,
        };
        let step = move || {
            let row = scenario.row(&plan);
            if let Some(why) = &row.skipped {
                return Step {
                    count: Count {
                        skipped: 1,
                        ..Count::default()
                    },
                    note: why.clone(),
                };
            }
            Step::noted(row.ok(), row.summary())
        };
        (format!("torture {}", scenario.name), step)
    })
}
