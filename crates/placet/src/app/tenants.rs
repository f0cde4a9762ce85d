//! Tenants and their sites: each an issuer of its own on the same store, with the same pages, limits and way out.
//!
//! A site is made when it is first asked for. The tenant's record says whether it may still be used, and is at most a second
//! old.
//!
//! Spec: RFC 9635 §1.4; docs/adr/0018

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use placet_core::{
    engine::{self, Engine},
    id::Id,
    issuer::Issuer,
    secret::SecretHash,
    store::{Boxed, StoreError},
    tenant::{IdentityProvider, Tenant},
};
use placet_gnap::realm::{TenantSite, Tenants};
use placet_web::{keys::KeyRing, site::Site};
use tokio::sync::{Mutex, Notify};

use super::{StartError, foundation::IssuerMaker};
use crate::config::OpenPayments;

/// The sites of all tenants of this process.
pub struct TenantSites {
    root: OnceLock<Arc<Site>>,
    root_url: String,
    maker: IssuerMaker,
    operator: Option<Arc<Tenant>>,
    made: Mutex<HashMap<Id<Issuer>, Made>>,
    /// Rung when a tenant has more open requests than were counted before its first answer.
    uncounted: Notify,
}

#[derive(Clone)]
struct Made {
    site: Arc<Site>,
    keys: Arc<KeyRing>,
}

impl TenantSites {
    /// No site yet but the root's, once it is known.
    pub(super) fn new(root_url: &str, maker: IssuerMaker, operator: Option<Arc<Tenant>>) -> Self {
        Self {
            root: OnceLock::new(),
            root_url: root_url.to_owned(),
            maker,
            operator,
            made: Mutex::default(),
            uncounted: Notify::new(),
        }
    }

    /// Says which site is the root's.
    pub(super) fn rooted(&self, site: &Arc<Site>) {
        drop(self.root.set(Arc::clone(site)));
    }

    /// The engines of the tenants that were asked for: those of which this process keeps counts.
    pub async fn engines(&self) -> Vec<Arc<Engine>> {
        let made = self.made.lock().await;
        made.values()
            .map(|made| Arc::clone(&made.site.engine))
            .collect()
    }

    /// Resolves when the open requests of a tenant are still to be counted.
    pub async fn uncounted(&self) {
        self.uncounted.notified().await;
    }

    /// The engines of up to `limit` tenants that live, in the order of their ids from `after` on, and where to go on:
    /// `None` after the last. Each is made when it was not asked for before, so that what it owes is found after a start.
    ///
    /// # Errors
    /// [`engine::Error::Store`].
    pub async fn engines_after(
        &self,
        after: Option<Id<Tenant>>,
        limit: usize,
    ) -> Result<(Vec<Arc<Engine>>, Option<Id<Tenant>>), engine::Error> {
        let Some(root) = self.root.get() else {
            return Ok((Vec::new(), None));
        };
        let page = root.engine.list_tenants(after, limit).await?;
        let full = page.len() == limit;
        let next = page.last().map(|tenant| tenant.id).filter(|_| full);
        let mut engines = Vec::new();
        for tenant in page.iter().filter(|tenant| tenant.is_live()) {
            match self.site_of(tenant).await {
                Ok(site) => engines.push(Arc::clone(&site.engine)),
                // One that cannot be made does not stop the others.
                Err(error) => {
                    tracing::warn!(tenant = %tenant.id, %error, "a tenant cannot be served");
                }
            }
        }
        Ok((engines, next))
    }

    /// Reads again what another process may have changed.
    pub async fn follow(&self) {
        let made: Vec<Made> = self.made.lock().await.values().cloned().collect();
        for Made { site, keys } in made {
            site.engine.forget_cached();
            if let Err(error) = keys.reread().await {
                tracing::warn!(%error, "the signing keys of a tenant could not be read again");
            }
        }
    }

