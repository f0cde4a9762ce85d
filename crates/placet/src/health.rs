//! Whether this node should get requests, and if not, why.
//!
//! `/live` says that the process runs; `/ready` says whether it can serve, with reasons an operator can act on.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use http::StatusCode;
use placet_web::{
    face::{Audience, Route, Routes},
    reply::Reply,
};
use serde::Serialize;
use serde_json::json;

use crate::{app::ServerClock, metrics::Metrics};

/// One reason why a node is not ready.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Reason {
    /// A fixed word, for machines.
    pub code: &'static str,
    /// A sentence, for operators.
    pub message: String,
}

/// What is known about this node's condition.
pub struct Health {
    clock: Arc<ServerClock>,
    store_fails: Mutex<Option<String>>,
    fenced: AtomicBool,
    moved: Mutex<Option<String>>,
    stopping: AtomicBool,
}

impl Health {
    /// The condition of a node that is starting well.
    pub fn new(clock: Arc<ServerClock>) -> Self {
        Self {
            clock,
            store_fails: Mutex::new(None),
            fenced: AtomicBool::new(false),
            moved: Mutex::new(None),
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether anything may be served. Not while the clock cannot be believed: what has expired would be valid again.
    /// And not once the records are elsewhere: what is revoked there would be valid here.
    pub fn may_serve(&self) -> bool {
        self.clock.behind().is_none() && !self.fenced.load(Ordering::Relaxed)
    }

    /// Notes whether the records of the store are elsewhere, or on their way, and then where.
    pub fn store_moved(&self, place: Option<String>) {
        let fenced = place.is_some();
        if self.fenced.swap(fenced, Ordering::Relaxed) != fenced {
            tracing::warn!(
                fenced,
                "the store was fenced or freed: while it is fenced nothing is served"
            );
        }
        *lock(&self.moved) = place;
    }

    /// Notes what the store failed with when it was last asked, if it did.
    pub fn store_answered(&self, failure: Option<String>) {
        *lock(&self.store_fails) = failure;
    }

    /// Notes that the node drains.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Why the node is not ready; nothing when it is.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if let Some(behind) = self.clock.behind() {
            reasons.push(Reason {
                code: "clock_behind",
                message: format!(
                    "the clock is {behind} behind the latest time the store has seen; set it right, or accept it with \
                     `placet clock accept` and start again"
                ),
            });
        }
        let failure = lock(&self.store_fails).clone();
        reasons.extend(failure.map(|failure| Reason {
            code: "store_unavailable",
            message: format!("the store did not answer when it was last asked: {failure}"),
        }));
        let moved = lock(&self.moved).clone();
        reasons.extend(moved.map(|message| Reason {
            code: "store_moved",
            message,
        }));
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push(Reason {
                code: "stopping",
                message: "the server finishes what is in flight and ends".to_owned(),
            });
        }
        reasons
    }
}

/// What is behind a lock is one value, whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `/live`, `/ready` and `/metrics`.
pub fn routes(health: &Arc<Health>, metrics: &Arc<Metrics>) -> Routes {
    let (health, metrics) = (Arc::clone(health), Arc::clone(metrics));
    vec![
        Route::get("/live", Audience::Public, "", |_| async {
            Reply::json(StatusCode::OK, &json!({ "live": true }))
        }),
        Route::get("/ready", Audience::Public, "", move |_| {
            let reply = ready(&health.reasons());
            async move { reply }
        }),
        Route::get("/metrics", Audience::Public, "OpenMetrics 1.0", move |_| {
            let text = metrics.print();
            async move {
                Reply::empty(StatusCode::OK).with_body(
                    "application/openmetrics-text; version=1.0.0; charset=utf-8",
                    text.into(),
                )
            }
        }),
    ]
}

fn ready(reasons: &[Reason]) -> Reply {
    let status = if reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Reply::json(
        status,
        &json!({ "ready": reasons.is_empty(), "reasons": reasons }),
    )
}
