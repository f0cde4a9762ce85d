//! One scenario's course: load, journal, judge and measures, the same for all.
//!
//! 1. [`Bout::load`] lets workers work on all servers while the scenario does its harm.
//! 2. [`Bout::back`] measures the time until every server answers durably again.
//! 3. [`Bout::judge`] asks again for what was acknowledged and reads the journal.
//! 4. [`Bout::finish`] reads the events and runs `placet verify` on the store that is left.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    browser::Cookies,
    dice::Dice,
    hand::Hand,
    journal::{JournalProcess, Step},
    judge::{self, Violation},
    lines::{Lines, Tally},
    setup::Setup,
    survivors,
    table::Row,
    worker,
};

const WORKERS: u64 = 4;
/// More than this many broken promises say nothing new.
const SHOWN: usize = 20;
/// How soon after the end of a fault every server must do its work again.
pub(crate) const BACK_LIMIT: Duration = Duration::from_secs(5);
/// How long it is waited for at all.
const BACK_WAIT: Duration = Duration::from_secs(30);
const BACK_PAUSE: Duration = Duration::from_millis(5);

/// What runs while a scenario lasts.
#[derive(Debug)]
pub(crate) struct Bout {
    pub(crate) setup: Setup,
    pub(crate) journal: JournalProcess,
    pub(crate) dice: Dice,
    pub(crate) row: Row,
    pub(crate) tally: Tally,
    steps: AtomicU64,
    /// Whether answers may be cut, as those of a killed server are.
    torn_is_excused: bool,
    /// Whether clients ask another server when one does not take a request.
    retries: bool,
    /// Of a person who is signed in: a sign-in takes longer than all the rest of a flow.
    cookies: Option<Cookies>,
    /// How long workers rest after each flow.
    pause: Duration,
}

impl Bout {
    /// Begins the journal of a scenario.
    pub(crate) fn new(scenario: &str, setup: Setup, seed: u64) -> Result<Self, String> {
        println!("{scenario}: seed {seed}, work in {}", setup.work.display());
        Ok(Self {
            journal: JournalProcess::start(&setup.work)?,
            dice: Dice::new(seed),
            row: Row {
                scenario: scenario.to_owned(),
                ..Row::default()
            },
            tally: Tally::default(),
            steps: AtomicU64::new(1),
            torn_is_excused: false,
            retries: false,
            cookies: None,
            pause: Duration::ZERO,
            setup,
        })
    }

    /// Servers or connections are cut in this scenario, so answers may end in the middle.
    pub(crate) fn excuse_torn(&mut self) {
        self.torn_is_excused = true;
    }

    /// Servers end in order in this scenario, and clients ask another one.
    pub(crate) fn ask_another_node(&mut self) {
        self.retries = true;
    }

