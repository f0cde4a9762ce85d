//! Tenants as GraphQL tells them, to operators alone: the operations of the admin API, in the words of Rafiki's schema where
//! it has them. Secrets are written and never read; one that was made is told with the answer that made it, once.
//!
//! Spec: Rafiki's `Tenant`; RFC 9635 §1.4; threats E1, G9

use async_graphql::{ID, InputObject, MaybeUndefined, SimpleObject};

use super::grant::PageInfo;
use crate::admin::operations::{
    Listing, NewTenantDocument, Operator, RegisteredTenant, Said, TenantChange, TenantSecret,
    TenantView,
};

/// A tenant.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Tenant {
    /// Its id, a UUID.
    id: ID,
    /// The URL of its issuer, under which everything is kept that is granted in its name.
    issuer: String,
    /// Where its people are asked. Null: nobody can be, or for the server's own: on its own pages.
    idp_consent_url: Option<String>,
    /// How many secrets of its identity provider count; two while they are being replaced.
    idp_secrets: usize,
    /// How many secrets may sign its calls; two while they are being replaced.
    api_secrets: usize,
    /// Whether it is the server's own, which the settings describe.
    own: bool,
    /// Whether the settings file declares it.
    declared: bool,
    /// When it was added. Null for the server's own.
    created_at: Option<String>,
    /// When it was deleted. Null while it lives.
    deleted_at: Option<String>,
}

/// One page of tenants.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct TenantsConnection {
    /// Where the page lies.
    page_info: PageInfo,
    /// The tenants.
    edges: Vec<TenantEdge>,
}

/// A tenant in a list.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct TenantEdge {
    /// The tenant.
    node: Tenant,
    /// What names its place in the list.
    cursor: String,
}

/// A tenant to add.
#[derive(InputObject)]
pub(super) struct CreateTenantInput {
    /// Its id, a UUID, where another system knows it already. Absent: one is made.
    id: Option<ID>,
    /// Where its people are asked. Absent: nobody can be.
    idp_consent_url: Option<String>,
    /// The secret of its identity provider. Absent: one is made if there is a provider.
    idp_secret: Option<String>,
    /// What signs its calls. Absent: one is made.
    api_secret: Option<String>,
}

/// What changes of a tenant. What is absent stays; what is null is taken away.
#[derive(InputObject)]
pub(super) struct UpdateTenantInput {
    /// Which tenant.
    pub(super) id: ID,
    /// Where its people are asked. Null: nobody can be any more.
    idp_consent_url: MaybeUndefined<String>,
    /// The new secret of its identity provider; the one before still counts.
    idp_secret: Option<String>,
    /// What signs its calls from now on; what did before still counts. Null: it may call nothing.
    api_secret: MaybeUndefined<String>,
}

/// A tenant right after it was added or changed.
#[derive(SimpleObject)]
pub(super) struct TenantMutationResponse {
    /// The tenant.
    tenant: Tenant,
    /// The secret of its identity provider, if one was made. It cannot be read again.
    idp_secret: Option<String>,
    /// What signs its calls, if it was made. It cannot be read again.
    api_secret: Option<String>,
}

/// Whether a tenant was deleted.
#[derive(Debug, SimpleObject)]
pub(super) struct DeleteTenantMutationResponse {
    /// It was; otherwise there is an error.
    pub(super) success: bool,
}

impl From<TenantView> for Tenant {
    fn from(view: TenantView) -> Self {
        Self {
            id: ID(view.id),
            issuer: view.issuer,
            idp_consent_url: view.idp_consent_url,
            idp_secrets: view.idp_secrets,
            api_secrets: view.api_secrets,
            own: view.own,
            declared: view.declared,
            created_at: view.created_at.map(|at| at.to_string()),
            deleted_at: view.deleted_at.map(|at| at.to_string()),
        }
    }
}

impl TenantsConnection {
    /// A page; `first`: nothing lies before it.
    pub(super) fn of(page: Listing<TenantView>, operator: &Operator, first: bool) -> Self {
        let edges: Vec<_> = page
            .items
            .into_iter()
            .map(|view| TenantEdge {
                cursor: operator.tenant_cursor(&view),
                node: view.into(),
            })
            .collect();
        let cursor = |edge: Option<&TenantEdge>| edge.map(|edge| edge.cursor.clone());
        Self {
            page_info: PageInfo {
                end_cursor: cursor(edges.last()),
                has_next_page: page.next.is_some(),
                has_previous_page: !first,
                start_cursor: cursor(edges.first()),
            },
            edges,
        }
    }
}

impl From<CreateTenantInput> for NewTenantDocument {
    fn from(input: CreateTenantInput) -> Self {
        Self {
            id: input.id.map(|id| id.0),
            idp_consent_url: input.idp_consent_url,
            idp_secret: input.idp_secret.map(TenantSecret::new),
            api_secret: input.api_secret.map(TenantSecret::new),
        }
    }
}

impl From<UpdateTenantInput> for TenantChange {
    fn from(input: UpdateTenantInput) -> Self {
        Self {
            idp_consent_url: said(input.idp_consent_url),
            idp_secret: input.idp_secret.map(TenantSecret::new),
            api_secret: said(input.api_secret.map_value(TenantSecret::new)),
        }
    }
}

fn said<T>(member: MaybeUndefined<T>) -> Said<T> {
    match member {
        MaybeUndefined::Undefined => Said::Nothing,
        MaybeUndefined::Null => Said::Gone,
        MaybeUndefined::Value(value) => Said::New(value),
    }
}

impl From<RegisteredTenant> for TenantMutationResponse {
    fn from(made: RegisteredTenant) -> Self {
        let told = |secret: Option<TenantSecret>| secret.map(|secret| secret.reveal().to_owned());
        Self {
            tenant: made.tenant.into(),
            idp_secret: told(made.idp_secret),
            api_secret: told(made.api_secret),
        }
    }
}

impl From<TenantView> for TenantMutationResponse {
    fn from(view: TenantView) -> Self {
        Self {
            tenant: view.into(),
            idp_secret: None,
            api_secret: None,
        }
    }
}
