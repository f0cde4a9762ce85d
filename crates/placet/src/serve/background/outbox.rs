//! Sends what is owed, for the root and each tenant, each by a task of its own: receivers that are slow hold up nobody but
//! whom they belong to.
//!
//! Tenants are gone through in turn, a few at each look, so that a look costs no more when there are many. Those that were
//! not asked for since the start have their turn too: what they owe may be older.

use std::{collections::HashSet, sync::Arc, time::Duration};

use placet_core::{engine::Engine, id::Id, issuer::Issuer, tenant::Tenant};
use placet_web::{fetch::Fetch, outbox};
use tokio::{sync::watch, task::JoinSet};

use super::wait;
use crate::app::App;

/// How often messages that are due are looked for.
const EVERY: Duration = Duration::from_millis(250);
/// How many tenants are looked at each time: with more, each has its turn later.
const TENANTS_AT_ONCE: usize = 16;

/// Sends what clients are owed.
pub(super) async fn deliver(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut senders = Senders::default();
    let mut after = None;
    while wait(&mut stopping, EVERY).await {
        senders.reap();
        let mut engines = vec![Arc::clone(&app.foundation.engine)];
        if app.settings.open_payments.is_some() {
            let (tenants, next) = some_tenants(&app, after).await;
            engines.extend(tenants);
            after = next;
        }
        for engine in engines {
            senders.send(engine, &app.site.fetch, &stopping);
        }
    }
    // What was taken is sent and settled; otherwise its receiver would get it twice.
    while senders.tasks.join_next().await.is_some() {}
}

async fn some_tenants(
    app: &App,
    after: Option<Id<Tenant>>,
) -> (Vec<Arc<Engine>>, Option<Id<Tenant>>) {
    match app.tenants.engines_after(after, TENANTS_AT_ONCE).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the tenants could not be read");
            (Vec::new(), after)
        }
    }
}

/// Who sends right now: at most one task for each issuer.
#[derive(Default)]
struct Senders {
    busy: HashSet<Id<Issuer>>,
    tasks: JoinSet<Id<Issuer>>,
}

impl Senders {
    fn send(&mut self, engine: Arc<Engine>, fetch: &Arc<Fetch>, stopping: &watch::Receiver<bool>) {
        let issuer = engine.issuer_id();
        if !self.busy.insert(issuer) {
            return;
        }
        let (fetch, stopping) = (Arc::clone(fetch), stopping.clone());
        self.tasks.spawn(async move {
            all_due(&engine, &fetch, &stopping).await;
            issuer
        });
    }

    /// Forgets who is done.
    fn reap(&mut self) {
        while let Some(done) = self.tasks.try_join_next() {
            match done {
                Ok(issuer) => drop(self.busy.remove(&issuer)),
                // Nobody knows whose it was: all may begin again, and of two that do one takes each message.
                Err(error) => {
                    tracing::error!(%error, "a sender of messages failed");
                    self.busy.clear();
                }
            }
        }
    }
}

/// Sends until nothing is due.
async fn all_due(engine: &Engine, fetch: &Fetch, stopping: &watch::Receiver<bool>) {
    loop {
        match outbox::deliver_due(engine, fetch).await {
            Ok(0) => return,
            Ok(_) if *stopping.borrow() => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "messages could not be sent");
                return;
            }
        }
    }
}
