//! A start on a full store after kill -9: how long until the first answer, until `/ready`, until the first durable write.
//! A server is to be ready soon, however many rows there are.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::http::{Connection, Request};
use crate::torture::{
    Plan,
    fleet::NO_POSTGRES,
    hand::Hand,
    journal::JournalProcess,
    judge::Violation,
    lines::{Lines, Tally},
    postgres::Cluster,
    setup::{SERVICE, Setup, Wishes},
    table::Row,
};

const SHORT_ROWS: u64 = 3_000;
const LONG_ROWS: u64 = 1_000_000;
const FILLERS: u64 = 8;
/// How soon `/ready` must say so. A short run is one of an unoptimised server beside everything else a gate does.
const LONG_LIMIT: Duration = Duration::from_millis(300);
const SHORT_LIMIT: Duration = Duration::from_millis(1_500);
/// Requests of a filler between two looks at the size.
const ROUND: u64 = 250;

pub(super) fn sqlite(plan: &Plan) -> Result<Row, String> {
    run(plan, &Wishes::local("start"))
}

pub(super) fn postgres(plan: &Plan) -> Result<Row, String> {
    let Some(cluster) = Cluster::new()? else {
        return Ok(Row::skipped("start-nodes", NO_POSTGRES));
    };
    let wishes = Wishes {
        databases: vec![cluster.url()],
        ..Wishes::local("start-nodes")
    };
    run(plan, &wishes)
}

fn run(plan: &Plan, wishes: &Wishes<'_>) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, wishes)?;
    let wanted = plan
        .rows
        .unwrap_or(if plan.short { SHORT_ROWS } else { LONG_ROWS });
    println!(
        "{}: {wanted} rows, work in {}",
        wishes.name,
        setup.work.display()
    );
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
        times.push(Times {
            first,
            ready,
            written: written.then(|| begun.elapsed()),
        });
    }
    let count = rows(&setup)?;
    drop(server);
    let mut row = Row {
        scenario: wishes.name.to_owned(),
        cycles,
        requests,
        errors: tally.to_string(),
        ..Row::default()
    };
    let limit = if plan.short { SHORT_LIMIT } else { LONG_LIMIT };
    for times in times {
        times.judge(count, limit, &mut row);
    }
    row.violations.extend(setup.verify()?);
    Ok(row)
}

/// How long after its start a server did something first.
struct Times {
    first: Duration,
    ready: Duration,
    written: Option<Duration>,
}

impl Times {
    fn judge(&self, count: u64, limit: Duration, row: &mut Row) {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        row.back = row.back.max(Some(self.ready));
        row.notes.push(format!(
            "{count} rows: first answer after {:.0} ms, ready after {:.0} ms, first write after {}",
            ms(self.first),
            ms(self.ready),
            self.written
                .map_or("no write".to_owned(), |time| format!("{:.0} ms", ms(time)))
        ));
        let mut broken = |what: String| {
            row.violations.insert(Violation {
                rule: "start",
                what,
            });
        };
        if self.ready > limit {
            broken(format!(
                "ready after {:.0} ms, not {:.0} ms",
                ms(self.ready),
                ms(limit)
            ));
        }
        if self.written.is_none() {
            broken("a server that was ready wrote nothing".to_owned());
        }
    }
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
