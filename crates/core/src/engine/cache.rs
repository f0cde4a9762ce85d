//! Clients, tenants and the issuer's record, at most a second old.
//!
//! What a revocation must beat is required by version in the commit; clients, tenants and the issuer change rarely
//! and may lag by [`FRESH_FOR`] on a node that did not make the change.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{Engine, Error};
use crate::{
    client::Client,
    id::Id,
    issuer::Issuer,
    store::StoreError,
    tenant::Tenant,
    time::{Lifetime, Timestamp},
};

/// How old a cached record may be.
pub const FRESH_FOR: Lifetime = Lifetime::from_secs(1);
/// Clients and tenants kept; the cache is emptied of them when it is full.
const CAP: usize = 4_096;

#[derive(Default)]
pub(crate) struct Cache(RwLock<Cached>);

#[derive(Default)]
struct Cached {
    issuer: Option<(Timestamp, Arc<Issuer>)>,
    by_name: HashMap<String, (Timestamp, Arc<Client>)>,
    by_id: HashMap<Id<Client>, (Timestamp, Arc<Client>)>,
    tenants: HashMap<Id<Tenant>, (Timestamp, Arc<Tenant>)>,
}

impl Cache {
    fn read<T: Clone>(
        &self,
        now: Timestamp,
        pick: impl Fn(&Cached) -> Option<&(Timestamp, T)>,
    ) -> Option<T> {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // A clock that stepped back must not keep an entry alive: it counts only within its own second.
        pick(&cached)
            .filter(|(at, _)| now >= *at && now < at.plus(FRESH_FOR))
            .map(|(_, value)| value.clone())
    }

    fn write(&self, put: impl FnOnce(&mut Cached)) {
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cached.by_id.len() >= CAP || cached.by_name.len() >= CAP {
            cached.by_id.clear();
            cached.by_name.clear();
        }
        if cached.tenants.len() >= CAP {
            cached.tenants.clear();
        }
        put(&mut cached);
    }
}

impl Engine {
    /// The issuer's record.
    ///
    /// # Errors
    /// [`Error::Store`]; a missing record reads as corrupt, since the server writes it before it serves.
    pub async fn issuer(&self) -> Result<Arc<Issuer>, Error> {
        let now = self.store.now();
        if let Some(issuer) = self.cache.read(now, |cached| cached.issuer.as_ref()) {
            return Ok(issuer);
        }
        let found = self.store.as_ref().issuer(self.issuer, self.issuer).await?;
        let issuer = found.map(|v| Arc::new(v.value)).ok_or_else(|| {
            Error::Store(StoreError::Corrupt {
                table: crate::store::Table::Issuer,
                id: self.issuer.to_string(),
                what: "the issuer's record is missing".to_owned(),
            })
        })?;
        self.cache
            .write(|cached| cached.issuer = Some((now, Arc::clone(&issuer))));
        Ok(issuer)
    }

    /// The client that goes by `client_id`, disabled ones too. `None` when there is none.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn client_named(&self, client_id: &str) -> Result<Option<Arc<Client>>, Error> {
        let now = self.store.now();
        if let Some(client) = self.cache.read(now, |cached| cached.by_name.get(client_id)) {
            return Ok(Some(client));
        }
        let found = self
            .store
            .as_ref()
            .client_named(self.issuer, client_id)
            .await?;
        Ok(found.map(|v| self.keep_client(v.value, now)))
    }

    /// The client with this id, disabled ones too. `None` when it is gone.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn client(&self, id: Id<Client>) -> Result<Option<Arc<Client>>, Error> {
        let now = self.store.now();
        if let Some(client) = self.cache.read(now, |cached| cached.by_id.get(&id)) {
            return Ok(Some(client));
        }
        let found = self.store.as_ref().client(self.issuer, id).await?;
        Ok(found.map(|v| self.keep_client(v.value, now)))
    }

    fn keep_client(&self, client: Client, now: Timestamp) -> Arc<Client> {
        let client = Arc::new(client);
        self.cache.write(|cached| {
            // A client known only by its key goes by no name, in the cache as little as in the store.
            if client.keep_until.is_none() {
                cached
                    .by_name
                    .insert(client.client_id.clone(), (now, Arc::clone(&client)));
            }
            cached.by_id.insert(client.id, (now, Arc::clone(&client)));
        });
        client
    }

    pub(super) fn cached_tenant(&self, id: Id<Tenant>, now: Timestamp) -> Option<Arc<Tenant>> {
        self.cache.read(now, |cached| cached.tenants.get(&id))
    }

    pub(super) fn keep_tenant(&self, tenant: Tenant, now: Timestamp) -> Arc<Tenant> {
        let tenant = Arc::new(tenant);
        self.cache.write(|cached| {
            let kept = (now, Arc::clone(&tenant));
            cached.tenants.insert(tenant.id, kept);
        });
        tenant
    }

    /// Forgets what is cached, after a change made on this node or noticed from another process.
    pub fn forget_cached(&self) {
        self.cache.write(|cached| *cached = Cached::default());
    }
}