    /// The operator's own tenant.
    pub fn operator(&self) -> Option<&Arc<Tenant>> {
        self.operator.as_ref()
    }

    /// The URL of the root's issuer.
    pub(super) fn root_url(&self) -> &str {
        &self.root_url
    }

    /// The engine of an issuer whose records are there.
    pub(super) async fn found(&self, url: &str) -> Result<Option<Arc<Engine>>, StartError> {
        self.maker.find(url).await
    }

    pub(super) async fn site_of(&self, tenant: &Tenant) -> Result<Arc<Site>, engine::Error> {
        let root = self.root.get().ok_or_else(|| {
            engine::Error::Store(StoreError::Unavailable {
                source: "the server is starting".into(),
            })
        })?;
        if tenant.issuer == root.engine.issuer_id() {
            return Ok(Arc::clone(root));
        }
        let mut made = self.made.lock().await;
        if let Some(known) = made.get(&tenant.issuer) {
            return Ok(Arc::clone(&known.site));
        }
        let (engine, keys) = self
            .maker
            .make(&tenant.issuer_url)
            .await
            .map_err(unavailable)?;
        // What was opened before a restart counts from the first request on (threat C10).
        if !super::count_open(&engine).await? {
            self.uncounted.notify_one();
        }
        let mut settings = root.settings.clone();
        settings.issuer_url.clone_from(&tenant.issuer_url);
        let faces = OnceLock::new();
        if let Some(known) = root.faces.get() {
            drop(faces.set(known.clone()));
        }
        let site = Arc::new(Site {
            engine,
            keys: Arc::clone(&keys),
            pages: Arc::clone(&root.pages),
            passwords: Arc::clone(&root.passwords),
            limiter: Arc::clone(&root.limiter),
            holds: Arc::clone(&root.holds),
            fetch: Arc::clone(&root.fetch),
            settings,
            faces,
        });
        let kept = Made {
            site: Arc::clone(&site),
            keys,
        };
        made.insert(tenant.issuer, kept);
        Ok(site)
    }
}

pub(super) fn unavailable(error: StartError) -> engine::Error {
    match error {
        StartError::Engine(error) => error,
        other => engine::Error::Store(StoreError::Unavailable {
            source: other.to_string().into(),
        }),
    }
}

impl Tenants for TenantSites {
    fn find(&self, id: Id<Tenant>) -> Boxed<'_, Result<Option<TenantSite>, engine::Error>> {
        Box::pin(async move {
            let Some(root) = self.root.get() else {
                return Ok(None);
            };
            if let Some(operator) = self.operator.as_ref().filter(|own| own.id == id) {
                return Ok(Some(TenantSite {
                    tenant: Arc::clone(operator),
                    site: Arc::clone(root),
                }));
            }
            let Some(tenant) = root.engine.tenant(id).await? else {
                return Ok(None);
            };
            if !tenant.is_live() {
                return Ok(None);
            }
            let site = self.site_of(&tenant).await?;
            Ok(Some(TenantSite { tenant, site }))
        })
    }
}

/// The operator's own tenant: it is written in the settings alone, and its records are the root issuer's.
pub(super) fn operator(settings: &OpenPayments, root: &Engine, issuer_url: &str) -> Tenant {
    let now = root.store().now();
    Tenant {
        id: settings.operator_tenant,
        issuer: root.issuer_id(),
        issuer_url: issuer_url.to_owned(),
        idp: settings.idp.as_ref().map(|idp| IdentityProvider {
            consent_url: idp.consent_url.clone(),
            secrets: vec![SecretHash::of(idp.secret.reveal())],
        }),
        api_secret: None,
        former_api_secret: None,
        declared: None,
        created_at: now,
        changed_at: now,
        deleted_at: None,
    }
}

/// The URL of a tenant's issuer: the same wherever its grant endpoint is mounted.
pub fn issuer_url(root: &str, id: Id<Tenant>) -> String {
    format!("{root}/op/{}", Tenant::uuid_of(id))
}
