//! The database ends under load and is started again: fast, immediate, and by kill -9.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    postgres::Stop,
    table::Row,
};

const LOAD_MS: std::ops::Range<u64> = 300..900;
const WAYS: [Stop; 3] = [Stop::Kill, Stop::Fast, Stop::Immediate];

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some((mut fleet, mut bout)) = Fleet::on_postgres(plan, "pg-restart", 2)? else {
        return Ok(Row::skipped("pg-restart", NO_POSTGRES));
    };
    for number in 0..plan.cycles(3, 90) {
        let way = usize::try_from(number)
            .ok()
            .and_then(|n| WAYS.get(n % WAYS.len()));
        let length = Duration::from_millis(bout.dice.between(LOAD_MS));
        let cluster = fleet.cluster()?;
        let since = bout.load(|_| {
            thread::sleep(length);
            cluster.stop(way.copied().unwrap_or(Stop::Fast))?;
            cluster.start()?;
            Ok(Instant::now())
        })?;
        bout.back(since)?;
        bout.check("end", fleet.all_alive(), "a node ended with its database");
        bout.judge()?;
    }
    fleet.servers.clear();
    bout.finish()
}
