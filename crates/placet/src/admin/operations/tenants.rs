//! Tenants: add, list, show, change, delete. The server's own is shown with them, and is what the settings say.
//!
//! Spec: RFC 9635 §1.4; threat G9

use placet_core::{
    engine::{self, NewTenant},
    id::Id,
    secret::{Secret, SecretHash, kind},
    store::{Record, Table},
    tenant::{IdentityProvider, Tenant},
};
use zeroize::Zeroizing;

use super::{
    Flaw, Listing, NewTenantDocument, OperationError, Operator, RegisteredTenant, Said,
    TenantChange, TenantSecret, TenantView, Wish,
};
use crate::config::check_consent_url;

/// What a tenant is called in messages.
const TENANT: &str = "tenant";
/// The list of tenants, as cursors name it.
const LIST: &str = "tenants";
/// The position before every tenant: the nil UUID names none.
const BEFORE_ALL: [u8; 16] = [0; 16];

impl Operator {
    /// Adds a tenant, and makes the secrets it brings none of.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] with everything that is wrong; [`OperationError::Taken`] when the id is another tenant's,
    /// also a deleted one's, or the server's own.
    pub async fn add_tenant(
        &self,
        new: NewTenantDocument,
    ) -> Result<RegisteredTenant, OperationError> {
        let mut flaws = flaws(
            new.idp_consent_url.as_deref(),
            new.idp_secret.as_ref(),
            new.api_secret.as_ref(),
        );
        let id = new.id.as_deref().map(Tenant::parse_uuid).transpose();
        if id.is_err() {
            flaws.push(Flaw::new("id", "must be a UUID with its hyphens"));
        }
        if new.idp_secret.is_some() && new.idp_consent_url.is_none() {
            flaws.push(Flaw::new("idp_consent_url", "is missing beside idp_secret"));
        }
        let (Ok(id), true) = (id, flaws.is_empty()) else {
            return Err(OperationError::Invalid(flaws));
        };
        let id = id.unwrap_or_else(|| Id::ordered(self.store().now(), self.engine.random()));
        let name = Tenant::uuid_of(id);
        if self.tenancy.own().is_some_and(|own| own.id == id) {
            return Err(OperationError::Taken { what: TENANT, name });
        }
        let made = || Some(TenantSecret::new(fresh(self)));
        let wants_idp = new.idp_consent_url.is_some() && new.idp_secret.is_none();
        let made_idp = wants_idp.then(made).flatten();
        let made_api = new.api_secret.is_none().then(made).flatten();
        let idp_secret = new.idp_secret.as_ref().or(made_idp.as_ref());
        let api_secret = new.api_secret.as_ref().or(made_api.as_ref());
        let record = NewTenant {
            id: Some(id),
            issuer_url: self.tenancy.issuer_url(id),
            idp: new
                .idp_consent_url
                .zip(idp_secret)
                .map(|(consent_url, secret)| IdentityProvider {
                    consent_url,
                    secrets: vec![SecretHash::of(secret.reveal())],
                }),
            api_secret: api_secret.map(|secret| secret.reveal().to_owned().into()),
            declared: None,
        };
        let added = self.engine.add_tenant(record, &self.caller).await;
        let tenant = added.map_err(|error| OperationError::about(error, TENANT, &name))?;
        Ok(RegisteredTenant {
            idp_secret: made_idp,
            api_secret: made_api,
            tenant: TenantView::of(tenant.get(), false),
        })
    }

