//! What must be true of a tenant: its issuer is its own and found by name, and its secret opens.

use super::{super::Engine, Error, Pass, Violation, records::Found};
use crate::{event::EventKind, issuer::Issuer, store::Name, tenant::Tenant};

impl Engine {
    pub(super) async fn tenancy(
        &self,
        tenant: &Tenant,
        pass: &Pass,
        found: &mut Found,
    ) -> Result<(), Error> {
        let id = tenant.id;
        let of_url = Issuer::new(&tenant.issuer_url, tenant.created_at).id;
        if tenant.issuer != of_url || tenant.issuer == self.issuer {
            let rule = "a tenant has an issuer of its own";
            let what = "its issuer is not that of its URL, or is that of all tenants";
            found.push(Violation::new(rule, &id, what));
        }
        let name = Name::tenant(&tenant.issuer_url).standing_for(id);
        self.goes_by(&id, &name, pass, found).await?;
        if let Err(error) = tenant.api_secrets(&self.vault) {
            let rule = "what is sealed opens";
            found.push(Violation::new(rule, &id, error.to_string()));
        }
        Ok(())
    }
}

/// What the events must say for `tenant` to be as it is.
pub(super) fn explained(tenant: &Tenant, pass: &Pass, found: &mut Found) {
    let (slice, told, id) = (pass.slice, &pass.told, tenant.id);
    let changed = || told.of_tenant(id, EventKind::TenantChanged);
    if slice.has(id) && told.reaches(tenant.changed_at) && !changed() {
        let what = "no TenantChanged event";
        found.push(Violation::new("a tenant has its events", &id, what));
    }
}
