//! What other requests notice of people who sign in: a password takes a core for tens of milliseconds, and they share it.
//!
//! A load runs alone and beside sign-ins at a constant rate, in turn. Once at its full speed, where the cores are taken
//! anyway, and once at a rate that leaves room, which is what a server is bought for.

use std::{path::Path, process::Command, thread, time::Duration};

use serde_json::{Value, json};

use super::{
    Plan, actor,
    contestant::Contestant,
    load::{Load, Shot},
    meter,
    table::median,
    tools::Tools,
};

/// What `--only` calls it.
pub(crate) const NAME: &str = "beside sign-ins";
/// Sign-ins that begin in a second.
const SIGN_INS_PER_S: u32 = 35;
/// People at once; more than that rate needs, unless a sign-in takes half a second.
const PEOPLE: usize = 16;
/// Requests a second of a load that leaves room.
const STEADY_PER_S: u32 = 1_000;
/// At least this long, so that there are sign-ins enough.
const SECONDS: u64 = 3;
/// What runs beside them: one that reads nothing, one that reads, two that write.
const LOADS: [Load; 4] = [
    Load::Discovery,
    Load::IntrospectActive,
    Load::OpaqueToken,
    Load::DeviceAuthorization,
];

/// One load on one server, the runs' middle.
struct Beside {
    load: Load,
    server: &'static str,
    steady: bool,
    alone_ms: f64,
    signing_in_ms: f64,
    sign_ins_per_s: f64,
    sign_in_ms: f64,
}

/// Measures and prints, for those servers that check passwords.
pub(crate) fn run(
    plan: &Plan,
    contestants: &[Contestant],
    tools: &Tools,
) -> Result<Vec<Value>, String> {
    if !plan.says(NAME) {
        return Ok(Vec::new());
    }
    println!("\n{NAME}, {SIGN_INS_PER_S} a second");
    println!(
        "  {:<26} {:<13} {:>8} {:>11} {:>11} {:>7} {:>10} {:>11}",
        "", "", "req/s", "p99 alone", "p99 beside", "ratio", "sign-ins/s", "sign-in p99"
    );
    let mut rows = Vec::new();
    for load in LOADS {
        for on in contestants.iter().filter(|on| on.passwords) {
            let Some(shot) = load.shot(on)? else { continue };
            for steady in [true, false] {
                let row = measure(plan, (load, steady), on, &shot, &tools.oha)?;
                println!("{}", row.line());
                rows.push(row.json());
            }
        }
    }
    Ok(rows)
}

fn measure(
    plan: &Plan,
    (load, steady): (Load, bool),
    on: &Contestant,
    shot: &Shot,
    oha: &Path,
) -> Result<Beside, String> {
    let seconds = plan.seconds.max(SECONDS);
    let plan = Plan {
        seconds,
        ..plan.clone()
    };
    let said = |what: String| format!("{}: {what}", on.name);
    let command = || -> Command {
        let mut command = meter::generator(shot, &plan, oha);
        if steady {
            // What waited for its turn counts as waiting.
            command.args(["--latency-correction", "-q", &STEADY_PER_S.to_string()]);
        }
        command
    };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let (mut rate, mut sign_in) = (Vec::new(), Vec::new());
    let mut people = actor::who_sign_in(on, PEOPLE);
    // The first round warms up and is thrown away.
    for round in 0..=plan.runs {
        let quiet = meter::sent(on, shot, command())?.p99_ms;
        let (busy, done) = thread::scope(|scope| {
            let (people, lasting) = (&mut people, Duration::from_secs(seconds));
            let signing = scope.spawn(move || actor::run(people, lasting, Some(SIGN_INS_PER_S)));
            (meter::sent(on, shot, command()), signing.join())
        });
        let done = done.map_err(|_| said("the people failed".to_owned()))?;
        let done = done.map_err(said)?;
        let busy = busy?.p99_ms;
        if round > 0 {
            alone.push(quiet);
            beside.push(busy);
            rate.push(count(done.took.len()) / done.within.as_secs_f64());
            sign_in.push(done.at_percent(99));
        }
    }
    Ok(Beside {
        load,
        server: on.name,
        steady,
        alone_ms: median(alone),
        signing_in_ms: median(beside),
        sign_ins_per_s: median(rate),
        sign_in_ms: median(sign_in),
    })
}

impl Beside {
    fn line(&self) -> String {
        let rate = if self.steady {
            STEADY_PER_S.to_string()
        } else {
            "full".to_owned()
        };
        format!(
            "  {:<26} {:<13} {rate:>8} {:>8.2} ms {:>8.2} ms {:>6.2}× {:>10.1} {:>8.1} ms",
            self.load.name(),
            self.server,
            self.alone_ms,
            self.signing_in_ms,
            self.signing_in_ms / self.alone_ms,
            self.sign_ins_per_s,
            self.sign_in_ms,
        )
    }

    fn json(&self) -> Value {
        json!({
            "load": self.load.name(), "server": self.server, "steady": self.steady,
            "p99_alone_ms": self.alone_ms, "p99_beside_ms": self.signing_in_ms,
            "sign_ins_per_s": self.sign_ins_per_s, "sign_in_p99_ms": self.sign_in_ms,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn count(things: usize) -> f64 {
    things as f64
}