    /// One page of the tenants: the server's own first, then the others in the order of their ids, deleted ones too.
    ///
    /// # Errors
    /// [`OperationError::BadCursor`]; [`OperationError::Engine`].
    pub async fn tenants(&self, wish: &Wish) -> Result<Listing<TenantView>, OperationError> {
        let first = wish.after.is_none();
        let own = self.tenancy.own().filter(|_| first);
        let own = own.map(|own| TenantView::of(own, true));
        let room = wish.capped() - usize::from(own.is_some());
        if room == 0 {
            let next = Some(self.seal_cursor(LIST, &BEFORE_ALL));
            return Ok(Listing {
                items: own.into_iter().collect(),
                next,
            });
        }
        let wish = Wish {
            after: wish.after.clone(),
            limit: room,
        };
        let page = self
            .page(LIST, Table::Tenant, &wish, |record| match record.value {
                Record::Tenant(tenant) => Some(TenantView::of(&tenant, false)),
                _ => None,
            })
            .await?;
        Ok(Listing {
            items: own.into_iter().chain(page.items).collect(),
            next: page.next,
        })
    }

    /// What names the place of a tenant in the list.
    pub fn tenant_cursor(&self, view: &TenantView) -> String {
        let id = Tenant::parse_uuid(&view.id).ok().filter(|_| !view.own);
        let position = id.map_or(BEFORE_ALL, |id| *id.as_bytes());
        self.seal_cursor(LIST, &position)
    }

    /// One tenant, living or deleted.
    ///
    /// # Errors
    /// [`OperationError::NotFound`].
    pub async fn tenant(&self, name: &str) -> Result<TenantView, OperationError> {
        let id = parse(name)?;
        if let Some(own) = self.own(id) {
            return Ok(TenantView::of(own, true));
        }
        let found = self.store().tenant(self.engine.issuer_id(), id).await?;
        let found = found.ok_or_else(|| unknown(name))?;
        Ok(TenantView::of(&found.value, false))
    }

    /// Changes a tenant. Secrets that are replaced count until the next change.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], for a deleted one too; [`OperationError::Invalid`] with everything that is wrong.
    pub async fn change_tenant(
        &self,
        name: &str,
        change: TenantChange,
    ) -> Result<TenantView, OperationError> {
        let id = self.foreign(name)?;
        let (url, api) = (&change.idp_consent_url, &change.api_secret);
        let idp_secret = change.idp_secret.as_ref();
        let mut flaws = flaws(url.value().map(String::as_str), idp_secret, api.value());
        let known = self.engine.tenant(id).await?.ok_or_else(|| unknown(name))?;
        let (has_idp, sets_url) = (known.idp.is_some(), url.value().is_some());
        let (drops_idp, sets_secret) = (matches!(url, Said::Gone), idp_secret.is_some());
        if sets_url && !has_idp && !sets_secret {
            flaws.push(Flaw::new("idp_secret", "is missing beside idp_consent_url"));
        }
        if sets_secret && !sets_url && (drops_idp || !has_idp) {
            flaws.push(Flaw::new("idp_consent_url", "is missing beside idp_secret"));
        }
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        let idp_secret = idp_secret.map(|secret| SecretHash::of(secret.reveal()));
        let seal = |secret: &TenantSecret| {
            let (vault, random) = (self.engine.vault(), self.engine.random());
            Tenant::seal_api_secret(id, secret.reveal(), vault, random)
        };
        let sealed = api.value().map(seal);
        let changed = self
            .engine
            .change_tenant(id, &self.caller, |tenant| {
                match url {
                    Said::Gone => tenant.idp = None,
                    Said::New(url) => match &mut tenant.idp {
                        Some(idp) => idp.consent_url.clone_from(url),
                        none => {
                            *none = Some(IdentityProvider {
                                consent_url: url.clone(),
                                secrets: Vec::new(),
                            });
                        }
                    },
                    Said::Nothing => {}
                }
                if let (Some(idp), Some(secret)) = (&mut tenant.idp, idp_secret)
                    && idp.secrets.first() != Some(&secret)
                {
                    idp.renew(secret);
                }
                if let Some(sealed) = &sealed {
                    tenant.renew_api_secret(sealed.clone());
                } else if matches!(api, Said::Gone) {
                    (tenant.api_secret, tenant.former_api_secret) = (None, None);
                }
            })
            .await
            .map_err(|error| OperationError::about(error, TENANT, name))?;
        Ok(TenantView::of(changed.get(), false))
    }

