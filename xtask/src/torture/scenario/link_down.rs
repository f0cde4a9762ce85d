//! The network link between nodes and store goes down and comes back, in a network namespace of the store's own: packets
//! vanish, and nobody is told.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::torture::{
    Plan,
    fleet::{Fleet, NO_POSTGRES},
    postgres::Cluster,
    table::Row,
};

const LOAD: Duration = Duration::from_millis(500);
/// A network that is kept for private use (RFC 2544 §C.2.2), and so seldom in use elsewhere.
const OURS: &str = "198.18.77.1";
const THEIRS: &str = "198.18.77.2";

pub(super) fn run(plan: &Plan) -> Result<Row, String> {
    let Some(link) = Link::new() else {
        return Ok(Row::skipped("link-down", "a network namespace needs root"));
    };
    let before = ["ip", "netns", "exec", &link.name].map(str::to_owned);
    let Some(cluster) = Cluster::inside(&before, THEIRS)? else {
        return Ok(Row::skipped("link-down", NO_POSTGRES));
    };
    let url = cluster.url();
    let ground = (vec![cluster], Vec::new());
    let (mut fleet, mut bout) = Fleet::on(plan, "link-down", 2, ground, &url)?;
    let length = Duration::from_secs(if plan.short { 3 } else { 20 });
    for _ in 0..plan.cycles(1, 10) {
        let since = bout.load(|_| {
            thread::sleep(LOAD);
            link.set("down")?;
            thread::sleep(length);
            link.set("up")?;
            let since = Instant::now();
            thread::sleep(LOAD);
            Ok(since)
        })?;
        bout.back(since)?;
        bout.check("end", fleet.all_alive(), "a node ended with its network");
        bout.judge()?;
    }
    fleet.servers.clear();
    let row = bout.finish();
    drop(fleet);
    drop(link);
    row
}

/// A namespace and the pair of devices that leads there.
struct Link {
    name: String,
    device: String,
}

impl Link {
    /// Nothing where that is not permitted.
    fn new() -> Option<Self> {
        let id = std::process::id();
        let link = Self {
            name: format!("placet-{id}"),
            device: format!("pl{id}"),
        };
        let (near, far) = (&link.device, format!("pf{id}"));
        let inside = format!("-n {}", link.name);
        let steps = [
            format!("netns add {}", link.name),
            format!(
                "link add {near} type veth peer name {far} netns {}",
                link.name
            ),
            format!("addr add {OURS}/30 dev {near}"),
            format!("link set {near} up"),
            format!("{inside} addr add {THEIRS}/30 dev {far}"),
            format!("{inside} link set {far} up"),
            format!("{inside} link set lo up"),
        ];
        steps.iter().all(|step| ip(step)).then_some(link)
    }

    fn set(&self, state: &str) -> Result<(), String> {
        if ip(&format!("link set {} {state}", self.device)) {
            Ok(())
        } else {
            Err(format!("the link could not be set {state}"))
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The devices go with the namespace.
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(words: &str) -> bool {
    let mut command = Command::new("ip");
    command.args(words.split(' ')).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
