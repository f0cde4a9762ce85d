//! Open Payments as Rafiki's authorization server speaks it: everything in which it departs from RFC 9635.
//!
//! Spec: Open Payments 1.3 (`auth-server.yaml`)

use std::sync::Arc;

use placet_web::face::Routes;

use crate::{realm::Tenants, settings::PaymentsSettings};

/// Its routes.
pub(crate) fn routes(_settings: &PaymentsSettings, _tenants: &Arc<dyn Tenants>) -> Routes {
    Routes::new()
}
