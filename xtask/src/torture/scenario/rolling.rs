//! Nodes are stopped and started one by one under load, as in an upgrade. A client that asks another node once more
//! notices nothing.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    table::Row,
};

const NODES: usize = 3;
const LOAD: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(12);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let old = Plan {
        binary: plan.old_binary.clone().unwrap_or(plan.binary.clone()),
        old_binary: None,
        ..*plan
    };
    let Some((mut fleet, mut bout)) = Fleet::on_postgres(&old, "rolling", NODES)? else {
        return Ok(Row::skipped("rolling", NO_POSTGRES));
    };
    bout.ask_another_node();
    bout.setup.use_binary(plan.binary.clone());
    if plan.old_binary.is_some() {
        // What an operator does first.
        let (migrated, text) = bout.setup.ask(&["migrate"])?;
        bout.check("migrate", migrated, text.trim());
    }
    for _ in 0..plan.cycles(1, 20) {
        let ended = bout.load(|bout| {
            let mut all = true;
            for number in 0..NODES {
                thread::sleep(LOAD);
                let server = fleet.server(number)?;
                let ended = server.terminate(LIMIT);
                all &= ended.is_some_and(|(status, _)| status.success());
                *server = bout.setup.start(number)?;
            }
            thread::sleep(LOAD);
            Ok(all)
        })?;
        bout.check("end", ended, "a node did not end in order");
        bout.back(Instant::now())?;
        bout.judge()?;
    }
    let failed = bout.tally.failed();
    bout.check(
        "errors",
        failed == 0,
        &format!("{failed} requests failed on every node"),
    );
    let retried = bout.tally.retried();
    bout.row.notes.push(format!(
        "{retried} requests were sent to another node once more"
    ));
    fleet.servers.clear();
    bout.finish()
}
