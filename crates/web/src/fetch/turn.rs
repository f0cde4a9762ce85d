//! How many requests may be under way: few to one host, so that a slow one does not take all the room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::FetchError;

/// Requests to one host at the same time.
const PER_HOST: usize = 4;
/// Requests under way or waiting for their turn, to all hosts together.
const IN_ALL: usize = 64;

/// The turns of all hosts.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// One request's right to be under way; given back when dropped.
pub(super) struct Turn {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(IN_ALL)),
            hosts: Mutex::default(),
        }
    }
}

impl Turns {
    /// Waits for a turn at `place`. When too many wait already, nobody else does.
    pub(super) async fn take(&self, place: &str) -> Result<Turn, FetchError> {
        let all = Arc::clone(&self.all)
            .try_acquire_owned()
            .map_err(|_| FetchError::Busy)?;
        let host = self.host(place);
        let host = host.acquire_owned().await.map_err(|_| FetchError::Busy)?;
        Ok(Turn {
            _host: host,
            _all: all,
        })
    }

    fn host(&self, place: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // A permit holds its semaphore, so one that only this map holds has nobody under way. At most `IN_ALL` stay.
        hosts.retain(|_, host| Arc::strong_count(host) > 1);
        let host = hosts
            .entry(place.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(PER_HOST)));
        Arc::clone(host)
    }
}
