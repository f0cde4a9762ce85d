//! SIGTERM under load: what is in flight is answered whole, and the process ends by itself within 10 s.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::Bout,
    setup::{Setup, Wishes},
    table::Row,
};

const LOAD_MS: std::ops::Range<u64> = 300..1200;
/// What `limits.drain_s` promises.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("sigterm"))?;
    let mut bout = Bout::new("sigterm", setup, plan.seed)?;
    let mut server = bout.setup.start(0)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..plan.cycles(4, 60) {
        let length = Duration::from_millis(bout.dice.between(LOAD_MS));
        let ended = bout.load(|_| {
            thread::sleep(length);
            Ok(server.terminate(LIMIT))
        })?;
        match ended {
            None => bout.broken("end", "still running 10 s after SIGTERM"),
            Some((status, took)) => {
                slowest = slowest.max(took);
                bout.check("end", status.success(), &format!("ended with {status}"));
            }
        }
        let since = Instant::now();
        server = bout.setup.start(0)?;
        bout.back(since)?;
        bout.judge()?;
    }
    drop(server);
    let note = format!("ended within {:.2} s of SIGTERM", slowest.as_secs_f64());
    bout.row.notes.push(note);
    bout.finish()
}
