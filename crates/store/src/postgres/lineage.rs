//! Which life of a database a server tells of: after a fail-over the old primary may come back as if nothing had been.
//!
//! 1. A database has an identity of its own, which its copies share, and each promotion of a standby begins a new
//!    timeline, with a higher number than all before it.
//! 2. The newest timeline this node has seen of each database is remembered. A server of an older one is an old primary:
//!    no connection to it is used, and those that were made before are of no more use (threat K7).
//! 3. Engines that have no timelines tell none, and are believed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio_postgres::{Client, SimpleQueryMessage};

/// The first eight digits of the name of a log file are the timeline that is written. Anybody may ask.
const ASK: &str = "SELECT system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()";

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    system: String,
    timeline: u32,
}

/// The newest timeline of each database that was seen.
#[derive(Debug, Default)]
pub(super) struct Lineage(Mutex<BTreeMap<String, Arc<AtomicU32>>>);

/// Where a connection leads, and whether that is still the newest.
#[derive(Debug, Clone, Default)]
pub(super) struct Descent(Option<(u32, Arc<AtomicU32>)>);

/// The server's timeline is older than one that was seen.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an old primary that came back: it is on timeline {found}, and {newest} was seen of the same database"
)]
pub(super) struct Outdated {
    found: u32,
    newest: u32,
}

impl Origin {
    /// Asks a server; `None` where it has no such thing.
    pub(super) async fn of(client: &Client) -> Option<Self> {
        let told = client.simple_query(ASK).await.ok()?;
        told.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Self::read(row.get(0)?, row.get(1)?),
            _ => None,
        })
    }

    fn read(system: &str, timeline: &str) -> Option<Self> {
        Some(Self {
            system: system.to_owned(),
            timeline: u32::from_str_radix(timeline, 16).ok()?,
        })
    }
}

impl Lineage {
    /// Remembers what a server says.
    ///
    /// # Errors
    /// [`Outdated`] when a newer timeline was seen before.
    pub(super) fn take(&self, origin: Option<Origin>) -> Result<Descent, Outdated> {
        let Some(Origin { system, timeline }) = origin else {
            return Ok(Descent(None));
        };
        let newest = {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(system).or_default())
        };
        let before = newest.fetch_max(timeline, Ordering::AcqRel);
        if before > timeline {
            return Err(Outdated {
                found: timeline,
                newest: before,
            });
        }
        Ok(Descent(Some((timeline, newest))))
    }
}

impl Descent {
    /// Whether a newer timeline was seen since.
    pub(super) fn is_outdated(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|(mine, newest)| newest.load(Ordering::Acquire) > *mine)
    }

    /// The timeline, 0 where there is none.
    pub(super) fn timeline(&self) -> u32 {
        self.0.as_ref().map_or(0, |(mine, _)| *mine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k7_an_older_timeline_of_the_same_database_is_refused_and_left() {
        let lineage = Lineage::default();
        let told = |system: &str, timeline: &str| lineage.take(Origin::read(system, timeline));
        let first = told("7", "00000001").unwrap();
        assert!(!first.is_outdated());
        let promoted = told("7", "0000000A").unwrap();
        assert!(first.is_outdated() && !promoted.is_outdated());
        let refused = told("7", "00000001").unwrap_err();
        assert_eq!((refused.found, refused.newest), (1, 10));
        // Another database, or one that was made anew, has a count of its own.
        assert!(!told("8", "00000001").unwrap().is_outdated());
        assert!(!told("7", "no number").unwrap().is_outdated());
        assert!(!promoted.is_outdated());
    }
}
