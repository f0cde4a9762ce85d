//! `cargo xtask torture`: kills the server without warning while it works, and judges what it said by a journal.
//!
//! 1. A journal process of its own notes every request before it is sent and every answer after it came.
//! 2. Workers run whole flows: device authorization, sign-in and answer through the pages, poll, refresh, introspection,
//!    revocation, client credentials; some of them twice at once.
//! 3. After a random time the server is killed (SIGKILL) and started again on the same store.
//! 4. What was acknowledged is asked for again; then the judge reads the journal and the events of the store.
//!
//! The rules J1 to J7 are in [`judge`].

mod browser;
mod events;
mod hand;
pub(crate) mod journal;
mod judge;
mod page;
mod setup;
mod survivors;
mod worker;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use self::{
    hand::Hand,
    journal::{JournalProcess, Step as JournalStep},
    judge::Violation,
    setup::Setup,
    worker::Dice,
};
use crate::{place, process, report::Step, server::Server};

/// Cycles of the gate's short form.
const SHORT_CYCLES: u32 = 25;
const LONG_CYCLES: u32 = 250;
const WORKERS: u64 = 4;
/// The load of one cycle lasts between these.
const LOAD_MS: std::ops::Range<u64> = 400..2800;
/// More than this many broken promises say nothing new.
const SHOWN: usize = 20;

/// What to do.
#[derive(Debug)]
struct Plan {
    cycles: u32,
    seed: u64,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            cycles: LONG_CYCLES,
            seed: Dice::fresh_seed(),
        };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                words
                    .next()
                    .and_then(|digits| digits.parse::<u64>().ok())
                    .ok_or(format!("{word} needs a number"))
            };
            match word.as_str() {
                "--short" => plan.cycles = SHORT_CYCLES,
                "--cycles" => {
                    plan.cycles = u32::try_from(number()?).map_err(|error| error.to_string())?;
                }
                "--seed" => plan.seed = number()?,
                other => return Err(format!("torture: unknown argument `{other}`")),
            }
        }
        Ok(plan)
    }
}

pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let plan = Plan::parse(args)?;
    let binary = if let Some(given) = std::env::var_os("PLACET_BIN") {
        PathBuf::from(given)
    } else {
        println!("building the server");
        let mut build = process::cargo();
        build.args(["build", "--quiet", "--locked", "--package", "placet"]);
        if !process::tee(&mut build).ok {
            return Err("the build failed".to_owned());
        }
        place::placet("debug")
    };
    let result = torture(&plan, &binary)?;
    println!("{}", result.summary());
    Ok(result.violations.is_empty())
}

/// The short form, as one step of the gate.
pub(crate) fn step(binary: &Path) -> Step {
    let plan = Plan {
        cycles: SHORT_CYCLES,
        seed: Dice::fresh_seed(),
    };
    match torture(&plan, binary) {
        Ok(result) => Step::noted(result.violations.is_empty(), result.summary()),
        Err(message) => {
            eprintln!("torture: {message}");
            Step::noted(false, message)
        }
    }
}

/// What came of it.
#[derive(Debug)]
struct Outcome {
    cycles: u32,
    requests: usize,
    lost: usize,
    decisions: usize,
    violations: BTreeSet<Violation>,
}

impl Outcome {
    fn summary(&self) -> String {
        let verdict = match self.violations.len() {
            0 => "all promises kept".to_owned(),
            count => format!("{count} promises broken"),
        };
        let Self {
            cycles,
            requests,
            lost,
            decisions,
            ..
        } = self;
        format!(
            "{cycles} kills, {requests} requests, {lost} answers lost, {decisions} decisions: {verdict}"
        )
    }
}

fn torture(plan: &Plan, binary: &Path) -> Result<Outcome, String> {
    let setup = Setup::new(binary)?;
    println!(
        "torture: {} cycles, seed {}, work in {}",
        plan.cycles,
        plan.seed,
        setup.work.display()
    );
    let journal = JournalProcess::start(&setup.work)?;
    let steps = AtomicU64::new(1);
    let mut dice = Dice::new(plan.seed);
    let mut server = setup.start()?;
    let mut violations = BTreeSet::new();
    let mut known = Vec::new();
    for cycle in 1..=plan.cycles {
        let length = Duration::from_millis(dice.between(LOAD_MS));
        load(&setup, &journal, &steps, &mut dice, length, &mut server)?;
        server = setup.start()?;
        let mut hand = Hand::new(&setup, journal.connect()?, &steps);
        survivors::ask(&mut hand, &journal.read()?, &mut dice)?;
        known = journal.read()?;
        let found = judge::of_journal(&known);
        for violation in found {
            if violations.len() < SHOWN && violations.insert(violation.clone()) {
                println!("  cycle {cycle}: {violation}");
            }
        }
    }
    drop(server);
    for violation in judge::of_events(&known, &setup.events()?)
        .into_iter()
        .chain(setup.verify()?)
    {
        println!("  at the end: {violation}");
        violations.insert(violation);
    }
    idle(&known)?;
    Ok(Outcome {
        cycles: plan.cycles,
        requests: known.len(),
        lost: known.iter().filter(|step| step.reply.is_none()).count(),
        decisions: judge::decisions(&known),
        violations,
    })
}

/// Lets the workers work, then kills the server under them.
fn load(
    setup: &Setup,
    journal: &JournalProcess,
    steps: &AtomicU64,
    dice: &mut Dice,
    length: Duration,
    server: &mut Server,
) -> Result<(), String> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            let (first, second) = (journal.connect()?, journal.connect()?);
            let hands = (
                Hand::new(setup, first, steps),
                Hand::new(setup, second, steps),
            );
            let own = Dice::new(dice.next() ^ number);
            workers.push(scope.spawn(|| worker::work(hands, own, &stop)));
        }
        let begun = Instant::now();
        thread::sleep(length.saturating_sub(begun.elapsed()));
        let killed = server
            .kill()
            .map_err(|error| format!("the server could not be killed: {error}"));
        stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker
                .join()
                .map_err(|_| "a worker panicked".to_owned())??;
        }
        killed
    })
}

/// A run in which nothing was decided proves nothing.
fn idle(steps: &[JournalStep]) -> Result<(), String> {
    let tokens = steps.iter().filter(|step| step.tokens().is_some()).count();
    match (judge::decisions(steps), tokens) {
        (0, _) => Err("no decision was acknowledged: the load did not reach the server".to_owned()),
        (_, 0) => Err("no token was acknowledged: the load did not reach the server".to_owned()),
        (_, _) => Ok(()),
    }
}
