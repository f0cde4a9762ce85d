//! `/admin/v1/tenants`. A tenant is named by its UUID.

use http::{Method, StatusCode};

use super::{
    endpoint::{Endpoint, PAGING, added, told},
    input::{Query, body, name},
};
use crate::admin::operations::{NewTenantDocument, RegisteredTenant, TenantChange, TenantView};

const ALL: &str = "/admin/v1/tenants";
const ONE: &str = "/admin/v1/tenants/{tenant}";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = of_all();
    endpoints.extend(of_one());
    endpoints
}

fn of_all() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ALL),
            "listTenants",
            "Lists tenants: the server's own first, then the others in the order of their ids, deleted ones too.",
            |operator, call| async move {
                let wish = Query::of(&call, &["limit", "after"])?.wish()?;
                Ok(told(&operator.tenants(&wish).await?))
            },
        )
        .lists::<TenantView>(&PAGING),
        Endpoint::new(
            (Method::POST, ALL),
            "addTenant",
            "Adds a tenant and tells the secrets that were made, once.",
            |operator, call| async move {
                let new: NewTenantDocument = body(&call)?;
                let tenant = operator.add_tenant(new).await?;
                let path = format!("{ALL}/{}", tenant.tenant.id);
                Ok(added(told(&tenant), &path))
            },
        )
        .takes::<NewTenantDocument>()
        .answers::<RegisteredTenant>(StatusCode::CREATED),
    ]
}

fn of_one() -> Vec<Endpoint> {
    vec![
        Endpoint::new(
            (Method::GET, ONE),
            "showTenant",
            "Shows a tenant, living or deleted.",
            |operator, call| async move { Ok(told(&operator.tenant(&name(&call, 0)?).await?)) },
        )
        .answers::<TenantView>(StatusCode::OK),
        Endpoint::new(
            (Method::PATCH, ONE),
            "changeTenant",
            "Changes what is named; secrets that are replaced count until the next change.",
            |operator, call| async move {
                let change: TenantChange = body(&call)?;
                let tenant = operator.change_tenant(&name(&call, 0)?, change).await?;
                Ok(told(&tenant))
            },
        )
        .takes::<TenantChange>()
        .answers::<TenantView>(StatusCode::OK),
        Endpoint::new(
            (Method::DELETE, ONE),
            "deleteTenant",
            "Deletes a tenant; its id is never given again.",
            |operator, call| async move {
                Ok(told(&operator.delete_tenant(&name(&call, 0)?).await?))
            },
        )
        .answers::<TenantView>(StatusCode::OK),
    ]
}
