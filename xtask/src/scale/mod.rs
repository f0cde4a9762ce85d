//! `cargo xtask scale`: what growth costs, measured on a PostgreSQL of its own and carried on by a model.
//!
//! 1. Real flows run through a real server; the database says what each of them cost.
//! 2. The rows they left are cloned until the store has 10^5, 10^6, 10^7 rows; at each size the same small load runs,
//!    and the sizes are compared with the model.
//! 3. At each size the load runs on one, two and three nodes.
//! 4. The model is carried to 10^9 people.
//!
//! `docs/scaling.md` tells what was found.

mod actor;
mod carry;
mod counters;
mod cpu;
mod fill;
mod flow;
mod load;
mod log;
mod model;
mod size;
mod table;

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use self::{
    actor::Actor,
    carry::{Assumptions, Need},
    counters::Counters,
    load::Ground,
    size::Size,
};
use crate::{
    place, process,
    server::Server,
    torture::{
        lines::Tally,
        postgres::{Cluster, Stop},
        setup::{Setup, Wishes},
    },
};

/// Settings of the database under which the numbers hold: nothing but the flows writes, and a checkpoint comes when it is
/// asked for. `fsync` and `synchronous_commit` are on.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "3GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("maintenance_work_mem", "256MB"),
];

/// What to measure.
#[derive(Debug)]
struct Plan {
    rows: Vec<u64>,
    nodes: usize,
    requests: u32,
}

/// One measured point.
struct Point {
    rows: f64,
    nodes: usize,
    /// Others were busy on the machine too, if this is more than we are.
    load_average: f64,
    figures: Vec<load::Figures>,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            rows: vec![100_000, 1_000_000, 10_000_000],
            nodes: 3,
            requests: 400,
        };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            let number = |text: &str| {
                text.parse::<u64>()
                    .map_err(|_| format!("{word} needs numbers, not `{text}`"))
            };
            match word.as_str() {
                "--rows" => plan.rows = value.split(',').map(number).collect::<Result<_, _>>()?,
                "--nodes" => plan.nodes = usize::try_from(number(value)?).unwrap_or(1).max(1),
                "--requests" => plan.requests = u32::try_from(number(value)?).unwrap_or(1).max(1),
                other => return Err(format!("scale: unknown argument `{other}`")),
            }
        }
        plan.rows.sort_unstable();
        Ok(plan)
    }
}

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let plan = Plan::parse(args)?;
    let binary = binary()?;
    let Some(mut cluster) = Cluster::new()? else {
        println!("{}", crate::torture::fleet::NO_POSTGRES);
        return Ok(false);
    };
    for (name, value) in SETTINGS {
        cluster.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"))?;
    }
    cluster.stop(Stop::Fast)?;
    cluster.start()?;
    log::prepare(&cluster)?;
    let wishes = Wishes {
        name: "scale",
        nodes: plan.nodes,
        databases: vec![cluster.url()],
        more: String::new(),
    };
    let setup = Setup::new(&binary, &wishes)?;
    let result = measure(&plan, &cluster, &setup)?;
    let file = place::build("scale")?.join("results.json");
    fs::write(&file, format!("{result:#}\n"))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\n{}", file.display());
    Ok(true)
}

fn measure(plan: &Plan, cluster: &Cluster, setup: &Setup) -> Result<Value, String> {
    let tally = Tally::default();
    let mut servers = vec![setup.start(0)?];
    let costs = flow::costs(cluster, &mut Actor::new(setup, 1, &tally))?;
    table::costs(&costs);
    let models = fill::keep_models(cluster)?;
    let kept_s = size::kept_s(cluster)?;

    let (mut sizes, mut points, mut idle, mut copies) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (number, rows) in plan.rows.iter().enumerate() {
        let wanted = copies_for(*rows, fill::rows(cluster)?, models);
        if wanted > 0 {
            println!("\nfilling up to {rows} rows");
            fill::copy(cluster, copies + 1, copies + wanted)?;
            copies += wanted;
        }
        let size = Size::read(cluster)?;
        table::size(&size);
        for nodes in 1..=plan.nodes {
            while servers.len() < nodes {
                servers.push(setup.start(servers.len())?);
            }
            if number == 0 {
                let before = Counters::settled(cluster)?;
                idle.push(Counters::settled(cluster)?.since(&before));
            }
            let point = point(plan, cluster, setup, &servers, (size.rows, &tally))?;
            table::point(&point, &size);
            points.push(point);
        }
        servers.truncate(1);
        sizes.push(size);
    }
    table::idle(&idle);

    let last = sizes.last().ok_or("no number of rows was asked for")?;
    let needs: Vec<Need> = [1e6, 1e7, 1e8, 1e9]
        .map(|people| Need::of(&Assumptions::of(people), &costs, &kept_s, last))
        .into();
    table::kept_s(&kept_s);
    table::needs(&needs);
    println!("\nrequests: {} {tally}", tally.requests());
    Ok(json!({
        "flows": costs.iter().map(|cost| json!({
            "flow": cost.flow.name(), "runs": cost.runs, "each": cost.each.json(),
        })).collect::<Vec<_>>(),
        "kept_s": kept_s.json(),
        "sizes": sizes.iter().map(Size::json).collect::<Vec<_>>(),
        "points": points.iter().map(|point| json!({
            "rows": point.rows, "nodes": point.nodes, "load_average": point.load_average,
            "kinds": point.figures.iter().map(load::Figures::json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "idle_by_nodes": idle.iter().map(Counters::json).collect::<Vec<_>>(),
        "needs": needs.iter().map(Need::json).collect::<Vec<_>>(),
    }))
}

/// The server of the `PLACET_BIN` variable, else a release build of the tree.
fn binary() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("PLACET_BIN") {
        return std::path::absolute(given).map_err(|error| error.to_string());
    }
    println!("building the server");
    let mut build = process::cargo();
    build.args(["build", "--quiet", "--locked", "--release"]);
    if process::tee(build.args(["--package", "placet"])).ok {
        Ok(place::placet("release"))
    } else {
        Err("the release build failed".to_owned())
    }
}

/// How many copies of the models are missing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "numbers of rows, far below 2^52 and not negative"
)]
fn copies_for(wanted: u64, there: f64, models: f64) -> u64 {
    ((wanted as f64 - there) / models).ceil().max(0.0) as u64
}

fn point(
    plan: &Plan,
    cluster: &Cluster,
    setup: &Setup,
    servers: &[Server],
    (rows, tally): (f64, &Tally),
) -> Result<Point, String> {
    let ground = Ground {
        cluster,
        setup,
        servers,
        tally,
        requests: plan.requests,
    };
    println!("the load on {} nodes", servers.len());
    let figures = load::run(&ground)?;
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let average = text.split(' ').next().and_then(|word| word.parse().ok());
    Ok(Point {
        rows,
        nodes: servers.len(),
        load_average: average.unwrap_or(f64::NAN),
        figures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_fill_up_to_the_number_wanted() {
        assert_eq!(copies_for(1000, 100.0, 100.0), 9);
        assert_eq!(copies_for(1001, 100.0, 100.0), 10);
        assert_eq!(copies_for(50, 100.0, 100.0), 0);
    }

    #[test]
    fn words_are_parsed() {
        let words = ["--rows", "20,10", "--nodes", "2"].map(str::to_owned);
        let plan = Plan::parse(&words).unwrap();
        assert_eq!((plan.rows, plan.nodes), (vec![10, 20], 2));
        assert!(Plan::parse(&["--rows".to_owned()]).is_err());
        assert!(Plan::parse(&["--rows".to_owned(), "x".to_owned()]).is_err());
    }
}
