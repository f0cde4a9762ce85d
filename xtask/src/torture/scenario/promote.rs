//! The primary is cut off and its synchronous standby takes over: everything acknowledged is there, and the nodes find
//! the new primary by themselves. Then the old one comes back as if nothing had been (threat K7), and nobody uses it: not
//! the nodes that saw it go, and not one that starts only then.
//!
//! It is cut off in two ways in turn: connections end and none is taken, or nothing passes and nobody says so, as when a
//! machine is gone.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    bout::{BACK_LIMIT, Bout},
    fleet::{Fleet, NO_POSTGRES},
    postgres::Cluster,
    proxy::{Network, Proxy},
    table::Row,
};

const LOAD: Duration = Duration::from_millis(800);
const HARMS: [Network; 2] = [Network::Cut, Network::Silent];
/// How long a statement is waited for where nobody says that its server is gone: `statement_timeout_s`, and a second.
const NOTICED: Duration = Duration::from_secs(6);
/// Connections made before the harm end by now once it is over.
const SETTLED: Duration = Duration::from_secs(1);
/// Who of the nodes is connected to a server.
const USERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'placet'";
const LOOKS: u32 = 10;

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let mut rows = Vec::new();
    for (number, harm) in (0..plan.cycles(2, 10)).zip(HARMS.into_iter().cycle()) {
        let Some((mut fleet, mut bout)) = begin(plan, u64::from(number))? else {
            return Ok(Row::skipped("promote", NO_POSTGRES));
        };
        takeover(&mut fleet, &mut bout, harm)?;
        comeback(&mut fleet, &mut bout)?;
        bout.row.cycles = 1;
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

fn takeover(fleet: &mut Fleet, bout: &mut Bout, harm: Network) -> Result<(), String> {
    let (Some(proxy), Some(standby)) = (fleet.proxies.first(), fleet.clusters.get(1)) else {
        return Err("a primary and a standby are needed".to_owned());
    };
    let since = bout.load(|_| {
        thread::sleep(LOAD);
        proxy.set(harm);
        standby.promote()?;
        let since = Instant::now();
        thread::sleep(LOAD);
        Ok(since)
    })?;
    let noticed = if harm == Network::Silent {
        NOTICED
    } else {
        Duration::ZERO
    };
    bout.back_within(since, noticed + BACK_LIMIT)?;
    bout.check("end", fleet.all_alive(), "a node ended with its database");
    bout.judge()
}

/// The network is whole again, and the old primary is there without a fence.
fn comeback(fleet: &mut Fleet, bout: &mut Bout) -> Result<(), String> {
    let proxy = fleet.proxies.first().ok_or("a proxy is needed")?;
    proxy.set(Network::Good);
    let server = fleet.server(1)?;
    server.kill().map_err(|error| error.to_string())?;
    *server = bout.setup.start(1)?;
    let old = fleet.cluster()?;
    let most = bout.load(|_| {
        thread::sleep(SETTLED);
        let mut most = 0;
        for _ in 0..LOOKS {
            let users = old.sql("postgres", USERS)?;
            most = most.max(users.trim().parse::<u64>().unwrap_or(u64::MAX));
            thread::sleep(LOAD / LOOKS);
        }
        Ok(most)
    })?;
    bout.check(
        "K7",
        most == 0,
        "a node uses the old primary that came back",
    );
    bout.judge()
}
