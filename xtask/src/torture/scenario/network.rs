//! A bad network between nodes and store: late, lossy, narrow, silent, cut.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    proxy::Network,
    table::Row,
};

const LOAD: Duration = Duration::from_millis(400);

/// What is done, in turn.
const HARMS: [Network; 5] = [
    Network::Late(Duration::from_millis(40)),
    Network::Lossy {
        one_in: 20,
        late: Duration::from_millis(200),
    },
    Network::Narrow(200_000),
    Network::Silent,
    Network::Cut,
];

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some((mut fleet, mut bout)) = Fleet::through_proxy(plan, "network", 2)? else {
        return Ok(Row::skipped("network", NO_POSTGRES));
    };
    let length = Duration::from_millis(if plan.short { 1_500 } else { 12_000 });
    for number in 0..plan.cycles(5, 50) {
        let harm = usize::try_from(number)
            .ok()
            .and_then(|n| HARMS.get(n % HARMS.len()));
        let proxy = fleet.proxy()?;
        let since = bout.load(|_| {
            thread::sleep(LOAD);
            proxy.set(harm.copied().unwrap_or(Network::Cut));
            thread::sleep(length);
            proxy.set(Network::Good);
            let since = Instant::now();
            thread::sleep(LOAD);
            Ok(since)
        })?;
        bout.back(since)?;
        bout.check("end", fleet.all_alive(), "a node ended with its network");
        bout.judge()?;
    }
    fleet.servers.clear();
    bout.finish()
}
