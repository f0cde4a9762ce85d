//! The primary is cut off and its synchronous standby takes over: everything acknowledged is there, and the nodes find
//! the new primary by themselves.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::Bout,
    fleet::{Fleet, NO_POSTGRES},
    postgres::Cluster,
    proxy::{Network, Proxy},
    table::Row,
};

const LOAD: Duration = Duration::from_millis(800);

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let mut rows = Vec::new();
    for number in 0..plan.cycles(1, 10) {
        let Some((mut fleet, mut bout)) = begin(plan, u64::from(number))? else {
            return Ok(Row::skipped("promote", NO_POSTGRES));
        };
        takeover(&mut fleet, &mut bout)?;
        fleet.servers.clear();
        rows.push(bout.finish()?);
    }
    Ok(Row::sum("promote", rows))
}

/// A primary and its standby, each behind a proxy that stands in for the network.
fn begin(plan: &Plan, number: u64) -> Result<Option<(Fleet, Bout)>, String> {
    let Some(primary) = Cluster::new()? else {
        return Ok(None);
    };
    let standby = primary.synchronous_standby()?;
    let proxies = vec![
        Proxy::to(&primary.address())?,
        Proxy::to(&standby.address())?,
    ];
    let addresses: Vec<String> = proxies.iter().map(|proxy| proxy.address.clone()).collect();
    let url = format!(
        "{}?target_session_attrs=read-write",
        Cluster::url_at(&addresses)
    );
    let plan = Plan {
        seed: plan.seed ^ number,
        binary: plan.binary.clone(),
        old_binary: None,
        ..*plan
    };
    Fleet::on(&plan, "promote", 2, (vec![primary, standby], proxies), &url).map(Some)
}

fn takeover(fleet: &mut Fleet, bout: &mut Bout) -> Result<(), String> {
    let (Some(proxy), Some(standby)) = (fleet.proxies.first(), fleet.clusters.get(1)) else {
        return Err("a primary and a standby are needed".to_owned());
    };
    let since = bout.load(|_| {
        thread::sleep(LOAD);
        proxy.set(Network::Cut);
        standby.promote()?;
        let since = Instant::now();
        thread::sleep(LOAD);
        Ok(since)
    })?;
    bout.back(since)?;
    bout.check("end", fleet.all_alive(), "a node ended with its database");
    bout.judge()
}
