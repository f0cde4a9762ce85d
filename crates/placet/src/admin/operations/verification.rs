//! Whether everything stored explains itself, under the root issuer and under each tenant's.

use placet_core::{
    engine::{self, Verified, Violation},
    store::{StoreError, Table},
    tenant::Tenant,
    time::Lifetime,
};
use placet_web::keys::KeyError;

use super::{OperationError, Operator};
use crate::app::StartError;

/// Tenants read at once.
const STEP: usize = 500;

impl Operator {
    /// Reads everything and reports what does not hold; of a tenant's records it says whose they are. Deleted tenants are
    /// read too: what was granted in their name stays until it ends.
    ///
    /// # Errors
    /// [`OperationError::Engine`] when the store cannot be read.
    pub async fn verify(&self, events_kept: Lifetime) -> Result<Verified, OperationError> {
        let mut all = self.engine.verify(events_kept).await?;
        let mut after = None;
        loop {
            let page = self.engine.list_tenants(after, STEP).await?;
            after = page.last().map(|tenant| tenant.id);
            for tenant in &page {
                let found = self.verify_tenant(tenant, events_kept).await?;
                all.records += found.records;
                all.events += found.events;
                all.untold += found.untold;
                for mut violation in found.violations {
                    violation.what = format!("{} (tenant {})", violation.what, tenant.uuid());
                    all.add(violation);
                }
            }
            if page.len() < STEP {
                return Ok(all);
            }
        }
    }

    async fn verify_tenant(
        &self,
        tenant: &Tenant,
        events_kept: Lifetime,
    ) -> Result<Verified, OperationError> {
        match self.tenancy.stored(tenant).await {
            Ok(Some(engine)) => Ok(engine.verify(events_kept).await?),
            Ok(None) => self.is_empty(tenant).await,
            Err(StartError::Engine(error)) => Err(error.into()),
            Err(StartError::Keys(error @ (KeyError::Sealed { .. } | KeyError::Damaged { .. }))) => {
                Ok(unopened(tenant, error.to_string()))
            }
            Err(StartError::MasterKey(told)) => Ok(unopened(tenant, told)),
            Err(
                error @ (StartError::Keys(_)
                | StartError::Store(_)
                | StartError::NoStore { .. }
                | StartError::File { .. }
                | StartError::Pages(_)
                | StartError::Fetch(_)
                | StartError::Password { .. }
                | StartError::Clash(_)
                | StartError::Listen { .. }
                | StartError::Tls(_)),
            ) => Err(engine::Error::Store(StoreError::Unavailable {
                source: error.to_string().into(),
            })
            .into()),
        }
    }

    /// A tenant that was never asked for has no records, and needs no data key.
    async fn is_empty(&self, tenant: &Tenant) -> Result<Verified, OperationError> {
        for table in Table::ALL
            .into_iter()
            .filter(|table| *table != Table::Issuer)
        {
            // A row that does not read is one.
            match self.store().page(tenant.issuer, table, None, 1).await {
                Ok(page) if page.is_empty() => {}
                Ok(_) | Err(StoreError::Corrupt { .. }) => {
                    return Ok(unopened(tenant, "its data key is not there".to_owned()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Verified::default())
    }
}

/// What is kept under a tenant's issuer cannot be opened.
fn unopened(tenant: &Tenant, what: String) -> Verified {
    let mut found = Verified::default();
    found.add(Violation {
        rule: "what is sealed opens",
        at: tenant.issuer.to_string(),
        what,
    });
    found
}
