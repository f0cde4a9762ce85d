//! kill -9 of one node of three, while the others go on.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    table::Row,
};

const NODES: u64 = 3;
const LOAD_MS: std::ops::Range<u64> = 300..900;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let found = Fleet::on_postgres(plan, "kill-node", usize::try_from(NODES).unwrap_or(3))?;
    let Some((mut fleet, mut bout)) = found else {
        return Ok(Row::skipped("kill-node", NO_POSTGRES));
    };
    bout.excuse_torn();
    for _ in 0..plan.cycles(3, 100) {
        let victim = usize::try_from(bout.dice.between(0..NODES)).unwrap_or(0);
        let (before, after) = (bout.dice.between(LOAD_MS), bout.dice.between(LOAD_MS));
        let server = fleet.server(victim)?;
        let since = bout.load(|bout| {
            thread::sleep(Duration::from_millis(before));
            server.kill().map_err(|error| error.to_string())?;
            // The others work on without it.
            thread::sleep(Duration::from_millis(after));
            let since = Instant::now();
            *server = bout.setup.start(victim)?;
            Ok(since)
        })?;
        bout.back(since)?;
        bout.judge()?;
    }
    fleet.servers.clear();
    bout.finish()
}
