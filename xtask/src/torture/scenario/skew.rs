//! Two nodes whose clocks are 30 s apart: the store's time decides, so nobody notices.

use std::{thread, time::Duration};

use crate::torture::{
    Plan,
    bout::Bout,
    fleet::NO_POSTGRES,
    postgres::Cluster,
    setup::{Setup, Wishes},
    shim::Shim,
    table::Row,
};

const LOAD: Duration = Duration::from_millis(1500);
const APART_MS: i64 = 30_000;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some(cluster) = Cluster::new()? else {
        return Ok(Row::skipped("skew", NO_POSTGRES));
    };
    let wishes = Wishes {
        name: "skew",
        nodes: 2,
        databases: vec![cluster.url()],
        more: String::new(),
    };
    let mut bout = Bout::new("skew", Setup::new(&plan.binary, &wishes)?, plan.seed)?;
    let shim = Shim::new(&bout.setup.work, &bout.setup.store())?;
    for number in 0..plan.cycles(2, 20) {
        // One cycle the second node is ahead, one it is behind.
        let ahead = number.is_multiple_of(2);
        shim.set_clock(if ahead { APART_MS } else { -APART_MS })?;
        let servers = [
            bout.setup.start(0)?,
            bout.setup.start_with(1, &shim.environment(false))?,
        ];
        bout.load(|_| {
            thread::sleep(LOAD);
            Ok(())
        })?;
        for node in 0..servers.len() {
            let (ready, reasons) = bout.setup.ready(node)?;
            bout.check(
                "ready",
                ready,
                &format!("node {node} is not ready: {reasons:?}"),
            );
        }
        bout.judge()?;
        let failed = bout.tally.failed();
        bout.check("errors", failed == 0, &format!("{failed} requests failed"));
        for mut server in servers {
            server.stop();
        }
    }
    bout.finish()
}