    /// An actor on all servers.
    pub(crate) fn hand(&self) -> Result<Hand<'_>, String> {
        self.hand_at(&self.setup.addresses())
    }

    /// An actor on these servers.
    pub(crate) fn hand_at(&self, addresses: &[&str]) -> Result<Hand<'_>, String> {
        let lines = Lines::new(&self.setup.host, addresses, &self.tally).retrying(self.retries);
        Ok(Hand::new(&lines, self.journal.connect()?, &self.steps))
    }

    /// Lets a person sign in, unless one is.
    pub(crate) fn sign_in(&mut self) -> Result<(), String> {
        if self.cookies.is_none() {
            let signed_in = self.hand()?.sign_in()?;
            self.cookies = signed_in;
        }
        Ok(())
    }

    /// An actor on these servers whose person is signed in.
    pub(crate) fn person_at(&self, addresses: &[&str]) -> Result<Hand<'_>, String> {
        let hand = self.hand_at(addresses)?;
        Ok(match &self.cookies {
            Some(cookies) => hand.signed_in(cookies.clone()),
            None => hand,
        })
    }

    /// Workers rest this long after each flow.
    pub(crate) fn pace(&mut self, pause: Duration) {
        self.pause = pause;
    }

    /// Lets the workers work while `harm` does what the scenario is about.
    pub(crate) fn load<T>(
        &mut self,
        harm: impl FnOnce(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.row.cycles += 1;
        self.sign_in()?;
        let seeds: Vec<u64> = (0..WORKERS)
            .map(|number| self.dice.next() ^ number)
            .collect();
        let this = &*self;
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for (number, seed) in seeds.into_iter().enumerate() {
                let addresses = this.setup.addresses();
                // One worker's persons sign in by themselves each time.
                let hands = if number == 0 {
                    (this.hand()?, this.hand()?)
                } else {
                    (this.person_at(&addresses)?, this.person_at(&addresses)?)
                };
                let stop = &stop;
                workers.push(
                    scope.spawn(move || worker::work(hands, Dice::new(seed), this.pause, stop)),
                );
            }
            let harmed = harm(this);
            stop.store(true, Ordering::Relaxed);
            for worker in workers {
                worker
                    .join()
                    .map_err(|_| "a worker panicked".to_owned())??;
            }
            harmed
        })
    }

    /// Waits until every server does durable work again, and notes how long it took from `since`.
    pub(crate) fn back(&mut self, since: Instant) -> Result<(), String> {
        self.back_within(since, BACK_LIMIT)
    }

    /// The same where a fault takes longer to be noticed.
    pub(crate) fn back_within(&mut self, since: Instant, limit: Duration) -> Result<(), String> {
        let addresses: Vec<String> = self
            .setup
            .addresses()
            .iter()
            .map(|&a| a.to_owned())
            .collect();
        for address in addresses {
            let mut hand = self.hand_at(&[&address])?;
            while hand.mint()?.is_none() {
                if since.elapsed() > BACK_WAIT {
                    return Err(format!(
                        "{address} does no work {} s after the fault ended",
                        BACK_WAIT.as_secs()
                    ));
                }
                thread::sleep(BACK_PAUSE);
            }
        }
        let took = since.elapsed();
        self.row.back = self.row.back.max(Some(took));
        if took > limit {
            self.broken(
                "back",
                format!("normal again only after {:.1} s", took.as_secs_f64()),
            );
        }
        Ok(())
    }

    /// Asks for what was acknowledged and judges the journal.
    pub(crate) fn judge(&mut self) -> Result<(), String> {
        let known = self.journal.read()?;
        let mut dice = self.dice.clone();
        survivors::ask(&mut self.hand()?, &known, &mut dice, self.journal.now_ms())?;
        self.dice = dice;
        for violation in judge::of_journal(&self.journal.read()?) {
            self.found(violation);
        }
        Ok(())
    }

    /// Notes a broken promise of the scenario's own.
    pub(crate) fn broken(&mut self, rule: &'static str, what: impl Into<String>) {
        self.found(Violation {
            rule,
            what: what.into(),
        });
    }

    /// The same unless it holds.
    pub(crate) fn check(&mut self, rule: &'static str, holds: bool, what: &str) {
        if !holds {
            self.broken(rule, what);
        }
    }

    fn found(&mut self, violation: Violation) {
        let violations = &mut self.row.violations;
        if violations.len() < SHOWN && !violations.contains(&violation) {
            println!("  cycle {}: {violation}", self.row.cycles);
            violations.insert(violation);
        }
    }

    /// Reads what is left when no server runs any more.
    pub(crate) fn finish(mut self) -> Result<Row, String> {
        let known = self.journal.read()?;
        let mut left: BTreeSet<Violation> = judge::of_events(&known, &self.setup.events()?)
            .into_iter()
            .collect();
        left.extend(self.setup.verify()?);
        for violation in left {
            self.found(violation);
        }
        let unexcused = self.tally.unexcused();
        self.check(
            "errors",
            unexcused == 0,
            &format!("{unexcused} errors that say nothing of coming again"),
        );
        let late = self.tally.timed_out();
        self.check(
            "errors",
            late == 0,
            &format!("{late} requests were not answered in time"),
        );
        let torn = self.tally.torn();
        if !self.torn_is_excused {
            self.check("errors", torn == 0, &format!("{torn} torn answers"));
        }
        self.counted()
    }

    /// The row with its numbers, without a look at the store.
    pub(crate) fn counted(mut self) -> Result<Row, String> {
        let known = self.journal.read()?;
        idle(&known)?;
        self.row.requests = self.tally.requests();
        self.row.decisions = judge::decisions(&known);
        self.row.errors = self.tally.to_string();
        Ok(self.row)
    }
}

/// A run in which nothing was decided proves nothing.
fn idle(steps: &[Step]) -> Result<(), String> {
    let tokens = steps.iter().filter(|step| step.tokens().is_some()).count();
    match (judge::decisions(steps), tokens) {
        (0, _) => Err("no decision was acknowledged: the load did not reach the server".to_owned()),
        (_, 0) => Err("no token was acknowledged: the load did not reach the server".to_owned()),
        (_, _) => Ok(()),
    }
}
