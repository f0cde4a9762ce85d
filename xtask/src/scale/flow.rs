//! What each flow costs the store, counted by the database while the flow runs many times.

use super::{actor::Actor, counters::Counters, log};
use crate::torture::postgres::Cluster;

/// A flow, with how often it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nothing but what servers do by themselves, for the time of a reading.
    Idle,
    ClientCredentials,
    Introspection,
    /// Device authorization alone.
    DeviceAuthorization,
    /// A poll that finds its request undecided.
    Poll,
    /// Device authorization, the answer of a person who is signed in, the poll that collects.
    Device,
    /// An authorization code with a password and a new session; the agreement is remembered.
    CodeWithPassword,
    /// An authorization code in a browser that is signed in, the agreement remembered.
    Code,
    Refresh,
    Revocation,
}

/// A flow with what one run of it costs.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) flow: Flow,
    pub(super) runs: f64,
    pub(super) each: Counters,
}

impl Flow {
    pub(super) const ALL: [Self; 10] = [
        Self::Idle,
        Self::ClientCredentials,
        Self::Introspection,
        Self::DeviceAuthorization,
        Self::Poll,
        Self::Device,
        Self::CodeWithPassword,
        Self::Code,
        Self::Refresh,
        Self::Revocation,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
            Self::DeviceAuthorization => "device authorization",
            Self::Poll => "pending poll",
            Self::Device => "device flow",
            Self::CodeWithPassword => "code flow with password",
            Self::Code => "code flow, signed in",
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
        }
    }

    const fn runs(self) -> u32 {
        match self {
            Self::Idle => 1,
            // A password takes tens of milliseconds of a core by design.
            Self::CodeWithPassword => 20,
            Self::ClientCredentials
            | Self::Introspection
            | Self::DeviceAuthorization
            | Self::Poll
            | Self::Device
            | Self::Code
            | Self::Refresh
            | Self::Revocation => 100,
        }
    }

    /// Runs the flow between two readings, the first of which is `before`; gives the cost and the second.
    fn measure(
        self,
        cluster: &Cluster,
        actor: &mut Actor<'_>,
        ready: &[String],
        before: &Counters,
    ) -> Result<(Counters, Counters), String> {
        actor.reconnect();
        let from = log::place(cluster)?;
        let mut token = ready.last().cloned().unwrap_or_default();
        for number in 0..self.runs() {
            let given = ready.get(number as usize);
            let given = given.or(ready.first()).map_or("", String::as_str);
            match self {
                Self::Idle => {}
                Self::ClientCredentials => drop(actor.mint()?),
                Self::Introspection => actor.introspect(given)?,
                Self::DeviceAuthorization => drop(actor.open()?),
                Self::Poll => actor.poll(given)?,
                Self::Device => drop(actor.device()?),
                Self::CodeWithPassword => {
                    actor.leave();
                    drop(actor.code()?);
                }
                Self::Code => drop(actor.code()?),
                Self::Refresh => token = actor.refresh(&token)?,
                Self::Revocation => actor.revoke(given)?,
            }
        }
        let written = log::since(cluster, &from)?;
        let after = Counters::settled(cluster)?;
        Ok((after.since(before).and(&written), after))
    }

    /// Tokens and codes that the runs use up; a first run, so that pages and agreements are there.
    fn prepare(self, actor: &mut Actor<'_>) -> Result<Vec<String>, String> {
        let many = |one: &mut dyn FnMut() -> Result<String, String>| {
            (0..self.runs())
                .map(|_| one())
                .collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self::Idle => Ok(Vec::new()),
            Self::ClientCredentials | Self::Introspection => Ok(vec![actor.mint()?]),
            Self::Poll => many(&mut || actor.open().map(|(device_code, _)| device_code)),
            Self::DeviceAuthorization | Self::Device => Ok(vec![actor.device()?]),
            Self::Code | Self::CodeWithPassword | Self::Refresh => Ok(vec![actor.code()?]),
            Self::Revocation => many(&mut || actor.device()),
        }
    }
}

/// Makes ready what all flows need, then runs one after the other. What nodes do by themselves is taken off.
pub(super) fn costs(cluster: &Cluster, actor: &mut Actor<'_>) -> Result<Vec<Cost>, String> {
    let mut ready = Vec::new();
    for flow in Flow::ALL {
        ready.push(flow.prepare(actor)?);
    }
    let mut before = Counters::settled(cluster)?;
    let mut idle = Counters::default();
    let mut costs = Vec::new();
    for (flow, ready) in Flow::ALL.into_iter().zip(&ready) {
        println!("counting: {}", flow.name());
        let (added, after) = flow.measure(cluster, actor, ready, &before)?;
        let added = added.since(&idle);
        if flow == Flow::Idle {
            idle = added.clone();
        }
        let runs = f64::from(flow.runs());
        costs.push(Cost {
            flow,
            runs,
            each: added.times(1.0 / runs),
        });
        before = after;
    }
    Ok(costs)
}

impl Cost {
    /// Commits that write: each of them writes one event.
    pub(super) fn commits(&self) -> f64 {
        self.each.get("event.inserted")
    }

    /// Statements that only read: every other transaction.
    pub(super) fn reads(&self) -> f64 {
        self.each.get("transactions") - self.commits()
    }

    /// Rows written: made, changed and deleted, in all tables.
    pub(super) fn rows(&self) -> f64 {
        let wanted = |name: &str| {
            [".inserted", ".updated", ".deleted"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let rows = self.each.iter().filter(|(name, _)| wanted(name));
        rows.map(|(_, count)| count).sum()
    }
}
