//! One and the same small load: a fixed number of requests of each kind by a few actors, each waiting for its answer.

use std::{thread, time::Instant};

use serde_json::{Value, json};

use super::{
    actor::Actor,
    counters::{Counters, DATABASE},
    cpu::Spent,
    log,
};
use crate::{
    server::Server,
    torture::{lines::Tally, postgres::Cluster, setup::Setup},
};

const ACTORS: u32 = 8;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    DeviceAuthorization,
    /// Each code of the kind before is polled once, as a client that keeps to the interval would.
    Poll,
    ClientCredentials,
    Introspection,
}

/// How a kind went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) kind: Kind,
    pub(super) requests: f64,
    pub(super) per_s: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) server_us: f64,
    pub(super) database_us: f64,
    /// Of the write-ahead log, for each request.
    pub(super) record_bytes: f64,
    pub(super) image_bytes: f64,
}

/// What a load runs on.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) setup: &'a Setup,
    pub(super) servers: &'a [Server],
    pub(super) tally: &'a Tally,
    /// Requests of each actor.
    pub(super) requests: u32,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::DeviceAuthorization => "device authorization",
            Self::Poll => "pending poll",
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
        }
    }
}

impl Figures {
    pub(super) fn json(&self) -> Value {
        json!({
            "kind": self.kind.name(), "requests": self.requests, "requests_per_s": self.per_s,
            "p50_ms": self.p50_ms, "p99_ms": self.p99_ms, "server_cpu_us": self.server_us,
            "database_cpu_us": self.database_us, "log_record_bytes": self.record_bytes,
            "log_image_bytes": self.image_bytes,
        })
    }
}

/// Sends all kinds, one after the other.
pub(super) fn run(ground: &Ground<'_>) -> Result<Vec<Figures>, String> {
    let nodes = ground.servers.len();
    let mut teams: Vec<Teammate<'_>> = (0..ACTORS)
        .map(|_| Teammate {
            actor: Actor::new(ground.setup, nodes, ground.tally),
            codes: Vec::new(),
            token: String::new(),
            waited_ms: Vec::new(),
        })
        .collect();
    for mate in &mut teams {
        mate.token = mate.actor.mint()?;
    }
    [
        Kind::DeviceAuthorization,
        Kind::Poll,
        Kind::ClientCredentials,
        Kind::Introspection,
    ]
    .into_iter()
    .map(|kind| one_kind(ground, kind, &mut teams))
    .collect()
}

/// An actor with what it has in hand.
#[derive(Debug)]
struct Teammate<'a> {
    actor: Actor<'a>,
    codes: Vec<String>,
    token: String,
    waited_ms: Vec<f64>,
}

impl Teammate<'_> {
    fn ask(&mut self, kind: Kind, requests: u32) -> Result<(), String> {
        self.waited_ms.clear();
        for _ in 0..requests {
            let begun = Instant::now();
            match kind {
                Kind::DeviceAuthorization => self.codes.push(self.actor.open()?.0),
                Kind::Poll => {
                    let code = self.codes.pop().ok_or("there are more polls than codes")?;
                    self.actor.poll(&code)?;
                }
                Kind::ClientCredentials => drop(self.actor.mint()?),
                Kind::Introspection => self.actor.introspect(&self.token)?,
            }
            self.waited_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(())
    }
}

fn one_kind(
    ground: &Ground<'_>,
    kind: Kind,
    teams: &mut [Teammate<'_>],
) -> Result<Figures, String> {
    let ids: Vec<u32> = ground.servers.iter().map(Server::id).collect();
    // From here on, each page is written whole with its first change.
    ground.cluster.sql(DATABASE, "CHECKPOINT")?;
    let from = log::place(ground.cluster)?;
    let before = Spent::read(ground.cluster, &ids)?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let asked: Vec<_> = teams
            .iter_mut()
            .map(|mate| scope.spawn(move || mate.ask(kind, ground.requests)))
            .collect();
        asked
            .into_iter()
            .try_for_each(|mate| mate.join().map_err(|_| "an actor failed".to_owned())?)
    })?;
    let took_s = begun.elapsed().as_secs_f64();
    let spent = Spent::read(ground.cluster, &ids)?.since(before);
    let written: Counters = log::since(ground.cluster, &from)?;
    let requests = f64::from(ACTORS * ground.requests);
    let mut waited: Vec<f64> = teams
        .iter()
        .flat_map(|mate| mate.waited_ms.clone())
        .collect();
    waited.sort_by(f64::total_cmp);
    Ok(Figures {
        kind,
        requests,
        per_s: requests / took_s,
        p50_ms: at_percent(&waited, 50),
        p99_ms: at_percent(&waited, 99),
        server_us: spent.servers_ms * 1000.0 / requests,
        database_us: spent.database_ms * 1000.0 / requests,
        record_bytes: written.get("record_bytes") / requests,
        image_bytes: written.get("image_bytes") / requests,
    })
}

/// Of sorted numbers, the one below which `percent` of them lie.
fn at_percent(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_sorted_numbers() {
        let sorted: Vec<f64> = (0..100).map(f64::from).collect();
        assert!((at_percent(&sorted, 50) - 50.0).abs() < f64::EPSILON);
        assert!((at_percent(&sorted, 99) - 99.0).abs() < f64::EPSILON);
        assert!(at_percent(&[], 50).is_nan());
    }
}
