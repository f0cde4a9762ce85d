//! Open Payments as Rafiki's authorization server speaks it: everything in which it departs from RFC 9635.
//!
//! 1. A client asks for a grant at its tenant's endpoint ([`grant`]). What needs nobody is given at once.
//! 2. The browser begins ([`interact`]) and is sent to the tenant's identity provider, which reads what is asked and says
//!    how the person decided ([`provider`]). The decision counts from then on, whether or not the browser comes back.
//! 3. The browser comes back ([`finish`]) and carries the reference to the client, which continues as in any profile.
//! 4. A resource server asks about tokens over a network of its own ([`introspect`]).
//!
//! Continuations and tokens are those of both dialects; here is only found whose they are ([`routes`]).
//!
//! Spec: Open Payments 1.3 (`auth-server.yaml`); RFC 9635 §2, §4, §5, §6; threats G5 to G12 and G15

mod edge;
mod finish;
mod grant;
mod interact;
mod introspect;
mod provider;
mod routes;
mod standing;

use std::sync::Arc;

use placet_core::{id::Id, tenant::Tenant};

pub use self::routes::{introspection_routes, payments_routes};
use crate::{
    Place, Problem, Profile,
    realm::{Realm, TenantSite, Tenants, split_tenant},
    settings::PaymentsSettings,
};

/// What all handlers of the profile share.
struct Payments {
    settings: PaymentsSettings,
    tenants: Arc<dyn Tenants>,
}

impl Payments {
    /// The tenant with this id, where it lives.
    async fn tenant(&self, id: Id<Tenant>, place: Place) -> Result<Option<TenantSite>, Problem> {
        let found = self.tenants.find(id).await;
        found.map_err(|error| Problem::failed(error, place, Profile::OpenPayments))
    }

    /// Where a call stands that names a thing together with its tenant. `None`: there is no such tenant.
    async fn realm(&self, named: &str, place: Place) -> Result<Option<Realm>, Problem> {
        let Some((Some(id), _)) = split_tenant(named) else {
            return Ok(None);
        };
        let found = self.tenant(id, place).await?;
        Ok(found.map(|found| Realm::open_payments(&self.settings, found)))
    }

    /// Whether this is the tenant whose records are the root issuer's own, so that the built-in pages know its people.
    fn is_operator(&self, tenant: &Tenant) -> bool {
        tenant.id == self.settings.operator_tenant
    }
}
