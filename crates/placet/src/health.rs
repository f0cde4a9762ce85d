//! Whether this node should get requests, and if not, why.
//!
//! `/live` says that the process runs; `/ready` says whether it can serve, with reasons an operator can act on.

use std::sync::{
    Arc,
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
    store_fails: AtomicBool,
    stopping: AtomicBool,
}

impl Health {
    /// The condition of a node that is starting well.
    pub fn new(clock: Arc<ServerClock>) -> Self {
        Self {
            clock,
            store_fails: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether the clock can be believed. While it cannot, nothing is served: what has expired would be valid again.
    pub fn time_stands(&self) -> bool {
        self.clock.behind().is_none()
    }

    /// Notes whether the store answered when it was last asked.
    pub fn store_answered(&self, well: bool) {
        self.store_fails.store(!well, Ordering::Relaxed);
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
        if self.store_fails.load(Ordering::Relaxed) {
            reasons.push(Reason {
                code: "store_unavailable",
                message: "the store did not answer when it was last asked".to_owned(),
            });
        }
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push(Reason {
                code: "stopping",
                message: "the server finishes what is in flight and ends".to_owned(),
            });
        }
        reasons
    }
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
