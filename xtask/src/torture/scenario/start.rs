//! A start on a full store after kill -9: how long until the first answer, until `/ready`, until the first durable write.
//! The times are printed and judge nothing: they are this machine's.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::http::{Connection, Request};
use crate::torture::{
    Plan,
    hand::Hand,
    journal::JournalProcess,
    lines::{Lines, Tally},
    setup::{SERVICE, Setup, Wishes},
    table::Row,
};

const SHORT_ROWS: u64 = 3_000;
const LONG_ROWS: u64 = 1_000_000;
const FILLERS: u64 = 8;
/// Requests of a filler between two looks at the size.
const ROUND: u64 = 250;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("start"))?;
    let wanted = plan
        .rows
        .unwrap_or(if plan.short { SHORT_ROWS } else { LONG_ROWS });
    println!("start: {wanted} rows, work in {}", setup.work.display());
    let mut server = setup.start(0)?;
    let mut requests = 0;
    // A token is at least one row; the store itself tells how many there are.
    while let Some(left) = wanted.checked_sub(rows(&setup)?).filter(|left| *left > 0) {
        let each = (left / FILLERS / 3).max(ROUND);
        fill(&setup, each)?;
        requests += each * FILLERS;
    }
    let tally = Tally::default();
    let journal = JournalProcess::start(&setup.work)?;
    let steps = std::sync::atomic::AtomicU64::new(1);
    let mut times = Vec::new();
    let cycles = plan.cycles(2, 5);
    for _ in 0..cycles {
        fill(&setup, ROUND)?;
        server.kill().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        server = setup.start(0)?;
        let first = server.first_answer;
        while !setup.ready(0).is_ok_and(|(ready, _)| ready) {
            thread::sleep(Duration::from_millis(1));
        }
        let ready = begun.elapsed();
        let lines = Lines::new(&setup.host, &setup.addresses(), &tally);
        let written = Hand::new(&lines, journal.connect()?, &steps)
            .mint()?
            .is_some();
        times.push((first, ready, written.then(|| begun.elapsed())));
    }
    let count = rows(&setup)?;
    drop(server);
    let mut row = Row {
        scenario: "start".to_owned(),
        cycles,
        requests,
        errors: tally.to_string(),
        ..Row::default()
    };
    for (first, ready, written) in times {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        row.back = row.back.max(Some(ready));
        row.notes.push(format!(
            "{count} rows: first answer after {:.0} ms, ready after {:.0} ms, first write after {}",
            ms(first),
            ms(ready),
            written.map_or("no write".to_owned(), |time| format!("{:.0} ms", ms(time)))
        ));
    }
    row.violations.extend(setup.verify()?);
    Ok(row)
}

/// How many records and events the store holds.
fn rows(setup: &Setup) -> Result<u64, String> {
    let (_, text) = setup.ask(&["verify", "--json"])?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let number = |name: &str| {
        json.get(name)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0)
    };
    Ok(number("records") + number("events"))
}

/// Many clients that each take tokens.
fn fill(setup: &Setup, each: u64) -> Result<(), String> {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    let request = Request::post("/token", &fields).basic(SERVICE.0, SERVICE.1);
    let address = setup.node(0)?.address.as_str();
    thread::scope(|scope| {
        let fillers: Vec<_> = (0..FILLERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut line = Connection::lazy(address);
                    (0..each).try_for_each(|_| match line.send(&request) {
                        Ok(reply) if reply.status == 200 => Ok(()),
                        Ok(reply) => Err(format!("filling: status {}", reply.status)),
                        Err(error) => Err(format!("filling: {error}")),
                    })
                })
            })
            .collect();
        fillers
            .into_iter()
            .try_for_each(|filler| filler.join().map_err(|_| "a filler panicked".to_owned())?)
    })
}
