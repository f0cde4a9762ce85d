//! Open Payments as Rafiki's authorization server speaks it: everything in which it departs from RFC 9635.
//!
//! Spec: Open Payments 1.3 (`auth-server.yaml`)

use std::sync::Arc;

use placet_web::face::Routes;

use crate::{realm::Tenants, settings::PaymentsSettings};

/// Its routes, below `/op` or at the root of a listener of its own.
pub fn payments_routes(_settings: &PaymentsSettings, _tenants: &Arc<dyn Tenants>) -> Routes {
    Routes::new()
}

/// What resource servers may ask, on a listener of their own.
pub fn introspection_routes(_settings: &PaymentsSettings, _tenants: &Arc<dyn Tenants>) -> Routes {
    Routes::new()
}
