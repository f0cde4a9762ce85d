//! The engine without HTTP: open, answer and collect, three durable commits a cycle, by the example `cycles` of the store.

use std::path::Path;

use serde_json::{Value, json};

use super::{Plan, contestant, table::median};
use crate::{
    process::{self, cargo},
    torture::postgres::Cluster,
};

/// What `--only` calls it.
pub(crate) const NAME: &str = "engine cycles";
/// Callers at once: as many as wait at a busy server, and so many that flushes are shared by hundreds.
const CALLERS: [usize; 2] = [64, 512];

/// Measures and prints.
pub(crate) fn run(
    plan: &Plan,
    work: &Path,
    cluster: Option<&Cluster>,
) -> Result<Vec<Value>, String> {
    if !plan.says(NAME) {
        return Ok(Vec::new());
    }
    println!("\n{NAME}");
    println!(
        "  {:<26} {:<13} {:>8} {:>12}",
        "", "", "cycles/s", "CPU a cycle"
    );
    let mut rows = Vec::new();
    let stores = [Some("SQLite"), cluster.map(|_| "PostgreSQL")];
    for store in stores.into_iter().flatten() {
        for callers in CALLERS {
            let (mut per_s, mut cpu_us) = (Vec::new(), Vec::new());
            // The first round warms up and is thrown away.
            for round in 0..=plan.runs {
                let name = format!("cycles_{callers}_{round}");
                let url = cluster
                    .filter(|_| store == "PostgreSQL")
                    .map(|cluster| contestant::database(cluster, &name))
                    .transpose()?;
                let (cycles, us) = once(plan, work, callers, url.as_deref())?;
                if round > 0 {
                    per_s.push(cycles);
                    cpu_us.push(us);
                }
            }
            let (per_s, cpu_us) = (median(per_s), median(cpu_us));
            println!(
                "  {:<26} {store:<13} {per_s:>8.0} {cpu_us:>9.0} µs",
                format!("{callers} callers")
            );
            rows.push(json!({
                "store": store, "callers": callers, "cycles_per_s": per_s, "cpu_us": cpu_us,
            }));
        }
    }
    Ok(rows)
}

/// One run: cycles a second, and microseconds of CPU time of the engine's process for each.
fn once(plan: &Plan, work: &Path, callers: usize, url: Option<&str>) -> Result<(f64, f64), String> {
    let mut run = cargo();
    run.args([
        "run",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "placet-store",
    ]);
    run.args(["--example", "cycles", "--"]);
    run.args([plan.seconds.to_string(), callers.to_string()]);
    run.args(url).env("TMPDIR", work);
    let told = process::capture(&mut run);
    let number = |unit: &str| {
        let line = told.text.lines().find(|line| line.contains(unit))?;
        line.split(' ').next()?.parse::<f64>().ok()
    };
    match (number(" cycles/s"), number(" µs of CPU time")) {
        (Some(cycles), Some(us)) if told.ok => Ok((cycles, us)),
        _ => Err(format!("the example `cycles` failed:\n{}", told.text)),
    }
}
