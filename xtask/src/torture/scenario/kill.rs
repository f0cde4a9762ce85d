//! kill -9 under load: no handler runs, nothing is flushed.

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

/// The load of one cycle lasts between these.
const LOAD_MS: std::ops::Range<u64> = 200..1000;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let setup = Setup::new(&plan.binary, &Wishes::local("kill"))?;
    let mut bout = Bout::new("kill", setup, plan.seed)?;
    bout.excuse_torn();
    let mut server = bout.setup.start(0)?;
    for _ in 0..plan.cycles(25, 250) {
        let length = Duration::from_millis(bout.dice.between(LOAD_MS));
        bout.load(|_| {
            thread::sleep(length);
            server.kill().map_err(|error| error.to_string())
        })?;
        let since = Instant::now();
        server = bout.setup.start(0)?;
        bout.back(since)?;
        bout.judge()?;
    }
    drop(server);
    bout.finish()
}
