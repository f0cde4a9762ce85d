//! Requests end by themselves while persons answer and clients ask, all at about the same instant: whoever is told
//! 'expired', nobody is told 'approved' of the same request, also after a kill (rule J5 from outside).
//!
//! 1. Devices ask, some at a time. Their requests live for three seconds.
//! 2. Around the end of each, a person answers in one browser, and the client asks: at once, or by a poll that was held.
//!    One person answers in good time and one comes too late, so that both ends are seen on a machine of any speed.
//! 3. On one store in a file the server is killed meanwhile, every other time; on PostgreSQL person and client are at
//!    different nodes.
//! 4. When an interval has passed, every client asks until it knows the end.
//!
//! Spec: RFC 8628 §3.2, §3.5

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::Bout,
    dice::Dice,
    fleet::{Fleet, NO_POSTGRES},
    hand::{Hand, Opened},
    journal::{Reply, Step},
    setup::{Setup, Wishes},
    table::Row,
};

const LIFE: Duration = Duration::from_secs(3);
const LIFETIMES: &str = "\n[lifetimes]\ndevice_code = 3\n";
const NODES: usize = 3;
/// Requests that end beside each other.
const LANES: u64 = 12;
/// How long before its end a person begins to walk through the pages, and a client asks, at most.
const LEAD_MS: u64 = 400;
/// The lane whose person agrees in good time, and the one whose person comes when it is over.
const EARLY: usize = 0;
const LATE: usize = 1;
/// How long after it a client asks at most.
const LAG_MS: u64 = 150;
/// Between a poll and the next one: the interval, and what a busy machine adds.
const INTERVAL: Duration = Duration::from_millis(5_300);
/// The kill comes this long after the requests ended, at most.
const KILL_MS: u64 = 200;
/// Between two tries of a server that starts.
const PAUSE: Duration = Duration::from_millis(5);
/// Polls of a client that was told to slow down, or that met a server which was not there.
const TRIES: u32 = 8;

pub(super) fn sqlite(plan: &Plan) -> Result<Row, String> {
    let wishes = Wishes {
        more: LIFETIMES.to_owned(),
        ..Wishes::local("expiry")
    };
    let mut bout = Bout::new("expiry", Setup::new(&plan.binary, &wishes)?, plan.seed)?;
    bout.excuse_torn();
    let mut server = bout.setup.start(0)?;
    for cycle in 0..plan.cycles(2, 200) {
        let (kills, lag) = (cycle % 2 == 1, bout.dice.between(0..KILL_MS));
        let mut took = Duration::ZERO;
        round(&mut bout, |bout| {
            if !kills {
                return Ok(());
            }
            thread::sleep(LIFE.saturating_sub(Duration::from_millis(KILL_MS / 2)));
            thread::sleep(Duration::from_millis(lag));
            server.kill().map_err(|error| error.to_string())?;
            let since = Instant::now();
            server = bout.setup.start(0)?;
            let mut hand = bout.hand()?;
            while hand.mint()?.is_none() {
                thread::sleep(PAUSE);
            }
            took = since.elapsed();
            Ok(())
        })?;
        if kills {
            // The clients took their time since then.
            let since = Instant::now().checked_sub(took);
            bout.back(since.unwrap_or_else(Instant::now))?;
        }
        bout.judge()?;
    }
    drop(server);
    told_both(bout)
}

pub(super) fn postgres(plan: &Plan) -> Result<Row, String> {
    let made = Fleet::on_postgres_with(plan, "expiry-nodes", NODES, LIFETIMES)?;
    let Some((mut fleet, mut bout)) = made else {
        return Ok(Row::skipped("expiry-nodes", NO_POSTGRES));
    };
    for _ in 0..plan.cycles(1, 200) {
        round(&mut bout, |_| Ok(()))?;
        bout.judge()?;
    }
    fleet.servers.clear();
    told_both(bout)
}

/// A run in which no request ended by itself, or none was collected, proves nothing.
fn told_both(mut bout: Bout) -> Result<Row, String> {
    let known = bout.journal.read()?;
    let count = |wanted: fn(&Step) -> bool| known.iter().filter(|step| wanted(step)).count();
    let expired = count(
        |step| matches!(&step.reply, Some((_, Reply::Refused(code))) if code == "expired_token"),
    );
    let late = count(
        |step| matches!(&step.reply, Some((_, Reply::Outcome(outcome))) if outcome == "expired"),
    );
    let collected = count(|step| step.tokens().is_some());
    bout.row.notes.push(format!(
        "expired was told to {expired} polls and {late} persons who pressed a button; {collected} were collected"
    ));
    let both = expired > 0 && collected > 0;
    bout.check("idle", both, "requests did not end both ways");
    bout.finish()
}

/// One set of requests, from their opening until every client knows the end.
fn round(
    bout: &mut Bout,
    harm: impl FnOnce(&Bout) -> Result<(), String> + Send,
) -> Result<(), String> {
    bout.row.cycles += 1;
    bout.sign_in()?;
    let seeds: Vec<u64> = (0..LANES).map(|lane| bout.dice.next() ^ lane).collect();
    let bout = &*bout;
    thread::scope(|scope| {
        let lanes: Vec<_> = seeds
            .into_iter()
            .enumerate()
            .map(|(lane, seed)| scope.spawn(move || end(bout, lane, Dice::new(seed))))
            .collect();
        let harmed = harm(bout);
        for lane in lanes {
            lane.join().map_err(|_| "a lane panicked".to_owned())??;
        }
        harmed
    })
}

/// One request around its end.
fn end(bout: &Bout, lane: usize, mut dice: Dice) -> Result<(), String> {
    let addresses = bout.setup.addresses();
    let at = |number: usize| addresses.get(number % addresses.len()).copied();
    let client_at = [at(lane).unwrap_or_default()];
    let mut client = bout.hand_at(&client_at)?;
    let mut person = bout.person_at(&[at(lane + 1).unwrap_or_default()])?;
    let Some(opened) = client.open()? else {
        return Ok(());
    };
    let begun = Instant::now();
    let mut before = |most| Duration::from_millis(dice.between(0..most));
    let around = LIFE.saturating_sub(before(LEAD_MS));
    let last = LIFE + Duration::from_millis(LAG_MS);
    let asks_at = begun + last.saturating_sub(before(LEAD_MS + LAG_MS));
    let (held, agrees) = (dice.one_in(2), !dice.one_in(4));
    let (answers_at, approves) = match lane {
        EARLY => (begun, true),
        LATE => (begun + last, agrees),
        _ => (begun + around, agrees),
    };
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            if held {
                // It is told at the instant of the end, if nobody answers before.
                client.poll_waiting(&opened.device_code, 10)
            } else {
                until(asks_at);
                client.poll(&opened.device_code)
            }
        });
        until(answers_at);
        let answered = person.answer(&opened, approves);
        let asked = asking.join().map_err(|_| "a client panicked".to_owned())?;
        answered.and(asked)
    })?;
    ask_on(&mut client, &opened)
}

/// Asks until the client knows the end.
fn ask_on(client: &mut Hand<'_>, opened: &Opened) -> Result<(), String> {
    for _ in 0..TRIES {
        thread::sleep(INTERVAL);
        let told = client.poll(&opened.device_code)?;
        let waits = match &told {
            Some(Reply::Refused(code)) => code == "slow_down" || code == "authorization_pending",
            Some(_) => false,
            None => true,
        };
        if !waits {
            return Ok(());
        }
    }
    Err("a client was never told the end of its request".to_owned())
}

fn until(instant: Instant) {
    thread::sleep(instant.saturating_duration_since(Instant::now()));
}