    /// Deletes a tenant: nothing is granted in its name from then on, and its id is never given again.
    ///
    /// # Errors
    /// [`OperationError::NotFound`] when there is none, or it was deleted before.
    pub async fn delete_tenant(&self, name: &str) -> Result<TenantView, OperationError> {
        let id = self.foreign(name)?;
        let deleted = self.engine.delete_tenant(id, &self.caller).await;
        let deleted = deleted.map_err(|error| OperationError::about(error, TENANT, name))?;
        Ok(TenantView::of(deleted.get(), false))
    }

    /// The same operator among the records of one tenant, living or deleted, and not among those of the root.
    ///
    /// # Errors
    /// [`OperationError::NotFound`]; [`OperationError::Engine`].
    pub async fn among(&self, tenant: &str) -> Result<Self, OperationError> {
        let id = parse(tenant)?;
        if self.own(id).is_some() {
            return Ok(self.clone());
        }
        let found = self.engine.stored_tenant(id).await?;
        let found = found.ok_or_else(|| unknown(tenant))?;
        Ok(Self {
            engine: self.tenancy.engine(&found).await?,
            ..self.clone()
        })
    }

    /// The id of the server's own tenant.
    pub fn own_tenant(&self) -> Option<Id<Tenant>> {
        self.tenancy.own().map(|own| own.id)
    }

    /// What may sign the calls of a tenant. Empty: nothing, or there is no such tenant.
    ///
    /// # Errors
    /// [`engine::Error::Store`] when it cannot be read.
    pub async fn api_secrets(
        &self,
        id: Id<Tenant>,
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, engine::Error> {
        let Some(tenant) = self.engine.tenant(id).await? else {
            return Ok(Vec::new());
        };
        match tenant.api_secrets(self.engine.vault()) {
            Ok(secrets) => Ok(secrets),
            Err(error) => {
                tracing::error!(tenant = %id, %error, "the secrets of a tenant do not open");
                Ok(Vec::new())
            }
        }
    }

    /// The server's own tenant, if `id` is its.
    pub(super) fn own(&self, id: Id<Tenant>) -> Option<&Tenant> {
        let own = self.tenancy.own().filter(|own| own.id == id);
        own.map(AsRef::as_ref)
    }

    /// The id of a tenant that may be changed here.
    fn foreign(&self, name: &str) -> Result<Id<Tenant>, OperationError> {
        let id = parse(name)?;
        match self.own(id) {
            None => Ok(id),
            Some(_) => Err(OperationError::invalid(
                "the tenant",
                "is the server's own: its settings are in [open_payments]",
            )),
        }
    }
}

pub(super) fn parse(name: &str) -> Result<Id<Tenant>, OperationError> {
    Tenant::parse_uuid(name).map_err(|_| unknown(name))
}

pub(super) fn unknown(name: &str) -> OperationError {
    OperationError::NotFound {
        what: TENANT,
        name: name.to_owned(),
    }
}

fn fresh(operator: &Operator) -> Zeroizing<String> {
    let secret = Secret::<kind::IdentityProvider>::generate(operator.engine.random());
    secret.reveal().into()
}

fn flaws(
    consent_url: Option<&str>,
    idp_secret: Option<&TenantSecret>,
    api_secret: Option<&TenantSecret>,
) -> Vec<Flaw> {
    let url = consent_url.and_then(|url| check_consent_url(url).err());
    let url = url.map(|fault| Flaw::of("idp_consent_url", fault));
    let of = |secret: Option<&TenantSecret>, member| secret?.flaw(member);
    url.into_iter()
        .chain(of(idp_secret, "idp_secret"))
        .chain(of(api_secret, "api_secret"))
        .collect()
}
