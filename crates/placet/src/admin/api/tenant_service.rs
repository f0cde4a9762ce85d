//! `/tenant`: the same operations in the shape that Rafiki's backend asks them of its authorization server.
//!
//! Spec: Rafiki's service API (`POST /tenant`, `PATCH /tenant/:id`, `DELETE /tenant/:id`)

use http::Method;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    endpoint::{Endpoint, done},
    input::{body, name},
    problem::Problem,
};
use crate::admin::operations::{Moment, NewTenantDocument, Said, TenantChange, TenantSecret};

const ALL: &str = "/tenant";
const ONE: &str = "/tenant/{tenant}";

/// A tenant as Rafiki adds it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceTenant {
    /// Its id, a UUID.
    id: String,
    /// What signs its calls.
    #[schema(write_only)]
    api_secret: TenantSecret,
    /// Where its people are asked. Absent: nobody can be.
    #[serde(default)]
    idp_consent_url: Option<String>,
    /// The secret of its identity provider.
    #[serde(default)]
    #[schema(write_only)]
    idp_secret: Option<TenantSecret>,
}

/// What Rafiki changes of a tenant: what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceTenantChange {
    /// What signs its calls from now on; what did before still counts.
    #[serde(default)]
    #[schema(write_only)]
    api_secret: Option<TenantSecret>,
    /// Where its people are asked. `null`: nobody can be any more.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    idp_consent_url: Said<String>,
    /// The new secret of its identity provider; the one before still counts.
    #[serde(default)]
    #[schema(write_only)]
    idp_secret: Option<TenantSecret>,
}

/// When Rafiki deleted a tenant. It is deleted here at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ServiceTenantEnd {
    /// The time, as in RFC 3339.
    deleted_at: String,
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::POST, ALL),
            "addServiceTenant",
            "Adds a tenant as Rafiki's backend asks it.",
            |operator, call| async move {
                let new: ServiceTenant = body(&call)?;
                if new.idp_consent_url.is_some() && new.idp_secret.is_none() {
                    // One that is made would be told to nobody.
                    let detail = "idpSecret: is missing beside idpConsentUrl";
                    return Err(Problem::new("malformed", detail));
                }
                let new = NewTenantDocument {
                    id: Some(new.id),
                    idp_consent_url: new.idp_consent_url,
                    idp_secret: new.idp_secret,
                    api_secret: Some(new.api_secret),
                };
                operator.add_tenant(new).await?;
                Ok(done())
            },
        )
        .takes::<ServiceTenant>(),
        Endpoint::new(
            (Method::PATCH, ONE),
            "changeServiceTenant",
            "Changes a tenant as Rafiki's backend asks it.",
            |operator, call| async move {
                let change: ServiceTenantChange = body(&call)?;
                let change = TenantChange {
                    idp_consent_url: change.idp_consent_url,
                    idp_secret: change.idp_secret,
                    api_secret: Said::of(change.api_secret, false),
                };
                operator.change_tenant(&name(&call, 0)?, change).await?;
                Ok(done())
            },
        )
        .takes::<ServiceTenantChange>(),
        Endpoint::new(
            (Method::DELETE, ONE),
            "deleteServiceTenant",
            "Deletes a tenant as Rafiki's backend asks it.",
            |operator, call| async move {
                let end: ServiceTenantEnd = body(&call)?;
                let at = end.deleted_at.parse::<Moment>();
                at.map_err(|error| Problem::new("malformed", format!("deletedAt: {error}")))?;
                operator.delete_tenant(&name(&call, 0)?).await?;
                Ok(done())
            },
        )
        .takes::<ServiceTenantEnd>(),
    ]
}
