//! The database is away for a while: what is asked meanwhile is told to come again, nobody is busy with waiting, and all
//! is well soon after.

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

const LOAD: Duration = Duration::from_millis(500);
/// How long the nodes are asked while the database is away.
const ASKED: Duration = Duration::from_secs(2);
/// What a node may use of a processor while nobody asks it and the database is away.
const BUSY_PER_CENT: u64 = 10;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some((mut fleet, mut bout)) = Fleet::on_postgres(plan, "pg-stopped", 2)? else {
        return Ok(Row::skipped("pg-stopped", NO_POSTGRES));
    };
    let quiet = Duration::from_secs(if plan.short { 3 } else { 28 });
    let mut busiest = 0;
    for _ in 0..plan.cycles(1, 5) {
        let cluster = fleet.cluster()?;
        bout.load(|_| {
            thread::sleep(LOAD);
            cluster.stop(Stop::Fast)?;
            thread::sleep(ASKED);
            Ok(())
        })?;
        let before = fleet.ticks();
        thread::sleep(quiet);
        // One tick is 10 ms, so ticks per second are per cent of one processor.
        let per_cent = (fleet.ticks() - before) / quiet.as_secs() / 2;
        busiest = busiest.max(per_cent);
        bout.check(
            "busy",
            per_cent <= BUSY_PER_CENT,
            &format!("{per_cent} % of a processor for waiting"),
        );
        let (ready, reasons) = bout.setup.ready(0)?;
        bout.check(
            "ready",
            !ready && !reasons.is_empty(),
            "/ready does not say that the database is away",
        );
        fleet.cluster()?.start()?;
        bout.back(Instant::now())?;
        bout.check("end", fleet.all_alive(), "a node ended with its database");
        bout.judge()?;
    }
    bout.row
        .notes
        .push(format!("{busiest} % of a processor for waiting, per node"));
    fleet.servers.clear();
    bout.finish()
}
