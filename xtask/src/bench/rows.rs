//! `cargo xtask bench rows`: what a request costs must not grow with what is stored.
//!
//! The same server twice, on a store with ten thousand access tokens and on one with ten million, each token with its event;
//! the same loads, run by run in turn.

use std::{fs, path::Path, process::Command};

use super::{
    Plan,
    contestant::{self, Contestant},
    load::Load,
    measure, table,
    tools::Tools,
};
use crate::{place, process};

/// The stores: a name, and how many tokens are there before the load.
const STORES: [(&str, u32); 2] = [("10^4 rows", 10_000), ("10^7 rows", 10_000_000)];
/// What reads or writes beside the rows that are there. Polls, refreshes and sign-ins stay among rows of their own.
const LOADS: [Load; 7] = [
    Load::OpaqueToken,
    Load::JwtToken,
    Load::DeviceAuthorization,
    Load::IntrospectActive,
    Load::IntrospectUnknown,
    Load::GnapGrant,
    Load::GnapIntrospect,
];

/// Fills the stores, measures and prints both side by side.
pub(crate) fn run(plan: &Plan, binary: &Path, tools: &Tools, work: &Path) -> Result<(), String> {
    let binary_bytes = binary.metadata().map_err(|error| error.to_string())?.len();
    let script = place::source().join("bench").join("fill.mjs");
    let mut contestants = Vec::new();
    for (name, rows) in STORES {
        let mut start = contestant::filled((name, STORES[0].0), binary, work)?;
        start.once()?;
        println!("writing {rows} tokens");
        let file = start.folder().join("placet.db");
        let mut writer = Command::new(&tools.node);
        writer.arg(&script).arg(&file).arg(rows.to_string());
        let finished = process::quiet(&mut writer);
        if !finished.ok {
            return Err("the store could not be filled".to_owned());
        }
        let bytes = fs::metadata(&file)
            .map_err(|error| error.to_string())?
            .len();
        println!("  {} MiB", bytes / 1024 / 1024);
        contestants.push(Contestant::enter(start, plan.runs)?);
    }
    for load in LOADS.into_iter().filter(|load| plan.wants(*load)) {
        let measured = measure(load, plan, &mut contestants, tools)?;
        table::print(load, &contestants, &measured);
    }
    table::print_sizes(&contestants, binary_bytes);
    Ok(())
}
