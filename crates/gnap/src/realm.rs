//! Where a request stands: whose people it is about, which dialect it speaks, and the addresses its client is told.
//!
//! The profile follows from the mount point and is stored with the request; nothing guesses it from a body.
//!
//! A name in a path says which tenant it belongs to, so that addresses without a tenant in them find their issuer: the
//! tenant's id, a dot, and what is named there.
//!
//! Spec: RFC 9635 §2 (the grant endpoint), §3.1, §3.2.1

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use placet_core::{
    engine,
    id::{Id, Kind},
    secret::{SecretHash, kind},
    store::Boxed,
    tenant::Tenant,
};
use placet_web::site::Site;

use crate::{Profile, settings::PaymentsSettings};

/// Finds the site of a tenant.
pub trait Tenants: Send + Sync {
    /// The tenant and its site. `None`: there is none, or it was deleted.
    fn find(&self, id: Id<Tenant>) -> Boxed<'_, Result<Option<TenantSite>, engine::Error>>;
}

/// A tenant and all its handlers share.
#[derive(Clone)]
pub struct TenantSite {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// Its site.
    pub site: Arc<Site>,
}

/// Where a request stands.
#[derive(Clone)]
pub struct Realm {
    /// The issuer's site.
    pub site: Arc<Site>,
    /// The dialect.
    pub profile: Profile,
    /// The tenant, in the dialect that has them.
    pub tenant: Option<Arc<Tenant>>,
    /// The origin that clients sign for.
    pub origin: String,
    /// The grant endpoint, byte for byte as clients hash it (RFC 9635 §4.2.3).
    pub grant_endpoint: String,
    /// What continuation, token and interaction addresses begin with.
    pub base: String,
    /// Whether tokens of new grants outlive their own rotation (RFC 9635 §3.2.1).
    pub durable_tokens: bool,
}

impl Realm {
    /// RFC 9635 at this site.
    pub fn rfc9635(site: &Arc<Site>) -> Self {
        let base = site.settings.url("/gnap");
        Self {
            site: Arc::clone(site),
            profile: Profile::Rfc9635,
            tenant: None,
            origin: site.settings.origin.clone(),
            grant_endpoint: base.clone(),
            base,
            durable_tokens: false,
        }
    }

    /// Open Payments for one tenant.
    pub fn open_payments(settings: &PaymentsSettings, found: TenantSite) -> Self {
        let base = settings.base.clone();
        Self {
            site: found.site,
            profile: Profile::OpenPayments,
            grant_endpoint: format!("{base}/{}", found.tenant.uuid()),
            tenant: Some(found.tenant),
            origin: settings.origin.clone(),
            base,
            // Clients of that dialect refuse a token with flags.
            durable_tokens: false,
        }
    }

    /// The address at which a request is continued.
    pub fn continue_uri<K: Kind>(&self, id: Id<K>) -> String {
        format!("{}/continue/{}", self.base, self.name_of(id.as_bytes()))
    }

    /// The address at which a token is managed. It holds a hash of the token, which opens nothing.
    pub fn manage_uri(&self, token: SecretHash<kind::Access>) -> String {
        format!("{}/token/{}", self.base, self.name_of(token.as_bytes()))
    }

    /// A name for paths: what is named, and whose it is.
    pub fn name_of(&self, bytes: &[u8]) -> String {
        let name = BASE64URL_NOPAD.encode(bytes);
        match &self.tenant {
            None => name,
            Some(tenant) => format!("{}.{name}", tenant_name(tenant.id)),
        }
    }

    /// An access token as clients get it: in the dialect with tenants it says whose it is, since nobody names a tenant when
    /// asking about it.
    pub fn token_value(&self, secret: &str) -> String {
        match &self.tenant {
            None => secret.to_owned(),
            Some(tenant) => format!("{}.{secret}", tenant_name(tenant.id)),
        }
    }
}

/// The short text of a tenant's id.
fn tenant_name(id: Id<Tenant>) -> String {
    BASE64URL_NOPAD.encode(id.as_bytes())
}

/// A name from a path: the tenant, if it says one, and the bytes of what is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<const N: usize> {
    /// Whose it is.
    pub tenant: Option<Id<Tenant>>,
    /// What is named.
    pub bytes: [u8; N],
}

impl<const N: usize> Named<N> {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let (tenant, name) = split_tenant(text)?;
        let decoded = BASE64URL_NOPAD.decode(name.as_bytes()).ok()?;
        Some(Self {
            tenant,
            bytes: decoded.try_into().ok()?,
        })
    }
}

/// A token's text without the tenant in front of it.
pub fn split_tenant(text: &str) -> Option<(Option<Id<Tenant>>, &str)> {
    match text.split_once('.') {
        None => Some((None, text)),
        Some((tenant, rest)) => {
            let decoded = BASE64URL_NOPAD.decode(tenant.as_bytes()).ok()?;
            Some((Some(Id::from_bytes(decoded.try_into().ok()?)), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is() {
        let plain = BASE64URL_NOPAD.encode(&[7; 16]);
        let named = Named::<16>::parse(&plain).unwrap();
        assert_eq!((named.tenant, named.bytes), (None, [7; 16]));
        let tenant = Id::<Tenant>::from_bytes([9; 16]);
        let named = Named::<16>::parse(&format!("{}.{plain}", tenant_name(tenant))).unwrap();
        assert_eq!((named.tenant, named.bytes), (Some(tenant), [7; 16]));
        for bad in [
            "",
            ".",
            "a.b",
            "AAAA",
            &format!("{plain}="),
            &format!(".{plain}"),
        ] {
            assert_eq!(Named::<16>::parse(bad), None, "{bad}");
        }
    }
}
