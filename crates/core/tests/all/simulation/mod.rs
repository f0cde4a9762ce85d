//! A seeded simulation over the real engine: clients, people and operators on two nodes, with clock jumps, commits
//! that are torn, replies that are lost and nodes that die, judged by the invariants J1 to J7.
//!
//! - J1 Acknowledged decisions stand.
//! - J2 Acknowledged tokens are active, unless something that could end them was begun.
//! - J3 Acknowledged revocations hold.
//! - J4 Every single-use value had at most one distinct result.
//! - J5 No request is denied or expired to one side and approved to the other.
//! - J6 Every change has its event.
//! - J7 There is no token that nothing explains.
//!
//! `PLACET_SIM_SEEDS=n` runs `n` seeds; `PLACET_SIM_SEED=s` runs one.

mod journal;
mod mark;
mod operation;
mod store;
mod world;

use std::collections::BTreeMap;

use self::{journal::Objection, store::Weakness, world::World};

const STEPS: usize = 2_000;
const SEEDS: u64 = 50;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn objections(seed: u64, weakness: Weakness) -> Vec<Objection> {
    let mut world = World::new(seed, weakness);
    world.run(STEPS);
    world.journal.objections
}

#[test]
fn j1_to_j7_hold_whatever_happens() {
    let seeds = match number("PLACET_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("PLACET_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let mut seen = BTreeMap::<_, usize>::new();
    for seed in seeds.clone() {
        let mut world = World::new(seed, Weakness::None);
        world.run(STEPS);
        let journal = &world.journal;
        assert!(
            journal.objections.is_empty(),
            "seed {seed}: {:#?}\nthe steps before the first:\n{}",
            journal
                .objections
                .iter()
                .map(Objection::to_string)
                .collect::<Vec<_>>(),
            journal.trail.as_deref().unwrap_or_default()
        );
        for (what, times) in &journal.seen {
            *seen.entry(*what).or_default() += times;
        }
    }
    let runs = usize::try_from(seeds.end - seeds.start).unwrap();
    println!("{runs} runs: {seen:?}");
    // Runs in which nothing happens prove nothing; a single one may be dull.
    if runs < 10 {
        return;
    }
    for (what, least) in [
        ("seen active", 20),
        ("seen inactive", 20),
        ("answers judged", 20),
        ("collected", 2),
        ("refreshed", 1),
        ("ended", 3),
        ("cut off", 3),
        ("told no", 1),
        ("failed", 3),
    ] {
        let times = seen.get(what).copied().unwrap_or_default();
        assert!(
            times >= runs * least,
            "{what}: {times} times in {runs} runs"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut world = World::new(7, Weakness::None);
        world.run(STEPS);
        world.journal.tail()
    };
    assert_eq!(run(), run());
}

#[test]
fn the_judge_objects_to_every_broken_promise() {
    for (weakness, rule) in [
        (Weakness::LosesAnswers, "J1"),
        (Weakness::LosesTokens, "J2"),
        (Weakness::LosesRevocations, "J3"),
        (Weakness::IgnoresVersions, "J1"),
        (Weakness::IgnoresVersions, "J4"),
        (Weakness::IgnoresVersions, "J5"),
        (Weakness::ForgetsSpent, "J4"),
        (Weakness::MisnamesEvents, "J6"),
        (Weakness::HidesTokens, "J7"),
    ] {
        let objected = (0..SEEDS).any(|seed| {
            objections(seed, weakness)
                .iter()
                .any(|objection| objection.rule == rule)
        });
        assert!(
            objected,
            "nobody noticed that a store {weakness:?} breaks {rule}"
        );
    }
}
