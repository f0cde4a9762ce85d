//! What is counted, for Prometheus. Labels hold route patterns, never paths: a path may hold a code.
//!
//! Spec: `OpenMetrics` 1.0

use std::{sync::Arc, time::Duration};

use http::{Method, StatusCode};
use placet_core::engine::Engine;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Upper bounds of the latency buckets, in seconds: from a read out of memory to a waiting disk.
const LATENCY_BOUNDS_S: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// All counters of one process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    connections: Gauge,
    connections_refused: Counter,
    waiting: Gauge,
    swept: Counter,
    engine: Arc<Engine>,
}

/// Counts one request as in flight until it is dropped, also when the caller goes away.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Counters at zero. The engine is asked how many requests wait for a person.
    pub fn new(engine: Arc<Engine>) -> Self {
        fn latency() -> Histogram {
            Histogram::new(LATENCY_BOUNDS_S)
        }
        let mut metrics = Self {
            registry: Registry::with_prefix("placet"),
            requests: Family::default(),
            latency: Family::new_with_constructor(latency),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            waiting: Gauge::default(),
            swept: Counter::default(),
            engine,
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests being answered",
            self.in_flight.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "connections_refused",
            "Connections closed because there were too many",
            self.connections_refused.clone(),
        );
        registry.register(
            "pending_requests",
            "Requests that wait for a person",
            self.waiting.clone(),
        );
        registry.register(
            "swept_records",
            "Records deleted after their retention",
            self.swept.clone(),
        );
    }

    /// Counts a request that begins.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a request that was answered.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, taken: Duration) {
        let labels = RequestLabels {
            method: method_name(method),
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            route: labels.route,
        };
        self.latency
            .get_or_create(&labels)
            .observe(taken.as_secs_f64());
    }

    /// The gauge of open connections.
    pub fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// Counts a connection that was closed unheard.
    pub fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Counts deleted records.
    pub fn swept(&self, records: u64) {
        self.swept.inc_by(records);
    }

    /// All of it as `OpenMetrics` text.
    pub fn print(&self) -> String {
        self.waiting.set(i64::from(self.engine.open_requests()));
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics could not be printed");
        }
        text
    }
}

/// A method as a label. Strangers may send any word; those are one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
