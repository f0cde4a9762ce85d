//! `cargo xtask bench`: Placet beside npm `oidc-provider`, in the same run; `bench rows`: Placet on a small and on a large store.
//!
//! 1. The tools are made ready in the build folder: `oha`, Node 22, the peer's packages.
//! 2. Each server's start on an existing store is timed; then all of them run until the end.
//! 3. For each load the servers take turns, run by run, so that noise meets all alike.
//! 4. Some loads run alone and beside sign-ins in turn: how much longer the slowest of them wait.
//! 5. The engine is measured without HTTP.
//! 6. Ratios are printed, each against ours on the same kind of store; everything measured is written to a JSON file in the build folder.

mod actor;
mod beside;
mod contestant;
mod cycles;
mod limits;
mod load;
mod meter;
mod payer;
mod rows;
mod table;
mod tools;
mod wallet;
mod web;

use std::{env, fs, path::PathBuf, thread, time::Duration};

use serde_json::json;

use self::{
    contestant::Contestant,
    load::{Load, Pace},
    meter::Measured,
};
use crate::{
    place,
    process::{self, cargo},
    torture::postgres::Cluster,
};

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Seconds of one run.
    seconds: u64,
    /// Runs per load and server; the median counts.
    runs: usize,
    /// Connections of the load generator.
    connections: usize,
    /// Only loads whose name contains this.
    only: Option<String>,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            seconds: 3,
            runs: 5,
            connections: 32,
            only: None,
        };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => {
                    plan.seconds = 1;
                    plan.runs = 3;
                }
                "--only" => {
                    let name = words.next().ok_or("--only needs the name of a load")?;
                    plan.only = Some(name.clone());
                }
                other => return Err(format!("bench: unknown argument `{other}`")),
            }
        }
        Ok(plan)
    }

    fn wants(&self, load: Load) -> bool {
        self.says(load.name())
    }

    fn says(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|part| name.contains(part.as_str()))
    }
}

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let (rows, args) = match args.split_first() {
        Some((word, rest)) if word == "rows" => (true, rest),
        _ => (false, args),
    };
    let plan = Plan::parse(args)?;
    let others = [beside::NAME, cycles::NAME];
    if !Load::ALL.iter().any(|load| plan.wants(*load)) && !others.iter().any(|name| plan.says(name))
    {
        let mut names: Vec<_> = Load::ALL.iter().map(|load| load.name()).collect();
        names.extend(others);
        return Err(format!(
            "no load of that name; there are: {}",
            names.join(", ")
        ));
    }
    let work = place::fresh("bench-work")?;
    let tools = tools::prepare()?;
    let binary = server()?;
    let binary_bytes = fs::metadata(&binary)
        .map_err(|error| error.to_string())?
        .len();

    if rows {
        return rows::run(&plan, &binary, &tools, &work).map(|()| true);
    }
    limits::print(&work)?;
    println!("\nstarting the servers");
    let cluster = Cluster::new()?;
    if cluster.is_none() {
        println!("PostgreSQL is not installed: its rows are left out");
    }
    let mut contestants = Vec::new();
    for start in contestant::all(&binary, &tools, &work, cluster.as_ref())? {
        contestants.push(Contestant::enter(start, plan.runs)?);
    }
    let mut rows = Vec::new();
    for load in Load::ALL.into_iter().filter(|load| plan.wants(*load)) {
        let measured = measure(load, &plan, &mut contestants, &tools)?;
        table::print(load, &contestants, &measured);
        rows.push(table::row(load, &contestants, &measured));
    }
    let beside = beside::run(&plan, &contestants, &tools)?;
    let cycles = cycles::run(&plan, &work, cluster.as_ref())?;
    table::print_sizes(&contestants, binary_bytes);

    let result = json!({
        "seconds": plan.seconds,
        "runs": plan.runs,
        "connections": plan.connections,
        "binary_bytes": binary_bytes,
        "servers": contestants.iter().map(Contestant::row).collect::<Vec<_>>(),
        "loads": rows,
        "beside_sign_ins": beside,
        "engine_cycles": cycles,
    });
    let file = place::build("bench")?.join("results.json");
    fs::write(&file, format!("{result:#}\n"))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\n{}", file.display());
    Ok(true)
}

/// The server of the `PLACET_BIN` variable, else a release build of the tree.
fn server() -> Result<PathBuf, String> {
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

/// The runs of one load, the servers taking turns: one list of runs for each server.
fn measure(
    load: Load,
    plan: &Plan,
    contestants: &mut [Contestant],
    tools: &tools::Tools,
) -> Result<Vec<Vec<Measured>>, String> {
    let mut works = Vec::new();
    for contestant in contestants.iter() {
        works.push(load.prepare(contestant, plan.connections)?);
    }
    let mut measured = vec![Vec::new(); contestants.len()];
    // The first round warms up and is thrown away.
    for round in 0..=plan.runs {
        if load.pace() == Pace::UnderInterval {
            thread::sleep(load::INTERVAL + Duration::from_millis(200));
        }
        let all = contestants.iter_mut().zip(&mut works).zip(&mut measured);
        for ((contestant, work), list) in all {
            let Some(work) = work else { continue };
            let one = meter::run(contestant, work, plan, &tools.oha)?;
            if round > 0 {
                list.push(one);
            }
        }
    }
    Ok(measured)
}
