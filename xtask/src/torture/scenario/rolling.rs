//! Nodes are stopped and started one by one under load, as in an upgrade. A client that asks another node once more
//! notices nothing.
//!
//! The first time all three are of an older release where there is one: its nodes go on while the database is brought up
//! to date, and then work beside those of this release, until the last of them is replaced.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    older,
    table::Row,
};

const NODES: usize = 3;
const LOAD: Duration = Duration::from_millis(300);
/// Two releases beside each other are looked at for longer, where there is time.
const LOAD_MIXED: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(12);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let older = older::find(plan)?;
    let binary = older.as_ref().map_or(&plan.binary, |older| &older.binary);
    let first = Plan {
        binary: binary.clone(),
        old_binary: None,
        ..*plan
    };
    let Some((mut fleet, mut bout)) = Fleet::on_postgres(&first, "rolling", NODES)? else {
        return Ok(Row::skipped("rolling", NO_POSTGRES));
    };
    bout.ask_another_node();
    bout.setup.use_binary(plan.binary.clone());
    let mut mixed = older.is_some();
    for _ in 0..plan.cycles(1, 20) {
        let load = if mixed && !plan.short {
            LOAD_MIXED
        } else {
            LOAD
        };
        let (migrated, ended) = bout.load(|bout| {
            let mut migrated = Ok(());
            if mixed {
                // What an operator does first, while everybody works.
                thread::sleep(load);
                let (done, text) = bout.setup.ask(&["migrate"])?;
                migrated = if done { Ok(()) } else { Err(text) };
            }
            let mut ended = true;
            for number in 0..NODES {
                thread::sleep(load);
                let server = fleet.server(number)?;
                let end = server.terminate(LIMIT);
                ended &= end.is_some_and(|(status, _)| status.success());
                *server = bout.setup.start(number)?;
            }
            thread::sleep(load);
            Ok((migrated, ended))
        })?;
        if let Err(text) = migrated {
            bout.broken("migrate", text.trim());
        }
        bout.check("end", ended, "a node did not end in order");
        bout.back(Instant::now())?;
        bout.judge()?;
        mixed = false;
    }
    let failed = bout.tally.failed();
    bout.check(
        "errors",
        failed == 0,
        &format!("{failed} requests failed on every node"),
    );
    bout.row.notes.push(match &older {
        Some(older) => format!("the first nodes were of {}", older.name),
        None => "all nodes were of one release".to_owned(),
    });
    let retried = bout.tally.retried();
    bout.row.notes.push(format!(
        "{retried} requests were sent to another node once more"
    ));
    fleet.servers.clear();
    bout.finish()
}
