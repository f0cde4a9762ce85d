//! Where the engines of tenants are: in a server its own, whose counters count; in a command beside it, others on the same
//! store.

use std::sync::Arc;

use placet_core::{
    engine::{self, Engine},
    id::Id,
    store::Boxed,
    tenant::Tenant,
};

use super::{
    Foundation, StartError,
    foundation::IssuerMaker,
    tenants::{self, TenantSites},
};
use crate::config::Settings;

/// Finds what belongs to tenants.
pub trait Tenancy: Send + Sync {
    /// The server's own tenant. `None` where Open Payments is not spoken.
    fn own(&self) -> Option<&Arc<Tenant>>;

    /// The engine under which everything is kept that is granted in a tenant's name.
    ///
    /// # Errors
    /// [`engine::Error::Store`] when the issuer's keys cannot be read or made.
    fn engine<'a>(&'a self, tenant: &'a Tenant) -> Boxed<'a, Result<Arc<Engine>, engine::Error>>;

    /// The same to look at what is stored, which makes nothing. `None` when it has no data key: nothing can be kept under it.
    ///
    /// # Errors
    /// [`StartError`] when the issuer's keys cannot be read, or do not open.
    fn stored<'a>(
        &'a self,
        tenant: &'a Tenant,
    ) -> Boxed<'a, Result<Option<Arc<Engine>>, StartError>>;

    /// The URL of the issuer that a new tenant gets.
    fn issuer_url(&self, id: Id<Tenant>) -> String;
}

impl Tenancy for TenantSites {
    fn own(&self) -> Option<&Arc<Tenant>> {
        self.operator()
    }

    fn engine<'a>(&'a self, tenant: &'a Tenant) -> Boxed<'a, Result<Arc<Engine>, engine::Error>> {
        Box::pin(async move {
            let site = self.site_of(tenant).await?;
            Ok(Arc::clone(&site.engine))
        })
    }

    fn stored<'a>(
        &'a self,
        tenant: &'a Tenant,
    ) -> Boxed<'a, Result<Option<Arc<Engine>>, StartError>> {
        Box::pin(self.found(&tenant.issuer_url))
    }

    fn issuer_url(&self, id: Id<Tenant>) -> String {
        tenants::issuer_url(self.root_url(), id)
    }
}

/// The same beside a server.
pub struct StoredTenancy {
    maker: IssuerMaker,
    root: Arc<Engine>,
    root_url: String,
    own: Option<Arc<Tenant>>,
}

impl StoredTenancy {
    /// What `foundation` holds of tenants.
    pub fn new(foundation: &Foundation, settings: &Settings) -> Self {
        let root_url = settings.public_origin.as_str().to_owned();
        let root = Arc::clone(&foundation.engine);
        let own = settings
            .open_payments
            .as_ref()
            .map(|payments| Arc::new(tenants::operator(payments, &root, &root_url)));
        Self {
            maker: foundation.maker.clone(),
            root,
            root_url,
            own,
        }
    }
}

impl Tenancy for StoredTenancy {
    fn own(&self) -> Option<&Arc<Tenant>> {
        self.own.as_ref()
    }

    fn engine<'a>(&'a self, tenant: &'a Tenant) -> Boxed<'a, Result<Arc<Engine>, engine::Error>> {
        Box::pin(async move {
            if tenant.issuer == self.root.issuer_id() {
                return Ok(Arc::clone(&self.root));
            }
            let made = self.maker.make(&tenant.issuer_url).await;
            made.map(|(engine, _)| engine).map_err(tenants::unavailable)
        })
    }

    fn stored<'a>(
        &'a self,
        tenant: &'a Tenant,
    ) -> Boxed<'a, Result<Option<Arc<Engine>>, StartError>> {
        Box::pin(self.maker.find(&tenant.issuer_url))
    }

    fn issuer_url(&self, id: Id<Tenant>) -> String {
        tenants::issuer_url(&self.root_url, id)
    }
}
