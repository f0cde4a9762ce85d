//! What operators reach on the admin listener beside health and metrics: the same operations as the commands, as JSON.

mod api;
mod graphql;
pub mod operations;

use std::sync::Arc;

use placet_core::{engine::Caller, event::Actor, id::Id, tenant::Tenant};
use placet_web::{context::Call, face::Routes};

use self::operations::Operator;
use crate::app::App;

pub use self::api::{CODES, openapi};

/// The routes of the admin API. The listener asks for its bearer token before any of them runs.
pub fn routes(app: &Arc<App>) -> Routes {
    let desk = Desk {
        operator: Operator::new(
            Arc::clone(&app.site.engine),
            Arc::clone(&app.site.keys),
            Arc::clone(&app.site.passwords),
            Arc::clone(&app.tenants) as _,
            app.settings.development,
            Caller::default(),
        ),
    };
    let mut routes = api::routes(&desk);
    routes.push(graphql::route(app, desk));
    routes
}

/// Seats an operator for each call, so that the audit says from where they came.
#[derive(Clone)]
struct Desk {
    operator: Operator,
}

impl Desk {
    fn operator_of(&self, call: &Call) -> Operator {
        self.operator
            .clone()
            .called_by(call.context.caller(Actor::Operator))
    }

    /// The same operations for a tenant that proved who it is: the audit names it.
    fn tenant_of(&self, call: &Call, tenant: Id<Tenant>) -> Operator {
        self.operator.clone().called_by(Caller {
            tenant: Some(tenant),
            ..call.context.caller(Actor::Tenant)
        })
    }
}
