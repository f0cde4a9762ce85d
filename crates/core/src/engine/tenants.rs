//! Tenants: who shares this server. Each change is one commit with its event, under the issuer all tenants are kept
//! under.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Attempts, Caller, Committed, Engine, Error, found};
use crate::{
    event::{Event, EventKind},
    id::Id,
    issuer::Issuer,
    refusal::Refusal,
    secret::Digest,
    store::{Change, Commit, Key, Name, Record, StoreError, Table, Versioned},
    tenant::{IdentityProvider, Tenant},
    time::Timestamp,
};

/// A tenant to add.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its id, where somebody else keeps tenants too. Absent: one is made.
    pub id: Option<Id<Tenant>>,
    /// The URL of its issuer.
    pub issuer_url: String,
    /// Who asks its people. Absent: nobody can be asked.
    pub idp: Option<IdentityProvider>,
    /// What signs its calls to the admin API. Absent: it may call nothing.
    pub api_secret: Option<Zeroizing<String>>,
    /// The digest of its declaration.
    pub declared: Option<Digest>,
}

impl Engine {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when its id or its issuer is another tenant's, also a deleted one's;
    /// [`Refusal::Exceeds`] when its issuer is the one tenants are kept under, whose records it would share.
    pub async fn add_tenant(
        &self,
        new: NewTenant,
        caller: &Caller,
    ) -> Result<Committed<Tenant>, Error> {
        let now = self.store.now();
        let id = new.id.unwrap_or_else(|| Id::ordered(now, self.random()));
        let issuer = Issuer::new(&new.issuer_url, now).id;
        if issuer == self.issuer {
            return Err(Refusal::Exceeds.into());
        }
        let seal = |secret: Zeroizing<String>| {
            Tenant::seal_api_secret(id, &secret, &self.vault, self.random())
        };
        let tenant = Tenant {
            id,
            issuer,
            issuer_url: new.issuer_url,
            idp: new.idp,
            api_secret: new.api_secret.map(seal),
            former_api_secret: None,
            declared: new.declared,
            created_at: now,
            changed_at: now,
            deleted_at: None,
        };
        let name = Name::tenant(&tenant.issuer_url).standing_for(id);
        let commit = Commit::new(self.issuer, self.of_tenant(id, "added", caller, now))
            .with(Change::insert(Record::Name(name)))
            .with(Change::insert(Record::Tenant(tenant.clone())));
        match self.put(commit).await {
            Ok(_) => Ok(Committed(tenant)),
            // Nothing was read that could have changed: the id is there already.
            Err(Error::Store(StoreError::Conflict)) => Err(StoreError::Duplicate.into()),
            Err(error) => Err(error),
        }
    }

    /// Changes a tenant; `change` may not touch its ids, its issuer and when it began.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none of this id, or it was deleted.
    pub async fn change_tenant(
        &self,
        id: Id<Tenant>,
        caller: &Caller,
        change: impl Fn(&mut Tenant) + Send,
    ) -> Result<Committed<Tenant>, Error> {
        self.rewrite_tenant(id, "changed", caller, move |tenant, _| {
            let deleted_at = tenant.deleted_at;
            change(tenant);
            tenant.deleted_at = deleted_at;
        })
        .await
    }

    /// Deletes a tenant: nothing is granted in its name from then on, its provider and its calls count no more, and
    /// its id and issuer are never given again.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is none of this id, or it was deleted before.
    pub async fn delete_tenant(
        &self,
        id: Id<Tenant>,
        caller: &Caller,
    ) -> Result<Committed<Tenant>, Error> {
        self.rewrite_tenant(id, "deleted", caller, |tenant, now| {
            tenant.idp = None;
            tenant.api_secret = None;
            tenant.former_api_secret = None;
            tenant.deleted_at = Some(now);
        })
        .await
    }

    async fn rewrite_tenant(
        &self,
        id: Id<Tenant>,
        note: &'static str,
        caller: &Caller,
        change: impl Fn(&mut Tenant, Timestamp) + Send,
    ) -> Result<Committed<Tenant>, Error> {
        let mut attempts = Attempts::default();
        loop {
            let now = self.store.now();
            let Versioned {
                value: before,
                version,
            } = found(self.live_tenant(id).await?)?;
            let mut tenant = before.clone();
            change(&mut tenant, now);
            let tenant = Tenant {
                id: before.id,
                issuer: before.issuer,
                issuer_url: before.issuer_url,
                created_at: before.created_at,
                changed_at: now,
                ..tenant
            };
            let commit = Commit::new(self.issuer, self.of_tenant(id, note, caller, now))
                .with(Change::update(version, Record::Tenant(tenant.clone())));
            match self.put(commit).await {
                Ok(_) => return Ok(Committed(tenant)),
                Err(Error::Store(error)) => attempts.again(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// The tenant with this id, at most [`super::FRESH_FOR`] old. `None` when there is none, or it was deleted.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn tenant(&self, id: Id<Tenant>) -> Result<Option<Arc<Tenant>>, Error> {
        let now = self.store.now();
        if let Some(tenant) = self.cached_tenant(id, now) {
            return Ok(Some(tenant));
        }
        let found = self.live_tenant(id).await?;
        Ok(found.map(|v| self.keep_tenant(v.value, now)))
    }

    /// The tenant with this id as it is stored, a deleted one too, whose id is never given again. For whoever adds tenants,
    /// and not for whoever serves them.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be read.
    pub async fn stored_tenant(&self, id: Id<Tenant>) -> Result<Option<Tenant>, Error> {
        let found = self.store.as_ref().tenant(self.issuer, id).await?;
        Ok(found.map(|tenant| tenant.value))
    }

    /// Up to `limit` tenants after `after`, in the order of their ids, deleted ones too.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read.
    pub async fn list_tenants(
        &self,
        after: Option<Id<Tenant>>,
        limit: usize,
    ) -> Result<Vec<Tenant>, Error> {
        let after = after.map(Key::tenant);
        let page = self
            .store
            .page(self.issuer, Table::Tenant, after, limit)
            .await?;
        let tenants = page.into_iter().map(|found| match found.value {
            Record::Tenant(tenant) => Ok(tenant),
            other => Err(other.misplaced().into()),
        });
        tenants.collect()
    }

    async fn live_tenant(&self, id: Id<Tenant>) -> Result<Option<Versioned<Tenant>>, Error> {
        let found = self.store.as_ref().tenant(self.issuer, id).await?;
        Ok(found.filter(|tenant| tenant.value.is_live()))
    }

    fn of_tenant(
        &self,
        id: Id<Tenant>,
        note: &'static str,
        caller: &Caller,
        now: Timestamp,
    ) -> Event {
        let mut event = self.event(EventKind::TenantChanged, caller, now);
        event.tenant = Some(id);
        event.note = Some(note.into());
        event
    }
}
